"""What a medication is, wherever the record says it: a code, a reference, the ingredients of a mix, or its name.

Order of reading (`codes.md` §7, design decision 7): codes; the referenced Medication (contained, beside it in the
Bundle, or gathered); its ingredients; last the text, against an explicit table of names, and then the card says so.
Displays never identify: a display that reads like one of our drugs beside a code that we do not hold leaves the
medication unidentified, so that it is not taken for something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from mappings.evidence import Resource, local_reference
from mappings.facts import Drug
from mappings.readers.dosage import IU_PER_MICROGRAM
from mappings.readers.observations import decimal_of
from mappings.readers.reader import Reader, contained
from mappings.readers.shapes import a_map, a_text, codings, maps, shown_name
from mappings.vocabulary.code_systems import ATC, LISTED, canonical
from mappings.vocabulary.products import strength_of
from mappings.vocabulary.units import normalised_unit
from mappings.wording import _, verbatim

MOST_NESTED_MIXES = 3
"""How deep the ingredients of a mix are followed; a cycle ends here."""

NO_MEDICATION = _("it names no medication")


def identify(reader: Reader, holder: Resource) -> Drug:
    """The drug of a MedicationRequest, MedicationStatement or MedicationAdministration.

    Never raises: what cannot be identified is a `Drug` with `identified` false, and with `unresolved` where a reference
    could not be followed.
    """
    concept, reference = _medication(holder)
    if concept:
        drug = _from_concept(reader, concept)
        if drug.identified or not reference:
            return drug
    if not reference:
        return Drug(frozenset(), NO_MEDICATION, identified=False)
    medication = contained(holder, reference) or reader.find(reference)
    if medication is None or medication.get("resourceType") != "Medication":
        return _from_reference_text(reader, reference)
    return _from_medication(reader, medication, frozenset(), MOST_NESTED_MIXES)


def medication_references(holder: Resource) -> Iterator[Mapping[str, Any]]:
    """The references that identifying this one needs."""
    _, reference = _medication(holder)
    references = [reference] if reference else []
    if holder.get("resourceType") == "Medication":
        references += [a_map(ingredient.get("itemReference")) for ingredient in maps(holder.get("ingredient"))]
    for within in maps(holder.get("contained")):
        references += [a_map(ingredient.get("itemReference")) for ingredient in maps(within.get("ingredient"))]
    yield from references


def coded_medication(reader: Reader, holder: Resource) -> Mapping[str, Any]:
    """The CodeableConcept that names the drug: the holder's own, else that of the Medication referred to."""
    concept, reference = _medication(holder)
    if concept or not reference:
        return concept
    medication = contained(holder, reference) or reader.find(reference) or {}
    return a_map(medication.get("code")) or {"text": a_text(reference.get("display"))}


def _medication(holder: Resource) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    both = a_map(holder.get("medication"))
    concept = a_map(holder.get("medicationCodeableConcept")) or a_map(both.get("concept"))
    reference = a_map(holder.get("medicationReference")) or a_map(both.get("reference"))
    return concept, reference


def _from_concept(reader: Reader, concept: Mapping[str, Any]) -> Drug:
    recognised = reader.recognise(concept)
    text = _name_text(concept)
    if recognised.concepts:
        return _drug(reader, recognised.concepts, text, unverified=recognised.concepts <= recognised.unverified)
    if recognised.denied:
        return Drug(frozenset(), verbatim(text or shown_name(concept)), identified=True)
    if by_name := reader.terminology.recognise_name(text):
        return _drug(reader, by_name, text, by_name=True)
    in_code = next(_names_in_codes(concept), "")
    if by_name := reader.terminology.recognise_name(in_code):
        return _drug(reader, by_name, in_code, by_name=True)
    reads_like_ours = any(
        reader.terminology.recognise_name(a_text(coding.get("display"))) for coding in codings(concept)
    )
    named = not reads_like_ours and bool(text or in_code or _a_display(concept))
    return Drug(
        frozenset(),
        verbatim(shown_name(concept) or text),
        identified=recognised.known_system and not reads_like_ours and (named or _has_atc(concept)),
        named=named,
    )


def _has_atc(concept: Mapping[str, Any]) -> bool:
    """ATC alone is listed whole: a product that our lists lack may be new, and only its name tells that it is not ours."""
    return any(canonical(a_text(coding.get("system"))) == ATC for coding in codings(concept))


_NAME_IN_CODE = re.compile(r"[^\W\d_]{5,}(?:[\s/,-].*)?", re.DOTALL)
"""Begins with a word of five letters or more, as a name does and a formulary's code (`ALBU100`) does not."""


def _names_in_codes(concept: Mapping[str, Any]) -> Iterator[str]:
    """Names of drugs that a local system uses as its codes (MIMIC-IV on FHIR does)."""
    for coding in codings(concept):
        code = a_text(coding.get("code"))
        if canonical(a_text(coding.get("system"))) not in LISTED and _NAME_IN_CODE.fullmatch(code):
            yield code


def _a_display(concept: Mapping[str, Any]) -> str:
    return next((display for coding in codings(concept) if (display := a_text(coding.get("display")))), "")


def _name_text(concept: Mapping[str, Any]) -> str:
    """The text of a concept; a coding without a code holds a name in the wrong place, which counts as text."""
    if text := a_text(concept.get("text")):
        return text
    return next((a_text(coding.get("display")) for coding in codings(concept) if not a_text(coding.get("code"))), "")


