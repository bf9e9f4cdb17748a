"""Prescription of palliative bone radiotherapy and risk of fracture (RAO, radiothérapie §1, §2, §6, Tableaux 3, 5, 7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from mappings.dates import days_before
from mappings.facts import Act, ActOrder, Diagnosis, Facts, Order, RadiotherapyOrder
from mappings.facts.bones import LONG_BONES, bones_of, may_be_same
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Amount, Text, _
from service.rules.bone_metastases.bone_radiotherapy import (
    BONE_RADIOTHERAPY,
    REIRRADIATION_SCHEMES,
    SPINE_TARGET,
    THREE_MONTHS_DAYS,
    Scheme,
    above,
    already_irradiated,
    at_least,
    below,
    in_fractions,
    is_palliative,
    is_true,
    may_be_spine,
    prescribed,
    scheme,
    spine_target,
    target_remarks,
    volume_of,
)
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.situations import (
    both,
    cannot_tell,
    either,
    is_absent,
    is_bone_metastasis_surgery,
    negated,
    orders_of,
    rule,
    that,
    too_old,
    unless_all,
)
from service.rules.outcome import Advice, Basis, Indicator, Outcome

# --- what makes bone complicated --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Complication:
    """Something that makes a bone metastasis complicated, as far as it is known."""

    name: Text
    holds: bool | None
    basis: tuple[Basis, ...] = ()


def _same_bone(one: Diagnosis | Act | ActOrder, order: RadiotherapyOrder) -> bool:
    """Of the bone treated, or of a bone that is not named."""
    return may_be_same(one.regions, prescribed(order).regions)


def _active(
    patient: Facts, concepts: frozenset[str], order: RadiotherapyOrder
) -> tuple[bool | None, tuple[Basis, ...]]:
    """An active condition of the bone that is treated, or the reason of the order; and what that rests on."""

    def counts(one: Diagnosis) -> bool:
        return one.active and one.is_any(concepts) and _same_bone(one, order)

    found = tuple(one for one in patient.conditions if counts(one))
    if not order.reasons.isdisjoint(concepts):
        return True, found
    return patient.conditions.any(counts), found or (patient.conditions,)


def _post_operative(order: RadiotherapyOrder, patient: Facts) -> tuple[bool | None, tuple[Basis, ...]]:
    """After surgery of a bone metastasis of the bone that is treated; and what that rests on."""
    since = days_before(patient.today, settings_of(patient).post_operative_days)

    def counts(act: Act) -> bool | None:
        when = act.dated
        recent = when is not None and when.within(since, patient.today)
        return both(recent and _same_bone(act, order), is_bone_metastasis_surgery(act, patient))

    found = tuple(act for act in patient.procedures if counts(act))
    return patient.procedures.any(counts), found or (patient.procedures,)


def _complications(order: RadiotherapyOrder, patient: Facts) -> Iterator[Complication]:
    compression, compressions = _active(patient, sets.SPINAL_CORD_COMPRESSION, order)
    yield Complication(_("spinal cord compression"), compression, compressions)
    epidural = patient.finding("epidural-extension", prescribed(order).regions)
    yield Complication(_("epidural extension"), is_true(epidural), (epidural,))
    fracture, fractures = _active(patient, sets.PATHOLOGICAL_FRACTURE, order)
    yield Complication(_("pathological fracture"), fracture, fractures)
    mirels = patient.finding("mirels-score", prescribed(order).regions)
    yield Complication(_("recorded fracture risk"), at_least(mirels, 8), (mirels,))
    neuropathic, pains = _active(patient, sets.NEUROPATHIC_PAIN, order)
    yield Complication(_("neuropathic pain"), neuropathic, pains)
    yield Complication(_("spine target"), spine_target(order).holds)
    operated, surgeries = _post_operative(order, patient)
    yield Complication(_("post-operative"), operated, surgeries)


# --- dose and fractions -----------------------------------------------------------------------------------------------

SINGLE_FRACTION_GY = Decimal(10)

COMPLICATION_NEEDS = ("conditions", "procedures", "finding")


def _is_single_fraction(order: RadiotherapyOrder) -> bool:
    volume = volume_of(order)
    return (
        not prescribed(order).stereotactic
        and volume.fractions == 1
        and volume.dose_gy is not None
        and volume.dose_gy <= SINGLE_FRACTION_GY
    )


@rule(
    "single-fraction",
    title=_(
        "A single fraction is kept for particular cases of uncomplicated bone metastasis",
    ),
    citations=(rao("radiotherapy", "§2.1, Tableau 5, box"),),
    trigger=BONE_RADIOTHERAPY,
    needs=(*COMPLICATION_NEEDS, "exposures", "orders"),
    severest=Indicator.WARNING,
    reading=_(
        "The box allows 8 Gy once on an uncomplicated long or flat bone: info; complicated bone, spine and "
        "post-operative: warning. More than three vertebrae are a spine target. Tableau 5 allows 8 Gy once in "
        "neuropathic pain, the box prefers 30 Gy in 10: the box decides. For ONC 8 Gy once is one of three schemes.",
    ),
)
def single_fraction(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """One fraction of at most 10 Gy without a stereotactic technique."""
    blocked = unless_all(
        that(
            _("one fraction of at most 10 Gy, not stereotactic"),
            _is_single_fraction(order),
        )
    )
    if blocked:
        return blocked
    complications = list(_complications(order, patient))
    complicated = [one for one in complications if one.holds]
    if not complicated and any(one.holds is None for one in complications):
        return cannot_tell(*(that(one.name, one.holds, *one.basis) for one in complications if one.holds is None))
    detail = [
        _(
            "Keep it for particular cases (short life expectancy, hard to move): re-treatment in 20 % against 8 %. "
            "Usual scheme: "
            "30 Gy / 10.",
        )
    ]
    covered = bool(orders_of(patient, sets.SYSTEMIC_CORTICOSTEROIDS)) or (
        patient.exposures.of(sets.SYSTEMIC_CORTICOSTEROIDS).ongoing is not False
    )
    if not complicated and not covered:
        detail.append(
            _(
                "On an uncomplicated long or flat bone, under 48 to 72 h of corticosteroid: none is active or drafted.",
            )
        )
    basis: tuple[Basis, ...] = (order, *(fact for one in complicated for fact in one.basis))
    if complicated:
        summary = _(
            "Radiotherapy in one fraction on complicated bone: {complications}",
            complications=tuple(one.name for one in complicated)[:3],
        )
        return Advice(Indicator.WARNING, summary, tuple(detail), basis, remarks=target_remarks(order))
    summary = _(
        "Radiotherapy in one fraction: for particular cases only",
    )
    outdated = too_old(*(fact for one in complications for fact in one.basis))
    return Advice(Indicator.INFO, summary, tuple(detail), (*basis, *outdated), remarks=target_remarks(order))


SEVERAL_FRACTIONS = Scheme((4, 10), (Decimal(20), Decimal(30)))
"""RAO Tableau 7: 20 to 30 Gy in 4 to 10 fractions. The schemes of Tableau 5 in several fractions (30 / 10, 20 / 5) and
24 Gy / 6 (§2, box) are among them; single fractions are admitted by indication."""

_EIGHT_ONCE, _SIX_ONCE, _EIGHT_TO_TEN_ONCE = scheme(8, 1), scheme(6, 1), Scheme((1, 1), (Decimal(8), Decimal(10)))

INDICATIONS: dict[str, tuple[Text, tuple[Scheme, ...]]] = {
    "cord compression": (
        _(
            "Inoperable cord compression: 30 Gy / 10; 20 / 5, exceptionally 8 to 10 / 1.",
        ),
        (_EIGHT_TO_TEN_ONCE,),
    ),
    "post-operative": (_("Post-operative: 30 Gy / 10; 20 / 5."), ()),
    "re-irradiation": (REIRRADIATION_SCHEMES, (_EIGHT_ONCE,)),
    "fracture risk": (
        _(
            "Risk of fracture: 30 Gy / 10; 20 / 5, exceptionally 8 / 1.",
        ),
        (_EIGHT_ONCE,),
    ),
    "pain": (
        _(
            "Uncomplicated or neuropathic pain: 30 Gy / 10; 20 / 5, 8 / 1, 6 / 1.",
        ),
        (_EIGHT_ONCE, _SIX_ONCE),
    ),
}
"""RAO Tableau 5 by indication: its row as a card prints it, and its single fractions without a stereotactic technique."""

OLIGOMETASTATIC_ROW = _(
    "Oligometastatic, ablative: stereotactic 35 Gy / 7 or 27 / 3 or equivalent.",
)
ALSO_ADMITTED = (
    _(
        "Elderly, poor general state or short expectancy: 20 Gy / 5.",
    ),
    _(
        "Also admitted: 24 Gy / 6, and 20 to 30 Gy in 4 to 10 fractions.",
    ),
)


def _indications(order: RadiotherapyOrder, patient: Facts) -> list[str]:
    """The indications that the record or the order states; none: unknown."""
    found = []
    compressed, _ = _active(patient, sets.SPINAL_CORD_COMPRESSION, order)
    if compressed:
        found.append("cord compression")
    operated, _ = _post_operative(order, patient)
    if operated:
        found.append("post-operative")
    if already_irradiated(order, patient).holds:
        found.append("re-irradiation")
    fractured, _ = _active(patient, sets.PATHOLOGICAL_FRACTURE, order)
    if fractured or at_least(patient.finding("mirels-score", prescribed(order).regions), 8):
        found.append("fracture risk")
    if not order.reasons.isdisjoint(sets.PAIN):
        found.append("pain")
    return found


@rule(
    "fractionation-advice",
    title=_(
        "Palliative bone radiotherapy follows the schemes of Tableau 5",
    ),
    citations=(rao("radiotherapy", "§2, Tableau 5, Tableau 7"),),
    trigger=BONE_RADIOTHERAPY,
    needs=(*COMPLICATION_NEEDS, "radiotherapies"),
    severest=Indicator.INFO,
    yields_to=("single-fraction",),
    reading=_(
        "In order-select without a dose the schemes are offered; with a dose, only one outside every scheme of its "
        "indication is remarked on. Indication unknown: outside all of them. Cord compression in one session: §2.1 "
        "says 8 Gy, Tableau 7 8 to 10: both are exceptional.",
    ),
)
def fractionation_advice(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Palliative, and without a dose while the order is written, or with a dose outside the schemes."""
    volume = volume_of(order)
    indications = _indications(order, patient)
    rows = [INDICATIONS[name] for name in indications or INDICATIONS]
    schemes = [SEVERAL_FRACTIONS, *(scheme for _row, single in rows for scheme in single)]
    undosed = volume.dose_gy is None and order.selecting
    outside = (
        volume.dose_gy is not None
        and volume.fractions is not None
        and not any(scheme.contains(volume) for scheme in schemes)
    )
    blocked = unless_all(
        that(_("the intent is palliative"), is_palliative(order)),
        that(
            _(
                "the order is being written without a dose, or its dose is outside the schemes",
            ),
            undosed or outside,
        ),
    )
    if blocked:
        return blocked
    table = (*(row for row, _single in rows), *(() if indications else (OLIGOMETASTATIC_ROW,)), *ALSO_ADMITTED)
    if outside:
        summary = _(
            "Radiotherapy {dose} in {fractions}: outside the usual schemes",
            dose=Amount(volume.dose_gy or Decimal(0), "Gy"),
            fractions=in_fractions(volume.fractions or 0),
        )
    else:
        summary = _("Bone radiotherapy: usual schemes")
    return Advice(Indicator.INFO, summary, (), (order,), remarks=target_remarks(order), lines=table)


