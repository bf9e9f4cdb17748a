"""The marks of this guideline's own sentences."""

from __future__ import annotations

from pathlib import Path

from mappings.wording import marks_of

_, _c, _n = marks_of(Path(__file__).parent)
