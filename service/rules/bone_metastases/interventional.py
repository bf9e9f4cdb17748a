"""Cementoplasty and its kin (RAO, radiologie interventionnelle §1-7, Tableau 8; CIM; CHU)."""

from __future__ import annotations

from decimal import Decimal

from mappings.dates import days_before
from mappings.facts import (
    Absent,
    Act,
    ActOrder,
    Facts,
    Known,
    Order,
    RadiotherapyCourse,
    RadiotherapyOrder,
    Target,
)
from mappings.facts.bones import LONG_BONES, bones_of, has_vertebra
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import INR, PAIN_SCORE, PROTHROMBIN
from mappings.wording import Text
from service.rules.bone_metastases.antithrombotics import (
    ASPIRIN_LIMIT,
    CLOPIDOGREL,
    VITAMIN_K_ANTAGONIST,
    antithrombotics_before,
    any_antithrombotic_before,
    planned_or_taken,
    under_vitamin_k_antagonist,
)
from service.rules.bone_metastases.cementoplasty_contraindications import (
    ABSOLUTE,
    POSSIBLY_ABSOLUTE,
    RELATIVE,
    names_of,
    not_looked_up,
    posterior_arch_involvement,
    resting_on,
)
from service.rules.bone_metastases.checklist import already_ordered, missing_result
from service.rules.bone_metastases.conditions import (
    SEVERE_RENAL_IMPAIRMENT_BELOW,
    bone_metastasis,
    no_tumour_board_ordered,
    orders_of,
    severe_renal_impairment,
)
from service.rules.bone_metastases.documents import CHU, CIM, rao
from service.rules.bone_metastases.haemostasis import (
    HAEMOSTASIS,
    HAEMOSTASIS_LIMITS,
    PROTHROMBIN_NEEDED,
    haemostasis_not_known,
    haemostasis_too_low,
)
from service.rules.bone_metastases.imaged import CT, MRI, Modality, imaged, imaging_line
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, any_of, condition, holding, that
from service.rules.logic import both, either, negated
from service.rules.naming import act_at, planned_remarks
from service.rules.offers import OrderAnalyte
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import Trigger, rule
from service.rules.say import advise, info, warning

CEMENTOPLASTY = Trigger(
    _("draft order of cementoplasty, vertebroplasty, kyphoplasty, sacroplasty or percutaneous fixation with cement"),
    lambda order: order.is_any(sets.CEMENTOPLASTY),
    kind=ActOrder,
)
KYPHOPLASTY = Trigger(_("draft order of kyphoplasty"), lambda order: order.is_any(sets.KYPHOPLASTY), kind=ActOrder)

ANTITHROMBOTICS_CARD = "cementoplasty-antithrombotics"
"""The rule whose card says so too where a vitamin K antagonist explains the prothrombin."""

# --- haemostasis ------------------------------------------------------------------------------------------------------


@rule(
    "cementoplasty-bleeding-risk",
    title=_(
        "Cementoplasty needs platelets above {platelets} and prothrombin above {prothrombin}", **HAEMOSTASIS_LIMITS
    ),
    citations=(rao("interventional", "§4, Tableau 8"),),
    trigger=CEMENTOPLASTY,
    when=(haemostasis_too_low,),
    reads=("exposures",),
    severest=Indicator.CRITICAL,
    reading=_(
        "A prothrombin alone lowered under a vitamin K antagonist, the act {vitamin_k_antagonist_days} away or more, is a warning (our "
        "reading): it is measured again once the drug is stopped.",
    ),
)
def cementoplasty_bleeding_risk(order: ActOrder, patient: Facts) -> Outcome:
    """Which of the two is too low; a warning where a vitamin K antagonist that can still be stopped lowers the prothrombin."""
    results = [patient.result(one.analyte) for one in HAEMOSTASIS]
    low = tuple(one for one in HAEMOSTASIS if one.is_too_low(patient))
    explained = low == (PROTHROMBIN_NEEDED,) and under_vitamin_k_antagonist(patient)
    days = (order.planned.when.first - patient.today).days
    in_time = explained and days >= settings_of(patient).vitamin_k_antagonist_days
    names = tuple(one.analyte.name for one in low)
    if in_time:
        summary = _("{act}: measure prothrombin again once the vitamin K antagonist is stopped", act=act_at(order))
    elif explained:
        summary = _("{act}: postpone, prothrombin lowered by the vitamin K antagonist", act=act_at(order))
    else:
        summary = _("{act}: postpone, bleeding risk ({results} too low)", act=act_at(order), results=names)
    return advise(
        Indicator.WARNING if in_time else Indicator.CRITICAL,
        summary,
        _("Stop the vitamin K antagonist and measure prothrombin again before the act.")
        if explained
        else _("Correct it, or find another treatment, before the act."),
        _(
            "Platelets must be above {platelets} and prothrombin above {prothrombin}: a severe coagulation disorder is an "
            "absolute contraindication.",
            **HAEMOSTASIS_LIMITS,
        ),
        rests_on=(result for result in results if isinstance(result, Known)),
        remarks=planned_remarks(order) if explained else (),
        joins=ANTITHROMBOTICS_CARD if explained else "",
    )


