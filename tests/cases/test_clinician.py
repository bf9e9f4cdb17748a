"""Requests of realistic patients, and what an oncologist wanted to see of the answer, in French.

`clinician/wanted.tsv` has a line a case: regular expressions over the lines of the answer, one a rule of each card,
«indicator:rule | summary | first line of the detail | offers», with plain spaces and apostrophes.
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

CASES = Path(__file__).parent / "clinician"
AS_OF = datetime.fromisoformat("2026-11-30T09:00:00+01:00")
with (CASES / "wanted.tsv").open(encoding="utf-8", newline="") as table:
    WANTED = {row["case"]: row for row in csv.DictReader(table, delimiter="\t")}
PLAIN = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2019": "'"})


@cache
def client() -> Ehr:
    return ehr(AS_OF, timezone=ZoneInfo("Europe/Paris"))


def lines(cards: list[dict[str, Any]]) -> str:
    return "\n".join(line for card in cards for line in lines_of(card)).translate(PLAIN)


def lines_of(card: dict[str, Any]) -> list[str]:
    told = card.get("extension", {}).get("org.osteocds", {})
    rules = [*told.get("rules", ()), *(f"unchecked {rule}" for rule in told.get("unchecked", ()))]
    first = card.get("detail", "").partition("\n")[0]
    offers = "; ".join(suggestion["label"] for suggestion in card.get("suggestions", ()))
    topic = card["source"].get("topic", {}).get("code", "")
    return [f"{card['indicator']}:{rule} | {card['summary']} | {first} | {offers}" for rule in rules or [topic]]


@pytest.mark.parametrize("case", sorted(WANTED))
def test_the_answer_has_what_was_wanted_and_none_of_the_noise(case):
    request = json.loads((CASES / f"{case}.json").read_text(encoding="utf-8"))
    said = lines(client().cards(request, headers={"Accept-Language": "fr"}))
    for part in filter(None, WANTED[case]["must match"].split(" && ")):
        assert re.search(part, said), (part, said or "no card")
    for part in filter(None, WANTED[case]["must not match"].split(" && ")):
        assert not re.search(part, said), (part, said)


def test_every_case_has_a_line():
    assert {path.stem for path in CASES.glob("*.json")} == WANTED.keys()
