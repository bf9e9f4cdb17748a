"""What a rule is written as: with all that it calls, figures and words apart; so what is called the same is the same."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from service.catalogue.examples import showroom
from service.evaluate import ask
from service.guidelines import GUIDELINES
from service.impact.arithmetic import told
from service.impact.regions import examples_under
from service.impact.rule_changes import Rewritten, written_changes
from service.impact.source_text import ROAD, Definition, SourceText
from service.languages.render import Language

GUIDELINE = GUIDELINES[0]
RULES = "service/rules/bone_metastases"
HERE = Path(__file__).parents[2]


@cache
def of_ours() -> Any:
    return told(GUIDELINES, {GUIDELINE.id: GUIDELINE.settings})["guidelines"][GUIDELINE.id]


@cache
def closure(rule: str) -> dict[Definition, Any]:
    source = SourceText(HERE)
    return {key: one for place in of_ours()["rules"][rule] for key, one in source.rule(*place).items()}


# --- complete ---------------------------------------------------------------------------------------------------------


def definition_of(frame: FrameType) -> Definition | None:
    """The definition of the rules that code stands in, by its lines; what a dataclass makes for itself stands in none."""
    module = frame.f_globals.get("__name__", "")
    if not module.startswith("service.rules.") or frame.f_code.co_filename.startswith("<"):
        return None
    if f"{module.replace('.', '/')}.py" in ROAD:
        return None  # that is compared as a whole
    line = frame.f_code.co_firstlineno
    for name, first, last in lines_of(module):
        if first <= line <= last:
            return module, name
    return module, "?"


@cache
def lines_of(module: str) -> list[tuple[str, int, int]]:
    read: Any = SourceText(HERE)._module(module)  # noqa: SLF001 - to hold it to what runs
    found = []
    for name, statements in read.defined.items():
        for one in statements:
            first = min([one.lineno, *(each.lineno for each in getattr(one, "decorator_list", ()))])
            found.append((name, first, one.end_lineno))
    return found


def run_of(asked: Callable[[], Any]) -> Iterator[Definition]:
    seen: dict[tuple[str, int], FrameType] = {}

    def note(frame: FrameType, event: str, _told: Any) -> None:
        if event == "call":
            seen.setdefault((frame.f_code.co_filename, frame.f_code.co_firstlineno), frame)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        asked()
    finally:
        sys.setprofile(before)
    return (one for frame in seen.values() if (one := definition_of(frame)) is not None)


def test_all_code_that_runs_when_a_rule_is_asked_is_part_of_what_it_is_written_as():
    room = showroom(GUIDELINE, GUIDELINE.settings)
    missing: set[tuple[str, Definition]] = set()
    seen: set[Definition] = set()
    for example, _answer, _read in examples_under(GUIDELINE, GUIDELINE.settings):
        answer = room.answer(example, Language.ENGLISH)
        for one in answer.outcomes:
            if one.rule is example.rule and answer.record is not None:
                record: Any = answer.record
                ran = set(run_of(lambda one=one, record=record: ask(one.rule, one.order, record)))
                missing |= {(one.rule.id, each) for each in ran if each not in closure(one.rule.id)}
                seen |= ran
    assert missing == set()
    assert len(seen) > 200  # less what is cached since an earlier test


# --- what differs -----------------------------------------------------------------------------------------------------


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A copy of our source, to be changed."""
    for name in ("service", "mappings"):
        shutil.copytree(HERE / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def replaced(root: Path, place: str, before: str, after: str) -> None:
    path = root / place
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, before
    path.write_text(text.replace(before, after), encoding="utf-8")


def changes(other: Path) -> Rewritten:
    return written_changes((other, HERE), (of_ours(), of_ours()))


def test_a_copy_differs_in_nothing(other):
    found = changes(other)
    assert not any(one.answers or one.words for one in found.rules)
    assert (found.gone, found.added, found.settings, found.road) == ((), (), (), ())
    assert len(found.rules) == len(GUIDELINE.rules)


def test_a_figure_of_a_table_is_told_of_the_rules_that_rest_on_it(other):
    replaced(other, f"{RULES}/doses.py", 'Band(Decimal(50), Decimal("3.5"))', 'Band(Decimal(48), Decimal("3.5"))')
    [one] = [one for one in changes(other).rules if one.answers]
    assert (one.rule, one.code) == ("zoledronate-renal-dose", ())
    [figure] = one.figures
    assert (figure.where.rpartition(".")[2], figure.old, figure.new) == ("TABLE_2", "48", "50")


def test_a_condition_that_several_rules_share_is_told_of_each(other):
    replaced(
        other,
        f"{RULES}/conditions.py",
        "return one.active and not one.suspected and one.is_any(sets.BONE_METASTASIS)",
        "return one.active and one.is_any(sets.BONE_METASTASIS)",
    )
    concerned = [one for one in changes(other).rules if one.answers]
    assert len(concerned) > 10
    for one in concerned:
        assert any(where.endswith(".is_bone_metastasis") for where in one.code)
        assert one.figures == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("deeply and for long.", "deeply."),
        ('"""Below the limit of the laboratory, else ours."""', '"""Other words."""  # and a comment'),
        ('    citations=(ONC, rao("systemic", "§1, §2.1")),\n    trigger=ANTIRESORPTIVE,\n    when=(calcium_is_low,),',
         "    citations=(ONC,),\n    trigger=ANTIRESORPTIVE,\n    when=(calcium_is_low,),"),
    ],
    ids=["words", "comments", "sources"],
)  # fmt: skip
def test_words_comments_and_sources_change_no_answer(other, before, after):
    replaced(other, f"{RULES}/calcium.py", before, after)
    found = changes(other)
    assert not any(one.answers for one in found.rules)
    assert {one.rule for one in found.rules if one.words} <= {"hypocalcaemia"}


@pytest.mark.parametrize(
    ("place", "before", "after", "said"),
    [
        ("mappings/facts/results.py", 'CALCIUM_CRISIS_ABOVE = Decimal("3.5")', 'CALCIUM_CRISIS_ABOVE = Decimal("3.4")', None),
        (f"{RULES}/scores.py", 'Answer("upper-limb", _("upper limb"), 1)', 'Answer("upper-limb", _("upper limb"), 2)',
         "service.rules.bone_metastases.scores.MIRELS"),
    ],
    ids=["fact", "score"],
)  # fmt: skip
def test_what_reads_a_record_concerns_every_rule(other, place, before, after, said):
    replaced(other, place, before, after)
    assert said or place in changes(other).road
    assert changes(other).road == (said or place,)


def test_a_code_list_is_compared_as_it_is(other):
    path = next((other / "mappings/vocabulary/valuesets").glob("bone_agent.csv"))
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert changes(other).road == ("mappings/vocabulary/valuesets/bone_agent.csv",)


def test_a_setting_concerns_the_rules_that_name_it_also_where_its_default_alone_differs(other):
    for what in ("settings", "defaults"):
        old = {**of_ours(), what: {**of_ours()[what], "severe_hypocalcaemia_below": "1.90"}}
        found = written_changes((other, HERE), (old, of_ours()))
        assert found.settings == (("severe_hypocalcaemia_below", "1.90", "2.00"),)
        assert [one.rule for one in found.rules if one.answers] == ["hypocalcaemia"]


def test_a_rule_that_is_not_written_where_it_is_said_to_be_is_an_error():
    with pytest.raises(LookupError):
        SourceText(HERE).rule("service.rules.bone_metastases.calcium", "no_such_rule")
