"""What the drafts of a hook hold: orders, what holds orders, what orders nothing, and what may order and cannot be read.

Every type of R4 is in one of the tables, by what it may order; what is in none of them may order something, and is told.
What a container holds is an order as one of its own entry is: contained in it, referred to, or written within; so is an order
that is contained in what orders nothing, an appointment say.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mappings.evidence import Resource, local_reference, reference_of, typed
from mappings.readers.orders import DRAFTED, NO_ORDER, ORDER_TYPES
from mappings.readers.reader import contained
from mappings.readers.shapes import codings
from mappings.readers.standing import denial, modification
from mappings.shapes import NOTHING, a_map, a_text, maps
from mappings.vocabulary.elements import DELETED, ORDER_STATUS
from mappings.wording import Text, _


def _types(*several: str) -> frozenset[str]:
    return frozenset(name for names in several for name in names.split())


ORDERS_NOTHING = _types(
    # Orders, and what is asked for, of another kind than the drugs, acts and examinations of a guideline.
    "Appointment AppointmentResponse Claim ClaimResponse Communication CommunicationRequest CoverageEligibilityRequest",
    "CoverageEligibilityResponse DeviceRequest EnrollmentRequest EnrollmentResponse ImmunizationRecommendation Invoice",
    "NutritionOrder SupplyDelivery SupplyRequest VisionPrescription",
    # What is recorded of a patient.
    "AdverseEvent AllergyIntolerance BodyStructure CareTeam ClinicalImpression Condition Consent Coverage DetectedIssue",
    "DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference Encounter EpisodeOfCare ExplanationOfBenefit",
    "FamilyMemberHistory Flag Goal ImagingStudy Immunization ImmunizationEvaluation Media MolecularSequence Observation",
    "QuestionnaireResponse RiskAssessment Specimen",
    # People, places and things.
    "Account AdministrableProductDefinition BiologicallyDerivedProduct CatalogEntry ChargeItem ChargeItemDefinition",
    "Contract Device DeviceDefinition DeviceMetric Endpoint Group HealthcareService Ingredient InsurancePlan Location",
    "ManufacturedItemDefinition Medication MedicationKnowledge MedicinalProductDefinition NutritionProduct Organization",
    "OrganizationAffiliation PackagedProductDefinition Patient PaymentNotice PaymentReconciliation Person Practitioner",
    "PractitionerRole RegulatedAuthorization RelatedPerson Schedule Slot Substance SubstanceDefinition",
    # Research, and what FHIR says of itself.
    "AuditEvent Binary CapabilityStatement Citation ClinicalUseDefinition CodeSystem CompartmentDefinition ConceptMap",
    "EventDefinition Evidence EvidenceReport EvidenceVariable ExampleScenario GraphDefinition ImplementationGuide Library",
    "Linkage Measure MeasureReport MessageDefinition MessageHeader NamingSystem ObservationDefinition OperationDefinition",
    "Provenance Questionnaire ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject SearchParameter",
    "SpecimenDefinition StructureDefinition StructureMap Subscription SubscriptionStatus SubscriptionTopic",
    "TerminologyCapabilities TestReport TestScript ValueSet VerificationResult",
)
"""The types of R4 and R4B that order nothing that a rule could be about (HL7 FHIR 4.0.1 and 4.3.0, resource list)."""

MOST_LEVELS = 8
"""How deep containers are followed into each other."""

MOST_HELD = 1000
"""Resources of the drafts that are looked at: twice the entries that a request may have."""

NOT_R4 = _(
    "it cannot be read as an order",
    hint=_("it is no FHIR R4 order: send a MedicationRequest or a ServiceRequest, each as its own entry"),
)
NO_RESOURCE = _(
    "it was sent without its content",
    hint=_("its entry holds no resource: send the order whole, as the resource of the entry"),
)
NOT_FOUND = _("what it orders could not be looked up", hint=_("send the order whole, as its own entry"))
TOO_MANY = _("it holds more orders than are read", hint=_("send fewer at once"))


@dataclass(slots=True, eq=False)
class DraftEntry:
    """One resource of the drafts: an order, a container, or (with `unreadable`) what may order something and cannot be read.

    `names` are those by which a selection may mean it, `reference` is how a card refers to it, `name` what it is called
    where no resource tells, `refers_to` the reference of one that was not sent, `holds` the places of what it holds among
    the entries. `itself` is true for a resource that a client can change or remove by its id: one that was sent as an
    entry. `otherwise` is the same as a medication order, where nothing says whether it is one.
    """

    resource: Resource
    names: frozenset[str] = frozenset()
    reference: str = ""
    itself: bool = True
    name: str = ""
    holds: list[int] = field(default_factory=list)
    unreadable: Text | None = None
    refers_to: str = ""
    otherwise: Resource | None = None

    @property
    def is_order(self) -> bool:
        """It is of a type that is read as an order."""
        return self.unreadable is None and type_of(self.resource) in DRAFTED


Finder: TypeAlias = Callable[[object], Resource | None]


def type_of(resource: Resource) -> str:
    """The resource's type, in its own spelling."""
    return a_text(resource.get("resourceType"))


