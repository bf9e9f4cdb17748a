"""How many requests a client may send a minute: counted in Redis for all processes, without it by each process for itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from cds_hooks import ProtocolError
from service.edge.clients import Client
from service.edge.replay import StoreUnusable
from service.edge.shared_memory import MINUTE, SharedMemory


class TooManyRequests(ProtocolError):
    """The client has sent as many in this minute as its registry lets it; `retry_after` are the seconds that are left."""

    status = 429
    code = "throttled"

    def __init__(self, retry_after: int) -> None:
        super().__init__({"": "more requests in this minute than the registry lets this client send: try again later"})
        self.retry_after = retry_after


class Rates:
    """The counts of the running minute."""

    def __init__(self, shared: SharedMemory | None, limited: Callable[[str], None]) -> None:
        self._shared = shared
        self._limited = limited
        self._lock = threading.Lock()
        self._minute = 0
        self._own: dict[str, int] = {}

    def check(self, client: Client, moment: int) -> None:
        """Count a request. Raises `TooManyRequests`.

        A Redis that does not answer costs no card: the process then counts for itself.
        """
        if client.requests_per_minute is None:
            return
        minute = moment // MINUTE
        count = self._count(client.name, minute)
        if self._shared is not None:
            with suppress(StoreUnusable):
                count = self._shared.count(client.name, minute)
        if count > client.requests_per_minute:
            self._limited(client.name)
            raise TooManyRequests(MINUTE - moment % MINUTE)

    def _count(self, name: str, minute: int) -> int:
        with self._lock:
            if minute != self._minute:
                self._minute = minute
                self._own.clear()
            self._own[name] = self._own.get(name, 0) + 1
            return self._own[name]
