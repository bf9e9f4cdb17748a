"""One answer, as it is handed over once it is sent, and the rows that are made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from string import Formatter
from typing import Any, TypeAlias

import orjson

from cds_hooks import Card
from mappings.facts import ActOrder, DrugOrder, FactSettings, Order, RadiotherapyOrder, Unavailable
from mappings.wording import Amount, Text, Verbatim
from service.evaluate import RuleOutcome
from service.languages.render import Language
from service.ledger.facts import facts_of
from service.ledger.fingerprints import of_card, of_cards
from service.ledger.tables import LONGEST_ID, LONGEST_NAME, harmless
from service.rules.condition import Condition
from service.rules.guideline import EXTENSION, OSTEOCDS, versions
from service.rules.outcome import Advice, CannotTell, Failure, Silence
from service.services import Service

PARTS = {"rules": "advises", "unchecked": "unchecked", "notShown": "not shown"}
"""What a card does with rules, by the member of its extension that lists them."""

MOST_MISSING = 50
"""Facts of one outcome that are named."""

LONGEST_URL = 500


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer to a hook: values that nobody changes any more, and nothing of the record besides what outcomes rest on.

    `as_of` is the clock of the answer; `fingerprints` are those of request, rules, value sets and settings by the names of their
    columns. `fhir_calls` are the HTTP requests that were made to the FHIR server. `request` is the body without its token, and
    `keeps_facts` says so, where the site keeps them. In `shadow` the cards were not shown.
    """

    service: Service
    client: str
    hook_instance: str
    patient_id: str
    language: Language
    as_of: datetime
    took_seconds: float
    public_url: str
    outcomes: tuple[RuleOutcome, ...]
    cards: tuple[Card, ...]
    settings: FactSettings
    fingerprints: Mapping[str, str]
    fhir_calls: int = 0
    request: str = ""
    keeps_facts: bool = False
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one answer, by table; those of all but `answer` lack its key, which the database gives.

    Those others have a value for each column, as the drivers take it: JSON is a text.
    """

    answer: dict[str, Any]
    cards: list[dict[str, Any]]
    card_rules: list[dict[str, Any]]
    outcomes: list[dict[str, Any]]
    facts: list[dict[str, Any]]
    requests: list[dict[str, Any]]


def rows_of(answered: Answered, patient: str | None) -> Rows:
    """The rows of one answer; `patient` is the patient's pseudonym."""
    of_cards_alone = [of_card(card) for card in answered.cards]
    guideline = answered.service.guideline
    asked = {one.rule.id for one in answered.outcomes}
    said = versions(guideline)
    answer = {
        "hook_instance": harmless(answered.hook_instance, LONGEST_ID),
        "client": harmless(answered.client, LONGEST_NAME),
        "service": answered.service.id,
        "hook": answered.service.hook.value,
        "guideline": guideline.id,
        "patient": patient,
        "language": answered.language.value,
        "service_version": said[OSTEOCDS],
        "rules_version": guideline.version,
        **answered.fingerprints,
        "cards_fingerprint": of_cards(of_cards_alone),
        "received_at": answered.as_of,
        "answered_at": answered.as_of + timedelta(seconds=answered.took_seconds),
        "took_ms": round(answered.took_seconds * 1000, 3),
        "as_of": answered.as_of.isoformat(),
        "public_url": harmless(answered.public_url, LONGEST_URL),
        "not_about": " ".join(rule.id for rule in answered.service.rules if rule.id not in asked),
    }
    cards, card_rules = [], []
    kinds = _kinds(answered.outcomes)
    for position, (card, print_) in enumerate(zip(answered.cards, of_cards_alone, strict=True)):
        of_its_rules = list(_rules_of(card))
        cards.append(
            {
                "uuid": card.uuid,
                "position": position,
                "topic": card.source.topic.code,
                "indicator": card.indicator,
                "order_kind": " ".join(dict.fromkeys(kind for _, rule in of_its_rules for kind in kinds.get(rule, ()))),
                "language": answered.language.value,
                "rules_version": guideline.version,
                "fingerprint": print_,
            }
        )
        card_rules += [{"card": card.uuid, "part": part, "rule": rule} for part, rule in of_its_rules]
    outcomes = [_outcome(position, one, answered.settings) for position, one in enumerate(answered.outcomes)]
    facts, facts_left_out = facts_of(answered.outcomes) if answered.keeps_facts else ([], None)
    answer |= {
        "fhir_calls": answered.fhir_calls,
        "facts_left_out": facts_left_out,
        "shadow": answered.shadow,
    }
    requests = [{"body": answered.request}] if answered.request else []
    return Rows(answer, cards, card_rules, outcomes, facts, requests)


