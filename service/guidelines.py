"""The guidelines that this installation serves."""

from __future__ import annotations

from service.rules.bone_metastases import GUIDELINE as BONE_METASTASES
from service.rules.guideline import Guideline

GUIDELINES: tuple[Guideline, ...] = (BONE_METASTASES,)
