"""The scenarios of a rule: its examples and those of `tests/scenarios`, told as `service.demo.scenario` reads them.

Beside what it tells of the patient, each has what is expected:

because: ...                                    # a part of the reason of a silence, in English (optional)
offers: [delete]                                # labels (parts of them), each must be there; [] means none
says: [contraindicated]                         # parts of summary or detail, in English
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from service.demo.scenario import PATIENT, told_request, with_prefetch
from service.demo.synthetic import SyntheticRecord
from service.evaluate import RuleOutcome
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.pipeline import HookAnswer, advise
from service.rules.outcome import Advice, CannotTell, Failure
from service.services import published
from service.settings import read_settings
from service.world import World

NOW = datetime(2026, 3, 31, 9, 30, tzinfo=ZoneInfo("Pacific/Auckland"))
"""Off UTC, at the end of a month, in the days of another date in Europe: bad handling of zones shows."""

BASE = GUIDELINES[0].taken_for_granted
SCENARIOS = Path(__file__).parents[1] / "scenarios"
SETTINGS = replace(read_settings({}), allow_unauthenticated=True, timezone=ZoneInfo("Pacific/Auckland"))
WORLD = World.from_settings(SETTINGS)
SERVICES = published(GUIDELINES, split=False, terminology=WORLD.terminology)


@dataclass(frozen=True, eq=False)
class Scenario:
    """One scenario of the rule that its file is named after."""

    rule: str
    told: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.told["name"])


@cache
def scenarios_of(rule: str) -> tuple[Scenario, ...]:
    """The scenarios of one rule, the same objects each time: the examples beside the rules, and the others."""
    folders = (GUIDELINES[0].folder / "examples", SCENARIOS)
    paths = [path for folder in folders if (path := folder / f"{rule}.yaml").exists()]
    return tuple(
        Scenario(rule, told) for path in paths for told in yaml.safe_load(path.read_text(encoding="utf-8")) or ()
    )


def request_for(told: dict[str, Any], hook: str | None = None) -> dict[str, Any]:
    """The hook request of a scenario: its record as a complete prefetch, its orders as drafts."""
    record, request = record_and_hook(told, PATIENT, hook)
    service = SERVICES[f"bone-metastases-{request['hook']}"]
    return with_prefetch(request, record, service, told.get("unavailable") or [])


def record_and_hook(
    told: dict[str, Any], patient: str, hook: str | None = None
) -> tuple[SyntheticRecord, dict[str, Any]]:
    """The record that is told, and the request of its hook without any prefetch."""
    return told_request(told, NOW.date(), BASE, patient=patient, hook=hook or "")


def prefetch_of(resources: list[dict[str, Any]], hook: str) -> dict[str, Any]:
    """A complete prefetch of these resources."""
    record = SyntheticRecord(PATIENT, NOW.date())
    record.resources[:] = resources
    request: dict[str, Any] = with_prefetch({}, record, SERVICES[f"bone-metastases-{hook}"], [])
    prefetch: dict[str, Any] = request["prefetch"]
    return prefetch


@cache
def answer_to(scenario: Scenario, language: Language = Language.ENGLISH) -> HookAnswer:
    """The whole answer to a scenario; each is computed once per test run."""
    return run(scenario.told, language)


def run(told: dict[str, Any], language: Language = Language.ENGLISH) -> HookAnswer:
    """The whole answer to a scenario."""
    request = request_for(told)
    service = SERVICES[f"bone-metastases-{request['hook']}"]
    return advise(request, service, WORLD, now=NOW, language=language)


def outcome_word(answered: list[RuleOutcome]) -> str:
    """What a rule answered, in the words of a scenario: its most severe answer over all orders."""
    order = ["critical", "warning", "info", "failed", "cannot tell", "silent"]
    words = ["silent"]
    for one in answered:
        match one.outcome:
            case Advice() as advice:
                words.append(advice.indicator.value)
            case CannotTell():
                words.append("cannot tell")
            case Failure():
                words.append("failed")
    return min(words, key=order.index)
