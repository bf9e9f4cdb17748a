"""Each figure of each table of the guideline decides, and is printed: with another one some answer and its words are others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest
from support.other_figures import (
    FOLDER,
    Figure,
    constants_with_figures,
    figures_of,
    numbers_in_functions,
    with_number,
)
from support.scenario import NOW, WORLD, Scenario, request_for, scenarios_of

from service.explain import explain
from service.guidelines import GUIDELINES
from service.languages.render import Language, render
from service.pipeline import advise
from service.rules.condition import under
from service.rules.guideline import Guideline
from service.rules.outcome import Advice
from service.services import Service, published

ANTITHROMBOTICS = ("cementoplasty-antithrombotics",)
FEW = ("oligometastatic-bone-disease", "oligometastatic-antiresorptive", "stereotactic-eligibility")
ONE_FRACTION = ("single-fraction",)
RADIOTHERAPY = ("fractionation-advice", "single-fraction", "spinal-cord-compression")
SCHEMES = ("fractionation-advice", "re-irradiation-record")
STEREOTACTIC = ("stereotactic-dose",)
SUPPLEMENTS = ("supplementation-missing", "vitamin-d-deficiency")
VITAMIN_D = ("vitamin-d-deficiency", "vitamin-d-insufficiency", "vitamin-d-excess", "supplementation-missing")
RESULTS = "mappings.facts.results"
TABLES: dict[tuple[str, str], tuple[str, ...]] = {
    ("antithrombotics", "ASPIRIN_LIMIT"): ANTITHROMBOTICS,
    ("antithrombotics", "CLOPIDOGREL"): ANTITHROMBOTICS,
    ("antithrombotics", "ASPIRIN"): ANTITHROMBOTICS,
    ("antithrombotics", "DIRECT_ORAL_ANTICOAGULANT"): ANTITHROMBOTICS,
    ("bone_scores", "MIRELS_LEVELS"): ("mirels-high", "mirels-borderline"),
    ("bone_scores", "SINS_LEVELS"): ("spinal-instability",),
    ("conditions", "FEW_BONE_METASTASES"): FEW,
    ("conditions", "SHORT_EXPECTANCY_MONTHS"): ("mirels-high", "antiresorptive-short-expectancy"),
    ("cord_dose", "CORD_LIMITS"): ("cord-dose-limit",),
    ("cord_dose", "CUMULATED_GY"): ("re-irradiation-interval",),
    ("cord_dose", "REIRRADIATION_MONTHS"): ("re-irradiation-interval",),
    ("courses", "ADVISED_YEARS"): ("antiresorptive-two-years", "antiresorptive-stopped-early"),
    ("dental", "HEALING_WEEKS"): ("dental-extraction-recent",),
    ("doses", "DENOSUMAB_MG"): ("denosumab-dose",),
    ("doses", "DENOSUMAB_TOLERANCE_MG"): ("denosumab-dose",),
    ("doses", "DOSE_TOLERANCE_MG"): ("zoledronate-renal-dose",),
    ("doses", "TABLE_2"): ("zoledronate-renal-dose",),
    ("fractionation", "SINGLE_FRACTION_GY"): ONE_FRACTION,
    ("giving", "INFUSION_MINUTES"): ("zoledronate-infusion",),
    ("haemostasis", "PLATELETS_NEEDED"): ("cementoplasty-bleeding-risk",),
    ("healing", "URGENT_DAYS"): ("treatment-after-bone-surgery",),
    ("healing", "HEALED"): ("treatment-after-bone-surgery",),
    ("healing", "OPERATED_BONE"): ("treatment-after-bone-surgery", "post-operative-radiotherapy"),
    ("healing", "OPERATED_SPINE"): ("treatment-after-bone-surgery",),
    ("imaging", "FLARE_MONTHS"): ("bone-scan-flare",),
    ("long_bones", "AXIAL_LYSIS_PERCENT"): ("cortical-lysis",),
    ("oligometastatic", "LARGEST_BELOW_CM"): FEW,
    ("oligometastatic", "MOST_SITES"): FEW,
    ("requests", "PARACETAMOL_GRAMS"): ("zoledronate-first-infusion",),
    ("requests", "VITAMIN_D_IU"): SUPPLEMENTS,
    ("schemes", "ABLATIVE_ANYWHERE"): STEREOTACTIC,
    ("schemes", "ABLATIVE_SHORTER"): SCHEMES,
    ("schemes", "ONCE"): RADIOTHERAPY,
    ("schemes", "ONCE_FOR_THE_CORD"): RADIOTHERAPY,
    ("schemes", "OTHER_BONE_RANGES"): STEREOTACTIC,
    ("schemes", "PAIN"): SCHEMES,
    ("schemes", "RE_IRRADIATION"): SCHEMES,
    ("schemes", "SHORTER"): SCHEMES,
    ("schemes", "SPINE_FEWEST"): STEREOTACTIC,
    ("schemes", "SPINE_RANGES"): STEREOTACTIC,
    ("schemes", "USUAL"): SCHEMES,
    ("schemes", "_OF_THE_BOX"): SCHEMES,
    ("schemes", "_SEVERAL_FRACTIONS"): SCHEMES,
    ("stereotactic", "FRACTURING_GY_A_FRACTION"): ("stereotactic-vertebral-fracture",),
    ("stereotactic_contraindications", "CANAL_NARROWED_PERCENT"): ("stereotactic-relative-contraindication",),
    ("stereotactic_contraindications", "CORD_DISTANCE_MM"): ("stereotactic-relative-contraindication",),
    ("stereotactic_contraindications", "RECENT_RADIOTHERAPY_MONTHS"): ("stereotactic-contraindication",),
    ("surgery", "BENEFIT_FROM_WEEKS"): ("surgery-short-life-expectancy",),
    ("surgery", "LASTING_CONTROL_YEARS"): ("surgery-life-expectancy",),
    ("vitamin_d", "CALCIUM_MG_A_DAY"): SUPPLEMENTS,
    ("vitamin_d_levels", "DEFICIENCY"): ("vitamin-d-deficiency",),
    ("vitamin_d_levels", "INSUFFICIENCY"): ("vitamin-d-insufficiency",),
    ("vitamin_d_loading", "MAINTENANCE_IU_A_DAY"): SUPPLEMENTS,
    ("windows", "TABLE_6"): ("radiosensitiser-before-radiotherapy", "radiosensitiser-after-radiotherapy"),
    (RESULTS, "CALCIUM_CRISIS_ABOVE"): ("hypercalcaemic-crisis", "hypercalcaemia"),
    (RESULTS, "DEEP_DEFICIENCY_BELOW"): VITAMIN_D,
    (RESULTS, "DEFICIENCY_BELOW"): VITAMIN_D,
    (RESULTS, "INSUFFICIENCY_BELOW"): VITAMIN_D,
    (RESULTS, "INTOXICATION_ABOVE"): VITAMIN_D,
    (RESULTS, "KIDNEY_FAILURE_BELOW"): ("bisphosphonate-severe-renal-impairment", "denosumab-severe-renal-impairment"),
    (RESULTS, "RECOMMENDED_UP_TO"): VITAMIN_D,
}
"""The constants whose figures decide, and the rules whose scenarios show what they decide."""

OTHER_NUMBERS = {
    ("antithrombotics", "HOUR"): "a unit",
    ("antithrombotics", "THE_DAY_BEFORE"): "said as «the day before»",
    ("board_sheet", "MOST_ACTS"): "lines of a section of a page; it decides nothing",
    ("board_sheet", "RECENT_DAYS"): "of a page, no rule; test_worklist.py holds it",
    ("documents", "ONC"): "an index",
    ("elsewhere", "ASTRO_YEAR"): "the year of a document",
    ("elsewhere", "ELSEWHERE"): "years of documents, which a citation prints",
    ("oligometastatic", "DEFINITION"): "indexes",
    ("quality", "REASSESSED_WITHIN_WEEKS"): "of an indicator, no rule; test_quality.py holds it",
    ("requests", "DENTAL_EXAMINATION"): "a code",
    ("requests", "INTRAVENOUS"): "a code",
    ("requests", "MONTHLY"): "said as «once a month»",
    ("requests", "ORAL"): "a code",
    ("requests", "ORTHOPANTOMOGRAM"): "a code",
    ("requests", "SUBCUTANEOUS"): "a code",
    ("scores", "MIRELS"): "points and codes, held to the published score in test_questionnaires.py",
    ("scores", "SINS"): "points and codes, held to the published score in test_questionnaires.py",
    ("scores", "VERTEBRAE"): "codes",
    (RESULTS, "ADULT_YEARS"): "of every formula for adults; tests/mappings holds it",
    (RESULTS, "TREND_DAYS"): "how old a result a card shows beside the newest; it decides nothing",
}
"""The constants with other numbers, and what these are."""

APART = frozenset({"changes", "demo_patients"})
"""Modules whose numbers are of versions that were, and of invented patients."""

SETTINGS = frozenset({"settings"})
"""Its figures are changed one by one in test_settings_decide.py."""

PRINTED_ALONE = {
    ("OPERATED_SPINE", "21"): "the end of a range whose beginning decides",
    ("ONCE_FOR_THE_CORD", "8"): "up to 10 Gy in one fraction the rule about one fraction speaks instead",
    ("ONCE_FOR_THE_CORD", "1"): "up to 10 Gy in one fraction the rule about one fraction speaks instead",
    ("CALCIUM_MG_A_DAY", "1000"): "no rule knows what is eaten",
    ("CALCIUM_MG_A_DAY", "1500"): "no rule knows what is eaten",
    **dict.fromkeys(
        (("ABLATIVE_SHORTER", "27"), ("ABLATIVE_SHORTER", "3"), ("RE_IRRADIATION", "35"), ("RE_IRRADIATION", "5")),
        "stereotactic: said of re-irradiation and few metastases, decided by the ranges",
    ),
    **dict.fromkeys(
        (
            *(("USUAL", "30"), ("USUAL", "10"), ("SHORTER", "20"), ("SHORTER", "5")),
            *(("_OF_THE_BOX", "24"), ("_OF_THE_BOX", "6")),
        ),
        "among the several fractions of Tableau 7, which are admitted in every indication",
    ),
}
"""What a card says and no rule compares, and why."""

DECIDES_ALONE = {("DOSE_TOLERANCE_MG", "0.05")}
"""What no sentence says."""

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
    suggestions = [one for card in answer.response.cards for one in card.suggestions]
    offered = [one.label for one in suggestions]
    resources = [json.dumps(action.resource) for one in suggestions for action in one.actions]
    explained = [one.line(Language.ENGLISH) for one in explain(answer, service.rules) if one.rule == scenario.rule]
    return [*decided, *words, *resources], "\n".join(
        (*cards, *offered, *explained, *declared(guideline, scenario.rule))
    )


def declared(guideline: Guideline, rule_id: str) -> tuple[str, ...]:
    """What the catalogue prints of a rule without an answer: its title, our reading, its conditions."""
    [rule] = [one for one in guideline.rules if one.id == rule_id]
    texts = [rule.title, *(one.text for one in rule.when), *([rule.reading] if rule.reading else [])]
    return tuple(render(under(guideline.settings, text), Language.ENGLISH) for text in texts)


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
    key = (figure.constant, str(figure.number))
    decides, prints = key in PRINTED_ALONE, key in DECIDES_ALONE
    for number in others(figure):
        try:
            with with_number(figure, number) as guideline:
                for scenario in scenarios:
                    decided, text = said(guideline, scenario)
                    before, text_before = usual(scenario)
                    decides |= decided != before
                    prints |= not {number, number / WEEK}.isdisjoint(numbers(text) - numbers(text_before))
                    if decides and prints:
                        return
        except (ValueError, KeyError):
            continue  # the table refuses it
    pytest.fail(f"decides: {decides}, printed: {prints}")


MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in APART)


@pytest.mark.parametrize("module", [*MODULES, RESULTS])
def test_every_figure_of_a_constant_is_changed_here(module):
    told = {constant for name, constant in (*TABLES, *OTHER_NUMBERS) if name == module}
    assert set(constants_with_figures(module)) == told


@pytest.mark.parametrize("module", [one for one in MODULES if one not in SETTINGS])
def test_no_figure_stands_in_a_function(module):
    assert [(line, number) for line, number in numbers_in_functions(module)] == []
