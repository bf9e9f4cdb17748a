"""`osteocds diff` of two versions without a cohort: each tells its arithmetic in a process of its own, and both are compared."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from support.scenario import NOW, request_for, scenarios_of

from service.cli import main
from service.guidelines import GUIDELINES
from service.impact.intervals import shown
from service.impact.other_version import Elsewhere, Here
from service.impact.sides import Installed, side_of
from service.impact.version_words import printed
from service.impact.versions import MOST_RULES_BY_DAY, Compared, asked_of, compared
from service.languages.render import Language

GUIDELINE = GUIDELINES[0]
HERE = Path(__file__).parents[2]
RULES = "service/rules/bone_metastases"

CHANGES = (
    (f"{RULES}/doses.py", 'Band(Decimal(50), Decimal("3.5"))', 'Band(Decimal(48), Decimal("3.5"))'),
    (f"{RULES}/settings.py", 'Decimal("2.00")', 'Decimal("1.90")'),
    (f"{RULES}/settings.py", "dental_valid_days: int = setting(183", "dental_valid_days: int = setting(186"),
    (f"{RULES}/vitamin_d.py", '"vitamin-d-prefer-d3"', '"vitamin-d-prefer-d2"'),
    (f"{RULES}/calcium.py", "holds is not True, patient.calcium", "holds is not False, patient.calcium"),
)
"""What the other version has otherwise: a row of a table, two thresholds, the id of a rule, the body of a condition."""


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another version: a copy of our code with changes."""
    root = tmp_path_factory.mktemp("other")
    for name in ("service", "mappings", "cds_hooks"):
        shutil.copytree(HERE / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for place, before, after in CHANGES:
        text = (root / place).read_text(encoding="utf-8")
        assert before in text, before
        (root / place).write_text(text.replace(before, after), encoding="utf-8")
    (root / RULES / "examples/vitamin-d-prefer-d3.yaml").rename(root / RULES / "examples/vitamin-d-prefer-d2.yaml")
    return root


@pytest.fixture(scope="module")
def found(other: Path) -> Compared:
    roots, [one], alone = compared(Elsewhere(Installed(folder=other)), Here({GUIDELINE.id: GUIDELINE.settings}))
    assert roots == (str(other), str(HERE))
    assert alone == ()
    return one


def regions(found: Compared, rule: str) -> set[tuple[str, str, str, str]]:
    return {(one.number, str(one.where), one.before, one.after) for one in found.proof.regions if one.rule == rule}


def test_the_region_of_a_row_of_a_table_and_of_a_threshold_is_exact(found):
    assert regions(found, "zoledronate-renal-dose") == {("clearance", "[48, 50[", "silent", "warning")}
    assert regions(found, "hypocalcaemia") == {("calcium", "[1.9, 2[", "warning", "critical")}


def test_days_are_tried_one_by_one(found):
    [region] = {(where, *answers) for _number, where, *answers in regions(found, "dental-follow-up-due")}
    assert region == ("[184, 186]", "silent", "info")


def test_which_figure_it_was_is_told(found):
    by_rule = {one.rule: one for one in found.proved}
    [figure] = by_rule["zoledronate-renal-dose"].figures
    assert (figure.where.rpartition(".")[2], figure.old, figure.new) == ("TABLE_2", "48", "50")
    assert by_rule["hypocalcaemia"].settings == ("severe_hypocalcaemia_below",)
    assert ("severe_hypocalcaemia_below", "1.90", "2.00") in found.written.settings


def test_a_rule_whose_code_differs_is_never_passed_over_as_equal_nor_called_proved(found):
    left = {one.rule: one for one in found.left}
    assert left["hypercalcaemia"].code == ("service.rules.bone_metastases.calcium.no_crisis",)
    assert "hypercalcaemia" not in {one.rule for one in found.proved}
    assert {one[0] for one in found.proof.changed} >= {"hypercalcaemia"}


def test_a_rule_of_one_version_alone_is_told(found):
    assert (found.written.gone, found.written.added) == (("vitamin-d-prefer-d2",), ("vitamin-d-prefer-d3",))


def test_nothing_else_changes_and_that_is_known_by_the_code(found):
    concerned = {one.rule for one in (*found.proved, *found.left)}
    assert found.written.road == ()
    assert found.alike == len(GUIDELINE.rules) - 1 - len(concerned)
    assert {one.rule for one in found.proof.regions} <= concerned
    assert found.alike > 80


def cards(root: Path, request: Path) -> Any:
    """The cards of a version for a patient, by its own command."""
    side = Installed(folder=root)
    asked = [*side.command_line, "check", str(request), "--json", "--as-of", NOW.isoformat()]
    done = subprocess.run(asked, env=side.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["cards"]


@pytest.mark.parametrize(
    ("clearance", "differ"), [(None, True), (47, False), (50, False)], ids=["witness", "below", "above"]
)
def test_a_witness_is_a_patient_whom_both_versions_answer_otherwise(found, other, tmp_path, clearance, differ):
    region = next(one for one in found.proof.regions if one.rule == "zoledronate-renal-dose")
    assert 48 <= region.where.witness < 50
    example = next(one for one in scenarios_of(region.rule) if one.name == region.example)
    clearance = shown(region.where.witness if clearance is None else Fraction(clearance))
    told = {**example.told, "record": {**example.told["record"], "clearance": f"{clearance} mL/min 2 days ago"}}
    request = tmp_path / "request.json"
    request.write_bytes(orjson.dumps(request_for(told)))
    said = [[card for card in cards(root, request) if "3.3 mg" in str(card)] for root in (other, HERE)]
    assert (bool(said[0]) != bool(said[1])) is differ


# --- sides that cannot tell -------------------------------------------------------------------------------------------


def diff(*arguments: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["diff", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done.output


def program(folder: Path, text: str) -> Path:
    path = folder / "osteocds"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo \"Error: No such command 'arithmetic'.\" >&2; exit 2", "is too old to tell its arithmetic: compare on an export"),
        ("echo 'Error: this needs z3' >&2; exit 1", "could not tell its arithmetic: Error: this needs z3"),
        ("echo hello", "tells no arithmetic that this version reads: compare on an export"),
        ("echo '{\"format\": 0}'", "tells no arithmetic that this version reads: compare on an export"),
    ],
    ids=["too old", "fails", "no osteocds", "another format"],
)  # fmt: skip
def test_a_version_that_cannot_tell_says_so_and_what_to_do(tmp_path, text, said):
    assert said in diff("--old", program(tmp_path, text), code=1)


def test_results_of_a_screen_are_no_version(tmp_path):
    (tmp_path / "findings.parquet").write_bytes(b"")
    assert "name one with --on" in diff("--old", tmp_path, code=1)


def test_a_folder_of_code_is_a_side(other):
    assert side_of(str(other), {GUIDELINE.id: GUIDELINE.settings}) == Installed(folder=other)


@pytest.mark.parametrize(
    "asked", ["{}", "[]", "no", '{"format": 1, "guidelines": {"x": {"examples": [1], "days": {}}}}']
)
def test_a_question_that_is_none_is_refused(tmp_path, asked):
    (tmp_path / "question").write_text(asked)
    done = CliRunner().invoke(main, ["arithmetic", "--of", str(tmp_path / "question")])
    assert done.exit_code == 1
    assert "the question cannot be read" in done.output


def test_an_example_that_a_version_does_not_understand_is_counted_apart():
    told = [
        {"rule": "no-such-rule", "told": "{name: a rule that is not ours}"},
        {
            "rule": "hypocalcaemia",
            "told": "{name: other words, order: {drug: denosumab}, record: {humours: black bile}}",
        },
        {"rule": "hypocalcaemia", "told": "{name: ours, order: {drug: denosumab}, record: {}}"},
    ]
    here = Here({GUIDELINE.id: GUIDELINE.settings})
    question = {"format": 1, "guidelines": {GUIDELINE.id: {"examples": told, "days": {}}}}
    of_ours = here.answers(question)["answers"][GUIDELINE.id]
    assert [one is None for one in of_ours] == [True, True, False]


def test_days_are_tried_of_few_rules_and_of_none_where_many_differ(found):
    one = next(each for each in found.proved if each.days)
    none_told: Any = ({"examples": []}, {"examples": []})
    for number, tried in ((MOST_RULES_BY_DAY, MOST_RULES_BY_DAY), (MOST_RULES_BY_DAY + 1, 0)):
        rules = tuple(replace(one, rule=f"rule-{each}") for each in range(number))
        assert len(asked_of(replace(found.written, rules=rules), none_told)["days"]) == tried


# --- what is printed --------------------------------------------------------------------------------------------------


def test_another_installation_with_the_same_code_is_told_to_be_the_same(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]))
    text = diff("--old", sys.executable)
    assert f"both are the code in {HERE}" in text
    assert f"so the same answers for every patient: {len(GUIDELINE.rules)} rules" in text


def test_what_differs_is_told_in_both_languages(found, other):
    told = (str(other), str(HERE)), (found,), ("another-guideline",)
    text = "\n".join(printed(told, Language.ENGLISH))
    for line in (
        f"old: {other}; new: {HERE}",
        "another-guideline: a guideline of one version alone",
        "zoledronate-renal-dose: clearance in [48, 50[: silent becomes warning",
        "Rules of the old version alone:\n  vitamin-d-prefer-d2",
        "Changed, not proved: compare on a cohort:\n  hypercalcaemia: code of service.rules.bone_metastases.calcium.no_crisis",
    ):
        assert line in text
    assert "Modifiées, non prouvées" in "\n".join(printed(told, Language.FRENCH))
