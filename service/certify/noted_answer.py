"""Whether an answer that was given is in the ledger, and every replica finds it there."""

from __future__ import annotations

import time
from typing import Any

from mappings.wording import Text, _
from service.certify.calls import Answer
from service.certify.check import Check, failed, not_run, passed
from service.certify.service_answers import TIMES, http
from service.certify.site import Site

OK, NOT_FOUND = 200, 404
CHECK = "running.ledger"
NOTED_SECONDS = 5.0
"""In which an answer is noted: it is written a moment after it was given (docs/ledger.md)."""

AGAIN_SECONDS = 0.2
IN_SHADOW = _("the client of the keys is in shadow and gets no cards: certify without `shadow` in its table")


def check(site: Site) -> tuple[Check, Text | None]:
    """Ask about nobody, and for the receipt of it; why the cards of this client tell nothing, where they do not."""
    request = site.about_nobody()
    answer = site.fire(site.asked, request, site.token())
    if answer.status != OK:
        return not_run(CHECK, http(answer)), None
    path = f"/receipts/{request['hookInstance']}"
    found = _awaited(site, path)
    if found.status != OK:
        gone = _("{seconds} s after it was given it is not there", seconds=round(NOTED_SECONDS))
        return failed(CHECK, gone if found.status == NOT_FOUND else http(found)), None
    again = [_receipt(site, path).status for _time in range(TIMES)]
    lacking = sum(status != OK for status in again)
    if lacking:
        told = _("of {times} times it was not found {number} times", times=TIMES, number=lacking)
        return failed(CHECK, told), _shadow(found)
    return passed(CHECK, _("it was found {times} times of {times}", times=TIMES)), _shadow(found)


def _awaited(site: Site, path: str) -> Answer:
    until = time.monotonic() + NOTED_SECONDS
    while (answer := _receipt(site, path)).status == NOT_FOUND and time.monotonic() < until:
        time.sleep(AGAIN_SECONDS)
    return answer


def _receipt(site: Site, path: str) -> Answer:
    """Over a connection of its own: a balancer then gives it to several replicas."""
    return site.get(path, bearer=site.token(path), anew=True)


def _shadow(answer: Answer) -> Text | None:
    told: Any = answer.json
    answers = told.get("receipt", {}).get("answers", []) if isinstance(told, dict) else []
    return IN_SHADOW if any(one.get("shadow") for one in answers) else None
