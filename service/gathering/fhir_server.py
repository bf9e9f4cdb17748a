"""The EHR's FHIR R4 server, called with a bearer token that goes nowhere else (CDS Hooks 2.0.1, "FHIR Resource Access").

The base, the paging links and the references come from outside and are not trusted: only bases on the allowlist are
called, redirects are not followed, links must lie under the base, and every answer is bounded in size, pages and time,
before it is held. Searches run in threads of the base (`service.gathering.outbound`), so that what hangs there, a name
look-up too, costs no other base its answers.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, wait
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, quote_plus, urljoin
from weakref import ReferenceType, ref

from cds_hooks import FhirAuthorization
from mappings.queries import PAGE_SIZE, Query
from service.gathering.allowlist import Allowlist, lies_under, plain_url
from service.gathering.answers import Opened, announced_more, opened
from service.gathering.body import MOST_BYTES, PART, Body
from service.gathering.many_searches import STUCK_SECONDS, ManySearches, Search, before_waiting
from service.gathering.outbound import Bulkhead, Outbound
from service.gathering.problems import (
    BUSY,
    FOREIGN_LINK,
    LEFT_ALONE,
    NO_JSON,
    NOT_LISTED,
    REDIRECTED,
    TOKEN_EXPIRED,
    TOKEN_OF_ANOTHER,
    TOO_LARGE,
    TOO_MANY_PAGES,
    TOO_SLOW,
    TRUNCATED,
    UNREACHABLE,
    FhirProblem,
    refused,
)
from service.gathering.record_server import Call, Pages

if TYPE_CHECKING:
    import requests

    from service.gathering.sent_ahead import Sent

LOG = logging.getLogger("osteocds")

MOST_PAGES = 25
MOST_HOSTS = 64
"""FHIR servers to which connections are kept."""
MOST_BYTES_OF_A_REQUEST, MOST_NODES_OF_A_REQUEST = 24_000_000, 500_000
"""Of all answers to one hook request, which are held until it is answered."""
MOST_BYTES_OF_AN_ERROR = 65_536
"""That are read, so that the connection can be used again; what an error says is not looked at."""
TOGETHER_SECONDS = 0.3
"""For how long the searches of a request are waited for together; then for one after the other, so that what came is read while
a slow one is waited for."""
OVERTIME_SECONDS = 0.5
"""After the deadline, for reading into the evidence what came before it."""

PARTIAL_CONTENT = 206
_POST_REFUSED = frozenset({404, 405, 406, 415, 501})
_PARAMETER_REFUSED = frozenset({400, 422})
_JSON = "application/fhir+json, application/json;q=0.9"
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
"""Those that are decoded bounded; none is asked for."""


# --- calls ------------------------------------------------------------------------------------------------------------


def new_session(ca_bundle: Path | None = None, *, connections: int = 1) -> requests.Session:
    """A session without cookies, proxies or credentials of the machine, shared by all requests of a process.

    `ca_bundle` holds the certificates of a site's own authority; without it the public ones count. So many `connections` to
    one server are kept for the next search.

    Silences urllib3, whose log records hold the URLs of calls, and so patients' ids.
    """
    from http.cookiejar import DefaultCookiePolicy  # noqa: PLC0415 - where no server is asked, none of this is loaded

    import requests  # noqa: PLC0415 - as above

    from service.gathering.sent_ahead import StandingConnections  # noqa: PLC0415 - as above

    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    session = requests.Session()
    session.trust_env = False
    session.verify = str(ca_bundle) if ca_bundle is not None else True
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = StandingConnections(pool_connections=MOST_HOSTS, pool_maxsize=connections, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _outcome(problem: FhirProblem) -> str:
    if problem.status:
        return {3: "redirected", 4: "refused"}.get(problem.status // 100, "failed")
    return {TOO_SLOW: "too slow", UNREACHABLE: "unreachable"}.get(problem.why, "unusable")


class Asked(NamedTuple):
    """One request to a server: by POST with its parameters as a form, or by GET with them in the address."""

    method: str
    url: str
    parameters: list[tuple[str, str]] | None = None


SEARCH = "/_search"
"""Below the address of a type, what is searched for by POST."""


class _Asking:
    """What one hook request has asked of a base so far."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered = self._failed = False
        self._bytes = self._nodes = 0
        self.calls: list[Call] = []

    def answered_first(self) -> bool:
        """An answer came; True for the first one."""
        with self._lock:
            first, self._answered = not self._answered, True
            return first

    def failed(self) -> bool:
        """A search was not answered; True for the first one, where nothing else was answered either."""
        with self._lock:
            first = not (self._failed or self._answered)
            self._failed = True
            return first

    def holds(self, size: int, nodes: int) -> None:
        """So many bytes and nodes more are held. Raises `FhirProblem` where that is too much."""
        with self._lock:
            self._bytes += size
            self._nodes += nodes
            if self._bytes > MOST_BYTES_OF_A_REQUEST or self._nodes > MOST_NODES_OF_A_REQUEST:
                raise FhirProblem(TOO_LARGE)


