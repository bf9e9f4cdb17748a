"""Vitamin D before and during an antiresorptive (RAO, traitement osseux systémique §1, Tableau 1 and its box)."""

from __future__ import annotations

from mappings.facts import DrugOrder, Exposure, Facts, Known, Order, known
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import VITAMIN_D
from mappings.wording import Text
from service.rules.bone_metastases.checklist import already_ordered, missing_result
from service.rules.bone_metastases.conditions import (
    bone_metastasis,
    calcium_is_high,
    is_start,
    orders_of,
    starts,
    supplements_on_record,
)
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.requests import CHOLECALCIFEROL_INSTEAD, VITAMIN_D_IU, vitamin_d
from service.rules.bone_metastases.triggers import ANTIRESORPTIVE, drug_order, for_bone_metastases
from service.rules.bone_metastases.urgency import EXCEPTION_USED, URGENCY, is_urgent, with_urgency
from service.rules.bone_metastases.vitamin_d_correction import (
    CORRECTION,
    correct_beside_treatment,
    correct_later,
    correct_vitamin_d,
    phase_remarks,
)
from service.rules.bone_metastases.vitamin_d_levels import (
    DEEP_DEFICIENCY,
    DEFICIENCY,
    INSUFFICIENCY,
    INTOXICATION,
    RECOMMENDED,
    above_the_recommended_range,
    deficient,
    insufficient,
    no_vitamin_d_level,
    not_known_as_deficient,
)
from service.rules.bone_metastases.vitamin_d_loading import (
    MAINTENANCE_IU_A_DAY,
    loading_begun,
    loading_under_way,
    no_loading_of,
)
from service.rules.bone_metastases.wording import _, _c
from service.rules.condition import Truth, any_of, condition, that
from service.rules.logic import both, either, negated
from service.rules.naming import planned_remarks
from service.rules.offers import DeleteOrder, Offer, OrderAnalyte, StartOn, UpdateOrder
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import rule
from service.rules.say import advise, info, warning

ANY_VITAMIN_D = sets.VITAMIN_D_SUPPLEMENTS | sets.ACTIVE_VITAMIN_D

CALCIUM_MG_A_DAY = (1000, 1500)
"""Calcium of food and tablets together (RAO §1 box, §2.4)."""


@condition(_("the order is in scope"), reads=for_bone_metastases.reads)
def for_bone_metastases_or_vitamin_d(order: DrugOrder, patient: Facts) -> Truth:
    """A draft of vitamin D always is; one of an antiresorptive unless it is recognisably for osteoporosis."""
    if order.is_any(ANY_VITAMIN_D):
        return that(True)
    return for_bone_metastases(order, patient)


ERGOCALCIFEROL_DRAFT = drug_order(_("draft order of ergocalciferol"), frozenset({"ergocalciferol"}))
ANTIRESORPTIVE_OR_VITAMIN_D = drug_order(
    _("draft order of an antiresorptive for bone metastases, or of vitamin D"),
    sets.ANTIRESORPTIVES | ANY_VITAMIN_D,
    for_bone_metastases_or_vitamin_d,
)


# --- not measured -----------------------------------------------------------------------------------------------------


@rule(
    "vitamin-d-unknown",
    title=_("25-OH vitamin D is measured before the first dose of an antiresorptive"),
    citations=(rao("systemic", "§1, §2.3"),),
    trigger=ANTIRESORPTIVE,
    when=(no_vitamin_d_level, is_start),
    reads=("orders", *URGENCY),
    severest=Indicator.WARNING,
)
def vitamin_d_unknown(order: DrugOrder, patient: Facts) -> Outcome:
    """To be measured, and ordered where nobody has done so yet."""
    ordered = already_ordered(patient, VITAMIN_D)
    advice = warning(
        _("{drug}: measure 25-OH vitamin D before the first dose", drug=order.name),
        _("Measure 25-OH vitamin D, and correct a deficiency before the first dose."),
        rests_on=[patient.vitamin_d],
        offers=() if ordered else [OrderAnalyte(VITAMIN_D)],
        items=[missing_result(patient.vitamin_d, VITAMIN_D.name, ordered=ordered)],
    )
    return with_urgency(advice, order, patient)


# --- deficiency and insufficiency -------------------------------------------------------------------------------------


