"""Code systems under every name that records give them, and codes as our lists write them.

Two codings are the same when `located` gives the same for both: the canonical URI of the system and a normalised code.
Codes are never compared across systems: E83.50 is hypercalcaemia in the French ICD-10 and unspecified in ICD-10-CM, and
`2161-8` is a LOINC number and an HL7 ethnicity code. The row of a system says what it is called, whether we hold every code
of it that a rule is about, and what its codes look like.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mappings.vocabulary.national_systems import name_of

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
UCUM = "http://unitsofmeasure.org"
EDQM = "http://standardterms.edqm.eu"
FINDING = "urn:osteocds:finding"
"""Our own code system for recorded findings."""

EDITIONS_OF_ICD_10 = frozenset({ICD_10, CIM_10, ICD_10_CM})
"""That of the WHO, and those of France and the United States, which extend its codes."""

CONCEPT = "urn:osteocds:concept"
"""Our own code system of concepts: the target of a site's ConceptMap."""

SMS = "http://data.esante.gouv.fr/ansm/medicament/codeSMS"
ANSM_SUBSTANCE = "http://data.esante.gouv.fr/ansm/medicament/substance"
MEDICABASE = "urn:oid:1.2.250.1.213.2.59"
ICD_11 = "http://id.who.int/icd/release/11/mms"
OPS = "http://fhir.de/CodeSystem/bfarm/ops"
NDC = "http://hl7.org/fhir/sid/ndc"
NPU = "http://npu-terminology.org"
JLAC10 = "http://medis.or.jp/CodeSystem/master-JLAC10-17digits"
YJ = "http://capstandard.jp/iyaku.info/CodeSystem/YJ-code"
CDT = "http://www.ada.org/cdt"
SKS = "urn:oid:1.2.208.176.2.4"
ROUTE_V3 = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration"

FRENCH_DRUGS = "french drugs"
"""Published under several URIs, each for more than one kind of code: the number itself tells the kind."""


def _shaped(pattern: str) -> Callable[[str], bool]:
    """A test of normalised codes; no pattern can backtrack."""
    whole = re.compile(pattern, re.ASCII)
    return lambda code: whole.fullmatch(code) is not None


def is_loinc(code: str) -> bool:
    """A LOINC number with its check digit (mod 10, as LOINC's users' guide gives it), an answer (LA) or a part (LP)."""
    digits, dash, check = code.removeprefix("LA").removeprefix("LP").partition("-")
    if not dash or not (digits.isascii() and digits.isdigit() and len(digits) <= _LOINC_DIGITS and len(check) == 1):
        return False
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits)))
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10) == check


def is_snomed(code: str) -> bool:
    """An identifier of SNOMED CT with its check digit (Verhoeff, as its release file specification gives it)."""
    if not (code.isascii() and code.isdigit() and _SNOMED_SHORTEST <= len(code) <= _SNOMED_LONGEST):
        return False
    check = 0
    for place, digit in enumerate(reversed(code)):
        check = int(_VERHOEFF_PRODUCT[check][int(_VERHOEFF_PERMUTED[place % 8][int(digit)])])
    return check == 0


_LOINC_DIGITS = 7
_SNOMED_SHORTEST, _SNOMED_LONGEST = 6, 18
_VERHOEFF_PERMUTED = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
_VERHOEFF_PRODUCT = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip

_ICD = _shaped(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,5}")
_ANY = _shaped(r"[!-~]{1,64}")


class CodeSystem(NamedTuple):
    """A code system: how people call it, whether our list of it is whole, what its normalised codes look like, its aliases.

    Only of a list that is whole does a valid code that it lacks mean something else.
    """

    name: str
    whole: bool
    is_valid: Callable[[str], bool]
    aliases: tuple[str, ...] = ()


_WHOLE, _PART = True, False

