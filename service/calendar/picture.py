"""Where the entries of a calendar stand in its picture: rows and days as places of SVG, and the same as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mappings.wording import Text, _
from service.languages.render import Language, day, plain, render, sentence
from service.rules.calendar import Entry, Kind, Lane

KINDS: dict[Kind, Text] = {
    Kind.DONE: _("done or under way"),
    Kind.PLANNED: _("planned"),
    Kind.WINDOW: _("window"),
    Kind.STOP: _("last dose before the act"),
    Kind.EARLIEST: _("earliest day"),
    Kind.RESULT: _("result"),
}
BACK, AHEAD = 200, 120
"""Days before and after today that are drawn; what lies beyond stands in the table."""

LEFT, WIDTH, ROW, TOP = 190, 960, 20, 30
"""Of the picture, in its units: where the axis begins, how wide all is, how high a row, where the rows begin."""

MOST_ROWS = 80
"""Rows that are drawn."""

LONGEST_LABEL = 48
LONGEST_RESULT = 60
"""Of a result, which stands with its limits."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One entry in the picture: `x`, `width` and `y`; a mark has no width. `more` where it goes beyond the picture's end."""

    kind: str
    label: str
    title: str
    x: float
    width: float
    y: float
    more: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A month of the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A lane's title in the picture."""

    y: float
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table."""

    lane: str
    what: str
    kind: str
    when: str
    note: str


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it in one language; `legend`: the kinds that are drawn, in words; `cut`: rows were left out.

    `missing`: what of a lane could not be looked up.
    """

    width: int
    height: float
    today: float
    left: int
    ticks: tuple[Tick, ...]
    headings: tuple[Heading, ...]
    bars: tuple[Bar, ...]
    legend: tuple[tuple[str, str], ...]
    table: tuple[Line, ...]
    missing: tuple[tuple[str, tuple[str, ...]], ...]
    undated: tuple[tuple[str, tuple[str, ...]], ...]
    cut: bool


def picture(lanes: Iterable[Lane], today: date, language: Language) -> Picture:
    """The picture of the lanes, as of a day."""
    all_lanes = tuple(lanes)
    first, last = _extent(all_lanes, today)
    scale = (WIDTH - LEFT - 10) / max(1, (last - first).days)

    def place(when: date) -> float:
        return round(LEFT + (min(max(when, first), last) - first).days * scale, 1)

    headings: list[Heading] = []
    bars: list[Bar] = []
    row = 0
    for lane in all_lanes:
        drawn = [entry for entry in _in_order(lane.entries) if _touches(entry, first, last)]
        if not drawn or row >= MOST_ROWS:
            continue
        headings.append(Heading(TOP + row * ROW + 14, sentence(lane.title, language)))
        for entry in drawn[: MOST_ROWS - row]:
            begin, end = place(entry.first), place(entry.last or last)
            bars.append(
                Bar(
                    entry.kind.value,
                    _label(entry, language),
                    f"{_said(entry.name, language)}, {_said(KINDS[entry.kind], language)}, {_when(entry, language)}",
                    begin,
                    max(0.0, round(end - begin, 1)),
                    TOP + row * ROW,
                    entry.last is None or entry.last > last,
                )
            )
            row += 1
    drawn_kinds = {bar.kind for bar in bars}
    return Picture(
        WIDTH,
        TOP + row * ROW + 8,
        place(today),
        LEFT,
        tuple(Tick(place(month), _month(month, language)) for month in _months(first, last)),
        tuple(headings),
        tuple(bars),
        tuple((kind.value, _said(said, language)) for kind, said in KINDS.items() if kind in drawn_kinds),
        tuple(_lines(all_lanes, language)),
        tuple((sentence(one.title, language), _all(one.gaps, language)) for one in all_lanes if one.gaps),
        tuple((sentence(one.title, language), _all(one.undated, language)) for one in all_lanes if one.undated),
        sum(len(lane.entries) for lane in all_lanes) > row,
    )


def _extent(lanes: Sequence[Lane], today: date) -> tuple[date, date]:
    days = [edge for lane in lanes for entry in lane.entries for edge in (entry.first, entry.last) if edge is not None]
    first = max(min([*days, today]), today - timedelta(days=BACK))
    last = min(max([*days, today]), today + timedelta(days=AHEAD))
    return first - timedelta(days=7), last + timedelta(days=14)


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(dict.fromkeys(entries), key=lambda entry: (entry.first, entry.kind.value))


def _touches(entry: Entry, first: date, last: date) -> bool:
    return entry.first <= last and (entry.last is None or entry.last >= first)


def _months(first: date, last: date) -> Iterator[date]:
    month = date(first.year, first.month, 1)
    while month <= last:
        if month >= first:
            yield month
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _lines(lanes: Iterable[Lane], language: Language) -> Iterator[Line]:
    for lane in lanes:
        for entry in _in_order(lane.entries):
            yield Line(
                sentence(lane.title, language),
                _said(entry.name, language),
                _said(KINDS[entry.kind], language),
                _when(entry, language),
                "" if entry.note is None else _said(entry.note, language),
            )


def _when(entry: Entry, language: Language) -> str:
    if entry.last is None:
        return render(_("from {first}, end not known", first=entry.first), language)
    if entry.first == entry.last:
        return day(entry.first, language)
    return render(_("{first} to {last}", first=entry.first, last=entry.last), language)


def _month(first: date, language: Language) -> str:
    from babel.dates import format_date  # noqa: PLC0415 - loaded with the first picture

    return str(format_date(first, "LLL yyyy", locale=language.value))


def _said(words: Text | str, language: Language) -> str:
    return words if isinstance(words, str) else plain(render(words, language))


def _all(words: Iterable[Text | str], language: Language) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_said(one, language) for one in words))


def _label(entry: Entry, language: Language) -> str:
    label = _said(entry.name, language)
    if entry.kind is not Kind.RESULT or entry.note is None:
        return _short(label, LONGEST_LABEL)
    return _short(f"{label} · {_said(entry.note, language)}", LONGEST_RESULT)


def _short(label: str, longest: int) -> str:
    return label if len(label) <= longest else label[: longest - 1].rstrip() + "…"
