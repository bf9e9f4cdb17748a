"""What newer or neighbouring documents say where the referential decides: lines of the catalogue, never a card."""

from __future__ import annotations

from mappings.wording import Text
from service.rules.bone_metastases.wording import _
from service.rules.voices import Voice

ABSTRACT = _("abstract")
SUMMARY = _("summary of its recommendations")
ASTRO = _("ASTRO, palliative external radiotherapy of symptomatic bone metastases")
ESMO = _("ESMO, bone health in cancer")
ENDOCRINE_SOCIETY = _("Endocrine Society, hypercalcaemia of malignancy in adults")
SIR = _("SIR, thrombotic and bleeding risk in image-guided interventions")
ASTRO_YEAR = 2024


def _astro(rules: tuple[str, ...], says: Text) -> Voice:
    """Pract Radiat Oncol 2024, doi 10.1016/j.prro.2024.04.018, its abstract."""
    return Voice(rules, ASTRO, ASTRO_YEAR, ABSTRACT, says, excerpt=True)


ELSEWHERE = (
    _astro(
        ("spinal-cord-compression", "single-fraction"),
        _(
            "Cord or cauda equina compression without surgery: 8 Gy once and 16 Gy in 2 stand beside 20 Gy in 5 and 30 Gy in "
            "10; dexamethasone with it."
        ),
    ),
    _astro(
        ("fractionation-advice",),
        _("Symptomatic bone metastases: 8 Gy once, 20 Gy in 5, 24 Gy in 6 or 30 Gy in 10."),
    ),
    _astro(
        ("re-irradiation-record", "re-irradiation-interval"),
        _(
            "Conventional re-irradiation of the spine: 8 Gy once, 20 Gy in 5, 24 Gy in 6 or 20 Gy in 8; of another bone the "
            "same without 20 Gy in 8."
        ),
    ),
    # Ann Oncol 2020; the recommendations as Univadis reports them.
    Voice(
        ("single-fraction",),
        ESMO,
        2020,
        SUMMARY,
        _("One fraction of 8 Gy is recommended for painful uncomplicated bone metastases (I, A)."),
        excerpt=True,
    ),
    # J Clin Endocrinol Metab 2023;108:507, doi 10.1210/clinem/dgac621: its abstract, and Medscape's summary.
    Voice(
        ("hypercalcaemia", "hypercalcaemic-crisis"),
        ENDOCRINE_SOCIETY,
        2023,
        _("abstract and a published summary"),
        _(
            "Hydration and an antiresorptive first: denosumab or an intravenous bisphosphonate is recommended, denosumab "
            "suggested rather; with calcitonin when severe (above 14 mg/dL, 3.5 mmol/L)."
        ),
        excerpt=True,
    ),
    # J Vasc Interv Radiol 2019; the thresholds as Medscape and Guideline Central report them.
    Voice(
        ("cementoplasty-bleeding-risk", "cementoplasty-haemostasis-unknown"),
        SIR,
        2019,
        SUMMARY,
        _(
            "Before an act of high bleeding risk: INR brought to 1.5 to 1.8 or less, platelet transfusion considered below "
            "50 G/L."
        ),
        excerpt=True,
    ),
)
"""Each was read in an excerpt that is publicly stored; the whole documents were not at hand."""
