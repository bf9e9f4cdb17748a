"""The guideline as it is with another figure in its source: loaded anew, since texts are made when it is loaded."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import mappings
from service.guidelines import GUIDELINES
from service.rules.guideline import Guideline

FOLDER = GUIDELINES[0].folder
PACKAGE = f"service.rules.{FOLDER.name}"
MAPPINGS = Path(mappings.__file__).parent
OURS = ("mappings", "service")


@dataclass(frozen=True)
class Figure:
    """A number in the source of a constant: its module, the name of the constant, where it stands, what it is.

    A module with a point in its name is one of the facts that the guideline shares with the readers.
    """

    module: str
    constant: str
    line: int
    begin: int
    end: int
    number: Decimal

    def __str__(self) -> str:
        return f"{self.module}.{self.constant}: {self.number}"

    @property
    def shared(self) -> bool:
        return "." in self.module


def constants_with_figures(module: str) -> Iterator[str]:
    """The constants of a module in whose values a number stands; of several that one statement assigns, the first."""
    for statement in ast.parse(_path(module).read_text(encoding="utf-8")).body:
        if names := _assigned(statement):
            value = statement.value  # type: ignore[attr-defined]  # an assignment has one
            if value is not None and any(_is_figure(node) for node in ast.walk(value)):
                yield names[0]


def figures_of(module: str, constant: str) -> Iterator[Figure]:
    """The numbers of a constant (of all that one statement assigns), but for how many digits are printed."""
    for statement in ast.parse(_path(module).read_text(encoding="utf-8")).body:
        if constant in _assigned(statement):
            value = statement.value  # type: ignore[attr-defined]  # an assignment has one
            layout = {one.value for one in ast.walk(value) if isinstance(one, ast.keyword) and one.arg == "digits"}
            for node in ast.walk(value):
                if _is_figure(node) and node not in layout:
                    where = (node.lineno, node.col_offset, node.end_col_offset or 0)
                    yield Figure(module, constant, *where, Decimal(node.value))


def numbers_in_functions(module: str) -> Iterator[tuple[int, int]]:
    """Each number, with its line, in a function of a module or what decorates it; but for 0 and 1, which count and index."""
    for statement in ast.parse(_path(module).read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            for node in ast.walk(statement):
                if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value not in (0, 1):
                    yield node.lineno, node.value


def _assigned(statement: ast.stmt) -> list[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


def _is_figure(node: ast.AST) -> bool:
    if not isinstance(node, ast.Constant):
        return False
    if isinstance(node.value, str):
        return node.value.replace(".", "", 1).isdecimal()
    return isinstance(node.value, int) and not isinstance(node.value, bool)


def _path(module: str) -> Path:
    return MAPPINGS.parent.joinpath(*module.split(".")).with_suffix(".py") if "." in module else FOLDER / f"{module}.py"


@contextmanager
def with_number(figure: Figure, number: Decimal) -> Iterator[Guideline]:
    """The guideline with another number in this place; the one that all others use is left as it is."""
    if figure.shared:
        with _patched(figure, number), _forgotten():
            changed = importlib.import_module(PACKAGE).GUIDELINE
            yield changed
        return
    with _forgotten():
        sys.meta_path.insert(0, finder := _Finder(figure, number))
        try:
            changed = importlib.import_module(PACKAGE).GUIDELINE
        finally:
            sys.meta_path.remove(finder)
    yield changed


@contextmanager
def _patched(figure: Figure, number: Decimal) -> Iterator[None]:
    """Every module that has the constant has its new value."""
    tree = ast.parse(_with_number(figure, number, _path(figure.module)))
    [statement] = [one for one in tree.body if figure.constant in _assigned(one)]
    usual, patched = vars(sys.modules[figure.module]), dict(vars(sys.modules[figure.module]))
    exec(compile(ast.Module([statement], []), figure.module, "exec"), patched)  # noqa: S102 - our own source
    changed = {id(usual[name]): (usual[name], patched[name]) for name in _assigned(statement)}
    places = [
        (module, name)
        for path, module in list(sys.modules.items())
        if path.partition(".")[0] in OURS
        for name, value in vars(module).items()
        if id(value) in changed
    ]
    for module, name in places:
        setattr(module, name, changed[id(getattr(module, name))][1])
    try:
        yield
    finally:
        back = {id(new): old for old, new in changed.values()}
        for module, name in places:
            setattr(module, name, back[id(getattr(module, name))])


@contextmanager
def _forgotten() -> Iterator[None]:
    kept = {name: module for name, module in sys.modules.items() if f"{name}.".startswith(f"{PACKAGE}.")}
    parent: Any = sys.modules["service.rules"]
    for name in kept:
        del sys.modules[name]
    try:
        yield
    finally:
        for name in [name for name in sys.modules if f"{name}.".startswith(f"{PACKAGE}.")]:
            del sys.modules[name]
        sys.modules.update(kept)
        setattr(parent, FOLDER.name, kept[PACKAGE])


class _Finder(MetaPathFinder):
    def __init__(self, figure: Figure, number: Decimal) -> None:
        self._figure, self._number = figure, number

    def find_spec(self, name: str, _where: Any, _target: ModuleType | None = None) -> ModuleSpec | None:
        if name != f"{PACKAGE}.{self._figure.module}":
            return None
        path = str(_path(self._figure.module))
        return spec_from_file_location(name, path, loader=_Loader(name, path, self._figure, self._number))


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, figure: Figure, number: Decimal) -> None:
        super().__init__(name, path)
        self._figure, self._number = figure, number

    def get_code(self, _fullname: str) -> CodeType:
        return compile(_with_number(self._figure, self._number, Path(self.path)), self.path, "exec")


def _with_number(figure: Figure, number: Decimal, path: Path) -> bytes:
    """The source with another number in this place."""
    lines = path.read_bytes().splitlines(keepends=True)
    line, told = lines[figure.line - 1], str(number).encode()
    quote = line[figure.begin : figure.begin + 1]
    told = quote + told + quote if quote in b"\"'" else told
    lines[figure.line - 1] = line[: figure.begin] + told + line[figure.end :]
    return b"".join(lines)
