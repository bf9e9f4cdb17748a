"""Code systems under every name that records give them, and codes as our lists write them.

Two codings are the same when `located` gives the same for both: the canonical URI of the system and a normalised code.
Codes are never compared across systems: E83.50 is hypercalcaemia in the French ICD-10 and unspecified in ICD-10-CM, and
`2161-8` is a LOINC number and an HL7 ethnicity code.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOINC = "http://loinc.org"
SNOMED_CT = "http://snomed.info/sct"
ATC = "http://www.whocc.no/atc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD_10 = "http://hl7.org/fhir/sid/icd-10"
CIM_10 = "https://smt.esante.gouv.fr/terminologie-cim-10"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD_10_PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
ICD_9_CM = "http://hl7.org/fhir/sid/icd-9-cm"
ICD_9_CM_PROCEDURES = "http://hl7.org/fhir/sid/icd-9-cm/procedure"
CCAM = "https://smt.esante.gouv.fr/terminologie-ccam"
UCD = "http://data.esante.gouv.fr/ansm/medicament/UCD"
CIP13 = "http://data.esante.gouv.fr/ansm/medicament/Presentation"
CIS = "http://data.esante.gouv.fr/ansm/medicament/SpecialitePharmaceutique"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
NABM = "https://smt.esante.gouv.fr/terminologie-nabm"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
EDQM = "http://standardterms.edqm.eu"
FINDING = "urn:osteocds:finding"
"""Our own code system for recorded findings."""

CONCEPT = "urn:osteocds:concept"
"""Our own code system of concepts: the target of a site's ConceptMap."""

LISTED = frozenset(
    {LOINC, SNOMED_CT, ATC, RXNORM, ICD_10, CIM_10, ICD_10_CM, ICD_9_CM, CCAM, UCD, CIP13, CIS, CPT, NABM, FINDING}
)
"""Systems that our lists cover for what the rules name, so that a code not listed means something else.

Not NDC (no list), and not those of which we hold a few codes only: HCPCS, NCIt, DICOM, EDQM, the procedures of
ICD-9-CM and ICD-10-PCS.
"""

FRENCH_DRUGS = "french drugs"
"""Published under several URIs, each for more than one kind of code: the number itself tells the kind."""

_ALIASES: dict[str, tuple[str, ...]] = {
    LOINC: (
        "urn:oid:2.16.840.1.113883.6.1",
        "http://aphp.fr/bioloinc/jdv_loinc_biologie",
        "http://www.loinc.org",
        "loinc",
    ),
    SNOMED_CT: (
        "urn:oid:2.16.840.1.113883.6.96",
        "http://snomed.info",
        "snomed-ct",
        "http://smt.esante.gouv.fr/terminologie-snomed-ct-fr",
        "http://dmd.nhs.uk",
    ),
    ATC: (
        "http://smt.esante.gouv.fr/terminologie-atc",
        "urn:oid:2.16.840.1.113883.6.73",
        "http://fhir.de/codesystem/bfarm/atc",
        "http://fhir.de/codesystem/dimdi/atc",
    ),
    RXNORM: ("urn:oid:2.16.840.1.113883.6.88",),
    # ICD-10-GM follows WHO to the fourth character in every list we ship; its own fifth characters fall under the
    # prefix, so that E83.50 (calciphylaxis there) is only "a disorder of calcium".
    ICD_10: (
        "urn:oid:2.16.840.1.113883.6.3",
        "http://fhir.de/codesystem/bfarm/icd-10-gm",
        "http://fhir.de/codesystem/dimdi/icd-10-gm",
        "http://hl7.org/fhir/sid/icd-10-de",
        "http://hl7.org/fhir/sid/icd-10-gm",
    ),
    CIM_10: ("http://hl7.org/fhir/sid/icd-10-fr", "http://hl7.org/fhir/sid/cim-10"),
    ICD_10_CM: ("urn:oid:2.16.840.1.113883.6.90",),
    ICD_10_PCS: ("http://hl7.org/fhir/sid/icd-10-pcs", "urn:oid:2.16.840.1.113883.6.4"),
    ICD_9_CM: (
        "http://hl7.org/fhir/sid/icd-9",
        "http://hl7.org/fhir/sid/icd-9-cm/diagnosis",
        "urn:oid:2.16.840.1.113883.6.42",
        "urn:oid:2.16.840.1.113883.6.103",
    ),
    ICD_9_CM_PROCEDURES: ("urn:oid:2.16.840.1.113883.6.104",),
    CCAM: ("urn:oid:1.2.250.1.213.2.5",),
    FRENCH_DRUGS: (
        UCD,
        CIP13,
        CIS,
        "urn:oid:1.2.250.1.213.2.62",
        "urn:oid:1.2.250.1.213.2.3.1",
        "http://smt.esante.gouv.fr/terminologie-cip_ucd",
        "http://smt.esante.gouv.fr/terminologie-bdpm",
        "http://smt.esante.gouv.fr/terminologie-ucd",
    ),
    CPT: ("urn:oid:2.16.840.1.113883.6.12",),
    HCPCS: ("urn:oid:2.16.840.1.113883.6.285", "http://bluebutton.cms.gov/resources/codesystem/hcpcs"),
    NABM: ("urn:oid:1.2.250.1.215.300.2",),
    NCIT: ("http://smt.esante.gouv.fr/terminologie-ncit", "urn:oid:2.16.840.1.113883.3.26.1.1"),
    DICOM: ("urn:oid:1.2.840.10008.2.16.4",),
    EDQM: ("urn:oid:0.4.0.127.0.16.1.1.2.1",),
    FINDING: (),
}
_ENDINGS = {
    "mimic-diagnosis-icd9": ICD_9_CM,
    "mimic-procedure-icd9": ICD_9_CM_PROCEDURES,
    "mimic-diagnosis-icd10": ICD_10_CM,
    "mimic-procedure-icd10": ICD_10_PCS,
}
"""MIMIC-IV on FHIR puts the classifications under URIs of its own."""


