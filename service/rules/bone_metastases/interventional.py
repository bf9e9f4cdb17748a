"""Cementoplasty and its kin (RAO, radiologie interventionnelle §1-7, Tableau 8; CIM; CHU)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from mappings.dates import When
from mappings.facts import Absent, ActOrder, Diagnosis, DrugOrder, Exposure, ExposureKind, Exposures, Facts, Known
from mappings.facts.bones import LONG_BONES, bones_of, has_vertebra
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import INR, PAIN_SCORE, PLATELETS, PROTHROMBIN
from mappings.wording import Text, _, verbatim
from service.rules.bone_metastases.documents import CHU, CIM, rao
from service.rules.bone_metastases.imaged import CT, MRI, imaged, imaging_line
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.situations import (
    ROWS,
    Trigger,
    active_conditions,
    already_ordered,
    bone_metastasis,
    either,
    is_absent,
    missing_result,
    named,
    negated,
    no_tumour_board_ordered,
    orders_of,
    planned_remarks,
    rule,
    that,
    unless_all,
)
from service.rules.offers import OrderAnalyte
from service.rules.outcome import Advice, Basis, Indicator, Outcome

CEMENTOPLASTY = Trigger(
    _(
        "draft order of cementoplasty, vertebroplasty, kyphoplasty, sacroplasty or percutaneous fixation with cement",
    ),
    lambda order: order.is_any(sets.CEMENTOPLASTY),
)
KYPHOPLASTY = Trigger(_("draft order of kyphoplasty"), lambda order: order.is_any(sets.KYPHOPLASTY))

LOWEST_HAEMOSTASIS = Decimal(50)
"""Platelets in G/L and prothrombin in %: both must be above it (RAO §4, Tableau 8)."""

PLATELETS_NAME = _("platelets")
PROTHROMBIN_NAME = _("prothrombin (TP)")


@rule(
    "cementoplasty-bleeding-risk",
    title=_(
        "Cementoplasty needs platelets above 50 G/L and prothrombin above 50 %",
    ),
    citations=(rao("interventional", "§4, Tableau 8"),),
    trigger=CEMENTOPLASTY,
    needs=("platelets", "prothrombin"),
    severest=Indicator.CRITICAL,
)
def cementoplasty_bleeding_risk(order: ActOrder, patient: Facts) -> Outcome:
    """Platelets at most 50 G/L, or prothrombin at most 50 %."""
    platelets, prothrombin = patient.result(PLATELETS), patient.result(PROTHROMBIN)
    few = platelets.test(lambda value: value.bounds.at_most(LOWEST_HAEMOSTASIS))
    low = prothrombin.test(lambda value: value.bounds.at_most(LOWEST_HAEMOSTASIS))
    blocked = unless_all(
        that(
            _(
                "platelets are at most 50 G/L, or prothrombin at most 50 %",
            ),
            either(few, low),
            platelets,
            prothrombin,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.CRITICAL,
        _(
            "{act}: bleeding risk, {results} too low",
            act=named(order),
            results=tuple(name for name, holds in ((PLATELETS_NAME, few), (PROTHROMBIN_NAME, low)) if holds),
        ),
        (
            _(
                "Platelets must be above 50 G/L and prothrombin above 50 %: a severe coagulation disorder is an absolute "
                "contraindication.",
            ),
        ),
        tuple(fact for fact in (platelets, prothrombin) if isinstance(fact, Known)),
    )


@rule(
    "cementoplasty-haemostasis-unknown",
    title=_(
        "Platelets and prothrombin are known before a cementoplasty",
    ),
    citations=(rao("interventional", "§4"),),
    trigger=CEMENTOPLASTY,
    needs=("platelets", "prothrombin", "inr", "orders"),
    severest=Indicator.WARNING,
    prerequisite=True,
)
def cementoplasty_haemostasis_unknown(order: ActOrder, patient: Facts) -> Outcome:
    """No valid platelets, or no valid prothrombin."""
    asked = {
        "platelets": (patient.result(PLATELETS), PLATELETS_NAME),
        "prothrombin": (patient.result(PROTHROMBIN), PROTHROMBIN_NAME),
    }
    blocked = unless_all(
        that(
            _(
                "no valid platelets, or no valid prothrombin, is on record",
            ),
            either(*(is_absent(fact) for fact, _name in asked.values())),
            *(fact for fact, _name in asked.values()),
        )
    )
    if blocked:
        return blocked
    missing = [name for name, (fact, _name) in asked.items() if isinstance(fact, Absent)]
    ordered = {name: already_ordered(patient, name) for name in missing}
    inr = patient.result(INR)
    shown: tuple[Basis, ...] = (inr,) if isinstance(inr, Known) and "prothrombin" in missing else ()
    detail = [
        _(
            "Before the act platelets must be above 50 G/L and prothrombin above 50 %.",
        )
    ]
    if shown:
        detail.append(_("An INR does not replace prothrombin."))
    return Advice(
        Indicator.WARNING,
        _(
            "{act}: measure platelets and prothrombin first",
            act=named(order),
        ),
        tuple(detail),
        (*(asked[name][0] for name in missing), *shown),
        tuple(OrderAnalyte(ROWS[name]) for name in missing if not ordered[name]),
        items=tuple(missing_result(*asked[name], ordered=ordered[name]) for name in missing),
    )


# --- antithrombotics --------------------------------------------------------------------------------------------------

ASPIRIN_LIMIT_MG = Decimal(160)
"""mg a day: below it aspirin goes on; 160 itself is stopped (RAO §4; CIM agrees)."""

ASPIRIN_DAYS = 5

DELAYS: tuple[tuple[frozenset[str], int], ...] = (
    (sets.CLOPIDOGREL, 5),
    (sets.ASPIRIN, ASPIRIN_DAYS),
    (sets.DIRECT_ORAL_ANTICOAGULANTS_WITH_DELAY, 2),
    (sets.VITAMIN_K_ANTAGONISTS | sets.LOW_MOLECULAR_WEIGHT_HEPARINS, 1),
)
"""Days between the last dose and the act (RAO §4). 48 hours are 2 days; a vitamin K antagonist is replaced by a
low-molecular-weight heparin, which is stopped the day before, as one that is given already is (a reading of ours)."""


@dataclass(frozen=True, slots=True)
class Antithrombotic:
    """One drug that counts before the act: `goes_on` for aspirin known to be under 160 mg a day."""

    concept: str
    entries: tuple[Exposure, ...]
    days: int | None
    goes_on: bool = False
    dose_unknown: bool = False

    @property
    def ongoing(self) -> bool:
        """Being taken now."""
        return any(entry.ongoing for entry in self.entries)

    def stop(self, planned: When) -> date | None:
        """The last day without the drug's delay being broken; None where the source gives no delay."""
        return None if self.days is None or self.goes_on else planned.first - timedelta(days=self.days)

    def line(self, planned: When | None, today: date) -> Text:
        """What to do with the drug, with its date where the act has one."""
        drug, stop = self.entries[0].drug.name, self.stop(planned) if planned is not None else None
        on: Text = verbatim("")
        by = on
        if stop is not None:
            passed = _(", which has passed") if stop < today else verbatim("")
            on = _(" (on {stop}{passed})", stop=stop, passed=passed)
            by = _(" (by {stop}{passed})", stop=stop, passed=passed)
        if self.goes_on:
            return _("{drug} under 160 mg a day: goes on", drug=drug)
        if self.dose_unknown:
            return _(
                "{drug}, daily dose not known: under 160 mg it goes on; from 160 mg stop 5 days before{by}",
                drug=drug,
                by=by,
            )
        if self.concept in sets.VITAMIN_K_ANTAGONISTS:
            return _(
                "{drug}: replace by low-molecular-weight heparin, its last dose the day before{on}",
                drug=drug,
                on=on,
            )
        if self.concept in sets.LOW_MOLECULAR_WEIGHT_HEPARINS:
            return _("{drug}: last dose the day before{on}", drug=drug, on=on)
        if self.days is None:
            return _(
                "{drug}: no delay in the referential, ask the anaesthetist",
                drug=drug,
            )
        if self.concept in sets.DIRECT_ORAL_ANTICOAGULANTS_WITH_DELAY:
            return _("{drug}: stop 48 hours before{by}", drug=drug, by=by)
        return _("{drug}: stop 5 days before{by}", drug=drug, by=by)


