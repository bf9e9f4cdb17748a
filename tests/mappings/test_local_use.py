"""Local use of a drug is no exposure to it; what does not say so is systemic (`rules.md`, "Exposure")."""

from __future__ import annotations

from typing import Any

import pytest
from support.quirk import record, resource

from mappings.facts import Exposures
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.local_use import SiteOfAction, site_of_action_in_words

EDQM, SNOMED, ATC = "http://standardterms.edqm.eu", "http://snomed.info/sct", "http://www.whocc.no/atc"
ROUTES = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration"
BETAMETHASONE, PREDNISONE, HEPARIN, ENOXAPARIN, BEVACIZUMAB, GEMCITABINE, ASPIRIN = (
    *("H02AB01", "H02AB07", "B01AB01", "B01AB05", "L01FG01", "L01BC05", "B01AC06"),
)


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def exposures(
    atc: str, *, name: str = "", form: Any = None, ingredients: tuple[str, ...] = (), **line: Any
) -> Exposures:
    """Those of a statement of a drug, its product in a Medication beside it where a form or ingredients are told."""
    concept = coded(ATC, atc) | ({"text": name} if name else {})
    told: dict[str, Any] = {"status": "active", "dateAsserted": "2026-03-01", "dosage": [line]}
    if form is None and not ingredients:
        return record(resource("MedicationStatement", "m", **told, medicationCodeableConcept=concept)).exposures
    parts = [{"itemCodeableConcept": {"text": one}} for one in ingredients]
    product = resource("Medication", "p", code=concept, form=form or {}, ingredient=parts)
    statement = resource("MedicationStatement", "m", **told, medicationReference={"reference": "Medication/p"})
    return record(statement, product).exposures


@pytest.mark.parametrize(
    "told",
    [
        *(
            {"route": coded(EDQM, code)}
            for code in ("20003000", "20051000", "20001000", "20049000", "20020000", "20024000")
        ),
        *(
            {"name": one}
            for one in (
                "Betamethason Salbe",
                "Dexamethason Augentropfen",
                "Mometason Nasenspray",
                "Budesonid Dosieraerosol",
            )
        ),
        *({"route": {"text": one}} for one in ("zur Anwendung auf der Haut", "kutan", "ins Auge", "intraartikulär")),
        *({"form": coded(EDQM, code)} for code in ("10502000", "10604000", "11004000")),
        *(
            {"route": coded(SNOMED, code)}
            for code in ("6064005", "448598008", "54485002", "10547007", "46713006", "447694001", "12130007")
        ),
        *(
            {"route": coded(ROUTES, code)}
            for code in ("TOPICAL", "SKIN", "OPTHALTA", "OT", "NASINHL", "IPINHL", "IARTINJ", "SWISHSPIT")
        ),
        {"route": coded("urn:oid:2.16.840.1.113883.5.112", "SKIN")},
        *(
            {"route": {"text": one}}
            for one in ("voie cutanée", "Ophthalmic", "auriculaire", "nasal", "inhalée", "intra-articulaire")
        ),
        *(
            {"name": one}
            for one in ("Bétaméthasone crème 0,05 %", "DIPROSONE 0,05% CR TB30G", "betamethasone eye drops")
        ),
        *(
            {"form": {"text": one}}
            for one in ("pommade", "collyre", "solution pour inhalation", "mousse rectale", "ear drops")
        ),
        {"ingredients": ("bétaméthasone (pommade)",)},
        *(
            {"text": one}
            for one in (
                "appliquer sur la peau 2 fois par jour",
                "2 bouffées matin et soir",
                "infiltration du genou",
                "inject into the knee",
                "badigeonner matin et soir",
                "1 application en couche mince",
                "1 application sur les plaques",
                "gargle and spit",
                "bain de bouche",
            )
        ),
    ],
    ids=repr,
)
def test_a_corticosteroid_that_is_used_locally_is_no_exposure(told: dict[str, Any]) -> None:
    of = exposures(BETAMETHASONE, **told)
    assert of.entries == ()
    assert of.ever is False


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"route": coded(EDQM, "20053000")},
        {"route": {"text": "by mouth"}},
        {"route": {"text": "voie sous-cutanée"}},
        {"route": {"text": "voie buccale"}},
        {"route": coded(EDQM, "20053000"), "name": "Bétaméthasone, bain de bouche"},
        {"route": {"text": "Zorglub"}},
        {"form": {"text": "comprimé"}},
        {"name": "Bétaméthasone voie sous-cutanée"},
        {"route": coded(EDQM, "20061000")},
        *({"route": coded(SNOMED, code)} for code in ("26643006", "127492001", "419993007", "37161004")),
        *({"route": coded(ROUTES, code)} for code in ("PO", "NGT", "IVPUSH", "SWISHSWAL")),
        {"route": {"text": "sonde nasogastrique"}},
    ],
    ids=repr,
)
def test_what_is_not_told_to_be_local_is_systemic(told: dict[str, Any]) -> None:
    assert exposures(BETAMETHASONE, **told).of(sets.SYSTEMIC_CORTICOSTEROIDS).ever is True


