"""Orders of acts that are told in words alone: each line, as a draft through the whole pipeline, is what it must be."""

from __future__ import annotations

import csv
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.scenario import NOW, SERVICES, WORLD, request_for, run

from mappings.facts import ActOrder, DrugOrder, Order, RadiotherapyOrder, Target
from mappings.facts.bones import bone, vertebrae
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.acts_in_words import ACTS, ORDERED, REQUESTS
from mappings.vocabulary.analytes import CTX
from mappings.vocabulary.concepts import ConceptMapProblem, Terminology
from mappings.vocabulary.lines import LONGEST_LINE
from service.gathering.site_codes import site_terminology
from service.languages.render import Language
from service.pipeline import HookAnswer, advise

TABLE = (Path(__file__).parent / "order_lines.csv").read_text(encoding="utf-8")
LINES = [(row["text"], row["expected"], row["site"]) for row in csv.DictReader(TABLE.splitlines())]
KINDS = {
    "radiotherapy": sets.RADIOTHERAPY - sets.STEREOTACTIC_RADIOTHERAPY,
    "radiotherapy-stereotactic": sets.STEREOTACTIC_RADIOTHERAPY,
    "cementoplasty": sets.CEMENTOPLASTY - sets.KYPHOPLASTY,
    "kyphoplasty": sets.KYPHOPLASTY,
    "limb-surgery": sets.LIMB_SURGERY,
    "spinal-decompression": sets.SPINAL_DECOMPRESSION,
    "bone-scintigraphy": sets.BONE_SCINTIGRAPHY,
    "fdg-pet": sets.FDG_PET,
    "bone-biopsy": sets.BONE_BIOPSY,
    "tooth-extraction": sets.TOOTH_EXTRACTION,
    "ctx": CTX.concepts,
}
CERVICAL, THORACIC, LUMBAR = 0, 7, 19
STRETCHES = {"lumbar spine": (20, 24), "dorsal spine": (8, 19), "spine": (1, 30), "sacrum": (25, 29)}
BONES = {"iliac wing": "pelvis", "iliac bone": "pelvis"}


def level(name: str) -> int:
    return {"C": CERVICAL, "T": THORACIC, "L": LUMBAR}[name[0]] + int(name[1:])


def regions_of(site: str) -> frozenset[str]:
    """The marks of a site as the table of lines tells it."""
    if not site or site.startswith("other target"):
        return frozenset()
    if site in STRETCHES:
        return vertebrae(*STRETCHES[site])
    if " to " in site:
        first, last = map(level, site.split(" to "))
        return vertebrae(first, last)
    first, _, side = site.partition(", ")
    if first[0] in "CTL" and first[1:].isdigit():
        return frozenset().union(*(vertebrae(level(one), level(one)) for one in site.split(", ")))
    return bone(BONES.get(first, first), frozenset({side} - {""}))


def ordered(text: str, **told: Any) -> HookAnswer:
    return run({"order": {"act": "CTX", "members": {"code": {"text": text}}}, **told})


def the_order(text: str) -> Order:
    [order] = ordered(text).orders
    return order


@pytest.mark.parametrize(("text", "expected", "site"), LINES, ids=[line[0] for line in LINES])
def test_each_line_of_the_table_is_what_it_must_be(text: str, expected: str, site: str) -> None:
    answer = ordered(text)
    [order] = answer.orders
    if expected == "none":
        assert not answer.response.cards
        assert not any(order.is_any(concepts) for concepts in KINDS.values())
        return
    assert {kind for kind, concepts in KINDS.items() if order.is_any(concepts)} == set(expected.split("+"))
    assert isinstance(order, ActOrder)
    assert order.identified
    assert order.by_words
    if isinstance(order, RadiotherapyOrder):
        target = Target.OTHER if site.startswith("other") else Target.BONE if site else Target.UNSTATED
        assert (order.prescription.target, order.prescription.regions) == (target, regions_of(site))
        assert order.prescription.stereotactic is (expected == "radiotherapy-stereotactic")
    elif site:
        assert order.regions == regions_of(site)


