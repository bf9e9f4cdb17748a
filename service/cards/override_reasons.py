"""Why a clinician overrides a card: few and stable reasons."""

from __future__ import annotations

from functools import cache

from cds_hooks import Coding
from mappings.wording import _
from service.languages.render import Language
from service.languages.render import render as rendered

REASON_SYSTEM = "urn:osteocds:override-reason"

OVERRIDE_REASONS = (
    ("already-done", _("Already done or ordered elsewhere")),
    ("benefit-outweighs", _("Benefit outweighs the risk")),
    ("specialist-advice", _("On specialist advice")),
    ("not-applicable", _("Does not apply to this patient")),
    ("patient-choice", _("Patient's choice")),
    ("record-wrong", _("The record is wrong or incomplete")),
)
"""Few and stable reasons to override a card; «done elsewhere» and «record wrong» tell us most."""


@cache
def override_reasons(language: Language) -> tuple[Coding, ...]:
    """The reasons as a card offers them."""
    return tuple(Coding(REASON_SYSTEM, code, rendered(text, language)) for code, text in OVERRIDE_REASONS)
