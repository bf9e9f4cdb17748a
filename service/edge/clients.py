"""The clients that may call: each with its issuer, its keys and its own choices, read from one TOML file at the start.

A `[name]` table a client; its keys are the rows of `KEYS`. What a client leaves open is as the service's settings say.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError

from cds_hooks import LINK_TYPES
from mappings.wording import Said, Text, _
from service.edge.keys import PublicKeys
from service.gathering.allowlist import Allowlist
from service.languages.render import LANGUAGES, Language
from service.settings import InvalidSetting, nearest
from service.world import World

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Messaging:
    """Where pages send what was filled in (SMART Web Messaging): the origin of the EHR's pages, the handle of messages."""

    origin: str
    handle: str


@dataclass(frozen=True, slots=True)
class Client:
    """One client. `keys` are its own, `jku` the one address where it publishes them; one of the two is set, or both.

    Where both are, its tokens may name the address, and nothing is fetched.

    `audiences` are what its tokens may name beside the service's public address, `tenants` those of its tokens that are
    served (all where there are none), `services` the ids that it may call (all where there are none). `messaging` is set
    where its EHR takes messages of our pages. `requests_per_minute` is None where it may send any. In
    `shadow` it is evaluated and noted, and answered without a card.
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
    requests_per_minute: int | None = None
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a client's table: what it takes (`Said`), and what it is. The documentation is written from these rows."""

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


def _some_texts(told: Any) -> tuple[str, ...]:
    """An empty list would pass for all, and who writes one means none."""
    if not (texts := _texts(told)):
        raise ValueError
    return texts


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


def _link_types(told: Any) -> frozenset[str]:
    types = frozenset(_texts(told))
    if not types.issubset(LINK_TYPES):
        raise ValueError
    return types


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
    "issuer": Key(Said(_("a text")), "`iss` of its tokens; required", _text),
    "jku": Key(Said(_("an https address")), "where it publishes its keys (JWKS); no other is ever fetched", _published),
    "jwks": Key(
        Said(_("a path")),
        "file of its keys (JWKS), from this file's folder: none are fetched; `jku` beside it where tokens name one",
        _text,
    ),
    "audiences": Key(Said(_("a list of texts")), "`aud` of its tokens beside the service's public address", _texts),
    "tenants": Key(Said(_("a list of texts")), "`tenant` of the tokens that are served; all by default", _some_texts),
    "fhir_bases": Key(Said(_("a list of addresses")), "FHIR bases that may be called for it", _texts),
    "language": Key(
        Said(_("one of {values}", values=LANGUAGES)),
        "language of cards where `Accept-Language` names none of them",
        _one_of(*Language),
    ),
    "services": Key(Said(_("a list of ids")), "services that it may call; all by default", _some_texts),
    "selection_behavior": Key(
        Said(_("any or at-most-one")), "`selectionBehavior` of its cards", _one_of("any", "at-most-one")
    ),
    "single_action": Key(Said(_("true or false")), "one action a suggestion", _flag),
    "max_cards": Key(Said(_("a positive whole number")), "most cards of one answer", _positive),
    "link_types": Key(
        Said(_("a list of absolute, smart")),
        "types of links that it shows; ours are absolute, and `[]` has none sent, in `source.url` neither",
        _link_types,
    ),
    "card_audience": Key(
        Said(_("everyone or clinicians")),
        "clinicians: cards come without what they say to those who run the systems (`technical` of the extension)",
        _one_of("everyone", "clinicians"),
    ),
    "calendar_links": Key(
        Said(_("true or false")),
        "whether cards link to `/calendar/{hookInstance}`: only where whoever follows a link sends the client's token with it "
        "(its own browser, or its gateway), and where `OSTEOCDS_LEDGER_KEEPS` has `requests`; false by default",
        _flag,
    ),
    "missing_resource_types": Key(
        Said(_("a list of types")), "FHIR resource types that its servers do not have", _texts
    ),
    "requests_per_minute": Key(
        Said(_("a positive whole number")),
        "most requests that it may send a minute; beyond it 429; any by default",
        _positive,
    ),
    "shadow": Key(
        Said(_("true or false")),
        "true: its hooks are evaluated and noted in the ledger, and answered without a card",
        _flag,
    ),
    "cors_origins": Key(Said(_("a list of origins")), "pages that browsers may call from", _texts),
    "messaging_origin": Key(
        Said(_("an origin")), "its pages that take a filled-in score as a message; none by default", _origin
    ),
    "messaging_handle": Key(
        Said(_("a text")), "the `messagingHandle` of those messages; beside `messaging_origin`", _text
    ),
}
OF_THE_WORLD = ("selection_behavior", "single_action", "max_cards", "link_types", "card_audience", "calendar_links")


