"""Acts of the record: what is said of one that its resource says nothing of."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from support.reading import reader_at

from mappings.readers.acts import imaging_study, report

READER = reader_at(datetime(2026, 3, 31, tzinfo=UTC))
FDG_PET = {"coding": [{"system": "http://snomed.info/sct", "code": "443271005"}]}


@pytest.mark.parametrize(
    ("read", "resource"),
    [
        (imaging_study, {"status": "available", "started": "2026-03-11", "procedureCode": [FDG_PET]}),
        (report, {"status": "final", "effectiveDateTime": "2026-03-11", "code": FDG_PET}),
    ],
)
def test_an_imaging_study_and_its_report_tell_of_an_act_that_is_over_by_codes_that_are_verified(read, resource):
    act = read(READER, resource, "ImagingStudy/1")
    assert act.is_any(frozenset({"fdg_pet"}))
    assert (act.under_way, act.unverified_code) == (False, False)
