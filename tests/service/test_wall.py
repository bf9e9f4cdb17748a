"""A guideline is one folder: nothing outside it and the dictionary names a drug, a bone or a document."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from mappings.facts.bones import LONG_BONES, PAIRED, SPINE
from mappings.vocabulary import valuesets
from mappings.vocabulary.analytes import ANALYTES
from mappings.vocabulary.names import DRUG_NAMES, LONGEST_TEXT, holds, words
from service.guidelines import GUIDELINES
from service.languages.render import Language, render

ROOT = Path(__file__).parents[2]

DICTIONARY = (ROOT / "mappings" / "vocabulary", ROOT / "mappings" / "facts" / "bones.py")
TEST_RECORDS = (ROOT / "service" / "demo" / "synthetic.py",)
"""Writes the records of synthetic patients, so it must name what they have."""

OF_OTHERS = frozenset(ROOT / "service" / "edge" / "static" / f"swagger-ui{end}" for end in ("-bundle.js", ".css"))
"""Files of Swagger UI, which are theirs."""

MAY_NAME = (*DICTIONARY, *TEST_RECORDS, *(guideline.folder for guideline in GUIDELINES))

MEASURED = {tuple(words(name)) for analyte in ANALYTES for name in analyte.words}
"""Calcium and vitamin D are drugs, and results of the laboratory: as these they may be named."""

DRUGS = {tuple(words(name)) for name, concept, _kind, _evidence in valuesets.table(DRUG_NAMES) if concept} - MEASURED
BONES = {(bone,) for bone in PAIRED | LONG_BONES | {SPINE}} | {
    (bone.partition(":")[0],) for _system, _code, bones, _note in valuesets.table("bones.csv") for bone in bones.split()
}
DOCUMENTS = {("auvergne",), ("rao",), ("referential",), ("kastler",)} | {
    tuple(words(render(document.title, language)))
    for guideline in GUIDELINES
    for document in guideline.documents
    for language in Language
}
NAMES = {"drug": DRUGS, "bone": BONES, "document": DOCUMENTS}


def files(*endings: str) -> list[Path]:
    """The files of the packages that may name none of these."""
    every = (path for package in ("service", "mappings") for path in (ROOT / package).rglob("*") if path.is_file())
    return sorted(
        path
        for path in every
        if path.suffix in endings and path not in OF_OTHERS and not any(path.is_relative_to(one) for one in MAY_NAME)
    )


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """The string constants of a module, but for docstrings, those of values among them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.lineno, node.value


def named(text: str) -> list[str]:
    """The drugs, bones and documents that the lines of a text name."""
    found: set[str] = set()
    for line in text.splitlines():
        assert len(line) <= LONGEST_TEXT, "a longer line would not be read to its end"
        said = tuple(words(line))
        for kind, names in NAMES.items():
            found |= {f"{kind} {' '.join(name)}" for name in names if name[0] in said and holds(said, name)}
    return sorted(found)


def test_the_lists_of_names_are_there_and_find_them() -> None:
    assert named("Xgeva of the left femur, as the Auvergne-Rhône-Alpes referential has it") == [
        "bone femur",
        "document auvergne",
        "document referential",
        "drug xgeva",
    ]
    assert named("denosumab_120mg") == ["drug denosumab"]
    assert named("calcium, then vitamin D") == []


@pytest.mark.parametrize("path", files(".py"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_names_no_drug_no_bone_and_no_document(path: Path) -> None:
    assert [(line, text, names) for line, text in strings(path) if (names := named(text))] == []


@pytest.mark.parametrize("path", files(".html", ".js"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_names_no_drug_no_bone_and_no_document(path: Path) -> None:
    assert named(path.read_text(encoding="utf-8")) == []


def test_beside_the_guidelines_the_service_holds_no_clinical_text() -> None:
    assert files(".yaml", ".md", ".csv", ".json") == []
