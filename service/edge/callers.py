"""Who a request is answered for: the client of its token, or anybody, where the site allows it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from werkzeug.wrappers import Request

from mappings.wording import Said, _
from service.edge.authentication import Authentication, Unauthenticated
from service.edge.clients import read_clients
from service.edge.replay import ReplayStore
from service.languages.render import Language
from service.ledger.database import Database
from service.settings import InvalidSetting, Settings
from service.world import World

LOG = logging.getLogger("osteocds")

NOBODY_REGISTERED = (
    "no client is registered: name a client registry in OSTEOCDS_CLIENTS, or set OSTEOCDS_ALLOW_UNAUTHENTICATED=1 to serve "
    "requests without a token"
)
OPEN = "no client is registered: requests are served without a token; OSTEOCDS_CLIENTS names who may call"


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom a request is answered; no name where it came without a token.

    `messaging_client` is its name where its EHR takes messages of our pages, for their links.
    """

    name: str
    world: World
    language: Language
    messaging_client: str = ""


class Callers:
    """The clients of the registry; beside them anybody, where the settings allow it."""

    def __init__(self, settings: Settings, world: World, database: Database) -> None:
        """Raises `InvalidSetting` for a registry that cannot be used."""
        clients = () if settings.clients is None else read_clients(settings.clients, world, settings.language)
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
        allowed = settings.allow_unauthenticated
        if allowed is None and not clients:
            allowed = True
            LOG.warning(OPEN)
        self._anybody = Caller("", world, settings.language) if allowed else None
        self._authentication = Authentication(
            clients, ReplayStore(database), world.outbound.session, public_url=settings.public_url
        )
        self._registered = bool(clients)

    def of(self, request: Request, service_id: str, *, now: datetime) -> Caller:
        """The caller of a request. Raises `Unauthenticated`, `NotItsService`."""
        authorization = request.headers.get("Authorization", "")
        if self._anybody is not None and not (authorization and self._registered):
            return self._anybody
        if not self._registered:
            raise Unauthenticated(NOBODY_REGISTERED)
        client = self._authentication.client(authorization, path=request.path, service_id=service_id, now=now)
        return Caller(client.name, client.world, client.language, client.name if client.messaging is not None else "")
