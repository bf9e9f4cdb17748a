"""What a card says of radiosensitisers and radiotherapy that come too close: one summary, a line each, the dates of urgency."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mappings.dates import day
from mappings.facts import Order
from mappings.wording import Text
from service.rules.bone_metastases.conflicts import Giving, Irradiation, Pair
from service.rules.bone_metastases.windows import NO_FIGURE, NO_FIGURE_KEPT
from service.rules.bone_metastases.wording import _
from service.rules.naming import on

SOMETIMES_FATAL = _("Too close together: severe, sometimes fatal toxicity.")


# --- the summary ------------------------------------------------------------------------------------------------------


def held(conflicts: Sequence[Pair], radiotherapy: Text) -> Text:
    """Which drugs are held, how long where they share a window, and on which side of the radiotherapy, which is named."""
    drugs = tuple(dict.fromkeys(conflict.giving.drug for conflict in conflicts))
    windows = {conflict.giving.window for conflict in conflicts}
    interval = next(iter(windows)).said if len(windows) == 1 else None
    where = _where({conflict.drug_first for conflict in conflicts}, radiotherapy)
    if interval is not None:
        return _("Hold {drugs} {interval} {where}", drugs=drugs, interval=interval, where=where)
    if all(window.days is None for window in windows):
        return _("Hold {drugs} {where}: strict interval, no figure", drugs=drugs, where=where)
    return _("Hold {drugs} {where}, each for its window", drugs=drugs, where=where)


def _where(drug_first: set[bool], radiotherapy: Text) -> Text:
    if len(drug_first) > 1:
        return _("around {radiotherapy}", radiotherapy=radiotherapy)
    if True in drug_first:
        return _("before {radiotherapy}", radiotherapy=radiotherapy)
    return _("after {radiotherapy}", radiotherapy=radiotherapy)


# --- what to do -------------------------------------------------------------------------------------------------------


def act(conflicts: Sequence[Pair], *, urgent: bool) -> Iterator[Text]:
    """The first day of what comes later, when every drug has its window; the two days of an urgent order; or what to wait for."""
    for conflict in conflicts:
        if urgent and conflict.earliest_when_urgent is not None:
            window = conflict.giving.window
            yield _(
                "Urgent: the window of {drug} may be shortened with the situation: {fewest} days (least) on {shortened}, "
                "{days} days on {full}.",
                drug=conflict.giving.drug,
                fewest=window.shortest,
                shortened=conflict.earliest_when_urgent,
                days=window.days,
                full=conflict.earliest,
            )
            return
    yield from dict.fromkeys(_waits(conflicts))


def _waits(conflicts: Sequence[Pair]) -> Iterator[Text]:
    """Of the radiotherapy and of each drug that has to wait: until when, or what the window runs from."""
    for drug_first in (True, False):
        side = [conflict for conflict in conflicts if conflict.drug_first is drug_first]
        dates = [conflict.earliest for conflict in side]
        known = [one for one in dates if one is not None]
        if not side:
            continue
        if drug_first and len(known) == len(dates):
            yield _("Radiotherapy at the earliest {earliest}.", earliest=on(day(max(known))))
        elif not drug_first and len(known) == len(dates):
            drugs = tuple(dict.fromkeys(conflict.giving.drug for conflict in side))
            yield _("{drugs} at the earliest {earliest}.", drugs=drugs, earliest=on(day(max(known))))
        elif any(conflict.giving.window.days is None for conflict in side):
            yield NO_FIGURE_KEPT
        elif any(conflict.giving.ongoing for conflict in side):
            yield _("Count the window from the last dose: stop the drug first.")
        else:
            yield _("Find out the missing date first: the window runs from it.")


# --- one line a conflict ----------------------------------------------------------------------------------------------


def told_once(conflicts: Sequence[Pair]) -> tuple[Pair, ...]:
    """Those that have a line: a drug that goes on has one, which its doses so far say nothing beside."""
    ongoing = {one.giving.drug for one in conflicts if one.giving.ongoing}
    return tuple(one for one in conflicts if not (one.giving.past and one.giving.drug in ongoing))


def line(conflict: Pair, *, alone: bool = False) -> Text:
    """One conflict: what was or will be given, when the radiotherapy is, and, beside others, the earliest date."""
    given = _given(conflict.giving, drug_first=conflict.drug_first)
    irradiated = _irradiated(conflict.irradiation, drug_first=conflict.drug_first)
    earliest = None if alone else _earliest(conflict)
    then = irradiated if earliest is None else _("{first}; {then}", first=irradiated, then=earliest)
    return _("{first}; {then}", first=given, then=then)


def _given(giving: Giving, *, drug_first: bool) -> Text:
    """What was given, is given or is planned; where the drug comes first, until when."""
    drug = giving.drug
    if giving.undated:
        return _("{drug}: last dose not dated", drug=drug)
    if giving.ongoing:
        return _("{drug}: ongoing", drug=drug)
    if giving.past:
        return _("{drug}: last dose {last}", drug=drug, last=on(giving.last))
    if giving.first is None:
        return _("{drug}: planned, not dated; the window runs from its last dose", drug=drug)
    if drug_first and giving.last is None:
        return _(
            "{drug}: planned from {first} without an end; the window runs from its last dose",
            drug=drug,
            first=giving.first,
        )
    if drug_first and giving.last != giving.first:
        return _("{drug}: planned from {first}, last dose {last}", drug=drug, first=giving.first, last=on(giving.last))
    return _("{drug}: planned {first}", drug=drug, first=on(giving.first))


def _irradiated(irradiation: Irradiation, *, drug_first: bool) -> Text:
    """The radiotherapy: its begin where the drug comes first, its end where the drug comes after."""
    first, last = irradiation.first, irradiation.last
    if irradiation.undated and first is not None:
        return _("radiotherapy completed, begun {first}, its end not dated", first=first)
    if irradiation.undated:
        return _("radiotherapy completed, not dated")
    if irradiation.under_way and last is None:
        return _("radiotherapy under way, its end not known")
    if irradiation.under_way:
        return _("radiotherapy under way, {end}", end=_end(irradiation))
    if drug_first:
        return _("radiotherapy planned {first}", first=on(first))
    if last is None:
        return _("radiotherapy from {first}, its end not known", first=first)
    if irradiation.reckoned or isinstance(irradiation.basis, Order):
        return _("radiotherapy from {first}, {end}", first=first, end=_end(irradiation))
    return _("radiotherapy ended {last}", last=on(last))


def _end(irradiation: Irradiation) -> Text:
    last = on(irradiation.last)
    return _("end reckoned {last}", last=last) if irradiation.reckoned else _("end {last}", last=last)


def _earliest(conflict: Pair) -> Text | None:
    """The first day that respects the window, for what comes later; that there is no figure; or nothing."""
    days, earliest = conflict.giving.window.days, conflict.earliest
    if days is None:
        return NO_FIGURE
    if earliest is None:
        return None
    if conflict.drug_first:
        return _("radiotherapy at the earliest {earliest} ({days} days)", earliest=earliest, days=days)
    return _("{drug} at the earliest {earliest} ({days} days)", drug=conflict.giving.drug, earliest=earliest, days=days)
