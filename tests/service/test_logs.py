"""What the service writes: one line an event, with the fields of a closed list; and nothing of a patient, anywhere.

Markers stand wherever an EHR, a record or a FHIR server can put words; none may come out of a service that logs all it can.
"""

from __future__ import annotations

import contextlib
import logging
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import orjson
import pytest
import requests
from support.ehr import denosumab, draft
from support.fhir_socket import Slow, serving
from support.processes import osteocds_serve
from test_served import HEAD, SIGN, exchanged

from service.edge import logs

MARK = "zqmark"
AS_JSON = {"Content-Type": "application/json"}


# --- markers ----------------------------------------------------------------------------------------------------------


def hostile(call: Slow) -> None:
    """A FHIR server that says the patient's name in all that it can say."""
    words = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": f"{MARK}-code"}]}
    words["issue"][0]["diagnostics"] = f"{MARK}-diagnostics of {call.path}"
    body = orjson.dumps(words) if len(call.server.calls) % 3 else f'{{"{MARK}-broken'.encode()
    call.send_response((200, 400, 302, 500)[len(call.server.calls) % 4], f"{MARK}-reason")
    call.send_header("Location", f"http://{MARK}-host.invalid/{MARK}-location")
    call.send_header("Content-Type", f"application/{MARK}-type")
    call.send_header("Content-Length", str(len(body)))
    call.end_headers()
    call.wfile.write(body)


def marked(fhir: str = "") -> dict[str, Any]:
    """A request with markers in every place of a patient's, that its schema takes."""
    asked = denosumab({"vitamin D": "10 ng/mL 3 days ago"})
    asked["hookInstance"] = f"{MARK}-instance"
    asked[f"{MARK}-member"] = {f"{MARK}-name": f"{MARK}-value"}
    asked["context"] |= {"patientId": f"{MARK}-patient", "userId": f"Practitioner/{MARK}-user"}
    asked["context"]["encounterId"] = f"{MARK}-encounter"
    order = draft(asked)
    order |= {"subject": {"reference": f"Patient/{MARK}-patient"}, "note": [{"text": f"{MARK}-note"}]}
    order["text"] = {"status": "generated", "div": f"<div>{MARK}-narrative</div>"}
    order["identifier"] = [{"system": "urn:x", "value": f"{MARK}-order"}]
    asked["prefetch"] = {
        "patient": {
            "resourceType": "Patient",
            "id": f"{MARK}-patient",
            "name": [{"family": f"{MARK}-family"}],
            "birthDate": f"{MARK}-birth",
            "identifier": [{"value": f"{MARK}-identifier"}],
        },
        "conditions": {"resourceType": "Bundle", "entry": [{"resource": one} for one in conditions()]},
    }
    if fhir:
        authorization = {"access_token": f"{MARK}-token", "token_type": "Bearer", "expires_in": 300, "scope": MARK}
        asked |= {"fhirServer": fhir, "fhirAuthorization": authorization | {"subject": f"{MARK}-subject"}}
    return asked


def conditions() -> Iterator[dict[str, Any]]:
    coded = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "C79.5"}], "text": f"{MARK}-condition"}
    yield {"resourceType": "Condition", "code": coded, "subject": {"reference": f"Patient/{MARK}-patient"}}
    local = {"coding": [{"system": f"urn:{MARK}-system", "code": f"{MARK}-code", "display": f"{MARK}-display"}]}
    yield {"resourceType": "Condition", "code": local, "subject": {"reference": f"Patient/{MARK}-other"}}


