"""The calendar of a patient and the days of what is ordered, as a page: of a request that is posted, or of one in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import BoundedSemaphore
from typing import Any

import orjson
from flask import Blueprint, Request, Response, request
from sqlalchemy import select

from cds_hooks import InvalidHookRequest, ProtocolError
from service.calendar.picture import day_said, picture
from service.calendar.sequencer import DAYS, Movable, sequence
from service.edge.callers import Callers
from service.edge.operator import Operator
from service.edge.pages import asked_language, page, written
from service.languages.render import Language, plain, sentence
from service.ledger.database import Database
from service.ledger.tables import ANSWERS, LONGEST_ID, REQUESTS
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


class Busy(ProtocolError):
    """Another calendar is being worked out: it asks the rules some hundred times."""

    status = 503
    code = "throttled"


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
    one_at_a_time = BoundedSemaphore(1)

    def answered(body: Any, of: World, now: datetime) -> Response:
        hook = body.get("hook") if isinstance(body, dict) else None
        service = next((one for one in services.values() if one.hook == hook), None)
        if service is None:
            raise InvalidHookRequest({"hook": "no service answers this hook"})
        if not one_at_a_time.acquire(blocking=False):
            raise Busy({"": "another calendar is being worked out: try again in a moment"})
        try:
            chosen = asked_language(settings)
            shown = calendar_shown(body, service, of, now=now, language=chosen)
        finally:
            one_at_a_time.release()
        return page(written("calendar.html", chosen, **shown), chosen)

    @addresses.post("/calendar")
    def of_request() -> Response:
        """The calendar of a hook request."""
        now = clock()
        caller = callers.of(request, now=now)
        return answered(read_body(request), caller.world, now)

    @addresses.get("/calendar/<hook_instance>")
    def of_receipt(hook_instance: str) -> Response:
        """The calendar of a request that the ledger keeps, as of then; no FHIR server is asked again."""
        whose = operator.sees(clock())
        kept = _kept(database, hook_instance[:LONGEST_ID], whose)
        if kept is None:
            raise NoCalendar({"": "the ledger keeps no request of this hookInstance (OSTEOCDS_LEDGER_KEEPS=requests)"})
        body, as_of = kept
        return answered({name: value for name, value in body.items() if name != "fhirServer"}, world, as_of)

    return addresses


def _kept(database: Database, hook_instance: str, client: str | None) -> tuple[dict[str, Any], datetime] | None:
    query = (
        select(REQUESTS.c.body, ANSWERS.c.as_of)
        .join(ANSWERS, ANSWERS.c.id == REQUESTS.c.answer)
        .where(ANSWERS.c.hook_instance == hook_instance)
        .order_by(ANSWERS.c.id.desc())
        .limit(1)
    )
    if client is not None:
        query = query.where(ANSWERS.c.client == client)
    with database.read() as connection:
        found = connection.execute(query).first()
    return None if found is None else (orjson.loads(found.body), datetime.fromisoformat(found.as_of))


def calendar_shown(
    body: Any, service: Service, world: World, *, now: datetime, language: Language
) -> dict[str, object]:
    """What the template `calendar_part.html` shows of a hook request, in a language.

    Raises what `advise` raises for the request.
    """
    told = service.guideline.calendar
    answer = advise(body, service, world, now=now, language=language, also=frozenset() if told is None else told.reads)
    if told is None or answer.record is None:
        raise NoCalendar({"": "this guideline has no calendar"})
    lanes = tuple(told.of(answer.record))
    schedule = sequence(answer, body, service, world, now=now)
    rules = {rule.id: rule for rule in service.guideline.rules}
    return {
        "picture": picture(lanes, answer.record.today, language),
        "today": day_said(answer.record.today, language),
        "orders": [_order(one, rules, language) for one in schedule.orders],
        "not_moved": [plain(sentence(name, language)) for name in schedule.left],
        "guideline": service.guideline.id,
        "days": DAYS,
    }


def _order(moved: Movable, rules: Mapping[str, Rule], language: Language) -> dict[str, object]:
    def titled(ids: tuple[str, ...]) -> list[tuple[str, str]]:
        return [(one, sentence(rules[one].title, language) if one in rules else one) for one in ids]

    return {
        "name": plain(sentence(moved.name, language)),
        "planned": day_said(moved.planned, language),
        "earliest": day_said(moved.free[0].first, language) if moved.free else "",
        "checked": moved.checked,
        "always": titled(moved.always),
        "stretches": [
            (day_said(one.first, language), "" if one.last is None else day_said(one.last, language), titled(one.rules))
            for one in moved.stretches
        ],
    }
