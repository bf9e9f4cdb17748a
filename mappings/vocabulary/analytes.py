"""ONE table: what is measured. A row says how an analyte is coded, read, searched, named, ordered, and when it is too old.

A new analyte is a row here, or in a guideline that brings it, and its codes in `valuesets/`; its fact is
`Facts.result(ROW)`. Sources of the molar factors and of the limits of what is plausible: `codes.md`, "Arithmetic traps" and
§3; the limits of phosphate, weight and prothrombin are ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from mappings.vocabulary.concept_sets import CYTOTOXICS
from mappings.vocabulary.units import Scale, molar, per_volume
from mappings.wording import Text, _


@dataclass(frozen=True, slots=True)
class Request:
    """How an analyte is requested: the LOINC code, the name where it is not the analyte's, what the patient is told."""

    loinc: str
    name: Text | None = None
    instruction: Text | None = None


@dataclass(frozen=True, slots=True)
class Sooner:
    """After a drug of these concepts, within `given_days`, a result grows old after `valid_days`; both are settings."""

    after: frozenset[str]
    given_days: str
    valid_days: str


@dataclass(frozen=True, slots=True, eq=False)
class Analyte:
    """One row. `id` is its name in orders, `query` the key of its prefetch template and search.

    `concepts` are its results, `scale` their units and what is plausible; `only_in` are concepts whose results count only in
    some units. `valid_days` names the setting; `lower_is_worse` decides between two results of one instant. `words` are names
    in which a result without a code is told; `ordered_by` are further concepts that order it, panels among them; `panels` are
    LOINC codes of panels that a search by `code` must ask for.
    """

    id: str
    name: Text
    scale: Scale
    concepts: frozenset[str]
    query: str
    valid_days: str = ""
    lower_is_worse: bool = True
    only_in: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    words: tuple[str, ...] = ()
    ordered_by: frozenset[str] = frozenset()
    request: Request | None = None
    panels: tuple[str, ...] = ()
    sooner: Sooner | None = None

    @property
    def searched(self) -> frozenset[str]:
        """The concepts whose codes its query asks for."""
        return self.concepts | self.only_in[0]

    def __repr__(self) -> str:
        return f"Analyte({self.id!r})"


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_THOUSAND, _MILLION = Decimal(1000), Decimal(1_000_000)
_COUNTS = {
    **dict.fromkeys(
        ("10*9/l", "10^9/l", "10e9/l", "10**9/l", "g/l", "giga/l", "gpt/l", "x10*9/l", "x10^9/l", "x109/l"), Decimal(1)
    ),
    **dict.fromkeys(
        (
            *("10*3/ul", "10^3/ul", "10e3/ul", "x10*3/ul", "x10^3/ul", "x103/ul", "10*3/mm3", "10^3/mm3", "10e3/mm3"),
            *("103/ul", "103/mm3", "x103/mm3", "1000/ul", "1000/mm3"),  # a superscript 3 is a 3 here
            *("k/ul", "k/mm3", "thousand/ul", "thou/ul", "tsd/ul", "/nl"),
        ),
        Decimal(1),
    ),
    **dict.fromkeys(("10*6/l", "10^6/l", "10e6/l", "/ul", "/mm3", "1/ul", "cells/ul"), 1 / _THOUSAND),
    **dict.fromkeys(("/l", "1/l"), 1 / (_MILLION * _THOUSAND)),
    **dict.fromkeys(("10*12/l", "10^12/l", "t/l"), _THOUSAND),
}
_CLEARANCES = Scale(
    "mL/min",
    {
        **dict.fromkeys(("ml/min", "ml/mn", "ml/minute"), Decimal(1)),
        **dict.fromkeys(("ml/s", "ml/sec"), Decimal(60)),
        **dict.fromkeys(("l/min", "l/mn"), Decimal(1000)),
        **dict.fromkeys(("l/h",), Decimal(1000) / 60),
        **dict.fromkeys(("l/d", "l/24h", "l/(24.h)"), Decimal(1000) / 1440),
    },
    Decimal(1),
    Decimal(250),
)
_RATIO = dict.fromkeys(("1", "{inr}", "inr", "{ratio}", "ratio", ""), Decimal(1))
_PAIN = dict.fromkeys(("1", "{score}", "score", "/10", "points", "point", "{0-10}", ""), Decimal(1))

_METABOLIC_PANELS = _set("panel_comprehensive_metabolic panel_renal")
RENAL_PANEL = "45066-8"
"""LOINC of the panel in whose components French laboratories send creatinine and clearance (`codes.md` §2)."""

