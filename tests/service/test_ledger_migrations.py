"""The tables become what this version needs: from nothing, from the first edition, by one process of many."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from click.testing import CliRunner
from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, String, Table, create_engine, inspect, select, text

from cds_hooks import Feedback
from service.cli import main
from service.ledger.database import Database, Unusable
from service.ledger.feedback import FeedbackStore
from service.ledger.tables import FEEDBACK, LEDGER, REVISIONS, VERSION_TABLE

SAID = datetime(2026, 3, 30, 20, 15, tzinfo=UTC)
CARD = "C5D1F2A3-0000-4000-8000-000000000001"

FIRST_EDITION = Table(
    "feedback",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("service", String(200), nullable=False),
    Column("card", String(512), nullable=False, index=True),
    Column("outcome", String(20), nullable=False),
    Column("outcome_timestamp", DateTime(timezone=True), nullable=False),
    Column("accepted_suggestions", String, nullable=False),
    Column("reason_system", String(200), nullable=False),
    Column("reason_code", String(200), nullable=False),
    Column("commented", Boolean, nullable=False),
)
"""As the first edition made it, which said nothing of itself in the database."""


def first_edition(database_url, rows=5):
    engine = create_engine(database_url)
    FIRST_EDITION.metadata.create_all(engine)
    told = {"received_at": SAID, "service": "s", "outcome": "accepted", "outcome_timestamp": SAID, "commented": True}
    told |= {"accepted_suggestions": "a b", "reason_system": "", "reason_code": ""}
    with engine.begin() as connection:
        for number in range(rows):
            connection.execute(FIRST_EDITION.insert(), told | {"card": CARD if number < 2 else f"card {number}"})
    engine.dispose()


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.mark.parametrize("before", ["nothing", "the first edition"])
def test_whatever_was_there_before_the_tables_are_those_of_the_code(database_url, database, before):
    if before != "nothing":
        first_edition(database_url)
    database.migrate()
    with database.read() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": False}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), LEDGER) == []
        assert connection.scalar(text("SELECT version_num FROM osteocds_schema")) == REVISIONS[-1]
        indexes = {index["name"] for index in inspect(connection).get_indexes("feedback")}
    assert indexes == {index.name for index in FEEDBACK.indexes}


def test_feedback_of_the_first_edition_is_all_there_and_duplicates_are_marked(database_url, database):
    first_edition(database_url)
    database.migrate()
    store = FeedbackStore(database)
    again = Feedback(CARD, "accepted", SAID)
    store.store("s", [again], received_at=SAID)
    found = store.rows()
    assert [row["card"] for row in found] == [CARD.lower()] * 2 + [f"card {n}" for n in (2, 3, 4)] + [CARD.lower()]
    assert [row["duplicate"] for row in found] == [False, True, False, False, False, True]
    assert {(row["received_at"], row["outcome_timestamp"], row["client"]) for row in found} == {(SAID, SAID, "")}
    assert [row["accepted_suggestions"] for row in found[:5]] == ["a b"] * 5


def test_a_file_is_brought_up_by_itself_and_a_server_only_when_its_owner_says_so(database_url, database):
    first_edition(database_url)
    if database.is_sqlite:
        database.probe()
    else:
        with pytest.raises(Unusable, match="osteocds migrate"):
            database.probe()
        with pytest.raises(Unusable):
            FeedbackStore(database).store("s", [], received_at=SAID)
        done = CliRunner().invoke(main, ["migrate"], env={"OSTEOCDS_DATABASE_URL": database_url})
        assert done.exit_code == 0, done.output
        database.probe()
    assert len(FeedbackStore(database).rows()) == 5


def test_several_processes_that_migrate_at_once_do_it_once(database_url):
    first_edition(database_url)
    together = Barrier(6)

    def start(_number):
        database = Database(database_url)
        together.wait()
        database.migrate()
        with database.read() as connection:
            found = connection.execute(select(FEEDBACK.c.duplicate).order_by(FEEDBACK.c.id)).scalars().all()
        database.dispose()
        return found

    with ThreadPoolExecutor(6) as processes:
        assert set(map(tuple, processes.map(start, range(6)))) == {(False, True, False, False, False)}


def test_a_database_of_a_newer_version_is_left_alone(database_url, database):
    database.migrate()
    with database.begin() as connection:
        connection.execute(text("UPDATE osteocds_schema SET version_num = '9999'"))
    other = Database(database_url)
    with pytest.raises(Unusable, match="newer version"):
        other.probe()
    with pytest.raises(Unusable, match="newer version"):
        other.migrate()
    other.dispose()


def test_the_steps_are_those_that_the_code_knows_in_one_line():
    config = Config()
    config.set_main_option("script_location", "service.ledger:migrations")
    steps = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(reversed([step.revision for step in steps])) == REVISIONS


def test_another_program_may_have_tables_in_the_database(database_url, database):
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('of another')"))
    engine.dispose()
    database.probe()
    with database.read() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "of another"