ALSO = {
    "radiotherapy": [
        *(
            "RADIOTHERAPIE FEMUR GAUCHE",
            "radiothérapies",
            "Demande de RT palliative T4",
            "Demande d’irradiation médullaire",
        ),
        *("2e séance de radiothérapie sacrum", "Reprise radiothérapie L2", "Mise en traitement radiothérapie T5"),
        *("Irradiation externe fémur", "Irradiation bassin", "RT 3x7Gy humérus G", "Urgent : radiothérapie T6"),
        *(
            "Radiothérapie T8, allergie à l'iode",
            "Radiation therapy to L1",
            "Palliative radiotherapy of the left femur",
        ),
        "Radiothérapie – fémur droit – avis orthopédique",
        *("Poursuite radiothérapie fémur", "Débuter la radiothérapie antalgique T12", "Prévoir radiothérapie bassin"),
        *(
            "Merci de réaliser une radiothérapie du sacrum",
            "Fémur gauche : radiothérapie 8 Gy",
            "Réirradiation L4 8 Gy",
        ),
        *("IMRT L3 20 Gy", "RTX T8 20 Gy", "RxT antalgique L3", "Radiothérapie antalgique T8, reportée au 12/12"),
        *("Left femur radiotherapy 30 Gy", "Left hip radiation therapy", "Lumbar spine RT 20 Gy/5", "EBRT L-spine"),
        *("Palliative radiation to right femur 8 Gy", "Whole brain radiotherapy", "Radiation to T8, 20 Gy/5 fx"),
    ],
    "radiotherapy-stereotactic": [
        *(
            "Stéréotaxie cérébrale 3 x 9 Gy",
            "Radiochirurgie",
            "Irradiation stéréotaxique L3",
            "Stereotactic radiotherapy L1",
            "Spine SBRT 24 Gy",
        ),
        "Radiothérapie en conditions stéréotaxiques",
    ],
    "cementoplasty": [
        "Cimentoplastie du cotyle et vissage percutané",
        "Sacroplastie",
        "Cimento L3",
        "Spondyloplastie L1",
        *("vertebroplasty", "L1 vertebroplasty", "À prévoir : cimentoplastie L1"),
    ],
    "kyphoplasty": ["Kyphoplastie L1", "Balloon kyphoplasty T12", "Spondyloplastie T12 avec expansion vertébrale"],
    "limb-surgery": [
        *("Clou gamma fémur droit", "Ostéosynthèse du fémur sur métastase", "Ostéosynthèse percutanée du bassin"),
        *("Prophylactic nailing left femur", "Intramedullary nailing of the humerus"),
        *("Right humerus nailing", "IM nail left femur, impending fracture", "Pose d'un clou gamma gauche"),
    ],
    "spinal-decompression": ["Laminectomie T5", "laminectomy"],
    "bone-scintigraphy": [
        "Scintigraphie osseuse, cancer pulmonaire",
        "Scintigraphie os",
        "Whole-body bone scan",
        "NM bone scan",
    ],
    "fdg-pet": ["TEP FDG", "18F-FDG PET/CT", "TEPscan au FDG"],
    "bone-biopsy": ["Biopsie sous scanner, lésion lytique de L4", "Ponction-biopsie osseuse", "Bone biopsy L3"],
    "tooth-extraction": [
        "Avulsion de la 46",
        "Avulsions 18, 28",
        "Extraction de deux molaires",
        "Extraction racine 24",
    ],
    "ctx": ["Dosage des crosslaps", "C-télopeptides sériques", "CTX"],
}
NONE = [
    *(
        "Radiothérapie annulée",
        "Radiothérapie fémur droit : refus du patient",
        "Radiothérapie non indiquée",
        "Pas de radiothérapie",
    ),
    *(
        "Fin de radiothérapie",
        "Transport pour radiothérapie",
        "Radiothérapie, RDV le 14/03",
        "Radiothérapie interne vectorisée",
    ),
    *(
        "Radiothérapie peropératoire",
        "Radiothérapie de contact",
        "Curiethérapie",
        "Contrôle post-radiothérapie",
        "RT-PCR grippe",
    ),
    *(
        "Irradiation CGR 25 Gy",
        "Irradiation L5 gauche, lombosciatique",
        "Biopsie stéréotaxique du sein",
        "IRM avant cimentoplastie",
    ),
    *(
        "Ablation clou gamma",
        "Ostéosynthèse clavicule",
        "Ostéosynthèse poignet droit",
        "Enclouage fémur droit sur chute",
    ),
    *(
        "Biopsie ostéo-médullaire",
        "Biopsie de moelle osseuse",
        "Biopsie hépatique, métastases osseuses",
        "Bone marrow biopsy",
    ),
    *(
        "Biopsie osseuse, infection sur matériel",
        "Scintigraphie rénale",
        "Scintigraphie osseuse aux leucocytes marqués",
    ),
    *(
        "No radiotherapy",
        "Radiothérapie réalisée le 12/03",
        "Radiothérapie : scanner de centrage",
        "Radiothérapie non faite",
    ),
    *("TEP-TDM", "TEP au FNa", "TEP choline et FDG", "Extraction 36", "Extraction de lipome", "Avulsion 21 jours"),
    *("Radiation oncology consult", "Radiation therapy planning CT, L3 20 Gy", "Left femur MRI before radiotherapy"),
    *("T8 : IRM avant radiothérapie", "L5 : irradiation fessière", "L5 gauche, irradiation 20 Gy", "Liver biopsy"),
    *(
        "Organiser RDV radiothérapie",
        "Réaliser IRM avant cimentoplastie",
        "L3 : pas de radiothérapie",
        "Tibial nail removal",
    ),
    *(
        "Radiothérapie différée",
        "Radiothérapie antalgique reportée",
        "Cimentoplastie déprogrammée",
        "Radiotherapy deferred",
    ),
    *("Radiothérapie à discuter", "Radiotherapy on hold", "RTX 375 mg/m2", "Vertébroplastie ajournée"),
    *("CTX-M", "CTX 750 mg", "CTX urinaire", "N-télopeptides", "Céfotaxime (CTX)", "Échographie abdominale"),
]
DOUBTFUL = ["RT T8", "Irradiation", "Stéréotaxie", "RT fémur", "RTX T8", "RxT fémur D"]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, several in ALSO.items() for text in several])
def test_other_spellings_are_read_alike(kind: str, text: str) -> None:
    assert kind in {name for name, concepts in KINDS.items() if the_order(text).is_any(concepts)}


