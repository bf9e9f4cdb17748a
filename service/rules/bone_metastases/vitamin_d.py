"""Vitamin D before and during an antiresorptive (RAO, traitement osseux systémique §1, Tableau 1 and its box)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from mappings.dates import When
from mappings.facts import Exposure, ExposureKind, Exposures, Fact, Facts, Known, Order, Unavailable, VitaminD, known
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text, _, _c
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.requests import CHOLECALCIFEROL_INSTEAD, vitamin_d
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.situations import (
    ANTIRESORPTIVE,
    IN_ANY_CASE,
    ROWS,
    URGENCY_NEEDS,
    Condition,
    Trigger,
    already_ordered,
    bone_metastasis,
    both,
    calcium_is_high,
    drug_order,
    either,
    for_bone_metastases,
    is_absent,
    is_start,
    is_urgent,
    missing_result,
    negated,
    orders_of,
    phase_of,
    planned_remarks,
    rule,
    starts,
    supplements_on_record,
    that,
    unless_all,
    with_urgency,
)
from service.rules.offers import (
    DeleteOrder,
    Offer,
    OrderAnalyte,
    StartOn,
    UpdateOrder,
)
from service.rules.outcome import Advice, Basis, Indicator, Outcome, Silence

ANY_VITAMIN_D = sets.VITAMIN_D_SUPPLEMENTS | sets.ACTIVE_VITAMIN_D
VITAMIN_D_DRAFT = drug_order(_("draft order of vitamin D"), ANY_VITAMIN_D)
ERGOCALCIFEROL_DRAFT = drug_order(_("draft order of ergocalciferol"), frozenset({"ergocalciferol"}))
ANTIRESORPTIVE_OR_VITAMIN_D = Trigger(
    _(
        "draft order of an antiresorptive for bone metastases, or of vitamin D",
    ),
    lambda order: ANTIRESORPTIVE.is_about(order) or VITAMIN_D_DRAFT.is_about(order),
    in_scope=lambda order, patient: (
        IN_ANY_CASE if VITAMIN_D_DRAFT.is_about(order) else for_bone_metastases(order, patient)
    ),
    needs=ANTIRESORPTIVE.reads,
)

DEFICIENCY_WEEKS = 8
INSUFFICIENCY_WEEKS = 4
"""Weekly doses of 50 000 IU that correct a deficiency and an insufficiency (RAO §1 box)."""

LOADING = _(
    "50 000 IU cholecalciferol weekly × {weeks}, then monthly, by mouth with a meal.",
)
AFTER_CALCIUM = _(
    "Calcium is high: correct vitamin D once calcium is normal; no calcium or vitamin D until then.",
)
VITAMIN_D = _("25-OH vitamin D")
NEEDS = ("vitamin_d", "exposures", "orders", "calcium", *URGENCY_NEEDS)


@rule(
    "vitamin-d-unknown",
    title=_(
        "25-OH vitamin D is measured before the first dose of an antiresorptive",
    ),
    citations=(rao("systemic", "§1, §2.3"),),
    trigger=ANTIRESORPTIVE,
    needs=("vitamin_d", "exposures", "orders", *URGENCY_NEEDS),
    severest=Indicator.WARNING,
    prerequisite=True,
)
def vitamin_d_unknown(order: Order, patient: Facts) -> Outcome:
    """Start of an antiresorptive without a 25-OH vitamin D that still counts."""
    blocked = unless_all(
        that(
            _("no valid 25-OH vitamin D is on record"),
            is_absent(patient.vitamin_d),
            patient.vitamin_d,
        ),
        is_start(patient),
    )
    if blocked:
        return blocked
    ordered = already_ordered(patient, "vitamin_d_25oh")
    advice = Advice(
        Indicator.WARNING,
        _(
            "{drug}: measure 25-OH vitamin D before the first dose",
            drug=order.name,
        ),
        (
            _(
                "A deficiency must be found and corrected first: on an antiresorptive it exposes to deep, lasting "
                "hypocalcaemia.",
            ),
        ),
        (patient.vitamin_d,),
        () if ordered else (OrderAnalyte(ROWS["vitamin_d_25oh"]),),
        items=(missing_result(patient.vitamin_d, VITAMIN_D, ordered=ordered),),
    )
    return with_urgency(advice, order, patient)


# --- deficiency and insufficiency -------------------------------------------------------------------------------------


@rule(
    "vitamin-d-deficiency",
    title=_(
        "A vitamin D deficiency (below 20 ng/mL, 50 nmol/L) is corrected before an antiresorptive is started",
    ),
    citations=(rao("systemic", "§1, box, Tableau 1"),),
    trigger=ANTIRESORPTIVE,
    needs=NEEDS,
    severest=Indicator.CRITICAL,
    reading=_(
        "Tableau 1 calls less than 10 ng/mL a deficiency, the box less than 20: the box decides treatment, Tableau 1 "
        "raises the level. On continuation the correction is given without interrupting the antiresorptive. ONC "
        "gives 100 000 IU a month: the referential's scheme wins.",
    ),
)
def vitamin_d_deficiency(order: Order, patient: Facts) -> Outcome:
    """25-OH vitamin D below 20 ng/mL without a correction under way."""
    level = patient.vitamin_d
    blocked = unless_all(
        that(
            _(
                "25-OH vitamin D is below 20 ng/mL (50 nmol/L)",
            ),
            level.test(_settled_deficiency),
            level,
        ),
        _no_correction(level, patient, DEFICIENCY_WEEKS),
    )
    if blocked:
        return blocked
    level = known(level)
    deep = level.value.below(10) is True
    start = starts(patient)
    indicator = Indicator.CRITICAL if deep and start else Indicator.WARNING
    return _correction_advice(order, patient, level, indicator, DEFICIENCY_WEEKS, deletes=start)


def _settled_deficiency(level: VitaminD) -> bool | None:
    """Below 20 ng/mL. A bound that settles only "below 30" is an insufficiency, the mildest level that it settles."""
    below = level.below(20)
    return False if below is None and level.below(30) else below


@rule(
    "vitamin-d-insufficiency",
    title=_(
        "A vitamin D insufficiency (20 to less than 30 ng/mL, 50 to less than 75 nmol/L) is corrected",
    ),
    citations=(rao("systemic", "§1, box"),),
    trigger=ANTIRESORPTIVE,
    needs=NEEDS,
    severest=Indicator.WARNING,
)
def vitamin_d_insufficiency(order: Order, patient: Facts) -> Outcome:
    """25-OH vitamin D from 20 to less than 30 ng/mL without a correction under way."""
    level = patient.vitamin_d
    blocked = unless_all(
        that(
            _(
                "25-OH vitamin D is below 30 ng/mL (75 nmol/L)",
            ),
            level.test(lambda value: value.below(30)),
            level,
        ),
        that(
            _(
                "25-OH vitamin D is not below 20 ng/mL (50 nmol/L)",
            ),
            level.test(lambda value: value.below(20) is not True),
            level,
        ),
        _no_correction(level, patient, INSUFFICIENCY_WEEKS),
    )
    if blocked:
        return blocked
    indicator = Indicator.WARNING if starts(patient) else Indicator.INFO
    return _correction_advice(order, patient, known(level), indicator, INSUFFICIENCY_WEEKS, deletes=False)


def _correction_advice(
    order: Order, patient: Facts, level: Known[VitaminD], indicator: Indicator, weeks: int, *, deletes: bool
) -> Advice:
    """The card of both: correct first at a start, correct without interrupting on continuation."""
    start, high = starts(patient), calcium_is_high(patient)
    basis: tuple[Basis, ...] = (level, *supplements_on_record(patient, sets.VITAMIN_D_SUPPLEMENTS))
    if high:
        summary = _(
            "{drug}: vitamin D is low, but correct it only once calcium is normal",
            drug=order.name,
        )
        return Advice(
            Indicator.INFO, summary, (AFTER_CALCIUM,), (*basis, patient.calcium), remarks=_phase_remarks(patient)
        )
    urgent = is_urgent(order, patient)
    offers: list[Offer] = []
    if _may_offer_correction(patient):
        offers.append(vitamin_d(weeks, patient.today, maintenance=not _maintained(patient)))
    detail = [LOADING.with_(weeks=weeks)]
    if start:
        summary = _("{drug}: correct vitamin D first", drug=order.name)
        detail.append(
            _(
                "Started before correction, an antiresorptive exposes to deep, lasting hypocalcaemia.",
            )
        )
        if deletes and not urgent:
            offers.append(DeleteOrder(order))
    else:
        summary = _(
            "{drug}: correct vitamin D without interrupting treatment",
            drug=order.name,
        )
    other = tuple(_on_record_remark(entry) for entry in _no_correction_of_it(patient, level.value))
    advice = Advice(indicator, summary, tuple(detail), basis, tuple(offers), remarks=(*other, *_phase_remarks(patient)))
    return with_urgency(advice, order, patient) if start else advice


def _may_offer_correction(patient: Facts) -> bool:
    """No vitamin D is drafted, and no loading regimen is running or ordered already."""
    if any(order.draft for order in orders_of(patient, sets.VITAMIN_D_SUPPLEMENTS)):
        return False
    loading = settings_of(patient).vitamin_d_loading_iu_a_week
    return not any(_reaches(loading, entry) for entry in _taken_or_planned(patient))


MAINTENANCE_IU_A_WEEK = Decimal(7 * 800)
"""800 to 1000 IU a day are a maintenance as well as 50 000 IU a month (RAO §1, §2.4)."""


def _maintained(patient: Facts) -> bool:
    """A maintenance of vitamin D runs or is ordered already."""
    return any(_reaches(MAINTENANCE_IU_A_WEEK, entry) for entry in _taken_or_planned(patient))


def _taken_or_planned(patient: Facts) -> tuple[Exposure, ...]:
    entries = patient.exposures.of(sets.VITAMIN_D_SUPPLEMENTS).entries
    return tuple(entry for entry in entries if entry.ongoing or entry.planned)


def _reaches(iu_a_week: Decimal | int, entry: Exposure) -> bool:
    """At least so many IU a week; an unknown dose or interval is not enough."""
    weekly = entry.dosage.weekly_iu
    return weekly is not None and weekly >= iu_a_week


def _no_correction_of_it(patient: Facts, level: VitaminD) -> tuple[Exposure, ...]:
    """Vitamin D that is taken without correcting it, and loadings since the sample that were stopped too early."""
    entries = patient.exposures.of(sets.VITAMIN_D_SUPPLEMENTS).entries
    return tuple(
        entry for entry in entries if entry.ongoing or (entry.stopped and _begun_since(level, entry) is not None)
    )


def _begun_since(level: VitaminD, entry: Exposure) -> When | None:
    """Its begin, where that is not before the sample's day; of partial dates any day may be meant."""
    begin = entry.first
    return begin if begin is not None and begin.last >= level.when.first else None