def _delay_of(concept: str) -> int | None:
    return next((days for concepts, days in DELAYS if concept in concepts), None)


def _looked_for(concept: str, patient: Facts) -> int | None:
    """The days within which a last dose counts; a vitamin K antagonist acts on for days after it."""
    return (
        settings_of(patient).vitamin_k_antagonist_days if concept in sets.VITAMIN_K_ANTAGONISTS else _delay_of(concept)
    )


def _antithrombotics_planned_or_taken(patient: Facts) -> Exposures:
    """Those on record and, as drafts count for interactions (`rules.md`, "Draft order"), those drafted beside the act."""
    drafted = tuple(
        Exposure(
            ExposureKind.REQUEST,
            draft.drug,
            draft.reference,
            draft.dosage,
            planned=True,
            first=None if draft.planned.assumed else draft.planned.when,
        )
        for draft in patient.orders
        if draft.draft and isinstance(draft, DrugOrder)
    )
    return replace(patient.exposures, entries=patient.exposures.entries + drafted).of(sets.ANTITHROMBOTICS)


def _counts(entry: Exposure, days: int | None, planned: When) -> bool | None:
    """Ongoing, to begin before the act, or last taken less than so many days before it; None where it is not dated."""
    if entry.planned:
        return entry.first is None or entry.first.first < planned.last
    if entry.ongoing:
        return True
    if entry.maybe_ongoing or (entry.last_dose_undated and days is not None):
        return None
    last = entry.last_dose
    return days is not None and last is not None and (planned.first - last.last).days < days


