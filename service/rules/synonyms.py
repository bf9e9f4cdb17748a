"""What clinicians type for a phrase of the catalogue: abbreviations, older names, words of the other language."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.wording import Text


@dataclass(frozen=True, slots=True)
class Synonym:
    """Words that are typed, in whichever language, for a phrase that the catalogue says; drugs have their names without it."""

    typed: tuple[str, ...]
    means: Text
