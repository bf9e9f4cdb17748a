"""The page that a screen ends with: the rules with their counts, why it could not be told, the quality indicators by month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from service.explain import OUTCOMES
from service.guidelines import GUIDELINES
from service.languages.render import Language, day, plain, render, sentence
from service.population.printed import written
from service.population.summary import in_all
from service.rules.condition import under
from service.settings import Settings

BAR = 240
"""How long the bar of a rule or of a month is that holds all, in the units of the picture."""

MOST_REASONS = 40
MOST_MONTHS = 24
"""Of the picture of an indicator, the newest ones; the files hold all."""

HEIGHT, COLUMN, BELOW = 110, 26, 24
"""Of the picture of an indicator, in its units: how high a column may be, how wide a month is, the room below for its name."""


def summary_page(counts: Mapping[str, Any], settings: Settings, now: datetime, language: Language) -> str:
    """The page in a language."""
    titles = {rule.id: plain(sentence(rule.title, language)) for guideline in GUIDELINES for rule in guideline.rules}
    reasons = [*counts["cannot tell"], *({**one, "rule": one["indicator"]} for one in counts["indicators cannot tell"])]
    return written(
        "summary.html",
        language,
        moment=day(now.date(), language),
        counts=counts,
        not_identified=[
            {**one, "outcome": plain(render(OUTCOMES[one["outcome"]], language))} for one in counts["not identified"]
        ],
        rules=[{**one, **_bar(one), "title": titles.get(one["rule"], one["rule"])} for one in counts["rules"]],
        bar=BAR,
        reasons=[
            {**one, "title": titles.get(one["rule"], one["rule"])}
            for one in sorted(reasons, key=lambda one: -int(one["times"]))[:MOST_REASONS]
        ],
        indicators=list(_indicators(counts, settings, language)),
        height=HEIGHT,
        below=BELOW,
    )


def _bar(one: Mapping[str, Any]) -> dict[str, float]:
    """What of the bar of a rule advises, and what could not be told."""
    asked = max(1, int(one["asked"]))
    unknown = int(one["cannot_tell"]) + int(one["failed"])
    return {"advised_width": round(BAR * one["advises"] / asked, 1), "unknown_width": round(BAR * unknown / asked, 1)}


def _indicators(counts: Mapping[str, Any], settings: Settings, language: Language) -> Iterator[dict[str, Any]]:
    for guideline in GUIDELINES:
        clinical = settings.clinical[guideline.id]
        for one in guideline.quality:
            rows = [row for row in counts["indicators"] if row["indicator"] == one.id]
            of, met = (plain(sentence(under(clinical, text), language)) for text in (one.of, one.met))
            yield {
                "id": one.id,
                "title": plain(sentence(one.title, language)),
                "of": of,
                "met": met,
                "few": one.few_wanted,
                "total": in_all(counts, one.id),
                "rows": [{**row, "month": _month(row["month"], language)} for row in rows],
                "columns": _columns(_month_after_month([row for row in rows if row["month"]])),
            }


NO_CASE: Mapping[str, Any] = {"numerator": 0, "denominator": 0, "could_not_be_told": 0}


def _month_after_month(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The newest months, those without a case between them too, so that the axis of the picture is that of time."""
    if not rows:
        return []
    by_month = {row["month"]: row for row in rows}
    first, last = (int(one[:4]) * 12 + int(one[5:]) - 1 for one in (min(by_month), max(by_month)))
    months = (f"{one // 12:04}-{one % 12 + 1:02}" for one in range(max(first, last - MOST_MONTHS + 1), last + 1))
    return [by_month.get(one, {"month": one, **NO_CASE}) for one in months]


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A column a month: how many met it at the foot, those that could not be told above, and a frame around all of them."""
    most = max((int(row["denominator"]) for row in rows), default=0)
    return [
        {
            "x": place * COLUMN,
            "label": row["month"][2:],
            "met": round(HEIGHT * row["numerator"] / max(1, most), 1),
            "unknown": round(HEIGHT * row["could_not_be_told"] / max(1, most), 1),
            "all": round(HEIGHT * row["denominator"] / max(1, most), 1),
        }
        for place, row in enumerate(rows)
    ]


def _month(month: str, language: Language) -> str:
    if not month:
        return ""
    from babel.dates import format_date  # noqa: PLC0415 - with the page alone

    return str(format_date(date.fromisoformat(f"{month}-01"), "LLL yyyy", locale=language.value))
