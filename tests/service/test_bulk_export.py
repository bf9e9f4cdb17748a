"""A FHIR server's `$export` as the source of a screen: what goes wrong on the way, and what is never called or sent."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from click.testing import CliRunner
from support.scenario import NOW

from service.cli import main
from service.gathering.allowlist import Allowlist
from service.gathering.fhir_server import new_session
from service.population import bulk_export
from service.population.bulk_export import BulkExport, NotExported, pause
from service.population.fetched import token_of

BASE = "https://ehr.example.org/fhir"
FILES = "https://files.example.org/bulk"
KICK_OFF, STATUS = f"{BASE}/$export", f"{BASE}/jobs/1"
TOKEN = "secret-of-the-site"  # noqa: S105 - invented
PATIENTS = b'{"resourceType":"Patient","id":"one"}\n{"resourceType":"Patient","id":"two"}\n'


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


class Export:
    """An export into a folder, and the seconds that it waited."""

    def __init__(self, folder: Path, address: str = BASE, bases: tuple[str, ...] = (BASE, FILES)) -> None:
        self.waited: list[float] = []
        self.of = BulkExport(
            address,
            ("Condition", "Patient"),
            folder,
            Allowlist(bases),
            new_session(),
            token=lambda: TOKEN,
            wait=self.waited.append,
        )

    def fetch(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.of.fetch().iterdir())}


def begins(server: responses.RequestsMock, status: str = STATUS) -> None:
    server.get(KICK_OFF, status=202, headers={"Content-Location": status})
    server.delete(STATUS, status=202)


def ready(server: responses.RequestsMock, *urls: str, **others: Any) -> None:
    output = [{"type": "Patient", "url": url, "count": 2} for url in urls or (f"{BASE}/files/1",)]
    server.get(STATUS, json={"transactionTime": "2026-03-31T00:00:00Z", "output": output, "error": [], **others})


def sent(server: responses.RequestsMock, url: str) -> list[requests.PreparedRequest]:
    return [call.request for call in server.calls if (call.request.url or "").startswith(url)]


def test_it_is_begun_waited_for_as_the_server_says_and_fetched(server: responses.RequestsMock, tmp_path: Path) -> None:
    begins(server)
    server.get(STATUS, status=202, headers={"Retry-After": "7"})
    ready(server)
    server.get(f"{BASE}/files/1", body=PATIENTS)
    export = Export(tmp_path)
    assert export.fetch() == {"00000.Patient.ndjson": PATIENTS}
    assert export.waited == [7]
    (kick_off,) = sent(server, KICK_OFF)
    assert kick_off.headers["Prefer"] == "respond-async"
    assert kick_off.headers["Accept"] == "application/fhir+json"
    assert "_type=Condition%2CPatient" in (kick_off.url or "")
    assert {call.request.headers["Authorization"] for call in server.calls} == {f"Bearer {TOKEN}"}
    assert server.calls[-1].request.method == "DELETE"


def test_it_tells_how_far_it_is(
    server: responses.RequestsMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begins(server)
    server.get(STATUS, status=202, headers={"Retry-After": "1", "X-Progress": "a third\x1b[2J is done " + "x" * 500})
    server.get(STATUS, status=202, headers={"Retry-After": "1"})
    ready(server, f"{BASE}/files/1", f"{BASE}/files/2")
    server.get(f"{BASE}/files/1", body=PATIENTS)
    server.get(f"{BASE}/files/2", body=PATIENTS)
    monkeypatch.setattr(bulk_export, "PART", 10)
    monkeypatch.setattr(bulk_export, "PARTS_BETWEEN", 2)
    told: list[tuple[int, int, int]] = []
    waited: list[str] = []
    export = replace(Export(tmp_path).of, advance=lambda *far: told.append(far), waiting=waited.append)
    export.fetch()
    assert waited[0].startswith("a third")
    assert len(waited[0]) <= 100
    assert waited[0].isprintable()
    assert waited[1] == ""
    assert told[0] == (0, 2, 0)
    assert told[-1] == (2, 2, 2 * len(PATIENTS))
    assert (1, 2, len(PATIENTS)) in told
    assert told == sorted(told)
    assert len(told) > 5


def test_a_group_is_exported_where_it_is_named(server: responses.RequestsMock, tmp_path: Path) -> None:
    server.get(f"{BASE}/Group/lung/$export", status=202, headers={"Content-Location": STATUS})
    server.delete(STATUS, status=202)
    ready(server)
    server.get(f"{BASE}/files/1", body=PATIENTS)
    assert Export(tmp_path, f"{BASE}/Group/lung/").fetch()


@pytest.mark.parametrize(
    ("url", "requires", "has_token"),
    [(f"{BASE}/files/1", True, True), (f"{BASE}/files/1", False, False), (f"{FILES}/1", True, False)],
    ids=["below the base", "below the base, without a token", "below another base"],
)
def test_the_token_goes_to_its_own_base_and_only_where_it_is_wanted(
    server: responses.RequestsMock, tmp_path: Path, url: str, *, requires: bool, has_token: bool
) -> None:
    begins(server)
    ready(server, url, requiresAccessToken=requires)
    server.get(url, body=PATIENTS)
    Export(tmp_path).fetch()
    assert ["Authorization" in one.headers for one in sent(server, url)] == [has_token]


@pytest.mark.parametrize(
    "address", ["https://elsewhere.example.org/fhir", f"{BASE}/../admin", "https://ehr.example.org"]
)
def test_an_address_that_is_not_listed_is_not_called(
    server: responses.RequestsMock, tmp_path: Path, address: str
) -> None:
    with pytest.raises(NotExported, match="allowlist"):
        Export(tmp_path, address).fetch()
    assert len(server.calls) == 0


@pytest.mark.parametrize(
    "link", ["https://elsewhere.example.org/jobs/1", "http://169.254.169.254/latest", "", "/jobs/1"]
)
def test_a_status_elsewhere_is_not_asked(server: responses.RequestsMock, tmp_path: Path, link: str) -> None:
    begins(server, link)
    with pytest.raises(NotExported, match="allowlist"):
        Export(tmp_path).fetch()
    assert len(server.calls) == 1


def test_a_file_elsewhere_is_not_fetched(server: responses.RequestsMock, tmp_path: Path) -> None:
    begins(server)
    ready(server, "https://elsewhere.example.org/1")
    with pytest.raises(NotExported, match="allowlist"):
        Export(tmp_path).fetch()


@pytest.mark.parametrize("where", [KICK_OFF, STATUS, f"{BASE}/files/1"])
def test_redirects_are_not_followed(server: responses.RequestsMock, tmp_path: Path, where: str) -> None:
    server.get(where, status=302, headers={"Location": "https://elsewhere.example.org/"})
    begins(server)
    ready(server)
    with pytest.raises(NotExported, match="redirects"):
        Export(tmp_path).fetch()
    assert not sent(server, "https://elsewhere")


@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "refused access"), (403, "refused access"), (404, "began no export"), (200, "began no")],
)
def test_a_server_that_begins_none_is_told_without_the_token(
    server: responses.RequestsMock, tmp_path: Path, status: int, message: str
) -> None:
    server.get(KICK_OFF, status=status)
    with pytest.raises(NotExported, match=message) as told:
        Export(tmp_path).fetch()
    assert TOKEN not in str(told.value)


def test_a_server_that_is_busy_for_a_moment_is_asked_again(server: responses.RequestsMock, tmp_path: Path) -> None:
    server.get(KICK_OFF, status=429, headers={"Retry-After": "3"})
    server.get(KICK_OFF, body=requests.ConnectionError())
    begins(server)
    ready(server)
    server.get(f"{BASE}/files/1", body=PATIENTS)
    export = Export(tmp_path)
    assert export.fetch()
    assert export.waited == [3, 2]


def test_one_that_stays_away_is_given_up(server: responses.RequestsMock, tmp_path: Path) -> None:
    server.get(KICK_OFF, body=requests.ConnectionError())
    with pytest.raises(NotExported, match="could not be reached"):
        Export(tmp_path).fetch()
    assert len(server.calls) == bulk_export.TRIES


def test_one_that_never_is_ready_is_given_up(server: responses.RequestsMock, tmp_path: Path) -> None:
    begins(server)
    server.get(STATUS, status=202, headers={"Retry-After": "100000"})
    export = Export(tmp_path)
    with pytest.raises(NotExported, match="not ready after 48 hours"):
        export.fetch()
    assert set(export.waited) == {bulk_export.MOST_WAIT_SECONDS}


def breaks_off(server: responses.RequestsMock) -> None:
    """The file ends after 50 bytes of those that were announced."""
    server.get(
        f"{BASE}/files/1",
        body=PATIENTS[:50],
        headers={"Content-Length": str(len(PATIENTS))},
        auto_calculate_content_length=False,
    )


def test_a_file_that_broke_off_is_fetched_from_there(
    server: responses.RequestsMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_export, "PART", 10)
    begins(server)
    ready(server)
    breaks_off(server)
    rest = {"Content-Range": f"bytes 50-{len(PATIENTS) - 1}/{len(PATIENTS)}"}
    server.get(f"{BASE}/files/1", body=PATIENTS[50:], status=206, headers=rest)
    assert Export(tmp_path).fetch() == {"00000.Patient.ndjson": PATIENTS}
    assert [one.headers.get("Range") for one in sent(server, f"{BASE}/files")] == [None, "bytes=50-"]


@pytest.mark.parametrize(("slow", "said"), [(STATUS, "could not be reached"), (f"{BASE}/files/1", "be fetched whole")])
def test_a_body_that_drips_ends(
    slow: str, said: str, server: responses.RequestsMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_export, "PART", 10)
    begins(server)
    ready(server)
    server.get(f"{BASE}/files/1", body=PATIENTS)
    moments = itertools.count(step=bulk_export.GRACE_SECONDS)
    clock = lambda: next(moments) if server.calls[-1].request.url == slow else 0  # noqa: E731 - short
    with pytest.raises(NotExported, match=said):
        replace(Export(tmp_path).of, clock=clock).fetch()


def test_a_server_without_ranges_sends_it_anew(server: responses.RequestsMock, tmp_path: Path) -> None:
    begins(server)
    ready(server)
    breaks_off(server)
    server.get(f"{BASE}/files/1", body=PATIENTS)
    assert Export(tmp_path).fetch() == {"00000.Patient.ndjson": PATIENTS}


def test_stopped_it_goes_on_and_begins_no_second_export(server: responses.RequestsMock, tmp_path: Path) -> None:
    begins(server)
    ready(server, f"{BASE}/files/1", f"{BASE}/files/2")
    server.get(f"{BASE}/files/1", body=PATIENTS)
    server.get(f"{BASE}/files/2", status=500)
    with pytest.raises(NotExported, match="HTTP 500"):
        Export(tmp_path).fetch()
    server.replace("GET", f"{BASE}/files/2", body=PATIENTS)
    assert list(Export(tmp_path).fetch()) == ["00000.Patient.ndjson", "00001.Patient.ndjson"]
    assert len(sent(server, KICK_OFF)) == 1
    assert len(sent(server, f"{BASE}/files/1")) == 1


def test_a_file_with_fewer_resources_than_the_manifest_says_is_not_taken(
    server: responses.RequestsMock, tmp_path: Path
) -> None:
    begins(server)
    ready(server)
    server.get(f"{BASE}/files/1", body=PATIENTS.splitlines(keepends=True)[0])
    with pytest.raises(NotExported, match="holds 1 resources and not 2"):
        Export(tmp_path).fetch()
    assert not list((tmp_path / "files").iterdir())


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("no json", "no JSON"),
        ("[]", "names no files"),
        (json.dumps({"output": []}), "names no files"),
        (json.dumps({"output": [{"type": "../Patient", "url": f"{BASE}/1"}]}), "names no files"),
        (json.dumps({"output": [{"type": "Patient", "url": f"{BASE}/1"}] * 3}), "more than 2 files"),
        (
            json.dumps(
                {
                    "output": [{"type": "Patient", "url": f"{BASE}/1"}],
                    "error": [{"type": "OperationOutcome", "count": 1}],
                }
            ),
            "could not export everything",
        ),
        (
            json.dumps(
                {
                    "output": [{"type": "Patient", "url": f"{BASE}/1"}],
                    "link": [{"relation": "next", "url": f"{STATUS}?page=2"}],
                }
            ),
            "comes in parts",
        ),
        (" " * 2000, "too large"),
    ],
    ids=["no json", "a list", "none", "a path as a type", "too many", "errors", "in parts", "too large"],
)
def test_a_manifest_that_cannot_be_used_is_refused(
    server: responses.RequestsMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manifest: str, message: str
) -> None:
    monkeypatch.setattr(bulk_export, "MOST_FILES", 2)
    monkeypatch.setattr(bulk_export, "MOST_BYTES_OF_A_MANIFEST", 1000)
    begins(server)
    server.get(STATUS, body=manifest)
    with pytest.raises(NotExported, match=message):
        Export(tmp_path).fetch()


def outcome(*severities: str) -> str:
    return json.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": one} for one in severities]})


@pytest.mark.parametrize(
    ("said", "is_taken"),
    [
        (outcome("information", "warning") + "\n\n" + outcome("success"), True),
        (outcome("information") + "\n" + outcome("error"), False),
        (outcome("fatal"), False),
        (outcome("serious"), False),
        (outcome(), False),
        ('{"resourceType": "OperationOutcome"}', False),
        ("no json", False),
        ("", False),
    ],
)
def test_what_a_server_says_beside_its_files_is_read_and_taken_where_nothing_of_it_failed(
    server: responses.RequestsMock, tmp_path: Path, said: str, *, is_taken: bool
) -> None:
    begins(server)
    ready(server, error=[{"type": "OperationOutcome", "url": f"{BASE}/files/said"}])
    server.get(f"{BASE}/files/said", body=said)
    server.get(f"{BASE}/files/1", body=PATIENTS)
    if is_taken:
        assert Export(tmp_path).fetch() == {"00000.Patient.ndjson": PATIENTS}
        return
    for _time in range(2):  # the second begins another export, whose files may be whole
        with pytest.raises(NotExported, match="could not export everything"):
            Export(tmp_path).fetch()
    assert len(sent(server, KICK_OFF)) == 2


def test_files_that_the_server_deleted_meanwhile_are_those_of_another_export_next_time(
    server: responses.RequestsMock, tmp_path: Path
) -> None:
    begins(server)
    ready(server, f"{BASE}/files/1", f"{BASE}/files/2")
    server.get(f"{BASE}/files/1", body=PATIENTS)
    server.get(f"{BASE}/files/2", status=410)
    with pytest.raises(NotExported, match="no longer: run the command again"):
        Export(tmp_path).fetch()
    newer = PATIENTS.replace(b"one", b"new")
    server.replace("GET", f"{BASE}/files/1", body=newer)
    server.replace("GET", f"{BASE}/files/2", body=newer)
    assert Export(tmp_path).fetch() == {"00000.Patient.ndjson": newer, "00001.Patient.ndjson": newer}
    assert len(sent(server, KICK_OFF)) == 2


def test_what_came_of_another_export_is_none_of_this_one(server: responses.RequestsMock, tmp_path: Path) -> None:
    begins(server)
    ready(server, f"{BASE}/files/1", f"{BASE}/files/2")
    server.get(f"{BASE}/files/1", body=PATIENTS)
    server.get(f"{BASE}/files/2", status=400)
    with pytest.raises(NotExported):
        Export(tmp_path).fetch()
    of_group = PATIENTS.replace(b"one", b"of-the-group")
    server.get(f"{BASE}/Group/lung/$export", status=202, headers={"Content-Location": f"{BASE}/jobs/2"})
    server.get(f"{BASE}/jobs/2", json={"output": [{"type": "Patient", "url": f"{BASE}/files/3"}]})
    server.get(f"{BASE}/files/3", body=of_group)
    server.delete(f"{BASE}/jobs/2", status=202)
    assert Export(tmp_path, f"{BASE}/Group/lung").fetch() == {"00000.Patient.ndjson": of_group}


def test_more_than_may_come_is_not_kept(
    server: responses.RequestsMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_export, "MOST_BYTES", 60)
    begins(server)
    ready(server)
    server.get(f"{BASE}/files/1", body=PATIENTS)
    with pytest.raises(NotExported, match="more than 60 bytes"):
        Export(tmp_path).fetch()


def test_an_export_that_the_server_forgot_is_begun_anew_next_time(
    server: responses.RequestsMock, tmp_path: Path
) -> None:
    begins(server)
    server.get(STATUS, status=404)
    with pytest.raises(NotExported, match="run the command again"):
        Export(tmp_path).fetch()
    server.replace("GET", STATUS, json={"output": [{"type": "Patient", "url": f"{BASE}/files/1"}]})
    server.get(f"{BASE}/files/1", body=PATIENTS)
    assert Export(tmp_path).fetch()
    assert len(sent(server, KICK_OFF)) == 2


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("5", 5),
        ("0", 1),
        ("99999", 300),
        ("9" * 400, 300),
        ("", 10),
        ("soon", 10),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1),
        (f"Wed, 21 Oct 2015 07:28:00 +{'9' * 30}", 10),
        (f"Wed, 21 Oct 2015 {'9' * 30}:28:00", 10),
    ],
)
def test_how_long_to_wait_is_the_servers_word_within_limits(told: str, seconds: float) -> None:
    assert pause(told) == seconds


@pytest.mark.parametrize("held", ["", "two words", "é", "x" * 20_000], ids=["none", "words", "not ASCII", "too long"])
def test_a_file_that_holds_no_token_is_refused(tmp_path: Path, held: str) -> None:
    path = tmp_path / "token"
    path.write_text(held, encoding="utf-8")
    with pytest.raises(NotExported, match="no bearer token"):
        token_of(path)


def test_the_command_screens_what_the_server_gives_and_keeps_nothing_of_it(
    server: responses.RequestsMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSTEOCDS_FHIR_BASES", BASE)
    begins(server)
    ready(server)
    server.get(f"{BASE}/files/1", body=PATIENTS)
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n", encoding="ascii")
    out = tmp_path / "out"
    told = ["screen", BASE, "--token", str(token), "--out", str(out), "--as-of", NOW.isoformat(), "--workers", "1"]
    answer = CliRunner().invoke(main, told)
    assert answer.exit_code == 0, answer.output
    assert json.loads((out / "summary.json").read_bytes())["patients"] == 2
    assert not (out / ".export").exists()
    assert TOKEN not in "".join(path.read_text(encoding="utf-8", errors="replace") for path in out.iterdir())


def test_the_command_says_what_went_wrong(server: responses.RequestsMock, tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["screen", "https://elsewhere.example.org/fhir", "--out", str(tmp_path / "out")])
    assert answer.exit_code == 1
    assert "allowlist" in answer.output
    assert len(server.calls) == 0
