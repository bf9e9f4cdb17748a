"""What a card rests on, shown as a clinician asks: trends, first and last doses; and which version of the rules spoke."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest
from support.ehr import ehr
from support.scenario import run

from service.guidelines import GUIDELINES
from service.languages.render import Language, untyped

ZOLEDRONATE = {"drug": "zoledronic acid", "dose": "4 mg", "route": "intravenous", "every": "1 month"}


def details(language: Language = Language.ENGLISH, **record: Any) -> str:
    cards = run({"order": ZOLEDRONATE, "record": record}, language).response.cards
    return untyped("\n".join(card.detail for card in cards))


@pytest.mark.parametrize(
    ("days", "shown"),
    [(30, "85 → 132 µmol/L (28 Feb 2026, 30 Mar 2026)"), (364, "85 →"), (365, "85 →"), (366, "")],
    ids=str,
)
def test_two_results_within_a_year_are_a_trend(days: int, shown: str) -> None:
    results = [f"85 umol/L {days + 1} days ago", "132 umol/L 1 days ago"]
    said = details(creatinine=results, weight="68 kg 3 days ago", **{"vitamin D": "35 ng/mL today"})
    assert "132 µmol/L" in said
    assert (shown or "→") in said if shown else "→" not in said


def test_the_first_and_the_last_dose_are_one_line() -> None:
    given = [{"drug": "zoledronic acid", "days ago": ago} for ago in (90, 28, 60)]
    said = details(Language.FRENCH, medications=[*given, {"drug": "cisplatin", "days ago": 3}])
    assert "- Acide zolédronique : première dose le 31 déc. 2025, dernière le 3 mars 2026" in said
    assert "30 janv. 2026" not in said


def test_discovery_and_every_card_say_which_version_spoke() -> None:
    stated = {"osteocds": version("osteocds"), GUIDELINES[0].id: GUIDELINES[0].version}
    for service in ehr().get("/cds-services").get_json()["services"]:
        assert service["extension"]["org.osteocds"]["version"] == stated
    for card in run({"order": ZOLEDRONATE}).response.cards:
        assert card.extension["org.osteocds"]["version"] == stated


def test_discovery_speaks_the_language_that_is_asked_for() -> None:
    french = ehr().get("/cds-services", headers={"Accept-Language": "fr"})
    assert french.headers["Content-Language"] == "fr"
    assert all(
        "règles" in one["description"] and "validée" in one["usageRequirements"]
        for one in french.get_json()["services"]
    )