@pytest.mark.parametrize("text", NONE)
def test_what_another_word_heads_denies_or_qualifies_is_silent(text: str) -> None:
    answer = ordered(text)
    assert not answer.response.cards
    assert not any(order.by_words for order in answer.orders)


@pytest.mark.parametrize("text", DOUBTFUL)
def test_a_radiotherapy_word_without_what_must_stand_beside_it_is_told(text: str) -> None:
    [card] = ordered(text).response.cards
    assert card.source.topic.code == "not-identified"


SITES = {
    "Radiothérapie T10-L2": vertebrae(17, 21),
    "Radiothérapie L3-5": vertebrae(22, 24),
    "Radiothérapie D5 à D8": vertebrae(12, 15),
    "Radiothérapie L5S1": vertebrae(24, 25),
    "Radiothérapie L3 - 5 séances": vertebrae(22, 22),
    "Radiothérapie fémur droit et humérus gauche": frozenset({"femur:right", "humerus:left"}),
    "Radiothérapie fémurs droit et gauche": frozenset({"femur:right", "femur:left"}),
    "Radiotherapy left femur and right humerus": frozenset({"femur:left", "humerus:right"}),
    "Radiothérapie d'une métastase de l'humérus": frozenset({"humerus:left", "humerus:right"}),
    "Radiothérapie des côtes droites": frozenset({"rib:right"}),
    "Radiothérapie côté droit": frozenset(),
    "Radiothérapie poumon T2 N1": frozenset(),
    "Radiothérapie ganglions iliaques": frozenset(),
    "Radiothérapie poumon et L3": vertebrae(22, 22),
    "Left femur radiotherapy": frozenset({"femur:left"}),
    "Irradiation antalgique hémibassin gauche": frozenset({"pelvis:left"}),
    "Radiothérapie de l'hémi-bassin droit": frozenset({"pelvis:right"}),
    "L3 : radiothérapie": vertebrae(22, 22),
    "Radiothérapie rachis lombaire L3": vertebrae(22, 22),
    "Radiothérapie L3 (rachis lombaire)": vertebrae(22, 22),
    "Radiothérapie rachis dorsal T12-L1": vertebrae(19, 20),
    "Radiothérapie rachis lombaire, complément L3": vertebrae(20, 24),
    "Radiothérapie rachis lombaire et T6": vertebrae(20, 24) | vertebrae(13, 13),
    "Radiothérapie L5 sacrum": vertebrae(24, 29),
}


