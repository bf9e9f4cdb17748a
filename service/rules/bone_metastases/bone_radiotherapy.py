"""What the rules about bone radiotherapy share: triggers, prescription, recorded findings, earlier courses, schemes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mappings.facts import (
    Act,
    Diagnosis,
    Fact,
    Facts,
    Finding,
    Prescription,
    RadiotherapyCourse,
    RadiotherapyOrder,
    Target,
    Unavailable,
    Volume,
)
from mappings.facts.bones import SPINE, has_vertebra, includes
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text, _
from service.rules.bone_metastases.situations import (
    Condition,
    Trigger,
    bone_metastasis,
    that,
    unless_all,
)
from service.rules.outcome import Basis, CannotTell, Indicator, Silence


def _of_bone(order: RadiotherapyOrder, patient: Facts) -> Condition:
    """Of bone; a target that is not stated counts with a bone metastasis on record, one not looked up cannot be told."""
    treatment = prescribed(order)
    text = _(
        "the target is bone, or is not stated with a bone metastasis on record",
    )
    if treatment.target is not Target.UNSTATED:
        return that(text, treatment.target is Target.BONE)
    if treatment.unresolved:
        return that(text, None, Unavailable(TARGET, treatment.unresolved))
    metastasis = bone_metastasis(patient)
    return that(text, metastasis.holds, *metastasis.basis)


TARGET = _("target of the radiotherapy")


def _bone_radiotherapy(name: Text, asks: Callable[[Prescription], bool]) -> Trigger:
    return Trigger(
        name,
        lambda order: (
            isinstance(order, RadiotherapyOrder)
            and order.prescription.target is not Target.OTHER
            and asks(order.prescription)
        ),
        in_scope=_of_bone,
        must_be_known=True,
        needs=frozenset({"conditions", "radiotherapy_orders"}),
    )


BONE_RADIOTHERAPY = _bone_radiotherapy(_("draft order of bone radiotherapy"), lambda _prescription: True)
STEREOTACTIC = _bone_radiotherapy(
    _("draft order of stereotactic bone radiotherapy"),
    lambda prescribed: prescribed.stereotactic,
)
ABLATIVE = _bone_radiotherapy(
    _(
        "draft order of stereotactic or ablative bone radiotherapy",
    ),
    lambda prescribed: prescribed.stereotactic or prescribed.curative,
)

NOT_STATED = _(
    "The target is not stated: it is read as bone, because a bone metastasis is on record",
)

THREE_MONTHS_DAYS = 90
"""3 months, a month counted as 30 days."""


def prescribed(order: RadiotherapyOrder) -> Prescription:
    """The prescription of a radiotherapy order; the trigger of the rule has made sure that there is one."""
    return order.prescription


def volume_of(order: RadiotherapyOrder) -> Volume:
    """The volume with the highest dose, or an empty one."""
    return prescribed(order).highest or Volume(None, None)


def is_palliative(order: RadiotherapyOrder) -> bool:
    """Neither stereotactic nor of curative intent (chapter C)."""
    treatment = prescribed(order)
    return not treatment.stereotactic and not treatment.curative


def in_fractions(fractions: int) -> Text:
    """A number of fractions in words."""
    if fractions == 1:
        return _("1 fraction")
    return _("{fractions} fractions", fractions=fractions)


SPINE_TARGET = _("the target is the spine")


def spine_target(order: RadiotherapyOrder) -> Condition:
    """The spine is treated; a volume that could not be looked up leaves it open."""
    treatment = prescribed(order)
    if not treatment.regions and treatment.unresolved:
        return that(SPINE_TARGET, None, Unavailable(TARGET, treatment.unresolved))
    return that(SPINE_TARGET, is_spine(order))


def is_spine(order: RadiotherapyOrder) -> bool:
    """The order says that the spine is treated; a pelvis of which the sacrum may be meant is the pelvis."""
    regions = prescribed(order).regions
    return includes(regions, SPINE) and (has_vertebra(regions) or not includes(regions, "pelvis"))


def may_be_spine(order: RadiotherapyOrder) -> bool:
    """The order says so, or names no bone: a score of the spine then applies to it."""
    return is_spine(order) or not prescribed(order).regions


def target_remarks(order: RadiotherapyOrder) -> tuple[Text, ...]:
    """That a target which is not stated was read as bone."""
    return (NOT_STATED,) if prescribed(order).target is Target.UNSTATED else ()


def at_least(fact: Fact[Finding], limit: int) -> bool | None:
    """A recorded number is at least the limit."""
    return fact.test(lambda found: None if found.bounds is None else found.bounds.at_least(Decimal(limit)))


def above(fact: Fact[Finding], limit: int) -> bool | None:
    """A recorded number is strictly above the limit."""
    return fact.test(lambda found: None if found.bounds is None else found.bounds.above(Decimal(limit)))


def below(fact: Fact[Finding], limit: int) -> bool | None:
    """A recorded number is strictly below the limit."""
    return fact.test(lambda found: None if found.bounds is None else found.bounds.below(Decimal(limit)))


def is_true(fact: Fact[Finding]) -> bool | None:
    """A recorded yes or no is yes."""
    return fact.test(lambda found: found.flag)


@dataclass(frozen=True, slots=True)
class Scheme:
    """Doses in Gy and fractions: one scheme of Tableau 5, or a range."""

    fractions: tuple[int, int]
    gray: tuple[Decimal, Decimal]

    def contains(self, volume: Volume) -> bool:
        """The volume has this dose in this number of fractions."""
        fewest, most = self.fractions
        low, high = self.gray
        return (
            volume.fractions is not None
            and fewest <= volume.fractions <= most
            and volume.dose_gy is not None
            and low <= volume.dose_gy <= high
        )


def scheme(gray: int, fractions: int) -> Scheme:
    """One scheme: so many Gy in so many fractions."""
    return Scheme((fractions, fractions), (Decimal(gray), Decimal(gray)))


# --- earlier radiotherapy ---------------------------------------------------------------------------------------------

REGION_UNKNOWN = _("the region of an earlier radiotherapy is not known")


def same_region(course: RadiotherapyCourse, order: RadiotherapyOrder) -> bool | None:
    """The course was of the region that the order treats; None where one of them is not stated."""
    regions = prescribed(order).regions
    if course.target is Target.OTHER:
        return False
    if not course.regions or not regions:
        return None
    return not course.regions.isdisjoint(regions)


def earlier_courses(order: RadiotherapyOrder, patient: Facts) -> list[RadiotherapyCourse]:
    """The courses that certainly were of the region, newest first."""
    found = [course for course in patient.radiotherapies if same_region(course, order)]
    return sorted(
        found, key=lambda course: (course.last.last if course.last else date.max, course.sources), reverse=True
    )


END_NOT_DATED = _(
    "the end of an earlier radiotherapy of the region is not dated",
)


def open_courses(order: RadiotherapyOrder, patient: Facts) -> Basis:
    """Why the interval since the courses on record cannot be told: they could not be read, or an end or a region is missing."""
    courses = patient.radiotherapies
    if courses.gaps:
        return courses
    undated = any(course.ended is None and not course.under_way and same_region(course, order) for course in courses)
    return Unavailable(RADIOTHERAPY, (END_NOT_DATED if undated else REGION_UNKNOWN,))


def already_irradiated(order: RadiotherapyOrder, patient: Facts) -> Condition:
    """The region was irradiated before, by the record or by the order's own word; an unknown region leaves it open."""
    text = _("the region was irradiated before")
    if prescribed(order).reirradiation:
        return that(text, True, order)  # noqa: FBT003 - a truth
    courses = patient.radiotherapies
    holds = courses.any(lambda course: same_region(course, order))
    history = history_of_irradiation(patient)
    if holds is False and history:
        return that(text, None, Unavailable(RADIOTHERAPY, (REGION_UNKNOWN,)), *history)
    return that(text, holds, open_courses(order, patient) if holds is None else courses)


