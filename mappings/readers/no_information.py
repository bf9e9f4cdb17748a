"""Entries that stand in the place of a list and say that nothing is known: neither "none" nor an entry of it."""

from __future__ import annotations

from functools import lru_cache

import orjson

from mappings.readers.alike import REMEMBERED, as_json
from mappings.readers.shapes import codings, shown_name, texts
from mappings.shapes import a_text
from mappings.vocabulary.code_systems import SNOMED_CT, canonical, plain
from mappings.vocabulary.concepts import code_of
from mappings.vocabulary.names import begins, phrases, words
from mappings.wording import Text, _, verbatim

_IPS = plain("http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips")
_UNKNOWN = frozenset({"no-medication-info", "no-problem-info", "no-allergy-info", "no-procedure-info"})
"""Of the International Patient Summary's "absent and unknown data": the others say that there is none."""

_NOT_ASKED = "1631000175102"
"""SNOMED CT: patient not asked."""

_BEGIN = phrases("no information about|no information available|patient not asked|aucune information|keine Information")

_LETTERS = frozenset(phrase[0][:2] for phrase in _BEGIN)
"""How such words begin; hardly any other does, and the others are not read for it."""


def no_information(concept: object) -> bool:
    """A concept says that nothing is known of what the list is about, by its code or by how its words begin."""
    told = as_json(concept) if isinstance(concept, dict) else None
    return _says_so(concept) if told is None else _json_says_so(told)


@lru_cache(maxsize=REMEMBERED)
def _json_says_so(told: bytes) -> bool:
    return _says_so(orjson.loads(told))


def _says_so(concept: object) -> bool:
    for coding in codings(concept):
        system, code = a_text(coding.get("system")), code_of(coding)
        if (canonical(system) == _IPS and code in _UNKNOWN) or (canonical(system) == SNOMED_CT and code == _NOT_ASKED):
            return True
    said = (tuple(words(text)) for text in texts(concept) if text.lstrip()[:2].casefold() in _LETTERS)
    return any(begins(one, _BEGIN) for one in said)


def not_known(source: str, concept: object) -> Text:
    """Why the list cannot be relied on: the record itself says so."""
    return _("the record says of it: «{said}»", said=verbatim(shown_name(concept)), source=source)
