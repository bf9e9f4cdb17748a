"""Attacks a running CDS service, ours or another's: `make attack URL=http://127.0.0.1:8080`. See docs/attack.md.

Two listeners stand beside it. One is a FHIR server, which the service must be set up to call; it misbehaves as each case says.
The other must stay silent: whatever reaches it proves that the service can be made to call any address. Without a URL our own
service is started and attacked.

Exit code 0: every case held. 1: one did not. 2: nothing could be tried.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import requests
from support.ehr import authorization, denosumab, without
from support.fhir_socket import BROKEN, SLOW, UNBOUNDED, Reply, Server, Slow, found, serving
from support.spellings import loopbacks, tricks

from service.certify.tokens import REFUSED, REGISTRY, STRICTER_THAN_CDS_HOOKS, Tokens, tokens_of
from service.demo.embedded_fhir import free_port, running

LISTED_HOST = "localhost"
"""The FHIR server is listed under this name, so that its address is another spelling."""

SECRET = "attack-bearer-value"  # noqa: S105 - it opens nothing
CLIENT = "attack"
"""Of the registry; its issuer is named after it."""

STATUSES = (301, 400, 401, 403, 404, 410, 429, 500, 502, 503, 504)
REDIRECTS = (301, 302, 303, 307, 308)


# --- the two listeners ------------------------------------------------------------------------------------------------


@contextmanager
def must_stay_silent() -> Iterator[Silent]:
    """A port of loopback where nothing may come."""
    with ExitStack() as stack:
        four = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        silent = Silent(four.getsockname()[1])
        listening = [four]
        if socket.has_ipv6:
            with suppress(OSError):  # a machine without IPv6 has one address less to attack
                six = socket.create_server(("::1", silent.port), family=socket.AF_INET6)
                listening.append(stack.enter_context(six))
        for one in listening:
            threading.Thread(target=silent.listen, args=(one,), daemon=True).start()
        yield silent


@dataclass
class Silent:
    """What reached the listener that must stay silent: the first line of each call."""

    port: int
    heard: list[str] = field(default_factory=list)

    def listen(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _peer = listening.accept()
            except OSError:  # closed: the end of the run
                return
            with connection:
                self.heard.append("a connection")
                connection.settimeout(0.5)
                try:
                    self.heard[-1] = connection.recv(4096).decode("latin-1").partition("\r\n")[0] or "a connection"
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
                except OSError:
                    continue

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


# --- the service that is attacked -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attacked:
    """The service, and how it is called."""

    url: str
    service: str
    body: Mapping[str, Any]
    seconds: float
    tokens: Tokens | None
    strict: bool

    @property
    def now(self) -> Tokens | None:
        """The tokens of this moment, where there are keys."""
        return self.tokens and replace(self.tokens, moment=int(time.time()), early=60)

    def fire(self, bearer: str | None = None, **members: Any) -> requests.Response:
        """One hook request with these members; with a token that holds, where none is named."""
        if bearer is None and (tokens := self.now) is not None:
            bearer = tokens.token(number=str(uuid.uuid4()))
        headers = {"Content-Type": "application/json"}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        body = json.dumps({**self.body, "hookInstance": str(uuid.uuid4()), **members})
        return requests.post(f"{self.url}/cds-services/{self.service}", body, headers=headers, timeout=4 * self.seconds)


def cards_of(answer: requests.Response) -> list[tuple[object, object]]:
    """What the cards of an answer say."""
    cards = answer.json().get("cards", ())
    return [(card.get("summary"), card.get("detail")) for card in cards]


# --- the cases --------------------------------------------------------------------------------------------------------

Case: TypeAlias = "tuple[str, Callable[[], str]]"
"""What is tried, and what tries it: it says what did not hold, and nothing where all held."""


class Pack:
    """The cases against one service, whose FHIR server is ours."""

    def __init__(self, attacked: Attacked, fhir: Server, base: str, silent: Silent) -> None:
        self.attacked = attacked
        self.fhir = fhir
        self.base = base
        self.silent = silent
        self.empty: list[tuple[object, object]] = []

    def begin(self) -> str:
        """Why nothing can be tried; empty where the service asks our FHIR server, and says what it finds."""
        self.fhir.reply = Slow.found
        self.fhir.calls.clear()
        try:
            answer = self._ask(self.base)
        except requests.RequestException as error:
            return f"the service does not answer ({type(error).__name__})"
        if not answer.ok:
            return f"the service answers with {answer.status_code} to a request that is sound: {answer.text[:300]}"
        if not self.fhir.calls:
            return f"the service did not ask the FHIR server at {self.base}: put it on its allowlist"
        self.empty = cards_of(answer)
        return ""

    def cases(self) -> Iterator[Case]:
        host = self.base.removeprefix("http://").removesuffix("/fhir")
        spellings = {**tricks("http", host, self.silent.host), **loopbacks(self.silent.port)}
        for name, url in spellings.items():
            if url.rstrip("/") != self.base:
                yield f"fhirServer, {name}", partial(self._calls_nobody, url)
        for name, reply in self._leading_away():
            yield name, partial(self._is_not_led_away, reply)
        for name, reply in self._faults():
            yield f"FHIR fault, {name}", partial(self._tells, reply)
        if (tokens := self.attacked.now) is not None:
            for name in tokens.attacks():
                if self.attacked.strict or name not in STRICTER_THAN_CDS_HOOKS:
                    yield f"JWT, {name}", partial(self._refuses, name)
            yield "JWT, a second time", self._takes_once

    def _ask(self, base: str) -> requests.Response:
        return self.attacked.fire(fhirServer=base, fhirAuthorization=authorization() | {"access_token": SECRET})

    def _calls_nobody(self, url: str) -> str:
        self.fhir.reply = Slow.found
        self.fhir.calls.clear()
        answer = self._ask(url)
        outside = [call.path for call in self.fhir.calls if not call.path.startswith("/fhir/")]
        if outside:
            return f"it called {outside[0]} of the FHIR server, outside of the base"
        if self.silent.heard:
            return self._heard()
        return f"it answered with {answer.status_code}" if answer.status_code >= 500 else ""

    def _heard(self) -> str:
        heard = self.silent.heard.pop()
        self.silent.heard.clear()
        return f"it called the listener that must stay silent: {heard}"

    def _leading_away(self) -> Iterator[tuple[str, Reply]]:
        away = f"http://{self.silent.host}/fhir"
        for status in REDIRECTS:
            yield f"redirect {status}", redirecting(status, f"{away}/Observation")
        for name, link in {
            "to another host": f"{away}?page=2",
            "without a scheme": f"//{self.silent.host}/fhir?page=2",
            "with the base as user": f"{self.base.replace('/fhir', '')}@{self.silent.host}/fhir?page=2",
            "with a backslash": f"{self.base}\\@{self.silent.host}/fhir?page=2",
            "to another case of the scheme": f"HTTP://{self.silent.host}/fhir?page=2",
        }.items():
            page = {"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "next", "url": link}]}
            yield f"next link {name}", found(json.dumps(page).encode())
        medication = {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [{"fullUrl": f"{away}/MedicationRequest/1", "resource": _prescription(away)}],
        }
        yield "reference to another host", found(json.dumps(medication).encode())

    def _is_not_led_away(self, reply: Reply) -> str:
        self.fhir.reply = reply
        answer = self._ask(self.base)
        if self.silent.heard:
            return self._heard()
        return f"it answered with {answer.status_code}" if answer.status_code >= 500 else self._recovers()

    def _faults(self) -> Iterator[tuple[str, Reply]]:
        yield from SLOW.items()
        yield from BROKEN.items()
        yield from ((name, reply) for name, (reply, _says) in UNBOUNDED.items())
        for status in STATUSES:
            yield f"HTTP {status}", failing(status)
        yield "a page for people", found(b"<html>Please log in</html>", Content_Type="text/html")
        yield "nothing at all", found(b"")
        yield "an array", found(b"[]")
        yield "an error in a Bundle", found(json.dumps(_outcome()).encode())

    def _tells(self, reply: Reply) -> str:
        """The fault is answered in time, without an error, and is not taken for a record that holds nothing."""
        self.fhir.reply = reply
        started = time.monotonic()
        try:
            answer = self._ask(self.base)
        except requests.RequestException as error:
            return f"no answer ({type(error).__name__})"
        seconds = time.monotonic() - started
        if answer.status_code >= 500:
            return f"it answered with {answer.status_code}"
        if seconds > self.attacked.seconds:
            return f"it took {seconds:.1f} s"
        if SECRET in answer.text:
            return "the answer holds the access token"
        if answer.ok and cards_of(answer) == self.empty:
            return "it was taken for a record that holds nothing"
        return self._recovers()

    def _recovers(self) -> str:
        """Once the FHIR server is sound again the service asks it again."""
        self.fhir.reply = Slow.found
        until = time.monotonic() + 4 * self.attacked.seconds
        while time.monotonic() < until:
            answer = self._ask(self.base)
            if answer.ok and cards_of(answer) == self.empty:
                return ""
            time.sleep(0.5)
        return "afterwards it does not ask a sound FHIR server again"

    def _refuses(self, attack: str) -> str:
        tokens = self.attacked.now
        assert tokens is not None
        status = self.attacked.fire(tokens.attacks()[attack](), fhirServer=self.base).status_code
        return "" if status in REFUSED else f"it answered with {status}"

    def _takes_once(self) -> str:
        tokens = self.attacked.now
        assert tokens is not None
        bearer = tokens.token(number=str(uuid.uuid4()))
        first, second = (self.attacked.fire(bearer, fhirServer=self.base).status_code for _again in range(2))
        return "" if first == requests.codes.ok and second in REFUSED else f"it answered with {first} and {second}"


def redirecting(status: int, where: str) -> Reply:
    def reply(call: Slow) -> None:
        call.send_response(status)
        call.send_header("Location", where)
        call.send_header("Content-Length", "0")
        call.end_headers()

    return reply


def failing(status: int) -> Reply:
    body = json.dumps(_outcome()).encode()

    def reply(call: Slow) -> None:
        call.send_response(status)
        call.send_header("Content-Type", "application/fhir+json")
        call.send_header("Content-Length", str(len(body)))
        call.end_headers()
        call.wfile.write(body)

    return reply


def _outcome() -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


def _prescription(away: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": "1",
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{denosumab()['context']['patientId']}"},
        "medicationReference": {"reference": f"{away}/Medication/1"},
    }


# --- the run ----------------------------------------------------------------------------------------------------------


def run(pack: Pack, tell: Callable[[str], None], only: Collection[str] = ()) -> int:
    """Try every case, or these alone; the exit code."""
    if why := pack.begin():
        tell(f"nothing was tried: {why}")
        return 2
    tried, failed = 0, 0
    for name, attempt in pack.cases():
        if only and name not in only:
            continue
        try:
            wrong = attempt()
        except requests.RequestException as error:
            wrong = f"no answer ({type(error).__name__})"
        tried += 1
        failed += bool(wrong)
        tell(f"{'FAILED' if wrong else 'held  '}  {name}{': ' + wrong if wrong else ''}")
    tell(f"{tried - failed} of {tried} held")
    if pack.attacked.tokens is None:
        tell("JWT cases were left out: name a folder of keys (--keys) that the service's registry holds")
    return int(failed > 0)


@contextmanager
def our_own(folder: Path, seconds: float) -> Iterator[tuple[str, Callable[[str], None]]]:
    """Our service's address, and what starts it once its FHIR base and registry are known."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:

        def start(base: str) -> None:
            environment = {name: value for name, value in os.environ.items() if not name.startswith("OSTEOCDS_")} | {
                "OSTEOCDS_PORT": str(port),
                "OSTEOCDS_WORKERS": "1",
                "OSTEOCDS_CLIENTS": str(folder / REGISTRY),
                "OSTEOCDS_PUBLIC_URL": url,
                "OSTEOCDS_FHIR_BASES": base,
                "OSTEOCDS_DEADLINE_SECONDS": str(seconds),
                "OSTEOCDS_DATABASE_URL": f"sqlite:///{folder}/attacked.sqlite3",
            }
            command = [sys.executable, "-m", "service.cli", "serve"]
            log = folder / "log"
            stack.enter_context(
                running(command, url, start_seconds=60, environment=environment, ready="/health/ready", log=log)
            )

        yield url, start


