"""A rule: one statement of the referential, declared as the specification's own columns.

id · about (`trigger`) · when · level and says (the function) · offers · source. What is missing or unknown in a declaration
fails when the module is imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from mappings.facts import Facts, Order
from mappings.queries import NEEDS, Reads
from mappings.wording import Text, _
from service.rules.citation import Citation
from service.rules.condition import Condition
from service.rules.outcome import Indicator, Outcome

RuleSays: TypeAlias = Callable[[Any, Facts], Outcome]
"""What a rule says once its conditions hold: (order, patient) to an outcome; the order is None in `patient-view`."""


class Hook(StrEnum):
    """The moments at which a rule is asked, as CDS Hooks names them."""

    ORDER_SELECT = "order-select"
    ORDER_SIGN = "order-sign"
    PATIENT_VIEW = "patient-view"

    @property
    def is_about_orders(self) -> bool:
        """The rules are asked about each draft order; else once, about the patient."""
        return self in ORDERING


ORDERING = frozenset({Hook.ORDER_SELECT, Hook.ORDER_SIGN})
"""The hooks of a draft order: a rule is asked about each order that its trigger matches."""

VIEWING = frozenset({Hook.PATIENT_VIEW})
"""The hooks of the patient: a rule is asked once, without an order."""

MOMENTS = {Hook.PATIENT_VIEW: _("view of the patient")}
"""What a hook of the patient is called, beside the orders that a rule is about."""


@dataclass(frozen=True, slots=True, eq=False)
class Trigger:
    """The orders that a rule is about: of a kind, by the order alone, and in `scope`, once the record is there.

    A scope that cannot be known counts as in scope, unless it `must_be_known`: the rule then cannot tell. Rules that share
    a trigger share the object: each is asked once an order.
    """

    name: Text
    matches: Callable[[Any], bool]
    kind: type[Order] = Order
    scope: Condition | None = None
    must_be_known: bool = False
    any_relevant: bool = False

    @property
    def reads(self) -> frozenset[Reads]:
        """The facts that decide the scope."""
        return frozenset() if self.scope is None else self.scope.reads


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A statement with its declaration. `severest` is the highest indicator that it can give.

    `reads` are the facts of its trigger, of its conditions and of its words; `once` asks it once a request, however many
    orders trigger it, because its answer is about the patient.
    """

    id: str
    title: Text
    citations: tuple[Citation, ...]
    trigger: Trigger | None
    hooks: frozenset[Hook]
    when: tuple[Condition, ...]
    statement: RuleSays
    reads: frozenset[Reads]
    severest: Indicator
    once: bool
    reading: Text | None


_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")


def rule(  # noqa: PLR0913 - a declaration has as many parts as it has
    rule_id: str,
    *,
    title: Text,
    citations: tuple[Citation, ...],
    severest: Indicator,
    when: tuple[Condition, ...],
    trigger: Trigger | None = None,
    hooks: frozenset[Hook] | None = None,
    reads: Iterable[Reads] = (),
    once: bool = False,
    reading: Text | None = None,
) -> Callable[[RuleSays], Rule]:
    """Declare a rule; `reads` are facts of its words alone. Without `hooks` it is asked where its trigger is, or viewing.

    Raises `ValueError` where the declaration is incomplete or names an unknown fact.
    """
    asked = hooks if hooks is not None else (ORDERING if trigger is not None else VIEWING)
    if not _ID.match(rule_id):
        raise ValueError(f"rule id {rule_id!r} is not kebab-case")
    if not citations:
        raise ValueError(f"rule {rule_id} cites nothing")
    if not asked or bool(asked & ORDERING) != (trigger is not None):
        raise ValueError(f"rule {rule_id} needs a trigger for the hooks of orders, and none for the patient's alone")
    needed = frozenset(reads).union(*(one.reads for one in when), trigger.reads if trigger is not None else ())
    unknown = sorted(name for name in needed if isinstance(name, str) and name not in NEEDS)
    if unknown:
        raise ValueError(f"rule {rule_id} reads unknown facts {unknown}")

    def declare(statement: RuleSays) -> Rule:
        return Rule(rule_id, title, citations, trigger, asked, when, statement, needed, severest, once, reading)

    return declare