@dataclass(frozen=True)
class FhirServer:
    """One FHIR base for one hook request, until a deadline (`time.monotonic` seconds).

    `missing_types` are resource types that the server is known not to have: a 404 for one of them means none.
    """

    base: str
    session: requests.Session
    bulkhead: Bulkhead
    deadline: float
    authorization: FhirAuthorization | None = None
    missing_types: frozenset[str] = frozenset()
    _asking: _Asking = field(default_factory=_Asking, init=False, repr=False)
    _many: list[ReferenceType[ManySearches]] = field(default_factory=list, init=False, repr=False)

    def begin(self, search: Callable[..., Pages], *asked: object) -> Future[Pages]:
        """Have a thread of the base make a search (`search`, `by_ids`), unless the base is left alone for now."""
        if self.bulkhead.breaker.admits(self._asking):
            return self.bulkhead.threads.submit(self._noted, search, *asked)
        return _left_alone()

    def begin_all(self, queries: Sequence[Query], patient_id: str) -> list[Future[Pages]]:
        """Begin many searches (`search`), for which a thread is enough where connections to the base stand."""
        if len(queries) <= 1:
            return [self.begin(self.search, query, patient_id) for query in queries]
        admitted = [
            Search(partial(self._sent_ahead, query, patient_id), partial(self._made, query, patient_id), Future())
            if self.bulkhead.breaker.admits(self._asking)
            else None
            for query in queries
        ]
        many = ManySearches(
            [one for one in admitted if one is not None],
            self.bulkhead.threads,
            lambda: self.deadline - time.monotonic(),
            FhirProblem(BUSY),
            self.bulkhead.turns.reading,
        )
        self._many.append(ref(many))  # a thread holds it while it is at work; a circle would keep all that was found
        many.begin()
        return [_left_alone() if one is None else one.future for one in admitted]

    def _sent_ahead(self, query: Query, patient_id: str) -> Sent | None:
        from service.gathering.sent_ahead import StandingConnections  # noqa: PLC0415 - loaded with the session

        adapter = self.session.get_adapter(self.base)
        if not isinstance(adapter, StandingConnections):
            return None
        prepared = self._prepared(self._first(query, patient_id))
        sent = adapter.send_ahead(
            prepared, Call(self.bulkhead.listed, time.monotonic()), verify=self.session.verify or True
        )
        if sent is not None:
            self._asking.calls.append(sent.call)
        return sent

    def _made(self, query: Query, patient_id: str, sent: Sent | None) -> Pages:
        from service.gathering.sent_ahead import answering  # noqa: PLC0415 - loaded with the session

        with answering(sent):
            return self._noted(self.search, query, patient_id)

    def wait(self, searches: Sequence[Future[Pages]]) -> None:
        """Wait until all of them are there, for a moment: to wait once costs less than to be woken by each."""
        if not all(search.done() for search in searches):
            with self.bulkhead.turns.waiting():
                wait(searches, max(0.0, min(TOGETHER_SECONDS, self.deadline - time.monotonic())))

    def found(self, search: Future[Pages]) -> Pages:
        """What a search found, once it is there. Raises `FhirProblem`, also where the deadline comes first."""
        try:
            with nullcontext() if search.done() else self.bulkhead.turns.waiting():
                return self._awaited(search)
        except CancelledError:
            raise FhirProblem(BUSY) from None
        except FutureTimeout:
            if search.cancel():
                raise FhirProblem(BUSY) from None
            self._was_not_answered()
            raise FhirProblem(TOO_SLOW) from None
        except FhirProblem as problem:
            if problem.why == TOO_SLOW:
                self._was_not_answered()
            raise

    def _awaited(self, search: Future[Pages]) -> Pages:
        while (left := self.deadline - time.monotonic()) > STUCK_SECONDS and not search.done():
            wait((search,), STUCK_SECONDS)
            for reference in self._many:
                if (many := reference()) is not None:
                    many.not_kept()
        return search.result(timeout=max(0.0, left))

    @property
    def calls(self) -> tuple[Call, ...]:
        """The HTTP requests that were begun."""
        return tuple(self._asking.calls)

    @property
    def is_over(self) -> bool:
        """What came in time, and was not taken into the evidence by now, is not taken any more."""
        return time.monotonic() > self.deadline + OVERTIME_SECONDS

    @property
    def _is_late(self) -> bool:
        return time.monotonic() > self.deadline

    def _noted(self, search: Callable[..., Pages], *asked: object) -> Pages:
        """A search, of which the breaker is told how it ended; one that is too slow is told of by whoever waits for it."""
        try:
            pages = search(*asked)
        except FhirProblem as problem:
            if problem.why == UNREACHABLE and not self._is_late:
                self._was_not_answered()
            elif problem.why != TOO_SLOW:
                self._was_answered()
            raise
        except Exception as error:  # noqa: BLE001 - what the other searches found must not be lost with it
            LOG.error("defect of the service: %s in a search", type(error).__name__)
            raise FhirProblem(NO_JSON) from None
        self._was_answered()
        return pages

    def _was_answered(self) -> None:
        if not self._is_late and self._asking.answered_first():
            self.bulkhead.breaker.answered()

    def _was_not_answered(self) -> None:
        if self._asking.failed():
            self.bulkhead.breaker.unanswered()

    def search(self, query: Query, patient_id: str) -> Pages:
        """All pages of a query, opened (the read of the patient as one). Raises `FhirProblem`."""
        first = self._first(query, patient_id)
        if query.is_read:
            return [opened(self._json(first))]
        try:
            return self._pages(first, by_get=not query.several)
        except FhirProblem as problem:
            if problem.status == 404 and query.resource_type in self.missing_types:
                return []
            if problem.status not in _PARAMETER_REFUSED or not query.fallback:
                raise
            fallback = query.search(_escaped(patient_id), fallback=True)
            return self._pages(self._form(query.resource_type, fallback), by_get=not query.several)

    def _first(self, query: Query, patient_id: str) -> Asked:
        """What a search asks first, whether or not it is sent ahead."""
        if query.is_read:
            return Asked("GET", self._patient(patient_id))
        return self._form(query.resource_type, query.search(_escaped(patient_id)))

    def _form(self, resource_type: str, parameters: list[tuple[str, str]]) -> Asked:
        return Asked("POST", f"{self._root}{resource_type}{SEARCH}", parameters)

    def by_ids(self, resource_type: str, ids: Iterable[str]) -> Pages:
        """The resources with these ids. Raises `FhirProblem`."""
        return self._pages(
            self._form(resource_type, [("_id", ",".join(map(_escaped, ids))), ("_count", str(PAGE_SIZE))])
        )

    def read(self, path: str) -> Mapping[str, Any]:
        """One resource. Raises `FhirProblem`."""
        return self._json(Asked("GET", f"{self._root}{path}"))

    @property
    def _root(self) -> str:
        return self.base.rstrip("/") + "/"

    def _patient(self, patient_id: str) -> str:
        return f"{self._root}Patient/{quote(patient_id, safe='')}"

    def _pages(self, first: Asked, *, by_get: bool = True) -> Pages:
        page = self._first_page(first, by_get=by_get)
        pages = [page]
        while page.next_page is not None:
            if len(pages) >= MOST_PAGES:
                raise FhirProblem(TOO_MANY_PAGES)
            page = self._bundle(self._json(Asked("GET", self._on_the_base(page.next_page))))
            pages.append(page)
        if announced_more(pages):
            raise FhirProblem(TRUNCATED)
        return pages

    def _on_the_base(self, link: str) -> str:
        """A paging link as an absolute URL, where it leads under the base."""
        if not link:
            raise FhirProblem(FOREIGN_LINK)
        try:
            url = urljoin(self._root, link)
        except ValueError:
            raise FhirProblem(FOREIGN_LINK) from None
        parsed, base = plain_url(url), plain_url(self.base)
        if parsed is None or base is None or not lies_under(parsed, base):
            raise FhirProblem(FOREIGN_LINK)
        return url

    def _first_page(self, first: Asked, *, by_get: bool) -> Opened:
        """By POST, else by GET, unless the parameters are too long for an address."""
        try:
            return self._bundle(self._json(first))
        except FhirProblem as problem:
            if problem.status not in _POST_REFUSED or not by_get:
                raise
        return self._bundle(self._json(Asked("GET", first.url.removesuffix(SEARCH), first.parameters)))

    def _bundle(self, answer: Mapping[str, Any]) -> Opened:
        page = opened(answer)
        if page.resource_type != "Bundle":
            raise FhirProblem(NO_JSON)
        return page

    def _json(self, asked: Asked) -> Mapping[str, Any]:
        import requests  # noqa: PLC0415 - loaded with the session
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as above
        from urllib3.exceptions import TimeoutError as SocketTimeout  # noqa: PLC0415 - as above

        from service.gathering.sent_ahead import sent_here  # noqa: PLC0415 - as above

        sent = sent_here()
        call = Call(self.bulkhead.listed, time.monotonic()) if sent is None else sent.call
        if sent is None:
            before_waiting()
            self._asking.calls.append(call)
        try:
            answer = self._answer(asked)
        except FhirProblem as problem:
            call.outcome = _outcome(problem)
            raise
        # From None: the library's messages hold the URL, and so the patient's id.
        except (requests.Timeout, SocketTimeout):
            call.outcome = "too slow"
            raise FhirProblem(TOO_SLOW) from None
        except (requests.RequestException, HTTPError, ValueError):
            call.outcome = "unreachable"
            raise FhirProblem(UNREACHABLE) from None
        finally:
            call.ended = time.monotonic()
        call.outcome = "answered"
        return answer

    def _answer(self, asked: Asked) -> Mapping[str, Any]:
        """What it answered. Raises `FhirProblem`, and what requests raises."""
        with self._respond(asked) as response:
            if not 200 <= response.status_code < 300:
                self._throw_away(response)
                raise _refusal(response.status_code)
            if response.status_code == PARTIAL_CONTENT:
                self._throw_away(response)
                raise FhirProblem(TRUNCATED)
            answer = self._read(response)
        if not isinstance(answer, dict):
            raise FhirProblem(NO_JSON)
        return answer

    def _respond(self, asked: Asked) -> requests.Response:
        """The response, its body not yet read."""
        import requests  # noqa: PLC0415 - loaded with the session

        from service.gathering.sent_ahead import sent_here  # noqa: PLC0415 - loaded with the session

        sent = sent_here()
        prepared = self._prepared(asked) if sent is None else sent.request

        def call(session: requests.Session) -> requests.Response:
            # By the adapter itself: a session would look for redirects, cookies and proxies, and takes twice as long.
            adapter = session.get_adapter(asked.url)
            return adapter.send(prepared, stream=True, timeout=self._time_left(), verify=session.verify or True)

        try:
            return call(self.session)
        except requests.ConnectionError as error:
            if not broken_off(error):
                raise
        before_waiting()
        # Servers close connections that were idle for a while, some just as they are used again. Asking again is harmless,
        # since all that is sent are reads and searches; on a new connection, since the others may be as old.
        with new_session() as fresh:
            fresh.verify = self.session.verify
            return call(fresh)

    def _prepared(self, asked: Asked) -> requests.PreparedRequest:
        import requests  # noqa: PLC0415 - loaded with the session

        headers = {"Accept": _JSON, "Cache-Control": "no-cache"}
        if self.authorization is not None:
            headers["Authorization"] = f"Bearer {self.authorization.access_token}"

        if asked.method == "GET":
            return requests.Request("GET", asked.url, headers=headers, params=asked.parameters).prepare()
        # By hand, since our own URLs and forms are known to be plain: it takes a third of the time.
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url, prepared.body = asked.method, asked.url, _as_form(asked.parameters or [])
        size = {"Content-Length": str(len(prepared.body)), "Content-Type": "application/x-www-form-urlencoded"}
        prepared.headers = requests.structures.CaseInsensitiveDict(headers | size)
        return prepared

    def _time_left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise FhirProblem(TOO_SLOW)
        return left

    def _read(self, response: requests.Response) -> object:
        """The answer, read as it arrives, in room that is taken before.

        One without end, or a compressed one that becomes large, holds no more than that; one that comes drop by drop is let go
        of at the deadline.
        """
        if response.headers.get("Content-Encoding", "").strip().lower() not in _ENCODINGS:
            raise FhirProblem(NO_JSON)
        if _length(response) > MOST_BYTES:
            raise FhirProblem(TOO_LARGE)
        with closing(Body(self.bulkhead.room)) as body:
            while part := response.raw.read1(body.room_for_more(), decode_content=True):
                body.take(part)
                self._time_left()
            self._asking.holds(body.size, body.nodes)
            answer = body.read()
        self._time_left()
        return answer

    def _throw_away(self, response: requests.Response) -> None:
        """Read the rest of an error, where it is short."""
        size = 0
        while size < MOST_BYTES_OF_AN_ERROR and (part := response.raw.read1(PART, decode_content=False)):
            size += len(part)
            self._time_left()


