"""What may turn a resource round: flags, modifiers, versions, words; what we do not understand of them is never good news."""

from __future__ import annotations

from typing import Any

import pytest
from support.quirk import (
    ATC,
    DENOSUMAB,
    SNOMED,
    Resource,
    answer,
    concept,
    condition,
    quantity,
    record,
    request,
    resource,
    result,
    rules,
    topics,
    words,
)

from mappings.facts import Known, Unavailable, uncertain_remark
from mappings.readers.standing import denial, modification
from mappings.vocabulary import concept_sets as sets

GEMCITABINE, BONE_METASTASIS = concept(ATC, "L01BC05"), (SNOMED, "94222008")
VITAMIN_D = result("1989-3", quantity(35, "ng/mL"))
INVENTED_MODIFIER = [{"url": "urn:invented"}]


# --- flags ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "flag",
    [
        *({name: True} for name in ("wasNotGiven", "NotGiven", "not_given", "notPerformed", "negationInd")),
        *({"notDone": said} for said in ("true", "True", "Y", "oui", 1)),
        {"taken": "n"},
    ],
    ids=repr,
)
def test_a_flag_that_denies_is_read_in_every_spelling(flag: dict[str, Any]) -> None:
    assert denial(flag) == (True, None)


@pytest.mark.parametrize(
    "flag",
    [
        *({name: True} for name in ("notAdministered", "wasNotDone", "isNotGiven", "not", "wasNot", "hasNotTaken")),
        *({name: "zorglub"} for name in ("notGiven", "wasNotPerformed")),
        *({f"_{name}": {"extension": [{"url": "x"}]}} for name in ("wasNotGiven", "doNotPerform")),
        {"reasonNotGiven": [{"text": "refus"}]},
    ],
    ids=repr,
)
def test_a_flag_that_nobody_knows_may_deny(flag: dict[str, Any]) -> None:
    denied, why = denial(flag)
    assert not denied
    assert why is not None


@pytest.mark.parametrize(
    "members",
    [{"note": [{"text": "x"}]}, {"notes": "x"}, {"notGiven": False}, {"wasNotDone": "no"}, {"nothing": 1}, {}],
)
def test_what_denies_nothing_is_no_flag(members: dict[str, Any]) -> None:
    assert denial(members) == (False, None)


@pytest.mark.parametrize(
    "node", [{"modifierExtension": INVENTED_MODIFIER}, {"implicitRules": "urn:x"}, {"_implicitRules": {"id": "x"}}]
)
def test_a_modifier_leaves_open_what_a_node_means(node: dict[str, Any]) -> None:
    assert modification(node) is not None
    assert modification({"extension": INVENTED_MODIFIER}) is None


# --- administrations --------------------------------------------------------------------------------------------------


def given(**members: Any) -> Resource:
    told = {"status": "completed", "medicationCodeableConcept": GEMCITABINE, "effectiveDateTime": "2026-03-20"}
    return resource("MedicationAdministration", "given", **{**told, **members})


@pytest.mark.parametrize("status", ["preparation", "planned", "held", "zorglub", None])
def test_an_administration_that_was_to_be_given_may_have_been(status: str | None) -> None:
    [entry] = record(given(status=status)).exposures.entries
    assert not entry.certain
    assert not entry.planned


def test_one_in_preparation_that_lies_ahead_is_planned() -> None:
    [entry] = record(given(status="preparation", effectiveDateTime="2026-04-20")).exposures.entries
    assert entry.planned


@pytest.mark.parametrize("status", ["done", "administered", "performed", "Finished"])
def test_an_administration_that_is_done_in_another_word_was_given(status: str) -> None:
    [entry] = record(given(status=status)).exposures.entries
    assert entry.certain


def test_a_code_with_a_modifier_is_no_drug_that_anyone_can_tell() -> None:
    modified = {**GEMCITABINE, "text": "Gemcitabine", "modifierExtension": INVENTED_MODIFIER}
    of = record(given(medicationCodeableConcept=modified)).exposures
    assert of.entries == ()
    assert of.gaps


# --- words of a drug that deny it -------------------------------------------------------------------------------------

DENIED = (
    *("Arrêt Xgeva", "stop denosumab", "Xgeva à arrêter", "Xgeva : STOP", "ne pas donner Xgeva", "hold denosumab"),
    *("Contre-indication Xgeva", "dénosumab suspendu", "denosumab discontinued", "Fin de traitement par Xgeva"),
    *("pas de Xgeva", "Allergie Xgeva", "do not give denosumab", "Xgeva refusé"),
)


def drafted(medication: Resource, **told: Any) -> list[dict[str, Any]]:
    asked = request(order=DENOSUMAB, **told)
    draft = asked["context"]["draftOrders"]["entry"][0]["resource"]
    draft.pop("medicationReference", None)
    draft["medicationCodeableConcept"] = medication
    return answer(asked)


