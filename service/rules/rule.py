"""A rule: one statement of the referential as one decorated function.

The decorator's arguments are the statement's declaration: id, citation, trigger, the facts it reads, how it was read.
What is missing or unknown fails when the module is imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from mappings.facts import Facts, Order
from mappings.wording import Text
from service.rules.citation import Citation
from service.rules.outcome import Condition, Indicator, Outcome

Statement: TypeAlias = Callable[[Any, Facts], Outcome]
"""The function of a rule: (order, patient) to an outcome; the order is None in `patient-view`."""


@dataclass(frozen=True, slots=True, eq=False)
class Trigger:
    """The orders that make a rule speak. `in_scope` is asked once the record is there.

    A scope that cannot be known counts as in scope, unless it `must_be_known`: the rule then cannot tell. Rules that share
    a trigger share the object: each is asked once an order.
    """

    name: Text
    matches: Callable[[Order], bool]
    in_scope: Callable[[Order, Facts], Condition] | None = None
    must_be_known: bool = False
    needs: frozenset[str] = frozenset()
    any_relevant: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A statement with its declaration. `severest` is the highest indicator that it can give.

    `problem` names the card that it shares with other rules; `prerequisite` puts it on the order's checklist;
    `about_giving` silences it beside a rule that deletes the order; `about_course` beside a critical emergency; `once`
    asks it once a request, however many orders trigger it, because its answer is about the patient; it is silent beside
    advice of a rule that it `yields_to`.
    """

    id: str
    title: Text
    citations: tuple[Citation, ...]
    statement: Statement
    needs: frozenset[str]
    severest: Indicator
    trigger: Trigger | None
    patient_view: bool
    problem: str
    prerequisite: bool
    about_giving: bool
    about_course: bool
    once: bool
    yields_to: frozenset[str]
    reading: Text | None


_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")


def rule(  # noqa: PLR0913 - a declaration has as many parts as it has
    rule_id: str,
    *,
    title: Text,
    citations: tuple[Citation, ...],
    needs: tuple[str, ...],
    severest: Indicator,
    trigger: Trigger | None = None,
    patient_view: bool = False,
    problem: str = "",
    prerequisite: bool = False,
    about_giving: bool = False,
    about_course: bool = False,
    once: bool = False,
    yields_to: tuple[str, ...] = (),
    reading: Text | None = None,
) -> Callable[[Statement], Rule]:
    """Declare a rule. Raises `ValueError` where the declaration is incomplete or names an unknown fact."""
    if not _ID.match(rule_id):
        raise ValueError(f"rule id {rule_id!r} is not kebab-case")
    if not citations:
        raise ValueError(f"rule {rule_id} cites nothing")
    if trigger is None and not patient_view:
        raise ValueError(f"rule {rule_id} has no trigger")
    unknown = set(needs) - Facts.__abstractmethods__
    if unknown:
        raise ValueError(f"rule {rule_id} needs unknown facts {sorted(unknown)}")

    def declare(statement: Statement) -> Rule:
        return Rule(
            id=rule_id,
            title=title,
            citations=citations,
            statement=statement,
            needs=frozenset(needs) | (trigger.needs if trigger else frozenset()),
            severest=severest,
            trigger=trigger,
            patient_view=patient_view,
            problem=problem,
            prerequisite=prerequisite,
            about_giving=about_giving,
            about_course=about_course,
            once=once,
            yields_to=frozenset(yields_to),
            reading=reading,
        )

    return declare
