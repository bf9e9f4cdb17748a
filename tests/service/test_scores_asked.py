"""A score that a card asks for: the link, the page, the Observation that it writes, and the same order fired again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from fhir.resources.R4B.observation import Observation
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from support.ehr import Ehr, conform, ehr, rules, said
from support.published_scores import response
from support.reading import SCORES
from support.scenario import NOW, PATIENT, request_for
from support.score_page import choose, copied, place, responses_of_every_total, shown
from support.serving import in_a_thread, served

from mappings.vocabulary.bones import SIDE_CODES
from mappings.vocabulary.findings import KINDS
from service.demo.synthetic import SITES
from service.edge.clients import read_clients
from service.guidelines import GUIDELINES
from service.languages.render import Language, untyped
from service.rules.bone_metastases import bone_scores
from service.settings import InvalidSetting

Resource = dict[str, Any]


def radiotherapy(site: str) -> Resource:
    return {"act": "radiotherapy", "site": site, "dose": "30 Gy", "fractions": 10}


class Row(NamedTuple):
    """One score: the order that asks for it, which rule does, what the page is told, and what totals make the rules say."""

    order: Resource
    asks: str
    about: dict[str, list[str]]
    label: str
    said: dict[int, list[str]]
    elsewhere: tuple[str, ...]
    levels: bone_scores.ThreeLevels


TABLE = {
    "mirels": Row(
        radiotherapy("left femur"),
        "fracture-risk-before-radiotherapy",
        {"bone": [SITES["femur"]], "side": [SIDE_CODES["left"]]},
        "Mirels score (left femur)",
        {7: [], 8: ["mirels-borderline"], 9: ["mirels-high"]},
        ("right femur", "humerus"),
        bone_scores.MIRELS_LEVELS,
    ),
    "sins": Row(
        radiotherapy("L3"),
        "spinal-instability-unknown",
        {"bone": [SITES["L3"]]},
        "Spinal instability neoplastic score (SINS) (L3)",
        {6: [], 7: ["spinal-instability"], 12: ["spinal-instability"], 13: ["spinal-instability"]},
        ("L2", "T6"),
        bone_scores.SINS_LEVELS,
    ),
}
"""Every score that we publish, each with all that the others have."""


def fired(order: Resource, *record: Resource, client: Ehr | None = None, **told: Any) -> list[Resource]:
    request = request_for({"order": order, "record": {"resources": list(record), **told}})
    return (client or ehr()).cards(request)


def link_of(cards: list[Resource]) -> Resource:
    [link] = [link for card in cards for link in card.get("links", ())]
    return dict(link)


def about(link: Resource) -> dict[str, list[str]]:
    """What stands in the fragment of a link."""
    return parse_qs(urlsplit(link["url"]).fragment)


def observed(name: str, total: int = 0, **changed: Any) -> Resource:
    """The Observation that the page of a score writes, as a template: that of the browser is compared with it."""
    row, score = TABLE[name], SCORES[name]
    site: Resource = {"coding": [{"system": "http://snomed.info/sct", "code": row.about["bone"][0]}], "text": "a bone"}
    if "side" in row.about:
        url = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-laterality-qualifier"
        side = {"coding": [{"system": "http://snomed.info/sct", "code": row.about["side"][0]}]}
        site["extension"] = [{"url": url, "valueCodeableConcept": side}]
    answers = responses_of_every_total(score)[total or max(row.said)]
    return {
        "resourceType": "Observation",
        "id": "scored",
        "status": "final",
        "code": {"coding": [{"system": "urn:osteocds:finding", "code": score.finding}]},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "effectiveDateTime": NOW.isoformat(),
        "valueInteger": total or max(row.said),
        "bodySite": site,
        "component": [
            {
                "code": {"coding": [{"system": "urn:osteocds:question", "code": f"{name}-{question}"}]},
                "valueCodeableConcept": {"coding": [{"system": "urn:osteocds:answer", "code": answer}]},
            }
            for question, answer in answers.items()
        ],
        **changed,
    }


# --- every score has all that the others have -------------------------------------------------------------------------


def test_the_table_holds_every_score() -> None:
    assert TABLE.keys() == SCORES.keys()


@pytest.mark.parametrize("name", TABLE)
def test_a_figure_of_a_score_stands_in_one_place(name: str) -> None:
    score, levels = SCORES[name], TABLE[name].levels
    assert [band.first for band in score.bands] == [score.lowest, levels.middle, levels.high]
    kind = KINDS[score.finding]
    assert (kind.lowest, kind.highest) == (score.lowest, score.highest)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", TABLE)
def test_a_score_has_a_page_a_questionnaire_and_a_rule_in_the_catalogue_that_asks_for_it(
    name: str, language: str
) -> None:
    client = ehr()
    page = client.get(f"/questionnaires/{name}?lang={language}", headers={"Accept": "text/html"}).text
    form = client.get(f"/questionnaires/{name}?lang={language}", headers={"Accept": "application/fhir+json"}).get_json()
    for question in form["item"]:
        for option in question.get("answerOption", ()):
            assert f'value="{option["valueCoding"]["code"]}"' in page
    assert f'href="/questionnaires/{name}?lang={language}"' in client.get(f"/?lang={language}").text
    catalogue = client.get(f"/catalogue/{GUIDELINES[0].id}?lang={language}").text
    assert f'<article id="{TABLE[name].asks}">' in catalogue


# --- the link ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLE)
def test_the_card_names_patient_bone_and_side_in_the_fragment_of_its_link(name: str) -> None:
    row = TABLE[name]
    cards = fired(row.order)
    assert row.asks in rules(cards)
    link = link_of(cards)
    assert untyped(link["label"]) == f"Fill in: {row.label}"
    assert urlsplit(link["url"]).query == "lang=en", "what a server or a proxy sees tells nothing of a patient"
    assert about(link) == {"subject": [f"Patient/{PATIENT}"], **row.about}


@pytest.mark.parametrize(
    ("site", "bones", "side"),
    [
        ("femur", ["femur"], None),
        ("right humerus", ["humerus"], "right"),
        ("tibia", ["tibia"], None),
        ("lumbar spine", ["L1", "L2", "L3", "11994002", "L5"], None),
        ("spine", [], None),
    ],
)
def test_a_bone_or_side_that_the_order_leaves_open_is_left_open(site: str, bones: list[str], side: str | None) -> None:
    told = about(link_of(fired(radiotherapy(site))))
    assert told.get("bone", []) == [SITES.get(bone, bone) for bone in bones]
    assert told.get("side", []) == ([SIDE_CODES[side]] if side else [])


def test_two_bones_of_one_answer_have_a_link_each() -> None:
    request = request_for({"orders": [radiotherapy("left femur"), radiotherapy("right femur")]})
    links = [link for card in ehr().cards(request) for link in card.get("links", ())]
    assert [about(link)["side"] for link in links] == [[SIDE_CODES["left"]], [SIDE_CODES["right"]]]
    assert len({link["label"] for link in links}) == 2


@pytest.mark.parametrize("patient", ["a b", "x&bone=1", "x#y", "é", "x" * 300])
def test_an_id_that_is_none_costs_the_patient_of_the_link_and_not_the_advice(patient: str) -> None:
    request = json.loads(json.dumps(request_for({"order": TABLE["mirels"].order})).replace(PATIENT, patient))
    assert about(link_of(ehr().cards(request))) == TABLE["mirels"].about


def test_a_link_never_names_the_fhir_server_of_the_hook() -> None:
    request = request_for({"order": TABLE["mirels"].order}) | {"fhirServer": "https://ehr.example.org/fhir"}
    assert "ehr.example.org" not in json.dumps(link_of(ehr().cards(request)))


# --- the record -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "total"), [(name, total) for name, row in TABLE.items() for total in row.said])
def test_an_observation_of_the_score_judges_the_refired_order(name: str, total: int) -> None:
    assert rules(fired(TABLE[name].order, observed(name, total))) == TABLE[name].said[total]


@pytest.mark.parametrize(("name", "site"), [(name, site) for name, row in TABLE.items() for site in row.elsewhere])
def test_a_score_of_another_bone_or_side_does_not_count(name: str, site: str) -> None:
    cards = fired(radiotherapy(site), observed(name))
    assert not set(rules(cards)) & {"mirels-high", "spinal-instability"}
    assert TABLE[name].asks in rules(cards)


@pytest.mark.parametrize("name", TABLE)
def test_a_score_of_another_patient_does_not_count(name: str) -> None:
    cards = fired(TABLE[name].order, observed(name, subject={"reference": "Patient/somebody-else"}))
    assert not set(rules(cards)) & {"mirels-high", "spinal-instability"}


UNREADABLE: dict[str, Any] = {
    "a bone that we do not know": lambda one: one["bodySite"]["coding"][0].update(code="123"),
    "a bone in words alone": lambda one: one["bodySite"].pop("coding"),
    "a site that is a text": lambda one: one.update(bodySite="femur"),
    "a total of other answers": lambda one: one.update(valueInteger=one["valueInteger"] - 1),
    "an answer that is missing": lambda one: one["component"].pop(),
    "an answer that we do not know": lambda one: one["component"][0].update(valueCodeableConcept={"text": "?"}),
    "the questions of another score": lambda one: [
        part["code"]["coding"][0].update(code="other") for part in one["component"]
    ],
    "a total out of range": lambda one: one.update(valueInteger=40),
    "no number": lambda one: one.update(valueInteger="nine"),
}


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("unreadable", UNREADABLE)
def test_a_score_that_cannot_be_read_is_told_and_neither_judges_nor_is_missing(name: str, unreadable: str) -> None:
    one = observed(name)
    UNREADABLE[unreadable](one)
    cards = fired(TABLE[name].order, one)
    assert not set(rules(cards)) & {"mirels-high", "spinal-instability", TABLE[name].asks}
    assert set(rules(cards, "unchecked")) & {"mirels-high", "spinal-instability"}
    assert "Observation/scored" in said(cards)


def test_a_side_that_cannot_be_read_may_be_the_other() -> None:
    one = observed("mirels")
    one["bodySite"]["extension"][0]["valueCodeableConcept"] = {"text": "gauche"}
    assert "mirels-high" in rules(fired(TABLE["mirels"].order, one), "unchecked")


@pytest.mark.parametrize("name", TABLE)
def test_a_filled_in_questionnaire_counts_for_its_bone_and_side(name: str) -> None:
    row = TABLE[name]
    filled = response(score=name, answers=responses_of_every_total(SCORES[name])[max(row.said)])
    for question, codes in row.about.items():
        coding = {"system": "http://snomed.info/sct", "code": codes[0]}
        filled["item"].append({"linkId": question, "answer": [{"valueCoding": coding}]})
    assert rules(fired(row.order, filled)) == row.said[max(row.said)]
    assert row.asks in rules(fired(radiotherapy(row.elsewhere[0]), filled))
    filled["item"][-1]["answer"][0]["valueCoding"]["code"] = "123"
    unchecked = rules(fired(row.order, filled), "unchecked")
    assert set(unchecked) & {"mirels-high", "spinal-instability"}


@pytest.mark.parametrize(("high", "low"), [("L2", "L3"), ("L3", "L2")])
def test_a_newer_score_of_one_vertebra_replaces_none_of_another(high: str, low: str) -> None:
    scores = {"sins-score": [{"value": "13", "site": high, "days ago": 9}, {"value": "5", "site": low, "days ago": 1}]}
    assert rules(fired(radiotherapy("lumbar spine"), findings=scores)) == ["spinal-instability"]
    chart = request_for({"record": {"findings": scores}}, "patient-view")
    assert "spinal-instability" in rules(ehr().cards(chart))


# --- the page, in a browser -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with served() as address:
        yield address


def opened(page: Chrome, site: str, link: Resource, answers: dict[str, str]) -> None:
    """Follow the link of a card, as if the service were reached at its public address, and answer."""
    page.get("about:blank")
    page.get(link["url"].replace("http://localhost", site))
    for question, answer in answers.items():
        choose(page, question, answer)


@pytest.mark.parametrize("name", TABLE)
def test_from_the_order_to_the_page_and_back_to_the_order(chromium: Chrome, site: str, name: str) -> None:
    row = TABLE[name]
    link = link_of(fired(row.order))
    for total, spoken in row.said.items():
        opened(chromium, site, link, responses_of_every_total(SCORES[name])[total])
        assert shown(chromium, "place") in row.label
        assert shown(chromium, "patient") == PATIENT
        written = json.loads(copied(chromium, "observation"))
        Observation.model_validate(written)
        when = datetime.fromisoformat(written["effectiveDateTime"])
        assert abs((datetime.now(UTC) - when).total_seconds()) < 60  # noqa: TID251 - the browser's clock
        written |= {"id": "scored", "effectiveDateTime": NOW.isoformat()}
        assert stripped(written) == stripped(observed(name, total))
        assert rules(fired(row.order, written)) == spoken
        assert row.asks in rules(fired(radiotherapy(row.elsewhere[0]), written))


def stripped(observation: Resource) -> Any:
    """Without what is for people alone."""
    words = {"text", "display", "category"}
    if isinstance(observation, dict):
        return {name: stripped(value) for name, value in observation.items() if name not in words}
    return [stripped(one) for one in observation] if isinstance(observation, list) else observation


def test_the_page_writes_a_suggestion_that_cds_hooks_allows(chromium: Chrome, site: str) -> None:
    opened(chromium, site, link_of(fired(TABLE["sins"].order)), responses_of_every_total(SCORES["sins"])[13])
    made = json.loads(copied(chromium, "suggestion"))
    card = {"summary": "x", "indicator": "info", "source": {"label": "x"}, "selectionBehavior": "any"}
    conform({"cards": [card | {"suggestions": [made]}]}, "Response")
    [action] = made["actions"]
    assert (action["type"], action["resource"]["resourceType"]) == ("create", "Observation")
    assert made["label"] == action["description"] == "Spinal instability neoplastic score (SINS) (L3): 13"


def test_the_other_language_keeps_patient_bone_and_answers(chromium: Chrome, site: str) -> None:
    opened(chromium, site, link_of(fired(TABLE["mirels"].order)), responses_of_every_total(SCORES["mirels"])[9])
    chromium.find_element(By.CSS_SELECTOR, "header nav a[hreflang=fr]").click()
    assert (shown(chromium, "place"), shown(chromium, "total")) == ("fémur gauche", "9")
    assert json.loads(copied(chromium, "observation"))["subject"] == {"reference": f"Patient/{PATIENT}"}


def test_another_bone_than_that_of_the_order_is_said(chromium: Chrome, site: str) -> None:
    opened(chromium, site, link_of(fired(TABLE["mirels"].order)), {})
    differs = chromium.find_element(By.ID, "differs")
    assert not differs.is_displayed()
    choose(chromium, "side", SIDE_CODES["right"])
    assert differs.is_displayed()
    assert "left femur" in differs.text
    choose(chromium, "side", SIDE_CODES["left"])
    assert not differs.is_displayed()


def test_nothing_of_a_patient_stays_when_the_link_of_another_is_opened(chromium: Chrome, site: str) -> None:
    link = link_of(fired(TABLE["mirels"].order))
    opened(chromium, site, link, responses_of_every_total(SCORES["mirels"])[9])
    chromium.get(link["url"].replace("http://localhost", site).replace(PATIENT, "another-1"))
    WebDriverWait(chromium, 5).until(lambda _: shown(chromium, "patient") == "another-1")
    assert shown(chromium, "total") == "–"


@pytest.mark.parametrize("subject", ["Patient/%3Cimg%20src%3Dx%3E", "Practitioner/1", "Patient/", "x"])
def test_a_patient_that_is_none_is_not_written(chromium: Chrome, site: str, subject: str) -> None:
    chromium.get("about:blank")
    chromium.get(f"{site}/questionnaires/mirels?lang=en#subject={subject}&bone=%3Cb%3E&side=constructor")
    for question, answer in responses_of_every_total(SCORES["mirels"])[9].items():
        choose(chromium, question, answer)
    place(chromium, SITES["femur"])
    assert "subject" not in json.loads(copied(chromium, "observation"))
    assert not chromium.find_element(By.CSS_SELECTOR, "[data-copies=suggestion]").is_enabled()


# --- to the EHR -------------------------------------------------------------------------------------------------------

EHR_PAGE = """<!doctype html><title>EHR</title><script>
  const got = [];
  addEventListener("message", (event) => {
    got.push({ origin: event.origin, data: event.data });
    const payload = { status: new URLSearchParams(location.search).get("status"), location: "Observation/1" };
    event.source.postMessage({ messageId: "r", responseToMessageId: event.data.messageId, payload }, event.origin);
  });
