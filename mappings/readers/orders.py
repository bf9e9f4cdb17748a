"""Orders: the drafts of the hook, and the active and planned orders of the record (`rules.md`, "Draft order")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mappings.dates import When, day
from mappings.evidence import Resource, local_reference, reference_of
from mappings.facts import ActOrder, Drug, DrugOrder, Order, Planned, Prescription, RadiotherapyOrder, Unidentified
from mappings.readers.acts import act_regions, is_for_another_reason, reason_concepts, reason_regions
from mappings.readers.courses import (
    added_phases,
    intents_of,
    is_external_radiotherapy,
    links_of,
    prescription,
    sites_of,
    target_of,
    with_phases,
)
from mappings.readers.dosage import read_dosage
from mappings.readers.local_use import systemic_drug
from mappings.readers.medications import coded_medication
from mappings.readers.not_understood import meant, texts_of
from mappings.readers.reader import Reader
from mappings.readers.shapes import codings, shown_name
from mappings.readers.sites import regions_of, regions_of_bones, site_concepts
from mappings.readers.standing import Standing, denial, modification, modified_nodes, standing
from mappings.shapes import a_map, a_text, maps
from mappings.values import value
from mappings.versions import as_r4
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.acts_in_words import NOTHING_SAID, LineSaid
from mappings.vocabulary.analytes import ordered_analytes
from mappings.vocabulary.code_systems import is_of_drugs
from mappings.vocabulary.concepts import Recognised, code_of
from mappings.vocabulary.denials import denies_doing
from mappings.vocabulary.elements import (
    ABSENT,
    ADMINISTRATION_STATUS,
    DISPENSE_STATUS,
    INTENT,
    NOT_UNDERSTOOD,
    ORDER_STATUS,
    PRIORITY,
    PROCEDURE_STATUS,
    STATEMENT_STATUS,
    Element,
)
from mappings.vocabulary.meanings import ACTS_ORDERED, CONDITIONS_SAID, names_follow_up, with_acts_named
from mappings.vocabulary.names import says_nothing, words
from mappings.wording import Text, _, verbatim

ORDER_TYPES = ("MedicationRequest", "ServiceRequest")
"""The resources that the referential speaks of; other orders (a diet, a device) are irrelevant."""

NO_ORDER = frozenset({"cancelled", "entered-in-error", "stopped", "completed"})
OPEN = frozenset({"active", "on-hold"})
NOT_OPEN = NO_ORDER | {"draft", "proposed"}
ORDERED_INTENTS = frozenset(
    {"order", "original-order", "reflex-order", "filler-order", "instance-order", "plan", ABSENT}
)
URGENT = frozenset({"urgent", "asap", "stat"})

NOTHING_NAMED = _("it names nothing that is ordered")
NOT_IN_LISTS = _(
    "neither its code nor its name is known", hint=_("add a standard code, or a mapping for the local code")
)


INTENT_NOT_UNDERSTOOD = _("its intent is not one that the service knows: have it corrected")
CLASS_ALONE = _("it names a class, which does not say the drug: choose the drug itself")

NOT_IN_DISPENSE = frozenset({"not-done", "declined", "stopped", "entered-in-error"})
NOT_IN_EVENT = frozenset({"not-done", "completed", "stopped", "entered-in-error"})
NOT_IN_STATEMENT = frozenset({"not-taken", "completed", "stopped", "entered-in-error"})

DRAFTED: Mapping[str, tuple[Element, frozenset[str]]] = {
    **dict.fromkeys(ORDER_TYPES, (ORDER_STATUS, NO_ORDER)),
    "MedicationDispense": (DISPENSE_STATUS, NOT_IN_DISPENSE),
    "MedicationAdministration": (ADMINISTRATION_STATUS, NOT_IN_EVENT),
    "MedicationStatement": (STATEMENT_STATUS, NOT_IN_STATEMENT),
    "Procedure": (PROCEDURE_STATUS, NOT_IN_EVENT),
}
"""What is an order where it is drafted, with its status and what of it is none: what is to be handed over, given, taken or
done counts as one; what was handed over is yet to be given."""

TO_COME = frozenset({"preparation"})

_DOSAGE = {"MedicationAdministration": "dosage", "MedicationStatement": "dosage"}
_OF_A_DRUG = "Medication"


def unreadable_order(reader: Reader, name: str, reference: str, why: Text, *, index: int, triggers: bool) -> Order:
    """What is among the drafts, may order something and cannot be read."""
    return Order(
        reference=reference,
        index=index,
        draft=True,
        triggers=triggers,
        name=verbatim(name),
        concepts=frozenset(),
        identified=False,
        urgent=False,
        planned=_planned(reader, None),
        unidentified=Unidentified.UNREADABLE,
        unidentified_because=why,
    )


def is_order(resource: Resource) -> bool:
    """A draft that orders something, as `rules.md` counts orders: not revoked, not in error, not a "do not".

    What is drafted is an order unless it says otherwise: a status or a flag that is not understood leaves it one.
    """
    status, never = DRAFTED.get(a_text(resource.get("resourceType")), (None, NO_ORDER))
    return status is not None and status.of(resource) not in never and not denial(resource)[0]


def open_order(resource: Resource) -> Standing:
    """Whether an order of the record is active or planned; a proposal, an option or a directive is none."""
    stands = standing(resource, ORDER_STATUS, counting=OPEN, never=NOT_OPEN)
    intent = INTENT.of(resource)
    if stands.counts is False or intent in ORDERED_INTENTS:
        return stands
    if intent == NOT_UNDERSTOOD:
        return Standing(stands.status, counts=None, why=stands.why or INTENT_NOT_UNDERSTOOD)
    return Standing(stands.status, counts=False)


def act_to_come(resource: Resource) -> Standing:
    """Whether a Procedure of the record is still to be done: planned, it is an order; once begun it is an act done."""
    status = PROCEDURE_STATUS.of(resource)
    if status not in TO_COME:
        return Standing(status, counts=False)
    return standing(resource, PROCEDURE_STATUS, counting=TO_COME, never=frozenset())


def read_order(
    reader: Reader, resource: Resource, *, index: int = -1, draft: bool = False, triggers: bool = False
) -> Order:
    """One order in the words of the referential. Never raises: what cannot be read is not identified, and says why."""
    resource = _as_a_drug(reader, as_r4(resource))
    is_drug = a_text(resource.get("resourceType")).startswith(_OF_A_DRUG) or "medicationCodeableConcept" in resource
    read = _medication_order if is_drug else _service_order
    order = read(reader, resource, index=index, draft=draft, triggers=triggers)
    why = _not_what_it_seems(resource) if draft and (order.concepts or not order.identified) else None
    if why is None and isinstance(order, DrugOrder) and order.drug.denied and order.concepts:
        why = NOT_GIVEN
    if why is None and order.concepts and not is_drug and any(map(denies_doing, texts_of(resource.get("code")))):
        why = NOT_TO_BE_DONE
    return order if why is None else _concealed(order, why)


NOT_GIVEN = _("its words say that the drug is stopped or not given")
NOT_TO_BE_DONE = _("its words say that it is called off or was not done")


def _as_a_drug(reader: Reader, resource: Resource) -> Resource:
    """A ServiceRequest that orders a drug, by a code of drugs or by a line that its name heads, with what is a drug order's."""
    code = resource.get("code")
    if a_text(resource.get("resourceType")) != "ServiceRequest" or not code or is_laboratory(resource):
        return resource
    recognised = reader.recognise(code)
    in_code = recognised.concepts | recognised.possible
    if in_code:
        is_drug = any(is_of_drugs(a_text(coding.get("system"))) for coding in codings(code))
    else:
        said = texts_of(code)
        in_words = any(reader.terminology.orders_a_drug(one) for one in said)
        is_drug = in_words and not _in_words(reader, resource, code).concepts
    if not is_drug:
        return resource
    timing = resource.get("occurrenceTiming") or {"code": {"text": shown_name(code)}}
    return {**resource, "medicationCodeableConcept": code, "dosageInstruction": [{"timing": timing}]}


