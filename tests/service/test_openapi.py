"""The description at /openapi.json: every route is in it, and what really goes over the wire is as it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft4Validator
from support.ehr import authorization, denosumab, ehr, nodes
from support.scenario import request_for


@pytest.fixture(scope="module")
def client():
    return ehr()


@pytest.fixture(scope="module")
def description(client):
    return client.get("/openapi.json").get_json()


def as_json_schema(value: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON Schema says a type more."""
    if isinstance(value, dict):
        members = {name: as_json_schema(inner) for name, inner in value.items()}
        if members.pop("nullable", False) and "type" in members:
            members["type"] = [members["type"], "null"]
        return members
    return [as_json_schema(one) for one in value] if isinstance(value, list) else value


def conform(description: dict[str, Any], content: dict[str, Any], instance: Any) -> None:
    """Raises `jsonschema.ValidationError` where the instance is not what the description's media type says."""
    (media_type,) = (one for kind, one in content.items() if kind.endswith("json"))
    Draft4Validator(as_json_schema({**media_type["schema"], "components": description["components"]})).validate(
        instance
    )


def test_it_is_openapi_3_0_of_this_service(description):
    assert re.fullmatch(r"3\.0\.\d", description["openapi"])
    assert description["info"]["title"] == "OsteoCDS"
    assert description["info"]["version"]


def test_every_route_and_no_other_is_described(client, description):
    routes = {
        (rule.rule.replace("<service_id>", "{id}").replace("<hook_instance>", "{hookInstance}"), method.lower())
        for rule in client.application.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if not rule.endpoint.startswith("pages.")
    }
    described = {
        (path, method) for path, item in description["paths"].items() for method in item if method != "parameters"
    }
    assert described == routes


def test_every_operation_says_what_it_does_and_what_it_answers(description):
    for path, item in description["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                assert operation["summary"], path
                assert {"200", "default"} <= set(operation["responses"])
                assert all(response["description"] for response in operation["responses"].values())


def test_every_parameter_of_a_path_is_described(description):
    for path, item in description["paths"].items():
        described = {one["name"] for one in item.get("parameters", ()) if one["in"] == "path" and one["required"]}
        assert described == set(re.findall(r"\{(\w+)\}", path))


def test_every_reference_leads_to_a_schema_and_every_schema_is_one(description):
    schemas = description["components"]["schemas"]
    references = {node["$ref"] for node in nodes(description) if "$ref" in node}
    assert references <= {f"#/components/schemas/{name}" for name in schemas}
    for schema in schemas.values():
        Draft4Validator.check_schema(as_json_schema(schema))


def test_patterns_are_of_ecma_262(description):
    """`\\Z` is a letter there, and would refuse every identifier that we send."""
    patterns = [node["pattern"] for node in nodes(description) if isinstance(node.get("pattern"), str)]
    assert patterns
    assert [pattern for pattern in patterns if re.search(r"\\[AZz]|\(\?P|\(\?<[a-z]", pattern)] == []


@pytest.mark.parametrize("hook", ["order-sign", "order-select", "patient-view"])
def test_a_real_request_and_its_answer_are_as_described(client, description, hook):
    operation = description["paths"]["/cds-services/{id}"]["post"]
    request = request_for({}) if hook == "patient-view" else denosumab(hook=hook)
    request |= {"fhirServer": "https://ehr.example.org/fhir", "fhirAuthorization": authorization()}
    request["prefetch"]["albumin"] = None
    conform(description, operation["requestBody"]["content"], request)
    answer = client.fire(request)
    conform(description, operation["responses"]["200"]["content"], answer.get_json())
    assert answer.get_json()["cards"]


@pytest.mark.parametrize("split", [False, True])
def test_each_example_of_a_request_is_as_described_and_gets_cards(split):
    client = ehr(split_services=split)
    description = client.get("/openapi.json").get_json()
    content = description["paths"]["/cds-services/{id}"]["post"]["requestBody"]["content"]
    (media_type,) = (one for kind, one in content.items() if kind.endswith("json"))
    examples = media_type["examples"]
    assert {example["value"]["hook"] for example in examples.values()} == {"order-sign", "order-select", "patient-view"}
    for service, example in examples.items():
        conform(description, content, example["value"])
        answer = client.post(f"/cds-services/{service}", json=example["value"])
        assert answer.status_code == 200
        assert answer.get_json()["cards"] or split


def test_each_example_of_a_calendar_gets_one(client, description):
    content = description["paths"]["/calendar"]["post"]["requestBody"]["content"]
    examples = content["application/json"]["examples"]
    assert examples
    for example in examples.values():
        answer = client.post("/calendar", json=example["value"])
        assert (answer.status_code, answer.mimetype) == (200, "text/html")


def test_what_was_asked_by_an_example_has_a_receipt_and_a_calendar(tmp_path):
    client = ehr(database_url=f"sqlite:///{tmp_path}/ledger.sqlite3", ledger_keeps=frozenset({"requests"}))
    paths = client.get("/openapi.json").get_json()["paths"]
    (content,) = paths["/cds-services/{id}"]["post"]["requestBody"]["content"].values()
    for service, example in content["examples"].items():
        client.post(f"/cds-services/{service}", json=example["value"])
    assert client.application.extensions["osteocds.ledger"].writer.flush(60)
    for path in ("/receipts/{hookInstance}", "/calendar/{hookInstance}"):
        (named,) = (one["example"] for one in paths[path]["parameters"] if one["in"] == "path")
        assert client.get(path.format(hookInstance=named)).status_code == 200


def test_the_example_of_feedback_is_as_described_and_taken(client, description):
    operation = description["paths"]["/cds-services/{id}/feedback"]["post"]
    (media_type,) = operation["requestBody"]["content"].values()
    (example,) = media_type["examples"].values()
    conform(description, operation["requestBody"]["content"], example["value"])
    answer = client.post("/cds-services/bone-metastases-order-sign/feedback", json=example["value"])
    assert answer.status_code == 200


def test_discovery_is_as_described(client, description):
    responses = description["paths"]["/cds-services"]["get"]["responses"]
    conform(description, responses["200"]["content"], client.get("/cds-services").get_json())


@pytest.mark.parametrize(("status", "body"), [(400, {}), (412, denosumab() | {"prefetch": {}})])
def test_errors_are_as_described(client, description, status, body):
    answer = client.post("/cds-services/bone-metastases-order-sign", json=body)
    response = description["paths"]["/cds-services/{id}"]["post"]["responses"][str(status)]
    assert answer.status_code == status
    assert [answer.mimetype] == list(response["content"])
    conform(description, response["content"], answer.get_json())


def test_feedback_is_as_described(description):
    content = description["paths"]["/cds-services/{id}/feedback"]["post"]["requestBody"]["content"]
    item = {"card": "c1", "outcome": "overridden", "outcomeTimestamp": "2026-03-30T20:15:00Z"}
    reason = {"reason": {"code": "x", "system": "y"}, "userComment": "z"}
    conform(description, content, {"feedback": [item, item | {"overrideReason": reason}]})
    conform(description, content, {"feedback": [item | {"outcome": "accepted", "acceptedSuggestions": [{"id": "s1"}]}]})


def test_the_services_that_are_published_are_those_that_are_described():
    client = ehr(split_services=True)
    published = [service["id"] for service in client.get("/cds-services").get_json()["services"]]
    (parameter,) = client.get("/openapi.json").get_json()["paths"]["/cds-services/{id}"]["parameters"]
    assert parameter["schema"]["enum"] == published
