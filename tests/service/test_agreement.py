"""French agrees with what it lists: with one, two and three drugs of each gender no word of a card has to guess."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.scenario import run

from service.languages.render import Language

FEMININE = ("gemcitabine", "bleomycin", "doxorubicin")
MASCULINE = ("bevacizumab", "osimertinib", "pembrolizumab")
STOPPED = {"feminine": ("warfarin", "aspirin", "fluindione"), "masculine": ("apixaban", "clopidogrel", "rivaroxaban")}
RADIOTHERAPY = {"act": "radiotherapy", "site": "L3", "dose": "30 Gy", "fractions": 10, "start in": 2}
CEMENTOPLASTY = {"act": "vertebroplasty", "site": "L3", "start in": 1}

GUESSED = re.compile(
    r"\b(?:aurait|auraient|chacune?|(?:est|sont|a été|ont été) \w+ée?s?|donnée?s? le|prescrite?s? le|arrêtée?s?|prévue?s? le)\b"
)
"""A verb or a participle whose form depends on how many drugs there are, and of which gender."""


def said(order: dict[str, Any], drugs: tuple[str, ...], **told: Any) -> list[str]:
    """The lines of the cards that name one of the drugs."""
    record = {"medications": [{"drug": drug, **told} for drug in drugs]}
    cards = run({"order": order, "record": record}, Language.FRENCH).response.cards
    lines = [line for card in cards for line in (card.summary, *re.split(r"[.;\n]", card.detail))]
    names = {"warfarin": "warfarine", "aspirin": "aspirine", "bleomycin": "bléomycine", "doxorubicin": "doxorubicine"}
    wanted = [names.get(drug, drug).replace("bevacizumab", "bévacizumab") for drug in drugs]
    assert any(name in line.casefold() for name in wanted for line in lines), lines
    return [line for line in lines if any(name in line.casefold() for name in wanted)]


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(
    "drugs", [FEMININE, MASCULINE, (FEMININE[0], *MASCULINE[:2])], ids=["feminine", "masculine", "both"]
)
def test_drugs_around_radiotherapy(drugs: tuple[str, ...], count: int) -> None:
    for line in said(RADIOTHERAPY, drugs[:count], **{"days ago": 2}):
        assert not GUESSED.search(line), line


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("gender", STOPPED)
def test_drugs_to_stop_before_an_act(gender: str, count: int) -> None:
    for line in said(CEMENTOPLASTY, STOPPED[gender][:count], kind="statement", status="active", start=100):
        assert not GUESSED.search(line), line