def _not_what_it_seems(resource: Resource) -> Text | None:
    """Why an order may not order what it names: a flag that may deny it, or a modifier that the service does not know."""
    _denied, why = denial(resource)
    return why or modification(resource) or next(modified_nodes(resource, "dosageInstruction", "dispenseRequest"), None)


def _concealed(order: Order, why: Text) -> Order:
    """The order by its name alone: nobody can tell what it orders."""
    kind = Unidentified.OURS if order.concepts else order.unidentified
    unknown = replace(order, concepts=frozenset(), identified=False, unidentified=kind, unidentified_because=why)
    if isinstance(unknown, DrugOrder):
        return replace(unknown, drug=Drug(frozenset(), order.name, identified=False))
    return unknown


def _medication_order(reader: Reader, resource: Resource, *, index: int, draft: bool, triggers: bool) -> Order:
    drug = systemic_drug(reader, resource)
    why = _unidentified_drug(reader, resource, drug)
    written = reader.date(resource.get("authoredOn"))
    lines = resource.get(_DOSAGE.get(a_text(resource.get("resourceType")), "dosageInstruction"))
    dosage = read_dosage(reader, lines, drug, written)
    return DrugOrder(
        reference=reference_of(resource),
        index=index,
        draft=draft,
        triggers=triggers,
        name=drug.name,
        concepts=drug.concepts,
        identified=drug.identified,
        urgent=PRIORITY.of(resource) in URGENT,
        planned=_planned(reader, dosage.first or _occurrence(reader, resource)),
        drug=drug,
        dosage=dosage,
        reasons=reason_concepts(reader, resource),
        reasons_unresolved=(*_unresolved_reasons(reader, resource), *_reasons_in_words(reader, resource)),
        unidentified=why,
        unidentified_because=None if why is None else drug.unresolved or (CLASS_ALONE if drug.possible else _told(why)),
    )


