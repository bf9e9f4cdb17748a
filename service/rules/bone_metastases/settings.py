"""The choices of this guideline that its sources leave open (marks [I] of the specification): named settings with defaults."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from mappings.facts import MOST_MMOL, Facts, FactSettings, setting
from service.rules.bone_metastases.wording import _


@dataclass(frozen=True, slots=True)
class ClinicalSettings(FactSettings):
    """Every [I] figure that a rule or a fact uses; two of the facts' own are named for the treatment of this guideline."""

    start_free_days: int = setting(
        365,
        _("days without any antiresorptive that make an order a start"),
    )
    on_treatment_days: int = setting(
        120,
        _("days after the last dose that still count as on an antiresorptive"),
    )
    dental_valid_days: int = setting(183, _("days that a dental assessment stays valid"))
    longest_monthly_interval_days: int = setting(35, _("longest interval in days that still is monthly"))
    overdue_after_days: int = setting(
        36,
        _("days after which a dose of denosumab is overdue"),
    )
    vitamin_d_loading_iu_a_week: int = setting(
        50_000,
        _("IU of vitamin D a week that count as a loading regimen"),
    )
    extraction_wait_days: int = setting(
        31,
        _("days after a tooth extraction within which a start is questioned"),
    )
    cofactor_days: int = setting(
        28,
        _("days after a corticosteroid or anti-angiogenic that still count as jaw cofactor"),
    )
    nephrotoxic_bisphosphonate_days: int = setting(
        90,
        _("days after a bisphosphonate within which a nephrotoxic drug is cumulative"),
    )
    nephrotoxic_drug_days: int = setting(
        28,
        _("days after a platinum or pemetrexed within which a bisphosphonate is cumulative"),
    )
    radiosensitiser_days: int = setting(
        28,
        _("days around radiotherapy in which a radiosensitiser without a figure is looked for"),
    )
    longest_course_days: int = setting(
        90,
        _("days that a course of radiotherapy may last of which neither an end nor fractions are stated"),
    )
    immunotherapy_days: int = setting(
        105,
        _("days between immunotherapy and bone radiotherapy that count as together"),
    )
    tki_days: int = setting(
        14,
        _("days between a tyrosine kinase inhibitor and bone radiotherapy that count as together"),
    )
    act_after_cytotoxic_days: int = setting(
        21,
        _("days after a cytotoxic within which an act on bone is accompanied by checks"),
    )
    act_after_antiangiogenic_days: int = setting(
        28,
        _("days after an anti-angiogenic within which an act on bone is accompanied by checks"),
    )
    unstable_sins: int = setting(13, _("SINS from which the spine counts as unstable"))
    surgical_opinion_days: int = setting(
        90, _("days in which a surgeon's opinion of the spine makes a SINS superfluous")
    )
    radionuclide_days: int = setting(
        90,
        _("days after radionuclide therapy within which stereotactic radiotherapy is contraindicated"),
    )
    vitamin_k_antagonist_days: int = setting(
        5,
        _("days after the last dose of a vitamin K antagonist that still count before a cementoplasty"),
    )
    imaging_valid_days: int = setting(
        90,
        _("days that CT, MRI and radiographs of a bone stay valid before an act"),
    )
    controlled_pain_score: int = setting(
        3,
        _("pain score (0 to 10) up to which pain is controlled"),
    )
    tumour_control_days: int = setting(
        180,
        _("days after radiotherapy or ablation of a bone in which cement needs no other treatment beside it"),
    )
    post_operative_days: int = setting(
        60,
        _("days after surgery of a bone metastasis within which post-operative radiotherapy is recalled"),
    )
    fdg_pet_valid_days: int = setting(
        90,
        _("days after an FDG PET within which a bone scintigraphy adds nothing to staging"),
    )
    newly_diagnosed_days: int = setting(
        90,
        _("days after a lung cancer is first recorded within which imaging stages it"),
    )
    cord_compression_days: int = setting(
        30,
        _("days after its onset or record that cord compression still is an emergency"),
    )
    stay_infection_days: int = setting(
        30,
        _("days after a stay that an infection or DIC coded for it, and not dated otherwise, still counts"),
    )
    stay_fracture_days: int = setting(
        90,
        _("days after a stay that a pathological fracture coded for it, and not dated otherwise, still counts"),
    )
    stopped_within_days: int = setting(
        365,
        _("days after stopping denosumab within which the rebound is recalled"),
    )
    planned_dose_days: int = setting(
        14,
        _("days ahead within which a planned dose of denosumab is in time"),
    )
    both_antiresorptives_days: int = setting(
        35,
        _("days after a dose of an antiresorptive within which another one is given at once with it"),
    )
    paracetamol_kilograms: int = setting(50, _("body weight in kg from which paracetamol is offered"))
    severe_hypocalcaemia_below: Decimal = setting(  # noqa: RUF009 - a field
        Decimal("2.00"),
        _("corrected calcium (mmol/L) below which hypocalcaemia is critical"),
        up_to=MOST_MMOL,
    )
    severe_uncorrected_hypocalcaemia_below: Decimal = setting(  # noqa: RUF009 - a field
        Decimal("1.75"),
        _("calcium (mmol/L) below which hypocalcaemia is critical where no albumin corrects it"),
        up_to=MOST_MMOL,
    )
    low_phosphate_below: Decimal = setting(  # noqa: RUF009 - a field
        Decimal("0.80"),
        _("phosphate (mmol/L) below which it is low where the result states no limit"),
        up_to=MOST_MMOL,
    )
    severe_hypophosphataemia_below: Decimal = setting(  # noqa: RUF009 - a field
        Decimal("0.60"),
        _("phosphate (mmol/L) below which the card is a warning"),
        up_to=MOST_MMOL,
    )
    for_hypercalcaemia_from: Decimal = setting(  # noqa: RUF009 - a field
        Decimal("3.00"),
        _("calcium (mmol/L) from which an antiresorptive counts as ordered for hypercalcaemia"),
        up_to=MOST_MMOL,
    )
    palliative_care_days: int = setting(
        90,
        _("days that palliative care on record counts as the end of life"),
    )


def settings_of(patient: Facts) -> ClinicalSettings:
    """The settings in force; the guideline's own, since its rules are asked with them."""
    return cast("ClinicalSettings", patient.settings)
