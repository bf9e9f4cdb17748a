"""The HTTP edge: the application, its routes, and its errors as status codes. Nothing clinical."""

from __future__ import annotations

import codecs
import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from flask import Flask, Response, request
from flask_compress import Compress
from marshmallow import ValidationError
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from werkzeug.wrappers import Request

from cds_hooks import (
    Ambiguous,
    DiscoverySchema,
    HookResponse,
    InvalidHookRequest,
    ProtocolError,
    operation_outcome,
    read_feedback,
    read_json,
)
from service.cards.score_links import Pages
from service.cards.written import for_audience
from service.edge import cors, gate, logs
from service.edge.authentication import Unauthenticated
from service.edge.calendar_page import CALENDAR, calendar
from service.edge.callers import DATABASE_UNUSABLE, TOKENS_UNTAKEN, Callers
from service.edge.front import RETRY_AFTER_SECONDS
from service.edge.hook_calls import FAILED, JSON, PATH, HookCalls, OnceSent
from service.edge.ledger import Ledger
from service.edge.metrics import Metrics
from service.edge.openapi import openapi
from service.edge.operator import Operator
from service.edge.pages import COMPRESSION, pages, problem_page, wants_a_page
from service.edge.rates import TooManyRequests
from service.edge.receipt_page import receipt_page
from service.edge.receipts import RECEIPT, receipts
from service.edge.replay import StoreUnusable
from service.edge.told_settings import in_discovery
from service.edge.traces import Traces, traces_of
from service.edge.try_page import Hooks, add_try_page
from service.edge.watch import WATCH, watch
from service.edge.worker import TOLD, reading, waiting
from service.explain import explanation
from service.gathering.outbound import Turns
from service.guidelines import GUIDELINES
from service.languages.render import Language, choose_language
from service.ledger.database import WHY, Database, why_unusable
from service.pipeline import HookAnswer, advise
from service.rules.guideline import Guideline
from service.services import Service, published
from service.settings import Settings
from service.world import World

JSON_TYPE = re.compile(r"application/(?:[a-z0-9.-]{1,60}\+)?json")
"""Media types of a body that is JSON, by their subtype or its suffix (RFC 8259, RFC 6839); JSON has no charset but UTF-8."""

LOG = logging.getLogger("osteocds")

READING = WATCH | CALENDAR | {RECEIPT}
"""Endpoints that read the ledger; the others that need it store into it."""

_DISCOVERY = DiscoverySchema()


