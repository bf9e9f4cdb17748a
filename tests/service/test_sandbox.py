"""The official CDS Hooks sandbox (cds-hooks/sandbox): a contract of what it sends, and the sandbox itself where there is a build.

What it sends stands in `support.sandbox_requests`. `OSTEOCDS_SANDBOX` names the folder of a build (`npm ci && npm run build`):
then it drives against us, without a token and as a client whose tokens it signs, and is held to what stands there.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import responses
from joserfc.jwk import ECKey, RSAKey
from selenium.webdriver import Chrome
from sqlalchemy import select
from support.ehr import Ehr, ehr
from support.installation import now
from support.sandbox import Ear, Heard, Sandbox, page_of, quoted, registry
from support.sandbox_requests import (
    CLAIMS,
    CONTRACT,
    FEEDBACK,
    HEADER,
    JKU,
    KID,
    ORIGIN,
    SUBJECT,
    accepted,
    dismissed,
    fired,
    ibandronate,
    prescription,
    shape,
    taken,
)
from support.scenario import NOW
from support.serving import served

from mappings.wording import verbatim
from service.certify.tokens import Tokens
from service.demo.embedded_fhir import free_port
from service.demo.run import DEMO_PATIENTS, demo_record, load
from service.ledger.database import Database
from service.ledger.tables import FEEDBACK as FEEDBACK_TABLE
from service.rules.guideline import DemoPatient

BUILD = os.environ.get("OSTEOCDS_SANDBOX", "")
PUBLIC_URL = "https://cds.example.org"
SIGN, SELECT, VIEW = (f"bone-metastases-{hook}" for hook in ("order-sign", "order-select", "patient-view"))
KEY = ECKey.generate_key("P-384", {"kid": KID})
OTHER = RSAKey.generate_key(2048, {"kid": "other"})
CLIENT = f'[sandbox]\nissuer = "{ORIGIN}"\njku = "{JKU}"\ncors_origins = ["{ORIGIN}"]\n'


class Page:
    """The page of the sandbox, a client whose keys are published: its calls, without a browser."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.ehr: Ehr = ehr(
            clients=registry(folder, CLIENT),
            allow_unauthenticated=False,
            open_pages=False,
            public_url=PUBLIC_URL,
            database_url=f"sqlite:///{folder}/ledger.sqlite3",
            **settings,
        )
        self._sent = 0

    def headers(self, path: str, jku: str = JKU) -> dict[str, str]:
        """Those of a call: a token of its own, for the very address."""
        self._sent += 1
        tokens = Tokens(ORIGIN, PUBLIC_URL, "", int(NOW.timestamp()), OTHER, KEY)
        token = tokens.token(header={"jku": jku}, aud=PUBLIC_URL + path, jti=str(UUID(int=self._sent, version=4)))
        return {"Authorization": f"Bearer {token}", "Accept": "application/json", "Origin": ORIGIN}

    def post(self, path: str, body: Any) -> Any:
        answer = self.ehr.post(path, json=body, headers=self.headers(path))
        assert answer.status_code == 200, answer.text
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        return answer.get_json()

    def cards(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        cards: list[dict[str, Any]] = self.post(f"/cds-services/bone-metastases-{body['hook']}", body)["cards"]
        return cards


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as published:
        published.get(JKU, json={"keys": [KEY.as_dict(private=False)]})
        yield Page(tmp_path)


def rules(cards: list[dict[str, Any]]) -> set[str]:
    return {rule for card in cards for rule in card["extension"]["org.osteocds"].get("rules", ())}


# --- the contract -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/cds-services", f"/cds-services/{SIGN}", f"/cds-services/{SIGN}/feedback"])
def test_its_page_may_ask_with_a_token(page: Page, path: str) -> None:
    told = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET" if path.endswith("services") else "POST",
        "Access-Control-Request-Headers": "authorization"
        if path.endswith("services")
        else "authorization,content-type",
    }
    answer = page.ehr.options(path, headers=told)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert allowed >= {"authorization", "content-type"}


