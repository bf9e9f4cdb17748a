"""A FHIR server's Bulk Data export (`$export`, STU 2) as files: begun, waited for, and fetched, again from where it was stopped.

Bases and links are not trusted: what is asked lies under a listed base, redirects are not followed, the token goes to that base
alone, and everything that comes is bounded. What was begun and what was fetched stands in the folder, so that whoever is
stopped goes on, and asks the server for no second export.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson

from mappings.shapes import a_map, a_text, maps
from mappings.vocabulary.letters import on_one_line
from mappings.wording import Said, Text, _
from service.gathering.allowlist import Allowlist, lies_under, plain_url
from service.population.whole import write_whole

if TYPE_CHECKING:
    import requests

MOST_FILES = 20_000
MOST_BYTES = 2_000_000_000_000
"""Of all files of an export: 2 TB."""

MOST_BYTES_OF_A_MANIFEST = 16_000_000
MOST_HOURS = 48
"""That the server may take to prepare an export."""

TRIES = 5
"""Of one request, where the server or the way to it fails for the moment."""

LEAST_WAIT_SECONDS, USUAL_WAIT_SECONDS, MOST_WAIT_SECONDS = 1, 10, 300
"""Between two questions whether the export is ready, whatever `Retry-After` says."""

TIMEOUT_SECONDS = (10, 120)
"""To connect, and between two parts of an answer."""

GRACE_SECONDS, LEAST_BYTES_A_SECOND = 600, 1_000
"""Of a body, after which it must have come this fast on the whole: one that drips would never end."""

PART = 65_536
"""Bytes that are read at a time, and at most lost where the way breaks."""

FHIR_JSON, NDJSON = "application/fhir+json", "application/fhir+ndjson"
FOR_THE_MOMENT = frozenset({408, 429, 500, 502, 503, 504})
OK, ACCEPTED, PARTIAL_CONTENT, NOT_FOUND, GONE, OUT_OF_RANGE = 200, 202, 206, 404, 410, 416
TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}\Z")
NO_FAILURE = frozenset({"information", "warning", "success"})
PROGRESS, FILES, WHOLE = "begun.json", "files", ".ndjson"

PARTS_BETWEEN = 256
"""Parts of a file, of 16 MB together, between two words of how far it is."""

LONGEST_PROGRESS = 100
"""Characters of what the server says of how far it is."""


class NotExported(ValueError):
    """An export that could not be had; the message says why and what to do, and names no patient and no token."""


class BrokenOff(Exception):
    """A body did not come whole."""


def _failed(text: Text) -> NotExported:
    return NotExported(Said(text))


@dataclass(frozen=True)
class BulkExport:
    """The export of `types` at an address (a base, `Patient` or a `Group` below it), kept in `folder`.

    `token` is asked before each request, so that one that is renewed meanwhile is used. `wait` is `time.sleep`. `advance` is
    told the files that are there, all of them, and the bytes that were fetched; `waiting` what the server says meanwhile of how
    far it is (`X-Progress`), or nothing.
    """

    address: str
    types: Sequence[str]
    folder: Path
    allowlist: Allowlist
    session: requests.Session
    token: Callable[[], str] = lambda: ""
    wait: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    advance: Callable[[int, int, int], None] = field(default=lambda _done, _all, _bytes: None)
    waiting: Callable[[str], None] = field(default=lambda _progress: None)

    def fetch(self) -> Path:
        """The folder of its files, one a file of the manifest. Raises `NotExported`."""
        files = self.folder / FILES
        files.mkdir(parents=True, exist_ok=True, mode=0o700)
        begun = self._begun()
        if "output" not in begun:
            begun = self._ready(begun)
        output = begun["output"]
        for place, one in enumerate(output):
            self._tell(files, len(output))
            self._download(
                one,
                files / f"{place:05}.{one['type']}.ndjson",
                authorized=begun["token"],
                tell=lambda: self._tell(files, len(output)),
            )
        self._tell(files, len(output))
        self._let_go(begun["status"])
        return files

    def _tell(self, files: Path, of_all: int) -> None:
        held = list(files.iterdir())
        done = sum(path.suffix == WHOLE for path in held)
        self.advance(done, of_all, sum(path.stat().st_size for path in held))

    # --- begun and ready ----------------------------------------------------------------------------------------------

    def _begun(self) -> dict[str, Any]:
        """What was begun before, else a new export."""
        kept = self.folder / PROGRESS
        if kept.exists():
            told: dict[str, Any] = orjson.loads(kept.read_bytes())
            if told["address"] == self.address:
                return told
        return self._begin()

    def _begin(self) -> dict[str, Any]:
        shutil.rmtree(self.folder / FILES)  # of another export, whose files are none of this one
        (self.folder / FILES).mkdir(mode=0o700)
        base = self._listed(self.address.rstrip("/"))
        url = f"{base}/$export?{urlencode({'_type': ','.join(self.types), '_outputFormat': NDJSON})}"
        with self._asked("GET", url, headers={"Accept": FHIR_JSON, "Prefer": "respond-async"}) as answer:
            if answer.status_code != ACCEPTED:
                raise _failed(
                    _("the server began no export (HTTP {status}): {hint}", status=str(answer.status_code), hint=HINT)
                )
            status = self._listed(answer.headers.get("Content-Location", ""))
        begun = {"address": self.address, "status": status, "since": datetime.now(UTC).isoformat()}  # noqa: TID251 - an edge
        self._keep(begun)
        return begun

    def _ready(self, begun: Mapping[str, Any]) -> dict[str, Any]:
        """Ask until the export is ready, as often as the server says."""
        waited = 0.0
        while True:
            with self._asked("GET", begun["status"], headers={"Accept": "application/json"}) as answer:
                if answer.status_code == OK:
                    told = self._bounded(answer)
                    break
                if answer.status_code in (NOT_FOUND, GONE):
                    self._forget()
                    raise _failed(_("the server knows nothing of the export any more: run the command again"))
                if answer.status_code != ACCEPTED:
                    self._forget()
                    raise _failed(_("the export failed (HTTP {status})", status=str(answer.status_code)))
                seconds = pause(answer.headers.get("Retry-After", ""))
                self.waiting(on_one_line(answer.headers.get("X-Progress", "")[:LONGEST_PROGRESS]))
            waited += seconds
            if waited > MOST_HOURS * 3600:
                raise _failed(_("the export was not ready after {hours} hours", hours=MOST_HOURS))
            self.wait(seconds)
        try:
            ready = {**begun, **self._manifest(told)}
        except NotExported:
            self._forget()  # it will not become better: whoever runs the command again wants another
            raise
        self._keep(ready)
        return ready

    def _manifest(self, manifest: bytes) -> dict[str, Any]:
        """Its files, each of a type and under a listed base, and whether they want the token. Raises `NotExported`."""
        try:
            told = orjson.loads(manifest)
        except orjson.JSONDecodeError:
            raise _failed(_("the manifest of the export is no JSON")) from None
        output = list(maps(told.get("output"))) if isinstance(told, dict) else []
        errors = list(maps(told.get("error"))) if isinstance(told, dict) else []
        if len(output) + len(errors) > MOST_FILES:
            raise _failed(_("the export has more than {most} files", most=MOST_FILES))
        wrong = next((one for one in output if not TYPE.match(a_text(one.get("type")))), None)
        if wrong is not None or not output:
            raise _failed(_("the manifest of the export names no files that can be fetched"))
        if any(a_text(one.get("relation")) == "next" for one in maps(told.get("link"))):
            raise _failed(_("the manifest of the export comes in parts, which was not asked for and is not read"))
        with_token = told.get("requiresAccessToken") is not False
        if any(not self._is_no_failure(one, authorized=with_token) for one in errors):
            raise _failed(_("the server says that it could not export everything: look at its log, and export again"))
        files = [
            {"type": one["type"], "url": self._listed(a_text(one.get("url"))), "count": one.get("count")}
            for one in output
        ]
        return {"output": files, "token": with_token}

    def _is_no_failure(self, one: Mapping[str, Any], *, authorized: bool) -> bool:
        """What the server says besides its files is nothing, or of nothing that failed: many say there what they left out."""
        if one.get("count") == 0:
            return True
        if not (url := a_text(one.get("url"))):
            return False
        with self._asked("GET", self._listed(url), headers={"Accept": NDJSON}, authorized=authorized) as answer:
            if answer.status_code != OK:
                return False
            lines = self._bounded(answer).splitlines()
        try:
            issues = [issue for line in lines if line.strip() for issue in _issues(orjson.loads(line))]
        except orjson.JSONDecodeError:
            return False
        return bool(issues) and all(issue.get("severity") in NO_FAILURE for issue in issues)

    def _forget(self) -> None:
        """The next time another export is begun."""
        (self.folder / PROGRESS).unlink(missing_ok=True)

    def _keep(self, begun: Mapping[str, Any]) -> None:
        write_whole(self.folder / PROGRESS, orjson.dumps(begun))

    # --- files --------------------------------------------------------------------------------------------------------

    def _download(self, one: Mapping[str, Any], target: Path, *, authorized: bool, tell: Callable[[], None]) -> None:
        """A file, whole or not at all; what of it came before is asked for no second time, where the server can."""
        if target.exists():
            return
        unfinished = target.with_suffix(".unfinished")
        for attempt in range(TRIES):
            if self._part(one["url"], unfinished, authorized=authorized, tell=tell):
                break
            if attempt + 1 == TRIES:
                raise _failed(_("a file of the export could not be fetched whole: run the command again"))
            self.wait(min(MOST_WAIT_SECONDS, 2**attempt))
        _check_count(unfinished, one.get("count"))
        unfinished.replace(target)

    def _part(self, url: str, unfinished: Path, *, authorized: bool, tell: Callable[[], None]) -> bool:
        """Fetch what is missing of a file; False where the way broke."""
        held = unfinished.stat().st_size if unfinished.exists() else 0
        # Packed, a part could not be asked for.
        headers = {"Accept": NDJSON, "Accept-Encoding": "identity"} | ({"Range": f"bytes={held}-"} if held else {})
        with self._asked("GET", url, headers=headers, authorized=authorized) as answer:
            if answer.status_code == OUT_OF_RANGE and held:
                return _is_whole(answer.headers.get("Content-Range", ""), held) or _begun_anew(unfinished)
            if answer.status_code in (NOT_FOUND, GONE):
                self._forget()
                raise _failed(_("the server has the files of the export no longer: run the command again"))
            if answer.status_code not in (OK, PARTIAL_CONTENT):
                raise _failed(
                    _("the server gave no file of the export (HTTP {status})", status=str(answer.status_code))
                )
            goes_on = answer.status_code == PARTIAL_CONTENT and _goes_on(answer.headers.get("Content-Range", ""), held)
            if answer.status_code == PARTIAL_CONTENT and not goes_on:
                return _begun_anew(unfinished)
            room = MOST_BYTES - sum(path.stat().st_size for path in unfinished.parent.iterdir())
            try:
                with unfinished.open("ab" if goes_on else "wb") as written:
                    for number, part in enumerate(self._parts(answer), start=1):
                        written.write(part)
                        room -= len(part)
                        if number % PARTS_BETWEEN == 0:
                            tell()
                        if room < 0:
                            raise _failed(_("the export has more than {most} bytes", most=MOST_BYTES))
            except BrokenOff:
                return False
            return _is_all(answer, unfinished.stat().st_size, held if goes_on else 0)

    def _let_go(self, status: str) -> None:
        """Tell the server that its files are not needed any more; it may not care."""
        try:
            self._asked("DELETE", status, headers={"Accept": FHIR_JSON}, tries=1).close()
        except NotExported:
            return

    # --- requests -----------------------------------------------------------------------------------------------------

    def _listed(self, url: str) -> str:
        """The address, where it lies under a base that may be called, and below that of the export where there is one."""
        parsed = plain_url(url)
        listed = [base for base in map(plain_url, self.allowlist.bases) if base is not None]
        if parsed is None or not any(lies_under(parsed, base) for base in listed):
            raise _failed(
                _(
                    "the export leads to an address that is not on the allowlist (OSTEOCDS_FHIR_BASES), so it was not called"
                )
            )
        return url

    def _asked(
        self, method: str, url: str, *, headers: Mapping[str, str], authorized: bool = True, tries: int = TRIES
    ) -> requests.Response:
        """One request, begun again where it fails for the moment; its body is not read yet. Raises `NotExported`."""
        import requests  # noqa: PLC0415 - for an export from a server alone

        for attempt in range(tries):
            token = self.token() if authorized and self._is_of_the_server(url) else ""
            sent = {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}
            try:
                answer = self.session.request(
                    method, url, headers=sent, allow_redirects=False, stream=True, timeout=TIMEOUT_SECONDS
                )
            except requests.RequestException:
                if attempt + 1 == tries:
                    raise _failed(_("the server of the export could not be reached")) from None
                self.wait(min(MOST_WAIT_SECONDS, 2**attempt))
                continue
            status = answer.status_code
            if status in FOR_THE_MOMENT and attempt + 1 < tries:
                answer.close()
                self.wait(pause(answer.headers.get("Retry-After", "")))
                continue
            if status // 100 == 3:
                raise _failed(_("the server of the export redirects, which is not followed"))
            if status in (401, 403):
                raise _failed(
                    _("the server of the export refused access (HTTP {status}): check the token", status=str(status))
                )
            return answer
        raise AssertionError("a request has at least one try")

    def _bounded(self, answer: requests.Response) -> bytes:
        held = b""
        try:
            for part in self._parts(answer):
                held += part
                if len(held) > MOST_BYTES_OF_A_MANIFEST:
                    raise _failed(_("the manifest of the export is too large"))
        except BrokenOff:
            raise _failed(_("the server of the export could not be reached")) from None
        return held

    def _parts(self, answer: requests.Response) -> Iterator[bytes]:
        """A body as it comes. Raises `BrokenOff` where the way breaks, or it drips."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as above

        begun, size = self.clock(), 0
        try:
            while part := answer.raw.read1(PART, decode_content=True):
                yield part
                size += len(part)
                took = self.clock() - begun
                if took > GRACE_SECONDS and size < took * LEAST_BYTES_A_SECOND:
                    raise BrokenOff
        except (HTTPError, OSError):
            raise BrokenOff from None

    def _is_of_the_server(self, url: str) -> bool:
        """It lies under the same listed base as the export: there alone the token goes."""
        parsed, address = plain_url(url), plain_url(self.address)
        return any(
            parsed is not None and address is not None and lies_under(parsed, base) and lies_under(address, base)
            for base in map(plain_url, self.allowlist.bases)
            if base is not None
        )


