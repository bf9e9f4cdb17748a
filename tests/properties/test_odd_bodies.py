"""Any body sent to a CDS service is answered, or refused with an OperationOutcome that says why; never a 5xx.

`ehr` holds every answer to the protocol, the OperationOutcome of a refusal included.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.ehr import ehr
from support.garbage import GARBAGE
from support.scenario import request_for
from support.told_requests import TOLD

CLIENT = ehr()
HOOKS = ("order-sign", "order-select", "patient-view")
PATHS = st.sampled_from([f"/cds-services/bone-metastases-{hook}{end}" for hook in HOOKS for end in ("", "/feedback")])
TYPES = st.sampled_from(
    ["application/json", "application/json; charset=utf-8", "application/fhir+json", "text/plain", ""]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = (
    *("hook", "hookInstance", "context", "prefetch", "fhirServer", "fhirAuthorization", "extension", "feedback"),
    *("patientId", "userId", "draftOrders", "selections", "card", "outcome", "outcomeTimestamp", "overrideReason"),
)
SHAPED = st.recursive(
    GARBAGE | st.sampled_from(HOOKS) | st.just("synthetic-1") | st.uuids().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=6),
    max_leaves=12,
)


def check(path: str, body: bytes, content_type: str) -> None:
    answer = CLIENT.post(path, data=body, content_type=content_type)
    assert answer.status_code == 200 or 400 <= answer.status_code < 500
    assert "defect of the service" not in answer.get_data(as_text=True)


@given(path=PATHS, body=st.binary(max_size=200), content_type=TYPES)
def test_any_bytes_are_refused(path, body, content_type):
    check(path, body, content_type)


@given(path=PATHS, body=JSON | SHAPED, content_type=TYPES)
@settings(max_examples=settings().max_examples * 4)
def test_any_json_is_answered_or_refused(path, body, content_type):
    check(path, json.dumps(body).encode("utf-8", "surrogatepass"), content_type)


@given(told=st.sampled_from(TOLD), path=PATHS, data=st.data())
def test_a_valid_request_with_any_member_replaced_is_answered_or_refused(told, path, data):
    request: dict[str, Any] = request_for({**told, "unavailable": ()})
    holder = data.draw(st.sampled_from([request, request["context"], request["prefetch"]]))
    holder[data.draw(st.sampled_from(sorted(holder)))] = data.draw(JSON | SHAPED)
    check(path, json.dumps(request).encode("utf-8", "surrogatepass"), "application/json")


@given(told=st.sampled_from(TOLD), data=st.data())
def test_a_request_cut_short_or_with_a_byte_changed_is_answered_or_refused(told, data):
    request = request_for({**told, "unavailable": ()})
    body = bytearray(json.dumps(request).encode())
    place = data.draw(st.integers(0, len(body) - 1))
    if data.draw(st.booleans()):
        del body[place:]
    else:
        body[place] = data.draw(st.integers(0, 255))
    check(f"/cds-services/bone-metastases-{request['hook']}", bytes(body), "application/json")
