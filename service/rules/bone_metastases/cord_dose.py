"""What dose the spinal cord may receive: in one course, and in a second one, not too soon (RAO, radiothérapie §2.2.4, §4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from mappings.dates import add_months
from mappings.facts import Fact, Facts, Finding, Known, RadiotherapyCourse, RadiotherapyOrder, Volume
from mappings.wording import Amount, Text
from service.rules.bone_metastases.bone_radiotherapy import (
    as_acts,
    highest_volume,
    history_of_irradiation,
    open_about_courses,
    same_region,
)
from service.rules.bone_metastases.conditions import above, at_least
from service.rules.bone_metastases.schemes import GRAY, gray_in, volume_said
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, that
from service.rules.logic import both
from service.rules.naming import MOST_IN_A_SENTENCE

# --- first irradiation ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CordLimits:
    """Spinal cord Dmax in Gy by number of fractions; in one fraction a lower dose is preferred."""

    by_fractions: Mapping[int, Decimal]
    preferred_once: Decimal

    def has(self, volume: Volume) -> bool:
        """There is a limit for the fractions of the volume."""
        return volume.fractions in self.by_fractions

    def limit(self, volume: Volume) -> Decimal:
        """The limit for the fractions of a volume. Raises `KeyError` where there is none."""
        return self.by_fractions[volume.fractions or 0]

    def preferred(self, volume: Volume) -> Decimal:
        """What is better not exceeded: the limit itself where no lower dose is preferred."""
        return self.preferred_once if volume.fractions == 1 else self.limit(volume)

    def said(self) -> Text:
        """The table as a card prints it."""
        one, *more = self.by_fractions.items()
        two, three, four, five = (gray_in(Amount(gray, ""), fractions) for fractions, gray in more)
        return _(
            "Limits of cord Dmax: {one} fraction ({preferred} preferred), {two}, {three}, {four}, {five}.",
            one=gray_in(Amount(one[1], GRAY), one[0]),
            preferred=self.preferred_once,
            two=two,
            three=three,
            four=four,
            five=five,
        )


CORD_LIMITS = CordLimits(
    {1: Decimal(14), 2: Decimal(17), 3: Decimal("20.3"), 4: Decimal(23), 5: Decimal("25.3")}, preferred_once=Decimal(12)
)


def cord_dose_of(order: RadiotherapyOrder, patient: Facts) -> Fact[Finding]:
    """The planned cord Dmax in Gy, as it is recorded."""
    return patient.finding("cord-dmax", order.prescription.regions)


@condition(
    _(
        "{fewest} to {most} fractions are prescribed",
        fewest=min(CORD_LIMITS.by_fractions),
        most=max(CORD_LIMITS.by_fractions),
    )
)
def fractions_with_a_cord_limit(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """A number of fractions for which the source has a limit."""
    return that(CORD_LIMITS.has(highest_volume(order)))


@condition(_("the recorded cord Dmax is above the limit"), reads=("finding",))
def cord_dose_too_high(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Above the limit for the fractions, or above what is preferred; the table has the fractions."""
    dose = cord_dose_of(order, patient)
    return that(above(dose, CORD_LIMITS.preferred(highest_volume(order))), dose)


# --- re-irradiation ---------------------------------------------------------------------------------------------------

CUMULATED_GY, NEW_COURSE_GY, MOST_NEW_OF_CUMULATED = 70, 25, Decimal("0.5")
"""Cord Dmax in 2 Gy equivalents: the total and the new course stay below, the new course in the total at most."""

REIRRADIATION_MONTHS = 5
"""Calendar months from the end of the first course to the planned start."""

REIRRADIATION_SAYS = _(
    "Cumulated cord dose (2 Gy equivalents): total below {total} Gy, new course below {new} Gy, new / cumulated at most "
    "{share}; no consensus.",
    total=CUMULATED_GY,
    new=NEW_COURSE_GY,
    share=MOST_NEW_OF_CUMULATED,
)


def _too_soon(course: RadiotherapyCourse, order: RadiotherapyOrder) -> bool | None:
    """Of the region, and ended too few calendar months before the planned start."""
    if course.ended is None:
        return both(None if course.undated or course.unsure else False, same_region(course, order))
    if add_months(course.ended.last, REIRRADIATION_MONTHS) <= order.planned.when.first:
        return False
    return same_region(course, order)


@condition(
    _("the region was irradiated less than {months} months before", months=REIRRADIATION_MONTHS),
    reads=("radiotherapies", "conditions"),
)
def irradiated_too_soon_before(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """From the end of the earlier course to the planned start; a course under way has no end."""
    found = too_soon_before(order, patient)
    if found:
        return that(True, *as_acts(found))
    courses = patient.radiotherapies
    holds = courses.any(lambda course: _too_soon(course, order))
    if holds is None or history_of_irradiation(patient):
        return open_about_courses(order, patient)
    return that(holds, courses)


def too_soon_before(order: RadiotherapyOrder, patient: Facts) -> tuple[RadiotherapyCourse, ...]:
    """The courses of the region that ended too few calendar months before the planned start."""
    return tuple(course for course in patient.radiotherapies if _too_soon(course, order))


def earlier_doses(courses: Iterable[RadiotherapyCourse]) -> Iterator[Text]:
    """The dose and the fractions of earlier courses, as far as the record has them."""
    doses = [
        volume_said(course.highest)
        for course in courses
        if course.highest is not None and course.highest.dose_gy is not None and course.highest.fractions is not None
    ]
    if doses:
        yield _("On record: {doses}.", doses=tuple(dict.fromkeys(doses))[:MOST_IN_A_SENTENCE])


def _cumulated(order: RadiotherapyOrder, patient: Facts) -> Fact[Finding]:
    return patient.finding("cord-dmax-cumulated-eqd2", order.prescription.regions)


def _new_course(order: RadiotherapyOrder, patient: Facts) -> Fact[Finding]:
    return patient.finding("cord-dmax-new-eqd2", order.prescription.regions)


@condition(_("cumulated dose {total} Gy or more", total=CUMULATED_GY), reads=("finding",))
def cumulated_dose_too_high(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Of both courses."""
    cumulated = _cumulated(order, patient)
    return that(at_least(cumulated, CUMULATED_GY), cumulated)


@condition(_("new course {new} Gy or more", new=NEW_COURSE_GY), reads=("finding",))
def new_course_too_high(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Of the course that is planned."""
    new = _new_course(order, patient)
    return that(at_least(new, NEW_COURSE_GY), new)


@condition(_("new / cumulated above {share}", share=MOST_NEW_OF_CUMULATED), reads=("finding",))
def new_course_too_much_of_both(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Only where both are recorded."""
    new, cumulated = _new_course(order, patient), _cumulated(order, patient)
    if not isinstance(new, Known) or not isinstance(cumulated, Known):
        return that(False)
    added, total = new.value.bounds, cumulated.value.bounds
    if added is None or total is None or added.low is None or total.high is None:
        return that(False)
    return that(added.low > MOST_NEW_OF_CUMULATED * total.high, new, cumulated)


BEYOND_REIRRADIATION = (cumulated_dose_too_high, new_course_too_high, new_course_too_much_of_both)
