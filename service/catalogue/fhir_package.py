"""The referential as a FHIR R4 package (`osteocds export-ig`): PlanDefinitions, ValueSets, Questionnaires, Libraries.

The layout is that of FHIR packages (https://hl7.org/fhir/packages.html): `package/package.json`, `.index.json`, a file a
resource, and the same as a `.tgz`. Nothing in it depends on when or where it is made.
"""

from __future__ import annotations

import base64
import gzip
import io
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from mappings.facts import FactSettings
from mappings.vocabulary.concepts import Terminology
from mappings.wording import Said, _
from service.catalogue.entries import catalogue
from service.catalogue.markdown import catalogue_to_read
from service.catalogue.plan_definitions import LIBRARY, SAID, copyright_of, plan_definition
from service.catalogue.questionnaires import questionnaire
from service.catalogue.value_sets import value_sets
from service.languages.render import Language, plain, render, sentence
from service.rules.guideline import Guideline, terminology_of

CORE = {"hl7.fhir.r4.core": "4.0.1"}
LIBRARY_TYPE = "http://terminology.hl7.org/CodeSystem/library-type"
GUIDE = "urn:osteocds:implementation-guide:"
WORDS = {
    "rules": _("The rules, in words"),
    "all": _("All of the package"),
    "logic": _(
        "The logic of the rules is the program OsteoCDS. This Library holds the catalogue of the rules for a reader, and nothing "
        "that can be executed."
    ),
}


class NotOurs(ValueError):
    """The folder holds something else than a package of ours; the message says what to do."""


def export(guideline: Guideline, folder: Path, language: Language, settings: FactSettings) -> tuple[Path, int]:
    """Write the package of a guideline below a folder, in place of an earlier one: where it is, and its resources.

    Raises `NotOurs` rather than delete what is no package of ours, and `ValueError` for a resource that FHIR R4 does not allow.
    """
    name = package_name(guideline)
    target = folder / name
    if target.exists() and not (target / "package" / "package.json").is_file():
        raise NotOurs(Said(_("{folder} is there and is no package of ours: name another folder", folder=str(target))))
    files = dict(package_files(guideline, language, settings))
    shutil.rmtree(target, ignore_errors=True)
    (target / "package").mkdir(parents=True)
    for file, held in files.items():
        (target / "package" / file).write_bytes(held)
    (target / f"{name}-{guideline.version}.tgz").write_bytes(_packed(files))
    return target, len(files) - 2


def package_name(guideline: Guideline) -> str:
    """The name of the package of a guideline."""
    return f"osteocds.{guideline.id}"


def package_files(guideline: Guideline, language: Language, settings: FactSettings) -> Iterator[tuple[str, bytes]]:
    """The files of a package by name, `package.json` first."""
    told = [valid(_narrated(one)) for one in resources(guideline, language, settings)]
    yield "package.json", _written(_manifest(guideline, language))
    yield ".index.json", _written({"index-version": 1, "files": [_indexed(one) for one in told]})
    for one in told:
        yield _file(one), _written(one)


def resources(guideline: Guideline, language: Language, settings: FactSettings) -> list[dict[str, Any]]:
    """Every resource of the package; the guide, which lists them, is the first."""
    terminology: Terminology = terminology_of((guideline,))
    entries = {one.id: one for chapter in catalogue(guideline, language, settings).chapters for one in chapter.entries}
    plans = [
        plan_definition(rule, entries[rule.id], guideline, settings, terminology, language) for rule in guideline.rules
    ]
    brought = () if guideline.valuesets is None else (guideline.valuesets,)
    sets = list(value_sets(brought, guideline.version, language))
    forms = [
        questionnaire(score, language) | {"version": guideline.version, "publisher": "OsteoCDS"}
        for score in guideline.scores
    ]
    logic = _logic(guideline, language, settings)
    whole = [*plans, *forms, *sets]
    held = [logic, _collection(guideline, whole, language), *whole]
    return [_guide(guideline, held, language), *held]


def _common(guideline: Guideline, kind: str, id_: str, language: Language) -> dict[str, Any]:
    return {
        "resourceType": kind,
        "id": id_,
        "language": language.value,
        "version": guideline.version,
        "name": "".join(part.capitalize() for part in id_.split("-")),
        "status": "draft",
        "publisher": "OsteoCDS",
        "copyright": copyright_of(dict.fromkeys(guideline.documents), language),
    }


