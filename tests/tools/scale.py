"""How the time of an answer grows with the record: `make scale`.

Each row is a request with so many resources of one kind, and the same with twice as many. Twice the work takes twice the
time (a ratio near 2); a ratio near 4 is a reading that grows with the square. The machine decides the seconds, not the ratio.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from support.quirk import ATC, DENOSUMAB, SNOMED, concept, condition, quantity, resource, result
from support.scenario import NOW, SERVICES, WORLD, request_for

from mappings.queries import query_table
from service.languages.render import Language
from service.pipeline import advise

Resource = dict[str, Any]
ROOMY = replace(WORLD, max_resources=10**6)
TELERADIOTHERAPY = concept(SNOMED, "33195004")
MR = "MedicationRequest"


def day(number: int) -> str:
    """One of the last 300 days."""
    return (NOW.date() - timedelta(days=1 + number % 300)).isoformat()


def given(number: int, **members: Any) -> Resource:
    said = {"status": "completed", "medicationCodeableConcept": concept(ATC, "M05BX04"), **members}
    return resource("MedicationAdministration", f"a{number}", effectiveDateTime=day(number), **said)


def irradiated(number: int, **members: Any) -> Resource:
    said = {"status": "completed", "code": TELERADIOTHERAPY, "performedDateTime": day(number), **members}
    return resource("Procedure", f"p{number}", **said)


def ordered(number: int, kind: str = "ServiceRequest", **members: Any) -> Resource:
    said = {"status": "active", "intent": "order", "authoredOn": day(number), **members}
    return resource(kind, f"o{number}", **said)


def mixed(number: int, of: int, *parts: int) -> Resource:
    """A Medication of these others."""
    items = [{"itemReference": {"reference": f"Medication/m{part % of}"}} for part in parts]
    return {"resourceType": "Medication", "id": f"m{number}", "ingredient": items}


def refers(number: int) -> Resource:
    reference = {"reference": f"Medication/m{number}"}
    return given(number, medicationCodeableConcept=None, medicationReference=reference)


CALCIUM, ALBUMIN, D2, D3 = "2000-8", "1751-7", "62291-0", "1989-3"


def each(make: Callable[[int], Resource]) -> Callable[[int], list[Resource]]:
    return lambda many: [make(number) for number in range(many)]


RECORDS: dict[str, Callable[[int], list[Resource]]] = {
    "Conditions": each(lambda n: condition((SNOMED, "94222008"), id=f"c{n}", recordedDate=day(n))),
    "AllergyIntolerances": each(lambda n: resource("AllergyIntolerance", f"y{n}", code=concept(ATC, "M05BX04"))),
    "Encounters": each(lambda n: resource("Encounter", f"e{n}", status="finished", period={"start": day(n)})),
    "ImagingStudies": each(lambda n: resource("ImagingStudy", f"i{n}", status="available", started=day(n))),
    "DiagnosticReports": each(lambda n: resource("DiagnosticReport", f"d{n}", status="final", issued=day(n))),
    "QuestionnaireResponses": each(lambda n: resource("QuestionnaireResponse", f"q{n}", status="completed")),
    "BodyStructures": each(lambda n: resource("BodyStructure", f"b{n}", location=concept(SNOMED, "71341001"))),
    "results of calcium": each(lambda n: result(CALCIUM, quantity(2.3, "mmol/L"), day(n), id=f"r{n}")),
    "results of calcium of one instant": each(lambda n: result(CALCIUM, quantity(2.3, "mmol/L"), id=f"r{n}")),
    "results of calcium and albumin of one instant": lambda many: [
        *(result(CALCIUM, quantity(2.3, "mmol/L"), id=f"r{n}") for n in range(many // 2)),
        *(result(ALBUMIN, quantity(38, "g/L"), id=f"s{n}") for n in range(many // 2)),
    ],
    "25-OH-D2 and D3 of one instant": lambda many: [
        *(result(D2, quantity(12, "ng/mL"), id=f"r{n}") for n in range(many // 2)),
        *(result(D3, quantity(12, "ng/mL"), id=f"s{n}") for n in range(many // 2)),
    ],
    "results under unknown codes": each(lambda n: result("99999-9", quantity(1, "g/L"), id=f"r{n}")),
    "results in words": each(lambda n: {**result(CALCIUM, id=f"r{n}"), "code": {"text": f"numéro {n}"}}),
    "results without ids": each(lambda n: result(CALCIUM, quantity(2.3, "mmol/L"), day(n), id=None)),
    "results in one panel": lambda many: [
        result("45066-8", id="p", hasMember=[{"reference": f"Observation/r{n}"} for n in range(many)]),
        *(result(CALCIUM, quantity(2.3, "mmol/L"), day(n), id=f"r{n}") for n in range(many)),
    ],
    "results contained in one report": lambda many: [
        resource(
            "DiagnosticReport",
            "d",
            status="final",
            contained=[result(CALCIUM, quantity(2.3, "mmol/L"), day(n), id=f"r{n}", hasMember=[]) for n in range(many)],
        )
    ],
    "versions of one result": each(
        lambda n: result(CALCIUM, quantity(2.3, "mmol/L"), id="one", meta={"versionId": str(n)})
    ),
    "versions that nothing tells apart": each(
        lambda n: result(CALCIUM, quantity(2.3, "mmol/L"), id="one", note=[{"text": str(n)}])
    ),
    "administrations of denosumab": each(given),
    "statements of calcium": each(
        lambda n: resource(
            "MedicationStatement",
            f"s{n}",
            status="active",
            effectiveDateTime=day(n),
            medicationCodeableConcept=concept(ATC, "A12AA04"),
        )
    ),
    "requests of denosumab": each(lambda n: ordered(n, MR, medicationCodeableConcept=concept(ATC, "M05BX04"))),
    "requests of local codes": each(lambda n: ordered(n, MR, medicationCodeableConcept=concept("urn:x", str(n)))),
    "Medications that mix the two next": lambda many: [
        *(mixed(n, many, n + 1, n + 2) for n in range(many // 2)),
        *(refers(n) for n in range(many // 2)),
    ],
    "Medications that all mix each other": lambda many: [
        *(mixed(n, root(many), *range(root(many))) for n in range(root(many))),
        *(refers(n) for n in range(root(many))),
    ],
    "Procedures of radiotherapy": each(irradiated),
    "Procedures of radiotherapy of one course": each(lambda n: irradiated(n, partOf=[{"reference": "Procedure/p0"}])),
    "Procedures of radiotherapy, each part of the next": each(
        lambda n: irradiated(n, partOf=[{"reference": f"Procedure/p{n + 1}"}])
    ),
    "Procedures of radiotherapy of one identifier": each(lambda n: irradiated(n, identifier=[{"value": "course"}])),
    "sessions of radiotherapy of one day": each(lambda n: irradiated(0) | {"id": f"p{n}"}),
    "orders of radiotherapy": each(lambda n: ordered(n, code=TELERADIOTHERAPY)),
    "orders of radiotherapy of one course": each(
        lambda n: ordered(n, code=TELERADIOTHERAPY, basedOn=[{"reference": "ServiceRequest/o0"}])
    ),
    "orders of radiotherapy, each based on the next": each(
        lambda n: ordered(n, code=TELERADIOTHERAPY, basedOn=[{"reference": f"ServiceRequest/o{n + 1}"}])
    ),
}


def root(many: int) -> int:
    """So many that all mix each other, that there are `many` mixes."""
    return max(1, int(many**0.5))


KEYS = {query.resource_type: query.key for query in query_table(WORLD.terminology).values()} | {
    "Observation": "calcium",
    "Medication": "medicationAdministrations",
}
"""Where the resources of each type are prefetched."""


def with_drafts(order: Any, record: list[Resource], drafts: list[Resource]) -> Resource:
    asked = request_for({"order": order})
    asked["context"]["draftOrders"]["entry"] += [{"resource": one} for one in drafts]
    for one in record:
        answered = asked["prefetch"].setdefault(KEYS[one["resourceType"]], {"resourceType": "Bundle", "entry": []})
        answered.pop("total", None)
        answered["entry"].append({"resource": one})
    return asked


def recorded(name: str, many: int) -> Resource:
    return with_drafts(RADIOTHERAPY if "radiotherapy" in name else DENOSUMAB, RECORDS[name](many), [])


def drafted(number: int, **members: Any) -> Resource:
    return ordered(number, status="draft", **members)


RADIOTHERAPY = {"act": "radiotherapy", "site": "left femur"}
DENOSUMAB_DRAFT = {"kind": MR, "medicationCodeableConcept": concept(ATC, "M05BX04")}

REQUESTS: dict[str, Callable[[int], Resource]] = {  # a request may hold 500 drafts
    **{name: partial(recorded, name) for name in RECORDS},
    "administrations of denosumab and drafts": lambda many: with_drafts(
        DENOSUMAB, each(given)(many), [drafted(n, **DENOSUMAB_DRAFT) for n in range(many // 25)]
    ),
    "drafts of denosumab": lambda many: with_drafts(
        DENOSUMAB, [], [drafted(n, **DENOSUMAB_DRAFT) for n in range(many // 25)]
    ),
    "drafts of radiotherapy": lambda many: with_drafts(
        RADIOTHERAPY, [], [drafted(n, code=TELERADIOTHERAPY) for n in range(many // 25)]
    ),
    "drafts of radiotherapy, each based on the next": lambda many: with_drafts(
        RADIOTHERAPY,
        [],
        [
            drafted(n, code=TELERADIOTHERAPY, basedOn=[{"reference": f"ServiceRequest/o{n + 1}"}])
            for n in range(many // 25)
        ],
    ),
    "drafts of local codes": lambda many: with_drafts(
        DENOSUMAB, [], [drafted(n, code=concept("urn:x", str(n))) for n in range(many // 25)]
    ),
    "Bundles within a Bundle": lambda many: nested(with_drafts(DENOSUMAB, [], []), many),
}


def nested(asked: Resource, many: int) -> Resource:
    inner = {"resourceType": "Bundle", "entry": [{"resource": result(CALCIUM, quantity(2.3, "mmol/L"))}]}
    asked["prefetch"]["calcium"] = {"resourceType": "Bundle", "entry": [{"resource": inner}] * many}
    return asked


def seconds(asked: Resource) -> float:
    """Of the processor, for one answer."""
    started = time.thread_time()
    advise(asked, SERVICES[f"bone-metastases-{asked['hook']}"], ROOMY, now=NOW, language=Language.ENGLISH)
    return time.thread_time() - started


def measured(names: Iterator[str] | list[str], many: int) -> Iterator[tuple[str, float, float]]:
    """The name of each request, its seconds with half of `many` and with `many`: the least of two each."""
    for name in names:
        half, whole = (REQUESTS[name](of) for of in (many // 2, many))
        yield name, min(seconds(half), seconds(half)), min(seconds(whole), seconds(whole))


def main() -> None:
    """Print a line for each: the seconds of half as many, of as many, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    seconds(request_for({"order": DENOSUMAB}))
    for name, half, whole in measured([one for one in REQUESTS if chosen.only in one], chosen.many):
        print(f"{half:7.2f} s {whole:7.2f} s  ratio {whole / half:4.1f}  {name}", flush=True)


if __name__ == "__main__":
    main()