# --- bone and its minerals --------------------------------------------------------------------------------------------

_VITAMIN_D_SCALE = Scale(
    # Compared in the unit that it was reported in (rules.md), so mass and moles are two scales; 2.5 is for the gates.
    "ng/mL",
    per_volume("g", _MILLION),
    Decimal("1.6"),
    Decimal(200),
    other_units={"nmol/L": Scale("nmol/L", per_volume("mol", Decimal(1_000_000_000)), Decimal(4), Decimal(500))},
)
VITAMIN_D = Analyte(
    "vitamin_d_25oh",
    _("25-OH vitamin D"),
    _VITAMIN_D_SCALE,
    _set("vitamin_d_25oh_total_mass vitamin_d_25oh_total_moles vitamin_d_25oh_unspecified"),
    "vitaminD",
    "vitamin_d_valid_days",
    words=(
        *("vitamine D", "vitamin D", "25 OH D", "25OHD", "25 OHD", "25OH D", "25 OH D3", "25 OH D2 D3"),
        *("25 hydroxyvitamine D", "25 hydroxyvitamine D3", "25 hydroxyvitamin D", "25 hydroxyvitamin D3"),
        *(
            "vitamine D2 D3",
            "vitamine D3",
            "vitamin D3",
            "calcidiol",
            "vitamina D",
            "vitamina D3",
            "vitamiini D",
            "D vitamiini",
        ),
        *("25 hidroxivitamina D", "25 idrossivitamina D", "25 OH vitamina D", "ビタミンD", "비타민D", "维生素D"),
    ),
    ordered_by=_set("vitamin_d_25oh_d3_mass vitamin_d_25oh_d3_moles order_vitamin_d_25oh"),
    request=Request("62292-8"),
)
VITAMIN_D3 = Analyte(
    "vitamin_d_25oh_d3",
    _("25-OH vitamin D"),
    _VITAMIN_D_SCALE,
    _set("vitamin_d_25oh_d3_mass vitamin_d_25oh_d3_moles"),
    "vitaminD",
    "vitamin_d_valid_days",
)
"""Counts as 25-OH vitamin D; added to the D2 of the same sample."""

VITAMIN_D2 = Analyte(
    "vitamin_d_25oh_d2",
    _("25-OH vitamin D"),
    _VITAMIN_D_SCALE,
    _set("vitamin_d_25oh_d2_mass"),
    "vitaminD",
    "vitamin_d_valid_days",
)
"""A fraction: never the total by itself."""

_CALCIUM_SCALE = Scale(
    # 40.078 g/mol; divalent, so 2 meq is 1 mmol.
    "mmol/L",
    molar(1000 / Decimal("40.078")) | per_volume("eq", Decimal(500)),
    Decimal(1),
    Decimal(5),
)
CORRECTED_CALCIUM = Analyte(
    "corrected_calcium",
    _("calcium"),
    _CALCIUM_SCALE,
    _set("calcium_albumin_corrected_mass calcium_albumin_corrected_moles"),
    "calcium",
    "calcium_valid_days",
)
"""Corrected for albumin by the laboratory; corrected for protein is a look-alike. Ionised calcium is never used for it."""

CALCIUM = Analyte(
    "calcium",
    _("calcium"),
    _CALCIUM_SCALE,
    _set("calcium_total_mass calcium_total_moles calcium_total_mass_or_moles"),
    "calcium",
    "calcium_valid_days",
    words=(
        "calcium",
        "calcémie",
        "Kalzium",
        "calcio",
        "kalcium",
        "kalsium",
        "wapń",
        "カルシウム",
        "칼슘",
        "血钙",
        "血鈣",
    ),
    ordered_by=CORRECTED_CALCIUM.concepts | _METABOLIC_PANELS | _set("order_calcium panel_basic_metabolic"),
    request=Request("2000-8"),
)
ALBUMIN = Analyte(
    "albumin",
    _("albumin"),
    # 66.5 kDa: 1 g is 1000 / 66 500 mmol; here the canonical unit is a mass, so moles are multiplied by 66.5 g/mmol.
    Scale("g/L", per_volume("g", Decimal(1)) | per_volume("mol", Decimal(66500)), Decimal(5), Decimal(70)),
    _set("albumin_mass albumin_moles"),
    "albumin",
    "calcium_valid_days",
    words=("albumine", "albuminémie", "albumin", "albúmina", "albumiini", "アルブミン", "알부민", "白蛋白"),
    ordered_by=CORRECTED_CALCIUM.concepts | _METABOLIC_PANELS | _set("order_albumin"),
    request=Request("1751-7"),
)
PHOSPHATE = Analyte(
    "phosphate",
    _("phosphate"),
    # Expressed as phosphorus, 30.974 g/mol.
    Scale("mmol/L", molar(1000 / Decimal("30.974")), Decimal("0.1"), Decimal(10)),
    _set("phosphate_mass phosphate_moles phosphate_mass_or_moles"),
    "phosphate",
    "calcium_valid_days",
    words=(
        "phosphore",
        "phosphorémie",
        "phosphate",
        "phosphates",
        "phosphatémie",
        "phosphorus",
        "Phosphat",
        "Phosphor",
        *("fósforo", "fosforo", "fosfato", "fosfaat", "fosfat", "fosfor", "fosfaatti", "無機リン", "무기인"),
    ),
    ordered_by=_set("order_phosphate panel_renal"),
    request=Request("14879-1"),
)
CTX_BEFORE_HOUR = 9
FASTING = _("fasting, before {hour} in the morning", hour=CTX_BEFORE_HOUR)
"""How CTX is sampled (RAO, contexte général §3)."""