def entries_of(drafts: Iterable[Mapping[str, Any]], find: Finder) -> tuple[DraftEntry, ...]:
    """The entries of the drafts, and all that they hold, each once; `find` leads to what was sent elsewhere.

    Bounded in depth and number; what lies beyond is told.
    """
    walk = _Walk(find)
    for entry in drafts:
        walk.sent(entry, None, 0)
    walk.follow()
    return tuple(walk.found)


def selected(entries: Sequence[DraftEntry], names: frozenset[str]) -> frozenset[int]:
    """The places of the entries that one of these names means, and of all that they hold."""
    open_ones = [place for place, entry in enumerate(entries) if not names.isdisjoint(entry.names)]
    found = set(open_ones)
    while open_ones:
        held = [place for place in entries[open_ones.pop()].holds if place not in found]
        found.update(held)
        open_ones += held
    return frozenset(found)


def sent_beside(
    drafts: Iterable[Mapping[str, Any]], resource_types: Collection[str]
) -> Iterator[tuple[Resource, object]]:
    """The resources of these types among the drafts and the Bundles and Parameters of these, with their `fullUrl`."""
    level: list[object] = list(drafts)
    for _level in range(MOST_LEVELS + 1):
        inner: list[object] = []
        for entry in level:
            told, resource = a_map(entry), _resource_of(entry)
            if type_of(resource) in resource_types:
                yield resource, told.get("fullUrl")
            elif (holds := ENVELOPES.get(type_of(resource))) is not None:
                inner += holds(resource).sent
        level = inner


def _resource_of(entry: object) -> Resource:
    """The resource of an entry; some clients send it in the place of the entry."""
    told = a_map(entry)
    return typed(told if "resource" not in told and "resourceType" in told else a_map(told.get("resource")))


# --- what a container holds -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Contents:
    """What a container holds: entries with a resource, references, and orders that are written within.

    `unreadable` is why parts of it cannot be read, `withheld` are the references of those, and of what it took out.
    """

    sent: list[object] = field(default_factory=list)
    references: list[object] = field(default_factory=list)
    within: list[tuple[Resource, Resource | None]] = field(default_factory=list)
    unreadable: list[Text] = field(default_factory=list)
    withheld: set[str] = field(default_factory=set)

    def read(self, parts: Iterable[Mapping[str, Any]], *references: str) -> Iterator[Mapping[str, Any]]:
        """The parts that mean what they seem to; of others the references of these members are withheld."""
        for part in parts:
            if (why := modification(part)) is None:
                yield part
            else:
                self.unreadable.append(why)
                self.withheld.update(local_reference(part.get(name)) for name in references)


def _listed(value: object) -> Iterator[object]:
    """The members of an array, whatever they are; a single one is an array of one."""
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def _bundle(bundle: Resource) -> _Contents:
    found = _Contents()
    for entry in _listed(bundle.get("entry")):
        if (why := modification(a_map(entry))) is None:
            found.sent.append(entry)
        else:
            found.unreadable.append(why)
    return found


