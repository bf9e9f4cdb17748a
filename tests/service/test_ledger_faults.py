"""A database that cannot be used costs no card: it is told, counted, and used again as soon as it can be."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from support.ehr import denosumab, ehr

from service.ledger import database as databases
from service.ledger import writing

NOBODY = 65534


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(databases, "BUSY_SECONDS", 0.4)
    monkeypatch.setattr(databases, "PROBE_SECONDS", 0.2)
    monkeypatch.setattr(writing, "FIRST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(writing, "LONGEST_PAUSE_SECONDS", 0.1)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that others than root may reach."""
    made = Path(tempfile.mkdtemp(prefix="osteocds-faults-"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def file(folder):
    return folder / "ledger.sqlite3"


@pytest.fixture
def client(file):
    client = ehr(database_url=f"sqlite:///{file}")
    yield client
    client.application.extensions["osteocds.ledger"].writer.close(5)


def flushed(client):
    return client.application.extensions["osteocds.ledger"].writer.flush(30)


def answers(file):
    with sqlite3.connect(file) as connection:
        (count,) = connection.execute("SELECT count(*) FROM answers").fetchone()
    connection.close()
    return count


def ready(client):
    answer = client.get("/health/ready")
    return "ready" if answer.status_code == 200 else answer.get_json()["issue"][0]["diagnostics"]


def give_feedback(client, card="c1"):
    item = {"card": card, "outcome": "accepted", "outcomeTimestamp": "2026-03-31T09:30:00Z"}
    return client.post("/cds-services/bone-metastases-order-sign/feedback", json={"feedback": [item]}).status_code


def failures(client, why):
    line = f'osteocds_ledger_failures_total{{why="{why}"}}'
    found = [one for one in client.get("/metrics").text.splitlines() if one.startswith(line)]
    return float(found[0].rpartition(" ")[2]) if found else 0


def costs_no_card(client):
    started = time.perf_counter()
    assert client.cards(denosumab())
    assert time.perf_counter() - started < 5


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be nobody for a while, since root may write what is read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_was_deleted_is_told_and_made_anew(client, file, caplog):
    costs_no_card(client)
    assert flushed(client)
    file.unlink()
    assert "its file is gone" in ready(client)
    assert ready(client) == "ready"
    costs_no_card(client)
    assert flushed(client)
    assert answers(file) == 1
    assert "the file of the database is gone" in caplog.text


def test_feedback_into_a_file_that_was_deleted_lies_in_the_new_one(client, file):
    assert give_feedback(client, "before") == 200
    for left in file.parent.iterdir():
        left.unlink()
    assert give_feedback(client, "after") == 200
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT card FROM feedback").fetchall() == [("after",)]
    connection.close()


def test_answers_into_a_file_that_was_deleted_lie_in_the_new_one(client, file):
    costs_no_card(client)
    assert flushed(client)
    file.unlink()
    costs_no_card(client)
    assert flushed(client)
    assert answers(file) == 1


def test_a_folder_that_is_gone_is_told_until_it_is_back(client, file):
    costs_no_card(client)
    assert flushed(client)
    shutil.rmtree(file.parent)
    assert ready(client) != "ready"
    costs_no_card(client)
    assert give_feedback(client) == 503
    assert "cannot be reached" in ready(client)
    file.parent.mkdir()
    assert flushed(client)
    assert answers(file) == 1
    assert give_feedback(client) == 200
    assert ready(client) == "ready"


def test_a_file_that_is_damaged_is_told_and_used_again_when_it_was_put_right(client, file):
    costs_no_card(client)
    assert flushed(client)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else the journal would put the file right again
    connection.close()
    held = file.read_bytes()
    file.write_bytes(b"no database" * 1000)
    for beside in (file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
        beside.unlink(missing_ok=True)
    assert "damaged" in ready(client)
    costs_no_card(client)
    assert give_feedback(client) == 503
    assert failures(client, "corrupt") > 0
    file.unlink()
    file.write_bytes(held)
    assert give_feedback(client) == 200
    assert flushed(client)
    assert ready(client) == "ready"
    assert answers(file) == 2


def test_a_file_of_something_else_is_told(file):
    file.write_bytes(b"no database" * 1000)
    client = ehr(database_url=f"sqlite:///{file}")
    assert "damaged" in ready(client)
    costs_no_card(client)
    assert file.read_bytes() == b"no database" * 1000
    client.application.extensions["osteocds.ledger"].writer.close()


@pytest.mark.parametrize("folder_too", [True, False], ids=["with its folder", "alone"])
def test_a_file_that_is_read_only_is_told_until_it_is_not(client, file, folder_too):
    costs_no_card(client)
    assert flushed(client)
    client.application.extensions["osteocds.ledger"].database.dispose()
    file.chmod(0o444)
    if folder_too:
        file.parent.chmod(0o555)
    with unprivileged():
        assert "read-only" in ready(client)
        costs_no_card(client)
        assert give_feedback(client) == 503
        assert failures(client, "read-only") > 0
        assert "read-only" in ready(client)
    file.parent.chmod(0o777)
    file.chmod(0o666)
    assert flushed(client)
    assert answers(file) == 2
    assert give_feedback(client) == 200
    assert ready(client) == "ready"


def test_a_file_that_is_locked_is_waited_for_within_bounds_and_told_until_it_is_free(client, file):
    costs_no_card(client)
    assert flushed(client)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    costs_no_card(client)
    started = time.perf_counter()
    assert "locked" in ready(client)
    assert give_feedback(client) == 503
    assert time.perf_counter() - started < 8
    assert failures(client, "locked") > 0
    other.execute("ROLLBACK")
    other.close()
    assert flushed(client)
    assert answers(file) == 2
    assert give_feedback(client) == 200
    assert ready(client) == "ready"


def test_a_lock_that_is_short_costs_no_feedback(client, file):
    assert give_feedback(client, "first") == 200
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.1, other.execute, ["ROLLBACK"]).start()
    assert give_feedback(client, "second") == 200
    other.close()


def test_a_full_disk_is_told_by_its_name():
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError) as full:
        connection.execute("CREATE TABLE a (b)").execute("INSERT INTO a VALUES (zeroblob(100000))")
    connection.close()
    assert databases.why_unusable(full.value) == "full"


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


@pytest.fixture
def served_by_postgresql(database_url):
    client = ehr(database_url=database_url)
    yield client, database_url
    client.application.extensions["osteocds.ledger"].writer.close(5)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_whose_tables_are_locked_is_waited_for_within_bounds(served_by_postgresql):
    client, url = served_by_postgresql
    assert give_feedback(client) == 200
    engine = create_engine(url)
    with engine.begin() as other:
        other.execute(text("LOCK TABLE feedback, answers, osteocds_schema IN ACCESS EXCLUSIVE MODE"))
        costs_no_card(client)
        assert give_feedback(client) == 503
        assert "locked" in ready(client)
    engine.dispose()
    assert give_feedback(client) == 200
    assert flushed(client)
    assert ready(client) == "ready"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_is_read_only_is_told(served_by_postgresql):
    client, url = served_by_postgresql
    assert give_feedback(client) == 200
    name = url.rpartition("/")[2]
    engine = create_engine(url)
    with engine.begin() as other:
        other.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    client.application.extensions["osteocds.ledger"].database.dispose()
    assert "read-only" in ready(client)
    costs_no_card(client)
    assert give_feedback(client) == 503
    with engine.begin() as other:
        other.execute(text("SET TRANSACTION READ WRITE"))
        other.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = off"))
    engine.dispose()
    assert give_feedback(client) == 200
    assert flushed(client)


@pytest.mark.parametrize("rights", ["SELECT", "SELECT, UPDATE"])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_user_of_the_server_without_the_right_to_write_is_told(database_url, rights):
    tables = databases.Database(database_url)
    tables.migrate()
    tables.dispose()
    owner = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("CREATE ROLE reader LOGIN"))
        connection.execute(text(f"GRANT {rights} ON ALL TABLES IN SCHEMA public TO reader"))
    try:
        client = ehr(database_url=database_url.replace("//osteocds@", "//reader@"))
        told = client.get("/health/ready")
        assert told.status_code == 503
        assert "no right to write" in told.get_json()["issue"][0]["diagnostics"]
        client.application.extensions["osteocds.ledger"].writer.close(5)
    finally:
        with owner.connect() as connection:
            connection.execute(text("DROP OWNED BY reader"))
            connection.execute(text("DROP ROLE reader"))
        owner.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_the_server_ends_is_made_again(served_by_postgresql):
    client, url = served_by_postgresql
    costs_no_card(client)
    assert flushed(client)
    engine = create_engine(url)
    with engine.begin() as other:
        other.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )
    engine.dispose()
    assert give_feedback(client) == 200
    costs_no_card(client)
    assert flushed(client)
    assert ready(client) == "ready"


