"""Tokens of a client of the service: those that hold, and every attack on them that `certify`, `make attack` and tests try."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from service.edge.authentication import LEEWAY_SECONDS, LONGEST_LIFE_SECONDS, LONGEST_TOKEN

STRANGER = ECKey.generate_key("P-384", {"kid": "ec"})
"""A key of nobody, under the name of a known one."""

REFUSED = frozenset({400, 401, 403, 413, 431})
"""HTTP statuses that refuse a token."""

STRICTER_THAN_CDS_HOOKS = frozenset(
    {
        *("an audience of many", "of a long life", "too long", "a claim twice", "a header's member twice"),
        *("an embedded key of its kid", "an embedded certificate", "an address of a certificate"),
    }
)
"""Attacks on bounds of ours, which the specification does not set, and tokens that hold beside what they try."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of the client `issuer` for one service of `public_url`, at a moment (seconds since 1970).

    Its keys are registered under the names `rsa` and `ec`.
    """

    issuer: str
    public_url: str
    service: str
    moment: int
    rsa: RSAKey
    ec: ECKey
    early: int = 1
    """Seconds by which a token comes too early, where it does."""

    @property
    def endpoint(self) -> str:
        """The address of the service, which they name as their audience."""
        return f"{self.public_url}/cds-services/{self.service}"

    @property
    def key_set(self) -> dict[str, Any]:
        """The public keys, as they are registered (JWKS)."""
        return {"keys": [self.rsa.as_dict(private=False), self.ec.as_dict(private=False)]}

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Those of a token that holds, so changed; None leaves one out. `number` makes another token of it."""
        told = {
            "iss": self.issuer,
            "aud": self.endpoint,
            "iat": self.moment,
            "exp": self.moment + 300,
            "jti": str(changed.pop("number", 1)),
        }
        told |= changed
        return {name: value for name, value in told.items() if value is not None}

    def token(
        self, key: Any = None, algorithm: str = "ES384", header: Mapping[str, Any] | None = None, **changed: Any
    ) -> str:
        """One that holds, but for what is changed: its key, its algorithm, members of its header, its claims."""
        key = key or self.ec
        head = {"alg": algorithm, "kid": key.kid, "typ": "JWT", **(header or {})}
        registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        return jwt.encode(head, self.claims(**changed), key, algorithms=[algorithm], registry=registry)

    def without(self, claim: str) -> str:
        """One that lacks a claim."""
        lacking: dict[str, Any] = {claim: None}
        return self.token(**lacking)

    def forged(self, header: Mapping[str, Any] | str, sign: Callable[[bytes], bytes], said: str = "") -> str:
        """A token as no library writes it, with a signature of any kind; `said` are its claims as they are written."""
        head = header if isinstance(header, str) else json.dumps({"typ": "JWT", **header})
        parts = [_encoded(head), _encoded(said or json.dumps(self.claims()))]
        return ".".join((*parts, _encoded(sign(".".join(parts).encode()))))

    def by_the_key(self, signed: bytes) -> bytes:
        """A signature that holds."""
        key = self.ec.private_key
        assert key is not None  # noqa: S101 - they are made with one
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA384())))
        return r.to_bytes(48, "big") + s.to_bytes(48, "big")

    def by_the_public_key(self, signed: bytes) -> bytes:
        """HMAC with a secret that everybody knows."""
        return hmac.new(self.rsa.as_pem(private=False), signed, "sha384").digest()

    def attacks(self) -> dict[str, Callable[[], str]]:
        """What each attack is, and its token; an empty one is none at all."""
        token, forged = self.token, self.forged
        return {
            "no token": lambda: "",
            "no signature": lambda: forged({"alg": "none", "kid": "ec"}, lambda _data: b""),
            "HMAC with the public key": lambda: forged({"alg": "HS384", "kid": "rsa"}, self.by_the_public_key),
            "RS384 by HMAC": lambda: forged({"alg": "RS384", "kid": "rsa"}, self.by_the_public_key),
            "a key of nobody": lambda: token(STRANGER),
            "an RSA key for an EC algorithm": lambda: token(header={"kid": "rsa"}),
            "a claim twice": lambda: forged(
                {"alg": "ES384", "kid": "ec"},
                self.by_the_key,
                json.dumps(self.claims())[:-1] + f', "exp": {self.moment + 300}}}',
            ),
            "a header's member twice": lambda: forged('{"alg": "none", "kid": "ec", "alg": "ES384"}', self.by_the_key),
            "an embedded key of its kid": lambda: forged(
                {"alg": "ES384", "kid": "ec", "jwk": STRANGER.as_dict(private=False)}, self.by_the_key
            ),
            "an embedded certificate": lambda: forged({"alg": "ES384", "kid": "ec", "x5c": ["x"]}, self.by_the_key),
            "an address of a certificate": lambda: forged(
                {"alg": "ES384", "kid": "ec", "x5u": "https://e.example"}, self.by_the_key
            ),
            "an unknown kid": lambda: token(header={"kid": "other"}),
            "an algorithm that is no text": lambda: forged({"alg": ["ES384"], "kid": "ec"}, self.by_the_key),
            "no kid": lambda: forged({"alg": "ES384"}, self.by_the_key),
            "a kid that is no text": lambda: forged({"alg": "ES384", "kid": ["ec"]}, self.by_the_key),
            "an embedded key": lambda: token(STRANGER, header={"kid": "other", "jwk": STRANGER.as_dict(private=False)}),
            "a critical extension": lambda: forged(
                {"alg": "ES384", "kid": "ec", "crit": ["exp"], "exp": 1}, self.by_the_key
            ),
            "a foreign jku": lambda: token(header={"jku": "https://evil.example/jwks.json"}),
            "an unknown issuer": lambda: token(iss="https://evil.example"),
            "another audience": lambda: token(aud="https://other.example.org"),
            "an audience that begins as ours": lambda: token(aud=f"{self.public_url}.evil.example"),
            "an audience of many": lambda: token(aud=[self.endpoint] * 11),
            "another service's audience": lambda: token(aud=f"{self.public_url}/cds-services/other"),
            "expired": lambda: token(exp=self.moment - LEEWAY_SECONDS, iat=self.moment - 300),
            "of the future": lambda: token(iat=self.moment + LEEWAY_SECONDS + self.early, exp=self.moment + 600),
            "not yet valid": lambda: token(nbf=self.moment + LEEWAY_SECONDS + self.early),
            "of a long life": lambda: token(exp=self.moment + LONGEST_LIFE_SECONDS + 1),
            "that expires before it is issued": lambda: token(exp=self.moment + 10, iat=self.moment + 20),
            "an exp that is no number": lambda: token(exp="2030-01-01"),
            "a true exp": lambda: token(exp=True),
            **{f"no {name}": partial(self.without, name) for name in ("iss", "aud", "exp", "iat", "jti")},
            "an empty jti": lambda: token(jti=""),
            "a jti that is no text": lambda: token(jti=7),
            "a jti of half a sign": lambda: forged(
                {"alg": "ES384", "kid": "ec"}, self.by_the_key, json.dumps(self.claims() | {"jti": "\ud800"})
            ),
            "too long": lambda: token(extra="x" * LONGEST_TOKEN),
            "100 kB": lambda: "x" * 100_000,
            "not a token": lambda: "opaque",
            "two parts": lambda: "e30.e30",
            "no JSON": lambda: "Zm9v.Zm9v.Zm9v",
            "signs beyond ASCII": lambda: "é.é.é".encode().decode("latin-1"),
            "another scheme": lambda: "",
        }


