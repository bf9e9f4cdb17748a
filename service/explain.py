"""Why each rule of a service spoke or stayed silent: one line a rule, with the facts that it used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from mappings.facts import Order
from mappings.values import value
from mappings.wording import Text, _, asides
from service.cards.results import lines, resources
from service.cards.topics import NOT_IDENTIFIED
from service.evaluate import RuleOutcome
from service.languages.render import COLONS, SEMICOLONS, Language, plain, render, sentence
from service.pipeline import HookAnswer
from service.rules.guideline import EXTENSION, Rounding
from service.rules.outcome import Advice, CannotTell, Failure, Silence
from service.rules.rule import Rule
from service.rules.unidentified import not_identified

NOT_TRIGGERED = _("no order of the request triggers it")
CONDITION = _("does not hold: {condition}")

OUTCOMES = {
    "advises": _("advises"),
    "silent": _("silent"),
    "cannot tell": _("cannot tell"),
    "failed": _("failed"),
    "told": _("told on a card"),
    "not told": _("told on no card"),
}
"""What a rule did, or became of an order that could not be identified, in words."""


@value
class Explained:
    """One rule's answer in words. `outcome` is advises, silent, cannot tell or failed.

    An order that could not be identified has one too, whose `rule` is the topic of the quiet card: told, or not told.
    """

    rule: str
    order: str
    outcome: str
    because: tuple[Text, ...]
    facts: tuple[Text, ...]
    resources: tuple[str, ...]

    @property
    def hints(self) -> tuple[Text, ...]:
        """What whoever runs the systems may do about it."""
        return tuple(dict.fromkeys(hint for text in (*self.because, *self.facts) for hint in asides(text).hints))

    def words(self, language: Language) -> tuple[str, str, str]:
        """Why, the facts, and what may be done about it, on one line each; the same few are said of most patients of a cohort."""
        return _words(self.because, self.facts, language)

    def line(self, language: Language) -> str:
        """One line: id, outcome, reason, facts, and what whoever runs the systems may do about it."""
        about = f" [{self.order}]" if self.order else ""
        said = on_one_line((*self.because, *self.facts, *self.hints), language)
        outcome = render(OUTCOMES[self.outcome], language)
        return f"{self.rule}{about}{COLONS[language]} {outcome}" + (f" — {said}" if said else "")

    def to_json(self, language: Language) -> dict[str, Any]:
        """The same as JSON, without empty members."""
        members: dict[str, Any] = {
            "rule": self.rule,
            "order": self.order,
            "outcome": self.outcome,
            "because": [sentence(text, language) for text in self.because],
            "facts": [sentence(text, language) for text in self.facts],
            "resources": list(self.resources),
        }
        return {name: value for name, value in members.items() if value}


def explain(answer: HookAnswer, rules: tuple[Rule, ...]) -> Iterator[Explained]:
    """Every rule of the service, in its order, about every order that it was asked about; then the orders without a rule."""
    answered: dict[str, list[RuleOutcome]] = {}
    for one in answer.outcomes:
        if (several := answered.get(one.rule.id)) is None:
            answered[one.rule.id] = [one]
        else:
            several.append(one)
    for rule in rules:
        if rule.id not in answered:
            yield Explained(rule.id, "", "silent", (NOT_TRIGGERED,), (), ())
        for one in answered.get(rule.id, ()):
            yield _explained(one, answer.rounding)
    for order in not_identified(answer.orders):
        because = () if order.unidentified_because is None else (order.unidentified_because,)
        outcome = "told" if order in answer.told else "not told"
        yield Explained(NOT_IDENTIFIED, _called(order), outcome, because, (), tuple(filter(None, (order.reference,))))


@lru_cache(maxsize=8192)
def _words(because: tuple[Text, ...], facts: tuple[Text, ...], language: Language) -> tuple[str, str, str]:
    hints = dict.fromkeys(hint for text in (*because, *facts) for hint in asides(text).hints)
    return on_one_line(because, language), on_one_line(facts, language), on_one_line(hints, language)


def on_one_line(texts: Iterable[Text], language: Language) -> str:
    """Sentences one after the other, without markup."""
    return SEMICOLONS[language].join(plain(sentence(text, language)) for text in texts)


def _called(order: Order | None) -> str:
    return "" if order is None else order.reference or order.name.message


def explanation(answer: HookAnswer, rules: tuple[Rule, ...], language: Language) -> dict[str, Any]:
    """The explanation as the `extension` of an answer."""
    return {EXTENSION: {"explanation": [one.to_json(language) for one in explain(answer, rules)]}}


def _explained(one: RuleOutcome, rounding: Rounding) -> Explained:
    order = _called(one.order)
    because: tuple[Text, ...]
    if isinstance(one.outcome, Silence) and not one.outcome.basis:
        return Explained(one.rule.id, order, "silent", _unmet(one.outcome.because), (), ())
    match one.outcome:
        case Advice() as advice:
            basis = advice.basis
            because = (
                _(
                    "{indicator}: {summary}",
                    indicator=advice.indicator.said,
                    summary=advice.summary,
                ),
            )
        case Silence() as silence:
            basis = silence.basis
            because = _unmet(silence.because)
        case CannotTell() as unknown:
            basis = unknown.basis
            because = tuple(_("{what}: {why}", what=fact.what, why=why) for fact in unknown.missing for why in fact.why)
        case Failure() as failure:
            basis = ()
            because = (_("a defect of the service ({error})", error=failure.error),)
    if not basis:
        return Explained(one.rule.id, order, one.word, because, (), ())
    facts = tuple(dict.fromkeys(lines(basis, rounding)))
    return Explained(one.rule.id, order, one.word, because, facts, tuple(dict.fromkeys(resources(basis))))


@lru_cache(maxsize=1024)
def _unmet(condition: Text) -> tuple[Text, ...]:
    """That a condition does not hold; the same ones do not hold of most patients."""
    return (CONDITION.with_(condition=condition),)