def _unidentified_drug(reader: Reader, resource: Resource, drug: Drug) -> Unidentified | None:
    """How much it may matter that the drug is not identified; None where it is."""
    if drug.identified:
        return None
    if drug.unresolved is not None:
        return Unidentified.NAMELESS
    if drug.named:
        return Unidentified.OTHER
    concept = coded_medication(reader, resource)
    said = texts_of(concept)
    names = any(not says_nothing(one) for one in said)
    if drug.possible and names and drug.possible.isdisjoint(sets.ANTIRESORPTIVES | sets.SYSTEMIC_ANTICANCER):
        return Unidentified.OTHER  # « AVK »: a class in words, of which no order is asked anything
    if drug.possible or names:
        return Unidentified.MAY_BE_OURS
    has_code = any(code_of(coding) for coding in codings(concept))
    return Unidentified.NAMELESS if said or has_code else Unidentified.BLANK


def _told(why: Unidentified) -> Text:
    return NOTHING_NAMED if why is Unidentified.BLANK else NOT_IN_LISTS


def _service_order(reader: Reader, resource: Resource, *, index: int, draft: bool, triggers: bool) -> Order:
    code = resource.get("code")
    coded = codings(code)
    for detail in maps(resource.get("orderDetail")):
        coded += codings(detail)
    recognised = reader.terminology.recognise(coded)
    by_code = bool(recognised.concepts or recognised.denied)
    said = NOTHING_SAID if by_code else _in_words(reader, resource, code)
    external = is_external_radiotherapy(reader, resource) or not said.concepts.isdisjoint(sets.RADIOTHERAPY)
    why = None if by_code else _unidentified_act(resource, code, recognised, said)
    performers = [coding for kind in maps(resource.get("performerType")) for coding in codings(kind)]
    concepts = recognised.concepts | said.concepts | reader.terminology.recognise(performers).concepts
    if not external:
        concepts -= sets.RADIOTHERAPY
    concepts = with_acts_named(concepts, tuple(_texts(resource)))
    common: dict[str, Any] = {
        "reference": reference_of(resource),
        "index": index,
        "draft": draft,
        "triggers": triggers,
        "name": verbatim(shown_name(code)),
        "concepts": concepts,
        "identified": why is None,
        "urgent": PRIORITY.of(resource) in URGENT,
        "planned": _planned(reader, _occurrence(reader, resource), _occurrence_end(reader, resource)),
        "regions": _regions_of_act(reader, resource, said),
        "reasons": reason_concepts(reader, resource) | said.reasons,
        "reasons_unresolved": _unresolved_reasons(reader, resource),
        "intents": intents_of(reader, resource),
        "analytes": ordered_analytes(concepts, reader.terminology.analytes),
        "written": reader.date(resource.get("authoredOn")),
        "unidentified": why,
        "unidentified_because": None if why is None else _told(why),
        "by_words": bool(said.concepts),
        "instruction": a_text(resource.get("patientInstruction")),
        "for_another_reason": is_for_another_reason(reader, resource),
        "asks_a_question": said.asks_a_question or _asks_a_question(reader, resource),
        "unverified_code": recognised.rests_on_unverified,
    }
    if not external:
        return ActOrder(sites=site_concepts(reader, resource.get("bodySite")) or said.sites, **common)
    return RadiotherapyOrder(
        sites=sites_of(reader, resource) or said.sites,
        prescription=_prescribed(reader, resource, said),
        links=frozenset(links_of(resource)),
        **common,
    )


# --- acts in words ----------------------------------------------------------------------------------------------------

LABORATORY_CATEGORIES = frozenset({"108252007", "LAB", "LABORATORY"})
"""SNOMED CT, HL7 v2-0074, and the name of observation-category that some clients send."""


