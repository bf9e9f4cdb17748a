"""Was this bone imaged? CT, MRI and radiographs by region, from imaging studies, reports and procedures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mappings.dates import days_before
from mappings.facts import Act, ActOrder, Facts
from mappings.facts.bones import SPINE, bones_of, has_vertebra, includes, may_be_same
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.conditions import orders_of
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.wording import _
from service.rules.logic import either
from service.rules.naming import a_time


@dataclass(frozen=True, slots=True, eq=False)
class Modality:
    """A kind of imaging: what shows each region, and the modality code of an imaging study."""

    name: Text
    by_region: Mapping[str, frozenset[str]]
    code: str

    @property
    def concepts(self) -> frozenset[str]:
        """Every concept of the kind, whatever the region."""
        return frozenset({self.code}).union(*self.by_region.values())


CT = Modality(_("CT"), sets.CT_BY_REGION, "modality_ct")
MRI = Modality(_("MRI"), sets.MRI_BY_REGION, "modality_mr")
RADIOGRAPHS = Modality(_("radiographs"), sets.RADIOGRAPHS_BY_REGION, "modality_radiography")

REGION_OF_BONE = {
    "spine": "spine",
    "pelvis": "pelvis",
    "acetabulum": "pelvis",
    "femur": "thigh",
    "tibia": "lower leg",
    "fibula": "lower leg",
    "humerus": "upper arm",
    "radius": "forearm",
    "ulna": "forearm",
    "scapula": "trunk",
    "clavicle": "trunk",
    "sternum": "trunk",
    "rib": "trunk",
}
"""The region under which imaging of each bone is listed (`mappings.vocabulary.concept_sets`)."""


def _showing(modality: Modality, regions: frozenset[str]) -> frozenset[str]:
    """The acts that show the bones; any act of the modality where the bones are not stated or not listed."""
    listed = {REGION_OF_BONE.get(bone, "") for bone in bones_of(regions)}
    if includes(regions, SPINE) and not has_vertebra(regions):
        listed.add("pelvis")  # the sacrum shows on both
    named = [modality.by_region[region] for region in listed if region in modality.by_region]
    return frozenset().union(*named) if named else modality.concepts


def imaged(patient: Facts, order: ActOrder, modality: Modality) -> bool | None:
    """Done within the setting's days; None where an act without a date, or of an unstated region, may be it."""
    since = days_before(patient.today, settings_of(patient).imaging_valid_days)
    showing = _showing(modality, order.regions)

    def counts(act: Act) -> bool | None:
        when = act.dated
        in_time = None if when is None else when.within(since, patient.today)
        if in_time is False:
            return False
        if not may_be_same(act.regions, order.regions):
            return False
        same = not act.regions.isdisjoint(order.regions)
        if act.is_any(showing) or (same and act.is_any(modality.concepts)):
            return in_time
        unstated = act.is_any(frozenset({modality.code})) and not act.is_any(_of_a_region(modality))
        return None if unstated else False

    return either(patient.imaging.any(counts), patient.procedures.any(counts))


def _of_a_region(modality: Modality) -> frozenset[str]:
    return frozenset().union(*modality.by_region.values())


def imaging_line(patient: Facts, order: ActOrder, modality: Modality) -> Text:
    """A line of a checklist: what is missing, and whether it is ordered already."""
    if orders_of(patient, _showing(modality, order.regions)):
        return _("{what}: ordered, not done yet", what=modality.name)
    return _(
        "{what} of the region: none in {time}",
        what=modality.name,
        time=a_time(settings_of(patient).imaging_valid_days),
    )
