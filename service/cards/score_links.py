"""The link of a card to the page of a score that it asks for, with what the page needs to know of the request.

That is the patient's id, and the bone and side. It stands in the fragment: browsers send a fragment to nobody, so that it is in
no log of a server or proxy and in no Referer. The address of the FHIR server, names and dates of birth are never in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from cds_hooks import RELATIVE_REFERENCE, Link
from mappings.facts.bones import bones_of, named_bones, sides_of
from mappings.readers.sites import region_of_code
from mappings.vocabulary.bones import SIDE_CODES
from mappings.vocabulary.code_systems import SNOMED_CT
from mappings.vocabulary.scores import SiteQuestion
from mappings.wording import _
from service.cards.suggestions import Ordering
from service.rules.outcome import Asked

LONGEST_SUBJECT = 256
"""Characters of the reference of a patient; the ids of FHIR have 64, those of real EHRs some more."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Where browsers reach the pages of the service: no links without an address.

    `client` names the client whose EHR takes messages of the pages (`service.edge.clients`); empty where it takes none.
    `calendar` is the `hookInstance` whose calendar cards may link to; empty where nobody who follows the link could see it.
    """

    address: str = ""
    client: str = ""
    calendar: str = ""


NO_PAGES = Pages()


def score_link(asked: Asked, ordering: Ordering, pages: Pages) -> Link:
    """The link to the page of a score, for the patient and the bones of the order. `pages` have an address."""
    bones = named_bones(asked.regions)
    label = _("Fill in: {title}", title=asked.score.title)
    if bones:
        label = _("Fill in: {title} ({bones})", title=asked.score.title, bones=bones)
    query = {"lang": ordering.language.value} | ({"client": pages.client} if pages.client else {})
    about = urlencode(list(_about(asked, ordering.patient_id)), quote_via=quote, safe="/")
    address = f"{pages.address}/questionnaires/{asked.score.id}?{urlencode(query)}"
    return Link(ordering.say(label), f"{address}#{about}" if about else address)


def _about(asked: Asked, patient_id: str) -> Iterator[tuple[str, str]]:
    """What the page is told, by name: the patient, the sites of the score that may be meant, the side where there is one."""
    subject = f"Patient/{patient_id}"
    if len(subject) <= LONGEST_SUBJECT and RELATIVE_REFERENCE.match(subject):
        yield "subject", subject
    if asked.score.site is None:
        return
    sites = _sites_within(asked.score.site, asked.regions)
    if len(sites) < len(asked.score.site.sites):
        yield from ((asked.score.site.code, code) for code in sites)
    sides = {side for name in bones_of(asked.regions) for side in sides_of(asked.regions, name)} & SIDE_CODES.keys()
    if sites and asked.score.site.side is not None and len(sides) == 1:
        yield asked.score.site.side_code, SIDE_CODES[sides.pop()]


def _sites_within(site: SiteQuestion, regions: frozenset[str]) -> list[str]:
    """The sites of a score that a region holds."""
    return [code for code, _text in site.sites if not regions.isdisjoint(region_of_code(SNOMED_CT, code))]