def history_of_irradiation(patient: Facts) -> tuple[Diagnosis, ...]:
    """A recorded history of irradiation that no course on record explains: neither its region nor its date is known."""
    if patient.radiotherapies.entries:
        return ()
    return tuple(one for one in patient.conditions if one.is_any(sets.HISTORY_OF_IRRADIATION))


RADIOTHERAPY = _("earlier radiotherapy")


def unless_all_of_regions(*conditions: Condition) -> Silence | CannotTell | None:
    """As `unless_all`; a region that is not known leaves an `info` card at most (`stereotactic-contraindication`)."""
    blocked = unless_all(*conditions)
    if isinstance(blocked, CannotTell) and all(fact.why == (REGION_UNKNOWN,) for fact in blocked.missing):
        return CannotTell(blocked.missing, blocked.basis, Indicator.INFO)
    return blocked


def as_act(course: RadiotherapyCourse) -> Act:
    """A course as an act, so that a card can name it with its date."""
    source = course.sources[0] if course.sources else ""
    return Act(
        sets.RADIOTHERAPY if course.stereotactic else sets.RADIOTHERAPY - sets.STEREOTACTIC_RADIOTHERAPY,
        course.name,
        source,
        course.first,
        course.last,
        course.under_way,
        unverified_code=course.unverified_code,
    )


REIRRADIATION_SCHEMES = _(
    "Re-irradiation: stereotactic 35 Gy / 5, 27 / 3 or equivalent; 20 / 5, exceptionally 8 / 1.",
)
"""Tableau 5, the row of re-irradiation."""
