"""Surgery of bone metastases of the limbs (RAO, chirurgie; radiothérapie §1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from mappings.dates import When, days_before
from mappings.facts import (
    Act,
    ActOrder,
    Diagnosis,
    Fact,
    Facts,
    Finding,
    Order,
    RadiotherapyCourse,
    RadiotherapyOrder,
    Target,
)
from mappings.facts.bones import SPINE, bone, includes, may_be_same, named_bones
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.units import WEEK, YEAR
from mappings.wording import Text
from service.rules.bone_metastases.conditions import above, at_least, below, bone_metastasis
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.healing import OPERATED_BONE
from service.rules.bone_metastases.imaged import CT, RADIOGRAPHS, Modality, imaged, imaging_line
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.skeletal_events import is_bone_metastasis_surgery
from service.rules.bone_metastases.stays import on_record
from service.rules.bone_metastases.wording import _, _c
from service.rules.condition import Truth, condition, that
from service.rules.logic import both, either, negated
from service.rules.naming import act_at
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import Trigger, rule
from service.rules.say import info, warning


@condition(_("the order is for a bone metastasis"), reads=("conditions",))
def for_bone_metastasis(order: ActOrder, patient: Facts) -> Truth:
    """By what is ordered or why, else because one is on record; not where it is for an injury or another disease of bone."""
    if order.is_any(sets.PREVENTIVE_FIXATION) or not order.reasons.isdisjoint(
        sets.BONE_METASTASIS | sets.PATHOLOGICAL_FRACTURE
    ):
        return that(True)
    return that(False) if order.for_another_reason else bone_metastasis(order, patient)


ORTHOPAEDIC_ORDER = Trigger(
    _("draft order of orthopaedic surgery"),
    lambda order: order.is_any(sets.LIMB_SURGERY) and not includes(order.regions, SPINE),
    kind=ActOrder,
    scope=for_bone_metastasis,
)
ACETABULUM_ORDER = Trigger(
    _("draft order of surgery of the acetabulum"),
    lambda order: (
        order.is_any(sets.ACETABULUM_SURGERY - sets.CEMENTOPLASTY)
        or (order.is_any(sets.LIMB_SURGERY) and includes(order.regions, "acetabulum"))
    ),
    kind=ActOrder,
    scope=for_bone_metastasis,
)

# --- before surgery ---------------------------------------------------------------------------------------------------

BENEFIT_FROM_WEEKS = 6
"""Life expectancy in weeks, below which surgery brings nothing (RAO §1)."""


@condition(_("life expectancy is recorded below {weeks} weeks", weeks=BENEFIT_FROM_WEEKS), reads=("finding",))
def expectancy_too_short(_order: Order | None, patient: Facts) -> Truth:
    """Strictly below the weeks from which surgery brings something."""
    expectancy = patient.finding("life-expectancy")
    return that(below(expectancy, BENEFIT_FROM_WEEKS * WEEK), expectancy)


@rule(
    "surgery-short-life-expectancy",
    title=_("Surgery brings nothing when life expectancy is below {weeks} weeks", weeks=BENEFIT_FROM_WEEKS),
    citations=(rao("surgery", "§1"),),
    trigger=ORTHOPAEDIC_ORDER,
    when=(expectancy_too_short,),
    severest=Indicator.WARNING,
)
def surgery_short_life_expectancy(order: ActOrder, patient: Facts) -> Outcome:
    """What to do instead."""
    return warning(
        _(
            "{act}: no benefit expected, life expectancy below {weeks} weeks",
            act=act_at(order),
            weeks=BENEFIT_FROM_WEEKS,
        ),
        _("Prefer analgesia, perhaps radiotherapy."),
        rests_on=expectancy_too_short(order, patient).basis,
    )


LASTING_CONTROL_YEARS = 1
"""Life expectancy in years, above which resection and reconstruction give lasting control (RAO §1)."""


def _expectancy(patient: Facts) -> Fact[Finding]:
    return patient.finding("life-expectancy")


@condition(_("life expectancy is recorded as {weeks} weeks or more", weeks=BENEFIT_FROM_WEEKS), reads=("finding",))
def expectancy_long_enough(_order: Order | None, patient: Facts) -> Truth:
    """From the weeks on from which surgery brings something."""
    return that(at_least(_expectancy(patient), BENEFIT_FROM_WEEKS * WEEK), _expectancy(patient))


@condition(
    _("it is known whether life expectancy exceeds {years} year", years=LASTING_CONTROL_YEARS), reads=("finding",)
)
def known_whether_long(_order: Order | None, patient: Facts) -> Truth:
    """A bound may leave it open."""
    known = above(_expectancy(patient), LASTING_CONTROL_YEARS * YEAR) is not None
    return that(known or None, _expectancy(patient))


@rule(
    "surgery-life-expectancy",
    title=_("Life expectancy decides between resection with reconstruction and lighter fixation"),
    citations=(rao("surgery", "§1"),),
    trigger=ORTHOPAEDIC_ORDER,
    when=(expectancy_long_enough, known_whether_long),
    severest=Indicator.INFO,
)
def surgery_life_expectancy(order: ActOrder, patient: Facts) -> Outcome:
    """Above the year lasting control, between it and the weeks a lighter operation."""
    if above(_expectancy(patient), LASTING_CONTROL_YEARS * YEAR):
        summary = _(
            "{act}: resection with reconstruction, life expectancy above {years} year",
            act=act_at(order),
            years=LASTING_CONTROL_YEARS,
        )
        detail = _("Consider resection with reconstruction: it gives lasting control.")
    else:
        summary = _(
            "{act}: lighter fixation, life expectancy of {weeks} weeks to {years} year",
            act=act_at(order),
            weeks=BENEFIT_FROM_WEEKS,
            years=LASTING_CONTROL_YEARS,
        )
        detail = _("Consider a lighter fixation rather than resection.")
    return info(summary, detail, rests_on=[_expectancy(patient)])


@condition(_("its reason is a bone metastasis or a pathological fracture"))
def reason_is_a_metastasis(order: ActOrder, _patient: Facts) -> Truth:
    """A reason of the order; one that could not be looked up leaves it open."""
    given = not order.reasons.isdisjoint(sets.BONE_METASTASIS | sets.PATHOLOGICAL_FRACTURE)
    return that(given or (None if order.reasons_unresolved else False))


@condition(_("no primary cancer is on record"), reads=("conditions",))
def no_primary(order: ActOrder, patient: Facts) -> Truth:
    """Of the lung or of another organ, as a condition or as a reason; one in remission explains a metastasis too."""
    primaries = sets.LUNG_CANCER | sets.OTHER_PRIMARY
    recorded = patient.conditions.any(lambda one: not one.suspected and one.is_any(primaries))
    is_reason = not order.reasons.isdisjoint(primaries)
    return that(negated(either(is_reason, recorded)), patient.conditions)


@rule(
    "surgery-primary-unknown",
    title=_("A bone metastasis without a known primary is explored before surgery"),
    citations=(rao("surgery", "§3"),),
    trigger=ORTHOPAEDIC_ORDER,
    when=(reason_is_a_metastasis, no_primary),
    severest=Indicator.INFO,
)
def surgery_primary_unknown(order: ActOrder, _patient: Facts) -> Outcome:
    """The least work-up."""
    return info(
        _("{act}: look for the primary first, none is on record", act=act_at(order)),
        _(
            "Minimum work-up first: protein electrophoresis and CT of thorax, abdomen and pelvis, for example; biopsy in doubt."
        ),
        rests_on=[order],
    )


BEFORE_SURGERY: Mapping[Modality, Text] = {
    RADIOGRAPHS: _("Radiographs: the whole bone with the joints on both sides."),
    CT: _("CT: bone window, unenhanced, centred on the lesion."),
}
"""The imaging that precedes surgery, and how it is done (RAO §3)."""


def missing_imaging(order: ActOrder, patient: Facts) -> Mapping[Modality, bool | None]:
    """Of each imaging that precedes surgery, whether it is missing."""
    return {modality: negated(imaged(patient, order, modality)) for modality in BEFORE_SURGERY}


@condition(
    _("radiographs or CT of the bone are missing in the last {imaging_valid_days}"),
    reads=("imaging", "procedures"),
)
def imaging_is_missing(order: ActOrder, patient: Facts) -> Truth:
    """One of the two at least."""
    return that(either(*missing_imaging(order, patient).values()), patient.imaging, patient.procedures)


@rule(
    "surgery-imaging",
    title=_("Radiographs of the whole bone and CT precede surgery"),
    citations=(rao("surgery", "§3"),),
    trigger=ORTHOPAEDIC_ORDER,
    when=(imaging_is_missing,),
    reads=("orders",),
    severest=Indicator.INFO,
)
def surgery_imaging(order: ActOrder, patient: Facts) -> Outcome:
    """What is missing, how it is done, and whether it is ordered already."""
    missing = [modality for modality, holds in missing_imaging(order, patient).items() if holds]
    return info(
        _("{act}: imaging missing: {which}", act=act_at(order), which=tuple(modality.name for modality in missing)),
        *(BEFORE_SURGERY[modality] for modality in missing),
        rests_on=[order],
        items=(imaging_line(patient, order, modality) for modality in missing),
    )


# --- after surgery ----------------------------------------------------------------------------------------------------


WINDOW = _(
    "between {days} days and {weeks} weeks after surgery",
    days=OPERATED_BONE.days,
    weeks=OPERATED_BONE.longest_days // WEEK,
)
"""When the operated bone is irradiated, on a healed scar (RAO, radiothérapie §1.4)."""


def _state(days: int) -> Text:
    """What radiotherapy is so many days after surgery: to be planned, due or overdue."""
    if days < OPERATED_BONE.days:
        return _("plan it")
    return _("due now") if days <= OPERATED_BONE.longest_days else _("overdue")


def awaits_radiotherapy(act: Act, patient: Facts) -> bool | None:
    """Surgery of a bone metastasis within the setting's days, and no radiotherapy of the bone since or planned."""
    since = days_before(patient.today, settings_of(patient).post_operative_days)
    recent = None if act.dated is None else act.dated.within(since, patient.today)
    awaits = both(is_bone_metastasis_surgery(act, patient), recent)
    return awaits if awaits is False else both(awaits, negated(_irradiated_since(act, patient)))


