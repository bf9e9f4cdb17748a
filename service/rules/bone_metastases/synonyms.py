"""Abbreviations and other names for what the rules of this guideline are about; the search of the catalogue reads them."""

from __future__ import annotations

from service.rules.bone_metastases.wording import _
from service.rules.synonyms import Synonym

SYNONYMS = (
    Synonym(("ONJ", "MRONJ", "ARONJ", "ONM", "ostéonécrose", "necrosis of the jaw"), _("osteonecrosis of the jaw")),
    Synonym(("MSCC", "épidurite", "compression"), _("cord compression")),
    Synonym(("SBRT", "SABR", "RTS", "stereotaxy", "stéréotaxie"), _("stereotactic")),
    Synonym(("RT", "irradiation", "radiothérapie"), _("radiotherapy")),
    Synonym(("MRI", "IRM"), _("MRI")),
    Synonym(("PET", "TEP"), _("PET")),
    Synonym(("bone scan", "scinti", "scintigraphie"), _("scintigraphy")),
    Synonym(("vertebroplasty", "kyphoplasty", "vertébroplastie", "cyphoplastie", "PMMA", "cement"), _("cementoplasty")),
    Synonym(("OPT", "OPG", "panoramic", "panoramique"), _("orthopantomogram")),
    Synonym(("CrCl", "ClCr", "eGFR", "DFG", "GFR", "creatinine", "créatinine", "clairance"), _("clearance")),
    Synonym(("25OHD", "25-OHD", "calcidiol", "calcifediol"), _("25-OH vitamin D")),
    Synonym(("vitamine D",), _("vitamin D")),
    Synonym(("hypocalcemia", "hypocalcémie"), _("hypocalcaemia")),
    Synonym(("hypercalcemia", "hypercalcémie"), _("hypercalcaemia")),
    Synonym(("hypophosphatemia", "hypophosphatémie"), _("hypophosphataemia")),
    Synonym(("teeth", "dents", "dentist", "dentiste", "dentaire"), _("dental")),
    Synonym(("nailing", "clou", "enclouage", "osteosynthesis", "ostéosynthèse", "chirurgie"), _("surgery")),
)
