"""The examples of a rule: a few scenarios at its thresholds, kept beside the rules, asked of the rules themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import combinations
from typing import Any

import yaml

from mappings.facts import FactSettings
from service.demo.scenario import hook_of, told_request, with_prefetch
from service.evaluate import ask
from service.gathering.allowlist import Allowlist
from service.gathering.fhir_server import new_session
from service.gathering.outbound import Outbound
from service.languages.render import Language
from service.pipeline import HookAnswer, advise
from service.rules.guideline import Guideline, terminology_of
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import Rule
from service.services import Service, published
from service.world import World

NOW = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)
"""The moment of every example."""


@dataclass(frozen=True, eq=False)
class Example:
    """One example of a rule, as it is told in `examples/<rule id>.yaml` of the guideline's folder."""

    rule: Rule
    told: Mapping[str, Any]

    def name(self, language: Language) -> str:
        """What is shown, in one sentence."""
        return str(self.told["nom" if language is Language.FRENCH else "name"])

    @property
    def expected(self) -> str:
        """What the rule answers: info, warning, critical, silent, cannot tell. A test holds it to the rule."""
        return str(self.told["expect"])


def examples_of(rule: Rule, guideline: Guideline) -> tuple[Example, ...]:
    """The examples of a rule, in the order of its file."""
    path = guideline.folder / "examples" / f"{rule.id}.yaml"
    if not path.is_file():
        return ()
    return tuple(Example(rule, told) for told in yaml.safe_load(path.read_text(encoding="utf-8")))


def at_thresholds(examples: Sequence[Example]) -> tuple[Example, ...]:
    """Those that show where the answer changes: with another they differ in one thing that is told, and in what is answered.

    Where no two do, the first that speaks and the first that is silent.
    """
    told = [dict(_leaves(example.told)) for example in examples]
    found = {
        place
        for one, other in combinations(range(len(examples)), 2)
        if examples[one].expected != examples[other].expected and _differ_once(told[one], told[other])
        for place in (one, other)
    }
    if not found:
        silent = [place for place, example in enumerate(examples) if example.expected == SILENT]
        speaking = [place for place, example in enumerate(examples) if example.expected in set(Indicator)]
        found = {*silent[:1], *speaking[:1]}
    return tuple(examples[place] for place in sorted(found))


SILENT = "silent"
OF_THE_READER = frozenset({"name", "nom", "expect", "offers", "says", "because"})
"""What an example tells those who read it, and not the rule."""


def _leaves(told: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Each value that is told, by its place."""
    if isinstance(told, Mapping):
        for name, inner in told.items():
            if place or name not in OF_THE_READER:
                yield from _leaves(inner, f"{place}/{name}")
    elif isinstance(told, list):
        for number, inner in enumerate(told):
            yield from _leaves(inner, f"{place}/{number}")
    else:
        yield place, str(told)


def _differ_once(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return one.keys() == other.keys() and sum(one[place] != other[place] for place in one) == 1


class Showroom:
    """A service without network in which the examples of one guideline are run."""

    def __init__(self, guideline: Guideline, settings: FactSettings) -> None:
        self._guideline = guideline
        self._terminology = terminology = terminology_of([guideline])
        self._services = published([guideline], split=False, terminology=terminology)
        self._world = World(
            allowlist=Allowlist(()),
            outbound=Outbound(new_session, 1),  # nothing is asked of it: no server is named
            terminology=terminology,
            clinical={guideline.id: settings},
            deadline_seconds=1.0,
        )

    def answer(self, example: Example, language: Language) -> HookAnswer:
        """The whole answer to an example."""
        service = self._service(example)
        record, request = told_request(
            example.told, NOW.date(), self._guideline.taken_for_granted, terminology=self._terminology
        )
        body = with_prefetch(request, record, service, list(example.told.get("unavailable") or ()))
        return advise(body, service, self._world, now=NOW, language=language)

    def _service(self, example: Example) -> Service:
        return self._services[f"{self._guideline.id}-{hook_of(example.told)}"]

    def outcomes(self, example: Example) -> Iterator[tuple[Outcome, frozenset[str]]]:
        """What the rule itself answers, also where other advice then silences it; and the settings on which that rests."""
        answer = self.answer(example, Language.ENGLISH)
        if answer.record is None:
            return
        for one in answer.outcomes:
            if one.rule is example.rule:
                traced = Traced(answer.record.settings)
                # Settings that only look like settings: no caller of the service needs more of them.
                yield ask(one.rule, one.order, answer.record.under(traced)), frozenset(traced.read)  # type: ignore[arg-type]


class Traced:
    """Clinical settings that remember which of them were read."""

    def __init__(self, settings: FactSettings) -> None:
        self._settings = settings
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self._settings, name)


@cache
def showroom(guideline: Guideline, settings: FactSettings) -> Showroom:
    """The showroom of a guideline under the settings of a site."""
    return Showroom(guideline, settings)
