"""What processes and machines remember together, for a short while, in Redis or Valkey: tokens that were taken, and rates."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, TypeVar

from mappings.wording import Said, _
from service.edge.replay import StoreUnusable
from service.edge.worker import waiting_for_a_moment
from service.gathering.daemon_threads import DaemonThreads
from service.settings import InvalidSetting

if TYPE_CHECKING:
    from redis import Redis

Told = TypeVar("Told")

ANSWER_SECONDS = 0.5
"""How long Redis may take to answer, the look-up of its name and a new connection included."""

PAUSE_SECONDS = 1.0
"""How long it is left alone after it did not answer, so that requests do not wait for it one after the other."""

MINUTE = 60
NO_REQUEST = b"1"
"""Beside a token that was taken with no request that is told."""

PREFIX = "osteocds"


class SharedMemory:
    """One Redis. Each call raises `StoreUnusable` where it does not answer in time; a later one asks it again."""

    def __init__(
        self, url: str, *, threads: int, failed: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Connects to nothing yet. Raises `InvalidSetting` for a URL that is none, and where redis-py is not installed."""
        self._redis = _client(url, threads)
        # A time-out of a socket does not end the look-up of a name.
        self._threads = DaemonThreads(threads, waiting=threads, name="redis")
        self._failed = failed
        self._clock = clock
        self._lock = threading.Lock()
        self._again = float("-inf")

    def first(self, token: str, *, expires: int, now: int, request: str = "") -> bool:
        """As `service.edge.replay.ReplayStore` has it."""
        key, milliseconds = f"{PREFIX}:token:{token}", 1000 * max(1, expires - now)

        def taken() -> bool:
            if self._redis.set(key, request or NO_REQUEST, nx=True, px=milliseconds):
                return True
            return bool(request) and self._redis.get(key) == request.encode()

        return self._asked(taken)

    def count(self, client: str, minute: int) -> int:
        """Count one more request of a client in this minute; how many there are, those of all processes."""
        key = f"{PREFIX}:rate:{client}:{minute}"

        def counted() -> int:
            with self._redis.pipeline(transaction=True) as both:
                both.incr(key)
                both.expire(key, 2 * MINUTE)
                return int(both.execute()[0])

        return self._asked(counted)

    def probe(self) -> None:
        """Raise `StoreUnusable` where it cannot be written now."""
        self._asked(lambda: self._redis.set(f"{PREFIX}:probe", b"1", px=1000), even_in_a_pause=True)

    def _asked(self, call: Callable[[], Told], *, even_in_a_pause: bool = False) -> Told:
        from redis.exceptions import RedisError  # noqa: PLC0415 - as in `_client`

        if not even_in_a_pause and not self._may_be_asked():
            self._failed()
            raise StoreUnusable
        try:
            with waiting_for_a_moment():
                told = self._threads.submit(call).result(timeout=ANSWER_SECONDS)
        except (RedisError, OSError, FutureTimeout, CancelledError):
            with self._lock:
                self._again = self._clock() + PAUSE_SECONDS
            self._failed()
            raise StoreUnusable from None
        self._again = float("-inf")
        return told

    def _may_be_asked(self) -> bool:
        """Not in a pause; at the end of one, one request tries."""
        with self._lock:
            now = self._clock()
            if now < self._again:
                return False
            if self._again > float("-inf"):
                self._again = now + PAUSE_SECONDS
            return True


def _client(url: str, threads: int) -> Redis:
    try:
        # An extra: most sites have one machine, and no Redis.
        from redis import Redis  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        return Redis.from_url(
            url,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            # A connection that Redis has closed meanwhile is made anew, once.
            retry=Retry(NoBackoff(), 1),
            max_connections=2 * threads,
        )
    except (ImportError, ValueError) as error:
        told = _(
            "OSTEOCDS_REDIS_URL takes redis://HOST:PORT/NUMBER, rediss:// or unix://, with redis-py installed "
            "(pip install osteocds[redis]; {error})",
            error=type(error).__name__,
        )
        raise InvalidSetting(Said(told)) from None
