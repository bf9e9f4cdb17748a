"""Override rates, and what the ledger forgets: from answers and feedback over HTTP to what the commands print."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select
from support.ehr import denosumab, ehr
from support.scenario import NOW

from cds_hooks import Feedback
from service.cli import main
from service.ledger import retention
from service.ledger.database import Database
from service.ledger.feedback import FeedbackStore
from service.ledger.overrides import NO_REASON, Overrides, as_csv, overrides
from service.ledger.tables import ANSWERS, CARD_RULES, CARDS, FACTS, FEEDBACK, LEDGER, OUTCOMES, REQUESTS

SHOWN_AT = datetime(2026, 3, 30, 20, 30, tzinfo=UTC)
RULE = "denosumab-dose"


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    yield database
    database.dispose()


def card_uuid(number):
    return f"00000000-0000-4000-8000-{number:012}"


@pytest.fixture
def show(database):
    """Put an answer with a card into the ledger; the uuid of the card."""
    numbers = iter(range(1, 10_000))

    def put(*rules, part="advises", topic="", at=SHOWN_AT):
        number = next(numbers)
        with database.begin() as connection:
            texts = {one.name: "" for one in ANSWERS.c if not one.nullable and one.name not in ("id", "shadow")}
            moments = {"received_at": at, "answered_at": at, "took_ms": 1.0}
            key = connection.scalar(insert(ANSWERS).values(texts | moments).returning(ANSWERS.c.id))
            card = {"uuid": card_uuid(number), "answer": key, "position": 0, "topic": topic or rules[0]}
            card |= {"indicator": "info", "order_kind": "drug", "language": "en", "rules_version": "2"}
            connection.execute(insert(CARDS), card | {"fingerprint": ""})
            for rule in rules:
                connection.execute(insert(CARD_RULES), {"card": card["uuid"], "part": part, "rule": rule})
            outcome = {"answer": key, "position": 0, "rule": "r", "order_kind": "", "outcome": "silent"}
            connection.execute(insert(OUTCOMES), outcome)
            connection.execute(insert(FACTS), {"answer": key, "position": 0, "rule": "r", "fact": "f"})
            connection.execute(insert(REQUESTS), {"answer": key, "body": "{}"})
        return card["uuid"]

    return put


@pytest.fixture
def say(database):
    store = FeedbackStore(database)

    def put(card, outcome="overridden", reason="", minutes=1, received_at=SHOWN_AT):
        at = SHOWN_AT + timedelta(minutes=minutes)
        store.store("s", [Feedback(card, outcome, at, reason_code=reason)], received_at=received_at)

    return put


def of(report, rule):
    return next(one for one in report.rules if one.rule == rule)


def test_a_rule_has_its_cards_by_what_became_of_them(database, show, say):
    cards = [show(RULE) for _ in range(6)]
    say(cards[0], "accepted")
    say(cards[1], reason="patient-choice")
    say(cards[2], reason="patient-choice")
    say(cards[3])
    show("another")
    found = of(overrides(database), RULE)
    assert (found.shown, found.accepted, found.overridden, found.unanswered) == (6, 1, 3, 2)
    assert found.reasons == {"patient-choice": 2, NO_REASON: 1}
    assert found.rate == pytest.approx(3 / 4)
    assert of(overrides(database), "another").rate is None


def test_a_card_of_several_rules_counts_for_each(database, show, say):
    say(show(RULE, "another"))
    assert [(one.rule, one.overridden) for one in overrides(database).rules] == [("another", 1), (RULE, 1)]


@pytest.mark.parametrize("part", ["unchecked", "not shown"])
def test_a_card_that_no_rule_advises_on_counts_for_its_topic(database, show, say, part):
    say(show(RULE, part=part, topic="could-not-be-checked"))
    (found,) = overrides(database).rules
    assert (found.rule, found.quiet, found.shown, found.overridden) == ("could-not-be-checked", True, 1, 1)


@pytest.mark.parametrize(
    ("said", "last"),
    [
        ([("overridden", 1), ("accepted", 2)], "accepted"),
        ([("accepted", 2), ("overridden", 1)], "accepted"),
        ([("accepted", 1), ("overridden", 2)], "overridden"),
        ([("accepted", 1), ("overridden", 1)], "overridden"),
    ],
)
def test_the_last_word_on_a_card_counts_and_the_later_arrival_of_two_at_once(database, show, say, said, last):
    card = show(RULE)
    for outcome, minutes in said:
        say(card, outcome, minutes=minutes)
    found = of(overrides(database), RULE)
    assert (found.accepted, found.overridden) == (int(last == "accepted"), int(last == "overridden"))


def test_duplicates_and_unknown_cards_are_counted_apart(database, show, say):
    card = show(RULE)
    for _ in range(3):
        say(card.upper())
    say("nobody-knows")
    say("nobody-knows")
    report = overrides(database)
    assert (of(report, RULE).shown, of(report, RULE).overridden) == (1, 1)
    assert (report.unknown_cards, report.duplicates) == (1, 3)


@pytest.mark.parametrize(
    ("since", "until", "shown"),
    [(None, None, 1), (0, None, 1), (1, None, 0), (None, 0, 0), (None, 1, 1), (-1, 1, 1)],
)
def test_a_time_has_its_begin_and_not_its_end(database, show, since, until, shown):
    show(RULE)
    bounds = [None if one is None else SHOWN_AT + timedelta(seconds=one) for one in (since, until)]
    report = overrides(database, since=bounds[0], until=bounds[1])
    assert sum(one.shown for one in report.rules) == shown


def test_nothing_shown_is_no_rate():
    assert Overrides("r").rate is None


def test_cards_over_http_and_what_became_of_them_are_in_the_report(database_url):
    client = ehr(database_url=database_url)
    cards = client.cards(denosumab())
    item = {"outcome": "overridden", "outcomeTimestamp": "2026-03-31T09:30:00Z"}
    reason = {"overrideReasons": [{"reason": {"code": "already-done", "system": "urn:osteocds:override-reason"}}]}
    given = {"feedback": [item | reason | {"card": f"urn:uuid:{cards[0]['uuid'].upper()}"}]}
    assert client.post("/cds-services/bone-metastases-order-sign/feedback", json=given).status_code == 200
    ledger = client.application.extensions["osteocds.ledger"]
    assert ledger.writer.flush(30)
    ledger.writer.close()
    done = CliRunner().invoke(main, ["report", "overrides", "--csv"], env={"OSTEOCDS_DATABASE_URL": database_url})
    assert done.exit_code == 0, done.output
    found = {row["rule"]: row for row in csv.DictReader(io.StringIO(done.output))}
    for rule in cards[0]["extension"]["org.osteocds"]["rules"]:
        row = found[rule]
        assert (row["shown"], row["overridden"], row["override_rate"]) == ("1", "1", "1.0000")
        assert row["reasons"] == "already-done:1"
    for rule in cards[1]["extension"]["org.osteocds"]["rules"]:
        assert (found[rule]["unanswered"], found[rule]["override_rate"]) == ("1", "")


def test_no_reason_of_a_client_is_a_formula_in_a_spreadsheet(database, show, say):
    say(show(RULE), reason="=cmd()")
    [line] = csv.DictReader(io.StringIO(as_csv(overrides(database))))
    assert line["reasons"] == "'=cmd():1"


def command(database_url, *arguments, **environment):
    return CliRunner().invoke(main, arguments, env={"OSTEOCDS_DATABASE_URL": database_url, **environment})


def test_the_text_shows_each_rate_with_what_it_is_a_rate_of(database_url, show, say):
    for number in range(4):
        card = show(RULE)
        if number:
            say(card, "accepted" if number == 1 else "overridden", reason="patient-choice")
    said = command(database_url, "report", "overrides").output
    assert "66.7% (2/3)" in said
    assert "patient-choice:2" in said
    assert said.splitlines()[0].split()[:2] == ["rule", "shown"]
    late = command(database_url, "report", "overrides", "--since", "2030-01-01").output
    assert late.startswith("no card was shown")
    wrong = command(database_url, "report", "overrides", "--since", "soon")
    assert wrong.exit_code == 1
    assert "--since takes a moment" in wrong.output


# --- retention --------------------------------------------------------------------------------------------------------


def left(database):
    with database.read() as connection:
        return {
            table.name: len(connection.execute(select(table)).all())
            for table in LEDGER.sorted_tables
            if table.name != "taken_tokens"
        }


def test_what_is_too_old_goes_with_all_that_hangs_on_it_a_batch_at_a_time(database, show, say, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    old, young = [SHOWN_AT - timedelta(days=one) for one in (31, 29)]
    for number in range(5):
        card = show(RULE, at=old)
        if number < 2:
            say(card, received_at=young)
    kept = show(RULE, at=young)
    say(kept, received_at=young)
    say("nobody-knows", received_at=old)
    say("nobody-knows-either", received_at=young)
    purged = retention.purge(database, SHOWN_AT - timedelta(days=30))
    assert (purged.answers, purged.feedback) == (5, 3)
    assert left(database) == {
        **dict.fromkeys(("answers", "cards", "card_rules", "outcomes", "facts", "requests"), 1),
        "feedback": 2,
    }
    assert retention.purge(database, SHOWN_AT - timedelta(days=30)) == retention.Purged(0, 0)


def test_feedback_stays_as_long_as_its_card(database, show, say):
    say(show(RULE, at=SHOWN_AT), received_at=SHOWN_AT - timedelta(days=40))
    retention.purge(database, SHOWN_AT - timedelta(days=30))
    assert left(database)["feedback"] == 1


def test_a_row_exactly_as_old_as_is_kept_stays(database, show):
    show(RULE, at=SHOWN_AT)
    retention.purge(database, SHOWN_AT)
    assert left(database)["answers"] == 1
    retention.purge(database, SHOWN_AT + timedelta(microseconds=1))
    assert left(database)["answers"] == 0


def test_two_processes_may_purge_at_once(database_url, database, show):
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - for this test alone

    for _ in range(30):
        show(RULE, at=SHOWN_AT)

    def run(_number):
        other = Database(database_url)
        purged = retention.purge(other, SHOWN_AT + timedelta(days=1))
        other.dispose()
        return purged.answers

    with ThreadPoolExecutor(4) as processes:
        assert sum(processes.map(run, range(4))) == 30
    assert set(left(database).values()) == {0}


def test_the_command_deletes_what_the_setting_or_its_option_says(database_url, database, show):
    show(RULE, at=datetime.now(UTC) - timedelta(days=10))  # noqa: TID251 - the command reads the clock of the machine
    assert command(database_url, "purge").exit_code == 1
    said = command(database_url, "purge", OSTEOCDS_RETENTION_DAYS="11").output
    assert "answers 0" in said
    said = command(database_url, "purge", "--days", "9", OSTEOCDS_RETENTION_DAYS="11").output
    assert "answers 1" in said
    assert left(database)["answers"] == 0


def test_a_service_forgets_by_itself_what_is_too_old(database_url, database, show):
    show(RULE, at=NOW - timedelta(days=4000))
    client = ehr(database_url=database_url, retention=timedelta(days=3650))
    client.cards(denosumab())
    writer = client.application.extensions["osteocds.ledger"].writer
    assert writer.flush(30)
    writer.close()
    assert left(database)["answers"] == 1
    with database.read() as connection:
        assert connection.scalar(select(FEEDBACK.c.id)) is None


@pytest.mark.parametrize("words", [["migrate"], ["purge", "--days", "1"], ["report", "overrides"]])
def test_a_database_that_cannot_be_used_is_told_in_one_line_without_its_address(tmp_path, words):
    done = command(f"sqlite:///{tmp_path}/missing/ledger.sqlite3", *words)
    assert done.exit_code == 1
    assert done.output == "Error: the database cannot be used: it cannot be reached\n"