def _on_record_remark(entry: Exposure) -> Text:
    return _(
        "on record, but no complete loading regimen since the sample: {drug} ({source})",
        drug=entry.drug.name,
        source=entry.source,
    )


def _phase_remarks(patient: Facts) -> tuple[Text, ...]:
    phase = phase_of(patient)
    if isinstance(phase, Known):
        return phase.remarks
    return (
        _(
            "Start or continuation could not be told: the medication history was not available; nothing is deleted.",
        ),
    )


# --- a correction under way -------------------------------------------------------------------------------------------


@rule(
    "vitamin-d-correction-under-way",
    title=_(
        "A loading regimen begun since the sample is finished before the antiresorptive is started",
    ),
    citations=(rao("systemic", "§1, box"),),
    trigger=ANTIRESORPTIVE,
    needs=NEEDS,
    severest=Indicator.WARNING,
    reading=_(
        "At least 50 000 IU a week or its equivalent counts as a loading regimen; whether it is finished is judged at the "
        "planned start of the antiresorptive.",
    ),
)
def vitamin_d_correction_under_way(order: Order, patient: Facts) -> Outcome:
    """25-OH vitamin D below 30 ng/mL, and a loading regimen begun on or after the sample's day."""
    level = patient.vitamin_d
    weeks = INSUFFICIENCY_WEEKS
    if isinstance(level, Known) and level.value.below(20) is True:
        weeks = DEFICIENCY_WEEKS
    begun = _loading_begun(level.value, patient, weeks) if isinstance(level, Known) else None
    vitamin_d = patient.exposures.of(sets.VITAMIN_D_SUPPLEMENTS)
    blocked = unless_all(
        that(
            _(
                "25-OH vitamin D is below 30 ng/mL (75 nmol/L)",
            ),
            level.test(lambda value: value.below(30)),
            level,
        ),
        that(_LOADING_BEGUN, _loading_known(begun, level, vitamin_d, patient), vitamin_d),
    )
    if blocked or begun is None:
        return blocked or NO_LOADING
    when, entry = begun
    end = when.last + timedelta(weeks=weeks)
    start, urgent = starts(patient), is_urgent(order, patient)
    unfinished = order.planned.when.first < end
    offers: tuple[Offer, ...] = ()
    indicator = Indicator.INFO
    if start and unfinished and not urgent:
        indicator = Indicator.WARNING
        offers = (UpdateOrder(order, (StartOn(end),)),)
    if unfinished:
        summary = _(
            "{drug}: vitamin D loading is under way until {end}",
            drug=order.name,
            end=end,
        )
    else:
        summary = _(
            "{drug}: vitamin D loading ends on {end}: measure 25-OH vitamin D again",
            drug=order.name,
            end=end,
        )
    detail = (
        _(
            "Loading with {loading} since {begin}; its {weeks} weeks end on {end}.",
            loading=entry.drug.name,
            begin=when,
            weeks=weeks,
            end=end,
        ),
        _("Measuring 25-OH vitamin D again after it is suggested."),
    )
    remarks = (*planned_remarks(order), *_phase_remarks(patient))
    return Advice(indicator, summary, detail, (level, entry), offers, remarks)


