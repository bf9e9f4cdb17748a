"""Garbage for property tests: odd values, names and nestings, as broken clients send them."""

from __future__ import annotations

from hypothesis import strategies as st
from support.scenario import PATIENT

WORDS = [
    *(
        "",
        " ",
        "\n",
        "\x00",
        "x",
        "<script>",
        "{0}",
        "{name}",
        "%s",
        "\u2028",
        "\ud7ff",
        "\U0001d7d9",
        "\u0661\u0662",
        "²",
    ),
    *(
        "2026-03-31",
        "2026",
        "2026-13-45",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1e400",
        "-0",
        "NaN",
    ),
    *(
        "Patient/other",
        f"Patient/{PATIENT}",
        "#x",
        "urn:uuid:1",
        "http://[",
        "Bundle",
        "OperationOutcome",
        "Medication",
    ),
    *(
        "mg",
        "mg/dL",
        "[iU]",
        "wk",
        "final",
        "active",
        "entered-in-error",
        "M05BX04",
        "http://loinc.org",
        "2000-8",
        "a" * 600,
    ),
]
NUMBERS = [0, -1, 1, 3, 28, 1.5, -0.0, 1e308, -1e308, 1e-320, 2**63, 2**64 - 1, 10**17, True, False, None]
NAMES = [
    *(
        "reference",
        "coding",
        "value",
        "system",
        "code",
        "resourceType",
        "extension",
        "text",
        "unit",
        "start",
        "end",
        "id",
    ),
    *("repeat", "timing", "low", "high", "display", "period", "periodUnit", "status", "entry", "resource", "contained"),
    *(
        "ingredient",
        "itemReference",
        "meta",
        "versionId",
        "boundsPeriod",
        "valueString",
        "valueRange",
        "component",
        "event",
    ),
]
GARBAGE = st.recursive(
    st.sampled_from(WORDS) | st.sampled_from(NUMBERS) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
