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

from service.guidelines import GUIDELINES
from service.rules.guideline import Guideline

FOLDER = GUIDELINES[0].folder
PACKAGE = f"service.rules.{FOLDER.name}"


@dataclass(frozen=True)
class Figure:
    """A number in the source of a constant: its module, the name of the constant, where it stands, what it is."""

    module: str
    constant: str
    line: int
    begin: int
    end: int
    number: Decimal

    def __str__(self) -> str:
        return f"{self.module}.{self.constant}: {self.number}"


def figures_of(module: str, constant: str) -> Iterator[Figure]:
    """The numbers of a constant (of all that one statement assigns), but for how many digits are printed."""
    for statement in ast.parse(_source(module)).body:
        if isinstance(statement, ast.Assign) and constant in {
            name.id for name in ast.walk(statement.targets[0]) if isinstance(name, ast.Name)
        }:
            layout = {
                one.value for one in ast.walk(statement.value) if isinstance(one, ast.keyword) and one.arg == "digits"
            }
            for node in ast.walk(statement.value):
                if isinstance(node, ast.Constant) and _is_number(node.value) and node not in layout:
                    where = (node.lineno, node.col_offset, node.end_col_offset or 0)
                    yield Figure(module, constant, *where, Decimal(node.value))


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return value.replace(".", "", 1).isdecimal()
    return isinstance(value, int) and not isinstance(value, bool)


def _source(module: str) -> str:
    return (FOLDER / f"{module}.py").read_text(encoding="utf-8")


def with_number(figure: Figure, number: Decimal) -> Guideline:
    """The guideline with another number in this place; the one that all others use is left as it is."""
    with _forgotten():
        sys.meta_path.insert(0, finder := _Finder(figure, number))
        try:
            return importlib.import_module(PACKAGE).GUIDELINE  # type: ignore[no-any-return]  # a module has any
        finally:
            sys.meta_path.remove(finder)


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

    def find_spec(self, name: str, _path: Any, _target: ModuleType | None = None) -> ModuleSpec | None:
        if name != f"{PACKAGE}.{self._figure.module}":
            return None
        path = str(FOLDER / f"{self._figure.module}.py")
        return spec_from_file_location(name, path, loader=_Loader(name, path, self._figure, self._number))


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, figure: Figure, number: Decimal) -> None:
        super().__init__(name, path)
        self._figure, self._number = figure, number

    def get_code(self, _fullname: str) -> CodeType:
        lines = Path(self.path).read_bytes().splitlines(keepends=True)
        line, one = lines[self._figure.line - 1], self._figure
        told = str(self._number).encode()
        quote = line[one.begin : one.begin + 1]
        lines[one.line - 1] = line[: one.begin] + (quote + told + quote if quote in b"\"'" else told) + line[one.end :]
        return compile(b"".join(lines), self.path, "exec")
