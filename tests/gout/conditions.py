"""The questions of the rules."""

from __future__ import annotations

from gout.analytes import URIC_ACID
from gout.concepts import ISCHAEMIC_HEART_DISEASE, URATE_LOWERING
from gout.settings import settings_of
from gout.wording import _
from mappings.facts import Diagnosis, Facts, Order, Phase
from service.rules.condition import Truth, condition, is_absent, that


@condition(_("no drug that lowers uric acid in the last {start_free_days} (a start)"), reads=("exposures",))
def is_start(_order: Order | None, patient: Facts) -> Truth:
    phase = patient.exposures.of(URATE_LOWERING).phase(_("start or continuation of the drug that lowers uric acid"))
    return that(phase.test(lambda value: value is Phase.START), phase)


@condition(_("no uric acid of the last {uric_acid_valid_days}"), reads=(URIC_ACID,))
def no_uric_acid(_order: Order | None, patient: Facts) -> Truth:
    uric_acid = patient.result(URIC_ACID)
    return that(is_absent(uric_acid), uric_acid)


@condition(_("creatinine clearance below {severe_renal_impairment_below} mL/min"), reads=("clearance",))
def severe_renal_impairment(_order: Order | None, patient: Facts) -> Truth:
    limit = settings_of(patient).severe_renal_impairment_below
    return that(patient.clearance.test(lambda value: value.bounds.below(limit)), patient.clearance)


@condition(_("ischaemic heart disease on record"), reads=("conditions",))
def ischaemic_heart_disease(_order: Order | None, patient: Facts) -> Truth:
    def meant(one: Diagnosis) -> bool:
        return one.active and one.is_any(ISCHAEMIC_HEART_DISEASE)

    found = [one for one in patient.conditions if meant(one)]
    return that(patient.conditions.any(meant), *(found or [patient.conditions]))
