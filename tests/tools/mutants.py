"""What mutation testing changes: one small change of the program a mutant, as a reviewer might overlook it.

Comparisons move their boundary or turn round; a test is negated; an operand of `and`, `or`, `unless_all`, `either`, `both`,
`any_of`, `|`, `&` is left out, and so is a condition of a rule or of a table of conditions; arithmetic changes its sign; a
number is one step off; a truth value flips; an indicator is one level off; the first day of a partial date stands for the
last; an offer is forgotten. Texts of cards, documentation, annotations and the spellings in tables are left alone: other
tests read them.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeGuard

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
}
NEIGHBOURS = {
    "below": "at_most",
    "at_most": "below",
    "above": "at_least",
    "at_least": "above",
    "first": "last",
    "last": "first",
    "low": "high",
    "high": "low",
}
LEVELS = {"CRITICAL": "WARNING", "WARNING": "INFO", "INFO": "WARNING"}
CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}
SAYING = {"critical": "warning", "warning": "info", "info": "warning"}
"""The level at which a rule speaks; changed where the module has the other level at hand."""
CONNECTIVES = frozenset({"unless_all", "either", "both"})
NAMED_CONNECTIVES = frozenset({"any_of", "any_named"})
"""Their first argument is what they are called."""
SPARED_CALLS = frozenset(
    {"_", "_c", "_n", "Text", "verbatim", "TypeVar", "dataclass", "lru_cache", "field", "compile", "cast"}
)
SPARED_NAMES = re.compile(r"__all__|LONGEST|_TEXT\Z")
NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
_OFFERS = ast.parse((Path(__file__).parents[2] / "service/rules/offers.py").read_text(encoding="utf-8"))
OFFERS = frozenset(one.name for one in _OFFERS.body if isinstance(one, ast.ClassDef))


@dataclass(frozen=True, eq=False)
class Mutant:
    """One change: the function (or table) that it stands in, what it replaces, and by what.

    `first_line` is that of its function (0 outside of all); `names` are those of the module that depend on what is outside;
    `line` is the first line of what is replaced, `number` tells equal changes of equal lines of one function apart.
    """

    module: str
    scope: str
    first_line: int
    names: frozenset[str]
    line: str
    before: str
    after: str
    number: int
    spot: tuple[ast.AST, str, int | None]
    node: ast.expr

    @property
    def change(self) -> str:
        """What is changed, and in which line: the same after its function or its file got another name or place."""
        again = f" ({self.number})" if self.number > 1 else ""
        return f"`{self.before}` → `{self.after}`{again} in `{self.line}`"

    @property
    def place(self) -> str:
        """Where it stands at present."""
        return f"{self.module} {self.scope}"

    @property
    def name(self) -> str:
        """Change and place: no other mutant has both."""
        return f"{self.change} [{self.place}]"

    def apply(self) -> None:
        """Change the tree that it was found in."""
        parent, field, index = self.spot
        if index is None:
            setattr(parent, field, self.node)
        else:
            getattr(parent, field)[index] = self.node


@dataclass(frozen=True)
class _Around:
    """Where the walk is: within which definitions, statement, names of the module."""

    scope: tuple[str, ...] = ()
    first_line: int = 0
    names: frozenset[str] = frozenset()
    outside: int = 0
    """The function in which the definition itself stands, with its decorators and defaults."""


def mutants_of(module: str, tree: ast.Module, source: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its code; `tree` is that of the source, and is what a mutant changes."""
    found: list[Mutant] = []
    counted: Counter[tuple[str, ...]] = Counter()
    lines = source.splitlines()
    imported = _imported(tree)
    for spot, node, around in _walk(tree, _Around()):
        line = _short(FUNCTION_NAME.sub("def (", lines[node.lineno - 1]))
        conditions = _are_conditions(node, spot[0], outside=not around.first_line)
        for changed in _without_one(node) if conditions else _alternatives(node, spot[1], imported):
            other = ast.fix_missing_locations(ast.copy_location(copy(changed), node))  # an operand stays as it was
            scope, before, after = ".".join(around.scope), _short(ast.unparse(node)), _short(ast.unparse(other))
            counted[scope, line, before, after] += 1
            found.append(
                Mutant(
                    module,
                    scope,
                    around.first_line,
                    around.names,
                    line,
                    before,
                    after,
                    number=counted[scope, line, before, after],
                    spot=spot,
                    node=other,
                )
            )
    return found


FUNCTION_NAME = re.compile(r"\bdef \w+\(")


def _short(code: str) -> str:
    text = " ".join(code.split()).replace("`", "'")
    return text if len(text) <= 100 else f"{text[:60]} ... {text[-35:]}"


def _imported(tree: ast.Module) -> frozenset[str]:
    imports = (one for one in tree.body if isinstance(one, ast.ImportFrom))
    return frozenset(alias.asname or alias.name for one in imports for alias in one.names)


def _walk(node: ast.AST, around: _Around) -> Iterator[tuple[tuple[ast.AST, str, int | None], ast.expr, _Around]]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if not isinstance(child, ast.AST) or _spared(node, name, child):
                continue
            here = around
            if isinstance(node, ast.FunctionDef) and name != "body":
                here = replace(around, first_line=around.outside)
            inside = _inside(here, child)
            if isinstance(child, ast.expr):
                yield (node, name, index), child, inside
            yield from _walk(child, inside)


