"""The clients that may call: each with its issuer, its keys and its own choices, read from one TOML file at the start.

A `[name]` table a client; its keys are the rows of `KEYS`. What a client leaves open is as the service's settings say.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError

from service.edge.keys import PublicKeys
from service.gathering.allowlist import Allowlist
from service.languages.render import Language
from service.settings import InvalidSetting
from service.world import World

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Messaging:
    """Where pages send what was filled in (SMART Web Messaging): the origin of the EHR's pages, the handle of messages."""

    origin: str
    handle: str


@dataclass(frozen=True, slots=True)
class Client:
    """One client. `keys` are its own, `jku` the one address where it publishes them; one of the two is set.

    `audiences` are what its tokens may name beside the service's public address, `tenants` those of its tokens that are
    served (all where there are none), `services` the ids that it may call (all where there are none). `messaging` is set
    where its EHR takes messages of our pages.
    """

    name: str
    issuer: str
    world: World
    language: Language
    keys: PublicKeys | None = None
    jku: str = ""
    audiences: frozenset[str] = frozenset()
    tenants: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    cors_origins: tuple[str, ...] = ()
    messaging: Messaging | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a client's table: what it takes, and what it is. The documentation is written from these rows."""

    takes: str
    help: str
    read: Callable[[Any], Any]


def _text(told: Any) -> str:
    if not isinstance(told, str) or not told.strip():
        raise ValueError
    return told.strip()


def _texts(told: Any) -> tuple[str, ...]:
    if not isinstance(told, list):
        raise TypeError
    return tuple(_text(one) for one in told)


def _flag(told: Any) -> bool:
    if not isinstance(told, bool):
        raise TypeError
    return told


def _positive(told: Any) -> int:
    if not isinstance(told, int) or isinstance(told, bool) or told < 1:
        raise ValueError
    return told


def _one_of(*values: str) -> Callable[[Any], str]:
    def read(told: Any) -> str:
        if told not in values:
            raise ValueError
        return str(told)

    return read


def _published(told: Any) -> str:
    """An https address; http on this machine alone."""
    url = urlsplit(_text(told))
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in LOOPBACK):
        raise ValueError
    return _text(told)


_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]{1,253})(?::[0-9]{1,5})?\Z")


def _origin(told: Any) -> str:
    """Scheme, host and port of pages, as a header may name them; http on this machine alone."""
    origin = _ORIGIN.match(_text(told))
    if origin is None or (origin["scheme"] == "http" and origin["host"] not in LOOPBACK):
        raise ValueError
    return _text(told)


KEYS: Mapping[str, Key] = {
    "issuer": Key("a text", "`iss` of its tokens; required", _text),
    "jku": Key("an https address", "where it publishes its keys (JWKS); no other is ever fetched", _published),
    "jwks": Key("a path", "file of its keys (JWKS), from this file's folder; instead of `jku`", _text),
    "audiences": Key("a list of texts", "`aud` of its tokens beside the service's public address", _texts),
    "tenants": Key("a list of texts", "`tenant` of the tokens that are served; all by default", _texts),
    "fhir_bases": Key("a list of addresses", "FHIR bases that may be called for it", _texts),
    "language": Key("en or fr", "language of cards where `Accept-Language` names neither", _one_of("en", "fr")),
    "services": Key("a list of ids", "services that it may call; all by default", _texts),
    "selection_behavior": Key("any or at-most-one", "`selectionBehavior` of its cards", _one_of("any", "at-most-one")),
    "single_action": Key("true or false", "one action a suggestion", _flag),
    "max_cards": Key("a positive whole number", "most cards of one answer", _positive),
    "missing_resource_types": Key("a list of types", "FHIR resource types that its servers do not have", _texts),
    "cors_origins": Key("a list of origins", "pages that browsers may call from", _texts),
    "messaging_origin": Key(
        "an origin", "its pages that take a filled-in score as a message; none by default", _origin
    ),
    "messaging_handle": Key("a text", "the `messagingHandle` of those messages; beside `messaging_origin`", _text),
}
OF_THE_WORLD = ("selection_behavior", "single_action", "max_cards")


