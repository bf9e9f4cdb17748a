"""The calendar of a patient and the days of what is ordered, as a page: of a request that is posted, or of one in the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from threading import BoundedSemaphore
from typing import Any

import orjson
from flask import Blueprint, Request, Response, request

from cds_hooks import InvalidHookRequest, PreconditionFailed, ProtocolError
from mappings.wording import Text
from service.calendar.asking import OutOfTime
from service.calendar.picture import picture
from service.calendar.sequencer import DAYS, Movable, sequence, with_earliest
from service.calendar.together import Placed, Together
from service.edge.authentication import NotItsService
from service.edge.callers import Callers
from service.edge.operator import Operator
from service.edge.pages import asked_language, page, written
from service.languages.render import Language, day, plain, render, sentence
from service.ledger.database import Database
from service.ledger.receipts import OfSeveralPatients, last_request_of
from service.pipeline import advise
from service.rules.rule import Rule
from service.services import Service
from service.settings import Settings
from service.world import World

CALENDAR = frozenset({"calendar.of_request", "calendar.of_receipt"})
"""The endpoints, which ask themselves who calls."""


class NoCalendar(ProtocolError):
    """There is nothing to show a calendar of."""

    status = 404
    code = "not-found"


class NotAskedAgain(NoCalendar):
    """The record of the request that is kept was read from a FHIR server, which may say something else today."""


class Busy(ProtocolError):
    """Another calendar is being worked out: it asks the rules some hundred times."""

    status = 503
    code = "throttled"


class TooLarge(ProtocolError):
    """The record is so large, or the drafts are so many, that to ask the rules about each day takes too long."""

    status = 413
    code = "too-costly"


def calendar(
    settings: Settings,
    services: Mapping[str, Service],
    callers: Callers,
    operator: Operator,
    database: Database,
    world: World,
    clock: Callable[[], datetime],
    read_body: Callable[[Request], object],
) -> Blueprint:
    """The addresses; `read_body` gives the JSON of a request within its bounds."""
    addresses = Blueprint("calendar", __name__)
    addresses.after_request(operator.guard)

    def answered(body: Any, of: World, now: datetime, may_call: Callable[[str], bool]) -> Response:
        chosen = asked_language(settings)
        shown = calendar_shown(body, _service(services, body, may_call), of, now=now, language=chosen)
        return page(written("calendar.html", chosen, **shown), chosen)

    @addresses.post("/calendar")
    def of_request() -> Response:
        """The calendar of a hook request."""
        now = clock()
        caller = callers.of(request, now=now)
        return answered(read_body(request), caller.world, now, caller.may_call)

    @addresses.get("/calendar/<hook_instance>")
    def of_receipt(hook_instance: str) -> Response:
        """The calendar of a request that the ledger keeps, as of then; no FHIR server is asked again."""
        whose = operator.sees(clock())
        try:
            kept = last_request_of(database, hook_instance, whose)
        except OfSeveralPatients:
            raise NoCalendar({"": "requests about several patients came under this hookInstance"}) from None
        if kept is None:
            raise NoCalendar({"": "the ledger keeps no request of this hookInstance (OSTEOCDS_LEDGER_KEEPS=requests)"})
        chosen = asked_language(settings)
        shown = of_kept(*kept, services, world, chosen)
        return page(written("calendar.html", chosen, receipt=hook_instance, **shown), chosen)

    return addresses


def of_kept(
    request_kept: bytes, as_of: datetime, services: Mapping[str, Service], world: World, language: Language
) -> dict[str, object]:
    """What `calendar_shown` gives of a request that the ledger keeps, as of then; no FHIR server is asked again."""
    body = {name: value for name, value in orjson.loads(request_kept).items() if name != "fhirServer"}
    service = _service(services, body, lambda _id: True)
    try:
        return calendar_shown(body, service, world, now=as_of, language=language)
    except PreconditionFailed:
        raise NotAskedAgain({"": "its record came from a FHIR server, which is not asked again"}) from None


def _service(services: Mapping[str, Service], body: Any, may_call: Callable[[str], bool]) -> Service:
    """The first service of the request's hook that may be called."""
    hook = body.get("hook") if isinstance(body, dict) else None
    of_hook = [one for one in services.values() if one.hook == hook]
    if not of_hook:
        raise InvalidHookRequest({"hook": "no service answers this hook"})
    service = next((one for one in of_hook if may_call(one.id)), None)
    if service is None:
        raise NotItsService({"hook": "no service of this hook is one of those listed for the client"})
    return service


