"""Stereotactic bone radiotherapy and re-irradiation (RAO, radiothérapie §1.5, §2.2, §4, Tableau 5)."""

from __future__ import annotations

from mappings.dates import add_months
from mappings.facts import Facts, RadiotherapyOrder
from mappings.wording import Amount
from service.rules.bone_metastases.bone_radiotherapy import (
    ABLATIVE,
    BONE_RADIOTHERAPY,
    STEREOTACTIC,
    STEREOTACTIC_WHATEVER_ITS_TARGET,
    already_irradiated,
    as_acts,
    earlier_courses,
    first_irradiation,
    highest_volume,
    is_spine,
    spine_target,
    target_remarks,
    treatment,
)
from service.rules.bone_metastases.conditions import (
    above,
    milder_for_another_primary,
    no_tumour_board_ordered,
    other_primary,
)
from service.rules.bone_metastases.cord_dose import (
    BEYOND_REIRRADIATION,
    CORD_LIMITS,
    REIRRADIATION_MONTHS,
    REIRRADIATION_SAYS,
    cord_dose_of,
    cord_dose_too_high,
    earlier_doses,
    fractions_with_a_cord_limit,
    irradiated_too_soon_before,
    too_soon_before,
)
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.oligometastatic import (
    BEYOND_DEFINITION,
    DEFINITION,
    beyond_definition,
    no_reirradiation_beyond_definition,
)
from service.rules.bone_metastases.schemes import (
    ABLATIVE_ANYWHERE,
    GRAY,
    OTHER_BONE_RANGES,
    RE_IRRADIATION,
    SPINE_FEWEST,
    SPINE_RANGES,
    SchemeRow,
    in_fractions,
    volume_said,
)
from service.rules.bone_metastases.stereotactic_contraindications import (
    CONTRAINDICATIONS,
    RECENT_RADIOTHERAPY_DAYS,
    RECENT_RADIOTHERAPY_MONTHS,
    RELATIVE_CONTRAINDICATIONS,
    active_cord_compression,
    contraindicated,
    decompressed_since,
    known_whether_treated,
    treated_since,
)
from service.rules.bone_metastases.together import READS as TOGETHER_READS
from service.rules.bone_metastases.together import TOGETHER_CARD, asks_for_the_board
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, any_named, basis_of, condition, holding, that, words_of
from service.rules.naming import planned_remarks
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import rule
from service.rules.say import advise, critical, info, warning

# --- whether ----------------------------------------------------------------------------------------------------------


