"""Whether the running service itself reads the record at a base: an order for a patient of the sample, without prefetch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappings.wording import Text, _
from service.certify.check import Check, failed, not_run, passed, warned
from service.certify.fhir_base import NO_PATIENTS, Sample
from service.certify.service_answers import http
from service.certify.site import Site, request_of
from service.certify.synthetic_orders import authorization, referring
from service.demo.run import demo_record
from service.gathering import gather, problems
from service.languages.render import Language, plain, render
from service.rules.guideline import EXTENSION

OK, NEEDS_THE_RECORD = 200, 412
CHECK = "fhir.by-service"
LONG_SECONDS = 5.0
"""CRD asks that nine answers of ten come within it."""

ERRORS = range(300, 600)
FAULTS: tuple[Text, ...] = (
    problems.NOT_LISTED,
    problems.TOO_SLOW,
    problems.UNREACHABLE,
    problems.NO_JSON,
    problems.REDIRECTED,
    problems.BUSY,
    problems.LEFT_ALONE,
    problems.TOKEN_EXPIRED,
    problems.TOO_LARGE,
    problems.TOO_MANY_PAGES,
    problems.FOREIGN_LINK,
    problems.TRUNCATED,
    gather.ANOTHER_PATIENT,
    gather.SERVER_ERROR,
    gather.WITHHELD,
    gather.UNKNOWN_PATIENT,
    *map(problems.refused, ERRORS),
)
"""What a card says where the FHIR server, or the way to it, is to blame."""


def check(site: Site, found: Sample) -> Check:
    """The answer to an order about a patient of the sample names no fault of the way to the record."""
    if not found.patients:
        return not_run(CHECK, NO_PATIENTS, found.base)
    patient = found.patients[0]
    request = _order(site, patient)
    if request is None:
        return not_run(CHECK, _("no order is known that needs a record"), found.base)
    # Where it is answered without a record it would tell nothing of the way to one.
    without = site.fire(site.asked, request, site.token())
    if without.status != NEEDS_THE_RECORD:
        return not_run(CHECK, http(without), found.base)
    asked = request | {"fhirServer": found.base}
    if site.fhir_token:
        asked["fhirAuthorization"] = authorization(site.fhir_token)
    answer = site.fire(site.asked, asked, site.token())
    if answer.status != OK or not isinstance(answer.json, dict):
        return failed(CHECK, http(answer), found.base)
    return _judged(answer.json.get("cards") or [], answer.seconds, found)


def _judged(cards: list[Mapping[str, Any]], seconds: float, found: Sample) -> Check:
    ours = [card.get("extension", {}).get(EXTENSION, {}) for card in cards]
    said = {hint for one in ours for row in one.get("technical", ()) for hint in row.get("hints", ())}
    faults = sorted(said & _known().keys())
    if faults:
        return failed(CHECK, _("its cards say: {faults}", faults=tuple(_known()[one] for one in faults)), found.base)
    if any(one.get("unchecked") for one in ours) and not any("technical" in one for one in ours):
        return not_run(CHECK, _("the cards of this client do not tell why (card_audience)"), found.base)
    seen = _("{number} ms, {cards} cards", number=round(seconds * 1000), cards=len(cards))
    return warned(CHECK, seen, found.base) if seconds > LONG_SECONDS else passed(CHECK, seen, found.base)


def _known() -> dict[str, Text]:
    """The faults, by what the extension of a card in English says of them."""
    hints = [hint for fault in FAULTS if isinstance(hint := fault.parameters.get("hint"), Text)]
    return {plain(render(one, Language.ENGLISH)): one for one in hints}


def _order(site: Site, patient: str) -> dict[str, Any] | None:
    """What is ordered for the first patient of the demo who has an order, for this one."""
    guideline = site.asked.guideline
    first = next((one for one in guideline.demo_patients if one.orders), None)
    if first is None:
        return None
    record = demo_record(first, site.now.date(), site.world.terminology)
    names = {record.subject["reference"]: f"Patient/{patient}"}
    return request_of(site.asked, patient, [referring(record.order(one), names) for one in first.orders])
