"""The source of a version: what a rule is written as, with all that it calls, and the figures in it.

A rule is its definition, and every definition that one of these names, in any module of `service.rules`; a module's
statements that define nothing come with each of its definitions. Names of attributes are not followed: what they lead to is
written in a class that is named somewhere, or in `mappings`, which counts as a whole (`road`). Comments, docstrings and what
is said (`_("…")`) are set apart: other words are no other answer. The text is read, and never run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from service import rules

ROAD = (
    *("mappings", "service/gathering", "service/evaluate.py", "service/pipeline.py", "service/world.py"),
    *(f"service/rules/{one}.py" for one in ("condition", "guideline", "outcome", "rule")),
)
"""Where a record is read, and a rule is asked: files and folders; and every table in the folder of a guideline."""

NOT_OF_THE_ROAD = frozenset({".po", ".pot", ".mo", ".md", ".pyc"})

Definition: TypeAlias = tuple[str, str]
"""A module, and a name that it defines; `*` is what it does besides."""

BESIDES = "*"
OF_THE_READER = frozenset({"title", "citations", "reading"})
"""What a rule declares for those who read it."""

_FIGURE = re.compile(r"-?\d+(?:\.\d+)?\Z")


IN_A_WHEEL = "osteocds."
"""What stands before the names of all modules there."""


def plain(module: str) -> str:
    """The name of a module as the source tree has it."""
    return module.removeprefix(IN_A_WHEEL)


RULES = plain(rules.__name__)


@dataclass(frozen=True)
class Written:
    """One definition: its code with neither words nor figures, its figures in their order, its words, the names in it."""

    code: str
    figures: tuple[str, ...]
    words: str
    names: frozenset[str]


@dataclass(frozen=True)
class _Module:
    """A module by what it defines, and whence it has the names that it imports."""

    defined: Mapping[str, list[ast.stmt]]
    imported: Mapping[str, tuple[str, str]]


@dataclass
class SourceText:
    """The source below a folder that holds `service` and `mappings`; `settings` are names whose values are compared apart."""

    root: Path
    settings: frozenset[str] = frozenset()
    _modules: dict[str, _Module | None] = field(default_factory=dict)
    _written: dict[Definition, Written] = field(default_factory=dict)
    _led_to: dict[Definition, tuple[Definition, ...]] = field(default_factory=dict)

    def rule(self, module: str, name: str) -> dict[Definition, Written]:
        """The definition of a rule and all that it rests on. Raises `LookupError` where it is not written there."""
        found: dict[Definition, Written] = {}
        left = [(module, name)]
        while left:
            one = self._defined(*left.pop())
            if one is None or one in found:
                continue
            found[one] = self._definition(one)
            if one not in self._led_to:
                self._led_to[one] = tuple(dict.fromkeys(self._named(one)))
            left += [(one[0], BESIDES), *self._led_to[one]]
        if not found:
            raise LookupError(f"{module}.{name}")
        return found

    @cached_property
    def road(self) -> Mapping[str, bytes]:
        """The files that read a record and ask a rule, by their place."""
        places = [self.root / place for place in ROAD]
        paths = [path for at in places for path in ([at] if at.is_file() else at.rglob("*"))]
        paths += self.root.joinpath("service", "rules").rglob("*.csv")
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in paths
            if path.is_file() and path.suffix not in NOT_OF_THE_ROAD
        }

    def road_unlike(self, other: SourceText) -> Iterator[str]:
        """Those of these files that another version has not or has otherwise, whatever it says and comments."""
        for place in sorted(self.road.keys() | other.road.keys()):
            one, two = self.road.get(place), other.road.get(place)
            if one != two and (one is None or two is None or not self._same_code(place, one, two)):
                yield place

    def _same_code(self, place: str, *read: bytes) -> bool:
        if not place.endswith(".py"):
            return False
        parts = [_Parts(self.settings) for _one in read]
        for one, written in zip(parts, read, strict=True):
            one.add(_parsed(written))
        return parts[0].code == parts[1].code and parts[0].figures == parts[1].figures

    # --- modules ------------------------------------------------------------------------------------------------------

    def _module(self, name: str) -> _Module | None:
        if name not in self._modules:
            at = self.root.joinpath(*name.split("."))
            path = next((one for one in (at.with_suffix(".py"), at / "__init__.py") if one.is_file()), None)
            ours = name == RULES or name.startswith(f"{RULES}.")
            self._modules[name] = _read(path) if ours and path is not None else None
        return self._modules[name]

    def _defined(self, module: str, name: str) -> Definition | None:
        """Where a name of a module is defined, through the modules that only pass it on; None outside of the rules."""
        for _step in range(20):
            read = self._module(module)
            if read is None:
                return None
            if name in read.defined:
                return module, name
            if name not in read.imported:
                return None
            module, name = read.imported[name]
        return None

    def _definition(self, one: Definition) -> Written:
        if one not in self._written:
            parts = _Parts(self.settings)
            for statement in self._statements(one):
                parts.add(statement)
            self._written[one] = Written(
                repr(parts.code), tuple(parts.figures), repr(parts.words), frozenset(parts.names)
            )
        return self._written[one]

    def _statements(self, one: Definition) -> list[ast.stmt]:
        module = self._module(one[0])
        return [] if module is None else module.defined[one[1]]

    def _named(self, one: Definition) -> Iterator[Definition]:
        """What a definition names: of its own module, of those it imports from, of modules that it imports whole."""
        module = self._module(one[0])
        if module is None:
            return
        inner = {**module.imported}
        nodes = [node for statement in self._statements(one) for node in _walk(statement)]
        for node in nodes:
            if isinstance(node, ast.ImportFrom | ast.Import):
                inner.update(_imports(node))
        for node in nodes:
            if isinstance(node, ast.Name):
                yield one[0], node.id
                if node.id in inner:
                    yield from self._whole(*inner[node.id])
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in inner:
                yield self._as_module(*inner[node.value.id]), node.attr

    def _whole(self, module: str, name: str) -> Iterator[Definition]:
        """A name that is imported; where it is a module, what it does besides."""
        yield module, name
        yield self._as_module(module, name), BESIDES

    @staticmethod
    def _as_module(module: str, name: str) -> str:
        return f"{module}.{name}" if name else module


def _parsed(source: bytes) -> ast.Module:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            node.module = plain(node.module)
        elif isinstance(node, ast.alias):
            node.name = plain(node.name)
    return tree


def _read(path: Path) -> _Module:
    defined: dict[str, list[ast.stmt]] = {BESIDES: []}
    imported: dict[str, tuple[str, str]] = {}
    for statement in _parsed(path.read_bytes()).body:
        if isinstance(statement, ast.ImportFrom | ast.Import):
            imported.update(_imports(statement))
            continue
        for name in _names_of(statement) or [BESIDES]:
            defined.setdefault(name, []).append(statement)
    return _Module(defined, imported)


def _imports(statement: ast.ImportFrom | ast.Import) -> Iterator[tuple[str, tuple[str, str]]]:
    for one in statement.names:
        if isinstance(statement, ast.Import):
            yield one.asname or one.name.partition(".")[0], (one.name if one.asname else one.name.partition(".")[0], "")
        else:
            yield one.asname or one.name, (statement.module or "", one.name)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, but for what a declaration tells its readers."""
    yield node
    for one in ast.iter_child_nodes(node):
        if not _of_the_reader(node, one):
            yield from _walk(one)


