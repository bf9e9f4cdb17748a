"""`osteocds synthesize`: cohorts of synthetic patients, as an export and with the truth about each of them.

The same number, seed and day give the same files, byte for byte. Nobody in them is a real person.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import astuple, dataclass, fields
from datetime import date
from pathlib import Path
from random import Random
from typing import BinaryIO

import orjson

from mappings.evidence import Resource
from mappings.vocabulary.concepts import Terminology
from mappings.wording import Said, _
from service.guidelines import GUIDELINES
from service.population.plants import PATIENT, Cohort, Plant, Planted, cohort_of
from service.rules.guideline import Guideline, terminology_of

RESOURCES_OF_A_PATIENT = 60
"""About so many, the plant's own among them; at least one of each type, so that what is absent is known to be."""

TRUTH, TRUTH_OF_INDICATORS = "truth.csv", "truth-indicators.csv"

VARIANTS = 20
"""Records of a plant whose figures are drawn; each is given to many patients."""

DRESSINGS = 40
"""How often each kind of noise is drawn anew, for the patients to choose among."""

Line = tuple[str, bytes]
"""A type of resource, and one as JSON, in which `PATIENT` stands for the patient."""


class NotEmpty(ValueError):
    """The folder holds something already; the message says so."""


class OutOfTime(ValueError):
    """A day before or after which the calendar has none; the message says so."""


@dataclass(frozen=True)
class Record:
    """One variant of a plant, ready to be given an id."""

    plant: str
    lines: Sequence[Line]
    truth: Sequence[Planted]
    indicators: Sequence[tuple[str, str]]


def synthesize(
    number: int, seed: int, today: date, out: Path, advance: Callable[[int], None] = lambda _written: None
) -> None:
    """Write `number` patients as they are on `today`, one NDJSON file a type, `truth.csv` and `truth-indicators.csv`.

    Plants follow one another, so that each is there in turn. Raises `NotEmpty` for a folder that holds files,
    and `OutOfTime` for a day at an end of the calendar.
    """
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise NotEmpty(Said(_("{out} holds files already: name a new folder", out=str(out))))
    try:
        records, noise = _planted(seed, today)
    except OverflowError:
        raise OutOfTime(Said(_("--as-of leaves no days for records before or after it"))) from None
    of_each_type = _by_type(noise)
    with ExitStack() as opened:
        files = {name: opened.enter_context((out / f"{name}.ndjson").open("wb")) for name in sorted(of_each_type)}
        files["Patient"] = opened.enter_context((out / "Patient.ndjson").open("wb"))
        truth, of_indicators = (
            csv.writer(opened.enter_context((out / name).open("w", encoding="utf-8", newline="")), lineterminator="\n")
            for name in (TRUTH, TRUTH_OF_INDICATORS)
        )
        truth.writerow(["patient", "plant", *(one.name for one in fields(Planted))])
        of_indicators.writerow(["patient", "plant", "indicator", "met"])
        for place in range(number):
            draw = Random(f"{seed}-{place}")  # noqa: S311 - so that a seed gives the same patients again
            record = draw.choice(records[place % len(records)])
            patient = f"synthetic-{place + 1:07}"
            left = RESOURCES_OF_A_PATIENT - len(record.lines) - len(of_each_type) + draw.randint(-10, 10)
            dressing = [*(draw.choice(lines) for lines in of_each_type.values()), *draw.sample(noise, max(0, left))]
            _write(files, patient, [*record.lines, *dict.fromkeys(dressing)])
            for one in record.truth:
                truth.writerow([patient, record.plant, *(part.replace(PATIENT, patient) for part in astuple(one))])
            of_indicators.writerows([patient, record.plant, *one] for one in record.indicators)
            advance(place + 1)


def _write(files: Mapping[str, BinaryIO], patient: str, lines: Sequence[Line]) -> None:
    for resource_type, line in lines:
        files[resource_type].write(line.replace(PATIENT.encode(), patient.encode()))


def _planted(seed: int, today: date) -> tuple[list[list[Record]], list[Line]]:
    """The variants of each plant of all guidelines, and all the noise."""
    terminology = terminology_of(GUIDELINES)
    draw = Random(seed)  # noqa: S311 - as above
    records: list[list[Record]] = []
    noise: list[Line] = []
    for guideline, cohort in _cohorts():
        for plant in cohort.plants:
            of_plant = range(VARIANTS if plant.drawn else 1)
            records.append([_record(plant, draw, today, guideline, terminology) for _variant in of_plant])
        noise += map(_line, cohort.dressing(draw, today, DRESSINGS))
    return records, noise


def _cohorts() -> list[tuple[Guideline, Cohort]]:
    found = ((guideline, cohort_of(guideline)) for guideline in GUIDELINES)
    return [(guideline, cohort) for guideline, cohort in found if cohort is not None]


def _record(plant: Plant, draw: Random, today: date, guideline: Guideline, terminology: Terminology) -> Record:
    record = plant.record(draw, today, guideline, terminology)
    indicators = [(name, met) for name, cases in plant.indicators.items() for met in cases]
    return Record(plant.name, [_line(one) for one in record], list(plant.truth(record, terminology)), indicators)


def _line(resource: Resource) -> Line:
    return str(resource["resourceType"]), orjson.dumps(resource) + b"\n"


def _by_type(lines: Sequence[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line[0], []).append(line)
    return found
