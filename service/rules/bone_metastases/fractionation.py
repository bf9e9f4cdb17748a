"""Prescription of palliative bone radiotherapy and risk of fracture (RAO, radiothérapie §1, §2, §6, Tableaux 3, 5, 7)."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.facts import ActOrder, Facts, RadiotherapyOrder, known
from mappings.facts.bones import named_bones
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases import schemes, scores
from service.rules.bone_metastases.bone_radiotherapy import (
    BONE_RADIOTHERAPY,
    already_irradiated,
    highest_volume,
    is_spine,
    target_remarks,
    treatment,
)
from service.rules.bone_metastases.bone_scores import (
    MIRELS_LEVELS,
    MIRELS_RANGE,
    MIRELS_SAYS,
    SINS_LEVELS,
    mirels_asks_for_fixation,
    mirels_is_borderline,
    mirels_of,
    no_mirels,
    sins_in_force,
)
from service.rules.bone_metastases.checklist import too_old
from service.rules.bone_metastases.complicated_bone import (
    COMPLICATIONS,
    cord_compression,
    fracture_risk,
    known_whether_complicated,
    pain,
    post_operative,
    short_expectancy,
    spine,
)
from service.rules.bone_metastases.conditions import (
    SHORT_EXPECTANCY_MONTHS,
    no_short_life_expectancy,
    orders_of,
)
from service.rules.bone_metastases.documents import CIM, rao
from service.rules.bone_metastases.long_bones import (
    AXIAL_LYSIS_PERCENT,
    CIRCUMFERENTIAL_LYSIS_PERCENT,
    long_bone_target,
    marked_cortical_lysis,
    no_fixation,
    nothing_orthopaedic,
)
from service.rules.bone_metastases.schemes import GRAY, ONCE, ONCE_FOR_THE_CORD, USUAL, SchemeRow, volume_said
from service.rules.bone_metastases.spine_stability import (
    SPINE_TREATMENT,
    for_metastasis,
    no_cord_compression,
    no_opinion_since_the_score,
    no_recent_opinion,
    no_sins,
    regions_treated,
    sins_asks_for_opinion,
    sins_at,
    spine_is_treated,
    spine_may_be_treated,
    spine_unstable,
)
from service.rules.bone_metastases.wording import _
from service.rules.condition import (
    Condition,
    Truth,
    any_of,
    basis_of,
    condition,
    holding,
    is_absent,
    that,
    words_of,
)
from service.rules.naming import MOST_IN_A_SENTENCE, act_at
from service.rules.outcome import Asked, Indicator, Outcome
from service.rules.rule import ORDERING, VIEWING, rule
from service.rules.say import info, warning

# --- one fraction -----------------------------------------------------------------------------------------------------

SINGLE_FRACTION_GY = 10
"""Up to here one fraction is one of palliative radiotherapy."""

USUAL_SCHEME = _(
    "Usual scheme: {usual}; keep one fraction for particular cases (short life expectancy, hard to move).",
    usual=USUAL.in_full(GRAY),
)
RISKS_OF_ONE_FRACTION = _("Severe acute and late toxicity is possible; re-treatment in 20 % against 8 %.")


@condition(_("one fraction of at most {gray} Gy, not stereotactic", gray=SINGLE_FRACTION_GY))
def single_low_fraction(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """Of the volume with the highest dose."""
    volume = highest_volume(order)
    low = volume.dose_gy is not None and volume.dose_gy <= SINGLE_FRACTION_GY
    return that(not order.prescription.stereotactic and volume.fractions == 1 and low)


def _against_one_fraction(found: tuple[Condition, ...], order: RadiotherapyOrder, patient: Facts) -> tuple[Text, ...]:
    """The reasons as a summary names them; beside others the spine has no room for why."""
    short = [one for one in found if one is not spine]
    if not short or len(short) == len(found):
        return words_of(found, order, patient)
    return (*words_of(short, order, patient), _("spine target"))


ORGANS_IN_FRONT = _("Spine target: toxicity to the organs in front.")


def _corticosteroid_missing(patient: Facts) -> Iterator[Text]:
    """That no corticosteroid is known to be ordered or under way."""
    ordered = orders_of(patient, sets.SYSTEMIC_CORTICOSTEROIDS)
    if not ordered and patient.exposures.of(sets.SYSTEMIC_CORTICOSTEROIDS).ongoing is False:
        yield _("On a long or flat bone, under 48 to 72 h of corticosteroid: none is active or drafted.")


@rule(
    "single-fraction",
    title=_("A single fraction is kept for particular cases of uncomplicated bone metastasis"),
    citations=(rao("radiotherapy", "§2.1, Tableau 5, box"),),
    trigger=BONE_RADIOTHERAPY,
    when=(single_low_fraction, known_whether_complicated),
    reads=("exposures", "orders"),
    severest=Indicator.WARNING,
    reading=_(
        "The box allows {once} once on an uncomplicated long or flat bone: info; complicated bone, spine and "
        "post-operative: warning, but info with a recorded life expectancy of {months} months or less. More than three "
        "vertebrae are a spine target. Tableau 5 allows {once} once in "
        "neuropathic pain, the box prefers {usual}: the box decides. For ONC {once} once is one of three schemes.",
        once=ONCE.dose(GRAY),
        usual=USUAL.spelled(GRAY),
        months=SHORT_EXPECTANCY_MONTHS,
    ),
)
def single_fraction(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """A warning where something speaks against it, saying what; info in a short expectancy, or where nothing does."""
    found = holding(COMPLICATIONS, order, patient)
    short = short_expectancy(order, patient)
    against = _(
        "{act}: several fractions rather than one: {reasons}",
        act=treatment(order),
        reasons=_against_one_fraction(found[:MOST_IN_A_SENTENCE], order, patient),
    )
    if found and not short.holds:
        return warning(
            against,
            USUAL_SCHEME,
            *((ORGANS_IN_FRONT,) if spine in found and len(found) > 1 else ()),
            RISKS_OF_ONE_FRACTION,
            rests_on=(order, *basis_of(found, order, patient)),
            remarks=target_remarks(order),
        )
    if found:
        return info(
            _("{act} in one fraction: kept for a short life expectancy, which is recorded", act=treatment(order)),
            _("Weigh all the same: {reasons}.", reasons=words_of(found[:MOST_IN_A_SENTENCE], order, patient)),
            RISKS_OF_ONE_FRACTION,
            rests_on=(order, *short.basis, *basis_of(found, order, patient)),
            remarks=target_remarks(order),
        )
    return info(
        _("{act} in one fraction: for particular cases only", act=treatment(order)),
        USUAL_SCHEME,
        RISKS_OF_ONE_FRACTION,
        *_corticosteroid_missing(patient),
        rests_on=(order, *too_old(*basis_of(COMPLICATIONS, order, patient))),
        remarks=target_remarks(order),
    )


# --- schemes by indication --------------------------------------------------------------------------------------------

TABLEAU_5: dict[Condition, SchemeRow] = {
    cord_compression: schemes.CORD_COMPRESSION,
    post_operative: schemes.POST_OPERATIVE,
    already_irradiated: schemes.RE_IRRADIATION,
    fracture_risk: schemes.FRACTURE_RISK,
    pain: schemes.PAIN,
}
"""The row of each indication that the record or the order may state."""


def _rows(order: RadiotherapyOrder, patient: Facts) -> tuple[SchemeRow, ...]:
    """The rows of the indications that are known; where none is, all that can be meant for this bone."""
    known = tuple(TABLEAU_5[one] for one in holding(TABLEAU_5, order, patient))
    elsewhere = bool(order.prescription.regions) and not is_spine(order)
    possible = (row for row in TABLEAU_5.values() if not (elsewhere and row is schemes.CORD_COMPRESSION))
    return (*(known or (*possible, schemes.OLIGOMETASTATIC)), *schemes.WHATEVER_THE_INDICATION)


@condition(_("the intent is palliative"))
def palliative(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """Neither stereotactic nor of curative intent (chapter C)."""
    return that(not order.prescription.stereotactic and not order.prescription.curative)


@condition(_("the order is being written without a dose"))
def dose_awaited(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """In order-select; an order in words has its dose there, if any, and none that is read."""
    return that(order.selecting and not order.by_words and highest_volume(order).dose_gy is None)


@condition(_("the dose is outside the schemes"), reads=frozenset[str]().union(*(one.reads for one in TABLEAU_5)))
def dose_outside_schemes(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Dose and fractions are stated, and no scheme of the indication has them; indication unknown: none at all."""
    volume = highest_volume(order)
    stated = volume.dose_gy is not None and volume.fractions is not None
    return that(stated and not any(row.admits(volume) for row in _rows(order, patient)))


