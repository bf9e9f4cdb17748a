"""The public keys of a client: from a file, or from the one address where it publishes them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, TypeAlias

import orjson
import requests
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from service.edge.worker import waiting
from service.gathering.daemon_threads import DaemonThreads

ALGORITHMS: Mapping[str, type[ECKey | RSAKey]] = {"RS384": RSAKey, "ES384": ECKey}
"""Those that CDS Hooks recommends (2.0.1, "JWT Signing Algorithm"), and the kind of key that each takes."""

PublicKey: TypeAlias = ECKey | RSAKey

CURVE = "P-384"
FEWEST_RSA_BITS = 2048
BITS_OF_A_LETTER = 6
"""Of base64."""

MOST_KEYS = 50
MOST_KEY_SET_BYTES = 100_000
FETCH_SECONDS = 2.0
FETCHES_AT_ONCE = 2
"""Of the keys of one address: one, and one that hangs from before."""

KEPT_SECONDS = 3600.0
"""How long published keys are kept; an unknown one is asked for sooner."""

ASKED_AGAIN_SECONDS = 30.0
"""How long a client's address is left alone after it was asked, whatever it said."""

_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")


class PublicKeys:
    """The keys of a JWKS that may verify a token, by `kid`. Two of one `kid` verify nothing."""

    def __init__(self, told: object) -> None:
        """Raises `ValueError` where it is no JWKS, or holds none of ours."""
        listed = told.get("keys") if isinstance(told, dict) else None
        if not isinstance(listed, list) or len(listed) > MOST_KEYS:
            raise ValueError("no JWKS")
        self._keys: dict[str, PublicKey | None] = {}
        for one in listed:
            if isinstance(one, dict) and isinstance(kid := one.get("kid"), str) and (key := _usable(one)) is not None:
                self._keys[kid] = None if kid in self._keys else key
        if not self._keys:
            raise ValueError("no key of RS384 or ES384 with a kid")

    def of(self, kid: str) -> PublicKey | None:
        """The one key of this `kid`."""
        return self._keys.get(kid)


def _usable(told: Mapping[str, Any]) -> PublicKey | None:
    """A public key of an algorithm of ours; None for any other, of which a JWKS may have some."""
    if told.get("use") not in (None, "sig") or told.get("alg") not in (None, *ALGORITHMS):
        return None
    public = {name: value for name, value in told.items() if name not in _PRIVATE}
    try:
        if told.get("kty") == "RSA" and len(told["n"]) * BITS_OF_A_LETTER >= FEWEST_RSA_BITS:
            return RSAKey.import_key(public)
        if told.get("kty") == "EC" and told.get("crv") == CURVE:
            return ECKey.import_key(public)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return None


class NoKeys(Exception):
    """The published keys could not be had; the text says why, for the log."""


class PublishedKeys:
    """The keys of one address, kept for a while. One thread asks; the others use what there is, or wait for it."""

    def __init__(self, jku: str, session: requests.Session, clock: Callable[[], float] = time.monotonic) -> None:
        self._jku = jku
        self._session = session
        self._threads = DaemonThreads(FETCHES_AT_ONCE, waiting=0, name="keys")
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: PublicKeys | None = None
        self._until = self._again = float("-inf")

    def of(self, kid: str) -> PublicKey | None:
        """The one key of this `kid`. Raises `NoKeys` where none could ever be fetched."""
        # Whoever names a key that there is not has the address asked: those that name one that there is do not wait for that.
        if self._keys is not None and self._clock() < self._until and (held := self._keys.of(kid)) is not None:
            return held
        with self._lock:
            now = self._clock()
            known = None if self._keys is None else self._keys.of(kid)
            if (known is None or now >= self._until) and now >= self._again:
                self._again = now + ASKED_AGAIN_SECONDS
                try:
                    self._keys, self._until = self._fetch(), now + KEPT_SECONDS
                except NoKeys:
                    if self._keys is None:
                        raise
                return None if self._keys is None else self._keys.of(kid)
            if self._keys is None:
                raise NoKeys("its keys could not be fetched a moment ago")
            return known

    def _fetch(self) -> PublicKeys:
        """Name resolution included, it takes no longer than `FETCH_SECONDS`."""
        deadline = time.monotonic() + FETCH_SECONDS
        try:
            with waiting():
                return self._threads.submit(self._download, deadline).result(timeout=FETCH_SECONDS)
        except (FutureTimeout, CancelledError):
            raise NoKeys("its keys did not come in time") from None
        except (requests.RequestException, ValueError) as error:
            raise NoKeys(f"its keys could not be fetched ({type(error).__name__})") from None

    def _download(self, deadline: float) -> PublicKeys:
        asked = {"Accept": "application/json", "Accept-Encoding": "identity"}
        with self._session.get(
            self._jku, timeout=FETCH_SECONDS, stream=True, allow_redirects=False, headers=asked
        ) as answer:
            if answer.status_code != requests.codes.ok:
                raise ValueError("not 200")
            held = bytearray()
            while part := answer.raw.read1(8192):
                held += part
                if len(held) > MOST_KEY_SET_BYTES or time.monotonic() > deadline:
                    raise ValueError("too long")
            return PublicKeys(orjson.loads(bytes(held)))
