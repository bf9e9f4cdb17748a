"""HTTP around the hooks: methods, errors, cross-origin calls of browsers, the pages that are no hook."""

from __future__ import annotations

import gc
import io
from urllib.parse import unquote

import orjson
import pytest
from support.ehr import contents, denosumab, ehr
from support.scenario import SETTINGS
from tools.liveness import large_body
from werkzeug.test import create_environ

from service.edge.app import create_app

ROUTES = {
    "/cds-services": "GET",
    "/cds-services/bone-metastases-order-sign": "POST",
    "/cds-services/bone-metastases-order-sign/feedback": "POST",
    "/health/live": "GET",
    "/health/ready": "GET",
    "/openapi.json": "GET",
    "/openapi": "GET",
    "/metrics": "GET",
    "/": "GET",
    "/catalogue": "GET",
    "/catalogue/bone-metastases/hypocalcaemia": "GET",
    "/questionnaires/mirels": "GET",
    "/jwks.json": "GET",
    "/watch": "GET",
    "/calendar": "POST",
    "/watch/rules.csv": "GET",
    "/watch/feedback.csv": "GET",
}
ORIGIN = {"Origin": "https://browser.example.org"}
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture(scope="module")
def client():
    return ehr(cors_origins=("*",))


def defect(monkeypatch, error: Exception) -> None:
    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("service.edge.app.advise", fail)


# --- the short way of a call ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [denosumab(), {}, {"hook": "order-sign"}, denosumab() | {"prefetch": {}}])
def test_a_call_is_answered_alike_with_and_without_the_machinery_of_flask(client, body):
    """A path that ends with a slash goes the long way."""
    short, long = (client.post(f"/cds-services/bone-metastases-order-sign{end}", json=body) for end in ("", "/"))
    assert short.status_code == long.status_code
    assert sorted(short.headers.keys()) == sorted(long.headers.keys())
    assert short.headers.get("Content-Type") == long.headers.get("Content-Type")
    assert contents(short.get_json()) == contents(long.get_json())


# --- methods and routes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "allowed"), ROUTES.items())
def test_another_method_is_a_405_that_says_which_are_allowed(client, path, allowed):
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {allowed}:
        answer = client.open(path, method=method)
        assert answer.status_code == 405
        assert allowed in answer.headers["Allow"].split(", ")


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_header_does_not_override_the_method(client, header):
    assert client.get("/cds-services/bone-metastases-order-sign", headers={header: "POST"}).status_code == 405
    assert client.get("/cds-services", headers={header: "DELETE"}).status_code == 200


@pytest.mark.parametrize("path", [path for path, method in ROUTES.items() if method == "GET"])
def test_what_can_be_read_can_be_asked_for_by_head(client, path):
    answer = client.head(path)
    assert answer.status_code == 200
    assert answer.get_data() == b""


@pytest.mark.parametrize(("path", "method"), ROUTES.items())
def test_a_trailing_slash_changes_nothing(client, path, method):
    asked = {"method": method, "data": b"no JSON", "content_type": "application/json"}
    with_slash, without = (client.open(one, **asked) for one in (f"{path}/", path))
    assert with_slash.status_code == without.status_code < 404


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/cds-service", "/cds-services/", "/cds-services/x/y", "//cds-services", "/cds-services//feedback"),
        *("/cds-services/../metrics", "/%2e%2e/etc/passwd", "/cds-services/%00", "/static/x", "/cds-services/%C0%AF"),
    ],
)
def test_an_unknown_route_is_a_404_and_never_a_redirect(client, path):
    answer = client.post(path, json=denosumab())
    assert answer.status_code in {404, 405}
    assert "Location" not in answer.headers


SPELLINGS = [
    *(
        "//metrics",
        "///metrics",
        "/./metrics",
        "/../metrics",
        "/x/../metrics",
        "/metrics/.",
        "/metrics/..",
        "/metrics//",
    ),
    *(
        "/%2e/metrics",
        "/%2E%2E/metrics",
        "/%6detrics",
        "/metrics%2f",
        "/%2fmetrics",
        "/metrics%00",
        "/metrics;x",
        "/metrics%20",
    ),
    *(
        "/\\metrics",
        "/%5cmetrics",
        "//health/live",
        "/health//live",
        "/health/./live",
        "/health%2flive",
        "//health/ready",
    ),
    *(
        "/cds-services/../health/live",
        "//",
        "/.",
        "/%2e",
        "//catalogue",
        "/catalogue//bone-metastases",
        "/catalogue/..",
    ),
    *("/static/../pages.css", "/static/%2e%2e/pages.py", "/static//etc/passwd"),
]
"""Of an address that we have, as no client of ours spells it; a proxy may have let it pass for another."""


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_address_has_one_spelling(client, spelling):
    assert client.get("/", environ_overrides={"RAW_URI": spelling, "PATH_INFO": unquote(spelling)}).status_code == 404


