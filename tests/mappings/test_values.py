"""Values of one request: equal by their fields, made fast, and not to be assigned to as far as types can tell."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from mappings.dates import When, day
from mappings.facts import ActOrder, Known, Order, Planned
from mappings.facts.fact_settings import DEFAULTS
from mappings.quantities import exactly
from mappings.values import value
from mappings.vocabulary.analytes import ALBUMIN
from mappings.vocabulary.concepts import Recognised
from mappings.wording import _

TODAY = day(date(2026, 3, 31))


def an_order() -> ActOrder:
    return ActOrder(
        reference="ServiceRequest/1",
        index=0,
        draft=True,
        triggers=True,
        name=_("order"),
        concepts=frozenset({"ct"}),
        identified=True,
        urgent=False,
        planned=Planned(TODAY, assumed=True),
        instruction="fasting",
    )


def test_values_are_equal_and_hashed_by_their_fields():
    assert exactly(3) == exactly(3) != exactly(4)
    assert len({exactly(3), exactly(Decimal("3.0")), exactly(4)}) == 2
    assert hash(Known(_("a"), TODAY)) == hash(Known(_("a"), day(TODAY.first)))


def test_a_value_with_some_fields_replaced_is_another_one():
    order = an_order()
    other = replace(order, index=1)
    assert (order.index, other.index, other.instruction, type(other)) == (0, 1, "fasting", ActOrder)
    assert replace(TODAY, last=date(2026, 4, 1)) == When(date(2026, 3, 31), date(2026, 4, 1))


def test_a_value_has_the_fields_of_the_class_that_it_extends_by_name_only():
    assert {one.name for one in fields(Order)} < {one.name for one in fields(ActOrder)}
    with pytest.raises(TypeError):
        ActOrder("ServiceRequest/1", 0)  # type: ignore[misc, call-arg]


def test_a_value_has_no_further_attributes():
    assert not hasattr(TODAY, "__dict__")
    with pytest.raises((AttributeError, TypeError)):  # CPython 3.11 raises the second for slots that are frozen
        TODAY.time = "noon"  # type: ignore[attr-defined]


@pytest.mark.parametrize("kept", [DEFAULTS, ALBUMIN, ALBUMIN.scale, Recognised()])
def test_what_is_kept_longer_than_a_request_is_frozen_at_run_time(kept):
    with pytest.raises(FrozenInstanceError):
        setattr(kept, fields(kept)[0].name, None)


def test_a_value_is_no_slower_to_make_than_a_plain_dataclass():
    @value
    class Fast:
        first: int

    @dataclass(slots=True)
    class Plain:
        first: int

    assert Fast.__setattr__ is Plain.__setattr__ is object.__setattr__


def test_no_table_of_the_rules_holds_a_value_that_is_not_frozen():
    looked_for = """
import gc
import service.pipeline, service.services
from mappings import dates, facts, quantities, wording
for module in (dates, facts, quantities, wording):
    for made in vars(module).values():
        if isinstance(made, type) and "__dataclass_fields__" in vars(made) and made.__setattr__ is object.__setattr__:
            print(*(repr(one) for one in gc.get_objects() if type(one) is made), end="")
"""
    done = subprocess.run(
        [sys.executable, "-c", looked_for],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""


def test_types_refuse_to_assign_to_a_value():
    program = Path(sys.executable).with_name("mypy")
    tried = """
from dataclasses import replace
from mappings.dates import When
from mappings.facts import ActOrder, Known

def change(when: When, order: ActOrder, known: Known[int]) -> When:
    when.first = when.last
    order.index = 1
    order.instruction = ""
    known.value = 2
    return replace(when, first=when.last)
"""
    done = subprocess.run(
        [program, "--strict", "--config-file=", "--no-error-summary", "-c", tried],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    refused = [line.split('"')[1] for line in done.stdout.splitlines() if "is read-only" in line]
    assert refused == ["first", "index", "instruction", "value"]
    assert len(done.stdout.splitlines()) == len(refused), done.stdout
