"""What the words of synthetic records are called in a sentence, in each language: acts, sites, conditions, drugs, results."""

from __future__ import annotations

from datetime import date

from mappings.facts.bones import named_bones
from mappings.readers.sites import region_of_code
from mappings.vocabulary.concept_names import name_of_act, name_of_diagnosis
from mappings.vocabulary.concepts import Terminology
from mappings.wording import Text, verbatim
from service.demo.synthetic import ACTS, CONDITIONS, DRUGS, LOINC, SITES, SNOMED, SyntheticRecord, laboratory

ANY_DAY = date(2000, 1, 1)


def act_named(told: str, terminology: Terminology) -> Text:
    """An act, as cards call it; its own word where they call it nothing."""
    return name_of_act(_concepts(told, ACTS, terminology)) or verbatim(told)


def condition_named(told: str, terminology: Terminology) -> Text:
    """A condition, as cards call it."""
    return name_of_diagnosis(_concepts(told, CONDITIONS, terminology)) or verbatim(told)


def drug_named(told: str, terminology: Terminology) -> Text:
    """A drug by its international name; a brand is its own."""
    if told[:1].isupper():
        return verbatim(told)
    name = terminology.drug_name(_concepts(told, DRUGS, terminology))
    return verbatim(told) if name is None else name


def site_named(told: str) -> tuple[Text, ...]:
    """The bones of a site."""
    return named_bones(region_of_code(SNOMED, SITES[told], frozenset())) or (verbatim(told),)


def result_named(told: str, terminology: Terminology) -> Text:
    """A result by the name of its analyte."""
    found = terminology.recognise([{"system": LOINC, "code": laboratory(terminology)[told]}]).concepts
    return next((one.name for one in terminology.analytes if not found.isdisjoint(one.concepts)), verbatim(told))


def _concepts(told: str, table: dict[str, tuple[str, str]], terminology: Terminology) -> frozenset[str]:
    system, code = SyntheticRecord("", ANY_DAY, terminology=terminology).coded(told, table)
    return terminology.recognise([{"system": system, "code": code}]).concepts