HINT = _("it may not offer $export, or not of these types")


def pause(retry_after: str) -> float:
    """Seconds to wait, as `Retry-After` tells them (seconds, or a date), within our limits."""
    try:
        seconds = float(retry_after) if retry_after.strip().isdecimal() else _until(retry_after)
    except (TypeError, ValueError, OverflowError):
        seconds = USUAL_WAIT_SECONDS
    return max(LEAST_WAIT_SECONDS, min(MOST_WAIT_SECONDS, seconds))


def _until(moment: str) -> float:
    until = parsedate_to_datetime(moment)
    aware = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()  # noqa: TID251 - an edge


def _is_all(answer: requests.Response, size: int, before: int) -> bool:
    """All bytes came that the answer announced; one that announces none ends where it ends."""
    announced = answer.headers.get("Content-Length", "")
    packed = answer.headers.get("Content-Encoding", "identity").casefold() not in ("", "identity")
    return packed or not announced.isdecimal() or size == before + int(announced)


def _issues(outcome: object) -> Sequence[Mapping[str, Any]]:
    """Those of an OperationOutcome; one without a severity where it is none."""
    return maps(a_map(outcome).get("issue")) or [{}]


def _goes_on(content_range: str, held: int) -> bool:
    return content_range.strip().startswith(f"bytes {held}-")


def _is_whole(content_range: str, held: int) -> bool:
    return content_range.strip() == f"bytes */{held}"


def _begun_anew(unfinished: Path) -> bool:
    unfinished.unlink(missing_ok=True)
    return False


def _check_count(path: Path, count: object) -> None:
    """As many resources as the manifest says, where it does."""
    if not isinstance(count, int) or isinstance(count, bool):
        return
    with path.open("rb") as file:
        lines = sum(1 for line in file if line.strip())
    if lines != count:
        path.unlink()
        raise _failed(
            _(
                "a file of the export holds {lines} resources and not {count}: run the command again",
                lines=lines,
                count=count,
            )
        )
