"""`osteocds certify` finds what is wrong with FHIR servers, the codes of a site and synthetic orders, and nothing else."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator

import pytest
import requests
from support.gateway import Call, Reply, gateway
from support.installation import Installation, refusal, searchset
from support.planted import ATTENTION, Change, Planted, check_found, environment, fhir, login_page, replaced, running

from service.certify.check import CHECKS
from service.demo.embedded_fhir import free_port
from service.demo.run import DEMO_PATIENTS


def fhir_says(after: Callable[[Call, Reply], Reply]) -> Change:
    def plant(site: Installation) -> None:
        site.fhir.after = after

    return plant


def ignoring(*names: str) -> Callable[[Call], None]:
    return lambda call: call.without(*names)


def refusing(status: int, *types: str) -> Callable[[Call], Reply | None]:
    return lambda call: refusal(status) if call.resource_type in types else None


def another_base_listed(site: Installation) -> None:
    table = '[certify]\nissuer = "https://certify.example"\njwks = "keys/keys.json"\n'
    registry = site.folder / "other.toml"
    registry.write_text(f'{table}fhir_bases = ["https://elsewhere.example/fhir"]\n')
    site.running["clients"] = registry


def fhir_nobody(site: Installation) -> None:
    site.environment["OSTEOCDS_FHIR_BASES"] = f"http://127.0.0.1:{free_port()}/fhir"


def no_base(site: Installation) -> None:
    site.environment["OSTEOCDS_FHIR_BASES"] = ""
    site.options = site.options[:2]


def open_fhir_server(site: Installation) -> None:
    site.fhir.before = lambda _call: None


def fhir_ahead(site: Installation) -> None:
    site.fhir.ahead = -30


def no_code(call: Call) -> Reply | None:
    if "combo-code" in call.parameters:
        return refusal(400)
    call.without("code")
    return None


def no_typed_reference(call: Call) -> Reply | None:
    return searchset() if call.parameters.get("patient", "").startswith("Patient/") else None


def too_slow(site: Installation) -> None:
    """For the time that searches have here."""
    fhir(lambda call: time.sleep(0.8 if call.is_search else 0))(site)
    environment(OSTEOCDS_DEADLINE_SECONDS="0.5")(site)
    running(deadline_seconds=0.5)(site)


def told_as_missing(site: Installation) -> None:
    """Here and there."""
    environment(OSTEOCDS_MISSING_RESOURCE_TYPES="ImagingStudy")(site)
    running(missing_resource_types=frozenset({"ImagingStudy"}))(site)


def token_is_over(call: Call) -> Reply | None:
    return None if call.address.endswith("/metadata") else refusal(401)


def hiding(call: Call) -> Reply | None:
    """A remark in the place of results, as servers have it where a token may not see all."""
    if call.resource_type != "Condition":
        return None
    issue = {"severity": "warning", "code": "suppressed", "diagnostics": "not authorized for some sub-types"}
    entry = {"search": {"mode": "outcome"}, "resource": {"resourceType": "OperationOutcome", "issue": [issue]}}
    found = {"resourceType": "Bundle", "type": "searchset", "total": 0, "entry": [entry]}
    return Reply(200, {"Content-Type": "application/fhir+json"}, json.dumps(found).encode())


def elsewhere(_call: Call, reply: Reply) -> Reply:
    told = json.loads(reply.body)
    for link in told.get("link", ()):
        if link["relation"] == "next":
            link["url"] = link["url"].replace(f"http://{call_host(link['url'])}", "http://hapi:8080")
    reply.body = json.dumps(told).encode()
    return reply


def call_host(url: str) -> str:
    return url.split("/")[2]


def without_links(_call: Call, reply: Reply) -> Reply:
    told = json.loads(reply.body)
    told.pop("link", None)
    reply.body = json.dumps(told).encode()
    return reply


def not_found_yet(call: Call) -> Reply | None:
    """What is written is not found: a search index that is behind."""
    known = {f"Patient/{patient.id}" for patient in DEMO_PATIENTS}
    return searchset() if call.is_search and call.parameters.get("patient", "") not in {*known, ""} else None


def no_writing(call: Call) -> Reply | None:
    return refusal(403) if call.method == "POST" and call.address == "/fhir" else None


def no_deleting(call: Call) -> Reply | None:
    return refusal(405) if call.method == "DELETE" or b'"DELETE"' in call.body else None


PLANTED = {
    # FHIR servers
    "no base": Planted(no_base, {"fhir.listed": "fail"}),
    "nobody at the base": Planted(fhir_nobody, {"fhir.reachable": "fail"}),
    "a login before the FHIR server": Planted(fhir(login_page("/fhir/metadata")), {"fhir.reachable": "fail"}),
    "R5": Planted(fhir_says(replaced("4.0.1", "5.0.0", at="/fhir/metadata")), {"fhir.version": "fail"}, "5.0.0"),
    "the FHIR server's clock is behind": Planted(fhir_ahead, {"fhir.clock": "warn"}, "(2.|30) s"),
    "a FHIR server open to anybody": Planted(open_fhir_server, {"fhir.token": "fail"}),
    "a token without a scope": Planted(
        fhir(refusing(403, "Condition")), {"fhir.read": "fail", "fhir.by-service": "fail"}, "scopes"
    ),
    "a type that the server does not have": Planted(
        fhir(refusing(404, "BodyStructure")), {"fhir.read": "fail", "fhir.by-service": "fail"}, "404"
    ),
    "a type told as missing that is there": Planted(told_as_missing, {"fhir.read": "warn"}),
    "a token that is over": Planted(
        lambda site: setattr(site.fhir, "before", token_is_over), {"fhir.token-taken": "fail"}, "HTTP 401"
    ),
    "a server that says that it hides some": Planted(
        fhir(hiding), {"fhir.read": "fail", "fhir.by-service": "fail"}, "does not show all"
    ),
    "patient ignored": Planted(fhir(ignoring("patient")), {"fhir.own-patient": "fail", "fhir.by-service": "fail"}),
    "typed references find nothing": Planted(fhir(no_typed_reference), {"fhir.patient-reference": "fail"}),
    "combo-code ignored": Planted(fhir(ignoring("combo-code")), {"fhir.code": "fail"}, "combo-code is ignored"),
    "combo-code refused, code ignored": Planted(fhir(no_code), {"fhir.code": "fail"}, "code is ignored"),
    "_count ignored": Planted(fhir(ignoring("_count")), {"fhir.count": "warn"}),
    "_sort ignored": Planted(fhir(ignoring("_sort")), {"fhir.sort": "warn"}),
    "links to an inner address": Planted(fhir_says(elsewhere), {"fhir.paging": "fail"}, "hapi"),
    "no links": Planted(fhir_says(without_links), {"fhir.paging": "fail"}),
    "a slow FHIR server": Planted(
        too_slow,
        {"fhir.time": "fail", "fhir.by-service": "fail"},
    ),
    "a base that the service does not list": Planted(another_base_listed, {"fhir.by-service": "fail"}, "allowlist"),
    # codes
    "local codes": Planted(
        fhir_says(replaced("http://snomed.info/sct", "urn:site:problems", type="Condition")),
        {"codes.understood": "fail"},
        r"urn:site:problems\|",
    ),
    "words where systems stand": Planted(
        fhir_says(replaced("http://snomed.info/sct", "of our own making", type="Condition")),
        {"codes.understood": "fail"},
        r"\(not shown: it does not look like a code\)\|",
    ),
    "local units": Planted(
        fhir_says(replaced('"ng/mL"', '"furlong"', type="Observation")),
        {"codes.units": "warn"},
        "furlong",
    ),
    # orders
    "no right to write": Planted(fhir(no_writing), {"orders.created": "fail"}, "HTTP 403", ("--write",)),
    "a search index that is behind": Planted(fhir(not_found_yet), {"orders.cards": "fail"}, "no card", ("--write",)),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_misconfiguration_is_found_and_nothing_else(name, site):
    check_found(PLANTED[name], site)


def test_what_cannot_be_deleted_is_told_now_and_the_next_time(site, demo_fhir):
    fhir(no_deleting)(site)
    site.certify("--write")
    assert site.outcomes(*ATTENTION) == {"orders.deleted": "fail"}
    tag = re.search(r"urn:osteocds:certify\|([0-9a-f-]{36})", site.seen("orders.deleted"))
    assert tag
    fhir(lambda _call: None)(site)
    site.certify("--write")
    assert site.outcomes(*ATTENTION) == {"orders.deleted": "fail"}
    assert "earlier" in site.seen("orders.deleted")
    remove(demo_fhir, tag[1])
    site.certify("--write")
    assert site.outcomes(*ATTENTION) == {}


def remove(demo_fhir: str, tag: str) -> None:
    """As the report says."""
    for resource_type in ("Observation", "Condition", "Procedure", "MedicationStatement", "Patient"):
        query = {"_tag": f"urn:osteocds:certify|{tag}", "_count": "1000"}
        found = requests.get(f"{demo_fhir}/{resource_type}", query, timeout=10).json()
        for entry in found.get("entry", ()):
            requests.delete(f"{demo_fhir}/{resource_type}/{entry['resource']['id']}", timeout=10)


@pytest.fixture
def heard() -> Iterator[None]:
    """Signals as a terminal has them, wherever the tests run: a job in the background ignores Ctrl-C."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for one, handled in before.items():
        signal.signal(one, handled)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=str)
