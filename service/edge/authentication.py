"""Who calls: the JWT of a request, checked as CDS Hooks 2.0.1 asks ("Trusting CDS Clients", "JWT")."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import requests
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

from cds_hooks import ProtocolError
from service.edge.clients import Client
from service.edge.keys import ALGORITHMS, NoKeys, PublicKey, PublishedKeys
from service.edge.rates import Rates
from service.edge.replay import ReplayStore, StoreUnusable

LONGEST_TOKEN = 8192
"""Characters; one of a client has fewer than 2 000."""

LONGEST_CLAIM = 512
MOST_AUDIENCES = 10
LEEWAY_SECONDS = 60
LONGEST_LIFE_SECONDS = 3600
"""From `iat` to `exp`: how long a token must be remembered, so that it is taken once. CDS Hooks proposes five minutes."""

LAST_MOMENT = 1e11
"""Seconds since 1970, in the year 5138: no later one is a moment."""

NOT_TAKEN = frozenset({"jwk", "x5c", "x5u", "crit", "b64", "zip", "enc"})
"""Members of a token's header that bring a key, or change what it means; one with them is refused. Others that are not understood
say nothing (RFC 7515, section 4): .NET's libraries write `x5t`."""


_HALF_A_SIGN = re.compile("[\ud800-\udfff]")
"""Which JSON can write and no encoding has."""


class Unauthenticated(ProtocolError):
    """The caller is not one of the clients; `reason` is for the log, the answer does not tell."""

    status = 401
    code = "login"

    def __init__(self, reason: str) -> None:
        super().__init__({"": "a valid token of a registered client is needed"})
        self.reason = reason


REQUEST_ID = "OsteoCDS-Request-Id"
"""The header in which a balancer names each request, and overwrites whatever a client has put there (docs/clients.md)."""

A_REQUEST_ID = re.compile("[0-9a-f]{32}")
"""Sixteen random bytes, which nobody guesses: nginx's `$request_id`."""


class Unchecked(ProtocolError):
    """A token that holds, but nobody can tell now whether it was taken before."""

    status = 503
    code = "transient"

    def __init__(self) -> None:
        super().__init__({"": "whether the token was used before cannot be checked now: try again in a moment"})


class NotItsService(ProtocolError):
    """A client called a service that is not listed for it."""

    status = 403
    code = "forbidden"


class Authentication:
    """Tells the client of a request by its token. Shared by all requests of a process."""

    def __init__(
        self,
        clients: Sequence[Client],
        replay: ReplayStore,
        session: requests.Session,
        rates: Rates,
        *,
        public_url: str,
        allow_unchecked: bool,
        unchecked: Callable[[str], None],
    ) -> None:
        """Where `allow_unchecked`, a token is taken that cannot be checked for a second use; `unchecked` counts it."""
        self._clients: dict[str, list[Client]] = {}
        for client in clients:
            self._clients.setdefault(client.issuer, []).append(client)
        addresses = {client.jku for client in clients if client.keys is None}
        self._published = {jku: PublishedKeys(jku, session) for jku in addresses}
        self._replay = replay
        self._rates = rates
        self._allow_unchecked = allow_unchecked
        self._unchecked = unchecked
        self._public_url = public_url.rstrip("/")

    def client(self, authorization: str, *, path: str, service_id: str, now: datetime, request_id: str = "") -> Client:
        """The client whose token `authorization` (the header) carries, for a call of `path`; no `service_id` is a page.

        `request_id` is what a balancer calls the request, `REQUEST_ID`: what it asks again of another replica has the same.

        Raises `Unauthenticated` with the reason for the log, `Unchecked`, `TooManyRequests`, `NotItsService`.
        """
        token = _bearer(authorization)
        header, said = _unverified(token)
        client = self._of(said)
        key = self._key(client, header)
        claims = _verified(token, key, header["alg"])
        moment = int(now.timestamp())
        self._check_audience(client, claims, path)
        expires = _check_times(claims, moment)
        self._check_once(client, claims, expires, moment, request_id)
        # Not before: whoever repeats a client's tokens must not use up what it may send.
        self._rates.check(client, moment)
        if service_id and client.services and service_id not in client.services:
            raise NotItsService({"": "this service is not one of those listed for the client"})
        return client

    def _of(self, said: Mapping[str, Any]) -> Client:
        """The client of issuer and tenant, as the token says before it is verified."""
        issuer, tenant = said.get("iss"), said.get("tenant")
        of_issuer = self._clients.get(issuer, []) if isinstance(issuer, str) else []
        if not of_issuer:
            raise Unauthenticated("the issuer is not registered")
        for client in of_issuer:
            if not client.tenants or (isinstance(tenant, str) and tenant in client.tenants):
                return client
        raise Unauthenticated("the tenant is not registered")

    def _key(self, client: Client, header: Mapping[str, Any]) -> PublicKey:
        jku, kid = header.get("jku"), header.get("kid")
        if jku is not None and jku != client.jku:
            raise Unauthenticated("its jku is not the one that is registered")
        if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_CLAIM:
            raise Unauthenticated("it names no key (kid)")
        try:
            key = client.keys.of(kid) if client.keys is not None else self._published[client.jku].of(kid)
        except NoKeys as error:
            raise Unauthenticated(str(error)) from None
        if key is None:
            raise Unauthenticated("its key (kid) is not known, or stands twice")
        if not isinstance(key, ALGORITHMS[header["alg"]]):
            raise Unauthenticated("its key is of another algorithm")
        return key

    def _check_audience(self, client: Client, claims: Mapping[str, Any], path: str) -> None:
        told = claims.get("aud")
        listed = told if isinstance(told, list) else [told]
        named = [one for one in listed if isinstance(one, str)]
        if len(listed) > MOST_AUDIENCES or len(named) < len(listed):
            raise Unauthenticated("its audience (aud) is no text, or too many")
        base, path = self._public_url, path.rstrip("/")
        ours = (
            {base, f"{base}/cds-services", f"{base}{path}", f"{base}{path.removesuffix('/feedback')}"}
            if base
            else set()
        )
        if not {one.rstrip("/") for one in named} & (ours | {one.rstrip("/") for one in client.audiences}):
            raise Unauthenticated("its audience (aud) is not this service")

    def _check_once(
        self, client: Client, claims: Mapping[str, Any], expires: int, moment: int, request_id: str
    ) -> None:
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_CLAIM or _HALF_A_SIGN.search(jti):
            raise Unauthenticated("it has no jti")
        seen = hashlib.sha256(f"{client.issuer}\n{jti}".encode()).hexdigest()
        same = (
            hashlib.sha256(f"{seen}\n{request_id}".encode()).hexdigest() if A_REQUEST_ID.fullmatch(request_id) else ""
        )
        try:
            first = self._replay.first(seen, expires=expires + LEEWAY_SECONDS, now=moment, request=same)
        except StoreUnusable:
            if not self._allow_unchecked:
                self._unchecked("refused")
                raise Unchecked from None
            self._unchecked("allowed")
            return
        if not first:
            raise Unauthenticated("it comes a second time (jti)")


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("no bearer token")
    if len(token) > LONGEST_TOKEN:
        raise Unauthenticated("its token is too long")
    return token.strip()


