"""Stereotactic bone radiotherapy and re-irradiation (RAO, radiothérapie §1.5, §2.2, §4, Tableau 5)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import partial

from mappings import concept_sets as sets
from mappings.dates import add_months
from mappings.facts import (
    Act,
    Diagnosis,
    Fact,
    Facts,
    Finding,
    Known,
    Order,
    RadiotherapyCourse,
)
from mappings.wording import Amount, Text
from service.rules.bone_radiotherapy import (
    ABLATIVE,
    BONE_RADIOTHERAPY,
    REIRRADIATION_SCHEMES,
    STEREOTACTIC,
    THREE_MONTHS_DAYS,
    Scheme,
    above,
    already_irradiated,
    as_act,
    at_least,
    below,
    earlier_courses,
    history_of_irradiation,
    in_fractions,
    is_true,
    may_be_spine,
    open_courses,
    prescribed,
    same_region,
    scheme,
    spine_target,
    target_remarks,
    unless_all_of_regions,
    volume_of,
)
from service.rules.citation import rao
from service.rules.outcome import (
    Advice,
    Basis,
    CannotTell,
    Condition,
    Indicator,
    Outcome,
    Silence,
    cannot_tell,
    unless_all,
)
from service.rules.rule import rule
from service.rules.situations import (
    both,
    either,
    given_within,
    negated,
    no_tumour_board_ordered,
    planned_remarks,
    that,
)

# --- stereotactic radiotherapy ----------------------------------------------------------------------------------------

RECENT_RADIOTHERAPY_DAYS = 90
"""3 months (RAO §2.2.1), a month counted as 30 days."""


def _compression(patient: Facts) -> tuple[bool | None, bool | None, tuple[Basis, ...]]:
    """Whether a cord compression is active, whether it was decompressed since, and the conditions and acts."""
    active = tuple(one for one in patient.conditions if one.active and one.is_any(sets.SPINAL_CORD_COMPRESSION))
    if not active:
        return (None if patient.conditions.gaps else False), False, ()
    decompressed = both(*(patient.procedures.any(partial(_decompresses, compression=one)) for one in active))
    acts = tuple(act for act in patient.procedures if any(_decompresses(act, one) for one in active))
    return True, decompressed, (*active, *acts)


def _decompresses(act: Act, compression: Diagnosis) -> bool | None:
    """A decompression that is later; None where a date is missing."""
    if not act.is_any(sets.SPINAL_DECOMPRESSION):
        return False
    begin, when = compression.onset or compression.recorded, act.dated
    return None if begin is None or when is None else when.last >= begin.first


def _radionuclides(order: Order, patient: Facts) -> tuple[bool | None, tuple[Basis, ...]]:
    """Radionuclide therapy ongoing, or so short a time before the planned start; and what tells of it."""
    planned, days = order.planned.when, patient.settings.radionuclide_days

    def recent(act: Act) -> bool | None:
        if not act.is_any(sets.RADIONUCLIDE_THERAPY):
            return False
        when = act.dated
        if act.under_way or when is None:
            return True if act.under_way else None
        return (planned.first - when.last).days <= days

    drugs = patient.exposures.of(sets.RADIOPHARMACEUTICALS)
    acts = tuple(act for act in patient.procedures if recent(act))
    given = tuple(entry for entry in drugs.entries if given_within(entry, planned, days, patient.today))
    holds = either(
        patient.procedures.any(recent), drugs.any(lambda entry: given_within(entry, planned, days, patient.today))
    )
    return holds, (*acts, *given)


def _irradiated_recently(order: Order, patient: Facts) -> tuple[bool | None, list[RadiotherapyCourse]]:
    """Radiotherapy of the same region that ended less than 90 days before the planned start."""

    def recent(course: RadiotherapyCourse) -> bool | None:
        if course.under_way:
            return same_region(course, order)
        if course.ended is None:
            return None if same_region(course, order) is not False else False
        if (order.planned.when.first - course.ended.last).days >= RECENT_RADIOTHERAPY_DAYS:
            return False
        return same_region(course, order)

    holds = patient.radiotherapies.any(recent)
    if holds is False and history_of_irradiation(patient):
        holds = None
    return holds, [course for course in patient.radiotherapies if recent(course)]


@rule(
    "stereotactic-contraindication",
    title=Text(
        "Recognised contraindications of stereotactic bone radiotherapy",
        "Contre-indications reconnues de la radiothérapie stéréotaxique osseuse",
    ),
    citations=(rao("radiotherapy", "§2.2.1"),),
    trigger=STEREOTACTIC,
    needs=("conditions", "procedures", "exposures", "radiotherapies", "finding"),
    severest=Indicator.CRITICAL,
    problem="stereotactic-contraindication",
    reading=Text(
        "An unstable spine is read as SINS 13 or more; three months since radiotherapy of the same region as 90 days.",
        "Un rachis instable est lu comme SINS 13 ou plus ; trois mois depuis une radiothérapie de la même région "
        "comme 90 jours.",
    ),
)
def stereotactic_contraindication(order: Order, patient: Facts) -> Outcome:
    """Cord compression, unstable spine, radionuclide therapy, recent radiotherapy of the region, short expectancy."""
    settings = patient.settings
    compression, decompressed, compressions = _compression(patient)
    sins = patient.finding("sins-score", prescribed(order).regions)
    radionuclides, internal = _radionuclides(order, patient)
    recent, courses = _irradiated_recently(order, patient)
    expectancy = patient.finding("life-expectancy")
    region = open_courses(order, patient) if recent is None else patient.radiotherapies
    parts = {
        "compression": that(
            Text("active spinal cord compression", "compression médullaire active"), compression, patient.conditions
        ),
        "instability": that(
            Text("SINS {limit} or more", "SINS de {limit} ou plus", limit=settings.unstable_sins),
            both(may_be_spine(order), at_least(sins, settings.unstable_sins)),
            sins,
        ),
        "radionuclides": that(
            Text(
                "radionuclide therapy ongoing or within {days} days",
                "radiothérapie métabolique en cours ou de moins de {days} jours",
                days=settings.radionuclide_days,
            ),
            radionuclides,
            patient.procedures,
            patient.exposures.of(sets.RADIOPHARMACEUTICALS),
        ),
        "radiotherapy": that(
            Text("the region irradiated less than 3 months before", "région irradiée moins de 3 mois avant"),
            recent,
            region,
        ),
        "expectancy": that(
            Text("life expectancy below 3 months", "espérance de vie inférieure à 3 mois"),
            below(expectancy, THREE_MONTHS_DAYS),
            expectancy,
        ),
    }
    found = {name: part for name, part in parts.items() if part.holds}
    unknown = {name: part for name, part in parts.items() if part.holds is None}
    if not found:
        return unless_all_of_regions(*unknown.values()) or Silence(
            Text("a recognised contraindication is on record", "une contre-indication reconnue est enregistrée")
        )
    milder = set(found) == {"compression"} and decompressed is True
    if set(found) == {"compression"} and decompressed is None:
        return cannot_tell(that(DECOMPRESSED, None, patient.procedures))
    shown: dict[str, tuple[Basis, ...]] = {
        "compression": compressions,
        "instability": (sins,),
        "radionuclides": internal,
        "radiotherapy": tuple(as_act(course) for course in courses),
        "expectancy": (expectancy,),
    }
    detail: list[Text] = []
    if milder:
        detail.append(
            Text(
                "The compression was decompressed since: weigh what remains.",
                "La compression a été décomprimée depuis : peser ce qui reste.",
            )
        )
    return Advice(
        Indicator.WARNING if milder else Indicator.CRITICAL,
        Text(
            "Stereotactic radiotherapy contraindicated: {which}",
            "Radiothérapie stéréotaxique contre-indiquée : {which}",
            which=tuple(part.text for part in found.values()),
        ),
        tuple(detail),
        tuple(one for name in found for one in shown[name]),
        remarks=(*planned_remarks(order), *target_remarks(order), *_not_told(unknown.values())),
    )


DECOMPRESSED = Text("the cord was decompressed since", "la moelle a été décomprimée depuis")


def _not_told(unknown: Iterable[Condition]) -> tuple[Text, ...]:
    names = tuple(part.text for part in unknown)
    if not names:
        return ()
    return (Text("Could not be checked besides: {which}", "N'a pas pu être vérifié en plus : {which}", which=names),)


@rule(
    "stereotactic-relative-contraindication",
    title=Text(
        "Relative contraindications of stereotactic bone radiotherapy",
        "Contre-indications relatives de la radiothérapie stéréotaxique osseuse",
    ),
    citations=(rao("radiotherapy", "§2.2.1"),),
    trigger=STEREOTACTIC,
    needs=("finding",),
    severest=Indicator.WARNING,
)
def stereotactic_relative_contraindication(order: Order, patient: Facts) -> Outcome:
    """MRI contraindicated, canal narrowed above 25 %, tumour to cord below 5 mm; SINS 7 to 12 asks for the opinion."""
    mri = patient.finding("mri-contraindicated")
    canal = patient.finding("canal-narrowing", prescribed(order).regions)
    distance = patient.finding("tumour-cord-distance", prescribed(order).regions)
    sins = patient.finding("sins-score", prescribed(order).regions)
    parts = (
        that(Text("MRI is contraindicated", "l'IRM est contre-indiquée"), is_true(mri), mri),
        that(
            Text("the canal is narrowed by more than 25 %", "le canal est rétréci de plus de 25 %"),
            above(canal, 25),
            canal,
        ),
        that(
            Text("the tumour is less than 5 mm from the cord", "la tumeur est à moins de 5 mm de la moelle"),
            below(distance, 5),
            distance,
        ),
        that(
            Text("SINS is 7 to 12, surgical opinion", "SINS est de 7 à 12, avis chirurgical"),
            both(may_be_spine(order), at_least(sins, 7), below(sins, patient.settings.unstable_sins)),
            sins,
        ),
    )
    found = [part for part in parts if part.holds]
    blocked = _any_of(
        parts, Text("a relative contraindication is recorded", "une contre-indication relative est enregistrée")
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        Text(
            "Stereotactic radiotherapy, relative contraindication: {which}",
            "Radiothérapie stéréotaxique, contre-indication relative : {which}",
            which=tuple(part.text for part in found),
        ),
        (),
        tuple(one for part in found for one in part.basis),
        remarks=target_remarks(order),
    )


def _any_of(parts: tuple[Condition, ...], text: Text) -> Silence | CannotTell | None:
    """None when one of the parts holds; else silence, or what cannot be told."""
    holds = either(*(part.holds for part in parts))
    alike = [part for part in parts if part.holds is holds]
    if holds is None:
        return cannot_tell(*alike)
    return unless_all(that(text, holds, *(one for part in alike for one in part.basis)))


@rule(
    "stereotactic-eligibility",
    title=Text(
        "Stereotactic ablation is for oligometastatic disease",
        "L'ablation stéréotaxique s'adresse à la maladie oligométastatique",
    ),
    citations=(rao("radiotherapy", "§2.2.1, box"),),
    trigger=STEREOTACTIC,
    needs=("finding", "radiotherapies"),
    severest=Indicator.WARNING,
    reading=Text(
        "The referential's definition is used here (1 to 3 sites, 1 to 5 metastases, each below 5 cm, primary "
        "controlled); the "
        "companion documents give others.",
        "La définition du référentiel est utilisée ici (1 à 3 sites, 1 à 5 métastases, chacune de moins de 5 cm, primitif "
        "contrôlé) ; les autres documents en donnent d'autres.",
    ),
)
def stereotactic_eligibility(order: Order, patient: Facts) -> Outcome:
    """More metastases or sites, a larger lesion, or an uncontrolled primary, when recorded; not for re-irradiation."""
    count = patient.finding("bone-metastasis-count")
    site_count = patient.finding("metastatic-site-count")
    largest = patient.finding("largest-lesion", prescribed(order).regions)
    controlled = patient.finding("primary-controlled")
    parts = (
        that(Text("more than 5 metastases", "plus de 5 métastases"), above(count, 5), count),
        that(Text("more than 3 sites", "plus de 3 sites"), above(site_count, 3), site_count),
        that(Text("a lesion of 5 cm or more", "une lésion de 5 cm ou plus"), at_least(largest, 5), largest),
        that(
            Text("the primary is not controlled", "la tumeur primitive n'est pas contrôlée"),
            controlled.test(lambda found: None if found.flag is None else not found.flag),
            controlled,
        ),
    )
    again = already_irradiated(order, patient)
    blocked = _any_of(
        parts, Text("the recorded disease is beyond the definition", "la maladie enregistrée dépasse la définition")
    )
    blocked = blocked or unless_all_of_regions(
        that(Text("it is not a re-irradiation", "ce n'est pas une réirradiation"), negated(again.holds), *again.basis)
    )
    if blocked:
        return blocked
    found = [part for part in parts if part.holds]
    return Advice(
        Indicator.WARNING,
        Text(
            "Stereotactic radiotherapy: beyond the oligometastatic definition",
            "Radiothérapie stéréotaxique : au-delà de la définition oligométastatique",
        ),
        (
            *(part.text for part in found),
            Text(
                "Definition: 1 to 3 sites, 1 to 5 metastases, each below 5 cm, primary controlled; at most 3 "
                "adjacent vertebrae.",
                "Définition : 1 à 3 sites, 1 à 5 métastases, chacune de moins de 5 cm, primitif contrôlé ; au plus 3 "
                "vertèbres "
                "adjacentes.",
            ),
        ),
        tuple(one for part in found for one in part.basis),
        remarks=target_remarks(order),
    )


@rule(
    "stereotactic-tumour-board",
    title=Text(
        "Stereotactic or ablative bone radiotherapy is validated in a tumour board",
        "Une radiothérapie osseuse stéréotaxique ou ablative est validée en RCP",
    ),
    citations=(rao("radiotherapy", "§1.5, §2.2"),),
    trigger=ABLATIVE,
    needs=("orders",),
    severest=Indicator.INFO,
    prerequisite=True,
)
def stereotactic_tumour_board(order: Order, patient: Facts) -> Outcome:
    """A stereotactic or ablative order without a tumour board ordered."""
    blocked = unless_all(no_tumour_board_ordered(patient))
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "Stereotactic or ablative radiotherapy: validate in a tumour board (RCP-OOS)",
            "Radiothérapie stéréotaxique ou ablative : à valider en RCP-OOS",
        ),
        (
            Text(
                "Pain flare in 14 to 68 %, which responds to corticosteroid.",
                "Poussée douloureuse dans 14 à 68 %, sensible aux corticoïdes.",
            ),
        ),
        (order,),
        remarks=target_remarks(order),
        items=(Text("validated in a tumour board (RCP-OOS)", "validée en RCP-OOS"),),
    )


SPINE_SCHEMES = (
    Scheme((1, 2), (Decimal(18), Decimal(24))),
    Scheme((3, 3), (Decimal(27), Decimal(30))),
    Scheme((5, 5), (Decimal(30), Decimal(35))),
    scheme(35, 7),
)
OTHER_BONE_SCHEMES = (
    Scheme((1, 1), (Decimal(15), Decimal(25))),
    Scheme((3, 5), (Decimal(24), Decimal(50))),
    scheme(35, 7),
)
"""RAO §2.2.2 and Tableau 5: doses of stereotactic radiotherapy of the spine and of other bone."""

SPINE_RANGE = Text(
    "Spine: 18 to 24 Gy in 1 or 2 fractions, 27 to 30 in 3, 30 to 35 in 5, 35 in 7.",
    "Rachis : 18 à 24 Gy en 1 ou 2 fractions, 27 à 30 en 3, 30 à 35 en 5, 35 en 7.",
)
OTHER_BONE_RANGE = Text(
    "Other bone: 15 to 25 Gy in 1 fraction, 24 to 50 in 3 to 5, 35 in 7.",
    "Autre os : 15 à 25 Gy en 1 fraction, 24 à 50 en 3 à 5, 35 en 7.",
)


@rule(
    "stereotactic-dose",
    title=Text(
        "The dose of stereotactic bone radiotherapy lies in the referential's ranges",
        "La dose de radiothérapie stéréotaxique osseuse est dans les intervalles du référentiel",
    ),
    citations=(rao("radiotherapy", "§2.2.2, Tableau 5, box"),),
    trigger=STEREOTACTIC,
    needs=(),
    severest=Indicator.WARNING,
    reading=Text(
        "The box says 18 or 24 Gy in 1 to 2 fractions to the spine, the text 18 to 24: a range. 35 Gy in 7 is "
        "accepted at any site (a clinician should confirm it). ONC's 8 Gy in each of 3 sessions is below the range "
        "for the spine: the referential wins.",
        "L'encadré dit 18 ou 24 Gy en 1 à 2 fractions au rachis, le texte 18 à 24 : un intervalle. 35 Gy en 7 est "
        "accepté pour tout site (un clinicien devrait le confirmer). Les 3 séances de 8 Gy d'ONC sont sous "
        "l'intervalle du rachis : le référentiel l'emporte.",
    ),
)
def stereotactic_dose(order: Order, _patient: Facts) -> Outcome:
    """The highest-dose volume of a stereotactic order is outside the ranges."""
    volume, spine = volume_of(order), spine_target(order)
    if volume.dose_gy is None or volume.fractions is None:
        return Silence(Text("dose and fractions are stated", "dose et fractions sont indiquées"))
    schemes: tuple[Scheme, ...] = (*SPINE_SCHEMES, *OTHER_BONE_SCHEMES)
    ranges: tuple[Text, ...] = (SPINE_RANGE, OTHER_BONE_RANGE)
    if prescribed(order).regions:
        schemes, ranges = (SPINE_SCHEMES, (SPINE_RANGE,)) if spine.holds else (OTHER_BONE_SCHEMES, (OTHER_BONE_RANGE,))
    outside: bool | None = not any(scheme.contains(volume) for scheme in schemes)
    if spine.holds is None and not outside:
        in_both = all(any(one.contains(volume) for one in group) for group in (SPINE_SCHEMES, OTHER_BONE_SCHEMES))
        outside = False if in_both else None
    blocked = unless_all(
        that(Text("the dose is outside the ranges", "la dose est hors des intervalles"), outside, *spine.basis)
    )
    if blocked:
        return blocked
    listed = any(scheme.fractions[0] <= volume.fractions <= scheme.fractions[1] for scheme in schemes)
    detail = [Text("A single session only in particular cases.", "Séance unique seulement dans des cas particuliers.")]
    if not listed:
        detail.append(
            Text(
                "This number of fractions is not listed; a biological equivalent is admitted.",
                "Ce nombre de fractions n'est pas listé ; un équivalent biologique est admis.",
            )
        )
    return Advice(
        Indicator.WARNING if listed else Indicator.INFO,
        Text(
            "Stereotactic radiotherapy {dose} in {fractions}: outside the ranges",
            "Radiothérapie stéréotaxique {dose} en {fractions} : hors des intervalles",
            dose=Amount(volume.dose_gy, "Gy"),
            fractions=in_fractions(volume.fractions),
        ),
        tuple(detail),
        (order,),
        remarks=target_remarks(order),
        lines=ranges,
    )


@rule(
    "stereotactic-single-reirradiation",
    title=Text("Stereotactic re-irradiation is fractionated", "Une réirradiation stéréotaxique est fractionnée"),
    citations=(rao("radiotherapy", "§2.2.2"),),
    trigger=STEREOTACTIC,
    needs=("radiotherapies",),
    severest=Indicator.WARNING,
)
def stereotactic_single_reirradiation(order: Order, patient: Facts) -> Outcome:
    """One stereotactic fraction to a region that was irradiated before."""
    blocked = unless_all_of_regions(
        that(Text("the order is one fraction", "la prescription est d'une fraction"), volume_of(order).fractions == 1),
        already_irradiated(order, patient),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        Text(
            "Stereotactic re-irradiation in one fraction: fractionation is recommended",
            "Réirradiation stéréotaxique en une fraction : fractionnement recommandé",
        ),
        (Text("Count the earlier dose and the time since.", "Tenir compte de la dose antérieure et du délai."),),
        tuple(as_act(course) for course in earlier_courses(order, patient)),
        remarks=target_remarks(order),
    )


@rule(
    "stereotactic-vertebral-fracture",
    title=Text(
        "More than 20 Gy a fraction to the spine fractures vertebrae",
        "Plus de 20 Gy par fraction sur le rachis fracture des vertèbres",
    ),
    citations=(rao("radiotherapy", "§2.2.4"),),
    trigger=STEREOTACTIC,
    needs=(),
    severest=Indicator.INFO,
)
def stereotactic_vertebral_fracture(order: Order, _patient: Facts) -> Outcome:
    """Stereotactic radiotherapy of the spine with more than 20 Gy a fraction."""
    each = volume_of(order).gray_a_fraction
    blocked = unless_all(
        spine_target(order),
        that(Text("more than 20 Gy a fraction", "plus de 20 Gy par fraction"), each is not None and each > Decimal(20)),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "Stereotactic radiotherapy above 20 Gy a fraction: vertebral fracture",
            "Radiothérapie stéréotaxique de plus de 20 Gy par fraction : fracture vertébrale",
        ),
        (
            Text(
                "Fracture of the vertebra in up to 20 % or more. Risk factors: T10 to sacrum, lytic lesion, more "
                "than 20 % of the "
                "vertebral body. Consider cementoplasty beforehand.",
                "Fracture de la vertèbre jusqu'à 20 % ou plus. Facteurs de risque : T10 au sacrum, lésion lytique, "
                "plus de 20 % du "
                "corps vertébral. Envisager une cimentoplastie avant.",
            ),
        ),
        (order,),
        remarks=target_remarks(order),
    )


CORD_LIMITS: dict[int, Decimal] = {
    1: Decimal(14),
    2: Decimal(17),
    3: Decimal("20.3"),
    4: Decimal(23),
    5: Decimal("25.3"),
}
"""Spinal cord Dmax in Gy by number of fractions, first irradiation (RAO §2.2.4)."""

CAREFUL_SINGLE_CORD_GY = Decimal(12)


@rule(
    "cord-dose-limit",
    title=Text(
        "The planned dose to the spinal cord respects its limit", "La dose prévue à la moelle respecte sa limite"
    ),
    citations=(rao("radiotherapy", "§2.2.4"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("finding", "radiotherapies"),
    severest=Indicator.CRITICAL,
)
def cord_dose_limit(order: Order, patient: Facts) -> Outcome:
    """First spinal irradiation with a recorded cord Dmax above the limit for its fractions."""
    fractions = volume_of(order).fractions
    if fractions is None or fractions not in CORD_LIMITS:
        return Silence(Text("1 to 5 fractions are prescribed", "1 à 5 fractions sont prescrites"))
    limit = CORD_LIMITS[fractions]
    threshold = CAREFUL_SINGLE_CORD_GY if fractions == 1 else limit
    dmax = patient.finding("cord-dmax", prescribed(order).regions)
    again = already_irradiated(order, patient)
    blocked = unless_all_of_regions(
        spine_target(order),
        that(
            Text("the recorded cord Dmax is above the limit", "la Dmax médullaire enregistrée dépasse la limite"),
            dmax.test(lambda found: None if found.bounds is None else found.bounds.above(threshold)),
            dmax,
        ),
        that(Text("it is a first irradiation", "c'est une première irradiation"), negated(again.holds), *again.basis),
    )
    if blocked:
        return blocked
    beyond = dmax.test(lambda found: None if found.bounds is None else found.bounds.above(limit))
    summary = Text(
        "Radiotherapy of the spine: cord Dmax above {limit}, preferred in one fraction",
        "Radiothérapie du rachis : Dmax médullaire de plus de {limit}, valeur préférée en une fraction",
        limit=Amount(CAREFUL_SINGLE_CORD_GY, "Gy"),
    )
    if beyond:
        summary = Text(
            "Radiotherapy of the spine: cord Dmax above {limit}, the limit for {fractions}",
            "Radiothérapie du rachis : Dmax médullaire de plus de {limit}, limite pour {fractions}",
            limit=Amount(limit, "Gy"),
            fractions=in_fractions(fractions),
        )
    return Advice(
        Indicator.CRITICAL if beyond else Indicator.WARNING,
        summary,
        (
            Text(
                "Limits of cord Dmax: 14 Gy in 1 fraction (12 preferred), 17 in 2, 20.3 in 3, 23 in 4, 25.3 in 5.",
                "Limites de Dmax médullaire : 14 Gy en 1 fraction (12 de préférence), 17 en 2, 20,3 en 3, 23 en 4, "
                "25,3 en 5.",
            ),
        ),
        (dmax,),
        remarks=target_remarks(order),
    )


# --- re-irradiation ---------------------------------------------------------------------------------------------------

REIRRADIATION_MONTHS = 5


@rule(
    "re-irradiation-interval",
    title=Text(
        "Stereotactic re-irradiation of the spine waits at least 5 months",
        "Une réirradiation stéréotaxique du rachis attend au moins 5 mois",
    ),
    citations=(rao("radiotherapy", "§4"),),
    trigger=STEREOTACTIC,
    needs=("radiotherapies", "finding"),
    severest=Indicator.WARNING,
    problem="stereotactic-contraindication",
)
def re_irradiation_interval(order: Order, patient: Facts) -> Outcome:
    """Less than 5 calendar months from the end of the first course to the planned start."""

    def too_soon(course: RadiotherapyCourse) -> bool | None:
        if course.ended is None:
            return both(None if course.undated else False, same_region(course, order))
        if add_months(course.ended.last, REIRRADIATION_MONTHS) <= order.planned.when.first:
            return False
        return same_region(course, order)

    courses = patient.radiotherapies
    holds = courses.any(too_soon)
    blocked = unless_all_of_regions(
        spine_target(order),
        that(
            Text(
                "the region was irradiated less than 5 months before", "la région a été irradiée moins de 5 mois avant"
            ),
            holds,
            courses if holds is not None else open_courses(order, patient),
        ),
    )
    if blocked:
        return blocked
    found = [course for course in courses if too_soon(course)]
    cumulated = patient.finding("cord-dmax-cumulated-eqd2", prescribed(order).regions)
    new = patient.finding("cord-dmax-new-eqd2", prescribed(order).regions)
    detail = [
        Text(
            "At least 5 months. Cumulated cord dose (2 Gy equivalents): total below 70 Gy, new course below 25 Gy, "
            "new / cumulated "
            "at most 0.5; no consensus.",
            "Au moins 5 mois. Dose médullaire cumulée (équivalents 2 Gy) : total sous 70 Gy, nouveau traitement sous "
            "25 Gy, nouveau "
            "/ cumulé au plus 0,5 ; pas de consensus.",
        )
    ]
    beyond: dict[Text, tuple[Basis, ...]] = {}
    if at_least(cumulated, 70):
        beyond[Text("cumulated dose 70 Gy or more", "dose cumulée de 70 Gy ou plus")] = (cumulated,)
    if at_least(new, 25):
        beyond[Text("new course 25 Gy or more", "nouveau traitement de 25 Gy ou plus")] = (new,)
    if _more_than_half(new, cumulated):
        beyond[Text("new / cumulated above 0.5", "nouveau / cumulé supérieur à 0,5")] = (new, cumulated)
    if beyond:
        detail.append(Text("Recorded and beyond: {which}.", "Au dossier et au-delà : {which}.", which=tuple(beyond)))
    return Advice(
        Indicator.WARNING,
        Text(
            "Stereotactic re-irradiation of the spine less than 5 months after the first",
            "Réirradiation stéréotaxique du rachis moins de 5 mois après la première",
        ),
        tuple(detail),
        (*(as_act(course) for course in found), *dict.fromkeys(one for basis in beyond.values() for one in basis)),
        remarks=(*planned_remarks(order), *target_remarks(order)),
    )


def _more_than_half(new: Fact[Finding], cumulated: Fact[Finding]) -> bool:
    """The new course gives more than half of the cumulated dose; only where both are recorded."""
    if not isinstance(new, Known) or not isinstance(cumulated, Known):
        return False
    added, total = new.value.bounds, cumulated.value.bounds
    if added is None or total is None or added.low is None or total.high is None:
        return False
    return added.low * 2 > total.high


@rule(
    "re-irradiation-record",
    title=Text(
        "Before re-irradiation the earlier dose is retrieved",
        "Avant une réirradiation la dose antérieure est récupérée",
    ),
    citations=(rao("radiotherapy", "§4, §6, box"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("radiotherapies",),
    severest=Indicator.INFO,
    problem="stereotactic-contraindication",
)
def re_irradiation_record(order: Order, patient: Facts) -> Outcome:
    """Any radiotherapy to a region that was irradiated before."""
    blocked = unless_all_of_regions(already_irradiated(order, patient))
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "Re-irradiation: retrieve the earlier dose (cord, plexus, hollow organs)",
            "Réirradiation : récupérer la dose antérieure (moelle, plexus, organes creux)",
        ),
        (REIRRADIATION_SCHEMES,),
        tuple(as_act(course) for course in earlier_courses(order, patient)),
        remarks=target_remarks(order),
    )
