"""`make attack`: our service holds, and one that is weak in every way does not."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urljoin

import requests
from tools import attack

from service.certify.tokens import tokens_of


class Weak(BaseHTTPRequestHandler):
    """A CDS service that asks whoever is named, follows whatever it is told, knows no token, and takes no answer for none."""

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = []
        with suppress(Exception):
            found = self.found(request["fhirServer"].rstrip("/") + "/Condition?patient=1", request)
        cards = [{"summary": f"{len(found)} conditions", "indicator": "info", "source": {"label": "weak"}}]
        body = json.dumps({"cards": cards}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def found(self, url, request):
        token = {"Authorization": f"Bearer {request['fhirAuthorization']['access_token']}"}
        page = requests.get(url, headers=token, timeout=1).json()
        for link in page.get("link", ())[:1]:
            self.found(urljoin(url, link["url"]), request)
        for entry in page.get("entry", ())[:1]:
            requests.get(entry["resource"]["medicationReference"]["reference"], timeout=1)
        return page["entry"]

    def handle(self):
        with suppress(OSError):  # whoever asked may be gone
            super().handle()

    def log_message(self, *_args):
        pass


@contextmanager
def weak():
    with ThreadingHTTPServer(("127.0.0.1", 0), Weak) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def told(capsys):
    """What is tried, and whether it held."""
    lines = capsys.readouterr().out.splitlines()
    tried = [line for line in lines if line.startswith(("held", "FAILED"))]
    return {line[8:].partition(": ")[0]: line.startswith("held") for line in tried}, lines[-1]


def test_our_service_holds_whatever_is_tried(capsys):
    code = attack.main(["--seconds", "8"])
    tried, last = told(capsys)
    assert [name for name, held in tried.items() if not held] == []
    assert code == 0
    assert last == f"{len(tried)} of {len(tried)} held"
    for kind, fewest in {"fhirServer": 90, "redirect": 5, "next link": 5, "FHIR fault": 40, "JWT": 35}.items():
        assert sum(name.startswith(kind) for name in tried) >= fewest


LOST = (
    *("fhirServer, another host", "fhirServer, the listed host as user", "fhirServer, this machine as 127.1"),
    *("fhirServer, another path", "redirect 302", "next link to another host", "reference to another host"),
    *("FHIR fault, HTTP 500", "FHIR fault, hangs up", "FHIR fault, sleeps", "JWT, no token", "JWT, a second time"),
)


def test_a_weak_service_does_not(capsys, tmp_path):
    only = [option for name in (*LOST, "fhirServer, a word") for option in ("--only", name)]
    with weak() as url:
        code = attack.main([url, "--keys", str(tmp_path), "--seconds", "2", *only])
    tried, last = told(capsys)
    assert code == 1
    assert tried == {**dict.fromkeys(LOST, False), "fhirServer, a word": True}
    assert last == f"1 of {len(LOST) + 1} held"


def test_a_service_that_is_not_set_up_for_it_is_not_said_to_hold(capsys):
    assert attack.main(["http://127.0.0.1:9", "--seconds", "1"]) == 2
    assert "nothing was tried" in capsys.readouterr().out


def test_the_keys_of_a_client_are_made_once_with_the_registry_that_names_them(tmp_path):
    told = {"public_url": "http://a.example", "service": "s", "moment": 1, "bases": ["http://b.example/fhir"]}
    first, again = (tokens_of(tmp_path, "attack", **told) for _ in range(2))
    assert first.key_set == again.key_set == json.loads((tmp_path / "keys.json").read_text())
    assert 'fhir_bases = ["http://b.example/fhir"]' in (tmp_path / "clients.toml").read_text()