def _antithrombotics(exposures: Exposures, planned: When, patient: Facts) -> Iterator[Antithrombotic]:
    """Each drug once, with the entries that count."""
    for concept in sorted(sets.ANTITHROMBOTICS):
        days, within = _delay_of(concept), _looked_for(concept, patient)
        entries = tuple(
            entry for entry in exposures.of(frozenset({concept})).entries if _counts(entry, within, planned)
        )
        if not entries:
            continue
        if concept not in sets.ASPIRIN:
            yield Antithrombotic(concept, entries, days)
            continue
        doses = [entry.dosage.mg_a_day for entry in entries]
        known_doses = [dose for dose in doses if dose is not None]
        if any(dose >= ASPIRIN_LIMIT_MG for dose in known_doses):
            yield Antithrombotic(concept, entries, days)
        elif len(known_doses) < len(doses):
            yield Antithrombotic(concept, entries, days, dose_unknown=True)
        elif any(entry.ongoing or entry.planned for entry in entries):
            yield Antithrombotic(concept, entries, days, goes_on=True)


def _may_count(exposures: Exposures, planned: When, patient: Facts) -> bool | None:
    """Any antithrombotic counts; a gap, or a last dose that is not dated, leaves it open."""
    if any(_antithrombotics(exposures, planned, patient)):
        return True
    undated = any(
        _counts(entry, _looked_for(concept, patient), planned) is None
        for entry in exposures.entries
        for concept in entry.drug.concepts
    )
    return None if undated or exposures.gaps else False