FEEDBACK = {
    "feedback": [
        {
            "card": str(uuid4()),
            "outcome": "overridden",
            "outcomeTimestamp": "2026-01-01T00:00:00Z",
            "overrideReason": {
                "userComment": f"{MARK}-comment",
                "reason": {"code": f"{MARK}", "display": f"{MARK}-why"},
            },
        }
    ]
}
RECEIPTS = [f"/receipts/{MARK}{more}" for more in ("", "-instance", f"-instance?page={MARK}", f"?page={MARK}")]
BROKEN = [
    f"GET /{MARK} HTTP/{MARK}\r\n\r\n".encode(),
    f"{MARK} {MARK} {MARK}\r\n\r\n".encode(),
    HEAD + f"Transfer-Encoding: chunked\r\n\r\n{MARK}\r\n{MARK}\r\n".encode(),
    HEAD + f"Transfer-Encoding: {MARK}\r\nContent-Length: {MARK}\r\n\r\n{MARK}".encode(),
    HEAD + f"{MARK}: {MARK * 11_000}\r\n\r\n".encode(),
    HEAD + f"{MARK} without colon\r\n\r\n".encode(),
    HEAD + f"Content-Length: 9\r\nConnection: close\r\n\r\n{MARK}\xff\xfe{MARK}".encode("latin-1"),
    HEAD + f"Upgrade: {MARK}\r\nConnection: Upgrade, close\r\nContent-Length: 6\r\n\r\n{MARK}".encode(),
]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A service that logs all it can, after it was sent markers in every way: what it answered, wrote and stored."""
    folder: Path = tmp_path_factory.mktemp("markers")
    (folder / "key").write_bytes(b"k" * 32)
    settings = {
        "OSTEOCDS_ALLOW_UNAUTHENTICATED": "1",
        "OSTEOCDS_LOG_LEVEL": "debug",
        "OSTEOCDS_LOG_JSON": "1",
        "OSTEOCDS_ACCESS_LOG": "1",
        "OSTEOCDS_PATIENT_KEY": str(folder / "key"),
        "OSTEOCDS_WORKERS": "1",
    }
    with serving(hostile) as fhir, osteocds_serve(folder, OSTEOCDS_FHIR_BASES=fhir.base, **settings) as base:
        errors: list[str] = []
        statuses: list[int] = []

        def sent(body: Any, path: str = SIGN, headers: dict[str, str] = AS_JSON, method: str = "POST") -> None:
            told = body if isinstance(body, bytes) else orjson.dumps(body)
            answer = requests.request(method, base + path, data=told, headers=headers, timeout=30)
            statuses.append(answer.status_code)
            if answer.status_code != 200:
                errors.append(answer.text + repr(answer.headers))

        for fhir_base in ("", fhir.base, f"http://{MARK}.invalid/fhir", f"http://{MARK} {MARK}"):
            for _time in range(4):
                sent(marked(fhir_base))
        known = {**marked(), "hookInstance": str(uuid4())}
        sent(known)
        for name in ("hook", "hookInstance", "context", "prefetch", "fhirServer", "fhirAuthorization", "extension"):
            for value in (f"{MARK}-wrong", [f"{MARK}-wrong"], {f"{MARK}-key": f"{MARK}-wrong"}):
                sent(marked(fhir.base) | {name: value})
        for name in ("patientId", "userId", "draftOrders", "encounterId"):
            for value in (f"{MARK} {MARK}/?#", [f"{MARK}-wrong"], {f"{MARK}-key": f"{MARK}-wrong"}):
                wrong = marked()
                wrong["context"][name] = value
                sent(wrong)
        sent(f'{{"{MARK}": {MARK}'.encode())
        sent(f'"{MARK}\xff"'.encode("latin-1"))
        sent(marked(), headers={"Content-Type": f"text/{MARK}", "X-Patient": MARK})
        sent(marked(), f"{SIGN}?patient={MARK}", {**AS_JSON, "Authorization": f"Bearer {MARK}", "Cookie": MARK})
        sent(marked(), f"/cds-services/{MARK}")
        sent(FEEDBACK, f"{SIGN}/feedback")
        sent({"feedback": [{"card": [MARK], "outcome": MARK, f"{MARK}-x": MARK}]}, f"{SIGN}/feedback")
        for path in (
            f"/{MARK}",
            f"/catalogue/{MARK}?q={MARK}",
            f"/questionnaires/{MARK}",
            f"/{MARK}/../metrics",
            *RECEIPTS,
        ):
            sent(b"", path, {"Accept-Language": MARK, "Origin": f"http://{MARK}.example"}, "GET")
        sent(b"", SIGN, {}, "PATCH")
        time.sleep(1)  # the ledger is written behind the requests
        receipt = requests.get(f"{base}/receipts/{known['hookInstance']}", timeout=30)
        errors += [exchanged(base, one).decode("latin-1") for one in BROKEN]
        metrics = requests.get(f"{base}/metrics", timeout=30).text
        places = columns_with_markers(folder / "osteocds.sqlite3")
        stored = b"".join(file.read_bytes() for file in folder.glob("osteocds.sqlite3*")).decode("latin-1")
    log = (folder / "log").read_text(encoding="utf-8")
    lines = [orjson.loads(line) for line in log.splitlines()]
    return SimpleNamespace(
        errors=errors,
        statuses=statuses,
        metrics=metrics,
        stored=stored,
        places=places,
        log=log,
        lines=lines,
        known=known,
        receipt=receipt,
    )


def columns_with_markers(database: Path) -> set[str]:
    """The columns of a database that hold one."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [(table, row) for table in tables for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608
    return {f"{table}.{name}" for table, row in rows for name in row.keys() if MARK in str(row[name])}  # noqa: SIM118


def found(text: str) -> set[str]:
    """The markers that stand in a text."""
    return set(re.findall(rf"{MARK}[-\w]*", text, re.IGNORECASE))


def test_the_markers_were_read(attacked):
    assert {200, 400, 404, 415} <= set(attacked.statuses)
    assert max(attacked.statuses) < 500


def test_no_marker_stands_in_the_log(attacked):
    assert attacked.log.count('"event":"request"') > 40
    assert found(attacked.log) == set()