def test_a_line_of_two_acts_is_named_by_both() -> None:
    line = {"text": "Cimentoplastie L2 + RTE 20 Gy en 5 fractions"}
    cards = run({"order": {"act": "CTX", "members": {"code": line}}}, Language.FRENCH).response.cards
    [checklist] = [card for card in cards if card.source.topic.code == "checklist"]
    assert checklist.summary.startswith("Radiothérapie et vertébroplastie (L2)")


@pytest.mark.parametrize(("text", "regions"), SITES.items(), ids=SITES)
def test_the_bones_and_sides_of_a_line_are_read(text: str, regions: frozenset[str]) -> None:
    order = the_order(text)
    assert isinstance(order, RadiotherapyOrder)
    assert order.prescription.regions == regions


def test_a_coded_site_comes_before_that_of_the_words() -> None:
    humerus = [{"coding": [{"system": "http://snomed.info/sct", "code": "85050009"}]}]
    told = {"act": "CTX", "members": {"code": {"text": "Radiothérapie fémur gauche"}, "bodySite": humerus}}
    [order] = run({"order": told}).orders
    assert isinstance(order, RadiotherapyOrder)
    assert order.prescription.regions == bone("humerus")


def test_a_code_that_the_lists_hold_decides_whatever_the_words_say() -> None:
    told = {"act": "bone scintigraphy", "members": {}}
    [coded] = run({"order": told}).orders
    assert not coded.by_words


def test_an_order_in_words_has_the_cards_of_its_kind_and_they_say_how_it_was_identified() -> None:
    record = {"medications": [{"drug": "gemcitabine", "days ago": 10}]}
    answer = ordered("Radiothérapie antalgique fémur droit 8 Gy", record=record)
    told = {rule for card in answer.response.cards for rule in card.extension["org.osteocds"]["rules"]}
    assert "radiosensitiser-before-radiotherapy" in told
    assert "single-fraction" not in told
    assert all("identified by its words" in card.detail for card in answer.response.cards)


def test_an_order_in_words_that_is_being_written_is_not_asked_for_its_dose() -> None:
    answer = ordered("Radiothérapie L3", hook="order-select")
    assert "fractionation-advice" not in {one.rule.id for one in answer.outcomes if one.word == "advises"}


REQUESTED = {
    "Panoramique dentaire avant dénosumab": "orthopantomogram",
    "Bilan bucco-dentaire": "dental_request",
    "Consultation dentaire": "dental_request",
    "NFS, créatinine avant radiothérapie": "order_creatinine",
    "Calcium, albumine, phosphore": "order_phosphate",
    "Dosage vitamine D": "order_vitamin_d_25oh",
    "RCP": "tumour_board",
}


@pytest.mark.parametrize(("text", "concept"), REQUESTED.items(), ids=REQUESTED)
def test_a_request_that_a_card_would_repeat_counts_as_ordered_and_only_that(text: str, concept: str) -> None:
    answer = ordered(text)
    assert answer.orders[0].is_any(frozenset({concept}))
    assert not answer.response.cards


@pytest.mark.parametrize(
    "text", ["Créatinine urinaire", "Vitamine D 1 ampoule", "Calcium ionisé", "Concentré de plaquettes"]
)
def test_another_specimen_or_a_drug_is_no_such_request(text: str) -> None:
    order = the_order(text)
    assert isinstance(order, DrugOrder) or not order.concepts


