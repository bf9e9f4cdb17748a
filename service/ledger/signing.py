"""Receipts, and reports of certifications, are signed (JWS, ES384), so that a changed byte is found by who has the public keys.

One is written as JSON in one way alone: members sorted by name, two blanks a level. What is signed is its member `receipt`
(or `report`) as RFC 8785 writes it, without blanks between its signs; the signature is detached from it (RFC 7515, appendix F).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

ALGORITHM, CURVE = "ES384", "P-384"
TYPES = {"receipt": "osteocds-receipt", "report": "osteocds-certification"}
"""The member that is signed, and what the signed header says then, so that no signature of one is taken for that of another."""

MOST_KEYS = 20
MOST_KEY_BYTES = 100_000
MOST_RECEIPT_BYTES = 20_000_000
"""Of a file that is read as a receipt: more than any of ours has."""

_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{1,800}\.\.[A-Za-z0-9_-]{128}")
"""Header and signature; what is between them is the receipt, and a payload that stood there would be verified in its place."""

_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]{1,40})-----[A-Za-z0-9+/=\s]{1,10000}-----END \1-----")
_PARAMETERS = b"EC PARAMETERS"
"""A block that openssl writes before a key, and that holds none."""


class _Registry(jws.JWSRegistry):
    """What joserfc checks of a signature, with room for a receipt."""

    max_payload_length = 2 * MOST_RECEIPT_BYTES


_REGISTRY = _Registry(algorithms=[ALGORITHM])


class Seal(StrEnum):
    """What a receipt is, as far as its signature tells."""

    HOLDS = "holds"
    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown key"
    CHANGED = "changed"
    REWRITTEN = "rewritten"
    """It says what was signed, in other bytes."""


class NoReceipt(ValueError):
    """What was read is no receipt."""


class Keys:
    """The key that signs, and all whose signatures are known, by their thumbprint (RFC 7638)."""

    def __init__(self, signing: ECKey | None = None, known: Iterable[ECKey] = ()) -> None:
        self._signing = signing
        self._known = {key.thumbprint(): key for key in (*([] if signing is None else [signing]), *known)}

    def __bool__(self) -> bool:
        return bool(self._known)

    @property
    def public(self) -> dict[str, Any]:
        """The public keys as a JWKS."""
        told = {"use": "sig", "alg": ALGORITHM}
        return {"keys": [{**key.as_dict(private=False), "kid": kid, **told} for kid, key in self._known.items()]}

    def sealed(self, told: Mapping[str, Any], member: str = "receipt") -> bytes:
        """A receipt (or another `member` of `TYPES`) as it is handed out: signed where there is a key."""
        document: dict[str, Any] = {member: told}
        if self._signing is not None:
            header = {"alg": ALGORITHM, "kid": self._signing.thumbprint(), "typ": TYPES[member]}
            token = jws.serialize_compact(header, _signed(told), self._signing, registry=_REGISTRY)
            document["signature"] = jws.detach_content(token)
        return _written(document)

    def seal(self, told: bytes) -> Seal:
        """Whether these bytes are a receipt, or a report, as one of the keys signed it. Raises `NoReceipt`."""
        document, member = _read(told)
        signature = document.get("signature")
        if signature is None:
            return Seal.UNSIGNED
        if not isinstance(signature, str) or not _SIGNATURE.fullmatch(signature):
            return Seal.CHANGED
        try:
            header = jws.extract_compact(signature.encode(), registry=_REGISTRY).headers()
            if header.keys() != {"alg", "kid", "typ"} or header["typ"] != TYPES[member]:
                return Seal.CHANGED
            key = self._known.get(str(header["kid"]))
            if key is None:
                return Seal.UNKNOWN_KEY
            jws.deserialize_compact(signature, key, registry=_REGISTRY, payload=_signed(document[member]))
        except (JoseError, ValueError, TypeError):
            return Seal.CHANGED
        return Seal.HOLDS if _written(document) == told else Seal.REWRITTEN


def receipt_in(told: bytes) -> dict[str, Any]:
    """The receipt of a file, signed or not. Raises `NoReceipt`."""
    document, member = _read(told)
    if member != "receipt":
        raise NoReceipt
    receipt: dict[str, Any] = document[member]
    return receipt


def _read(told: bytes) -> tuple[dict[str, Any], str]:
    """The document, and the member of it that is signed."""
    if len(told) > MOST_RECEIPT_BYTES:
        raise NoReceipt
    try:
        document = orjson.loads(told)
    except orjson.JSONDecodeError:
        raise NoReceipt from None
    for member in TYPES:
        if isinstance(document, dict) and isinstance(document.get(member), dict):
            return document, member
    raise NoReceipt


def _signed(told: Mapping[str, Any]) -> bytes:
    """What is signed. Its numbers are whole and its names ASCII, so that this is RFC 8785."""
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def _written(document: Mapping[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_keys(path: Path | None) -> Keys:
    """The keys of a PEM file: the first, a private one, signs; those behind it signed before. None without a file.

    Raises `ValueError` where it holds no such key, `OSError` where it cannot be read.
    """
    if path is None:
        return Keys()
    with path.open("rb") as file:
        held = file.read(MOST_KEY_BYTES)
    blocks = [found[0] for found in _BLOCK.finditer(held) if found[1] != _PARAMETERS]
    if not 0 < len(blocks) <= MOST_KEYS:
        raise ValueError(f"{path} holds no key as PEM, or more than {MOST_KEYS}")
    try:
        signing, *others = [ECKey.import_key(block) for block in blocks]
    except (JoseError, ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(f"{path} holds a key that cannot be used") from None
    if any(key.curve_name != CURVE for key in (signing, *others)):
        raise ValueError(f"{path} holds a key of another curve than {CURVE}")
    if not signing.is_private:
        raise ValueError(f"{path} begins with a public key, which cannot sign")
    return Keys(signing, others)


def public_keys(told: bytes) -> Keys:
    """The keys of a JWKS, as the service publishes them, to verify with. Raises `ValueError` for anything else."""
    document = orjson.loads(told)
    listed = document.get("keys") if isinstance(document, dict) else None
    if (
        not isinstance(listed, list)
        or not 0 < len(listed) <= MOST_KEYS
        or not all(isinstance(one, dict) for one in listed)
    ):
        raise ValueError("no JWKS")
    try:
        keys = [ECKey.import_key(one) for one in listed if one.get("crv") == CURVE]
    except (JoseError, TypeError, KeyError):
        raise ValueError("a key that cannot be used") from None
    if not keys:
        raise ValueError("no key of ES384")
    return Keys(known=keys)
