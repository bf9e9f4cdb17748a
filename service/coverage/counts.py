"""How much of a sample of records we understand: every code, unit and drug of it, counted by what it stands for.

The sample is read with the very functions that a request is read with, one resource at a time; the counts stay bounded
whatever the length of the sample. What is counted holds codes, displays, units and, unless they are left out, the texts of
coded elements; no value, date, name or id of a patient.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from mappings.clock import Clock
from mappings.evidence import Resource
from mappings.facts import Drug, DrugOrder, Measurement
from mappings.readers.dosage import read_dosage, stated_doses
from mappings.readers.findings import read_finding
from mappings.readers.medications import coded_medication, identify
from mappings.readers.newest import Reading
from mappings.readers.not_understood import analyte_named, is_standard, meant
from mappings.readers.observations import read_result, unit_shown
from mappings.readers.orders import read_order
from mappings.readers.reader import Finder, Reader
from mappings.readers.shapes import codings, printable, shown_words, texts
from mappings.readers.sites import regions_of
from mappings.shapes import NOTHING, a_map, a_text, maps
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary import valuesets
from mappings.vocabulary.analytes import Analyte
from mappings.vocabulary.concepts import Terminology, code_of
from mappings.vocabulary.findings import KINDS
from mappings.vocabulary.meanings import ACTS_SAID, CONDITIONS_SAID
from mappings.vocabulary.names import says_nothing
from mappings.wording import Said, Term, Text, Verbatim, _

MOST_DISTINCT = 10_000
"""Different codes, units and drugs that are told apart at a time; beyond them the rarer half is forgotten."""

LONGEST_CODE = 100
LONGEST_SYSTEM = 200


class Verdict(StrEnum):
    """What became of a code, a unit or a drug."""

    UNDERSTOOD = "understood"
    """A rule asks for it in that resource type."""

    UNUSED = "known, unused"
    """A concept of ours that no rule asks for, or none in that resource type."""

    SOMETHING_ELSE = "something else"
    """None of our concepts by a list that is whole or by its name; or a look-alike of one."""

    NOT_UNDERSTOOD = "not understood"


class Kind(StrEnum):
    """Where in a record it stood."""

    DRUG = "drug"
    MEDICATION = "medication list"
    DOSE = "dose unit"
    ROUTE = "route"
    RESULT = "result"
    UNIT = "unit"
    CONDITION = "condition"
    ALLERGY = "allergy"
    ACT = "act"
    ORDER = "order"
    IMAGING = "imaging"
    ENCOUNTER = "encounter"
    SITE = "body site"


KINDS_OF_GROUPS: Mapping[str, frozenset[Kind]] = MappingProxyType(
    {
        **dict.fromkeys(("lab", "vital", "biomarker", "finding", "score"), frozenset({Kind.RESULT, Kind.ORDER})),
        "lab-order": frozenset({Kind.ORDER}),
        "condition": frozenset({Kind.CONDITION}),
        "procedure": frozenset({Kind.ACT, Kind.ORDER, Kind.ENCOUNTER}),
        "imaging": frozenset({Kind.IMAGING, Kind.ORDER, Kind.ACT}),
        "body_site": frozenset({Kind.SITE}),
        "document": frozenset({Kind.IMAGING}),
        "route": frozenset({Kind.ROUTE}),
        **dict.fromkeys(("dose_form", "dose_unit", "qualifier", "treatment_intent"), frozenset()),
    }
)
"""In which places of a record the rules ask for the concepts of a group of value sets; the other groups are of drugs."""

DRUGS = frozenset({Kind.DRUG, Kind.MEDICATION})
OF_ALLERGIES = sets.PARACETAMOL_ALLERGY | sets.BONE_CEMENT
"""What the rules ask of allergies."""

TOLD_BY_WORDS = frozenset({Kind.ACT, Kind.ENCOUNTER, Kind.ROUTE})
"""Where words that name nothing of ours suffice: a gauge of a needle, a kind of contact or a way of giving is nothing to map."""

UNITS = frozenset({Kind.UNIT, Kind.DOSE})
"""What is a unit, not a code."""


class Item(NamedTuple):
    """One code, unit or drug, and what it stands for: our concepts, or why it stands for none (`Said` where it is a sentence)."""

    kind: Kind
    verdict: Verdict
    system: str
    code: str
    words: str
    meaning: str


SHOWN_VERDICTS: Mapping[Verdict, Text] = MappingProxyType(
    {
        Verdict.UNDERSTOOD: _("understood"),
        Verdict.UNUSED: _("known, unused"),
        Verdict.SOMETHING_ELSE: _("something else"),
        Verdict.NOT_UNDERSTOOD: _("not understood"),
    }
)
SHOWN_KINDS: Mapping[Kind, Text] = MappingProxyType(
    {
        Kind.DRUG: _("drug"),
        Kind.MEDICATION: _("medication list"),
        Kind.DOSE: _("dose unit"),
        Kind.ROUTE: _("route"),
        Kind.RESULT: _("result"),
        Kind.UNIT: _("unit"),
        Kind.CONDITION: _("condition"),
        Kind.ALLERGY: _("allergy"),
        Kind.ACT: _("act"),
        Kind.ORDER: _("order"),
        Kind.IMAGING: _("imaging"),
        Kind.ENCOUNTER: _("encounter"),
        Kind.SITE: _("body site"),
    }
)
"""What a person reads for them; the report as JSON keeps their values."""

NO_CODE = Said(_("no code and no text"))
NO_SYSTEM = Said(_("a code without a system"))
TEXT_ONLY = Said(_("a text without a code"))
UNLISTED = Said(_("a code that our lists do not hold: map it with a ConceptMap"))
LISTED = Said(_("a code that is none of our concepts"))
LOOK_ALIKE = _("a look-alike: {concepts}")
NAMED = Said(_("none of ours by its name"))
UNKNOWN_NAME = Said(_("known neither by code nor by name"))
CLASS_ALONE = _("a class, which does not say the drug: {concepts}")
NOT_IN_SAMPLE = Said(_("the Medication referred to is not in the sample"))
DOSE_UNREADABLE = _("{concepts}: neither mg, mL, units of vitamin D, nor pieces of a known strength")
FINDING_UNREADABLE = _("{finding}: out of range, undated, or in no unit that it is read in")

# --- counting ---------------------------------------------------------------------------------------------------------


class Coverage:
    """The counts of one sample, in constant memory.

    `totals` is exact. `counts` holds at most `most_distinct` items: when there are more, the rarer half is forgotten and
    `forgotten` says how many occurrences went with it, so that the counts of rare items are lower bounds from then on.
    """

    def __init__(
        self, terminology: Terminology, clock: Clock, *, with_texts: bool = True, most_distinct: int = MOST_DISTINCT
    ) -> None:
        self._terminology = terminology
        self._clock = clock
        self._with_texts = with_texts
        self._most_distinct = most_distinct
        self.resources: Counter[str] = Counter()
        self.not_read: Counter[str] = Counter()
        self.totals: Counter[tuple[Kind, Verdict]] = Counter()
        self.counts: Counter[Item] = Counter()
        self.forgotten = 0

    def examine(self, resource: Resource, find: Finder) -> None:
        """Count one resource. `find` gives the resource that a reference leads to, or None. Never raises."""
        resource_type = a_text(resource.get("resourceType"))
        read = READERS.get(resource_type)
        if read is None:
            known_shape = re.fullmatch(r"[A-Z][A-Za-z]{1,40}", resource_type)
            full = len(self.not_read) >= MOST_TYPES and resource_type not in self.not_read
            self.not_read[resource_type if known_shape and not full else "other"] += 1
            return
        self.resources[resource_type] += 1
        for item in read(Reader(self._clock, self._terminology, find), resource):
            self._count(item)

    def _count(self, item: Item) -> None:
        if not self._with_texts and not item.code and item.kind not in UNITS:
            item = item._replace(words="")
        self.totals[item.kind, item.verdict] += 1
        self.counts[item] += 1
        if len(self.counts) > self._most_distinct:
            kept = self.counts.most_common(max(1, self._most_distinct // 2))
            self.forgotten += self.counts.total() - sum(count for _item, count in kept)
            self.counts = Counter(dict(kept))

    def ranked(self, verdict: Verdict) -> list[tuple[Item, int]]:
        """The items of one verdict, the most frequent first; of equally frequent ones in the order of their names."""
        found = [(item, count) for item, count in self.counts.items() if item.verdict is verdict]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))


MOST_TYPES = 300
"""Names of resource types that are told apart; FHIR has half as many."""


# --- codes ------------------------------------------------------------------------------------------------------------


def _coded(reader: Reader, kind: Kind, concept: object) -> Item:
    """A CodeableConcept, shown by the coding that we recognise, else by the first with a code."""
    found = reader.recognise(concept)
    if found.concepts and not found.denied:
        asked = any(is_asked(kind, one) for one in found.concepts)
        verdict = Verdict.UNDERSTOOD if asked else Verdict.UNUSED
        meaning = _named(found.concepts, unverified=found.concepts <= found.unverified)
    elif found.denied:
        verdict, meaning = Verdict.SOMETHING_ELSE, Said(LOOK_ALIKE.with_(concepts=", ".join(sorted(found.denied))))
    elif found.known_system or (any(map(is_standard, codings(concept))) and _names_another(reader, kind, concept)):
        verdict, meaning = Verdict.SOMETHING_ELSE, LISTED
    elif kind in TOLD_BY_WORDS and _names_another(reader, kind, concept):
        verdict, meaning = Verdict.SOMETHING_ELSE, NAMED
    else:
        verdict, meaning = Verdict.NOT_UNDERSTOOD, _why_not(concept)
    return _shown(reader, kind, verdict, concept, meaning)


def is_asked(kind: Kind, concept: str) -> bool:
    """A rule asks for the concept in that place of a record."""
    if concept in sets.UNUSED:
        return False
    if kind is Kind.ALLERGY:
        return concept in OF_ALLERGIES
    groups = valuesets.groups().get(concept)
    if not groups:
        return True  # a guideline's own, or one that we keep by hand alone
    return any(kind in KINDS_OF_GROUPS.get(group, DRUGS) for group in groups)


def _names_another(reader: Reader, kind: Kind, concept: object) -> bool:
    """Its words say something, and nothing that a rule would ask for in that place."""
    said = [text for text in texts(concept) if not says_nothing(text)]
    if not said:
        return False
    if kind is Kind.RESULT:
        return analyte_named(said, reader.terminology) is None
    return meant(said, CONDITIONS_SAID if kind is Kind.CONDITION else ACTS_SAID) is None


def _why_not(concept: object) -> str:
    coded = [coding for coding in codings(concept) if code_of(coding).strip()]
    if any(a_text(coding.get("system")) for coding in coded):
        return UNLISTED
    if coded:
        return NO_SYSTEM
    return TEXT_ONLY if _words(concept, NOTHING) else NO_CODE


def _named(concepts: frozenset[str], *, unverified: bool = False, by_name: bool = False) -> str:
    named = ", ".join(sorted(concepts))
    if by_name:
        return Said(_("{concepts} (by name)", concepts=named))
    return Said(_("{concepts} (unverified code)", concepts=named)) if unverified else named


def _shown(reader: Reader, kind: Kind, verdict: Verdict, concept: object, meaning: str) -> Item:
    coding = _telling(reader, codings(concept))
    code = printable(code_of(coding)[:LONGEST_CODE])
    system = printable(a_text(coding.get("system"))[:LONGEST_SYSTEM], LONGEST_SYSTEM) if code else ""
    return Item(kind, verdict, system, code, _words(concept, coding), meaning)


def _telling(reader: Reader, all_codings: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The coding that stands for something, else the first with a system and a code, else the first with a code."""

    def rank(coding: Mapping[str, Any]) -> int:
        found = reader.terminology.recognise([coding])
        if found.concepts or found.denied:
            return 0
        return 1 if a_text(coding.get("system")) else 2

    with_code = [coding for coding in all_codings if code_of(coding).strip()]
    return min(with_code, key=rank, default=NOTHING)


