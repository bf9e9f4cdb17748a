"""The official CDS Hooks sandbox (cds-hooks/sandbox): a contract of what it sends, and the sandbox itself where there is a build.

What it sends was read from its source and its traffic: Bundles without a type, drafts without an intent or a drug, forms that are
still empty, keys of prefetch left out where the FHIR server answered an error, and a token of ES384 for each call, whose header
names where its keys are. `OSTEOCDS_SANDBOX` names the folder of a build (`npm ci && npm run build`): then it drives against us.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
import responses
from flask import Flask, Response, jsonify, request
from joserfc.jwk import ECKey, RSAKey
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from sqlalchemy import func, select
from support.ehr import Ehr, ehr
from support.scenario import NOW, request_for
from support.serving import in_a_thread, served
from werkzeug.serving import make_server

from service.certify.tokens import Tokens
from service.demo.run import DEMO_PATIENTS, demo_record
from service.ledger.database import Database
from service.ledger.tables import FEEDBACK

SANDBOX = os.environ.get("OSTEOCDS_SANDBOX", "")
ORIGIN = "https://sandbox.cds-hooks.org"
JKU = f"{ORIGIN}/.well-known/jwks.json"
PUBLIC_URL = "https://cds.example.org"
SIGN, SELECT, VIEW = (f"bone-metastases-{hook}" for hook in ("order-sign", "order-select", "patient-view"))
KEY = ECKey.generate_key("P-384", {"kid": "44823f3d-0b01-4a6c-a80e-b9d3e8a7226f"})
OTHER = RSAKey.generate_key(2048, {"kid": "other"})
CLIENT = f'[sandbox]\nissuer = "{ORIGIN}"\njku = "{JKU}"\ncors_origins = ["{ORIGIN}"]\n'
RECORD = {"conditions": ["lung cancer", "bone metastasis"], "vitamin D": "12 ng/mL 9 days ago"}
XGEVA = {
    "text": "denosumab 70 MG/ML Injectable Solution",
    "coding": [
        {
            "display": "denosumab 70 MG/ML Injectable Solution",
            "system": "http://www.nlm.nih.gov/research/umls/rxnorm",
            "code": "993457",
        }
    ],
}


class Sandbox:
    """What the sandbox sends, by a client whose keys it publishes."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        registry = folder / "clients.toml"
        registry.write_text(CLIENT, encoding="utf-8")
        self.ehr: Ehr = ehr(
            clients=registry,
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
        jti = str(UUID(int=self._sent, version=4))
        header = {"jku": jku}
        token = tokens.token(header=header, aud=PUBLIC_URL + path, sub="a-client-id", jti=jti)
        return {"Authorization": f"Bearer {token}", "Accept": "application/json", "Origin": ORIGIN}

    def post(self, path: str, body: Any) -> Any:
        answer = self.ehr.post(path, json=body, headers=self.headers(path))
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def cards(self, service: str, body: Any) -> list[dict[str, Any]]:
        cards: list[dict[str, Any]] = self.post(f"/cds-services/{service}", body)["cards"]
        return cards


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as published:
        published.get(JKU, json={"keys": [KEY.as_dict(private=False)]})
        yield Sandbox(tmp_path)


def fired(hook: str, draft: dict[str, Any] | None, **context: Any) -> dict[str, Any]:
    """The request of a screen: no type of the Bundle, no encounter, and of prefetch what its FHIR server answered."""
    told = request_for({"order": {"drug": "denosumab"}, "record": RECORD}, "order-sign")
    prefetch = {key: answer for key, answer in told["prefetch"].items() if answer.get("entry") or "resource" in answer}
    prefetch.setdefault("patient", told["prefetch"].get("patient"))
    body = {
        "hookInstance": "1a9d4a3c-6a8f-4a3e-9a58-0e3a4f6f4d11",
        "hook": hook,
        "fhirServer": "https://launch.smarthealthit.org/v/r4/fhir",
        "context": {"patientId": told["context"]["patientId"], "userId": "Practitioner/COREPRACTITIONER1", **context},
        "prefetch": {key: answer for key, answer in prefetch.items() if answer},
    }
    if draft is not None:
        body["context"]["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": draft}]}
    return body


def prescription(**filled: Any) -> dict[str, Any]:
    """The draft of the screens of a prescription; nothing is chosen yet."""
    patient = request_for({"order": {"drug": "denosumab"}})["context"]["patientId"]
    subject = {"reference": f"Patient/{patient}"}
    form = {"resourceType": "MedicationRequest", "id": "request-123", "status": "draft", "subject": subject}
    return {**form, "authoredOn": NOW.date().isoformat(), **filled}


