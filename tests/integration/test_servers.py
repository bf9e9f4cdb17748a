"""The servers of the integration tests answer, keep apart what tests load, and leave nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests
import responses
from fhir_loading import RUN_SYSTEM, loaded, prefixed

ROOT = Path(__file__).parent.parent.parent

CALCIUM = "http://loinc.org|2000-8"

PATIENT = {"resourceType": "Patient", "id": "anna"}


def calcium(id_: str, day: str, mmol_per_l: float) -> dict:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "subject": {"reference": "Patient/anna"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "2000-8"}]},
        "effectiveDateTime": day,
        "valueQuantity": {
            "value": mmol_per_l,
            "unit": "mmol/L",
            "system": "http://unitsofmeasure.org",
            "code": "mmol/L",
        },
    }


RECORD = [PATIENT, calcium("older", "2026-01-10", 2.21), calcium("newer", "2026-02-10", 2.08)]


def found(answer: requests.Response) -> list[str]:
    answer.raise_for_status()
    return [entry["resource"]["id"] for entry in answer.json().get("entry", [])]


def answers(base: str) -> bool:
    try:
        return requests.get(f"{base}/metadata", timeout=30).ok
    except requests.ConnectionError:
        return False


def test_a_search_by_post_and_by_get_finds_what_was_loaded_newest_first(fhir_base):
    with loaded(fhir_base, RECORD) as prefix:
        search = {"patient": f"Patient/{prefix}anna", "combo-code": CALCIUM, "_sort": "-date"}
        by_post = requests.post(f"{fhir_base}/Observation/_search", data=search, timeout=30)
        by_get = requests.get(f"{fhir_base}/Observation", params=search, timeout=30)
    assert found(by_post) == [f"{prefix}newer", f"{prefix}older"]
    assert found(by_get) == found(by_post)


def test_what_was_loaded_reads_back_as_it_was_sent(fhir_base):
    with loaded(fhir_base, RECORD) as prefix:
        answer = requests.get(f"{fhir_base}/Observation/{prefix}newer", timeout=30).json()
    sent = prefixed(RECORD[2], prefix)
    assert {name: answer[name] for name in sent if name != "meta"} == {k: v for k, v in sent.items() if k != "meta"}
    assert answer["meta"]["tag"] == [{"system": RUN_SYSTEM, "code": prefix.rstrip("-")}]


def test_two_loads_of_the_same_record_do_not_see_each_other(fhir_base):
    with loaded(fhir_base, RECORD) as one, loaded(fhir_base, RECORD[:2]) as other:
        mine, theirs = (
            found(
                requests.get(
                    f"{fhir_base}/Observation", params={"patient": f"Patient/{prefix}anna", "_sort": "date"}, timeout=30
                )
            )
            for prefix in (one, other)
        )
    assert mine == [f"{one}older", f"{one}newer"]
    assert theirs == [f"{other}older"]


def test_nothing_is_left_after_a_load_even_when_the_test_failed(fhir_base):
    class TestFailedError(Exception):
        pass

    def tagged(resource_type):
        tag = {"_tag": f"{RUN_SYSTEM}|{prefix.rstrip('-')}"}
        fresh = {"Cache-Control": "no-cache"}
        return found(requests.get(f"{fhir_base}/{resource_type}", params=tag, headers=fresh, timeout=30))

    with suppress(TestFailedError), loaded(fhir_base, RECORD) as prefix:
        assert tagged("Patient") == [f"{prefix}anna"]
        assert sorted(tagged("Observation")) == [f"{prefix}newer", f"{prefix}older"]
        raise TestFailedError
    assert tagged("Patient") == tagged("Observation") == []
    paths = [f"Patient/{prefix}anna", f"Observation/{prefix}older", f"Observation/{prefix}newer"]
    assert {requests.get(f"{fhir_base}/{path}", timeout=30).status_code for path in paths} <= {404, 410}


def test_a_resource_that_the_server_refuses_is_named_and_the_rest_taken_away(hapi_base):
    refused = calcium("refused", "2026-02-10", 2.1) | {"status": "not-a-status"}
    with (
        pytest.raises(RuntimeError, match=r"Observation/t\w+-refused with 400") as error,
        loaded(hapi_base, [PATIENT, refused]),
    ):
        pytest.fail("the load did not refuse")
    prefix = str(error.value).partition("Observation/")[2].partition("refused")[0]
    assert requests.get(f"{hapi_base}/Patient/{prefix}anna", timeout=30).status_code == 410


def test_contained_and_foreign_references_keep_their_target():
    order = {
        "resourceType": "MedicationRequest",
        "id": "order",
        "subject": {"reference": "Patient/anna"},
        "medicationReference": {"reference": "#drug"},
        "basedOn": [{"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}],
        "requester": {"reference": "https://ehr.example.org/fhir/Practitioner/1"},
        "reasonReference": [{"reference": "Condition/bone/_history/2"}],
    }
    mine = prefixed(order, "t1-")
    assert mine["id"] == "t1-order"
    assert mine["subject"] == {"reference": "Patient/t1-anna"}
    assert mine["reasonReference"] == [{"reference": "Condition/t1-bone/_history/2"}]
    assert {name: mine[name] for name in ("medicationReference", "basedOn", "requester")} == {
        name: order[name] for name in ("medicationReference", "basedOn", "requester")
    }


@pytest.mark.parametrize("server", ["sekmet", "medplum"])
def test_a_server_ends_when_the_program_that_started_it_is_killed(server, request):
    request.getfixturevalue(f"{server}_base")  # skips where the server's own needs are missing
    start = f"import servers, signal\nwith servers.{server}() as base:\n    print(base, flush=True)\n    signal.pause()"
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "integration")])
    with subprocess.Popen(
        [sys.executable, "-c", start], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as starter:
        base = starter.stdout.readline().strip()
        assert answers(base)
        starter.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while answers(base):
        assert time.monotonic() < deadline, "still there 20 s later"
        time.sleep(0.1)


@responses.activate
def test_a_server_without_transactions_gets_each_resource_by_itself_and_loses_them_backwards():
    base = "https://fhir.example.org/r4"
    responses.post(base, status=405)
    put = responses.put(re.compile(f"{base}/.+"), status=201)
    responses.post(re.compile(f"{base}/.+/_search"), json={"total": 2})
    delete = responses.delete(re.compile(f"{base}/.+"), status=204)
    with loaded(base, RECORD) as prefix:
        pass
    paths = [f"Patient/{prefix}anna", f"Observation/{prefix}older", f"Observation/{prefix}newer"]
    assert [call.request.url for call in put.calls] == [f"{base}/{path}" for path in paths]
    assert [call.request.url for call in delete.calls] == [f"{base}/{path}" for path in reversed(paths)]


@responses.activate
def test_what_a_server_will_not_delete_is_named():
    base = "https://fhir.example.org/r4"
    responses.post(base, status=405)
    responses.put(re.compile(f"{base}/.+"), status=201)
    responses.post(re.compile(f"{base}/.+/_search"), json={"total": 2})
    responses.delete(re.compile(f"{base}/Patient/.+"), status=409)
    responses.delete(re.compile(f"{base}/Observation/.+"), status=404)
    with pytest.raises(RuntimeError, match=r"by hand: Patient/t\w+-anna$"), loaded(base, RECORD):
        pass
