"""The EHR of the tests: it fires hooks at the service, and holds every answer to the protocol, whatever a test asks.

`cds_hooks.schema.json` was written from the tables of CDS Hooks 2.0.1; what a JSON Schema cannot say stands here.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from flask import Response
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from support.scenario import NOW, SETTINGS, request_for
from werkzeug.test import TestResponse

from service.edge.app import create_app

SCHEMA = json.loads((Path(__file__).parents[1] / "cds_hooks.schema.json").read_text(encoding="utf-8"))
BEARER = "opaque-bearer-value"
HTML = re.compile(r"(?<!\\)<[A-Za-z/!?]")
DENOSUMAB = {"drug": "denosumab", "dose": "120 mg", "route": "subcutaneous", "every": "28 days"}


class Ehr(FlaskClient):
    """A client of the service under test. Every answer that it gets is checked."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        # Buffered, it is closed too, as a server closes an answer once it is sent: then it is counted and noted.
        answer = super().open(*args, **{"buffered": True, **kwargs})
        check_answer(answer)
        return answer

    def fire(self, request: dict[str, Any], service: str = "", **kwargs: Any) -> TestResponse:
        """Call the service of the request's hook, or the one named."""
        service = service or f"bone-metastases-{request['hook']}"
        return self.post(f"/cds-services/{service}", json=request, **kwargs)

    def cards(self, request: dict[str, Any], **kwargs: Any) -> list[dict[str, Any]]:
        answer = self.fire(request, **kwargs)
        assert answer.status_code == 200, answer.text
        cards: list[dict[str, Any]] = answer.get_json()["cards"]
        return cards


def ehr(at: datetime = NOW, **settings: Any) -> Ehr:
    """An EHR whose service has these settings (of `service.settings.Settings`), the tests' clock, and no file."""
    chosen = {"database_url": "sqlite://", "public_url": "http://localhost", **settings}
    app = create_app(replace(SETTINGS, **chosen), now=lambda: at)
    app.test_client_class = Ehr
    client = app.test_client()
    assert isinstance(client, Ehr)
    return client


def denosumab(told: dict[str, Any] | None = None, hook: str = "order-sign") -> dict[str, Any]:
    """The request of a denosumab order, with a complete prefetch of the record that is told."""
    return request_for({"order": DENOSUMAB, "record": told or {}}, hook)


def draft(request: dict[str, Any]) -> dict[str, Any]:
    """The first draft order of a request."""
    resource: dict[str, Any] = request["context"]["draftOrders"]["entry"][0]["resource"]
    return resource


def without(request: dict[str, Any], *path: str) -> dict[str, Any]:
    """The request without one member."""
    changed = copy.deepcopy(request)
    parent = changed
    for name in path[:-1]:
        parent = parent[name]
    del parent[path[-1]]
    return changed


def with_member(request: dict[str, Any], *path: str, value: Any) -> dict[str, Any]:
    """The request with one member set."""
    changed = copy.deepcopy(request)
    parent = changed
    for name in path[:-1]:
        parent = parent[name]
    parent[path[-1]] = value
    return changed


def authorization() -> dict[str, Any]:
    """The `fhirAuthorization` of a request."""
    return {
        "access_token": BEARER,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.rs",
        "subject": "osteocds",
    }


def contents(cards: list[dict[str, Any]]) -> Any:
    """Cards without their uuids, which are fresh in each answer."""
    return json.loads(re.sub(r'"uuid": "[^"]+"', '"uuid": ""', json.dumps(cards)))


def actions(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [action for card in cards for suggestion in card.get("suggestions", ()) for action in suggestion["actions"]]


def topics(cards: list[dict[str, Any]]) -> list[str]:
    return [card["source"]["topic"]["code"] for card in cards]


def rules(cards: list[dict[str, Any]], name: str = "rules") -> list[str]:
    """The rules that speak, or with `unchecked` those that could not be checked."""
    return sorted(rule for card in cards for rule in card.get("extension", {}).get("org.osteocds", {}).get(name, ()))


def technical(card: dict[str, Any]) -> str:
    """What the extension tells whoever runs the systems: what is said of which resource, and what to do about it."""
    rows = card.get("extension", {}).get("org.osteocds", {}).get("technical", ())
    return "\n".join(" ".join((*row.get("resources", ()), row["said"], *row.get("hints", ()))) for row in rows)


def said(cards: list[dict[str, Any]]) -> str:
    """What cards say, to a clinician and in their extension."""
    return "\n".join(f"{card['summary']}\n{card.get('detail', '')}\n{technical(card)}" for card in cards)


# --- what every answer must be ----------------------------------------------------------------------------------------


def check_answer(answer: TestResponse | Response) -> None:
    """The answer is one that CDS Hooks 2.0.1 allows for the call that it answers."""
    call = answer.request  # type: ignore[union-attr]
    if call.method in ("HEAD", "OPTIONS") or answer.status_code == 304:
        return
    if answer.status_code >= 300:
        if answer.mimetype != "text/html":  # a page, for a browser
            check_operation_outcome(answer)
        return
    path = call.path.rstrip("/")
    if path == "/cds-services":
        conform(answer.get_json(), "Services")
        check_nothing_empty(answer.get_json(), allowed="services")
    elif call.method == "POST" and path.startswith("/cds-services/") and not path.endswith("/feedback"):
        check_hook_answer(answer.get_json())
    if path.startswith("/cds-services"):
        assert answer.mimetype == "application/json"


def check_hook_answer(body: dict[str, Any]) -> None:
    conform(body, "Response")
    check_nothing_empty(body, allowed="cards")
    uuids = [node["uuid"] for node in nodes(body) if "uuid" in node]
    assert len(uuids) == len(set(uuids)), "uuids are unique"
    for card in body["cards"]:
        assert "\n" not in card["summary"]
        assert not HTML.search(card.get("detail", "")), "no HTML in detail"
        for suggestion in card.get("suggestions", ()):
            for action in suggestion["actions"]:
                if "resource" in action:
                    model = get_fhir_model_class(action["resource"]["resourceType"])
                    model.model_validate(action["resource"])


def check_operation_outcome(answer: TestResponse | Response) -> None:
    assert answer.mimetype == "application/fhir+json"
    outcome = answer.get_json()
    get_fhir_model_class("OperationOutcome").model_validate(outcome)
    check_nothing_empty(outcome)
    assert all(issue["diagnostics"].strip() for issue in outcome["issue"]), "an error says what is wrong"


def conform(body: Any, definition: str) -> None:
    """Raises `jsonschema.ValidationError` where the body is not what the schema defines."""
    Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": SCHEMA["$defs"]}).validate(body)


def check_nothing_empty(body: Any, *, allowed: str = "") -> None:
    """A2: no null, empty text, array or object, but for the arrays that may be empty."""
    for node in nodes(body):
        for name, value in node.items():
            assert value not in (None, "", {}, []) or (node is body and name == allowed), f"{name} is {value!r}"
            if isinstance(value, list):
                assert all(one not in (None, "", {}, []) for one in value), f"{name} holds an empty value"


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(inner)