def test_vitamin_d_in_words_is_a_request_where_the_category_is_the_laboratory() -> None:
    category = [{"coding": [{"system": "http://snomed.info/sct", "code": "108252007"}]}]
    told = {"act": "CTX", "members": {"code": {"text": "25-OH vitamine D"}, "category": category}}
    [order] = run({"order": told}).orders
    assert order.is_any(frozenset({"order_vitamin_d_25oh"}))


ZOMETA = {"text": "Zometa 4 mg IV"}
DRUGS_AS_SERVICES: list[dict[str, Any]] = [
    *(
        {"code": {"text": text}}
        for text in ("Zometa 4 mg", "Perfusion de Zometa", "acide zolédronique 4 mg/28 j", "Zometa")
    ),
    {"code": {"coding": [{"system": "http://www.whocc.no/atc", "code": "M05BA08"}]}},
    {"code": {"coding": [{"system": "urn:example:hospital", "code": "Q7", "display": "ZOMETA 4MG PERF"}]}},
    {"code": {"concept": ZOMETA}},
]


@pytest.mark.parametrize("members", DRUGS_AS_SERVICES, ids=repr)
def test_a_service_that_orders_a_drug_is_an_order_of_it(members: dict[str, Any]) -> None:
    told = {"order": {"act": "CTX", "members": members}, "record": {"clearance": "20 mL/min today"}}
    cards = run(told).response.cards
    assert "zoledronate-renal-contraindication" in {
        rule for card in cards for rule in card.extension["org.osteocds"]["rules"]
    }
    actions = [action for card in cards for one in card.suggestions for action in one.actions]
    [removed] = [action.resource_id for action in actions if action.type == "delete"]
    assert removed.startswith("ServiceRequest/")


def test_a_drug_that_was_ordered_as_a_service_is_offered_no_change_of_its_dose() -> None:
    for text, offered in (("denosumab 60 mg SC", False), ("Xgeva 120 mg SC tous les 3 mois", False)):
        cards = run({"order": {"act": "CTX", "members": {"code": {"text": text}}}}).response.cards
        told = {rule for card in cards for rule in card.extension["org.osteocds"]["rules"]}
        assert told & {"denosumab-dose", "denosumab-interval"}
        assert bool([one for card in cards for one in card.suggestions if "Change" in one.label]) is offered


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Denosumab : bilan dentaire avant",
            "Xgeva : arrêt",
            "Arrêt Eliquis 5 mg",
            "Dosage apixaban",
            "Anti-Xa Lovenox",
        ),
        *("Vitamine D", "Méthotrexate", "Consultation avant Zometa", "Xgeva et soins", "Allergie Zometa 4 mg"),
    ],
)
def test_a_line_about_a_drug_that_does_not_order_it_is_no_order_of_it(text: str) -> None:
    assert isinstance(the_order(text), ActOrder)


def test_every_concept_of_the_table_is_one_of_the_lists_and_may_be_ordered() -> None:
    named = frozenset().union(*(row.concepts for row in (*ACTS, *REQUESTS)))
    assert named <= WORLD.terminology.concepts
    assert named <= ORDERED


@pytest.mark.parametrize(
    "piece", ["a ", "radiothérapie ", "rt ", "+ biopsie ", "L3-", "côte 6 ", "é" * 7, "'-,;", "\u0301", "8 Gy "]
)
def test_a_line_of_any_length_is_read_in_no_time_and_no_further_than_its_limit(piece: str) -> None:
    terminology = Terminology.shipped()
    started = time.perf_counter()
    said = terminology.read_line("Radiothérapie " + piece * 100_000)
    assert time.perf_counter() - started < 0.2
    assert terminology.read_line("x" * LONGEST_LINE + " radiothérapie") == terminology.read_line("xx")
    assert said is terminology.read_line("Radiothérapie " + piece * 100_001)


