"""Recorded findings: what no laboratory sends, coded in `urn:osteocds:finding` (`rules.md`, "Recorded findings")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import compress
from typing import Any

from mappings.clock import Clock
from mappings.dates import UnreadableDate, newest_of
from mappings.evidence import Resource
from mappings.facts import Absent, Fact, Finding, Known, Unavailable
from mappings.quantities import Bounds, bounded, decimal_of
from mappings.readers.newest import UNDATED, Reading, newest
from mappings.readers.observations import IGNORED_STATUSES, not_usable, result_time
from mappings.readers.reader import Reader
from mappings.readers.scores import contradicts_itself, incomplete, of_no_known_bone
from mappings.readers.shapes import codings, texts
from mappings.readers.sites import unplaced
from mappings.shapes import a_map, a_text
from mappings.values import value
from mappings.vocabulary.code_systems import FINDING, canonical
from mappings.vocabulary.elements import OBSERVATION_STATUS
from mappings.vocabulary.findings import KINDS, OTHER_RESPONSE, OTHER_VALUE, RESPONSES, FindingKind
from mappings.vocabulary.units import normalised_unit
from mappings.wording import Amount, Text, _


@value
class FindingReading(Reading[Finding]):
    """One record of a finding, with the bones of its body site; empty where it names none."""

    regions: frozenset[str] = frozenset()


def read_finding(
    reader: Reader,
    observation: Resource,
    node: Mapping[str, Any],
    source: str,
    name: str,
    regions: frozenset[str] = frozenset(),
    *,
    unverified: bool = False,
) -> FindingReading | None:
    """One recorded finding; None where its status never counts or it has no value.

    `node` is the Observation, or the component of it, that holds the value. One dated ahead is only reported.
    """
    kind = KINDS[name]
    status = OBSERVATION_STATUS.of(observation)
    if status in IGNORED_STATUSES:
        return None
    problem = _problem(kind, source)
    try:
        when = result_time(reader, observation)
    except UnreadableDate:
        return FindingReading(source, None, problem=problem, undatable=True, regions=regions)
    value = _value(node)
    if value is None or (kind.factors and codings(value) and not _own(node)):
        return None  # a public code is wider than the finding: a prognosis in words is no duration
    if when is None:
        return FindingReading(source, None, problem=UNDATED.with_(source=source), regions=regions)
    if reader.clock.too_far_ahead(when):
        return FindingReading(source, when, regions=regions)
    if not_usable(observation, node, status) is not None:
        return FindingReading(source, when, problem=problem, regions=regions)
    bounds, flag, code, shown = _interpret(reader, kind, value)
    if bounds is None and flag is None and code is None:
        return FindingReading(source, when, problem=problem, regions=regions)
    if (wrong := _score_unusable(reader, name, observation, bounds, source, regions)) is not None:
        return FindingReading(source, when, problem=wrong, regions=regions)
    finding = Finding(
        bounds,
        flag,
        code,
        kind.unit,
        when,
        source,
        regions,
        shown,
        preliminary=status == "preliminary",
        unverified_code=unverified,
    )
    return FindingReading(source, when, finding, regions=regions)


def _score_unusable(
    reader: Reader, name: str, observation: Resource, bounds: Bounds | None, source: str, regions: frozenset[str]
) -> Text | None:
    """Why a recorded score decides nothing: its answers give another total, or nobody knows which bone it is of."""
    score = reader.terminology.score_recorded_as(name)
    if score is None or bounds is None:
        return None
    if contradicts_itself(score, observation, bounds.exact):
        return incomplete(score, source)
    return of_no_known_bone(score, source) if unplaced(reader, observation.get("bodySite"), regions) else None


def _own(node: Mapping[str, Any]) -> bool:
    return any(canonical(a_text(coding.get("system"))) == FINDING for coding in codings(node.get("code")))


def _problem(kind: FindingKind, source: str) -> Text:
    return _(
        "{source} ({what}) is out of range or cannot be read: correct it",
        source=source,
        what=kind.name,
    )


def _value(node: Mapping[str, Any]) -> object:
    return next((said for name, said in node.items() if name.startswith("value") and said is not None), None)


def _interpret(
    reader: Reader, kind: FindingKind, value: object
) -> tuple[Bounds | None, bool | None, str | None, Amount | None]:
    if kind.factors:
        quantity = a_map(value) or {"value": value}
        return _interpret_number(kind, quantity)
    if kind.codes:
        words = {a_text(coding.get("code")).casefold() for coding in codings(value)} | {a_text(value).casefold()}
        concepts = reader.recognise(value).concepts
        words |= {code for code, public in kind.codes.items() if not concepts.isdisjoint(public)}
        said = next(iter(sorted(words & kind.codes.keys())), OTHER_VALUE if concepts else None)
        return None, None, said, None
    if isinstance(value, bool):
        return None, value, None, None
    words = {a_text(coding.get("code")).casefold() for coding in codings(value)} | {a_text(value).casefold()}
    words |= {text.casefold() for text in texts(value)} if isinstance(value, dict) else set()
    if words & {"true", "yes", "y", "oui", "ja", "present", "présent", "présente", "373066001", "52101004", "la33-6"}:
        return None, True, None, None
    if words & {"false", "no", "n", "non", "nein", "absent", "absente", "373067005", "2667000", "la32-8"}:
        return None, False, None, None
    return None, None, None, None


def _interpret_number(
    kind: FindingKind, quantity: Mapping[str, Any]
) -> tuple[Bounds | None, bool | None, str | None, Amount | None]:
    number = decimal_of(quantity.get("value"))
    units = (a_text(quantity.get("code")), a_text(quantity.get("unit")))
    spelled = next((normalised_unit(unit) for unit in units if unit), "")
    factor = kind.factors.get(spelled)
    if number is None or factor is None:
        return None, None, None, None
    value = number * factor
    if not kind.lowest <= value <= kind.highest or (kind.whole and value != int(value)):
        return None, None, None, None
    comparator = a_text(quantity.get("comparator"))
    try:
        bounds = bounded(value, comparator)
    except ValueError:
        return None, None, None, None
    return bounds, None, None, Amount(number, units[1] or units[0], comparator)


def newest_finding(
    clock: Clock,
    name: str,
    readings: Sequence[FindingReading],
    gaps: tuple[Text, ...],
    *,
    valid_days: int,
    of_a_site: bool,
) -> Fact[Finding]:
    """The newest recorded finding that is not older than `valid_days`; of one instant the more severe.

    Where it was asked for `of_a_site`, one that names none applies, and says so. An older one is shown, and decides nothing.
    """
    what, lower_is_worse = KINDS[name].name, KINDS[name].lower_is_worse

    def severity(finding: Finding) -> Decimal:
        return _severity(finding, lower_is_worse=lower_is_worse)

    of = newest(clock, readings, gaps, valid_days=valid_days, severity=severity)
    if of.problems:
        return Unavailable(what, of.problems)
    if of.chosen is None:
        older = [reading.found for reading in of.dated if reading.found is not None]
        last = compress(older, newest_of([finding.when for finding in older]))
        shown = max(last, key=severity, default=None)
        return Absent(what, None if shown is None else shown_finding(shown))
    chosen = of.chosen
    remarks = []
    if of_a_site and not chosen.regions:
        remarks.append(_("{what}: recorded without a body site", what=what))
    if chosen.preliminary:
        remarks.append(_("{what} is preliminary", what=what))
    if chosen.unverified_code:
        remarks.append(
            _(
                "{source} was recognised by a code that is not verified",
                source=chosen.source,
            )
        )
    if chosen.when.partial:
        remarks.append(_("the date of {source} is partial", source=chosen.source))
    return Known(what, chosen, (chosen.source,) if chosen.source else (), tuple(remarks))


def worst_of_bones(
    clock: Clock,
    name: str,
    readings: Sequence[FindingReading],
    gaps: tuple[Text, ...],
    *,
    valid_days: int,
    regions: frozenset[str],
) -> Fact[Finding]:
    """The worst of the bones of a region: of each its newest finding, as `newest_finding` has it; of all bones without a region.

    A newer score of one vertebra replaces none of another. Unavailable where that of any of these bones is.
    """
    if not readings and not gaps:
        return newest_finding(clock, name, readings, gaps, valid_days=valid_days, of_a_site=bool(regions))
    named = frozenset[str]().union(*(reading.regions for reading in readings))
    marks = named & regions if regions else named
    of_bones = [
        [reading for reading in readings if not reading.regions or mark in reading.regions] for mark in sorted(marks)
    ]
    of_no_bone = [reading for reading in readings if not reading.regions]
    if of_no_bone and regions - named:
        of_bones.append(of_no_bone)
    each_once = {tuple(map(id, of_bone)): of_bone for of_bone in of_bones}.values()
    facts = [
        newest_finding(clock, name, of_bone, gaps, valid_days=valid_days, of_a_site=bool(regions))
        for of_bone in each_once or [readings]
    ]
    unknown = [fact for fact in facts if isinstance(fact, Unavailable)]
    if unknown:
        return Unavailable(unknown[0].what, tuple(dict.fromkeys(why for fact in unknown for why in fact.why)))
    lower_is_worse = KINDS[name].lower_is_worse
    known = [fact for fact in facts if isinstance(fact, Known)]
    worst = max(known, key=lambda fact: _severity(fact.value, lower_is_worse=lower_is_worse), default=None)
    return worst or facts[0]


def shown_finding(finding: Finding) -> Text:
    """A finding as a reader sees it: the value as it was recorded, and the day."""
    value: Amount | Text
    if finding.reported is not None:
        value = finding.reported
    elif finding.code is not None:
        value = RESPONSES.get(finding.code, OTHER_RESPONSE)
    else:
        value = _("yes") if finding.flag else _("no")
    return _("{value} ({when})", value=value, when=finding.when)


def _severity(finding: Finding, *, lower_is_worse: bool) -> Decimal:
    """A yes counts before a no; of numbers the worse, of a bound its end."""
    if finding.bounds is None:
        return Decimal(finding.flag is True)
    point = next(end for end in (finding.bounds.high, finding.bounds.low) if end is not None)
    return -point if lower_is_worse else point
