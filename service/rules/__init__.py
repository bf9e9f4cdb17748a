"""The rules: one module a part of a chapter, one function a statement of the referential.

To add a rule, write its function in the module of its chapter and its scenarios in `tests/scenarios/<rule id>.yaml`;
nothing else is registered anywhere.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType

from service.rules.bone_metastases import (
    calcium,
    dental,
    emergencies,
    fractionation,
    giving,
    imaging,
    interventional,
    radiosensitisers,
    renal_function,
    stereotactic,
    surgery,
    systemic_treatment,
    treatment_course,
    vitamin_d,
)
from service.rules.rule import Rule

CHAPTERS = (
    emergencies,
    vitamin_d,
    calcium,
    renal_function,
    dental,
    giving,
    treatment_course,
    radiosensitisers,
    systemic_treatment,
    fractionation,
    stereotactic,
    interventional,
    surgery,
    imaging,
)
"""The modules in the order of the catalogue."""


def rules_of(module: ModuleType) -> tuple[Rule, ...]:
    """The rules of one module, in the order in which they stand there."""
    return tuple(value for value in vars(module).values() if isinstance(value, Rule))


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of its module and of its place there. Raises `ValueError` where an id is used twice."""
    rules = tuple(rule for module in CHAPTERS for rule in rules_of(module))
    ids = [rule.id for rule in rules]
    if len(ids) != len(set(ids)):
        raise ValueError(f"rule ids used twice: {sorted({one for one in ids if ids.count(one) > 1})}")
    return rules
