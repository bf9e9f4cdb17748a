"""Whether a drug is used in one place only, which is no exposure to it (`rules.md`, "Exposure").

The route decides where it is stated; else the form, the words of the product and of its ingredients, and those of the dosage.
What says nothing is systemic: only what is told to be local use is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mappings.evidence import Resource
from mappings.facts import Drug
from mappings.readers.alike import once
from mappings.readers.medications import coded_medication, identify, medication_references
from mappings.readers.not_understood import texts_of
from mappings.readers.reader import Reader, contained
from mappings.readers.shapes import codings
from mappings.shapes import a_map, a_text, maps
from mappings.vocabulary.code_systems import located
from mappings.vocabulary.local_use import (
    HEPARINS,
    ONLY_WHERE_USED,
    RECTAL_FOAM,
    SiteOfAction,
    site_of_action,
    site_of_action_in_words,
)

STATED_BY_A_ROUTE = SiteOfAction.LOCAL | SiteOfAction.IN_ONE_ORGAN | SiteOfAction.SYSTEMIC


def systemic_drug(reader: Reader, holder: Resource) -> Drug:
    """The drug of a MedicationRequest, MedicationStatement or MedicationAdministration, without what is used locally."""
    if not _REFERS.isdisjoint(holder):
        return _systemic_drug(reader, holder)
    lines = [{name: line[name] for name in _OF_A_LINE if name in line} for line in _lines(holder)]
    return _of_a_concept(
        reader, {"medicationCodeableConcept": holder.get("medicationCodeableConcept"), "dosage": lines}
    )


def _systemic_drug(reader: Reader, holder: Resource) -> Drug:
    return systemic(reader, holder, identify(reader, holder))


_of_a_concept = once()(_systemic_drug)

_REFERS = frozenset({"medication", "medicationReference", "contained"})
"""Members by which a drug may be told elsewhere than by its concept."""

_OF_A_LINE = ("route", "text", "patientInstruction", "additionalInstruction", "method", "site")
"""What a dosage line says of where a drug is used."""


def systemic(reader: Reader, holder: Resource, drug: Drug) -> Drug:
    """The drug of a medication resource without what is used locally: something else where nothing is left."""
    every = drug.concepts | drug.possible
    if drug.identified and not every:
        return drug
    routes = _routes(reader, holder)
    stated = bool(routes & STATED_BY_A_ROUTE)
    own = every & ONLY_WHERE_USED
    elsewhere = SiteOfAction.UNSAID if stated and not own else _product(reader, holder) | _words_of_dosage(holder)
    told = routes if stated else elsewhere
    if SiteOfAction.SYSTEMIC not in told:
        if SiteOfAction.IN_ONE_ORGAN in told:
            return _without(drug, every)
        if SiteOfAction.LOCAL in told and own:
            return _without(drug, own)
    in_a_catheter = own & HEPARINS if SiteOfAction.IN_A_CATHETER in routes | elsewhere else frozenset()
    return _without(drug, in_a_catheter) if in_a_catheter else drug


def _without(drug: Drug, locally: frozenset[str]) -> Drug:
    concepts, possible = drug.concepts - locally, drug.possible - locally
    return replace(drug, concepts=concepts, possible=possible, identified=True, unresolved=None)


def _lines(holder: Resource) -> Iterator[Resource]:
    yield from maps(holder.get("dosageInstruction"))
    yield from maps(holder.get("dosage"))


def _routes(reader: Reader, holder: Resource) -> SiteOfAction:
    """What the routes of the dosage lines say: by their codes, else by their words."""
    found = SiteOfAction.UNSAID
    for line in _lines(holder):
        route = line.get("route")
        by_code = site_of_action(reader.recognise(route).concepts)
        if said := by_code or _said(texts_of(route)):
            found |= said
    return found


def _said(texts: Iterable[str]) -> SiteOfAction:
    """What a route, a form or a product says: the place that it names is that of its use."""
    found = SiteOfAction.UNSAID
    for text in texts:
        if use := site_of_action_in_words(text):
            found |= use
    return found | SiteOfAction.LOCAL if found and SiteOfAction.PLACE in found else found


def _words_of_dosage(holder: Resource) -> SiteOfAction:
    """What the dosage lines say in words: a place counts only where something is applied there."""
    found = SiteOfAction.UNSAID
    for line in _lines(holder):
        said = [a_text(line.get("text")), a_text(line.get("patientInstruction"))]
        said += [text for concept in maps(line.get("additionalInstruction")) for text in texts_of(concept)]
        for text in said:
            if use := site_of_action_in_words(text):
                found |= use | SiteOfAction.LOCAL if SiteOfAction.PLACE in use and SiteOfAction.APPLIED in use else use
        if elsewhere := _said(text for name in ("method", "site") for text in texts_of(line.get(name))):
            found |= elsewhere
    return found


def _product(reader: Reader, holder: Resource) -> SiteOfAction:
    """What the product says: its name, its form, the names of its ingredients."""
    found = _said(texts_of(coded_medication(reader, holder)))
    for reference in medication_references(holder):
        found |= _said((a_text(reference.get("display")),))
        medication = contained(holder, reference) or reader.find(reference)
        if medication is not None:
            found |= _form(reader, medication)
    return found


def _form(reader: Reader, medication: Resource) -> SiteOfAction:
    form = a_map(medication.get("form")) or a_map(medication.get("doseForm"))
    found = site_of_action(reader.recognise(form).concepts) or _said(texts_of(form))
    if any(located(a_text(one.get("system")), a_text(one.get("code"))) == RECTAL_FOAM for one in codings(form)):
        found |= SiteOfAction.LOCAL
    for ingredient in maps(medication.get("ingredient")):
        item = a_map(ingredient.get("itemCodeableConcept")) or a_map(a_map(ingredient.get("item")).get("concept"))
        found |= _said(texts_of(item))
    return found