@rule(
    "cementoplasty-antithrombotics",
    title=_(
        "Antithrombotics are stopped, replaced or continued before a cementoplasty, each by its delay",
    ),
    citations=(rao("interventional", "§4"), CIM),
    trigger=CEMENTOPLASTY,
    needs=("exposures", "orders"),
    severest=Indicator.CRITICAL,
    reading=_(
        "Critical when a drug is ongoing and its stop date has passed is our reading; so is the last dose, the day "
        "before, of a heparin that is given already. Aspirin: the sum of the dosage lines, 160 mg itself is stopped. "
        "CIM lets clopidogrel go on although it is better stopped 5 days before: the referential's 5 days are used. "
        "Both let low-dose aspirin go on.",
    ),
)
def cementoplasty_antithrombotics(order: ActOrder, patient: Facts) -> Outcome:
    """An antithrombotic ongoing, to begin before the act, or last taken less than its delay before the planned date."""
    planned = order.planned.when
    exposures = _antithrombotics_planned_or_taken(patient)
    blocked = unless_all(
        that(
            _(
                "an antithrombotic is ongoing, ordered to begin before the act, or was taken within its delay before it",
            ),
            _may_count(exposures, planned, patient),
            exposures,
        )
    )
    if blocked:
        return blocked
    found = list(_antithrombotics(exposures, planned, patient))
    dated = None if order.planned.assumed else planned
    late = [
        one
        for one in found
        if one.ongoing and dated is not None and not one.dose_unknown and _passed(one.stop(dated), patient.today)
    ]
    only_low_aspirin = all(one.goes_on for one in found) and not exposures.gaps
    indicator = Indicator.CRITICAL if late else Indicator.INFO if only_low_aspirin else Indicator.WARNING
    drugs = tuple(one.entries[0].drug.name for one in (late or found))
    if late:
        summary = _(
            "{act}: {drugs} should have been stopped: postpone, or ask the anaesthetist",
            act=named(order),
            drugs=drugs,
        )
    elif only_low_aspirin:
        summary = _(
            "{act}: aspirin under 160 mg a day goes on",
            act=named(order),
        )
    else:
        summary = _(
            "{act}: antithrombotic to deal with: {drugs}",
            act=named(order),
            drugs=drugs,
        )
    return Advice(
        indicator,
        summary,
        (
            _(
                "With the agreement of the anaesthetist and the prescriber.",
            ),
        ),
        tuple(entry for one in found for entry in one.entries),
        items=tuple(one.line(dated, patient.today) for one in found),
        remarks=_antithrombotic_remarks(order, exposures),
    )


def _passed(stop: date | None, today: date) -> bool:
    return stop is not None and stop < today


def _antithrombotic_remarks(order: ActOrder, exposures: Exposures) -> tuple[Text, ...]:
    remarks = planned_remarks(order)
    if order.planned.assumed:
        remarks = (
            _(
                "No planned date is stated: the delays alone are given",
            ),
        )
    if exposures.gaps:
        remarks += (
            _(
                "The medication history was not complete: other antithrombotics may be taken",
            ),
        )
    return remarks


# --- contraindications ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contraindication:
    """One of Tableau 8: whether it holds, and what it rests on."""

    name: Text
    holds: bool | None
    basis: tuple[Basis, ...] = ()


def _of_condition(name: Text, patient: Facts, found: tuple[Diagnosis, ...]) -> Contraindication:
    holds = True if found else (None if patient.conditions.gaps else False)
    return Contraindication(name, holds, found or (patient.conditions,))


def _at_the_site(one: Diagnosis, order: ActOrder) -> bool:
    """Of the bone that is treated, or of a place that is not stated."""
    return not one.sites or not one.regions.isdisjoint(order.regions)


