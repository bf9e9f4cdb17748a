"""Dosage of drugs: what a dosage line of FHIR says of dose, interval, route and infusion, in every way that it may say it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.reading import reader_at

from mappings.dates import When, day
from mappings.facts import Dosage, Drug
from mappings.readers.dosage import read_dosage
from mappings.wording import verbatim
from service.languages.render import Language, render

Json = dict[str, Any]
READER = reader_at(datetime(2026, 3, 31, 9, 30, tzinfo=ZoneInfo("Pacific/Auckland")))
JANUARY = When(date(2026, 1, 1), date(2026, 1, 31))
BEGUN = day(date(2026, 1, 5))
SNOMED = "http://snomed.info/sct"
INTRAVENOUS, SUBCUTANEOUS = "47625008", "34206005"
EXACTLY = {"rel": Decimal("1e-9")}


def product(mg: str | None = None, ml: str | None = None, iu: str | None = None, *, concept: str = "") -> Drug:
    strength, volume, units = (None if one is None else Decimal(one) for one in (mg, ml, iu))
    concepts = frozenset({concept} - {""})
    return Drug(
        concepts, verbatim("drug"), identified=True, strength_mg=strength, millilitres=volume, strength_iu=units
    )


def solution(mg_per_ml: str | None = None, iu_per_ml: str | None = None) -> Drug:
    mg, iu = (None if one is None else Decimal(one) for one in (mg_per_ml, iu_per_ml))
    return Drug(frozenset(), verbatim("drug"), identified=True, mg_per_ml=mg, iu_per_ml=iu)


VITAMIN_D = product(iu="400", concept="cholecalciferol")


def read(*lines: Json, drug: Drug | None = None, written: When | None = None) -> Dosage:
    return read_dosage(READER, list(lines), drug or product(), written)


def amount(value: float | str, unit: str) -> Json:
    return {"value": value, "unit": unit}


def dose(*quantities: Json) -> Json:
    return {"doseAndRate": [{"doseQuantity": quantity} for quantity in quantities]}


def repeat(**members: Any) -> Json:
    return {"timing": {"repeat": members}}


def every(period: float | str, unit: str, **members: Any) -> Json:
    return repeat(period=period, periodUnit=unit, **members)


def events(*days: str) -> Json:
    return {"timing": {"event": list(days)}}


def coded(code: str) -> Json:
    return {"timing": {"code": {"coding": [{"code": code}]}}}


# --- dose -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "quantity",
    [
        amount(4, "mg"),
        amount("4", "MG"),
        amount("0.004", "g"),
        amount(4000, "µg"),
        amount(4000, "mcg"),
        amount(4, "milligram"),
        amount(4, "milligrammes"),
        {"value": 4, "code": "mg"},
        {"value": 4, "code": "258684004", "unit": "mg"},  # the code of another system, its name beside it
    ],
)
def test_a_mass_is_read_as_milligrams(quantity):
    assert read(dose(quantity)).dose_mg == 4


@pytest.mark.parametrize("unit", ["gr", "m", "mm", "puff"])
def test_a_unit_that_is_no_mass_gives_no_milligrams_and_the_dose_counts_as_stated(unit):
    read_one = read(dose(amount(4, unit)))
    assert (read_one.dose_mg, read_one.dose_ml, read_one.dose_iu) == (None, None, None)
    assert read_one.dose_stated


def test_a_line_without_a_dose_states_none():
    assert not read({"text": "as before"}).dose_stated


@pytest.mark.parametrize(
    "quantity", [amount(5, "mL"), amount("0.005", "L"), amount(5, "millilitre"), amount(5, "milliliters")]
)
def test_a_volume_is_turned_into_milligrams_by_the_strength_of_the_product(quantity):
    read_one = read(dose(quantity), drug=product(mg="4", ml="100"))
    assert read_one.dose_ml == 5
    assert read_one.dose_mg == Decimal("0.2")


def test_a_volume_is_turned_into_international_units_by_the_strength_of_the_product():
    assert read(dose(amount(1, "mL")), drug=product(iu="50000", ml="2")).dose_iu == 25000


@pytest.mark.parametrize("drug", [product(), product(mg="4", iu="400"), product(ml="5")])
def test_a_volume_alone_gives_no_dose_where_the_product_does_not_say_how_much_it_holds(drug):
    read_one = read(dose(amount(5, "mL")), drug=drug)
    assert (read_one.dose_ml, read_one.dose_mg, read_one.dose_iu) == (5, None, None)


@pytest.mark.parametrize("unit", ["[iU]", "IU", "UI", "[USP'U]", "UNT", "I.U."])
def test_international_units_are_read_in_every_spelling(unit):
    assert read(dose(amount(50000, unit))).dose_iu == 50000


def test_a_microgram_of_vitamin_d_is_40_international_units_and_one_of_a_combination_may_be_its_calcium():
    assert read(dose(amount(25, "ug")), drug=VITAMIN_D).dose_iu == 1000
    assert read(dose(amount(1, "tablet")), drug=product(mg="1.25", concept="ergocalciferol")).dose_iu == 50000
    assert read(dose(amount(500, "mg")), drug=product(concept="calcium_plus_vitamin_d")).dose_iu is None


@pytest.mark.parametrize(
    "unit", ["unit", "units", "unité", "unités", "Unite", "UT", "U", "{unit}", "{unité}", "[IU]", "UNT"]
)
@pytest.mark.parametrize("concept", ["cholecalciferol", "vitamin_d_combination", "enoxaparin", "heparin", "calcitonin"])
def test_units_of_a_drug_counted_in_international_units_are_such_and_never_tablets(unit, concept):
    drug = product(iu="400", concept=concept)
    for member in ("unit", "code"):
        assert read(dose({"value": 400, member: unit}), drug=drug).dose_iu == 400
    assert read(dose(amount("50 000", unit)), drug=drug).dose_iu == 50000


@pytest.mark.parametrize(
    "quantity", [amount(1, "unit"), amount(99, "units"), amount(400, ""), amount(400, "1"), amount(31, "cp")]
)
def test_a_number_of_units_or_pieces_that_nobody_is_given_cannot_be_read(quantity):
    read_one = read(dose(quantity), drug=VITAMIN_D)
    assert (read_one.dose_iu, read_one.dose_unreadable) == (None, True)


def test_a_unit_of_any_other_drug_is_a_piece_of_it():
    assert read(dose(amount(1, "unit")), drug=product(mg="120", concept="denosumab")).dose_mg == 120


@pytest.mark.parametrize("number", ["50000", "50 000", "50\u202f000", "50'000", "50,000", "50.000"])
def test_thousands_in_a_number_that_is_sent_as_a_text_are_read(number):
    assert read(dose(amount(number, "IU"))).dose_iu == 50000


@pytest.mark.parametrize("number", ["4.000", "4,000", "four", "", 0, -4, True, "4" * 65])
def test_a_number_of_milligrams_that_may_be_two_or_is_none_cannot_be_read(number):
    read_one = read(dose(amount(number, "mg")))
    assert (read_one.dose_mg, read_one.dose_stated, read_one.dose_unreadable) == (None, True, True)


@pytest.mark.parametrize(
    ("quantity", "mg"),
    [
        (amount("1.7", "mL"), Decimal(119)),
        (amount("1,7", "mL"), Decimal(119)),
        (amount("0.0017", "L"), Decimal(119)),
    ],
)
def test_a_volume_is_multiplied_by_the_concentration(quantity, mg):
    assert read(dose(quantity), drug=solution("70")).dose_mg == mg
    assert read(dose(quantity), drug=solution(iu_per_ml="70")).dose_iu == mg


@pytest.mark.parametrize("unit", ["vial", "syringe", "poche", "unit", ""])
def test_a_concentration_is_never_what_a_container_holds(unit):
    read_one = read(dose(amount(1, unit)), drug=solution("0.8", "10000"))
    assert (read_one.dose_mg, read_one.dose_iu, read_one.dose_unreadable) == (None, None, True)


@pytest.mark.parametrize(
    "quantity",
    [
        *(
            amount(2, unit)
            for unit in ("mg/kg", "mg/m²", "mg/m2", "mg/kg/d", "mg/1.73m2", "mg per kg", "mg.kg-1", "mg/d")
        ),
        *({"value": 2, "unit": "mg", "code": code} for code in ("mg/kg", "mg/m2", "mg{/kg}", "ug", "g")),
        *({"value": 2, "unit": "mg", "comparator": "<"}, {"unit": "mg"}, amount(2, "mL"), amount(2, "mg/mL")),
        *(amount(120, "UI"), amount(1, "[IU]"), "120 mg", ["120 mg"], 120),
    ],
)
def test_a_dose_that_is_stated_in_another_way_is_unreadable_and_not_absent(quantity):
    read_one = read(dose(quantity))
    assert (read_one.dose_mg, read_one.dose_stated, read_one.dose_unreadable) == (None, True, True)


@pytest.mark.parametrize("text", ["120 mg SC toutes les 4 semaines", "1,7 mL", "50 000 UI par mois"])
@pytest.mark.parametrize("member", ["text", "patientInstruction"])
def test_a_dose_in_words_is_stated_and_unreadable(text, member):
    read_one = read({member: text})
    assert (read_one.dose_mg, read_one.dose_stated, read_one.dose_unreadable) == (None, True, True)
    assert not read({member: text, **dose(amount(120, "mg"))}).dose_unreadable


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("120 mg SC toutes les 4 semaines", False),
        ("0,12 g par mois", False),
        ("60 mg SC", True),
        ("120 mg x 2", True),
        ("120 mg puis 60 mg", True),
        ("120 mg/semaine", True),
        ("2 injections de 120 mg", True),
        ("120 mL", True),
        *(
            ("halbe Fertigspritze", True),
            ("zwei Ampullen", True),
            ("1/2 flacon", True),
            ("un demi flacon", True),
            ("2 seringues", True),
            ("la moitié d'une ampoule", True),
        ),
        *(("1 flacon", False), ("une injection", False), ("1 injection / 4 semaines", False)),
    ],
)
def test_words_that_repeat_the_strength_of_the_product_state_no_other_dose(text, stated):
    read_one = read({"text": text}, drug=product(mg="120", concept="denosumab"))
    assert (read_one.dose_mg, read_one.dose_stated, read_one.dose_unreadable) == (None, stated, stated)


@pytest.mark.parametrize("name", ["doseQuantity", "doseSimpleQuantity", "dose"])
def test_a_dose_is_read_under_the_name_of_each_version_alone_or_in_an_array(name):
    for quantity in (amount(120, "mg"), [amount(120, "mg")]):
        assert read({"doseAndRate": [{name: quantity}]}).dose_mg == read({name: quantity}).dose_mg == 120


def test_an_interval_is_read_from_a_timing_of_the_wrong_shape():
    assert read({"timing": "toutes les 12 semaines"}).interval == read(every(12, "wk")).interval
    assert (
        read({"timing": {"repeat": [every(12, "wk")["timing"]["repeat"]]}}).interval == read(every(12, "wk")).interval
    )


def test_a_dose_of_one_line_that_cannot_be_read_leaves_the_dose_of_all_unreadable():
    assert read(dose(amount(120, "mg")), dose(amount(1, "syringe"))).dose_unreadable
    assert not read(dose(amount(120, "mg")), {}).dose_unreadable


@pytest.mark.parametrize(
    "quantity", [amount(2, "ampoule"), {"value": 2, "code": "{tbl}", "unit": "drinkable"}, amount(2, "")]
)
def test_ampoules_and_tablets_are_counted_by_the_strength_of_the_product(quantity):
    read_one = read(dose(quantity), drug=product(mg="3", iu="400"))
    assert (read_one.dose_mg, read_one.dose_iu) == (6, 800)


@pytest.mark.parametrize(
    "piece", ["Stuk", "Hætteglas", "ampola", "fiala", "injektiopullo", "瓶", "バイアル", "VIL", "바이알"]
)
def test_pieces_are_counted_in_other_languages(piece):
    assert read(dose(amount(1, piece)), drug=product(mg="120")).dose_mg == Decimal(120)


def test_ampoules_of_unknown_strength_give_no_dose():
    read_one = read(dose(amount(2, "ampoule")))
    assert (read_one.dose_mg, read_one.dose_iu, read_one.dose_stated) == (None, None, True)


@pytest.mark.parametrize("other", [amount(2, "mL"), amount(2, "ampoule")])
def test_a_dose_that_is_stated_is_not_reckoned_anew_from_a_volume_or_a_number_of_ampoules(other):
    drug = product(mg="100", iu="100000", ml="1")
    assert read(dose(amount(120, "mg"), other), drug=drug).dose_mg == 120
    assert read(dose(amount(50000, "IU"), other), drug=drug).dose_iu == 50000


def test_international_units_that_are_stated_are_not_reckoned_anew_from_a_mass():
    assert read(dose(amount(50000, "IU"), amount(1, "mg"))).dose_iu == 50000


@pytest.mark.parametrize(
    ("ends", "counts"),
    [({"low": amount("3.5", "mg"), "high": amount(4, "mg")}, 4), ({"low": amount("3.5", "mg")}, Decimal("3.5"))],
)
def test_a_range_counts_by_its_high_end_or_by_the_only_one(ends, counts):
    assert read({"doseAndRate": [{"doseRange": ends}]}).dose_mg == counts


@pytest.mark.parametrize("line", [{"doseQuantity": amount(4, "mg")}, {"dose": amount(4, "mg")}])
def test_a_dose_of_the_line_itself_is_read_as_in_administrations_and_older_fhir(line):
    assert read(line).dose_mg == 4


def test_the_highest_of_several_doses_counts():
    assert read(dose(amount(3, "mg"), amount(4, "mg"), amount("3.5", "mg"))).dose_mg == 4


# --- timing: how often ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "longest_days", "doses_per_week"),
    [
        (every(28, "d"), 28, Decimal("0.25")),
        (every(4, "wk"), 28, Decimal("0.25")),
        (every(1, "mo"), 31, Decimal(7) / 30),
        (every(1, "a"), 366, Decimal(7) / 365),
        (every(12, "h"), Decimal("0.5"), 14),
        (every(360, "min"), Decimal("0.25"), 28),
        (every(43200, "s"), Decimal("0.5"), 14),
        (every(1, "d", frequency=2), Decimal("0.5"), 14),
        (every(1, "mo", frequency=2), Decimal("15.5"), Decimal(14) / 30),
        (every(3, "wk", periodMax=4), 28, Decimal("0.25")),
        (repeat(period=4, periodUnits="wk"), 28, Decimal("0.25")),  # as FHIR DSTU2 spells it
        (every(4, "WK"), 28, Decimal("0.25")),
        (every(4, "semaines"), 28, Decimal("0.25")),
        (every(1, "quarter"), 93, Decimal(7) / 90),
        (repeat(dayOfWeek=["mon", "thu"]), Decimal("3.5"), 2),
        (repeat(dayOfWeek="mon"), 7, 1),
        (every(1, "d", dayOfWeek=["mon"]), 7, 1),  # every day, if it is a Monday
        (every(2, "d", dayOfWeek=["mon"]), 2, Decimal("3.5")),
        (every(1, "mo", dayOfWeek=["mon"]), 31, Decimal(7) / 30),
        (every(4, "wk", dayOfWeek=["mon"]), 28, Decimal("0.25")),
        (coded("QD"), 1, 7),
        (coded("BID"), Decimal("0.5"), 14),
        (coded("TID"), Decimal(1) / 3, 21),
        (coded("QID"), Decimal("0.25"), 28),
        (coded("QOD"), 2, Decimal("3.5")),
        (coded("WK"), 7, 1),
        (coded("MO"), 31, Decimal(7) / 30),
        (coded("Q8H"), Decimal(1) / 3, 21),
        (coded("Q28D"), 28, Decimal("0.25")),
        (coded("q4w"), 28, Decimal("0.25")),
        (coded("Q1M"), 31, Decimal(7) / 30),
        ({"timing": {"code": {"text": "bid"}}}, Decimal("0.5"), 14),
        ({"timing": {"code": {"text": "1 fois par mois"}}}, 31, Decimal(7) / 30),
        ({"timing": {"code": {"coding": [{"code": "x", "display": "toutes les 4 semaines"}]}}}, 28, Decimal("0.25")),
        ({"timing": {"code": "q4w"}}, 28, Decimal("0.25")),
        ({"text": "120 mg SC toutes les 12 semaines"}, 84, Decimal(1) / 12),
        ({"text": "tous les mois", **every(28, "d")}, 28, Decimal("0.25")),  # the structure before the words
        ({"text": "tous les jours", **coded("q4w")}, 28, Decimal("0.25")),
        ({"patientInstruction": "1x/4 sem", **repeat(boundsPeriod={"start": "2026-01-05"})}, 28, Decimal("0.25")),
        (events("2026-11-29", "2027-02-21", "2027-05-16"), 84, Decimal(1) / 12),
        (events("2026-03-02", "2026-01-05", "2026-02-02"), 28, Decimal("0.25")),
        (events("2026-01-31", "2026-02-28", "2026-03-31"), 31, Decimal(7) / 30),  # calendar months
        (events("2026-01-05", "2026-04-05", "2026-07-05"), 93, Decimal(7) / 90),
    ],
)
def test_the_longest_time_between_two_doses_and_the_most_doses_a_week_are_read(line, longest_days, doses_per_week):
    read_one = read(line)
    assert read_one.repeating
    assert not read_one.single
    assert read_one.interval is not None
    assert read_one.interval.longest_days == pytest.approx(Decimal(longest_days), **EXACTLY)
    assert read_one.doses_per_week == pytest.approx(Decimal(doses_per_week), **EXACTLY)


@pytest.mark.parametrize(
    "line",
    [
        {},
        repeat(frequency=1),
        repeat(period=28),
        repeat(periodUnit="d"),
        every(0, "d"),
        every(-1, "wk"),
        every(2, "fortnight"),
        coded("Q0D"),
        coded("PRN"),
        {"text": "selon protocole"},
        {"text": "pendant 3 mois"},
    ],
)
def test_a_timing_that_does_not_say_how_often_is_not_repeating(line):
    read_one = read(line)
    assert (read_one.repeating, read_one.single, read_one.interval) == (False, False, None)


@pytest.mark.parametrize(
    ("line", "unreadable"),
    [
        (events("2026-01-05", "2026-02-02", "2026-05-02"), True),  # 28 days, then 89
        *(
            (events("2026-01-05", "2026-01-05"), True),
            (events("2026-01-05", "2026-02"), True),
            (events("2026-01-05", "x"), True),
        ),
        *((events("2026-01-05", "2026-02-02", "x"), True), ({"timing": {"code": {"text": "bimonthly"}}}, True)),
        *(
            ({"text": "toutes les 4 semaines puis tous les 3 mois"}, True),
            (every(2, "fortnight"), True),
            (repeat(period=28), True),
        ),
        *((every(28, "d"), False), ({"text": "as before"}, False), (coded("PRN"), False), ({}, False)),
        *((coded("Z4"), True), ({"text": "bi-mensuel"}, True), ({"text": "toutes les 4 s"}, True)),
        *(
            (events("2026-01-05"), False),
            ({"text": "q4w, q12w", **every(28, "d")}, False),
            ({"text": "q4w, q8w", **coded("ONCE")}, False),
        ),
    ],
)
def test_an_interval_that_is_stated_without_one_meaning_is_unreadable(line, unreadable):
    read_one = read(line)
    assert read_one.interval_unreadable is unreadable
    assert not (unreadable and read_one.interval)


@pytest.mark.parametrize(
    ("line", "english", "french"),
    [
        (every(1, "d"), "every day", "tous les jours"),
        (every(1, "mo"), "every month", "tous les mois"),
        (every(3, "mo"), "every 3 months", "tous les 3 mois"),
        (every(28, "d"), "every 28 days", "tous les 28 jours"),
        (every(4, "wk"), "every 4 weeks", "toutes les 4 semaines"),
        (every(1, "wk", frequency=2), "every 0.5 weeks", "toutes les 0,5 semaines"),
        (every(8, "h"), "every 8 hours", "toutes les 8 heures"),
        (every(1, "a"), "every year", "tous les ans"),
        (every(1, "a", frequency=4), "every 3 months", "tous les 3 mois"),
        (every(2, "a", frequency=3), "every 8 months", "tous les 8 mois"),
        (every(1, "a", frequency=5), "every 0.2 years", "tous les 0,2 ans"),
        (events("2026-11-29", "2027-02-21", "2027-05-16"), "every 84 days", "tous les 84 jours"),
        ({"timing": {"code": {"text": "1x/3 mois"}}}, "every 3 months", "tous les 3 mois"),
    ],
)
def test_an_interval_is_shown_as_it_was_ordered(line, english, french):
    interval = read(line).interval
    assert interval is not None
    assert render(interval.text, Language.ENGLISH) == english
    assert render(interval.text, Language.FRENCH).replace("\u00a0", " ") == french


@pytest.mark.parametrize(
    "line",
    [
        repeat(count=1),
        every(28, "d", count=1),
        coded("ONCE"),
        {"timing": {"code": {"coding": [{"code": "other"}], "text": "once"}}},
        events("2026-01-05"),
    ],
)
def test_a_dose_that_is_given_once_is_single(line):
    read_one = read(line)
    assert (read_one.single, read_one.repeating, read_one.interval) == (True, False, None)


@pytest.mark.parametrize(
    ("members", "count"),
    [
        ({"count": 4}, 4),
        ({"count": 4, "countMax": 6}, 6),
        ({"count": 0}, None),
        ({"count": -1}, None),
        ({"count": 1.5}, None),
    ],
)
def test_the_number_of_doses_is_a_whole_one_and_the_most_that_may_be_given(members, count):
    read_one = read(repeat(**members))
    assert (read_one.count, read_one.single) == (count, False)


# --- timing: from when to when ----------------------------------------------------------------------------------------


def test_several_events_are_doses_from_the_first_to_the_last():
    read_one = read(events("2026-02-02", "2026-01-05", "2026-03-02", "some day"))
    assert (read_one.first, read_one.end) == (BEGUN, day(date(2026, 3, 2)))
    assert (read_one.single, read_one.repeating) == (False, True)


def test_lines_of_one_date_each_are_the_doses_of_one_treatment():
    read_one = read(events("2026-01-05"), events("2026-03-30"), events("2026-06-22"))
    assert read_one.interval == read(events("2026-01-05", "2026-03-30", "2026-06-22")).interval
    assert read(events("2026-01-05"), events("2026-03-30"), events("2026-05-22")).interval_unreadable


@pytest.mark.parametrize(
    "line",
    [
        every("2,5", "mo"),
        every("three", "mo"),
        every({"value": 12}, "wk"),
        every(1, "mo", frequency=0.25),
        every(1, "mo", frequency="1/3"),
        events("2026-01-05,2026-03-30"),
    ],
)
def test_a_figure_that_cannot_be_read_leaves_the_interval_unreadable(line):
    read_one = read(line)
    assert (read_one.interval, read_one.interval_unreadable) == (None, True)


def test_an_object_in_an_array_is_read_as_itself():
    timing = every(12, "wk")["timing"]
    assert read({"timing": [timing]}).interval == read({"timing": timing}).interval
    assert read({"additionalInstruction": [{"text": "tous les 3 mois"}]}).interval == read(every(3, "mo")).interval


@pytest.mark.parametrize("node", ["line", "timing", "repeat", "dose"])
def test_a_line_with_a_modifier_says_neither_dose_nor_interval(node):
    line = {**every(1, "wk"), "doseAndRate": [{"doseQuantity": amount(50000, "[iU]")}]}
    modified = {"modifierExtension": [{"url": "urn:invented"}]}
    if node == "line":
        line |= modified
    elif node == "dose":
        line["doseAndRate"][0] |= modified
    else:
        (line["timing"] if node == "timing" else line["timing"]["repeat"]).update(modified)
    read_one = read(line)
    assert (read_one.dose_iu, read_one.interval, read_one.weekly_iu) == (None, None, None)
    assert (read_one.dose_unreadable, read_one.interval_unreadable) == (True, True)


def test_a_dose_that_says_that_it_is_absent_is_unreadable():
    absent = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }
    for quantity in (amount(4, "mg") | absent, amount(4, "mg") | {"_value": absent}):
        assert (read(dose(quantity)).dose_mg, read(dose(quantity)).dose_unreadable) == (None, True)


def test_two_events_are_two_doses():
    read_one = read(events("2026-01-05", "2026-02-02"))
    assert (read_one.repeating, read_one.first, read_one.end) == (True, BEGUN, day(date(2026, 2, 2)))


def test_of_events_that_are_partial_the_earliest_and_the_latest_possible_count():
    read_one = read(events("2026-02-10", "2026", "2026-11-10"))
    assert read_one.first == read_one.end == When(date(2026, 1, 1), date(2026, 12, 31))


def test_an_event_sent_as_a_single_text_is_read():
    assert read({"timing": {"event": "2026-01-05"}}).first == BEGUN


def test_a_single_event_of_a_repeated_treatment_is_its_beginning_and_not_its_end():
    line = {"timing": {"event": ["2026-01-05"], "repeat": {"period": 28, "periodUnit": "d"}}}
    read_one = read(line)
    assert (read_one.first, read_one.end, read_one.repeating) == (BEGUN, None, True)


def test_a_period_bounds_the_treatment():
    bounds = {"start": "2026-01-05", "end": "2026-06-01"}
    read_one = read(every(28, "d", count=2, boundsPeriod=bounds), written=JANUARY)
    assert (read_one.first, read_one.end) == (BEGUN, day(date(2026, 6, 1)))


def test_the_first_event_is_nearer_to_the_first_dose_than_the_bounds_of_the_treatment_and_its_end_is_theirs():
    bounds = {"start": "2026-01-01", "end": "2026-06-01"}
    line = {"timing": {"event": ["2026-01-05", "2026-02-05"], "repeat": {"boundsPeriod": bounds}}}
    read_one = read(line)
    assert (read_one.first, read_one.end) == (BEGUN, day(date(2026, 6, 1)))


@pytest.mark.parametrize(
    ("length", "end"),
    [
        (amount(8, "wk"), date(2026, 3, 28)),
        (amount(8, "weeks"), date(2026, 3, 28)),
        ({"value": 8, "code": "wk", "unit": "semaines"}, date(2026, 3, 28)),
        (amount(10, "d"), date(2026, 2, 10)),
        (amount(1, "mo"), date(2026, 2, 28)),  # a calendar month
        (amount(2, "months"), date(2026, 3, 31)),
        (amount("1.5", "mo"), date(2026, 3, 18)),  # half a month has no calendar: 46.5 days
        (amount(1, "a"), date(2027, 2, 1)),
        (amount(99_999_999, "a"), date.max),
    ],
)
def test_a_duration_ends_the_treatment_counted_from_the_last_day_on_which_it_may_begin(length, end):
    assert read(repeat(boundsDuration=length), written=JANUARY).end == day(end)
    assert read(repeat(boundsRange={"low": amount(1, "d"), "high": length}), written=JANUARY).end == day(end)


def test_a_duration_is_counted_from_the_first_event_where_there_is_one():
    line = {"timing": {"event": ["2026-01-05"], "repeat": {"boundsDuration": amount(7, "d")}}}
    assert read(line, written=day(date(2025, 12, 1))).end == day(date(2026, 1, 12))


@pytest.mark.parametrize("length", [amount(0, "d"), amount(-1, "d"), amount(2, "fortnights"), {"unit": "d"}, {}])
def test_a_duration_that_cannot_be_read_ends_nothing(length):
    assert read(repeat(boundsDuration=length), written=BEGUN).end is None


def test_a_duration_without_a_beginning_ends_nothing():
    assert read(repeat(boundsDuration=amount(8, "wk"))).end is None


@pytest.mark.parametrize(
    ("line", "end"),
    [
        (every(28, "d", count=4), date(2026, 4, 25)),
        (every(1, "mo", count=2), date(2026, 2, 28)),  # calendar months
        (every(1, "wk", frequency=2, count=5), date(2026, 2, 14)),
    ],
)
def test_a_number_of_doses_ends_the_treatment_with_the_last_of_them(line, end):
    assert read(line, written=JANUARY).end == day(end)


def test_the_doses_are_counted_from_the_stated_beginning_before_the_day_of_writing():
    line = every(7, "d", count=2, boundsPeriod={"start": "2026-01-05"})
    assert read(line, written=day(date(2025, 12, 1))).end == day(date(2026, 1, 12))


def test_a_number_of_doses_without_a_beginning_ends_nothing():
    assert read(every(28, "d", count=4)).end is None


# --- several lines ----------------------------------------------------------------------------------------------------


def test_no_line_says_nothing():
    assert read() == Dosage()


def test_of_several_lines_the_highest_dose_the_longest_interval_and_the_shortest_infusion_count():
    lines = (
        {**dose(amount(3, "mg")), **every(28, "d", duration=30, durationUnit="min")},
        {**dose(amount(4, "mg")), **every(4, "d", duration=15, durationUnit="min")},
        {**dose(amount("3.5", "mg")), **every(7, "d")},
    )
    read_all = read(*lines)
    assert read_all.interval is not None
    assert (read_all.dose_mg, read_all.interval.longest_days, read_all.infusion_minutes) == (4, 28, 15)
    assert read_all.doses_per_week == Decimal("1.75")


def test_the_milligrams_of_a_day_are_those_of_all_lines_together():
    morning, evening = {**dose(amount(500, "mg")), **coded("AM")}, {**dose(amount(1, "g")), **coded("PM")}
    assert read(morning).mg_a_day == 500
    assert read(morning, evening).mg_a_day == 1500
    assert read({**dose(amount(500, "mg")), **coded("BID")}).mg_a_day == 1000


@pytest.mark.parametrize("silent", [coded("PM"), dose(amount(1, "g"))])
def test_the_milligrams_of_a_day_are_unknown_where_one_line_does_not_say(silent):
    assert read({**dose(amount(500, "mg")), **coded("AM")}, silent).mg_a_day is None


def test_the_doses_of_all_lines_are_counted_where_each_has_a_number():
    assert read(repeat(count=4), repeat(count=8)).count == 12
    assert read(repeat(count=4), coded("MO")).count is None


def test_two_lines_are_not_a_single_dose():
    assert not read(coded("ONCE"), coded("ONCE")).single


def test_several_lines_begin_with_the_first_and_end_with_the_last_of_them():
    first = repeat(boundsPeriod={"start": "2026-02-10", "end": "2026-02-28"})
    second = repeat(boundsPeriod={"start": "2026-01-05", "end": "2026-12-01"})
    read_both = read(first, second)
    assert (read_both.first, read_both.end) == (BEGUN, day(date(2026, 12, 1)))


def test_of_partial_bounds_of_several_lines_the_earliest_and_the_latest_possible_day_count():
    first = repeat(boundsPeriod={"start": "2026-02-10", "end": "2026-12-01"})
    read_both = read(first, repeat(boundsPeriod={"start": "2026", "end": "2026"}))
    assert read_both.first == read_both.end == When(date(2026, 1, 1), date(2026, 12, 31))


def test_several_lines_have_no_end_where_one_of_them_has_none():
    bounded = repeat(boundsPeriod={"start": "2026-01-05", "end": "2026-02-28"})
    read_both = read(bounded, coded("MO"))
    assert (read_both.first, read_both.end) == (BEGUN, None)


def test_one_repeated_line_makes_the_treatment_repeated_and_one_dose_makes_it_stated():
    read_both = read({**dose(amount(4, "mg")), **coded("ONCE")}, coded("MO"))
    assert (read_both.repeating, read_both.dose_stated) == (True, True)


# --- route ------------------------------------------------------------------------------------------------------------


def route(system: str, code: str, **members: Any) -> Json:
    return {"route": {"coding": [{"system": system, "code": code}], **members}}


def test_routes_are_recognised_by_their_codes_in_all_lines():
    read_both = read(route(SNOMED, INTRAVENOUS), route(SNOMED, SUBCUTANEOUS, text="sous-cutanée"))
    assert read_both.routes == {"route_intravenous", "route_subcutaneous"}
    assert (read_both.route_stated, read_both.route_unverified) == (True, False)


def test_a_route_in_words_is_stated_and_shown_and_not_recognised():
    read_both = read({}, {"route": {"text": "perfusion"}})
    assert (read_both.routes, read_both.route_stated, read_both.route_text) == (frozenset(), True, "perfusion")
    assert not read({}).route_stated


def test_a_route_by_a_code_of_which_we_are_not_sure_is_told_so():
    unsure = route("http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration", "SQ")
    read_both = read(route(SNOMED, SUBCUTANEOUS), unsure)
    assert (read_both.routes, read_both.route_unverified) == ({"route_subcutaneous"}, True)


# --- infusion ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unit_and_value",
    [("min", 15), ("mn", 15), ("minute", 15), ("minutes", 15), ("h", "0.25"), ("hr", "0.25"), ("s", 900)],
)
def test_the_duration_of_an_infusion_is_read_as_minutes(unit_and_value):
    unit, value = unit_and_value
    for member in ("durationUnit", "durationUnits"):  # the latter in FHIR DSTU2
        minutes = read(repeat(duration=value, **{member: unit})).infusion_minutes
        assert minutes == pytest.approx(Decimal(15), **EXACTLY)


def test_a_duration_of_one_hour_is_60_minutes():
    assert read(repeat(duration=1, durationUnit="h")).infusion_minutes == 60


@pytest.mark.parametrize("members", [{"duration": 0, "durationUnit": "min"}, {"duration": 15}, {"durationUnit": "min"}])
def test_a_duration_that_cannot_be_read_is_none(members):
    assert read(repeat(**members)).infusion_minutes is None


def per(numerator: Json, denominator: Json) -> Json:
    return {"rateRatio": {"numerator": numerator, "denominator": denominator}}


def rate(value: float, unit: str) -> Json:
    return {"rateQuantity": amount(value, unit)}


@pytest.mark.parametrize(
    ("told", "minutes"),
    [
        (per(amount(4, "mg"), amount(15, "min")), 15),
        (per(amount(2, "mg"), amount(15, "min")), 30),
        (per(amount(1, "mg"), amount(5, "minutes")), 20),
        (per(amount(4, "mg"), amount(900, "s")), 15),
        (per(amount(100, "mL"), amount("0.5", "h")), 30),
        (per(amount(10, "mL"), amount(1, "min")), 10),
        (per(amount(1, "poche"), amount(15, "min")), 15),  # the whole in that time
        (per(amount(1, "poche"), amount(2, "h")), 120),
        (rate(400, "mL/h"), 15),
        (rate(1, "mL/min"), 100),
        (rate("0.4", "L/h"), 15),
        (rate(16, "mg/h"), 15),
        (rate("0.2", "mg/min"), 20),
    ],
)
def test_a_rate_gives_the_minutes_of_the_whole_dose_or_bag(told, minutes):
    line = {"doseAndRate": [{"doseQuantity": amount(4, "mg"), **told}]}
    read_one = read(line, drug=product(mg="4", ml="100"))
    assert read_one.infusion_minutes == pytest.approx(Decimal(minutes), **EXACTLY)


@pytest.mark.parametrize(
    "told",
    [
        per(amount(1, "poche"), amount(1, "h")),  # a number of bags an hour
        per(amount(4, "mg"), amount(0, "min")),
        per(amount(4, "mg"), amount(15, "beats")),
        per(amount(0, "mg"), amount(1, "min")),
        per({"unit": "mg"}, amount(1, "min")),
        per(amount(4, "mg"), {}),
        rate(0, "mL/h"),
        rate(20, "drops/min"),
        {"rateQuantity": {"unit": "mL/h"}},
    ],
)
def test_a_rate_that_does_not_say_how_long_gives_no_minutes(told):
    line = {"doseAndRate": [{"doseQuantity": amount(4, "mg"), **told}]}
    assert read(line, drug=product(mg="4", ml="100")).infusion_minutes is None


@pytest.mark.parametrize(
    "told",
    [
        rate(400, "mL/h"),
        rate(16, "mg/h"),
        per(amount(10, "mL"), amount(1, "min")),
        per(amount(1, "mg"), amount(1, "min")),
    ],
)
def test_a_rate_gives_no_minutes_where_the_whole_is_unknown(told):
    assert read({"doseAndRate": [told]}).infusion_minutes is None


def test_the_volume_of_the_dose_counts_before_that_of_the_product():
    line = {"doseAndRate": [{"doseQuantity": amount(50, "mL"), **rate(200, "mL/h")}]}
    assert read(line, drug=product(ml="100")).infusion_minutes == 15


def test_a_duration_counts_before_a_rate_and_a_rate_of_the_line_where_the_first_says_nothing():
    of_line = {**dose(amount(4, "mg")), **rate(16, "mg/h")}
    assert read({**of_line, **repeat(duration=30, durationUnit="min")}).infusion_minutes == 30
    unreadable = {"doseAndRate": [{"doseQuantity": amount(4, "mg"), **rate(20, "drops/min")}], **rate(16, "mg/h")}
    assert read(of_line).infusion_minutes == 15
    assert read(unreadable).infusion_minutes == 15