def _from_reference_text(reader: Reader, reference: Mapping[str, Any]) -> Drug:
    display = a_text(reference.get("display"))
    if by_name := reader.terminology.recognise_name(display):
        return _drug(reader, by_name, display, by_name=True)
    local = local_reference(reference)
    unresolved = _(
        "the medication could not be looked up",
        source=local,
    )
    return Drug(frozenset(), verbatim(display or local), identified=False, named=bool(display), unresolved=unresolved)


def _from_medication(reader: Reader, medication: Resource, seen: frozenset[str], depth: int) -> Drug:
    code = a_map(medication.get("code"))
    drug = _from_concept(reader, code) if code else Drug(frozenset(), NO_MEDICATION, identified=False)
    if not drug.concepts:
        drug = _named_by_identifier(reader, medication, drug)
    if not drug.concepts and depth > 0:
        parts = list(_ingredients(reader, medication, seen, depth))
        concepts = frozenset().union(*(part.concepts for part in parts)) if parts else frozenset()
        if concepts:
            drug = _drug(
                reader, concepts, shown_name(code), by_name=all(part.by_name for part in parts if part.concepts)
            )
        elif parts:
            drug = Drug(
                frozenset(),
                drug.name,
                identified=drug.identified or all(part.identified for part in parts),
                named=drug.named or all(part.named or part.identified for part in parts),
                unresolved=next((part.unresolved for part in parts if part.unresolved), None),
            )
    return _with_strength(drug, medication)


def _named_by_identifier(reader: Reader, medication: Resource, drug: Drug) -> Drug:
    for identifier in maps(medication.get("identifier")):
        name = a_text(identifier.get("value"))
        if by_name := reader.terminology.recognise_name(name):
            return _drug(reader, by_name, name, by_name=True)
    return drug


def _ingredients(reader: Reader, medication: Resource, seen: frozenset[str], depth: int) -> Iterator[Drug]:
    for ingredient in maps(medication.get("ingredient")):
        item = a_map(ingredient.get("item"))
        concept = a_map(ingredient.get("itemCodeableConcept")) or a_map(item.get("concept"))
        reference = a_map(ingredient.get("itemReference")) or a_map(item.get("reference"))
        if concept:
            yield _from_concept(reader, concept)
        elif reference and (local := local_reference(reference)) not in seen:
            found = contained(medication, reference) or reader.find(reference)
            if found is None:
                yield _from_reference_text(reader, reference)
            else:
                yield _from_medication(reader, found, seen | {local}, depth - 1)


# --- names and strengths ----------------------------------------------------------------------------------------------


def _drug(
    reader: Reader, concepts: frozenset[str], text: str, *, by_name: bool = False, unverified: bool = False
) -> Drug:
    known = strength_of(concepts)
    mg, ml, iu = strength_in_text(text)
    return Drug(
        concepts,
        reader.terminology.drug_name(concepts) or verbatim(text),
        identified=True,
        by_name=by_name,
        unverified_code=unverified,
        strength_mg=mg if known is None else known,
        millilitres=ml,
        strength_iu=iu,
    )


LONGEST_NAME = 300
"""Characters of a product's name in which a strength is looked for."""

_STRENGTH = re.compile(
    r"(?P<mg>\d[\d   ]*+(?:[.,]\d++)?+)\s*+(?P<unit>mg|µg|μg|ug|mcg|UI|IU|U\.I\.)\b"
    r"(?:\s*/\s*(?P<ml>\d+(?:[.,]\d+)?)?\s*ml\b)?",
    re.IGNORECASE,
)


def strength_in_text(text: str) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Milligrams, millilitres and international units that a product's name states («4 mg/100 mL», «100 000 UI»)."""
    mg = ml = iu = None
    for match in _STRENGTH.finditer(text[:LONGEST_NAME]):
        number = decimal_of(re.sub(r"\s", "", match["mg"]).replace(",", "."))
        unit = match["unit"].casefold()
        if unit == "mg":
            mg = number if mg is None else mg
        elif unit in ("ui", "iu", "u.i."):
            iu = number if iu is None else iu
        if ml is None and match["ml"]:
            ml = decimal_of(match["ml"].replace(",", "."))
    return mg, ml, iu


def _with_strength(drug: Drug, medication: Resource) -> Drug:
    """The strength that a Medication's only ingredient states, where code and name state none."""
    strengths = [a_map(part.get("strength")) for part in maps(medication.get("ingredient"))]
    if len(strengths) != 1 or not strengths[0]:
        return drug
    numerator, denominator = (a_map(strengths[0].get(end)) for end in ("numerator", "denominator"))
    value = decimal_of(numerator.get("value"))
    unit = normalised_unit(a_text(numerator.get("code")) or a_text(numerator.get("unit")))
    if value is None:
        return drug
    mg, ml, iu = drug.strength_mg, drug.millilitres, drug.strength_iu
    per = decimal_of(denominator.get("value"))
    per_unit = normalised_unit(a_text(denominator.get("code")) or a_text(denominator.get("unit")))
    if per_unit == "ml" and per:
        ml = per
    factor = {"mg": Decimal(1), "g": Decimal(1000), "ug": Decimal("0.001")}.get(unit)
    if factor is not None:
        mg = value * factor
        iu = iu if iu is not None else mg * 1000 * IU_PER_MICROGRAM
    elif unit in ("[iu]", "iu", "ui"):
        iu = value
    return Drug(
        drug.concepts,
        drug.name,
        identified=drug.identified,
        by_name=drug.by_name,
        named=drug.named,
        unverified_code=drug.unverified_code,
        unresolved=drug.unresolved,
        strength_mg=mg,
        millilitres=ml,
        strength_iu=iu,
    )
