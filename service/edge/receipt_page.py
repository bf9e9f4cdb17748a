"""A receipt as a page: what was asked, what each rule made of it, and the calendar of the patient as of then.

A receipt holds nothing of the record that could be drawn, by design; the calendar is that of the request, where the ledger keeps
it. Else the page says who can draw it: whoever has the request at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Response

from cds_hooks import ProtocolError
from mappings.wording import Text, _
from service.edge.calendar_page import Busy, NotAskedAgain, of_kept
from service.edge.ledger import Ledger
from service.edge.pages import asked_language, page, written
from service.languages.render import Language
from service.ledger.receipt_words import worded
from service.ledger.receipts import OfSeveralPatients
from service.rules.guideline import Guideline
from service.services import Service
from service.settings import Settings
from service.world import World

NOT_KEPT = _(
    "It cannot be drawn: the site does not keep requests (OSTEOCDS_LEDGER_KEEPS), and a receipt holds nothing of the record. "
    "Whoever has the request draws it: osteocds replay REQUEST.json --receipt {instance} --calendar calendar.html"
)
NOT_ASKED_AGAIN = _(
    "It cannot be drawn: the record came from a FHIR server, which may say something else today and is not asked again."
)
OF_SEVERAL = _("It cannot be drawn: requests about several patients came under this hookInstance.")
BUSY = _("Another calendar is being worked out: load the page again in a moment.")
REFUSED = _("It cannot be drawn from the request that is kept: {problem}")


def receipt_page(
    settings: Settings, services: Mapping[str, Service], guidelines: Sequence[Guideline], ledger: Ledger, world: World
) -> Callable[[Mapping[str, Any], str | None], Response]:
    """What makes the page of a receipt, for a client, or for all where there is none."""
    folders = {guideline.id: guideline.folder for guideline in guidelines}

    def calendar(instance: str, whose: str | None, chosen: Language) -> dict[str, object] | Text:
        try:
            kept = ledger.request(instance, whose)
        except OfSeveralPatients:
            return OF_SEVERAL
        if kept is None:
            return NOT_KEPT.with_(instance=instance)
        try:
            return of_kept(*kept, services, world, chosen)
        except Busy:
            return BUSY
        except NotAskedAgain:
            return NOT_ASKED_AGAIN
        except ProtocolError as error:
            return REFUSED.with_(problem="; ".join(map(str, error.problems.values())))

    def as_page(receipt: Mapping[str, Any], whose: str | None) -> Response:
        chosen = asked_language(settings)
        drawn = calendar(receipt["hookInstance"], whose, chosen)
        shown = {
            "instance": receipt["hookInstance"],
            "kept": {"page": receipt["page"]},
            "next": receipt.get("next"),
            "answers": [worded(one, folders, chosen) for one in receipt["answers"]],
            "calendar": None if isinstance(drawn, Text) else drawn,
            "why": drawn if isinstance(drawn, Text) else None,
        }
        return page(written("receipt.html", chosen, **shown), chosen)

    return as_page
