"""The FHIR bases that may be called: URLs from outside are read without trust, and compared part by part."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mappings.wording import Said, _

if TYPE_CHECKING:
    from urllib3.util import Url

_PLAIN = re.compile(r"[A-Za-z0-9:/\[\]._~!$&'()*+,;=#-]*")
"""What an address may be written with (RFC 3986, section 2), without `@` and `%`: what is not ASCII would be encoded by some
and not by others, and so be compared wrongly."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def plain_url(url: str) -> Url | None:
    """The URL, where it is absolute, plain and without tricks."""
    from urllib3.exceptions import LocationParseError  # noqa: PLC0415 - where no server is named, it is not loaded
    from urllib3.util import parse_url  # noqa: PLC0415 - as above

    before_query = url.partition("?")[0]
    if not url.isprintable() or not _PLAIN.fullmatch(before_query):
        return None
    # Servlet containers read `..;x` as `..`: what follows the semicolon is a parameter of the segment.
    if not {".", ".."}.isdisjoint(segment.partition(";")[0] for segment in before_query.split("/")):
        return None
    try:
        parsed = parse_url(url)
    except LocationParseError:
        return None
    return parsed if parsed.host and parsed.scheme in _DEFAULT_PORTS and parsed.fragment is None else None


def lies_under(url: Url, base: Url) -> bool:
    """The same origin, and a path below the base's."""
    return _origin(url) == _origin(base) and _folder(url).startswith(_folder(base))


def _origin(url: Url) -> tuple[str, str, int]:
    scheme = str(url.scheme)
    return scheme, str(url.host), _DEFAULT_PORTS[scheme] if url.port is None else url.port


def _folder(url: Url) -> str:
    return (url.path or "").rstrip("/") + "/"


@dataclass(frozen=True, slots=True)
class Base:
    """A FHIR base that may be called: the address that lists it, and its own name, which is the same in all its spellings."""

    listed: str
    name: str


@dataclass(frozen=True)
class Allowlist:
    """The FHIR bases that may be called, by scheme, host, port and path prefix."""

    bases: tuple[str, ...]
    _parsed: tuple[Url, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parsed = {base: plain_url(base) for base in self.bases}
        wrong = [base for base, url in parsed.items() if url is None or url.query is not None]
        if wrong:
            told = _("not a plain http(s) URL in OSTEOCDS_FHIR_BASES: {bases}", bases=str(wrong))
            raise ValueError(Said(told))
        object.__setattr__(self, "_parsed", tuple(parsed.values()))

    def base(self, url: str) -> Base | None:
        """The base that a URL names, where it lies under a listed one."""
        parsed = plain_url(url)
        if parsed is None or parsed.query is not None:
            return None
        listed = [base for base, above in zip(self.bases, self._parsed, strict=True) if lies_under(parsed, above)]
        if not listed:
            return None
        scheme, host, port = _origin(parsed)
        return Base(max(listed, key=len), f"{scheme}://{host}:{port}{_folder(parsed)}")
