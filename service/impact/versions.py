"""Two versions compared without a cohort: what is written otherwise, and where exactly the answers of those rules differ.

Each version tells its arithmetic in a process of its own (`arithmetic.py`); here both are loaded into one solver. A rule that
is written alike, with the same settings, answers alike, whoever the patient is, as long as records are read by the same code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as Folder
from typing import Any

import yaml
import z3

from service.impact.arithmetic import FORMAT
from service.impact.other_version import Teller
from service.impact.regions import BEYOND_DAYS, MOST_DAYS, NotProved, Proof, Region, differing, differing_days
from service.impact.rule_changes import Rewritten, RuleChange, written_changes
from service.impact.symbolic import Path

MOST_RULES_BY_DAY = 15
"""Rules of which days are tried one by one; with more of them, of none."""

Told = Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """What differs of one guideline; `proof` is of the rules that are written otherwise, or of all where records are read so.

    `proved` are rules whose figures alone differ, and of which it was found where; `left` those that a cohort must show;
    `foreign` the examples that one version does not understand; `by_day` whether days were tried.
    """

    guideline: str
    versions: tuple[str, str]
    written: Rewritten
    proof: Proof
    proved: tuple[RuleChange, ...]
    left: tuple[RuleChange, ...]
    alike: int
    foreign: int
    by_day: bool


def compared(old: Teller, new: Teller) -> tuple[tuple[str, str], tuple[Compared, ...], tuple[str, ...]]:
    """The folders of both, what differs of each guideline, and the guidelines of one version alone.

    Raises `NoSide` where one of them cannot tell.
    """
    told = old.told(), new.told()
    roots = str(told[0]["root"]), str(told[1]["root"])
    ids = [set(one["guidelines"]) for one in told]
    both = sorted(ids[0] & ids[1])
    of_guidelines = {one: (told[0]["guidelines"][one], told[1]["guidelines"][one]) for one in both}
    written = {one: written_changes((Folder(roots[0]), Folder(roots[1])), of_guidelines[one]) for one in both}
    asked = {one: asked_of(written[one], of_guidelines[one]) for one in both}
    question = {"format": FORMAT, "guidelines": asked}
    answers = [one.answers(question)["answers"] for one in (old, new)]
    return (
        roots,
        tuple(
            _compared(one, of_guidelines[one], written[one], asked[one], [each[one] for each in answers])
            for one in both
        ),
        tuple(sorted(ids[0] ^ ids[1])),
    )


def asked_of(written: Rewritten, told: tuple[Told, Told]) -> Told:
    """The examples of both versions, of the rules whose answers may differ, each once; and the days to be tried."""
    concerned = {one.rule: one for one in written.rules if one.answers or written.road}
    examples = {
        (one["rule"], one["told"]): None for each in told for one in each["examples"] if one["rule"] in concerned
    }
    by_day = [one for one in concerned.values() if one.days]
    few = by_day if len(by_day) <= MOST_RULES_BY_DAY else []
    return {
        "examples": [{"rule": rule, "told": text} for rule, text in examples],
        "days": {one.rule: min(MOST_DAYS, one.days + BEYOND_DAYS) for one in few},
    }


def _compared(
    guideline: str, told: tuple[Told, Told], written: Rewritten, asked: Told, answers: list[list[Told | None]]
) -> Compared:
    regions: list[Region] = []
    not_proved: list[NotProved] = []
    changed: list[tuple[str, str, str, str]] = []
    foreign = lines = 0
    for example, before, after in zip(asked["examples"], *answers, strict=True):
        if before is None or after is None:
            foreign += 1
            continue
        name = str(yaml.safe_load(example["told"])["name"])
        if before["answer"] != after["answer"]:
            changed.append((example["rule"], name, before["answer"], after["answer"]))
        for line in _lines(example["rule"], name, before, after):
            lines += 1
            if isinstance(line, NotProved):
                not_proved.append(line)
            else:
                regions += line
    proof = Proof(written.settings, tuple(changed), tuple(regions), tuple(not_proved), len(asked["examples"]), lines)
    seen = {one.rule for one in regions} | {one[0] for one in changed}
    concerned = [one for one in written.rules if one.answers]
    proved = tuple(one for one in concerned if not one.code and one.rule in seen)
    return Compared(
        guideline,
        (told[0]["version"], told[1]["version"]),
        written,
        proof,
        proved,
        tuple(one for one in concerned if one not in proved),
        len(written.rules) - len(concerned),
        foreign,
        by_day=bool(asked["days"]) or not any(one.days for one in concerned),
    )


def _lines(rule: str, name: str, before: Told, after: Told) -> Iterator[list[Region] | NotProved]:
    for number in sorted(before["numbers"].keys() | after["numbers"].keys()):
        one, other = (answer["numbers"].get(number) for answer in (before, after))
        told = (rule, name, number)
        if one is None or other is None or one["domain"] != other["domain"]:
            yield NotProved(*told)
            continue
        whole = bool(one["domain"][2])
        yield differing(told, _loaded(one["ways"], whole=whole), _loaded(other["ways"], whole=whole), whole=whole)
    for place in before["days"].keys() & after["days"].keys():
        yield differing_days((rule, name, place), before["days"][place], after["days"][place])


def _loaded(ways: Iterable[tuple[str, str]], *, whole: bool) -> list[Path[str]]:
    """The ways of a number as one solver reads them, whichever version wrote them."""
    sort = "Int" if whole else "Real"
    return [
        Path(z3.And(*z3.parse_smt2_string(f"(declare-const x {sort})(assert {condition})")), answer)
        for condition, answer in ways
    ]
