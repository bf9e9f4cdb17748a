"""One patient's record: raw evidence read into facts, each when it is first asked for.

`Record` is the only implementation of `mappings.facts.Facts`; every property says in one line where its fact is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from mappings.clock import Clock
from mappings.dates import When, add_months
from mappings.evidence import Evidence, Resource, reference_of
from mappings.facts import (
    Absent,
    Act,
    Allergy,
    Clearance,
    Collected,
    CorrectedCalcium,
    Diagnosis,
    Exposure,
    Exposures,
    Fact,
    Facts,
    FactSettings,
    Finding,
    Known,
    Measurement,
    NotUnderstood,
    Order,
    Person,
    RadiotherapyCourse,
    RadiotherapyOrder,
    Unavailable,
    Uncertain,
    VitaminD,
    uncertain_remark,
)
from mappings.facts.bones import may_be_same
from mappings.queries import FINDING_CONCEPTS, NEEDS
from mappings.readers.acts import act_standing, encounter, imaging_study, procedure, report
from mappings.readers.clearance import RenalInputs, clearance, missing_inputs
from mappings.readers.conditions import allergy, diagnosis
from mappings.readers.corrected_calcium import corrected_calcium
from mappings.readers.courses import GIVEN, courses, links_of
from mappings.readers.exposures import administration, confirmed, request, statement
from mappings.readers.findings import FindingReading, newest_finding, read_finding, worst_of_bones
from mappings.readers.kidney_failure import doubted_kidney_failure, kidney_failure, not_looked_for
from mappings.readers.local_use import systemic_drug
from mappings.readers.medications import coded_medication, possible_exposure, unidentified
from mappings.readers.metastasis_sites import bone_metastases
from mappings.readers.newest import Reading, dated_ahead
from mappings.readers.no_information import no_information, not_known
from mappings.readers.not_understood import (
    analyte_named,
    is_nameless,
    meant,
    named_only,
    nameless,
    not_coded,
    texts_of,
    without_system,
)
from mappings.readers.observations import (
    Severity,
    newest_result,
    read_result,
    sum_of_fractions,
    vitamin_d_fact,
    vitamin_d_severity,
)
from mappings.readers.orders import ORDER_TYPES, act_to_come, courses_of_orders, is_laboratory, open_order, read_order
from mappings.readers.patients import PatientStatus, status_of_patient
from mappings.readers.reader import Reader
from mappings.readers.responses import read_response
from mappings.readers.sites import regions_of
from mappings.readers.standing import Standing, uncertain
from mappings.readers.stays import encounters_by_diagnosis
from mappings.shapes import a_map, a_text, maps
from mappings.values import value
from mappings.vocabulary.analytes import (
    ALBUMIN,
    ANALYTES,
    CALCIUM,
    COCKCROFT,
    CORRECTED_CALCIUM,
    CREATININE,
    EGFR,
    MEASURED_CLEARANCE,
    VITAMIN_D,
    VITAMIN_D2,
    VITAMIN_D3,
    WEIGHT,
    Analyte,
    Sooner,
)
from mappings.vocabulary.code_systems import CCAM, ICD_10, LOINC, SNOMED_CT
from mappings.vocabulary.concepts import Terminology
from mappings.vocabulary.elements import ABSENT, GENDER, NOT_UNDERSTOOD
from mappings.vocabulary.findings import findings_of
from mappings.vocabulary.meanings import ACTS_SAID, CONDITIONS_SAID, Meaning
from mappings.wording import Text, _, _c, of_resource

E = TypeVar("E", Act, Allergy, Diagnosis, RadiotherapyCourse)

PERSON = _c("what is missing", "sex and age")
PATIENT = _("the patient's record")
EXPOSURES = _("medication history")
CONDITIONS = _("conditions")
PROCEDURES = _("procedures")
RADIOTHERAPY = _("radiotherapy")
CONSULTATIONS = _("consultations")
IMAGING = _("imaging and reports")
ORDERS = _("active orders")
ALLERGIES = _("allergies")

NAMED_ACTS = frozenset().union(*(one.concepts for one in ACTS_SAID))
"""The acts that are told where the record names them in words alone."""

RESULTS = frozenset().union(*(one.searched for one in ANALYTES))
REQUESTS = frozenset(name for one in ANALYTES for name in one.ordered_by if name.startswith("order_"))
"""The concepts of requests for one analyte; a panel is none."""


@value
class _Result:
    """An Observation, or a component of one, of a recognised concept."""

    source: str
    observation: Resource
    node: Mapping[str, Any]
    unverified: bool
    uncoded: bool = False


OF_DRAFTS = frozenset({"orders", "radiotherapy_orders"})
"""The facts that hold the drafts of the request."""

PLANNED: Mapping[str, Callable[[Resource], Standing]] = {
    **dict.fromkeys(ORDER_TYPES, open_order),
    "Procedure": act_to_come,
}
"""What of the record is ordered or planned, by its type, and how it tells that it still is."""

OF_ORDERS: Mapping[str, frozenset[str]] = {
    "MedicationRequest": OF_DRAFTS | {"exposures", "clearance", "clearance_inputs_missing", "_renal_inputs"},
    "ServiceRequest": OF_DRAFTS | {"radiotherapies"},
}
"""The facts that are read from the orders on record, by their type; results that a recent drug makes old sooner are too."""


class Record(Facts):
    """The facts of one request: what was gathered, the drafts of the hook, the clock, and the code lists."""

    def __init__(
        self,
        evidence: Evidence,
        drafts: tuple[Order, ...],
        clock: Clock,
        terminology: Terminology,
        settings: FactSettings,
    ) -> None:
        self._evidence = evidence
        self._drafts = drafts
        self._reader = Reader(clock, terminology, evidence.find)
        self._settings = settings
        self._findings: dict[tuple[str, frozenset[str]], Fact[Finding]] = {}
        self._ahead: dict[str, NotUnderstood] = {}
        self._read: dict[Analyte, list[Reading[Measurement]]] = {}
        self._facts: dict[Analyte, Fact[Measurement]] = {}
        self._days: dict[date, Record] = {}
        self.asked = {}

    def under(self, settings: FactSettings) -> Record:
        """The same record once more, read under other settings."""
        return Record(self._evidence, self._drafts, self._reader.clock, self._reader.terminology, settings)

    def on(self, day: date) -> Record:
        """The same record as of the end of an earlier day, without drafts; read once a day."""
        if day not in self._days:
            clock = self._reader.clock.at_the_end_of(day)
            self._days[day] = Record(self._evidence, (), clock, self._reader.terminology, self._settings)
        return self._days[day]

    def ordering(self, drafts: tuple[Order, ...]) -> Record:
        """The same record with other drafts: what of it was read is not read again."""
        other = Record(self._evidence, drafts, self._reader.clock, self._reader.terminology, self._settings)
        self._hand_on(other, but=OF_DRAFTS)
        other._read, other._facts = self._read, self._facts
        return other

    def _hand_on(self, other: Record, *, but: frozenset[str]) -> None:
        """Let another record of the patient keep what was read of this one, but the facts of these names."""
        made = vars(other).keys() | but
        vars(other).update({name: fact for name, fact in vars(self).items() if name not in made})
        if "exposures" in vars(other):
            # A copy: what was reckoned of them with the drafts there were is not kept.
            vars(other)["exposures"] = replace(self.exposures)

    def can_do_without(self, order: str) -> bool:
        """Whether `signing` an order on record (its reference) is the same as reading the record without it."""
        if order.partition("/")[0] not in OF_ORDERS or self._evidence.overfull:
            return False
        if self._gaps("person") or self._gaps("orders"):
            return False
        return self._evidence.can_do_without(order)

    def held_without(self, order: str, evidence: Evidence) -> None:
        """Let an evidence hold what this record was read from, but for an order on record."""
        evidence.take_over(self._evidence, without=order)

    def signing(self, order: str, drafts: tuple[Order, ...], evidence: Evidence) -> Record:
        """The record where an order on record is signed just now, and is not on record yet: `evidence` is `held_without` it.

        What was read of this one and rests on no order is not read again.
        """
        other = Record(evidence, drafts, self._reader.clock, self._reader.terminology, self._settings)
        if not evidence.holds_all_but(order, self._evidence):
            return other
        resource_type = order.partition("/")[0]
        self._hand_on(other, but=OF_ORDERS[resource_type])
        of_drugs = resource_type == "MedicationRequest"
        other._read, other._findings = dict(self._read), dict(self._findings)
        other._facts = {one: fact for one, fact in self._facts.items() if one.sooner is None or not of_drugs}
        for name in ("_drugs_read", "_orders_read"):
            if name in vars(self):
                vars(other)[name] = [one for one in vars(self)[name] if one[0] != order]
        return other

    @property
    def today(self) -> date:
        """The day of the request."""
        return self._reader.clock.today

    @property
    def settings(self) -> FactSettings:
        """The choices that the sources leave open."""
        return self._settings

    def _gaps(self, fact: str) -> tuple[Text, ...]:
        return self._evidence.gaps_of(NEEDS[fact])

    # --- the person ---------------------------------------------------------------------------------------------------

    @cached_property
    def person(self) -> Fact[Person]:
        """From the Patient resource."""
        for source, patient in self._evidence.of_type("Patient"):
            return Known(PERSON, _person(self._reader, patient, source), (source,))
        gaps = self._gaps("person")
        return Unavailable(PERSON, gaps) if gaps else Absent(PERSON)

    @property
    def ended(self) -> Text | None:
        """Why nobody acts on this record: the patient is deceased, or it was replaced; None where it is in use."""
        return self._status[1].ended

    @cached_property
    def _status(self) -> tuple[str, PatientStatus]:
        """Of the Patient resource; what was not looked up ends nothing."""
        for source, patient in self._evidence.of_type("Patient"):
            return source, status_of_patient(self._reader, patient)
        return "", PatientStatus()

    # --- results ------------------------------------------------------------------------------------------------------

    @cached_property
    def _results(self) -> dict[object, list[_Result]]:
        """Every result by its concepts, or by the analyte that its words name; components included."""
        results: dict[object, list[_Result]] = {}
        for source, observation in self._evidence.of_type("Observation"):
            self._index(results, source, observation, observation)
            for component in maps(observation.get("component")):
                self._index(results, source, observation, component)
        return results

    def _index(
        self, results: dict[object, list[_Result]], source: str, observation: Resource, node: Mapping[str, Any]
    ) -> None:
        recognised = self._reader.recognise(node.get("code"))
        if recognised.denied:
            return
        if not recognised.concepts and not recognised.known_system:
            uncoded = _Result(source, observation, node, unverified=False, uncoded=True)
            if named := analyte_named(texts_of(node.get("code")), self._reader.terminology):
                results.setdefault(named, []).append(uncoded)
            for concept in self._reader.terminology.recognise(without_system(node.get("code"), (LOINC,))).concepts:
                results.setdefault(concept, []).append(uncoded)
            return
        for concept in recognised.concepts:
            unverified = concept in recognised.unverified
            results.setdefault(concept, []).append(_Result(source, observation, node, unverified))
        asked = recognised.concepts & REQUESTS
        if asked and recognised.concepts.isdisjoint(RESULTS):
            # Coded as its request: what was measured is known, and not in which specimen.
            uncoded = _Result(source, observation, node, unverified=False, uncoded=True)
            for analyte in self._reader.terminology.analytes:
                if not asked.isdisjoint(analyte.ordered_by):
                    results.setdefault(analyte, []).append(uncoded)

    def _readings(self, analyte: Analyte) -> list[Reading[Measurement]]:
        """The results of an analyte, and those without a code whose words name it: they cannot be used."""
        if analyte not in self._read:
            self._read[analyte] = self._usable(analyte, analyte.concepts, analyte)
            other, units = analyte.only_in
            if other:
                self._read[analyte] += [
                    reading
                    for reading in self._usable(analyte, other)
                    if reading.found is not None and reading.found.reported.unit.strip(" {}") in units
                ]
        return self._read[analyte]

    def _usable(self, analyte: Analyte, concepts: frozenset[str], *named: Analyte) -> list[Reading[Measurement]]:
        found: dict[int, _Result] = {}
        for concept in (*concepts, *named):
            for result in self._results.get(concept, ()):
                found[id(result.node)] = result
        if not found:
            return []
        readings = [self._reading(result, analyte) for result in found.values()]
        usable = [reading for reading in readings if reading is not None]
        self._report_ahead(usable)
        return usable

    def _report_ahead(self, readings: Iterable[Reading[Any]]) -> None:
        """Remember those dated ahead: they are said, and decide nothing."""
        for one in readings:
            if one.when is not None and self._reader.clock.too_far_ahead(one.when):
                self._ahead[one.source] = NotUnderstood(
                    one.source, of_resource(one.source), dated_ahead(one.source, one.when)
                )

    def _reading(self, result: _Result, analyte: Analyte) -> Reading[Measurement] | None:
        """One result; without a code that we know it is told by a name only, and never used."""
        reading = read_result(
            self._reader,
            result.observation,
            result.node,
            result.source,
            analyte,
            unverified=result.unverified,
            person=self.person.value if isinstance(self.person, Known) else None,
        )
        if reading is None or not result.uncoded:
            return reading
        shown = None if reading.found is None else reading.found.reported
        problem = named_only(result.source, result.node.get("code"), shown)
        return replace(reading, found=None, problem=problem, by_name=True)

    def result(self, analyte: Analyte) -> Fact[Measurement]:
        """The newest valid result of an analyte; a recent drug may make it old sooner (`Analyte.sooner`)."""
        if analyte not in self._facts:
            self._facts[analyte] = self._newest(analyte, self._readings(analyte))
            if analyte.sooner is not None:
                self._facts[analyte] = self._sooner_old(analyte, self._facts[analyte], analyte.sooner)
        return self._facts[analyte]

    def _valid_days(self, setting: str) -> int:
        return int(getattr(self._settings, setting))

    def _newest(
        self,
        analyte: Analyte,
        readings: Sequence[Reading[Measurement]],
        *,
        valid_days: str = "",
        severity: Callable[[Measurement], Severity] | None = None,
    ) -> Fact[Measurement]:
        """The newest of these results, valid as long as the setting of that name says, else the analyte's own."""
        gaps, days = self._evidence.gaps_of((analyte.query,)), self._valid_days(valid_days or analyte.valid_days)
        return newest_result(self._reader.clock, analyte, readings, gaps, valid_days=days, severity=severity)

    def _sooner_old(self, analyte: Analyte, usual: Fact[Measurement], sooner: Sooner) -> Fact[Measurement]:
        """A result that a recent drug makes old sooner; where it alone decides, its absence must be known."""
        soon = self._newest(analyte, self._readings(analyte), valid_days=sooner.valid_days)
        if usual == soon:
            return usual
        drugs, days = self.exposures.of(sooner.after), self._valid_days(sooner.given_days)
        given = drugs.in_last(days)
        if given is None:
            shown = soon.stale if isinstance(soon, Absent) else None
            return Unavailable(usual.what, drugs.unavailable.why, shown, usual.sources)
        if not given:
            return usual
        counted = drugs.recent(days)
        doubted = () if any(one.certain for one in counted) else tuple(uncertain_remark(one) for one in counted)
        return replace(soon, remarks=(*soon.remarks, *doubted))

    @cached_property
    def vitamin_d(self) -> Fact[VitaminD]:
        """25-OH-D: totals, D3 alone, or D2 and D3 of one sample summed."""
        readings = sum_of_fractions(*(self._readings(one) for one in (VITAMIN_D, VITAMIN_D3, VITAMIN_D2)))
        return vitamin_d_fact(self._newest(VITAMIN_D, readings, severity=vitamin_d_severity))

    @cached_property
    def calcium(self) -> Fact[CorrectedCalcium]:
        """Corrected calcium, valid `calcium_valid_days`."""
        return self._corrected_calcium(self._settings.calcium_valid_days)

    @cached_property
    def crisis_calcium(self) -> Fact[CorrectedCalcium]:
        """Corrected calcium, valid `crisis_valid_days`."""
        return self._corrected_calcium(self._settings.crisis_valid_days)

    def _corrected_calcium(self, valid_days: int) -> Fact[CorrectedCalcium]:
        return corrected_calcium(
            self._reader.clock,
            self._readings(CALCIUM),
            self._readings(CORRECTED_CALCIUM),
            self._readings(ALBUMIN),
            calcium_gaps=self._evidence.gaps_of((CALCIUM.query,)),
            albumin_gaps=self._evidence.gaps_of((ALBUMIN.query,)),
            valid_days=valid_days,
            albumin_valid_days=self._settings.calcium_valid_days,
            albumin_window_days=self._settings.albumin_window_days,
            usual_limits=(self._settings.low_calcium_below, self._settings.high_calcium_above),
        )

    @cached_property
    def clearance(self) -> Fact[Clearance]:
        """Below the limit of bisphosphonates in kidney failure; else by the first route that the record allows."""
        failure = kidney_failure(self.conditions, self.procedures, self.today)
        if isinstance(failure, Known):
            return failure
        if (doubted := doubted_kidney_failure(self.conditions, self.procedures, self.today)) is not None:
            return doubted
        found = clearance(self._renal_inputs, self.today)
        return not_looked_for(found) if isinstance(failure, Unavailable) and isinstance(found, Known) else found

    @cached_property
    def clearance_inputs_missing(self) -> tuple[Text, ...]:
        """What a Cockcroft-Gault computation still needs."""
        return missing_inputs(self._renal_inputs, self.today)

    @cached_property
    def _renal_inputs(self) -> RenalInputs:
        """A value per 1.73 m² is an eGFR whatever its code says, as one with an eGFR's code is whatever its unit says."""
        reported, measured = self._readings(COCKCROFT), self._readings(MEASURED_CLEARANCE)
        normalised = [reading for reading in (*reported, *measured) if _per_body_surface(reading)]
        return RenalInputs(
            cockcroft=self._newest(COCKCROFT, [one for one in reported if not _per_body_surface(one)]),
            creatinine=self.result(CREATININE),
            measured=self._newest(MEASURED_CLEARANCE, [one for one in measured if not _per_body_surface(one)]),
            egfr=self._newest(EGFR, [*self._readings(EGFR), *normalised]),
            weight=self.result(WEIGHT),
            person=self.person,
        )

    # --- findings -----------------------------------------------------------------------------------------------------

    def finding(self, name: str, regions: frozenset[str] = frozenset()) -> Fact[Finding]:
        """The newest recorded finding whose bone matches, of several bones the worst; one without a body site applies.

        Without regions a score is that of any bone, the worst of them; any other finding is one of the patient.
        """
        key = (name, regions)
        if key not in self._findings:
            readings = [
                reading for reading in self._finding_readings.get(name, ()) if may_be_same(reading.regions, regions)
            ]
            clock, gaps, days = self._reader.clock, self._gaps("finding"), self._settings.finding_valid_days
            if regions or self._reader.terminology.score_recorded_as(name) is not None:
                found = worst_of_bones(clock, name, readings, gaps, valid_days=days, regions=regions)
            else:
                found = newest_finding(clock, name, readings, gaps, valid_days=days, of_a_site=False)
            self._findings[key] = found
        return self._findings[key]

    @cached_property
    def _finding_readings(self) -> dict[str, list[FindingReading]]:
        readings: dict[str, list[FindingReading]] = {}
        for source, observation in self._evidence.of_type("Observation"):
            nodes = [one for one in (observation, *maps(observation.get("component"))) if self._may_be_finding(one)]
            regions = regions_of(self._reader, observation.get("bodySite")) if nodes else frozenset()
            for node in nodes:
                for name in self._finding_names(node, regions):
                    reading = read_finding(
                        self._reader,
                        observation,
                        node,
                        source,
                        name,
                        regions,
                        unverified=name in self._reader.recognise(node.get("code")).unverified,
                    )
                    if reading is not None:
                        readings.setdefault(name, []).append(reading)
        for source, response in self._evidence.of_type("QuestionnaireResponse"):
            if found := read_response(self._reader, response, source):
                name, reading = found
                readings.setdefault(name, []).append(reading)
        for several in readings.values():
            self._report_ahead(several)
        return readings

    def _may_be_finding(self, node: Mapping[str, Any]) -> bool:
        """No result of something else: it has a code of a finding, or none that we know."""
        concepts = self._reader.recognise(node.get("code")).concepts
        return not concepts or not concepts.isdisjoint(FINDING_CONCEPTS)

    def _finding_names(self, node: Mapping[str, Any], regions: frozenset[str]) -> Iterator[str]:
        concepts = self._reader.recognise(node.get("code")).concepts
        yield from findings_of(concepts, at_a_bone=bool(regions))
        if not concepts and (
            by_text := self._reader.terminology.recognise_finding_name(a_text(a_map(node.get("code")).get("text")))
        ):
            yield by_text

    # --- what was given -----------------------------------------------------------------------------------------------

    @cached_property
    def exposures(self) -> Exposures:
        """Administrations, statements and requests; of a draft, the order on record that it revises."""
        entries = [one for _source, one in self._drugs_read if isinstance(one, Exposure)]
        gaps = (*self._gaps("exposures"), *(one for _source, one in self._drugs_read if not isinstance(one, Exposure)))
        found = confirmed(entries, self.today)
        return Exposures(EXPOSURES, self.today, found, tuple(dict.fromkeys(gaps)), self._settings)

    @cached_property
    def _drugs_read(self) -> list[tuple[str, Exposure | Text]]:
        """Each by its source; of a drug that cannot be told, why."""
        read_all: list[tuple[str, Exposure | Text]] = []
        for resource_type, read in (
            ("MedicationAdministration", administration),
            ("MedicationStatement", statement),
            ("MedicationRequest", request),
        ):
            for source, resource in self._evidence.of_type(resource_type):
                coded = coded_medication(self._reader, resource)
                if no_information(coded):
                    read_all.append((source, not_known(source, coded)))
                    continue
                drug = systemic_drug(self._reader, resource)
                exposure = read(self._reader, resource, source, drug)
                if exposure is None:
                    continue
                if drug.concepts:
                    read_all.append((source, replace(exposure, certain=False) if drug.denied else exposure))
                elif drug.possible:
                    read_all.append((source, possible_exposure(exposure)))
                elif not drug.identified and not (drug.named and drug.unresolved is None):
                    read_all.append((source, drug.unresolved or unidentified(source, drug.name)))
        return read_all

    # --- conditions, acts, orders -------------------------------------------------------------------------------------

    @cached_property
    def conditions(self) -> Collected[Diagnosis]:
        """Conditions that are not refuted, and Observations of a metastasis to a bone."""
        named = encounters_by_diagnosis(self._evidence)

        def read(reader: Reader, resource: Resource, source: str) -> Diagnosis | None:
            return diagnosis(reader, resource, source, named.get(source))

        found = self._collected(CONDITIONS, "conditions", "Condition", read)
        observed = [diagnosis(self._reader, *one) for one in bone_metastases(self._reader, self._evidence)]
        more = _sorted_out(CONDITIONS, (one for one in observed if one is not None), ())
        return replace(found, entries=found.entries + more.entries, uncertain=found.uncertain + more.uncertain)

    @cached_property
    def allergies(self) -> Collected[Allergy]:
        """Allergies that are not refuted."""
        return self._collected(ALLERGIES, "allergies", "AllergyIntolerance", allergy)

    @cached_property
    def procedures(self) -> Collected[Act]:
        """Procedures that were begun at least."""
        return self._collected(PROCEDURES, "procedures", "Procedure", procedure)

    @cached_property
    def consultations(self) -> Collected[Act]:
        """Encounters that took place."""
        return self._collected(CONSULTATIONS, "consultations", "Encounter", encounter)

    @cached_property
    def radiotherapies(self) -> Collected[RadiotherapyCourse]:
        """Procedures of external radiotherapy, joined into courses."""
        found = courses(self._reader, self._evidence.of_type("Procedure"), self._evidence.of_type("ServiceRequest"))
        return _sorted_out(RADIOTHERAPY, found, self._gaps("radiotherapies"))

    @cached_property
    def radiotherapy_orders(self) -> Collected[RadiotherapyOrder]:
        """Drafts, and the open orders of the record of which nothing was done; phases folded into their course.

        A Procedure that is still to be done, that was not done or was entered in error leaves its order open.
        """
        done: set[str] = set()
        for _source, procedure_resource in self._evidence.of_type("Procedure"):
            if act_standing(procedure_resource, counting=GIVEN).counts is not False:
                done |= links_of(procedure_resource)
        asked = [one for one in self.orders if isinstance(one, RadiotherapyOrder)]
        folded = courses_of_orders([replace(one, triggers=True) for one in asked])
        planned = tuple(
            replace(whole, triggers=one.triggers)
            for one, whole in zip(asked, folded, strict=True)
            if isinstance(whole, RadiotherapyOrder) and whole.triggers and (one.draft or done.isdisjoint(one.links))
        )
        maybe = tuple(
            Uncertain(one.entry, one.why)
            for one in self.orders.uncertain
            if isinstance(one.entry, RadiotherapyOrder) and done.isdisjoint(one.entry.links)
        )
        return Collected(RADIOTHERAPY, planned, self._gaps("radiotherapy_orders"), maybe)

    @cached_property
    def imaging(self) -> Collected[Act]:
        """Imaging studies and diagnostic reports."""
        studies = self._collected(IMAGING, "imaging", "ImagingStudy", imaging_study)
        reports = self._collected(IMAGING, "imaging", "DiagnosticReport", report)
        return replace(
            studies, entries=studies.entries + reports.entries, uncertain=studies.uncertain + reports.uncertain
        )

    @cached_property
    def orders(self) -> Collected[Order]:
        """All drafts, and the open orders of the record that are not one of them, nor to be replaced by one before they begin."""
        drafts = {order.reference for order in self._drafts if order.reference}
        replaced = frozenset().union(*(order.replaces for order in self._drafts))
        read = [
            one
            for _source, reference, one in self._orders_read
            if reference not in drafts and not (reference in replaced and self._is_to_come(one))
        ]
        found = (one for one in read if isinstance(one, Order))
        maybe = (one for one in read if isinstance(one, Uncertain))
        return Collected(ORDERS, (*self._drafts, *found), self._gaps("orders"), tuple(maybe))

    def _is_to_come(self, one: Order | Uncertain[Order]) -> bool:
        planned = (one.entry if isinstance(one, Uncertain) else one).planned
        return planned.assumed or planned.when.first > self.today

    @cached_property
    def _orders_read(self) -> list[tuple[str, str, Order | Uncertain[Order]]]:
        """The open orders of the record, and its Procedures that are still to be done, each by its source and its reference."""
        read_all: list[tuple[str, str, Order | Uncertain[Order]]] = []
        for resource_type, standing_of in PLANNED.items():
            for source, resource in self._evidence.of_type(resource_type):
                stands = standing_of(resource)
                if stands.counts is False:
                    continue
                order = read_order(self._reader, resource)
                told = order if stands.why is None else Uncertain(order, uncertain(order.name, source, stands.why))
                read_all.append((source, reference_of(resource), told))
        return read_all

    # --- what was not understood --------------------------------------------------------------------------------------

    def not_understood(self) -> tuple[NotUnderstood, ...]:
        """What no rule could rely on of the facts that were asked.

        The patient's own record, results dated ahead, and conditions and acts in words only; what else is uncertain is
        for the guideline to say.

        Call it once the rules have been asked. A condition in words that another one of the record states in a code says
        nothing new.
        """
        source, status = self._status
        found = [*(NotUnderstood(source, PATIENT, why) for why in status.unsure), *self._ahead.values()]
        if self.has_read("conditions"):
            found += self._conditions_not_coded()
        if self.has_read("procedures") or self.has_read("radiotherapies"):
            found += self._acts_not_coded()
        if self.has_read("orders") or self.has_read("radiotherapy_orders"):
            found += self._orders_not_coded()
        return tuple(found)

    def has_read(self, fact: str) -> bool:
        """Some rule of the request asked for the fact of this name."""
        return fact in vars(self)

    def _conditions_not_coded(self) -> Iterator[NotUnderstood]:
        coded = frozenset().union(*(one.concepts for one in self.conditions if one.active and not one.suspected))
        for source, resource in self._evidence.of_type("Condition"):
            code = resource.get("code")
            meaning = self._uncoded_meaning(code, CONDITIONS_SAID, (ICD_10, SNOMED_CT))
            unnamed = meaning is None and is_nameless(self._reader.terminology, code)
            if not unnamed and (meaning is None or not coded.isdisjoint(meaning.concepts)):
                continue
            read = diagnosis(self._reader, resource, source)
            if read is not None and (read.unsure is not None or (read.active and not read.suspected)):
                yield nameless(source, code) if unnamed else not_coded(source, code)

    def _acts_not_coded(self) -> Iterator[NotUnderstood]:
        for source, resource in self._evidence.of_type("Procedure"):
            code = resource.get("code")
            named = self._uncoded_meaning(code, ACTS_SAID, (SNOMED_CT, CCAM)) is not None or self._heads_a_line(code)
            unnamed = not named and is_nameless(self._reader.terminology, code)
            if (named or unnamed) and procedure(self._reader, resource, source) is not None:
                yield nameless(source, code) if unnamed else not_coded(source, code)

    def _orders_not_coded(self) -> Iterator[NotUnderstood]:
        """The open orders of acts of which nobody can tell what they are."""
        drafts = {order.reference for order in self._drafts}
        for source, resource in self._evidence.of_type("ServiceRequest"):
            code = resource.get("code")
            if source in drafts or is_laboratory(resource) or not is_nameless(self._reader.terminology, code):
                continue
            if open_order(resource).counts is not False:
                yield nameless(source, code)

    def _heads_a_line(self, code: object) -> bool:
        """An act without a code of ours whose words an order would be known by, wholly or by half."""
        recognised = self._reader.recognise(code)
        if recognised.concepts or recognised.denied:
            return False
        read = (self._reader.terminology.read_line(text) for text in texts_of(code))
        return any(not (said.concepts | said.may_be).isdisjoint(NAMED_ACTS) for said in read)

    def _uncoded_meaning(self, code: object, meanings: tuple[Meaning, ...], systems: Iterable[str]) -> Meaning | None:
        """What words, or a code without its system, say that no code of the concept says, or says only to look like."""
        recognised = self._reader.recognise(code)
        if recognised.denied:
            return None
        guessed = self._reader.terminology.recognise(without_system(code, systems)).concepts
        meaning = meant(texts_of(code), meanings) or next(
            (one for one in meanings if not guessed.isdisjoint(one.concepts)), None
        )
        return meaning if meaning is not None and recognised.concepts.isdisjoint(meaning.concepts) else None

    def _collected(
        self, what: Text, fact: str, resource_type: str, read: Callable[[Reader, Resource, str], E | None]
    ) -> Collected[E]:
        found: list[E] = []
        unknown: list[Text] = []
        for source, resource in self._evidence.of_type(resource_type):
            if no_information(resource.get("code")):
                unknown.append(not_known(source, resource.get("code")))
            elif (entry := read(self._reader, resource, source)) is not None:
                found.append(entry)
        return _sorted_out(what, found, (*self._gaps(fact), *unknown))


def _sorted_out(what: Text, entries: Iterable[E], gaps: tuple[Text, ...]) -> Collected[E]:
    """Those that count, and those of which nobody can tell."""
    found = list(entries)
    return Collected(
        what,
        tuple(one for one in found if one.unsure is None),
        gaps,
        tuple(Uncertain(one, uncertain(one.name, one.source, one.unsure)) for one in found if one.unsure is not None),
    )


def _per_body_surface(reading: Reading[Measurement]) -> bool:
    return reading.found is not None and reading.found.per_body_surface


def _person(reader: Reader, patient: Resource, source: str) -> Person:
    sex, birth = GENDER.of(patient), reader.date(patient.get("birthDate"))
    told = None if sex in (ABSENT, NOT_UNDERSTOOD) else sex
    if birth is not None and not _may_be_alive(birth, reader.clock.today):
        birth = None
    return Person(told, birth, source)


OLDEST_YEARS = 120
"""A birth date longer ago says nothing, as one ahead (`rules.md`, "Dates that say nothing")."""


def _may_be_alive(birth: When, today: date) -> bool:
    return birth.first <= today and birth.last >= add_months(today, -12 * OLDEST_YEARS)
