"""The receipts of a client's answers, signed, and the public keys by which anybody can tell that none was changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import orjson
from flask import Blueprint, Response, request

from cds_hooks import ProtocolError
from service.edge.callers import Callers
from service.edge.hook_calls import JSON
from service.edge.ledger import Ledger
from service.edge.parameters import whole_number
from service.edge.worker import TOLD
from service.ledger.receipts import MOST_PAGES

RECEIPT = "receipts.receipt"
"""The endpoint of receipts, which asks itself who calls."""


class NoReceipt(ProtocolError):
    """The ledger has no answer of this `hookInstance` to the client; whether it has one to another is not told."""

    status = 404
    code = "not-found"


def receipts(ledger: Ledger, callers: Callers, clock: Callable[[], datetime]) -> Blueprint:
    """The addresses of receipts."""
    addresses = Blueprint("receipts", __name__)
    keys = orjson.dumps(ledger.keys.public)

    @addresses.get("/receipts/<hook_instance>")
    def receipt(hook_instance: str) -> Response:
        now = clock()
        caller = callers.of(request, now=now)
        request.environ.setdefault(TOLD, {})["client"] = caller.name
        page = whole_number("page", request.args.get("page", "1"), MOST_PAGES)
        told = ledger.receipt(hook_instance, caller, page, now)
        if told is None:
            raise NoReceipt(
                {"": "no answer of this hookInstance is in the ledger; one is there a moment after it was given"}
            )
        answer = Response(told, mimetype=JSON)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @addresses.get("/jwks.json")
    def public_keys() -> Response:
        return Response(keys, mimetype=JSON)

    return addresses
