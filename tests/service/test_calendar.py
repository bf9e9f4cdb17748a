"""The calendar of a patient and the days of what is ordered: what they show, that they agree with the hook, who may see them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from support.accessibility import violations_in_every_mode
from support.ehr import Ehr, ehr
from support.scenario import NOW, PATIENT, SERVICES, WORLD, request_for
from support.serving import served

from mappings.wording import Text, verbatim
from service.calendar.picture import picture
from service.calendar.sequencer import DAYS, MOST_ORDERS, Movable, Schedule, sequence, with_earliest
from service.edge import calendar_page
from service.languages.render import Language
from service.ledger.fingerprints import SHORTEST_KEY
from service.pipeline import advise
from service.rules.bone_metastases.antithrombotics import CLOPIDOGREL
from service.rules.bone_metastases.dental import HEALING
from service.rules.bone_metastases.healing import HEALED
from service.rules.bone_metastases.windows import TABLE_6
from service.rules.calendar import Entry, Kind, Lane

TODAY = NOW.date()
KIND = verbatim("treatment")
SERVICE = SERVICES["bone-metastases-order-sign"]
CALENDAR = SERVICE.guideline.calendar
GEMCITABINE_DAYS = TABLE_6.rows[0][1].days
RADIOTHERAPY = {"act": "radiotherapy", "site": "L3", "dose": "30 Gy", "fractions": 10}
GIVEN = {"medications": [{"drug": "gemcitabine", "days ago": 10}]}
BEFORE, AFTER = "radiosensitiser-before-radiotherapy", "radiosensitiser-after-radiotherapy"


def lanes(told: dict[str, Any]) -> dict[str, Lane]:
    assert CALENDAR is not None
    answer = advise(request_for(told), SERVICE, WORLD, now=NOW, language=Language.ENGLISH, also=CALENDAR.reads)
    assert answer.record is not None
    return {lane.title.message: lane for lane in CALENDAR.of(answer.record)}


def entries(lane: Lane, kind: Kind) -> list[Entry]:
    return [entry for entry in lane.entries if entry.kind is kind]


def scheduled(told: dict[str, Any]) -> Schedule:
    body = request_for(told)
    answer = advise(body, SERVICE, WORLD, now=NOW, language=Language.ENGLISH)
    return sequence(answer, body, SERVICE, WORLD, now=NOW)


def moved(told: dict[str, Any]) -> Movable:
    [one] = scheduled(told).orders
    return one


# --- the lanes --------------------------------------------------------------------------------------------------------


def test_a_drug_has_the_window_of_the_table_and_the_draft_its_earliest_day() -> None:
    told = lanes({"order": {**RADIOTHERAPY, "start in": 3}, "record": GIVEN})
    given = TODAY - timedelta(days=10)
    [window] = entries(told["radiosensitisers"], Kind.WINDOW)
    assert (window.first, window.last) == (given, given + timedelta(days=GEMCITABINE_DAYS or 0))
    assert [entry.first for entry in entries(told["radiosensitisers"], Kind.DONE)] == [given]
    [planned] = entries(told["radiotherapy"], Kind.PLANNED)
    assert planned.first == TODAY + timedelta(days=3)
    assert [entry.first for entry in entries(told["radiotherapy"], Kind.EARLIEST)] == [window.last]


def test_two_entries_of_one_name_are_told_apart_by_their_bones() -> None:
    orders = [{**RADIOTHERAPY, "start in": 3}, {**RADIOTHERAPY, "site": "left femur", "start in": 4}]
    done = [
        {"act": "internal fixation of the femur", "site": site, "days ago": 5} for site in ("left femur", "right femur")
    ]
    shown = picture(
        lanes({"orders": orders, "record": {**GIVEN, "procedures": done}}).values(), TODAY, Language.ENGLISH
    )
    said = [(line.lane, line.what, line.kind) for line in shown.table]
    assert len(said) == len(set(said))
    earliest = {line.what for line in shown.table if "earliest" in line.what}
    assert earliest == {"radiotherapy (L3): earliest", "radiotherapy (left femur): earliest"}
    assert {"healing (left femur)", "healing (right femur)"} <= {line.what for line in shown.table}


def test_operations_heal_and_cement_has_the_stop_of_each_antithrombotic() -> None:
    record = {
        "procedures": [{"act": "internal fixation of the femur", "site": "femur", "days ago": 5}],
        "medications": [{"drug": "clopidogrel", "kind": "statement", "days ago": 30}],
    }
    told = lanes({"order": {"act": "cementoplasty", "site": "L3", "start in": 10}, "record": record})
    [healing] = entries(told["surgery and cement"], Kind.WINDOW)
    assert healing.last == TODAY - timedelta(days=5) + timedelta(days=HEALED.days)
    [cement] = entries(told["surgery and cement"], Kind.PLANNED)
    [stop] = entries(told["antithrombotics"], Kind.STOP)
    assert cement.first == TODAY + timedelta(days=10)
    assert stop.first == cement.first - timedelta(days=5)


def test_results_stand_on_their_day_beside_the_limits_of_the_rules() -> None:
    told = lanes({"order": {"drug": "denosumab"}, "record": {"clearance": "45 mL/min 2 days ago"}})
    found = entries(told["results"], Kind.RESULT)
    assert TODAY - timedelta(days=2) in [entry.first for entry in found]
    assert all(entry.note is not None for entry in found)


def test_what_could_not_be_looked_up_is_told_and_is_no_empty_lane() -> None:
    told = lanes({"order": {**RADIOTHERAPY, "start in": 3}, "unavailable": ["procedures"]})
    assert any(lane.gaps for lane in told.values())
    drawn = picture(told.values(), TODAY, Language.ENGLISH)
    assert drawn.missing


def test_a_first_dose_may_be_from_the_day_on_that_the_card_of_an_extraction_names() -> None:
    extraction = {"act": "tooth extraction", "start in": 2}
    told = {"order": {"drug": "denosumab", "dose": "120 mg"}, "record": {"orders": [extraction]}}
    dose = moved(told)
    assert dose.free[0].first == TODAY + timedelta(days=2) + HEALING
    assert dose.stretches[0].rules == ("dental-restoration-pending",)
    assert "dental-restoration-pending" in dose.always


# --- the picture ------------------------------------------------------------------------------------------------------


def test_the_picture_is_bounded_and_the_table_has_all() -> None:
    many = tuple(Entry(Kind.DONE, f"dose {n}", TODAY - timedelta(days=n), TODAY) for n in range(500))
    old = Entry(Kind.DONE, "old", TODAY - timedelta(days=4000), TODAY - timedelta(days=3990))
    drawn = picture([Lane(KIND, (*many, old))], TODAY, Language.ENGLISH)
    assert len(drawn.bars) <= 80
    assert drawn.cut
    assert len(drawn.table) == 501
    assert all(drawn.left <= bar.x and bar.x + bar.width <= drawn.width for bar in drawn.bars)


def test_the_legend_names_the_kinds_that_are_drawn_and_a_result_stands_beside_its_limits() -> None:
    result = Entry(Kind.RESULT, "calcium 2.31 mmol/L", TODAY, TODAY, verbatim("limits 2.20 to 2.60 mmol/L"))
    drawn = picture([Lane(KIND, (result, Entry(Kind.DONE, "dose", TODAY, TODAY)))], TODAY, Language.ENGLISH)
    assert {kind for kind, _words in drawn.legend} == {bar.kind for bar in drawn.bars} == {"result", "done"}
    assert "calcium 2.31 mmol/L · limits 2.20 to 2.60 mmol/L" in [bar.label for bar in drawn.bars]


def test_an_end_that_is_not_known_is_told() -> None:
    drawn = picture([Lane(KIND, (Entry(Kind.DONE, "course", TODAY, None),))], TODAY, Language.FRENCH)
    assert drawn.bars[0].more
    assert "fin inconnue" in drawn.table[0].when


# --- the days ---------------------------------------------------------------------------------------------------------


def test_radiotherapy_is_possible_from_the_end_of_the_window_on_and_the_rule_binds_before() -> None:
    one = moved({"order": {**RADIOTHERAPY, "start in": 3}, "record": GIVEN})
    earliest = TODAY - timedelta(days=10) + timedelta(days=GEMCITABINE_DAYS or 0)
    assert [(stretch.first, stretch.last, stretch.rules) for stretch in one.stretches] == [
        (TODAY, earliest - timedelta(days=1), (BEFORE,)),
        (earliest, None, ()),
    ]
    assert one.checked, "the hook, fired for the edges, says the same"


def test_of_two_drafts_each_is_moved_while_the_other_stays() -> None:
    orders = [{**RADIOTHERAPY, "start in": 40}, {"drug": "gemcitabine", "start in": 30}]
    told = {one.name.message: one for one in scheduled({"orders": orders}).orders}
    assert len(told) == 2
    for one in told.values():
        bound = {rule for stretch in one.stretches for rule in stretch.rules}
        assert bound <= {BEFORE, AFTER}
        assert bound
        assert one.free
        assert one.checked


def test_no_more_than_a_few_drafts_are_moved_and_the_others_are_named() -> None:
    orders = [{**RADIOTHERAPY, "start in": 7 * n} for n in range(1, MOST_ORDERS + 3)]
    schedule = scheduled({"orders": orders})
    assert len(schedule.orders) <= MOST_ORDERS
    assert len(schedule.left) == 2


def test_a_rule_that_cannot_tell_leaves_no_day_free_of_it() -> None:
    hidden = ["medicationRequests", "medicationStatements", "medicationAdministrations"]
    one = moved({"order": {**RADIOTHERAPY, "start in": 3}, "unavailable": hidden})
    assert BEFORE in one.always
    assert moved({"order": {**RADIOTHERAPY, "start in": 3}}).always == ()


def test_what_another_draft_is_told_whatever_the_day_is_told_of_that_alone() -> None:
    orders = [{**RADIOTHERAPY, "start in": 3}, {"act": "cementoplasty", "site": "L3", "start in": 40}]
    radiotherapy, cement = scheduled({"orders": orders}).orders
    assert cement.always
    assert not set(radiotherapy.always) & set(cement.always)


def test_a_rule_that_always_speaks_binds_the_days_on_which_it_is_more_urgent() -> None:
    taken = {"medications": [{"drug": "clopidogrel", "kind": "statement", "days ago": 30}]}
    cement = moved({"order": {"act": "cementoplasty", "site": "L3", "start in": 10}, "record": taken})
    assert "cementoplasty-antithrombotics" in cement.always
    bound, free = cement.stretches
    assert bound.rules == ("cementoplasty-antithrombotics",)
    assert free.first == TODAY + timedelta(days=CLOPIDOGREL.days or 0)
    assert cement.checked


def test_the_stretches_cover_each_day_once() -> None:
    one = moved({"order": {**RADIOTHERAPY, "start in": 3}, "record": GIVEN})
    days = [stretch.first for stretch in one.stretches]
    assert days[0] == TODAY
    for before, after in zip(one.stretches, one.stretches[1:], strict=False):
        assert before.last == after.first - timedelta(days=1)
    assert one.stretches[-1].last is None
    assert (days[-1] - TODAY).days <= DAYS


# --- the page ---------------------------------------------------------------------------------------------------------

TOLD = {"order": {**RADIOTHERAPY, "start in": 3}, "record": GIVEN}


@pytest.mark.parametrize(("language", "said"), [("en", "Earliest day: 18 Apr 2026"), ("fr", "18 avr. 2026")])
def test_the_page_of_a_request_shows_the_picture_the_days_and_the_table(language: str, said: str) -> None:
    page = ehr().post(f"/calendar?lang={language}", json=request_for(TOLD))
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    text = page.text.replace("\u00a0", " ").replace("\u202f", " ")
    assert said in text
    assert '<svg class="axis"' in text
    assert f"/catalogue/bone-metastases/{BEFORE}?lang={language}" in text


@pytest.mark.parametrize(("body", "status"), [({}, 400), ([], 400), ({"hook": "no-such"}, 400)])
def test_what_is_no_request_of_a_hook_is_refused(body: Any, status: int) -> None:
    assert ehr().post("/calendar", json=body).status_code == status


def test_what_takes_too_long_is_refused_and_the_next_one_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    client = ehr()
    with monkeypatch.context() as patched:
        patched.setattr(calendar_page, "MOST_SECONDS", 0.0)
        refused = client.post("/calendar", json=request_for(TOLD))
    assert (refused.status_code, "send fewer" in refused.text) == (413, True)
    assert client.post("/calendar", json=request_for(TOLD)).status_code == 200


def test_without_a_token_it_is_refused() -> None:
    client = ehr(allow_unauthenticated=False)
    assert client.post("/calendar", json=request_for(TOLD)).status_code == 401
    assert client.get("/calendar/x").status_code == 401


def test_a_calendar_is_never_that_of_another_patient_under_the_same_name(tmp_path: Path) -> None:
    client: Ehr = ehr(database_url=f"sqlite:///{tmp_path}/ledger.sqlite3", ledger_keeps=frozenset({"requests"}))
    request = request_for(TOLD)
    of_another = json.loads(json.dumps(request).replace(PATIENT, "another"))
    for one in (request, of_another, request):
        client.cards(one)
    client.application.extensions["osteocds.ledger"].writer.close()
    told = client.get(f"/calendar/{request['hookInstance']}")
    assert (told.status_code, "several patients" in told.text) == (404, True)
    page = client.get(f"/receipts/{request['hookInstance']}?lang=en", headers={"Accept": "text/html"})
    assert (page.status_code, "several patients" in page.text, "<svg" in page.text) == (200, True, False)


def test_the_calendar_of_a_receipt_is_that_of_the_request_that_the_ledger_keeps(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k" * SHORTEST_KEY, encoding="ascii")
    client: Ehr = ehr(
        database_url=f"sqlite:///{tmp_path}/ledger.sqlite3", ledger_keeps=frozenset({"requests"}), operator_key=key
    )
    request = request_for(TOLD)
    client.cards(request)
    client.application.extensions["osteocds.ledger"].writer.close()
    told = client.get(f"/calendar/{request['hookInstance']}?lang=en")
    assert "Earliest day: 18 Apr 2026" in told.text.replace("\u00a0", " ")
    assert client.get("/calendar/another").status_code == 404
    of_a_browser = client.get("/calendar/another?lang=fr", headers={"Accept": "text/html"})
    assert (of_a_browser.status_code, of_a_browser.mimetype) == (404, "text/html")
    assert "OSTEOCDS_LEDGER_KEEPS=requests" in of_a_browser.text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_has_no_violation_in_any_mode(chromium: Chrome, tmp_path: Path, language: str) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite3"
    client: Ehr = ehr(database_url=url, ledger_keeps=frozenset({"requests"}))
    request = request_for(TOLD)
    client.cards(request)
    client.application.extensions["osteocds.ledger"].writer.close()
    with served(database_url=url, ledger_keeps=frozenset({"requests"})) as site:
        chromium.get(f"{site}/calendar/{request['hookInstance']}?lang={language}")
        assert chromium.find_elements("css selector", "svg.axis rect.window")
        assert chromium.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
        assert violations_in_every_mode(chromium) == {}


def test_a_planned_extraction_is_of_the_teeth_and_the_earliest_day_of_the_drug_is_marked() -> None:
    told = {"orders": [{"drug": "denosumab", "start in": 1}, {"act": "tooth extraction", "start in": 2}]}
    assert [entry.first for entry in entries(lanes(told)["teeth and jaw"], Kind.PLANNED)] == [TODAY + timedelta(days=2)]
    schedule = scheduled(told)
    found = {lane.title.message: lane for lane in with_earliest(lanes(told).values(), schedule)}
    [marked] = entries(found["antiresorptives"], Kind.EARLIEST)
    assert marked.first == marked.last == TODAY + timedelta(days=2) + HEALING
    assert entries(found["teeth and jaw"], Kind.EARLIEST) == []


def test_the_earliest_days_that_are_marked_are_those_of_the_plan_for_all() -> None:
    told = {"orders": [{**RADIOTHERAPY, "start in": 3}, {"drug": "gemcitabine", "start in": 24}], "record": GIVEN}
    schedule = scheduled(told)
    assert schedule.together is not None
    plan = {str(one.name): one.day for one in schedule.together.orders}
    marked = [entry for lane in with_earliest(lanes(told).values(), schedule) for entry in entries(lane, Kind.EARLIEST)]
    assert {
        str(entry.name.parameters["order"]): entry.first for entry in marked if isinstance(entry.name, Text)
    } == plan
    assert len(marked) == len(plan) == 2


def test_the_earliest_day_of_a_draft_is_marked_once() -> None:
    told = {"orders": [{**RADIOTHERAPY, "start in": 3}], "record": GIVEN}
    [lane] = [
        one for one in with_earliest(lanes(told).values(), scheduled(told)) if one.title.message == "radiotherapy"
    ]
    assert len(entries(lane, Kind.EARLIEST)) == 1


def test_a_stretch_of_one_day_is_that_day() -> None:
    """A dose on the first day of radiotherapy comes before it, and each later one after it: by another rule."""
    orders = [{**RADIOTHERAPY, "start in": 0}, {"drug": "gemcitabine", "start in": 0}]
    page = ehr().post("/calendar?lang=en", json=request_for({"orders": orders})).text.replace("\u00a0", " ")
    assert "<li>31 Mar 2026:" in page
    assert "31 Mar 2026 to 31 Mar 2026" not in page


def test_on_a_telephone_today_is_in_view(chromium: Chrome, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite3"
    client: Ehr = ehr(database_url=url, ledger_keeps=frozenset({"requests"}))
    request = request_for({**TOLD, "record": {"medications": [{"drug": "gemcitabine", "days ago": 150}]}})
    client.cards(request)
    client.application.extensions["osteocds.ledger"].writer.close()
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    with served(database_url=url, ledger_keeps=frozenset({"requests"})) as site:
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
        try:
            chromium.get(f"{site}/calendar/{request['hookInstance']}?lang=en")
            place = chromium.execute_script(
                "const of = (css) => document.querySelector(css).getBoundingClientRect();"
                "return of('.axis line.today').left - of('.wide').left"
            )
        finally:
            chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert 0 < place < phone["width"] - 100
