"""`osteocds diff`: what other settings or another version change, of a cohort or without one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mappings.wording import Said, _
from service.guidelines import GUIDELINES
from service.impact.sides import Clinical, Installed, NoSide, ScreenedBefore, Screening, Side, side_of
from service.languages.render import Language
from service.settings import Settings

NEEDS_DUCKDB = _("this needs DuckDB: pip install {extra}", extra="'osteocds[population]'")
NEEDS_Z3 = _("this needs z3: pip install {extra}", extra="'osteocds[proofs]'")


class Missing(Exception):
    """A library of an extra is not installed; the message says which."""


@dataclass(frozen=True)
class Asked:
    """What is to be compared, and on what; without a cohort settings alone."""

    old: str
    new: str
    cohort: Path | None
    out: Path | None
    settings: Settings
    now: datetime
    language: Language
    workers: int | None
    memory: str


def difference(asked: Asked) -> Iterator[str]:
    """The lines of the answer. Raises `Missing`, and `ValueError` for what cannot be compared."""
    old, new = (side_of(told, asked.settings.clinical) for told in (asked.old, asked.new))
    if asked.cohort is None and not _screened(old, new):
        yield from _proved(old, new, asked.language)
    else:
        yield from _on_a_cohort(asked, old, new)


def _screened(*sides: Side) -> bool:
    return all(isinstance(one, ScreenedBefore) for one in sides)


def _on_a_cohort(asked: Asked, old: Side, new: Side) -> Iterator[str]:
    try:
        from service.impact.differences import compared, printed
    except ImportError as error:
        raise Missing(Said(NEEDS_DUCKDB)) from error
    if asked.out is None:
        raise NoSide(Said(_("name a folder for the results: --out")))
    if asked.cohort is None and not _screened(old, new):
        raise NoSide(Said(_("name the export to screen: --on")))
    workers = asked.workers or os.cpu_count() or 1
    cohort = asked.cohort or Path()
    by = Screening(cohort, asked.settings, asked.now, asked.language, workers, asked.memory)
    results = [by.results(side, asked.out / name) for side, name in ((old, "old"), (new, "new"))]
    yield from printed(compared(results[0], results[1], asked.out, memory=asked.memory), asked.out, asked.language)


def _proved(old: Side, new: Side, language: Language) -> Iterator[str]:
    if isinstance(old, ScreenedBefore) or isinstance(new, ScreenedBefore):
        raise NoSide(Said(_("the results of a screen are compared on an export: name one with --on")))
    try:
        from service.impact import proof_words, regions
    except ImportError as error:
        raise Missing(Said(NEEDS_Z3)) from error
    if isinstance(old, Installed) or isinstance(new, Installed):
        yield from _of_versions(old, new, language)
        return
    for guideline in GUIDELINES:
        yield from proof_words.printed(regions.proved(guideline, old[guideline.id], new[guideline.id]), language)


def _of_versions(old: Clinical | Installed, new: Clinical | Installed, language: Language) -> Iterator[str]:
    from service.impact import other_version, version_words, versions

    def teller(side: Clinical | Installed) -> other_version.Teller:
        return other_version.Elsewhere(side) if isinstance(side, Installed) else other_version.Here(side)

    try:
        found = versions.compared(teller(old), teller(new))
    except (LookupError, SyntaxError) as error:
        raise NoSide(Said(_("the code of a version cannot be read ({error})", error=type(error).__name__))) from error
    yield from version_words.printed(found, language)