SYSTEMS: dict[str, CodeSystem] = {
    LOINC: CodeSystem(
        "LOINC",
        _WHOLE,
        is_loinc,
        (
            "urn:oid:2.16.840.1.113883.6.1",
            "http://aphp.fr/bioloinc/jdv_loinc_biologie",
            "http://www.loinc.org",
            "loinc",
        ),
    ),
    SNOMED_CT: CodeSystem(
        "SNOMED CT",
        _PART,
        is_snomed,
        (
            "urn:oid:2.16.840.1.113883.6.96",
            "http://snomed.info",
            "snomed-ct",
            "http://smt.esante.gouv.fr/terminologie-snomed-ct-fr",
            "http://dmd.nhs.uk",
        ),
    ),
    # Whole at its fifth level; a shorter code is a class, which says no drug (`atc_class`).
    ATC: CodeSystem(
        "ATC",
        _WHOLE,
        _shaped(r"[A-Z][0-9]{2}[A-Z]{2}[0-9]{2}"),
        (
            "http://smt.esante.gouv.fr/terminologie-atc",
            "urn:oid:2.16.840.1.113883.6.73",
            "http://fhir.de/codesystem/bfarm/atc",
            "http://fhir.de/codesystem/dimdi/atc",
        ),
    ),
    # Its ingredients we hold; of an unknown number nobody can tell whether it is an ingredient or a product.
    RXNORM: CodeSystem("RxNorm", _PART, _shaped(r"[0-9]{1,8}"), ("urn:oid:2.16.840.1.113883.6.88",)),
    # ICD-10-GM follows WHO to the fourth character in every list we ship; its own fifth characters fall under the
    # prefix, so that E83.50 (calciphylaxis there) is only "a disorder of calcium".
    ICD_10: CodeSystem(
        "ICD-10",
        _WHOLE,
        _ICD,
        (
            "urn:oid:2.16.840.1.113883.6.3",
            "urn:oid:2.16.840.1.113883.6.3.2",
            "http://fhir.de/codesystem/bfarm/icd-10-gm",
            "http://fhir.de/codesystem/dimdi/icd-10-gm",
            "http://hl7.org/fhir/sid/icd-10-de",
            "http://hl7.org/fhir/sid/icd-10-gm",
            "http://hl7.org/fhir/sid/icd-10-nl",
            "http://hl7.org/fhir/sid/icd-10-uk",
            "http://hl7.org/fhir/sid/icd-10-au",
            "http://hl7.org/fhir/sid/icd-10-am",
            "http://hl7.org/fhir/sid/icd-10-ch",
            "http://hl7.org/fhir/sid/icd-10-at",
            "http://terminology.hl7.org/codesystem/icd-10",
            "http://id.who.int/icd/release/10",
            "http://icd.who.int/browse10",
            "icd-10",
            "icd10",
        ),
    ),
    CIM_10: CodeSystem(
        "CIM-10", _WHOLE, _ICD, ("http://hl7.org/fhir/sid/icd-10-fr", "http://hl7.org/fhir/sid/cim-10", "cim-10")
    ),
    ICD_10_CM: CodeSystem(
        "ICD-10-CM",
        _WHOLE,
        _ICD,
        ("urn:oid:2.16.840.1.113883.6.90", "http://hl7.org/fhir/sid/icd-10-us", "icd-10-cm", "icd10cm"),
    ),
    ICD_10_PCS: CodeSystem(
        "ICD-10-PCS", _PART, _ANY, ("http://hl7.org/fhir/sid/icd-10-pcs", "urn:oid:2.16.840.1.113883.6.4")
    ),
    ICD_11: CodeSystem(
        "ICD-11",
        _PART,
        _ANY,
        (
            "http://smt.esante.gouv.fr/terminologie-cim11-mms",
            "urn:oid:2.16.840.1.113883.6.347",
            "http://id.who.int/icd11/mms",
            "http://hl7.org/fhir/sid/icd-11",
        ),
    ),
    ICD_9_CM: CodeSystem(
        "ICD-9-CM",
        _WHOLE,
        _shaped(r"[EV0-9][0-9]{2,5}"),
        (
            "http://hl7.org/fhir/sid/icd-9",
            "http://hl7.org/fhir/sid/icd-9-cm/diagnosis",
            "urn:oid:2.16.840.1.113883.6.42",
            "urn:oid:2.16.840.1.113883.6.103",
        ),
    ),
    ICD_9_CM_PROCEDURES: CodeSystem("ICD-9-CM", _PART, _ANY, ("urn:oid:2.16.840.1.113883.6.104",)),
    CCAM: CodeSystem("CCAM", _WHOLE, _shaped(r"[A-Z]{4}[0-9]{3}"), ("urn:oid:1.2.250.1.213.2.5",)),
    FRENCH_DRUGS: CodeSystem(
        "",
        _PART,
        _ANY,
        (
            UCD,
            CIP13,
            CIS,
            SMS,
            ANSM_SUBSTANCE,
            MEDICABASE,
            "urn:oid:1.2.250.1.213.2.61",
            "urn:oid:1.2.250.1.213.2.62",
            "urn:oid:1.2.250.1.213.2.3.1",
            "urn:oid:1.2.250.1.213.2.3.2",
            "urn:oid:2.16.840.1.113883.3.6905.2",
            "http://smt.esante.gouv.fr/terminologie-cip_ucd",
            "http://smt.esante.gouv.fr/terminologie-bdpm",
            "http://smt.esante.gouv.fr/terminologie-ucd",
            "http://smt.esante.gouv.fr/terminologie-ref_interop_med",
            "http://smt.esante.gouv.fr/terminologie-sms",
            "http://spor.ema.europa.eu/v2/substancedefinition",
            "http://spor.azure-api.net/sms/api/v2/substancedefinition",
            "http://bogussystemmedicabase.com",  # the placeholder that the official examples write
        ),
    ),
    UCD: CodeSystem("UCD", _PART, _ANY),
    CIP13: CodeSystem("CIP", _PART, _ANY),
    CIS: CodeSystem("CIS", _PART, _ANY),
    SMS: CodeSystem("SMS", _PART, _ANY),
    ANSM_SUBSTANCE: CodeSystem("ANSM", _PART, _ANY),
    MEDICABASE: CodeSystem("Medicabase", _PART, _ANY),
    CPT: CodeSystem("CPT", _WHOLE, _shaped(r"[0-9]{4}[0-9A-Z]"), ("urn:oid:2.16.840.1.113883.6.12",)),
    HCPCS: CodeSystem(
        "HCPCS",
        _PART,
        _ANY,
        (
            "urn:oid:2.16.840.1.113883.6.285",
            "http://bluebutton.cms.gov/resources/codesystem/hcpcs",
        ),
    ),
    NABM: CodeSystem("NABM", _WHOLE, _shaped(r"[0-9]{4}"), ("urn:oid:1.2.250.1.215.300.2",)),
    NCIT: CodeSystem(
        "NCIt",
        _PART,
        _ANY,
        ("http://smt.esante.gouv.fr/terminologie-ncit", "urn:oid:2.16.840.1.113883.3.26.1.1"),
    ),
    OPS: CodeSystem("OPS", _PART, _ANY, ("http://fhir.de/codesystem/dimdi/ops", "urn:oid:1.2.276.0.76.5.524")),
    DICOM: CodeSystem("DICOM", _PART, _ANY, ("urn:oid:1.2.840.10008.2.16.4",)),
    EDQM: CodeSystem(
        "EDQM",
        _PART,
        _ANY,
        ("urn:oid:0.4.0.127.0.16.1.1.2.1", "http://smt.esante.gouv.fr/terminologie-standardterms"),
    ),
    ROUTE_V3: CodeSystem(
        "HL7", _PART, _ANY, ("http://hl7.org/fhir/v3/routeofadministration", "urn:oid:2.16.840.1.113883.5.112")
    ),
    NDC: CodeSystem("NDC", _PART, _ANY, ("urn:oid:2.16.840.1.113883.6.69",)),
    NPU: CodeSystem("NPU", _PART, _ANY, ("urn:oid:1.2.208.176.2.1", "urn:oid:2.16.578.1.12.4.1.1.7280")),
    JLAC10: CodeSystem(
        "JLAC10",
        _PART,
        _ANY,
        (
            "urn:oid:1.2.392.200119.4.504",
            "http://jpfhir.jp/fhir/clins/codesystem/jp_clins_obslabresult_corelabo_cs",
            "http://jpfhir.jp/fhir/clins/codesystem/jlac10/jp_clins_obslabresult_corelabo_cs",
        ),
    ),
    YJ: CodeSystem(
        "YJ",
        _PART,
        _ANY,
        ("urn:oid:1.2.392.100495.20.2.73", "http://capstandard.jp/iyaku.info/codesystem/yj-code-active"),
    ),
    CDT: CodeSystem("CDT", _PART, _ANY, ("urn:oid:2.16.840.1.113883.6.13",)),
    SKS: CodeSystem("SKS", _PART, _ANY, ("urn:oid:1.2.208.176.2.4.12",)),
    FINDING: CodeSystem("OsteoCDS", _WHOLE, _ANY),
}
"""Every system that our lists know, by its canonical URI.

Whole are those whose codes of ours we hold all: ATC at its fifth level, LOINC, the classifications of diseases (their rows are
prefixes), the French and American catalogues of acts. Not whole: products (new ones come every month), SNOMED CT, and those
of which we hold a few codes only.
"""

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