CTX = Analyte(
    "ctx",
    _("CTX"),
    Scale("ng/L", {}, Decimal(0), Decimal(100_000)),
    _set("ctx_serum_mass"),
    "ctx",
    request=Request("41171-0", _("serum CTX ({how})", how=FASTING), FASTING),
)
"""Ordered, not read."""

# --- kidney -----------------------------------------------------------------------------------------------------------

CREATININE = Analyte(
    "creatinine",
    _("creatinine"),
    # 1 mg/dL is 88.4 umol/L.
    Scale("umol/L", per_volume("mol", _MILLION) | per_volume("g", Decimal(8840)), Decimal(15), Decimal(2500)),
    _set("creatinine_mass creatinine_moles creatinine_mass_or_moles"),
    "creatinine",
    "renal_valid_days",
    lower_is_worse=False,
    words=(
        *("créatinine", "créatininémie", "creatinine", "Kreatinin", "Creatinin", "creatinina", "kreatiniini"),
        *("kreatynina", "クレアチニン", "크레아티닌", "肌酐", "肌酸酐"),
    ),
    ordered_by=_METABOLIC_PANELS
    | _set(
        "order_creatinine panel_basic_metabolic creatinine_clearance_cockcroft creatinine_clearance_measured"
        " creatinine_clearance_measured_24h egfr_mdrd egfr_mdrd_subgroup egfr_ckdepi_2009 egfr_ckdepi_2009_subgroup"
        " egfr_ckdepi_2021 egfr_ckdepi_2021_creat_cystatin egfr_ckdepi_2012_creat_cystatin egfr_cystatin egfr_unspecified"
        " creatinine_clearance_measured_bsa creatinine_clearance_cockcroft_bsa creatinine_clearance_esrd"
        " renal_function_panel creatinine_clearance_measured_panel"
    ),
    request=Request("14682-9"),
    panels=(RENAL_PANEL,),
)
COCKCROFT = Analyte(
    "clearance_cockcroft",
    _("creatinine clearance"),
    _CLEARANCES,
    _set("creatinine_clearance_cockcroft"),
    "clearance",
    "renal_valid_days",
    panels=(RENAL_PANEL,),
)
MEASURED_CLEARANCE = Analyte(
    "clearance_measured",
    _("creatinine clearance"),
    _CLEARANCES,
    _set("creatinine_clearance_measured creatinine_clearance_measured_24h"),
    "clearance",
    "renal_valid_days",
    panels=(RENAL_PANEL,),
)
EGFR = Analyte(
    "egfr",
    _("creatinine clearance"),
    _CLEARANCES,
    _set(
        "egfr_mdrd egfr_mdrd_subgroup egfr_ckdepi_2009 egfr_ckdepi_2009_subgroup egfr_ckdepi_2021"
        " egfr_ckdepi_2021_creat_cystatin egfr_ckdepi_2012_creat_cystatin egfr_cystatin egfr_unspecified"
        " creatinine_clearance_measured_bsa creatinine_clearance_cockcroft_bsa creatinine_clearance_esrd"
    ),
    "egfr",
    "renal_valid_days",
    words=(
        *("clairance de la créatinine", "clairance créatinine", "clairance", "creatinine clearance", "Cockcroft"),
        *("Kreatinin Clearance", "Kreatininclearance", "glomeruläre Filtrationsrate"),
        *("DFG", "DFGe", "débit de filtration glomérulaire", "eGFR", "glomerular filtration rate", "CKD EPI", "MDRD"),
    ),
    panels=(RENAL_PANEL,),
)
"""Every value per 1.73 m², measured and Cockcroft ones too, whatever its unit says; a clearance in words alone may be one."""