@rule(
    "cementoplasty-haemostasis-unknown",
    title=_("Platelets and prothrombin are known before a cementoplasty"),
    citations=(rao("interventional", "§4"),),
    trigger=CEMENTOPLASTY,
    when=(haemostasis_not_known,),
    reads=(INR, "orders"),
    severest=Indicator.WARNING,
)
def cementoplasty_haemostasis_unknown(order: ActOrder, patient: Facts) -> Outcome:
    """What is missing of the two and is not ordered yet; beside a missing prothrombin the INR is shown."""
    results = {one.analyte: patient.result(one.analyte) for one in HAEMOSTASIS}
    missing = [analyte for analyte, result in results.items() if isinstance(result, Absent)]
    ordered = {analyte: already_ordered(patient, analyte) for analyte in missing}
    inr = patient.result(INR)
    shown = [inr] if isinstance(inr, Known) and PROTHROMBIN in missing else []
    return warning(
        _("{act}: measure platelets and prothrombin first", act=act_at(order)),
        _("Measure before the act."),
        _("Platelets must be above {platelets} and prothrombin above {prothrombin}.", **HAEMOSTASIS_LIMITS),
        *(_("An INR does not replace prothrombin.") for _one in shown),
        rests_on=(*(results[analyte] for analyte in missing), *shown),
        offers=(OrderAnalyte(analyte) for analyte in missing if ordered[analyte] is None),
        items=(missing_result(results[analyte], analyte.name, ordered=ordered[analyte]) for analyte in missing),
    )


# --- antithrombotics --------------------------------------------------------------------------------------------------


@condition(
    _("an antithrombotic is ongoing, ordered to begin before the act, or was taken within its delay before it"),
    reads=("exposures", "orders"),
)
def antithrombotic_before_the_act(order: ActOrder, patient: Facts) -> Truth:
    """One that counts by the table of delays, drafts beside the act included."""
    return that(any_antithrombotic_before(order, patient), planned_or_taken(patient))


@rule(
    "cementoplasty-antithrombotics",
    title=_("Antithrombotics are stopped, replaced or continued before a cementoplasty, each by its delay"),
    citations=(rao("interventional", "§4"), CIM),
    trigger=CEMENTOPLASTY,
    when=(antithrombotic_before_the_act,),
    reads=severe_renal_impairment.reads,
    severest=Indicator.CRITICAL,
    reading=_(
        "Critical when a drug is ongoing and its stop date has passed is our reading, a heparin alone excepted; so are the "
        "{vitamin_k} days of a vitamin K antagonist (CIM: several), the day before being the heparin's, and the last "
        "injection, the day before, of a heparin that is given already. Aspirin: the sum of the dosage lines, {limit} itself is stopped. "
        "CIM lets clopidogrel go on although it is better stopped {days} days before: the referential's {days} days are "
        "used. Both let low-dose aspirin go on.",
        limit=ASPIRIN_LIMIT,
        days=CLOPIDOGREL.days,
        vitamin_k=VITAMIN_K_ANTAGONIST.days,
    ),
)
def cementoplasty_antithrombotics(order: ActOrder, patient: Facts) -> Outcome:
    """Critical when one is late; info when low-dose aspirin is the only one and nothing could hide another."""
    act, found = act_at(order), antithrombotics_before(order, patient)
    drugs = tuple(one.name for one in found)
    asks_which_heparin = (
        any(one.is_heparin_asked_for for one in found) and severe_renal_impairment(order, patient).holds
    )
    late = tuple(one.name for one in found if one.is_late(patient.today))
    if late:
        level = Indicator.CRITICAL
        summary = _("{act}: postpone or ask the anaesthetist, stop date passed: {drugs}", act=act, drugs=late)
    elif all(one.goes_on for one in found) and not planned_or_taken(patient).unsettled:
        level = Indicator.INFO
        summary = _("{act}: aspirin under {limit} a day goes on", act=act, limit=ASPIRIN_LIMIT)
    else:
        level = Indicator.WARNING
        summary = _("{act}: to be settled before it: {drugs}", act=act, drugs=drugs)
    return advise(
        level,
        summary,
        POSTPONE if late else WITH_THEIR_AGREEMENT,
        *((WITH_THEIR_AGREEMENT,) if late else ()),
        *(WHICH_HEPARIN for _one in found[:1] if asks_which_heparin),
        rests_on=(entry for one in found for entry in one.entries),
        items=(one.line(patient.today) for one in found),
        remarks=_remarks_on_dates_and_gaps(order, patient),
        joins=ANTITHROMBOTICS_CARD,
        beside=(WITH_THEIR_AGREEMENT, *(WHICH_HEPARIN for _one in found[:1] if asks_which_heparin)),
    )


