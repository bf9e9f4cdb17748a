"""What a medication is, wherever the record says it: a code, a reference, the ingredients of a mix, or its name.

Order of reading (`rules.md`, "Named by words"): a code that our lists hold decides, a look-alike before the drug that another
code names; a code that a whole list lacks is another drug. Any other code says nothing: then the words of the concept
identify, against an explicit table of names, and the card says so; the referenced Medication, its identifiers and its
ingredients do likewise. A class code never outvotes a name: alone, it may be any drug of its class.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mappings.evidence import Resource, local_reference
from mappings.facts import Drug, Exposure
from mappings.readers.reader import Reader, contained
from mappings.readers.shapes import codings, printable, shown_code, shown_name, shown_words, texts
from mappings.readers.standing import modified_nodes, standing, uncertain
from mappings.readers.strengths import NO_STRENGTH, Strength, strength_in_name, strength_of_ingredient
from mappings.shapes import NOTHING, a_map, a_text, maps
from mappings.vocabulary.code_systems import ATC, SYSTEMS, canonical
from mappings.vocabulary.concept_sets import COUNTED_IN_INTERNATIONAL_UNITS
from mappings.vocabulary.concepts import code_of
from mappings.vocabulary.denials import denies_giving
from mappings.vocabulary.drug_classes import names_chemotherapy_alone
from mappings.vocabulary.elements import ABSENT, MEDICATION_STATUS
from mappings.vocabulary.letters import in_another_script
from mappings.vocabulary.names import LONGEST_TEXT, says_nothing
from mappings.vocabulary.products import is_sold, millilitres_of, strength_of
from mappings.wording import Text, _, of_resource, verbatim

MOST_NESTED_MIXES = 3
"""How deep the ingredients of a mix are followed; a cycle ends here."""

MOST_INGREDIENTS = 100
"""Ingredients of a medication that are read, those of its mixes included; a bag of parenteral nutrition has some fifty."""

TOO_MANY_INGREDIENTS = _("it has more ingredients than are read")


@dataclass(slots=True)
class _Followed:
    """What was read of one medication: the Medications that were followed, and how many ingredients more may be read."""

    seen: set[str] = field(default_factory=set)
    left: int = MOST_INGREDIENTS


NO_MEDICATION = _("it names no medication")


def identify(reader: Reader, holder: Resource) -> Drug:
    """The drug of a MedicationRequest, MedicationStatement or MedicationAdministration.

    Never raises: what cannot be identified is a `Drug` with `identified` false, and with `unresolved` where a reference
    could not be followed.
    """
    drug = _identified(reader, holder)
    if not drug.concepts:
        return drug
    _, reference = _medication(holder)
    said = [*texts(coded_medication(reader, holder)), a_text(reference.get("display"))]
    return replace(drug, denied=True) if any(map(denies_giving, said)) else drug


def _identified(reader: Reader, holder: Resource) -> Drug:
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
    return _from_medication(reader, medication, _Followed(), MOST_NESTED_MIXES)


def possible_exposure(exposure: Exposure) -> Exposure:
    """An exposure to a drug of which only the class is known: it counts for each drug of the class, and is never certain."""
    return replace(exposure, drug=replace(exposure.drug, concepts=exposure.drug.possible), certain=False)


def unidentified(source: str, name: Text) -> Text:
    """That a drug of the record cannot be told, by the name that the record has for it."""
    hint = _("add a standard code, or map the local one")
    if name is NO_MEDICATION or not name.message:
        return _("a drug of the record is known neither by code nor by name", source=source, hint=hint)
    return _("«{name}» is known neither by code nor by name", name=name, source=source, hint=hint)


def medication_references(holder: Resource) -> Iterator[Mapping[str, Any]]:
    """The references that identifying this one needs, each once: parts may name each other in circles."""
    if _MAY_REFER.isdisjoint(holder):
        return
    _, reference = _medication(holder)
    references = [reference] if reference else []
    if holder.get("resourceType") == "Medication":
        references += [a_map(ingredient.get("itemReference")) for ingredient in maps(holder.get("ingredient"))]
    for within in maps(holder.get("contained")):
        references += [a_map(ingredient.get("itemReference")) for ingredient in maps(within.get("ingredient"))]
    told = set()
    for one in references:
        names = (a_text(one.get("reference")), a_text(one.get("display")))
        if not names[0] or names not in told:
            yield one
        told.add(names)


_MAY_REFER = frozenset({"medication", "medicationReference", "ingredient", "contained"})
"""Members by which a medication may be told elsewhere."""


def coded_medication(reader: Reader, holder: Resource) -> object:
    """The CodeableConcept that names the drug: the holder's own, else that of the Medication referred to."""
    concept, reference = _medication(holder)
    if concept or not reference:
        return concept
    medication = contained(holder, reference) or reader.find(reference) or {}
    return medication.get("code") or {"text": a_text(reference.get("display"))}


