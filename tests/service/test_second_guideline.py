"""A second guideline, the folder `tests/gout`: it is served beside the first, or alone, without a line elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import gout
import pytest
import responses
from gout import GUIDELINE as GOUT
from gout.analytes import URIC_ACID
from justhtml import JustHTML
from support.ehr import Ehr, actions, authorization, denosumab, rules, said
from support.scenario import NOW, outcome_word
from tools.messages import domain_of, problems

from mappings.clock import Clock
from mappings.facts import setting_texts
from mappings.vocabulary.analytes import ANALYTES
from mappings.vocabulary.scores import Answer, Question, Score, ScoreLevel
from mappings.wording import _
from service.catalogue.entries import catalogue
from service.catalogue.examples import Example, examples_of, showroom
from service.catalogue.markdown import catalogue_to_read
from service.coverage.counts import Coverage, Verdict
from service.demo.run import demo_record, hook_request
from service.demo.scenario import is_asked_for, told_request, with_prefetch
from service.edge.app import create_app
from service.explain import explain
from service.guidelines import GUIDELINES
from service.languages.render import Language, untyped
from service.pipeline import advise
from service.population.chart import Chart
from service.population.plants import PATIENT, Plant, cohort_of
from service.population.screening import Screening
from service.rules.guideline import Guideline, terminology_of
from service.services import Service, published
from service.settings import InvalidSetting, read_settings
from service.world import World

BOTH = (*GUIDELINES, GOUT)
TERMINOLOGY = terminology_of(BOTH)
SERVICES = published(BOTH, split=False, terminology=TERMINOLOGY)
SIGN = SERVICES["gout-order-sign"]
FHIR = "https://ehr.example.org/fhir"
EXAMPLES = [example for rule in GOUT.rules for example in examples_of(rule, GOUT)]

ALLOPURINOL = {"drug": "allopurinol", "dose": "100 mg", "every": "1 day"}
FEBUXOSTAT = {"drug": "febuxostat", "dose": "80 mg", "every": "1 day"}
COLCHICINE = {"drug": "colchicine", "dose": "0.5 mg"}
KIDNEYS = {"clearance": "22 mL/min 2 days ago"}
HEART = {"conditions": ["gout", "ischaemic heart disease"]}

Json = dict[str, Any]


def ehr(*guidelines: Guideline, environ: dict[str, str] | None = None) -> Ehr:
    """An EHR of a service with these guidelines; both where none is named."""
    served = guidelines or BOTH
    settings = read_settings(
        {"OSTEOCDS_DATABASE_URL": "sqlite://", "OSTEOCDS_ALLOW_UNAUTHENTICATED": "1", **(environ or {})}, served
    )
    app = create_app(settings, now=lambda: NOW, guidelines=served)
    app.test_client_class = Ehr
    client = app.test_client()
    assert isinstance(client, Ehr)
    return client


@pytest.fixture(scope="module")
def both() -> Ehr:
    return ehr()


def told(order: Json, record: Json | None = None, service: Service = SIGN) -> Json:
    """The request of an order for a patient with gout, with a complete prefetch."""
    scenario = {"order": order, "record": record or {}}
    written, request = told_request(scenario, NOW.date(), GOUT.taken_for_granted, terminology=TERMINOLOGY)
    return with_prefetch(request, written, service, [])


def cards(client: Ehr, order: Json, record: Json | None = None, **kwargs: Any) -> list[Json]:
    return client.cards(told(order, record), service="gout-order-sign", **kwargs)


# --- discovery --------------------------------------------------------------------------------------------------------


def test_discovery_lists_the_services_of_both_each_with_its_own_prefetch(both: Ehr) -> None:
    listed = {one["id"]: one for one in both.get("/cds-services").get_json()["services"]}
    ours = [f"bone-metastases-{hook}" for hook in ("order-select", "order-sign", "patient-view")]
    assert list(listed) == [*ours, "gout-order-select", "gout-order-sign"]
    service = listed["gout-order-sign"]
    assert service["title"] == "Gout (order-sign)"
    assert service["description"] == (
        "Drugs for gout: the leaflet of a hospital that does not exist, 2026, applied to the draft orders (3 rules)."
    )
    assert set(service["prefetch"]) == {
        *("patient", "uricAcid", "clearance", "creatinine", "egfr", "bodyWeight", "conditions", "procedures"),
        *("medicationRequests", "medicationStatements", "medicationAdministrations"),
    }
    assert service["prefetch"]["uricAcid"] == (
        "Observation?patient=Patient/{{context.patientId}}&combo-code=http://loinc.org|14933-6,http://loinc.org|3084-1"
        "&_sort=-date&_count=200"
    )


def test_the_first_guideline_is_discovered_as_without_the_second(both: Ehr) -> None:
    alone = ehr(*GUIDELINES).get("/cds-services").get_json()["services"]
    assert both.get("/cds-services").get_json()["services"][: len(alone)] == alone


def test_it_is_served_alone_too_and_then_nothing_of_the_first_is_there() -> None:
    client = ehr(GOUT)
    assert [one["id"] for one in client.get("/cds-services").get_json()["services"]] == [
        "gout-order-select",
        "gout-order-sign",
    ]
    assert rules(cards(client, COLCHICINE, KIDNEYS)) == ["colchicine-severe-renal-impairment"]
    assert client.get("/questionnaires/mirels").status_code == 404


def test_services_by_topic_are_those_of_its_chapters() -> None:
    services = published(BOTH, split=True, terminology=TERMINOLOGY)
    assert {one for one, service in services.items() if service.guideline is GOUT} == {
        f"{topic}-{hook}" for topic in ("urate-lowering", "flare") for hook in ("order-select", "order-sign")
    }
    assert set(services["flare-order-sign"].description.prefetch) == {
        *("patient", "clearance", "creatinine", "egfr", "bodyWeight", "conditions", "procedures"),
    }


# --- cards ------------------------------------------------------------------------------------------------------------


def test_uric_acid_that_nobody_measured_is_asked_for_before_the_first_dose(both: Ehr) -> None:
    [card] = cards(both, ALLOPURINOL)
    assert card["summary"] == "Allopurinol: measure uric acid before the first dose"
    assert card["indicator"] == "info"
    assert card["source"]["label"] == "Leaflet on gout of a hospital that does not exist, 2026, §1"
    [action] = actions([card])
    assert action["description"] == "Order: uric acid"
    assert action["resource"]["code"]["coding"][0]["code"] == "14933-6"


def test_the_same_card_in_french(both: Ehr) -> None:
    [card] = cards(both, ALLOPURINOL, headers={"Accept-Language": "fr"})
    assert untyped(card["summary"]) == "Allopurinol : mesurer l'uricémie avant la première dose"
    assert "La dose se règle sur l'uricémie qu'elle laisse" in untyped(card["detail"])
    assert untyped(card["source"]["label"]) == "Fiche sur la goutte d'un hôpital qui n'existe pas, 2026, §1"
    assert untyped(card["suggestions"][0]["label"]) == "Prescrire : uricémie"
    assert card["overrideReasons"][0]["display"] != "Already done or ordered elsewhere", "our own words are French too"


@pytest.mark.parametrize("record", [{"uric acid": "8 mg/dL 20 days ago"}, {"uric acid": "476 umol/L 20 days ago"}])
def test_uric_acid_is_read_in_both_units(both: Ehr, record: Json) -> None:
    assert cards(both, ALLOPURINOL, record) == []


def test_uric_acid_in_urine_is_something_else(both: Ehr) -> None:
    urine = {"result": "600 mg/dL 20 days ago", "loinc": "3086-6"}
    assert rules(cards(both, ALLOPURINOL, {"uric acid": urine})) == ["uric-acid-unknown"]


def test_uric_acid_in_words_alone_is_never_taken_for_not_measured(both: Ehr) -> None:
    named = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "Uricémie"},
        "effectiveDateTime": "2026-03-20",
        "valueQuantity": {"value": 470, "unit": "µmol/L"},
    }
    request = told(ALLOPURINOL)
    request["prefetch"]["uricAcid"]["entry"].append({"resource": named})
    [card] = both.cards(request, service="gout-order-sign")
    assert card["extension"]["org.osteocds"]["unchecked"] == ["uric-acid-unknown"]
    assert "has no code that is known" in card["detail"]


@pytest.mark.parametrize(
    ("language", "summary", "offer"),
    [
        (
            "en",
            "Colchicine: contraindicated, creatinine clearance below 30 mL/min",
            "Remove the draft order: colchicine",
        ),
        (
            "fr",
            "Colchicine : contre-indication, clairance de la créatinine inférieure à 30 mL/min",
            "Retirer la prescription : colchicine",
        ),
    ],
)
def test_colchicine_in_severe_renal_impairment_is_to_be_removed(
    both: Ehr, language: str, summary: str, offer: str
) -> None:
    [card] = cards(both, COLCHICINE, KIDNEYS, headers={"Accept-Language": language})
    assert card["indicator"] == "critical"
    assert untyped(card["summary"]) == summary
    [suggestion] = card["suggestions"]
    assert untyped(suggestion["label"]) == offer
    assert [action["type"] for action in suggestion["actions"]] == ["delete"]


def test_febuxostat_in_ischaemic_heart_disease_is_warned_of_and_what_yields_is_silent(both: Ehr) -> None:
    [card] = cards(both, FEBUXOSTAT, HEART, headers={"Accept-Language": "fr"})
    assert (card["indicator"], rules([card])) == ("warning", ["febuxostat-heart-disease"])
    assert untyped(card["summary"]) == "Fébuxostat : cardiopathie ischémique au dossier, préférer l'allopurinol"


def test_a_brand_in_words_is_known_by_the_names_that_it_brings(both: Ehr) -> None:
    request = told(COLCHICINE, KIDNEYS)
    drug = request["context"]["draftOrders"]["entry"][0]["resource"]
    drug["medicationCodeableConcept"] = {"text": "ADENURIC 80 mg"}
    [card] = both.cards(request, service="gout-order-sign")
    assert rules([card]) == ["uric-acid-unknown"]
    assert card["summary"].startswith("Febuxostat")
    assert "was identified by name" in card["detail"]


def test_what_could_not_be_looked_up_is_said_in_its_words(both: Ehr) -> None:
    request = told(COLCHICINE)
    request["prefetch"]["clearance"] = {"resourceType": "OperationOutcome", "issue": []}
    [card] = both.cards(request, service="gout-order-sign", headers={"Accept-Language": "fr"})
    assert rules([card], "unchecked") == ["colchicine-severe-renal-impairment"]
    assert "La colchicine est contre-indiquée dans l'insuffisance rénale sévère" in untyped(card["detail"])


# --- side by side -----------------------------------------------------------------------------------------------------


def test_each_guideline_answers_for_its_own_orders_alone(both: Ehr) -> None:
    assert both.cards(told(COLCHICINE, KIDNEYS), service="bone-metastases-order-sign") == []
    request = denosumab({"vitamin D": "8 ng/mL 3 days ago"})
    assert both.cards(request, service="gout-order-sign") == []
    assert "vitamin-d-deficiency" in rules(both.cards(request))


def test_the_answers_of_the_first_are_the_same_beside_the_second(both: Ehr) -> None:
    request = denosumab({"vitamin D": "8 ng/mL 3 days ago", "creatinine": "90 umol/L 3 days ago"})
    assert said(both.cards(request)) == said(ehr(*GUIDELINES).cards(request))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_rule_links_to_its_document_where_that_says_where_everybody_can_read_it(both: Ehr, language: str) -> None:
    [leaflet] = GOUT.documents
    for rule in GOUT.rules:
        page = both.get(f"/catalogue/gout/{rule.id}?lang={language}", headers={"Accept": "text/html"}).text
        assert f'<a href="{leaflet.address}" rel="external noreferrer">' in page


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="uric_acid"):
        terminology_of([*BOTH, GOUT])
    with pytest.raises(ValueError, match="gout-order-select"):
        published([*BOTH, GOUT], split=False, terminology=TERMINOLOGY)
    shipped = replace(GOUT, analytes=(ANALYTES[0],))
    with pytest.raises(ValueError, match=ANALYTES[0].id):
        terminology_of([shipped])


# --- explanation, catalogue, pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "line"),
    [
        (Language.ENGLISH, "silent — Does not hold: ischaemic heart disease on record"),
        (Language.FRENCH, "se tait — Condition non remplie\u202f: cardiopathie ischémique au dossier"),
    ],
)
def test_why_a_rule_stayed_silent_is_explained_in_its_words(language: Language, line: str) -> None:
    world = World.from_settings(read_settings({}, BOTH), BOTH)
    answer = advise(told(FEBUXOSTAT), SIGN, world, now=NOW, language=language)
    lines = {one.rule: one.line(language).replace("\u00a0", " ") for one in explain(answer, SIGN.rules)}
    assert lines["febuxostat-heart-disease"].endswith(line)
    assert "uric-acid-unknown [MedicationRequest/" in lines["uric-acid-unknown"]
    assert {Language.ENGLISH: "advises", Language.FRENCH: "s’affiche"}[language] in lines["uric-acid-unknown"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule.id}: {example.told['name']}")
def test_its_examples_give_what_they_show(example: Example) -> None:
    answer = showroom(GOUT, GOUT.settings).answer(example, Language.ENGLISH)
    assert outcome_word([one for one in answer.outcomes if one.rule is example.rule]) == example.expected


PLANTS = cohort.plants if (cohort := cohort_of(GOUT)) is not None else ()


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_its_plants_are_advised_what_is_planted(plant: Plant) -> None:
    world = World.from_settings(read_settings({}, BOTH), BOTH)
    record = plant.record(Random(1), NOW.date(), GOUT, TERMINOLOGY)
    exported = frozenset(query.resource_type for query in SIGN.queries)
    found = Screening((SIGN,), world, NOW, Language.ENGLISH).of(Chart(PATIENT, record, exported, TERMINOLOGY))
    advised = [(one["hook"], one["order"], one["rule"], one["indicator"]) for one in found.findings if one["indicator"]]
    assert advised == [(one.hook, one.order, one.rule, one.indicator) for one in plant.truth(record, TERMINOLOGY)]


@pytest.mark.parametrize("language", Language)
def test_its_catalogue_holds_rules_cards_settings_and_what_stays_text(language: Language) -> None:
    whole = catalogue(GOUT, language, GOUT.settings)
    entries = {entry.id: entry for chapter in whole.chapters for entry in chapter.entries}
    assert entries.keys() == {rule.id for rule in GOUT.rules}
    assert all(entry.cards and entry.examples and entry.facts for entry in entries.values())
    shown = {name for entry in entries.values() for name, _, _ in entry.settings}
    assert {"uric_acid_valid_days", "severe_renal_impairment_below", "start_free_days"} <= shown
    assert len(whole.not_computed) == 2


def test_its_catalogue_as_markdown_is_in_its_words() -> None:
    english, french = (catalogue_to_read(GOUT, language, GOUT.settings) for language in Language)
    assert "### Febuxostat is avoided in ischaemic heart disease" in english
    assert "- Facts read: Medication history, Uric acid" in english
    assert "### Le fébuxostat est évité en cas de cardiopathie ischémique" in french.replace("\u00a0", " ")
    assert "La glace soulage." in french


@pytest.mark.parametrize("language", ["en", "fr"])
def test_its_catalogue_is_a_page_beside_that_of_the_first(both: Ehr, language: str) -> None:
    page = both.get(f"/catalogue/gout?lang={language}", headers={"Accept": "text/html"}).text
    JustHTML(page, strict=True)
    assert '<article id="colchicine-severe-renal-impairment">' in page
    assert "vitamin-d" not in page
    assert "vitamin-d-deficiency" in both.get(f"/catalogue?lang={language}").text
    assert "vitamin-d-deficiency" in both.get(f"/catalogue/bone-metastases?lang={language}").text
    assert "/catalogue/gout" in both.get("/catalogue/rheumatism").text


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Bone metastases, Gout"), ("fr", "Métastases osseuses, Goutte")]
)
def test_the_first_page_names_both_and_leads_to_both_catalogues(both: Ehr, language: str, title: str) -> None:
    page = both.get(f"/?lang={language}").text
    assert f"<h1>{title}</h1>" in page
    assert f'href="/catalogue?lang={language}"' in page
    assert f'href="/catalogue/gout?lang={language}"' in page


def test_the_description_of_the_endpoints_names_both(both: Ehr) -> None:
    about = both.get("/openapi.json").get_json()["info"]["description"]
    assert "Bone metastases of lung cancer" in about
    assert "Drugs for gout" in about


# --- settings, languages, records -------------------------------------------------------------------------------------


def test_its_clinical_settings_stand_in_a_table_of_its_name(tmp_path) -> None:
    path = tmp_path / "clinical.toml"
    path.write_text("renal_valid_days = 20\n[gout]\nsevere_renal_impairment_below = 20\nuric_acid_valid_days = 10\n")
    environ = {"OSTEOCDS_CLINICAL_SETTINGS": str(path)}
    clinical = read_settings(environ, BOTH).clinical
    assert clinical["bone-metastases"].renal_valid_days == 20
    assert clinical["gout"].renal_valid_days == GOUT.settings.renal_valid_days
    client = ehr(environ=environ)
    assert cards(client, COLCHICINE, KIDNEYS) == []
    [card] = cards(client, COLCHICINE, {"clearance": "19 mL/min 2 days ago"})
    assert "below 20 mL/min" in card["summary"]
    [stale] = cards(client, ALLOPURINOL, {"uric acid": "476 umol/L 20 days ago"})
    assert "uric acid: none recent; last 476" in said([stale]).replace("\u00a0", " ").lower()


def test_a_setting_of_another_guideline_is_refused_in_its_table(tmp_path) -> None:
    path = tmp_path / "clinical.toml"
    path.write_text("[gout]\ndental_valid_days = 20\n")
    with pytest.raises(InvalidSetting, match="dental_valid_days"):
        read_settings({"OSTEOCDS_CLINICAL_SETTINGS": str(path)}, BOTH)
    assert {"uric_acid_valid_days", "renal_valid_days"} <= setting_texts(GOUT.settings).keys()


def test_its_catalogue_of_messages_is_complete() -> None:
    domain = domain_of(GOUT)
    assert [list(problems(path, domain)) for path in domain.catalogues] == [[]]


def test_what_it_measures_is_searched_on_the_fhir_server() -> None:
    """Nothing is prefetched: the server is asked for its codes, and what it holds decides."""
    client = ehr(environ={"OSTEOCDS_FHIR_BASES": FHIR})
    scenario = {"order": ALLOPURINOL, "record": {"uric acid": "476 umol/L 20 days ago"}}
    written, request = told_request(scenario, NOW.date(), GOUT.taken_for_granted, terminology=TERMINOLOGY)
    request |= {"fhirServer": FHIR, "fhirAuthorization": authorization()}
    asked: list[str] = []

    def held(call: Any) -> tuple[int, dict[str, str], str]:
        resource_type = call.url.removeprefix(f"{FHIR}/").partition("/")[0]
        parameters = dict(parse_qsl(call.body or ""))
        template = f"{resource_type}?" + "&".join(f"{name}={value}" for name, value in parameters.items())
        asked.append(template)
        found = [{"resource": one} for one in written.resources if is_asked_for(one, template)]
        return 200, {}, json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": found})

    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        for name in ("Observation", "MedicationRequest", "MedicationStatement", "MedicationAdministration"):
            network.add_callback("POST", f"{FHIR}/{name}/_search", held)
        network.get(f"{FHIR}/Patient/{written.patient_id}", json=written.resources[0])
        for name in ("Condition", "Procedure"):
            network.add_callback("POST", f"{FHIR}/{name}/_search", held)
        assert client.cards(request, service="gout-order-sign") == []
        written.resources[:] = [one for one in written.resources if one["resourceType"] != "Observation"]
        assert rules(client.cards(request, service="gout-order-sign")) == ["uric-acid-unknown"]
    codes = [code for system, code in TERMINOLOGY.codes_of(URIC_ACID.concepts)]
    assert sorted(codes) == ["14933-6", "3084-1"]
    assert any(all(code in template for code in codes) for template in asked)


def test_a_sample_of_records_is_counted_with_its_codes() -> None:
    drug = {"resourceType": "MedicationRequest", "status": "active", "intent": "order"}
    drug["medicationCodeableConcept"] = {"coding": [{"system": "http://www.whocc.no/atc", "code": "M04AC01"}]}
    both, first = (Coverage(one, Clock(NOW)) for one in (TERMINOLOGY, terminology_of(GUIDELINES)))
    for coverage in (both, first):
        coverage.examine(drug, lambda _: None)
    assert [(item.code, item.meaning) for item, _count in both.ranked(Verdict.UNDERSTOOD)] == [
        ("M04AC01", "colchicine")
    ]
    assert list(first.ranked(Verdict.UNDERSTOOD)) == []


def test_a_score_that_it_brings_is_a_page_and_a_questionnaire_in_its_words() -> None:
    levels = (ScoreLevel(0, _("mild")), ScoreLevel(5, _("severe")))
    answers = (Answer("little", _("mild"), 0), Answer("much", _("severe"), 5))
    score = Score(
        "flare", "pain-score", GOUT.title, GOUT.about, GOUT.title, (Question("pain", _("pain"), answers),), levels
    )
    client = ehr(*GUIDELINES, replace(GOUT, scores=(score,)))
    questionnaire = client.get("/questionnaires/flare").get_json()
    assert (questionnaire["title"], questionnaire["url"]) == ("Gout", score.canonical)
    page = client.get("/questionnaires/flare?lang=fr", headers={"Accept": "text/html"}).text
    JustHTML(page, strict=True)
    assert "Goutte" in page


def test_its_demo_patient_is_a_request_like_any_other(both: Ehr) -> None:
    [patient] = GOUT.demo_patients
    record = demo_record(patient, NOW.date(), TERMINOLOGY)
    request = hook_request(patient, record, FHIR)
    answer = both.cards(with_prefetch(request, record, SIGN, []), service="gout-order-sign")
    assert rules(answer) == ["colchicine-severe-renal-impairment"]


def test_the_folder_holds_all_of_it() -> None:
    assert GOUT.folder.name == "gout"
    assert {path.parent for path in (GOUT.folder, GOUT.valuesets)} == {GOUT.folder.parent, GOUT.folder}
    assert all(rule.statement.__module__.startswith(gout.__name__) for rule in GOUT.rules)