def _absolute(order: ActOrder, patient: Facts) -> Iterator[Contraindication]:
    infections = active_conditions(patient, sets.SEPSIS_OR_GENERAL_INFECTION)
    yield _of_condition(_("sepsis or general infection"), patient, infections)
    skin = tuple(one for one in active_conditions(patient, sets.SKIN_INFECTION) if _at_the_site(one, order))
    yield _of_condition(_("skin infection at the site"), patient, skin)
    allergic = patient.allergies.any(lambda one: not one.concepts.isdisjoint(sets.BONE_CEMENT))
    yield Contraindication(_("allergy to bone cement"), allergic, (patient.allergies,))
    severe = tuple(
        one
        for one in active_conditions(patient, sets.COAGULOPATHY | sets.DISSEMINATED_INTRAVASCULAR_COAGULATION)
        if one.is_any(sets.DISSEMINATED_INTRAVASCULAR_COAGULATION) or not one.severities.isdisjoint(sets.SEVERE)
    )
    yield _of_condition(_("severe coagulation disorder"), patient, severe)
    stable = patient.finding("asymptomatic-stable-fracture", order.regions)
    is_reason = "asymptomatic-stable-fracture" in order.reasons
    recorded = stable.test(lambda found: found.flag)
    yield Contraindication(_("asymptomatic stable fracture"), is_reason or recorded, (stable,))


def _cautions(order: ActOrder, patient: Facts) -> Iterator[Contraindication]:
    """What is absolute at its worst, and whose extent is not known."""
    elsewhere = tuple(
        one
        for one in active_conditions(patient, sets.OTHER_INFECTION | sets.SKIN_INFECTION)
        if not one.is_any(sets.SEPSIS_OR_GENERAL_INFECTION)
        and not (one.is_any(sets.SKIN_INFECTION) and _at_the_site(one, order))
    )
    yield _of_condition(_("an active infection"), patient, elsewhere)
    unknown = tuple(one for one in active_conditions(patient, sets.COAGULOPATHY) if not one.severities)
    yield _of_condition(
        _("a coagulation disorder of unknown severity"),
        patient,
        unknown,
    )


CONTRAINDICATED = _("{act}: contraindicated, {which}")
POSSIBLY_CONTRAINDICATED = _("{act}: possibly contraindicated, {which}")


@rule(
    "cementoplasty-absolute-contraindication",
    title=_("Absolute contraindications of cementoplasty"),
    citations=(rao("interventional", "Tableau 8"),),
    trigger=CEMENTOPLASTY,
    needs=("conditions", "allergies", "finding"),
    severest=Indicator.CRITICAL,
    reading=_(
        "Another active infection, and a coagulation disorder of unknown severity, are a warning (our reading). Diffuse, "
        "non-localised pain is printed, not computed.",
    ),
)
def cementoplasty_absolute_contraindication(order: ActOrder, patient: Facts) -> Outcome:
    """Infection, allergy to cement, severe coagulation disorder, asymptomatic stable fracture."""
    absolute, cautions = list(_absolute(order, patient)), list(_cautions(order, patient))
    every = (*absolute, *cautions)
    blocked = unless_all(
        that(
            _("a contraindication of Tableau 8 is on record"),
            either(*(one.holds for one in every)),
            *(fact for one in every for fact in one.basis),
        )
    )
    if blocked:
        return blocked
    certain = [one for one in absolute if one.holds]
    found = [*certain, *(one for one in cautions if one.holds)]
    return Advice(
        Indicator.CRITICAL if certain else Indicator.WARNING,
        (CONTRAINDICATED if certain else POSSIBLY_CONTRAINDICATED).with_(
            act=named(order), which=tuple(one.name for one in found)
        ),
        (
            _(
                "Diffuse, non-localised pain is a contraindication too: check it yourself, the service cannot.",
            ),
        ),
        _shown_of(found, order),
        remarks=_not_looked_up(every),
    )


def _shown_of(found: list[Contraindication], order: ActOrder) -> tuple[Basis, ...]:
    return (order, *(fact for one in found for fact in one.basis))


def _not_looked_up(every: tuple[Contraindication, ...]) -> tuple[Text, ...]:
    unknown = tuple(one.name for one in every if one.holds is None)
    if not unknown:
        return ()
    return (_("Could not be looked up: {which}", which=unknown),)