def main(arguments: list[str] | None = None) -> int:
    """Attack, and report line by line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", default="", help="the service; our own is started where none is named")
    parser.add_argument("--service", default="bone-metastases-order-sign", help="the id of one for order-sign")
    parser.add_argument(
        "--request", type=Path, help="a hook request (JSON) that it answers by what a FHIR server holds"
    )
    parser.add_argument(
        "--port", type=int, default=0, help=f"of our FHIR server: http://{LISTED_HOST}:PORT/fhir is listed"
    )
    parser.add_argument("--keys", type=Path, help="a folder with the keys of a client; made where it is empty")
    parser.add_argument("--public-url", default="", help="the audience of its tokens, where it is not the url")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long an answer may take")
    parser.add_argument(
        "--strict", action="store_true", help="bounds of tokens that the specification does not set too"
    )
    parser.add_argument("--only", action="append", default=[], help="a case by its name; may be named several times")
    chosen = parser.parse_args(arguments)
    body = (
        json.loads(chosen.request.read_text(encoding="utf-8")) if chosen.request else without(denosumab(), "prefetch")
    )
    with ExitStack() as stack:
        fhir = stack.enter_context(serving(Slow.found, chosen.port))
        silent = stack.enter_context(must_stay_silent())
        base = f"http://{LISTED_HOST}:{fhir.server_port}/fhir"
        url, keys, start = chosen.url.rstrip("/"), chosen.keys, None
        if not url:
            keys = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url, start = stack.enter_context(our_own(keys, chosen.seconds / 5))
        audience = chosen.public_url.rstrip("/") or url
        tokens = keys and tokens_of(
            keys, CLIENT, public_url=audience, service=chosen.service, moment=int(time.time()), bases=[base]
        )
        if start is not None:
            start(base)
        attacked = Attacked(url, chosen.service, body, chosen.seconds, tokens, chosen.strict or start is not None)
        return run(Pack(attacked, fhir, base, silent), lambda line: sys.stdout.write(f"{line}\n"), chosen.only)


if __name__ == "__main__":
    sys.exit(main())
