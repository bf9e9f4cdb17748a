"""Recorded findings: what no laboratory sends, coded in `urn:osteocds:finding` (`rules.md`, "Recorded findings")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import compress
from typing import Any

from mappings.clock import Clock
from mappings.dates import UnreadableDate, newest_of
from mappings.evidence import Resource
from mappings.facts import Absent, Fact, Finding, Known, Unavailable
from mappings.quantities import Bounds, bounded
from mappings.readers.newest import UNDATED, Reading, newest
from mappings.readers.observations import IGNORED_STATUSES, USED_STATUSES, decimal_of, result_time
from mappings.readers.reader import Reader
from mappings.readers.shapes import a_map, a_text, codings
from mappings.values import value
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.units import normalised_unit
from mappings.wording import Amount, Text, _

RESPONSES = {
    "complete": _("complete"),
    "good": _("good"),
    "stable": _("stable"),
    "progression": _("progression"),
}
"""The values of `disease-response`, as a card shows them."""

OTHER_VALUE = "other"
"""A public value that we recognise and that is none of the finding's own."""

OTHER_RESPONSE = _("neither complete nor good")

MONTH_DAYS = 30
"""Days of a month in a recorded duration (`rules.md`, "Days")."""


@dataclass(frozen=True, slots=True)
class FindingKind:
    """How the value of one finding is read: the canonical unit, the factor of each unit, and its range.

    One without factors is a code (one of `codes`) or a yes or no.
    """

    name: Text
    unit: str = ""
    factors: Mapping[str, Decimal] = field(default_factory=dict)
    lowest: Decimal = Decimal(0)
    highest: Decimal = Decimal(10_000)
    whole: bool = False
    lower_is_worse: bool = False
    codes: frozenset[str] = frozenset()


_ONE = {"": Decimal(1), "1": Decimal(1), "{score}": Decimal(1), "score": Decimal(1)}
_DAYS = {"d": Decimal(1), "wk": Decimal(7), "mo": Decimal(MONTH_DAYS), "a": Decimal(365)} | {
    "day": Decimal(1), "days": Decimal(1), "week": Decimal(7), "weeks": Decimal(7),
    "month": Decimal(MONTH_DAYS), "months": Decimal(MONTH_DAYS), "year": Decimal(365), "years": Decimal(365),
    "jour": Decimal(1), "jours": Decimal(1), "semaine": Decimal(7), "semaines": Decimal(7), "mois": Decimal(MONTH_DAYS),
    "an": Decimal(365), "ans": Decimal(365),
}  # fmt: skip
_CM = {"cm": Decimal(1), "mm": Decimal("0.1")}
_MM = {"mm": Decimal(1), "cm": Decimal(10)}
_GY = {"gy": Decimal(1), "cgy": Decimal("0.01")}
_PERCENT = {"%": Decimal(1), "percent": Decimal(1)}


def _flag(name: Text) -> FindingKind:
    return FindingKind(name)


KINDS: dict[str, FindingKind] = {
    "mirels-score": FindingKind(_("Mirels score"), "1", _ONE, Decimal(4), Decimal(12), whole=True),
    "sins-score": FindingKind(_("SINS"), "1", _ONE, Decimal(0), Decimal(18), whole=True),
    "life-expectancy": FindingKind(_("life expectancy"), "d", _DAYS, lower_is_worse=True),
    "bone-metastasis-count": FindingKind(_("number of bone metastases"), "1", _ONE, Decimal(0), whole=True),
    "metastatic-site-count": FindingKind(_("number of metastatic sites"), "1", _ONE, Decimal(0), whole=True),
    "largest-lesion": FindingKind(_("largest lesion"), "cm", _CM, highest=Decimal(60)),
    "canal-narrowing": FindingKind(_("narrowing of the spinal canal"), "%", _PERCENT, highest=Decimal(100)),
    "tumour-cord-distance": FindingKind(
        _("distance from tumour to cord"),
        "mm",
        _MM,
        highest=Decimal(500),
        lower_is_worse=True,
    ),
    "cord-dmax": FindingKind(_("planned cord Dmax"), "Gy", _GY, highest=Decimal(200)),
    "cord-dmax-cumulated-eqd2": FindingKind(_("cumulated cord Dmax (EQD2)"), "Gy", _GY, highest=Decimal(400)),
    "cord-dmax-new-eqd2": FindingKind(
        _("cord Dmax of the new course (EQD2)"),
        "Gy",
        _GY,
        highest=Decimal(400),
    ),
    "cortical-lysis-axial": FindingKind(_("axial cortical lysis"), "%", _PERCENT, highest=Decimal(100)),
    "cortical-lysis-circumferential": FindingKind(
        _("circumferential cortical lysis"), "%", _PERCENT, highest=Decimal(100)
    ),
    "disease-response": FindingKind(
        _("response of the disease"),
        codes=frozenset(RESPONSES),
    ),
    "primary-controlled": _flag(_("primary controlled")),
    "posterior-wall-involvement": _flag(_("posterior wall involvement")),
    "posterior-arch-involvement": _flag(_("posterior arch involvement")),
    "epidural-extension": _flag(_("epidural extension")),
    "radiculopathy": _flag(_("radiculopathy")),
    "joint-breach": _flag(_("breach of the joint")),
    "mri-contraindicated": _flag(_("MRI contraindicated")),
    "asymptomatic-stable-fracture": _flag(_("asymptomatic stable fracture")),
}
"""Every recorded finding, as `rules.md` lists them."""


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
    status = a_text(observation.get("status"))
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
    if status not in USED_STATUSES:
        return FindingReading(source, None, problem=problem, undatable=True, regions=regions)
    bounds, flag, code, shown = _interpret(reader, kind, value)
    if bounds is None and flag is None and code is None:
        return FindingReading(source, when, problem=problem, regions=regions)
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


def _own(node: Mapping[str, Any]) -> bool:
    return any(a_text(coding.get("system")) == sets.FINDING_SYSTEM for coding in codings(node.get("code")))


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
        words |= {code for code, public in sets.DISEASE_RESPONSE.items() if not concepts.isdisjoint(public)}
        said = next(iter(sorted(words & kind.codes)), OTHER_VALUE if concepts else None)
        return None, None, said, None
    if isinstance(value, bool):
        return None, value, None, None
    words = {a_text(coding.get("code")).casefold() for coding in codings(value)} | {a_text(value).casefold()}
    if words & {"true", "yes", "y", "oui", "373066001", "la33-6"}:
        return None, True, None, None
    if words & {"false", "no", "n", "non", "373067005", "la32-8"}:
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