def _nested(node: Mapping[str, Any], outer: str, inner: str) -> Iterator[Mapping[str, Any]]:
    """The objects of an array and of the arrays within them, in the order in which they stand."""
    open_ones = list(maps(node.get(outer)))[::-1]
    while open_ones:
        one = open_ones.pop()
        yield one
        open_ones += list(maps(one.get(inner)))[::-1]


def _parameters(parameters: Resource) -> _Contents:
    found = _Contents()
    for part in found.read(_nested(parameters, "parameter", "part"), "valueReference"):
        if "resource" in part:
            found.sent.append(part)
        if "valueReference" in part:
            found.references.append(part["valueReference"])
        coded = codings(part.get("valueCodeableConcept")) or list(maps(part.get("valueCoding")))
        said = a_text(part.get("valueString")) or a_text(a_map(part.get("valueCodeableConcept")).get("text"))
        found.within += _written(coded, said)
    return found


def _request_group(group: Resource) -> _Contents:
    found = _Contents()
    for action in found.read(_nested(group, "action", "action"), "resource"):
        if "resource" in action:
            found.references.append(action["resource"])
        elif "action" not in action:
            coded = [coding for concept in maps(action.get("code")) for coding in codings(concept)]
            said = next((text for name in _SAID if (text := a_text(action.get(name)))), "")
            found.within += _written(coded, said)
            found.references += [action[name] for name in _DEFINITIONS if name in action and not (coded or said)]
    if not next(iter(maps(group.get("action"))), None):
        found.references += _instantiated(group)
    return found


def _instantiated(holder: Resource) -> list[object]:
    """The definitions that a group or a plan without any content of its own stands for; they cannot be looked up."""
    return [one for name in ("instantiatesCanonical", "instantiatesUri") for one in _listed(holder.get(name))]


_SAID = ("title", "textEquivalent", "description")
_DEFINITIONS = ("definitionCanonical", "definitionUri")


def _care_plan(plan: Resource) -> _Contents:
    found = _Contents()
    activities = list(maps(plan.get("activity")))
    for activity in found.read(activities, "reference", "plannedActivityReference"):
        found.references += [activity[name] for name in ("reference", "plannedActivityReference") if name in activity]
        detail = a_map(activity.get("detail"))
        if detail and a_text(detail.get("kind")) not in ORDERS_NOTHING:
            found.within.append(_activity(detail))
    if not activities and not plan.get("contained"):
        found.references += _instantiated(plan)
        found.within += _written([], a_text(plan.get("description")) or a_text(plan.get("title")))
    return found


def _activity(detail: Mapping[str, Any]) -> tuple[Resource, Resource | None]:
    """An activity of a care plan as the request that it stands for (HL7 FHIR 4.0.1, CarePlan.activity.detail)."""
    product, referred = a_map(detail.get("productCodeableConcept")), a_map(detail.get("productReference"))
    code = a_map(detail.get("code")) or ({"text": said} if (said := a_text(detail.get("description"))) else NOTHING)
    common = {
        name: detail[name]
        for name in ("status", "reasonCode", "reasonReference", "modifierExtension", "doNotPerform")
        if name in detail
    }
    if "prohibited" in detail:
        common |= {"doNotPerform": detail["prohibited"]}
    act = common | {"resourceType": "ServiceRequest", "code": code}
    for name in ("Timing", "Period"):
        if isinstance(when := detail.get(f"scheduled{name}"), dict):
            act[f"occurrence{name}"] = when
    timing, period = a_map(detail.get("scheduledTiming")), a_map(detail.get("scheduledPeriod"))
    if period:
        timing = {"repeat": {"boundsPeriod": period}}
    line: dict[str, Any] = {"text": a_text(detail.get("description")), "timing": timing}
    if isinstance(daily := detail.get("dailyAmount"), dict):
        line["doseAndRate"] = [{"doseQuantity": daily}]
        repeat = a_map(timing.get("repeat"))
        line["timing"] = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"} | dict(repeat)}
    drug = common | {"resourceType": "MedicationRequest", "dosageInstruction": [line]}
    drug |= (
        {"medicationReference": referred}
        if referred and not product
        else {"medicationCodeableConcept": product or code}
    )
    kind = a_text(detail.get("kind"))
    if product or referred or kind == "MedicationRequest":
        return drug, None
    return act, drug if kind != "ServiceRequest" else None