def test_no_marker_stands_in_an_error(attacked):
    assert len(attacked.errors) > 30
    assert found("\n".join(attacked.errors)) == set()


def test_no_marker_stands_in_the_metrics(attacked):
    assert "osteocds_requests_total" in attacked.metrics
    assert found(attacked.metrics) == set()


def test_the_database_holds_no_marker_but_the_hook_instance_and_the_code_of_a_reason_as_documented(attacked):
    assert attacked.places == {"answers.hook_instance", "feedback.reason_code"}
    secrets = ("patient", "family", "birth", "identifier", "condition", "display", "note", "token", "comment", "why")
    assert [one for one in secrets if f"{MARK}-{one}" in attacked.stored] == []


def test_a_receipt_holds_no_marker_of_what_was_asked(attacked):
    assert attacked.receipt.status_code == 200
    assert attacked.receipt.json()["receipt"]["answers"]
    assert found(attacked.receipt.text) == set()


def test_a_line_of_a_request_says_whose_it_was_what_became_of_it_and_how_long_it_took(attacked):
    (line,) = [one for one in attacked.lines if one.get("hook_instance") == attacked.known["hookInstance"]]
    assert line.keys() <= set(logs.FIELDS)
    assert (
        line.items()
        >= {
            "level": "info",
            "event": "request",
            "outcome": "answered",
            "status": 200,
            "service": SIGN.rpartition("/")[2],
            "client": "",
            "fhir_calls": 0,
        }.items()
    )
    assert line["cards"] >= 1
    assert "could-not-be-checked" in line["rules"]
    assert line["took_ms"] > 0


def test_a_line_counts_the_calls_of_the_fhir_server_and_a_refused_request_has_one_too(attacked):
    asked = [one for one in attacked.lines if one.get("fhir_calls")]
    assert asked
    assert all(one["fhir_ms"] > 0 for one in asked)
    assert {one["status"] for one in attacked.lines if one.get("outcome") == "refused"} >= {400, 404, 415}


# --- one line ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """Begins a log as it is set, and gives what is written of records."""
    root = logging.getLogger()
    before, level, raising = root.handlers[:], root.level, logging.raiseExceptions

    def begin(*, as_json: bool) -> Any:
        logs.begin(SimpleNamespace(log_json=as_json, log_level="DEBUG"))
        return capsys

    yield begin
    logging.captureWarnings(capture=False)
    root.handlers[:], logging.raiseExceptions = before, raising
    root.setLevel(level)


@pytest.mark.parametrize("as_json", [True, False])
def test_no_value_can_forge_a_line_or_fill_the_disk(written, as_json):
    lines = written(as_json=as_json)
    told = {"client": 'x\n{"level":"error"}\r\x1b[31m\u2028\u202e', "service": "y" * 100_000, "patient": "Jane"}
    logging.getLogger("osteocds").info("refused: %s", "a\nb", extra=told)
    (line,) = lines.readouterr().err.splitlines()
    assert len(line) < 3 * logs.LONGEST_VALUE
    assert line.isprintable()
    assert "Jane" not in line
    assert "refused: a?b" in line


def test_of_what_libraries_log_only_the_name_and_the_kind_of_error_is_shown(written):
    lines = written(as_json=True)
    library = logging.getLogger("a.library")
    library.info("GET /Patient/Jane")
    with contextlib.suppress(ValueError):
        library.warning("to few %s %s", "Jane")
    try:
        int("Jane")
    except ValueError:
        library.exception("Jane %s", "Jane")
    told = [orjson.loads(line) for line in lines.readouterr().err.splitlines()]
    assert [(one["level"], one["logger"], one.get("error")) for one in told] == [
        ("warning", "a.library", None),
        ("error", "a.library", "ValueError"),
    ]
    assert "Jane" not in str(told)


@pytest.mark.parametrize("status", [200, 304, 400, 401, 499, 500, 503])
def test_an_outcome_is_one_of_four(status):
    expected = {200: "answered", 304: "answered", 500: "failed", 503: "shed"}.get(status, "refused")
    assert logs.outcome(status) == expected


A_UUID = "3f2b8c9e-1d4a-4e6f-8a7b-5c9d0e1f2a3b"


@pytest.mark.parametrize("told", ["Jane Doe", "", None, 12, ["x"], f"{A_UUID}\n", f"urn:uuid:{A_UUID}"])
def test_a_hook_instance_that_is_no_uuid_is_a_hash(told):
    assert re.fullmatch(r"sha256:[0-9a-f]{16}", logs.hook_instance(told))
    one = str(uuid4())
    assert logs.hook_instance(one) == one


def test_the_documentation_lists_each_field_of_a_line():
    told = (Path(__file__).parents[2] / "docs/logs.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE)) == logs.FIELDS
