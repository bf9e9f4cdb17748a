"""What the owners of code systems ask to be said wherever their codes are handed on; in English, as they word it."""

from __future__ import annotations

from collections.abc import Iterable

from mappings.vocabulary.code_systems import ATC, LOINC, SNOMED_CT

NOTICES = {
    LOINC: (
        "This material contains content from LOINC (https://loinc.org). LOINC is copyright Regenstrief Institute, Inc. and the "
        "Logical Observation Identifiers Names and Codes (LOINC) Committee and is available at no cost under the licence at "
        "https://loinc.org/license."
    ),
    SNOMED_CT: (
        "This material includes SNOMED Clinical Terms (SNOMED CT), used by permission of SNOMED International. Whoever uses it "
        "needs an affiliate licence (https://www.snomed.org/get-snomed)."
    ),
    ATC: (
        "ATC is copyright WHO Collaborating Centre for Drug Statistics Methodology; no commercial distribution without its "
        "agreement."
    ),
    "http://www.ama-assn.org/go/cpt": (
        "CPT is copyright American Medical Association: codes without descriptors; whoever uses them needs its licence."
    ),
    "http://standardterms.edqm.eu": (
        "Standard Terms: data reproduced with the permission of the EDQM, Council of Europe."
    ),
    "http://id.who.int/icd/release/11/mms": "ICD-11 is copyright World Health Organization (CC BY-ND 3.0 IGO).",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10 is copyright World Health Organization.",
    "https://smt.esante.gouv.fr/terminologie-cim-10": "CIM-10 FR: ATIH, after ICD-10, copyright World Health Organization.",
}
"""By code system; those of public bodies that ask for nothing but their name are not listed."""

OURS = "The choice of codes is that of OsteoCDS (Apache-2.0); no licence holder has checked it."


def notices_of(systems: Iterable[str]) -> str:
    """What must be said of codes of these systems."""
    asked = set(systems)
    return " ".join([OURS, *(said for system, said in NOTICES.items() if system in asked)])
