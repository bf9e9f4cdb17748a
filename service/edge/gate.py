"""What every request passes and every answer carries: one spelling of an address, who may see pages, no frames."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from flask import Flask, Response, abort, request

from service.edge.calendar_page import CALENDAR
from service.edge.callers import Callers
from service.edge.front import GUARDS
from service.edge.receipts import RECEIPT
from service.edge.watch import WATCH
from service.edge.worker import TOLD

PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?")
"""What our addresses are spelled like: what a proxy says of one of them must hold for every request that we answer there."""

NOT_PAGES = WATCH | CALENDAR | {"live", "ready", "invoke", "take_feedback", RECEIPT, None}
"""Endpoints of health, which is always open, and those that ask themselves who calls; none is an error that tells nothing."""


def watch(app: Flask, callers: Callers, clock: Callable[[], datetime], *, open_pages: bool) -> None:
    """Have every request pass, and every answer guarded; where pages are not open, they need a token as hooks do."""

    @app.before_request
    def admit() -> None:
        if not PLAIN_PATH.fullmatch(request.environ.get("RAW_URI", request.path).partition("?")[0]):
            abort(404)
        if not open_pages and request.method != "OPTIONS" and request.endpoint not in NOT_PAGES:
            callers.of(request, now=clock())

    @app.after_request
    def guard(response: Response) -> Response:
        if request.url_rule is not None:  # not the address, which may name anybody
            request.environ.setdefault(TOLD, {}).setdefault("route", request.url_rule.rule)
        for name, value in GUARDS.items():
            response.headers.setdefault(name, value)
        return response