def _of_the_reader(call: ast.AST, keyword: Any) -> bool:
    """The title, the sources or the reading of a rule."""
    declares = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "rule"
    return declares and isinstance(keyword, ast.keyword) and keyword.arg in OF_THE_READER


def _names_of(statement: ast.stmt) -> list[str]:
    """The names that a statement defines; none where it does something else, or a docstring nothing at all."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            names = [node for target in targets for node in ast.walk(target)]
            plain = all(isinstance(node, ast.Name | ast.Tuple | ast.Store) for node in names)
            return [node.id for node in names if isinstance(node, ast.Name)] if plain else []
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


# --- code, figures and words apart ------------------------------------------------------------------------------------


class _Parts:
    """A tree of code taken apart, in its order."""

    def __init__(self, settings: frozenset[str]) -> None:
        self.settings = settings
        self.code: list[str] = []
        self.figures: list[str] = []
        self.words: list[str] = []
        self.names: set[str] = set()

    def add(self, node: Any) -> None:
        """Take one node apart, with all below it."""
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                return  # a docstring
            case ast.Call(func=ast.Name(id="_"), args=[ast.Constant(value=str(said)), *others], keywords=keywords):
                self.words.append(said)
                self._each("words", *others, *keywords)
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if name in self.settings and value is not None:
                self._each("setting", node.target)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                self._figure(f"-{number}")
            case ast.Constant(value=bool() | None):
                self.code.append(repr(node.value))
            case ast.Constant(value=int() | float() as number):
                self._figure(str(number))
            case ast.Constant(value=str(text)) if _FIGURE.match(text):
                self._figure(text)
            case ast.AST():
                self._other(node)
            case list():
                self._each("list", *node)
            case _:
                self.code.append(repr(node))

    def _figure(self, told: str) -> None:
        self.code.append("figure")
        self.figures.append(told)

    def _other(self, node: ast.AST) -> None:
        if isinstance(node, ast.Attribute):
            self.names.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.names.add(node.value)
        if isinstance(node, ast.Call):
            told = [one for one in node.keywords if _of_the_reader(node, one)]
            self.words += [ast.dump(one) for one in told]
            self._each("Call", node.func, node.args, [one for one in node.keywords if one not in told])
            return
        self._each(type(node).__name__, *(getattr(node, name, None) for name in node._fields))

    def _each(self, kind: str, *nodes: Any) -> None:
        self.code.append(f"({kind}")
        for one in nodes:
            self.add(one)
        self.code.append(")")