POSTPONE = _("Postpone the act, or ask the anaesthetist.")
WITH_THEIR_AGREEMENT = _("Settle this list with the anaesthetist and the prescriber.")
WHICH_HEPARIN = _(
    "Clearance below {limit} mL/min: ask the anaesthetist which heparin.", limit=SEVERE_RENAL_IMPAIRMENT_BELOW
)


def _remarks_on_dates_and_gaps(order: ActOrder, patient: Facts) -> tuple[Text, ...]:
    """That the act has no date, or a partial one; that other antithrombotics may be taken."""
    remarks = planned_remarks(order)
    if order.planned.assumed:
        remarks = (_("No planned date is stated: the delays alone are given"),)
    if patient.exposures.gaps:
        remarks += (_("The medication history was not complete: other antithrombotics may be taken"),)
    return remarks


# --- contraindications ------------------------------------------------------------------------------------------------

ACT_CONTRAINDICATED = _("{act}: contraindicated, {which}")
POSSIBLY_CONTRAINDICATED = _("{act}: possibly contraindicated, {which}")
CHOOSE_ANOTHER = _("Choose another treatment.")
WEIGH_ITS_EXTENT = _("Assess how severe it is before the act.")


@rule(
    "cementoplasty-absolute-contraindication",
    title=_("Absolute contraindications of cementoplasty"),
    citations=(rao("interventional", "Tableau 8"),),
    trigger=CEMENTOPLASTY,
    when=(any_of(_("a contraindication of Tableau 8 is on record"), *ABSOLUTE, *POSSIBLY_ABSOLUTE),),
    severest=Indicator.CRITICAL,
    reading=_(
        "Another active infection, and a coagulation disorder of unknown severity, are a warning (our reading). Diffuse, "
        "non-localised pain is printed, not computed.",
    ),
)
def cementoplasty_absolute_contraindication(order: ActOrder, patient: Facts) -> Outcome:
    """Critical when one is certain; a warning when it is absolute at its worst only."""
    certain = holding(ABSOLUTE, order, patient)
    found = (*certain, *holding(POSSIBLY_ABSOLUTE, order, patient))
    summary = ACT_CONTRAINDICATED if certain else POSSIBLY_CONTRAINDICATED
    return advise(
        Indicator.CRITICAL if certain else Indicator.WARNING,
        summary.with_(act=act_at(order), which=names_of(found, patient)),
        CHOOSE_ANOTHER if certain else WEIGH_ITS_EXTENT,
        _("Check as well: diffuse, non-localised pain is a contraindication too."),
        rests_on=resting_on(found, order, patient),
        remarks=not_looked_up((*ABSOLUTE, *POSSIBLY_ABSOLUTE), order, patient),
    )


@rule(
    "cementoplasty-relative-contraindication",
    title=_("Relative contraindications of cementoplasty"),
    citations=(rao("interventional", "§1, Tableau 8"), CIM),
    trigger=CEMENTOPLASTY,
    when=(any_of(_("a relative contraindication is on record"), *RELATIVE),),
    severest=Indicator.WARNING,
    reading=_(
        "Spinal cord compression is read as extension into the canal (our reading). ONC offers cementoplasty in cord "
        "compression: the referential wins.",
    ),
)
def cementoplasty_relative_contraindication(order: ActOrder, patient: Facts) -> Outcome:
    """Which; an involvement of the posterior arch asks for surgery."""
    found = holding(RELATIVE, order, patient)
    detail = [_("Discuss surgery, or a combination with radiotherapy, case by case.")]
    if posterior_arch_involvement in found:
        detail.append(_("Involvement of the posterior arch asks for surgical stabilisation."))
    return warning(
        _("{act}: relative contraindication, {which}", act=act_at(order), which=names_of(found, patient)),
        *detail,
        rests_on=resting_on(found, order, patient),
        remarks=not_looked_up(RELATIVE, order, patient),
    )