def test_its_page_sees_why_it_is_refused(page: Page) -> None:
    answer = page.ehr.post(f"/cds-services/{SIGN}", json=CONTRACT["a drug signed"], headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, ORIGIN)


def test_it_discovers_one_service_a_hook_since_it_keeps_one_an_id(page: Page) -> None:
    path = "/cds-services"
    services = page.ehr.get(path, headers=page.headers(path)).get_json()["services"]
    assert len({one["id"] for one in services}) == len({one["hook"] for one in services}) == len(services)
    assert page.ehr.get(path).status_code == 401


@pytest.mark.parametrize("kind", CONTRACT)
def test_what_its_screens_send_is_answered(page: Page, kind: str) -> None:
    body = CONTRACT[kind]
    assert "type" not in body["context"].get("draftOrders", {})
    told = rules(page.cards(body))
    if "a drug" in kind and "without" not in kind:
        assert "vitamin-d-deficiency" in told  # read as any order of the drug, whatever its reason is written as
    else:
        assert told <= {"antiresorptive-not-started"}  # and of an empty form nothing is made up


def test_its_order_of_an_older_fhir_is_told_as_not_checked(page: Page) -> None:
    """The FHIR server that it starts with is one of DSTU2, whose prescription is a MedicationOrder."""
    drug = ibandronate()["medicationCodeableConcept"]
    order = {"resourceType": "MedicationOrder", "id": "order-123", "status": "draft", "dateWritten": "2026-03-31"}
    [card] = page.cards(fired("order-select", {**order, "patient": SUBJECT, "medicationCodeableConcept": drug}))
    assert "not checked" in card["summary"]


def test_what_its_server_did_not_answer_is_told_as_not_looked_up(page: Page) -> None:
    body = fired("order-sign", ibandronate(), unanswered=("vitaminD", "conditions"))
    assert any(card["extension"]["org.osteocds"].get("unchecked") for card in page.cards(body))


def test_a_suggestion_that_it_can_take_has_a_drug_with_text_and_code(page: Page) -> None:
    """It takes the first action with a `medicationCodeableConcept` that has both, and nothing else of it."""
    cards = page.cards(CONTRACT["a drug signed"])
    drugs = [
        action["resource"]["medicationCodeableConcept"]
        for card in cards
        for suggestion in card.get("suggestions", ())
        for action in suggestion["actions"]
        if "medicationCodeableConcept" in action.get("resource", {})
    ]
    assert drugs
    assert all(drug["text"] and drug["coding"][0]["code"] for drug in drugs)


def test_the_order_that_it_makes_of_a_suggestion_is_read_by_its_name(page: Page) -> None:
    """It calls the code one of RxNorm, which it is not."""
    [vitamin_d] = [one for one in page.cards(CONTRACT["a drug signed"]) if "vitamin-d-deficiency" in rules([one])]
    order = taken(vitamin_d["suggestions"][0])
    hypercalcaemic = fired("order-sign", order, {"conditions": ["bone metastasis"], "calcium": "3.2 mmol/L 1 days ago"})
    assert any("Cholecalciferol" in card["summary"] for card in page.cards(hypercalcaemic))
    nameless = prescription("?", order["medicationCodeableConcept"]["coding"][0]["code"])
    hypercalcaemic["context"]["draftOrders"]["entry"][0]["resource"] = nameless
    assert not any("Cholecalciferol" in card["summary"] for card in page.cards(hypercalcaemic))


def test_its_feedback_is_stored(page: Page) -> None:
    cards = page.cards(CONTRACT["a drug signed"])
    offered = next(card for card in cards if card.get("suggestions"))
    reasoned = next(card for card in cards if card.get("overrideReasons"))
    for said in (
        accepted(offered, offered["suggestions"][0]),
        dismissed(reasoned, reasoned["overrideReasons"][0]),
        dismissed(cards[-1]),
    ):
        page.post(f"/cds-services/{SIGN}/feedback", said)
    assert feedback(page.ehr.application.extensions["osteocds.ledger"].database) == [
        "accepted",
        "overridden",
        "overridden",
    ]


def feedback(database: Database) -> list[str]:
    """The outcomes that are stored."""
    with database.begin() as connection:
        return sorted(connection.scalars(select(FEEDBACK_TABLE.c.outcome)))