def _medication(holder: Resource) -> tuple[object, Mapping[str, Any]]:
    """The concept of a holder, of whatever shape, and its reference: R4's, STU3's, or R5's of both kinds."""
    both = holder.get("medication")
    inner = a_map(both)
    concept = holder.get("medicationCodeableConcept") or inner.get("concept")
    if not concept and both and not inner.get("reference"):
        concept = both  # a text, or a concept under R5's name without R5's shape
    reference = a_map(holder.get("medicationReference")) or a_map(inner.get("reference"))
    if not reference and isinstance(inner.get("reference"), str):
        reference = inner
    leads = any(reference.get(name) for name in ("reference", "display", "identifier"))
    return concept, reference if leads else NOTHING


def _from_concept(reader: Reader, concept: object) -> Drug:
    coded = codings(concept)
    text = _name_text(concept)
    if _is_a_look_alike(reader, concept):
        return Drug(frozenset(), verbatim(text or shown_name(concept)), identified=True, named=True)
    recognised = reader.terminology.recognise(coded)
    if recognised.concepts:
        unverified = recognised.concepts <= recognised.unverified
        return _drug(reader, recognised.concepts, text or shown_words(concept), coded, unverified=unverified)
    if _is_another_by_code(reader, concept):
        return Drug(frozenset(), verbatim(shown_name(concept)), identified=True, named=bool(texts(concept)))
    said = [*texts(concept), *names_in_codes(coded)]
    for words_said in said:
        if by_name := reader.terminology.recognise_name(words_said):
            return _drug(reader, by_name, words_said, by_name=True)
    name = shown_words(concept) or _class_name(reader, recognised.possible, coded) or verbatim(shown_name(concept))
    possible = recognised.possible.union(*map(reader.terminology.class_in_words, said))
    named = not possible and _names_another(reader, said)
    return Drug(
        frozenset(),
        verbatim(name) if isinstance(name, str) else name,
        identified=named,
        named=named,
        possible=possible,
    )


def _is_a_look_alike(reader: Reader, concept: object) -> bool:
    """A code of it is on a deny list, whatever its other codes and its parts say: a cream, the lock of a catheter."""
    each = (reader.terminology.recognise([coding]) for coding in codings(concept))
    return any(one.denied and not one.concepts for one in each)


def _is_another_by_code(reader: Reader, concept: object) -> bool:
    """A substance of ATC, the one list of drugs that is whole, and none of ours."""
    each = (reader.terminology.recognise([coding]) for coding in codings(concept) if _is_atc(coding))
    return any(one.known_system and not (one.concepts or one.possible) for one in each)


def _is_atc(coding: Mapping[str, Any]) -> bool:
    return canonical(a_text(coding.get("system"))) == ATC


def _names_another(reader: Reader, said: list[str]) -> bool:
    """The words name something, and nothing that may be a drug of ours, misspelled or cut off.

    Of a name in another script nobody can tell with our names, which are Latin but for a few.
    """
    naming = [one for one in said if len(one) <= LONGEST_TEXT and not says_nothing(one) and not in_another_script(one)]
    return bool(naming) and not any(
        reader.terminology.may_name_a_drug(one) or names_chemotherapy_alone(one) for one in naming
    )


def _class_name(reader: Reader, possible: frozenset[str], coded: list[Mapping[str, Any]]) -> Text | None:
    """The name of the class whose code this is; None for a class that has none in our lists."""
    code = next((shown_code(coding) for coding in coded if _is_atc(coding)), "")
    return reader.terminology.group_name(possible, code) if possible else None


_NAME_IN_CODE = re.compile(r"[^\W\d_]{5,}(?:[\s/,-].*)?", re.DOTALL)
"""Begins with a word of five letters or more, as a name does and a formulary's code (`ALBU100`) does not."""


