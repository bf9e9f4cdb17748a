"""The EHR's FHIR R4 server, called with a bearer token that goes nowhere else (CDS Hooks 2.0.1, "FHIR Resource Access").

The base, the paging links and the references come from outside and are not trusted: only bases on the allowlist are
called, redirects are not followed, links must lie under the base, and every answer is bounded in size, pages and time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urljoin

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from cds_hooks import FhirAuthorization
from mappings.queries import Query
from mappings.shapes import a_map, a_text, maps
from mappings.wording import Text

MOST_PAGES = 25
MOST_BYTES = 20_000_000
"""Of one answer; a usual page of 200 resources has less than a megabyte."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_POST_REFUSED = frozenset({404, 405, 406, 415, 501})
_PARAMETER_REFUSED = frozenset({400, 422})
_JSON = "application/fhir+json, application/json;q=0.9"


class FhirProblem(Exception):
    """A question to the FHIR server that was not answered; `why` is what a card says of it."""

    def __init__(self, why: Text, status: int = 0) -> None:
        super().__init__(why.en)
        self.why = why
        self.status = status


NOT_LISTED = Text(
    "the FHIR server of the request is not on the service's allowlist (OSTEOCDS_FHIR_BASES), so it was not called",
    "le serveur FHIR de la requête n'est pas sur la liste autorisée du service (OSTEOCDS_FHIR_BASES), il n'a pas été appelé",
)
TOO_SLOW = Text("the FHIR server did not answer within the deadline", "le serveur FHIR n'a pas répondu dans le délai")
UNREACHABLE = Text("the FHIR server could not be reached", "le serveur FHIR n'a pas pu être joint")
NO_JSON = Text("the FHIR server did not answer with FHIR JSON", "le serveur FHIR n'a pas répondu en FHIR JSON")
REDIRECTED = Text(
    "the FHIR server redirected the search, which is not followed",
    "le serveur FHIR a redirigé la recherche, ce qui n'est pas suivi",
)
TOO_LARGE = Text("the FHIR server's answer was too large", "la réponse du serveur FHIR était trop volumineuse")
TOO_MANY_PAGES = Text(
    "the record has more pages than are followed", "le dossier a plus de pages que le service n'en suit"
)
FOREIGN_LINK = Text(
    "a paging link of the FHIR server leads elsewhere and was not followed",
    "un lien de pagination du serveur FHIR mène ailleurs et n'a pas été suivi",
)
TRUNCATED = Text(
    "the FHIR server announced more results than it gave",
    "le serveur FHIR a annoncé plus de résultats qu'il n'en a donné",
)


def _refused(status: int) -> Text:
    if status in (401, 403):
        return Text(
            "the FHIR server refused access (HTTP {status}): check the token's scopes",
            "le serveur FHIR a refusé l'accès (HTTP {status}) : vérifier les droits du jeton",
            status=str(status),
        )
    return Text(
        "the FHIR server answered with an error (HTTP {status})",
        "le serveur FHIR a répondu par une erreur (HTTP {status})",
        status=str(status),
    )


# --- allowlist --------------------------------------------------------------------------------------------------------


def _parsed(url: str) -> Url | None:
    """The URL, where it is absolute, plain and without tricks."""
    if any(character.isspace() or character in "\\{}" or not character.isprintable() for character in url):
        return None
    try:
        parsed = parse_url(url)
    except LocationParseError:
        return None
    path = parsed.path or ""
    plain = parsed.auth is None and parsed.fragment is None and ".." not in path and "%2e" not in path.lower()
    return parsed if plain and parsed.host and parsed.scheme in _DEFAULT_PORTS else None


def _origin(url: Url) -> tuple[str, str, int]:
    scheme = str(url.scheme)
    return scheme, str(url.host).lower(), url.port or _DEFAULT_PORTS[scheme]


def _segments(url: Url) -> list[str]:
    return [segment for segment in (url.path or "").split("/") if segment]


