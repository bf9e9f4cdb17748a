"""Prescription of palliative bone radiotherapy and risk of fracture (RAO, radiothérapie §1, §2, §6, Tableaux 3, 5, 7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from mappings import concept_sets as sets
from mappings.dates import days_before
from mappings.facts import (
    Act,
    Diagnosis,
    Facts,
    Order,
)
from mappings.facts.bones import LONG_BONES, bones_of, may_be_same
from mappings.wording import Amount, Text
from service.rules.bone_radiotherapy import (
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
from service.rules.citation import rao
from service.rules.outcome import Advice, Basis, Indicator, Outcome, cannot_tell, unless_all
from service.rules.rule import rule
from service.rules.situations import (
    both,
    either,
    is_absent,
    is_bone_metastasis_surgery,
    negated,
    orders_of,
    that,
    too_old,
)

# --- what makes bone complicated --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Complication:
    """Something that makes a bone metastasis complicated, as far as it is known."""

    name: Text
    holds: bool | None
    basis: tuple[Basis, ...] = ()


def _same_bone(one: Diagnosis | Act | Order, order: Order) -> bool:
    """Of the bone treated, or of a bone that is not named."""
    return may_be_same(one.regions, prescribed(order).regions)


def _active(patient: Facts, concepts: frozenset[str], order: Order) -> tuple[bool | None, tuple[Basis, ...]]:
    """An active condition of the bone that is treated, or the reason of the order; and what that rests on."""

    def counts(one: Diagnosis) -> bool:
        return one.active and one.is_any(concepts) and _same_bone(one, order)

    found = tuple(one for one in patient.conditions if counts(one))
    if not order.reasons.isdisjoint(concepts):
        return True, found
    return patient.conditions.any(counts), found or (patient.conditions,)


def _post_operative(order: Order, patient: Facts) -> tuple[bool | None, tuple[Basis, ...]]:
    """After surgery of a bone metastasis of the bone that is treated; and what that rests on."""
    since = days_before(patient.today, patient.settings.post_operative_days)

    def counts(act: Act) -> bool | None:
        when = act.dated
        recent = when is not None and when.within(since, patient.today)
        return both(recent and _same_bone(act, order), is_bone_metastasis_surgery(act, patient))

    found = tuple(act for act in patient.procedures if counts(act))
    return patient.procedures.any(counts), found or (patient.procedures,)


def _complications(order: Order, patient: Facts) -> Iterator[Complication]:
    compression, compressions = _active(patient, sets.SPINAL_CORD_COMPRESSION, order)
    yield Complication(Text("spinal cord compression", "compression médullaire"), compression, compressions)
    epidural = patient.finding("epidural-extension", prescribed(order).regions)
    yield Complication(Text("epidural extension", "extension épidurale"), is_true(epidural), (epidural,))
    fracture, fractures = _active(patient, sets.PATHOLOGICAL_FRACTURE, order)
    yield Complication(Text("pathological fracture", "fracture pathologique"), fracture, fractures)
    mirels = patient.finding("mirels-score", prescribed(order).regions)
    yield Complication(Text("recorded fracture risk", "risque fracturaire au dossier"), at_least(mirels, 8), (mirels,))
    neuropathic, pains = _active(patient, sets.NEUROPATHIC_PAIN, order)
    yield Complication(Text("neuropathic pain", "douleur neuropathique"), neuropathic, pains)
    yield Complication(Text("spine target", "cible rachidienne"), spine_target(order).holds)
    operated, surgeries = _post_operative(order, patient)
    yield Complication(Text("post-operative", "post-opératoire"), operated, surgeries)


# --- dose and fractions -----------------------------------------------------------------------------------------------

SINGLE_FRACTION_GY = Decimal(10)

COMPLICATION_NEEDS = ("conditions", "procedures", "finding")


def _is_single_fraction(order: Order) -> bool:
    volume = volume_of(order)
    return (
        not prescribed(order).stereotactic
        and volume.fractions == 1
        and volume.dose_gy is not None
        and volume.dose_gy <= SINGLE_FRACTION_GY
    )


@rule(
    "single-fraction",
    title=Text(
        "A single fraction is kept for particular cases of uncomplicated bone metastasis",
        "La séance unique est réservée à des cas particuliers de métastase osseuse non compliquée",
    ),
    citations=(rao("radiotherapy", "§2.1, Tableau 5, box"),),
    trigger=BONE_RADIOTHERAPY,
    needs=(*COMPLICATION_NEEDS, "exposures", "orders"),
    severest=Indicator.WARNING,
    reading=Text(
        "The box allows 8 Gy once on an uncomplicated long or flat bone: info; complicated bone, spine and "
        "post-operative: warning. More than three vertebrae are a spine target. Tableau 5 allows 8 Gy once in "
        "neuropathic pain, the box prefers 30 Gy in 10: the box decides. For ONC 8 Gy once is one of three schemes.",
        "L'encadré permet 8 Gy en une fois sur un os long ou plat non compliqué : information ; os compliqué, rachis "
        "et post-opératoire : avertissement. Plus de trois vertèbres sont une cible rachidienne. Le Tableau 5 permet "
        "8 Gy en une fois dans la douleur neuropathique, l'encadré préfère 30 Gy en 10 : l'encadré décide. Pour ONC "
        "8 Gy en une fois est l'un de trois schémas.",
    ),
)
def single_fraction(order: Order, patient: Facts) -> Outcome:
    """One fraction of at most 10 Gy without a stereotactic technique."""
    blocked = unless_all(
        that(
            Text("one fraction of at most 10 Gy, not stereotactic", "une séance d'au plus 10 Gy, non stéréotaxique"),
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
        Text(
            "Keep it for particular cases (short life expectancy, hard to move): re-treatment in 20 % against 8 %. "
            "Usual scheme: "
            "30 Gy / 10.",
            "À réserver à des cas particuliers (espérance de vie courte, mobilisation difficile) : réirradiation "
            "dans 20 % contre "
            "8 %. Schéma habituel : 30 Gy / 10.",
        )
    ]
    covered = bool(orders_of(patient, sets.SYSTEMIC_CORTICOSTEROIDS)) or (
        patient.exposures.of(sets.SYSTEMIC_CORTICOSTEROIDS).ongoing is not False
    )
    if not complicated and not covered:
        detail.append(
            Text(
                "On an uncomplicated long or flat bone, under 48 to 72 h of corticosteroid: none is active or drafted.",
                "Sur un os long ou plat non compliqué, sous 48 à 72 h de corticoïde : aucun n'est en cours ou prescrit.",
            )
        )
    basis: tuple[Basis, ...] = (order, *(fact for one in complicated for fact in one.basis))
    if complicated:
        summary = Text(
            "Radiotherapy in one fraction on complicated bone: {complications}",
            "Radiothérapie en une séance sur os compliqué : {complications}",
            complications=tuple(one.name for one in complicated)[:3],
        )
        return Advice(Indicator.WARNING, summary, tuple(detail), basis, remarks=target_remarks(order))
    summary = Text(
        "Radiotherapy in one fraction: for particular cases only",
        "Radiothérapie en une séance : pour des cas particuliers",
    )
    outdated = too_old(*(fact for one in complications for fact in one.basis))
    return Advice(Indicator.INFO, summary, tuple(detail), (*basis, *outdated), remarks=target_remarks(order))


SEVERAL_FRACTIONS = Scheme((4, 10), (Decimal(20), Decimal(30)))
"""RAO Tableau 7: 20 to 30 Gy in 4 to 10 fractions. The schemes of Tableau 5 in several fractions (30 / 10, 20 / 5) and
24 Gy / 6 (§2, box) are among them; single fractions are admitted by indication."""

_EIGHT_ONCE, _SIX_ONCE, _EIGHT_TO_TEN_ONCE = scheme(8, 1), scheme(6, 1), Scheme((1, 1), (Decimal(8), Decimal(10)))

INDICATIONS: dict[str, tuple[Text, tuple[Scheme, ...]]] = {
    "cord compression": (
        Text(
            "Inoperable cord compression: 30 Gy / 10; 20 / 5, exceptionally 8 to 10 / 1.",
            "Compression médullaire inopérable : 30 Gy / 10 ; 20 / 5, exceptionnellement 8 à 10 / 1.",
        ),
        (_EIGHT_TO_TEN_ONCE,),
    ),
    "post-operative": (Text("Post-operative: 30 Gy / 10; 20 / 5.", "Post-opératoire : 30 Gy / 10 ; 20 / 5."), ()),
    "re-irradiation": (REIRRADIATION_SCHEMES, (_EIGHT_ONCE,)),
    "fracture risk": (
        Text(
            "Risk of fracture: 30 Gy / 10; 20 / 5, exceptionally 8 / 1.",
            "Risque de fracture : 30 Gy / 10 ; 20 / 5, exceptionnellement 8 / 1.",
        ),
        (_EIGHT_ONCE,),
    ),
    "pain": (
        Text(
            "Uncomplicated or neuropathic pain: 30 Gy / 10; 20 / 5, 8 / 1, 6 / 1.",
            "Douleur non compliquée ou neuropathique : 30 Gy / 10 ; 20 / 5, 8 / 1, 6 / 1.",
        ),
        (_EIGHT_ONCE, _SIX_ONCE),
    ),
}
"""RAO Tableau 5 by indication: its row as a card prints it, and its single fractions without a stereotactic technique."""

OLIGOMETASTATIC_ROW = Text(
    "Oligometastatic, ablative: stereotactic 35 Gy / 7 or 27 / 3 or equivalent.",
    "Oligométastatique, ablatif : stéréotaxie 35 Gy / 7 ou 27 / 3 ou équivalent.",
)
ALSO_ADMITTED = (
    Text(
        "Elderly, poor general state or short expectancy: 20 Gy / 5.",
        "Sujet âgé, état général altéré ou espérance courte : 20 Gy / 5.",
    ),
    Text(
        "Also admitted: 24 Gy / 6, and 20 to 30 Gy in 4 to 10 fractions.",
        "Admis aussi : 24 Gy / 6, et 20 à 30 Gy en 4 à 10 fractions.",
    ),
)


def _indications(order: Order, patient: Facts) -> list[str]:
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
    title=Text(
        "Palliative bone radiotherapy follows the schemes of Tableau 5",
        "La radiothérapie osseuse palliative suit les schémas du Tableau 5",
    ),
    citations=(rao("radiotherapy", "§2, Tableau 5, Tableau 7"),),
    trigger=BONE_RADIOTHERAPY,
    needs=(*COMPLICATION_NEEDS, "radiotherapies"),
    severest=Indicator.INFO,
    yields_to=("single-fraction",),
    reading=Text(
        "In order-select without a dose the schemes are offered; with a dose, only one outside every scheme of its "
        "indication is remarked on. Indication unknown: outside all of them. Cord compression in one session: §2.1 "
        "says 8 Gy, Tableau 7 8 to 10: both are exceptional.",
        "À la sélection sans dose les schémas sont proposés ; avec une dose, seule une dose hors de tout schéma de "
        "son indication est signalée. Indication inconnue : hors de tous. Compression médullaire en une séance : le "
        "§2.1 dit 8 Gy, le Tableau 7 8 à 10 : tous deux exceptionnels.",
    ),
)
def fractionation_advice(order: Order, patient: Facts) -> Outcome:
    """Palliative, and without a dose while the order is written, or with a dose outside the schemes."""
    volume = volume_of(order)
    indications = _indications(order, patient)
    rows = [INDICATIONS[name] for name in indications or INDICATIONS]
    schemes = [SEVERAL_FRACTIONS, *(scheme for _, single in rows for scheme in single)]
    undosed = volume.dose_gy is None and order.selecting
    outside = (
        volume.dose_gy is not None
        and volume.fractions is not None
        and not any(scheme.contains(volume) for scheme in schemes)
    )
    blocked = unless_all(
        that(Text("the intent is palliative", "l'intention est palliative"), is_palliative(order)),
        that(
            Text(
                "the order is being written without a dose, or its dose is outside the schemes",
                "la prescription est en cours de saisie sans dose, ou sa dose est hors des schémas",
            ),
            undosed or outside,
        ),
    )
    if blocked:
        return blocked
    table = (*(row for row, _ in rows), *(() if indications else (OLIGOMETASTATIC_ROW,)), *ALSO_ADMITTED)
    if outside:
        summary = Text(
            "Radiotherapy {dose} in {fractions}: outside the usual schemes",
            "Radiothérapie {dose} en {fractions} : hors des schémas habituels",
            dose=Amount(volume.dose_gy or Decimal(0), "Gy"),
            fractions=in_fractions(volume.fractions or 0),
        )
    else:
        summary = Text("Bone radiotherapy: usual schemes", "Radiothérapie osseuse : schémas habituels")
    return Advice(Indicator.INFO, summary, (), (order,), remarks=target_remarks(order), lines=table)


# --- fracture risk ----------------------------------------------------------------------------------------------------


@rule(
    "fracture-risk-before-radiotherapy",
    title=Text(
        "An indication for surgery is ruled out before radiotherapy of a long bone",
        "Une indication chirurgicale est éliminée avant la radiothérapie d'un os long",
    ),
    citations=(rao("radiotherapy", "§1.2, Tableau 3, Tableau 5"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("finding", "procedures", "orders", "consultations"),
    severest=Indicator.INFO,
)
def fracture_risk_before_radiotherapy(order: Order, patient: Facts) -> Outcome:
    """A long bone without a Mirels score and without anything orthopaedic on record."""
    mirels = patient.finding("mirels-score", prescribed(order).regions)
    blocked = unless_all(
        that(Text("the target is a long bone", "la cible est un os long"), _is_long_bone(order)),
        that(Text("no Mirels score is recorded", "aucun score de Mirels n'est enregistré"), is_absent(mirels), mirels),
        that(
            Text(
                "no orthopaedic consultation, order or surgery of that bone is on record",
                "aucune consultation, prescription ou chirurgie orthopédique de cet os n'est enregistrée",
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
        Text(
            "Radiotherapy of a long bone: rule out an indication for surgery first",
            "Radiothérapie d'un os long : éliminer d'abord une indication chirurgicale",
        ),
        (
            Text(
                "Mirels: 7 or less radiotherapy, 8 tumour board, 9 or more prophylactic fixation.",
                "Mirels : 7 ou moins radiothérapie, 8 RCP, 9 ou plus fixation prophylactique.",
            ),
        ),
        (order, *too_old(mirels)),
        remarks=target_remarks(order),
        links=("mirels",),
    )


def _is_long_bone(order: Order) -> bool:
    named = bones_of(prescribed(order).regions)
    return not named.isdisjoint(LONG_BONES) or not order.sites.isdisjoint(sets.LONG_BONE)


def _orthopaedic(order: Order, patient: Facts) -> bool | None:
    orthopaedic = sets.ORTHOPAEDIC_CONSULTATION | sets.ORTHOPAEDIC_SPECIALTY

    def counts(one: Act | Order) -> bool:
        return one.is_any(orthopaedic) or (one.is_any(sets.BONE_SURGERY) and _same_bone(one, order))

    return either(patient.procedures.any(counts), patient.consultations.any(counts), patient.orders.any(counts))


def _ct_criteria(order: Order, patient: Facts) -> bool | None:
    """Cortical lysis above 30 % axially and above 50 % circumferentially on CT (RAO §1.2)."""
    axial = patient.finding("cortical-lysis-axial", prescribed(order).regions)
    round_about = patient.finding("cortical-lysis-circumferential", prescribed(order).regions)
    return both(above(axial, 30), above(round_about, 50))


@rule(
    "mirels-high",
    title=Text(
        "Mirels 9 or more: prophylactic fixation first when life expectancy exceeds 3 months",
        "Mirels 9 ou plus : fixation prophylactique d'abord si l'espérance de vie dépasse 3 mois",
    ),
    citations=(rao("radiotherapy", "§1.2, Tableau 3"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("finding", "orders"),
    severest=Indicator.WARNING,
    reading=Text(
        "The text says 3 to 12 points, but four items of 1 to 3 give 4 to 12: other values are not used.",
        "Le texte dit 3 à 12 points, mais quatre items de 1 à 3 donnent 4 à 12 : d'autres valeurs ne sont pas utilisées.",
    ),
)
def mirels_high(order: Order, patient: Facts) -> Outcome:
    """Mirels of 9 or more for the bone treated, life expectancy not recorded as 3 months or less."""
    mirels, expectancy = patient.finding("mirels-score", prescribed(order).regions), patient.finding("life-expectancy")
    short = expectancy.test(
        lambda found: None if found.bounds is None else found.bounds.at_most(Decimal(THREE_MONTHS_DAYS))
    )
    blocked = unless_all(
        that(Text("Mirels is 9 or more", "Mirels est de 9 ou plus"), at_least(mirels, 9), mirels),
        that(
            Text(
                "life expectancy is not recorded as 3 months or less",
                "l'espérance de vie n'est pas enregistrée comme de 3 mois ou moins",
            ),
            negated(short),
            expectancy,
        ),
    )
    if blocked:
        return blocked
    detail = [
        Text(
            "Prophylactic fixation first when expectancy exceeds 3 months, radiotherapy after.",
            "Fixation prophylactique d'abord si l'espérance dépasse 3 mois, radiothérapie ensuite.",
        )
    ]
    if any(_same_bone(other, order) for other in orders_of(patient, sets.BONE_SURGERY)):
        detail.append(
            Text(
                "Surgery of the bone is ordered: irradiate after it.",
                "Une chirurgie de l'os est prescrite : irradier après.",
            )
        )
    if is_absent(expectancy) and not too_old(expectancy):
        detail.append(Text("Life expectancy is not recorded.", "L'espérance de vie n'est pas renseignée."))
    if _ct_criteria(order, patient):
        detail.append(
            Text(
                "Cortical lysis above 30 % axial and 50 % circumferential strengthens the indication.",
                "Une lyse corticale de plus de 30 % axiale et 50 % circonférentielle renforce l'indication.",
            )
        )
    return Advice(
        Indicator.WARNING,
        Text(
            "Radiotherapy with Mirels 9 or more: prophylactic fixation first",
            "Radiothérapie avec Mirels de 9 ou plus : fixation prophylactique d'abord",
        ),
        tuple(detail),
        (mirels, *too_old(expectancy)),
        remarks=target_remarks(order),
    )


@rule(
    "mirels-borderline",
    title=Text("Mirels 8: decide in a tumour board", "Mirels 8 : décider en RCP"),
    citations=(rao("radiotherapy", "§1.2, Tableau 3"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("finding",),
    severest=Indicator.INFO,
    reading=Text(
        "The text says 3 to 12 points, but four items of 1 to 3 give 4 to 12: other values are not used.",
        "Le texte dit 3 à 12 points, mais quatre items de 1 à 3 donnent 4 à 12 : d'autres valeurs ne sont pas utilisées.",
    ),
)
def mirels_borderline(order: Order, patient: Facts) -> Outcome:
    """Mirels of exactly 8 for the bone treated."""
    mirels = patient.finding("mirels-score", prescribed(order).regions)
    blocked = unless_all(
        that(Text("Mirels is 8", "Mirels est de 8"), both(at_least(mirels, 8), below(mirels, 9)), mirels)
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "Radiotherapy with Mirels 8: decide in a tumour board (RCP-OOS)",
            "Radiothérapie avec Mirels de 8 : décision en RCP-OOS",
        ),
        (
            Text(
                "Between fixation first (9 and more) and radiotherapy alone (7 and less).",
                "Entre fixation d'abord (9 et plus) et radiothérapie seule (7 et moins).",
            ),
        ),
        (mirels,),
        remarks=target_remarks(order),
    )


@rule(
    "cortical-lysis",
    title=Text(
        "Marked cortical lysis on CT calls for a Mirels score and a surgical opinion",
        "Une lyse corticale marquée au scanner appelle un score de Mirels et un avis chirurgical",
    ),
    citations=(rao("radiotherapy", "§1.2"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("finding",),
    severest=Indicator.INFO,
)
def cortical_lysis(order: Order, patient: Facts) -> Outcome:
    """Both CT criteria met and no Mirels score recorded."""
    mirels = patient.finding("mirels-score", prescribed(order).regions)
    axial = patient.finding("cortical-lysis-axial", prescribed(order).regions)
    round_about = patient.finding("cortical-lysis-circumferential", prescribed(order).regions)
    blocked = unless_all(
        that(
            Text(
                "cortical lysis is above 30 % axial and above 50 % circumferential",
                "la lyse corticale dépasse 30 % axiale et 50 % circonférentielle",
            ),
            _ct_criteria(order, patient),
            axial,
            round_about,
        ),
        that(Text("no Mirels score is recorded", "aucun score de Mirels n'est enregistré"), is_absent(mirels), mirels),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "Radiotherapy with marked cortical lysis: compute Mirels, discuss surgery",
            "Radiothérapie avec lyse corticale marquée : calculer Mirels, discuter la chirurgie",
        ),
        (
            Text(
                "The CT criteria are those that support fixation when Mirels is 9 or more.",
                "Les critères scanner sont ceux qui appuient une fixation quand Mirels est de 9 ou plus.",
            ),
        ),
        (axial, round_about, *too_old(mirels)),
        remarks=target_remarks(order),
        links=("mirels",),
    )


@rule(
    "spinal-instability",
    title=Text(
        "SINS 7 or more: surgical opinion before radiotherapy", "SINS 7 ou plus : avis chirurgical avant radiothérapie"
    ),
    citations=(rao("radiotherapy", "§1.2"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("finding",),
    severest=Indicator.WARNING,
    reading=Text(
        "The source asks for a surgical opinion from 7 on; the limit of 13 between potentially unstable and unstable "
        "is the score's own.",
        "La source demande un avis chirurgical dès 7 ; la limite de 13 entre potentiellement instable et instable "
        "est celle du score.",
    ),
)
def spinal_instability(order: Order, patient: Facts) -> Outcome:
    """SINS of 7 or more, and a spine target."""
    sins = patient.finding("sins-score", prescribed(order).regions)
    blocked = unless_all(
        that(SPINE_TARGET, may_be_spine(order)),
        that(Text("SINS is 7 or more", "SINS est de 7 ou plus"), at_least(sins, 7), sins),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        Text(
            "Radiotherapy of the spine with SINS 7 or more: surgical opinion first",
            "Radiothérapie du rachis avec SINS de 7 ou plus : avis chirurgical d'abord",
        ),
        (
            Text(
                "The spine is potentially unstable (7 to 12) or unstable (13 and more).",
                "Le rachis est potentiellement instable (7 à 12) ou instable (13 et plus).",
            ),
        ),
        (sins,),
        remarks=target_remarks(order),
    )
