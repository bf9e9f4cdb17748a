"""Small requests on which the service was once wrong, and their controls: what the answer must and must not say.

A case stands for a kind. `expected.tsv` has a line a case: regular expressions over the lines of the answer,
«indicator:rule|summary|detail|offers», the indicator by its first letter.
"""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.ehr import Ehr, ehr

CASES = Path(__file__).parent
with (CASES / "expected.tsv").open(encoding="utf-8", newline="") as table:
    EXPECTED = {f"{row['folder']}/{row['case']}": row for row in csv.DictReader(table, delimiter="\t")}
REQUESTS = {
    path.relative_to(CASES).with_suffix("").as_posix(): path
    for folder in ("bugs", "realdata")
    for path in (CASES / folder).glob("*.json")
}


@cache
def client(as_of: str) -> Ehr:
    return ehr(datetime.fromisoformat(as_of), timezone=ZoneInfo("Europe/Paris"))


def lines(cards: list[dict[str, Any]]) -> str:
    return "\n".join(line(card) for card in cards)


def line(card: dict[str, Any]) -> str:
    told = card.get("extension", {}).get("org.osteocds", {})
    topic = card["source"].get("topic", {}).get("code", "")
    rules = dict.fromkeys((topic, *told.get("rules", ())))
    ids = " ".join(
        (
            *(f"{card['indicator'][0]}:{rule}" for rule in rules),
            *(f"unchecked:{rule}" for rule in told.get("unchecked", ())),
        )
    )
    offers = "; ".join(suggestion["label"] for suggestion in card.get("suggestions", ()))
    return "|".join((ids, card["summary"], card.get("detail", ""), f"offers:{offers}"))


@pytest.mark.parametrize("case", sorted(EXPECTED))
def test_the_answer_says_what_it_must_and_not_what_it_must_not(case):
    expected = EXPECTED[case]
    request = json.loads(REQUESTS[case].read_text(encoding="utf-8"))
    said = lines(client(expected["as_of"]).cards(request))
    if expected["must match"]:
        assert re.search(expected["must match"], said), said or "no card"
    if expected["must not match"]:
        assert not re.search(expected["must not match"], said), said


def test_every_case_has_a_line():
    assert REQUESTS.keys() == EXPECTED.keys()