def is_laboratory(resource: Resource) -> bool:
    """Its category says that it asks the laboratory."""
    categories = {
        a_text(coding.get("code")).upper() for one in maps(resource.get("category")) for coding in codings(one)
    }
    return not categories.isdisjoint(LABORATORY_CATEGORIES)


def _in_words(reader: Reader, resource: Resource, code: object) -> LineSaid:
    """What the text of a code names, else its displays: the first that names an act."""
    text = a_text(a_map(code).get("text"))
    lines = (text,) if text else texts_of(code)
    laboratory = is_laboratory(resource)
    said = [reader.terminology.read_line(line, laboratory=laboratory) for line in lines]
    return next((one for one in said if one.concepts), said[0] if said else NOTHING_SAID)


def _unidentified_act(resource: Resource, code: object, recognised: Recognised, said: LineSaid) -> Unidentified | None:
    """How much it may matter that the act is not identified; None where it is.

    A service of a listed system that we do not list, or one that is asked of the laboratory in words, is another one.
    """
    if said.concepts:
        return None
    if said.may_be:
        return Unidentified.MAY_BE_OURS
    words_said = [*texts_of(code), *(one for detail in maps(resource.get("orderDetail")) for one in texts_of(detail))]
    if recognised.known_system or (words_said and is_laboratory(resource)):
        return None
    if meant(words_said, ACTS_ORDERED) is not None:
        return Unidentified.MAY_BE_OURS  # « Strahlentherapie », "vertebroplastia": lines are read in two languages
    if any(not says_nothing(one) or _is_short(one) for one in words_said):
        return Unidentified.OTHER
    return Unidentified.NAMELESS if words_said or shown_name(code) else Unidentified.BLANK


SHORT_WORD = 2
"""Letters of a word of many acts: a C3, a VS."""


def _is_short(text: str) -> bool:
    """Letters and figures of an act without a longer word."""
    letters = [sum(sign.isalpha() for sign in word) for word in words(text)]
    return 0 < max(letters, default=0) <= SHORT_WORD


def _regions_of_act(reader: Reader, resource: Resource, said: LineSaid) -> frozenset[str]:
    """The bones of an act: of its codes, its words, its reasons."""
    if not said.bones or regions_of(reader, resource.get("bodySite")):
        return act_regions(reader, resource)
    return regions_of_bones(said.bones)


def _prescribed(reader: Reader, resource: Resource, said: LineSaid) -> Prescription:
    """What the order prescribes, with target and technique as its words have them; a coded site comes before theirs."""
    own = prescription(reader, resource)
    if not said.concepts:
        return own
    own = replace(own, stereotactic=own.stereotactic or not said.concepts.isdisjoint(sets.STEREOTACTIC_RADIOTHERAPY))
    if not said.sites or sites_of(reader, resource):
        return own
    regions = regions_of_bones(said.bones) or reason_regions(reader, resource)
    return replace(own, target=target_of(said.sites, reason_concepts(reader, resource)), regions=regions)


def _texts(resource: Resource) -> Iterator[str]:
    """What an order says in words: its code, its details, its notes."""
    for concept in (resource.get("code"), *maps(resource.get("orderDetail"))):
        yield from texts_of(concept)
    yield from (a_text(note.get("text")) for note in maps(resource.get("note")))


def _asks_a_question(reader: Reader, resource: Resource) -> bool:
    """A reason is neither the cancer, nor its bone metastases, nor their follow-up."""
    reasons = list(maps(resource.get("reasonCode")))
    for reference in maps(resource.get("reasonReference")):
        target = reader.referred(resource, reference)
        if target is not None:
            reasons.append(a_map(target.get("code")))
    return any(
        (shown_name(reason) or codings(reason))
        and not reader.recognise(reason).concepts & sets.ROUTINE_REASONS
        and not names_follow_up(shown_name(reason))
        for reason in reasons
    )


