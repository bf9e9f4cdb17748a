"""Each figure of each table of the guideline decides, and is printed: with another one some answer and its words are others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest
from support.other_figures import Figure, figures_of, with_number
from support.scenario import NOW, WORLD, Scenario, request_for, scenarios_of

from service.explain import explain
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.pipeline import advise
from service.rules.guideline import Guideline
from service.rules.outcome import Advice
from service.services import Service, published

ANTITHROMBOTICS = ("cementoplasty-antithrombotics",)
RADIOTHERAPY = ("fractionation-advice", "single-fraction", "spinal-cord-compression")
TABLES: dict[tuple[str, str], tuple[str, ...]] = {
    ("antithrombotics", "ASPIRIN_LIMIT"): ANTITHROMBOTICS,
    ("antithrombotics", "CLOPIDOGREL"): ANTITHROMBOTICS,
    ("antithrombotics", "ASPIRIN"): ANTITHROMBOTICS,
    ("antithrombotics", "DIRECT_ORAL_ANTICOAGULANT"): ANTITHROMBOTICS,
    ("bone_scores", "MIRELS_LEVELS"): ("mirels-high", "mirels-borderline"),
    ("bone_scores", "SINS_LEVELS"): ("spinal-instability",),
    ("cord_dose", "CORD_LIMITS"): ("cord-dose-limit",),
    ("cord_dose", "CUMULATED_GY"): ("re-irradiation-interval",),
    ("cord_dose", "REIRRADIATION_MONTHS"): ("re-irradiation-interval",),
    ("doses", "DENOSUMAB_MG"): ("denosumab-dose",),
    ("doses", "TABLE_2"): ("zoledronate-renal-dose",),
    ("haemostasis", "PLATELETS_NEEDED"): ("cementoplasty-bleeding-risk",),
    ("healing", "URGENT_DAYS"): ("treatment-after-bone-surgery",),
    ("healing", "HEALED"): ("treatment-after-bone-surgery",),
    ("healing", "OPERATED_BONE"): ("treatment-after-bone-surgery", "post-operative-radiotherapy"),
    ("healing", "OPERATED_SPINE"): ("treatment-after-bone-surgery",),
    ("long_bones", "AXIAL_LYSIS_PERCENT"): ("cortical-lysis",),
    ("vitamin_d_levels", "RECOMMENDED"): ("vitamin-d-excess",),
    ("vitamin_d_levels", "DEFICIENCY"): ("vitamin-d-deficiency",),
    ("vitamin_d_levels", "INSUFFICIENCY"): ("vitamin-d-insufficiency",),
    ("schemes", "ONCE"): RADIOTHERAPY,
    ("windows", "TABLE_6"): ("radiosensitiser-before-radiotherapy", "radiosensitiser-after-radiotherapy"),
}
"""The constants whose figures are those of a table of the documents, and the rules whose scenarios show what they decide."""

PRINTED_ALONE = {("OPERATED_SPINE", "21")}
"""The end of a range whose beginning decides."""

FIGURES = [(figure, rules) for (module, row), rules in TABLES.items() for figure in figures_of(module, row)]
STEPS = tuple(map(Decimal, ("1", "-1", "3", "-3", "7", "17", "10", "-10", "-40", "-80")))
WEEK = 7
"""A number of days is printed as weeks where it is one."""


@cache
def usual(scenario: Scenario) -> tuple[list[object], str]:
    return said(GUIDELINES[0], scenario)


def said(guideline: Guideline, scenario: Scenario) -> tuple[list[object], str]:
    """What the rules decide of a scenario, and all that a person reads of it."""
    request = request_for(scenario.told)
    world = replace(WORLD, clinical={guideline.id: guideline.settings})
    service = services_of(guideline)[f"{guideline.id}-{request['hook']}"]
    answer = advise(request, service, world, now=NOW, language=Language.ENGLISH)
    decided: list[object] = [
        (one.rule.id, type(one.outcome).__name__, isinstance(one.outcome, Advice) and one.outcome.indicator.value)
        for one in answer.outcomes
    ]
    cards = [f"{card.summary} {card.detail}" for card in answer.response.cards]
    words = [re.sub(r"[\d.]+", "", card) for card in cards]
    offered = [one.label for card in answer.response.cards for one in card.suggestions]
    explained = [one.line(Language.ENGLISH) for one in explain(answer, service.rules) if one.rule == scenario.rule]
    return [*decided, *words], "\n".join((*cards, *offered, *explained))


def figure_is_printed_alone(figure: Figure) -> bool:
    return (figure.constant, str(figure.number)) in PRINTED_ALONE


@cache
def services_of(guideline: Guideline) -> dict[str, Service]:
    return published((guideline,), split=False, terminology=WORLD.terminology)


def numbers(text: str) -> set[Decimal]:
    return {Decimal(one) for one in re.findall(r"\d+(?:\.\d+)?", text.replace("\u00a0", ""))}


def others(figure: Figure) -> Iterator[Decimal]:
    """Numbers near a figure, of as many digits."""
    for step in STEPS:
        if (number := figure.number + step.scaleb(min(0, int(figure.number.as_tuple().exponent)))) > 0:
            yield number


@pytest.mark.parametrize(("figure", "rules"), FIGURES, ids=lambda one: str(one) if isinstance(one, Figure) else "")
def test_another_figure_gives_another_answer_and_is_printed(figure, rules):
    scenarios = [scenario for rule in rules for scenario in scenarios_of(rule)]
    decides, prints = figure_is_printed_alone(figure), False
    for number in others(figure):
        try:
            guideline = with_number(figure, number)
        except (ValueError, KeyError):
            continue  # the table refuses it
        for scenario in scenarios:
            decided, text = said(guideline, scenario)
            before, text_before = usual(scenario)
            decides |= decided != before
            prints |= not {number, number / WEEK}.isdisjoint(numbers(text) - numbers(text_before))
            if decides and prints:
                return
    pytest.fail(f"decides: {decides}, printed: {prints}")