def _words(concept: object, coding: Mapping[str, Any]) -> str:
    """The display of a code; the text only where there is no code, for a text may say more than a code does."""
    if code_of(coding).strip():
        return printable(a_text(coding.get("display")))
    return shown_words(concept)


# --- one resource -----------------------------------------------------------------------------------------------------


def _medication_use(reader: Reader, resource: Resource) -> Iterator[Item]:
    """A MedicationRequest, MedicationStatement or MedicationAdministration."""
    drug = identify(reader, resource)
    yield _drug(reader, Kind.DRUG, drug, coded_medication(reader, resource))
    if not drug.concepts:
        return  # how another drug is given is nothing to map
    for lines in (resource.get("dosageInstruction"), resource.get("dosage")):
        for line in maps(lines):
            if line.get("route"):
                yield _coded(reader, Kind.ROUTE, line.get("route"))
            yield from _doses(reader, line, drug)


def _drug(reader: Reader, kind: Kind, drug: Drug, concept: object) -> Item:
    """A drug by its code, its words, else by the name that its identifier or ingredients give it."""
    if drug.concepts:
        asked = any(is_asked(kind, one) for one in drug.concepts)
        verdict = Verdict.UNDERSTOOD if asked else Verdict.UNUSED
        meaning = _named(drug.concepts, unverified=drug.unverified_code, by_name=drug.by_name)
    elif drug.possible:
        verdict, meaning = Verdict.NOT_UNDERSTOOD, Said(CLASS_ALONE.with_(concepts=_some(drug.possible)))
    elif drug.identified:
        coded = _coded(reader, kind, concept)
        verdict, meaning = Verdict.SOMETHING_ELSE, coded.meaning if coded.verdict is Verdict.SOMETHING_ELSE else NAMED
    else:
        verdict = Verdict.NOT_UNDERSTOOD
        meaning = NOT_IN_SAMPLE if drug.unresolved else UNKNOWN_NAME if texts(concept) else _why_not(concept)
    item = _shown(reader, kind, verdict, concept, meaning)
    return item if item.words or item.code else item._replace(words=printable(_name_of(drug)))