@pytest.mark.parametrize("jku", ["https://elsewhere.example.org/jwks.json", "http://127.0.0.1:9/jwks.json"])
def test_keys_are_fetched_from_where_the_registry_says_and_from_nowhere_else(page: Page, jku: str) -> None:
    path = f"/cds-services/{SIGN}"
    answer = page.ehr.post(path, json=CONTRACT["a drug signed"], headers=page.headers(path, jku))
    assert answer.status_code == 401


def test_a_token_is_taken_once(page: Page) -> None:
    path = f"/cds-services/{VIEW}"
    headers = page.headers(path)
    body = CONTRACT["the chart"]
    assert [page.ehr.post(path, json=body, headers=headers).status_code for _ in range(2)] == [200, 401]


@pytest.mark.parametrize("patient", DEMO_PATIENTS, ids=lambda patient: patient.id)
def test_it_can_show_each_patient_of_the_demo(patient: DemoPatient) -> None:
    """It joins the given names of the first name, and goes no further where there are none."""
    [name] = demo_record(patient, NOW.date()).resources[0]["name"]
    assert name["family"]
    assert name["given"]


# --- the sandbox itself -----------------------------------------------------------------------------------------------

PATIENT = DemoPatient(
    "sandbox-yew",
    verbatim("Mrs Yew, whose vitamin D is low, irradiated three days ago"),
    {
        "name": "Yew, Anna",
        "conditions": ["lung cancer", "bone metastasis"],
        "vitamin D": "12 ng/mL 9 days ago",
        "procedures": [{"act": "radiotherapy", "site": "L3", "days ago": 3}],
    },
)


@dataclass(frozen=True)
class Walk:
    """What was seen and heard while every screen was used."""

    shown: dict[str, str]
    heard: list[Heard]
    stored: list[str]
    calendar: str
    errors: list[str]

    @property
    def fired(self) -> list[Heard]:
        """The hooks."""
        return [one for one in self.heard if "hook" in one.body]


def walked(sandbox: Sandbox) -> tuple[dict[str, str], str]:
    """Use every screen; what each showed, and the page that a card links to."""
    shown, calendar = {}, ""
    sandbox.shows("Anna Yew", "no antiresorptive started")
    shown["patient-view"] = sandbox.said

    sandbox.screen("Rx Sign")
    sandbox.sign()
    sandbox.hears(lambda one: one.body.get("hook") == "order-sign")

    sandbox.screen("Rx View")
    sandbox.hears(lambda one: one.draft and not one.drug)
    sandbox.choose("gefitinib")
    sandbox.shows("Gefitinib with radiotherapy")
    if "See the calendar" in sandbox.said:
        calendar = sandbox.follow("See the calendar")
    sandbox.treat("bone")
    sandbox.hears(lambda one: one.drug and "reasonCode" in one.draft)
    sandbox.choose("ibandron")
    sandbox.shows("correct vitamin D first")
    shown["rx-view"] = sandbox.said

    sandbox.screen("Rx Sign")
    sandbox.sign()
    signed = sandbox.hears(lambda one: one.body.get("hook") == "order-sign" and one.drug)
    sandbox.shows("correct vitamin D first")
    shown["rx-sign"] = sandbox.said
    sandbox.dismiss(reason=signed.answer["cards"][0]["overrideReasons"][0]["display"])
    sandbox.hears(lambda one: "overrideReason" in one.feedback)
    sandbox.dismiss()
    sandbox.hears(lambda one: one.feedback.get("outcome") == "overridden" and "overrideReason" not in one.feedback)

    sandbox.screen("Rx View")
    sandbox.shows("correct vitamin D first")
    offered = [one for card in signed.answer["cards"] for one in card.get("suggestions", ())]
    sandbox.take(
        next(one["label"] for one in offered if one["actions"][0]["resource"]["resourceType"] == "MedicationRequest")
    )
    sandbox.hears(lambda one: "acceptedSuggestions" in one.feedback)
    sandbox.hears(lambda one: "holecalciferol" in one.drug)

    sandbox.screen("PAMA Imaging")
    sandbox.hears(lambda one: one.draft.get("resourceType") == "ServiceRequest")
    sandbox.image()
    sandbox.hears(lambda one: "text" in one.draft.get("code", {}))
    return shown, calendar


