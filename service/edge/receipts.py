"""The receipts of a client's answers, signed, and the public keys by which anybody can tell that none was changed.

In a browser a receipt is a page, for those who may see what became of answers (`service.edge.operator`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson
from flask import Blueprint, Response, request

from cds_hooks import ProtocolError
from service.edge.callers import Callers
from service.edge.hook_calls import JSON
from service.edge.ledger import Ledger
from service.edge.operator import Operator
from service.edge.pages import wants_a_page
from service.edge.parameters import whole_number
from service.edge.worker import TOLD
from service.ledger.receipts import MOST_PAGES

RECEIPT = "receipts.receipt"
"""The endpoint of receipts, which asks itself who calls."""


class NoReceipt(ProtocolError):
    """The ledger has no answer of this `hookInstance` to the client; whether it has one to another is not told."""

    status = 404
    code = "not-found"


def receipts(
    ledger: Ledger,
    callers: Callers,
    operator: Operator,
    clock: Callable[[], datetime],
    as_page: Callable[[Mapping[str, Any], str | None], Response],
) -> Blueprint:
    """The addresses of receipts; `as_page` gives the page of one, and is told whose answers may be seen."""
    addresses = Blueprint("receipts", __name__)
    keys = orjson.dumps(ledger.keys.public)

    def of_client(hook_instance: str, client: str | None, now: datetime) -> dict[str, Any]:
        page = whole_number("page", request.args.get("page", "1"), MOST_PAGES)
        told = ledger.receipt(hook_instance, client, page, now)
        if told is None:
            raise NoReceipt(
                {"": "no answer of this hookInstance is in the ledger; one is there a moment after it was given"}
            )
        return told

    @addresses.get("/receipts/<hook_instance>")
    def receipt(hook_instance: str) -> Response:
        now = clock()
        if wants_a_page():
            whose = operator.sees(now)
            return as_page(of_client(hook_instance, whose, now), whose)
        caller = callers.of(request, now=now)
        request.environ.setdefault(TOLD, {})["client"] = caller.name
        answer = Response(ledger.keys.sealed(of_client(hook_instance, caller.name, now)), mimetype=JSON)
        answer.headers["Cache-Control"] = "no-store"
        answer.vary.add("Accept")
        return answer

    @addresses.after_request
    def guard(answer: Response) -> Response:
        return operator.guard(answer) if request.endpoint == RECEIPT and wants_a_page() else answer

    @addresses.get("/jwks.json")
    def public_keys() -> Response:
        return Response(keys, mimetype=JSON)

    return addresses
