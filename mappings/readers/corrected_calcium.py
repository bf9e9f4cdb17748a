"""Corrected calcium (RAO, contexte général §4; `rules.md`, "Corrected calcium")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache

from mappings.clock import Clock
from mappings.dates import When
from mappings.facts import (
    CALCIUM_CRISIS_ABOVE,
    Absent,
    CorrectedCalcium,
    Fact,
    Known,
    Measurement,
    Unavailable,
)
from mappings.quantities import ZERO, Bounds, exactly
from mappings.readers.newest import Reading, newest
from mappings.readers.observations import Severity, newest_result, point_of
from mappings.vocabulary.analytes import ALBUMIN, CALCIUM, CORRECTED_CALCIUM
from mappings.wording import Text, _

NORMAL_ALBUMIN = Decimal(40)
"""g/L: the albumin at which calcium needs no correction (RAO, contexte général §4)."""

WHAT = _("corrected calcium")


def corrected_calcium(  # noqa: PLR0913 - two analytes, each with its readings, gaps and limits
    clock: Clock,
    total: Sequence[Reading[Measurement]],
    reported: Sequence[Reading[Measurement]],
    albumin: Sequence[Reading[Measurement]],
    *,
    calcium_gaps: tuple[Text, ...],
    albumin_gaps: tuple[Text, ...],
    valid_days: int,
    albumin_valid_days: int,
    albumin_window_days: int,
    usual_limits: tuple[Decimal, Decimal],
) -> Fact[CorrectedCalcium]:
    """Calcium corrected for albumin: measured total (mmol/L) + (40 - albumin g/L) / 40.

    A corrected value that the laboratory sent wins when it is at least as recent. Without albumin in the window around
    it the measured value is used and called uncorrected; when albumin could not be looked up, `albumin_unavailable`
    says why. `usual_limits` (mmol/L) are those of a result that states none.

    A crisis asks for a recent calcium, not for an albumin as recent: `valid_days` is that of the calcium.
    """

    def correct(measured: Measurement) -> Known[CorrectedCalcium]:
        near = _near(albumin, measured.when, albumin_window_days)
        return _correct(clock, measured, near, albumin_gaps, albumin_valid_days, usual_limits)

    @cache
    def deciding(when: When) -> tuple[Measurement | None, ...]:
        """Of the albumins that may correct a calcium of then, those of which one makes it worst."""
        near = _near(albumin, when, albumin_window_days)
        of = newest(clock, near, albumin_gaps, valid_days=albumin_valid_days, severity=point_of_albumin)
        found = () if of.problems else tuple(one.found for one in of.top if one.found is not None)
        return _extremes(found) or (None,)

    def severity(measured: Measurement) -> Severity:
        return max(_severity(_applied(measured, found, usual_limits)) for found in deciding(measured.when))

    sent = newest_result(
        clock,
        CORRECTED_CALCIUM,
        reported,
        calcium_gaps,
        severity=lambda measured: _severity(_as_sent(measured, usual_limits).value),
        valid_days=valid_days,
        what=WHAT,
    )
    if isinstance(sent, Known) and not any(_is_newer(clock, reading, sent.value.when) for reading in total):
        value = _as_sent(sent.value, usual_limits)
        return Known(WHAT, value.value, sent.sources, (*sent.remarks, *value.remarks))
    measured = newest_result(clock, CALCIUM, total, calcium_gaps, severity=severity, valid_days=valid_days, what=WHAT)
    if isinstance(measured, Known):
        if isinstance(sent, Unavailable) and any(_may_win(clock, one, measured.value.when) for one in reported):
            return sent
        corrected = correct(measured.value)
        said = (*measured.remarks, *corrected.remarks, *_limits_remarks(measured.value))
        found = replace(corrected.value, albumin_window_days=albumin_window_days)
        return Known(WHAT, found, corrected.sources, said)
    match sent, measured:
        case (Unavailable() as told, Absent()) | (Absent(stale=Text()) as told, Absent(stale=None)):
            return told
    if isinstance(measured, Absent) and measured.stale is not None:
        return replace(measured, what=CALCIUM.name)  # it is shown as it was measured, which no albumin corrects
    return measured


def _is_newer(clock: Clock, reading: Reading[Measurement], than: When) -> bool:
    if reading.when is None:
        return reading.undatable
    return than.certainly_before(reading.when) and not clock.too_far_ahead(reading.when)


def _may_win(clock: Clock, reading: Reading[Measurement], over: When) -> bool:
    """Whether a corrected calcium, could it be used, would count rather than a measured one of then: it is as recent."""
    if reading.when is None:
        return reading.undatable
    return not reading.when.certainly_before(over) and not clock.too_far_ahead(reading.when)


def _as_sent(measured: Measurement, usual: tuple[Decimal, Decimal]) -> Known[CorrectedCalcium]:
    lower, upper = _limits(measured, usual)
    value = CorrectedCalcium(
        measured.bounds,
        measured.when,
        corrected=True,
        measured=measured,
        albumin=None,
        lower_limit=lower,
        upper_limit=upper,
    )
    return Known(WHAT, value, measured.sources, _limits_remarks(measured))


def _correct(
    clock: Clock,
    measured: Measurement,
    albumin: Sequence[Reading[Measurement]],
    gaps: tuple[Text, ...],
    valid_days: int,
    usual: tuple[Decimal, Decimal],
) -> Known[CorrectedCalcium]:
    fact = newest_result(
        clock,
        ALBUMIN,
        albumin,
        gaps,
        severity=lambda found: _severity(_applied(measured, found, usual)),
        valid_days=valid_days,
    )
    if isinstance(fact, Known):
        return Known(WHAT, _applied(measured, fact.value, usual), (*measured.sources, *fact.sources), fact.remarks)
    if isinstance(fact, Unavailable):
        return Known(WHAT, _applied(measured, None, usual, fact), measured.sources, fact.remarks)
    return Known(WHAT, _applied(measured, None, usual), measured.sources, fact.remarks)


def _applied(
    measured: Measurement,
    found: Measurement | None,
    usual: tuple[Decimal, Decimal],
    unavailable: Unavailable | None = None,
) -> CorrectedCalcium:
    lower, upper = _limits(measured, usual)
    bounds = measured.bounds if found is None else measured.bounds.shifted(_correction(found.bounds))
    return CorrectedCalcium(
        bounds,
        measured.when,
        corrected=found is not None,
        measured=measured,
        albumin=found,
        lower_limit=lower,
        upper_limit=upper,
        albumin_unavailable=unavailable,
        possible=None if unavailable is None else measured.bounds.shifted(_correction(_any_albumin())),
    )


def point_of_albumin(found: Measurement) -> Decimal:
    """An order of albumins, where none of them is nearer to the truth."""
    return point_of(found.bounds)


def _extremes(found: Sequence[Measurement]) -> tuple[Measurement, ...]:
    """The lowest and the highest, of values and of bounds of each kind: one of them makes any calcium worst."""
    kinds: dict[tuple[bool, bool], list[Measurement]] = {}
    for one in found:
        kinds.setdefault((one.bounds.low is None, one.bounds.high is None), []).append(one)
    ends = (
        end(same, key=key)
        for same in kinds.values()
        for end in (min, max)
        for key in (lambda one: one.bounds.low or ZERO, lambda one: one.bounds.high or ZERO)
    )
    return tuple({id(one): one for one in ends}.values())


def _near(albumin: Sequence[Reading[Measurement]], when: When, window_days: int) -> list[Reading[Measurement]]:
    window = timedelta(days=window_days)
    first, last = when.first - window, when.last + window
    return [reading for reading in albumin if reading.when is None or reading.when.within(first, last)]


def _any_albumin() -> Bounds:
    """g/L: what an albumin that could not be looked up may be (the plausible range, `codes.md` §3)."""
    return Bounds(ALBUMIN.scale.lowest, ALBUMIN.scale.highest)


def _correction(albumin: Bounds) -> Bounds:
    return exactly(NORMAL_ALBUMIN).shifted(albumin.negated()).scaled(1 / NORMAL_ALBUMIN)


def _limits(measured: Measurement, usual: tuple[Decimal, Decimal]) -> tuple[Decimal, Decimal]:
    lower, upper = measured.lower_limit, measured.upper_limit
    lower = usual[0] if lower is None else lower
    upper = usual[1] if upper is None else upper
    return (lower, upper) if lower < upper else usual


def _limits_remarks(measured: Measurement) -> tuple[Text, ...]:
    if not measured.limits_disagree:
        return ()
    return (_("{source} has several reference ranges that differ: the usual limits were used", source=measured.source),)


def _severity(calcium: CorrectedCalcium) -> Severity:
    """Crisis, then hypocalcaemia (corrected before uncorrected), then a high value; further out is worse."""
    crisis, low, high = (
        bool(holds) for holds in (calcium.bounds.above(CALCIUM_CRISIS_ABOVE), calcium.low, calcium.high)
    )
    point = point_of(calcium.bounds)
    return crisis, low and calcium.corrected, low, high, -point if low else point