def plain(system: str) -> str:
    """A system's URI without what does not tell systems apart: case, https, a version after `|`, a last slash."""
    short = system.partition("|")[0].strip().lower().rstrip("/")
    if short.startswith("https://"):
        return "http" + short[5:]
    if short.startswith("oid:"):
        return "urn:" + short
    if short.startswith(("1.", "2.")):  # an OID without its scheme
        return "urn:oid:" + short
    return short


_CANONICAL = {plain(alias): system for system, aliases in _ALIASES.items() for alias in (system, *aliases)}


LONGEST_SYSTEM = 300
"""Characters; a longer one is no URI of any record, and is not looked up."""


def canonical(system: str) -> str:
    """The canonical URI of a system; another system's own URI, made plain, and "" for what is too long to be one."""
    return _canonical(system) if len(system) <= LONGEST_SYSTEM else ""


@lru_cache(maxsize=512)
def _canonical(system: str) -> str:
    short = plain(system)
    known = _CANONICAL.get(short)
    if known is not None:
        return known
    if short.startswith("http://snomed.info/sct/"):  # an edition or version as the system
        return SNOMED_CT
    for ending, known in _ENDINGS.items():
        if short.endswith(ending):
            return known
    return short


def located(system: str, code: str) -> tuple[str, str]:
    """The canonical system and the normalised code of a coding."""
    known = canonical(system)
    code = code.strip()
    if known == FRENCH_DRUGS:
        return _french_drug(system, code)
    if known == ICD_9_CM and code[2:3] == ".":  # two digits before the dot: volume 3, procedures
        known = ICD_9_CM_PROCEDURES
    return known, _NORMALISED.get(known, str.upper)(code)


_CLASSIFICATION_MARKS = str.maketrans("", "", " .+*-!#†")
"""Dots, and the marks of dagger, asterisk and national extensions."""


def _classification(code: str) -> str:
    return code.upper().translate(_CLASSIFICATION_MARKS)


def _without_spaces(code: str) -> str:
    return "".join(code.upper().split())


def _ccam(code: str) -> str:
    """Seven characters; the records append activity, phase and extension."""
    return _without_spaces(code)[:7]


def _nabm(code: str) -> str:
    return code.zfill(4)


_NORMALISED: dict[str, Callable[[str], str]] = {
    ICD_10: _classification,
    CIM_10: _classification,
    ICD_10_CM: _classification,
    ICD_10_PCS: _classification,
    ICD_9_CM: _classification,
    ICD_9_CM_PROCEDURES: _classification,
    ATC: _without_spaces,
    CCAM: _ccam,
    NABM: _nabm,
    FINDING: str.lower,
}

_EAN_UCD = "34008"
_EAN_CIP = "34009"
_EAN_LENGTH = 13
_SHORT_LENGTH = 7
_CIS_LENGTH = 8


def _french_drug(system: str, code: str) -> tuple[str, str]:
    """UCD and CIP by their seven significant digits (13: `34008` or `34009`, seven digits, a key), CIS by its eight."""
    code = "".join(code.split())
    if len(code) == _EAN_LENGTH + 1 and code.startswith("0"):  # GTIN-14
        code = code[1:]
    if len(code) == _EAN_LENGTH and code.startswith((_EAN_UCD, _EAN_CIP)):
        return (UCD if code.startswith(_EAN_UCD) else CIP13), code[5:12]
    if len(code) == _CIS_LENGTH:
        return CIS, code
    short = plain(system)
    if len(code) == _SHORT_LENGTH:
        is_ucd = short in _UCD_URIS or (short not in _CIP_URIS and code.startswith("9"))
        return (UCD if is_ucd else CIP13), code
    return (UCD if short in _UCD_URIS else CIS if short in _CIS_URIS else CIP13), code


_UCD_URIS = frozenset(map(plain, (UCD, "urn:oid:1.2.250.1.213.2.62", "http://smt.esante.gouv.fr/terminologie-ucd")))
_CIP_URIS = frozenset({plain(CIP13)})
_CIS_URIS = frozenset(map(plain, (CIS, "urn:oid:1.2.250.1.213.2.3.1")))