def open_server(
    base: str,
    allowlist: Allowlist,
    outbound: Outbound,
    seconds: float,
    *,
    patient_id: str = "",
    authorization: FhirAuthorization | None = None,
    missing_types: frozenset[str] = frozenset(),
) -> FhirServer:
    """A base that is listed, to be asked for so many seconds; with a token, about the patient whom that is for.

    Raises `FhirProblem` where it may not be asked, or not now.
    """
    listed = allowlist.base(base)
    if listed is None:
        raise FhirProblem(NOT_LISTED)
    if authorization is not None and authorization.has_expired:
        raise FhirProblem(TOKEN_EXPIRED)
    # A token of one patient (SMART App Launch 2.2, "Scopes for requesting FHIR Resources") answers for that patient alone.
    if authorization is not None and authorization.patient_id not in ("", patient_id):
        raise FhirProblem(TOKEN_OF_ANOTHER)
    bulkhead = outbound.bulkhead(listed)
    if bulkhead is None:
        raise FhirProblem(BUSY)
    return FhirServer(base, outbound.session, bulkhead, time.monotonic() + seconds, authorization, missing_types)


def _left_alone() -> Future[Pages]:
    search: Future[Pages] = Future()
    search.set_exception(FhirProblem(LEFT_ALONE))
    return search