def _irradiated_since(surgery: Act, patient: Facts) -> bool | None:
    """Radiotherapy of the bone, or of a bone that is not stated, since the surgery, under way, or planned."""
    operated = surgery.dated

    def of_the_bone(target: Target, regions: frozenset[str]) -> bool:
        return target is not Target.OTHER and may_be_same(regions, surgery.regions)

    def given_since(course: RadiotherapyCourse) -> bool | None:
        if not of_the_bone(course.target, course.regions):
            return False
        end = course.last or course.first
        if course.under_way or operated is None:
            return True
        return None if end is None else end.last >= operated.first

    def is_planned(order: RadiotherapyOrder) -> bool:
        return of_the_bone(order.prescription.target, order.prescription.regions)

    return either(patient.radiotherapies.any(given_since), patient.radiotherapy_orders.any(is_planned))


@condition(
    _("a bone metastasis was operated on in the last {post_operative_days}, without radiotherapy since or planned"),
    reads=("procedures", "conditions", "radiotherapies", "radiotherapy_orders"),
)
def operated_not_irradiated(_order: Order | None, patient: Facts) -> Truth:
    """One such operation at least."""
    return that(
        patient.procedures.any(lambda act: awaits_radiotherapy(act, patient)),
        patient.procedures,
        patient.radiotherapies,
        patient.radiotherapy_orders,
    )