@pytest.mark.parametrize(
    "text",
    [
        "injecter en haut de la cuisse",
        "Prednison Tropfen zum Einnehmen",
        "arrêter avant soins dentaires",
        "si éruption de la peau",
        "avec surveillance de l'œil",
        "4 mg le matin, douleur de l'épaule",
        "injection, œdème autour des lésions cérébrales",
    ],
)
def test_a_place_that_a_dosage_mentions_is_not_where_the_drug_goes(text: str) -> None:
    assert exposures(BETAMETHASONE, text=text).ever is True


@pytest.mark.parametrize(
    "words",
    [
        *("verrou", "rinçage du cathéter", "Heparin lock flush", "priming", "dwell", "amorçage", "bouchon hépariné"),
        *("pour verrouiller le cathéter", "héparinisation de la chambre implantable", "instill into catheter lumen"),
    ],
)
@pytest.mark.parametrize("where", ["route", "product"])
@pytest.mark.parametrize("atc", [HEPARIN, ENOXAPARIN])
def test_a_heparin_that_keeps_a_catheter_open_is_no_exposure(words: str, where: str, atc: str) -> None:
    told: dict[str, Any] = {"route": {"text": words}} if where == "route" else {"name": f"Heparin, {words}"}
    assert exposures(atc, **told).ever is False


def test_a_flush_through_a_vein_is_still_a_flush() -> None:
    assert exposures(HEPARIN, name="Heparin flush 100 UI/mL", route=coded(SNOMED, "47625008")).ever is False
    assert exposures(HEPARIN, route=coded(ROUTES, "IVFLUSH")).ever is False


@pytest.mark.parametrize("told", [{"route": coded(SNOMED, "47625008")}, {"name": "Heparin 25 000 UI"}, {}], ids=repr)
def test_a_heparin_that_is_given_is_an_exposure(told: dict[str, Any]) -> None:
    assert exposures(HEPARIN, **told).ever is True


@pytest.mark.parametrize(
    ("atc", "route", "ever"),
    [
        (BEVACIZUMAB, coded(EDQM, "20047000"), False),
        (BEVACIZUMAB, {"text": "Voie intravitréenne"}, False),
        (GEMCITABINE, coded(EDQM, "20046000"), False),
        (GEMCITABINE, {"text": "intravesical"}, False),
        (GEMCITABINE, {"text": "intraveineuse"}, True),
        (GEMCITABINE, {"text": "voie cutanée"}, True),
        (ASPIRIN, coded(EDQM, "20003000"), False),
    ],
)
def test_in_the_eye_and_the_bladder_no_drug_counts_elsewhere_those_of_two_classes(
    atc: str, route: dict[str, Any], *, ever: bool
) -> None:
    assert exposures(atc, route=route).ever is ever


def test_of_several_lines_one_that_is_systemic_makes_an_exposure() -> None:
    lines = [{"route": {"text": "crème"}}, {"route": {"text": "orale"}}]
    statement = resource(
        "MedicationStatement",
        "m",
        status="active",
        dateAsserted="2026-03-01",
        dosage=lines,
        medicationCodeableConcept=coded(ATC, BETAMETHASONE),
    )
    assert record(statement).exposures.ever is True


@pytest.mark.parametrize("piece", ["sous cutané ", "oral ", "crème ", "eye ", "verrou "])
def test_a_text_that_is_longer_than_any_says_nothing(piece: str) -> None:
    assert site_of_action_in_words(piece * 20) is not SiteOfAction.UNSAID
    assert site_of_action_in_words(piece * 100_000) is SiteOfAction.UNSAID
    assert site_of_action_in_words("x" * 600 + " verrou") is SiteOfAction.UNSAID