DAILY = {
    "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
    "doseAndRate": [{"doseQuantity": {"value": 1, "system": "http://unitsofmeasure.org", "code": "{pill}"}}],
}
FILLED = {
    "medicationCodeableConcept": XGEVA,
    "dosageInstruction": [DAILY],
    "dispenseRequest": {
        "expectedSupplyDuration": {
            "value": 1,
            "unit": "days",
            "system": "http://unitsofmeasure.org",
            "code": "d",
        }
    },
    "category": {"coding": [{"code": "community"}]},
}
IMAGING = {
    "resourceType": "ServiceRequest",
    "id": "example-request-id",
    "status": "draft",
    "intent": "plan",
    "code": {"coding": [{}]},
    "subject": {"reference": "Patient/p1"},
    "reasonCode": [],
}
SELECTED = {"selections": ["MedicationRequest/request-123"]}


# --- the contract -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/cds-services", f"/cds-services/{SIGN}", f"/cds-services/{SIGN}/feedback"])
def test_its_page_may_ask_with_a_token(sandbox: Sandbox, path: str) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET" if path.endswith("services") else "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    told = sandbox.ehr.options(path, headers=asked)
    assert told.headers["Access-Control-Allow-Origin"] == ORIGIN
    allowed = {name.strip().lower() for name in told.headers["Access-Control-Allow-Headers"].split(",")}
    assert allowed >= {"authorization", "content-type"}


def test_it_discovers_one_service_a_hook_since_it_keeps_one_an_id(sandbox: Sandbox) -> None:
    path = "/cds-services"
    services = sandbox.ehr.get(path, headers=sandbox.headers(path)).get_json()["services"]
    assert len({one["id"] for one in services}) == len({one["hook"] for one in services}) == len(services)
    assert sandbox.ehr.get(path).status_code == 401


@pytest.mark.parametrize(
    ("service", "body"),
    [
        pytest.param(VIEW, fired("patient-view", None), id="the chart"),
        pytest.param(SELECT, fired("order-select", prescription(), **SELECTED), id="no drug chosen yet"),
        pytest.param(SIGN, fired("order-sign", prescription()), id="signed without a drug"),
        pytest.param(SIGN, fired("order-sign", IMAGING), id="an imaging order without a code"),
        pytest.param(
            SELECT,
            fired("order-select", IMAGING, selections=["ServiceRequest/example-request-id"]),
            id="the same, selected",
        ),
    ],
)
def test_an_empty_form_is_answered_and_nothing_critical_is_said_of_it(
    sandbox: Sandbox, service: str, body: dict[str, Any]
) -> None:
    assert "type" not in body["context"].get("draftOrders", {})
    cards = sandbox.cards(service, body)
    assert all(card["indicator"] != "critical" for card in cards)


def test_a_filled_form_is_read_as_any_order_of_the_drug(sandbox: Sandbox) -> None:
    draft = prescription(**FILLED)
    assert "intent" not in draft
    rules = {
        rule
        for card in sandbox.cards(SIGN, fired("order-sign", draft))
        for rule in card["extension"]["org.osteocds"].get("rules", ())
    }
    assert "vitamin-d-deficiency" in rules


def test_what_its_server_did_not_answer_is_told_as_not_looked_up(sandbox: Sandbox) -> None:
    body = fired("order-sign", prescription(**FILLED))
    cards = sandbox.cards(SIGN, body)
    assert any(card["extension"]["org.osteocds"].get("unchecked") for card in cards)


def test_a_suggestion_that_it_can_take_has_a_drug_with_text_and_code(sandbox: Sandbox) -> None:
    """It takes the first action with a `medicationCodeableConcept` that has both, and nothing else of it."""
    cards = sandbox.cards(SIGN, fired("order-sign", prescription(**FILLED)))
    drugs = [
        action["resource"]["medicationCodeableConcept"]
        for card in cards
        for suggestion in card.get("suggestions", ())
        for action in suggestion["actions"]
        if "medicationCodeableConcept" in action.get("resource", {})
    ]
    assert drugs
    assert all(drug["text"] and drug["coding"][0]["code"] for drug in drugs)


def test_its_feedback_is_stored(sandbox: Sandbox) -> None:
    cards = sandbox.cards(SIGN, fired("order-sign", prescription(**FILLED)))
    accepted = next(card for card in cards if card.get("suggestions"))
    overridden = next(card for card in cards if card.get("overrideReasons"))
    at = "2026-03-30T20:31:00.000Z"
    taken = {"acceptedSuggestions": [{"id": accepted["suggestions"][0]["uuid"]}]}
    reason = {name: overridden["overrideReasons"][0][name] for name in ("code", "system")}
    for said in (
        {"card": accepted["uuid"], "outcome": "accepted", "outcomeTimestamp": at, **taken},
        {
            "card": overridden["uuid"],
            "outcome": "overridden",
            "outcomeTimestamp": at,
            "overrideReason": {"reason": reason},
        },
    ):
        sandbox.post(f"/cds-services/{SIGN}/feedback", {"feedback": [said]})
    database = sandbox.ehr.application.extensions["osteocds.ledger"].database
    with database.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(FEEDBACK)) == 2


