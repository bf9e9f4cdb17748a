"""Drugs as real records hold them: where the name of the drug is, which strength, and whether it was given."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from support.quirk import (
    ATC,
    DENOSUMAB,
    LOCAL,
    NDC,
    NOW,
    RXNORM,
    Resource,
    answer,
    cards,
    concept,
    quiet,
    record,
    request,
    resource,
    rules,
    said,
    topics,
    with_draft,
    words,
)
from support.quirk import fact as fact_of

from mappings.clock import Clock
from mappings.facts import Exposure, uncertain_remark
from mappings.readers.medications import identify
from mappings.readers.reader import Reader
from mappings.vocabulary import valuesets
from mappings.vocabulary.concepts import Terminology
from mappings.vocabulary.names import GROUPS
from service.languages.render import Language, render

FRENCH = "http://data.esante.gouv.fr/ansm/medicament/"
MIMIC = "http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-medication-name"
PAMIDRONATE, ZOLEDRONATE, DENOSUMAB_ATC = "M05BA03", "M05BA08", "M05BX04"


def given(id_: str = "given", day: str = "2026-03-01", **medication: Any) -> Resource:
    """An administration on 1 March 2026."""
    return resource("MedicationAdministration", id_, **{"status": "completed", "effectiveDateTime": day, **medication})


def taken(id_: str = "taken", **medication: Any) -> Resource:
    """A statement: taken since January 2026."""
    return resource(
        "MedicationStatement", id_, **{"status": "active", "effectivePeriod": {"start": "2026-01-05"}, **medication}
    )


def asked(id_: str = "asked", **medication: Any) -> Resource:
    return resource(
        "MedicationRequest", id_, **{"status": "active", "intent": "order", "authoredOn": "2026-03-01", **medication}
    )


def coded(system: str, code: str, **members: str) -> dict[str, Any]:
    return {"medicationCodeableConcept": concept(system, code, **members)}


def behind(reference: str) -> dict[str, Any]:
    return {"medicationReference": {"reference": reference}}


def medication(id_: str, **members: Any) -> Resource:
    return {"resourceType": "Medication", "id": id_, **members}


def part(reference: str) -> Resource:
    return {"itemReference": {"reference": f"Medication/{reference}"}}


def the_exposure(*resources: Resource) -> Exposure:
    of = record(*resources).exposures
    assert of.gaps == ()
    [entry] = of.entries
    return entry


def drug(*resources: Resource) -> str:
    return the_exposure(*resources).drug.name.message


# --- where the drug is ------------------------------------------------------------------------------------------------


def test_a_drug_behind_a_reference_is_read() -> None:
    assert drug(given(**behind("Medication/m")), medication("m", code=concept(ATC, ZOLEDRONATE))) == "zoledronic acid"


def test_a_drug_behind_an_absolute_or_versioned_reference_is_read() -> None:
    there = medication("m", code=concept(ATC, ZOLEDRONATE))
    for reference in ("https://ehr.example.org/fhir/Medication/m", "Medication/m/_history/3"):
        assert drug(given(**behind(reference)), there) == "zoledronic acid"


def test_a_contained_medication_is_read_with_its_ingredients() -> None:
    compound = medication("mix", ingredient=[{"itemCodeableConcept": concept(ATC, PAMIDRONATE)}])
    assert drug(given(contained=[compound], **behind("#mix"))) == "pamidronic acid"


def test_the_drug_of_a_mix_is_read_through_the_references_of_its_ingredients() -> None:
    mix = medication("mix", code={"text": "Poche"}, ingredient=[part("saline"), part("drug")])
    saline = medication("saline", code=concept(ATC, "B05BB01"))
    assert drug(given(**behind("Medication/mix")), mix, saline, medication("drug", code=concept(ATC, PAMIDRONATE))) == (
        "pamidronic acid"
    )


def test_mixes_that_refer_to_each_other_end_and_their_drug_is_found() -> None:
    a = medication("a", ingredient=[part("b")])
    b = medication("b", ingredient=[part("a"), {"itemCodeableConcept": concept(ATC, ZOLEDRONATE)}])
    assert drug(given(**behind("Medication/a")), a, b) == "zoledronic acid"


def test_mixes_that_only_refer_to_each_other_are_not_identified() -> None:
    a, b = medication("a", ingredient=[part("b")]), medication("b", ingredient=[part("a")])
    assert record(given(**behind("Medication/a")), a, b).exposures.gaps != ()


@pytest.mark.parametrize(
    "medication_of",
    [
        behind("Medication/gone"),
        behind("#gone"),
        behind("urn:uuid:11111111-1111-4111-8111-111111111111"),
        coded(NDC, "55513073001"),
        coded(LOCAL, "ALBU100"),
        coded(LOCAL, "Z4"),
        {},
    ],
)
def test_a_drug_that_cannot_be_identified_leaves_the_history_open_and_is_named(medication_of: dict[str, Any]) -> None:
    of = record(given("odd", **medication_of)).exposures
    assert of.entries == ()
    assert of.ever is None
    told = words(of.gaps)
    codes = [one["code"] for one in medication_of.get("medicationCodeableConcept", {}).get("coding", ())]
    assert all(code in told for code in codes)
    assert "known neither by code nor by name" in told or "could not be looked up" in told


def test_an_ndc_alone_is_said_to_leave_the_history_unchecked() -> None:
    there = {"medicationAdministrations": medication("m", code=concept(NDC, "1"))}
    answered = cards(given("ndc", **behind("Medication/m")), order=DENOSUMAB, under=there)
    assert "vitamin-d-unknown" in rules(answered, "unchecked")
    assert "NDC 1" in said(answered)


def test_the_name_beside_an_ndc_identifies_and_is_said_to_be_a_name() -> None:
    named = medication("m", code=concept(NDC, "55513073001"), identifier=[{"system": MIMIC, "value": "Xgeva"}])
    entry = the_exposure(given(**behind("Medication/m")), named)
    assert entry.drug.strength_mg == 120
    assert entry.drug.by_name


def test_a_name_in_the_place_of_the_code_identifies_and_is_said_to_be_a_name() -> None:
    entry = the_exposure(given(**coded(MIMIC, "Zoledronic Acid")))
    assert entry.drug.name.message == "zoledronic acid"
    assert entry.drug.by_name


def test_another_drugs_name_in_the_place_of_the_code_leaves_no_gap() -> None:
    of = record(given(**coded(MIMIC, "Sodium Chloride 0.9%  Flush"))).exposures
    assert (of.entries, of.gaps) == ((), ())


def test_an_infusion_of_albumin_is_no_result_and_no_drug_of_ours() -> None:
    of = record(given(**coded(ATC, "B05AA01")))
    assert (of.exposures.entries, of.exposures.gaps) == ((), ())
    assert fact_of(of, "albumin").test(lambda _: True) is False


@pytest.mark.parametrize(
    ("text", "name", "mg"),
    [
        ("XGEVA 120 mg SC toutes les 4 semaines", "denosumab", 120),
        ("Zolédronate 4 mg / NaCl 0,9 % 100 mL", "zoledronic acid", 4),
        ("denosumab-bbdz 120 MG/1.7 ML injection", "denosumab", 120),
        ("Infusion bestehend aus 85mg Doxorubicin und 250ml Isotone Kochsalzlösung", "doxorubicin", 85),
    ],
)
def test_a_drug_in_words_is_read_from_the_table_of_names(text: str, name: str, mg: int) -> None:
    entry = the_exposure(taken(medicationCodeableConcept={"text": text}))
    assert (entry.drug.name.message, entry.drug.strength_mg) == (name, mg)
    assert entry.drug.by_name


def test_a_reference_with_a_display_alone_is_read_as_a_name() -> None:
    assert drug(taken(medicationReference={"display": "denosumab 120 mg injection"})) == "denosumab"


@pytest.mark.parametrize("system", [LOCAL, NDC, RXNORM, f"{FRENCH}UCD", f"{FRENCH}codeSMS", "http://snomed.info/sct"])
def test_a_display_beside_a_code_that_no_whole_list_lacks_identifies_and_is_said_to_be_a_name(system: str) -> None:
    shown = {"coding": [{"system": system, "code": "3400899999993", "display": "Zometa 4 mg"}]}
    entry = the_exposure(given(medicationCodeableConcept=shown))
    assert entry.drug.name.message == "zoledronic acid"
    assert entry.drug.by_name


def test_a_display_beside_a_substance_of_a_whole_list_is_not_read() -> None:
    shown = {"coding": [{"system": ATC, "code": "C09CA01", "display": "Zometa 4 mg"}]}
    of = record(given(medicationCodeableConcept=shown)).exposures
    assert (of.entries, of.gaps) == ((), ())


@pytest.mark.parametrize("text", ["G5 % 1 L", "O2 3 L/min", "Vitamine B12"])
def test_a_short_name_is_the_name_of_something_else(text: str) -> None:
    of = record(given(medicationCodeableConcept={"text": text})).exposures
    assert (of.entries, of.gaps) == ((), ())


@pytest.mark.parametrize("display", ["Zometq 4 mg", "inconnu", "masked", "", "12"])
def test_words_that_may_be_a_drug_of_ours_or_say_nothing_leave_the_history_open(display: str) -> None:
    shown = {"coding": [{"system": LOCAL, "code": "7", "display": display}]}
    of = record(given("odd", medicationCodeableConcept=shown)).exposures
    assert of.entries == ()
    assert (display or "7") in words(of.gaps)


@pytest.mark.parametrize(
    ("concept_told", "names"),
    [
        ({"coding": [{"system": ATC, "code": "L01BC"}], "text": "Gemcitabine 1000 mg"}, {"gemcitabine"}),
        ({"coding": [{"system": ATC, "code": "M05BA", "display": "XGEVA"}]}, {"denosumab_120mg"}),
        ({"coding": [{"system": ATC, "code": "M05B0"}], "text": "Aredia"}, {"pamidronic_acid"}),
    ],
)
def test_a_class_code_or_none_of_its_system_never_outvotes_a_name(concept_told: Resource, names: set[str]) -> None:
    assert the_exposure(given(medicationCodeableConcept=concept_told)).drug.concepts == names


@pytest.mark.parametrize(
    ("code", "member", "name"),
    [
        ("L01BC", "gemcitabine", "cytotoxic drug (ATC L01BC)"),
        ("L01", "pembrolizumab", ""),
        ("M05BA", "zoledronic_acid", "bisphosphonate (ATC M05BA)"),
        ("B01AA", "warfarin", "vitamin K antagonist (ATC B01AA)"),
        ("B01", "apixaban", ""),
        ("H02AB", "dexamethasone", ""),
    ],
)
def test_a_class_in_the_record_is_a_possible_exposure_to_each_of_its_drugs(code: str, member: str, name: str) -> None:
    entry = the_exposure(given("odd", **coded(ATC, code)))
    assert member in entry.drug.concepts
    assert not entry.certain
    assert code in entry.drug.name.message
    assert not name or entry.drug.name.message == name
    assert "possible exposure" in uncertain_remark(entry).message


@pytest.mark.parametrize(
    ("words_said", "member"),
    [
        *(
            ("AVK", "warfarin"),
            ("AVK (INR 2-3)", "fluindione"),
            ("Anticoagulant oral", "apixaban"),
            ("HBPM", "enoxaparin"),
        ),
        *(
            ("DOACs", "rivaroxaban"),
            ("antiagrégants plaquettaires", "clopidogrel"),
            ("bisphosphonate IV", "zoledronic_acid"),
        ),
        *(("Inhibiteur de RANK-L", "denosumab"), ("Immunothérapie C3", "pembrolizumab"), ("ITK", "osimertinib")),
        *(("corticothérapie au long cours", "prednisone"), ("low-molecular-weight heparins", "tinzaparin")),
    ],
)
def test_a_class_in_words_is_a_possible_exposure_to_each_of_its_drugs(words_said: str, member: str) -> None:
    for told in (
        {"medicationCodeableConcept": {"text": words_said}},
        {"medicationCodeableConcept": concept(LOCAL, "Q7", text=words_said)},
        {"medicationReference": {"display": words_said}},
    ):
        entry = the_exposure(given(**told))
        assert (member in entry.drug.concepts, entry.certain) == (True, False)
        assert entry.drug.name.message == words_said


@pytest.mark.parametrize(
    "words_said", ["Anticoagulant citrate dextrose", "Immunothérapie allergénique", "corticoïde inhalé"]
)
def test_what_bears_the_words_of_a_class_and_is_another_thing_is_no_exposure(words_said: str) -> None:
    of = record(given(medicationCodeableConcept={"text": words_said})).exposures
    assert (of.entries, of.gaps) == ((), ())


def test_chemotherapy_without_a_drug_leaves_the_history_open() -> None:
    of = record(given(medicationCodeableConcept={"text": "Chimiothérapie C3 J1"})).exposures
    assert (of.entries, len(of.gaps)) == ((), 1)
    assert the_exposure(given(medicationCodeableConcept={"text": "Chimio : cisplatine"})).drug.concepts == {"cisplatin"}


@pytest.mark.parametrize(
    "odd",
    [
        *({"modifierExtension": [{"url": "urn:x"}]}, {"implicitRules": "urn:x"}, {"status": "entered-in-error"}),
        *(
            {"status": "zorglub"},
            {"ingredient": [{"itemCodeableConcept": {}, "modifierExtension": [{"url": "urn:x"}]}]},
        ),
    ],
)
def test_a_medication_that_may_not_be_what_it_seems_leaves_the_history_open(odd: dict[str, Any]) -> None:
    behind_it = given(**behind("Medication/m")), medication("m", **{"code": concept(ATC, PAMIDRONATE), **odd})
    assert (record(*behind_it).exposures.entries, len(record(*behind_it).exposures.gaps)) == ((), 1)


def test_a_product_that_a_list_denies_is_another_thing_whatever_its_other_codes_and_parts_say() -> None:
    both = {"coding": [{"system": ATC, "code": "H02AB02"}, {"system": f"{FRENCH}UCD", "code": "3400890277334"}]}
    assert record(given(medicationCodeableConcept=both)).exposures.entries == ()
    cream = medication(
        "m", code={**both, "coding": both["coding"][1:]}, ingredient=[{"itemCodeableConcept": concept(ATC, "H02AB01")}]
    )
    of = record(given(**behind("Medication/m")), cream).exposures
    assert (of.entries, of.gaps) == ((), ())


@pytest.mark.parametrize(
    "told",
    [
        {"medicationCodeableConcept": "Zometa 4 mg"},
        {"medicationCodeableConcept": [concept(ATC, ZOLEDRONATE)]},
        {"medicationCodeableConcept": {"coding": concept(ATC, ZOLEDRONATE)["coding"][0]}},
        {"medicationCodeableConcept": {"system": ATC, "code": ZOLEDRONATE}},
        {"medicationCodeableConcept": {"text": "Zometa"}},
        {"medication": {"concept": {"text": "Zometa"}}},
        {"medication": concept(ATC, ZOLEDRONATE)},
        {"medication": {"reference": {"display": "Zometa"}}},
        {"medicationReference": {"identifier": {"value": "Zometa 4 mg/5 ml"}}},
        coded(ATC, "M05BA08 |zoledronic acid|"),
    ],
    ids=repr,
)
def test_a_drug_told_in_any_shape_is_read(told: dict[str, Any]) -> None:
    assert drug(given(**told)) == "zoledronic acid"


def test_the_identifier_of_a_medication_names_it_by_a_code_too() -> None:
    there = medication("m", identifier=[{"system": f"{FRENCH}UCD", "value": "3400893841433"}])
    assert the_exposure(given(**behind("Medication/m")), there).drug.concepts == {"denosumab_120mg"}


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (coded(ATC, "L01DB06", text="Idarubicin"), "Idarubicin"),
        (
            {"medicationCodeableConcept": {"coding": [{"system": ATC, "code": "L01DB06", "display": "Zavedos"}]}},
            "Zavedos",
        ),
        (coded(ATC, "L01DB06"), "cytotoxic drug (ATC L01DB06)"),
        (
            {"medicationCodeableConcept": {"text": "Ida\u0000\u001b[31m\u202erubicin", **concept(ATC, "L01DB06")}},
            "Ida [31m rubicin",
        ),
    ],
)
def test_no_drug_of_the_record_is_without_a_name(told: dict[str, Any], name: str) -> None:
    assert drug(given(**told)) == name


# --- which product ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "code", "mg"),
    [
        (RXNORM, "1046399", 120),
        (RXNORM, "993453", 60),
        (f"{FRENCH}SpecialitePharmaceutique", "65243459", 120),
        (f"{FRENCH}Presentation", "3400921725384", 120),
        (f"{FRENCH}SpecialitePharmaceutique", "64256891", 60),
        (f"{FRENCH}UCD", "3400892558882", 4),
        (f"{FRENCH}UCD", "9255888", 4),  # the old seven digits
        ("urn:oid:1.2.250.1.213.2.62", "3400892558882", 4),
        (f"{FRENCH}SpecialitePharmaceutique", "67306342", 5),
    ],
)
def test_the_product_tells_the_strength(system: str, code: str, mg: int) -> None:
    assert the_exposure(taken(**coded(system, code))).drug.strength_mg == mg


def test_a_product_of_no_list_and_no_name_leaves_the_history_open() -> None:
    assert record(taken(**coded(f"{FRENCH}UCD", "3400893000001"))).exposures.gaps != ()
    assert record(taken(**coded(f"{FRENCH}UCD", "3400893000001", text="LOSARTAN 50 MG"))).exposures.gaps == ()
    assert record(taken(**coded(ATC, "C09CA01"))).exposures.gaps == ()


@pytest.mark.parametrize(
    ("system", "code"), [(ATC, DENOSUMAB_ATC), (ATC, ZOLEDRONATE), (RXNORM, "993449"), (RXNORM, "77655")]
)
def test_neither_atc_nor_the_ingredient_tells_the_strength(system: str, code: str) -> None:
    assert the_exposure(taken(**coded(system, code))).drug.strength_mg is None


@pytest.mark.parametrize(
    "system",
    [
        "http://www.whocc.no/atc",
        "https://www.whocc.no/atc/",
        "https://smt.esante.gouv.fr/terminologie-atc",
        "urn:oid:2.16.840.1.113883.6.73",
        "http://fhir.de/CodeSystem/bfarm/atc",
    ],
)
def test_atc_is_read_under_each_of_its_systems(system: str) -> None:
    assert drug(taken(**coded(system, "m05bx04"))) == "denosumab"


# --- was it given -----------------------------------------------------------------------------------------------------

ONCE = {"timing": {"code": {"text": "ONCE"}}}


@pytest.mark.parametrize(
    "line",
    [ONCE, {"timing": {"repeat": {"count": 1}}}, {"timing": {"event": ["2026-03-01"]}}],
)
def test_a_one_off_dose_marked_stopped_was_given(line: dict[str, Any]) -> None:
    entry = the_exposure(asked(status="stopped", dosageInstruction=[line], **coded(ATC, PAMIDRONATE)))
    assert entry.last_dose is not None
    assert entry.last_dose.last == date(2026, 3, 1)


def test_an_infusion_marked_stopped_was_given() -> None:
    entry = the_exposure(given(status="stopped", **coded(ATC, PAMIDRONATE)))
    assert entry.last_dose is not None


@pytest.mark.parametrize("status", ["final", "unknown", "", None])
def test_a_status_that_is_none_of_fhir_is_a_possible_exposure_and_said_to_be_uncertain(status: str | None) -> None:
    entry = the_exposure(taken(status=status, **coded(ATC, DENOSUMAB_ATC)))
    assert not entry.certain
    assert entry.ongoing
    shown = cards(taken("odd", status=status, **coded(ATC, DENOSUMAB_ATC)), order=DENOSUMAB)
    assert "(denosumab) is uncertain" in said(shown)


@pytest.mark.parametrize(
    ("adherence", "expected"),
    [
        *(("taking", (True, True, False)), ("taking-not-as-directed", (True, True, False))),
        *(("stopped", (True, False, True)), ("on-hold-as-directed", (True, False, False))),
        *(("unknown", (False, True, False)), ("zorglub", (False, True, False)), (None, (False, True, False))),
        *(("not-taking", None), ("Not_Taking", None)),
    ],
)
def test_in_r5_the_adherence_says_whether_a_drug_is_taken(adherence: str | None, expected: Any) -> None:
    said_so = {"code": {"coding": [{"code": adherence}]}} if adherence else None
    entries = record(taken(status="recorded", adherence=said_so, **coded(ATC, PAMIDRONATE))).exposures.entries
    assert [(one.certain, one.ongoing, one.stopped) for one in entries] == ([] if expected is None else [expected])


def test_a_drug_on_hold_was_taken_until_nobody_knows_when() -> None:
    for entry in (
        taken(status="on-hold", **coded(ATC, PAMIDRONATE)),
        asked(status="on-hold", **coded(ATC, PAMIDRONATE)),
    ):
        read = the_exposure(entry)
        assert (read.ongoing, read.stopped, read.last_dose, read.last_dose_undated) == (False, False, None, True)


@pytest.mark.parametrize("intent", ["option", "proposal", "directive"])
def test_what_was_only_proposed_is_no_exposure(intent: str) -> None:
    assert record(asked(intent=intent, **coded(ATC, DENOSUMAB_ATC))).exposures.entries == ()


@pytest.mark.parametrize("member", [{"doNotPerform": True}, {"status": "entered-in-error"}, {"status": "cancelled"}])
def test_what_was_not_to_be_given_is_no_exposure(member: dict[str, Any]) -> None:
    assert record(asked(**member, **coded(ATC, DENOSUMAB_ATC))).exposures.entries == ()


@pytest.mark.parametrize("status", ["not-done", "entered-in-error"])
def test_what_was_not_given_is_no_exposure(status: str) -> None:
    assert record(given(status=status, **coded(ATC, DENOSUMAB_ATC))).exposures.entries == ()


def test_active_without_an_end_for_years_is_doubtful_not_ongoing() -> None:
    entry = the_exposure(taken(effectivePeriod={"start": "2019-01-01"}, **coded(ATC, DENOSUMAB_ATC)))
    assert (entry.ongoing, entry.certain) == (False, False)


def test_a_dose_that_is_said_to_be_given_and_dated_ahead_is_an_undated_dose() -> None:
    entry = the_exposure(given(day="2126-03-01", **coded(ATC, DENOSUMAB_ATC)))
    assert (entry.last_dose, entry.last_dose_undated) == (None, True)


def test_a_dose_with_a_date_in_words_is_an_undated_dose() -> None:
    entry = the_exposure(given(day="mars 2026", **coded(ATC, DENOSUMAB_ATC)))
    assert entry.last_dose_undated


# --- drafts -----------------------------------------------------------------------------------------------------------


def drafted(**members: Any) -> list[dict[str, Any]]:
    def change(draft: Resource) -> Resource:
        kept = {name: one for name, one in draft.items() if not name.startswith("medication")}
        return {**kept, "id": "odd", **members}

    return with_draft(change)


@pytest.mark.parametrize(
    "members",
    [
        coded(NDC, "55513-0730-01"),
        coded(f"{FRENCH}UCD", "3400893000001"),  # a product that no list of ours has, and nothing names
        coded(RXNORM, "2700001"),
        coded(LOCAL, "4711"),
        coded(LOCAL, "4711", text="Injection"),
        coded(LOCAL, "4711", text="Zometq 4 mg"),
        coded(ATC, "M05BA"),
        behind("Medication/gone"),
        {},
    ],
)
def test_a_draft_whose_drug_cannot_be_identified_is_one_quiet_card_that_says_what_to_do(
    members: dict[str, Any],
) -> None:
    [card] = answered = drafted(**members)
    assert topics(answered) == ["not-identified"]
    assert card["indicator"] == "info"
    assert card["extension"]["org.osteocds"]["resources"] == ["MedicationRequest/odd"]
    assert "Choose it from the catalogue" in card["detail"]


@pytest.mark.parametrize(
    "members",
    [
        coded(RXNORM, "197361", text="amlodipine 5 MG Oral Tablet"),
        coded(ATC, "C08CA01"),
        {"medicationCodeableConcept": {"text": "Paracétamol 1 g"}},
        coded(f"{FRENCH}UCD", "3400893725719", text="LOSARTAN 50 MG CPR"),
        coded(LOCAL, "4711", text="Injection of the month"),
    ],
)
def test_a_draft_of_a_drug_that_is_known_to_be_none_of_ours_is_silent(members: dict[str, Any]) -> None:
    assert drafted(**members) == []


def test_a_draft_with_a_display_and_an_id_of_two_hundred_characters_is_read() -> None:
    long = "e" + "Ab3.-" * 40
    assert len(long) > 200
    display = {"reference": f"Medication/{long}", "display": "denosumab (XGEVA) injection 120 mg"}
    answered = drafted(id=long, medicationReference=display)
    assert "vitamin-d-unknown" in rules(answered)
    assert "identified by name" in said(answered)


def test_two_drafts_that_cannot_be_identified_share_one_card() -> None:
    asked_for = request(order=DENOSUMAB)
    asked_for["context"]["draftOrders"]["entry"] = [
        {"resource": asked("first", status="draft", **coded(LOCAL, "1"))},
        {"resource": asked("second", status="draft", **coded(NDC, "2"))},
    ]
    named = quiet(answer(asked_for))["extension"]["org.osteocds"]["resources"]
    assert named == ["MedicationRequest/first", "MedicationRequest/second"]


def test_a_dose_in_millilitres_uses_the_strength_of_the_product() -> None:
    line = {"doseAndRate": [{"doseQuantity": {"value": 1.7, "unit": "mL"}}]}
    entry = the_exposure(taken(dosage=[line], medicationCodeableConcept={"text": "XGEVA 120 mg/1,7 mL"}))
    assert entry.dosage.dose_mg == Decimal(120)


@pytest.mark.parametrize(
    ("text", "mg"),
    [
        *(
            ("acide zolédronique 4 mg/100 mL", 4),
            ("acide zolédronique 4 mg/5 mL", 4),
            ("zoledronic acid 5 mg/100 mL", 5),
        ),
        *(("denosumab 60 mg/1 mL", 60), ("denosumab 70 mg/1 mL", None), ("acide zolédronique 0,8 mg/1 mL", None)),
        *(("denosumab 60 mg/mL", None), ("acide zolédronique 4 mg/1000 mL", None), ("pamidronate 90 mg/10 mL", None)),
    ],
)
def test_a_label_of_a_container_that_is_sold_tells_its_strength_and_any_other_concentration_does_not(
    text: str, mg: int | None
) -> None:
    assert the_exposure(taken(medicationCodeableConcept={"text": text})).drug.strength_mg == mg


PER_ML = {"numerator": {"value": 70, "unit": "mg"}, "denominator": {"value": 1, "unit": "mL"}}


@pytest.mark.parametrize(
    ("medication_of", "mg"),
    [
        ({"medicationCodeableConcept": {"text": "denosumab 70 mg/mL"}}, 119),
        ({"medicationCodeableConcept": {"text": "1.7 ML denosumab 70 MG/ML Injection"}}, 119),
        (coded(RXNORM, "1046399"), 120),  # the product, whose volume is known
        (
            {
                **behind("#m"),
                "contained": [medication("m", code=concept(ATC, DENOSUMAB_ATC), ingredient=[{"strength": PER_ML}])],
            },
            119,
        ),
    ],
)
def test_a_dose_in_millilitres_is_multiplied_by_the_concentration(medication_of: dict[str, Any], mg: int) -> None:
    line = {"doseAndRate": [{"doseQuantity": {"value": 1.7, "unit": "mL"}}]}
    assert the_exposure(taken(dosage=[line], **medication_of)).dosage.dose_mg == mg


@pytest.mark.parametrize(
    "line",
    [
        {"doseAndRate": [{"doseQuantity": {"value": 2, "unit": "mg/kg"}}]},
        {"doseAndRate": [{"doseQuantity": {"value": 1, "unit": "seringue"}}]},
        {"text": "120 mg SC"},
    ],
)
def test_a_dose_that_is_stated_and_cannot_be_read_could_not_be_checked(line: dict[str, Any]) -> None:
    answered = drafted(dosageInstruction=[line], **coded(ATC, DENOSUMAB_ATC))
    assert "denosumab-dose" in rules(answered, "unchecked")
    assert "denosumab-dose" not in rules(answered)


@pytest.mark.parametrize(
    "line",
    [
        {"timing": {"event": ["2026-04-01", "2026-06-24", "2026-09-16"]}},
        {"timing": {"code": {"text": "1x/3 mois"}}},
        {"text": "toutes les 12 semaines"},
    ],
)
def test_an_interval_told_by_dates_words_or_fractions_is_checked_and_changed_whole(line: dict[str, Any]) -> None:
    answered = drafted(dosageInstruction=[line], **coded(ATC, DENOSUMAB_ATC))
    [changed] = [
        action["resource"]["dosageInstruction"]
        for card in answered
        if "denosumab-interval" in rules([card])
        for suggestion in card["suggestions"]
        for action in suggestion["actions"]
    ]
    begins = line.get("timing", {}).get("event", [])[:1]
    timing = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "mo"}, **({"event": begins} if begins else {})}
    assert changed == [{"timing": timing}]


def test_an_interval_that_has_no_one_meaning_could_not_be_checked() -> None:
    line = {"timing": {"event": ["2026-04-01", "2026-04-29", "2026-09-16"]}}
    assert "denosumab-interval" in rules(drafted(dosageInstruction=[line], **coded(ATC, DENOSUMAB_ATC)), "unchecked")


@pytest.mark.parametrize("line", [{"text": "120 mg SC toutes les 12 semaines"}])
def test_a_change_that_would_lose_what_only_the_text_says_is_not_offered(line: dict[str, Any]) -> None:
    answered = drafted(dosageInstruction=[line], **coded(ATC, DENOSUMAB_ATC))
    assert [card for card in answered if "denosumab-interval" in rules([card]) and not card.get("suggestions")]


def test_in_french_the_quiet_card_is_french() -> None:
    shown = cards(given("ndc", **coded(NDC, "1")), order=DENOSUMAB, language=Language.FRENCH)
    assert "n’est connu ni par son code ni par son nom" in said(shown)


# --- no name is empty -------------------------------------------------------------------------------------------------

SYSTEMS_OF_DRUGS = frozenset(
    {ATC, RXNORM, NDC, f"{FRENCH}UCD", f"{FRENCH}Presentation", f"{FRENCH}SpecialitePharmaceutique", f"{FRENCH}codeSMS"}
)
ONE_CODE_EACH = {(row.concept, row.system): row for row in valuesets.rows() if row.system in SYSTEMS_OF_DRUGS}
EMPTY = re.compile(r"\S  \S|«\s*»|“\s*”|\(\s*\)|(?:^|\n)- *[:,]| ,|\bunder :|: *(?:\n|$)(?!\n)", re.MULTILINE)
"""What a sentence looks like from which a name is missing."""


@pytest.mark.parametrize(
    "gap", ["Vertebroplasty:  should stop", "Act on bone under : check", "- : ongoing", "«» is", "( )"]
)
def test_a_sentence_without_its_name_is_found(gap: str) -> None:
    assert EMPTY.search(gap)


def test_every_drug_told_by_a_code_alone_has_a_name_in_both_languages() -> None:
    reader = Reader(Clock(NOW), Terminology.shipped(), lambda _: None)
    assert len(ONE_CODE_EACH) > 800
    for row in ONE_CODE_EACH.values():
        told = identify(reader, given(**coded(row.system, row.code)))
        for language in Language:
            assert render(told.name, language).strip(), row


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("group", sorted(GROUPS))
def test_no_card_about_a_drug_of_which_only_the_group_is_known_has_a_gap(group: str, language: Language) -> None:
    row = next(row for (concept_told, _system), row in ONE_CODE_EACH.items() if concept_told == group)
    answered = cards(taken("odd", **coded(row.system, row.code)), order={"act": "vertebroplasty"}, language=language)
    assert answered
    for card in answered:
        assert not EMPTY.search(f"{card['summary']}\n{card['detail']}".replace("\u00a0", " ").replace("\u202f", " "))


# --- other languages and scripts --------------------------------------------------------------------------------------

HOT = "urn:oid:1.2.392.100495.20.2.74"


@pytest.mark.parametrize(
    ("label", "substance"),
    [
        ("ZOLEDRONINEZUUR INFVLST 0,04MG/ML FLACON 100ML", "zoledronic_acid"),
        ("Ácido zoledrónico 4 mg", "zoledronic_acid"),
        ("Ácido zoledrônico 4 mg/5 mL solução injetável", "zoledronic_acid"),
        ("Acido zoledronico", "zoledronic_acid"),
        ("Zoledronsyra", "zoledronic_acid"),
        ("Tsoledronihappo", "zoledronic_acid"),
        ("Kwas zoledronowy", "zoledronic_acid"),
        ("denosumabe 120 mg", "denosumab"),
        ("ランマーク皮下注１２０ｍｇ", "denosumab_120mg"),
        ("ゾメタ点滴静注４ｍｇ／１００ｍＬ", "zoledronic_acid_4mg"),
        ("癌骨瓦注射液120毫克", "denosumab_120mg"),
        ("엑스지바주", "denosumab_120mg"),
        ("Деносумаб", "denosumab"),
        ("gemcitabina 1 g", "gemcitabine"),
        ("ワーファリン錠１ｍｇ", "warfarin"),
        ("アレンドロン酸錠３５ｍｇ", "alendronic_acid"),
        ("テリパラチド皮下注用５６．５μｇ", "teriparatide"),
        ("アルファカルシドール錠０．２５μｇ", "alfacalcidol"),
        ("アスピリン腸溶錠１００ｍｇ", "aspirin"),
        ("ヘパリンナトリウム注５千単位", "heparin"),
    ],
)
def test_a_drug_is_known_by_its_name_in_other_languages(label: str, substance: str) -> None:
    exposure = the_exposure(taken(medicationCodeableConcept={"text": label}))
    assert substance in exposure.drug.concepts
    assert exposure.drug.by_name


@pytest.mark.parametrize(
    "label",
    ["ホリゾン注射液１０ｍｇ", "ロキソプロフェンNa錠60mg", "ヘパリン類似物質油性クリーム", "노바스크정", "Амлодипин"],
)
def test_a_name_in_a_script_that_we_do_not_read_is_never_taken_for_another_drug(label: str) -> None:
    held = record(taken(medicationCodeableConcept={"coding": [{"system": HOT, "code": "1", "display": label}]}))
    assert "is known neither by code nor by name" in words(held.exposures.gaps)


def test_beside_a_latin_name_or_an_atc_code_another_script_is_no_doubt() -> None:
    latin = taken("latin", medicationCodeableConcept={"coding": [{"display": "Diazepam"}], "text": "ホリゾン注射液"})
    coded_too = taken("coded", medicationCodeableConcept=concept(ATC, "N05BA01", text="ホリゾン注射液"))
    greek = taken("greek", medicationCodeableConcept={"text": "Interferon β, 25 µg"})
    assert record(latin, coded_too, greek).exposures.gaps == ()


@pytest.mark.parametrize(
    ("code", "substance"),
    [
        ("3999435A1020", "denosumab_120mg"),
        ("3999423A2024", "zoledronic_acid_4mg"),
        ("3339004F1029", "apixaban"),
        ("3999018F1196", "alendronic_acid"),
        ("3999438G1022", "ibandronic_acid"),
        ("3999449G1020", "romosozumab"),
        ("3112001F1055", "alfacalcidol"),
        ("3399008F1025", "clopidogrel"),
    ],
)
def test_a_japanese_product_is_known_by_the_ingredient_in_its_code(code: str, substance: str) -> None:
    assert substance in the_exposure(taken(**coded("urn:oid:1.2.392.100495.20.2.73", code))).drug.concepts


IPS = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"


@pytest.mark.parametrize(
    "entry",
    [
        concept(IPS, "no-medication-info"),
        {"text": "No information about medications"},
        {"coding": [{"display": "No information about medications"}]},
        concept("http://snomed.info/sct", "1631000175102"),
    ],
)
def test_no_information_about_medications_is_not_no_medication(entry: Resource) -> None:
    assert "the record says of it" in words(record(taken(medicationCodeableConcept=entry)).exposures.gaps).casefold()


@pytest.mark.parametrize(
    "entry", [concept(IPS, "no-known-medications"), concept("http://snomed.info/sct", "787481004")]
)
def test_no_known_medication_is_none(entry: Resource) -> None:
    of = record(taken(medicationCodeableConcept=entry)).exposures
    assert of.gaps == () == of.entries


@pytest.mark.parametrize("name", ["ext-TimeInterval.Period", "zib-Medication-PeriodOfUse"])
def test_a_dutch_agreement_ends_with_its_period_of_use(name: str) -> None:
    url = f"http://nictiz.nl/fhir/StructureDefinition/{name}"
    drug = {"medicationCodeableConcept": concept(ATC, DENOSUMAB_ATC)}

    def agreed(**period: str) -> Exposure:
        return the_exposure(asked(**drug, extension=[{"url": url, "valuePeriod": period}]))

    over, going_on = agreed(start="2025-10-01", end="2026-02-01"), agreed(start="2026-02-01")
    assert not over.ongoing
    assert over.last is not None
    assert over.last.last == date(2026, 2, 1)
    assert going_on.ongoing
