"""Feedback in all the shapes in which EHRs send it (CDS Hooks 2.0.1, "Feedback"; duty group G)."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text
from support.ehr import SCHEMA, conform, denosumab, ehr
from support.scenario import NOW

from cds_hooks.schemas import MOST_ISSUES

ROUTE = "/cds-services/bone-metastases-order-sign/feedback"
CARD = "c5d1f2a3-0000-4000-8000-000000000001"
TIME = "2026-03-30T20:15:00Z"
REASON = {"code": "already-done", "system": "urn:osteocds:override-reason", "display": "Already done"}


@pytest.fixture
def database(tmp_path):
    return f"sqlite:///{tmp_path}/feedback.sqlite3"


@pytest.fixture
def client(database):
    return ehr(database_url=database)


@pytest.fixture
def stored(database):
    """The rows of the feedback table, read past the service."""

    def rows():
        engine = create_engine(database)
        with engine.connect() as connection:
            found = [dict(row) for row in connection.execute(text("SELECT * FROM feedback ORDER BY id")).mappings()]
        engine.dispose()
        return found

    return rows


def item(**members):
    return {"card": CARD, "outcome": "accepted", "outcomeTimestamp": TIME} | members


def overridden(**members):
    return item(outcome="overridden", **members)


def send(client, *items):
    return client.post(ROUTE, json={"feedback": list(items)})


def test_the_examples_of_these_tests_are_valid_feedback():
    conform(
        {"feedback": [item(acceptedSuggestions=[{"id": CARD}]), overridden(overrideReason={"reason": REASON})]},
        "Feedback",
    )
    assert "Feedback" in SCHEMA["$defs"]


def test_an_accepted_card_is_stored_with_its_suggestions(client, stored):
    suggestions = [str(uuid.uuid4()), str(uuid.uuid4())]
    assert send(client, item(acceptedSuggestions=[{"id": one} for one in suggestions])).status_code == 200
    (row,) = stored()
    assert (row["service"], row["card"], row["outcome"]) == ("bone-metastases-order-sign", CARD, "accepted")
    assert row["accepted_suggestions"].split() == suggestions


def test_feedback_on_cards_that_were_really_given_comes_back_under_their_uuids(client, stored):
    cards = client.cards(denosumab())
    given = [
        item(card=card["uuid"], acceptedSuggestions=[{"id": one["uuid"]} for one in card["suggestions"]])
        if "suggestions" in card
        else overridden(card=card["uuid"])
        for card in cards
    ]
    assert {one["outcome"] for one in given} == {"accepted", "overridden"}
    assert send(client, *given).status_code == 200
    assert [row["card"] for row in stored()] == [card["uuid"] for card in cards]


def test_an_override_is_stored_with_its_reason_and_never_with_its_comment(client, stored, caplog):
    comment = "Mrs Doe said no"
    assert send(client, overridden(overrideReason={"reason": REASON, "userComment": comment})).status_code == 200
    (row,) = stored()
    assert (row["reason_system"], row["reason_code"]) == ("urn:osteocds:override-reason", "already-done")
    assert row["commented"] == 1
    assert "Doe" not in str(row) + caplog.text
    assert "Already done" not in str(row), "a display may have been typed"


@pytest.mark.parametrize(
    "shape",
    [
        {"overrideReason": [{"reason": REASON}]},
        {"overrideReasons": {"reason": REASON}},
        {"overrideReasons": [{"reason": REASON}]},
        {"overrideReason": None, "overrideReasons": [{"reason": REASON}]},
        {"overrideReason": {}, "overrideReasons": [None, {"reason": REASON}]},
        {"overrideReason": {"reason": REASON, "extension": {"com.example": {}}, "unknown": 1}},
    ],
    ids=repr,
)
def test_the_reason_is_found_in_every_spelling(client, stored, shape):
    assert send(client, overridden(**shape)).status_code == 200
    assert [row["reason_code"] for row in stored()] == ["already-done"]


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"overrideReason": None},
        {"overrideReason": {}},
        {"overrideReason": []},
        {"overrideReasons": []},
        {"overrideReason": "already done"},
        {"overrideReason": {"reason": "already done"}},
        {"overrideReason": {"reason": {"display": "typed"}}},
        {"overrideReason": {"reason": {"code": 12, "system": None}}},
        {"extension": {"com.example.acknowledge": "x"}},
        {"acceptedSuggestions": None},
        {"acceptedSuggestions": []},
    ],
    ids=repr,
)
def test_an_override_without_a_reason_that_can_be_read_is_stored_without_one(client, stored, shape):
    assert send(client, overridden(**shape)).status_code == 200
    assert [(row["outcome"], row["reason_code"]) for row in stored()] == [("overridden", "")]


def test_several_cards_of_several_hooks_may_come_at_once(client, stored):
    cards = [str(uuid.uuid4()) for _ in range(5)]
    assert send(client, *(item(card=card) for card in cards)).status_code == 200
    assert [row["card"] for row in stored()] == cards


def test_the_same_card_may_come_again_and_every_time_is_kept(client, stored):
    send(client, overridden(), item())
    send(client, item())
    assert [row["outcome"] for row in stored()] == ["overridden", "accepted", "accepted"]


def test_no_item_is_nothing_to_store(client, stored):
    assert send(client).status_code == 200
    assert stored() == []


@pytest.mark.parametrize("card", ["not-a-uuid", "com.example:card:12", "é", "x" * 512])
def test_a_card_need_not_be_a_uuid(client, stored, card):
    assert send(client, item(card=card, acceptedSuggestions=[{"id": "not-a-uuid"}])).status_code == 200
    assert [row["card"] for row in stored()] == [card]


@pytest.mark.parametrize(
    "written",
    [
        TIME,
        "2026-03-30T20:15:00.0000000Z",
        "2026-03-30T20:15:00z",
        "2026-03-30 20:15:00Z",
        "2026-03-30T22:15:00+02:00",
        "2026-03-30T14:45:00-05:30",
        "2026-03-30T20:15:00",
    ],
)
def test_times_are_stored_in_utc_and_one_without_a_zone_is_utc(client, stored, written):
    assert send(client, item(outcomeTimestamp=written)).status_code == 200
    (row,) = stored()
    assert datetime.fromisoformat(row["outcome_timestamp"]) == datetime(2026, 3, 30, 20, 15)  # noqa: DTZ001 - as stored
    assert datetime.fromisoformat(row["received_at"]).replace(tzinfo=UTC) == NOW


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "yesterday", "30/03/2026", "2026-13-01T00:00:00Z", "2026-03-30T25:00:00Z", 1774901700, None, [], {}),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    ],
    ids=repr,
)
def test_a_time_that_is_none_is_a_400_that_names_it_and_nothing_is_stored(client, stored, written):
    answer = send(client, item(), item(outcomeTimestamp=written))
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"] == ["feedback[1].outcomeTimestamp"]
    send(client)
    assert stored() == []


@pytest.mark.parametrize("member", ["card", "outcome", "outcomeTimestamp"])
def test_a_missing_member_is_a_400_that_names_it(client, member):
    answer = send(client, {name: value for name, value in item().items() if name != member})
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"] == [f"feedback[0].{member}"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *(("card", one) for one in ("", None, 12, "x" * 513)),
        *(("outcome", one) for one in ("ignored", None)),
        *(("acceptedSuggestions", one) for one in ("x", [{}], [{"id": "x" * 513}], [{"id": "x"}] * 101)),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_member_that_cannot_be_used_is_a_400_that_names_it(client, member, value):
    answer = send(client, item(**{member: value}))
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"][0].startswith(f"feedback[0].{member}")


@pytest.mark.parametrize(
    "body", [None, [], [item()], "x", {}, {"feedback": None}, {"feedback": item()}, item()], ids=repr
)
def test_a_body_that_is_no_feedback_is_a_400(client, body):
    assert client.post(ROUTE, data=json.dumps(body), content_type="application/json").status_code == 400


@pytest.mark.parametrize(
    ("items", "status"),
    [([item()] * 1000, 200), ([item()] * 1001, 413), ([{}] * 1000, 400), ([{}] * 1001, 413), ([{}] * 200_000, 413)],
    ids=["most", "one more", "most and empty", "one more and empty", "200 000"],
)
def test_more_items_than_any_ehr_sends_are_a_413(client, items, status):
    answer = send(client, *items)
    assert answer.status_code == status
    assert len(answer.get_data()) < 5000
    assert len(answer.get_json().get("issue", ())) <= 20


def test_of_many_problems_the_first_are_named_and_the_rest_are_counted(client):
    issues = send(client, *[{}] * 7).get_json()["issue"]
    assert (len(issues), issues[-1]["diagnostics"]) == (MOST_ISSUES, "and 2 more")
    assert len(send(client, *[{}] * 6, {"card": CARD, "outcome": "accepted"}).get_json()["issue"]) == 19


@pytest.mark.parametrize("service", ["bone-metastases-order-select", "bone-metastases-patient-view"])
def test_each_service_takes_feedback_of_its_own(client, stored, service):
    assert client.post(f"/cds-services/{service}/feedback", json={"feedback": [item()]}).status_code == 200
    assert [row["service"] for row in stored()] == [service]