def create_app(
    settings: Settings,
    *,
    now: Callable[[], datetime] | None = None,
    guidelines: Sequence[Guideline] = GUIDELINES,
    traces: Traces | None = None,
) -> Flask:
    """The WSGI application. `now` is the clock; the machine's, in the site's zone, where it is not given.

    `traces` take those of its answers; where none is given, those that the settings ask for.

    `settings` hold the clinical settings of the `guidelines`. Raises `ValueError` for settings that cannot work (a base that
    is no URL, a ConceptMap that cannot be used).
    """
    app = Flask("osteocds", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_request_bytes
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    clock = now or (lambda: datetime.now(settings.timezone))  # noqa: TID251 - the one place where the clock comes in
    metrics = Metrics()
    world = World.from_settings(settings, guidelines, metrics.breaker_changed, Turns(waiting, reading))
    services = published(guidelines, split=settings.split_services, terminology=world.terminology)
    ledger = app.extensions["osteocds.ledger"] = Ledger(settings, metrics.ledger)
    callers = Callers(settings, world, ledger.database, metrics.callers, services)
    gate.watch(app, callers, clock, open_pages=settings.open_pages)
    cors.allow(app, (*settings.cors_origins, *callers.cors_origins))
    discovery = {language: _discovery(services, language, settings) for language in Language}

    @cache  # its examples are worked out for who asks
    def description() -> bytes:
        return orjson.dumps(openapi(services, guidelines, clock().date()))

    @app.get("/cds-services")
    def discover() -> Response:
        language = choose_language(request.headers.get("Accept-Language", ""), settings.language)
        answer = Response(discovery[language], mimetype=JSON)
        answer.vary.add("Accept-Language")
        answer.headers["Content-Language"] = language.value
        return answer

    answering = Answering(settings, services, callers, metrics, ledger, clock, traces or traces_of(settings))

    @app.post("/cds-services/<service_id>")
    def invoke(service_id: str) -> Response:
        if FAILED in request.environ:
            raise request.environ.pop(FAILED)  # and no name for it here: a circle would keep the body in memory
        body, once_sent = answering(request, service_id)
        answer = Response(body, mimetype=JSON)
        answer.call_on_close(once_sent)
        return answer

    def note_feedback(call: Request, service_id: str) -> None:
        service = _service(services, service_id)
        now = clock()
        caller = callers.of(call, service_id, now=now)
        ledger.take(service, read_feedback(_body(call)), caller, now)

    @app.post("/cds-services/<service_id>/feedback")
    def take_feedback(service_id: str) -> Response:
        note_feedback(request, service_id)
        return Response(b"{}", mimetype=JSON)

    @app.get("/openapi.json")
    def describe() -> Response:
        return Response(description(), mimetype=JSON)

    @app.get("/metrics")
    def measure() -> Response:
        return Response(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)

    app.config.update(COMPRESSION)
    compress = Compress(app)
    site = pages(settings, services, guidelines, callers.messaging, compress)
    if settings.try_page:
        add_try_page(site, settings, services, world, clock, Hooks(answering.answered, note_feedback))
    app.register_blueprint(site)
    operator = Operator(settings, callers)
    as_page = receipt_page(settings, services, guidelines, ledger, world)
    app.register_blueprint(receipts(ledger, callers, operator, clock, as_page))
    app.register_blueprint(watch(settings, guidelines, operator, ledger.database, clock))
    app.register_blueprint(calendar(settings, services, callers, operator, ledger.database, world, clock, _body))
    _register_health(app, ledger.database, callers)
    _register_errors(app, metrics, settings)
    app.wsgi_app = HookCalls(app, services, answering)  # type: ignore[method-assign]  # as Flask asks of a middleware
    return app


@dataclass(frozen=True, eq=False)
class Answering:
    """What the view of hooks does: the answer to a call of a service. Raises what Flask answers."""

    settings: Settings
    services: dict[str, Service]
    callers: Callers
    metrics: Metrics
    ledger: Ledger
    clock: Callable[[], datetime]
    traces: Traces | None

    def __call__(self, call: Request, service_id: str) -> tuple[bytes, OnceSent]:
        """The body of the answer, and what is to be done once it is sent."""
        _advised, answer, once_sent = self._answered(call, service_id)
        return answer, once_sent

    def answered(self, call: Request, service_id: str) -> tuple[HookAnswer, bytes]:
        """What every rule said on the way, and the body of the answer, which is counted and noted as if it were sent."""
        advised, answer, once_sent = self._answered(call, service_id)
        once_sent()
        return advised, answer

    def _answered(self, call: Request, service_id: str) -> tuple[HookAnswer, bytes, OnceSent]:
        service = _service(self.services, service_id)
        with self.metrics.in_progress.track_inprogress():
            now = self.clock()
            said: dict[str, Any] = call.environ.setdefault(TOLD, {})
            said["service"] = service_id
            caller = self.callers.of(call, service_id, now=now)
            said["client"] = caller.name
            started = time.perf_counter()
            language = choose_language(call.headers.get("Accept-Language", ""), caller.language)
            body = _body(call)
            if isinstance(body, dict):
                said["hook_instance"] = logs.hook_instance(body.get("hookInstance"))
            shown = self.settings.public_url if "absolute" in caller.world.link_types else ""
            links = Pages(shown, caller.messaging_client)
            advised = advise(body, service, caller.world, now=now, language=language, pages=links)
            shown_cards = for_audience(advised.response.cards, caller.world.card_audience)
            advised = replace(advised, response=replace(advised.response, cards=shown_cards))
            told = replace(advised, response=HookResponse()) if caller.shadow else advised
            explains = self.settings.explain and not caller.shadow
            response = _explained(advised, service, language) if explains else told.response
            answer = orjson.dumps(response.to_json())
            took = time.perf_counter() - started
            said |= logs.of_answer(told)
            ended, traceparent = time.monotonic(), call.headers.get("Traceparent", "")

        def once_sent() -> None:
            # The ledger first: whatever goes wrong with a figure or a trace, the answer is noted.
            self.ledger.note(advised, service, caller, body, language, now, took)
            self.metrics.count(service_id, caller.name, told, took)
            if self.traces is not None:
                self.traces.tell(told, said, traceparent, ended)

        return advised, answer, once_sent


def _discovery(services: dict[str, Service], language: Language, settings: Settings) -> bytes:
    described = [service.described(language).to_json() for service in services.values()]
    return _json({"services": described, "extension": in_discovery(settings)}, _DISCOVERY)


class UnknownService(ProtocolError):
    """No service of this id is published."""

    status = 404
    code = "not-found"


def _service(services: dict[str, Service], service_id: str) -> Service:
    service = services.get(service_id)
    if service is None:
        raise UnknownService({"": "no such service; GET /cds-services lists those that there are"})
    return service


class NotJson(ProtocolError):
    """The body is not said to be JSON, which a page of a browser could send without asking (CORS)."""

    status = 415
    code = "not-supported"


class Packed(ProtocolError):
    """The body is compressed: how large it is would be known once it is unpacked."""

    status = 415
    code = "not-supported"


class TooManyValues(ProtocolError):
    """The body is short, and would be many times its size in memory."""

    status = 413
    code = "too-long"


MOST_NODES = 250_000
MOST_VALUES = 1_000_000
"""Of one body, counted by their signs, those within texts included. The ten megabytes of a record hold about half as many."""


def _body(call: Request) -> object:
    if not JSON_TYPE.fullmatch(call.mimetype):
        what = "is missing" if not call.content_type else "is not JSON"
        raise NotJson({"": f"the Content-Type of the request {what}; send the body as application/json"})
    if call.headers.get("Content-Encoding", "").strip().lower() not in ("", "identity"):
        raise Packed({"": "the body is compressed (Content-Encoding), which is not read; send it as it is"})
    told = call.get_data(cache=False).removeprefix(codecs.BOM_UTF8)
    if told.count(b"{") + told.count(b"[") > MOST_NODES or told.count(b",") > MOST_VALUES:
        raise TooManyValues({"": f"the body holds more than {MOST_NODES} objects and arrays, or {MOST_VALUES} values"})
    try:
        return read_json(told)
    except Ambiguous:
        raise InvalidHookRequest({"": "a member of an object in the body stands twice; send each once"}) from None
    except orjson.JSONDecodeError as error:
        raise InvalidHookRequest({"": f"the body is not JSON ({error.msg} at position {error.pos})"}) from error


def _explained(advised: HookAnswer, service: Service, language: Language) -> HookResponse:
    try:
        return replace(advised.response, extension=explanation(advised, service.rules, language))
    except Exception as error:  # noqa: BLE001 - the cards matter more than their explanation
        LOG.error("defect of the service: %s in %s", type(error).__name__, _where(error))
        return advised.response


def _json(answer: dict[str, Any], schema: Any) -> bytes:
    """The answer as bytes, after the schema of what goes out has agreed."""
    problems = schema.validate(answer)
    if problems:
        raise ValidationError(problems)
    return orjson.dumps(answer)


def _register_health(app: Flask, database: Database, callers: Callers) -> None:
    @app.get("/health/live")
    def live() -> Response:
        return Response(b'{"status":"live"}', mimetype=JSON)

    @app.get("/health/ready")
    def ready() -> Response:
        try:
            with waiting():
                database.probe()
        except SQLAlchemyError as error:
            return _problem(503, "transient", {"": f"{DATABASE_UNUSABLE}: {WHY[why_unusable(error)]}"})
        try:
            note = callers.ready()
        except StoreUnusable:
            return _problem(503, "transient", {"": TOKENS_UNTAKEN})
        return Response(orjson.dumps({"status": "ready"} | ({"note": note} if note else {})), mimetype=JSON)


# --- errors -----------------------------------------------------------------------------------------------------------


def _problem(status: int, code: str, problems: dict[str, str]) -> Response:
    answer = Response(orjson.dumps(operation_outcome(code, problems)), status=status, mimetype="application/fhir+json")
    if status == 503:
        answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


def _page_or_problem(status: int, code: str, problem: str, settings: Settings, where: str = "") -> Response:
    """The error as a browser reads it, where one asks for a page; hooks are for programs."""
    if not wants_a_page() or request.path.startswith(PATH):
        response = _problem(status, code, {where: problem})
        response.vary.add("Accept")
        return response
    response = problem_page(status, problem, settings)
    if status == ServiceUnavailable.code:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _told(error: ProtocolError, settings: Settings) -> Response:
    """What is answered; why a caller is refused is for the log alone."""
    if len(error.problems) == 1:
        [(where, problem)] = error.problems.items()
        response = _page_or_problem(error.status, error.code, problem, settings, where)
    else:
        response = _problem(error.status, error.code, error.problems)
    if isinstance(error, Unauthenticated):
        LOG.warning("refused: %s", error.reason)
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _register_errors(app: Flask, metrics: Metrics, settings: Settings) -> None:
    """Every error is an OperationOutcome, that of a page that a browser asks for a page; the least specific last."""

    def count(status: int) -> None:
        service = (request.view_args or {}).get("service_id", "")
        if request.endpoint == "invoke" and status != UnknownService.status:
            client = request.environ.get(TOLD, {}).get("client", "")
            metrics.requests.labels(client, service, str(status)).inc()

    @app.errorhandler(ProtocolError)
    def protocol_error(error: ProtocolError) -> Response:
        count(error.status)
        return _told(error, settings)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        count(status)
        code = {404: "not-found", 405: "not-supported", 413: "too-long", 503: "transient"}.get(status, "processing")
        response = _page_or_problem(status, code, error.description or error.name, settings)
        for name, value in error.get_headers():
            if name.lower() == "allow":
                response.headers[name] = value
        return response

    @app.errorhandler(RecursionError)
    def too_deep(_error: RecursionError) -> Response:
        count(400)
        return _problem(400, "structure", {"": "the body is nested too deeply"})

    @app.errorhandler(SQLAlchemyError)
    def database_error(error: SQLAlchemyError) -> Response:
        why = why_unusable(error)
        metrics.ledger.failed(why)
        doing = "the ledger cannot be read" if request.endpoint in READING else "feedback cannot be stored"
        LOG.error("%s: %s", doing, why)
        return _page_or_problem(503, "transient", f"{doing} now; try again later", settings)

    @app.errorhandler(Exception)
    def defect(error: Exception) -> Response:
        count(500)
        LOG.error("defect of the service: %s in %s", type(error).__name__, _where(error))
        return _problem(500, "exception", {"": "a defect of the service; its log names the place"})


def _where(error: BaseException) -> str:
    """The innermost place of our code in a traceback: no values, which might be a patient's."""
    place = "?"
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if any(part in code.co_filename for part in ("service", "mappings", "cds_hooks")):
            place = f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
