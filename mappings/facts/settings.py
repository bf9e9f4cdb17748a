"""The choices that the sources leave open: each a named setting with its default (`rules.md`, marks [I]).

The catalogue prints them as settings, not as the referential; a site may change them with a TOML file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from mappings.wording import Text, _


def _setting(default: Any, text: Text) -> Any:
    return field(default=default, metadata={"text": text})


@dataclass(frozen=True, slots=True)
class ClinicalSettings:
    """Every [I] figure of `rules.md` that a rule or a fact uses."""

    renal_valid_days: int = _setting(30, _("days that creatinine and clearance stay valid"))
    calcium_valid_days: int = _setting(
        30,
        _("days that calcium, albumin and phosphate stay valid"),
    )
    crisis_valid_days: int = _setting(
        7,
        _("days that calcium stays valid for a hypercalcaemic crisis"),
    )
    vitamin_d_valid_days: int = _setting(180, _("days that 25-OH vitamin D stays valid"))
    haemostasis_valid_days: int = _setting(30, _("days that platelets and prothrombin stay valid"))
    haemostasis_valid_days_on_cytotoxic: int = _setting(
        7,
        _("the same when a cytotoxic was given in the last 28 d"),
    )
    cytotoxic_given_days: int = _setting(
        28,
        _("days after a cytotoxic within which platelets and prothrombin grow old sooner"),
    )
    weight_valid_days: int = _setting(90, _("days that a body weight stays valid"))
    dental_valid_days: int = _setting(183, _("days that a dental assessment stays valid"))
    pain_score_valid_days: int = _setting(14, _("days that a pain score stays valid"))
    finding_valid_days: int = _setting(90, _("days that a recorded finding stays valid"))
    albumin_window_days: int = _setting(
        7,
        _("days between calcium and the albumin that corrects it"),
    )
    start_free_days: int = _setting(
        365,
        _("days without any antiresorptive that make an order a start"),
    )
    on_treatment_days: int = _setting(
        120,
        _("days after the last dose that still count as on an antiresorptive"),
    )
    course_gap_days: int = _setting(365, _("longest gap in days within one course"))
    longest_monthly_interval_days: int = _setting(35, _("longest interval in days that still is monthly"))
    overdue_after_days: int = _setting(
        36,
        _("days after which a dose of denosumab is overdue"),
    )
    vitamin_d_loading_iu_a_week: int = _setting(
        50_000,
        _("IU of vitamin D a week that count as a loading regimen"),
    )
    extraction_wait_days: int = _setting(
        31,
        _("days after a tooth extraction within which a start is questioned (the source: 3 weeks to 1 month)"),
    )
    cofactor_days: int = _setting(
        28,
        _("days after a corticosteroid or anti-angiogenic that still count as jaw cofactor"),
    )
    nephrotoxic_bisphosphonate_days: int = _setting(
        90,
        _("days after a bisphosphonate within which a nephrotoxic drug is cumulative"),
    )
    nephrotoxic_drug_days: int = _setting(
        28,
        _("days after a platinum or pemetrexed within which a bisphosphonate is cumulative"),
    )
    radiosensitiser_days: int = _setting(
        28,
        _("days around radiotherapy in which a radiosensitiser without a figure is looked for"),
    )
    immunotherapy_days: int = _setting(
        105,
        _("days between immunotherapy and bone radiotherapy that count as together (5 × 21)"),
    )
    tki_days: int = _setting(
        14,
        _("days between a tyrosine kinase inhibitor and bone radiotherapy that count as together"),
    )
    act_after_cytotoxic_days: int = _setting(
        21,
        _("days after a cytotoxic within which an act on bone is accompanied by checks"),
    )
    act_after_antiangiogenic_days: int = _setting(
        28,
        _("days after an anti-angiogenic within which an act on bone is accompanied by checks"),
    )
    unstable_sins: int = _setting(13, _("SINS from which the spine counts as unstable"))
    radionuclide_days: int = _setting(
        90,
        _("days after radionuclide therapy within which stereotactic radiotherapy is contraindicated"),
    )
    vitamin_k_antagonist_days: int = _setting(
        5,
        _("days after the last dose of a vitamin K antagonist that still count before a cementoplasty"),
    )
    imaging_valid_days: int = _setting(
        90,
        _("days that CT, MRI and radiographs of a bone stay valid before an act"),
    )
    controlled_pain_score: int = _setting(
        3,
        _("pain score (0 to 10) up to which pain is controlled"),
    )
    post_operative_days: int = _setting(
        60,
        _("days after surgery of a bone metastasis within which post-operative radiotherapy is recalled"),
    )
    fdg_pet_valid_days: int = _setting(
        90,
        _("days after an FDG PET within which a bone scintigraphy adds nothing to staging"),
    )
    cord_compression_days: int = _setting(
        30,
        _("days after its onset or record that cord compression still is an emergency"),
    )
    stopped_within_days: int = _setting(
        365,
        _("days after stopping denosumab within which the rebound is recalled"),
    )


def setting_texts() -> dict[str, Text]:
    """What each setting is, by name."""
    return {one.name: one.metadata["text"] for one in fields(ClinicalSettings)}


DEFAULTS = ClinicalSettings()