@rule(
    "vitamin-d-deficiency",
    title=_(
        "A vitamin D deficiency (below {mass} ng/mL, {molar} nmol/L) is corrected before an antiresorptive is started",
        mass=DEFICIENCY.below.ng_per_ml,
        molar=DEFICIENCY.below.nmol_per_l,
    ),
    citations=(rao("systemic", "§1, box, Tableau 1"),),
    trigger=ANTIRESORPTIVE,
    when=(deficient, no_loading_of(DEFICIENCY)),
    reads=CORRECTION,
    severest=Indicator.CRITICAL,
    reading=_(
        "Tableau 1 calls less than {severe} a deficiency, the box less than {deficient}: the box decides treatment, "
        "Tableau 1 raises the level. On continuation the correction is given without interrupting the antiresorptive. ONC "
        "gives 100 000 IU a month: the referential's scheme wins.",
        severe=DEEP_DEFICIENCY.said,
        deficient=DEFICIENCY.below.said,
    ),
)
def vitamin_d_deficiency(order: DrugOrder, patient: Facts) -> Outcome:
    """A start is to be deleted unless urgent, and critical where the deficiency is severe."""
    start = starts(order, patient)
    severe = DEEP_DEFICIENCY.undercut_by(known(patient.vitamin_d).value) is True
    indicator = Indicator.CRITICAL if severe and start else Indicator.WARNING
    deletion = [DeleteOrder(order)] if start and not is_urgent(order, patient) else []
    return correct_vitamin_d(order, patient, DEFICIENCY, indicator, *deletion)


@rule(
    "vitamin-d-insufficiency",
    title=_(
        "A vitamin D insufficiency ({low} to less than {high} ng/mL, {low_molar} to less than {high_molar} nmol/L) is corrected",
        low=DEFICIENCY.below.ng_per_ml,
        high=INSUFFICIENCY.below.ng_per_ml,
        low_molar=DEFICIENCY.below.nmol_per_l,
        high_molar=INSUFFICIENCY.below.nmol_per_l,
    ),
    citations=(rao("systemic", "§1, box"),),
    trigger=ANTIRESORPTIVE,
    when=(insufficient, not_known_as_deficient, no_loading_of(INSUFFICIENCY)),
    reads=CORRECTION,
    severest=Indicator.INFO,
    reading=_(
        "The source asks to correct a deficiency before the treatment, not an insufficiency: it is begun with it."
    ),
)
def vitamin_d_insufficiency(order: DrugOrder, patient: Facts) -> Outcome:
    """Corrected along with the treatment, which does not wait."""
    return correct_beside_treatment(order, patient, INSUFFICIENCY)


# --- a correction under way -------------------------------------------------------------------------------------------


@rule(
    "vitamin-d-correction-under-way",
    title=_("A loading regimen begun since the sample is finished before the antiresorptive is started"),
    citations=(rao("systemic", "§1, box"),),
    trigger=ANTIRESORPTIVE,
    when=(insufficient, loading_begun),
    reads=CORRECTION,
    severest=Indicator.WARNING,
    reading=_(
        "At least {vitamin_d_loading_iu_a_week} IU a week or its equivalent counts as a loading regimen; whether it is finished is judged at the "
        "planned start of the antiresorptive.",
    ),
)
def vitamin_d_correction_under_way(order: DrugOrder, patient: Facts) -> Outcome:
    """A start of a deficient patient that is not urgent waits for the end of the loading; then 25-OH vitamin D is measured."""
    if calcium_is_high(order, patient).holds:
        return correct_later(order, patient)
    loading = known(loading_under_way(patient)).value
    unfinished = order.planned.when.first < loading.end
    must_wait = unfinished and starts(order, patient) and deficient(order, patient).holds is True
    waits = must_wait and not is_urgent(order, patient)
    if waits:
        summary = _("{drug}: vitamin D loading is under way, give it from {end}", drug=order.name, end=loading.end)
        act = _("Start on {end}, at the end of the {weeks} weeks.", end=loading.end, weeks=loading.weeks)
    elif unfinished:
        summary = _("{drug}: vitamin D loading is under way until {end}", drug=order.name, end=loading.end)
        act = _("Go on with the loading until {end}.", end=loading.end)
    else:
        summary = _(
            "{drug}: vitamin D loading ends on {end}: measure 25-OH vitamin D again", drug=order.name, end=loading.end
        )
        act = _("Measure 25-OH vitamin D again: suggested after the loading.")
    since = _("Loading with {loading} since {begin}.", loading=loading.entry.drug.name, begin=loading.begin)
    return advise(
        Indicator.WARNING if waits else Indicator.INFO,
        summary,
        act,
        since,
        *((_("Measuring 25-OH vitamin D again after it is suggested."),) if unfinished else ()),
        rests_on=(patient.vitamin_d, loading.entry),
        offers=[UpdateOrder(order, (StartOn(loading.end),))] if waits else (),
        remarks=(
            *((EXCEPTION_USED,) if must_wait and not waits else ()),
            *planned_remarks(order),
            *phase_remarks(order, patient),
        ),
    )


