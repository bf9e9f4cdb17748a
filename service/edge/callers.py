"""Who a request is answered for: the client of its token, or anybody, where the site allows it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from werkzeug.wrappers import Request

from mappings.wording import Said, _
from service.edge.authentication import REQUEST_ID, Authentication, Unauthenticated
from service.edge.clients import read_clients, refuse_unknown_services
from service.edge.metrics import CallerMetrics
from service.edge.rates import Rates
from service.edge.replay import StoreUnusable, TokensInDatabase
from service.edge.shared_memory import SharedMemory
from service.languages.render import Language
from service.ledger.database import Database
from service.settings import InvalidSetting, Settings
from service.world import World

NOBODY_REGISTERED = (
    "no client is registered, so that every hook is refused: name a client registry in OSTEOCDS_CLIENTS (docs/clients.md), or "
    "set OSTEOCDS_ALLOW_UNAUTHENTICATED=1 to try the service out without tokens"
)
OPEN = (
    "OSTEOCDS_ALLOW_UNAUTHENTICATED=1: whoever reaches the service is answered without a token; to try it out, never with "
    "patients"
)

DATABASE_UNUSABLE = "the database cannot be used"
TOKENS_UNTAKEN = "Redis cannot be used, so that no token can be taken"
UNCHECKED = "Redis cannot be used: tokens are taken without a look at whether they were taken before"
"""What `/health/ready` says, and `osteocds certify` knows again."""


def at_start(settings: Settings) -> str:
    """What whoever starts the service is told of who may call; nothing where clients alone may."""
    if settings.allow_unauthenticated:
        return OPEN
    return "" if settings.clients is not None else NOBODY_REGISTERED


class NobodyRegistered(Unauthenticated):
    """There is no client whose token could be valid; whoever sets the service up is told how to go on."""

    def __init__(self) -> None:
        super().__init__(NOBODY_REGISTERED)
        self.problems = {"": NOBODY_REGISTERED}


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom a request is answered; no name where it came without a token.

    `messaging_client` is its name where its EHR takes messages of our pages, for their links. In `shadow` no card is shown.
    `services` are the ids of those that it may call; all where there are none.
    """

    name: str
    world: World
    language: Language
    messaging_client: str = ""
    shadow: bool = False
    services: frozenset[str] = frozenset()

    def may_call(self, service_id: str) -> bool:
        """Whether the service is one of those that are listed for it."""
        return not self.services or service_id in self.services


class Callers:
    """The clients of the registry; beside them anybody, where the settings allow it."""

    def __init__(
        self, settings: Settings, world: World, database: Database, counted: CallerMetrics, services: Collection[str]
    ) -> None:
        """Raises `InvalidSetting` for a registry, or an address of Redis, that cannot be used."""
        clients = () if settings.clients is None else read_clients(settings.clients, world, settings.language)
        if settings.clients is not None:
            refuse_unknown_services(settings.clients, clients, services)
        for client in clients:
            if not settings.public_url and not client.audiences:
                told = _(
                    "{path}: [{client}] names no audiences, and OSTEOCDS_PUBLIC_URL is not set: nothing says what the audience "
                    "of its tokens is",
                    path=str(settings.clients),
                    client=client.name,
                )
                raise InvalidSetting(Said(told))
        self.messaging = {client.name: client.messaging for client in clients if client.messaging is not None}
        self.cors_origins = tuple(origin for client in clients for origin in client.cors_origins)
        anybody = Caller("", world.of_anybody(), settings.language)
        self._anybody = anybody if settings.allow_unauthenticated else None
        self._shared = None
        if settings.redis_url:
            self._shared = SharedMemory(settings.redis_url, threads=settings.threads, failed=counted.redis_failed)
        self._allow_unchecked = settings.unchecked_tokens == "allow"
        self._authentication = Authentication(
            clients,
            self._shared or TokensInDatabase(database),
            world.outbound.session,
            Rates(self._shared, counted.limited),
            public_url=settings.public_url,
            allow_unchecked=self._allow_unchecked,
            unchecked=counted.unchecked,
        )
        self._registered = bool(clients)

    def ready(self) -> str:
        """What is said of them where they can be told apart; empty where all is well. Raises `StoreUnusable` where not."""
        if self._shared is None:
            return ""
        try:
            self._shared.probe()
        except StoreUnusable:
            if not self._allow_unchecked:
                raise
            return UNCHECKED
        return ""

    def of(self, request: Request, service_id: str = "", *, now: datetime) -> Caller:
        """The caller of a request, for a service or a page. Raises what `Authentication.client` does."""
        authorization = request.headers.get("Authorization", "")
        if self._anybody is not None and not (authorization and self._registered):
            return self._anybody
        if not self._registered:
            raise NobodyRegistered
        client = self._authentication.client(
            authorization,
            path=request.path,
            service_id=service_id,
            now=now,
            request_id=request.headers.get(REQUEST_ID, ""),
        )
        messaging = client.name if client.messaging is not None else ""
        return Caller(client.name, client.world, client.language, messaging, client.shadow, frozenset(client.services))
