"""Watching the rules: from answers and feedback over HTTP to the page, its figures and its files; and who may see them."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from selenium.webdriver import Chrome
from sqlalchemy import insert, update
from support.accessibility import violations_in_every_mode
from support.ehr import Ehr, denosumab, ehr
from support.scenario import NOW
from support.serving import served

from service.ledger.control_chart import REFERENCE
from service.ledger.database import Database
from service.ledger.tables import ANSWERS, CARD_RULES, CARDS, FEEDBACK, OUTCOMES
from service.ledger.watch import COLUMNS, FEEDBACK_COLUMNS, TO_REVIEW, WatchedRule, at_least, watched

KEY = "k" * 40
RULE = "denosumab-dose"
ZONE = ZoneInfo("Pacific/Auckland")
"""That of `NOW`."""

SINCE, UNTIL = NOW - timedelta(weeks=60), NOW + timedelta(days=1)


class Shelf:
    """A ledger that is filled by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._number = 0

    def show(
        self, rule: str, said: str | None = None, *, days_ago: float = 0, client: str = "", reason: str = ""
    ) -> None:
        """A card of a rule, and the feedback on it."""
        self._number += 1
        at = NOW - timedelta(days=days_ago) + timedelta(milliseconds=self._number)
        uuid = f"00000000-0000-4000-8000-{self._number:012}"
        with self.database.begin() as connection:
            texts = {
                column.name: "" for column in ANSWERS.c if not column.nullable and column.name not in ("id", "shadow")
            }
            row = texts | {"received_at": at, "answered_at": at, "took_ms": 1.0, "client": client, "service": "s"}
            key = connection.scalar(insert(ANSWERS).values(row).returning(ANSWERS.c.id))
            card = {
                "uuid": uuid,
                "answer": key,
                "position": 0,
                "topic": rule,
                "indicator": "info",
                "order_kind": "drug",
            }
            connection.execute(insert(CARDS), card | {"language": "en", "rules_version": "2.0.0", "fingerprint": ""})
            connection.execute(insert(CARD_RULES), {"card": uuid, "part": "advises", "rule": rule})
            if said is not None:
                feedback = {"received_at": at, "service": "s", "card": uuid, "outcome": said, "outcome_timestamp": at}
                feedback |= {"accepted_suggestions": "", "reason_system": "", "reason_code": reason, "commented": False}
                connection.execute(insert(FEEDBACK), feedback)

    def answer(self, rule: str, outcome: str, *, days_ago: float = 0) -> None:
        """An outcome without a card."""
        at = NOW - timedelta(days=days_ago)
        with self.database.begin() as connection:
            texts = {
                column.name: "" for column in ANSWERS.c if not column.nullable and column.name not in ("id", "shadow")
            }
            row = texts | {"received_at": at, "answered_at": at, "took_ms": 1.0}
            key = connection.scalar(insert(ANSWERS).values(row).returning(ANSWERS.c.id))
            said = {"answer": key, "position": 0, "rule": rule, "order_kind": "", "outcome": outcome}
            connection.execute(insert(OUTCOMES), said)


@pytest.fixture
def shelf(database_url: str) -> Iterator[Shelf]:
    database = Database(database_url)
    yield Shelf(database)
    database.dispose()


def seen(shelf: Shelf, client: str | None = None) -> dict[str, WatchedRule]:
    told = watched(shelf.database, ZONE, since=SINCE, until=UNTIL, client=client)
    return {one.rule: one for one in told.rules}


def test_each_week_of_a_rule_counts_what_became_of_its_cards(shelf: Shelf) -> None:
    monday = NOW.date() - timedelta(days=NOW.weekday())
    shelf.show(RULE, "accepted")
    shelf.show(RULE, "overridden", reason="will-monitor")
    shelf.show(RULE)
    shelf.show(RULE, "overridden", days_ago=7)
    shelf.answer(RULE, "cannot tell")
    shelf.answer(RULE, "failed", days_ago=7)
    weeks = seen(shelf)[RULE].weeks
    now, before = weeks[monday], weeks[monday - timedelta(days=7)]
    assert (now.shown, now.accepted, now.overridden, now.unanswered) == (3, 1, 1, 1)
    assert (now.cannot_tell, now.failed, now.rate, dict(now.reasons)) == (1, 0, 0.5, {"will-monitor": 1})
    assert (before.shown, before.overridden, before.failed, dict(before.reasons)) == (1, 1, 1, {"(none)": 1})
    assert seen(shelf)[RULE].whole.shown == 4