if BUILD:  # a folder with a build of it, which nobody publishes

    @pytest.fixture(scope="module", params=["without a token", "with its tokens"])
    def walk(
        request: pytest.FixtureRequest, chromium: Chrome, demo_fhir: str, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Walk]:
        load((PATIENT,), demo_fhir, now().date())
        folder, ear, port = tmp_path_factory.mktemp("sandbox"), Ear(), free_port()
        ledger = f"sqlite:///{folder}/ledger.sqlite3"
        address = f"http://127.0.0.1:{port}"
        with page_of(BUILD) as page:
            keys = Path(BUILD, ".well-known", "jwks.json").resolve()
            client = f'[sandbox]\nissuer = "{ORIGIN}"\njku = "{JKU}"\njwks = {quoted(keys)}\n'
            client += f"cors_origins = [{quoted(page)}]\nfhir_bases = [{quoted(demo_fhir)}]\n"
            known = {"clients": registry(folder, client), "allow_unauthenticated": False, "open_pages": False}
            anybody = {"cors_origins": (page,), "fhir_bases": (demo_fhir,), "ledger_keeps": frozenset({"requests"})}
            settings = known if request.param == "with its tokens" else anybody
            settings |= {"public_url": address, "database_url": ledger}
            with served(now, port, ear.listen, **settings):
                sandbox = Sandbox(chromium, page, ear, service=address, fhir=demo_fhir, patient=PATIENT.id)
                shown, calendar = walked(sandbox)
                errors = sandbox.errors()
                chromium.get("about:blank")
        database = Database(ledger)
        yield Walk(shown, ear.heard, feedback(database), calendar, errors)
        database.dispose()

    def test_it_finds_our_services_and_shows_our_cards_on_its_screens(walk: Walk) -> None:
        assert "no antiresorptive started" in walk.shown["patient-view"]
        for screen in ("rx-view", "rx-sign"):
            assert "Ibandronic acid: correct vitamin D first" in walk.shown[screen]
            assert "**" not in walk.shown[screen]  # the text of a card is shown as it is marked up

    def test_all_that_it_sends_is_answered_and_nothing_goes_wrong_on_its_page(walk: Walk) -> None:
        assert {one.status for one in walk.heard} == {200}
        assert walk.errors == []

    def test_what_becomes_of_a_card_there_is_stored(walk: Walk) -> None:
        assert walk.stored == ["accepted", "overridden", "overridden"]

    def test_it_sends_what_the_contract_replays(walk: Walk) -> None:
        for sent, replayed in ((walk.fired, CONTRACT), ([one for one in walk.heard if one.feedback], FEEDBACK)):
            kinds = {shape(body): kind for kind, body in replayed.items()}
            heard = {
                shape(one.body): json.dumps(one.body["context" if "context" in one.body else "feedback"])
                for one in sent
            }
            assert [said for kind, said in heard.items() if kind not in kinds] == []
            assert [kind for told, kind in kinds.items() if told not in heard] == []

    def test_its_tokens_are_those_of_the_contract(walk: Walk) -> None:
        for one in walk.heard:
            if one.method != "OPTIONS":
                header, claims = _token(one.headers["Authorization"])
                assert (header.keys(), header["alg"], header["kid"], header["jku"]) == (HEADER, "ES384", KID, JKU)
                assert (claims.keys(), claims["iss"]) == (CLAIMS, ORIGIN)
                assert claims["exp"] - claims["iat"] == 300
                assert claims["aud"].endswith(one.path)

    @pytest.mark.parametrize("walk", ["without a token"], indirect=True)
    def test_a_link_of_a_card_opens_our_page(walk: Walk) -> None:
        assert "Gefitinib" in walk.calendar


def _token(authorization: str) -> list[dict[str, Any]]:
    parts = authorization.removeprefix("Bearer ").split(".")[:2]
    return [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts]
