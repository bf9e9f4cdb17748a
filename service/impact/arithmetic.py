"""The declared arithmetic of this version, as text that another version can read: what `osteocds arithmetic` tells.

Two questions. Without more, what there is: the rules and where each is written, the settings, the examples. Of examples
that another version names (its own and ours), what each rule answers of them: of every number left open the ways that its
comparisons go, a condition in SMT-LIB 2 each with the answer under it, and of days the answers one by one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import yaml

import service
from mappings.facts import FactSettings
from service.catalogue.examples import Example, showroom
from service.impact.regions import MOST_DAYS, answered, code_of, days_of, examples_under, numbers_of
from service.impact.source_text import RULES, plain
from service.impact.symbolic import paths
from service.languages.render import Language
from service.rules.guideline import OSTEOCDS, Guideline, versions
from service.rules.rule import Rule

FORMAT = 1
"""Of what is told; another one is not understood."""

MOST_BYTES = 50_000_000
"""Of what a version tells, or is asked, at most."""

Told = Mapping[str, Any]


class NotUnderstood(ValueError):
    """What was asked cannot be read; the message says so."""


def told(guidelines: Sequence[Guideline], clinical: Mapping[str, FactSettings]) -> Told:
    """What there is: of the version its folder, of each guideline its rules, settings and examples."""
    return {
        "format": FORMAT,
        "edition": versions(*guidelines)[OSTEOCDS],
        "root": str(Path(service.__file__).parents[1]),
        "guidelines": {one.id: _guideline(one, clinical[one.id]) for one in guidelines},
    }


def _guideline(guideline: Guideline, settings: FactSettings) -> Told:
    return {
        "version": guideline.version,
        "settings": {one.name: str(getattr(settings, one.name)) for one in fields(settings)},
        "defaults": {one.name: str(one.default) for one in fields(settings)},
        "brings": [place for one in (*guideline.scores, *guideline.analytes) for place in _anywhere(one)],
        "rules": {rule.id: list(_places(guideline, rule)) for rule in guideline.rules},
        "examples": [
            {"rule": example.rule.id, "told": _text(example), "settings": sorted(read)}
            for example, _answer, read in examples_under(guideline, settings)
        ],
    }


def _places(guideline: Guideline, rule: Rule) -> Iterator[tuple[str, str]]:
    """Where a rule is written: its module and its name there, and so of all triggers where it is about what any sets off."""
    yield from _written(guideline, rule)
    if rule.trigger is not None and rule.trigger.any_relevant:
        for trigger in guideline.triggers:
            of_rules = [
                place for one in guideline.rules if one.trigger is trigger for place in _written(guideline, one)
            ]
            yield from _anywhere(trigger) or of_rules


def _anywhere(value: Any) -> list[tuple[str, str]]:
    """The first module of the rules that holds a value under a name."""
    modules = [module for name, module in sorted(sys.modules.items()) if plain(name).startswith(f"{RULES}.")]
    named = (
        (plain(module.__name__), name) for module in modules for name, held in vars(module).items() if held is value
    )
    return list(islice(named, 1))


def _written(guideline: Guideline, value: Any) -> Iterator[tuple[str, str]]:
    for chapter in guideline.chapters:
        for name, held in vars(chapter.module).items():
            if held is value:
                yield plain(chapter.module.__name__), name
                return


def _text(example: Example) -> str:
    """An example as it is told to another version: the same for the same words."""
    return yaml.safe_dump(dict(example.told), allow_unicode=True, sort_keys=True)


# --- answers ----------------------------------------------------------------------------------------------------------


def read_asked(written: bytes) -> Told:
    """What another version asks: of each guideline `examples` (rule, told), and by rule the `days` to be tried.

    Raises `NotUnderstood`.
    """
    try:
        asked = orjson.loads(written if len(written) <= MOST_BYTES else b"")
        examples = [one for of in asked["guidelines"].values() for one in of["examples"]]
        days = [one for of in asked["guidelines"].values() for one in of["days"].values()]
        whole = all(isinstance(one["rule"], str) and isinstance(one["told"], str) for one in examples)
        if asked["format"] == FORMAT and whole and all(0 <= one <= MOST_DAYS for one in days):
            return dict(asked)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        pass
    raise NotUnderstood


def answers(guidelines: Sequence[Guideline], clinical: Mapping[str, FactSettings], asked: Told) -> Told:
    """By guideline, in the order of the examples asked, what its rule answers of each: None where it has no such rule."""
    return {
        "format": FORMAT,
        "answers": {
            one.id: list(_of_examples(one, clinical[one.id], asked["guidelines"][one.id]))
            for one in guidelines
            if one.id in asked["guidelines"]
        },
    }


def _of_examples(guideline: Guideline, settings: FactSettings, asked: Told) -> Iterator[Told | None]:
    rules = {rule.id: rule for rule in guideline.rules}
    for one in asked["examples"]:
        rule = rules.get(one["rule"])
        yield None if rule is None else _of_example(guideline, settings, rule, one["told"], asked["days"])


def _of_example(
    guideline: Guideline, settings: FactSettings, rule: Rule, written: str, days: Mapping[str, int]
) -> Told | None:
    """What is told of one example; None where these words are not ours."""
    room = showroom(guideline, settings)
    try:
        example = Example(rule, yaml.safe_load(written))
        answer = room.answer(example, Language.ENGLISH)
    except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError):
        return None  # another version tells its examples in other words
    numbers: dict[str, Told] = {}
    for number in numbers_of(example) if answer.record is not None else ():
        if number.is_known(answer.record):
            code = code_of(answer, guideline, rule, number.name)
            found = paths("x", number.low, number.high, code, whole=number.whole)
            ways = [[one.condition.sexpr(), one.answer] for one in found]
            numbers[number.name] = {"domain": [number.low, number.high, number.whole], "ways": ways}
    return {
        "answer": answered(room, guideline, example),
        "numbers": numbers,
        "days": {
            place: [answered(room, guideline, Example(rule, told_with(each))) for each in range(days[rule.id] + 1)]
            for place, told_with in days_of(example.told)
            if days.get(rule.id)
        },
    }
