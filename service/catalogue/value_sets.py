"""Our concepts as FHIR R4 ValueSets: one a concept, with the codes that stand for it; look-alikes have theirs, and say so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mappings.vocabulary.valuesets import FOLDER, CodeRow, rows
from mappings.wording import _, verbatim
from service.catalogue.notices import notices_of
from service.languages.render import Language, render

CANONICAL = "urn:osteocds:value-set:"

SAID = {
    "concept": _("Codes that stand for the concept {name}."),
    "look-alike": _("Codes of {name}: they look like a concept of the rules, and must not be taken for it."),
    "class": _("The name of a class: it counts only where no longer code says which drug of it."),
    "prefix": _(
        "Where several rows fit a code, the longest counts: OsteoCDS decides by it, an expansion may hold more."
    ),
    "unverified": _("Not verified in a public source: {codes}."),
}


def value_sets(folders: Iterable[Path], version: str, language: Language) -> Iterator[dict[str, Any]]:
    """The ValueSets of the concepts that we ship, and of those in the folders of guidelines, in the order of their ids."""
    of_concept: dict[str, list[CodeRow]] = {}
    for row in rows(FOLDER, *folders):
        of_concept.setdefault(row.concept, []).append(row)
    for concept in sorted(of_concept):
        yield _value_set(concept, of_concept[concept], version, language)


def canonical_of(concept: str) -> str:
    """The canonical URL of the ValueSet of a concept."""
    return f"{CANONICAL}{concept}"


def _value_set(concept: str, told: Sequence[CodeRow], version: str, language: Language) -> dict[str, Any]:
    return {
        "resourceType": "ValueSet",
        "id": concept.replace("_", "-"),
        "language": language.value,
        "url": canonical_of(concept),
        "version": version,
        "name": "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", concept)),
        "title": concept.replace("_", " "),
        "status": "draft",
        "publisher": "OsteoCDS",
        "description": " ".join(render(text, language) for text in _described(concept, told)),
        "copyright": notices_of(row.system for row in told),
        "compose": {"include": list(_included(told))},
    }


def _described(concept: str, told: Sequence[CodeRow]) -> Iterator[Any]:
    yield SAID["look-alike" if any(row.denies for row in told) else "concept"].with_(name=concept)
    if concept.endswith("_prefix"):
        yield SAID["class"]
    if any(row.match == "prefix" for row in told):
        yield SAID["prefix"]
    unverified = sorted({row.code for row in told if row.status != "verified"})
    if unverified:
        yield SAID["unverified"].with_(codes=tuple(map(verbatim, unverified)))


def _included(told: Sequence[CodeRow]) -> Iterator[dict[str, Any]]:
    """The codes of each system, each once; then what begins with a code, as what is below it."""
    for system in sorted({row.system for row in told}):
        here = sorted({(row.code, row.match): row for row in told if row.system == system}.items())
        listed = [row for _key, row in here if row.match == "exact"]
        if listed:
            yield {
                "system": system,
                "concept": [{"code": row.code} | ({"display": row.display} if row.display else {}) for row in listed],
            }
        for _key, row in here:
            if row.match == "prefix":
                yield {"system": system, "filter": [{"property": "concept", "op": "is-a", "value": row.code}]}
