"""What a product holds: strengths and concentrations, in names and in ingredients."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mappings.readers.strengths import (
    NO_STRENGTH,
    Strength,
    quantity_unit,
    strength_in_name,
    strength_of_ingredient,
    tells_an_amount,
)
from mappings.vocabulary.doses import Dimension, DoseUnit

Json = dict[str, Any]


def strength(**told: str) -> Strength:
    return Strength(**{name: Decimal(amount) for name, amount in told.items()})


def in_name(name: str, *, in_units: bool = False) -> Strength:
    return strength_in_name(name, in_units=in_units)


# --- in a name --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mg"),
    [
        *(
            ("XGEVA 120 mg, solution injectable", "120"),
            ("acide zolédronique 4mg", "4"),
            ("zoledronic acid 0.004 g", "4"),
        ),
        *(("cholécalciférol 1250 µg", "1.25"), ("colecalciferol 1250 mcg", "1.25"), ("denosumab 120 MG/flacon", "120")),
        *(("zoledronic acid 8 mg/2 vials", "4"), ("Zolédronate 4 mg / NaCl 0,9 % 100 mL", "4"), ("dose 3,5 mg", "3.5")),
        *(("Xgeva 120 mg/1.7 mL", "120"), ("calcium 500 mg/400 UI", "500"), ("4 mg par voie veineuse", "4")),
        *(("calcium 1 250 mg", "1250"), ("4 mg, then 8 mg", "4"), ("0,266 mg", "0.266"), ("vitamine B12 4 mg", "4")),
    ],
)
def test_a_mass_in_a_name_is_that_of_one_piece(name, mg):
    assert in_name(name).mg == Decimal(mg)


@pytest.mark.parametrize(
    ("name", "mg_per_ml"),
    [
        *(("denosumab 70 mg/mL", "70"), ("denosumab 70 MG/ML Injection", "70"), ("denosumab 70 mg per mL", "70")),
        *(("zoledronic acid 40 mg/L", "0.04"), ("acide zolédronique 4 mg/100 mL", "0.04"), ("70 µg/mL", "0.07")),
        *(
            ("acide zolédronique 4 mg / 5 mL", "0.8"),
            ("4 mg pour 5 ml", "0.8"),
            ("0,8 mg/1 mL", "0.8"),
            ("4 mg/dL", "0.04"),
        ),
    ],
)
def test_a_mass_per_volume_is_a_concentration_and_not_what_a_container_holds(name, mg_per_ml):
    assert in_name(name)._replace(label=None) == strength(mg_per_ml=mg_per_ml)


@pytest.mark.parametrize(
    "divides",
    [
        *(
            "/",
            " / ",
            "⁄",
            "∕",
            " ∶ ",
            " : ",
            " per ",
            " par ",
            " pour ",
            " pro ",
            " je ",
            " in 1 ",
            " in einem ",
            " dans 1 ",
        ),
        *(" each ", " per each ", " auf 1 ", " for 1 ", " für 1 "),
    ],
)
def test_what_divides_a_mass_by_a_volume_is_read_in_every_spelling(divides):
    for volume in ("ml", "mL", "Milliliter"):
        assert in_name(f"denosumab 70 mg{divides}{volume}")._replace(label=None) == strength(mg_per_ml="70")


@pytest.mark.parametrize(
    "name", ["3,5 mg dans 100 mL de NaCl", "3.5 mg in 100 ml", "3,5 mg in 5 ml", "3,5 mg auf 250 ml NaCl"]
)
def test_what_is_diluted_in_a_volume_is_the_whole(name):
    assert in_name(f"acide zolédronique {name}").mg == Decimal("3.5")


@pytest.mark.parametrize("said", ["mg.ml-1", "mg ml-1", "mg·mL⁻¹", "mg mL^-1", "mg.mL−1"])
def test_a_negative_power_divides(said):
    assert in_name(f"denosumab 70 {said}") == strength(mg_per_ml="70")


@pytest.mark.parametrize("name", ["Duoplavin 75 mg/100 mg", "Asasantine 25 mg / 200 mg"])
def test_of_two_amounts_in_one_product_nobody_knows_whose_is_whose(name):
    assert in_name(name) == NO_STRENGTH


@pytest.mark.parametrize(
    ("name", "mg", "ml"),
    [
        *(("1.7 ML denosumab 70 MG/ML Injection", "119", "1.7"), ("100 ML zoledronic acid 0.04 MG/ML", "4", "100")),
        *(
            ("denosumab 70 mg/mL, flacon de 1,7 mL", "119", "1.7"),
            ("denosumab 60 mg/mL seringue préremplie de 1 mL", "60", "1"),
        ),
        *(("zoledronic acid 0.8 mg/mL, 5 mL vial", "4", "5"), ("0,8 mg/mL (flacon 5 mL)", "4", "5")),
    ],
)
def test_a_concentration_in_a_container_of_a_known_volume_is_what_it_holds(name, mg, ml):
    read = in_name(name)
    assert (read.mg, read.millilitres) == (Decimal(mg), Decimal(ml))


@pytest.mark.parametrize(
    "name", ["0,8 mg/mL dans une poche de NaCl 100 mL", "0,8 mg/mL, 5 mL vial or 10 mL vial", "0.8 mg/mL 5 mL"]
)
def test_a_volume_that_may_be_another_than_the_containers_says_nothing_of_it(name):
    assert in_name(name) == strength(mg_per_ml="0.8")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "4 mg/kg",
            "0,05 mg / kg",
            "60 mg/m²",
            "60 mg/m2",
            "60 mg/m^2",
            "4 mg per kg",
            "4 mg par kg",
            "4 mg.kg-1",
            "4 mg kg-1",
        ),
        *(
            "100 mg/j",
            "100 mg/24 h",
            "100 mg par jour",
            "5 mg/kg/d",
            "4 mg/h",
            "10 mg/g",
            "50 mg/100 g",
            "25 µg/h",
            "4 mg/x",
        ),
        *("0,05 mg/kgKG", "0,05 mg pro kg", "0,05 mg je kg KG", "4 mg/Woche", "100 mg pro Tag", "4 mg/Std", "4 mg.h-1"),
        *("1,000 mg", "4.000 mg", "0 mg", "120", "mg", "NaCl 0,9 %", "", "120 mgx", "4 mg/"),
    ],
)
def test_what_is_per_weight_surface_or_time_or_may_be_two_numbers_is_no_strength(name):
    assert in_name(name) == NO_STRENGTH


@pytest.mark.parametrize(
    "number",
    [
        "50000",
        "50 000",
        "50\u00a0000",
        "50\u202f000",
        "50\u2009000",
        "50'000",
        "50’000",
        "50_000",
        "50´000",
        "50`000",
        "50,000",
        "50.000",
    ],
)
@pytest.mark.parametrize(
    "unit",
    [
        *("UI", "IU", "U.I.", "I.U.", "ui", "IE", "I.E.", "I. E.", "[iU]", "Internationale Einheiten", "int. units"),
        *("international units", "Int'l units"),
    ],
)
def test_thousands_of_international_units_are_read_in_every_spelling(number, unit):
    assert in_name(f"cholécalciférol {number} {unit}, capsule").iu == 50000


@pytest.mark.parametrize(
    ("name", "iu"),
    [
        *(("50,000 IU", 50000), ("50.000 UI", 50000), ("1,000,000 IU", None), ("50k IU", 50000), ("50 kUI", 50000)),
        *(
            ("2x50 000 UI", 50000),
            ("vitamine D3 100 000 UI", 100000),
            ("vitamine D 100 000 UI", 100000),
            ("1,5 UI", Decimal("1.5")),
        ),
        *(
            ("UVEDOSE 100 000 UI/2 mL", 100000),
            ("Vitamine D3 200 000 UI/1 mL", None),
            ("STEROGYL 2 000 000 UI/100 ml", None),
        ),
        *(("50 000 UI par semaine", None), ("100 000 UI par voie orale", 100000), ("Fosavance 70 mg/5600 UI", 5600)),
    ],
)
def test_international_units_in_a_name_are_those_of_one_piece(name, iu):
    assert in_name(name).iu == iu


@pytest.mark.parametrize("unit", ["unit", "units", "unité", "unités", "unites", "UNT", "UT", "U"])
def test_units_are_international_units_of_a_drug_that_is_counted_in_them_alone(unit):
    assert in_name(f"400 {unit} tablet", in_units=True).iu == 400
    assert in_name(f"400 {unit} tablet").iu == (400 if unit == "UNT" else None)


def test_what_a_name_says_behind_300_characters_is_not_read():
    assert in_name("x" * 301 + " 120 mg") == NO_STRENGTH


@pytest.mark.parametrize(
    ("said", "tells"),
    [("120 mg SC", True), ("1,7 mL", True), ("50 000 UI", True), ("as before", False), ("3 fois", False)],
)
def test_a_text_tells_an_amount_where_it_has_a_number_with_a_unit(said, tells):
    assert tells_an_amount(said) is tells


# --- of an ingredient -------------------------------------------------------------------------------------------------


def amount(value: object, unit: str = "", code: str = "") -> Json:
    return {name: said for name, said in (("value", value), ("unit", unit), ("code", code)) if said != ""}


def medication(numerator: Json, denominator: Json | None = None, **members: Any) -> Json:
    ratio = {"numerator": numerator} | ({} if denominator is None else {"denominator": denominator})
    return {"ingredient": [{"strength": ratio}], **members}


def of(told: Json, *, in_units: bool = False) -> Strength:
    return strength_of_ingredient(told, in_units=in_units)


@pytest.mark.parametrize(
    ("numerator", "denominator", "mg_per_ml"),
    [
        *((amount(70, "mg"), amount(1, "mL"), "70"), (amount("0.8", "mg"), amount(1, "", "mL"), "0.8")),
        *((amount(4, "mg"), amount(100, "mL"), "0.04"), (amount(4, "mg"), amount(5, "mL"), "0.8")),
        *((amount(40, "mg"), amount(1, "L"), "0.04"), (amount(70000, "ug"), amount(1, "mL"), "70")),
        *(
            (amount(70, "mg/mL"), None, "70"),
            (amount(70, "mg/mL"), amount(1, "1"), "70"),
            (amount(4, "mg"), amount(1, "dL"), "0.04"),
        ),
    ],
)
def test_a_strength_per_volume_is_a_concentration_whatever_the_volume(numerator, denominator, mg_per_ml):
    assert of(medication(numerator, denominator))._replace(label=None) == strength(mg_per_ml=mg_per_ml)


@pytest.mark.parametrize(
    ("numerator", "denominator", "mg"),
    [
        *(
            (amount(120, "mg"), None, "120"),
            (amount(120, "mg"), amount(1), "120"),
            (amount(120, "mg"), amount(1, "1"), "120"),
        ),
        *((amount(120, "mg"), amount(1, "vial"), "120"), (amount(240, "mg"), amount(2, "{vial}"), "120")),
        *((amount(120, "mg"), amount(1, "flacon", "15009000"), "120"), (amount("0.12", "g"), amount(1, "unit"), "120")),
    ],
)
def test_a_strength_of_a_piece_is_what_it_holds(numerator, denominator, mg):
    assert of(medication(numerator, denominator)) == strength(mg=mg)


QUALIFIED: tuple[Json, ...] = (
    {"comparator": ">"},
    {"modifierExtension": [{"url": "urn:invented"}]},
    {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]},
)


@pytest.mark.parametrize(
    "told",
    [
        *(medication(amount(5, "mg"), amount(1, unit)) for unit in ("kg", "m2", "g", "h", "d", "fortnight", "mg")),
        *(medication(amount(5, unit), amount(1, "1")) for unit in ("mg/kg", "mg/m2", "mol", "mL", "", "mg{/kg}")),
        medication(amount(5, "mg/mL"), amount(1, "mL")),
        medication(amount(5, "mg"), amount(0, "mL")),
        medication(amount("five", "mg"), amount(1, "mL")),
        *(medication(amount(5, "mg") | said, amount(1, "vial")) for said in QUALIFIED),
        *(medication(amount(5, "mg"), amount(1, "vial") | said) for said in QUALIFIED),
        medication(amount(0, "mg"), amount(1, "mL")),
        medication(amount(5, "mg", "ug"), amount(1, "mL")),
        {"ingredient": [*medication(amount(4, "mg"))["ingredient"], *medication(amount(9, "mg"))["ingredient"]]},
        {"ingredient": [{"strength": {}}]},
        {},
    ],
)
def test_a_strength_that_cannot_be_read_is_none(told):
    assert of(told) == NO_STRENGTH


def test_the_volume_of_the_whole_makes_of_a_concentration_what_it_holds():
    holds = strength(mg="119", millilitres="1.7", mg_per_ml="70")
    concentration = (amount(70, "mg"), amount(1, "mL"))
    whole = {"numerator": amount("1.7", "mL"), "denominator": amount(1)}
    assert of(medication(*concentration, amount=whole))._replace(label=None) == holds
    assert of(medication(*concentration, totalVolume=amount("1.7", "mL")))._replace(label=None) == holds
    for unread in ({"numerator": amount("1.7", "mL"), "denominator": amount(2)}, {"numerator": amount(4, "vial")}):
        assert of(medication(*concentration, amount=unread)).mg is None


def test_the_strengths_of_later_fhir_are_read():
    ratio = {"numerator": amount(70, "mg"), "denominator": amount(1, "mL")}
    assert of({"ingredient": [{"strengthRatio": ratio}]}).mg_per_ml == 70
    assert of({"ingredient": [{"strengthQuantity": amount(4, "mg")}]}) == strength(mg="4")


def test_units_of_an_ingredient_are_international_units_where_the_drug_is_counted_in_them():
    told = medication(amount(1000, "units"), amount(1, "tablet"))
    assert (of(told, in_units=True), of(told)) == (strength(iu="1000"), NO_STRENGTH)


# --- the unit of a quantity -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "counted"),
    [
        *(
            (amount(1, "mg", "mg"), Dimension.MASS),
            (amount(1, "milligramme", "mg"), Dimension.MASS),
            (amount(1, "mg", "1"), Dimension.MASS),
        ),
        *((amount(1, "units", "[iU]"), Dimension.INTERNATIONAL_UNITS), (amount(1, "unité", "{tbl}"), Dimension.PIECES)),
        *(
            (amount(1, "mg."), Dimension.MASS),
            (amount(1, "Milligramm"), Dimension.MASS),
            (amount(1, "Tbl."), Dimension.PIECES),
        ),
        *((amount(1, "Tablette"), Dimension.PIECES), (amount(1, "Fertigspritze"), Dimension.PIECES)),
        *((amount(1, "Einheiten"), Dimension.UNITS), (amount(1, "I. E."), Dimension.INTERNATIONAL_UNITS)),
        *((amount(1, "Comprimé", "15054000"), Dimension.PIECES), (amount(1, "comprimé(s)"), Dimension.PIECES)),
        *(
            (amount(1, "{unit}"), Dimension.UNITS),
            (amount(1, "", "mg{total}"), Dimension.MASS),
            (amount(1, "", "1"), Dimension.PIECES),
        ),
    ],
)
def test_the_code_and_the_text_of_a_unit_say_what_it_counts(quantity, counted):
    unit, over = quantity_unit(quantity)
    assert unit is not None
    assert (unit.counted, over) == (counted, "")


@pytest.mark.parametrize(
    "quantity",
    [
        *(
            amount(1, "mg", "ug"),
            amount(1, "mg", "mg/kg"),
            amount(1, "mg/kg", "mg"),
            amount(1, "mg/m²"),
            amount(1, "mg/1.73m2"),
        ),
        *(
            amount(1, "mg per kg"),
            amount(1, "puff"),
            amount(1),
            amount(1, "m" * 65),
            amount(1, "tablet", "mg"),
            amount(1, "mg{/kg}"),
        ),
    ],
)
def test_a_unit_that_contradicts_itself_or_is_per_weight_or_unknown_is_none(quantity):
    assert quantity_unit(quantity)[0] is None


def test_a_concentration_is_a_unit_with_what_it_is_per():
    assert quantity_unit(amount(70, "mg/mL")) == (DoseUnit(Dimension.MASS), "ml")
