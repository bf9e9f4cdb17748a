"""What became of the rules, week by week, for those who answer for them: a page, and the same as files.

Whoever has the operator's key (HTTP Basic, so that a browser asks for it) sees all clients; a client, by its token, its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from flask import Blueprint, Response, request

from mappings.wording import Text, _
from service.cards.override_reasons import OVERRIDE_REASONS
from service.edge.operator import Operator
from service.edge.pages import asked_language, page, written
from service.edge.parameters import whole_number
from service.edge.worker import waiting
from service.languages.render import Language, day, render, sentence
from service.ledger.control_chart import REFERENCE, WINDOW
from service.ledger.database import Database
from service.ledger.overrides import NO_REASON
from service.ledger.watch import WatchedRule, as_csv, feedback_as_csv, watched
from service.rules.guideline import Guideline
from service.rules.rule import Rule
from service.settings import Settings

WEEKS = 12
MOST_WEEKS = 104
OFFERED = (4, 12, 26, 52)
WATCH = frozenset({"watch.overview", "watch.rules_file", "watch.feedback_file"})
"""The endpoints, which ask themselves who calls."""


def watch(
    settings: Settings,
    guidelines: Sequence[Guideline],
    operator: Operator,
    database: Database,
    clock: Callable[[], datetime],
) -> Blueprint:
    """The addresses."""
    addresses = Blueprint("watch", __name__)
    addresses.after_request(operator.guard)
    rules = {rule.id: (guideline, rule) for guideline in guidelines for rule in guideline.rules}

    @addresses.get("/watch")
    def overview() -> Response:
        whose = operator.sees(clock())
        weeks, since, until = _time(clock())
        with waiting():
            told = watched(database, settings.timezone, since=since, until=until, client=whose)
        chosen = asked_language(settings)
        shown = {
            "weeks": weeks,
            "kept": {"weeks": weeks},
            "offered": OFFERED,
            "rows": [_row(one, rules, chosen) for one in told.rules],
            "review": [_row(one, rules, chosen) for one in told.to_review],
            "cut": told.cut,
            "reference": REFERENCE,
            "window": WINDOW,
            "whose": whose,
        }
        return page(written("watch.html", chosen, **shown), chosen)

    @addresses.get("/watch/rules.csv")
    def rules_file() -> Response:
        whose = operator.sees(clock())
        _weeks, since, until = _time(clock())
        with waiting():
            told = watched(database, settings.timezone, since=since, until=until, client=whose)
        return _file(as_csv(told), "osteocds-rules.csv", cut=told.cut)

    @addresses.get("/watch/feedback.csv")
    def feedback_file() -> Response:
        whose = operator.sees(clock())
        _weeks, since, until = _time(clock())
        with waiting():
            told, cut = feedback_as_csv(database, since=since, until=until, client=whose)
        return _file(told, "osteocds-feedback.csv", cut=cut)

    return addresses


def _time(now: datetime) -> tuple[int, datetime, datetime]:
    """The weeks that are asked for, the current one the last of them, and what they run from and to."""
    weeks = whole_number("weeks", request.args.get("weeks", str(WEEKS)), MOST_WEEKS)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    return weeks, monday - timedelta(weeks=weeks - 1), now + timedelta(minutes=1)


def _file(body: str, name: str, *, cut: bool) -> Response:
    answer = Response(body, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if cut:
        answer.headers["OsteoCDS-Cut"] = "1"
    return answer


def _row(one: WatchedRule, rules: Mapping[str, tuple[Guideline, Rule]], language: Language) -> dict[str, object]:
    """One rule as the page shows it."""
    whole = one.whole
    guideline, rule = rules.get(one.rule, (None, None))
    chart = one.chart
    return {
        "id": one.rule,
        "guideline": guideline.id if guideline is not None else "",
        "title": sentence(rule.title, language) if rule is not None else one.rule,
        "whole": whole,
        "rate": _percent(whole.rate, language),
        "reasons": _reasons(whole.reasons, language),
        "weeks": [(day(monday, language), week, _percent(week.rate, language)) for monday, week in one.weeks.items()],
        "usual": _percent(chart.usual, language),
        "alarm": "" if one.alarm is None else day(one.alarm, language),
        "line": _line(chart.line),
    }


def _reasons(reasons: Mapping[str, int], language: Language) -> list[tuple[str, int]]:
    words = dict(OVERRIDE_REASONS)
    none = render(_("no reason given"), language)
    return [
        (none if code == NO_REASON else render(words[code], language) if code in words else code, count)
        for code, count in sorted(reasons.items(), key=lambda one: -one[1])
    ]


def _percent(rate: float | None, language: Language) -> str:
    return "" if rate is None else render(PERCENT.with_(rate=round(100 * rate)), language)


PERCENT: Text = _("{rate} %")

WIDTH, HEIGHT, TOP = 240, 48, 1.25
"""Of the picture of a chart, in its units; how many times the overrides that give an alarm it is high."""


def _line(parts: Sequence[float]) -> str:
    """The last points of a chart, as SVG has them; an alarm is at the height of `1 / TOP`."""
    last = parts[-WIDTH:]
    step = WIDTH / max(1, len(last) - 1)
    return " ".join(f"{place * step:.1f},{HEIGHT - HEIGHT * min(one, TOP) / TOP:.1f}" for place, one in enumerate(last))
