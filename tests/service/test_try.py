"""The page to try the service on: it fires the very hook, what is done with a card changes the case, and its link holds it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from justhtml import JustHTML
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from sqlalchemy import select
from support.ehr import Ehr, contents, ehr
from support.scenario import NOW
from support.serving import served
from support.try_page import SECONDS, add, arrived, named, press, problems, sign, summaries

from service.demo.embedded_fhir import ServerMissingError, embedded_fhir
from service.demo.run import DEFAULT_FHIR_SERVER, DEMO_PATIENTS, load
from service.demo.trial import LONGEST, NotATrial, Trial, read, written
from service.ledger.tables import FEEDBACK
from service.settings import InvalidSetting, read_settings

ROOT = Path(__file__).parents[2]
BROWSERS = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Person:
    """Someone at the page, without its script: forms, and the answers to them."""

    def __init__(self, client: FlaskClient, language: str = "en") -> None:
        self.client = client
        self.language = language
        self.page = client.get("/try", query_string={"lang": language}, headers=BROWSERS).text

    def press(self, do: str, **fields: str) -> None:
        kept = {
            name: unescape(value)
            for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', self.page)
        }
        shown = {name: value for name, value in kept.items() if not name.startswith("shown.")}
        told = {name.replace("_", "."): value for name, value in fields.items()}
        answer = self.client.post(
            "/try", query_string={"lang": self.language}, data={**shown, **told, "do": do}, headers=BROWSERS
        )
        assert answer.status_code == 200, answer.text
        JustHTML(answer.text, strict=True)
        self.page = answer.text

    def area(self, identifier: str) -> Any:
        found = re.search(rf'<textarea id="{identifier}"[^>]*>(.*?)</textarea>', self.page, re.DOTALL)
        assert found
        return json.loads(unescape(found[1]))

    @property
    def request(self) -> dict[str, Any]:
        told: dict[str, Any] = self.area("request")
        return told

    @property
    def cards(self) -> list[str]:
        return [unescape(one) for one in re.findall(r'<h3 id="card-\d+">(.*?)</h3>', self.page)]

    @property
    def problems(self) -> list[str]:
        return re.findall(r'role="alert">(.*?)</p>', self.page)

    @property
    def state(self) -> str:
        [state] = re.findall(r'name="state" value="([^"]*)"', self.page)
        return str(state)

    @property
    def drafts(self) -> tuple[dict[str, Any], ...]:
        return read(self.state).drafts


@pytest.fixture
def client() -> Ehr:
    return ehr(try_page=True)


@pytest.fixture
def person(client: Ehr) -> Person:
    """Someone who told of a bone metastasis, and ordered denosumab in the dose of osteoporosis."""
    person = Person(client)
    person.press("add:condition", condition_name="bone metastasis")
    person.press("order", what="denosumab", dose="60 mg", every="1 month", route="subcutaneous")
    return person


# --- where it is ------------------------------------------------------------------------------------------------------


def test_it_is_there_only_where_the_site_asks_for_it() -> None:
    off = ehr()
    assert off.get("/try", headers=BROWSERS).status_code == 404
    assert off.post("/try", headers=BROWSERS).status_code in {404, 405}
    assert "/try" not in off.get("/", headers=BROWSERS).text
    on = ehr(try_page=True)
    assert on.get("/try", headers=BROWSERS).status_code == 200
    assert 'href="/try?lang=en"' in on.get("/", headers=BROWSERS).text


def test_a_site_that_lets_in_clients_alone_cannot_have_it() -> None:
    with pytest.raises(InvalidSetting, match="OSTEOCDS_TRY=1 needs OSTEOCDS_ALLOW_UNAUTHENTICATED=1"):
        read_settings({"OSTEOCDS_TRY": "1"})
    assert read_settings({"OSTEOCDS_TRY": "1", "OSTEOCDS_ALLOW_UNAUTHENTICATED": "1"}).try_page
    assert not read_settings({}).try_page


def test_the_form_of_another_site_is_refused(client: Ehr) -> None:
    assert client.post("/try", headers={**BROWSERS, "Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_its_forms_go_to_ourselves_and_nothing_else_may(client: Ehr) -> None:
    policy = client.get("/try", headers=BROWSERS).headers["Content-Security-Policy"]
    assert "form-action 'self'" in policy
    assert "script-src 'self'" in policy
    assert "connect-src" not in policy
    assert "unsafe" not in policy


def test_a_draft_stands_with_the_day_for_which_it_is_planned(client: Ehr) -> None:
    person = Person(client, "fr")
    person.press("order", what="gemcitabine", dose="1800 mg", day="2026-04-24")
    person.press("order", what="radiotherapy", site="L3", day="2026-04-09")
    assert re.findall(r'<span class="quiet">(\d+ [^<]*)</span></span>', person.page) == ["24 avr. 2026", "9 avr. 2026"]


# --- what it fires ----------------------------------------------------------------------------------------------------


def test_what_it_shows_is_the_answer_of_the_hook_to_the_request_that_it_shows(client: Ehr, person: Person) -> None:
    answer = client.fire(person.request).get_json()
    assert contents(answer["cards"]) == contents(person.area("answer")["cards"])
    assert person.cards == [card["summary"] for card in answer["cards"]]
    assert "Denosumab 60\u00a0mg: 120\u00a0mg a month in bone metastases" in person.cards


def test_the_request_can_be_checked_from_its_file_with_the_same_cards(person: Person, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text(json.dumps(person.request), encoding="utf-8")
    commands = [unescape(one) for one in re.findall(r"<code>(osteocds check[^<]*)</code>", person.page)]
    [told] = [shlex.split(command)[1:] for command in commands]
    command = [sys.executable, "-m", "service", *told, "--json", "--as-of", NOW.isoformat()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [card["summary"] for card in json.loads(done.stdout)["cards"]] == person.cards


def test_why_is_that_of_the_explanation_every_rule_once(person: Person) -> None:
    answered = ehr(explain=True).fire(person.request).get_json()
    told = answered["extension"]["org.osteocds"]["explanation"]
    why = person.page[person.page.index('id="why"') :]
    shown = re.findall(r'#([a-z0-9-]+)"><code>', why)
    assert sorted(shown) == sorted(one["rule"] for one in told)
    for one in told:
        for line in (*one.get("because", ()), *one.get("facts", ())):
            assert line in unescape(why)


def test_an_order_in_a_line_of_text_is_read_as_one_of_an_ehr(client: Ehr) -> None:
    person = Person(client, "fr")
    person.press("add:condition", condition_name="bone metastasis")
    person.press("order", line="Cimentoplastie T12")
    [draft] = person.drafts
    assert (draft["resourceType"], draft["code"]) == ("ServiceRequest", {"text": "Cimentoplastie T12"})
    assert any("T12" in card for card in person.cards)
    person.press("order", line="Xgeva 120 mg")
    assert person.drafts[-1]["resourceType"] == "MedicationRequest"


def test_radiotherapy_has_its_bone_dose_and_fractions(client: Ehr) -> None:
    person = Person(client)
    person.press("add:condition", condition_name="bone metastasis")
    person.press("order", what="radiotherapy", site="left femur", dose="30 Gy", fractions="10", day="2026-04-02")
    [draft] = person.drafts
    assert draft["occurrenceDateTime"] == "2026-04-02"
    assert any("left femur" in card for card in person.cards)


@pytest.mark.parametrize(
    ("language", "fractions", "interval"),
    [
        ("en", "20 Gy in 5 fractions", "120 mg every 4 weeks"),
        ("fr", "20 Gy en 5 fractions", "120 mg toutes les 4 semaines"),
    ],
    ids=["en", "fr"],
)
def test_the_dose_of_a_draft_is_told_as_a_radiotherapist_reads_it(
    client: Ehr, language: str, fractions: str, interval: str
) -> None:
    person = Person(client, language)
    person.press("order", what="radiotherapy", site="L3", dose="20 Gy", fractions="5")
    person.press("order", what="denosumab", dose="120 mg", every="4 weeks")
    page = person.page.replace("\N{NO-BREAK SPACE}", " ")
    assert fractions in page
    assert interval in page


def test_the_chart_can_be_opened_without_an_order(client: Ehr) -> None:
    person = Person(client)
    person.press("add:result", result_name="calcium", result_value="3.6 mmol/L", result_day="2026-03-31")
    person.press("add:condition", condition_name="bone metastasis")
    person.press("sign", service="bone-metastases-patient-view")
    assert person.request["hook"] == "patient-view"
    assert any("3.6" in card or "crisis" in card.lower() for card in person.cards)


# --- what is done with a card -----------------------------------------------------------------------------------------


def kept_feedback(client: Ehr) -> list[tuple[Any, ...]]:
    database = client.application.extensions["osteocds.ledger"].database
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(select(FEEDBACK.c.outcome, FEEDBACK.c.reason_code))]


def offer(person: Person, label: str) -> str:
    [do] = [do for do, said in re.findall(r'value="(accept:\d+:\d+)">([^<]*)<', person.page) if label in unescape(said)]
    return str(do)


def test_an_accepted_suggestion_changes_the_draft_fires_again_and_is_told_to_the_service(
    client: Ehr, person: Person
) -> None:
    person.press(offer(person, "Change denosumab: dose 120"))
    [draft] = person.drafts
    assert draft["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"] == 120
    assert not any("120\u00a0mg a month" in card for card in person.cards)
    assert person.cards
    assert kept_feedback(client) == [("accepted", "")]


def test_a_removal_that_is_accepted_removes_the_draft(person: Person) -> None:
    removal = next(iter(re.findall(r'value="(accept:\d+:\d+)">Remove the draft', person.page)), "")
    if not removal:
        person.press("cancel:MedicationRequest/draft-1")
    else:
        person.press(removal)
    assert person.drafts == ()
    assert person.cards == []


def test_a_created_order_stands_beside_the_draft(person: Person) -> None:
    creating = re.findall(r'value="(accept:\d+:\d+)">(?:Order|Prescribe)', person.page)
    person.press(creating[0])
    assert len(person.drafts) > 1
    assert len({draft["id"] for draft in person.drafts}) == len(person.drafts)


def test_a_dismissed_card_is_gone_and_the_reason_is_told_to_the_service(client: Ehr, person: Person) -> None:
    number = next(n for n, card in enumerate(person.cards) if "120\u00a0mg a month" in card)
    person.press(f"dismiss:{number}", **{f"reason_{number}": "1"})
    assert not any("120\u00a0mg a month" in card for card in person.cards)
    assert "1 card was dismissed." in person.page
    [(outcome, reason)] = kept_feedback(client)
    assert outcome == "overridden"
    assert reason
    person.press("again")
    assert any("120\u00a0mg a month" in card for card in person.cards)


def test_the_calendar_of_the_case_is_there_for_whoever_asks(person: Person) -> None:
    assert "<svg" not in person.page
    person.press("calendar")
    assert person.problems == []
    assert 'id="calendar"' in person.page
    assert "denosumab" in person.page[person.page.index('id="calendar"') :].lower()


# --- the link ---------------------------------------------------------------------------------------------------------


def test_a_link_holds_the_whole_case(client: Ehr, person: Person) -> None:
    colleague = Person(client)
    colleague.page = client.post("/try", data={"do": "open", "state": person.state}, headers=BROWSERS).text
    assert colleague.cards == person.cards
    assert {**colleague.request, "hookInstance": ""} == {**person.request, "hookInstance": ""}


@pytest.mark.parametrize(
    "state",
    ["x", "====", "a" * (LONGEST + 1), "eJwDAAAAAAE", written(Trial())[:-6], written(replace(Trial(), patient="../x"))],
    ids=["short", "padding", "long", "empty", "cut off", "no id"],
)
def test_a_link_that_is_none_is_said_to_be_none(client: Ehr, state: str) -> None:
    with pytest.raises(NotATrial):
        read(state)
    answer = client.post("/try", data={"do": "open", "state": state}, headers=BROWSERS)
    assert answer.status_code == 200
    assert "The link holds no case that can be read" in answer.text


def test_a_text_that_would_be_many_times_its_size_is_none() -> None:
    bomb = written(replace(Trial(), drafts=({"text": "0" * 5_000_000},)))
    assert 0 < len(bomb) < LONGEST
    with pytest.raises(NotATrial):
        read(bomb)


@pytest.mark.parametrize(
    "told",
    [
        {"drafts": [{}] * 21},
        {"drafts": ["x"]},
        {"changed": {"Observation/1": "x"}},
        {"added": [{"kind": "x" * 201}]},
        {"dismissed": [1]},
        {"service": []},
        {"patient": None},
    ],
    ids=lambda told: next(iter(told)),
)
def test_a_case_holds_what_it_may_and_no_more(told: dict[str, Any]) -> None:
    with pytest.raises(NotATrial):
        read(written(replace(Trial(), **told)) if "changed" not in told else written(Trial(**told)))


@pytest.mark.parametrize(
    "fields",
    [
        {"do": "order", "what": "denosumab", "dose": "much"},
        {"do": "order", "what": "nothing that there is"},
        {"do": "order", "what": "radiotherapy", "fractions": "1e9"},
        {"do": "order", "what": "radiotherapy", "day": "2026-99-99"},
        {"do": "add:result", "result.name": "calcium", "result.value": "high"},
        {"do": "add:act", "act.name": "x"},
        {"do": "accept:0:0", "card.0": "{"},
        {"do": "accept:0:9", "card.0": '{"uuid": "1", "suggestions": []}'},
        {"do": "dismiss:0", "card.0": "[]"},
        {"do": "accept:0:0", "card.0": '{"uuid": "u", "suggestions": [{"uuid": "u", "actions": 3}]}'},
    ],
    ids=lambda fields: "-".join(fields.values())[:40],
)
def test_what_cannot_be_read_is_said_and_changes_nothing(client: Ehr, fields: dict[str, str]) -> None:
    person = Person(client)
    before = person.state
    answer = client.post("/try", data={"state": before, **fields}, headers=BROWSERS)
    assert answer.status_code in {200, 400}
    if answer.status_code == 200:
        person.page = answer.text
        assert any("could not be read" in one for one in person.problems)
        assert person.state == before


# --- patients of a FHIR server, in a browser --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fhir_base() -> Iterator[str]:
    try:
        with embedded_fhir(ROOT / DEFAULT_FHIR_SERVER) as base:
            load(DEMO_PATIENTS, base, NOW.date())
            yield base
    except ServerMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def site(fhir_base: str) -> Iterator[str]:
    with served(try_page=True, fhir_bases=(fhir_base,), deadline_seconds=30) as address:
        yield address


@pytest.fixture
def page(chromium: Chrome, site: str) -> Iterator[Chrome]:
    """The browser at the page; at the end of the test its console is empty."""
    chromium.get(f"{site}/")
    chromium.get_log("browser")
    chromium.get(f"{site}/try?lang=en")
    yield chromium
    assert chromium.get_log("browser") == []


def chosen(page: Chrome, patient: str) -> None:
    page.execute_script("document.querySelector('[name=patient]').value = arguments[0]", patient)
    press(page, named(page, "do", "sign"))


def test_a_patient_is_chosen_an_order_signed_a_result_changed_and_the_cards_follow(page: Chrome, site: str) -> None:
    chosen(page, "demo-alder")
    sign(page, what="Xgeva", dose="120 mg", every="1 month", route="subcutaneous")
    assert "Denosumab: correct vitamin D first" in summaries(page)
    result = page.find_element(By.CSS_SELECTOR, "input[aria-label^='25-OH vitamin D'][inputmode=decimal]")
    result.clear()
    before = page.find_element(By.TAG_NAME, "h1")
    result.send_keys("40", Keys.ENTER)  # which signs
    arrived(page, before)
    assert "Denosumab: correct vitamin D first" not in summaries(page)
    assert problems(page) == []
    link = page.current_url
    assert re.fullmatch(rf"{site}/try\?lang=en#[\w-]{{20,8000}}", link)
    told = summaries(page)
    page.get(f"{site}/")
    page.get(link)
    WebDriverWait(page, SECONDS).until(lambda _: summaries(page) == told)


def test_the_other_language_keeps_the_case(page: Chrome) -> None:
    add(page, "condition", "bone metastasis")
    sign(page, what="denosumab", dose="60 mg")
    count = len(summaries(page))
    before = page.find_element(By.TAG_NAME, "h1")
    page.find_element(By.CSS_SELECTOR, "header nav a[hreflang=fr]").click()
    arrived(page, before)
    WebDriverWait(page, SECONDS).until(lambda _: len(summaries(page)) == count)
    assert summaries(page)[0].startswith("Dénosumab")


def test_what_is_on_record_of_every_demo_patient_is_shown_with_cards_that_the_server_would_give(
    fhir_base: str,
) -> None:
    client = ehr(try_page=True, fhir_bases=(fhir_base,), deadline_seconds=30)
    for patient in DEMO_PATIENTS:
        person = Person(client)
        person.press("sign", patient=patient.id, service="bone-metastases-patient-view")
        assert person.problems == []
        bare = {name: told for name, told in person.request.items() if name != "prefetch"}
        by_server = client.fire(bare).get_json()["cards"]
        assert contents(by_server) == contents(person.area("answer")["cards"])


def test_a_patient_that_the_server_does_not_have_is_said_to_be_unknown(fhir_base: str) -> None:
    person = Person(ehr(try_page=True, fhir_bases=(fhir_base,), deadline_seconds=30))
    person.press("open", state=written(Trial(patient="nobody")))
    assert any("record" in one or "patient" in one for one in person.problems)
    assert read(person.state).patient == "blank"


def test_a_server_that_is_gone_is_said_to_be() -> None:
    person = Person(ehr(try_page=True, fhir_bases=("http://127.0.0.1:9/fhir",)))
    assert any("could not be reached" in one for one in person.problems)


def test_nothing_of_a_case_is_logged(caplog: pytest.LogCaptureFixture, person: Person) -> None:
    person.press("order", line="Anna Schmidt 0612345678")
    assert "Schmidt" not in caplog.text
