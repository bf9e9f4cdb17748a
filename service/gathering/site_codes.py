"""The site's own codes, read from FHIR ConceptMap files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import orjson

from mappings.vocabulary.concepts import ConceptMapProblem, Terminology
from mappings.wording import Said, _


def site_terminology(terminology: Terminology, paths: Iterable[Path]) -> Terminology:
    """The shipped code lists with the ConceptMaps of a site. Raises `ConceptMapProblem`, naming file and element."""
    for path in paths:
        try:
            terminology = terminology.with_concept_map(orjson.loads(path.read_bytes()))
        except (OSError, orjson.JSONDecodeError) as error:
            raise ConceptMapProblem(Said(_("{path}: cannot be read as JSON", path=str(path)))) from error
        except ConceptMapProblem as problem:
            raise ConceptMapProblem(Said(_("{what}: {why}", what=str(path), why=problem.args[0]))) from problem
    return terminology