_CANONICAL = {plain(alias): uri for uri, system in SYSTEMS.items() for alias in (uri, *system.aliases)}
_CANONICAL |= {plain(alias): FRENCH_DRUGS for alias in SYSTEMS[FRENCH_DRUGS].aliases}
_NAMED = {system.name: uri for uri, system in reversed(SYSTEMS.items()) if system.name}
"""By how people call them; of two systems of one name the first."""


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
    return _NAMED.get(name_of(short), short)


_SEARCHED_AS = {
    NPU: (NPU, "urn:oid:1.2.208.176.2.1", "urn:oid:2.16.578.1.12.4.1.1.7280"),
    JLAC10: (JLAC10, "urn:oid:1.2.392.200119.4.504"),
}


def searched_as(system: str) -> tuple[str, ...]:
    """The URIs under which a search asks for a code: the canonical one, of NPU and JLAC10 also those of countries."""
    return _SEARCHED_AS.get(system, (system,))


_OF_DRUGS = frozenset({ATC, RXNORM, NDC, FRENCH_DRUGS, YJ})


def is_of_drugs(system: str) -> bool:
    """Its codes are of drugs alone."""
    return canonical(system) in _OF_DRUGS


def family(system: str) -> str:
    """What tells apart the systems between which `located` decides by the code: one name for all of them."""
    known = canonical(system)
    if known == SKS:
        return ICD_10
    return ICD_9_CM if known == ICD_9_CM_PROCEDURES else known


