"""How the outcomes become few cards (the specification, "Cards"): one table of rule ids."""

from __future__ import annotations

from service.rules.guideline import Policy

POLICY = Policy(
    checklist=frozenset(
        {
            "vitamin-d-unknown",
            "calcium-unknown",
            "renal-function-unknown",
            "dental-assessment-missing",
            "stereotactic-tumour-board",
            "cementoplasty-haemostasis-unknown",
            "cementoplasty-imaging",
            "cementoplasty-tumour-board",
            "cementoplasty-tumour-control",
            "spinal-instability-unknown",
        }
    ),
    one_problem=(
        frozenset({"denosumab-dose", "denosumab-interval", "antiresorptive-route"}),
        frozenset({"stereotactic-contraindication", "re-irradiation-interval", "re-irradiation-record"}),
        frozenset({"bone-scan-after-fdg-pet", "bone-scan-routine-follow-up"}),
        frozenset({"denosumab-overdue", "denosumab-discontinued", "antiresorptive-stopped-early"}),
    ),
    how_to_give=frozenset(
        {
            "supplementation-missing",
            "zoledronate-renal-dose",
            "zoledronate-interval",
            "zoledronate-infusion",
            "zoledronate-first-infusion",
            "denosumab-dose",
            "denosumab-interval",
            "antiresorptive-route",
        }
    ),
    starting_or_stopping=frozenset(
        {"antiresorptive-not-started", "denosumab-discontinued", "antiresorptive-stopped-early"}
    ),
    lists_what_is_missing=frozenset({"surgery-imaging"}),
    yields={
        "fractionation-advice": frozenset({"single-fraction"}),
        "stereotactic-with-systemic": frozenset(
            {
                "immunotherapy-with-radiotherapy",
                "radiosensitiser-after-radiotherapy",
                "radiosensitiser-before-radiotherapy",
                "tki-with-radiotherapy",
            }
        ),
    },
)