def test_who_is_told_to_end_deletes_what_was_written_first(told, site, demo_fhir):
    """While the first order is asked about; told again while it deletes, it goes on."""
    signalled = []

    def ends(call: Call) -> None:
        is_order, deletes = call.address.startswith("/cds-services/"), b'"DELETE"' in call.body
        if (is_order and b'"fhirServer"' in call.body and any(written)) or deletes:
            signalled.append(deletes)
            os.kill(os.getpid(), told)

    written: list[bool] = []

    def remembers(call: Call) -> None:
        if call.method == "POST" and call.address == "/fhir" and b'"DELETE"' not in call.body:
            written.append(True)
        elif call.method == "POST" and call.address == "/fhir":
            ends(call)

    fhir(remembers)(site)
    site.front.before = ends
    result = site.certify("--write")
    assert signalled == [False, True]
    assert "Aborted" in result.output
    assert re.search(r"passed +orders.deleted", result.output)
    assert left_at(demo_fhir) == 0


def left_at(demo_fhir: str) -> int:
    total: int = requests.get(f"{demo_fhir}/Patient", {"_tag": "urn:osteocds:certify|"}, timeout=10).json()["total"]
    return total


def lost(call: Call, reply: Reply) -> Reply:
    """What the server says to a transaction that writes does not come back."""
    writes = call.method == "POST" and call.address == "/fhir" and b'"DELETE"' not in call.body
    return Reply(502, {}, b"") if writes else reply