def _rules_of(card: Card) -> Iterator[tuple[str, str]]:
    told = card.extension.get(EXTENSION, {})
    for member, part in PARTS.items():
        for rule in dict.fromkeys(told.get(member, ())):
            yield part, rule


def _kinds(outcomes: Sequence[RuleOutcome]) -> dict[str, dict[str, None]]:
    """The kinds of the orders that each rule spoke about, or could not."""
    kinds: dict[str, dict[str, None]] = {}
    for one in outcomes:
        if one.order is not None and not isinstance(one.outcome, Silence):
            kinds.setdefault(one.rule.id, {})[order_kind(one.order)] = None
    return kinds


def order_kind(order: Order | None) -> str:
    """What is ordered, in a word; empty where a rule is about the patient."""
    match order:
        case None:
            return ""
        case DrugOrder():
            return "drug"
        case RadiotherapyOrder():
            return "radiotherapy"
        case ActOrder():
            return "act"
        case _:
            return "unreadable"


def _outcome(position: int, one: RuleOutcome, settings: FactSettings) -> dict[str, Any]:
    row: dict[str, Any] = {
        "position": position,
        "rule": one.rule.id,
        "order_index": None if one.order is None else one.order.index,
        "order_kind": order_kind(one.order),
        "outcome": one.word,
        "indicator": None,
        "condition": None,
        "missing": None,
        "error": None,
    }
    match one.outcome:
        case Advice() as advice:
            row["indicator"] = advice.indicator.value
        case Silence() as silence:
            row["condition"] = without_the_record(silence.because, settings, figures_of(one.rule.when))
        case CannotTell() as unknown:
            missing = [_missing(fact, settings, figures_of(one.rule.when)) for fact in unknown.missing[:MOST_MISSING]]
            row["missing"] = orjson.dumps(missing).decode()
        case Failure() as failure:
            row["error"] = failure.error
    return row


def _missing(fact: Unavailable, settings: FactSettings, figures: Figures) -> dict[str, Any]:
    why = [without_the_record(text, settings, figures) for text in fact.why[:MOST_MISSING]]
    return {"fact": without_the_record(fact.what, settings, figures), "why": why}


Figures: TypeAlias = frozenset[tuple[str, object]]


@cache
def figures_of(conditions: tuple[Condition, ...]) -> Figures:
    """The figures that the conditions of a rule declare, by name: they stand in its words, and are nobody's results."""
    declared = (pair for one in conditions for pair in one.text.parameters.items())
    return frozenset(pair for pair in declared if isinstance(pair[1], int | Decimal | Amount))


def without_the_record(text: Text, settings: FactSettings, figures: Figures = frozenset()) -> str:
    """A sentence in English with nothing of the record; of its parameters sentences, rules and figures of ours.

    What is left out stands as its name in braces.
    """
    if isinstance(text, Verbatim):
        return "{words}"
    message = text.message
    if "{" not in message:
        return message
    return "".join(
        literal if name is None else literal + _parameter(text, name, settings, figures)
        for literal, name in _parts(message)
    )


@lru_cache(maxsize=1024)
def _parts(message: str) -> tuple[tuple[str, str | None], ...]:
    """What stands before each parameter of a message, and its name; the messages are ours, and come again and again."""
    return tuple((literal, name) for literal, name, _spec, _conversion in Formatter().parse(message))


def _parameter(text: Text, name: str, settings: FactSettings, figures: Figures) -> str:
    value = text.parameters.get(name)
    if isinstance(value, Text):
        return without_the_record(value, settings, figures)
    if isinstance(value, int | Decimal | Amount) and (name, value) in figures:
        return f"{value.value} {value.unit}" if isinstance(value, Amount) else str(value)
    if (name == "rule" and isinstance(value, str)) or (
        name in settings.__dataclass_fields__ and isinstance(value, int)
    ):
        return str(value)
    return f"{{{name}}}"