def test_a_server_that_is_not_there_is_told_and_costs_no_card():
    client = ehr(database_url="postgresql://osteocds@127.0.0.1:1/x")
    assert "cannot be reached" in ready(client)
    costs_no_card(client)
    assert give_feedback(client) == 503
    client.application.extensions["osteocds.ledger"].writer.close()


def test_while_feedback_waits_for_a_locked_file_hooks_are_answered(client, file, monkeypatch):
    monkeypatch.setattr("service.edge.ledger.TURN_SECONDS", 1.0)
    costs_no_card(client)
    assert flushed(client)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    given: list[int] = []
    waiting = [threading.Thread(target=lambda: given.append(give_feedback_of_its_own(client))) for _ in range(12)]
    started = time.perf_counter()
    for one in waiting:
        one.start()
    for one in waiting:
        one.join()
    assert set(given) == {503}
    assert len(given) == 12
    # Twelve in turn would be 12 waits; those that find no place give up at once.
    assert time.perf_counter() - started < 6
    costs_no_card(client)
    other.execute("ROLLBACK")
    other.close()


def give_feedback_of_its_own(client):
    item = {"card": "c1", "outcome": "accepted", "outcomeTimestamp": "2026-03-31T09:30:00Z"}
    url = "/cds-services/bone-metastases-order-sign/feedback"
    return client.application.test_client().post(url, json={"feedback": [item]}).status_code


def test_a_server_that_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(databases, "CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = ehr(database_url=f"postgresql://osteocds@127.0.0.1:{silent.getsockname()[1]}/x")
        started = time.perf_counter()
        assert give_feedback(client) == 503
        assert time.perf_counter() - started < 10
        client.application.extensions["osteocds.ledger"].writer.close()
