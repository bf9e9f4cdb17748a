"""The choices that the leaflet leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from gout.wording import _
from mappings.facts import Facts, FactSettings, setting


@dataclass(frozen=True, slots=True)
class Settings(FactSettings):
    uric_acid_valid_days: int = setting(90, _("days that uric acid stays valid"))
    severe_renal_impairment_below: int = setting(
        30, _("creatinine clearance (mL/min) below which impairment is severe")
    )


def settings_of(patient: Facts) -> Settings:
    return cast("Settings", patient.settings)