def test_an_order_on_record_in_words_is_planned_radiotherapy() -> None:
    planned = {
        "resourceType": "ServiceRequest",
        "id": "planned",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/synthetic-1"},
        "occurrenceDateTime": "2026-04-10",
        "code": {"text": "Radiothérapie T8"},
    }
    answer = run({"order": {"drug": "gemcitabine"}, "record": {"resources": [planned]}})
    [card] = [one for one in answer.response.cards if "radiosensitiser" in one.source.topic.code]
    assert "identified by its words" in card.detail


@pytest.mark.parametrize("text", ["RTE T8", "Tomothérapie L3", "Clou gamma fémur droit", "RT T8"])
def test_an_act_done_that_is_told_in_words_decides_nothing_and_is_said(text: str) -> None:
    done = {
        "resourceType": "Procedure",
        "id": "done",
        "status": "completed",
        "subject": {"reference": "Patient/synthetic-1"},
        "performedDateTime": "2026-03-20",
        "code": {"text": text},
    }
    answer = run({"order": {"drug": "gemcitabine"}, "record": {"resources": [done]}})
    assert [one.source.topic.code for one in answer.response.cards] == ["not-identified"]
    assert text in answer.response.cards[0].detail


# --- the lines of a site ----------------------------------------------------------------------------------------------


def concept_map(code: str, *targets: str, source: str = "urn:osteocds:words") -> dict[str, Any]:
    wanted = [{"code": target, "equivalence": "equivalent"} for target in targets]
    group = {"source": source, "target": "urn:osteocds:concept", "element": [{"code": code, "target": wanted}]}
    return {"resourceType": "ConceptMap", "group": [group]}


def site(tmp_path: Path, written: dict[str, Any]) -> Terminology:
    path = tmp_path / "lines.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    return site_terminology(WORLD.terminology, [path])


def test_a_site_adds_lines_of_its_own(tmp_path: Path) -> None:
    terminology = site(tmp_path, concept_map("Protocole RAYONS", "radiotherapy_external_beam"))
    said = terminology.read_line("Demande protocole rayons, fémur gauche")
    assert said.concepts == {"radiotherapy_external_beam"}
    assert said.bones == ("femur:left",)
    assert not terminology.read_line("Protocole ondes").concepts
    assert not WORLD.terminology.read_line("Protocole rayons").concepts


def test_an_order_in_the_words_of_a_site_is_that_act(tmp_path: Path) -> None:
    world = replace(WORLD, terminology=site(tmp_path, concept_map("Ciment 3e étage", "cementoplasty_extraspinal")))
    request = request_for({"order": {"act": "CTX", "members": {"code": {"text": "Ciment 3e étage L3"}}}})
    service = SERVICES["bone-metastases-order-sign"]
    answer = advise(request, service, world, now=NOW, language=Language.FRENCH)
    assert any("identifié par son libellé" in card.detail for card in answer.response.cards)


def test_a_site_says_that_a_line_is_none_of_ours(tmp_path: Path) -> None:
    terminology = site(tmp_path, concept_map("RT thorax", "brachytherapy"))
    assert not terminology.read_line("RT thorax 8 Gy").concepts
    assert not terminology.read_line("RT thorax").may_be


BAD = {
    "no word": (concept_map("12", "radiotherapy_external_beam"), "has none"),
    "too many words": (concept_map("un deux " * 10, "radiotherapy_external_beam"), "at most 12 words"),
    "too many letters": (concept_map("x" * 600, "radiotherapy_external_beam"), "512 characters"),
    "a drug": (concept_map("perfusion", "denosumab"), "denosumab: no act"),
    "no concept": (concept_map("perfusion", "perfusion"), "is no concept"),
    "no target": (concept_map("perfusion"), "has no target"),
}


@pytest.mark.parametrize(("written", "why"), BAD.values(), ids=BAD)
def test_a_bad_line_of_a_site_stops_the_start_and_is_named(tmp_path: Path, written: dict[str, Any], why: str) -> None:
    with pytest.raises(ConceptMapProblem, match=r"lines\.json: ConceptMap\.group\[0\]\.element\[0\]") as problem:
        site(tmp_path, written)
    assert why in str(problem.value)