def test_a_client_sees_its_own_cards_alone(shelf: Shelf) -> None:
    shelf.show(RULE, "accepted", client="one")
    shelf.show(RULE, client="other")
    assert [seen(shelf, client)[RULE].whole.shown for client in (None, "one", "other")] == [2, 1, 1]
    assert seen(shelf, "nobody") == {}


def test_a_rule_whose_rate_rose_is_the_first_to_be_reviewed_with_the_day_of_the_alarm(shelf: Shelf) -> None:
    for number in range(REFERENCE):
        shelf.show("rose", "overridden" if number % 2 else "accepted", days_ago=20)
    for _ in range(20):
        shelf.show("rose", "overridden", days_ago=3)
    for number in range(REFERENCE + 20):
        shelf.show("steady", "accepted" if number % 5 else "overridden", days_ago=3)
    shelf.answer("broken", "failed")
    shelf.show("quiet", "accepted")
    told = watched(shelf.database, ZONE, since=SINCE, until=UNTIL)
    assert [one.rule for one in told.to_review] == ["rose", "broken", "steady"]
    assert told.to_review[0].alarm == NOW.date() - timedelta(days=3)
    assert told.to_review[2].alarm is None


def test_at_most_ten_rules_are_to_be_reviewed(shelf: Shelf) -> None:
    for number in range(TO_REVIEW + 2):
        shelf.answer(f"rule-{number:02}", "failed")
    told = watched(shelf.database, ZONE, since=SINCE, until=UNTIL)
    assert len(told.to_review) == TO_REVIEW


@pytest.mark.parametrize(("some", "of", "least"), [(4, 4, 0.0), (5, 5, 0.5655), (50, 100, 0.4038), (0, 100, 0.0)])
def test_a_rate_of_few_answers_is_not_taken_for_sure(some: int, of: int, least: float) -> None:
    assert at_least(some, of) == pytest.approx(least, abs=0.0001)


# --- over HTTP --------------------------------------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "operator.key"
    path.write_text(f"{KEY}\n", encoding="ascii")
    return path


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"operator:{password}".encode()).decode()}


PATHS = ("/watch", "/watch/rules.csv", "/watch/feedback.csv")


@pytest.mark.parametrize("path", PATHS)
def test_whoever_has_the_key_sees_it_and_nobody_else(key: Path, path: str) -> None:
    client = ehr(operator_key=key, allow_unauthenticated=False)
    allowed = client.get(path, headers=basic(KEY))
    assert allowed.status_code == 200
    assert allowed.headers["Cache-Control"] == "no-store"
    for headers in (
        {},
        basic("k" * 39),
        basic(""),
        basic("é"),
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic"},
    ):
        refused = client.get(path, headers=headers)
        assert refused.status_code == 401
        assert 'Basic realm="OsteoCDS watch", charset="UTF-8"' in refused.headers.getlist("WWW-Authenticate")


@pytest.mark.parametrize("path", PATHS)
def test_without_a_key_no_password_is_right(path: str) -> None:
    client = ehr(allow_unauthenticated=False)
    for password in ("", KEY):
        assert client.get(path, headers=basic(password)).status_code == 401


def test_a_key_that_is_too_short_stops_the_start(tmp_path: Path) -> None:
    short = tmp_path / "key"
    short.write_text("secret", encoding="ascii")
    with pytest.raises(ValueError, match="OSTEOCDS_OPERATOR_KEY"):
        ehr(operator_key=short)


@pytest.mark.parametrize("weeks", ["0", "-1", "105", "x", "٣", "1" * 5000])
def test_weeks_that_are_none_are_refused(weeks: str) -> None:
    assert ehr().get("/watch", query_string={"weeks": weeks}).status_code == 400


def fired(client: Ehr) -> str:
    """Fire a hook, override its first card; the rule of it."""
    card = client.cards(denosumab())[0]
    said = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": NOW.isoformat()}
    reason = {"reason": {"code": "will-monitor", "system": "urn:osteocds:override-reason"}, "userComment": "=1+1"}
    body = {"feedback": [said | {"overrideReason": reason}]}
    assert client.post("/cds-services/bone-metastases-order-sign/feedback", json=body).status_code == 200
    rules: list[str] = card["extension"]["org.osteocds"]["rules"]
    return rules[0]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Ehr]:
    client = ehr(database_url=f"sqlite:///{tmp_path}/ledger.sqlite3", ledger_keeps=frozenset({"texts", "requests"}))
    yield client
    client.application.extensions["osteocds.ledger"].writer.close()


