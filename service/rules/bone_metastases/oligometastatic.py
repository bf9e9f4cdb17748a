"""The oligometastatic situation, for which stereotactic ablation is meant (RAO, radiothérapie §2.2.1, box)."""

from __future__ import annotations

from mappings.facts import Facts, RadiotherapyOrder
from service.rules.bone_metastases.bone_radiotherapy import first_irradiation
from service.rules.bone_metastases.conditions import FEW_BONE_METASTASES, above, at_least
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, any_named, condition, that
from service.rules.logic import negated

MOST_SITES = 3
LARGEST_BELOW_CM = 5
DEFINITION = _(
    "1 to {sites} sites, {low} to {high} metastases, each below {size} cm, primary controlled",
    sites=MOST_SITES,
    low=FEW_BONE_METASTASES[0],
    high=FEW_BONE_METASTASES[1],
    size=LARGEST_BELOW_CM,
)
"""The oligometastatic situation (RAO §2.2.1, box)."""


@condition(_("more than {most} metastases", most=FEW_BONE_METASTASES[1]), reads=("finding",))
def many_metastases(_order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Recorded as a number."""
    count = patient.finding("bone-metastasis-count")
    return that(above(count, FEW_BONE_METASTASES[1]), count)


@condition(_("more than {most} sites", most=MOST_SITES), reads=("finding",))
def many_sites(_order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Recorded as a number."""
    count = patient.finding("metastatic-site-count")
    return that(above(count, MOST_SITES), count)


@condition(_("a lesion of {size} cm or more", size=LARGEST_BELOW_CM), reads=("finding",))
def large_lesion(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Recorded of the bone treated."""
    largest = patient.finding("largest-lesion", order.prescription.regions)
    return that(at_least(largest, LARGEST_BELOW_CM), largest)


@condition(_("the primary is not controlled"), reads=("finding",))
def primary_not_controlled(_order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Recorded so."""
    controlled = patient.finding("primary-controlled")
    return that(controlled.test(lambda found: negated(found.flag)), controlled)


BEYOND_DEFINITION = (many_metastases, many_sites, large_lesion, primary_not_controlled)
beyond_definition = any_named(_("the recorded disease is beyond the definition"), *BEYOND_DEFINITION)


@condition(_("it is not a re-irradiation"), reads=(*first_irradiation.reads, *beyond_definition.reads))
def no_reirradiation_beyond_definition(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Asked only of disease that is known to be beyond the definition; an order that says re-irradiation is one."""
    if order.prescription.reirradiation:
        return that(False, order)
    return first_irradiation(order, patient) if beyond_definition(order, patient).holds else that(True)
