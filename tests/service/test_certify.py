"""`osteocds certify`: a healthy site passes, each of many misconfigurations is found by the check that is about it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from justhtml import JustHTML
from support.gateway import Call, Reply
from support.installation import FHIR_TOKEN, kept, needs_token
from support.planted import ATTENTION

from service.certify import calls
from service.certify.check import CHECKS
from service.certify.command import MOST_PATIENTS
from service.certify.tokens import KEYS, tokens_of
from service.cli import main
from service.demo.run import DEMO_PATIENTS
from service.guidelines import GUIDELINES
from service.languages.render import Language, render
from service.ledger.signing import NoReceipt, Seal, read_keys, receipt_in

# --- a healthy site ---------------------------------------------------------------------------------------------------


def test_a_healthy_site_passes_every_check(site):
    result = site.certify("--write")
    assert site.outcomes("warn", "fail", "not run") == {}, result.output
    assert site.outcomes("pass").keys() == CHECKS.keys()
    assert result.exit_code == 0
    assert site.report["verdict"] == "pass"
    asked = [one["about"] for one in site.report["checks"] if one["id"] == "orders.cards"]
    assert asked == [chapter.topic for guideline in GUIDELINES for chapter in guideline.chapters]


def test_what_was_written_bears_a_tag_and_is_gone_afterwards(site, demo_fhir):
    written: list[dict] = []

    def note(call: Call) -> Reply | None:
        if call.method == "POST" and call.address == "/fhir":
            written.extend(json.loads(call.body)["entry"])
        return needs_token(call)

    site.fhir.before = note
    site.certify("--write")
    created = [one["resource"] for one in written if one["request"]["method"] == "POST"]
    assert len(created) > len(GUIDELINES[0].chapters)
    assert {one["meta"]["tag"][0]["system"] for one in created} == {"urn:osteocds:certify"}
    assert {one["meta"]["security"][0]["code"] for one in created} == {"HTEST"}
    left = requests.get(f"{demo_fhir}/Patient", {"_tag": "urn:osteocds:certify|"}, timeout=10).json()
    assert left["total"] == 0


def test_without_write_nothing_is_written(site):
    methods: set[str] = set()

    def note(call: Call) -> Reply | None:
        methods.add(f"{call.method} {'search' if call.is_search or call.method == 'GET' else call.address}")
        return needs_token(call)

    site.fhir.before = note
    site.certify()
    assert methods == {"GET search", "POST search"}
    assert {site.outcomes("not run")[one] for one in CHECKS if one.startswith("orders.")} == {"not run"}


def test_the_report_holds_nothing_of_a_patient_nor_a_token(site):
    result = site.certify("--write")
    told = [result.output, *(path.read_text() for path in (site.folder / "out").iterdir())]
    names = {patient.id for patient in DEMO_PATIENTS} | {FHIR_TOKEN}
    for text in told:
        assert not [name for name in names if name in text]
        assert not re.search(r"eyJ[\w-]+\.eyJ", text)


def test_the_report_is_signed_by_the_key_of_receipts_and_is_no_receipt(site):
    site.certify()
    told = (site.folder / "out/certification.json").read_bytes()
    keys = read_keys(kept() / "receipt.pem")
    assert keys.seal(told) is Seal.HOLDS
    assert keys.seal(told.replace(b'"pass"', b'"fail"', 1)) is Seal.CHANGED
    document = json.loads(told)
    assert (
        keys.seal(json.dumps({"receipt": document["report"], "signature": document["signature"]}).encode())
        is Seal.CHANGED
    )
    with pytest.raises(NoReceipt):
        receipt_in(told)


def test_the_report_is_a_page_that_names_its_file_and_prints(site):
    site.certify()
    page = (site.folder / "out/certification.html").read_text()
    assert JustHTML(page, strict=True).root
    assert "@media print" in page
    assert all(f"<code>{check}</code>" in page for check in CHECKS)
    assert "<script" not in page
    kid = json.loads(json.dumps(read_keys(kept() / "receipt.pem").public))["keys"][0]["kid"]
    assert kid in page


def test_a_french_report_is_french(site):
    site.environment["OSTEOCDS_LANGUAGE"] = "fr"
    site.running["language"] = "fr"
    result = site.certify("--language", "fr")
    assert "réussi" in result.output
    assert "passed" not in result.output
    assert '<html lang="fr">' in (site.folder / "out/certification.html").read_text()


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_beyond_its_time_nothing_is_asked_and_nothing_passes(site, monkeypatch):
    monkeypatch.setattr(calls, "MOST_SECONDS", 0.0)
    result = site.certify()
    assert site.outcomes("pass", *ATTENTION).keys() <= {"fhir.listed"}
    assert result.exit_code == 2


def test_beyond_its_calls_what_was_written_is_deleted_all_the_same(site, demo_fhir, monkeypatch):
    site.certify()
    monkeypatch.setattr(calls, "MOST_CALLS", site.report["calls"] + 10)
    site.certify("--write")
    assert site.outcomes("pass")["orders.deleted"] == "pass"
    assert "calls of a certification were made" in site.seen("orders.cards")
    left = requests.get(f"{demo_fhir}/Patient", {"_tag": "urn:osteocds:certify|"}, timeout=10).json()
    assert left["total"] == 0


def test_an_answer_without_end_is_cut_off(site, monkeypatch):
    monkeypatch.setattr(calls, "MOST_BYTES_OF_AN_ANSWER", 100_000)
    site.certify()
    assert "longer" in site.seen("fhir.reachable")


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["certify", "cds.example.org"], "no address"),
        (["certify", "https://user@cds.example.org"], "no address"),
        (["certify", "http://127.0.0.1:1", "--fhir-token", "TOKEN"], "--fhir-base"),
        (["certify", "http://127.0.0.1:1", "--fhir-base", "file:///etc"], "not a plain http"),
        (["certify", "http://127.0.0.1:1", "--keys", "KEYS"], "keys cannot be used"),
        (["certify", "http://127.0.0.1:1", "--fhir-base", "http://b", "--fhir-token", "TWO"], "more than one"),
    ],
)
def test_what_cannot_be_certified_is_said_at_once(options, says, tmp_path):
    (tmp_path / "TOKEN").write_text("a")
    (tmp_path / "TWO").write_text("a b")
    (tmp_path / "KEYS").mkdir()
    for name in KEYS:
        (tmp_path / "KEYS" / name).write_text("{}")
    told = [str(tmp_path / one) if one.isupper() else one for one in options]
    two = {"OSTEOCDS_FHIR_BASES": "http://a.example/fhir,http://b.example/fhir"}
    result = CliRunner().invoke(main, told, env=two)
    assert result.exit_code == 1
    assert says in result.output


def test_keys_are_made_for_their_owner_alone(tmp_path):
    tokens_of(tmp_path / "keys", "certify", public_url="", service="x", moment=0)
    assert {oct((tmp_path / "keys" / name).stat().st_mode)[-3:] for name in KEYS} == {"600"}


def test_a_report_is_verified_like_a_receipt(site):
    site.certify()
    report = site.folder / "out/certification.json"
    whole = CliRunner().invoke(main, ["receipt", "--verify", str(report)], env=site.environment)
    assert whole.exit_code == 0
    assert "as it was signed" in whole.output
    report.write_bytes(report.read_bytes().replace(b'"not run"', b'"pass"', 1))
    assert CliRunner().invoke(main, ["receipt", "--verify", str(report)], env=site.environment).exit_code == 1


# --- the page of documentation ----------------------------------------------------------------------------------------


def test_the_table_of_the_documentation_is_that_of_the_code():
    page = (Path(__file__).parents[2] / "docs/certify.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([a-z]+\.[a-z-]+)` \| (.+) \|$", page, re.MULTILINE))
    said = {
        check: f"{render(row.title, Language.ENGLISH)} | {render(row.todo, Language.ENGLISH)}"
        for check, row in CHECKS.items()
    }
    assert told == said
    for figure in (calls.MOST_SECONDS, calls.MOST_CALLS, calls.MOST_BYTES / 1_000_000, MOST_PATIENTS):
        assert f"{figure:g}" in page
