"""ONE table: what each fact needs to be looked up. A row is the discovery's prefetch template and the server's search.

Restrictions on prefetch queries (CDS Hooks 2.0.1, "Prefetch query restrictions") hold for every row: a read, or a search
by reference, token and `_sort`, with `_count`. References are typed (`patient=Patient/x`): some servers find nothing
otherwise. One row a laboratory concept, so that the newest of each is never cut off by paging; `combo-code` also finds
results that are components of another Observation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import Analyte
from mappings.vocabulary.code_systems import LOINC, searched_as
from mappings.vocabulary.concepts import Terminology

PATIENT_TOKEN = "{{context.patientId}}"  # noqa: S105 - a prefetch token of CDS Hooks, no secret

PAGE_SIZE = 200
"""`_count` of every search: large enough that a usual record comes in one page."""


@dataclass(frozen=True, slots=True)
class Query:
    """One FHIR search (or, without parameters, the read of the patient).

    `parameters` are given without the patient; `fallback` replaces them on a server that refuses a parameter; `several` are
    the keys of the queries that it asks together. A search by code asks for `concepts`, and may be answered with `panels`
    (LOINC codes).
    """

    key: str
    resource_type: str
    parameters: tuple[tuple[str, str], ...] = ()
    fallback: tuple[tuple[str, str], ...] = ()
    patient_parameter: str = "patient"
    several: tuple[str, ...] = ()
    concepts: frozenset[str] = frozenset()
    panels: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        """By its key: those of one table differ by it, and their codes are long texts."""
        return hash(self.key)

    @property
    def is_read(self) -> bool:
        """The read of the Patient resource."""
        return self.resource_type == "Patient"

    def search(self, patient_id: str, *, fallback: bool = False) -> list[tuple[str, str]]:
        """The search's parameters for one patient."""
        chosen = self.fallback if fallback and self.fallback else self.parameters
        return [(self.patient_parameter, f"Patient/{patient_id}"), *chosen, ("_count", str(PAGE_SIZE))]

    @property
    def template(self) -> str:
        """The prefetch template of CDS Hooks discovery."""
        if self.is_read:
            return f"Patient/{PATIENT_TOKEN}"
        parameters = "&".join(f"{name}={value}" for name, value in self.search(PATIENT_TOKEN))
        return f"{self.resource_type}?{parameters}"


@lru_cache(maxsize=256)
def together(queries: tuple[Query, ...]) -> Query:
    """One search for all codes of several searches for Observations: what is found answers each of them."""
    return Query(
        " ".join(query.key for query in queries),
        queries[0].resource_type,
        _joined([query.parameters for query in queries]),
        _joined([query.fallback for query in queries]),
        several=tuple(query.key for query in queries),
        concepts=frozenset().union(*(query.concepts for query in queries)),
        panels=frozenset().union(*(query.panels for query in queries)),
    )


def _joined(parameters: Sequence[tuple[tuple[str, str], ...]]) -> tuple[tuple[str, str], ...]:
    """The first parameter is the one of the codes; the others are the same in all."""
    codes = dict.fromkeys(code for one in parameters for code in one[0][1].split(","))
    return ((parameters[0][0][0], ",".join(codes)), *parameters[0][1:])


FINDING_CONCEPTS = sets.FINDING_NAMES | sets.DISEASE_STATUS | sets.LESION_COUNT | sets.DISTANT_METASTASIS_SITE
"""The recorded findings under our own codes, the public ones, and those of a site."""


@lru_cache(maxsize=8)
def query_table(terminology: Terminology) -> Mapping[str, Query]:
    """Every query by its key; the codes are those of the lists and of the site's mapping."""

    def observations(key: str, concepts: frozenset[str], *, panels: Iterable[str] = ()) -> Query:
        codes = [f"{name}|{code}" for system, code in terminology.codes_of(concepts) for name in searched_as(system)]
        panels = frozenset(panels)
        with_panels = sorted({*codes, *(f"{LOINC}|{panel}" for panel in panels)})
        newest_first = ("_sort", "-date")
        return Query(
            key,
            "Observation",
            (("combo-code", ",".join(codes)), newest_first),
            (("code", ",".join(with_panels)), newest_first),
            concepts=concepts,
            panels=panels,
        )

    by_key: dict[str, list[Analyte]] = {}
    for analyte in terminology.analytes:
        if analyte.valid_days:
            by_key.setdefault(analyte.query, []).append(analyte)
    rows = [
        Query("patient", "Patient"),
        *(
            observations(
                key,
                frozenset().union(*(one.searched for one in several)),
                panels={panel for one in several for panel in one.panels},
            )
            for key, several in by_key.items()
        ),
        observations("findings", FINDING_CONCEPTS),
        Query("questionnaireResponses", "QuestionnaireResponse"),
        Query("conditions", "Condition"),
        Query("allergies", "AllergyIntolerance"),
        Query("medicationRequests", "MedicationRequest"),
        Query("medicationStatements", "MedicationStatement"),
        Query("medicationAdministrations", "MedicationAdministration"),
        Query("procedures", "Procedure"),
        Query("serviceRequests", "ServiceRequest"),
        Query("bodyStructures", "BodyStructure"),
        Query("encounters", "Encounter"),
        Query("imagingStudies", "ImagingStudy"),
        Query("diagnosticReports", "DiagnosticReport"),
    ]
    return {row.key: row for row in rows}


_MEDICATIONS = ("medicationRequests", "medicationStatements", "medicationAdministrations")

NEEDS: dict[str, tuple[str, ...]] = {
    "settings": (),
    "today": (),
    "person": ("patient",),
    "vitamin_d": ("vitaminD",),
    "calcium": ("calcium", "albumin"),
    "crisis_calcium": ("calcium", "albumin"),
    "clearance": ("clearance", "creatinine", "egfr", "bodyWeight", "patient", "conditions", "procedures"),
    "clearance_inputs_missing": ("creatinine", "bodyWeight", "patient"),
    "exposures": _MEDICATIONS,
    "conditions": ("conditions",),
    "procedures": ("procedures",),
    "radiotherapies": ("procedures", "serviceRequests", "bodyStructures"),
    "radiotherapy_orders": ("serviceRequests", "procedures", "bodyStructures"),
    "consultations": ("encounters",),
    "imaging": ("imagingStudies", "diagnosticReports"),
    "orders": ("medicationRequests", "serviceRequests"),
    "allergies": ("allergies",),
    "finding": ("findings", "questionnaireResponses"),
}
"""The queries that each fact of `mappings.facts.Facts` is read from; an analyte's row says its own."""

ALWAYS = frozenset({"person"})
"""Facts that every request reads: nobody acts on the record of the deceased, or on one that was replaced."""

Reads: TypeAlias = str | Analyte
"""What a condition or a rule declares to read: a fact by its name, or the result of an analyte by its row."""


def queries_of(read: Reads) -> tuple[str, ...]:
    """The keys of the queries that a fact or an analyte is read from. Raises `KeyError` for an unknown fact."""
    if isinstance(read, Analyte):
        return (read.query, *(_MEDICATIONS if read.sooner is not None else ()))
    return NEEDS[read]


@lru_cache(maxsize=256)
def queries_for(reads: frozenset[Reads], terminology: Terminology) -> tuple[Query, ...]:
    """The queries that these facts need, each once, in the order of the table. Raises `KeyError` for an unknown fact."""
    wanted = {key for read in reads for key in queries_of(read)}
    return tuple(query for key, query in query_table(terminology).items() if key in wanted)
