"""The export of a FHIR server as the source of a screen: what is asked for, with whose token, and where it lies meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from mappings.vocabulary.concepts import Terminology
from mappings.wording import Said, _
from service.gathering.allowlist import Allowlist
from service.gathering.fhir_server import new_session
from service.guidelines import GUIDELINES
from service.population.bulk_export import BulkExport, NotExported
from service.rules.guideline import terminology_of
from service.services import published
from service.settings import Settings

FETCHED = ".export"
"""Below the folder of the results: what the server gave, until the screen is done. It holds records of patients."""

LONGEST_TOKEN = 16_384


def fetched(
    address: str,
    out: Path,
    settings: Settings,
    token: Path | None,
    *,
    advance: Callable[[int, int, int], None] = lambda _done, _all, _bytes: None,
    waiting: Callable[[str], None] = lambda _progress: None,
) -> Path:
    """The files of the server's export; how far it is, is told as `BulkExport` tells it.

    Raises `NotExported`, and `ValueError` for a base that is no URL.
    """
    out.mkdir(parents=True, exist_ok=True)
    return BulkExport(
        address,
        types_read(terminology_of(GUIDELINES)),
        out / FETCHED,
        Allowlist(settings.fhir_bases),
        new_session(settings.ca_bundle),
        token=lambda: "" if token is None else token_of(token),
        advance=advance,
        waiting=waiting,
    ).fetch()


def without_fetched(out: Path) -> None:
    """Delete what the server gave."""
    shutil.rmtree(out / FETCHED, ignore_errors=True)


def types_read(terminology: Terminology) -> tuple[str, ...]:
    """The types that the rules read, and the Medications that orders name."""
    services = published(GUIDELINES, split=False, terminology=terminology).values()
    return tuple(
        sorted({"Medication", "Patient", *(one.resource_type for service in services for one in service.queries)})
    )


def token_of(path: Path) -> str:
    """The token that a file holds. Raises `NotExported` where it holds none."""
    told = path.read_text(encoding="ascii", errors="replace").strip()
    if not told or len(told) > LONGEST_TOKEN or not all("!" <= sign <= "~" for sign in told):
        raise NotExported(Said(_("{file} holds no bearer token: visible ASCII on one line", file=str(path))))
    return told
