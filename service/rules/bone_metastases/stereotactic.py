"""Stereotactic bone radiotherapy and re-irradiation (RAO, radiothérapie §1.5, §2.2, §4, Tableau 5)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import partial

from mappings.dates import add_months
from mappings.facts import Act, Diagnosis, Fact, Facts, Finding, Known, RadiotherapyCourse, RadiotherapyOrder
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Amount, Text, _
from service.rules.bone_metastases.bone_radiotherapy import (
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
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.situations import (
    Condition,
    both,
    cannot_tell,
    either,
    given_within,
    negated,
    no_tumour_board_ordered,
    planned_remarks,
    rule,
    that,
    unless_all,
)
from service.rules.outcome import Advice, Basis, CannotTell, Indicator, Outcome, Silence

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


def _radionuclides(order: RadiotherapyOrder, patient: Facts) -> tuple[bool | None, tuple[Basis, ...]]:
    """Radionuclide therapy ongoing, or so short a time before the planned start; and what tells of it."""
    planned, days = order.planned.when, settings_of(patient).radionuclide_days

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


def _irradiated_recently(order: RadiotherapyOrder, patient: Facts) -> tuple[bool | None, list[RadiotherapyCourse]]:
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
    title=_(
        "Recognised contraindications of stereotactic bone radiotherapy",
    ),
    citations=(rao("radiotherapy", "§2.2.1"),),
    trigger=STEREOTACTIC,
    needs=("conditions", "procedures", "exposures", "radiotherapies", "finding"),
    severest=Indicator.CRITICAL,
    problem="stereotactic-contraindication",
    reading=_(
        "An unstable spine is read as SINS 13 or more; three months since radiotherapy of the same region as 90 days.",
    ),
)
def stereotactic_contraindication(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Cord compression, unstable spine, radionuclide therapy, recent radiotherapy of the region, short expectancy."""
    settings = settings_of(patient)
    compression, decompressed, compressions = _compression(patient)
    sins = patient.finding("sins-score", prescribed(order).regions)
    radionuclides, internal = _radionuclides(order, patient)
    recent, courses = _irradiated_recently(order, patient)
    expectancy = patient.finding("life-expectancy")
    region = open_courses(order, patient) if recent is None else patient.radiotherapies
    parts = {
        "compression": that(_("active spinal cord compression"), compression, patient.conditions),
        "instability": that(
            _("SINS {limit} or more", limit=settings.unstable_sins),
            both(may_be_spine(order), at_least(sins, settings.unstable_sins)),
            sins,
        ),
        "radionuclides": that(
            _(
                "radionuclide therapy ongoing or within {days} days",
                days=settings.radionuclide_days,
            ),
            radionuclides,
            patient.procedures,
            patient.exposures.of(sets.RADIOPHARMACEUTICALS),
        ),
        "radiotherapy": that(
            _("the region irradiated less than 3 months before"),
            recent,
            region,
        ),
        "expectancy": that(
            _("life expectancy below 3 months"),
            below(expectancy, THREE_MONTHS_DAYS),
            expectancy,
        ),
    }
    found = {name: part for name, part in parts.items() if part.holds}
    unknown = {name: part for name, part in parts.items() if part.holds is None}
    if not found:
        return unless_all_of_regions(*unknown.values()) or Silence(_("a recognised contraindication is on record"))
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
            _(
                "The compression was decompressed since: weigh what remains.",
            )
        )
    return Advice(
        Indicator.WARNING if milder else Indicator.CRITICAL,
        _(
            "Stereotactic radiotherapy contraindicated: {which}",
            which=tuple(part.text for part in found.values()),
        ),
        tuple(detail),
        tuple(one for name in found for one in shown[name]),
        remarks=(*planned_remarks(order), *target_remarks(order), *_not_told(unknown.values())),
    )


DECOMPRESSED = _("the cord was decompressed since")


def _not_told(unknown: Iterable[Condition]) -> tuple[Text, ...]:
    names = tuple(part.text for part in unknown)
    if not names:
        return ()
    return (_("Could not be checked besides: {which}", which=names),)


