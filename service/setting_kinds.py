"""What settings take: how the text of each kind is read, and what it takes in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cds_hooks import Link
from mappings.wording import Text, _
from service.languages.render import LANGUAGES, Language


@dataclass(frozen=True, slots=True)
class Kind:
    """How a text is read (`ValueError`, `KeyError` or `OSError` where it cannot be), and what is taken, in words."""

    read: Callable[[str], Any]
    takes: Text


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _host(text: str) -> str:
    if not text:
        raise ValueError(text)  # it would be every address of the machine
    return text


def _origins(text: str) -> tuple[str, ...]:
    """Whole origins only: they are compared as they are written, and a pattern would match none."""
    origins = _listed(text)
    if any(origin != "*" and not re.fullmatch(r"https?://[\w.-]+(:\d+)?", origin) for origin in origins):
        raise ValueError(text)
    return origins


def _file(text: str) -> Path | None:
    if text and not Path(text).is_file():
        raise ValueError("no such file")
    return Path(text) if text else None


def _web_address(text: str) -> str:
    if text and not re.fullmatch(r"https?://[^\s/?#]+(?:/[^\s?#]*)?", text):
        raise ValueError("no http(s) address")
    if text:
        Link("pages", text)  # a host that no card can link to (`my_host`) would cost every card
    return text.rstrip("/")


def _flag(text: str) -> bool:
    return {"0": False, "": False, "false": False, "no": False, "1": True, "true": True, "yes": True}[text.lower()]


KEEPS = frozenset({"texts", "facts", "requests"})
"""What the ledger keeps only where the site asks for it."""


def _kept(text: str) -> frozenset[str]:
    kept = frozenset(_listed(text))
    if not kept <= KEEPS:
        raise ValueError(text)
    return kept


def _days(text: str) -> timedelta | None:
    return timedelta(days=_positive(text)) if text else None


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError(text)
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < 3600:
        raise ValueError(text)
    return number


def _selection_behavior(text: str) -> str:
    return {"any": "any", "at-most-one": "at-most-one"}[text]


def _unchecked_tokens(text: str) -> str:
    return {"refuse": "refuse", "allow": "allow"}[text]


def _log_level(text: str) -> str:
    if text not in LOG_LEVELS:
        raise ValueError(text)
    return text.upper()


LOG_LEVELS = ("debug", "info", "warning", "error")


def _listed_paths(text: str) -> tuple[Path, ...]:
    return tuple(map(Path, _listed(text)))


def _listed_names(text: str) -> frozenset[str]:
    return frozenset(_listed(text))


TEXT = Kind(str, _("a text"))
LIST = Kind(_listed, _("texts, with commas between"))
NAMES = Kind(_listed_names, LIST.takes)
PATHS = Kind(_listed_paths, LIST.takes)
FLAG = Kind(_flag, _("0 or 1"))
POSITIVE = Kind(_positive, _("a positive whole number"))
DAYS = Kind(_days, _("a positive whole number of days"))
SECONDS = Kind(_seconds, _("a positive number of seconds"))
HOST = Kind(_host, _("an address to listen on"))
PORT = Kind(_port, _("a port number"))
FILE = Kind(_file, _("the path of a file"))
WEB_ADDRESS = Kind(_web_address, _("an address such as https://cds.example.org"))
ORIGINS = Kind(_origins, _("* or origins such as https://ehr.example.org"))
LANGUAGE = Kind(Language, _("one of {values}", values=LANGUAGES))
ZONE = Kind(ZoneInfo, _("a zone of the tz database"))
LOG_LEVEL = Kind(_log_level, _("debug, info, warning or error"))
SELECTION = Kind(_selection_behavior, _("any or at-most-one"))
UNCHECKED = Kind(_unchecked_tokens, _("refuse or allow"))
KEPT = Kind(_kept, _("texts, facts and requests"))
