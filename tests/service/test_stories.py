"""Whole stories: a person, a record, an order, and every card of the answer, through HTTP and a real FHIR server.

Each file of `stories/` is told in the words of the scenarios (`scenario.py`), and can be read by a clinician:

- `who`, `story`: the person and the situation, for the reader;
- `record`, `order` or `orders`, `hook`, `only`: as in a scenario; the day is that of `scenario.NOW`, 31 March 2026;
- `server`: absent, the hospital's FHIR server holds the record; `down`, it does not answer;
- `cards`: all of them, the most urgent first. Of each: the rules that speak (or are `unchecked`), the indicator, the whole
  summary in English and French, parts of what it `says`, the labels of its `offers`, the questionnaires that it `links` to;
- `not said`: what no card may say.

Nobody here is a real person.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from support.ehr import check_hook_answer
from support.scenario import record_and_hook
from support.serving import served

from service.demo.embedded_fhir import ServerMissingError, embedded_fhir, free_port
from service.languages.render import untyped

STORIES = sorted((Path(__file__).parents[1] / "stories").glob("*.yaml"))
SEKMET = Path(__file__).parents[2] / ".venv-sekmet" / "bin" / "sekmet"
RANKS = ["critical", "warning", "info"]

Card = dict[str, Any]


@dataclass(frozen=True)
class Hospital:
    """The FHIR server with the records, an address where none answers, and the service that looks things up there."""

    fhir: str
    down: str
    service: str
    session: requests.Session

    def load(self, resources: list[dict[str, Any]]) -> None:
        entries = [
            {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
            for one in resources
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        self.session.post(self.fhir, json=bundle, timeout=60).raise_for_status()

    def fire(self, request: dict[str, Any], language: str) -> list[Card]:
        url = f"{self.service}/cds-services/bone-metastases-{request['hook']}"
        answer = self.session.post(url, json=request, headers={"Accept-Language": language}, timeout=60)
        assert answer.status_code == 200, answer.text
        check_hook_answer(answer.json())
        cards: list[Card] = answer.json()["cards"]
        return cards


@pytest.fixture(scope="module")
def hospital() -> Iterator[Hospital]:
    down = f"http://127.0.0.1:{free_port()}/fhir"
    try:
        with (
            embedded_fhir(SEKMET) as fhir,
            served(fhir_bases=(fhir, down), deadline_seconds=30) as service,
            requests.Session() as session,
        ):
            session.trust_env = False
            yield Hospital(fhir, down, service, session)
    except ServerMissingError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_story_ends_with_its_cards(path: Path, hospital: Hospital) -> None:
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    record, request = record_and_hook(told, path.stem)
    hospital.load(record.resources)
    request["fhirServer"] = hospital.down if told.get("server") == "down" else hospital.fhir
    english, french = (hospital.fire(request, language) for language in ("en", "fr"))
    assert [named_as(card) for card in english] == [named_as(card) for card in french]
    expected = told["cards"]
    assert sorted(map(named_as, english)) == sorted(map(told_as, expected))
    assert [card["indicator"] for card in english] == sorted((one["indicator"] for one in expected), key=RANKS.index)
    for card, same in zip(english, french, strict=True):
        check_card(next(one for one in expected if told_as(one) == named_as(card)), card, same)
    for card in (*english, *french):
        for part in told.get("not said", ()):
            assert part.casefold() not in words_of(card).casefold(), words_of(card)
        names = told["record"]["name"].split()
        assert not set(names) & set(re.findall(r"\w+", words_of(card))), "a card does not name the patient"


def named_as(card: Card) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """What tells one card of an answer from another: its indicator, its rules, those that could not be checked."""
    said = card["extension"]["org.osteocds"]
    return card["indicator"], tuple(sorted(said.get("rules", ()))), tuple(sorted(said.get("unchecked", ())))


def told_as(expected: dict[str, Any]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The same of a card that a story tells."""
    return (
        expected["indicator"],
        tuple(sorted(expected.get("rules", ()))),
        tuple(sorted(expected.get("unchecked", ()))),
    )


def check_card(expected: dict[str, Any], english: Card, french: Card) -> None:
    assert plain(english["summary"]) == expected["en"]
    assert plain(french["summary"]) == expected["fr"]
    labels = [plain(one["label"]) for one in english.get("suggestions", ())]
    assert labels == expected.get("offers", [])
    assert len(french.get("suggestions", ())) == len(labels)
    for part in expected.get("says", ()):
        assert part.casefold() in words_of(english).casefold(), words_of(english)
    page = re.compile(r"/questionnaires/(\w+)\?lang=en#subject=Patient/")
    links = [page.search(link["url"]) for link in english.get("links", ())]
    assert [link and link[1] for link in links] == expected.get("links", [])


def words_of(card: Card) -> str:
    labels = [one["label"] for one in card.get("suggestions", ())]
    return plain("\n".join([card["summary"], card.get("detail", ""), *labels]))


def plain(text: str) -> str:
    """With the signs of a keyboard."""
    return untyped(text)


def test_there_are_twenty_stories_and_each_says_who_and_what() -> None:
    told = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in STORIES]
    assert len(told) >= 20
    assert all(one["who"] and one["story"] and one["record"]["name"] for one in told)
    assert len({one["record"]["name"] for one in told}) == len(told)
