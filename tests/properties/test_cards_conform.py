"""A card that can be made can be sent: whatever its parts hold, what passes its own checks fits the schema of the wire."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from marshmallow import validate

from cds_hooks.card import (
    INDICATORS,
    PLAIN_URL,
    SELECTION_BEHAVIORS,
    Action,
    Card,
    Coding,
    InvalidCard,
    Link,
    Source,
    Suggestion,
)
from cds_hooks.schemas import CardSchema


def mostly(usual, odd):
    """Nearly every part must be right for a card to be made at all."""
    return st.integers(0, 19).flatmap(lambda drawn: odd if drawn == 0 else usual)


TEXTS = mostly(st.text(min_size=1, max_size=20), st.sampled_from(["", " ", "\n", "\u00a0", "\u200b"]))
URLS = mostly(
    st.sampled_from(["https://example.org/a", "http://localhost:8080/"]),
    st.one_of(st.sampled_from(["", " ", "ftp://example.org", "javascript:alert(1)", "//x"]), st.text(max_size=20)),
)
UUIDS = mostly(
    st.uuids().map(str), st.one_of(st.sampled_from(["", "1", "00000000-0000-0000-0000-000000000000\n"]), st.text())
)
REFERENCES = st.sampled_from(
    ["MedicationRequest/1", "MedicationRequest/a_b", "x", "", "A/b c", "MedicationRequest/1\n"]
)
RESOURCES = st.sampled_from([None, {}, {"resourceType": "MedicationRequest"}])


def made(kind, **parts):
    """The parts as they come, and the thing where it can be made."""

    def make(values):
        try:
            return kind(**values)
        except InvalidCard:
            return None

    return st.fixed_dictionaries(parts).map(make)


def some(strategy, most=2):
    return st.lists(strategy.filter(lambda one: one is not None), max_size=most).map(tuple)


CODINGS = made(Coding, system=TEXTS, code=TEXTS, display=TEXTS)
ACTIONS = made(
    Action,
    type=st.sampled_from(["create", "update", "delete", "", "remove"]),
    description=TEXTS,
    resource=RESOURCES,
    resource_id=REFERENCES,
)
SUGGESTIONS = made(Suggestion, label=TEXTS, actions=some(ACTIONS), uuid=UUIDS)
CARDS = made(
    Card,
    summary=mostly(TEXTS, st.text(min_size=135, max_size=145)),
    indicator=mostly(st.sampled_from(sorted(INDICATORS)), st.sampled_from(["", "hard-stop"])),
    source=made(Source, label=TEXTS, topic=CODINGS.filter(lambda one: one is not None), url=URLS).filter(
        lambda one: one is not None
    ),
    detail=TEXTS,
    suggestions=some(SUGGESTIONS),
    selection_behavior=mostly(st.sampled_from(sorted(SELECTION_BEHAVIORS)), st.sampled_from(["all", ""])),
    override_reasons=some(CODINGS),
    links=some(
        made(Link, label=TEXTS, url=URLS, type=mostly(st.sampled_from(["absolute", "smart"]), st.just("other")))
    ),
    extension=st.just({}),
    uuid=UUIDS,
)


@given(card=CARDS)
def test_what_can_be_made_fits_the_schema(card):
    if card is not None:
        assert CardSchema().validate(json.loads(json.dumps(card.to_json()))) == {}


@given(st.from_regex(PLAIN_URL, fullmatch=True))
def test_a_url_that_is_taken_for_plain_is_one(url):
    assert validate.URL(require_tld=False, schemes={"http", "https"})(url) == url