def _loading_known(
    begun: tuple[When, Exposure] | None, level: Fact[VitaminD], vitamin_d: Exposures, patient: Facts
) -> bool | None:
    """Whether a loading was begun since the sample; a sample that could not be looked up leaves any loading open."""
    if begun is not None:
        return True
    enough = settings_of(patient).vitamin_d_loading_iu_a_week
    loads = any(_reaches(enough, entry) for entry in vitamin_d.entries)
    return None if vitamin_d.gaps or (isinstance(level, Unavailable) and loads) else False


NO_LOADING = Silence(_("no loading regimen was begun"))

_LOADING_BEGUN = _("a loading regimen was begun since the sample")


def _no_correction(level: Fact[VitaminD], patient: Facts, weeks: int) -> Condition:
    """That no loading is under way; a history that could not be read does not hold the card back."""
    begun = _loading_begun(level.value, patient, weeks) if isinstance(level, Known) else None
    text = _("no loading regimen was begun since the sample")
    return that(text, begun is None, *((begun[1],) if begun else ()))


def _loading_begun(level: VitaminD, patient: Facts, weeks: int) -> tuple[When, Exposure] | None:
    """The begin and the source of a loading regimen begun on or after the sample's day and not ended too early."""
    enough = settings_of(patient).vitamin_d_loading_iu_a_week
    entries = patient.exposures.of(sets.VITAMIN_D_SUPPLEMENTS).entries
    loadings = [
        (begin, entry)
        for entry in entries
        if entry.certain and _reaches(enough, entry) and (begin := _begun_since(level, entry)) is not None
    ]
    for begin, entry in sorted(loadings, key=lambda one: (one[0].first, one[1].source)):
        if (entry.ongoing or entry.stopped) and not _ended_too_early(entry, begin, weeks, patient.today):
            return begin, entry
    return _loading_by_administrations(level, patient, enough)