def _task(task: Resource) -> _Contents:
    found = _Contents()
    if "focus" in task:
        found.references.append(task["focus"])
    inputs = list(found.read(maps(task.get("input")), "valueReference"))
    found.references += [one["valueReference"] for one in inputs if "valueReference" in one]
    if found.references or task.get("contained"):
        return found
    concepts = [task.get("code"), *(one.get("valueCodeableConcept") for one in inputs)]
    coded = [coding for concept in concepts for coding in codings(concept)]
    texts = [a_text(a_map(concept).get("text")) for concept in concepts]
    texts += [a_text(task.get("description")), *(a_text(one.get("valueString")) for one in inputs)]
    found.within += _written(coded, next(filter(None, texts), ""))
    return found


def _list(listed: Resource) -> _Contents:
    found = _Contents()
    for entry in found.read(maps(listed.get("entry")), "item"):
        if DELETED.of(entry) == "true":
            found.withheld.add(local_reference(entry.get("item")))
        elif "item" in entry:
            found.references.append(entry["item"])
    return found


def _composition(composition: Resource) -> _Contents:
    sections = _nested(composition, "section", "section")
    return _Contents(references=[one for section in sections for one in _listed(section.get("entry"))])


def _guidance(response: Resource) -> _Contents:
    return _Contents(references=list(_listed(response.get("result"))))


def _written(coded: Sequence[Mapping[str, Any]], said: str) -> list[tuple[Resource, Resource | None]]:
    """What is ordered by a code or words alone: an act, or a drug."""
    if not coded and not said:
        return []
    concept = {"coding": list(coded), "text": said}
    return [
        (
            {"resourceType": "ServiceRequest", "code": concept},
            {"resourceType": "MedicationRequest", "medicationCodeableConcept": concept},
        )
    ]


ENVELOPES: Mapping[str, Callable[[Resource], _Contents]] = {"Bundle": _bundle, "Parameters": _parameters}
HOLDERS: Mapping[str, Callable[[Resource], _Contents]] = {
    **ENVELOPES,
    "RequestGroup": _request_group,
    "RequestOrchestration": _request_group,
    "CarePlan": _care_plan,
    "Task": _task,
    "List": _list,
    "Composition": _composition,
    "GuidanceResponse": _guidance,
}
"""The types that hold orders; RequestOrchestration is R5's name of RequestGroup."""


