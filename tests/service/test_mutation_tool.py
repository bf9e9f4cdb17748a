"""The mutation tool, on a toy module: which mutants there are, how one is tried in place, which explanation is whose."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from tools.living import LivingFunctions
from tools.mutants import Mutant, mutants_of
from tools.mutation import SURVIVORS, all_mutants, report
from tools.survivors import Explained, explained, read_entries

ROOT = Path(__file__).parents[2]
TOY = """
from functools import cache
from mappings.wording import _
from service.rules.citation import Citation, Document
from service.rules.condition import any_of, condition, that
from service.rules.outcome import Indicator
from service.rules.rule import Trigger, rule
from service.rules.say import info, warning

LIMIT = 30
HEAVY = Trigger(_("heavy"), lambda order: order > LIMIT)


@cache
def remembered(value):
    return value + 1


@condition(_("more than {limit}", limit=LIMIT))
def more(order, _patient):
    return that(order > LIMIT)


@condition(_("even"))
def even(order, _patient):
    return that(order % 2 == 0)


BOTH = (more, even)
EITHER = any_of(_("more, or even"), more, even)


@rule(
    "toy",
    title=_("A toy"),
    citations=(Citation(Document("TOY", _("Toy"))),),
    trigger=HEAVY,
    when=(more, even),
    severest=Indicator.WARNING,
)
def toy(order, _patient):
    if order >= 100 and remembered(order):
        return warning(_("heavy"))
    return info(_("light"))