def read_clients(path: Path, world: World, language: Language) -> tuple[Client, ...]:
    """The clients of a registry; what they leave open is of `world` and `language`.

    Raises `InvalidSetting`, naming file, line and key.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSetting(f"{path}: no client registry can be read ({error})") from error
    clients = []
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise InvalidSetting(f"{path}: {_line(text, '', name)}{name} stands outside a client: begin with [{name}]")
        clients.append(_client(path, text, name, table, world, language))
    if not clients:
        raise InvalidSetting(f"{path}: it names no client: begin one with [name]")
    _refuse_ambiguous(path, clients)
    return tuple(clients)


def _client(path: Path, text: str, name: str, table: Mapping[str, Any], world: World, language: Language) -> Client:
    told: dict[str, Any] = {}
    for key, value in table.items():
        where = f"{path}: {_line(text, name, key)}[{name}] {key}"
        row = KEYS.get(key)
        if row is None:
            near = difflib.get_close_matches(key, KEYS, n=1)
            raise InvalidSetting(f"{where}: no such key{f'; is it {near[0]}?' if near else ''}")
        try:
            told[key] = row.read(value)
        except (TypeError, ValueError):
            raise InvalidSetting(f"{where}: takes {row.takes}") from None
    if "issuer" not in told:
        raise InvalidSetting(f"{path}: [{name}] has no issuer")
    if ("jku" in told) == ("jwks" in told):
        raise InvalidSetting(f"{path}: [{name}] has either jku or jwks, one of them")
    if ("messaging_origin" in told) != ("messaging_handle" in told):
        raise InvalidSetting(f"{path}: [{name}] has both messaging_origin and messaging_handle, or neither")
    own = {key: told[key] for key in OF_THE_WORLD if key in told}
    if "fhir_bases" in told:
        try:
            own["allowlist"] = Allowlist(told["fhir_bases"])
        except ValueError as error:
            raise InvalidSetting(f"{path}: {_line(text, name, 'fhir_bases')}[{name}] fhir_bases: {error}") from None
    if "missing_resource_types" in told:
        own["missing_resource_types"] = frozenset(told["missing_resource_types"])
    return Client(
        name=name,
        issuer=told["issuer"],
        world=replace(world, **own),
        language=Language(told.get("language", language)),
        keys=_keys(path, name, told["jwks"]) if "jwks" in told else None,
        jku=told.get("jku", ""),
        audiences=frozenset(told.get("audiences", ())),
        tenants=frozenset(told.get("tenants", ())),
        services=frozenset(told.get("services", ())),
        cors_origins=told.get("cors_origins", ()),
        messaging=Messaging(told["messaging_origin"], told["messaging_handle"]) if "messaging_origin" in told else None,
    )


def _keys(path: Path, name: str, jwks: str) -> PublicKeys:
    file = path.parent / jwks
    try:
        return PublicKeys(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, ValueError, JoseError) as error:
        raise InvalidSetting(f"{path}: [{name}] jwks: {file} holds no usable key ({type(error).__name__})") from None


def _refuse_ambiguous(path: Path, clients: Iterable[Client]) -> None:
    """Two clients of one issuer are told apart by their tenants."""
    by_issuer: dict[str, list[Client]] = {}
    for client in clients:
        for other in by_issuer.setdefault(client.issuer, []):
            if not client.tenants or not other.tenants or client.tenants & other.tenants:
                raise InvalidSetting(
                    f"{path}: [{other.name}] and [{client.name}] have one issuer: give each its tenants"
                )
        by_issuer[client.issuer].append(client)


def _line(text: str, table: str, key: str) -> str:
    """Where a key stands, as «line 7: »; nothing where it is written in another way than one a line."""
    inside = not table
    for number, line in enumerate(text.splitlines(), 1):
        written = line.strip()
        if written.startswith("["):
            inside = written.strip("[] \"'") == table
        elif inside and written.partition("=")[0].strip(" \"'") == key:
            return f"line {number}: "
    return ""