def _relative(order: ActOrder, patient: Facts) -> Iterator[Contraindication]:
    for finding, name in (
        ("posterior-wall-involvement", _("posterior wall involvement")),
        ("radiculopathy", _("radiculopathy")),
        ("epidural-extension", _("epidural extension")),
        ("joint-breach", _("breach of the joint")),
        (POSTERIOR_ARCH, _("posterior arch involvement")),
    ):
        fact = patient.finding(finding, order.regions)
        yield Contraindication(name, fact.test(lambda found: found.flag), (fact,))
    for concepts, name in (
        (sets.RADICULOPATHY, _("radiculopathy")),
        (sets.SPINAL_CORD_COMPRESSION, _("spinal cord compression")),
    ):
        yield _of_condition(name, patient, active_conditions(patient, concepts))


POSTERIOR_ARCH = "posterior-arch-involvement"


@rule(
    "cementoplasty-relative-contraindication",
    title=_("Relative contraindications of cementoplasty"),
    citations=(rao("interventional", "§1, Tableau 8"), CIM),
    trigger=CEMENTOPLASTY,
    needs=("conditions", "finding"),
    severest=Indicator.WARNING,
    reading=_(
        "Spinal cord compression is read as extension into the canal (our reading). ONC offers cementoplasty in cord "
        "compression: the referential wins.",
    ),
)
def cementoplasty_relative_contraindication(order: ActOrder, patient: Facts) -> Outcome:
    """Posterior wall or arch, radiculopathy, canal or epidural extension, joint breach, cord compression."""
    every = tuple(_relative(order, patient))
    blocked = unless_all(
        that(
            _("a relative contraindication is on record"),
            either(*(one.holds for one in every)),
            *(fact for one in every for fact in one.basis),
        )
    )
    if blocked:
        return blocked
    found = [one for one in every if one.holds]
    detail = [
        _(
            "Surgery, or a combination with radiotherapy, is discussed case by case.",
        )
    ]
    arch = patient.finding(POSTERIOR_ARCH, order.regions)
    if arch.test(lambda finding: finding.flag):
        detail.append(
            _(
                "Involvement of the posterior arch asks for surgical stabilisation.",
            )
        )
    return Advice(
        Indicator.WARNING,
        _(
            "{act}: relative contraindication, {which}",
            act=named(order),
            which=tuple(dict.fromkeys(one.name for one in found)),
        ),
        tuple(detail),
        _shown_of(found, order),
        remarks=_not_looked_up(every),
    )


@rule(
    "cementoplasty-long-bone",
    title=_(
        "Cement alone does not hold a long bone: percutaneous fixation with it, or surgery",
    ),
    citations=(rao("interventional", "§2, §6"), CIM),
    trigger=CEMENTOPLASTY,
    needs=("orders",),
    severest=Indicator.WARNING,
)
def cementoplasty_long_bone(order: ActOrder, patient: Facts) -> Outcome:
    """Cementoplasty of a long bone without percutaneous fixation in the order or beside it."""
    fixations = orders_of(patient, sets.PERCUTANEOUS_FIXATION)  # the order itself among them
    fixed = any(
        isinstance(one, ActOrder) and (not one.regions or not one.regions.isdisjoint(order.regions))
        for one in fixations
    )
    blocked = unless_all(
        that(
            _("the body site is a long bone"),
            not order.sites.isdisjoint(sets.LONG_BONE) or not bones_of(order.regions).isdisjoint(LONG_BONES),
        ),
        that(
            _("no percutaneous fixation is ordered with it"),
            not fixed,
        ),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _(
            "{act} of a long bone: cement alone does not resist torsion",
            act=named(order),
        ),
        (
            _(
                "Percutaneous fixation with it, or surgery.",
            ),
        ),
        (order,),
    )