MOST_NAMED_OF_A_CLASS = 5


def _some(concepts: frozenset[str]) -> str:
    named = sorted(concepts)[:MOST_NAMED_OF_A_CLASS]
    return ", ".join(named) + (", …" if len(concepts) > len(named) else "")


def _name_of(drug: Drug) -> str:
    """What the record or our table calls it; empty for a sentence of ours."""
    return drug.name.message if isinstance(drug.name, (Term, Verbatim)) else ""


def _doses(reader: Reader, line: Mapping[str, Any], drug: Drug) -> Iterator[Item]:
    dosage = read_dosage(reader, [line], drug, None)
    understood = any(amount is not None for amount in (dosage.dose_mg, dosage.dose_ml, dosage.dose_iu))
    for quantity in stated_doses(line):
        if understood:
            yield _unit(Kind.DOSE, Verdict.UNDERSTOOD, quantity, _named(drug.concepts))
        else:
            yield _unit(
                Kind.DOSE, Verdict.NOT_UNDERSTOOD, quantity, Said(DOSE_UNREADABLE.with_(concepts=_named(drug.concepts)))
            )


def _medication(reader: Reader, resource: Resource) -> Iterator[Item]:
    """An entry of the medication list, read as an order that refers to it would read it."""
    holder = {"medicationReference": {"reference": "#this"}, "contained": [{**resource, "id": "this"}]}
    yield _drug(reader, Kind.MEDICATION, identify(reader, holder), resource.get("code"))