def _inside(around: _Around, child: ast.AST) -> _Around:
    match child:
        case ast.FunctionDef(name=name):
            named = around.names if around.first_line else around.names | {name}
            first = min(one.lineno for one in (child, *child.decorator_list))
            return _Around((*around.scope, name), first, named, around.first_line)
        case ast.ClassDef(name=name):
            return _Around((*around.scope, name), around.first_line, around.names | {name})
        case ast.Assign() | ast.AnnAssign() if not around.first_line:
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            named = frozenset(one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))
            return _Around((*around.scope, *sorted(named)[:1]), 0, around.names | named)
        case ast.Lambda() if not around.first_line:
            return _Around((*around.scope, "lambda"), child.lineno, around.names)
    return around


def _spared(parent: ast.AST, field: str, child: ast.AST) -> bool:
    """Texts, imports, raised messages, declarations of dataclasses, code for the type checker; decorators of functions."""
    match child:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)) if name in SPARED_CALLS:
            return True
        case ast.keyword(arg="strict"):  # that two lists are of one length holds, or the program has failed before
            return True
        case ast.Raise() | ast.Import() | ast.ImportFrom() | ast.Global() | ast.JoinedStr():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return bool(SPARED_NAMES.search(name))
        case ast.Subscript() if field == "annotation":
            return True
    return isinstance(parent, ast.ClassDef) and field == "bases"


def _are_conditions(node: ast.expr, parent: ast.AST, *, outside: bool) -> TypeGuard[ast.Tuple]:
    """The `when` of a rule, or a table of functions outside of all: constants are in capitals."""
    if not outside or not isinstance(node, ast.Tuple) or not isinstance(node.ctx, ast.Load):
        return False
    if isinstance(parent, ast.keyword):
        return parent.arg == "when"
    names = [one.value if isinstance(one, ast.Starred) else one for one in node.elts]
    return (
        len(names) > 1
        and all(isinstance(one, ast.Name) for one in names)
        and any(isinstance(one, ast.Name) and one.id.islower() for one in node.elts)
    )


def _without_one(node: ast.Tuple) -> Iterator[ast.expr]:
    for place in range(len(node.elts)):
        yield ast.Tuple([*node.elts[:place], *node.elts[place + 1 :]], ast.Load())


def _alternatives(  # noqa: C901, PLR0912 - one table of all changes
    node: ast.expr, field: str, imported: frozenset[str]
) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            for comparison in COMPARISONS[type(operator)]:
                yield ast.Compare(left, [comparison()], [right])
        case ast.Compare(left=left, ops=operators, comparators=rights):
            for place, operator in enumerate(operators):
                comparison = COMPARISONS[type(operator)][0]
                yield ast.Compare(left, [*operators[:place], comparison(), *operators[place + 1 :]], rights)
        case ast.BoolOp(op=connective, values=values):
            for place in range(len(values)):
                rest = [*values[:place], *values[place + 1 :]]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(connective, rest)
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd(), right=right):
            yield left
            yield right
        case ast.BinOp(left=left, op=arithmetic, right=right) if type(arithmetic) in ARITHMETIC:
            yield ast.BinOp(left, ARITHMETIC[type(arithmetic)](), right)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Name() | ast.Attribute() | ast.Call() if field in ("test", "ifs"):
            yield ast.UnaryOp(ast.Not(), node)
    match node:
        case ast.Constant(value=bool(truth)):
            yield ast.Constant(not truth)
        case ast.Constant(value=int(number)):
            yield ast.Constant(number + 1)
        case ast.Call(func=ast.Name(id="Decimal"), args=[ast.Constant(value=str(text))]) if NUMBER.match(text):
            digits = len(text.partition(".")[2])
            step = ast.Constant("0." + "1".rjust(digits, "0") if digits else "1")
            yield ast.BinOp(node, ast.Add(), ast.Call(ast.Name("Decimal", ast.Load()), [step], []))
        case ast.Call(func=ast.Name(id="negated"), args=[operand]):
            yield operand
        case ast.Call(func=ast.Name(id=name) as function, args=arguments, keywords=keywords) if name in CONNECTIVES:
            for place in range(len(arguments) if len(arguments) > 1 else 0):
                yield ast.Call(function, [*arguments[:place], *arguments[place + 1 :]], keywords)
        case ast.Call(func=ast.Name(id=name) as function, args=[called, *arguments]) if name in NAMED_CONNECTIVES:
            for place in range(len(arguments) if len(arguments) > 1 else 0):
                yield ast.Call(function, [called, *arguments[:place], *arguments[place + 1 :]], node.keywords)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords) if name in CALLS:
            yield ast.Call(ast.Name(CALLS[name], ast.Load()), arguments, keywords)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords) if SAYING.get(name) in imported:
            yield ast.Call(ast.Name(SAYING[name], ast.Load()), arguments, keywords)
        case ast.Attribute(value=ast.Name(id="Indicator") as value, attr=name) if name in LEVELS:
            yield ast.Attribute(value, LEVELS[name], ast.Load())
        case ast.Attribute(value=value, attr=name, ctx=ast.Load()) if name in NEIGHBOURS:
            yield ast.Attribute(value, NEIGHBOURS[name], ast.Load())
        case ast.Tuple(elts=elements, ctx=ast.Load()):
            for place, element in enumerate(elements):
                if isinstance(element, ast.Call) and isinstance(element.func, ast.Name) and element.func.id in OFFERS:
                    yield ast.Tuple([*elements[:place], *elements[place + 1 :]], ast.Load())
