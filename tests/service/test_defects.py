"""A defect of ours in one rule or one card: never a 500, never silence, and the rest of the answer is given."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest
from support.ehr import Ehr, denosumab, ehr

from mappings.record import Record
from service import pipeline
from service.edge import app

SEVERELY_DEFICIENT = {"vitamin D": "8 ng/mL 5 days ago"}
DEFECT = "secret of the record"


@pytest.fixture
def client() -> Ehr:
    return ehr()


def rules(card: dict[str, Any]) -> list[str]:
    ours = card["extension"]["org.osteocds"]
    return [*ours.get("rules", ()), *ours.get("unchecked", ())]


def fail(*_args: Any, **_kwargs: Any) -> Any:
    raise ValueError(DEFECT)


def test_one_card_that_cannot_be_written_names_its_rules_and_leaves_the_others_alone(client, monkeypatch, caplog):
    request = denosumab(SEVERELY_DEFICIENT)
    whole = client.cards(request)
    write = pipeline.written

    def written(composed, *args, **kwargs):
        return fail() if "vitamin-d-deficiency" in composed.rules else write(composed, *args, **kwargs)

    monkeypatch.setattr(pipeline, "written", written)
    with caplog.at_level(logging.ERROR):
        cards = client.cards(request)
    assert [sorted(rules(card)) for card in cards] == [sorted(rules(card)) for card in whole]
    [plain] = [card for card in cards if "vitamin-d-deficiency" in rules(card)]
    [was] = [card for card in whole if "vitamin-d-deficiency" in rules(card)]
    assert plain["indicator"] == was["indicator"]
    assert "defect of the service" in plain["summary"]
    assert "vitamin-d-deficiency" in plain["detail"]
    assert "vitamin-d-deficiency" in caplog.text
    assert DEFECT not in caplog.text


def test_a_card_that_does_not_conform_to_the_protocol_is_told_plainly(client, monkeypatch):
    request = denosumab(SEVERELY_DEFICIENT)
    write = pipeline.written

    def written(composed, *args, **kwargs):
        card = write(composed, *args, **kwargs)
        return replace(card, summary="long " * 40) if "vitamin-d-deficiency" in composed.rules else card

    monkeypatch.setattr(pipeline, "written", written)
    cards = client.cards(request)
    [plain] = [card for card in cards if "vitamin-d-deficiency" in rules(card)]
    assert "defect of the service" in plain["summary"]
    assert len(cards) > 1


def test_cards_that_cannot_be_composed_become_one_that_names_every_rule(client, monkeypatch):
    request = denosumab(SEVERELY_DEFICIENT)
    whole = client.cards(request)
    monkeypatch.setattr(pipeline, "compose", fail)
    [plain] = client.cards(request)
    assert set(rules(plain)) == {rule for card in whole for rule in rules(card)}
    assert plain["indicator"] == max((card["indicator"] for card in whole), key=["info", "warning", "critical"].index)


def test_a_defect_is_told_in_the_language_of_the_cards(client, monkeypatch):
    monkeypatch.setattr(pipeline, "compose", fail)
    [plain] = client.cards(denosumab(SEVERELY_DEFICIENT), headers={"Accept-Language": "fr"})
    assert "défaut du service" in plain["summary"]


def test_an_explanation_that_cannot_be_given_does_not_take_the_cards_with_it(monkeypatch):
    client = ehr(explain=True)
    monkeypatch.setattr(app, "explanation", fail)
    answer = client.fire(denosumab(SEVERELY_DEFICIENT))
    assert answer.status_code == 200
    assert answer.get_json()["cards"]
    assert "extension" not in answer.get_json()


def test_a_fact_that_cannot_be_read_for_a_defect_leaves_no_rule_unnamed(client, monkeypatch):
    asked = {rule for card in client.cards(denosumab(SEVERELY_DEFICIENT)) for rule in rules(card)}
    monkeypatch.setattr(Record, "conditions", property(fail))
    assert asked <= {rule for card in client.cards(denosumab(SEVERELY_DEFICIENT)) for rule in rules(card)}


def test_the_rules_cards_are_given_where_what_was_not_understood_cannot_be_told(client, monkeypatch):
    whole = client.cards(denosumab(SEVERELY_DEFICIENT))
    monkeypatch.setattr(Record, "not_understood", fail)
    cards = client.cards(denosumab(SEVERELY_DEFICIENT))
    assert [rules(card) for card in cards] == [rules(card) for card in whole]