def located(system: str, code: str) -> tuple[str, str]:
    """The canonical system and the normalised code of a coding."""
    known = canonical(system)
    code = code.partition("|")[0].strip()  # a term may follow: `code |term|`
    if known == FRENCH_DRUGS:
        return _french_drug(system, code)
    if known == SKS and (diagnosis := _DANISH_DIAGNOSIS.fullmatch(_classification(code))):
        return ICD_10, diagnosis[1]
    if known == ICD_9_CM and code[2:3] == ".":  # two digits before the dot: volume 3, procedures
        known = ICD_9_CM_PROCEDURES
    return known, _NORMALISED.get(known, _without_spaces)(code)


_CLASSIFICATION_MARKS = str.maketrans("", "", " .,+*-!#†()/\u00a0")
"""Dots, and the marks of dagger, asterisk and national extensions; what stands around a letter of certainty."""


def _classification(code: str) -> str:
    return code.upper().translate(_CLASSIFICATION_MARKS)


_DANISH_DIAGNOSIS = re.compile(r"D([A-Z][0-9]{2}[0-9A-Z]{0,5})", re.ASCII)
"""A diagnosis of SKS, the Danish classification: ICD-10 behind a D (`DC795`). Its other codes are of acts and places."""


def _without_spaces(code: str) -> str:
    return "".join(code.upper().split())


def _ccam(code: str) -> str:
    """Seven characters; the records append activity, phase and extension."""
    return _without_spaces(code)[:7]


def _five(code: str) -> str:
    """Five characters; the claims append modifiers."""
    return _without_spaces(code)[:5]