@rule(
    "stereotactic-contraindication",
    title=_("Recognised contraindications of stereotactic bone radiotherapy"),
    citations=(rao("radiotherapy", "§2.2.1"),),
    trigger=STEREOTACTIC_WHATEVER_ITS_TARGET,
    when=(contraindicated, known_whether_treated),
    severest=Indicator.CRITICAL,
    reading=_(
        "An unstable spine is read as SINS {unstable_sins} or more; {months} months since radiotherapy of the same region as "
        "{days} days, and the same region as the same bone or vertebra. A compression older than {cord_compression_days} and "
        "irradiated since is a warning, as one that was decompressed.",
        months=RECENT_RADIOTHERAPY_MONTHS,
        days=RECENT_RADIOTHERAPY_DAYS,
    ),
)
def stereotactic_contraindication(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Critical; a warning where the only one is a cord compression that was treated since."""
    found = holding(CONTRAINDICATIONS, order, patient)
    milder = found == (active_cord_compression,) and treated_since(patient)
    residual = (
        _("The cord was decompressed since: reassess the residual compression.")
        if decompressed_since(patient)
        else _("The compression was irradiated since: reassess it before this treatment.")
    )
    unknown = [one for one in CONTRAINDICATIONS if one(order, patient).holds is None]
    besides = _("Could not be checked besides: {which}", which=words_of(unknown, order, patient))
    return advise(
        Indicator.WARNING if milder else Indicator.CRITICAL,
        _("{act} contraindicated: {which}", act=treatment(order), which=words_of(found, order, patient)),
        residual if milder else _("Choose another treatment, or discuss it in a tumour board."),
        rests_on=basis_of(found, order, patient),
        remarks=(*planned_remarks(order), *target_remarks(order), *([besides] if unknown else ())),
    )


@rule(
    "stereotactic-relative-contraindication",
    title=_("Relative contraindications of stereotactic bone radiotherapy"),
    citations=(rao("radiotherapy", "§2.2.1"),),
    trigger=STEREOTACTIC,
    when=(any_named(_("a relative contraindication is recorded"), *RELATIVE_CONTRAINDICATIONS),),
    severest=Indicator.WARNING,
)
def stereotactic_relative_contraindication(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Which of them are recorded."""
    found = holding(RELATIVE_CONTRAINDICATIONS, order, patient)
    return warning(
        _("{act}: relative contraindication, {which}", act=treatment(order), which=words_of(found, order, patient)),
        _("Weigh the indication in a tumour board."),
        rests_on=basis_of(found, order, patient),
        remarks=target_remarks(order),
    )


@rule(
    "stereotactic-eligibility",
    title=_("Stereotactic ablation is for oligometastatic disease"),
    citations=(rao("radiotherapy", "§2.2.1, box"),),
    trigger=STEREOTACTIC,
    when=(beyond_definition, no_reirradiation_beyond_definition),
    reads=other_primary.reads,
    severest=Indicator.WARNING,
    reading=_(
        "The referential's definition is used here ({definition}); the companion documents give others.",
        definition=DEFINITION,
    ),
)
def stereotactic_eligibility(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """What is beyond the definition, and the definition; milder where another cancer than of the lung is the primary."""
    found = holding(BEYOND_DEFINITION, order, patient)
    advice = warning(
        _(
            "{act}: beyond the oligometastatic definition, {which}",
            act=treatment(order),
            which=words_of(found, order, patient),
        ),
        _("Reconsider ablation in a tumour board."),
        _("Definition: {definition}; at most 3 adjacent vertebrae.", definition=DEFINITION),
        rests_on=basis_of(found, order, patient),
        remarks=target_remarks(order),
    )
    return milder_for_another_primary(advice, order, patient)


@rule(
    "stereotactic-tumour-board",
    title=_("Stereotactic or ablative bone radiotherapy is validated in a tumour board"),
    citations=(rao("radiotherapy", "§1.5, §2.2"),),
    trigger=ABLATIVE,
    when=(no_tumour_board_ordered,),
    reads=TOGETHER_READS,
    severest=Indicator.INFO,
)
def stereotactic_tumour_board(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """A line of the checklist, or of the card that asks for the tumour board already."""
    if asks_for_the_board(order, patient):
        return info(PAIN_FLARE, rests_on=[order], remarks=target_remarks(order), joins=TOGETHER_CARD)
    return info(
        _("{act}: validate in a tumour board (RCP-OOS)", act=treatment(order)),
        _("Have it validated before the treatment."),
        PAIN_FLARE,
        rests_on=[order],
        remarks=target_remarks(order),
        items=[_("tumour board (RCP-OOS)")],
    )


PAIN_FLARE = _("A passing flare of pain comes in 14 to 68 % and responds to corticosteroid.")


# --- dose -------------------------------------------------------------------------------------------------------------


@condition(_("dose and fractions are stated"))
def dose_and_fractions_stated(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """Of the volume with the highest dose."""
    volume = highest_volume(order)
    return that(volume.dose_gy is not None and volume.fractions is not None)


def _ranges(order: RadiotherapyOrder) -> tuple[SchemeRow, ...]:
    """The ranges of the bone treated; of all bone where none is named."""
    if not order.prescription.regions:
        return (SPINE_RANGES, OTHER_BONE_RANGES)
    return (SPINE_RANGES,) if is_spine(order) else (OTHER_BONE_RANGES,)


@condition(_("the dose is outside the ranges"))
def dose_outside_ranges(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Inside those of some bone is inside, unless the bone could not be looked up and not all of them have it."""
    admitted = [row.admits(highest_volume(order), stereotactic=True) for row in _ranges(order)]
    spine = spine_target(order, patient)
    if any(admitted) and not all(admitted) and spine.holds is None:
        return that(None, *spine.basis)
    return that(not any(admitted), *spine.basis)


@rule(
    "stereotactic-dose",
    title=_("The dose of stereotactic bone radiotherapy lies in the referential's ranges"),
    citations=(rao("radiotherapy", "§2.2.2, Tableau 5, box"),),
    trigger=STEREOTACTIC,
    when=(dose_and_fractions_stated, dose_outside_ranges),
    severest=Indicator.WARNING,
    reading=_(
        "The box says {low} or {high} Gy in {fewest} to {most} fractions to the spine, the text {low} to {high}: a range. "
        "{any} is accepted at any site (a clinician should confirm it). ONC's 8 Gy in each of 3 sessions is below the range "
        "for the spine: the referential wins.",
        low=SPINE_FEWEST.gray[0],
        high=SPINE_FEWEST.gray[1],
        fewest=SPINE_FEWEST.fractions[0],
        most=SPINE_FEWEST.fractions[1],
        any=ABLATIVE_ANYWHERE.spelled(GRAY),
    ),
)
def stereotactic_dose(order: RadiotherapyOrder, _patient: Facts) -> Outcome:
    """A warning; info for a number of fractions that no range has."""
    volume, ranges = highest_volume(order), _ranges(order)
    listed = any(one.has_fractions(volume) for row in ranges for one in row.schemes)
    unlisted = _("This number of fractions is not listed; a biological equivalent is admitted.")
    return advise(
        Indicator.WARNING if listed else Indicator.INFO,
        _("{act}, {dose}: outside the ranges", act=treatment(order), dose=volume_said(volume)),
        _("Check the dose and the fractions; a single session only in particular cases."),
        *([] if listed else [unlisted]),
        rests_on=[order],
        remarks=target_remarks(order),
        lines=(row.text for row in ranges),
    )


@condition(_("the order is one fraction"))
def one_fraction(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """Of the volume with the highest dose."""
    return that(highest_volume(order).fractions == 1)


@rule(
    "stereotactic-single-reirradiation",
    title=_("Stereotactic re-irradiation is fractionated"),
    citations=(rao("radiotherapy", "§2.2.2"),),
    trigger=STEREOTACTIC,
    when=(one_fraction, already_irradiated),
    severest=Indicator.WARNING,
)
def stereotactic_single_reirradiation(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """One stereotactic fraction to a region that was irradiated before."""
    return warning(
        _("{act} in one fraction to a region irradiated before: fractionate it", act=treatment(order)),
        _("Fractionate it, counting the earlier dose and the time since."),
        rests_on=as_acts(earlier_courses(order, patient)),
        remarks=target_remarks(order),
    )


FRACTURING_GY_A_FRACTION = 20


@condition(_("more than {gray} Gy a fraction", gray=FRACTURING_GY_A_FRACTION))
def high_dose_a_fraction(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """Stated, or reckoned from dose and fractions."""
    each = highest_volume(order).gray_a_fraction
    return that(each is not None and each > FRACTURING_GY_A_FRACTION)


@rule(
    "stereotactic-vertebral-fracture",
    title=_("More than {gray} Gy a fraction to the spine fractures vertebrae", gray=FRACTURING_GY_A_FRACTION),
    citations=(rao("radiotherapy", "§2.2.4"),),
    trigger=STEREOTACTIC,
    when=(spine_target, high_dose_a_fraction),
    severest=Indicator.INFO,
)
def stereotactic_vertebral_fracture(order: RadiotherapyOrder, _patient: Facts) -> Outcome:
    """How often, and what makes it likely."""
    return info(
        _(
            "{act} above {gray} Gy a fraction: risk of vertebral fracture",
            act=treatment(order),
            gray=FRACTURING_GY_A_FRACTION,
        ),
        _("Consider cementoplasty beforehand."),
        _(
            "Fracture of the vertebra in 20 % or more. Risk factors: T10 to sacrum, lytic lesion, more than 20 % of "
            "the vertebral body.",
        ),
        rests_on=[order],
        remarks=target_remarks(order),
    )


@rule(
    "cord-dose-limit",
    title=_("The planned dose to the spinal cord respects its limit"),
    citations=(rao("radiotherapy", "§2.2.4"),),
    trigger=BONE_RADIOTHERAPY,
    when=(fractions_with_a_cord_limit, spine_target, cord_dose_too_high, first_irradiation),
    severest=Indicator.CRITICAL,
)
def cord_dose_limit(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Critical above the limit for the fractions; a warning above what is preferred in one."""
    volume, dose = highest_volume(order), cord_dose_of(order, patient)
    limit = CORD_LIMITS.limit(volume)
    if above(dose, limit):
        return critical(
            _(
                "{act}: lower the dose to the cord, Dmax above {limit} in {fractions}",
                act=treatment(order),
                limit=Amount(limit, GRAY),
                fractions=in_fractions(volume),
            ),
            _("Lower the dose to the cord, or change the fractions."),
            CORD_LIMITS.said(),
            rests_on=[dose],
            remarks=target_remarks(order),
        )
    return warning(
        _(
            "{act}: cord Dmax above {limit}, preferred in one fraction",
            act=treatment(order),
            limit=Amount(CORD_LIMITS.preferred_once, GRAY),
        ),
        _("Lower the dose to the cord if it can be done."),
        CORD_LIMITS.said(),
        rests_on=[dose],
        remarks=target_remarks(order),
    )


# --- re-irradiation ---------------------------------------------------------------------------------------------------


@rule(
    "re-irradiation-interval",
    title=_("Stereotactic re-irradiation of the spine waits at least {months} months", months=REIRRADIATION_MONTHS),
    citations=(rao("radiotherapy", "§4"),),
    trigger=STEREOTACTIC,
    when=(spine_target, irradiated_too_soon_before),
    reads=("finding",),
    severest=Indicator.WARNING,
)
def re_irradiation_interval(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """The first day, the earlier dose, the limits of the cord; which of the recorded doses are beyond them."""
    truth = irradiated_too_soon_before(order, patient)
    soon = too_soon_before(order, patient)
    earliest = max(add_months(course.ended.last, REIRRADIATION_MONTHS) for course in soon if course.ended is not None)
    beyond = holding(BEYOND_REIRRADIATION, order, patient)
    doses = dict.fromkeys(basis_of(beyond, order, patient))
    named = _("Recorded and beyond: {which}.", which=words_of(beyond, order, patient))
    detail = (
        _("Not before {earliest}: at least {months} months.", earliest=earliest, months=REIRRADIATION_MONTHS),
        *earlier_doses(soon),
        *([named] if beyond else ()),
        REIRRADIATION_SAYS,
    )
    return warning(
        _(
            "{act}: re-irradiation within {months} months, wait until {earliest}",
            act=treatment(order),
            months=REIRRADIATION_MONTHS,
            earliest=earliest,
        ),
        *detail,
        beside=detail,
        rests_on=(*truth.basis, *doses),
        remarks=(*planned_remarks(order), *target_remarks(order)),
    )


@rule(
    "re-irradiation-record",
    title=_("Before re-irradiation the earlier dose is retrieved"),
    citations=(rao("radiotherapy", "§4, §6, box"),),
    trigger=BONE_RADIOTHERAPY,
    when=(already_irradiated,),
    severest=Indicator.INFO,
)
def re_irradiation_record(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Any radiotherapy to a region that was irradiated before."""
    earlier = earlier_courses(order, patient)
    detail = (
        _("Retrieve what the cord, plexus and hollow organs received."),
        *earlier_doses(earlier),
        RE_IRRADIATION.text,
    )
    return info(
        _("{act}, re-irradiation: retrieve the earlier dose", act=treatment(order)),
        *detail,
        beside=detail,
        rests_on=as_acts(earlier),
        remarks=target_remarks(order),
    )