"""


class NobodyAsked:
    """A patient of whom nothing is remembered."""

    def __init__(self):
        self.asked = {}


class Draft(int):
    index = 0


@pytest.fixture(scope="module")
def program() -> list[Mutant]:
    """Every mutant of OsteoCDS."""
    return list(all_mutants())


def mutants(source=TOY, module="toy.py"):
    return mutants_of(module, ast.parse(source), source)


def change(mutant: Mutant) -> str:
    return f"{mutant.before} → {mutant.after}"


def the(one: str, source=TOY) -> tuple[Mutant, ast.Module]:
    """The only mutant with this change, and the tree that it changes."""
    tree = ast.parse(source)
    (found,) = [mutant for mutant in mutants_of("toy.py", tree, source) if change(mutant) == one]
    return found, tree


# --- which mutants there are ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("more", {"order > LIMIT → order >= LIMIT", "order > LIMIT → order <= LIMIT"}),
        ("even", {"order % 2 == 0 → order % 2 != 0", "order % 2 → order * 2", "2 → 3", "0 → 1"}),
        ("remembered", {"value + 1 → value - 1", "1 → 2"}),
        ("LIMIT", {"30 → 31"}),
        ("BOTH", {"(more, even) → (even,)", "(more, even) → (more,)"}),
        ("HEAVY.lambda", {"order > LIMIT → order >= LIMIT", "order > LIMIT → order <= LIMIT"}),
    ],
)
def test_the_changes_of_a_function_or_a_table_are_those_that_a_reviewer_might_overlook(function, expected):
    assert {change(one) for one in mutants() if one.scope == function} == expected


def test_an_alternative_of_a_condition_is_left_out_and_its_words_are_not():
    found = [change(one) for one in mutants() if one.scope == "EITHER"]
    assert [one.partition(" → ")[2] for one in found] == [
        "any_of(_('more, or even'), even)",
        "any_of(_('more, or even'), more)",
    ]


def test_a_rule_loses_a_condition_a_boundary_and_its_level():
    found = [change(one) for one in mutants() if one.scope == "toy"]
    assert {"(more, even) → (even,)", "(more, even) → (more,)", "order >= 100 → order > 100"} <= set(found)
    assert {"warning(_('heavy')) → info(_('heavy'))", "info(_('light')) → warning(_('light'))"} <= set(found)
    assert "Indicator.WARNING → Indicator.INFO" in found


def test_a_level_that_the_module_does_not_import_is_no_mutant():
    alone = TOY.replace("import info, warning", "import warning").replace("return info(", "return warning(")
    assert not [one for one in mutants(alone) if change(one).startswith("warning(")]


def test_what_a_declaration_holds_is_outside_of_its_function_and_depends_on_its_name():
    left_out, _tree = the(
        "(more, even) → (even,)".replace("(more, even)", "(more, even)"), TOY.replace("BOTH", "_TEXT")
    )
    assert (left_out.first_line, left_out.names) == (0, {"toy"})
    inside, _tree = the("order >= 100 → order > 100")
    assert TOY.splitlines()[inside.first_line - 1] == "@rule("


def test_every_mutant_of_the_program_has_a_name_of_its_own(program):
    names = [one.name for one in program]
    assert len(set(names)) == len(names) > 1000


def test_every_mutant_can_be_compiled():
    for number in range(len(mutants())):
        tree = ast.parse(TOY)
        mutants_of("toy.py", tree, TOY)[number].apply()
        compile(tree, "toy.py", "exec")


# --- one is tried in place --------------------------------------------------------------------------------------------


@pytest.fixture
def toy(tmp_path):
    """The toy module as it lives in this process."""
    path = tmp_path / "toy.py"
    path.write_text(TOY, encoding="utf-8")
    spec = spec_from_file_location("toy", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def changed(toy, one: str) -> None:
    mutant, tree = the(one)
    mutant.apply()
    LivingFunctions(toy.__file__, TOY).change_to(compile(tree, toy.__file__, "exec", dont_inherit=True))


def test_a_function_inside_of_a_condition_is_changed_where_it_lives(toy):
    assert toy.even(Draft(4), NobodyAsked()).holds is True
    changed(toy, "order % 2 == 0 → order % 2 != 0")
    assert toy.even(Draft(4), NobodyAsked()).holds is False
    assert toy.toy.when[1] is toy.even, "and the rule asks it"


def test_a_function_inside_of_a_rule_is_changed_where_it_lives(toy):
    assert toy.toy.statement(Draft(100), None).summary.message == "heavy"
    changed(toy, "order >= 100 → order > 100")
    assert toy.toy.statement(Draft(100), None).summary.message == "light"


def test_what_a_changed_function_had_given_before_is_forgotten(toy):
    assert toy.remembered(1) == 2
    changed(toy, "value + 1 → value - 1")
    assert toy.remembered(1) == 0


def test_a_change_outside_of_every_function_is_not_found_in_one(toy):
    with pytest.raises(LookupError):
        changed(toy, "30 → 31")


# --- which explanation is whose ---------------------------------------------------------------------------------------

ENTRY = (
    "- `order >= 100` → `order > 100` in `if order >= 100 and remembered(order):` — nobody weighs that much. [{place}]"
)


def entries_at(*places):
    return read_entries("# Survivors\n\nWords.\n\n" + "\n".join(ENTRY.format(place=place) for place in places))


def test_an_entry_stands_for_the_mutant_at_its_place():
    (entry,) = entries_at("toy.py toy")
    mutant, _tree = the("order >= 100 → order > 100")
    assert explained([entry], mutants()) == Explained({mutant.name: entry}, [])


@pytest.mark.parametrize(("source", "module"), [(TOY, "game.py"), (TOY.replace("def toy(", "def game("), "toy.py")])
def test_an_entry_follows_its_line_to_another_file_and_under_another_name(source, module):
    (entry,) = entries_at("toy.py toy")
    known = explained([entry], mutants(source, module))
    assert list(known.by_name.values()) == [entry]
    assert known.gone == []


def test_an_entry_does_not_explain_the_same_change_elsewhere_while_its_own_is_there():
    both = [*mutants(module="other.py"), *mutants()]
    known = explained(entries_at("toy.py toy"), both)
    assert [name.rpartition("[")[2] for name in known.by_name] == ["toy.py toy]"]
    two = explained(entries_at("gone.py gone", "toy.py toy"), both)
    assert sorted(name.rpartition("[")[2] for name in two.by_name) == ["other.py toy]", "toy.py toy]"]


def test_an_entry_whose_line_was_rewritten_is_gone():
    entries = entries_at("toy.py toy")
    known = explained(entries, mutants(TOY.replace("order >= 100", "order >= 99")))
    assert known == Explained({}, entries)


def test_a_line_that_only_looks_like_an_entry_is_refused():
    with pytest.raises(ValueError, match="not an entry"):
        read_entries("- `order >= 100` → `order > 100` — in no line")


def test_every_entry_of_the_list_speaks_of_a_mutant_that_there_is(program):
    entries = read_entries(SURVIVORS.read_text(encoding="utf-8"))
    known = explained(entries, program)
    assert [str(entry) for entry in known.gone] == []
    assert len(known.by_name) == len(entries)


# --- the report -------------------------------------------------------------------------------------------------------


NOTHING_KNOWN = Explained({}, [])


def reported(ends, capsys, known=NOTHING_KNOWN, *, complete=False):
    return report({"toy.py": ends}, known, complete=complete), capsys.readouterr().out


def test_a_survivor_that_nobody_explains_fails(capsys):
    code, said = reported({"a": "survived", **dict.fromkeys(map(str, range(99)), "killed")}, capsys)
    assert code == 1
    assert "99 of 100 mutants killed: 99.0%" in said
    assert "survives, and is not explained: a" in said


def test_a_survivor_that_is_explained_does_not(capsys):
    known = explained(entries_at("toy.py toy"), mutants())
    ends = dict.fromkeys(known.by_name, "survived") | dict.fromkeys(map(str, range(99)), "killed")
    assert reported(ends, capsys, known, complete=True)[0] == 0


def test_an_explanation_that_no_survivor_needs_fails_where_it_was_tried(capsys):
    known = explained(entries_at("toy.py toy"), mutants())
    code, said = reported(dict.fromkeys(known.by_name, "killed"), capsys, known)
    assert code == 1
    assert "explained, and survives no more: `order >= 100`" in said
    assert reported({"a": "killed"}, capsys, known)[0] == 0
    assert reported({"a": "killed"}, capsys, known, complete=True)[0] == 1


def test_too_few_killed_fail_even_where_each_is_explained(capsys):
    known = explained(entries_at("toy.py toy"), mutants())
    assert reported(dict.fromkeys(known.by_name, "survived"), capsys, known)[0] == 1


TRIED = """
import ast, sys, time
from tools import mutation
from tools.mutants import mutants_of

mutation.SECONDS = 1
source = "def weigh(order):\\n    return order > 3 or order == 1\\n"
first, second, third, *_others = mutants_of("toy.py", ast.parse(source), source)
ends = mutation.tried(
    [(first, ["a test"]), (second, ["a test"]), (third, ["a test"]), (_others[0], [])],
    2,
    lambda mutant, tests: {first: lambda: True, second: lambda: 1 / 0, third: lambda: time.sleep(9)}[mutant](),
)
print(*(ends[one.name] for one in (first, second, third, _others[0])), sep=", ")
"""


def test_a_mutant_survives_is_killed_runs_out_of_time_or_has_no_test():
    done = subprocess.run(
        [sys.executable, "-c", TRIED], cwd=ROOT / "tests", capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "survived, killed, timed out, without a test\n", done.stderr
