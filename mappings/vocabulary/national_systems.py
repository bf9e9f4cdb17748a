"""Names that countries, HL7 v2 and older software give to the code systems that we know, beyond those of `code_systems`.

A country that publishes its edition of a classification does so under a URI of its own, and new editions come with a year in
it (`…/CodeSystem/icd-10-cm-2023-tw`). So the last words of a URI tell the classification; OIDs, which tell nothing, are listed.
Each name is met in a public implementation guide or in public code (`valuesets/README.md` names them).
"""

from __future__ import annotations

import re

_LISTED = {
    "ICD-10": (
        *("urn:oid:2.16.578.1.12.4.1.1.7110", "urn:oid:1.2.246.537.6.1", "urn:oid:1.2.752.116.1.1.1"),
        *("urn:oid:1.2.752.116.1.1.1.1.3", "urn:oid:2.16.724.4.21.5.29", "urn:oid:2.16.840.1.113883.6.3.1"),
        *("ehealth/icd10_am/condition_codes", "i10"),
    ),
    "ICD-10-CM": ("i10c",),
    "CCAM": ("http://mos.esante.gouv.fr/nos/tre_a_ccam/fhir/tre-a-ccam",),
    "ICD-10-PCS": ("i10p",),
    "ICD-9-CM": ("i9", "i9c"),
    "ATC": (
        *("urn:oid:2.16.578.1.12.4.1.1.7180", "urn:oid:1.2.246.537.6.32", "http://www.whocc.no/atc_ddd_index"),
        *("http://whocc.no/atc", "http://www.whocc.no", "who-atc", "atc"),
    ),
    "LOINC": (
        "http://fhir.infoway-inforoute.ca/codesystem/pclocd",
        "urn:oid:2.16.840.1.113883.2.20.5.1",
        "ln",
        "http://loinc.org/vs",
    ),
    "SNOMED CT": (
        "sct",
        "snomed",
        "snomed ct",
        "snomedct",
        "snomed_ct",
        "http://snomed.info/id",
        "http://www.snomed.org/snomed-ct",
    ),
    "RxNorm": ("rxnorm", "http://purl.bioontology.org/ontology/rxnorm"),
    "NDC": ("ndc",),
    "CPT": ("cpt", "c4", "cpt4", "cpt-4"),
    "NPU": ("npu",),
    "JLAC10": ("jc10", "jlac10"),
}
"""By the name of the system: OIDs of countries, the names of HL7 v2 (table 0396), and names without any URI."""

_BY_NAME = {alias: name for name, aliases in _LISTED.items() for alias in aliases}

_BEFORE, _AFTER = r"(?:^|[/:#._-])", r"(?![0-9a-z])"
_ENDINGS = tuple(
    (re.compile(_BEFORE + pattern + _AFTER), name)
    for pattern, name in (
        (r"icd-?_?11(?:-?_?mms)?", "ICD-11"),
        (r"icd-?_?10-?_?pcs", "ICD-10-PCS"),
        (r"icd-?_?10-?_?cm", "ICD-10-CM"),
        (r"icd-?_?9(?:-?_?cm)?", "ICD-9-CM"),
        (r"cim-?10", "CIM-10"),
        (r"(?:icd-?_?10|(?:br)?cid-?10|cie-?10|kcd-?[0-9]|mkn-?10|rhk-?10)", "ICD-10"),
        (r"atc(?:-[a-z]{2})?$", "ATC"),
        (r"[a-z]{0,20}loinc", "LOINC"),
        (r"snomed-?_?(?:ct)?", "SNOMED CT"),
        (r"rxnorm", "RxNorm"),
    )
)
"""Looked for behind the last `CodeSystem/`, `ValueSet/` or `sid/`, else in the last part; the first that is met counts."""

_PLACE = re.compile(r"http:.*(?:/codesystem/|/valueset/|/sid/|/(?!(?:vs|diagnosis)$))")
_NOT_CODES_OF_IT = re.compile(r"procedure|intervention|diagnosesicherheit|morphology|chapter|block|certainty|type")
_ICD_11 = re.compile(r"http://(?:id\.who\.int/icd/release/11/|icd\.who\.int/(?:browse11|dev11))")
_YEAR = re.compile(r"\.(?:19|20)[0-9]{2}$")
"""Finnish OIDs may end with the year of the edition."""


def name_of(short: str) -> str:
    """The name of the system (`CodeSystem.name`) that a URI in its plain spelling stands for; empty where none is told."""
    if _ICD_11.match(short):
        return "ICD-11"
    listed = _BY_NAME.get(short) or _BY_NAME.get(_YEAR.sub("", short))
    if listed is not None:
        return listed
    place = _PLACE.match(short)
    if place is None:
        return ""
    last = short[place.end() :].removesuffix("/vs").removesuffix("/diagnosis")
    if _NOT_CODES_OF_IT.search(last):
        return ""
    return next((name for ending, name in _ENDINGS if ending.search(last)), "")
