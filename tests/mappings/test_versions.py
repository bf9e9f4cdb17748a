"""Members of other versions of FHIR, in the shape of R4."""

from __future__ import annotations

import pytest
from support.quirk import ATC, ICD_10, SNOMED, concept, condition, record, resource

from mappings.versions import as_r4

METASTASIS = concept(ICD_10, "C79.5")
TO_CONDITION = {"reference": "Condition/reason"}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"code": {"concept": METASTASIS}}, {"code": METASTASIS}),
        ({"code": {"reference": {"display": "Scan"}}}, {"code": {"text": "Scan"}}),
        ({"code": {"reference": {"reference": "ActivityDefinition/1"}}}, {"code": {}}),
        ({"reason": [{"concept": METASTASIS}]}, {"reasonCode": [METASTASIS]}),
        ({"reason": [{"reference": TO_CONDITION}]}, {"reasonReference": [TO_CONDITION]}),
        (
            {"reason": [{"concept": METASTASIS, "reference": TO_CONDITION}], "reasonCode": [{"text": "pain"}]},
            {"reasonCode": [{"text": "pain"}, METASTASIS], "reasonReference": [TO_CONDITION]},
        ),
        ({"reason": METASTASIS}, {"reasonCode": [METASTASIS]}),
        ({"reasonCodeableConcept": METASTASIS}, {"reasonCode": [METASTASIS]}),
        ({"orderDetail": [{"parameter": [{"valueCodeableConcept": METASTASIS}]}]}, {"orderDetail": [METASTASIS]}),
        ({"reason": "pain"}, {}),
        ({"reason": [None, 12, {"concept": None}]}, {}),
    ],
    ids=repr,
)
def test_what_other_versions_spell_otherwise_stands_where_r4_has_it(sent, read):
    assert as_r4({"id": "x", **sent}) == {"id": "x", **read}


@pytest.mark.parametrize(
    "sent", [{"code": METASTASIS}, {"code": "x"}, {"code": [METASTASIS]}, {"orderDetail": [METASTASIS]}, {}]
)
def test_what_r4_has_is_left_alone(sent):
    assert as_r4(sent) is sent


def test_the_orders_of_a_record_in_r5_are_read():
    scan = resource(
        "ServiceRequest",
        "scan",
        status="active",
        intent="order",
        code={"concept": concept(SNOMED, "41747008")},
        reason=[{"concept": METASTASIS}, {"reference": {"reference": "Condition/infection"}}],
    )
    [order] = record(scan, condition((ICD_10, "A41.9"), id="infection")).orders
    assert order.identified
    assert {"bone_metastasis", "sepsis"} <= order.reasons


@pytest.mark.parametrize("resource_type", ["MedicationRequest", "MedicationStatement", "MedicationAdministration"])
def test_the_drugs_of_a_record_in_r5_are_read(resource_type):
    medication = {"concept": concept(ATC, "M05BX04")}
    given = {"occurenceDateTime": "2026-03-01"}
    one = resource(resource_type, "one", status="active", intent="order", medication=medication, **given)
    of = record(one if resource_type != "MedicationAdministration" else one | {"status": "completed"})
    assert [entry.source for entry in of.exposures.entries] == [f"{resource_type}/one"]