def _ended_too_early(entry: Exposure, begin: When, weeks: int, today: date) -> bool:
    """The last of the weekly doses lies more than an interval before the end of the regimen."""
    full = begin.last + timedelta(weeks=weeks)
    if entry.last is None:
        return entry.stopped and today < full
    interval = entry.dosage.interval
    days = int(interval.longest_days) if interval is not None else 7
    return entry.last.last + timedelta(days=max(days, 7)) < full


def _loading_by_administrations(level: VitaminD, patient: Facts, enough: int) -> tuple[When, Exposure] | None:
    """Two or more doses given since the sample that come to a loading rate."""
    given = [
        (entry.last_dose, entry.dosage.dose_iu, entry)
        for entry in patient.exposures.of(sets.VITAMIN_D_SUPPLEMENTS).entries
        if entry.kind is ExposureKind.ADMINISTRATION
        and entry.certain
        and entry.dosage.dose_iu
        and entry.last_dose is not None
        and entry.last_dose.last >= level.when.first
    ]
    if not given:
        return None
    given.sort(key=lambda dose: (dose[0].first, dose[2].source))
    begin, _, first = given[0]
    days = (given[-1][0].last - begin.first).days
    total = sum(iu for _, iu, _ in given[:-1])
    if days <= 0 or total * 7 / days < enough:
        return None
    return begin, first


