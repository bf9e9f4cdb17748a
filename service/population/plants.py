"""Synthetic patients of whom it is known what the rules must advise: a guideline's `cohort.yaml`, read.

A plant is told as the examples are, or is one of them (`example`). `draw` names figures that are drawn anew for each patient
between two limits, and stand as `{name}` in what is told. `advises` is the truth: what is advised about the patient, and
about each active order by its place (`order 1`); `indicators` are the cases of the quality indicators, where they are the
point of a plant. What dresses the plants, `noise`, changes nothing of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

import yaml

from mappings.evidence import Resource
from mappings.vocabulary.code_systems import LOINC, UCUM
from mappings.vocabulary.concepts import Terminology
from service.catalogue.examples import examples_of
from service.demo.scenario import told_request
from service.population.chart import Chart
from service.population.screening import OF_AN_ORDER, OF_THE_PATIENT, active_orders
from service.rules.guideline import Guideline

PATIENT = "@patient@"
"""Stands for the id of a patient in what is told once and given to many."""

ABOUT_THE_PATIENT = "patient"


@dataclass(frozen=True)
class Planted:
    """One thing that must be advised: the hook, the order's reference (empty: about the patient), the rule, its indicator."""

    hook: str
    order: str
    rule: str
    indicator: str


@dataclass(frozen=True)
class Plant:
    """A patient in words, the figures that are drawn, and what must be advised about it."""

    name: str
    told: Mapping[str, Any]
    drawn: Mapping[str, Sequence[float]]
    advises: Mapping[str, Mapping[str, str]]
    indicators: Mapping[str, Sequence[str]]

    def record(self, draw: Random, today: date, guideline: Guideline, terminology: Terminology) -> list[Resource]:
        """The resources of one such patient, `PATIENT`; what is to be ordered is an active order."""
        figures = {name: f"{draw.uniform(low, high):.2f}" for name, (low, high) in sorted(self.drawn.items())}
        told: Mapping[str, Any] = _filled(self.told, figures) if figures else self.told
        told_record, request = told_request(
            told, today, guideline.taken_for_granted, patient=PATIENT, terminology=terminology
        )
        drafts = request["context"].get("draftOrders", {}).get("entry", ())
        return [*told_record.resources, *({**entry["resource"], "status": "active"} for entry in drafts)]

    def truth(self, record: Sequence[Resource], terminology: Terminology) -> Iterator[Planted]:
        """What must be advised of that record."""
        places = {ABOUT_THE_PATIENT: ""}
        chart = Chart(PATIENT, record, frozenset(), terminology)
        for number, order in enumerate(active_orders(chart), start=1):
            places[f"order {number}"] = f"{order['resourceType']}/{order['id']}"
        for place, rules in self.advises.items():
            hook = OF_THE_PATIENT if place == ABOUT_THE_PATIENT else OF_AN_ORDER
            for rule, indicator in rules.items():
                yield Planted(hook, places[place], rule, indicator)


@dataclass(frozen=True)
class Cohort:
    """The plants of a guideline, and what dresses them."""

    plants: Sequence[Plant]
    noise: Mapping[str, Any]

    def dressing(self, draw: Random, today: date, times: int) -> list[Resource]:
        """Resources that change nothing, of `PATIENT`, each kind about `times` times on other days."""
        return list(_numbered(_noise(self.noise, draw, today, times)))


def cohort_of(guideline: Guideline) -> Cohort | None:
    """The cohort of a guideline; None where it brings none. Raises `KeyError` for an example that there is not."""
    path = guideline.folder / "cohort.yaml"
    if not path.is_file():
        return None
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Cohort(tuple(_plant(one, guideline) for one in told["plants"]), told["noise"])


def _plant(told: Mapping[str, Any], guideline: Guideline) -> Plant:
    scenario = told
    if "example" in told:
        rule = next(one for one in guideline.rules if one.id == told["rule"])
        scenario = {one.told["name"]: one.told for one in examples_of(rule, guideline)}[told["example"]]
    name = f"{told['rule']}: {told['example']}" if "example" in told else str(told["name"])
    return Plant(name, scenario, told.get("draw", {}), told["advises"], _listed(told.get("indicators", {})))


def _listed(told: Mapping[str, str | list[str]]) -> Mapping[str, Sequence[str]]:
    return {name: [one] if isinstance(one, str) else one for name, one in told.items()}


def _filled(told: Any, figures: Mapping[str, str]) -> Any:
    """What is told, with the figures in the places that bear their names."""
    if isinstance(told, str):
        return told.format(**figures) if "{" in told else told
    if isinstance(told, Mapping):
        return {name: _filled(one, figures) for name, one in told.items()}
    return [_filled(one, figures) for one in told] if isinstance(told, list) else told


def _noise(noise: Mapping[str, Any], draw: Random, today: date, times: int) -> Iterator[Resource]:
    """The kinds of noise: results with a range, and resources as they are written in FHIR, which name their date themselves."""
    for _time in range(times):
        for one in noise["results"]:
            value = round(draw.uniform(one["from"], one["to"]), 1)
            yield {
                "resourceType": "Observation",
                "status": "final",
                "code": {"coding": [{"system": LOINC, "code": one["loinc"]}], "text": one["name"]},
                "effectiveDateTime": _day(draw, today),
                "valueQuantity": {"value": value, "unit": one["unit"], "system": UCUM, "code": one["unit"]},
            }
        for one in noise["resources"]:
            yield _filled_day(one, _day(draw, today))


def _numbered(resources: Iterator[Resource]) -> Iterator[Resource]:
    """Each with an id of its own, of `PATIENT`."""
    for number, one in enumerate(resources):
        whose = "patient" if one["resourceType"] == "AllergyIntolerance" else "subject"
        yield {**one, "id": f"{PATIENT}-noise-{number}", whose: {"reference": f"Patient/{PATIENT}"}}


def _day(draw: Random, today: date) -> str:
    return (today - timedelta(days=draw.randint(1, 700))).isoformat()


def _filled_day(told: Any, day: str) -> Any:
    """What is told, with a day where `DAY` stands."""
    if isinstance(told, Mapping):
        return {name: _filled_day(one, day) for name, one in told.items()}
    if isinstance(told, list):
        return [_filled_day(one, day) for one in told]
    return day if told == "DAY" else told
