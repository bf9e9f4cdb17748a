"""The choices that the sources leave open: each a named setting with its default (`rules.md`, marks [I]).

The catalogue prints them as settings, not as the referential; a site may change them with a TOML file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from mappings.wording import Text


def _setting(default: Any, en: str, fr: str) -> Any:
    return field(default=default, metadata={"text": Text(en, fr)})


@dataclass(frozen=True, slots=True)
class ClinicalSettings:
    """Every [I] figure of `rules.md` that a rule or a fact uses."""

    renal_valid_days: int = _setting(
        30, "days that creatinine and clearance stay valid", "jours de validité de la créatininémie et de la clairance"
    )
    calcium_valid_days: int = _setting(
        30,
        "days that calcium, albumin and phosphate stay valid",
        "jours de validité de la calcémie, de l'albuminémie et de la phosphatémie",
    )
    crisis_valid_days: int = _setting(
        7,
        "days that calcium stays valid for a hypercalcaemic crisis",
        "jours de validité de la calcémie pour une crise hypercalcémique",
    )
    vitamin_d_valid_days: int = _setting(
        180, "days that 25-OH vitamin D stays valid", "jours de validité de la 25-OH-vitamine D"
    )
    haemostasis_valid_days: int = _setting(
        30, "days that platelets and prothrombin stay valid", "jours de validité des plaquettes et du TP"
    )
    haemostasis_valid_days_on_cytotoxic: int = _setting(
        7,
        "the same when a cytotoxic was given in the last 28 d",
        "de même quand un cytotoxique a été donné dans les 28 derniers jours",
    )
    cytotoxic_given_days: int = _setting(
        28,
        "days after a cytotoxic within which platelets and prothrombin grow old sooner",
        "jours après un cytotoxique pendant lesquels plaquettes et TP vieillissent plus vite",
    )
    weight_valid_days: int = _setting(90, "days that a body weight stays valid", "jours de validité du poids")
    dental_valid_days: int = _setting(
        183, "days that a dental assessment stays valid", "jours de validité d'un bilan dentaire"
    )
    pain_score_valid_days: int = _setting(
        14, "days that a pain score stays valid", "jours de validité d'un score de douleur"
    )
    finding_valid_days: int = _setting(
        90, "days that a recorded finding stays valid", "jours de validité d'une constatation enregistrée"
    )
    albumin_window_days: int = _setting(
        7,
        "days between calcium and the albumin that corrects it",
        "jours entre la calcémie et l'albuminémie qui la corrige",
    )
    start_free_days: int = _setting(
        365,
        "days without any antiresorptive that make an order a start",
        "jours sans antirésorptif qui font d'une prescription un début",
    )
    on_treatment_days: int = _setting(
        120,
        "days after the last dose that still count as on an antiresorptive",
        "jours après la dernière dose qui comptent encore comme sous antirésorptif",
    )
    course_gap_days: int = _setting(
        365, "longest gap in days within one course", "plus long intervalle en jours dans un même traitement"
    )
    longest_monthly_interval_days: int = _setting(
        35, "longest interval in days that still is monthly", "plus long intervalle en jours encore mensuel"
    )
    overdue_after_days: int = _setting(
        36,
        "days after which a dose of denosumab is overdue",
        "jours après lesquels une dose de dénosumab est en retard",
    )
    vitamin_d_loading_iu_a_week: int = _setting(
        50_000,
        "IU of vitamin D a week that count as a loading regimen",
        "UI de vitamine D par semaine qui comptent comme une recharge",
    )
    extraction_wait_days: int = _setting(
        31,
        "days after a tooth extraction within which a start is questioned (the source: 3 weeks to 1 month)",
        "jours après une extraction dentaire pendant lesquels un début est discuté (la source : 3 semaines à 1 mois)",
    )
    cofactor_days: int = _setting(
        28,
        "days after a corticosteroid or anti-angiogenic that still count as jaw cofactor",
        "jours après un corticoïde ou un anti-angiogénique qui comptent encore comme cofacteur maxillaire",
    )
    nephrotoxic_bisphosphonate_days: int = _setting(
        90,
        "days after a bisphosphonate within which a nephrotoxic drug is cumulative",
        "jours après un bisphosphonate pendant lesquels un néphrotoxique se cumule",
    )
    nephrotoxic_drug_days: int = _setting(
        28,
        "days after a platinum or pemetrexed within which a bisphosphonate is cumulative",
        "jours après un platine ou le pémétrexed pendant lesquels un bisphosphonate se cumule",
    )
    radiosensitiser_days: int = _setting(
        28,
        "days around radiotherapy in which a radiosensitiser without a figure is looked for",
        "jours autour d'une radiothérapie où un radiosensibilisant sans chiffre est recherché",
    )
    immunotherapy_days: int = _setting(
        105,
        "days between immunotherapy and bone radiotherapy that count as together (5 × 21)",
        "jours entre immunothérapie et radiothérapie osseuse qui comptent comme association (5 × 21)",
    )
    tki_days: int = _setting(
        14,
        "days between a tyrosine kinase inhibitor and bone radiotherapy that count as together",
        "jours entre un inhibiteur de tyrosine kinase et une radiothérapie osseuse qui comptent comme association",
    )
    act_after_cytotoxic_days: int = _setting(
        21,
        "days after a cytotoxic within which an act on bone is accompanied by checks",
        "jours après un cytotoxique pendant lesquels un geste osseux s'accompagne de contrôles",
    )
    act_after_antiangiogenic_days: int = _setting(
        28,
        "days after an anti-angiogenic within which an act on bone is accompanied by checks",
        "jours après un anti-angiogénique pendant lesquels un geste osseux s'accompagne de contrôles",
    )
    unstable_sins: int = _setting(
        13, "SINS from which the spine counts as unstable", "score SINS à partir duquel le rachis compte comme instable"
    )
    radionuclide_days: int = _setting(
        90,
        "days after radionuclide therapy within which stereotactic radiotherapy is contraindicated",
        "jours après une radiothérapie métabolique pendant lesquels la stéréotaxie est contre-indiquée",
    )
    vitamin_k_antagonist_days: int = _setting(
        5,
        "days after the last dose of a vitamin K antagonist that still count before a cementoplasty",
        "jours après la dernière dose d'un antivitamine K qui comptent encore avant une cimentoplastie",
    )
    imaging_valid_days: int = _setting(
        90,
        "days that CT, MRI and radiographs of a bone stay valid before an act",
        "jours de validité d'un scanner, d'une IRM ou de radiographies d'un os avant un geste",
    )
    controlled_pain_score: int = _setting(
        3,
        "pain score (0 to 10) up to which pain is controlled",
        "score de douleur (0 à 10) jusqu'auquel elle est contrôlée",
    )
    post_operative_days: int = _setting(
        60,
        "days after surgery of a bone metastasis within which post-operative radiotherapy is recalled",
        "jours après chirurgie d'une métastase osseuse pendant lesquels la radiothérapie post-opératoire est rappelée",
    )
    fdg_pet_valid_days: int = _setting(
        90,
        "days after an FDG PET within which a bone scintigraphy adds nothing to staging",
        "jours après une TEP au FDG pendant lesquels une scintigraphie n'ajoute rien au bilan",
    )
    cord_compression_days: int = _setting(
        30,
        "days after its onset or record that cord compression still is an emergency",
        "jours après son début ou son enregistrement où une compression médullaire reste une urgence",
    )
    stopped_within_days: int = _setting(
        365,
        "days after stopping denosumab within which the rebound is recalled",
        "jours après l'arrêt du dénosumab pendant lesquels le rebond est rappelé",
    )


def setting_texts() -> dict[str, Text]:
    """What each setting is, by name."""
    return {one.name: one.metadata["text"] for one in fields(ClinicalSettings)}


DEFAULTS = ClinicalSettings()
