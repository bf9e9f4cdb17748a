"""The choices on which facts rest that the sources leave open: each a named setting with its default.

How long a result stays valid, when a treatment counts as started or as one course. A guideline adds those of its rules; the
catalogue prints all of them as settings, not as the referential, and a site may change them with a TOML file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from mappings.wording import Text, _


def setting(default: int | Decimal, text: Text, *, up_to: int | Decimal | None = None) -> Any:
    """One setting: its default, what it is, and the most that a site may make it. It is whole where its default is."""
    return field(default=default, metadata={"text": text, "up_to": up_to})


MOST_MMOL = 5
"""mmol/L of calcium or phosphate beyond which no limit makes sense."""


@dataclass(frozen=True, slots=True)
class FactSettings:
    """The figures that a fact rests on."""

    renal_valid_days: int = setting(30, _("days that creatinine and clearance stay valid"))
    calcium_valid_days: int = setting(
        30,
        _("days that calcium, albumin and phosphate stay valid"),
    )
    crisis_valid_days: int = setting(
        7,
        _("days that calcium stays valid for a hypercalcaemic crisis"),
    )
    vitamin_d_valid_days: int = setting(180, _("days that 25-OH vitamin D stays valid"))
    haemostasis_valid_days: int = setting(30, _("days that platelets and prothrombin stay valid"))
    haemostasis_valid_days_on_cytotoxic: int = setting(
        7,
        _("the same when a cytotoxic was given in the last 28 d"),
    )
    cytotoxic_given_days: int = setting(
        28,
        _("days after a cytotoxic within which platelets and prothrombin grow old sooner"),
    )
    weight_valid_days: int = setting(90, _("days that a body weight stays valid"))
    pain_score_valid_days: int = setting(14, _("days that a pain score stays valid"))
    finding_valid_days: int = setting(90, _("days that a recorded finding stays valid"))
    albumin_window_days: int = setting(
        7,
        _("days between calcium and the albumin that corrects it"),
    )
    low_calcium_below: Decimal = setting(  # noqa: RUF009 - a field
        Decimal("2.20"),
        _("calcium (mmol/L) below which it is low where the result states no limit"),
        up_to=MOST_MMOL,
    )
    high_calcium_above: Decimal = setting(  # noqa: RUF009 - a field
        Decimal("2.60"),
        _("calcium (mmol/L) above which it is high where the result states no limit"),
        up_to=MOST_MMOL,
    )
    start_free_days: int = setting(
        365,
        _("days without the treatment that make an order a start"),
    )
    on_treatment_days: int = setting(
        120,
        _("days after the last dose that still count as on treatment"),
    )
    course_gap_days: int = setting(365, _("longest gap in days within one course"))


def takes(settings: FactSettings, name: str, figure: object) -> bool:
    """A figure is one that the setting may have."""
    one = next((one for one in fields(settings) if one.name == name), None)
    if one is None or isinstance(figure, bool) or not isinstance(figure, int | Decimal):
        return False
    if isinstance(one.default, int) and not isinstance(figure, int):
        return False
    most = one.metadata["up_to"]
    return Decimal(figure).is_finite() and figure >= 0 and (most is None or figure <= most)


def setting_texts(settings: FactSettings) -> dict[str, Text]:
    """What each setting is, by name."""
    return {one.name: one.metadata["text"] for one in fields(settings)}


DEFAULTS = FactSettings()