@dataclass(frozen=True)
class Allowlist:
    """The FHIR bases that may be called, by scheme, host, port and path prefix."""

    bases: tuple[str, ...]
    _parsed: tuple[Url, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parsed = tuple(_parsed(base) for base in self.bases)
        if not all(parsed):
            wrong = [base for base, url in zip(self.bases, parsed, strict=True) if url is None]
            raise ValueError(f"not a plain http(s) URL in OSTEOCDS_FHIR_BASES: {wrong}")
        object.__setattr__(self, "_parsed", parsed)

    def permits(self, url: str) -> bool:
        """The URL lies under a listed base."""
        parsed = _parsed(url)
        return parsed is not None and parsed.query is None and any(_under(parsed, base) for base in self._parsed)


def _under(url: Url, base: Url) -> bool:
    prefix = _segments(base)
    return _origin(url) == _origin(base) and _segments(url)[: len(prefix)] == prefix


# --- calls ------------------------------------------------------------------------------------------------------------


def new_session() -> requests.Session:
    """A session without cookies, proxies or credentials of the machine, shared by all requests of a process."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=16, pool_maxsize=64, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


@dataclass(frozen=True)
class FhirServer:
    """One FHIR base for one hook request, until a deadline (`time.monotonic` seconds).

    `missing_types` are resource types that the server is known not to have: a 404 for one of them means none.
    """

    base: str
    session: requests.Session
    deadline: float
    authorization: FhirAuthorization | None = None
    missing_types: frozenset[str] = frozenset()

    def search(self, query: Query, patient_id: str) -> list[Mapping[str, Any]]:
        """All pages of a query as Bundles (the read of the patient as itself). Raises `FhirProblem`."""
        if query.is_read:
            return [self.read(f"Patient/{quote(patient_id, safe='')}")]
        try:
            return self._pages(query.resource_type, query.search(patient_id))
        except FhirProblem as problem:
            if problem.status == 404 and query.resource_type in self.missing_types:
                return []
            if problem.status not in _PARAMETER_REFUSED or not query.fallback:
                raise
            return self._pages(query.resource_type, query.search(patient_id, fallback=True))

    def by_ids(self, resource_type: str, ids: Iterable[str]) -> list[Mapping[str, Any]]:
        """The resources with these ids, as Bundles. Raises `FhirProblem`."""
        return self._pages(resource_type, [("_id", ",".join(ids)), ("_count", "200")])

    def read(self, path: str) -> Mapping[str, Any]:
        """One resource. Raises `FhirProblem`."""
        return self._json("GET", f"{self._root}{path}")

    @property
    def _root(self) -> str:
        return self.base.rstrip("/") + "/"

    def _pages(self, resource_type: str, parameters: list[tuple[str, str]]) -> list[Mapping[str, Any]]:
        page = self._first_page(resource_type, parameters)
        pages = [page]
        while (link := next_link(page)) is not None:
            if len(pages) >= MOST_PAGES:
                raise FhirProblem(TOO_MANY_PAGES)
            url = urljoin(self._root, link)
            parsed, base = _parsed(url), _parsed(self.base)
            if parsed is None or base is None or not _under(parsed, base):
                raise FhirProblem(FOREIGN_LINK)
            page = self._bundle(self._json("GET", url))
            pages.append(page)
        if announced_more(pages):
            raise FhirProblem(TRUNCATED)
        return pages

    def _first_page(self, resource_type: str, parameters: list[tuple[str, str]]) -> Mapping[str, Any]:
        try:
            return self._bundle(self._json("POST", f"{self._root}{resource_type}/_search", form=parameters))
        except FhirProblem as problem:
            if problem.status not in _POST_REFUSED:
                raise
        return self._bundle(self._json("GET", f"{self._root}{resource_type}", parameters=parameters))

    def _bundle(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        if answer.get("resourceType") != "Bundle":
            raise FhirProblem(NO_JSON)
        return answer

    def _json(
        self,
        method: str,
        url: str,
        *,
        form: list[tuple[str, str]] | None = None,
        parameters: list[tuple[str, str]] | None = None,
    ) -> Mapping[str, Any]:
        headers = {"Accept": _JSON, "Cache-Control": "no-cache"}
        if self.authorization is not None:
            headers["Authorization"] = f"Bearer {self.authorization.access_token}"
        try:
            with self.session.request(
                method,
                url,
                headers=headers,
                data=form,
                params=parameters,
                timeout=self._time_left(),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = self._body(response)
        except requests.Timeout as error:
            raise FhirProblem(TOO_SLOW) from error
        except (requests.RequestException, ValueError) as error:
            raise FhirProblem(UNREACHABLE) from error
        if 300 <= response.status_code < 400:
            raise FhirProblem(REDIRECTED, response.status_code)
        if not 200 <= response.status_code < 300:
            raise FhirProblem(_refused(response.status_code), response.status_code)
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise FhirProblem(NO_JSON) from error
        if not isinstance(answer, dict):
            raise FhirProblem(NO_JSON)
        return answer

    def _time_left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise FhirProblem(TOO_SLOW)
        return left

    def _body(self, response: requests.Response) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_content(65536):
            size += len(chunk)
            if size > MOST_BYTES:
                raise FhirProblem(TOO_LARGE)
            self._time_left()
            chunks.append(chunk)
        return b"".join(chunks)


def next_link(bundle: Mapping[str, Any]) -> str | None:
    """The link to the next page of a Bundle."""
    for link in maps(bundle.get("link")):
        if link.get("relation") == "next" and (url := a_text(link.get("url"))):
            return url
    return None


def announced_more(pages: Iterable[Mapping[str, Any]]) -> bool:
    """The pages' `total` is greater than the matches that they hold: some servers cut off without a next link."""
    total, matches = 0, 0
    for page in pages:
        stated = page.get("total")
        total = max(total, stated if isinstance(stated, int) and not isinstance(stated, bool) else 0)
        matches += sum(1 for entry in maps(page.get("entry")) if _is_match(entry))
    return total > matches


def _is_match(entry: Mapping[str, Any]) -> bool:
    mode = a_map(entry.get("search")).get("mode")
    return mode in (None, "match") and a_map(entry.get("resource")).get("resourceType") != "OperationOutcome"