def _observation(reader: Reader, resource: Resource) -> Iterator[Item]:
    """A result and its components, each with its unit."""
    components = list(maps(resource.get("component")))
    for node in (resource, *components):
        yield _finding_by_name(reader, node) or _coded(reader, Kind.RESULT, node.get("code"))
        yield from _units(reader, resource, node)


def _finding_by_name(reader: Reader, node: Mapping[str, Any]) -> Item | None:
    if reader.recognise(node.get("code")).concepts:
        return None
    name = reader.terminology.recognise_finding_name(a_text(a_map(node.get("code")).get("text")))
    if name is None:
        return None
    return _shown(reader, Kind.RESULT, Verdict.UNDERSTOOD, node.get("code"), _named(frozenset({name}), by_name=True))


def _units(reader: Reader, observation: Resource, node: Mapping[str, Any]) -> Iterator[Item]:
    found = reader.recognise(node.get("code"))
    if found.denied:
        return
    quantity = a_map(node.get("valueQuantity"))
    for analyte in reader.terminology.analytes:
        if not analyte.valid_days or found.concepts.isdisjoint(analyte.searched):
            continue
        reading = read_result(reader, observation, node, "", analyte, unverified=False)
        if reading is not None:
            yield _reading(reading, quantity, analyte)
    regions = regions_of(reader, observation.get("bodySite"))
    for name in sorted(found.concepts & sets.FINDING_NAMES):
        finding = read_finding(reader, observation, node, "", name, regions)
        if finding is not None and quantity and not (finding.when and reader.clock.too_far_ahead(finding.when)):
            verdict = Verdict.UNDERSTOOD if finding.problem is None else Verdict.NOT_UNDERSTOOD
            named = KINDS[name].name
            said = named if finding.problem is None else FINDING_UNREADABLE.with_(finding=named)
            yield _unit(Kind.UNIT, verdict, quantity, Said(said))