@rule(
    "cementoplasty-imaging",
    title=_(
        "The region is imaged before a cementoplasty: vertebra by CT and MRI, pelvis and hip by CT",
    ),
    citations=(CIM, CHU),
    trigger=CEMENTOPLASTY,
    needs=("imaging", "procedures", "orders"),
    severest=Indicator.INFO,
    prerequisite=True,
    reading=_(
        "For a vertebra CIM asks for CT and MRI, CHU for CT or MRI: CIM is followed.",
    ),
)
def cementoplasty_imaging(order: ActOrder, patient: Facts) -> Outcome:
    """CT missing, or for a vertebra CT or MRI missing, of the region within the setting's days."""
    wanted = (CT, MRI) if has_vertebra(order.regions) else (CT,)
    missing = {modality: negated(imaged(patient, order, modality)) for modality in wanted}
    blocked = unless_all(
        that(
            _(
                "CT (for a vertebra CT or MRI) of the region is missing in the last {days} days",
                days=settings_of(patient).imaging_valid_days,
            ),
            either(*missing.values()),
            patient.imaging,
            patient.procedures,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _("{act}: imaging of the region first", act=named(order)),
        (
            _("A vertebra: CT and MRI.") if MRI in wanted else _("Pelvis and hip: CT."),
            _("Anaesthetic consultation."),
        ),
        (order,),
        items=tuple(imaging_line(patient, order, modality) for modality, holds in missing.items() if holds),
    )


@rule(
    "cementoplasty-pain-controlled",
    title=_(
        "Pain that drugs control is no indication for a cementoplasty",
    ),
    citations=(rao("interventional", "§4"), CIM),
    trigger=CEMENTOPLASTY,
    needs=("pain_score",),
    severest=Indicator.INFO,
    reading=_(
        "To prevent a fracture cement is debated for the referential, and done for CIM and KAS: an order for that "
        "reason is left alone.",
    ),
)
def cementoplasty_pain_controlled(order: ActOrder, patient: Facts) -> Outcome:
    """The newest pain score is low, and the act is not to prevent a fracture."""
    score, limit = patient.result(PAIN_SCORE), settings_of(patient).controlled_pain_score
    blocked = unless_all(
        that(
            _(
                "the newest pain score is at most {limit}",
                limit=limit,
            ),
            score.test(lambda value: value.bounds.at_most(Decimal(limit))),
            score,
        ),
        that(
            _("the reason is not to prevent a fracture"),
            (order.reasons | order.intents).isdisjoint(sets.PROPHYLACTIC_INTENT),
        ),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "{act}: pain is controlled, so no indication by pain",
            act=named(order),
        ),
        (_("To prevent a fracture, give it as the reason."),),
        (score,),
    )


@rule(
    "cementoplasty-tumour-board",
    title=_(
        "A cementoplasty is decided by several disciplines",
    ),
    citations=(rao("interventional", "§3"), CHU),
    trigger=CEMENTOPLASTY,
    needs=("orders",),
    severest=Indicator.INFO,
    prerequisite=True,
)
def cementoplasty_tumour_board(order: ActOrder, patient: Facts) -> Outcome:
    """Every order of a cementoplasty without a tumour board ordered."""
    blocked = unless_all(no_tumour_board_ordered(patient))
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "{act}: decide in a multidisciplinary meeting (RCP)",
            act=named(order),
        ),
        (),
        (order,),
        items=(_("multidisciplinary decision (RCP)"),),
    )


@rule(
    "kyphoplasty-neoplastic",
    title=_(
        "Kyphoplasty is not indicated in a neoplastic fracture",
    ),
    citations=(rao("interventional", "§7"),),
    trigger=KYPHOPLASTY,
    needs=("conditions",),
    severest=Indicator.INFO,
)
def kyphoplasty_neoplastic(_order: ActOrder, patient: Facts) -> Outcome:
    """Kyphoplasty ordered with a bone metastasis on record."""
    metastasis = bone_metastasis(patient)
    blocked = unless_all(metastasis)
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "Kyphoplasty: not indicated in bone metastasis (HAS 2009)",
        ),
        (
            _(
                "No superiority over vertebroplasty was shown.",
            ),
        ),
        metastasis.basis,
    )