KEYS: Mapping[str, Callable[[], RSAKey | ECKey]] = {
    "rsa.json": partial(RSAKey.generate_key, 2048, {"kid": "rsa"}),
    "ec.json": partial(ECKey.generate_key, "P-384", {"kid": "ec"}),
}
"""The files of a folder of keys, and what makes each."""

KEY_SET = "keys.json"
REGISTRY = "clients.toml"


def tokens_of(
    folder: Path, client: str, *, public_url: str, service: str, moment: int, bases: Iterable[str] = ()
) -> Tokens:
    """Tokens by the keys of a folder, which are made, with the registry that an OsteoCDS needs, where it holds none.

    The keys are for whoever owns the folder alone to read. Raises `OSError`, and `ValueError` for keys that are none.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not all((folder / name).exists() for name in KEYS):
        for name, make in KEYS.items():
            file = folder / name
            file.touch(mode=0o600)
            file.write_text(json.dumps(make().as_dict(private=True)), encoding="utf-8")
    try:
        rsa, ec = (json.loads((folder / name).read_text(encoding="utf-8")) for name in KEYS)
        tokens = Tokens(issuer_of(client), public_url, service, moment, RSAKey.import_key(rsa), ECKey.import_key(ec))
    except (JoseError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(type(error).__name__) from None
    (folder / KEY_SET).write_text(json.dumps(tokens.key_set), encoding="utf-8")
    allowed = sorted(bases)
    listed = f"fhir_bases = {json.dumps(allowed)}\n" if allowed else ""
    registry = f'[{client}]\nissuer = "{tokens.issuer}"\njwks = "{KEY_SET}"\n{listed}'
    (folder / REGISTRY).write_text(registry, encoding="utf-8")
    return tokens


def issuer_of(client: str) -> str:
    """`iss` of the tokens of a client that is made to try a service out."""
    return f"https://{client}.example"


def _encoded(told: str | bytes) -> str:
    return base64.urlsafe_b64encode(told if isinstance(told, bytes) else told.encode()).rstrip(b"=").decode()
