"""The link of a card that is about days to the calendar of the patient, as of the request that the card answers.

It names the `hookInstance` alone, and only where that is a UUID: nothing in it says who the patient is. Who may see the page is
asked there, as of a receipt.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from cds_hooks import UUID, Link
from mappings.wording import _
from service.cards.score_links import Pages
from service.languages.render import Language, sentence
from service.rules.guideline import Guideline


def calendar_of(hook_instance: str) -> str:
    """What an address may name the calendar of a request by; empty where its id may be more than an id."""
    return hook_instance if UUID.match(hook_instance) else ""


def calendar_links(rules: tuple[str, ...], guideline: Guideline, pages: Pages, language: Language) -> Iterator[Link]:
    """The link, where one of a card's rules is about days."""
    calendar = guideline.calendar
    if pages.calendar and calendar is not None and not calendar.rules.isdisjoint(rules):
        address = f"{pages.address}/calendar/{pages.calendar}?{urlencode({'lang': language.value})}"
        yield Link(sentence(_("See the calendar"), language), address)