# --- excess, vitamin D2, supplements ----------------------------------------------------------------------------------


@rule(
    "vitamin-d-excess",
    title=_(
        "No vitamin D is given above {limit}; none is offered above {mass} ({molar})",
        limit=INTOXICATION.said,
        mass=RECOMMENDED.ng_per_ml,
        molar=RECOMMENDED.nmol_per_l,
    ),
    citations=(rao("systemic", "Tableau 1"),),
    trigger=ANTIRESORPTIVE_OR_VITAMIN_D,
    when=(above_the_recommended_range,),
    reads=("exposures", "orders"),
    severest=Indicator.WARNING,
    once=True,
    reading=_(
        "Tableau 1 leaves {low} to {high} ng/mL unclassified: no supplement is offered, and the card is info.",
        low=RECOMMENDED.ng_per_ml,
        high=INTOXICATION.ng_per_ml,
    ),
)
def vitamin_d_excess(_order: DrugOrder, patient: Facts) -> Outcome:
    """Only a possible intoxication asks to stop, and to remove drafts; below it Tableau 1 says nothing."""
    level = known(patient.vitamin_d)
    products = supplements_on_record(patient, ANY_VITAMIN_D)
    names = tuple(dict.fromkeys(entry.drug.name for entry in products))
    if INTOXICATION.exceeded_by(level.value) is not True:
        return info(
            _("Vitamin D is above the recommended range: no supplement now"),
            _("Reconsider what is on record: {products}.", products=names)
            if products
            else _("Give no supplement now: no vitamin D is recorded as ongoing."),
            rests_on=(level, *products),
        )
    return warning(
        _("Vitamin D intoxication possible: give no vitamin D"),
        _("Stop what is on record: {products}.", products=names)
        if products
        else _("Look for vitamin D that is not on record: none is recorded as ongoing."),
        rests_on=(level, *products),
        offers=(DeleteOrder(order) for order in orders_of(patient, ANY_VITAMIN_D) if order.draft),
    )


@rule(
    "vitamin-d-prefer-d3",
    title=_("Cholecalciferol is preferred to ergocalciferol, above all for spaced doses"),
    citations=(rao("systemic", "§1"),),
    trigger=ERGOCALCIFEROL_DRAFT,
    when=(bone_metastasis,),
    severest=Indicator.INFO,
)
def vitamin_d_prefer_d3(order: DrugOrder, patient: Facts) -> Outcome:
    """Cholecalciferol instead, at the same dose and timing."""
    return info(
        _("Ergocalciferol: cholecalciferol is preferred"),
        _("Prefer cholecalciferol, above all for spaced doses; the same dose and timing can be kept."),
        rests_on=bone_metastasis(order, patient).basis,
        offers=[UpdateOrder(order, (CHOLECALCIFEROL_INSTEAD,))],
    )


@condition(_("calcium is not high"), reads=("calcium",))
def calcium_not_high(_order: Order | None, patient: Facts) -> Truth:
    """As it was measured: an albumin that could not be looked up does not leave it open."""
    calcium = patient.calcium
    return that(negated(calcium.test(lambda value: value.high)), calcium)


