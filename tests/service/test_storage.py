"""Feedback in a database: a row a card, no comment, and no harm from several threads or processes at once."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import SQLAlchemyError

from cds_hooks import Feedback, read_feedback
from service.edge.storage import FEEDBACK, FeedbackStore

WHEN = datetime(2026, 3, 31, 9, 30, tzinfo=ZoneInfo("Pacific/Auckland"))


def feedback(card="c1", **members):
    return Feedback(card, "accepted", datetime(2026, 3, 30, 20, 15, tzinfo=UTC), **members)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "feedback.sqlite3"


@pytest.fixture
def store(path):
    return FeedbackStore(f"sqlite:///{path}")


def test_a_row_holds_what_became_of_a_card(store):
    assert store.store("order-sign", [feedback(accepted_suggestions=("s1", "s2"))], received_at=WHEN) == 1
    (row,) = store.rows()
    assert {name: row[name] for name in ("service", "card", "outcome", "accepted_suggestions", "commented")} == {
        "service": "order-sign",
        "card": "c1",
        "outcome": "accepted",
        "accepted_suggestions": "s1 s2",
        "commented": False,
    }


def test_times_are_kept_in_utc(store):
    store.store("order-sign", [feedback()], received_at=WHEN)
    (row,) = store.rows()
    assert row["received_at"] == datetime(2026, 3, 30, 20, 30)  # noqa: DTZ001 - SQLite knows no zones
    assert row["outcome_timestamp"] == datetime(2026, 3, 30, 20, 15)  # noqa: DTZ001


def test_no_column_could_hold_a_comment_or_a_patient(path, store):
    assert set(FEEDBACK.columns.keys()) == {
        *("id", "received_at", "service", "card", "outcome", "outcome_timestamp"),
        *("accepted_suggestions", "reason_system", "reason_code", "commented"),
    }
    comment = "Mrs Doe, born 1958, refused"
    reason = {
        "reason": {"code": "x", "system": "y", "display": comment},
        "userComment": comment,
        "extension": {"a": comment},
    }
    item = {"card": "c1", "outcome": "overridden", "outcomeTimestamp": "2026-03-30T20:15:00Z", "overrideReason": reason}
    store.store("order-sign", read_feedback({"feedback": [item], "extension": {"a": comment}}), received_at=WHEN)
    assert b"Doe" not in path.read_bytes()


def test_what_is_stored_is_there_after_a_restart(path, store):
    store.store("order-sign", [feedback("before")], received_at=WHEN)
    again = FeedbackStore(f"sqlite:///{path}")
    again.store("order-sign", [feedback("after")], received_at=WHEN)
    assert [row["card"] for row in again.rows()] == ["before", "after"]


def test_several_threads_store_at_once_and_nothing_is_lost(store):
    def one(number):
        return store.store("order-sign", [feedback(f"{number}-{part}") for part in range(5)], received_at=WHEN)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(one, range(40))) == 200
    assert len({row["card"] for row in store.rows()}) == 200


def test_several_processes_that_start_at_once_make_one_table(path):
    together = Barrier(8)

    def start(number):
        store = FeedbackStore(f"sqlite:///{path}")
        together.wait()
        return store.store("order-sign", [feedback(str(number))], received_at=WHEN)

    with ThreadPoolExecutor(8) as processes:
        assert sum(processes.map(start, range(8))) == 8
    assert len(FeedbackStore(f"sqlite:///{path}").rows()) == 8


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_one_for_all_threads(url):
    store = FeedbackStore(url)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: store.store("x", [feedback(str(number))], received_at=WHEN), range(20)))
    assert len(store.rows()) == 20


def test_a_request_is_stored_whole_or_not_at_all(path, store):
    store.store("order-sign", [], received_at=WHEN)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON feedback WHEN NEW.card = 'second' BEGIN SELECT RAISE(FAIL, 'x'); END"
        )
    connection.close()
    with pytest.raises(SQLAlchemyError):
        store.store("order-sign", [feedback("first"), feedback("second")], received_at=WHEN)
    assert store.rows() == []


def test_a_database_that_cannot_be_reached_is_found_out_when_it_is_used(tmp_path):
    store = FeedbackStore(f"sqlite:///{tmp_path}/missing/feedback.sqlite3")
    with pytest.raises(SQLAlchemyError):
        store.ping()
    with pytest.raises(SQLAlchemyError):
        store.store("order-sign", [feedback()], received_at=WHEN)


@pytest.mark.parametrize(
    "url", ["", "no URL", "mongo://user:s3cret@host/db", "postgresql+nodriver://user:s3cret@host/db"]
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url):
    with pytest.raises(ValueError, match="OSTEOCDS_DATABASE_URL") as error:
        FeedbackStore(url)
    assert "s3cret" not in str(error.value)
    assert error.value.__suppress_context__