JSON_TYPES = {
    200: [
        *("application/json", "Application/JSON", "application/json; charset=utf-8", "application/json;charset=UTF-8"),
        *("application/fhir+json", "application/fhir+json; fhirVersion=4.0", "application/vnd.cds-hooks+json"),
        *("application/json; charset=ISO-8859-1", "application/json; odata=verbose", "application/json;"),
    ],
    415: [
        *("", "text/plain", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", "multipart/form-data"),
        *(
            "text/json",
            "application/xml",
            "application/fhir+xml",
            "application/jsonp",
            "json",
            "application/json, text/plain",
        ),
        *("text/plain; x=application/json", "application/octet-stream", "application/+json", "*/*", "/"),
    ],
}


@pytest.mark.parametrize(("status", "said"), [(status, said) for status, all_ in JSON_TYPES.items() for said in all_])
@pytest.mark.parametrize("path", ["bone-metastases-order-sign", "bone-metastases-order-sign/feedback"])
def test_a_body_is_said_to_be_json(client, path, status, said):
    body = orjson.dumps({"feedback": []} if "feedback" in path else denosumab())
    answer = client.post(f"/cds-services/{path}", data=body, content_type=said)
    assert answer.status_code == status
    if status == 415:
        told = answer.get_json()["issue"][0]["diagnostics"]
        assert told.endswith("; send the body as application/json")
        assert ("is missing" in told) == (said == "")


@pytest.mark.parametrize(
    ("encoding", "status"),
    [
        *((packed, 415) for packed in ("gzip", "GZIP", "br", "deflate", "gzip, gzip", "identity, gzip", "secret-1")),
        *((plain, 200) for plain in ("", "identity", " Identity ")),
    ],
)
@pytest.mark.parametrize("path", ["bone-metastases-order-sign", "bone-metastases-order-sign/feedback"])
def test_a_body_that_is_said_to_be_compressed_is_a_415_that_says_so(client, path, encoding, status):
    body = orjson.dumps({"feedback": []} if "feedback" in path else denosumab())
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    answer = client.post(f"/cds-services/{path}", data=body, headers=headers)
    assert answer.status_code == status
    if status == 415:
        assert "is compressed" in answer.get_json()["issue"][0]["diagnostics"]
        assert "secret" not in answer.text


@pytest.mark.parametrize("path", [*(path for path, method in ROUTES.items() if method == "GET"), "/nowhere"])
def test_no_page_and_no_answer_can_be_framed(client, path):
    headers = client.get(path).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_body_that_is_too_large_is_a_413():
    client = ehr(max_request_bytes=1000)
    for body in (b"x" * 1001, b'{"hook": "' + b"x" * 5000 + b'"}'):
        answer = client.post("/cds-services/bone-metastases-order-sign", data=body, content_type="application/json")
        assert answer.status_code == 413
        assert answer.get_json()["issue"][0]["code"] == "too-long"


def test_no_more_is_read_of_a_body_of_unknown_length():
    client = ehr(max_request_bytes=1000)
    answer = client.post(
        "/cds-services/bone-metastases-order-sign",
        input_stream=io.BytesIO(b"x" * 5000),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert answer.status_code in {400, 413}, "Werkzeug cuts such a body off at the limit, and the rest is no JSON"


# --- errors -----------------------------------------------------------------------------------------------------------


def test_a_defect_is_a_500_that_tells_nothing_and_logs_only_the_place(client, monkeypatch, caplog):
    defect(monkeypatch, ValueError("Jane Doe, token s3cret"))
    answer = client.fire(denosumab())
    assert answer.status_code == 500
    assert "Jane" not in answer.text + caplog.text
    assert "s3cret" not in answer.text + caplog.text
    assert "ValueError in " in caplog.text


def test_a_defect_of_one_request_does_not_stop_the_next(client, monkeypatch):
    with monkeypatch.context() as broken:
        defect(broken, KeyError("x"))
        assert client.fire(denosumab()).status_code == 500
    assert client.fire(denosumab()).status_code == 200


def test_without_its_database_the_service_advises_and_says_that_it_takes_no_feedback(tmp_path, caplog):
    client = ehr(database_url=f"sqlite:///{tmp_path}/missing/feedback.sqlite3")
    assert client.fire(denosumab()).status_code == 200
    body = {"feedback": [{"card": "x", "outcome": "accepted", "outcomeTimestamp": "2026-03-31T09:30:00Z"}]}
    answer = client.post("/cds-services/bone-metastases-order-sign/feedback", json=body)
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 503
    assert "feedback cannot be stored: unreachable" in caplog.text
    client.application.extensions["osteocds.ledger"].writer.close()


# --- browsers of other origins ----------------------------------------------------------------------------------------


def preflight(client, path, method, headers="authorization,content-type"):
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return client.options(path, headers=ORIGIN | asked)


@pytest.mark.parametrize(("path", "method"), list(ROUTES.items())[:3])
def test_a_browser_may_call_with_a_token(client, path, method):
    answer = preflight(client, path, method)
    assert answer.status_code == 200
    assert answer.headers[ALLOWED] == "*"
    assert method in answer.headers["Access-Control-Allow-Methods"]
    assert {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")} == {
        "authorization",
        "content-type",
    }


def test_a_browser_may_send_no_header_that_we_do_not_read(client):
    answer = preflight(client, "/cds-services/bone-metastases-order-sign", "POST", "x-patient")
    assert "x-patient" not in answer.headers.get("Access-Control-Allow-Headers", "").lower()


def test_no_credentials_of_the_browser_are_taken(client):
    assert "Access-Control-Allow-Credentials" not in client.get("/cds-services", headers=ORIGIN).headers


def test_a_browser_can_read_every_answer_errors_too(monkeypatch):
    client = ehr(max_request_bytes=100_000, cors_origins=("*",))
    sign = "/cds-services/bone-metastases-order-sign"
    answers = {
        200: client.post(sign, json=denosumab(), headers=ORIGIN),
        404: client.get("/nowhere", headers=ORIGIN),
        400: client.post(sign, data=b"{", content_type="application/json", headers=ORIGIN),
        415: client.post(sign, data=b"{}", headers=ORIGIN),
        405: client.get(sign, headers=ORIGIN),
        412: client.post(sign, json=denosumab() | {"prefetch": {}}, headers=ORIGIN),
        413: client.post(sign, data=b"x" * 100_001, content_type="application/json", headers=ORIGIN),
    }
    defect(monkeypatch, ValueError("x"))
    answers[500] = client.post(sign, json=denosumab(), headers=ORIGIN)
    for status, answer in answers.items():
        assert (answer.status_code, answer.headers[ALLOWED]) == (status, "*")


def test_origins_can_be_restricted():
    client = ehr(cors_origins=("https://browser.example.org", "https://other.example.org:8443"))
    for origin in ("https://browser.example.org", "https://other.example.org:8443"):
        answer = client.get("/cds-services", headers={"Origin": origin})
        assert answer.headers[ALLOWED] == origin
        assert set(answer.vary) == {"Accept-Language", "Origin"}


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example.org", "http://browser.example.org", "https://browser.example.org.evil.example", "null"),
        *("https://xbrowser.example.org", "https://browserxexample.org", "https://browser.example.org:8443"),
    ],
)
def test_other_origins_are_told_nothing(origin):
    client = ehr(cors_origins=("https://browser.example.org",))
    assert ALLOWED not in client.get("/cds-services", headers={"Origin": origin}).headers
    assert ALLOWED not in client.get("/nowhere", headers={"Origin": origin}).headers


