"""Cementoplasty and its kin (RAO, radiologie interventionnelle §1-7, Tableau 8; CIM; CHU)."""

from __future__ import annotations

from decimal import Decimal

from mappings.facts import Absent, ActOrder, Facts, Known, Order
from mappings.facts.bones import LONG_BONES, bones_of, has_vertebra
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import INR, PAIN_SCORE, PROTHROMBIN
from mappings.wording import Text
from service.rules.bone_metastases.antithrombotics import (
    ASPIRIN_LIMIT,
    CLOPIDOGREL,
    antithrombotics_before,
    any_antithrombotic_before,
    planned_or_taken,
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
from service.rules.bone_metastases.conditions import bone_metastasis, no_tumour_board_ordered, orders_of
from service.rules.bone_metastases.documents import CHU, CIM, rao
from service.rules.bone_metastases.haemostasis import (
    HAEMOSTASIS,
    HAEMOSTASIS_LIMITS,
    haemostasis_not_known,
    haemostasis_too_low,
)
from service.rules.bone_metastases.imaged import CT, MRI, Modality, imaged, imaging_line
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, any_of, condition, holding, that
from service.rules.logic import either, negated
from service.rules.naming import named, planned_remarks
from service.rules.offers import OrderAnalyte
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import Trigger, rule
from service.rules.say import advise, critical, info, warning

CEMENTOPLASTY = Trigger(
    _("draft order of cementoplasty, vertebroplasty, kyphoplasty, sacroplasty or percutaneous fixation with cement"),
    lambda order: order.is_any(sets.CEMENTOPLASTY),
    kind=ActOrder,
)
KYPHOPLASTY = Trigger(_("draft order of kyphoplasty"), lambda order: order.is_any(sets.KYPHOPLASTY), kind=ActOrder)

# --- haemostasis ------------------------------------------------------------------------------------------------------


@rule(
    "cementoplasty-bleeding-risk",
    title=_(
        "Cementoplasty needs platelets above {platelets} and prothrombin above {prothrombin}", **HAEMOSTASIS_LIMITS
    ),
    citations=(rao("interventional", "§4, Tableau 8"),),
    trigger=CEMENTOPLASTY,
    when=(haemostasis_too_low,),
    severest=Indicator.CRITICAL,
)
def cementoplasty_bleeding_risk(order: ActOrder, patient: Facts) -> Outcome:
    """Which of the two is too low; both are shown."""
    results = [patient.result(one.analyte) for one in HAEMOSTASIS]
    low = tuple(one.analyte.name for one in HAEMOSTASIS if one.is_too_low(patient))
    return critical(
        _("{act}: bleeding risk, {results} too low", act=named(order), results=low),
        _(
            "Platelets must be above {platelets} and prothrombin above {prothrombin}: a severe coagulation disorder is an "
            "absolute contraindication.",
            **HAEMOSTASIS_LIMITS,
        ),
        rests_on=(result for result in results if isinstance(result, Known)),
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
        _("{act}: measure platelets and prothrombin first", act=named(order)),
        _(
            "Before the act platelets must be above {platelets} and prothrombin above {prothrombin}.",
            **HAEMOSTASIS_LIMITS,
        ),
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
    severest=Indicator.CRITICAL,
    reading=_(
        "Critical when a drug is ongoing and its stop date has passed is our reading; so is the last dose, the day "
        "before, of a heparin that is given already. Aspirin: the sum of the dosage lines, {limit} itself is stopped. "
        "CIM lets clopidogrel go on although it is better stopped {days} days before: the referential's {days} days are "
        "used. Both let low-dose aspirin go on.",
        limit=ASPIRIN_LIMIT,
        days=CLOPIDOGREL.days,
    ),
)
def cementoplasty_antithrombotics(order: ActOrder, patient: Facts) -> Outcome:
    """Critical when one is late; info when low-dose aspirin is the only one and nothing could hide another."""
    act, found = named(order), antithrombotics_before(order, patient)
    drugs = tuple(one.name for one in found)
    late = tuple(one.name for one in found if one.is_late(patient.today))
    if late:
        level = Indicator.CRITICAL
        summary = _("{act}: {drugs} should have been stopped: postpone, or ask the anaesthetist", act=act, drugs=late)
    elif all(one.goes_on for one in found) and not patient.exposures.gaps:
        level = Indicator.INFO
        summary = _("{act}: aspirin under {limit} a day goes on", act=act, limit=ASPIRIN_LIMIT)
    else:
        level = Indicator.WARNING
        summary = _("{act}: antithrombotic to deal with: {drugs}", act=act, drugs=drugs)
    return advise(
        level,
        summary,
        _("With the agreement of the anaesthetist and the prescriber."),
        rests_on=(entry for one in found for entry in one.entries),
        items=(one.line(patient.today) for one in found),
        remarks=_remarks_on_dates_and_gaps(order, patient),
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

CONTRAINDICATED = _("{act}: contraindicated, {which}")
POSSIBLY_CONTRAINDICATED = _("{act}: possibly contraindicated, {which}")


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
    summary = CONTRAINDICATED if certain else POSSIBLY_CONTRAINDICATED
    return advise(
        Indicator.CRITICAL if certain else Indicator.WARNING,
        summary.with_(act=named(order), which=names_of(found, patient)),
        _("Diffuse, non-localised pain is a contraindication too: check it yourself, the service cannot."),
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
    detail = [_("Surgery, or a combination with radiotherapy, is discussed case by case.")]
    if posterior_arch_involvement in found:
        detail.append(_("Involvement of the posterior arch asks for surgical stabilisation."))
    return warning(
        _("{act}: relative contraindication, {which}", act=named(order), which=names_of(found, patient)),
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
        _("{act} of a long bone: cement alone does not resist torsion", act=named(order)),
        _("Percutaneous fixation with it, or surgery."),
        rests_on=[order],
    )


# --- before the act ---------------------------------------------------------------------------------------------------


def _imaging_asked_for(order: ActOrder) -> tuple[Modality, ...]:
    """CT, and for a vertebra MRI too."""
    return (CT, MRI) if has_vertebra(order.regions) else (CT,)


@condition(
    _("CT (for a vertebra CT or MRI) of the region is missing in the last {imaging_valid_days} days"),
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
    asked = _imaging_asked_for(order)
    return info(
        _("{act}: imaging of the region first", act=named(order)),
        _("A vertebra: CT and MRI.") if MRI in asked else _("Pelvis and hip: CT."),
        _("Anaesthetic consultation."),
        rests_on=[order],
        items=(imaging_line(patient, order, one) for one in asked if imaged(patient, order, one) is False),
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
        _("{act}: pain is controlled, so no indication by pain", act=named(order)),
        _("To prevent a fracture, give it as the reason."),
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
        _("{act}: decide in a multidisciplinary meeting (RCP)", act=named(order)),
        rests_on=[order],
        items=[_("multidisciplinary decision (RCP)")],
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
        _("Kyphoplasty: not indicated in bone metastasis (HAS 2009)"),
        _("No superiority over vertebroplasty was shown."),
        rests_on=bone_metastasis(order, patient).basis,
    )