</script><iframe id="app" width="1000" height="3000"></iframe>"""


class _EhrPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(EHR_PAGE.encode())

    def log_message(self, *_: object) -> None:
        """Write no line for a request."""


@contextmanager
def ehr_page() -> Iterator[str]:
    """A page of an EHR, of an origin of its own, that frames what it is told and takes messages."""
    with in_a_thread(ThreadingHTTPServer(("127.0.0.1", 0), _EhrPage)) as address:
        yield address


def registry(folder: Path, told: str) -> Path:
    path = folder / "clients.toml"
    jku = "https://ehr.example.org/jwks.json"
    path.write_text(f'[hospital]\nissuer = "https://ehr.example.org"\njku = "{jku}"\n{told}\n', encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def embedding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """An EHR that takes messages, and the service that knows it as `hospital`."""
    with ehr_page() as origin:
        told = f'messaging_origin = "{origin}"\nmessaging_handle = "aGFuZGxl"'
        path = registry(tmp_path_factory.mktemp("clients"), told)
        with served(clients=path, allow_unauthenticated=True) as address:
            yield origin, address


def framed(page: Chrome, origin: str, app: str, status: str = "201 Created") -> None:
    page.get(f"{origin}/?status={status.replace(' ', '%20')}")
    page.execute_script("document.getElementById('app').src = arguments[0]", app)
    page.switch_to.frame("app")


def app_of(address: str, name: str = "mirels", client: str = "hospital") -> str:
    link = link_of(fired(TABLE[name].order))["url"].replace("http://localhost", address)
    return str(link.replace("?lang=en", f"?lang=en&client={client}"))


@pytest.mark.parametrize(
    ("status", "answered"), [("201 Created", "The record has it"), ("403 Forbidden", "The record refused it")]
)
def test_the_ehr_that_opened_the_page_gets_the_observation_of_the_patient(
    chromium: Chrome, embedding: tuple[str, str], status: str, answered: str
) -> None:
    origin, address = embedding
    framed(chromium, origin, app_of(address), status)
    WebDriverWait(chromium, 10).until(lambda _: chromium.find_elements(By.ID, "send"))
    send = chromium.find_element(By.ID, "send")
    assert not send.is_enabled()
    for question, answer in responses_of_every_total(SCORES["mirels"])[9].items():
        choose(chromium, question, answer)
    chromium.execute_script("arguments[0].click()", send)
    WebDriverWait(chromium, 10).until(lambda _: shown(chromium, "told").startswith(answered))
    assert not send.is_enabled(), "one click, one Observation"
    chromium.switch_to.default_content()
    [got] = chromium.execute_script("return got")
    assert got["origin"] == address
    message = got["data"]
    assert (message["messageType"], message["messagingHandle"]) == ("scratchpad.create", "aGFuZGxl")
    written = message["payload"]["resource"]
    Observation.model_validate(written)
    written |= {"id": "scored", "effectiveDateTime": NOW.isoformat()}
    assert rules(fired(TABLE["mirels"].order, written)) == ["mirels-high"]


def test_no_other_origin_may_frame_the_page_or_gets_a_message(chromium: Chrome, embedding: tuple[str, str]) -> None:
    _, address = embedding
    with ehr_page() as stranger:
        framed(chromium, stranger, app_of(address))
        assert not chromium.find_elements(By.ID, "score")
        chromium.switch_to.default_content()
        before = set(chromium.window_handles)
        chromium.execute_script("window.app = open(arguments[0])", app_of(address))
        [window] = set(chromium.window_handles) - before
        chromium.switch_to.window(window)
        WebDriverWait(chromium, 10).until(lambda _: chromium.find_elements(By.ID, "send"))
        for question, answer in responses_of_every_total(SCORES["mirels"])[9].items():
            choose(chromium, question, answer)
        chromium.execute_script("document.getElementById('send').click()")
        chromium.close()
        chromium.switch_to.window(before.pop())
        assert chromium.execute_script("return got") == []
    chromium.get_log("browser")


@pytest.mark.parametrize("client", ["", "nobody"])
def test_a_page_that_no_known_client_opened_sends_nothing_and_is_framed_by_nobody(client: str, tmp_path: Path) -> None:
    path = registry(tmp_path, 'messaging_origin = "https://ehr.example.org"\nmessaging_handle = "h"')
    answer = ehr(clients=path, allow_unauthenticated=True).get(
        "/questionnaires/mirels", query_string={"client": client}, headers={"Accept": "text/html"}
    )
    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    assert "ehr.example.org" not in answer.text


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ('messaging_origin = "https://ehr.example.org"', "both"),
        ('messaging_handle = "h"', "both"),
        ('messaging_origin = "http://ehr.example.org"\nmessaging_handle = "h"', "origin"),
        ('messaging_origin = "https://ehr.example.org/app"\nmessaging_handle = "h"', "origin"),
        ('messaging_origin = "https://a.example \'unsafe\'"\nmessaging_handle = "h"', "origin"),
        ('messaging_origin = "*"\nmessaging_handle = "h"', "origin"),
    ],
)
def test_an_origin_that_is_none_stops_the_start(tmp_path: Path, told: str, wrong: str) -> None:
    with pytest.raises(InvalidSetting, match=wrong):
        read_clients(registry(tmp_path, told), world=None, language=Language.ENGLISH)  # type: ignore[arg-type]  # refused before