def courses_of_orders(orders: Sequence[Order]) -> tuple[Order, ...]:
    """Radiotherapy orders with the phases and plans of one course folded into its order; other orders unchanged.

    The parts are kept, so that they count as identified, but trigger nothing of their own.
    """
    folded = list(orders)
    courses = {place: order for place, order in enumerate(orders) if isinstance(order, RadiotherapyOrder)}
    if not courses:
        return tuple(folded)
    told = {place: _Joined.of(order) for place, order in courses.items()}
    drafted = frozenset(order.reference for order in orders)
    naming: dict[str, list[int]] = {}
    for place, one in told.items():
        for link in one.named:
            naming.setdefault(link, []).append(place)
    for place in _parts_first(told):
        order, joined = courses[place], told[place]
        if not order.triggers:
            continue
        near = {other for link in (joined.reference, *joined.named) for other in naming.get(link, ())} - {place}
        parts = [other for other in sorted(near) if told[other].is_part_of(joined, drafted)]
        if not parts:
            continue
        phases = [courses[other].prescription for other in parts]
        is_whole = any(joined.reference in told[other].named for other in parts)
        own = order.prescription
        whole = with_phases(own, phases) if is_whole else _siblings(own, phases)
        folded[place] = courses[place] = replace(order, prescription=whole)
        for other in parts:
            folded[other] = courses[other] = replace(courses[other], triggers=False)
    return tuple(folded)


@value
class _Joined:
    """What joins a radiotherapy order to others of its course: the orders and identifiers that it names."""

    reference: str
    index: int
    draft: bool
    named: frozenset[str]

    @classmethod
    def of(cls, order: RadiotherapyOrder) -> _Joined:
        return cls(order.reference, order.index, order.draft, order.links - {order.reference})

    def is_part_of(self, whole: _Joined, drafted: frozenset[str]) -> bool:
        """Whether it is based on the other order, or both are on the same one that is not drafted beside them."""
        if whole.reference and whole.reference in self.named:
            return True
        if self.index <= whole.index or self.draft != whole.draft:
            return False
        return any(link not in drafted and not link.startswith("identifier ") for link in self.named & whole.named)


def _parts_first(told: Mapping[int, _Joined]) -> list[int]:
    """The places of the orders, those that are based on others first, so that a plan is in its phase before the course."""
    by_reference = {one.reference: place for place, one in told.items() if one.reference}

    def depth(place: int) -> int:
        seen, above, levels = {place}, {place}, 0
        while above := {by_reference[link] for one in above for link in told[one].named & by_reference.keys()} - seen:
            seen |= above
            levels += 1
        return levels

    return sorted(told, key=lambda place: (-depth(place), place))


def _siblings(own: Prescription, phases: Sequence[Prescription]) -> Prescription:
    return replace(with_phases(own, phases), volumes=added_phases((own, *phases)) or own.volumes)


def _unresolved_reasons(reader: Reader, resource: Resource) -> tuple[Text, ...]:
    return tuple(
        _(
            "the reason of the order could not be looked up",
            source=local_reference(reference),
        )
        for reference in maps(resource.get("reasonReference"))
        if local_reference(reference) and reader.referred(resource, reference) is None
    )


def _reasons_in_words(reader: Reader, resource: Resource) -> Iterator[Text]:
    """The reasons that name in words what a rule would act upon, without a code of it."""
    for reason in maps(resource.get("reasonCode")):
        meaning = meant(texts_of(reason), CONDITIONS_SAID)
        if meaning is not None and reader.recognise(reason).concepts.isdisjoint(meaning.concepts):
            yield _(
                "the reason «{reason}» is said in words only",
                reason=shown_name(reason),
            )


def _occurrence(reader: Reader, resource: Resource) -> When | None:
    """When it is to be done; of a Procedure that is still to be done, when it is to be performed."""
    at = reader.date(resource.get("occurrenceDateTime") or resource.get("performedDateTime"))
    if at is None:
        at = reader.date(_stated_period(resource).get("start"))
    if at is None and (timing := a_map(resource.get("occurrenceTiming"))):
        at = _timing_start(reader, timing)
    return at


def _occurrence_end(reader: Reader, resource: Resource) -> When | None:
    repeat = a_map(a_map(resource.get("occurrenceTiming")).get("repeat"))
    return reader.period(_stated_period(resource) or a_map(repeat.get("boundsPeriod")))[1]


def _stated_period(resource: Resource) -> Mapping[str, Any]:
    return a_map(resource.get("occurrencePeriod")) or a_map(resource.get("performedPeriod"))


def _timing_start(reader: Reader, timing: Mapping[str, Any]) -> When | None:
    events = timing.get("event")
    read = [when for event in (events if isinstance(events, list) else [events]) if (when := reader.date(event))]
    if read:
        return min(read, key=lambda when: when.first)
    return reader.date(a_map(a_map(timing.get("repeat")).get("boundsPeriod")).get("start"))


def _planned(reader: Reader, stated: When | None, end: When | None = None) -> Planned:
    if stated is None:
        return Planned(day(reader.clock.today), assumed=True)
    return Planned(stated, assumed=False, end=end)