def _schemes_summary(order: RadiotherapyOrder) -> Text:
    """The dose that is outside the schemes; without one, only what follows."""
    volume = highest_volume(order)
    if volume.dose_gy is None or volume.fractions is None:
        return _("{act}: usual schemes", act=treatment(order))
    return _("{act}, {dose}: outside the usual schemes", act=treatment(order), dose=volume_said(volume))


@rule(
    "fractionation-advice",
    title=_("Palliative bone radiotherapy follows the schemes of Tableau 5"),
    citations=(rao("radiotherapy", "§2, Tableau 5, Tableau 7"),),
    trigger=BONE_RADIOTHERAPY,
    when=(
        palliative,
        any_of(
            _("the order is being written without a dose, or its dose is outside the schemes"),
            dose_awaited,
            dose_outside_schemes,
        ),
    ),
    severest=Indicator.INFO,
    reading=_(
        "In order-select without a dose the schemes are offered; with a dose, only one outside every scheme of its "
        "indication is remarked on. Indication unknown: outside all of them. Cord compression in one session: §2.1 "
        "says {one}, Tableau 7 {range}: both are exceptional.",
        one=ONCE.dose(GRAY),
        range=ONCE_FOR_THE_CORD.dose(),
    ),
)
def fractionation_advice(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """The rows of Tableau 5 for the indication, and what is admitted in all."""
    return info(
        _schemes_summary(order),
        _("Choose a scheme of the indication, or check the dose."),
        rests_on=[order],
        remarks=target_remarks(order),
        lines=(row.text for row in _rows(order, patient)),
    )


# --- fracture risk ----------------------------------------------------------------------------------------------------


@rule(
    "fracture-risk-before-radiotherapy",
    title=_("An indication for surgery is ruled out before radiotherapy of a long bone"),
    citations=(rao("radiotherapy", "§1.2, Tableau 3, Tableau 5"),),
    trigger=BONE_RADIOTHERAPY,
    when=(long_bone_target, no_mirels, nothing_orthopaedic),
    severest=Indicator.INFO,
)
def fracture_risk_before_radiotherapy(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """A long bone without a Mirels score and without anything orthopaedic on record."""
    return info(
        _("{act}: rule out an indication for surgery first", act=treatment(order)),
        _("Score the risk of fracture (Mirels)."),
        MIRELS_SAYS,
        rests_on=(order, *too_old(mirels_of(order, patient))),
        remarks=target_remarks(order),
        links=[Asked(scores.MIRELS, order.prescription.regions)],
    )


def _beside_fixation(order: RadiotherapyOrder, patient: Facts) -> Iterator[Text]:
    """What the record adds to fixation first: an unknown expectancy, the CT."""
    expectancy = patient.finding("life-expectancy")
    if is_absent(expectancy) and not too_old(expectancy):
        yield _("Life expectancy is not recorded.")
    if marked_cortical_lysis(order, patient).holds:
        yield _(
            "Cortical lysis above {axial} % axial and {circumferential} % circumferential strengthens the indication.",
            axial=AXIAL_LYSIS_PERCENT,
            circumferential=CIRCUMFERENTIAL_LYSIS_PERCENT,
        )


@rule(
    "mirels-high",
    title=_(
        "Mirels {points} or more: prophylactic fixation first when life expectancy exceeds {months} months",
        points=MIRELS_LEVELS.high,
        months=SHORT_EXPECTANCY_MONTHS,
    ),
    citations=(rao("radiotherapy", "§1.2, Tableau 3"),),
    trigger=BONE_RADIOTHERAPY,
    when=(mirels_asks_for_fixation, no_short_life_expectancy, no_fixation),
    severest=Indicator.WARNING,
    reading=MIRELS_RANGE,
)
def mirels_high(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Mirels of the third level for the bone treated, life expectancy not recorded as short."""
    return warning(
        _(
            "{act}: prophylactic fixation first, Mirels {points} or more",
            act=treatment(order),
            points=MIRELS_LEVELS.high,
        ),
        _(
            "Surgical opinion: fixation first when life expectancy exceeds {months} months, radiotherapy after.",
            months=SHORT_EXPECTANCY_MONTHS,
        ),
        *_beside_fixation(order, patient),
        rests_on=(mirels_of(order, patient), *too_old(patient.finding("life-expectancy"))),
        remarks=target_remarks(order),
    )


@rule(
    "mirels-borderline",
    title=_("Mirels {points}: decide in a tumour board", points=MIRELS_LEVELS.middle),
    citations=(rao("radiotherapy", "§1.2, Tableau 3"),),
    trigger=BONE_RADIOTHERAPY,
    when=(mirels_is_borderline,),
    severest=Indicator.INFO,
    reading=MIRELS_RANGE,
)
def mirels_borderline(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Mirels of the second level for the bone treated."""
    return info(
        _(
            "{act}: decide in a tumour board (RCP-OOS), Mirels {points}",
            act=treatment(order),
            points=MIRELS_LEVELS.middle,
        ),
        _(
            "Choose in the tumour board between fixation first ({fixation} and more) and radiotherapy alone ({low} and less).",
            fixation=MIRELS_LEVELS.high,
            low=MIRELS_LEVELS.most_low,
        ),
        rests_on=[mirels_of(order, patient)],
        remarks=target_remarks(order),
    )


@rule(
    "cortical-lysis",
    title=_("Marked cortical lysis on CT calls for a Mirels score and a surgical opinion"),
    citations=(rao("radiotherapy", "§1.2"),),
    trigger=BONE_RADIOTHERAPY,
    when=(marked_cortical_lysis, no_mirels),
    severest=Indicator.INFO,
)
def cortical_lysis(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Both CT criteria met and no Mirels score recorded."""
    return info(
        _("{act}: compute Mirels and discuss surgery, marked cortical lysis", act=treatment(order)),
        _("Score Mirels, and ask for a surgical opinion."),
        _("These criteria of the CT support fixation when Mirels is {points} or more.", points=MIRELS_LEVELS.high),
        rests_on=(*marked_cortical_lysis(order, patient).basis, *too_old(mirels_of(order, patient))),
        remarks=target_remarks(order),
        links=[Asked(scores.MIRELS, order.prescription.regions)],
    )


# --- stability of the spine -------------------------------------------------------------------------------------------


@rule(
    "spinal-instability",
    title=_("SINS {points} or more: surgical opinion first", points=SINS_LEVELS.middle),
    citations=(rao("radiotherapy", "§1.2"), CIM),
    trigger=SPINE_TREATMENT,
    hooks=ORDERING | VIEWING,
    when=(spine_may_be_treated, sins_asks_for_opinion, no_opinion_since_the_score),
    severest=Indicator.WARNING,
    reading=_(
        "The source asks for a surgical opinion from {middle} on; the limit of {unstable_sins} between potentially unstable and "
        "unstable is the score's own. A consultation or an operation of the spine since the score, or an order of one, "
        "is the opinion.",
        middle=SINS_LEVELS.middle,
    ),
)
def spinal_instability(order: ActOrder | None, patient: Facts) -> Outcome:
    """A potentially unstable or unstable spine: before its treatment, and in the chart."""
    levels, sins = sins_in_force(patient), sins_at(order, patient)
    scored = known(sins).value.regions
    vertebra = named_bones(scored)
    if order is not None:
        treated = treatment(order) if isinstance(order, RadiotherapyOrder) else act_at(order)
        summary = _("{act}: surgical opinion first, SINS {points} or more", act=treated, points=levels.middle)
    elif vertebra:
        summary = _(
            "Spine ({bones}): ask for a surgical opinion, SINS {points} or more", bones=vertebra, points=levels.middle
        )
    else:
        summary = _("Spine: ask for a surgical opinion, SINS {points} or more", points=levels.middle)
    stereotactic = isinstance(order, RadiotherapyOrder) and order.prescription.stereotactic
    return warning(
        summary,
        _("Orthopaedic or neurosurgical opinion before the treatment.")
        if order is not None
        else _("Orthopaedic or neurosurgical opinion."),
        _(
            "The spine is potentially unstable ({low} to {most}) or unstable ({high} and more).",
            low=levels.middle,
            most=levels.most_middle,
            high=levels.high,
        ),
        beside=[_("Orthopaedic or neurosurgical opinion before the treatment.")],
        rests_on=[sins],
        remarks=target_remarks(order) if isinstance(order, RadiotherapyOrder) else (),
        joins=CONTRAINDICATION if stereotactic and spine_unstable(order, patient).holds else "",
    )


CONTRAINDICATION = "stereotactic-contraindication"
"""The rule whose card says so where the instability is what contraindicates the treatment."""


@rule(
    "spinal-instability-unknown",
    title=_("The stability of a spine with a metastasis is scored before its treatment"),
    citations=(rao("radiotherapy", "§1.2"),),
    trigger=SPINE_TREATMENT,
    when=(spine_is_treated, for_metastasis, no_sins, no_recent_opinion, no_cord_compression),
    severest=Indicator.INFO,
    reading=_(
        "A surgeon's consultation, or an operation of the spine, in the days of the setting makes the score superfluous."
    ),
)
def spinal_instability_unknown(order: ActOrder, patient: Facts) -> Outcome:
    """A line of the checklist, with the form."""
    treated = treatment(order) if isinstance(order, RadiotherapyOrder) else act_at(order)
    return info(
        _("{act}: score the stability of the spine (SINS)", act=treated),
        _("Score the stability before the treatment."),
        _("A SINS of {points} or more needs a surgical opinion.", points=SINS_LEVELS.middle),
        rests_on=(order, *too_old(sins_at(order, patient))),
        items=[_("{what}: not scored", what=scores.SINS_NAME)],
        links=[Asked(scores.SINS, regions_treated(order))],
    )