@rule(
    "stereotactic-relative-contraindication",
    title=_(
        "Relative contraindications of stereotactic bone radiotherapy",
    ),
    citations=(rao("radiotherapy", "§2.2.1"),),
    trigger=STEREOTACTIC,
    needs=("finding",),
    severest=Indicator.WARNING,
)
def stereotactic_relative_contraindication(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """MRI contraindicated, canal narrowed above 25 %, tumour to cord below 5 mm; SINS 7 to 12 asks for the opinion."""
    mri = patient.finding("mri-contraindicated")
    canal = patient.finding("canal-narrowing", prescribed(order).regions)
    distance = patient.finding("tumour-cord-distance", prescribed(order).regions)
    sins = patient.finding("sins-score", prescribed(order).regions)
    parts = (
        that(_("MRI is contraindicated"), is_true(mri), mri),
        that(
            _("the canal is narrowed by more than 25 %"),
            above(canal, 25),
            canal,
        ),
        that(
            _("the tumour is less than 5 mm from the cord"),
            below(distance, 5),
            distance,
        ),
        that(
            _("SINS is 7 to 12, surgical opinion"),
            both(may_be_spine(order), at_least(sins, 7), below(sins, settings_of(patient).unstable_sins)),
            sins,
        ),
    )
    found = [part for part in parts if part.holds]
    blocked = _any_of(parts, _("a relative contraindication is recorded"))
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _(
            "Stereotactic radiotherapy, relative contraindication: {which}",
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
    title=_(
        "Stereotactic ablation is for oligometastatic disease",
    ),
    citations=(rao("radiotherapy", "§2.2.1, box"),),
    trigger=STEREOTACTIC,
    needs=("finding", "radiotherapies"),
    severest=Indicator.WARNING,
    reading=_(
        "The referential's definition is used here (1 to 3 sites, 1 to 5 metastases, each below 5 cm, primary "
        "controlled); the "
        "companion documents give others.",
    ),
)
def stereotactic_eligibility(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """More metastases or sites, a larger lesion, or an uncontrolled primary, when recorded; not for re-irradiation."""
    count = patient.finding("bone-metastasis-count")
    site_count = patient.finding("metastatic-site-count")
    largest = patient.finding("largest-lesion", prescribed(order).regions)
    controlled = patient.finding("primary-controlled")
    parts = (
        that(_("more than 5 metastases"), above(count, 5), count),
        that(_("more than 3 sites"), above(site_count, 3), site_count),
        that(_("a lesion of 5 cm or more"), at_least(largest, 5), largest),
        that(
            _("the primary is not controlled"),
            controlled.test(lambda found: None if found.flag is None else not found.flag),
            controlled,
        ),
    )
    again = already_irradiated(order, patient)
    blocked = _any_of(parts, _("the recorded disease is beyond the definition"))
    blocked = blocked or unless_all_of_regions(
        that(_("it is not a re-irradiation"), negated(again.holds), *again.basis)
    )
    if blocked:
        return blocked
    found = [part for part in parts if part.holds]
    return Advice(
        Indicator.WARNING,
        _(
            "Stereotactic radiotherapy: beyond the oligometastatic definition",
        ),
        (
            *(part.text for part in found),
            _(
                "Definition: 1 to 3 sites, 1 to 5 metastases, each below 5 cm, primary controlled; at most 3 "
                "adjacent vertebrae.",
            ),
        ),
        tuple(one for part in found for one in part.basis),
        remarks=target_remarks(order),
    )


@rule(
    "stereotactic-tumour-board",
    title=_(
        "Stereotactic or ablative bone radiotherapy is validated in a tumour board",
    ),
    citations=(rao("radiotherapy", "§1.5, §2.2"),),
    trigger=ABLATIVE,
    needs=("orders",),
    severest=Indicator.INFO,
    prerequisite=True,
)
def stereotactic_tumour_board(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """A stereotactic or ablative order without a tumour board ordered."""
    blocked = unless_all(no_tumour_board_ordered(patient))
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "Stereotactic or ablative radiotherapy: validate in a tumour board (RCP-OOS)",
        ),
        (
            _(
                "Pain flare in 14 to 68 %, which responds to corticosteroid.",
            ),
        ),
        (order,),
        remarks=target_remarks(order),
        items=(_("validated in a tumour board (RCP-OOS)"),),
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

SPINE_RANGE = _(
    "Spine: 18 to 24 Gy in 1 or 2 fractions, 27 to 30 in 3, 30 to 35 in 5, 35 in 7.",
)
OTHER_BONE_RANGE = _(
    "Other bone: 15 to 25 Gy in 1 fraction, 24 to 50 in 3 to 5, 35 in 7.",
)


@rule(
    "stereotactic-dose",
    title=_(
        "The dose of stereotactic bone radiotherapy lies in the referential's ranges",
    ),
    citations=(rao("radiotherapy", "§2.2.2, Tableau 5, box"),),
    trigger=STEREOTACTIC,
    needs=(),
    severest=Indicator.WARNING,
    reading=_(
        "The box says 18 or 24 Gy in 1 to 2 fractions to the spine, the text 18 to 24: a range. 35 Gy in 7 is "
        "accepted at any site (a clinician should confirm it). ONC's 8 Gy in each of 3 sessions is below the range "
        "for the spine: the referential wins.",
    ),
)
def stereotactic_dose(order: RadiotherapyOrder, _patient: Facts) -> Outcome:
    """The highest-dose volume of a stereotactic order is outside the ranges."""
    volume, spine = volume_of(order), spine_target(order)
    if volume.dose_gy is None or volume.fractions is None:
        return Silence(_("dose and fractions are stated"))
    schemes: tuple[Scheme, ...] = (*SPINE_SCHEMES, *OTHER_BONE_SCHEMES)
    ranges: tuple[Text, ...] = (SPINE_RANGE, OTHER_BONE_RANGE)
    if prescribed(order).regions:
        schemes, ranges = (SPINE_SCHEMES, (SPINE_RANGE,)) if spine.holds else (OTHER_BONE_SCHEMES, (OTHER_BONE_RANGE,))
    outside: bool | None = not any(scheme.contains(volume) for scheme in schemes)
    if spine.holds is None and not outside:
        in_both = all(any(one.contains(volume) for one in group) for group in (SPINE_SCHEMES, OTHER_BONE_SCHEMES))
        outside = False if in_both else None
    blocked = unless_all(that(_("the dose is outside the ranges"), outside, *spine.basis))
    if blocked:
        return blocked
    listed = any(scheme.fractions[0] <= volume.fractions <= scheme.fractions[1] for scheme in schemes)
    detail = [_("A single session only in particular cases.")]
    if not listed:
        detail.append(
            _(
                "This number of fractions is not listed; a biological equivalent is admitted.",
            )
        )
    return Advice(
        Indicator.WARNING if listed else Indicator.INFO,
        _(
            "Stereotactic radiotherapy {dose} in {fractions}: outside the ranges",
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
    title=_("Stereotactic re-irradiation is fractionated"),
    citations=(rao("radiotherapy", "§2.2.2"),),
    trigger=STEREOTACTIC,
    needs=("radiotherapies",),
    severest=Indicator.WARNING,
)
def stereotactic_single_reirradiation(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """One stereotactic fraction to a region that was irradiated before."""
    blocked = unless_all_of_regions(
        that(_("the order is one fraction"), volume_of(order).fractions == 1),
        already_irradiated(order, patient),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _(
            "Stereotactic re-irradiation in one fraction: fractionation is recommended",
        ),
        (_("Count the earlier dose and the time since."),),
        tuple(as_act(course) for course in earlier_courses(order, patient)),
        remarks=target_remarks(order),
    )


@rule(
    "stereotactic-vertebral-fracture",
    title=_(
        "More than 20 Gy a fraction to the spine fractures vertebrae",
    ),
    citations=(rao("radiotherapy", "§2.2.4"),),
    trigger=STEREOTACTIC,
    needs=(),
    severest=Indicator.INFO,
)
def stereotactic_vertebral_fracture(order: RadiotherapyOrder, _patient: Facts) -> Outcome:
    """Stereotactic radiotherapy of the spine with more than 20 Gy a fraction."""
    each = volume_of(order).gray_a_fraction
    blocked = unless_all(
        spine_target(order),
        that(_("more than 20 Gy a fraction"), each is not None and each > Decimal(20)),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "Stereotactic radiotherapy above 20 Gy a fraction: vertebral fracture",
        ),
        (
            _(
                "Fracture of the vertebra in up to 20 % or more. Risk factors: T10 to sacrum, lytic lesion, more "
                "than 20 % of the "
                "vertebral body. Consider cementoplasty beforehand.",
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
    title=_("The planned dose to the spinal cord respects its limit"),
    citations=(rao("radiotherapy", "§2.2.4"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("finding", "radiotherapies"),
    severest=Indicator.CRITICAL,
)
def cord_dose_limit(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """First spinal irradiation with a recorded cord Dmax above the limit for its fractions."""
    fractions = volume_of(order).fractions
    if fractions is None or fractions not in CORD_LIMITS:
        return Silence(_("1 to 5 fractions are prescribed"))
    limit = CORD_LIMITS[fractions]
    threshold = CAREFUL_SINGLE_CORD_GY if fractions == 1 else limit
    dmax = patient.finding("cord-dmax", prescribed(order).regions)
    again = already_irradiated(order, patient)
    blocked = unless_all_of_regions(
        spine_target(order),
        that(
            _("the recorded cord Dmax is above the limit"),
            dmax.test(lambda found: None if found.bounds is None else found.bounds.above(threshold)),
            dmax,
        ),
        that(_("it is a first irradiation"), negated(again.holds), *again.basis),
    )
    if blocked:
        return blocked
    beyond = dmax.test(lambda found: None if found.bounds is None else found.bounds.above(limit))
    summary = _(
        "Radiotherapy of the spine: cord Dmax above {limit}, preferred in one fraction",
        limit=Amount(CAREFUL_SINGLE_CORD_GY, "Gy"),
    )
    if beyond:
        summary = _(
            "Radiotherapy of the spine: cord Dmax above {limit}, the limit for {fractions}",
            limit=Amount(limit, "Gy"),
            fractions=in_fractions(fractions),
        )
    return Advice(
        Indicator.CRITICAL if beyond else Indicator.WARNING,
        summary,
        (
            _(
                "Limits of cord Dmax: 14 Gy in 1 fraction (12 preferred), 17 in 2, 20.3 in 3, 23 in 4, 25.3 in 5.",
            ),
        ),
        (dmax,),
        remarks=target_remarks(order),
    )


# --- re-irradiation ---------------------------------------------------------------------------------------------------

REIRRADIATION_MONTHS = 5


@rule(
    "re-irradiation-interval",
    title=_(
        "Stereotactic re-irradiation of the spine waits at least 5 months",
    ),
    citations=(rao("radiotherapy", "§4"),),
    trigger=STEREOTACTIC,
    needs=("radiotherapies", "finding"),
    severest=Indicator.WARNING,
    problem="stereotactic-contraindication",
)
def re_irradiation_interval(order: RadiotherapyOrder, patient: Facts) -> Outcome:
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
            _("the region was irradiated less than 5 months before"),
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
        _(
            "At least 5 months. Cumulated cord dose (2 Gy equivalents): total below 70 Gy, new course below 25 Gy, "
            "new / cumulated "
            "at most 0.5; no consensus.",
        )
    ]
    beyond: dict[Text, tuple[Basis, ...]] = {}
    if at_least(cumulated, 70):
        beyond[_("cumulated dose 70 Gy or more")] = (cumulated,)
    if at_least(new, 25):
        beyond[_("new course 25 Gy or more")] = (new,)
    if _more_than_half(new, cumulated):
        beyond[_("new / cumulated above 0.5")] = (new, cumulated)
    if beyond:
        detail.append(_("Recorded and beyond: {which}.", which=tuple(beyond)))
    return Advice(
        Indicator.WARNING,
        _(
            "Stereotactic re-irradiation of the spine less than 5 months after the first",
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
    title=_(
        "Before re-irradiation the earlier dose is retrieved",
    ),
    citations=(rao("radiotherapy", "§4, §6, box"),),
    trigger=BONE_RADIOTHERAPY,
    needs=("radiotherapies",),
    severest=Indicator.INFO,
    problem="stereotactic-contraindication",
)
def re_irradiation_record(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Any radiotherapy to a region that was irradiated before."""
    blocked = unless_all_of_regions(already_irradiated(order, patient))
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "Re-irradiation: retrieve the earlier dose (cord, plexus, hollow organs)",
        ),
        (REIRRADIATION_SCHEMES,),
        tuple(as_act(course) for course in earlier_courses(order, patient)),
        remarks=target_remarks(order),
    )