def _unverified(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims as they are written, to choose the key by; nothing else may rest on them."""
    try:
        written = jws.extract_compact(token.encode("ascii"))
        header = written.protected
        claims = json.loads(written.payload, object_pairs_hook=_each_once)
        json.loads(urlsafe_b64decode(token.partition(".")[0].encode()), object_pairs_hook=_each_once)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Unauthenticated("its token cannot be read") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Unauthenticated("its token cannot be read")
    if header.get("alg") not in tuple(ALGORITHMS):  # which compares, where a mapping would want to hash
        raise Unauthenticated("its algorithm is not RS384 or ES384")
    if not NOT_TAKEN.isdisjoint(header) or header.get("typ", "JWT") not in ("JWT", "jwt"):
        raise Unauthenticated("its header has members that are not taken")
    return header, claims


def _each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object; one that stands twice may be read in two ways (RFC 7519, section 4)."""
    told = dict(members)
    if len(told) < len(members):
        raise ValueError("a member stands twice")
    return told


def _verified(token: str, key: PublicKey, algorithm: str) -> Mapping[str, Any]:
    # Not strict: the members of the header were looked at before.
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    try:
        claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=[algorithm], registry=registry).claims
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Unauthenticated("its signature does not hold") from None
    return claims


def _check_times(claims: Mapping[str, Any], moment: int) -> int:
    """Its `exp`, once `exp`, `iat` and `nbf` hold."""
    expires, issued = _moment(claims, "exp"), _moment(claims, "iat")
    begins = _moment(claims, "nbf") if "nbf" in claims else issued
    if expires + LEEWAY_SECONDS <= moment:
        raise Unauthenticated("it has expired (exp)")
    if max(issued, begins) - LEEWAY_SECONDS > moment:
        raise Unauthenticated("it is not valid yet (iat, nbf)")
    if not 0 <= expires - issued <= LONGEST_LIFE_SECONDS:
        raise Unauthenticated(f"it lives longer than {LONGEST_LIFE_SECONDS} s")
    return int(expires)


def _moment(claims: Mapping[str, Any], name: str) -> float:
    """A claim that is a moment: seconds since 1970."""
    told = claims.get(name)
    if not isinstance(told, int | float) or isinstance(told, bool) or not 0 < told < LAST_MOMENT:
        raise Unauthenticated(f"{name} is missing, or no moment")
    return told