# --- long bones -------------------------------------------------------------------------------------------------------


@condition(_("the body site is a long bone"))
def of_a_long_bone(order: ActOrder, _patient: Facts) -> Truth:
    """By its site, or by the bone that the act or its reason names."""
    return that(not order.sites.isdisjoint(sets.LONG_BONE) or not bones_of(order.regions).isdisjoint(LONG_BONES))


@condition(_("no percutaneous fixation is ordered with it"), reads=("orders",))
def without_percutaneous_fixation(order: ActOrder, patient: Facts) -> Truth:
    """None of the same bone, or of a bone that is not stated, in the order itself or beside it."""
    fixations = (one for one in orders_of(patient, sets.PERCUTANEOUS_FIXATION) if isinstance(one, ActOrder))
    return that(all(one.regions and one.regions.isdisjoint(order.regions) for one in fixations))


@rule(
    "cementoplasty-long-bone",
    title=_("Cement alone does not hold a long bone: percutaneous fixation with it, or surgery"),
    citations=(rao("interventional", "§2, §6"), CIM),
    trigger=CEMENTOPLASTY,
    when=(of_a_long_bone, without_percutaneous_fixation),
    severest=Indicator.WARNING,
)
def cementoplasty_long_bone(order: ActOrder, _patient: Facts) -> Outcome:
    """What holds the bone."""
    return warning(
        _("{act}: add percutaneous fixation, or operate (long bone)", act=act_at(order)),
        _("Percutaneous fixation with it, or surgery: cement alone does not resist torsion."),
        rests_on=[order],
    )


# --- before the act ---------------------------------------------------------------------------------------------------


def _imaging_asked_for(order: ActOrder) -> tuple[Modality, ...]:
    """CT, and for a vertebra MRI too."""
    return (CT, MRI) if has_vertebra(order.regions) else (CT,)


@condition(
    _("CT (for a vertebra CT or MRI) of the region is missing in the last {imaging_valid_days}"),
    reads=("imaging", "procedures"),
)
def imaging_missing(order: ActOrder, patient: Facts) -> Truth:
    """Not done within the setting's days."""
    done = (imaged(patient, order, modality) for modality in _imaging_asked_for(order))
    return that(either(*map(negated, done)), patient.imaging, patient.procedures)


@rule(
    "cementoplasty-imaging",
    title=_("The region is imaged before a cementoplasty: vertebra by CT and MRI, pelvis and hip by CT"),
    citations=(CIM, CHU),
    trigger=CEMENTOPLASTY,
    when=(imaging_missing,),
    reads=("orders",),
    severest=Indicator.INFO,
    reading=_("For a vertebra CIM asks for CT and MRI, CHU for CT or MRI: CIM is followed."),
)
def cementoplasty_imaging(order: ActOrder, patient: Facts) -> Outcome:
    """What is missing for this site, and whether it is ordered."""
    missing = [one for one in _imaging_asked_for(order) if imaged(patient, order, one) is False]
    return info(
        _("{act}: imaging of the region first", act=act_at(order)),
        _("Have this done before the act."),
        rests_on=[order],
        items=(*(imaging_line(patient, order, one) for one in missing), _("anaesthetic consultation")),
    )


@condition(_("the newest pain score is at most {controlled_pain_score}"), reads=(PAIN_SCORE,))
def pain_is_controlled(_order: Order, patient: Facts) -> Truth:
    """The newest valid score on a scale of 0 to 10."""
    score, limit = patient.result(PAIN_SCORE), Decimal(settings_of(patient).controlled_pain_score)
    return that(score.test(lambda value: value.bounds.at_most(limit)), score)


@condition(_("the reason is not to prevent a fracture"))
def not_to_prevent_a_fracture(order: ActOrder, _patient: Facts) -> Truth:
    """Neither a reason nor the intent of the order says so."""
    return that((order.reasons | order.intents).isdisjoint(sets.PROPHYLACTIC_INTENT))


@rule(
    "cementoplasty-pain-controlled",
    title=_("Pain that drugs control is no indication for a cementoplasty"),
    citations=(rao("interventional", "§4"), CIM),
    trigger=CEMENTOPLASTY,
    when=(pain_is_controlled, not_to_prevent_a_fracture),
    severest=Indicator.INFO,
    reading=_(
        "To prevent a fracture cement is debated for the referential, and done for CIM and KAS: an order for that "
        "reason is left alone.",
    ),
)
def cementoplasty_pain_controlled(order: ActOrder, patient: Facts) -> Outcome:
    """The score, and how to say that the act prevents a fracture."""
    return info(
        _("{act}: reconsider, pain is controlled by drugs", act=act_at(order)),
        _("Reconsider the indication; if it is to prevent a fracture, give that as the reason."),
        rests_on=[patient.result(PAIN_SCORE)],
    )


