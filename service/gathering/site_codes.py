"""The site's own codes, read from FHIR ConceptMap files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import orjson

from mappings.vocabulary.concepts import ConceptMapProblem, Terminology


def site_terminology(terminology: Terminology, paths: Iterable[Path]) -> Terminology:
    """The shipped code lists with the ConceptMaps of a site. Raises `ConceptMapProblem`, naming file and element."""
    for path in paths:
        try:
            terminology = terminology.with_concept_map(orjson.loads(path.read_bytes()))
        except (OSError, orjson.JSONDecodeError) as error:
            raise ConceptMapProblem(f"{path}: cannot be read as JSON") from error
        except ConceptMapProblem as problem:
            raise ConceptMapProblem(f"{path}: {problem}") from problem
    return terminology