# --- excess, vitamin D2, supplements ----------------------------------------------------------------------------------


@rule(
    "vitamin-d-excess",
    title=_(
        "No vitamin D is given above 150 ng/mL (375 nmol/L); none is offered above 70 (175)",
    ),
    citations=(rao("systemic", "Tableau 1"),),
    trigger=ANTIRESORPTIVE_OR_VITAMIN_D,
    needs=("vitamin_d", "exposures", "orders"),
    severest=Indicator.WARNING,
    once=True,
    reading=_(
        "Tableau 1 leaves 70 to 150 ng/mL unclassified: no supplement is offered, and the card is info.",
    ),
)
def vitamin_d_excess(_order: Order, patient: Facts) -> Outcome:
    """25-OH vitamin D above 70 ng/mL, or above 150: a possible intoxication."""
    level = patient.vitamin_d
    blocked = unless_all(
        that(
            _("25-OH vitamin D is above 70 ng/mL (175 nmol/L)"),
            level.test(lambda value: value.above(70)),
            level,
        )
    )
    if blocked:
        return blocked
    level = known(level)
    products = supplements_on_record(patient, ANY_VITAMIN_D)
    if level.value.above(150) is not True:
        summary = _(
            "Vitamin D is above the recommended range: no supplement now",
        )
        return Advice(Indicator.INFO, summary, _products_text(products, TO_REVIEW), (level, *products))
    drafts = tuple(order for order in orders_of(patient, ANY_VITAMIN_D) if order.draft)
    summary = _(
        "Vitamin D intoxication possible: give no vitamin D",
    )
    offers = tuple(DeleteOrder(draft) for draft in drafts)
    return Advice(Indicator.WARNING, summary, _products_text(products, TO_STOP), (level, *products), offers)


TO_STOP = _("On record and to stop: {products}.")
TO_REVIEW = _("On record, to be reconsidered: {products}.")
"""Only a possible intoxication asks to stop; between 70 and 150 ng/mL Tableau 1 says nothing."""


def _products_text(products: tuple[Exposure, ...], text: Text) -> tuple[Text, ...]:
    if not products:
        return (_("No vitamin D is recorded as ongoing."),)
    return (text.with_(products=tuple(entry.drug.name for entry in products)),)