@pytest.mark.parametrize(("language", "said"), [("en", "Overridden"), ("fr", "Écartées")])
def test_the_page_shows_what_was_fired_and_overridden(client: Ehr, language: str, said: str) -> None:
    rule = fired(client)
    client.application.extensions["osteocds.ledger"].writer.close()
    page = client.get("/watch", query_string={"lang": language}).text
    assert f"/catalogue/bone-metastases/{rule}?lang={language}" in page
    assert said in page
    assert "100 %" in page.replace("\u202f", " ").replace("\u00a0", " ")


def test_the_switch_of_the_language_keeps_the_weeks(client: Ehr) -> None:
    assert 'href="?lang=fr&amp;weeks=26"' in client.get("/watch?lang=en&weeks=26").text


def test_the_files_hold_each_week_and_what_an_export_of_feedback_must_hold(client: Ehr) -> None:
    rule = fired(client)
    client.application.extensions["osteocds.ledger"].writer.close()
    weeks = list(csv.DictReader(io.StringIO(client.get("/watch/rules.csv").text)))
    assert tuple(weeks[0]) == COLUMNS
    [week] = [one for one in weeks if one["rule"] == rule]
    assert date.fromisoformat(week["week"]) == NOW.date() - timedelta(days=NOW.weekday())
    assert (week["shown"], week["overridden"], week["override_rate"]) == ("1", "1", "1.0000")
    told = list(csv.DictReader(io.StringIO(client.get("/watch/feedback.csv").text)))
    asked = ["intervention", "action_taken", "user_feedback_provided", "user", "date", "location"]
    assert list(told[0])[: len(asked)] == asked
    assert tuple(told[0]) == FEEDBACK_COLUMNS
    [line] = [one for one in told if one["intervention"] == rule]
    assert line["action_taken"] == "overridden"
    assert line["user_feedback_provided"] == "will-monitor - =1+1"
    assert line["user"].startswith("Practitioner/")
    assert line["date"].startswith("2026-03-30T20:30")
    assert line["location"].startswith("bone-metastases-order-sign")


def test_the_action_that_was_taken_stands_apart_from_the_suggestions(shelf: Shelf, database_url: str) -> None:
    shelf.show(RULE, "accepted")
    with shelf.database.begin() as connection:
        connection.execute(update(FEEDBACK).values(accepted_suggestions="one two"))
    client = ehr(database_url=database_url)
    [line] = csv.DictReader(io.StringIO(client.get("/watch/feedback.csv").text))
    client.application.extensions["osteocds.ledger"].database.dispose()
    assert (line["action_taken"], line["accepted_suggestions"]) == ("accepted", "one two")
    assert (line["intervention"], line["intervention_version"]) == (RULE, "2.0.0")


def test_nothing_that_a_client_has_sent_is_a_formula_in_a_spreadsheet(shelf: Shelf, database_url: str) -> None:
    shelf.show(RULE, "overridden", reason="=cmd()")
    with shelf.database.begin() as connection:
        connection.execute(update(FEEDBACK).values(outcome="@overridden"))
    client = ehr(database_url=database_url)
    [line] = csv.DictReader(io.StringIO(client.get("/watch/feedback.csv").text))
    client.application.extensions["osteocds.ledger"].database.dispose()
    assert (line["action_taken"], line["user_feedback_provided"]) == ("'@overridden", "'=cmd()")


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_has_no_violation_in_any_mode(chromium: Chrome, tmp_path: Path, language: str) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite3"
    database = Database(url)
    shelf = Shelf(database)
    for number in range(REFERENCE):
        shelf.show(RULE, "overridden" if number % 2 else "accepted", days_ago=20)
    for _ in range(20):
        shelf.show(RULE, "overridden", days_ago=3, reason="will-monitor")
    shelf.answer("hypocalcaemia", "failed")
    with served(database_url=url) as site:
        chromium.get(f"{site}/watch?lang={language}")
        assert chromium.find_elements("css selector", "svg.chart")
        assert chromium.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
        assert violations_in_every_mode(chromium) == {}
    database.dispose()
