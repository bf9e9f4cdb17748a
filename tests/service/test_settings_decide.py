"""Each clinical setting decides: with another figure some answer to the scenarios of the rules that read it is another."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest
from support.scenario import NOW, SERVICES, WORLD, Scenario, answer_to, request_for, scenarios_of

from mappings.facts import setting_texts
from service.catalogue.entries import catalogue
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.pipeline import HookAnswer, advise

GUIDELINE = GUIDELINES[0]
FACTORS = (2, 0.5, 10, 0)


@cache
def readers() -> dict[str, tuple[str, ...]]:
    """The rules that read each setting, as the catalogue prints them."""
    whole = catalogue(GUIDELINE, Language.ENGLISH, GUIDELINE.settings)
    rules = [entry for chapter in whole.chapters for entry in chapter.entries]
    return {
        name: tuple(entry.id for entry in rules if name in {read for read, _, _ in entry.settings})
        for name in setting_texts(GUIDELINE.settings)
    }


def said(answer: HookAnswer) -> list[tuple[str, str, str]]:
    """What a person reads of an answer, and what a safety officer does."""
    cards = [(card.indicator, card.summary, card.detail) for card in answer.response.cards]
    return cards + [("", one.rule.id, type(one.outcome).__name__) for one in answer.outcomes]


def under(scenario: Scenario, name: str, figure: int | Decimal) -> list[tuple[str, str, str]]:
    request = request_for(scenario.told)
    world = replace(WORLD, clinical={GUIDELINE.id: replace(GUIDELINE.settings, **{name: figure})})
    service = SERVICES[f"bone-metastases-{request['hook']}"]
    return said(advise(request, service, world, now=NOW, language=Language.ENGLISH))


@pytest.mark.parametrize("name", setting_texts(GUIDELINE.settings))
def test_another_figure_gives_another_answer(name):
    usual = getattr(GUIDELINE.settings, name)
    scenarios = [scenario for rule in readers()[name] for scenario in scenarios_of(rule)]
    assert any(
        under(scenario, name, type(usual)(usual * Decimal(str(factor)))) != said(answer_to(scenario))
        for factor in FACTORS
        for scenario in scenarios
    ), f"no scenario of {', '.join(readers()[name])} shows what {name} decides"