def test_by_default_browsers_of_other_origins_cannot_call():
    client = ehr()
    assert ALLOWED not in client.get("/cds-services", headers=ORIGIN).headers
    assert ALLOWED not in preflight(client, "/cds-services/bone-metastases-order-sign", "POST").headers


# --- the pages that are no hook ---------------------------------------------------------------------------------------


def test_health_is_told_without_a_patient(client):
    assert client.get("/health/live").get_json() == {"status": "live"}
    assert client.get("/health/ready").get_json() == {"status": "ready"}


def test_metrics_count_requests_and_what_rules_answered_and_name_no_patient():
    client = ehr()
    client.fire(denosumab())
    client.fire(denosumab() | {"prefetch": {}})
    client.post("/cds-services/unknown-patient-1", json={})
    text = client.get("/metrics").text
    assert 'osteocds_requests_total{client="",service="bone-metastases-order-sign",status="200"} 1.0' in text
    assert 'osteocds_requests_total{client="",service="bone-metastases-order-sign",status="412"} 1.0' in text
    assert 'osteocds_rule_answers_total{answer="advises",rule="vitamin-d-unknown"} 1.0' in text
    assert "synthetic-1" not in text
    assert "unknown-patient-1" not in text


def test_every_route_is_known_to_these_tests():
    routes = create_app(SETTINGS).url_map
    answering = routes.bind("127.0.0.1")
    of_one = {"pages.static", "calendar.of_receipt", "receipts.receipt"}
    assert {rule.endpoint for rule in routes.iter_rules()} - of_one == {
        answering.match(path, method)[0] for path, method in ROUTES.items()
    }


# --- memory -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "/"], ids=["the short way", "the way of Flask"])
def test_an_answer_leaves_no_circle_that_would_keep_its_record_in_memory(client, end):
    """Collections are rare where the service runs, and a record is large: it goes with its last reference."""
    body = large_body(200_000)

    def answered() -> bytes:
        told = {"method": "POST", "data": body, "content_type": "application/json"}
        environ = create_environ(f"/cds-services/bone-metastases-order-sign{end}", **told)
        return b"".join(client.application.wsgi_app(environ, lambda *_told: None))

    assert b'"cards"' in answered()
    gc.collect()
    gc.disable()
    try:
        answered()
        left = gc.collect()
    finally:
        gc.enable()
    assert left < body.count(b"{") / 10
