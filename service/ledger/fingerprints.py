"""Fingerprints (SHA-256, in hexadecimal): whether two answers came of the same request, rules, value sets and settings."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import orjson

import mappings
import service
from cds_hooks import Card
from service.rules.guideline import Guideline
from service.world import World

UNSEEN = frozenset({"edge", "ledger", "demo", "coverage", "catalogue", "population"})
"""Rooms of the service that decide nothing of what a card says."""

NOT_OF_THE_SETTINGS = frozenset({"outbound", "terminology", "keeps_requests"})
"""What of the world is no choice of the site. The code lists have a fingerprint of their own; a receipt tells what is kept."""


def fingerprint(told: Any) -> str:
    """Of a JSON value, whatever the order of its members."""
    return hashlib.sha256(orjson.dumps(told, default=_plain, option=_SORTED)).hexdigest()


_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset | set) else str(value)


def of_request(body: Any, written: bytes) -> str:
    """Of a hook request without its token, which is another each time and is nobody else's; `written` is `without_token` of it.

    Members count in the order in which they came: to sort those of a large record takes longer than to read it.
    """
    return _holding_on(written or "".join(_walked(_kept(body))).encode(errors="surrogatepass"))


def without_token(body: Any) -> bytes:
    """A hook request as JSON, without its token; empty where it is nested more deeply than can be written (254)."""
    try:
        return orjson.dumps(_kept(body))
    except orjson.JSONEncodeError:
        return b""


def _kept(body: Any) -> Any:
    if isinstance(body, dict) and "fhirAuthorization" in body:
        return {name: value for name, value in body.items() if name != "fhirAuthorization"}
    return body


HELD_BYTES = 2047
"""Bytes that `hashlib` takes without letting go of the interpreter (CPython, HASHLIB_GIL_MINSIZE)."""

MOST_HELD_BYTES = 256 * 1024


def _holding_on(said: bytes) -> str:
    """SHA-256 in short parts: a request that lets go waits for the thread that writes, longer than its answer takes."""
    if len(said) > MOST_HELD_BYTES:
        return hashlib.sha256(said).hexdigest()
    digest, view = hashlib.sha256(), memoryview(said)
    for place in range(0, len(said), HELD_BYTES):
        digest.update(view[place : place + HELD_BYTES])
    return digest.hexdigest()


def _walked(value: object) -> Iterator[str]:
    """A JSON value piece by piece, without recursion; equal values give equal pieces."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            yield f"{{{len(one)}{list(one)!r}"
            left += one.values()
        elif isinstance(one, list):
            yield f"[{len(one)}"
            left += one
        else:
            yield repr(one)


def of_card(card: Card) -> str:
    """Of what a card says and offers; its uuids, which are fresh in each answer, do not count."""
    told = card.to_json()
    del told["uuid"]
    for suggestion in told.get("suggestions", ()):
        del suggestion["uuid"]
    return fingerprint(told)


def of_cards(cards: Iterable[str]) -> str:
    """Of all cards of an answer, in their order, from the fingerprint of each."""
    return fingerprint(list(cards))


@cache
def of_rules(guideline: Guideline) -> str:
    """Of the files that decide what an answer says: the guideline's, and ours from the record to the card."""
    ours = [path for room in (mappings, service) for path in _sources(Path(str(room.__file__)).parent)]
    return _of_files({*ours, *_sources(guideline.folder)})


@cache
def of_value_sets(guideline: Guideline, concept_maps: tuple[Path, ...]) -> str:
    """Of the code lists: those that we ship, the guideline's, and the site's own."""
    lists = [*Path(str(mappings.__file__)).parent.rglob("*.csv"), *concept_maps]
    if guideline.valuesets is not None:
        lists += guideline.valuesets.rglob("*.csv")
    return _of_files(lists)


def of_answer(
    body: Any, request: bytes, guideline: Guideline, concept_maps: tuple[Path, ...], settings: str
) -> dict[str, str]:
    """Those of an answer by their columns; `request` is `without_token` of the body, `settings` the fingerprint of these."""
    return {
        "request_fingerprint": of_request(body, request),
        "rules_fingerprint": of_rules(guideline),
        "value_sets_fingerprint": of_value_sets(guideline, concept_maps),
        "settings_fingerprint": settings,
    }


def of_settings(world: World, guideline: Guideline, timezone: str, messaging_client: str = "") -> str:
    """Of the choices of the site, and of the client whose world it is; it is named where links name it."""
    choices: dict[str, Any] = {
        field.name: getattr(world, field.name) for field in fields(world) if field.name not in NOT_OF_THE_SETTINGS
    }
    choices["allowlist"] = world.allowlist.bases
    choices["clinical"] = world.clinical[guideline.id]
    return fingerprint({**choices, "timezone": timezone, "messaging_client": messaging_client})


def _sources(package: Path) -> Iterable[Path]:
    for path in package.rglob("*"):
        inside = path.relative_to(package).parts
        if path.suffix in (".py", ".po") and inside[0] not in UNSEEN:
            yield path


def _of_files(paths: Iterable[Path]) -> str:
    """Of their names, without their folders, and of what they hold."""
    whole = hashlib.sha256()
    for path in sorted(paths, key=lambda one: (one.name, str(one))):
        whole.update(path.name.encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Names of patients that lead back to nobody without the key: a keyed hash (HMAC-SHA256); none without a key."""

    key: bytes

    def of(self, client: str, patient_id: str) -> str | None:
        """The pseudonym of a patient of one client, whose ids mean others at another client."""
        if not self.key:
            return None
        told = orjson.dumps([client, patient_id])
        return hmac.new(self.key, told, hashlib.sha256).hexdigest()


SHORTEST_KEY = 32
"""Bytes of a key: as long as the hash that it keys (RFC 2104, section 3)."""


def read_key(path: Path | None) -> bytes:
    """The key of a file; none without one. Raises `ValueError` for one that is too short, `OSError` where it cannot be read."""
    if path is None:
        return b""
    key = path.read_bytes().strip()
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"{path} holds fewer than {SHORTEST_KEY} bytes")
    return key
