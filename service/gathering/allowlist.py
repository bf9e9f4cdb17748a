"""The FHIR bases that may be called: URLs from outside are read without trust, and compared part by part."""

from __future__ import annotations

from dataclasses import dataclass, field

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from mappings.wording import Said, _

_DEFAULT_PORTS = {"http": 80, "https": 443}


def plain_url(url: str) -> Url | None:
    """The URL, where it is absolute, plain and without tricks."""
    before_query = url.partition("?")[0]
    if not url.isprintable() or any(sign in before_query for sign in " \\@%{}"):
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

    def permits(self, url: str) -> bool:
        """The URL lies under a listed base."""
        parsed = plain_url(url)
        return parsed is not None and parsed.query is None and any(lies_under(parsed, base) for base in self._parsed)