def _logic(guideline: Guideline, language: Language, settings: FactSettings) -> dict[str, Any]:
    """The Library that the PlanDefinitions name: it says that there is nothing in it to execute."""
    read = catalogue_to_read(guideline, language, settings).encode()
    return _common(guideline, "Library", guideline.id, language) | {
        "url": f"{LIBRARY}{guideline.id}",
        "title": plain(sentence(guideline.title, language)),
        "type": {"coding": [{"system": LIBRARY_TYPE, "code": "logic-library"}]},
        "description": render(WORDS["logic"], language),
        "content": [
            {
                "contentType": "text/markdown",
                "language": language.value,
                "title": render(WORDS["rules"], language),
                "data": base64.b64encode(read).decode(),
            }
        ],
    }


def _collection(guideline: Guideline, held: Sequence[dict[str, Any]], language: Language) -> dict[str, Any]:
    return _common(guideline, "Library", f"{guideline.id}-package", language) | {
        "url": f"{LIBRARY}{guideline.id}-package",
        "title": render(WORDS["all"], language),
        "type": {"coding": [{"system": LIBRARY_TYPE, "code": "asset-collection"}]},
        "description": render(SAID["evaluated"], language),
        "relatedArtifact": [
            {"type": "composed-of", "display": plain(one["title"]), "resource": f"{one['url']}|{guideline.version}"}
            for one in held
        ],
    }


def _guide(guideline: Guideline, held: Sequence[dict[str, Any]], language: Language) -> dict[str, Any]:
    return _common(guideline, "ImplementationGuide", package_name(guideline), language) | {
        "url": f"{GUIDE}{guideline.id}",
        "name": "OsteoCDS" + "".join(part.capitalize() for part in guideline.id.split("-")),
        "title": plain(sentence(guideline.about, language)),
        "description": render(SAID["evaluated"], language),
        "packageId": package_name(guideline),
        "fhirVersion": ["4.0.1"],
        "definition": {
            "resource": [
                {
                    "reference": {"reference": f"{one['resourceType']}/{one['id']}"},
                    "name": plain(one["title"]),
                    "exampleBoolean": False,
                }
                for one in held
            ]
        },
    }


def _manifest(guideline: Guideline, language: Language) -> dict[str, Any]:
    return {
        "name": package_name(guideline),
        "version": guideline.version,
        "description": plain(sentence(guideline.about, language)),
        "title": plain(sentence(guideline.title, language)),
        "author": "OsteoCDS",
        "type": "fhir.ig",
        "canonical": f"{GUIDE}{guideline.id}",
        "fhirVersions": ["4.0.1"],
        "dependencies": CORE,
        "license": "SEE LICENSE IN the copyright of each resource",
    }


def _narrated(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource with what a person reads where no program shows more of it."""
    said = [resource["title"], *plain(resource.get("description", "")).split("\n\n")]
    paragraphs = "".join(f"<p>{escape(one)}</p>" for one in said if one)
    language = resource["language"]
    beginning = f'<div xmlns="http://www.w3.org/1999/xhtml" lang="{language}" xml:lang="{language}">'
    narrative = {"status": "generated", "div": f"{beginning}{paragraphs}</div>"}
    return {"resourceType": resource["resourceType"], "id": resource["id"], "text": narrative} | resource


def valid(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource, as it is. Raises `ValueError` where `fhir.resources` refuses it."""
    kind = resource["resourceType"]
    model = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    model.model_validate(resource)
    return resource


def _indexed(resource: dict[str, Any]) -> dict[str, Any]:
    of_it = {name: resource[name] for name in ("resourceType", "id", "url", "version")}
    return {"filename": _file(resource), **of_it}


def _file(resource: dict[str, Any]) -> str:
    return f"{resource['resourceType']}-{resource['id']}.json"


def _written(told: Any) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _packed(files: dict[str, bytes]) -> bytes:
    """As a `.tgz` without a moment, an owner or a machine in it."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as pressed,
        tarfile.open(fileobj=pressed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, held in sorted(files.items()):
            one = tarfile.TarInfo(f"package/{name}")
            one.size = len(held)
            archive.addfile(one, io.BytesIO(held))
    return packed.getvalue()
