"""`osteocds synthesize`: cohorts of which it is known what must be advised, and a screen that finds that, no more and no less."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random

import duckdb
import pytest
from click.testing import CliRunner
from support.scenario import NOW, SETTINGS, WORLD

from service.catalogue.examples import examples_of
from service.cli import main
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.population.plants import PATIENT, cohort_of
from service.population.screen import Screen
from service.population.synthesis import NotEmpty, OutOfTime, synthesize

GUIDELINE = GUIDELINES[0]
COHORT = cohort_of(GUIDELINE)
NUMBER = 330


def truth_of(folder: Path) -> set[tuple[str, ...]]:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        return {
            (one["patient"], one["hook"], one["order"], one["rule"], one["indicator"]) for one in csv.DictReader(file)
        }


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    synthesize(NUMBER, 7, NOW.date(), folder)
    return folder


@pytest.fixture(scope="module")
def screened(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    Screen(cohort, out, SETTINGS, NOW, Language.ENGLISH).run()
    return out


def test_a_screen_finds_what_was_planted_and_nothing_else(cohort: Path, screened: Path) -> None:
    found = duckdb.execute(
        "SELECT patient, hook, \"order\", rule, indicator FROM read_parquet($path) WHERE outcome = 'advises'",
        {"path": str(screened / "findings.parquet")},
    ).fetchall()
    planted = truth_of(cohort)
    assert set(found) == planted
    assert len(found) == len(planted) > 3 * NUMBER


def test_a_screen_counts_the_cases_of_the_indicators_that_were_planted(cohort: Path, screened: Path) -> None:
    with (cohort / "truth-indicators.csv").open(encoding="utf-8", newline="") as file:
        planted = Counter((one["patient"], one["indicator"], one["met"]) for one in csv.DictReader(file))
    patients = sorted({patient for patient, _indicator, _met in planted})
    found = duckdb.execute(
        "SELECT patient, indicator, met FROM read_parquet($path) WHERE counts = 'yes' AND patient IN (SELECT unnest($of))",
        {"path": str(screened / "cases.parquet"), "of": patients},
    ).fetchall()
    assert Counter(found) == planted
    assert {indicator for _patient, indicator, _met in planted} == {one.id for one in GUIDELINE.quality}
    assert {met for _patient, _indicator, met in planted} == {"yes", "no", "cannot tell"}


def test_every_rule_is_planted() -> None:
    assert COHORT is not None
    planted = {rule for plant in COHORT.plants for rules in plant.advises.values() for rule in rules}
    assert planted == {rule.id for rule in GUIDELINE.rules}


def test_what_an_example_expects_of_its_own_rule_is_the_truth_about_it() -> None:
    assert COHORT is not None
    expected = {
        f"{rule.id}: {one.told['name']}": (rule.id, one.expected)
        for rule in GUIDELINE.rules
        for one in examples_of(rule, GUIDELINE)
    }
    held = 0
    for plant in COHORT.plants:
        if plant.name in expected:
            rule, indicator = expected[plant.name]
            assert indicator in {rules.get(rule) for rules in plant.advises.values()}, plant.name
            held += 1
    assert held == len(GUIDELINE.rules)


def test_the_same_seed_gives_the_same_files_and_another_seed_others(cohort: Path, tmp_path: Path) -> None:
    synthesize(NUMBER, 7, NOW.date(), tmp_path / "again")
    synthesize(NUMBER, 8, NOW.date(), tmp_path / "other")
    for path in cohort.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()
    assert (tmp_path / "other" / "Observation.ndjson").read_bytes() != (cohort / "Observation.ndjson").read_bytes()


def test_a_patient_has_about_sixty_resources_with_ids_of_their_own(cohort: Path) -> None:
    lines = [line for path in cohort.glob("*.ndjson") for line in path.read_bytes().splitlines()]
    assert 55 * NUMBER < len(lines) < 65 * NUMBER
    assert max(Counter(lines).values()) == 1
    assert not [line for line in lines if PATIENT.encode() in line]


def test_figures_are_drawn_between_their_limits() -> None:
    assert COHORT is not None
    plant = next(one for one in COHORT.plants if one.name == "first denosumab, vitamin D 10 to below 20 ng/mL")
    levels = {
        one["valueQuantity"]["value"]
        for seed in range(20)
        for one in plant.record(Random(seed), NOW.date(), GUIDELINE, WORLD.terminology)
        if one["resourceType"] == "Observation" and one["valueQuantity"]["unit"] == "ng/mL"
    }
    assert len(levels) > 15
    assert all(10 <= level < 20 for level in levels)


def test_a_folder_that_holds_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(NotEmpty, match="holds files already"):
        synthesize(1, 1, NOW.date(), tmp_path)


@pytest.mark.parametrize("day", [date.min, date.max], ids=["first", "last"])
def test_a_day_at_an_end_of_the_calendar_is_refused(day: date, tmp_path: Path) -> None:
    with pytest.raises(OutOfTime, match="leaves no days"):
        synthesize(1, 1, day, tmp_path)


def test_the_command_writes_an_export(tmp_path: Path) -> None:
    told = ["synthesize", "3", "--seed", "2", "--as-of", "2026-11-30T08:00", "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(main, told).exit_code == 0
    assert len((tmp_path / "out" / "Patient.ndjson").read_bytes().splitlines()) == 3
