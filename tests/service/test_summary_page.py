"""`summary.html`: what a screen came to, as a page with plots that needs no script and no colour."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from justhtml import JustHTML
from selenium.webdriver import Chrome
from support.accessibility import violations_in_every_mode
from support.scenario import NOW, SETTINGS

from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.population.screen import Screen
from service.population.summary_page import BAR, HEIGHT, summary_page
from service.population.synthesis import synthesize


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("summary")
    synthesize(130, 5, NOW.date(), folder / "cohort")
    for path in (folder / "cohort").glob("QuestionnaireResponse.ndjson"):
        path.unlink()  # so that something could not be told
    Screen(folder / "cohort", folder / "out", SETTINGS, NOW, Language.ENGLISH).run()
    return folder / "out"


@pytest.fixture(scope="module")
def counts(results: Path) -> dict[str, Any]:
    return dict(json.loads((results / "summary.json").read_bytes()))


def cells(page: str, row: str) -> list[str]:
    """The figures of the row of a table that holds some words."""
    line = next(one for one in page.split("<tr>") if row in one)
    return re.findall(r'<td class="figure">(\d+)</td>', line)


def test_each_rule_stands_there_with_its_counts(results: Path, counts: dict[str, Any]) -> None:
    page = (results / "summary.html").read_text(encoding="utf-8")
    for one in counts["rules"]:
        figures = [one[name] for name in ("patients", "asked", "advises", "patients_advised", "cannot_tell", "failed")]
        assert any(
            cells(part, f"<small>{one['rule']}</small>") == list(map(str, figures))
            for part in (f"<tr>{line}" for line in page.split("<tr>") if f"<td>{one['hook']}</td>" in line)
            if f"<small>{one['rule']}</small>" in part
        ), one


def test_why_it_could_not_be_told_stands_there(results: Path, counts: dict[str, Any]) -> None:
    page = (results / "summary.html").read_text(encoding="utf-8")
    assert counts["cannot tell"]
    assert "the export holds nothing of this kind of any patient" in page


def test_each_indicator_has_its_figures_and_columns_within_the_picture(results: Path, counts: dict[str, Any]) -> None:
    page = (results / "summary.html").read_text(encoding="utf-8")
    for one in GUIDELINES[0].quality:
        assert f'<h3 id="{one.id}">' in page
    assert page.count("<details>") == len({one["indicator"] for one in counts["indicators"]})
    heights = [float(one) for one in re.findall(r'<rect class="\w+" [^>]*width="(?:20|16)" height="([\d.]+)"', page)]
    assert heights
    assert max(heights) == HEIGHT
    bars = [float(one) for one in re.findall(r'<rect class="(?:known|open)" [^>]*width="([\d.]+)" height="10"', page)]
    assert max(bars) == BAR


def test_a_month_without_a_case_has_its_place_on_the_axis(counts: dict[str, Any]) -> None:
    indicator = GUIDELINES[0].quality[0].id
    figures = {"numerator": 1, "denominator": 1, "could_not_be_told": 0, "may_count": 0}
    months = ("", "2020-01", "2025-11", "2026-02")
    told = {**counts, "indicators": [{"indicator": indicator, "month": one, **figures} for one in months]}
    page = summary_page(told, SETTINGS, NOW, Language.ENGLISH)
    drawn = re.findall(r'font-size="8">([\d-]+)</text>', page)
    assert drawn[-4:] == ["25-11", "25-12", "26-01", "26-02"]
    assert (len(drawn), drawn[0]) == (24, "24-03")
    assert cells(page, '<th scope="row">Jan 2020</th>')


def test_the_page_needs_no_script_and_nothing_from_elsewhere(results: Path) -> None:
    page = (results / "summary.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "http" not in page
    JustHTML(page, strict=True)


FIRST_OF_MANY = "for (const one of document.querySelectorAll('tbody tr:nth-child(n + 4)')) one.remove();"


@pytest.mark.parametrize("language", Language)
def test_the_page_has_no_violation_in_any_mode(
    chromium: Chrome, counts: dict[str, Any], tmp_path: Path, language: Language
) -> None:
    path = tmp_path / "summary.html"
    path.write_text(summary_page(counts, SETTINGS, NOW, language), encoding="utf-8")
    chromium.get(path.as_uri())
    chromium.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    chromium.execute_script(FIRST_OF_MANY)
    assert violations_in_every_mode(chromium) == {}