@pytest.mark.parametrize("jku", ["https://elsewhere.example.org/jwks.json", "http://127.0.0.1:9/jwks.json"])
def test_keys_are_fetched_from_where_the_registry_says_and_from_nowhere_else(sandbox: Sandbox, jku: str) -> None:
    path = f"/cds-services/{SIGN}"
    headers = sandbox.headers(path, jku)
    assert sandbox.ehr.post(path, json=fired("order-sign", prescription()), headers=headers).status_code == 401


def test_a_token_is_taken_once(sandbox: Sandbox) -> None:
    path = f"/cds-services/{VIEW}"
    headers = sandbox.headers(path)
    body = fired("patient-view", None)
    assert [sandbox.ehr.post(path, json=body, headers=headers).status_code for _ in range(2)] == [200, 401]


# --- the sandbox itself -----------------------------------------------------------------------------------------------

PATIENT = next(one for one in DEMO_PATIENTS if not one.orders)
SECONDS = 60


def fhir_server() -> Flask:
    """What the sandbox asks of a FHIR server, of one patient of the demo, for any page."""
    app = Flask("fhir")
    record = demo_record(PATIENT, NOW.date()).resources

    def searched(resource_type: str) -> Response:
        found = [{"resource": one} for one in record if one["resourceType"] == resource_type]
        return jsonify({"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": found})

    @app.get("/fhir/metadata")
    def metadata() -> Response:
        return jsonify({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})

    @app.get("/fhir/<resource_type>")
    def search(resource_type: str) -> Response:
        return searched(resource_type)

    @app.post("/fhir/<resource_type>/_search")
    def search_by_form(resource_type: str) -> Response:
        return searched(resource_type)

    @app.get("/fhir/Patient/<patient>")
    def read(patient: str) -> Response:
        return jsonify(next(one for one in record if (one["resourceType"], one["id"]) == ("Patient", patient)))

    @app.after_request
    def open_to_pages(response: Response) -> Response:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "*")
        return response

    return app


@contextmanager
def sandbox_in(chromium: Chrome, folder: Path, screen: str, hook: str) -> Iterator[str]:
    """The build in a browser, on one of its screens; the database of our service."""
    url = f"sqlite:///{folder}/ledger.sqlite3"
    handler = partial(SimpleHTTPRequestHandler, directory=SANDBOX)
    with (
        in_a_thread(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as page,
        in_a_thread(make_server("127.0.0.1", 0, fhir_server(), threaded=True)) as fhir,
        served(database_url=url, cors_origins=("*",)) as service,
    ):
        query = {
            "fhirServiceUrl": f"{fhir}/fhir",
            "patientId": PATIENT.id,
            "serviceDiscoveryURL": f"{service}/cds-services",
            "hook": hook,
            "screen": screen,
        }
        chromium.get(f"{page}/?{urlencode(query)}")
        chromium.execute_script("localStorage.clear()")
        chromium.get(f"{page}/?{urlencode(query)}")
        yield url


if SANDBOX:  # a folder with a build of it, which nobody publishes

    def test_the_sandbox_shows_our_cards_and_sends_what_becomes_of_them(chromium: Chrome, tmp_path: Path) -> None:
        with sandbox_in(chromium, tmp_path, "patient-view", "patient-view") as url:
            said = "denosumab"
            WebDriverWait(chromium, SECONDS).until(
                lambda page: said in page.find_element(By.TAG_NAME, "body").text.lower()
            )
            dismiss = WebDriverWait(chromium, SECONDS).until(
                lambda page: page.find_elements(By.XPATH, "//button[contains(., 'Dismiss')]")
            )
            chromium.execute_script("arguments[0].click()", dismiss[0])
            for confirm in chromium.find_elements(
                By.XPATH, "//button[contains(., 'Submit') or contains(., 'Confirm')]"
            ):
                chromium.execute_script("arguments[0].click()", confirm)
            database = Database(url)
            try:
                WebDriverWait(chromium, SECONDS).until(lambda _: _feedback(database))
            finally:
                database.dispose()


def _feedback(database: Database) -> int:
    with database.begin() as connection:
        return connection.scalar(select(func.count()).select_from(FEEDBACK)) or 0
