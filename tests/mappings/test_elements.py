"""The closed tables of coded elements: no element is read outside them, and what none of them holds is never good news."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mappings
import service
from mappings.vocabulary.elements import (
    ABSENT,
    ADMINISTRATION_STATUS,
    CLINICAL_STATUS,
    ELEMENTS,
    LONGEST,
    NOT_UNDERSTOOD,
    ORDER_STATUS,
    PROCEDURE_STATUS,
    VERIFICATION,
    Element,
    spelled,
)

ROOMS = (Path(mappings.__file__).parent, Path(service.__file__).parent / "gathering")
OF_MANY_MEANINGS = {"type", "severity", "mode"}
FIELDS = frozenset(field for element in ELEMENTS for field in element.fields) - OF_MANY_MEANINGS


def _read_by_name(tree: ast.AST) -> list[tuple[int, str]]:
    """Where a member of a resource is read by the name of an element of the tables."""
    found = []
    for node in ast.walk(tree):
        asked: ast.expr | None = None
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get"
            and node.args
        ):
            asked = node.args[0]
        elif isinstance(node, ast.Subscript):
            asked = node.slice
        if isinstance(asked, ast.Constant) and asked.value in FIELDS:
            found.append((node.lineno, str(asked.value)))
    return found


def test_no_element_is_read_outside_the_tables():
    read = {
        f"{path.name}:{line} {name}"
        for room in ROOMS
        for path in room.rglob("*.py")
        if path.name != "elements.py" and path.parent.name != "valuesets"
        for line, name in _read_by_name(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert read == set()


def invented(element: Element) -> st.SearchStrategy[object]:
    """Values that no table holds, as a code, a Coding, a CodeableConcept, a list, or of no shape at all."""
    text = st.text(min_size=1, max_size=2 * LONGEST).filter(
        lambda said: said.strip() and spelled(said) not in element.values and spelled(said)
    )
    return st.one_of(
        text,
        text.map(lambda said: {"code": said}),
        text.map(lambda said: {"coding": [{"system": "urn:invented", "code": said, "display": said}]}),
        text.map(lambda said: {"text": said}),
        text.map(lambda said: [{"coding": [{"code": said}]}]),
        st.integers(min_value=100, max_value=10**9).filter(lambda said: str(said) not in element.values),
        st.just({"extension": [{"url": "urn:invented"}]}),
    )


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda one: one.name)
@given(data=st.data())
@settings(deadline=None)
def test_an_invented_value_is_not_understood(element, data):
    assert element.read(data.draw(invented(element))) == NOT_UNDERSTOOD


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda one: one.name)
def test_a_value_is_read_in_every_shape_and_spelling(element):
    for said, meant in element.values.items():
        for spelling in (said, said.upper(), f" {said} "):
            assert element.read(spelling) == meant
            assert element.read({"code": spelling}) == meant
            assert element.read({"coding": [{"code": spelling}]}) == meant
            assert element.read([{"coding": {"display": spelling}}]) == meant
            assert element.read({"text": spelling}) == meant


@pytest.mark.parametrize(
    ("element", "said", "meant"),
    [
        (ADMINISTRATION_STATUS, "NOT_DONE", "not-done"),
        (PROCEDURE_STATUS, "Not Done", "not-done"),
        (PROCEDURE_STATUS, "aborted", "stopped"),
        (PROCEDURE_STATUS, {"coding": [{"system": "http://snomed.info/sct", "code": "385660001"}]}, "not-done"),
        (PROCEDURE_STATUS, ["completed", "not-done"], NOT_UNDERSTOOD),
        (PROCEDURE_STATUS, "completed?", NOT_UNDERSTOOD),
        (CLINICAL_STATUS, {"coding": [{"code": "413322009"}]}, "resolved"),
        (CLINICAL_STATUS, {"coding": [{"code": 413322009}]}, "resolved"),
        (VERIFICATION, "Refuted", "refuted"),
        (VERIFICATION, None, "confirmed"),
        (VERIFICATION, {"coding": []}, NOT_UNDERSTOOD),
        (ORDER_STATUS, "revoked", "cancelled"),
        (ORDER_STATUS, None, ABSENT),
    ],
)
def test_a_status_is_read(element, said, meant):
    assert element.of({} if said is None else {element.fields[0]: said}) == meant