_ONE_AT_A_TIME = BoundedSemaphore()

MOST_SECONDS = 15.0
"""Of the processor, for one calendar: that of four drafts beside a usual record takes one or two."""


def calendar_shown(
    body: Any, service: Service, world: World, *, now: datetime, language: Language
) -> dict[str, object]:
    """What the template `calendar_part.html` shows of a hook request, in a language.

    Raises what `advise` raises for the request, `Busy` while the process works another one out, and `TooLarge`.
    """
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        raise Busy({"": "another calendar is being worked out: try again in a moment"})
    try:
        return _worked_out(body, service, world, now, language)
    finally:
        _ONE_AT_A_TIME.release()


def _worked_out(body: Any, service: Service, world: World, now: datetime, language: Language) -> dict[str, object]:
    told = service.guideline.calendar
    answer = advise(body, service, world, now=now, language=language, also=frozenset() if told is None else told.reads)
    if told is None or answer.record is None:
        raise NoCalendar({"": "this guideline has no calendar"})
    until = time.thread_time() + MOST_SECONDS
    try:
        schedule = sequence(answer, body, service, world, now=now, in_time=lambda: time.thread_time() < until)
    except OutOfTime:
        raise TooLarge(
            {"": "to ask the rules about each day takes too long for so many orders, or so large a record: send fewer"}
        ) from None
    lanes = tuple(with_earliest(told.of(answer.record), schedule))
    rules = {rule.id: rule for rule in service.guideline.rules}
    return {
        "picture": picture(lanes, answer.record.today, language),
        "today": day(answer.record.today, language),
        "orders": [_order(one, rules, language) for one in schedule.orders],
        "together": _together(schedule.together, rules, language),
        "not_moved": [plain(sentence(name, language)) for name in schedule.left],
        "guideline": service.guideline.id,
        "days": DAYS,
    }


def _titled(ids: Iterable[str], rules: Mapping[str, Rule], language: Language) -> list[tuple[str, str]]:
    return [(one, sentence(rules[one].title, language) if one in rules else one) for one in ids]


def _order(moved: Movable, rules: Mapping[str, Rule], language: Language) -> dict[str, object]:
    titled = partial(_titled, rules=rules, language=language)
    return {
        "name": plain(sentence(moved.name, language)),
        "planned": day(moved.planned, language),
        "earliest": day(moved.free[0].first, language) if moved.free else "",
        "checked": moved.checked,
        "always": titled(moved.always),
        "stretches": [
            (day(one.first, language), "" if one.last is None else day(one.last, language), titled(one.rules))
            for one in moved.stretches
        ],
    }


def _together(found: Together | None, rules: Mapping[str, Rule], language: Language) -> dict[str, object] | None:
    if found is None:
        return None

    def placed(one: Placed) -> dict[str, object]:
        return {
            "name": plain(sentence(one.name, language)),
            "day": day(one.day, language),
            "planned": "" if one.day == one.planned else day(one.planned, language),
            "first": day(one.first, language),
            "last": "" if one.last is None else day(one.last, language),
            "before": _titled(one.before, rules, language),
            "after": _titled(one.after, rules, language),
        }

    def about(named: Iterable[tuple[str, Text]]) -> list[tuple[str, str, str]]:
        by_rule: dict[str, list[str]] = {}
        for rule, name in named:
            by_rule.setdefault(rule, []).append(plain(render(name, language)))
        return [(rule, title, ", ".join(by_rule[rule])) for rule, title in _titled(by_rule, rules, language)]

    return {
        "orders": [placed(one) for one in found.orders],
        "conflicts": about(found.conflicts),
        "still": about(found.still),
        "as_planned": found.as_planned,
        "checked": found.checked,
        "complete": found.complete,
    }