def test_what_was_written_and_not_told_is_found_by_its_tag_and_deleted(site, demo_fhir):
    site.fhir.after = lost
    site.certify("--write")
    assert site.outcomes(*ATTENTION) == {"orders.created": "fail"}
    assert site.outcomes("pass")["orders.deleted"] == "pass"
    assert left_at(demo_fhir) == 0


def test_where_nobody_tells_what_was_written_it_is_not_said_to_be_gone(site, demo_fhir):
    site.fhir.after = lost
    fhir(lambda call: refusal(400) if "_tag" in call.parameters else None)(site)
    site.certify("--write")
    assert site.outcomes(*ATTENTION) == {"orders.created": "fail", "orders.deleted": "fail"}
    tag = re.search(r"urn:osteocds:certify\|(\S+):", site.seen("orders.deleted"))
    assert tag is not None
    for one in requests.get(f"{demo_fhir}/Patient", {"_tag": tag[0].rstrip(":")}, timeout=10).json()["entry"]:
        requests.delete(f"{demo_fhir}/Patient/{one['resource']['id']}", timeout=10)


def test_http_to_a_fhir_server_beyond_this_machine_is_told(site):
    with gateway(site.fhir.address, host="127.0.0.2") as outside:
        base = f"{outside.address}/fhir"
        site.use_registry(bases=[base])
        site.certify("--fhir-base", base)
    assert site.outcomes(*ATTENTION) == {"fhir.transport": "warn"}


def refuses_to_list_patients(call: Call) -> Reply | None:
    return refusal(403) if call.method == "GET" and call.path.startswith("/fhir/Patient?") else None


OF_PATIENTS = {
    *(
        "fhir.patients",
        "fhir.read",
        "fhir.own-patient",
        "fhir.patient-reference",
        "fhir.code",
        "fhir.count",
        "fhir.sort",
    ),
    *("fhir.paging", "fhir.time", "fhir.by-service", "codes.understood", "codes.units"),
}


def test_where_no_patient_can_be_found_nothing_that_needs_one_passes(site):
    fhir(refuses_to_list_patients)(site)
    result = site.certify()
    orders = {check for check in CHECKS if check.startswith("orders.")}
    assert site.outcomes("not run").keys() == OF_PATIENTS | orders
    assert site.report["verdict"] == "not run"
    assert result.exit_code == 2


def test_patients_may_be_named(site):
    fhir(refuses_to_list_patients)(site)
    named = site.folder / "patients"
    named.write_text("\n".join(patient.id for patient in DEMO_PATIENTS[:5]))
    site.certify("--patients", str(named))
    assert not OF_PATIENTS & site.outcomes("not run", *ATTENTION).keys()


def test_a_type_that_is_told_as_missing_may_be_missing(site):
    fhir(refusing(404, "BodyStructure"))(site)
    site.environment["OSTEOCDS_MISSING_RESOURCE_TYPES"] = "BodyStructure"
    site.running["missing_resource_types"] = frozenset({"BodyStructure"})
    site.certify()
    assert site.outcomes(*ATTENTION) == {}


def test_a_server_that_knows_code_alone_passes_by_it(site):
    fhir(lambda call: refusal(400) if "combo-code" in call.parameters else None)(site)
    site.certify()
    assert site.outcomes(*ATTENTION) == {}
    assert "by code; combo-code: HTTP 400" in site.seen("fhir.code")