def _reading(reading: Reading[Measurement], quantity: Mapping[str, Any], analyte: Analyte) -> Item:
    if reading.found is not None:
        unit = printable(reading.found.reported.unit)
        return Item(Kind.UNIT, Verdict.UNDERSTOOD, "", "", unit, Said(analyte.name))
    why = reading.problem.parameters.get("why") if reading.problem is not None else None
    masked = _masked(why, analyte.name, printable(unit_shown(quantity))) if isinstance(why, Text) else ""
    said = Said(_("{what}: {why}", what=analyte.name, why=masked))
    return _unit(Kind.UNIT, Verdict.NOT_UNDERSTOOD, quantity, said)


def _masked(why: Text, analyte: Text, unit: str) -> Text:
    """The sentence without what the record may say of a patient."""
    shown = {"unit": unit, "analyte": analyte, "reported": _("the value")}
    return why.with_(**{name: shown.get(name, "…") for name in why.parameters})


def _unit(kind: Kind, verdict: Verdict, quantity: Mapping[str, Any], meaning: str) -> Item:
    return Item(kind, verdict, "", "", printable(unit_shown(quantity)), meaning)


def _condition(reader: Reader, resource: Resource) -> Iterator[Item]:
    yield _coded(reader, Kind.CONDITION, resource.get("code"))
    yield from _sites(reader, resource.get("bodySite"))