@rule(
    "cementoplasty-tumour-board",
    title=_("A cementoplasty is decided by several disciplines"),
    citations=(rao("interventional", "§3"), CHU),
    trigger=CEMENTOPLASTY,
    when=(no_tumour_board_ordered,),
    severest=Indicator.INFO,
)
def cementoplasty_tumour_board(order: ActOrder, _patient: Facts) -> Outcome:
    """A line of the checklist."""
    return info(
        _("{act}: decide in a multidisciplinary meeting (RCP)", act=act_at(order)),
        _("Have it decided before the act."),
        rests_on=[order],
        items=[_("multidisciplinary decision (RCP)")],
    )


@condition(_("the cementoplasty is for a bone metastasis"), reads=("conditions",))
def for_a_metastasis(order: ActOrder, patient: Facts) -> Truth:
    """By its reason, else because one is on record."""
    if not order.reasons.isdisjoint(sets.BONE_METASTASIS):
        return that(True)
    return bone_metastasis(order, patient)


@condition(
    _("no radiotherapy or ablation of that bone was done in {tumour_control_days}, is planned or drafted"),
    reads=("radiotherapies", "radiotherapy_orders", "procedures", "orders"),
)
def tumour_not_treated(order: ActOrder, patient: Facts) -> Truth:
    """Of the bone; of a bone that is not named it leaves it open."""
    since = days_before(patient.today, settings_of(patient).tumour_control_days)

    def of_the_bone(regions: frozenset[str]) -> bool | None:
        return None if not regions or not order.regions else not regions.isdisjoint(order.regions)

    def given(course: RadiotherapyCourse) -> bool | None:
        if course.target is Target.OTHER:
            return False
        ended = course.ended or course.first
        recent = True if course.under_way else None if ended is None else ended.last >= since
        return both(recent, of_the_bone(course.regions))

    def planned(other: RadiotherapyOrder) -> bool | None:
        treated = other.prescription
        return False if treated.target is Target.OTHER else of_the_bone(treated.regions)

    def ablated(act: Act) -> bool | None:
        recent = None if act.dated is None else act.dated.last >= since
        return both(act.is_any(sets.ABLATION), recent, of_the_bone(act.regions))

    def ablation(other: Order) -> bool | None:
        regions = other.regions if isinstance(other, ActOrder) else frozenset[str]()
        return both(other.is_any(sets.ABLATION), of_the_bone(regions))

    treated = either(
        patient.radiotherapies.any(given),
        patient.radiotherapy_orders.any(planned),
        patient.procedures.any(ablated),
        patient.orders.any(ablation),
    )
    asked = (patient.radiotherapies, patient.radiotherapy_orders, patient.procedures, patient.orders)
    return that(negated(treated), *asked)


@rule(
    "cementoplasty-tumour-control",
    title=_("Cement does not control the tumour: radiotherapy or ablation beside it"),
    citations=(rao("interventional", "§1"), CHU),
    trigger=CEMENTOPLASTY,
    when=(for_a_metastasis, tumour_not_treated),
    severest=Indicator.INFO,
)
def cementoplasty_tumour_control(order: ActOrder, _patient: Facts) -> Outcome:
    """A line of the checklist."""
    return info(
        _("{act}: radiotherapy or ablation beside it, cement does not control the tumour", act=act_at(order)),
        _("Add radiotherapy or ablation where control of the tumour is wanted."),
        rests_on=[order],
        items=[
            _(
                "{what}, where control of the tumour is wanted: cement gives none",
                what=_("radiotherapy or ablation"),
            )
        ],
    )


@rule(
    "kyphoplasty-neoplastic",
    title=_("Kyphoplasty is not indicated in a neoplastic fracture"),
    citations=(rao("interventional", "§7"),),
    trigger=KYPHOPLASTY,
    when=(bone_metastasis,),
    severest=Indicator.INFO,
)
def kyphoplasty_neoplastic(order: ActOrder, patient: Facts) -> Outcome:
    """That it is no indication, with the metastasis that says so."""
    return info(
        _("{act}: choose vertebroplasty, no indication in bone metastasis (HAS 2009)", act=act_at(order)),
        _("Choose vertebroplasty instead: no superiority of kyphoplasty was shown."),
        rests_on=bone_metastasis(order, patient).basis,
    )