def read_clients(path: Path, world: World, language: Language) -> tuple[Client, ...]:
    """The clients of a registry; what they leave open is of `world` and `language`.

    Raises `InvalidSetting`, naming file, line and key.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        told = _("{path}: no client registry can be read ({error})", path=str(path), error=str(error))
        raise InvalidSetting(Said(told)) from error
    clients = []
    for name, table in tables.items():
        if not isinstance(table, dict):
            told = _(
                "{where}{name} stands outside a client: begin with [{name}]",
                where=_place(path, text, "", name),
                name=name,
            )
            raise InvalidSetting(Said(told))
        clients.append(_client(path, text, name, table, world, language))
    if not clients:
        raise InvalidSetting(Said(_("{path}: it names no client: begin one with [name]", path=str(path))))
    _refuse_ambiguous(path, clients)
    return tuple(clients)


def _client(path: Path, text: str, name: str, table: Mapping[str, Any], world: World, language: Language) -> Client:
    told: dict[str, Any] = {}
    for key, value in table.items():
        where = _("{place}[{client}] {key}", place=_place(path, text, name, key), client=name, key=key)
        row = KEYS.get(key)
        if row is None:
            unknown = _("{where}: no such key; is it {near}?", near=nearest(key, KEYS), where=where)
            raise InvalidSetting(Said(unknown))
        try:
            told[key] = row.read(value)
        except (TypeError, ValueError):
            raise InvalidSetting(Said(_("{where}: takes {what}", where=where, what=row.takes))) from None
    if "issuer" not in told:
        raise InvalidSetting(Said(_("{path}: [{client}] has no issuer", path=str(path), client=name)))
    if "jku" not in told and "jwks" not in told:
        raise InvalidSetting(Said(_("{path}: [{client}] has neither jku nor jwks", path=str(path), client=name)))
    if ("messaging_origin" in told) != ("messaging_handle" in told):
        neither = _("{path}: [{client}] has both messaging_origin and messaging_handle, or neither", path=str(path))
        raise InvalidSetting(Said(neither.with_(client=name)))
    own = {"calendar_links": False} | {key: told[key] for key in OF_THE_WORLD if key in told}
    if "fhir_bases" in told:
        try:
            own["allowlist"] = Allowlist(told["fhir_bases"])
        except ValueError as error:
            place = _place(path, text, name, "fhir_bases")
            where = _("{place}[{client}] {key}", place=place, client=name, key="fhir_bases")
            raise InvalidSetting(Said(_("{what}: {why}", what=where, why=error.args[0]))) from None
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
        requests_per_minute=told.get("requests_per_minute"),
        shadow=told.get("shadow", False),
        messaging=Messaging(told["messaging_origin"], told["messaging_handle"]) if "messaging_origin" in told else None,
    )


def _keys(path: Path, name: str, jwks: str) -> PublicKeys:
    file = path.parent / jwks
    try:
        return PublicKeys(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, ValueError, JoseError) as error:
        told = _(
            "{path}: [{client}] jwks: {file} holds no usable key ({error})",
            path=str(path),
            client=name,
            file=str(file),
            error=type(error).__name__,
        )
        raise InvalidSetting(Said(told)) from None


def refuse_unknown_services(path: Path, clients: Iterable[Client], published: Collection[str]) -> None:
    """Raise `InvalidSetting` for a service that is listed for a client, and published by none of ours."""
    for client in clients:
        for unknown in sorted(client.services - set(published)):
            place = _place(path, path.read_text(encoding="utf-8"), client.name, "services")
            where = _("{place}[{client}] {key}", place=place, client=client.name, key="services")
            told = _("{where}: no such service; is it {near}?", where=where, near=nearest(unknown, published))
            raise InvalidSetting(Said(told))


def _refuse_ambiguous(path: Path, clients: Iterable[Client]) -> None:
    """Two clients of one issuer are told apart by their tenants."""
    by_issuer: dict[str, list[Client]] = {}
    for client in clients:
        for other in by_issuer.setdefault(client.issuer, []):
            if not client.tenants or not other.tenants or client.tenants & other.tenants:
                told = _(
                    "{path}: [{one}] and [{other}] have one issuer: give each its tenants",
                    path=str(path),
                    one=other.name,
                    other=client.name,
                )
                raise InvalidSetting(Said(told))
        by_issuer[client.issuer].append(client)


def _place(path: Path, text: str, table: str, key: str) -> Text:
    """The file, and the line of a key; without it where it is written in another way than one a line."""
    inside = not table
    for number, line in enumerate(text.splitlines(), 1):
        written = line.strip()
        if written.startswith("["):
            inside = written.strip("[] \"'") == table
        elif inside and written.partition("=")[0].strip(" \"'") == key:
            return _("{path}: line {number}: ", path=str(path), number=number)
    return _("{path}: ", path=str(path))