def _days_since(act: Act, today: date) -> int:
    """Days since the act; the fewest that a partial date allows."""
    return 0 if act.dated is None else (today - min(act.dated.last, today)).days


def _of(when: When | None) -> Text:
    """A date after a noun: «of» it in French."""
    if when is None:
        return _("undated")
    if when.partial:
        return _c("of a month or year, after a noun", "{when}", when=when)
    return _c("of a day, after a noun", "{when}", when=when)


@rule(
    "post-operative-radiotherapy",
    title=_("The operated bone is irradiated {window}", window=WINDOW),
    citations=(rao("radiotherapy", "§1.4"),),
    when=(operated_not_irradiated,),
    severest=Indicator.INFO,
)
def post_operative_radiotherapy(_order: None, patient: Facts) -> Outcome:
    """Of the newest such operation, whether radiotherapy is to be planned, due or overdue."""
    waiting = (act for act in patient.procedures if awaits_radiotherapy(act, patient))
    surgery = min(waiting, key=lambda act: (_days_since(act, patient.today), act.source))
    if surgery.dated is not None and surgery.dated.partial:
        state = _("date of surgery partial: plan it, or it is due")
    else:
        state = _state(_days_since(surgery, patient.today))
    return info(
        _(
            "Post-operative radiotherapy ({bones}): {state} (surgery {when})",
            bones=named_bones(surgery.regions) or _("operated bone"),
            state=state,
            when=_of(surgery.dated),
        ),
        _("Irradiate the whole operated bone, {window}, on a healed scar.", window=WINDOW),
        rests_on=[surgery],
    )