def names_in_codes(coded: list[Mapping[str, Any]]) -> Iterator[str]:
    """Names of drugs that a local system uses as its codes (MIMIC-IV on FHIR does)."""
    for coding in coded:
        code = a_text(coding.get("code"))
        if canonical(a_text(coding.get("system"))) not in SYSTEMS and _NAME_IN_CODE.fullmatch(code):
            yield code


def _name_text(concept: object) -> str:
    """The text of a concept; a coding without a code holds a name in the wrong place, which counts as text."""
    if isinstance(concept, str):
        return next(iter(texts(concept)), "")
    if text := next((text for one in maps(concept) if (text := a_text(one.get("text")))), ""):
        return text
    return next((a_text(coding.get("display")) for coding in codings(concept) if not code_of(coding)), "")


def _from_reference_text(reader: Reader, reference: Mapping[str, Any]) -> Drug:
    display = a_text(reference.get("display")) or _identifier_text(reference)
    if by_name := reader.terminology.recognise_name(display):
        return _drug(reader, by_name, display, by_name=True)
    if reader.terminology.class_in_words(display):
        return _from_concept(reader, display)
    local = local_reference(reference)
    unresolved = _(
        "the medication could not be looked up",
        source=local,
    )
    named = _names_another(reader, [display])
    return Drug(
        frozenset(),
        verbatim(printable(display)) if display else of_resource(local),
        identified=named,
        named=named,
        unresolved=None if named else unresolved,
    )


def _identifier_text(reference: Mapping[str, Any]) -> str:
    """What a logical reference (FHIR R4, Reference.identifier) calls its medication."""
    identifier = a_map(reference.get("identifier"))
    return a_text(identifier.get("value")) or a_text(a_map(identifier.get("type")).get("text"))


def _from_medication(reader: Reader, medication: Resource, followed: _Followed, depth: int) -> Drug:
    drug = _by_medication(reader, medication, followed, depth)
    stands = standing(medication, MEDICATION_STATUS, counting=_DESCRIBES, never=frozenset())
    why = stands.why or next(modified_nodes(medication, "ingredient"), None)
    if why is None:
        return drug
    named = drug.name is not NO_MEDICATION and drug.name.message
    return Drug(frozenset(), drug.name, identified=False, unresolved=uncertain(drug.name, "", why) if named else why)


_DESCRIBES = frozenset({"active", "inactive", ABSENT})
"""A Medication of another status, in error say, does not tell what its drug is."""


def _by_medication(reader: Reader, medication: Resource, followed: _Followed, depth: int) -> Drug:
    code = medication.get("code")
    drug = _from_concept(reader, code) if code else Drug(frozenset(), NO_MEDICATION, identified=False)
    if drug.concepts or _is_a_look_alike(reader, code):
        return _with_strength(drug, medication)
    if not _is_another_by_code(reader, code):
        drug = _named_by_identifier(reader, medication, drug)
    if not drug.concepts and depth > 0:
        parts = list(_ingredients(reader, medication, followed, depth))
        concepts = frozenset().union(*(part.concepts for part in parts)) if parts else frozenset()
        if concepts:
            drug = _drug(
                reader, concepts, shown_words(code), by_name=all(part.by_name for part in parts if part.concepts)
            )
        elif parts and not drug.identified:
            drug = _of_parts(drug, parts)
    return _with_strength(drug, medication)


def _of_parts(whole: Drug, parts: list[Drug]) -> Drug:
    """A mix that no code and no name tells: what its parts are, called by the names of those that have one."""
    named = [part.name for part in parts if part.name is not NO_MEDICATION and part.name.message]
    has_name = whole.name is not NO_MEDICATION and bool(whole.name.message)
    return Drug(
        frozenset(),
        whole.name if has_name or not named else named[0],
        identified=all(part.identified for part in parts),
        named=all(part.named or part.identified for part in parts),
        unresolved=next((part.unresolved for part in parts if part.unresolved), None),
        possible=whole.possible.union(*(part.possible for part in parts)),
    )


