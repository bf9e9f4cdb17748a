"""Results as real laboratories send them: which count, in which unit, and what is said of those that do not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from support.quirk import (
    DENOSUMAB,
    LOCAL,
    UCUM,
    ZOLEDRONATE,
    answer,
    cards,
    concept,
    quantity,
    quiet,
    record,
    request,
    result,
    rules,
    said,
    topics,
    words,
)
from support.quirk import fact as fact_of
from support.scenario import WORLD

from mappings.facts import Absent, ClearanceMethod, Known, Unavailable
from mappings.queries import query_table
from service.cards.results import lines
from service.languages.render import Language

QUERIES = query_table(WORLD.terminology)
CALCIUM_MASS, CALCIUM_MOLES, ALBUMIN, PLATELETS = "17861-6", "2000-8", "1751-7", "777-3"
CREATININE, EGFR, COCKCROFT, VITAMIN_D = "14682-9", "62238-1", "35591-7", "62292-8"
RENAL_PANEL = "45066-8"


def value(fact: Any) -> Decimal:
    assert isinstance(fact, Known), fact
    bounds = fact.value.bounds if hasattr(fact.value, "bounds") else fact.value.measurement.bounds
    assert bounds.exact is not None
    return bounds.exact


def why(fact: Any) -> str:
    assert isinstance(fact, Unavailable), fact
    return words(fact.why)


# --- national code systems ----------------------------------------------------------------------------------------------


NPU, JLAC10, SNOMED_UK = "urn:oid:1.2.208.176.2.1", "urn:oid:1.2.392.200119.4.504", "http://snomed.info/sct"


@pytest.mark.parametrize(
    ("analyte", "system", "code", "number", "unit"),
    [
        ("creatinine", SNOMED_UK, "1000731000000107", 70, "umol/L"),
        ("calcium", SNOMED_UK, "1000691000000101", 2.3, "mmol/L"),
        ("corrected_calcium", SNOMED_UK, "935051000000108", 2.4, "mmol/L"),
        ("albumin", SNOMED_UK, "1000821000000103", 38, "g/L"),
        ("vitamin_d_25oh", SNOMED_UK, "1007991000000105", 80, "nmol/L"),
        ("weight", SNOMED_UK, "27113001", 70, "kg"),
        ("creatinine", NPU, "NPU18016", 70, "umol/L"),
        ("calcium", NPU, "NPU01443", 2.3, "mmol/L"),
        ("albumin", NPU, "NPU19673", 38, "g/L"),
        ("phosphate", "urn:oid:2.16.578.1.12.4.1.1.7280", "NPU03096", 1.1, "mmol/L"),
        ("creatinine", JLAC10, "3C015000002327101", 0.8, "mg/dL"),
        ("calcium", JLAC10, "3H030000002327101", 9.3, "mg/dL"),
        ("albumin", JLAC10, "3A015000002327101", 3.8, "g/dL"),
    ],
)
def test_a_result_in_a_countrys_code_system_is_read(
    analyte: str, system: str, code: str, number: float, unit: str
) -> None:
    found = fact_of(record(result("", quantity(number, unit), code=concept(system, code))), analyte)
    assert isinstance(found, Known)


@pytest.mark.parametrize(
    ("analyte", "system", "code", "number", "unit"),
    [
        ("creatinine", SNOMED_UK, "70901006", 70, "umol/L"),
        ("calcium", SNOMED_UK, "71878006", 2.3, "mmol/L"),
        ("vitamin_d_25oh", "https://smt.esante.gouv.fr/terminologie-nabm", "1139", 80, "nmol/L"),
    ],
)
def test_a_result_under_the_code_of_its_request_is_neither_used_nor_missing(
    analyte: str, system: str, code: str, number: float, unit: str
) -> None:
    found = fact_of(record(result("", quantity(number, unit), code=concept(system, code))), analyte)
    assert why(found)


def test_a_search_asks_for_a_nordic_code_under_the_name_of_each_country() -> None:
    [(_, codes), *_rest] = QUERIES["creatinine"].parameters
    for system in ("http://npu-terminology.org", NPU, "urn:oid:2.16.578.1.12.4.1.1.7280"):
        assert f"{system}|NPU18016" in codes.split(",")


@pytest.mark.parametrize(
    ("analyte", "text"),
    [
        ("creatinine", "Creatinina sérica"),
        ("calcium", "Calcio total"),
        ("albumin", "Albúmina"),
        ("phosphate", "Fosfaat"),
        ("weight", "Kroppsvikt"),
        ("calcium", "血清カルシウム"),
        ("creatinine", "크레아티닌"),
        ("albumin", "白蛋白"),
    ],
)
def test_a_result_in_words_of_another_language_is_never_called_not_measured(analyte: str, text: str) -> None:
    assert why(fact_of(record(result("", quantity(9.3, "mg/dL"), code={"text": text})), analyte))


@pytest.mark.parametrize("text", ["Creatinina en orina", "U-Kreatinin", "尿中クレアチニン", "Calcio iónico"])
def test_a_look_alike_in_words_of_another_language_is_nothing(text: str) -> None:
    held = record(result("", quantity(9.3, "mg/dL"), code={"text": text}))
    assert isinstance(fact_of(held, "creatinine"), Absent)
    assert isinstance(fact_of(held, "calcium"), Absent)


def test_ionised_calcium_of_a_nordic_laboratory_is_no_total_calcium() -> None:
    found = record(result("", quantity(1.2, "mmol/L"), code=concept(NPU, "NPU04144"))).calcium
    assert isinstance(found, Absent)


# --- which quantity it is ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["mL/min", "mL/min/{1.73_m2}", "mL/min/1.73m2", "mL/min/1,73 m²", "ml/mn/1,73m²"])
@pytest.mark.parametrize("code", [EGFR, "33914-3", "77147-7"])
def test_the_code_says_that_a_value_is_an_egfr_whatever_its_unit(code: str, unit: str) -> None:
    clearance = record(result(code, quantity(45, unit, system=None, code=None))).clearance
    assert isinstance(clearance, Known)
    assert clearance.value.method is ClearanceMethod.EGFR


def test_a_cockcroft_value_per_body_surface_is_an_egfr() -> None:
    clearance = record(result(COCKCROFT, quantity(45, "mL/min/{1.73_m2}"))).clearance
    assert isinstance(clearance, Known)
    assert clearance.value.method is ClearanceMethod.EGFR


def test_an_egfr_that_decides_is_named_as_an_approximation_on_the_card() -> None:
    given = cards(result(EGFR, quantity(25, "mL/min")), order=ZOLEDRONATE)
    assert "zoledronate-renal-contraindication" in rules(given)
    assert "approximation" in said(given)


def panel(*components: dict[str, Any]) -> dict[str, Any]:
    return result(RENAL_PANEL, component=list(components))


def component(code: str, number: dict[str, Any] | None, **members: Any) -> dict[str, Any]:
    return {"code": concept("http://loinc.org", code), **({"valueQuantity": number} if number else {}), **members}


def test_kidney_function_that_is_only_in_components_is_read() -> None:
    of = record(panel(component(CREATININE, quantity(90, "umol/L")), component(COCKCROFT, quantity(28, "mL/min"))))
    assert value(fact_of(of, "creatinine")) == 90
    assert value(of.clearance) == 28
    assert isinstance(of.clearance, Known)
    assert of.clearance.value.method is ClearanceMethod.REPORTED_COCKCROFT


def test_a_component_without_a_value_does_not_take_the_others() -> None:
    absent = {"dataAbsentReason": {"coding": [{"code": "not-performed"}]}}
    of = record(panel(component(COCKCROFT, None, **absent), component(CREATININE, quantity(90, "umol/L"))))
    assert value(fact_of(of, "creatinine")) == 90


def test_components_decide_a_card_of_the_service() -> None:
    given = cards(panel(component(COCKCROFT, quantity(28, "mL/min"))), order=ZOLEDRONATE)
    assert "zoledronate-renal-contraindication" in rules(given)


@pytest.mark.parametrize(
    ("code", "unit", "fact"),
    [
        ("14959-1", "mg/g", "albumin"),  # albumin to creatinine, urine
        ("14338-8", "mg/dL", "albumin"),  # prealbumin
        ("83064-6", "mmol/L", "calcium"),  # ionised calcium of a dialysis circuit
        ("1994-3", "mmol/L", "calcium"),  # ionised calcium
        ("1649-3", "ng/mL", "vitamin_d"),  # 1,25-OH vitamin D
        ("3289-6", "%", "prothrombin"),  # factor II activity
    ],
)
def test_a_look_alike_is_never_read_as_the_result(code: str, unit: str, fact: str) -> None:
    assert isinstance(fact_of(record(result(code, quantity(2, unit))), fact), Absent)


def test_displays_with_hidden_signs_change_nothing() -> None:
    coded = {"coding": [{"system": "http://loinc.org", "code": ALBUMIN, "display": "Albumin [Mass/\u200bvolume]?"}]}
    assert value(fact_of(record(result(ALBUMIN, quantity(38, "g/L"), code=coded)), "albumin")) == 38
    displayed = {"coding": [{"system": LOCAL, "code": "4", "display": "Potassium"}]}
    assert isinstance(fact_of(record(result(ALBUMIN, quantity(38, "g/L"), code=displayed)), "albumin"), Absent)


def test_a_result_without_a_category_is_read() -> None:
    assert "category" not in result(ALBUMIN)
    assert value(fact_of(record(result(ALBUMIN, quantity(38, "g/L"))), "albumin")) == 38


# --- units ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "number", "unit", "fact", "expected"),
    [
        (ALBUMIN, 38, "g/L", "albumin", 38),
        (ALBUMIN, 3.8, "g/dL", "albumin", 38),
        (ALBUMIN, 38, "G/L", "albumin", 38),  # giga a litre as a UCUM reader has it; the analyte says grams
        (PLATELETS, 120, "G/L", "platelets", 120),
        (PLATELETS, 120, "g/l", "platelets", 120),
        (PLATELETS, 120, "Giga/L", "platelets", 120),
        (PLATELETS, 120, "10*3/mm3", "platelets", 120),
        (PLATELETS, 120, "x10³/µL", "platelets", 120),
        (PLATELETS, 120000, "/mm3", "platelets", 120),
        (PLATELETS, 120000, "/uL", "platelets", 120),
        (CREATININE, 90, "µmol/l", "creatinine", 90),  # micro sign
        (CREATININE, 90, "μmol/L", "creatinine", 90),  # Greek mu
        (CREATININE, 1, "MG/DL", "creatinine", Decimal("88.4")),
        (CREATININE, 1, "milligram per deciliter", "creatinine", Decimal("88.4")),
        (CREATININE, 1, "258806002", "creatinine", Decimal("88.4")),  # a unit coded in SNOMED CT
        (COCKCROFT, 45, "mL/mn", "clearance", 45),
        (VITAMIN_D, 30, "µg/L", "vitamin_d", 30),
        (VITAMIN_D, 30, "ng/mL", "vitamin_d", 30),
        (VITAMIN_D, 75, "nmol/l", "vitamin_d", 75),
    ],
)
def test_a_unit_in_words_is_read_from_the_closed_table(
    code: str, number: float, unit: str, fact: str, expected: Decimal
) -> None:
    of = record(result(code, quantity(number, unit, system=None, code=None)))
    assert value(fact_of(of, fact)) == expected


@pytest.mark.parametrize(
    "number",
    [
        {"value": 9.2, "unit": "MG/DL", "code": "Mg/dl"},
        {
            "value": 9.2,
            "unit": "mg/dL",
            "system": "http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-units",
            "code": "mg/dL",
        },
        {"value": 9.2, "code": "mg/dL"},
        {"value": 9.2, "unit": "milligram per deciliter", "system": UCUM, "code": "mg/dL"},
        {"value": "9.2", "unit": "mg/dL"},
    ],
)
def test_calcium_in_mass_is_read_however_the_unit_is_written(number: dict[str, Any]) -> None:
    assert round(value(record(result(CALCIUM_MASS, number)).calcium), 2) == Decimal("2.30")


def test_the_unit_decides_not_the_property_that_the_code_implies() -> None:
    assert value(record(result(CALCIUM_MASS, quantity(2.3, "mmol/L"))).calcium) == Decimal("2.3")
    assert round(value(record(result(CALCIUM_MOLES, quantity(9.2, "mg/dL"))).calcium), 2) == Decimal("2.30")


@pytest.mark.parametrize("unit", ["{}", "1", "{INR}", "", None])
def test_an_inr_is_read_with_any_unit_of_none(unit: str | None) -> None:
    number = {"value": 2.5} if unit is None else {"value": 2.5, "unit": unit, "code": unit}
    assert value(fact_of(record(result("6301-6", number)), "inr")) == Decimal("2.5")


@pytest.mark.parametrize(
    ("code", "number", "fact"),
    [
        (ALBUMIN, quantity(4.0, "g/L"), "albumin"),
        (ALBUMIN, quantity(40, "g/dL"), "albumin"),
        (CALCIUM_MOLES, quantity(9.4, "mmol/L"), "calcium"),
        (CREATININE, quantity(80, "mg/dL"), "creatinine"),
    ],
)
def test_an_implausible_value_is_refused_and_the_resource_is_named(
    code: str, number: dict[str, Any], fact: str
) -> None:
    of = record(result(code, number))
    assert "Observation/result Result cannot be used" in why(fact_of(of, fact))
    assert "not plausible" in why(fact_of(of, fact))


def test_an_implausible_weight_leaves_the_clearance_unavailable() -> None:
    heavy = result("29463-7", quantity(70000, "kg"), id="heavy")
    assert "Observation/heavy Result cannot be used" in why(
        record(result(CREATININE, quantity(90, "umol/L")), heavy).clearance
    )


@pytest.mark.parametrize(
    "number",
    [
        quantity(2.3, "mmol/mol"),
        quantity(2.3, "mg/dL", code="mmol/L"),
        {"value": 2.3},
        {"value": 2.3, "unit": "#"},
        {"value": 2.3, "unit": "UI/L"},
    ],
)
def test_a_unit_that_cannot_be_read_makes_the_result_unavailable_and_says_what_to_do(number: dict[str, Any]) -> None:
    assert "send a UCUM unit" in why(record(result(CALCIUM_MOLES, number)).calcium)


def test_an_unreadable_unit_is_said_once_on_a_card_that_never_says_not_measured() -> None:
    given = cards(result(VITAMIN_D, quantity(12, "arb'U"), id="odd"), order=DENOSUMAB)
    [card] = [card for card in given if "vitamin-d-deficiency" in rules([card], "unchecked")]
    assert "Observation/odd" in said([card])
    assert "arb'U" in card["detail"]
    assert "send a UCUM unit" in said([card])
    assert "vitamin-d-unknown" not in rules(given)
    assert "25-OH vitamin D: not measured" not in said(given)


# --- values -----------------------------------------------------------------------------------------------------------


def test_above_sixty_proves_at_least_thirty_and_no_more() -> None:
    clearance = record(result(EGFR, quantity(60, "mL/min", comparator=">"))).clearance
    assert isinstance(clearance, Known)
    assert clearance.value.bounds.below(Decimal(30)) is False
    assert clearance.value.bounds.below(Decimal(90)) is None


def test_a_bound_that_settles_nothing_is_said_to_leave_it_open() -> None:
    given = cards(result(COCKCROFT, quantity(60, "mL/min", comparator="<")), order=ZOLEDRONATE)
    assert "zoledronate-renal-contraindication" in rules(given, "unchecked")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2,35 mmol/L", "2.35", "2.35"),
        ("<1,8 mmol/l", None, "1.8"),
        ("less than 1.8 mmol/L", None, "1.8"),
        ("inférieur à 1,8 mmol/L", None, "1.8"),
        ("≥ 2.5 mmol/L", "2.5", None),
    ],
)
def test_a_number_sent_as_a_text_is_read_with_its_comparator(text: str, low: str | None, high: str | None) -> None:
    calcium = record(result(CALCIUM_MOLES, valueString=text)).calcium
    assert isinstance(calcium, Known)
    assert calcium.value.bounds.low == (low and Decimal(low))
    assert calcium.value.bounds.high == (high and Decimal(high))


@pytest.mark.parametrize("text", ["POSITIF", "voir commentaire", "hémolysé", "2,35", "2.3-2.5 mmol/L"])
def test_a_text_that_is_no_number_with_a_unit_is_unavailable_never_absent(text: str) -> None:
    assert isinstance(record(result(CALCIUM_MOLES, valueString=text)).calcium, Unavailable)


@pytest.mark.parametrize(
    "members",
    [
        {"dataAbsentReason": {"coding": [{"code": "not-performed"}]}},
        {"valueQuantity": {"unit": "mmol/L", "code": "mmol/L"}},
        {"valueQuantity": None},
        {"valueString": ""},
    ],
)
def test_a_result_that_carries_no_value_is_none_and_the_one_before_counts(members: dict[str, Any]) -> None:
    before = result(CALCIUM_MOLES, quantity(2.3, "mmol/L"), "2026-03-20", id="before")
    assert value(record(before, result(CALCIUM_MOLES, **members)).calcium) == Decimal("2.3")
    assert isinstance(record(result(CALCIUM_MOLES, **members)).calcium, Absent)


def test_a_newest_value_that_cannot_be_used_shows_the_older_one_which_decides_nothing() -> None:
    before = result(VITAMIN_D, quantity(12, "ng/mL"), "2026-03-20", id="before")
    given = cards(before, result(VITAMIN_D, valueString="voir commentaire", id="newest"), order=DENOSUMAB)
    assert "vitamin-d-deficiency" in rules(given, "unchecked")
    assert "shown only, 12" in said(given).replace("\u00a0", " ")


# --- dates and status -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "when",
    [
        {"issued": "2026-03-28T10:00:00Z"},
        {"effectivePeriod": {"start": "2026-03-27", "end": "2026-03-28"}},
        {"effectiveInstant": "2026-03-28T10:00:00+01:00"},
        {"effectiveTiming": {"event": ["2026-03-27", "2026-03-28"]}},
        {"effectiveDateTime": "2026-03"},
        {"effectiveDateTime": "2026-03-28T10:00:00"},
    ],
)
def test_a_result_is_dated_by_whatever_date_it_has(when: dict[str, Any]) -> None:
    assert value(record(result(CALCIUM_MOLES, quantity(2.3, "mmol/L"), None, **when)).calcium) == Decimal("2.3")


def test_an_undated_result_alone_makes_the_fact_unavailable_and_asks_for_a_date() -> None:
    assert "has no date" in why(record(result(CALCIUM_MOLES, quantity(2.3, "mmol/L"), None)).calcium)


def test_an_undated_result_is_never_newer_than_a_dated_one() -> None:
    dated = result(CALCIUM_MOLES, quantity(2.3, "mmol/L"), id="dated")
    undated = result(CALCIUM_MOLES, quantity(3.6, "mmol/L"), None, id="undated")
    assert value(record(dated, undated).calcium) == Decimal("2.3")


def test_a_result_dated_ahead_is_not_used_and_does_not_hide_the_older_one() -> None:
    valid = result(VITAMIN_D, quantity(12, "ng/mL"), id="valid")
    ahead = result(VITAMIN_D, quantity(35, "ng/mL"), "2105-01-01", id="ahead")
    given = cards(valid, ahead, order=DENOSUMAB)
    assert "vitamin-d-deficiency" in rules(given)
    assert "Observation/ahead Result is dated in the future" in said(given)


def test_a_result_dated_ahead_is_said_on_the_quiet_card_where_no_other_card_says_it() -> None:
    valid = result(CREATININE, quantity(70, "umol/L"), id="valid")
    ahead = result(CREATININE, quantity(400, "umol/L"), "2105-01-01", id="ahead")
    weight = result("29463-7", quantity(70, "kg"), id="weight")
    exposed = {"medications": [{"drug": "denosumab", "dose": "120 mg", "days ago": 28}]}
    given = cards(valid, ahead, weight, order=DENOSUMAB, record=exposed)
    assert "Observation/ahead Result is dated in the future" in said([quiet(given)])
    assert "Observation/ahead" in quiet(given)["extension"]["org.osteocds"]["resources"]
    assert said(given).count("Observation/ahead Result is dated") == 1


def test_one_day_ahead_is_a_clock_not_a_mistake() -> None:
    soon = result(CALCIUM_MOLES, quantity(2.3, "mmol/L"), "2026-03-31T20:00:00+13:00")
    assert value(record(soon).calcium) == Decimal("2.3")


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "registered", "unknown"])
def test_the_newest_in_a_status_that_never_counts_leaves_the_one_before(status: str) -> None:
    before = result(CALCIUM_MOLES, quantity(2.3, "mmol/L"), "2026-03-20", id="before")
    newest = result(CALCIUM_MOLES, quantity(3.6, "mmol/L"), status=status)
    assert value(record(before, newest).calcium) == Decimal("2.3")


@pytest.mark.parametrize("status", ["completed", "finale", "", None])
def test_a_status_that_is_none_of_fhir_makes_the_newest_unavailable(status: str | None) -> None:
    assert "status is not one of FHIR R4" in why(
        record(result(CALCIUM_MOLES, quantity(2.3, "mmol/L"), status=status)).calcium
    )


@pytest.mark.parametrize("status", ["Final", "FINAL", " final "])
def test_a_status_in_other_letters_is_the_one_of_fhir(status: str) -> None:
    assert value(record(result(CALCIUM_MOLES, quantity(2.3, "mmol/L"), status=status)).calcium) == Decimal("2.3")


@pytest.mark.parametrize("status", ["amended", "corrected"])
def test_a_corrected_result_counts_as_a_final_one(status: str) -> None:
    found = record(result(CALCIUM_MOLES, quantity(2.3, "mmol/L"), status=status)).calcium
    assert value(found) == Decimal("2.3")
    assert isinstance(found, Known)
    assert found.remarks == ()


def test_a_preliminary_result_counts_and_is_said_to_be_preliminary() -> None:
    given = cards(result(VITAMIN_D, quantity(12, "ng/mL"), status="preliminary"), order=DENOSUMAB)
    assert "vitamin-d-deficiency" in rules(given)
    assert "Observation/result Result is preliminary" in said(given)


# --- without a code ---------------------------------------------------------------------------------------------------


def in_words(text: str, number: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    number = number or quantity(9, "ng/mL")
    return result("", number, **{"code": {"text": text}, "id": "words", **members})


@pytest.mark.parametrize(
    "code",
    [
        {"text": "25-OH vitamine D2+D3"},
        {"text": "25(OH)D"},
        {"coding": [{"system": LOCAL, "code": "VITD", "display": "Vitamine D (25-OH)"}]},
        {"coding": [{"code": "VITD"}], "text": "25-hydroxyvitamin D"},
        {"coding": [{"code": VITAMIN_D}]},  # the code without its system
        {"coding": [{"system": "LAB", "code": VITAMIN_D}]},  # a system that is no URI
    ],
)
def test_a_result_told_by_its_name_alone_is_never_called_not_measured(code: dict[str, Any]) -> None:
    named = in_words("", code=code)
    given = cards(order=DENOSUMAB, under={"vitaminD": named})
    assert "vitamin-d-unknown" not in rules(given)
    assert "vitamin-d-deficiency" in rules(given, "unchecked")
    assert "Observation/words" in said(given)
    assert "code it in LOINC" in said(given)
    assert "25-OH vitamin D: not measured" not in said(given)


def test_a_newer_result_told_by_its_name_alone_hides_the_older_coded_one() -> None:
    coded = result(VITAMIN_D, quantity(35, "ng/mL"), "2026-03-01", id="coded")
    assert "Observation/words" in why(record(coded, in_words("25-OH vitamine D")).vitamin_d)


def test_a_coded_result_of_the_same_sample_or_later_decides_alone() -> None:
    for day in ("2026-03-28", "2026-03-30"):
        coded = result(VITAMIN_D, quantity(35, "ng/mL"), day, id="coded")
        assert value(record(coded, in_words("25-OH vitamine D")).vitamin_d) == 35


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("Calcium urinaire", "calcium"),
        ("Calcium ionisé", "calcium"),
        ("1,25-OH vitamine D", "vitamin_d"),
        ("Préalbumine", "albumin"),
        ("Albumine urinaire / créatinine", "albumin"),
        ("Protéines LCR albumine", "albumin"),
        ("Créatine kinase", "creatinine"),
        ("Glycémie", "calcium"),
    ],
)
def test_the_name_of_another_result_is_silent(text: str, fact: str) -> None:
    assert isinstance(fact_of(record(in_words(text, quantity(2.3, "mmol/L"))), fact), Absent)


def test_a_local_result_that_no_rule_reads_makes_no_card_more() -> None:
    """It came beside known results of something else: the answer is not that of a search by code."""
    local = in_words("", code={"coding": [{"system": LOCAL, "code": "GLY", "display": "Glycémie"}]})
    usual, asked = (request(order=DENOSUMAB, under={"vitaminD": result(CALCIUM_MOLES)}) for _ in range(2))
    asked["prefetch"]["vitaminD"]["entry"].append({"resource": local | {"id": "local"}})
    assert topics(answer(asked)) == topics(answer(usual))


def test_the_quiet_words_are_french_for_a_french_reader() -> None:
    given = cards(order=DENOSUMAB, under={"vitaminD": in_words("25-OH vitamine D")}, language=Language.FRENCH)
    assert "code inconnu" in said(given)
    assert "pour mémoire" not in said(given)


def test_an_observation_of_a_search_by_code_that_has_neither_code_nor_name_makes_its_fact_unavailable() -> None:
    bare = in_words("", code={})
    given = cards(order=DENOSUMAB, under={"vitaminD": bare})
    assert "vitamin-d-deficiency" in rules(given, "unchecked")


def test_mass_magnesium_in_moles_disturbs_no_rule() -> None:
    magnesium = result("19123-9", quantity(0.8, "mmol/L"))
    assert topics(cards(magnesium, order=DENOSUMAB)) == topics(cards(order=DENOSUMAB))


@pytest.mark.parametrize(
    ("calcium", "albumin", "shown"),
    [
        (quantity(14.9, "mg/dL"), quantity(2.1, "g/dL"), "3.72 mmol/L (14.9 mg/dL) + (40 − 21 g/L (2.1 g/dL)) / 40"),
        (quantity(3.7, "mmol/L"), quantity(21, "g/L"), "3.7 mmol/L + (40 − 21 g/L) / 40"),
    ],
)
def test_a_formula_counts_in_its_own_units_and_shows_what_was_reported(
    calcium: dict[str, Any], albumin: dict[str, Any], shown: str
) -> None:
    given = cards(result(CALCIUM_MASS, calcium), result(ALBUMIN, albumin, id="albumin"))
    assert shown in said(given).replace("\u00a0", " ")


def test_the_formula_of_the_clearance_counts_in_kilograms_and_micromoles() -> None:
    inputs = [result("2160-0", quantity(2.4, "mg/dL")), result("29463-7", quantity(120, "[lb_av]"), id="weight")]
    given = said(cards(*inputs, order=ZOLEDRONATE)).replace("\u00a0", " ")
    assert "54.43 kg (120 \\[lb\\_av\\]) × 1.04 / 212.16 µmol/L (2.4 mg/dL)" in given


@pytest.mark.parametrize("system", ["LOINC", "http://www.loinc.org/", "https://loinc.org", "http://loinc.org|2.77"])
def test_loinc_is_read_under_each_of_its_names(system: str) -> None:
    assert value(fact_of(record(result(ALBUMIN, quantity(38, "g/L"), code=concept(system, ALBUMIN))), "albumin")) == 38


def test_calcium_corrected_by_the_laboratory_is_not_corrected_twice() -> None:
    of = record(
        result("29265-6", quantity(2.5, "mmol/L"), id="corrected"), result(ALBUMIN, quantity(20, "g/L"), id="albumin")
    )
    assert value(of.calcium) == Decimal("2.5")


@pytest.mark.parametrize("days", [7, 10])
def test_an_uncorrected_calcium_says_within_how_many_days_an_albumin_was_looked_for(days: int) -> None:
    of = record(result(CALCIUM_MASS, quantity(2.3, "mmol/L")))
    changed = of.under(replace(of.settings, albumin_window_days=days))
    assert f"no albumin within {days} days" in words(lines([changed.calcium], {}))


def test_calcium_corrected_for_protein_is_not_used() -> None:
    assert isinstance(record(result("18281-6", quantity(2.9, "mmol/L"))).calcium, Absent)