def _jlac10(code: str) -> str:
    """Analyte, identification and specimen; what follows is the method and the kind of value."""
    return _without_spaces(code)[:12]


def _nabm(code: str) -> str:
    return _without_spaces(code).zfill(4)


_NORMALISED: dict[str, Callable[[str], str]] = {
    ICD_10: _classification,
    CIM_10: _classification,
    ICD_10_CM: _classification,
    ICD_10_PCS: _classification,
    ICD_9_CM: _classification,
    ICD_9_CM_PROCEDURES: _classification,
    CCAM: _ccam,
    CPT: _five,
    HCPCS: _five,
    NABM: _nabm,
    JLAC10: _jlac10,
    FINDING: str.lower,
}

_EAN_UCD = "34008"
_EAN_CIP = "34009"
_EAN_LENGTH = 13
_SHORT_LENGTH = 7
_CIS_LENGTH = 8
_SMS_LENGTH = 12
_ANSM_LENGTH = 5


def _french_drug(system: str, code: str) -> tuple[str, str]:
    """A French code of a drug or a substance, told by its number.

    UCD and CIP by their seven significant digits (13: `34008` or `34009`, seven digits, a key), CIS by its eight, SMS by its
    twelve, Medicabase by its MV, a substance of ANSM by its five, which linked data write behind `Substance_`.
    """
    code = _without_spaces(code).removeprefix("SUBSTANCE_")
    if len(code) == _EAN_LENGTH + 1 and code.startswith("0"):  # GTIN-14
        code = code[1:]
    if len(code) == _EAN_LENGTH and code.startswith((_EAN_UCD, _EAN_CIP)):
        return (UCD if code.startswith(_EAN_UCD) else CIP13), code[5:12]
    if code.startswith("MV"):
        return MEDICABASE, code
    if len(code) == _SMS_LENGTH:
        return SMS, code
    own = _OWN_URIS.get(plain(system))
    if own == ANSM_SUBSTANCE:
        return own, code.zfill(_ANSM_LENGTH)
    if len(code) == _CIS_LENGTH:
        return CIS, code
    if len(code) == _SHORT_LENGTH:
        is_ucd = own == UCD or (own != CIP13 and code.startswith("9"))
        return (UCD if is_ucd else CIP13), code
    return own or CIP13, code


_OWN_URIS = {
    plain(alias): system
    for system, aliases in {
        UCD: ("urn:oid:1.2.250.1.213.2.61", "urn:oid:1.2.250.1.213.2.62", "http://smt.esante.gouv.fr/terminologie-ucd"),
        CIP13: ("urn:oid:1.2.250.1.213.2.3.2",),
        CIS: ("urn:oid:1.2.250.1.213.2.3.1",),
        SMS: (),
        ANSM_SUBSTANCE: (),
        MEDICABASE: (),
    }.items()
    for alias in (system, *aliases)
}

# --- codes that say more, or less, than a code ------------------------------------------------------------------------

_ATC_CLASS = _shaped(r"[A-Z](?:[0-9]{2}(?:[A-Z]{1,2})?)?")


def atc_class(system: str, code: str) -> str:
    """The code of a class of ATC (levels 1 to 4: `L`, `L01`, `M05B`, `M05BA`), normalised; empty for any other code."""
    if canonical(system) != ATC:
        return ""
    _, key = located(system, code)
    return key if _ATC_CLASS(key) else ""


_TERM = re.compile(r"\|[^|]*\|")
_IDENTIFIER = re.compile(r"[0-9]{6,18}", re.ASCII)
_REFINES = frozenset(
    {
        *("272741003", "363698007", "363704007", "405813007", "405814001", "246112005", "246454002", "116676008"),
        *("363700003", "363714003", "370135005", "246075003", "42752001", "255234002", "288526004", "371881003"),
        *("260686004", "424226004", "405815000", "363699004", "363701004", "260507000", "260870009", "363703001"),
        *("425391005", "424361007", "418775008", "246456000", "47429007", "704321009", "363702006", "405816004"),
    }
)
"""The attributes of SNOMED CT that make a finding or an act narrower and leave it there: laterality, sites, severity, occurrence,
morphology, pathology, cause, course of events, method, devices, access, priority, intent. Any other may deny what the focus says:
finding, procedure, temporal and subject context do, and an associated finding or procedure is not one."""