# --- the walk ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Walk:
    """Entries as they are found; references are followed once all that was sent is known."""

    find: Finder
    found: list[DraftEntry] = field(default_factory=list)
    by_name: dict[str, list[int]] = field(default_factory=dict)
    to_follow: deque[tuple[object, int, int]] = field(default_factory=deque)

    def sent(self, entry: object, holder: int | None, depth: int) -> None:
        """An entry of the drafts or of a container."""
        resource = _resource_of(entry)
        names = {reference_of(resource), a_text(a_map(entry).get("fullUrl")), a_text(resource.get("id"))} - {""}
        self._visit(DraftEntry(resource, frozenset(names), reference_of(resource)), holder, depth)

    def follow(self) -> None:
        """The references of the containers: among what was sent, else where `find` leads."""
        while self.to_follow:
            self._follow(*self.to_follow.popleft())

    def _follow(self, reference: object, holder: int, depth: int) -> None:
        of = self.found[holder]
        local, written = local_reference(reference), a_text(a_map(reference).get("reference"))
        if local.startswith("#"):
            if contained(of.resource, reference) is None:
                self._not_found(reference, holder)
        elif places := self.by_name.get(written) or self.by_name.get(local):
            of.holds += (place for place in places if place != holder)
        elif (resource := self.find(reference)) is not None:
            names = frozenset({reference_of(resource), written, local} - {""})
            self._visit(DraftEntry(resource, names, reference_of(resource), itself=False), holder, depth)
        elif (a_text(a_map(reference).get("type")) or local.partition("/")[0]) not in ORDERS_NOTHING:
            self._not_found(reference, holder)

    def _not_found(self, reference: object, holder: int) -> None:
        name = a_text(a_map(reference).get("display"))[:80] or type_of(self.found[holder].resource)
        of = self.found[holder].reference
        local = local_reference(reference)
        self._add(
            DraftEntry(NOTHING, reference=of, itself=False, name=name, unreadable=NOT_FOUND, refers_to=local), holder
        )

    def _visit(self, entry: DraftEntry, holder: int | None, depth: int, *, is_contained: bool = False) -> None:
        kind, resource = type_of(entry.resource), entry.resource
        holds = HOLDERS.get(kind)
        if kind not in ORDERS_NOTHING and kind not in DRAFTED and holds is None:
            entry.name, entry.unreadable = kind, NOT_R4 if resource else NO_RESOURCE
        withdrawn = holds is not None and (ORDER_STATUS.of(resource) in NO_ORDER or denial(resource)[0])
        if holds is not None and not withdrawn:
            entry.name = kind
            entry.unreadable = TOO_MANY if depth > MOST_LEVELS else modification(resource)
        place = self._add(entry, holder)
        if place is None:
            return
        if kind in ORDERS_NOTHING and not is_contained and depth <= MOST_LEVELS:
            self._orders_contained(resource, place, depth)
        if holds is not None and not withdrawn and entry.unreadable is None:
            self._open(holds(resource), entry, place, depth, is_contained=is_contained)

    def _orders_contained(self, resource: Resource, place: int, depth: int) -> None:
        """The orders that something contains which orders nothing itself: an appointment, a claim."""
        for held in maps(resource.get("contained")):
            if type_of(held) in ORDER_TYPES:
                self._contained(held, place, depth + 1)

    def _open(self, contents: _Contents, entry: DraftEntry, place: int, depth: int, *, is_contained: bool) -> None:
        """What a container holds."""
        kind, resource = type_of(entry.resource), entry.resource
        for why in dict.fromkeys(contents.unreadable):
            self._add(DraftEntry(NOTHING, reference=entry.reference, itself=False, name=kind, unreadable=why), place)
        for inner in contents.sent:
            self.sent(inner, place, depth + 1)
        for inner in () if is_contained else maps(resource.get("contained")):
            if f"#{inner.get('id')}" not in contents.withheld:
                self._contained(inner, place, depth + 1)
        for act, drug in contents.within:
            self._within(act, drug, place)
        self.to_follow += ((reference, place, depth + 1) for reference in contents.references)

    def _contained(self, resource: Resource, holder: int, depth: int) -> None:
        """A resource that another contains; its own references within are to its neighbours."""
        of = self.found[holder]
        whole = {**_of_the_holder(of.resource), **resource}
        name = a_text(resource.get("id"))
        names = frozenset({reference_of(resource), name, f"#{name}"} if name else ())
        entry = DraftEntry(whole, names, f"{of.reference}#{name}", itself=False)
        self._visit(entry, holder, depth, is_contained=True)

    def _within(self, act: Resource, drug: Resource | None, holder: int) -> None:
        """An order that stands in the container itself; its references within are to what that contains."""
        of = self.found[holder]
        own = _of_the_holder(of.resource)
        otherwise = None if drug is None else {**own, **drug}
        self._add(DraftEntry({**own, **act}, reference=f"{of.reference}#", itself=False, otherwise=otherwise), holder)

    def _add(self, entry: DraftEntry, holder: int | None) -> int | None:
        """Its place among the entries; None where there are too many, which is told once."""
        place = len(self.found)
        if place > MOST_HELD:
            return None
        if place == MOST_HELD:
            kind = type_of(entry.resource if holder is None else self.found[holder].resource)
            entry = DraftEntry(NOTHING, name=kind, itself=False, unreadable=TOO_MANY)
        self.found.append(entry)
        for name in entry.names if "#" not in entry.reference else ():
            self.by_name.setdefault(name, []).append(place)
        if holder is not None:
            self.found[holder].holds.append(place)
        return place if place < MOST_HELD else None


def _of_the_holder(resource: Resource) -> dict[str, Any]:
    """Whom it is for, and what it contains."""
    subject = next((told for name in ("subject", "patient", "for") if (told := resource.get(name))), None)
    return {"subject": subject, "contained": resource.get("contained")}