# --- fracture risk ----------------------------------------------------------------------------------------------------


@rule(
    "fracture-risk-before-radiotherapy",
    title=_(
        "An indication for surgery is ruled out before radiotherapy of a long bone",
    ),
    citations=(rao("radiotherapy", "§1.2, Tableau 3, Tableau 5"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("finding", "procedures", "orders", "consultations"),
    severest=Indicator.INFO,
)
def fracture_risk_before_radiotherapy(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """A long bone without a Mirels score and without anything orthopaedic on record."""
    mirels = patient.finding("mirels-score", prescribed(order).regions)
    blocked = unless_all(
        that(_("the target is a long bone"), _is_long_bone(order)),
        that(_("no Mirels score is recorded"), is_absent(mirels), mirels),
        that(
            _(
                "no orthopaedic consultation, order or surgery of that bone is on record",
            ),
            negated(_orthopaedic(order, patient)),
            patient.procedures,
            patient.consultations,
            patient.orders,
        ),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "Radiotherapy of a long bone: rule out an indication for surgery first",
        ),
        (
            _(
                "Mirels: 7 or less radiotherapy, 8 tumour board, 9 or more prophylactic fixation.",
            ),
        ),
        (order, *too_old(mirels)),
        remarks=target_remarks(order),
        links=("mirels",),
    )


def _is_long_bone(order: RadiotherapyOrder) -> bool:
    named = bones_of(prescribed(order).regions)
    return not named.isdisjoint(LONG_BONES) or not order.sites.isdisjoint(sets.LONG_BONE)


def _orthopaedic(order: RadiotherapyOrder, patient: Facts) -> bool | None:
    orthopaedic = sets.ORTHOPAEDIC_CONSULTATION | sets.ORTHOPAEDIC_SPECIALTY

    def counts(one: Act | Order) -> bool:
        return one.is_any(orthopaedic) or (one.is_any(sets.BONE_SURGERY) and _same_bone(one, order))

    return either(patient.procedures.any(counts), patient.consultations.any(counts), patient.orders.any(counts))


def _ct_criteria(order: RadiotherapyOrder, patient: Facts) -> bool | None:
    """Cortical lysis above 30 % axially and above 50 % circumferentially on CT (RAO §1.2)."""
    axial = patient.finding("cortical-lysis-axial", prescribed(order).regions)
    round_about = patient.finding("cortical-lysis-circumferential", prescribed(order).regions)
    return both(above(axial, 30), above(round_about, 50))


@rule(
    "mirels-high",
    title=_(
        "Mirels 9 or more: prophylactic fixation first when life expectancy exceeds 3 months",
    ),
    citations=(rao("radiotherapy", "§1.2, Tableau 3"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("finding", "orders"),
    severest=Indicator.WARNING,
    reading=_(
        "The text says 3 to 12 points, but four items of 1 to 3 give 4 to 12: other values are not used.",
    ),
)
def mirels_high(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Mirels of 9 or more for the bone treated, life expectancy not recorded as 3 months or less."""
    mirels, expectancy = patient.finding("mirels-score", prescribed(order).regions), patient.finding("life-expectancy")
    short = expectancy.test(
        lambda found: None if found.bounds is None else found.bounds.at_most(Decimal(THREE_MONTHS_DAYS))
    )
    blocked = unless_all(
        that(_("Mirels is 9 or more"), at_least(mirels, 9), mirels),
        that(
            _(
                "life expectancy is not recorded as 3 months or less",
            ),
            negated(short),
            expectancy,
        ),
    )
    if blocked:
        return blocked
    detail = [
        _(
            "Prophylactic fixation first when expectancy exceeds 3 months, radiotherapy after.",
        )
    ]
    if any(_same_bone(other, order) for other in orders_of(patient, sets.BONE_SURGERY)):
        detail.append(
            _(
                "Surgery of the bone is ordered: irradiate after it.",
            )
        )
    if is_absent(expectancy) and not too_old(expectancy):
        detail.append(_("Life expectancy is not recorded."))
    if _ct_criteria(order, patient):
        detail.append(
            _(
                "Cortical lysis above 30 % axial and 50 % circumferential strengthens the indication.",
            )
        )
    return Advice(
        Indicator.WARNING,
        _(
            "Radiotherapy with Mirels 9 or more: prophylactic fixation first",
        ),
        tuple(detail),
        (mirels, *too_old(expectancy)),
        remarks=target_remarks(order),
    )


@rule(
    "mirels-borderline",
    title=_("Mirels 8: decide in a tumour board"),
    citations=(rao("radiotherapy", "§1.2, Tableau 3"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("finding",),
    severest=Indicator.INFO,
    reading=_(
        "The text says 3 to 12 points, but four items of 1 to 3 give 4 to 12: other values are not used.",
    ),
)
def mirels_borderline(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Mirels of exactly 8 for the bone treated."""
    mirels = patient.finding("mirels-score", prescribed(order).regions)
    blocked = unless_all(that(_("Mirels is 8"), both(at_least(mirels, 8), below(mirels, 9)), mirels))
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "Radiotherapy with Mirels 8: decide in a tumour board (RCP-OOS)",
        ),
        (
            _(
                "Between fixation first (9 and more) and radiotherapy alone (7 and less).",
            ),
        ),
        (mirels,),
        remarks=target_remarks(order),
    )


@rule(
    "cortical-lysis",
    title=_(
        "Marked cortical lysis on CT calls for a Mirels score and a surgical opinion",
    ),
    citations=(rao("radiotherapy", "§1.2"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("finding",),
    severest=Indicator.INFO,
)
def cortical_lysis(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Both CT criteria met and no Mirels score recorded."""
    mirels = patient.finding("mirels-score", prescribed(order).regions)
    axial = patient.finding("cortical-lysis-axial", prescribed(order).regions)
    round_about = patient.finding("cortical-lysis-circumferential", prescribed(order).regions)
    blocked = unless_all(
        that(
            _(
                "cortical lysis is above 30 % axial and above 50 % circumferential",
            ),
            _ct_criteria(order, patient),
            axial,
            round_about,
        ),
        that(_("no Mirels score is recorded"), is_absent(mirels), mirels),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "Radiotherapy with marked cortical lysis: compute Mirels, discuss surgery",
        ),
        (
            _(
                "The CT criteria are those that support fixation when Mirels is 9 or more.",
            ),
        ),
        (axial, round_about, *too_old(mirels)),
        remarks=target_remarks(order),
        links=("mirels",),
    )


@rule(
    "spinal-instability",
    title=_("SINS 7 or more: surgical opinion before radiotherapy"),
    citations=(rao("radiotherapy", "§1.2"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("finding",),
    severest=Indicator.WARNING,
    reading=_(
        "The source asks for a surgical opinion from 7 on; the limit of 13 between potentially unstable and unstable "
        "is the score's own.",
    ),
)
def spinal_instability(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """SINS of 7 or more, and a spine target."""
    sins = patient.finding("sins-score", prescribed(order).regions)
    blocked = unless_all(
        that(SPINE_TARGET, may_be_spine(order)),
        that(_("SINS is 7 or more"), at_least(sins, 7), sins),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _(
            "Radiotherapy of the spine with SINS 7 or more: surgical opinion first",
        ),
        (
            _(
                "The spine is potentially unstable (7 to 12) or unstable (13 and more).",
            ),
        ),
        (sins,),
        remarks=target_remarks(order),
    )
