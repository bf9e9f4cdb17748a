"""Mutation testing of the rules and of the arithmetic of the mappings: `make mutation`, or some modules by name.

    .venv/bin/python tests/tools/mutation.py service/rules/bone_metastases/calcium.py mappings/vocabulary/units.py

A mutant (`mutants.py`) is killed when a test fails. Which tests run a function is known from a trace, so that only those are
asked. The program is imported and the tests are collected once; each mutant lives in a fork, where the code of the changed
functions is exchanged in place (`living.py`); what is reckoned while importing (tables, constants, the declarations of rules
and conditions) is imported anew instead.

Survivors must be explained in `mutation_survivors.md` (`survivors.py`). The command fails for one that is not, for an
explanation that no survivor needs, and below 95 % killed. Existing tools do not fit: mutmut leaves out decorated functions,
which is every rule, and cosmic-ray starts a process for each mutant.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import os
import pickle
import re
import signal
import sys
import tempfile
import time
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache, partial, reduce
from importlib.machinery import SourceFileLoader
from operator import or_
from pathlib import Path
from typing import Any, TypeAlias
from zlib import crc32

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import click  # noqa: E402
import pytest  # noqa: E402
import yaml  # noqa: E402
from _pytest.runner import runtestprotocol  # noqa: E402
from tools.living import LivingFunctions, LruCache  # noqa: E402
from tools.mutants import Mutant, mutants_of  # noqa: E402
from tools.survivors import Explained, explained, read_entries  # noqa: E402

MODULES = (
    *("service/rules/*.py", "service/rules/*/*.py"),
    *("mappings/facts/*.py", "mappings/readers/*.py"),
    *(f"mappings/{name}.py" for name in ("clock", "dates", "quantities", "record")),
    *(f"mappings/vocabulary/{name}.py" for name in ("bones", "findings", "scores", "units")),
)
TESTS = (
    *(
        f"service/test_{name}.py"
        for name in ("scenarios", "card_policy", "radiotherapy_courses", "declarations", "bands")
    ),
    *("service/test_quirks_[!c]*.py", "service/test_quirks_conditions.py", "mappings/test_[d-u]*.py"),
)
EXAMPLES = ("tests/scenarios/*.yaml", "service/rules/*/examples/*.yaml")
SURVIVORS = ROOT / "tests/mutation_survivors.md"
GOAL = 0.95
SECONDS = 60
"""How long one test may take with a mutant, or importing it; a mutant that loops is killed by it."""
EXPLAINED = 200
"""How many tests are tried on a mutant that is explained: it is known to survive, and the rest would take hours."""

REMEMBERING = frozenset(
    {"mappings.vocabulary.units", "mappings.vocabulary.bones", "mappings.queries", "service.languages.render"}
)
"""Modules whose caches hold what other modules reckoned; tables that are dear to load are not among them."""

SCENARIOS = "tests/service/test_scenarios.py::test_the_rule_says_what_its_scenario_expects["
DECLARATIONS = "tests/service/test_declarations.py::"
"""Tests of what is declared rather than run: they judge every mutant outside of a function, or in one that declares."""
PASSED, FAILED, UNTRIED = 0, 1, 3

Function: TypeAlias = tuple[str, int]
"""A function by its file and first line (that of its decorators)."""


@dataclass
class Ground:
    """What is known before the first mutant: which tests there are, which functions they run, and what runs at import.

    A set of tests is a number whose bits are their places in `tests`. `own` are those that judge what the function is
    asked, `beside` those for which it runs as well.
    """

    tests: list[str] = field(default_factory=list)
    own: dict[Function, int] = field(default_factory=dict)
    beside: dict[Function, int] = field(default_factory=dict)
    at_import: set[Function] = field(default_factory=set)
    failing: list[str] = field(default_factory=list)
    sources: dict[str, int] = field(default_factory=dict)
    most: int | None = None
    explained: frozenset[str] = frozenset()


# --- the run ----------------------------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutation testing; see the module's documentation.")
    parser.add_argument("modules", nargs="*", help="files; all of them where none is named")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--most", type=int, default=None, help="tests that are tried on a mutant at most")
    parser.add_argument("--ground", type=Path, help="keep here which tests run which functions, and take it from here")
    parser.add_argument("--json", type=Path, help="write every mutant and its end here")
    parser.add_argument("--again", type=Path, help="try only the mutants that survive in this file of --json")
    chosen = parser.parse_args()
    os.chdir(ROOT)
    modules = chosen.modules or _all_modules()
    _remember_yaml()
    ground = _ground(chosen.ground, modules)
    if ground.failing:
        click.echo(
            "\n  ".join([f"{len(ground.failing)} tests fail without a mutant; mend them first:", *ground.failing[:20]])
        )
        return 1
    ground.most = chosen.most
    known = explained(read_entries(SURVIVORS.read_text(encoding="utf-8")), all_mutants())
    ground.explained = frozenset(known.by_name)
    click.echo(f"{len(ground.tests)} tests")
    ends: dict[str, dict[str, str]] = {}
    only = (
        {module: set(_survivors(found)) for module, found in json.loads(chosen.again.read_text()).items()}
        if chosen.again
        else {}
    )
    for module in modules if not only else [one for one in modules if only.get(one)]:
        started = time.monotonic()
        ends[module] = _in_fork(partial(_try_module, module, ground, chosen.jobs, only.get(module)))
        counts = Counter(ends[module].values())
        if counts:
            line = ", ".join(f"{count} {end}" for end, count in counts.most_common())
            click.echo(f"{module}: {sum(counts.values())} mutants, {line} ({time.monotonic() - started:.0f} s)")
        if chosen.json:
            chosen.json.write_text(json.dumps(ends, indent=1, ensure_ascii=False), encoding="utf-8")
    return report(ends, known, complete=not chosen.modules and not only)


def all_mutants() -> Iterator[Mutant]:
    """Every mutant of the program."""
    for module in _all_modules():
        source = (ROOT / module).read_text(encoding="utf-8")
        yield from mutants_of(module, ast.parse(source), source)


def _mixed(item: pytest.Item) -> int:
    return crc32(item.nodeid.encode())


def report(ends: Mapping[str, Mapping[str, str]], known: Explained, *, complete: bool) -> int:
    """Say what was killed, which survivor nobody explains, which explanation nobody needs; 1 where something is to be done.

    That an explained mutant is killed is known of those that were tried; of the others where all were.
    """
    survived = [name for found in ends.values() for name in _survivors(found)]
    total = sum(len(found) for found in ends.values())
    killed = total - len(survived)
    rate = killed / total if total else 1.0
    click.echo(f"\n{killed} of {total} mutants killed: {rate:.1%}")
    tried = {name for found in ends.values() for name in found}
    new = [name for name in survived if name not in known.by_name]
    stale = [entry for name, entry in known.by_name.items() if name not in survived and (complete or name in tried)]
    for name in new:
        click.echo(f"  survives, and is not explained: {name}")
    for entry in stale:
        click.echo(f"  explained, and survives no more: {entry}")
    for entry in known.gone:
        click.echo(f"  explained, and nothing is there to be changed so: {entry}")
    return int(bool(new or stale or known.gone) or rate < GOAL)


def _survivors(ends: dict[str, str]) -> list[str]:
    return [name for name, end in ends.items() if end in ("survived", "without a test", "not tried")]


def _in_fork(work: Callable[[], Any]) -> Any:
    """What the work returns, done in a fork, so that nothing of it stays."""
    with tempfile.TemporaryFile() as kept:
        pid = os.fork()
        if pid == 0:
            try:
                pickle.dump(work(), kept)
                kept.flush()
                os._exit(0)
            except BaseException:  # noqa: BLE001 - whatever ends the work ends the fork
                sys.excepthook(*sys.exc_info())
                os._exit(1)
        _, status = os.waitpid(pid, 0)
        if status:
            raise SystemExit("mutation testing failed; see above")
        kept.seek(0)
        return pickle.load(kept)  # noqa: S301 - written by our own fork


def _remember_yaml() -> None:
    """Scenario files are parsed once, by the fast parser, for all forks."""
    loaded: dict[str, Any] = {}

    def load(text: str) -> Any:
        if text not in loaded:
            loaded[text] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        return loaded[text]

    yaml.safe_load = load
    for path in (path for glob in EXAMPLES for path in sorted(ROOT.glob(glob))):
        load(path.read_text(encoding="utf-8"))


# --- pytest in this process -------------------------------------------------------------------------------------------


class _Loop:
    """A plugin that hands the collected tests over, instead of running them."""

    def __init__(self, work: Callable[[list[pytest.Item]], Any]) -> None:
        self.work = work
        self.result: Any = None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.result = self.work(list(session.items))
        return True


def _with_tests(work: Callable[[list[pytest.Item]], Any], files: Iterable[str] = ()) -> Any:
    """What the work makes of the collected tests."""
    paths = [str(ROOT / name) for name in files]
    paths = paths or [str(path) for glob in TESTS for path in sorted((ROOT / "tests").glob(glob))]
    loop = _Loop(work)
    code = pytest.main(
        [*paths, "-o", "addopts=--strict-config", "-s", "-p", "no:cacheprovider", "-p", "no:terminal"], plugins=[loop]
    )
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise SystemExit(f"the tests could not be collected ({code})")
    return loop.result


def _passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    if signal.alarm(0):  # in the fork of a mutant each test has its time
        signal.alarm(SECONDS)
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


def _first_failure(items: list[pytest.Item]) -> bool:
    """Whether one of the tests fails."""
    return any(not _passes(item, following) for item, following in _in_turn(items))


def _in_turn(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    """Each test with the one after it."""
    return zip(items, [*items[1:], None], strict=False)


# --- before the first mutant ------------------------------------------------------------------------------------------


class _Trace:
    """Which functions of the program run between two moments."""

    def __init__(self) -> None:
        codes: dict[int, types.CodeType] = {}

        def trace(frame: types.FrameType, _event: str, _arg: object) -> None:
            codes[id(frame.f_code)] = frame.f_code

        self.codes, self.trace = codes, trace

    @contextmanager
    def on(self) -> Iterator[None]:
        before = sys.gettrace()
        sys.settrace(self.trace)
        try:
            yield
        finally:
            sys.settrace(before)

    def add(self, function: Callable[..., Any]) -> None:
        """Take it for run."""
        if isinstance(function, types.FunctionType):
            self.codes[id(function.__code__)] = function.__code__

    def functions(self) -> set[Function]:
        """Those since the last time that it was asked."""
        codes = list(self.codes.values())  # while it is on, the trace adds to them
        found = {(code.co_filename, code.co_firstlineno) for code in codes}
        self.codes.clear()
        return {(name.removeprefix(f"{ROOT}/"), line) for name, line in found if name.startswith(PROGRAM)}


PROGRAM = tuple(str(ROOT / folder) for folder in ("mappings", "service"))


def _ground(kept: Path | None, modules: list[str]) -> Ground:
    """What is known of every test: measured, or taken from the file and completed by the tests that are new since then.

    It is measured anew where one of the modules has changed, because functions are known by their lines.
    """
    known = Ground(sources=_state_of_sources())
    if kept is not None and kept.exists():
        read: Ground = pickle.loads(kept.read_bytes())  # noqa: S301 - written by ourselves
        known = read if all(read.sources.get(one) == known.sources.get(one) for one in modules) else known
    ground: Ground = _in_fork(partial(_measure, known))
    if kept is not None and not ground.failing:
        kept.write_bytes(pickle.dumps(ground))
    return ground


def _state_of_sources() -> dict[str, int]:
    return {module: crc32((ROOT / module).read_bytes()) for module in _all_modules()}


def _all_modules() -> list[str]:
    return [str(path.relative_to(ROOT)) for glob in MODULES for path in sorted(ROOT.glob(glob))]


def _measure(ground: Ground) -> Ground:
    trace = _Trace()
    with trace.on():
        __import__("support.scenario")
    ground.at_import |= trace.functions()
    known = set(ground.tests)

    def measure(items: list[pytest.Item]) -> None:
        new = [item for item in items if item.nodeid not in known]
        _run_traced(new, trace, ground)
        if not ground.failing and _first_failure(sorted(new, key=_mixed)):
            ground.failing.append("one or more in another order than their own, so that a failure would prove nothing")

    _with_tests(measure)
    return ground


def _run_traced(items: list[pytest.Item], trace: _Trace, ground: Ground) -> None:
    judged: set[Function] = set()
    caches = (one for one in gc.get_objects() if isinstance(one, LruCache))
    remembering = [sys.modules["support.scenario"].answer_to, *(one for one in caches if one.__module__ in REMEMBERING)]
    _tell_rules_apart(ground, trace, judged)
    for place, (item, following) in enumerate(_in_turn(items), start=len(ground.tests)):
        for remembered in remembering:  # else only the first test that asks runs the rules, or looks into the tables
            remembered.cache_clear()
        ground.tests.append(item.nodeid)
        judged.clear()
        of_a_scenario = item.nodeid.startswith(SCENARIOS)
        with nullcontext() if of_a_scenario else trace.on():
            passed = _passes(item, following)
        if not passed:
            ground.failing.append(item.nodeid)
        others = trace.functions()
        own = judged if of_a_scenario else others
        for functions, tests in ((own, ground.own), (others - own, ground.beside)):
            for function in functions:
                tests[function] = tests.get(function, 0) | 1 << place


def _tell_rules_apart(ground: Ground, trace: _Trace, judged: set[Function]) -> None:
    """A scenario judges its own rule: what it makes other rules do as well is tested by it least.

    A rule that is asked counts as run, also where a condition silences it: its declaration is judged by that.
    """
    evaluation, scenario = sys.modules["service.evaluate"], sys.modules["support.scenario"]
    ask, advise = evaluation.ask, scenario.advise

    def ask_apart(rule: Any, order: Any, patient: Any) -> Any:
        if sys.gettrace() is None:
            return ask(rule, order, patient)
        if not ground.tests[-1].partition("[")[2].startswith((f"{rule.id}: ", f"{rule.id}]")):
            trace.add(rule.statement)
            return ask(rule, order, patient)
        before = dict(trace.codes)
        trace.codes.clear()
        patient.asked.clear()  # what other rules asked before this one as well
        trace.add(rule.statement)
        try:
            return ask(rule, order, patient)
        finally:
            judged.update(trace.functions())
            trace.codes.update(before)

    def advise_traced(*arguments: Any, **named: Any) -> Any:
        with trace.on():
            return advise(*arguments, **named)

    evaluation.ask, scenario.advise = ask_apart, advise_traced


# --- one module -------------------------------------------------------------------------------------------------------


def _try_module(module: str, ground: Ground, jobs: int, only: set[str] | None) -> dict[str, str]:
    """Each mutant of a module and its end: killed, survived, timed out, without a test."""
    source = (ROOT / module).read_text(encoding="utf-8")
    tree = ast.parse(source)
    mutants = [one for one in mutants_of(module, tree, source) if only is None or one.name in only]
    swapped = [one for one in mutants if one.first_line and (module, one.first_line) not in ground.at_import]
    anew = [one for one in mutants if one not in swapped]
    anew_work = [(one, _ordered(_reached(set(one.names), ground), one, ground)) for one in anew]
    ends = tried(anew_work, jobs, lambda mutant, tests: _imported_anew(mutant, tree, tests))
    if swapped:
        ends |= _with_tests(lambda items: _try_swapped(swapped, items, tree, source, ground, jobs))
    return {mutant.name: ends[mutant.name] for mutant in mutants}


def _try_swapped(
    mutants: list[Mutant], items: list[pytest.Item], tree: ast.Module, source: str, ground: Ground, jobs: int
) -> dict[str, str]:
    by_id = {item.nodeid: item for item in items}
    path = str(ROOT / mutants[0].module)
    functions = LivingFunctions(path, source, REMEMBERING)
    gc.collect()
    gc.freeze()

    def alive(mutant: Mutant, tests: list[str]) -> bool:
        try:
            functions.change_to(_changed(tree, mutant, path))
        except (LookupError, ValueError):  # or its free variables are others
            os._exit(UNTRIED)
        return not _first_failure(
            [by_id[test] for test in tests if test in by_id]
        )  # a kept ground may know tests that are gone

    work = [(mutant, _ordered([(mutant.module, mutant.first_line)], mutant, ground)) for mutant in mutants]
    return tried(work, jobs, alive)


def _changed(tree: ast.Module, mutant: Mutant, path: str) -> types.CodeType:
    mutant.apply()
    return compile(tree, path, "exec", dont_inherit=True)


def _ordered(functions: Iterable[Function], mutant: Mutant, ground: Ground) -> list[str]:
    """The tests most likely to fail first: those that judge what runs, and of them those that sound like it."""
    own, others = 0, 0
    for function in functions:
        own |= ground.own.get(function, 0)
        others |= ground.beside.get(function, 0)
    scenarios = sum(1 << place for place, test in enumerate(ground.tests) if test.startswith(SCENARIOS))
    judging = own & scenarios
    if not judging:  # the trigger of some rules, say: their scenarios judge it
        judging = (
            reduce(or_, (ground.own.get(function, 0) for function in _reached(set(mutant.names), ground)), 0)
            & scenarios
        )
    at_import = not mutant.first_line or (mutant.module, mutant.first_line) in ground.at_import
    speaking = _files_that_name(mutant.names) if at_import else frozenset()
    words = set(re.findall(r"[a-z]+", mutant.module.rpartition("/")[2] + mutant.scope))

    def likely(place: int) -> tuple[bool, bool, bool, int, int]:
        test = ground.tests[place]
        told = set(re.findall(r"[a-z]+", test.partition("[")[2].partition(":")[0]))
        direct = test.startswith("tests/mappings/") or test.partition("::")[0] in speaking
        return not direct, not judging >> place & 1, not own >> place & 1, -len(told & words), crc32(test.encode())

    places = sorted(
        (
            place
            for place, test in enumerate(ground.tests)
            if (own | others) >> place & 1 or test.partition("::")[0] in speaking
        ),
        key=likely,
    )
    declared = [test for test in ground.tests if at_import and test.startswith(DECLARATIONS)]
    most = EXPLAINED if mutant.name in ground.explained else ground.most
    return [*declared, *(ground.tests[place] for place in places[:most])]


@cache
def _files_that_name(names: frozenset[str]) -> frozenset[str]:
    """The files of tests that name what a module has made while it was imported: they may ask it without any function."""
    sought = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\b")
    paths = (path for glob in TESTS for path in (ROOT / "tests").glob(glob)) if names else ()
    return frozenset(str(path.relative_to(ROOT)) for path in paths if sought.search(path.read_text(encoding="utf-8")))


def tried(
    work: Iterable[tuple[Mutant, list[str]]], jobs: int, alive: Callable[[Mutant, list[str]], bool]
) -> dict[str, str]:
    """How each mutant ended: in a fork of its own, a few at a time, unless there are no tests to try it with."""
    ends: dict[str, str] = {}
    running: dict[int, Mutant] = {}

    def collect() -> None:
        pid, status = os.wait()
        mutant = running.pop(pid)
        if os.WIFSIGNALED(status):
            ends[mutant.name] = "timed out" if os.WTERMSIG(status) == signal.SIGALRM else "killed"
        else:
            ends[mutant.name] = {PASSED: "survived", UNTRIED: "not tried"}.get(os.WEXITSTATUS(status), "killed")

    for mutant, tests in work:
        if not tests:
            ends[mutant.name] = "without a test"
            continue
        if len(running) >= jobs:
            collect()
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(SECONDS)
            _silent()
            try:
                os._exit(PASSED if alive(mutant, tests) else FAILED)
            except BaseException:  # noqa: BLE001 - a mutant that cannot be run is killed
                os._exit(FAILED)
        running[pid] = mutant
    while running:
        collect()
    return ends


def _silent() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


# --- importing anew ---------------------------------------------------------------------------------------------------


@cache
def _sources() -> dict[str, ast.Module]:
    paths = (path for folder in ("mappings", "service") for path in sorted((ROOT / folder).rglob("*.py")))
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _reached(names: set[str], ground: Ground) -> list[Function]:
    """The functions that use one of these names, or a name of a module that is made of one, or by a function that uses one."""
    found: dict[Function, None] = {}
    while True:
        before = len(names), len(found)
        for module, tree in _sources().items():
            for statement in _definitions(tree):
                nodes = list(ast.walk(statement))
                used = {one.id for one in nodes if isinstance(one, ast.Name)}
                used |= {one.attr for one in nodes if isinstance(one, ast.Attribute)}
                if names.isdisjoint(used | {getattr(statement, "name", "")}):
                    continue
                if isinstance(statement, ast.FunctionDef):
                    function = module, min(one.lineno for one in (statement, *statement.decorator_list))
                    found[function] = None
                    names |= {statement.name} if function in ground.at_import else set()
                    continue
                names |= {one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
                found |= {(module, one.lineno): None for one in nodes if isinstance(one, ast.Lambda)}
        if (len(names), len(found)) == before:
            return list(found)


def _definitions(tree: ast.Module) -> Iterator[ast.stmt]:
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            yield from (one for one in statement.body if isinstance(one, ast.FunctionDef))
        elif isinstance(statement, ast.FunctionDef | ast.Assign | ast.AnnAssign):
            yield statement


def _imported_anew(mutant: Mutant, tree: ast.Module, tests: list[str]) -> bool:
    """Whether the mutant survives: the program is imported with it, and the tests are collected again."""
    path = str(ROOT / mutant.module)
    changed = _changed(tree, mutant, path)
    usual = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> types.CodeType | None:
        return changed if self.path == path else usual(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]  # in this fork alone
    files = dict.fromkeys(test.partition("::")[0] for test in tests)
    order = {test: place for place, test in enumerate(tests)}

    def run(items: list[pytest.Item]) -> bool:
        chosen = sorted((item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid])
        return not _first_failure(chosen)

    return bool(_with_tests(run, files))


if __name__ == "__main__":
    sys.exit(main())