@rule(
    "vitamin-d-prefer-d3",
    title=_(
        "Cholecalciferol is preferred to ergocalciferol, above all for spaced doses",
    ),
    citations=(rao("systemic", "§1"),),
    trigger=ERGOCALCIFEROL_DRAFT,
    needs=("conditions",),
    severest=Indicator.INFO,
)
def vitamin_d_prefer_d3(order: Order, patient: Facts) -> Outcome:
    """A draft of ergocalciferol for a patient with a bone metastasis on record."""
    metastasis = bone_metastasis(patient)
    blocked = unless_all(metastasis)
    if blocked:
        return blocked
    summary = _("Ergocalciferol: cholecalciferol is preferred")
    detail = (
        _(
            "Above all for spaced doses. The same dose and timing can be kept.",
        ),
    )
    return Advice(Indicator.INFO, summary, detail, metastasis.basis, (UpdateOrder(order, (CHOLECALCIFEROL_INSTEAD,)),))


@rule(
    "supplementation-missing",
    title=_(
        "Vitamin D (50 000 IU a month) and enough calcium go with an antiresorptive",
    ),
    citations=(rao("systemic", "§1, box, §2.4"),),
    trigger=ANTIRESORPTIVE,
    needs=("vitamin_d", "calcium", "exposures", "orders", "conditions"),
    severest=Indicator.INFO,
    about_giving=True,
    reading=_(
        "1000 to 1500 mg of calcium a day is a total of food and tablets, so no tablet is offered; 800 to 1000 IU of "
        "vitamin D a day counts as on record. The text asks for 1200 mg, the box and §2.4 for 1000 to 1500: the "
        "range is said. ONC speaks of daily tablets: monthly doses are offered.",
    ),
)
def supplementation_missing(order: Order, patient: Facts) -> Outcome:
    """No vitamin D, or no calcium, ongoing, planned or drafted beside the antiresorptive."""
    level, calcium = patient.vitamin_d, patient.calcium
    high = calcium.test(lambda value: value.high)
    no_vitamin_d = that(
        _(
            "no vitamin D is ongoing, planned, drafted or about to be corrected, and it is not above 70 ng/mL",
        ),
        both(
            negated(_present(patient, sets.VITAMIN_D_SUPPLEMENTS)),
            negated(level.test(lambda value: either(value.above(70), value.below(30)))),
        ),
        level,
        patient.exposures,
    )
    no_calcium = that(
        _("no calcium is ongoing, planned or drafted"),
        negated(_present(patient, sets.CALCIUM_SUPPLEMENTS)),
        patient.exposures,
    )
    parts = that(
        _("vitamin D or calcium is missing"),
        either(no_vitamin_d.holds, no_calcium.holds),
        *no_vitamin_d.basis,
        *no_calcium.basis,
    )
    blocked = unless_all(that(_("calcium is not high"), negated(high), calcium), parts)
    if blocked:
        return blocked
    detail: list[Text] = []
    offers: tuple[Offer, ...] = ()
    if no_vitamin_d.holds:
        detail.append(
            _(
                "Vitamin D: 50 000 IU cholecalciferol once a month with a meal.",
            )
        )
        offers = (vitamin_d(0, patient.today),)
    if no_calcium.holds:
        detail.append(_calcium_text(patient))
    summary = _(
        "{drug}: supplementation missing: {missing}",
        drug=order.name,
        missing=_missing_parts(vitamin_d=no_vitamin_d.holds is True, calcium=no_calcium.holds is True),
    )
    return Advice(Indicator.INFO, summary, tuple(detail), (level, calcium), offers)


def _missing_parts(*, vitamin_d: bool, calcium: bool) -> Text:
    if vitamin_d and calcium:
        return _("vitamin D and calcium")
    return _("vitamin D") if vitamin_d else _c("supplement", "calcium")


def _calcium_text(patient: Facts) -> Text:
    if patient.conditions.any(lambda one: one.active and one.is_any(sets.OSTEOMALACIA)) is not False:
        return _(
            "Calcium: the intake is to be set with a specialist (osteomalacia on record or not excluded).",
        )
    return _(
        "Calcium: a daily total of 1000 to 1500 mg from food and tablets; tablets mid-morning on an empty stomach.",
    )


def _present(patient: Facts, concepts: frozenset[str]) -> bool | None:
    """Ongoing, planned or drafted."""
    taken = patient.exposures.of(concepts).any(lambda entry: entry.ongoing or entry.planned)
    return True if orders_of(patient, concepts) else taken