def _refusal(status: int) -> FhirProblem:
    return FhirProblem(REDIRECTED if 300 <= status < 400 else refused(status), status)


def _length(response: requests.Response) -> int:
    """The bytes that are announced; 0 where it is not told."""
    told = response.headers.get("Content-Length", "")
    return int(told[:MOST_DIGITS]) if told.isdecimal() else 0


MOST_DIGITS = 18


def broken_off(error: requests.ConnectionError) -> bool:
    """The connection stood, and was closed without an answer."""
    from urllib3.exceptions import ProtocolError  # noqa: PLC0415 - loaded with the session

    return bool(error.args) and isinstance(error.args[0], ProtocolError)


def _as_form(parameters: Iterable[tuple[str, str]]) -> str:
    """Parameters as the body of a search."""
    return "&".join(
        f"{name}={_quoted_codes(value) if name in _OF_CODES else quote_plus(value)}" for name, value in parameters
    )


_OF_CODES = frozenset({"code", "combo-code"})


@lru_cache(maxsize=256)
def _quoted_codes(codes: str) -> str:
    """Thousands of characters, which are the same for every patient."""
    return quote_plus(codes)


def _escaped(value: str) -> str:
    """A value for a search parameter, where `,` `$` `|` have a meaning (FHIR R4 search, "Escaping Search Parameters")."""
    return re.sub(r"([\\,$|])", r"\\\1", value)
