"""Days for several drafts together: each respects the rules beside the others, the hook agrees, and conflicts are named."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from support.ehr import ehr
from support.scenario import NOW, SERVICES, WORLD, request_for

from service.calendar import together as module
from service.calendar.asking import Asking
from service.calendar.sequencer import DAYS, Schedule, sequence
from service.calendar.together import Together
from service.languages.render import Language, render
from service.pipeline import advise
from service.rules.bone_metastases.dental import HEALING
from service.rules.bone_metastases.windows import TABLE_6

TODAY = NOW.date()
SERVICE = SERVICES["bone-metastases-order-sign"]
GEMCITABINE_DAYS = TABLE_6.rows[0][1].days or 0
HEALING_DAYS = HEALING.days
RADIOTHERAPY = {"act": "radiotherapy", "site": "L3", "dose": "30 Gy", "fractions": 10, "start in": 3}
FIXATION = {"act": "internal fixation of the femur", "site": "femur", "start in": 12}
GIVEN = {"medications": [{"drug": "gemcitabine", "days ago": 10}]}
BEFORE, AFTER = "radiosensitiser-before-radiotherapy", "radiosensitiser-after-radiotherapy"


def scheduled(told: dict[str, Any]) -> Schedule:
    body = request_for(told)
    answer = advise(body, SERVICE, WORLD, now=NOW, language=Language.ENGLISH)
    return sequence(answer, body, SERVICE, WORLD, now=NOW)


def planned(told: dict[str, Any]) -> Together:
    found = scheduled(told).together
    assert found is not None
    return found


def on(days: int) -> date:
    return TODAY + timedelta(days=days)


def test_one_draft_has_nothing_to_be_together_with() -> None:
    assert scheduled({"order": RADIOTHERAPY, "record": GIVEN}).together is None


def test_radiotherapy_waits_for_what_was_given_and_the_next_dose_for_the_radiotherapy() -> None:
    found = planned({"orders": [RADIOTHERAPY, {"drug": "gemcitabine", "start in": 24}], "record": GIVEN})
    radiotherapy, gemcitabine = found.orders
    assert radiotherapy.day == radiotherapy.first == on(GEMCITABINE_DAYS - 10)
    assert radiotherapy.before == (BEFORE,)
    assert radiotherapy.after == (AFTER,)
    assert gemcitabine.day == gemcitabine.first
    assert gemcitabine.day > radiotherapy.day + timedelta(days=GEMCITABINE_DAYS)
    assert (gemcitabine.last, gemcitabine.after) == (None, ())
    assert found.checked
    assert not found.as_planned
    assert found.conflicts == ()


def moved(told: dict[str, Any]) -> dict[str, int]:
    """By how many days each draft is later, in its own words."""
    found = planned(told)
    assert found.complete
    assert found.checked
    return {render(one.name, Language.ENGLISH): (one.day - one.planned).days for one in found.orders}


def test_no_drug_is_brought_forward_where_an_act_can_wait() -> None:
    """Each on the day nearest to its planned one, docetaxel came four days before it was due."""
    drafts = [{**RADIOTHERAPY, "start in": 10}, {"drug": "docetaxel", "start in": 15}, FIXATION]
    assert moved({"orders": drafts}) == {"radiotherapy (L3)": 0, "docetaxel": 0, "bone surgery (femur)": 4}


def test_the_longest_delay_is_the_shortest_whichever_draft_has_it() -> None:
    """Radiotherapy on its day has gemcitabine wait for 36 days."""
    drafts = [{**RADIOTHERAPY, "start in": 10}, {"drug": "gemcitabine", "start in": 15}]
    assert moved({"orders": drafts}) == {"radiotherapy (L3)": 33, "gemcitabine": 0}


def test_a_search_that_reached_its_bound_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"orders": [RADIOTHERAPY, {"drug": "gemcitabine", "start in": 24}], "record": GIVEN}
    page = ehr().post("/calendar?lang=en", json=request_for(told)).text
    assert "Every sequence was tried" in page
    assert "better days may exist" not in page
    monkeypatch.setattr(module, "MOST_ASKED", 100)
    assert planned(told).orders
    assert not planned(told).complete
    page = ehr().post("/calendar?lang=en", json=request_for(told)).text
    assert "Every sequence was tried" not in page
    assert "better days may exist" in page


def test_what_agrees_stays_as_it_is_planned_and_its_days_end_where_a_rule_begins() -> None:
    found = planned({"orders": [{**RADIOTHERAPY, "start in": 40}, {"drug": "gemcitabine", "start in": 3}]})
    gemcitabine, radiotherapy = found.orders
    assert found.as_planned
    assert found.checked
    assert (gemcitabine.day, gemcitabine.first, gemcitabine.after) == (on(3), TODAY, (BEFORE,))
    assert gemcitabine.last is not None
    assert radiotherapy.day - gemcitabine.last == timedelta(days=GEMCITABINE_DAYS)
    assert (radiotherapy.first, radiotherapy.before) == (on(3 + GEMCITABINE_DAYS), (BEFORE,))


def test_on_the_days_of_a_plan_no_rule_speaks_that_would_not_speak_of_each_alone() -> None:
    told = {
        "orders": [
            RADIOTHERAPY,
            {"drug": "gemcitabine", "start in": 24},
            {"act": "cementoplasty", "site": "L3", "start in": 10},
            FIXATION,
        ],
        "record": GIVEN,
    }
    body = request_for(told)
    answer = advise(body, SERVICE, WORLD, now=NOW, language=Language.ENGLISH)
    assert answer.record is not None
    asking = Asking(answer, answer.record, body, SERVICE, WORLD, NOW)
    found = sequence(answer, body, SERVICE, WORLD, now=NOW).together
    assert found is not None
    assert found.checked
    names = {str(one): one for one in (placed.name for placed in found.orders)}
    assert len(names) == len(found.orders) == 4
    days = {
        order.index: next(one.day for one in found.orders if str(one.name) == str(module.act_at(order)))
        for order in answer.orders
    }
    together = asking.speaking(days)
    for order in answer.orders:
        others = frozenset(one.index for one in answer.orders) - {order.index}
        alone = [asking.speaking({order.index: on(ahead)}, others) for ahead in range(DAYS + 1)]
        always = set(alone[0]).intersection(*alone)
        assert {key for key in together if key[1] == order.index} <= always
    assert asking.fired(days) == together


def test_rules_that_no_day_respects_are_named_and_set_aside() -> None:
    found = planned({"orders": [{"drug": "denosumab", "start in": 1}, {"drug": "zoledronic acid", "start in": 24}]})
    assert {rule for rule, _name in found.conflicts} == {"two-antiresorptives"}
    assert found.as_planned
    assert found.checked


def test_a_rule_that_speaks_on_every_day_binds_those_on_which_it_is_more_urgent() -> None:
    """A first dose after an extraction: the rule always speaks of it, and is more urgent until the socket has healed."""
    extraction = {"act": "tooth extraction", "start in": 1}
    told = {"orders": [{"drug": "denosumab", "start in": 1}, extraction]}
    assert moved(told) == {"tooth extraction": 0, "denosumab": HEALING_DAYS}
    found = planned(told)
    assert [rule for rule, _name in found.conflicts] == ["dental-restoration-pending"]
    assert "dental-restoration-pending" not in {rule for rule, _name in found.still}
    assert found.orders[1].before == ("dental-restoration-pending",)


def test_of_two_that_no_day_respects_the_rule_is_set_aside_and_no_other() -> None:
    """Radiotherapy and gemcitabine have days beside each other, though not on each day of either."""
    antiresorptives = [{"drug": "denosumab", "start in": 1}, {"drug": "zoledronic acid", "start in": 24}]
    found = planned(
        {"orders": [RADIOTHERAPY, *antiresorptives, {"drug": "gemcitabine", "start in": 24}], "record": GIVEN}
    )
    assert {rule for rule, _name in found.conflicts} == {"two-antiresorptives"}
    days = {render(one.name, Language.ENGLISH): one.day for one in found.orders}
    assert days["radiotherapy (L3)"] == on(GEMCITABINE_DAYS - 10)
    assert days["gemcitabine"] > days["radiotherapy (L3)"] + timedelta(days=GEMCITABINE_DAYS)
    assert found.checked


def test_a_rule_that_holds_one_drug_whatever_the_day_still_binds_the_days_of_another() -> None:
    ongoing = {"drug": "bevacizumab", "kind": "statement", "start": 90, "every": "3 weeks"}
    record = {"medications": [*GIVEN["medications"], ongoing]}
    schedule = scheduled({"orders": [RADIOTHERAPY, {"drug": "gemcitabine", "start in": 24}], "record": record})
    found = schedule.together
    assert found is not None
    radiotherapy = found.orders[0]
    assert radiotherapy.day == on(GEMCITABINE_DAYS - 10)
    assert radiotherapy.before == (BEFORE,)
    assert BEFORE in {rule for rule, _name in found.still}
    assert BEFORE in schedule.orders[0].always
    assert BEFORE in schedule.orders[0].stretches[0].rules
    assert found.checked


def test_a_draft_that_is_left_out_is_not_remembered() -> None:
    body = request_for({"orders": [{"drug": "denosumab"}, {"drug": "zoledronic acid"}]})
    answer = advise(body, SERVICE, WORLD, now=NOW, language=Language.ENGLISH)
    assert answer.record is not None
    asking = Asking(answer, answer.record, body, SERVICE, WORLD, NOW)
    assert ("two-antiresorptives", 0) in asking.speaking({})
    assert ("two-antiresorptives", 0) not in asking.speaking({}, frozenset({1}))


def test_the_search_is_bounded_and_says_where_it_found_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROUNDS", 1)
    found = planned({"orders": [{"drug": "denosumab", "start in": 1}, {"drug": "zoledronic acid", "start in": 24}]})
    assert found.orders == ()
    assert not found.as_planned
    assert {rule for rule, _name in found.conflicts} == {"two-antiresorptives"}


def test_the_rules_are_asked_no_more_often_than_the_bounds_allow() -> None:
    orders = [{"drug": drug, "start in": 1} for drug in ("denosumab", "zoledronic acid", "pamidronic acid")]
    body = request_for({"orders": [*orders, RADIOTHERAPY], "record": GIVEN})
    answer = advise(body, SERVICE, WORLD, now=NOW, language=Language.ENGLISH)
    assert answer.record is not None
    asking = Asking(answer, answer.record, body, SERVICE, WORLD, NOW)
    found = module.together([one for one in answer.orders if one.draft], asking, DAYS)
    assert found is not None
    days, drafts = DAYS + 1, len(orders) + 1
    searches = module.MOST_ROUNDS * (drafts * (drafts - 1) // 2 + 1)
    assert asking.drafts_asked <= searches * (module.MOST_ASKED + drafts) + 3 * drafts * drafts * days


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("All of them together", "18 Apr 2026 to 20 Apr 2026", "on 18 Apr 2026 rather than 3 Apr 2026")),
        ("fr", ("Toutes ensemble", "le 18 avr. 2026 plutôt que le 3 avr. 2026")),
    ],
)
def test_the_page_says_the_days_of_all_and_what_binds_them(language: str, said: tuple[str, ...]) -> None:
    told = {"orders": [RADIOTHERAPY, {"drug": "gemcitabine", "start in": 24}], "record": GIVEN}
    page = ehr().post(f"/calendar?lang={language}", json=request_for(told))
    text = page.text.replace("\u00a0", " ").replace("\u202f", " ")
    for words in said:
        assert words in text


def test_the_page_names_what_was_set_aside() -> None:
    told = {"orders": [{"drug": "denosumab", "start in": 1}, {"drug": "zoledronic acid", "start in": 24}]}
    page = ehr().post("/calendar?lang=en", json=request_for(told))
    assert "Beside each other, whatever the days:" in page.text
    assert "/catalogue/bone-metastases/two-antiresorptives" in page.text
