"""HTTP as a certification makes it: in bounds of time, calls and bytes, and without redirects."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import orjson
import requests
from urllib3.exceptions import HTTPError

from mappings.wording import Text, _
from service.gathering.fhir_server import broken_off, new_session

MOST_SECONDS = 60.0
"""Of a whole certification; what it wrote is deleted after that, too."""
MOST_CALLS = 2000
MOST_BYTES = 200_000_000
"""Of all answers together."""
MOST_BYTES_OF_AN_ANSWER = 8_000_000
ANSWER_SECONDS = 10.0
CLEARING_SECONDS = 30.0
"""That what was written may take to be deleted, after the others."""
PART = 65_536


class NoAnswer(Exception):
    """A call that was not answered; `why` is what the report says of it: no address, token or id."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.message)
        self.why = why


class _BrokenOff(NoAnswer):
    """A connection that was kept had been closed."""


class Over(Exception):
    """Nothing more is asked: the time, the calls or the bytes of the certification are used up."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.message)
        self.why = why


UNREACHABLE = _("nobody answers there")
NO_TLS = _("its certificate is not one that is trusted here")
TOO_SLOW = _("no answer came within {seconds} s", seconds=int(ANSWER_SECONDS))
TOO_LONG = _("the answer is longer than {size} MB", size=MOST_BYTES_OF_AN_ANSWER // 1_000_000)
OVER_TIME = _("the {seconds} s of a certification were over", seconds=int(MOST_SECONDS))
OVER_CALLS = _("the {number} calls of a certification were made", number=MOST_CALLS)
OVER_BYTES = _("the {size} MB of a certification were read", size=MOST_BYTES // 1_000_000)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: status, headers, body; how long it took, and the moment (this machine's clock) halfway."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    halfway: datetime

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    @property
    def skew(self) -> float | None:
        """Seconds by which the clock of whoever answered is ahead of ours; None where it does not tell the time."""
        try:
            told = parsedate_to_datetime(self.headers["Date"])
        except (KeyError, ValueError, TypeError):
            return None
        return (told - self.halfway).total_seconds() if told.tzinfo is not None else None


class Calls:
    """All calls of one certification; threads may share it."""

    def __init__(self, ca_bundle: Path | None, clock: Callable[[], datetime]) -> None:
        self._ca_bundle = ca_bundle
        self._session = new_session(ca_bundle, connections=16)
        self._clock = clock
        self._lock = threading.Lock()
        self._until = time.monotonic() + MOST_SECONDS
        self._left_calls = MOST_CALLS
        self.number = 0
        self._left_bytes = MOST_BYTES

    def clearing(self) -> None:
        """From now on what was written is deleted: it has some time, and calls, of its own."""
        with self._lock:
            self._until = max(self._until, time.monotonic() + CLEARING_SECONDS)
            self._left_calls = max(self._left_calls, MOST_CALLS)

    @property
    def seconds_left(self) -> float:
        """Of the certification. Raises `Over` where none are."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise Over(OVER_TIME)
        return left

    def made(self, number: int) -> None:
        """So many calls are made, here or by a `FhirServer`. Raises `Over`."""
        with self._lock:
            self._left_calls -= number
            self.number += number
            if self._left_calls < 0:
                raise Over(OVER_CALLS)

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        anew: bool = False,
    ) -> Answer:
        """One call, over a new connection where it is to be made `anew`. Raises `NoAnswer`, or `Over`."""
        if anew:
            with new_session(self._ca_bundle) as session:
                return self._asked(session, method, url, headers or {}, body)
        try:
            return self._asked(self._session, method, url, headers or {}, body)
        except _BrokenOff:
            # A server closes connections that were idle for a while, some just as they are used again.
            return self.ask(method, url, headers=headers, body=body, anew=True)

    def _asked(
        self, session: requests.Session, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        self.made(1)
        seconds = min(ANSWER_SECONDS, self.seconds_left)
        began, moment = time.monotonic(), self._clock()
        sent = {"Cache-Control": "no-cache", **headers}
        try:
            with session.request(
                method, url, data=body, headers=sent, timeout=seconds, stream=True, allow_redirects=False
            ) as answer:
                held = self._read(answer, began + seconds)
        # From None: the library's messages hold the address.
        except requests.exceptions.SSLError:
            raise NoAnswer(NO_TLS) from None
        except requests.Timeout:
            raise NoAnswer(TOO_SLOW) from None
        except requests.ConnectionError as error:
            raise (_BrokenOff if broken_off(error) and session is self._session else NoAnswer)(UNREACHABLE) from None
        except (requests.RequestException, HTTPError, ValueError):
            raise NoAnswer(UNREACHABLE) from None
        took = time.monotonic() - began
        return Answer(answer.status_code, answer.headers, held, took, moment + (self._clock() - moment) / 2)

    def _read(self, answer: requests.Response, until: float) -> bytes:
        held = bytearray()
        for part in answer.iter_content(PART):
            held += part
            if len(held) > MOST_BYTES_OF_AN_ANSWER:
                raise NoAnswer(TOO_LONG)
            if time.monotonic() > until:
                raise NoAnswer(TOO_SLOW)
        with self._lock:
            self._left_bytes -= len(held)
            if self._left_bytes < 0:
                raise Over(OVER_BYTES)
        return bytes(held)
