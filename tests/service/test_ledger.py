"""The ledger: what an answer leaves in it, when, and what not."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal

import orjson
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from support.ehr import BEARER, authorization, denosumab, ehr, without
from support.scenario import NOW, SERVICES, request_for
from werkzeug.test import create_environ

from mappings.dates import When
from mappings.facts import Known
from mappings.wording import _, verbatim
from service.edge.metrics import Metrics
from service.evaluate import RuleOutcome
from service.guidelines import GUIDELINES
from service.ledger import fingerprints, writing
from service.ledger.answered import rows_of, without_the_record
from service.ledger.facts import MOST_FACTS, facts_of
from service.ledger.fingerprints import Pseudonyms
from service.ledger.tables import ANSWERS, CARD_RULES, CARDS, FACTS, OUTCOMES, REQUESTS
from service.rules.guideline import versions
from service.rules.outcome import Silence

ORDER_SIGN = SERVICES["bone-metastases-order-sign"]
KEY = b"a key of thirty-two bytes or more"


@pytest.fixture
def client(database_url):
    client = ehr(database_url=database_url)
    yield client
    writer_of(client).close()


def writer_of(client):
    return client.application.extensions["osteocds.ledger"].writer


def rows(client, table):
    assert writer_of(client).flush(30)
    with client.application.extensions["osteocds.ledger"].database.read() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


# --- what a row holds -------------------------------------------------------------------------------------------------


def test_an_answer_leaves_one_row_that_says_of_what_it_came(client):
    request = denosumab()
    client.cards(request, headers={"Accept-Language": "fr"})
    (row,) = rows(client, ANSWERS)
    assert {name: row[name] for name in ("service", "hook", "guideline", "hook_instance", "client", "language")} == {
        "service": "bone-metastases-order-sign",
        "hook": "order-sign",
        "guideline": "bone-metastases",
        "hook_instance": request["hookInstance"],
        "client": "",
        "language": "fr",
    }
    assert {row["service_version"], row["rules_version"]} == set(versions(GUIDELINES[0]).values())
    assert row["received_at"] == NOW
    assert row["answered_at"] >= NOW
    assert row["took_ms"] > 0
    assert datetime.fromisoformat(row["as_of"]).utcoffset() == NOW.utcoffset()
    assert row["patient"] is None


def test_each_card_has_a_row_with_its_uuid_and_its_rules(client):
    cards = client.cards(denosumab({"calcium": "1.9 mmol/L 1 day ago"}))
    found = rows(client, CARDS)
    assert [(row["uuid"], row["indicator"], row["topic"]) for row in found] == [
        (card["uuid"], card["indicator"], card["source"]["topic"]["code"]) for card in cards
    ]
    assert {row["order_kind"] for row in found if row["topic"] != "not-identified"} == {"drug"}
    told = {
        (card["uuid"], part, rule)
        for card in cards
        for member, part in (("rules", "advises"), ("unchecked", "unchecked"), ("notShown", "not shown"))
        for rule in card["extension"]["org.osteocds"].get(member, ())
    }
    assert {(row["card"], row["part"], row["rule"]) for row in rows(client, CARD_RULES)} == told
    assert told


def test_each_rule_of_the_service_is_told_by_its_outcome_or_as_not_about(client):
    client.cards(denosumab() | {"prefetch": {}, "fhirServer": "https://elsewhere.example.org/fhir"})
    asked = {row["rule"] for row in rows(client, OUTCOMES)}
    (answer,) = rows(client, ANSWERS)
    not_about = set(answer["not_about"].split())
    assert asked.isdisjoint(not_about)
    assert asked | not_about == {rule.id for rule in ORDER_SIGN.rules}


def test_an_outcome_says_why_in_words_of_ours(client):
    client.cards(without(denosumab(), "prefetch", "calcium"))
    by_word = {}
    for row in rows(client, OUTCOMES):
        by_word.setdefault(row["outcome"], []).append(row)
    assert by_word.keys() >= {"silent", "cannot tell"}
    assert all(row["condition"] for row in by_word["silent"])
    assert all(fact["fact"] and fact["why"] for row in by_word["cannot tell"] for fact in row["missing"])
    assert all((row["indicator"] is None) == (row["outcome"] != "advises") for row in rows(client, OUTCOMES))


def test_a_rule_about_the_patient_has_no_order(client):
    client.cards(request_for({"record": {}}, "patient-view"))
    found = rows(client, OUTCOMES)
    assert {(row["order_index"], row["order_kind"]) for row in found} == {(None, "")}
    assert {row["rule"] for row in found} == {rule.id for rule in SERVICES["bone-metastases-patient-view"].rules}


def test_an_order_that_no_rule_is_about_leaves_an_answer_without_cards(client):
    request = denosumab()
    request["context"]["draftOrders"]["entry"] = []
    client.cards(request)
    assert len(rows(client, ANSWERS)) == 1
    assert rows(client, OUTCOMES) == rows(client, CARDS) == []


def test_a_request_that_is_refused_leaves_nothing(client):
    assert client.fire(denosumab() | {"prefetch": {}}).status_code == 412
    assert client.fire({"hook": "order-sign"}).status_code == 400
    client.cards(denosumab())
    assert len(rows(client, ANSWERS)) == 1


def test_a_request_that_is_nested_more_deeply_than_orjson_writes_has_a_row(client):
    deep = {}
    for _level in range(300):
        deep = {"extension": deep}
    body = json.dumps(denosumab() | {"extension": deep})
    answer = client.post("/cds-services/bone-metastases-order-sign", data=body, content_type="application/json")
    assert answer.status_code == 200
    (row,) = rows(client, ANSWERS)
    assert len(row["request_fingerprint"]) == 64


@pytest.mark.parametrize(("where", "what"), [(fingerprints, "of_request"), (writing, "rows_of")])
def test_a_defect_of_ours_costs_the_row_and_not_the_answer(client, monkeypatch, where, what):
    monkeypatch.setattr(where, what, lambda *_given: 1 / 0)
    assert client.cards(denosumab())
    assert rows(client, ANSWERS) == []
    assert 'osteocds_ledger_dropped_total{why="defect"} 1.0' in client.get("/metrics").text


def test_a_defect_in_a_figure_does_not_cost_the_row(client, monkeypatch):
    monkeypatch.setattr(Metrics, "count", lambda *_given: 1 / 0)
    body = {"data": json.dumps(denosumab()), "content_type": "application/json"}
    environ = create_environ("/cds-services/bone-metastases-order-sign", method="POST", **body)
    answer = client.application.wsgi_app(environ, lambda *_told: None)
    with pytest.raises(ZeroDivisionError):  # which a worker logs
        answer.close()
    assert len(rows(client, ANSWERS)) == 1


# --- fingerprints -----------------------------------------------------------------------------------------------------

PRINTS = [column.name for column in ANSWERS.c if column.name.endswith("_fingerprint")]


def prints(client, request, **kwargs):
    client.cards(request, **kwargs)
    row = rows(client, ANSWERS)[-1]
    return {name.removesuffix("_fingerprint"): row[name] for name in PRINTS}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_same_request_has_the_same_fingerprints_whatever_its_token_and_the_uuids_of_its_cards(client):
    request = denosumab()
    first = prints(client, request)
    assert prints(client, request | {"fhirAuthorization": authorization()}) == first
    assert len({*first.values()}) == len(PRINTS)
    sent = orjson.dumps(request | {"fhirAuthorization": None})
    client.post("/cds-services/bone-metastases-order-sign", data=sent, content_type="application/json")
    assert rows(client, ANSWERS)[-1]["request_fingerprint"] == hashlib.sha256(orjson.dumps(request)).hexdigest()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("told", "headers", "settings", "other"),
    [
        ({"record": {"calcium": "1.9 mmol/L 1 day ago"}}, {}, {}, {"request", "cards"}),
        ({}, {"Accept-Language": "fr"}, {}, {"cards"}),
        ({}, {}, {"max_cards": 1}, {"settings", "cards"}),
        ({}, {}, {"deadline_seconds": 1.0}, {"settings"}),
    ],
    ids=["request", "language", "cards", "deadline"],
)
def test_what_is_another_has_another_fingerprint(client, tmp_path, told, headers, settings, other):
    first = prints(client, denosumab())
    elsewhere = ehr(database_url=f"sqlite:///{tmp_path}/other.sqlite3", **settings)
    second = prints(elsewhere, denosumab(told.get("record")), headers=headers)
    writer_of(elsewhere).close()
    assert {name for name, value in second.items() if value != first[name]} == other


def test_a_concept_map_of_the_site_changes_the_fingerprint_of_the_value_sets(tmp_path):
    path = tmp_path / "map.json"
    path.write_text("{}")
    guideline = GUIDELINES[0]
    assert fingerprints.of_value_sets(guideline, ()) != fingerprints.of_value_sets(guideline, (path,))


def test_another_guideline_has_another_fingerprint_of_its_rules():
    from gout import GUIDELINE as OTHER  # noqa: PLC0415 - the made-up guideline, for this test alone

    assert fingerprints.of_rules(OTHER) != fingerprints.of_rules(GUIDELINES[0])


# --- patients ---------------------------------------------------------------------------------------------------------


def test_a_patient_is_named_by_a_keyed_hash_where_there_is_a_key(database_url, tmp_path):
    path = tmp_path / "patient.key"
    path.write_bytes(KEY + b"\n")
    client = ehr(database_url=database_url, patient_key=path)
    request = denosumab()
    client.cards(request)
    (row,) = rows(client, ANSWERS)
    writer_of(client).close()
    told = json.dumps(["", request["context"]["patientId"]], separators=(",", ":")).encode()
    assert row["patient"] == hmac.new(KEY, told, "sha256").hexdigest()


def test_a_pseudonym_is_another_for_another_patient_client_or_key():
    names = {
        Pseudonyms(key).of(client, patient)
        for key in (KEY, KEY[::-1])
        for client in ("", "ward")
        for patient in ("1", "2")
    }
    assert len(names) == 8
    assert Pseudonyms(b"").of("ward", "1") is None


@pytest.mark.parametrize("held", [b"", b"short", b" " * 64])
def test_a_key_that_is_none_is_refused_at_the_start(tmp_path, held):
    path = tmp_path / "patient.key"
    path.write_bytes(held)
    with pytest.raises(ValueError, match="OSTEOCDS_PATIENT_KEY"):
        ehr(patient_key=path)


# --- nothing of the record --------------------------------------------------------------------------------------------

MARK = "Zq7marker"


def marked(request):
    """The request with a mark in whatever a person may have typed."""
    text = json.dumps(request)
    told = json.loads(text)

    def mark(node):
        if isinstance(node, dict):
            for name, value in node.items():
                if name in ("text", "display") and isinstance(value, str):
                    node[name] = f"{value} {MARK}"
                else:
                    mark(value)
        elif isinstance(node, list):
            for one in node:
                mark(one)

    mark(told)
    told["context"]["userId"] = f"Practitioner/{MARK}"
    for entry in told["context"].get("draftOrders", {}).get("entry", ()):
        entry["resource"]["note"] = [{"text": MARK}]
        entry["resource"]["medicationCodeableConcept"] = {"text": f"denosumab {MARK}"}
    told["prefetch"]["conditions"]["entry"].append(
        {"resource": {"resourceType": "Condition", "code": {"text": f"{MARK} bone metastasis"}}}
    )
    return told | {"fhirAuthorization": authorization()}


@pytest.mark.parametrize("keeps", [frozenset(), frozenset({"requests"})], ids=["by default", "requests"])
def test_no_word_of_the_record_is_kept_unless_the_site_says_so(tmp_path, keeps):
    client = ehr(database_url=f"sqlite:///{tmp_path}/ledger.sqlite3", ledger_keeps=keeps)
    request = marked(denosumab({"calcium": f"1.9 {MARK} 1 day ago"}))
    assert MARK in json.dumps(client.cards(request)), "the cards do show what the record says"
    kept = rows(client, REQUESTS)
    writer_of(client).close()
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert BEARER.encode() not in held
    assert (MARK.encode() in held) == bool(keeps)
    assert [orjson.loads(row["body"]) for row in kept] == (
        [{name: value for name, value in request.items() if name != "fhirAuthorization"}] if keeps else []
    )


def test_a_condition_shows_figures_of_ours_and_no_others(client):
    client.cards(denosumab({"calcium": "1.9 mmol/L 1 day ago"}))
    said = {row["rule"]: row["condition"] for row in rows(client, OUTCOMES) if row["condition"]}
    assert said["hypercalcaemic-crisis"] == "calcium is above 3.5 mmol/L"
    assert not any("1.9" in condition for condition in said.values())


SETTINGS_OF_RULES = GUIDELINES[0].settings


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (_("a sentence"), "a sentence"),
        (_("{drug} of {day}", drug="Xgeva Doe", day=NOW.date()), "{drug} of {day}"),
        (_("{drug}", drug=verbatim("Xgeva Doe")), "{words}"),
        (verbatim("Doe"), "{words}"),
        (_("{what} is low", what=_("calcium")), "calcium is low"),
        (_("{value} mmol/L", value=Decimal("1.9")), "{value} mmol/L"),
        (_("{limit} mmol/L", limit=Decimal("3.5")), "3.5 mmol/L"),
        (_("{calcium_valid_days} days", calcium_valid_days=30), "30 days"),
        (_("another rule says more: {rule}", rule="denosumab-dose"), "another rule says more: denosumab-dose"),
        (_("{days} days", days=41), "{days} days"),
    ],
    ids=repr,
)
def test_of_a_sentence_only_what_is_ours_is_kept(text, shown):
    assert without_the_record(text, SETTINGS_OF_RULES, frozenset({("limit", Decimal("3.5"))})) == shown


# --- behind the requests ----------------------------------------------------------------------------------------------


class Counts:
    def __init__(self):
        self.rows = Counter()
        self.drops = Counter()
        self.failures = Counter()
        self.lags = []

    def written(self, table, rows):
        self.rows[table] += rows

    def dropped(self, why, answers):
        self.drops[why] += answers

    def failed(self, why):
        self.failures[why] += 1

    def lag(self, seconds, waiting):
        self.lags.append((seconds, waiting))


def test_two_hundred_answers_at_once_are_all_there_each_whole(client):
    requests = [denosumab() | {"hookInstance": f"00000000-0000-4000-8000-{number:012}"} for number in range(200)]

    def fire(request):
        return client.application.test_client().post("/cds-services/bone-metastases-order-sign", json=request)

    with ThreadPoolExecutor(16) as ehrs:
        answers = list(ehrs.map(fire, requests))
    assert {answer.status_code for answer in answers} == {200}
    found = rows(client, ANSWERS)
    assert {row["hook_instance"] for row in found} == {request["hookInstance"] for request in requests}
    given = [card["uuid"] for answer in answers for card in answer.get_json()["cards"]]
    assert Counter(row["uuid"] for row in rows(client, CARDS)) == Counter(given)
    by_answer = Counter(row["answer"] for row in rows(client, OUTCOMES))
    assert len(by_answer) == 200
    assert len({*by_answer.values()}) == 1
    text = client.get("/metrics").text
    assert 'osteocds_ledger_rows_total{table="answers"} 200.0' in text
    assert "osteocds_ledger_waiting 0.0" in text


@pytest.fixture
def answered(monkeypatch):
    """One answer as the request hands it over."""
    handed = []
    monkeypatch.setattr(writing.Writer, "put", lambda _writer, one: handed.append(one))
    ehr().cards(denosumab())
    monkeypatch.undo()
    return handed[0]


class Held:
    """A database that cannot be used until it is let go."""

    def __init__(self, error=None):
        self.free = threading.Event()
        self.tries = 0
        self.error = error or OperationalError("INSERT", {}, Exception("down"))

    def begin(self):
        self.tries += 1
        if not self.free.wait(0.01):
            raise self.error
        raise ZeroDivisionError

    def dispose(self):
        pass


@pytest.fixture
def counts():
    return Counts()


def new_writer(database, counts, **options):
    return writing.Writer(database, counts, Pseudonyms(b""), **options)


def test_when_the_queue_is_full_answers_are_dropped_and_counted_and_nobody_waits(answered, counts, monkeypatch):
    monkeypatch.setattr(writing, "MOST_WAITING", 5)
    writer = new_writer(Held(), counts)
    started = time.perf_counter()
    for _number in range(8):
        writer.put(answered)
    assert time.perf_counter() - started < 0.5
    assert counts.drops == {"full": 3}
    writer.close(0.1)
    assert counts.drops == {"full": 3, "ended": 5}
    writer.put(answered)
    assert counts.drops["full"] == 4, "after the end nothing is taken"


def test_stored_requests_that_wait_are_bounded_in_bytes(answered, counts, monkeypatch):
    monkeypatch.setattr(writing, "MOST_BYTES_WAITING", 100)
    writer = new_writer(Held(), counts)
    large = type(answered)(**{name: getattr(answered, name) for name in answered.__slots__} | {"request": "x" * 60})
    for one in (large, answered, large):
        writer.put(one)
    writer.close(0.1)
    assert counts.drops == {"full": 1, "ended": 2}


def test_while_the_database_is_down_it_is_tried_again_later_and_later_and_counted(answered, counts, monkeypatch):
    monkeypatch.setattr(writing, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(writing, "LONGEST_PAUSE_SECONDS", 0.02)
    held = Held()
    writer = new_writer(held, counts)
    writer.put(answered)
    deadline = time.monotonic() + 20
    while counts.failures["unreachable"] < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert counts.failures["unreachable"] >= 3
    assert counts.lags[-1][1] == 1
    assert counts.lags[-1][0] > counts.lags[0][0]
    writer.close(0.5)
    assert counts.drops == {"ended": 1}


def test_an_answer_whose_rows_are_refused_takes_no_other_down(database_url, answered, counts, monkeypatch):
    from service.ledger.database import Database  # noqa: PLC0415 - beside what it is for

    def of(one, patient):
        made = rows_of(one, patient)
        if one.client == "broken":
            made.answer["hook"] = None
        return made

    monkeypatch.setattr(writing, "rows_of", of)
    broken = type(answered)(**{name: getattr(answered, name) for name in answered.__slots__} | {"client": "broken"})
    other = [
        type(answered)(**{name: getattr(answered, name) for name in answered.__slots__} | {"cards": ()})
        for _ in range(3)
    ]
    database = Database(database_url)
    writer = new_writer(database, counts)
    for one in (other[0], broken, other[1], other[2]):
        writer.put(one)
    assert writer.flush(30)
    writer.close()
    assert counts.drops == {"refused": 1}
    assert counts.rows["answers"] == 3
    assert not counts.failures


def test_the_thread_ends_when_nothing_comes_and_starts_with_the_next_answer(answered, counts, tmp_path, monkeypatch):
    from service.ledger.database import Database  # noqa: PLC0415 - as above

    monkeypatch.setattr(writing, "IDLE_SECONDS", 0.05)
    writer = new_writer(Database(f"sqlite:///{tmp_path}/ledger.sqlite3"), counts)
    no_card = type(answered)(**{name: getattr(answered, name) for name in answered.__slots__} | {"cards": ()})
    before = threading.enumerate()
    for round_ in (1, 2):
        writer.put(no_card)
        assert writer.flush(30)
        deadline = time.monotonic() + 20
        while any(thread not in before and thread.name == "ledger" for thread in threading.enumerate()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert counts.rows["answers"] == round_
    writer.close()


def test_what_a_client_sends_is_cut_and_made_harmless(client):
    request = denosumab() | {"hookInstance": "\0" + "é" * 600}
    client.cards(request)
    (row,) = rows(client, ANSWERS)
    assert row["hook_instance"] == "\ufffd" + "é" * 511


def test_the_moments_are_in_utc(client):
    client.cards(denosumab())
    (row,) = rows(client, ANSWERS)
    assert row["received_at"].astimezone(UTC) == NOW.astimezone(UTC)
    assert rows(client, FACTS) == []


# --- facts ------------------------------------------------------------------------------------------------------------


def test_where_the_site_keeps_facts_each_rule_has_those_that_it_rests_on(database_url):
    client = ehr(database_url=database_url, ledger_keeps=frozenset({"facts"}))
    client.cards(denosumab({"calcium": "1.9 mmol/L 1 day ago", "albumin": "40 g/L 2 days ago"}))
    found = rows(client, FACTS)
    writer_of(client).close()
    of_one = {row["fact"]: row for row in found if row["rule"] == "hypocalcaemia"}
    calcium = of_one["calcium"]
    assert (calcium["value"], calcium["unit"]) == ("1.9", "mmol/L")
    assert calcium["resource"].startswith("Observation/")
    assert calcium["date"].startswith("2026-03-30")
    assert of_one["albumin"]["value"] == "40.0"
    (vitamin,) = [row for row in found if row["rule"] == "vitamin-d-unknown"]
    assert (vitamin["value"], vitamin["resource"], vitamin["date"]) == ("none", None, None)


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        (When(date(2026, 3, 30), date(2026, 3, 30)), "2026-03-30"),
        (When(date(2026, 3, 1), date(2026, 3, 31)), "2026-03-01/2026-03-31"),
        (When(date(2026, 3, 31), date(2026, 3, 31), NOW), "2026-03-31T09:30:00+13:00"),
    ],
)
def test_a_fact_has_its_date_as_the_record_gives_it(when, shown):
    outcome = Silence(_("x"), (Known(_("a date"), when),))
    (row,), left_out = facts_of([RuleOutcome(ORDER_SIGN.rules[0], None, outcome)])
    assert left_out == 0
    assert (row["fact"], row["date"], row["value"]) == ("a date", shown, None)


def test_so_many_facts_are_kept_and_no_more_and_the_others_are_counted():
    basis = tuple(Known(verbatim(f"fact {number}"), number) for number in range(MOST_FACTS + 1))
    kept, left_out = facts_of([RuleOutcome(ORDER_SIGN.rules[0], None, Silence(_("x"), basis * 2))])
    assert (len(kept), left_out) == (MOST_FACTS, 1)