@pytest.mark.parametrize("code", [{}, concept(ATC, "M05BX04")], ids=["in words", "beside a code"])
@pytest.mark.parametrize("said", DENIED)
def test_a_drug_that_its_words_stop_is_not_started_and_the_order_is_told(said: str, code: Resource) -> None:
    cards = drafted({**code, "text": said})
    assert topics(cards) == ["not-identified"]
    assert "stopped or not given" in cards[0]["detail"]


@pytest.mark.parametrize("said", ["Xgeva 120 mg", "Xgeva (relais de Zometa)", "XGEVA™"])
def test_a_drug_that_its_words_give_is_ordered(said: str) -> None:
    assert "dental-assessment-missing" in rules(drafted({"text": said}))


def test_a_drug_of_the_record_that_its_words_stop_is_a_possible_exposure() -> None:
    told = {"status": "active", "intent": "order", "authoredOn": "2026-03-01"}
    asked = resource("MedicationRequest", "m", medicationCodeableConcept={"text": "Arrêt Xgeva"}, **told)
    [entry] = record(asked).exposures.entries
    assert not entry.certain
    assert "stopped or not given" in uncertain_remark(entry).message


# --- acts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["on-hold", "suspended", "Paused"])
def test_an_act_on_hold_may_not_have_been_done(status: str) -> None:
    examined = resource(
        "Procedure", "seen", status=status, code=concept(SNOMED, "34043003"), performedDateTime="2026-02-01"
    )
    of = record(examined).procedures
    assert of.any(lambda act: act.is_any(sets.DENTAL_EXAMINATION)) is None
    done = record({**examined, "status": "completed"}).procedures
    assert done.any(lambda act: act.is_any(sets.DENTAL_EXAMINATION)) is True


# --- results ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members",
    [
        {"focus": [{"reference": "Patient/child"}]},
        {"focus": [{"reference": "RelatedPerson/1"}]},
        {"focus": [{"display": "fœtus"}]},
        {"valueQuantity": quantity(35, "ng/mL", modifierExtension=INVENTED_MODIFIER)},
        {"modifierExtension": INVENTED_MODIFIER},
    ],
    ids=repr,
)
def test_a_result_of_another_or_with_a_modifier_is_unavailable(members: dict[str, Any]) -> None:
    assert isinstance(record({**VITAMIN_D, **members}).vitamin_d, Unavailable)


@pytest.mark.parametrize(
    "focus", [VITAMIN_D["subject"], {"reference": "Condition/tumour"}, {"reference": "BodyStructure/1"}]
)
def test_a_result_that_is_focused_on_the_patient_is_one(focus: Resource) -> None:
    assert isinstance(record({**VITAMIN_D, "focus": [focus]}).vitamin_d, Known)


# --- diagnoses --------------------------------------------------------------------------------------------------------

CERTAINTY = "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit"


@pytest.mark.parametrize("where", ["coding", "code", "condition"])
@pytest.mark.parametrize("url", [CERTAINTY, f"{CERTAINTY}|1.0.3"])
@pytest.mark.parametrize(("letter", "counts"), [("A", False), ("Z", False), ("G", True)])
def test_a_certainty_counts_wherever_it_is_marked(where: str, url: str, letter: str, *, counts: bool) -> None:
    marks = [{"url": url, "valueCoding": {"code": letter}}]
    told = condition(("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "C79.5"))
    marked = {"coding": told["code"]["coding"][0], "code": told["code"], "condition": told}[where]
    marked["extension"] = marks
    of = record(told).conditions
    assert of.any(lambda one: one.active and one.is_any(sets.BONE_METASTASIS)) is counts


# --- versions ---------------------------------------------------------------------------------------------------------


def test_versions_of_which_none_is_known_to_be_the_newest_leave_a_result_open() -> None:
    low, high = VITAMIN_D, {**VITAMIN_D, "valueQuantity": quantity(9, "ng/mL")}
    for order in ((low, high), (high, low)):
        of = record(*order).vitamin_d
        assert isinstance(of, Unavailable)
        assert "versions" in words(of.why)


def test_versions_that_differ_in_meta_and_narrative_alone_are_one() -> None:
    other = {**VITAMIN_D, "meta": {"profile": ["urn:x"]}, "text": {"status": "generated"}}
    assert not isinstance(record(VITAMIN_D, other).vitamin_d, Unavailable)


@pytest.mark.parametrize("last", ["completed", "not-done"])
def test_a_drug_that_was_given_and_not_given_is_a_possible_exposure(last: str) -> None:
    first = next(one for one in ("completed", "not-done") if one != last)
    [entry] = record(given(status=first), given(status=last)).exposures.entries
    assert not entry.certain


def test_an_act_that_was_done_and_not_done_is_not_known_to_be_done() -> None:
    done = resource(
        "Procedure", "seen", status="completed", code=concept(SNOMED, "34043003"), performedDateTime="2026-02-01"
    )
    of = record(done, {**done, "status": "not-done"}).procedures
    assert of.any(lambda act: act.is_any(sets.DENTAL_EXAMINATION)) is None
