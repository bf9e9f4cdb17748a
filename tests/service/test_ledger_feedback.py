"""Feedback in the ledger: a row a card, no comment, duplicates marked, and no harm from several threads or processes at once."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from cds_hooks import Feedback, read_feedback
from cds_hooks.feedback import SPELLINGS
from service.ledger.database import Database
from service.ledger.feedback import FeedbackStore
from service.ledger.tables import LEDGER

WHEN = datetime(2026, 3, 31, 9, 30, tzinfo=ZoneInfo("Pacific/Auckland"))
SAID = datetime(2026, 3, 30, 20, 15, tzinfo=UTC)
CARD = "c5d1f2a3-0000-4000-8000-000000000001"


def feedback(card="c1", outcome="accepted", at=SAID, **members):
    return Feedback(card, outcome, at, **members)


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def store(database):
    return FeedbackStore(database)


def test_a_row_holds_what_became_of_a_card(store):
    told = feedback(accepted_suggestions=("s1", "s2"))
    assert store.store("order-sign", [told], received_at=WHEN, client="ward") == 1
    (row,) = store.rows()
    names = ("service", "client", "card", "outcome", "accepted_suggestions", "commented", "duplicate")
    assert [row[name] for name in names] == ["order-sign", "ward", "c1", "accepted", "s1 s2", False, False]


def test_times_come_back_as_the_moments_that_they_are(store):
    store.store("order-sign", [feedback()], received_at=WHEN)
    (row,) = store.rows()
    assert row["received_at"] == WHEN
    assert row["outcome_timestamp"] == SAID


TYPED = "Mrs Doe, born 1958, refused"
ITEM = {
    "card": "c1",
    "outcome": "overridden",
    "outcomeTimestamp": "2026-03-30T20:15:00Z",
    "overrideReason": {
        "reason": {"code": "x", "system": "y", "display": TYPED},
        "userComment": TYPED,
        "extension": {"a": TYPED},
    },
}


def test_what_a_person_typed_is_not_kept(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    store = FeedbackStore(Database(f"sqlite:///{path}"))
    store.store("order-sign", read_feedback({"feedback": [ITEM], "extension": {"a": TYPED}}), received_at=WHEN)
    assert [row["commented"] for row in store.rows()] == [True]
    assert b"Doe" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_what_a_person_typed_is_kept_where_the_site_says_so(database):
    store = FeedbackStore(database, texts=True)
    store.store("order-sign", read_feedback({"feedback": [ITEM]}), received_at=WHEN)
    assert [(row["comment"], row["reason_display"]) for row in store.rows()] == [(TYPED, TYPED)]


@pytest.mark.parametrize(
    ("said", "stored", "spelling"),
    [
        (CARD, CARD, ""),
        (CARD.upper(), CARD, "card"),
        (f"urn:uuid:{CARD}", CARD, "card"),
        (f"{{{CARD.upper()}}}", CARD, "card"),
        ("com.example:card:12", "com.example:card:12", "card-no-uuid"),
        ("a\0b", "a\ufffdb", "card-no-uuid"),
        ("\ud800", "?", "card-no-uuid"),
        ("x" * 512, "x" * 512, "card-no-uuid"),
    ],
)
def test_a_card_is_found_in_every_spelling_of_its_uuid(store, said, stored, spelling):
    store.store("order-sign", [feedback(said)], received_at=WHEN)
    assert [(row["card"], row["spelling"]) for row in store.rows()] == [(stored, spelling)]


@pytest.mark.parametrize(
    ("again", "duplicate"),
    [
        ({}, True),
        ({"card": CARD.upper()}, True),
        ({"outcome": "overridden"}, False),
        ({"at": SAID + timedelta(milliseconds=1)}, False),
        ({"card": "another"}, False),
        ({"reason_code": "patient-choice"}, True),
    ],
    ids=repr,
)
def test_what_says_the_same_of_a_card_at_the_same_time_is_a_duplicate(store, again, duplicate):
    store.store("order-sign", [feedback(CARD)], received_at=WHEN)
    store.store("order-sign", [feedback(**{"card": CARD} | again)], received_at=WHEN)
    assert [row["duplicate"] for row in store.rows()] == [False, duplicate]


def test_what_is_stored_is_there_after_a_restart(database_url):
    for card in ("before", "after"):
        database = Database(database_url)
        FeedbackStore(database).store("order-sign", [feedback(card)], received_at=WHEN)
        database.dispose()
    assert [row["card"] for row in FeedbackStore(database).rows()] == ["before", "after"]
    database.dispose()


def test_several_threads_store_at_once_nothing_is_lost_and_one_is_first(store):
    def one(number):
        told = [feedback(f"{number}-{part}") for part in range(5)]
        return store.store("order-sign", [*told, feedback("of all")], received_at=WHEN)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(one, range(40))) == 240
    rows = store.rows()
    assert len({row["card"] for row in rows}) == 201
    assert sum(not row["duplicate"] for row in rows) == 201


def test_several_processes_that_start_at_once_make_one_database(database_url):
    together = Barrier(8)

    def start(number):
        database = Database(database_url)
        together.wait()
        stored = FeedbackStore(database).store("order-sign", [feedback(str(number))], received_at=WHEN)
        database.dispose()
        return stored

    with ThreadPoolExecutor(8) as processes:
        assert sum(processes.map(start, range(8))) == 8
    database = Database(database_url)
    assert len(FeedbackStore(database).rows()) == 8
    database.dispose()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_one_for_all_threads(url):
    store = FeedbackStore(Database(url))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: store.store("x", [feedback(str(number))], received_at=WHEN), range(20)))
    assert len(store.rows()) == 20


def test_a_request_is_stored_whole_or_not_at_all(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    store = FeedbackStore(Database(f"sqlite:///{path}"))
    store.store("order-sign", [], received_at=WHEN)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON feedback WHEN NEW.card = 'second' BEGIN SELECT RAISE(FAIL, 'x'); END"
        )
    connection.close()
    with pytest.raises(SQLAlchemyError):
        store.store("order-sign", [feedback("first"), feedback("second")], received_at=WHEN)
    assert store.rows() == []


def test_a_commit_is_on_the_disk_before_it_is_acknowledged(database):
    with database.begin() as connection:
        if database.is_sqlite:
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
            assert connection.scalar(text("PRAGMA synchronous")) == 3
        else:
            assert connection.scalar(text("SHOW synchronous_commit")) == "on"


@pytest.mark.parametrize("setting", ["off", "local", "on", "remote_apply"])
def test_a_server_that_would_acknowledge_too_early_is_told_otherwise(postgresql_url, setting):
    database = Database(f"{postgresql_url}?options=-csynchronous_commit%3D{setting}")
    with database.begin() as connection:
        told = connection.scalar(text("SHOW synchronous_commit"))
    database.dispose()
    assert told == ("on" if setting in ("off", "local") else setting)


@pytest.fixture
def postgresql_url(postgresql):
    return f"postgresql://osteocds@127.0.0.1:{postgresql}/postgres"


LEDGER_PAGE = (Path(__file__).parents[2] / "docs/ledger.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", [*LEDGER.tables.values()], ids=str)
def test_the_documentation_lists_each_column_of_each_table(table):
    section = LEDGER_PAGE.partition(f"### {table.name}\n")[2].partition("\n#")[0]
    assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")] == list(table.c.keys())


@pytest.mark.parametrize("spelling", [*SPELLINGS, "card", "card-no-uuid"])
def test_the_documentation_names_each_spelling_that_is_marked(spelling):
    assert f"`{spelling}`" in LEDGER_PAGE


@pytest.mark.parametrize(
    "url",
    [
        *("", "no URL", "mongo://user:s3cret@host/db", "postgresql+nodriver://user:s3cret@host/db"),
        *("mysql://user:s3cret@host/db", "postgresql+asyncpg://user:s3cret@host/db"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url):
    with pytest.raises(ValueError, match="OSTEOCDS_DATABASE_URL") as error:
        Database(url)
    assert "s3cret" not in str(error.value)
    assert error.value.__suppress_context__
