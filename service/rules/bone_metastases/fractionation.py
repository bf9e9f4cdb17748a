"""Prescription of palliative bone radiotherapy and risk of fracture (RAO, radiothérapie §1, §2, §6, Tableaux 3, 5, 7)."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.facts import Facts, RadiotherapyOrder
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases import schemes, scores
from service.rules.bone_metastases.bone_radiotherapy import (
    BONE_RADIOTHERAPY,
    already_irradiated,
    spine_or_unnamed_target,
    target_remarks,
    volume_of,
)
from service.rules.bone_metastases.bone_scores import (
    MIRELS,
    MIRELS_RANGE,
    MIRELS_SAYS,
    SINS,
    mirels_asks_for_fixation,
    mirels_is_borderline,
    mirels_of,
    no_mirels,
    sins_asks_for_opinion,
    sins_in_force,
    sins_of,
)
from service.rules.bone_metastases.checklist import too_old
from service.rules.bone_metastases.complicated_bone import (
    COMPLICATIONS,
    cord_compression,
    fracture_risk,
    known_whether_complicated,
    may_be_of_the_bone,
    pain,
    post_operative,
)
from service.rules.bone_metastases.conditions import (
    SHORT_EXPECTANCY_MONTHS,
    no_short_life_expectancy,
    orders_of,
)
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.long_bones import (
    AXIAL_LYSIS_PERCENT,
    CIRCUMFERENTIAL_LYSIS_PERCENT,
    long_bone_target,
    marked_cortical_lysis,
    nothing_orthopaedic,
)
from service.rules.bone_metastases.schemes import GRAY, ONCE, ONCE_FOR_THE_CORD, USUAL, Row, volume_said
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
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import rule
from service.rules.say import info, warning

# --- one fraction -----------------------------------------------------------------------------------------------------

SINGLE_FRACTION_GY = 10
"""Up to here one fraction is one of palliative radiotherapy."""

PARTICULAR_CASES = _(
    "Keep it for particular cases (short life expectancy, hard to move): re-treatment in 20 % against 8 %. Usual scheme: "
    "{usual}.",
    usual=USUAL.slashed(GRAY),
)


@condition(_("one fraction of at most {gray} Gy, not stereotactic", gray=SINGLE_FRACTION_GY))
def single_low_fraction(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """Of the volume with the highest dose."""
    volume = volume_of(order)
    low = volume.dose_gy is not None and volume.dose_gy <= SINGLE_FRACTION_GY
    return that(not order.prescription.stereotactic and volume.fractions == 1 and low)


def _corticosteroid_missing(patient: Facts) -> Iterator[Text]:
    """That no corticosteroid is known to be ordered or under way."""
    ordered = orders_of(patient, sets.SYSTEMIC_CORTICOSTEROIDS)
    if not ordered and patient.exposures.of(sets.SYSTEMIC_CORTICOSTEROIDS).ongoing is False:
        yield _("On an uncomplicated long or flat bone, under 48 to 72 h of corticosteroid: none is active or drafted.")


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
        "post-operative: warning. More than three vertebrae are a spine target. Tableau 5 allows {once} once in "
        "neuropathic pain, the box prefers {usual}: the box decides. For ONC {once} once is one of three schemes.",
        once=ONCE.dose(GRAY),
        usual=USUAL.spelled(GRAY),
    ),
)
def single_fraction(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """A warning on complicated bone, saying why; else info, which asks for a corticosteroid."""
    found = holding(COMPLICATIONS, order, patient)
    if found:
        return warning(
            _(
                "Radiotherapy in one fraction on complicated bone: {complications}",
                complications=words_of(found[:3], order, patient),
            ),
            PARTICULAR_CASES,
            rests_on=(order, *basis_of(found, order, patient)),
            remarks=target_remarks(order),
        )
    return info(
        _("Radiotherapy in one fraction: for particular cases only"),
        PARTICULAR_CASES,
        *_corticosteroid_missing(patient),
        rests_on=(order, *too_old(*basis_of(COMPLICATIONS, order, patient))),
        remarks=target_remarks(order),
    )


# --- schemes by indication --------------------------------------------------------------------------------------------

TABLEAU_5: dict[Condition, Row] = {
    cord_compression: schemes.CORD_COMPRESSION,
    post_operative: schemes.POST_OPERATIVE,
    already_irradiated: schemes.RE_IRRADIATION,
    fracture_risk: schemes.FRACTURE_RISK,
    pain: schemes.PAIN,
}
"""The row of each indication that the record or the order may state."""


def _rows(order: RadiotherapyOrder, patient: Facts) -> tuple[Row, ...]:
    """The rows of the indications that are known; all rows where none is."""
    known = tuple(TABLEAU_5[one] for one in holding(TABLEAU_5, order, patient))
    return (*(known or (*TABLEAU_5.values(), schemes.OLIGOMETASTATIC)), *schemes.WHATEVER_THE_INDICATION)


@condition(_("the intent is palliative"))
def palliative(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """Neither stereotactic nor of curative intent (chapter C)."""
    return that(not order.prescription.stereotactic and not order.prescription.curative)


@condition(_("the order is being written without a dose"))
def dose_awaited(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """In order-select; an order in words has its dose there, if any, and none that is read."""
    return that(order.selecting and not order.by_words and volume_of(order).dose_gy is None)


@condition(_("the dose is outside the schemes"), reads=frozenset[str]().union(*(one.reads for one in TABLEAU_5)))
def dose_outside_schemes(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Dose and fractions are stated, and no scheme of the indication has them; indication unknown: none at all."""
    volume = volume_of(order)
    stated = volume.dose_gy is not None and volume.fractions is not None
    return that(stated and not any(row.admits(volume) for row in _rows(order, patient)))