# --- acetabulum -------------------------------------------------------------------------------------------------------


def _of_the_pelvis(regions: frozenset[str]) -> bool:
    """Of the pelvis, or of a bone that is not stated."""
    return not regions or includes(regions, "pelvis")


@condition(
    _("neither radiotherapy nor percutaneous treatment of the pelvis is on record"),
    reads=("procedures", "radiotherapies"),
)
def pelvis_untreated(_order: Order | None, patient: Facts) -> Truth:
    """At no time."""
    irradiated = patient.radiotherapies.any(
        lambda course: course.target is not Target.OTHER and _of_the_pelvis(course.regions)
    )
    treated = patient.procedures.any(
        lambda act: act.is_any(sets.INTERVENTIONAL_RADIOLOGY) and _of_the_pelvis(act.regions)
    )
    return that(negated(either(irradiated, treated)), patient.radiotherapies, patient.procedures)


@condition(_("no pathological fracture of it"), reads=("conditions",))
def acetabulum_not_broken(order: ActOrder, patient: Facts) -> Truth:
    """Neither active on record, of the pelvis or of a bone that is not named, nor the reason of the order."""
    fractures = sets.PATHOLOGICAL_FRACTURE - sets.VERTEBRAL_FRACTURE

    def breaks(one: Diagnosis) -> bool | None:
        if not one.active or not one.is_any(fractures):
            return False
        return None if not one.regions else not one.regions.isdisjoint(bone("acetabulum") | bone("pelvis"))

    recorded = on_record(patient, breaks)
    broken = either(not order.reasons.isdisjoint(fractures), recorded.holds)
    return that(negated(broken), *recorded.basis)


@rule(
    "acetabular-order",
    title=_(
        "Acetabulum: medical treatment and radiotherapy first, then cementoplasty or ablation, surgery last",
    ),
    citations=(rao("surgery", "§2.4"),),
    trigger=ACETABULUM_ORDER,
    when=(pelvis_untreated, acetabulum_not_broken),
    severest=Indicator.INFO,
)
def acetabular_order(order: ActOrder, _patient: Facts) -> Outcome:
    """What comes before surgery."""
    return info(
        _("{act}: radiotherapy and percutaneous treatment come first", act=act_at(order)),
        _(
            "Begin with medical treatment and radiotherapy, then cementoplasty or ablation, surgery last: for lesions that do "
            "not compromise the stability."
        ),
        rests_on=[order],
    )
