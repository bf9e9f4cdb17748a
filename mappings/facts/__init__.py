"""Facts: the only words that a rule may use.

A fact is *known*, *absent* (we looked, completely, and there is none) or *unavailable* (we could not look). `Facts` is
the record of one patient in these words; `mappings.record` builds it from FHIR.
"""

from mappings.facts.drugs import (
    Dosage,
    Drug,
    Exposure,
    ExposureKind,
    Exposures,
    Interval,
    Phase,
    Stretch,
    uncertain_remark,
)
from mappings.facts.events import Act, Allergy, Diagnosis, NotUnderstood, Stay
from mappings.facts.fact_settings import MOST_MMOL, FactSettings, setting, setting_texts
from mappings.facts.orders import ActOrder, DrugOrder, Order, Planned, RadiotherapyOrder, Unidentified
from mappings.facts.patient import Facts
from mappings.facts.radiotherapy import (
    FRACTIONS_A_WEEK_SAID,
    Prescription,
    RadiotherapyCourse,
    Target,
    Volume,
    reckoned_end,
)
from mappings.facts.results import (
    ADULT_YEARS,
    CALCIUM_CRISIS_ABOVE,
    KIDNEY_FAILURE_BELOW,
    TREND_DAYS,
    Clearance,
    ClearanceMethod,
    CorrectedCalcium,
    Finding,
    Measurement,
    Person,
    VitaminD,
)
from mappings.facts.three_valued import Absent, Collected, Fact, FactNotKnownError, Known, Unavailable, Uncertain, known

__all__ = [
    "ADULT_YEARS",
    "CALCIUM_CRISIS_ABOVE",
    "FRACTIONS_A_WEEK_SAID",
    "KIDNEY_FAILURE_BELOW",
    "MOST_MMOL",
    "TREND_DAYS",
    "Absent",
    "Act",
    "ActOrder",
    "Allergy",
    "Clearance",
    "ClearanceMethod",
    "Collected",
    "CorrectedCalcium",
    "Diagnosis",
    "Dosage",
    "Drug",
    "DrugOrder",
    "Exposure",
    "ExposureKind",
    "Exposures",
    "Fact",
    "FactNotKnownError",
    "FactSettings",
    "Facts",
    "Finding",
    "Interval",
    "Known",
    "Measurement",
    "NotUnderstood",
    "Order",
    "Person",
    "Phase",
    "Planned",
    "Prescription",
    "RadiotherapyCourse",
    "RadiotherapyOrder",
    "Stay",
    "Stretch",
    "Target",
    "Unavailable",
    "Uncertain",
    "Unidentified",
    "VitaminD",
    "Volume",
    "known",
    "reckoned_end",
    "setting",
    "setting_texts",
    "uncertain_remark",
]