def _allergy(reader: Reader, resource: Resource) -> Iterator[Item]:
    substances = [reaction.get("substance") for reaction in maps(resource.get("reaction"))]
    named = [one for one in (resource.get("code"), resource.get("substance"), *substances) if one]
    for concept in named or [None]:
        item = _coded(reader, Kind.ALLERGY, concept)
        by_name = frozenset().union(*map(reader.terminology.recognise_name, texts(concept)))
        if by_name and item.verdict in (Verdict.SOMETHING_ELSE, Verdict.NOT_UNDERSTOOD):
            verdict = Verdict.UNDERSTOOD if by_name & OF_ALLERGIES else Verdict.UNUSED
            item = _shown(reader, Kind.ALLERGY, verdict, concept, _named(by_name, by_name=True))
        yield item


def _procedure(reader: Reader, resource: Resource) -> Iterator[Item]:
    yield _coded(reader, Kind.ACT, resource.get("code"))
    yield from _sites(reader, resource.get("bodySite"))


def _service_request(reader: Reader, resource: Resource) -> Iterator[Item]:
    """The order's code with its details, which together say what is ordered; a drug, or an act by its words, as rules read it."""
    code, order = resource.get("code"), read_order(reader, resource)
    if isinstance(order, DrugOrder):
        yield _drug(reader, Kind.DRUG, order.drug, code)
        return
    details = [coding for detail in maps(resource.get("orderDetail")) for coding in codings(detail)]
    said = next(iter(texts(code)), "")
    if order.by_words:
        asked = any(is_asked(Kind.ORDER, one) for one in order.concepts)
        verdict = Verdict.UNDERSTOOD if asked else Verdict.UNUSED
        yield _shown(reader, Kind.ORDER, verdict, code, _named(order.concepts, by_name=True))
    else:
        yield _coded(reader, Kind.ORDER, {"text": said, "coding": [*codings(code), *details]})
    yield from _sites(reader, resource.get("bodySite"))


def _imaging_study(reader: Reader, resource: Resource) -> Iterator[Item]:
    for code in maps(resource.get("procedureCode")):
        yield _coded(reader, Kind.IMAGING, code)
    for modality in maps(resource.get("modality")):
        yield _coded(reader, Kind.IMAGING, {"coding": [modality]})
    for series in maps(resource.get("series")):
        if modality := a_map(series.get("modality")):
            yield _coded(reader, Kind.IMAGING, {"coding": [modality]})
        if site := a_map(series.get("bodySite")):
            yield from _sites(reader, {"coding": [site]})


def _report(reader: Reader, resource: Resource) -> Iterator[Item]:
    yield _coded(reader, Kind.IMAGING, resource.get("code"))


def _encounter(reader: Reader, resource: Resource) -> Iterator[Item]:
    for concept in (*maps(resource.get("type")), *maps(resource.get("serviceType"))):
        yield _coded(reader, Kind.ENCOUNTER, concept)


def _body_structure(reader: Reader, resource: Resource) -> Iterator[Item]:
    yield from _sites(reader, resource.get("location"))


def _sites(reader: Reader, body_sites: object) -> Iterator[Item]:
    for site in maps(body_sites):
        item = _coded(reader, Kind.SITE, site)
        regions = regions_of(reader, site)
        if regions and item.verdict is not Verdict.UNDERSTOOD:
            item = item._replace(verdict=Verdict.UNDERSTOOD, meaning=", ".join(sorted(regions)))
        yield item


READERS: Mapping[str, Callable[[Reader, Resource], Iterator[Item]]] = MappingProxyType(
    {
        "MedicationRequest": _medication_use,
        "MedicationStatement": _medication_use,
        "MedicationAdministration": _medication_use,
        "Medication": _medication,
        "Observation": _observation,
        "Condition": _condition,
        "AllergyIntolerance": _allergy,
        "Procedure": _procedure,
        "ServiceRequest": _service_request,
        "ImagingStudy": _imaging_study,
        "DiagnosticReport": _report,
        "Encounter": _encounter,
        "BodyStructure": _body_structure,
    }
)
"""The resource types whose codes are read; a Patient and a QuestionnaireResponse are read without any."""