@condition(
    _(
        "no vitamin D is ongoing, planned, drafted or about to be corrected, and it is not above {limit} ng/mL",
        limit=RECOMMENDED.ng_per_ml,
    ),
    reads=("vitamin_d", "exposures", "orders"),
)
def no_vitamin_d(_order: Order | None, patient: Facts) -> Truth:
    """Calcitriol and alfacalcidol do not count; where a correction is due or under way, it is no matter of maintenance."""
    level = patient.vitamin_d
    settled_otherwise = level.test(
        lambda value: either(RECOMMENDED.exceeded_by(value), INSUFFICIENCY.below.undercut_by(value))
    )
    supplemented = _is_supplemented(patient, sets.VITAMIN_D_SUPPLEMENTS)
    return that(both(negated(supplemented), negated(settled_otherwise)), level, patient.exposures)


@condition(_("no calcium is ongoing, planned or drafted"), reads=("exposures", "orders"))
def no_calcium_supplement(_order: Order | None, patient: Facts) -> Truth:
    """No tablets on record: what is eaten is not known."""
    return that(negated(_is_supplemented(patient, sets.CALCIUM_SUPPLEMENTS)), patient.exposures)


def _is_supplemented(patient: Facts, concepts: frozenset[str]) -> bool | None:
    """Ongoing, planned or drafted; an old open entry of an active list counts."""
    taken = patient.exposures.of(concepts).any(lambda entry: entry.ongoing or entry.planned or entry.unconfirmed)
    return True if orders_of(patient, concepts) else taken


@rule(
    "supplementation-missing",
    title=_("Vitamin D ({dose} IU a month) and enough calcium go with an antiresorptive", dose=VITAMIN_D_IU),
    citations=(rao("systemic", "§1, box, §2.4"),),
    trigger=ANTIRESORPTIVE,
    when=(calcium_not_high, any_of(_("vitamin D or calcium is missing"), no_vitamin_d, no_calcium_supplement)),
    reads=("conditions",),
    severest=Indicator.INFO,
    reading=_(
        "{low} to {high} mg of calcium a day is a total of food and tablets, so no tablet is offered; {least} to 1000 IU of "
        "vitamin D a day counts as on record. The text asks for 1200 mg, the box and §2.4 for {low} to {high}: the "
        "range is said. ONC speaks of daily tablets: monthly doses are offered.",
        low=CALCIUM_MG_A_DAY[0],
        high=CALCIUM_MG_A_DAY[1],
        least=MAINTENANCE_IU_A_DAY,
    ),
)
def supplementation_missing(order: DrugOrder, patient: Facts) -> Outcome:
    """What of vitamin D and calcium is missing; a request of vitamin D alone is offered, once calcium is known."""
    names: list[Text] = []
    detail: list[Text] = []
    offers: list[Offer] = []
    if no_vitamin_d(order, patient).holds:
        names.append(_("vitamin D"))
        detail.append(_("Vitamin D: {dose} IU cholecalciferol once a month with a meal.", dose=VITAMIN_D_IU))
        offers += [vitamin_d(0, patient.today)] if isinstance(patient.calcium, Known) else []
    if no_calcium_supplement(order, patient).holds:
        names.append(_c("supplement", "calcium"))
        detail.append(_calcium_intake(patient))
    return info(
        _("{drug}: supplementation missing: {missing}", drug=order.name, missing=tuple(names)),
        *detail,
        rests_on=(patient.vitamin_d, patient.calcium),
        offers=offers,
        remarks=(_to_be_confirmed(entry) for entry in supplements_on_record(patient, MAINTENANCE) if entry.unconfirmed),
    )


MAINTENANCE = sets.VITAMIN_D_SUPPLEMENTS | sets.CALCIUM_SUPPLEMENTS


def _to_be_confirmed(entry: Exposure) -> Text:
    return _("On record without a date of the last year, to be confirmed: {drug}", drug=entry.drug.name)


def _calcium_intake(patient: Facts) -> Text:
    """The daily total; no figure while osteomalacia is on record or not excluded."""
    if patient.conditions.any(lambda one: one.active and one.is_any(sets.OSTEOMALACIA)) is not False:
        return _("Calcium: the intake is to be set with a specialist (osteomalacia on record or not excluded).")
    return _(
        "Calcium: a daily total of {low} to {high} mg from food and tablets; tablets mid-morning on an empty stomach.",
        low=CALCIUM_MG_A_DAY[0],
        high=CALCIUM_MG_A_DAY[1],
    )