WEIGHT = Analyte(
    "weight",
    _("body weight"),
    Scale(
        "kg",
        {
            **dict.fromkeys(("kg", "kilogram", "kilograms", "kilogramme"), Decimal(1)),
            **dict.fromkeys(("g", "gram", "grams"), 1 / _THOUSAND),
            **dict.fromkeys(("[lb_av]", "lb", "lbs", "[lbs]", "pound", "pounds"), Decimal("0.45359237")),
        },
        Decimal(20),
        Decimal(350),
    ),
    _set("body_weight"),
    "bodyWeight",
    "weight_valid_days",
    words=(
        *("poids", "body weight", "weight", "Körpergewicht", "Gewicht", "peso corporal", "peso corporeo", "peso"),
        *("lichaamsgewicht", "kroppsvikt", "kropsvægt", "kroppsvekt", "体重", "體重", "체중"),
    ),
)

# --- haemostasis and pain ---------------------------------------------------------------------------------------------

_SOONER_ON_CYTOTOXICS = Sooner(CYTOTOXICS, "cytotoxic_given_days", "haemostasis_valid_days_on_cytotoxic")
PLATELETS = Analyte(
    "platelets",
    _("platelets"),
    Scale("10*9/L", _COUNTS, Decimal(1), Decimal(3000)),
    _set("platelets"),
    "platelets",
    "haemostasis_valid_days",
    words=(
        *("plaquettes", "platelets", "platelet count", "thrombocytes", "Thrombozyten", "plaquetas", "piastrine"),
        *("trombocyten", "trombocytter", "trombocyter", "trombosyytit", "płytki krwi", "血小板", "혈소판"),
    ),
    ordered_by=_set("order_platelets panel_blood_count"),
    request=Request("777-3"),
    sooner=_SOONER_ON_CYTOTOXICS,
)
PROTHROMBIN = Analyte(
    "prothrombin",
    _("prothrombin (TP)"),
    Scale("%", dict.fromkeys(("%", "percent"), Decimal(1)), Decimal(1), Decimal(200)),
    _set("prothrombin_percent"),
    "prothrombin",
    "haemostasis_valid_days",
    words=("taux de prothrombine", "TP", "Quickwert", "Quick Wert", "Thromboplastinzeit"),
    ordered_by=_set("order_prothrombin"),
    request=Request("5894-1"),
    sooner=_SOONER_ON_CYTOTOXICS,
)
"""Not ordered by the coagulation panel 34528-0, which gives seconds and INR."""

INR = Analyte(
    "inr",
    _("INR"),
    Scale("1", _RATIO, Decimal("0.5"), Decimal(20), unit_needed=False),
    _set("inr"),
    "inr",
    "haemostasis_valid_days",
    lower_is_worse=False,
)
PAIN_SCORE = Analyte(
    "pain_score",
    _("pain score"),
    Scale("1", _PAIN, Decimal(0), Decimal(10), unit_needed=False),
    _set("pain_score_0_10"),
    "painScore",
    "pain_score_valid_days",
    lower_is_worse=False,
    only_in=(_set("pain_score_other"), frozenset({"/10", "0-10"})),
)
"""Another instrument only where its unit states a scale from 0 to 10."""

ANALYTES = (
    *(VITAMIN_D, VITAMIN_D3, VITAMIN_D2, CALCIUM, CORRECTED_CALCIUM, ALBUMIN, PHOSPHATE),
    *(CREATININE, COCKCROFT, MEASURED_CLEARANCE, EGFR, WEIGHT, PLATELETS, PROTHROMBIN, INR, PAIN_SCORE, CTX),
)
"""Every analyte that we ship, in the order of its prefetch template."""


def ordered_analytes(concepts: Iterable[str], analytes: Iterable[Analyte]) -> frozenset[str]:
    """The ids of those of the analytes that a laboratory request of these concepts orders.

    A request is coded as the result (LOINC), as a request (NABM, SNOMED CT), or as a panel; only what can be requested counts.
    """
    asked = frozenset(concepts)
    return frozenset(
        one.id
        for one in analytes
        if one.request is not None and not (asked.isdisjoint(one.concepts) and asked.isdisjoint(one.ordered_by))
    )