def _schemes_summary(order: RadiotherapyOrder) -> Text:
    """The dose that is outside the schemes; without one, only what follows."""
    volume = volume_of(order)
    if volume.dose_gy is None or volume.fractions is None:
        return _("Bone radiotherapy: usual schemes")
    return _("Radiotherapy {dose}: outside the usual schemes", dose=volume_said(volume))


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
        _("Radiotherapy of a long bone: rule out an indication for surgery first"),
        MIRELS_SAYS,
        rests_on=(order, *too_old(mirels_of(order, patient))),
        remarks=target_remarks(order),
        links=[scores.MIRELS],
    )


def _beside_fixation(order: RadiotherapyOrder, patient: Facts) -> Iterator[Text]:
    """What the record adds to fixation first: an operation ordered, an unknown expectancy, the CT."""
    if any(may_be_of_the_bone(other, order) for other in orders_of(patient, sets.BONE_SURGERY)):
        yield _("Surgery of the bone is ordered: irradiate after it.")
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
        points=MIRELS.high,
        months=SHORT_EXPECTANCY_MONTHS,
    ),
    citations=(rao("radiotherapy", "§1.2, Tableau 3"),),
    trigger=BONE_RADIOTHERAPY,
    when=(mirels_asks_for_fixation, no_short_life_expectancy),
    reads=("orders",),
    severest=Indicator.WARNING,
    reading=MIRELS_RANGE,
)
def mirels_high(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Mirels of the third level for the bone treated, life expectancy not recorded as short."""
    return warning(
        _("Radiotherapy with Mirels {points} or more: prophylactic fixation first", points=MIRELS.high),
        _(
            "Prophylactic fixation first when expectancy exceeds {months} months, radiotherapy after.",
            months=SHORT_EXPECTANCY_MONTHS,
        ),
        *_beside_fixation(order, patient),
        rests_on=(mirels_of(order, patient), *too_old(patient.finding("life-expectancy"))),
        remarks=target_remarks(order),
    )


@rule(
    "mirels-borderline",
    title=_("Mirels {points}: decide in a tumour board", points=MIRELS.middle),
    citations=(rao("radiotherapy", "§1.2, Tableau 3"),),
    trigger=BONE_RADIOTHERAPY,
    when=(mirels_is_borderline,),
    severest=Indicator.INFO,
    reading=MIRELS_RANGE,
)
def mirels_borderline(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Mirels of the second level for the bone treated."""
    return info(
        _("Radiotherapy with Mirels {points}: decide in a tumour board (RCP-OOS)", points=MIRELS.middle),
        _(
            "Between fixation first ({fixation} and more) and radiotherapy alone ({low} and less).",
            fixation=MIRELS.high,
            low=MIRELS.most_low,
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
        _("Radiotherapy with marked cortical lysis: compute Mirels, discuss surgery"),
        _(
            "The CT criteria are those that support fixation when Mirels is {points} or more.",
            points=MIRELS.high,
        ),
        rests_on=(*marked_cortical_lysis(order, patient).basis, *too_old(mirels_of(order, patient))),
        remarks=target_remarks(order),
        links=[scores.MIRELS],
    )


@rule(
    "spinal-instability",
    title=_("SINS {points} or more: surgical opinion before radiotherapy", points=SINS.middle),
    citations=(rao("radiotherapy", "§1.2"),),
    trigger=BONE_RADIOTHERAPY,
    when=(spine_or_unnamed_target, sins_asks_for_opinion),
    severest=Indicator.WARNING,
    reading=_(
        "The source asks for a surgical opinion from {middle} on; the limit of {high} between potentially unstable and "
        "unstable is the score's own.",
        middle=SINS.middle,
        high=SINS.high,
    ),
)
def spinal_instability(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """A potentially unstable or unstable spine."""
    levels = sins_in_force(patient)
    return warning(
        _("Radiotherapy of the spine with SINS {points} or more: surgical opinion first", points=levels.middle),
        _(
            "The spine is potentially unstable ({low} to {most}) or unstable ({high} and more).",
            low=levels.middle,
            most=levels.most_middle,
            high=levels.high,
        ),
        rests_on=[sins_of(order, patient)],
        remarks=target_remarks(order),
    )