def _named_by_identifier(reader: Reader, medication: Resource, drug: Drug) -> Drug:
    """What the identifiers of a Medication say: a code of a system that we know, or a name."""
    values = [
        (identifier, value)
        for identifier in maps(medication.get("identifier"))
        if (value := code_of({"code": identifier.get("value")}).strip())
    ]
    as_codings = [{"system": a_text(one.get("system")), "code": value} for one, value in values]
    by_code = reader.terminology.recognise(as_codings)
    if by_code.concepts and not by_code.denied:
        return _drug(reader, by_code.concepts, values[0][1], unverified=by_code.concepts <= by_code.unverified)
    for _identifier, name in values:
        if by_name := reader.terminology.recognise_name(name):
            return _drug(reader, by_name, name, by_name=True)
    names = [name for _identifier, name in values if _NAME_IN_CODE.fullmatch(name)]
    if names and not drug.named and not drug.possible:
        named = _names_another(reader, names)
        said = drug.name if drug.name.message and drug.name is not NO_MEDICATION else verbatim(printable(names[0]))
        return replace(drug, name=said, identified=named, named=named)
    return drug


def _ingredients(reader: Reader, medication: Resource, followed: _Followed, depth: int) -> Iterator[Drug]:
    for ingredient in maps(medication.get("ingredient")):
        if followed.left <= 0:
            yield Drug(frozenset(), NO_MEDICATION, identified=False, unresolved=TOO_MANY_INGREDIENTS)
            return
        followed.left -= 1
        item = a_map(ingredient.get("item"))
        concept = ingredient.get("itemCodeableConcept") or item.get("concept")
        reference = a_map(ingredient.get("itemReference")) or a_map(item.get("reference"))
        if concept:
            yield _from_concept(reader, concept)
        elif reference and (local := local_reference(reference)) not in followed.seen:
            followed.seen.add(local)
            found = contained(medication, reference) or reader.find(reference)
            if found is None:
                yield _from_reference_text(reader, reference)
            else:
                yield _from_medication(reader, found, followed, depth - 1)


# --- names and strengths ----------------------------------------------------------------------------------------------


def _drug(
    reader: Reader,
    concepts: frozenset[str],
    text: str,
    coded: Sequence[Mapping[str, Any]] = (),
    *,
    by_name: bool = False,
    unverified: bool = False,
) -> Drug:
    drug = Drug(
        concepts,
        _drug_name(reader, concepts, text, coded),
        identified=True,
        by_name=by_name,
        unverified_code=unverified,
        strength_mg=strength_of(concepts),
        millilitres=millilitres_of(concepts),
    )
    return _with(drug, strength_in_name(text, in_units=drug.is_any(COUNTED_IN_INTERNATIONAL_UNITS)))


def _with(drug: Drug, strength: Strength) -> Drug:
    """The drug with a strength that says more of it; what its code says of a piece stands.

    A label with the milligrams and millilitres of a container that is sold says what that holds.
    """
    if strength == NO_STRENGTH:
        return drug
    if strength.label is not None and strength.mg is None and is_sold(drug.concepts, *strength.label):
        strength = strength._replace(mg=strength.label[0], millilitres=strength.label[1])
    mg = strength.mg if (known := strength_of(drug.concepts)) is None else known
    millilitres = strength.millilitres if known is None else millilitres_of(drug.concepts)
    return replace(
        drug,
        strength_mg=drug.strength_mg if mg is None else mg,
        millilitres=drug.millilitres if millilitres is None else millilitres,
        strength_iu=drug.strength_iu if strength.iu is None else strength.iu,
        mg_per_ml=drug.mg_per_ml if strength.mg_per_ml is None else strength.mg_per_ml,
        iu_per_ml=drug.iu_per_ml if strength.iu_per_ml is None else strength.iu_per_ml,
    )


def _with_strength(drug: Drug, medication: Resource) -> Drug:
    """With the strength that a Medication's only ingredient states, before that of its name."""
    return _with(drug, strength_of_ingredient(medication, in_units=drug.is_any(COUNTED_IN_INTERNATIONAL_UNITS)))


def _drug_name(reader: Reader, concepts: frozenset[str], text: str, coded: Sequence[Mapping[str, Any]]) -> Text:
    """Its international name; of a drug of which we know the group alone, what the record calls it, else the group."""
    if name := reader.terminology.drug_name(concepts):
        return name
    if said := printable(text):
        return verbatim(said)
    code = next((shown for coding in coded if (shown := shown_code(coding))), "")
    return reader.terminology.group_name(concepts, code) or verbatim(code)