_ATTRIBUTE = re.compile(r"([0-9]{6,18})=")
_SAYS_NOT_THERE = frozenset(
    {"410516002", "410594000", "413322009", "723506003", "2667000", "272519000", "385660001", "262008008"}
)
"""Values of SNOMED CT that deny: known absent, definitely not present, resolved, absent, not done, not performed."""


def focus_concepts(expression: str) -> tuple[str, ...]:
    """The focus concepts of an expression of SNOMED CT (compositional grammar 2.3): what it refines, without the refinement.

    Empty where it cannot be read, or states a context, which may deny what the focus says.
    """
    bare = "".join(_TERM.sub("", expression).split()).removeprefix("===").removeprefix("<<<")
    bare = bare.removeprefix("http://snomed.info/id/").removeprefix("https://snomed.info/id/")
    focus, _, refinement = bare.partition(":")
    if not _REFINES.issuperset(_ATTRIBUTE.findall(refinement)):
        return ()
    if not _SAYS_NOT_THERE.isdisjoint(_IDENTIFIER.findall(refinement)):
        return ()
    concepts = tuple(focus.split("+"))
    return concepts if all(_IDENTIFIER.fullmatch(one) for one in concepts) else ()


_PARTS = re.compile(r"[\s/+;,&*†]+")
_ONE_OF_SEVERAL = re.compile(r"[A-Z][0-9]{2}(?:\.?[0-9A-Z]{1,4})?[!-]?", re.ASCII | re.IGNORECASE)


def several_codes(system: str, code: str) -> tuple[str, ...]:
    """The codes of ICD-10 that stand in the place of one: `C34.1 C79.5`, `M90.7* C79.5†`; empty for a single one."""
    if canonical(system) not in EDITIONS_OF_ICD_10:
        return ()
    parts = tuple(part for part in _PARTS.split(code.partition("|")[0]) if part)
    return parts if len(parts) > 1 and all(map(_ONE_OF_SEVERAL.fullmatch, parts)) else ()


_CLUSTER = re.compile(r"[/&]")
_DOUBTED_STEM = re.compile(r"&XY7", re.ASCII)
"""Extension codes of ICD-11 that make a diagnosis provisional or differential."""


def stem_codes(system: str, code: str) -> tuple[str, ...]:
    """The stem codes of a cluster of ICD-11 (`2C25.0&XA0KZ3`, `2E03/ME84`); empty for a single code and where one is in doubt."""
    if canonical(system) != ICD_11 or not _CLUSTER.search(code) or _DOUBTED_STEM.search(code):
        return ()
    return tuple(stem for part in code.split("/") if (stem := part.partition("&")[0].strip()) and stem[0] != "X")


_CERTAINTY = re.compile(r"[A-Z][0-9]{2,4}[RLB]?([AVZG])[RLB]?", re.ASCII)


def certainty_mark(system: str, code: str) -> str:
    """The letter that German records append to an ICD-10 code (`C79.5 G`), in lower case; empty where there is none.

    A ausgeschlossen, V Verdacht, Z Zustand nach, G gesichert; R, L and B beside it are sides (ICD-10-GM, its coding rules for
    outpatients). ICD-10-CM ends codes with such letters too, where they mean an encounter: it has none.
    """
    if (
        _CANONICAL.get(plain(system)) != ICD_10
    ):  # a country's own edition may extend its codes by letters (ICD-10-SE does)
        return ""
    marked = _CERTAINTY.fullmatch(_classification(code.partition("|")[0]))
    return marked[1].lower() if marked else ""


# --- how a code is called ---------------------------------------------------------------------------------------------


def named_code(system: str, code: str) -> str:
    """A code with the name of its system, as a person reads it: `ATC L01DB06`; the code alone where the system has no name."""
    known, key = located(system, code)
    name = SYSTEMS[known].name if known in SYSTEMS else ""
    return f"{name} {code.strip()}" if name and key else code.strip()
