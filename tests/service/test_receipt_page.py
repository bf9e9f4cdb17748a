"""The receipt as a page: what it shows, the calendar on it, to whom; and the calendar of a request at hand, as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from joserfc.jwk import ECKey, RSAKey
from selenium.webdriver import Chrome
from support.accessibility import violations_in_every_mode
from support.ehr import Ehr, ehr
from support.scenario import NOW, request_for
from support.serving import served

from service.certify.tokens import Tokens
from service.cli import main
from service.edge import calendar_page
from service.ledger.fingerprints import SHORTEST_KEY

PAGE = {"Accept": "text/html"}
DRAWN = '<svg class="axis"'
BEFORE = "radiosensitiser-before-radiotherapy"
KEEPS = frozenset({"requests"})
PUBLIC_URL = "https://cds.example.org"
RSA, EC = RSAKey.generate_key(2048, {"kid": "rsa"}), ECKey.generate_key("P-384", {"kid": "ec"})
TOKENS = Tokens("https://ehr.example.org", PUBLIC_URL, "bone-metastases-order-sign", int(NOW.timestamp()), RSA, EC)
REQUEST = request_for(
    {
        "order": {"act": "radiotherapy", "site": "L3", "dose": "30 Gy", "fractions": 10, "start in": 3},
        "record": {"medications": [{"drug": "gemcitabine", "days ago": 10}]},
    }
)
INSTANCE = REQUEST["hookInstance"]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.sqlite3"


def answered(url: str, **settings: Any) -> Ehr:
    """A service that has answered the request, and noted it."""
    client: Ehr = ehr(database_url=url, **settings)
    client.cards(REQUEST)
    client.application.extensions["osteocds.ledger"].writer.close()
    return client


def text(told: str) -> str:
    return told.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("Receipt", "advises", "Earliest day: 18 Apr 2026")),
        ("fr", ("Reçu", "affiche", "Premier jour possible : 18 avr. 2026")),
    ],
)
def test_it_says_what_each_rule_made_of_it_and_draws_the_calendar_as_of_then(
    url: str, language: str, said: tuple[str, ...]
) -> None:
    page = answered(url, ledger_keeps=KEEPS).get(f"/receipts/{INSTANCE}?lang={language}", headers=PAGE)
    assert (page.status_code, page.mimetype, page.headers["Cache-Control"]) == (200, "text/html", "no-store")
    for words in (*said, BEFORE, DRAWN, "bone-metastases-order-sign"):
        assert words in text(page.text)


def test_a_program_is_told_json_at_the_same_address(url: str) -> None:
    answer = answered(url, ledger_keeps=KEEPS).get(f"/receipts/{INSTANCE}")
    assert answer.get_json()["receipt"]["hookInstance"] == INSTANCE


def test_the_calendar_of_an_answer_leads_to_its_receipt(url: str) -> None:
    page = answered(url, ledger_keeps=KEEPS).get(f"/calendar/{INSTANCE}?lang=en")
    assert f'href="/receipts/{INSTANCE}?lang=en"' in page.text


def test_where_the_request_is_not_kept_nothing_is_drawn_and_it_says_who_can(url: str) -> None:
    page = answered(url, ledger_keeps=frozenset({"facts"})).get(f"/receipts/{INSTANCE}?lang=en", headers=PAGE)
    assert page.status_code == 200
    assert DRAWN not in page.text
    assert f"osteocds replay REQUEST.json --receipt {INSTANCE} --calendar" in page.text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_a_fhir_server_said_then_is_not_drawn_and_that_is_said(url: str, language: str) -> None:
    base = "http://127.0.0.1:9/fhir"
    client: Ehr = ehr(database_url=url, ledger_keeps=KEEPS, fhir_bases=(base,))
    body = {name: part for name, part in request_for({}).items() if name != "prefetch"} | {"fhirServer": base}
    assert client.fire(body).status_code == 200
    client.application.extensions["osteocds.ledger"].writer.close()
    page = client.get(f"/receipts/{body['hookInstance']}?lang={language}", headers=PAGE)
    assert (page.status_code, DRAWN in page.text) == (200, False)
    assert {"en": "not asked again", "fr": "pas réinterrogé"}[language] in page.text
    alone = client.get(f"/calendar/{body['hookInstance']}?lang=en")
    assert (alone.status_code, "not asked again" in alone.text) == (404, True)


def test_while_another_calendar_is_worked_out_the_receipt_is_shown_all_the_same(url: str) -> None:
    client = answered(url, ledger_keeps=KEEPS)
    with calendar_page._ONE_AT_A_TIME:  # noqa: SLF001 - another request has it
        page = client.get(f"/receipts/{INSTANCE}?lang=en", headers=PAGE)
    assert (page.status_code, DRAWN in page.text, BEFORE in page.text) == (200, False, True)
    assert "load the page again" in page.text


def test_it_is_for_the_operator_and_the_client_that_asked_and_for_nobody_else(url: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k" * SHORTEST_KEY, encoding="ascii")
    (tmp_path / "keys.json").write_text(json.dumps(TOKENS.key_set), encoding="utf-8")
    registry = tmp_path / "clients.toml"
    tables = f'[hospital]\nissuer = "{TOKENS.issuer}"\njwks = "keys.json"\n'
    registry.write_text(
        f'{tables}[other]\nissuer = "https://other.example.org"\njwks = "keys.json"\n', encoding="utf-8"
    )
    client: Ehr = ehr(
        database_url=url,
        ledger_keeps=KEEPS,
        clients=registry,
        allow_unauthenticated=False,
        operator_key=key,
        public_url=PUBLIC_URL,
    )
    client.cards(REQUEST, headers={"Authorization": f"Bearer {TOKENS.token()}"})
    client.application.extensions["osteocds.ledger"].writer.close()
    path = f"/receipts/{INSTANCE}?lang=en"
    nobody = client.get(path, headers=PAGE)
    assert (nobody.status_code, nobody.headers.getlist("WWW-Authenticate")[-1].split()[0]) == (401, "Basic")
    assert client.get(path, headers=PAGE, auth=("", "another key")).status_code == 401
    assert DRAWN in client.get(path, headers=PAGE, auth=("", "k" * SHORTEST_KEY)).text
    own = PAGE | {"Authorization": f"Bearer {TOKENS.token(number='2', aud=PUBLIC_URL)}"}
    assert DRAWN in client.get(path, headers=own).text
    theirs = PAGE | {
        "Authorization": f"Bearer {TOKENS.token(number='3', iss='https://other.example.org', aud=PUBLIC_URL)}"
    }
    assert client.get(path, headers=theirs).status_code == 404


def test_of_a_receipt_that_there_is_not_a_browser_is_told_on_a_page(url: str) -> None:
    page = answered(url, ledger_keeps=KEEPS).get("/receipts/another?lang=fr", headers=PAGE)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "another" not in page.text.split("<main", 1)[1]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_has_no_violation_in_any_mode(chromium: Chrome, url: str, language: str) -> None:
    answered(url, ledger_keeps=KEEPS)
    with served(database_url=url, ledger_keeps=KEEPS) as site:
        chromium.get(f"{site}/receipts/{INSTANCE}?lang={language}")
        assert chromium.find_elements("css selector", "svg.axis rect.window")
        assert chromium.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
        assert violations_in_every_mode(chromium) == {}


# --- with the request at hand -----------------------------------------------------------------------------------------


@pytest.fixture
def at_hand(url: str, tmp_path: Path) -> Path:
    """A folder with the request, as it was sent, and the receipt of its answer, of a site that keeps nothing."""
    client = answered(url, public_url=PUBLIC_URL)
    (tmp_path / "order.json").write_text(json.dumps(REQUEST, sort_keys=True), encoding="utf-8")
    (tmp_path / "receipt.json").write_bytes(client.get(f"/receipts/{INSTANCE}").data)
    return tmp_path


def drawn(folder: Path, *arguments: str) -> Result:
    told = ("replay", str(folder / "order.json"), "--receipt", str(folder / "receipt.json"), *arguments)
    environment = {"OSTEOCDS_DATABASE_URL": "sqlite://", "OSTEOCDS_TIMEZONE": "Pacific/Auckland"}
    return CliRunner().invoke(main, told, env=environment)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_whoever_has_the_request_draws_the_calendar_as_of_the_receipt(
    at_hand: Path, chromium: Chrome, language: str
) -> None:
    file = at_hand / "calendar.html"
    done = drawn(at_hand, "--calendar", str(file), "--language", language)
    assert "Traceback" not in done.output
    page = text(file.read_text(encoding="utf-8"))
    assert DRAWN in page
    assert ("18 Apr 2026" if language == "en" else "18 avr. 2026") in page
    assert f"{PUBLIC_URL}/catalogue/bone-metastases/{BEFORE}?lang={language}" in page
    chromium.get(file.as_uri())
    assert violations_in_every_mode(chromium) == {}


def test_of_another_request_than_that_of_the_receipt_none_is_drawn(at_hand: Path) -> None:
    other = {**REQUEST, "context": {**REQUEST["context"], "patientId": "another"}}
    (at_hand / "order.json").write_text(json.dumps(other), encoding="utf-8")
    done = drawn(at_hand, "--calendar", str(at_hand / "calendar.html"))
    assert done.exit_code == 1
    assert "of another request than this one" in done.output
    assert not (at_hand / "calendar.html").exists()


def test_a_file_that_cannot_be_written_is_told(at_hand: Path) -> None:
    done = drawn(at_hand, "--calendar", str(at_hand / "nowhere/calendar.html"))
    assert done.exit_code == 1
    assert "cannot be written" in done.output
