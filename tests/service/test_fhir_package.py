"""`osteocds export-ig`: every rule, concept and score as FHIR R4 in the layout of a package; honest about what it is not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from gout import GUIDELINE as GOUT

from service.catalogue.entries import catalogue
from service.catalogue.fhir_package import package_files, valid
from service.catalogue.value_sets import FOLDER, rows
from service.cli import main
from service.guidelines import GUIDELINES
from service.languages.render import Language, plain, render
from service.rules.guideline import Guideline, terminology_of

GUIDELINE = GUIDELINES[0]
ROOT = Path(__file__).parents[2]


@cache
def files(guideline: Guideline = GUIDELINE, language: Language = Language.ENGLISH) -> dict[str, bytes]:
    return dict(package_files(guideline, language, guideline.settings))


def held(kind: str, guideline: Guideline = GUIDELINE, language: Language = Language.ENGLISH) -> dict[str, Any]:
    """The resources of a kind by id."""
    told = (json.loads(one) for name, one in files(guideline, language).items() if name.startswith(f"{kind}-"))
    return {one["id"]: one for one in told}


def test_the_layout_is_that_of_a_package_and_its_index_lists_every_resource():
    manifest = json.loads(files()["package.json"])
    assert (manifest["name"], manifest["version"]) == ("osteocds.bone-metastases", GUIDELINE.version)
    assert manifest["fhirVersions"] == ["4.0.1"]
    assert manifest["dependencies"] == {"hl7.fhir.r4.core": "4.0.1"}
    index = json.loads(files()[".index.json"])["files"]
    assert {one["filename"] for one in index} == files().keys() - {"package.json", ".index.json"}
    for one in index:
        told = json.loads(files()[one["filename"]])
        assert {name: told[name] for name in one if name != "filename"} == {
            name: value for name, value in one.items() if name != "filename"
        }
    [guide] = held("ImplementationGuide").values()
    listed = {one["reference"]["reference"] for one in guide["definition"]["resource"]}
    assert len(listed) == len(index) - 1


@pytest.mark.parametrize("guideline", [GUIDELINE, GOUT], ids=lambda one: one.id)
@pytest.mark.parametrize("language", list(Language))
def test_every_rule_is_a_plan_definition_with_its_hooks_conditions_and_citations(guideline, language):
    plans = held("PlanDefinition", guideline, language)
    assert plans.keys() == {rule.id for rule in guideline.rules}
    for rule in guideline.rules:
        plan = plans[rule.id]
        [action] = plan["action"]
        assert {one["name"] for one in action["trigger"]} == {hook.value for hook in rule.hooks}
        scoped = rule.trigger is not None and rule.trigger.scope is not None
        assert len(action["condition"]) == len(rule.when) + scoped
        assert len(plan["relatedArtifact"]) == len(rule.citations)
        assert plan["title"]
        assert action["description"]
        assert plan["language"] == language.value


def test_no_resource_can_be_executed_and_each_plan_says_who_evaluates_it():
    for plan in held("PlanDefinition").values():
        assert "evaluated by the service OsteoCDS, and not from this resource" in plan["description"]
        assert "CDS Hooks" in plan["usage"]
        for one in plan["action"][0]["condition"]:
            assert one["expression"]["language"] == "text/plain"
    logic = held("Library")["bone-metastases"]
    assert "nothing that can be executed" in logic["description"]
    assert {one["contentType"] for one in logic["content"]} == {"text/markdown"}


def test_each_plan_says_what_is_known_of_the_licence_of_its_documents():
    for plan in held("PlanDefinition").values():
        assert "no licence is stated in it" in plan["copyright"]
        assert "not reproduced here" in plan["copyright"]
    for plan in held("PlanDefinition", GOUT).values():
        assert "Creative Commons Attribution 4.0" in plan["copyright"]
        assert "no licence is stated" not in plan["copyright"]


@pytest.mark.parametrize("language", list(Language))
def test_nothing_that_a_resource_says_is_cut_short(language):
    """Words of a record are shortened where they are shown; these are ours."""
    chapters = catalogue(GUIDELINE, language, GUIDELINE.settings).chapters
    entries = {one.id: one for chapter in chapters for one in chapter.entries}
    for rule in GUIDELINE.rules:
        plan = held("PlanDefinition", language=language)[rule.id]
        documents = [render(one, language) for one in dict.fromkeys(each.document.title for each in rule.citations)]
        assert all(plain(one) in plan["copyright"].partition(". ")[0] for one in documents), rule.id
        for one in documents:
            _before, found, licence = plan["copyright"].partition(". ")[2].partition(one)
            assert found, (rule.id, one)
            assert "licen" in licence, (rule.id, one)
        assert plan["copyright"].endswith({"en": "their authors'.", "fr": "leurs auteurs."}[language.value])
        entry = entries[rule.id]
        assert all(plain(one) in plan["action"][0]["textEquivalent"] for one in entry.triggers), rule.id
        for card in entry.cards:
            assert plain(card.summary) in plan["action"][0]["description"], rule.id
    unverified = {(one.concept, one.code) for one in rows(FOLDER) if one.status != "verified"}
    sets = {one["url"].rpartition(":")[2]: one for one in held("ValueSet", language=language).values()}
    assert unverified
    for concept, code in unverified:
        assert {code, f"{code}."} & set(re.split(r"[\s,]+", sets[concept]["description"])), (concept, code)


def test_every_concept_is_a_value_set_with_its_codes_and_the_notices_of_their_owners():
    terminology = terminology_of([GUIDELINE])
    sets = {one["url"].rpartition(":")[2]: one for one in held("ValueSet").values()}
    assert sets.keys() == terminology.concepts
    for concept, told in sets.items():
        included = told["compose"]["include"]
        codes = {(one["system"], row["code"]) for one in included for row in one.get("concept", ())}
        codes |= {(one["system"], row["value"]) for one in included for row in one.get("filter", ())}
        assert codes == set(terminology.codes_of([concept]))
        systems = {one["system"] for one in included}
        assert ("LOINC is copyright" in told["copyright"]) == ("http://loinc.org" in systems)
        assert ("SNOMED International" in told["copyright"]) == ("http://snomed.info/sct" in systems)
        assert "no licence holder has checked it" in told["copyright"]


def test_a_look_alike_says_that_it_is_one_and_an_unverified_code_is_named():
    sets = held("ValueSet")
    assert "must not be taken for it" in sets["brachytherapy"]["description"]
    unverified = [one for one in sets.values() if "Not verified in a public source" in one["description"]]
    assert unverified
    assert "Not verified" not in sets["albumin-mass"]["description"]


def test_what_a_rule_reads_names_value_sets_that_are_there():
    urls = {one["url"] for one in held("ValueSet").values()}
    named = {
        code["valueSet"]
        for plan in held("PlanDefinition").values()
        for one in plan["action"][0].get("input", ())
        for code in one.get("codeFilter", ())
    }
    assert named
    assert named <= urls


def test_a_resource_that_fhir_does_not_allow_is_refused():
    with pytest.raises(ValueError, match="status"):
        valid({"resourceType": "PlanDefinition", "id": "x"})


def export(folder: Path, *arguments: str) -> Any:
    return CliRunner().invoke(main, ["export-ig", "--out", str(folder), *arguments])


def test_the_command_writes_the_same_bytes_each_time_and_the_same_packed(tmp_path):
    first = export(tmp_path)
    assert first.exit_code == 0, first.output
    assert f"{len(files()) - 2} resources in" in first.output
    [made] = tmp_path.iterdir()
    written = {path.name: path.read_bytes() for path in (made / "package").iterdir()}
    assert written == files()
    [packed] = made.glob("*.tgz")
    with tarfile.open(packed) as archive:
        inside = {one.name: archive.extractfile(one).read() for one in archive}  # type: ignore[union-attr]  # all files
    assert inside == {f"package/{name}": one for name, one in written.items()}
    again = tmp_path / "again"
    subprocess.run(
        [sys.executable, "-m", "service", "export-ig", "--out", str(again)],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        check=True,
        capture_output=True,
    )
    assert (again / made.name / packed.name).read_bytes() == packed.read_bytes()


def test_a_package_is_replaced_and_a_folder_of_something_else_is_left_alone(tmp_path):
    earlier = tmp_path / "osteocds.bone-metastases" / "package"
    earlier.mkdir(parents=True)
    (earlier / "PlanDefinition-gone.json").write_text("{}")
    refused = export(tmp_path)
    assert refused.exit_code == 1
    assert "name another folder" in refused.output
    assert (earlier / "PlanDefinition-gone.json").exists()
    (earlier / "package.json").write_text("{}")
    assert export(tmp_path).exit_code == 0
    assert not (earlier / "PlanDefinition-gone.json").exists()


@pytest.mark.parametrize(
    ("language", "words"), [(Language.ENGLISH, "of invented patients"), (Language.FRENCH, "de patients inventés")]
)
def test_figures_of_examples_are_said_to_be_of_invented_patients(language: Language, words: str) -> None:
    plans = held("PlanDefinition", language=language).values()
    assert plans
    assert all(words in one["action"][0]["description"].partition("\n")[0] for one in plans)
