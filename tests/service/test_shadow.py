"""Shadow: evaluated and noted, shown to nobody; and the report of what would have been said and what drifts."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from random import Random

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from support.ehr import ehr, rules
from support.scenario import NOW, request_for
from support.simulated_site import EC, ISSUER, PUBLIC_URL, RSA, Site, faults

from service.certify.tokens import Tokens
from service.cli import main
from service.ledger.drift import Share, chance, drifts
from service.ledger.overrides import overrides
from service.ledger.receipts import receipt_of
from service.ledger.shadow import shadow_report
from service.ledger.tables import ANSWERS, CARDS
from service.ledger.watch import watched

SERVICE = "bone-metastases-order-sign"
TOKENS = Tokens(ISSUER, PUBLIC_URL, SERVICE, int(NOW.timestamp()), RSA, EC)
LOW = {
    "order": {"drug": "denosumab", "dose": "120 mg"},
    "record": {"calcium": "1.9 mmol/L today", "albumin": "40 g/L today"},
}
UNKNOWN = {**LOW, "unavailable": ["calcium"]}


@pytest.fixture
def site(tmp_path):
    """A service with two clients, of which `quiet` is in shadow; its folder, and how each client fires."""
    (tmp_path / "jwks.json").write_text(json.dumps(TOKENS.key_set))
    (tmp_path / "key").write_bytes(b"k" * 32)
    registry = tmp_path / "clients.toml"
    registry.write_text(
        f'[quiet]\nissuer = "{ISSUER}"\njwks = "jwks.json"\ntenants = ["quiet"]\nshadow = true\n'
        f'[live]\nissuer = "{ISSUER}"\njwks = "jwks.json"\ntenants = ["live"]\n'
    )
    settings = {"clients": registry, "allow_unauthenticated": False, "public_url": PUBLIC_URL, "explain": True}
    client = ehr(**settings, patient_key=tmp_path / "key", database_url=f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    numbers = iter(range(1000))

    def fire(tenant, told, patient="p1"):
        request = json.loads(json.dumps(request_for(told)).replace("synthetic-1", patient))
        bearer = TOKENS.token(number=next(numbers), tenant=tenant)
        return client.fire(request, SERVICE, headers={"Authorization": f"Bearer {bearer}"})

    fire.client, fire.folder = client, tmp_path
    yield fire
    ledger_of(fire).writer.close()


def ledger_of(fire):
    return fire.client.application.extensions["osteocds.ledger"]


def database_of(fire):
    assert ledger_of(fire).writer.flush(30)
    return ledger_of(fire).database


def report_of(fire, **kwargs):
    return shadow_report(database_of(fire), NOW.tzinfo, since=None, until=None, **kwargs)


# --- what is answered, and what is noted -----------------------------------------------------------------------------


def test_a_client_in_shadow_gets_no_card_and_no_word_of_them_and_the_ledger_has_them_all(site):
    live, quiet = site("live", LOW), site("quiet", LOW)
    assert quiet.get_json() == {"cards": []}
    assert "hypocalcaemia" in rules(live.get_json()["cards"])
    with database_of(site).read() as connection:
        answers = connection.execute(select(ANSWERS.c.id, ANSWERS.c.client, ANSWERS.c.shadow)).all()
        cards = {
            one.id: connection.execute(select(CARDS.c.fingerprint).where(CARDS.c.answer == one.id)).all()
            for one in answers
        }
    assert {(one.client, one.shadow) for one in answers} == {("live", False), ("quiet", True)}
    assert len({len(one) for one in cards.values()}) == 1
    assert all(cards.values())


def test_what_nobody_saw_is_counted_as_shown_nowhere(site):
    site("quiet", LOW)
    database = database_of(site)
    assert overrides(database).rules == ()
    assert watched(database, NOW.tzinfo, since=NOW - timedelta(days=1), until=NOW + timedelta(days=1)).rules == ()
    metrics = site.client.get("/metrics").text
    assert not [line for line in metrics.splitlines() if line.startswith("osteocds_cards_total{")]


def test_a_receipt_says_that_the_cards_were_shown_to_nobody(site):
    site("quiet", LOW)
    site("live", LOW)
    database = database_of(site)
    instance = request_for(LOW)["hookInstance"]
    answers = receipt_of(database, instance, issued=NOW)["answers"]
    assert [one.get("shadow") for one in answers] == [True, None]
    assert all(one["cards"] for one in answers)


# --- the report -------------------------------------------------------------------------------------------------------


def test_the_report_tells_of_each_rule_what_would_be_shown_to_how_many_and_what_could_not_be_told(site):
    for patient in ("p1", "p1", "p2"):
        site("quiet", LOW, patient)
    site("quiet", UNKNOWN, "p3")
    site("live", LOW, "p4")
    report = report_of(site)
    assert (report.answers, report.patients, report.days) == (4, 3, 1)
    rule = {one.rule: one for one in report.rules}["hypocalcaemia"]
    assert (rule.cards, len(rule.shown), len(rule.asked), len(rule.unknown)) == (3, 2, 3, 1)
    [(fact, why)] = rule.reasons
    assert (fact, rule.reasons[fact, why]) == ("corrected calcium", 1)
    assert why
    assert report.drifts == ()
    assert report_of(site, client="live").answers == 0


def told(site, *arguments):
    environment = {"OSTEOCDS_DATABASE_URL": f"sqlite:///{site.folder / 'ledger.sqlite3'}"}
    done = CliRunner().invoke(main, ["report", "shadow", *arguments], env=environment)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_prints_it_for_people_and_as_csv_in_both_languages(site):
    assert "nothing was answered in shadow" in told(site)
    site("quiet", LOW)
    site("quiet", UNKNOWN)
    database_of(site)
    text = told(site)
    assert "In shadow. Answers: 2. Days with answers: 1. Patients: 1." in text
    row = next(line.split() for line in text.splitlines() if line.startswith("hypocalcaemia "))
    assert row == ["hypocalcaemia", "1", "1", "1.0", "1", "1"]
    assert "corrected calcium" in text
    assert "there is one week alone" in text
    assert "calcémie corrigée" in told(site, "--language", "fr")
    lines = list(csv.DictReader(io.StringIO(told(site, "--csv"))))
    of_rule = [one for one in lines if one["rule"] == "hypocalcaemia"]
    assert [(one["cards"], one["cannot_tell"], one["drifts"]) for one in of_rule] == [("1", "1", "0")]
    assert "nothing was answered in shadow" in told(site, "--since", (NOW + timedelta(days=1)).isoformat())
    assert "nothing was answered in shadow" in told(site, "--until", (NOW - timedelta(days=1)).isoformat())


def test_without_a_key_answers_are_counted_and_that_is_said(tmp_path):
    (tmp_path / "jwks.json").write_text(json.dumps(TOKENS.key_set))
    registry = tmp_path / "clients.toml"
    registry.write_text(f'[quiet]\nissuer = "{ISSUER}"\njwks = "jwks.json"\nshadow = true\n')
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    client = ehr(clients=registry, allow_unauthenticated=False, public_url=PUBLIC_URL, database_url=url)
    for number in range(2):
        bearer = TOKENS.token(number=number)
        assert client.fire(request_for(LOW), SERVICE, headers={"Authorization": f"Bearer {bearer}"}).status_code == 200
    client.application.extensions["osteocds.ledger"].writer.close(30)
    done = CliRunner().invoke(main, ["report", "shadow"], env={"OSTEOCDS_DATABASE_URL": url})
    assert "Patients are not known (OSTEOCDS_PATIENT_KEY is not set): answers are counted." in done.output


# --- drift ------------------------------------------------------------------------------------------------------------

WEEKS = [date(2026, 3, 2) + timedelta(weeks=number) for number in range(3)]


def test_the_chance_is_that_of_fishers_exact_test():
    """The table of R. A. Fisher as it is taught: 1 of 10 beside 11 of 14, one tail 0.001379728."""
    assert chance(Share(11, 14), Share(1, 10)) == pytest.approx(2 * 0.001379728, rel=1e-6)
    assert chance(Share(50, 100), Share(50, 100)) == 1.0
    assert chance(Share(0, 0), Share(0, 0)) == 1.0
    assert chance(Share(0, 20_000), Share(300, 5_000)) < 1e-100


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        (Share(0, 300), Share(20, 100), True),
        (Share(280, 300), Share(40, 100), True),
        (Share(150, 300), Share(52, 100), False),
        (Share(0, 20), Share(20, 20), False),
        (Share(0, 300), Share(5, 5), False),
        (Share(50_000, 100_000), Share(22_000, 40_000), False),
    ],
    ids=[
        "a share that begins",
        "a share that falls",
        "as it was",
        "too few before",
        "too few now",
        "sure, and too small to matter",
    ],
)
def test_a_change_is_told_where_it_is_no_chance_large_enough_and_of_enough_patients(before, now, found):
    shares = {"x": {WEEKS[0]: before, WEEKS[1]: now}}
    assert bool(list(drifts(shares, WEEKS[:2]))) is found


def test_a_week_is_compared_with_those_before_it_and_the_first_with_none():
    shares = {"x": {WEEKS[0]: Share(90, 100), WEEKS[1]: Share(2, 100), WEEKS[2]: Share(2, 100)}}
    told = list(drifts(shares, WEEKS))
    assert [(one.week, one.before, one.now) for one in told] == [
        (WEEKS[1], Share(90, 100), Share(2, 100)),
        (WEEKS[2], Share(92, 200), Share(2, 100)),
    ]


def test_weeks_without_a_change_give_an_alarm_once_in_a_hundred_at_most():
    draw = Random(7)
    alarms = 0
    for _week in range(200):
        shares = {}
        for number in range(60):
            rate = number / 60
            counts = [Share(sum(draw.random() < rate for _one in range(of)), of) for of in (150, 60)]
            shares[number] = dict(zip(WEEKS, counts, strict=False))
        alarms += bool(list(drifts(shares, WEEKS[:2])))
    assert alarms <= 5


def test_faults_of_each_kind_are_found_within_their_week_and_weeks_without_one_are_quiet(tmp_path):
    """One of each kind here; `make faults` tries the hundred, and `docs/shadow.md` says what it found."""
    site = Site(tmp_path, weeks=2)
    assert [site.week(seed).drifts for seed in (1, 2)] == [(), ()]
    kinds = {}
    for fault in faults():
        kinds.setdefault(fault.kind, fault)
    for number, fault in enumerate(kinds.values()):
        report = site.week(10 + number, fault)
        assert [one for one in report.drifts if one.week == report.weeks[-1]], str(fault)
    assert len(kinds) == 5
