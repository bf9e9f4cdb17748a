"""What OpenTelemetry is told of an answer: its steps and its FHIR calls, under the client's trace; and nothing of a patient."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.ehr import Ehr, denosumab
from support.fhir_socket import asking, serving
from support.scenario import NOW, SETTINGS

from service.edge.app import create_app
from service.edge.traces import Traces, traces_of
from service.settings import InvalidSetting

MARK = "zebra-quagga"
PATIENT = 20.0
"""A deadline that a sound server keeps on the busiest machine."""

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
STEPS = ("validate", "gather", "map", "evaluate", "card")


def traced(request, headers=None, **settings):
    """The spans of the answer to a request."""
    exporter = InMemorySpanExporter()
    traces = Traces(exporter)
    app = create_app(replace(SETTINGS, database_url="sqlite://", **settings), now=lambda: NOW, traces=traces)
    app.test_client_class = Ehr
    app.test_client().cards(request, headers=headers or {})
    traces.close()
    return exporter.get_finished_spans()


def test_an_answer_is_one_span_with_its_steps_inside():
    spans = traced(denosumab())
    (whole,) = (span for span in spans if span.parent is None)
    steps = [span for span in spans if span is not whole]
    assert {span.name for span in steps} == set(STEPS)
    assert all(span.parent.span_id == whole.context.span_id for span in steps)
    assert all(whole.start_time <= span.start_time <= span.end_time <= whole.end_time for span in steps)
    assert whole.attributes["osteocds.service"] == "bone-metastases-order-sign"
    assert "vitamin-d-unknown" in whole.attributes["osteocds.rules"]


def test_it_belongs_to_the_trace_of_the_client():
    spans = traced(denosumab(), {"traceparent": f"00-{TRACE}-{SPAN}-01"})
    (whole,) = (span for span in spans if span.name == "hook")
    assert {f"{span.context.trace_id:032x}" for span in spans} == {TRACE}
    assert f"{whole.parent.span_id:016x}" == SPAN


@pytest.mark.parametrize("told", ["", MARK, f"00-{'0' * 32}-{SPAN}-01", "00-" + "f" * 500])
def test_a_trace_that_the_client_does_not_name_rightly_is_one_of_our_own(told):
    (whole,) = (span for span in traced(denosumab(), {"traceparent": told}) if span.name == "hook")
    assert whole.parent is None


def marked(call):
    """A FHIR server whose every word is one of the patient's."""
    entry = {"resource": {"resourceType": "Observation", "id": MARK, "code": {"text": MARK}, "valueString": MARK}}
    bundle = {"resourceType": "Bundle", "type": "searchset", "id": MARK, "entry": [entry]}
    call.found(json.dumps(bundle).encode(), X_Request_Id=MARK)


def of_the_marked_patient(server):
    told = json.dumps(asking(server) | {"hookInstance": MARK}).replace("synthetic-1", MARK)
    return json.loads(told.replace("opaque-bearer-value", MARK))


def test_fhir_calls_are_told_by_listed_base_and_outcome_and_nothing_by_the_patient():
    with serving(marked) as server:
        request = of_the_marked_patient(server)
        headers = {"tracestate": f"a={MARK}", "baggage": f"patient={MARK}", "traceparent": f"00-{TRACE}-{SPAN}-01"}
        spans = traced(request, headers, fhir_bases=(server.base,), deadline_seconds=PATIENT)
        calls = [span for span in spans if span.name == "fhir"]
        assert len(calls) >= len(server.calls) > 1
        assert {span.attributes["osteocds.fhir_base"] for span in calls} == {server.base}
        assert {span.attributes["osteocds.outcome"] for span in calls} == {"answered"}
    told = "".join(span.to_json() for span in spans)
    assert MARK in json.dumps(request)
    assert MARK not in told


class Collector(BaseHTTPRequestHandler):
    """What takes traces by OTLP over HTTP."""

    taken: list[tuple[str, bytes]]

    def do_POST(self):
        self.taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args):
        """Nothing."""


def test_a_site_that_asks_for_traces_gets_them_where_it_says(monkeypatch):
    handler = type("Taking", (Collector,), {"taken": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    try:
        traces = traces_of(replace(SETTINGS, traces=True))
        app = create_app(replace(SETTINGS, database_url="sqlite://"), now=lambda: NOW, traces=traces)
        app.test_client_class = Ehr
        app.test_client().cards(denosumab())
        traces.close()
    finally:
        server.shutdown()
        server.server_close()
    assert {path for path, _body in handler.taken} == {"/v1/traces"}
    told = b"".join(body for _path, body in handler.taken)
    assert all(name.encode() in told for name in ("bone-metastases-order-sign", *STEPS))
    assert b"synthetic-1" not in told


def test_no_site_gets_them_unasked():
    assert traces_of(SETTINGS) is None


def test_without_the_extra_the_start_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(InvalidSetting, match=r"pip install osteocds\[otel\]"):
        traces_of(replace(SETTINGS, traces=True))
