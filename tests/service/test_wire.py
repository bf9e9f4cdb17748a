"""The duties of a CDS service, one test or more each (CDS Hooks 2.0.1; the ids in brackets group the specification's text:
A JSON, B discovery, C invocation, D prefetch, F response; E, FHIR access, is in `test_gather.py`, G in `test_feedback.py`).

What every answer must be is checked by `ehr.Ehr` on every call of every test.
"""

from __future__ import annotations

import copy
import logging
import re
import time
from urllib.parse import parse_qsl, urlsplit

import pytest
import responses
from support.ehr import (
    DENOSUMAB,
    actions,
    authorization,
    check_nothing_empty,
    contents,
    denosumab,
    draft,
    ehr,
    rules,
    said,
    topics,
    with_member,
    without,
)
from support.scenario import PATIENT, request_for

from service.edge.app import create_app
from service.languages.render import BREAK
from service.settings import Settings

HOOKS = ("order-select", "order-sign", "patient-view")
BASE = "https://ehr.example.org/fhir"


@pytest.fixture(scope="module")
def client():
    return ehr()


@pytest.fixture(scope="module")
def services(client):
    return {service["hook"]: service for service in client.get("/cds-services").get_json()["services"]}


# --- A: JSON ----------------------------------------------------------------------------------------------------------


def test_answers_are_json_in_utf_8(client):  # A1
    answer = client.fire(denosumab(), headers={"Accept-Language": "fr"})
    assert answer.mimetype == "application/json"
    assert "Dénosumab" in answer.get_data().decode("utf-8")


@pytest.mark.parametrize("empty", [None, "", [], {}, [None], [{}], {"coding": []}], ids=repr)
def test_nothing_empty_comes_back_although_the_draft_holds_it(client, empty):  # A2
    request = request_for({"order": DENOSUMAB | {"dose": "60 mg"}, "record": {"vitamin D": "32 ng/mL 3 days ago"}})
    draft(request)["note"] = draft(request)["reasonReference"] = empty
    draft(request)["dosageInstruction"][0]["additionalInstruction"] = empty
    updates = [action["resource"] for action in actions(client.cards(request)) if action["type"] == "update"]
    assert updates
    for resource in updates:
        check_nothing_empty(resource)
        assert "reasonReference" not in resource


# --- B: discovery -----------------------------------------------------------------------------------------------------


def test_discovery_is_always_there_and_lists_a_service_a_hook(client, services):  # B1, B2, B4
    answer = client.get("/cds-services")
    assert answer.status_code == 200
    assert set(services) == set(HOOKS)
    assert [service["id"] for service in services.values()] == [f"bone-metastases-{hook}" for hook in services]


def test_every_service_has_a_title_and_says_what_it_asks_of_the_ehr(services):  # B5, B6
    for service in services.values():
        assert service["title"]
        assert "R4" in service["usageRequirements"]


def test_no_id_announces_two_hooks():  # B8: it would announce that new cards replace earlier ones
    for split in (False, True):
        listed = ehr(split_services=split).get("/cds-services").get_json()["services"]
        assert len({service["id"] for service in listed}) == len(listed)


def test_services_that_are_split_by_topic_are_named_by_topic_and_hook_and_answer():  # B2
    client = ehr(split_services=True)
    listed = client.get("/cds-services").get_json()["services"]
    assert len(listed) > len(HOOKS)
    for service in listed:
        assert service["id"].endswith(service["hook"])
        request = denosumab(hook=service["hook"]) if service["hook"] != "patient-view" else request_for({})
        assert client.fire(request, service["id"]).status_code == 200


def test_the_services_split_by_topic_ask_the_same_rules_as_the_one_that_is_not():
    whole, split = ehr(), ehr(split_services=True)
    request = denosumab()
    ids = [one["id"] for one in split.get("/cds-services").get_json()["services"] if one["hook"] == "order-sign"]
    apart = [card for service in ids for card in split.cards(request, service=service)]
    assert sorted(set(rules(apart))) == sorted(set(rules(whole.cards(request))))


# --- C: invocation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_answered_with_cards(client, hook):  # C1, F1
    request = request_for({}) if hook == "patient-view" else denosumab(hook=hook)
    answer = client.fire(request)
    assert answer.status_code == 200
    assert answer.get_json()["cards"]


@pytest.mark.parametrize(
    "path",
    [("hook",), ("hookInstance",), ("context",), ("context", "patientId"), ("context", "draftOrders")],
    ids=".".join,
)
@pytest.mark.parametrize("how", ["missing", "null", "blank"])
def test_a_request_without_what_is_required_is_a_400_that_names_the_place(client, path, how):  # C2
    request = denosumab()
    request = (
        without(request, *path) if how == "missing" else with_member(request, *path, value={"null": None}.get(how, " "))
    )
    answer = client.fire(request, "bone-metastases-order-sign")
    assert answer.status_code == 400
    assert [issue["expression"] for issue in answer.get_json()["issue"]] == [[".".join(path)]]


def test_order_select_needs_its_selections(client):  # C2
    request = denosumab(hook="order-select")
    for broken in (
        without(request, "context", "selections"),
        with_member(request, "context", "selections", value=None),
    ):
        answer = client.fire(broken)
        assert answer.status_code == 400
        assert answer.get_json()["issue"][0]["expression"] == ["context.selections"]


@pytest.mark.parametrize("hook", HOOKS)
def test_the_user_and_the_encounter_may_be_missing(
    client, hook
):  # C2: required of the client, needed by none of our rules
    request = request_for({}) if hook == "patient-view" else denosumab(hook=hook)
    expected = contents(client.cards(request))
    assert contents(client.cards(without(request, "context", "userId"))) == expected
    assert contents(client.cards(with_member(request, "context", "encounterId", value=None))) == expected


@pytest.mark.parametrize("hook", [hook for hook in HOOKS if hook != "order-sign"])
def test_a_hook_that_the_service_does_not_answer_is_a_400(client, hook):
    answer = client.fire(with_member(denosumab(), "hook", value=hook), "bone-metastases-order-sign")
    assert answer.status_code == 400
    assert "order-sign" in answer.get_json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize("route", ["", "/feedback"])
def test_an_unknown_service_is_a_404(client, route):  # C2
    answer = client.post(f"/cds-services/bone-metastases-order-dispatch{route}", json=denosumab())
    assert answer.status_code == 404
    assert "GET /cds-services" in answer.get_json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    "instance", ["7d3f7b9e-0a5f-11f1-8f2b-325096b39f47", "not-a-uuid", "x" * 5000, "a\nb", "{d1577c69-dfbe-44ad}"]
)
def test_any_hook_instance_will_do(client, instance):  # C3
    assert client.cards(with_member(denosumab(), "hookInstance", value=instance))


def test_an_authorization_without_a_fhir_server_is_of_no_use_and_does_no_harm(client):  # C4
    request = denosumab()
    request["fhirAuthorization"] = authorization()
    assert contents(client.cards(request)) == contents(client.cards(denosumab()))


@pytest.mark.parametrize("token", ["abc\nxyz", "abc\r\nX-Header: b", "jeton-é", "two words", "abc\u0000"])
def test_a_token_that_is_no_bearer_token_is_a_400_that_does_not_repeat_it(client, token):  # C4
    request = denosumab() | {"fhirServer": BASE, "fhirAuthorization": authorization() | {"access_token": token}}
    answer = client.fire(request)
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"] == ["fhirAuthorization.access_token"]
    assert token not in answer.get_data(as_text=True)


def test_a_request_with_full_prefetch_is_answered_in_half_a_second(client):  # C5
    client.cards(denosumab())
    started = time.perf_counter()
    client.cards(denosumab())
    assert time.perf_counter() - started < 0.5


def test_members_that_the_specification_does_not_name_are_ignored_everywhere(client):  # C7, I1, I5
    def extended(value):
        if isinstance(value, dict):
            unknown = (
                {"extension": {"com.example.any": {"a": None}}, "unknown": [1]} if "resourceType" not in value else {}
            )
            return {name: extended(inner) for name, inner in value.items()} | unknown
        return value

    request = denosumab()
    noisy = extended({name: value for name, value in request.items() if name != "prefetch"})
    noisy["prefetch"] = request["prefetch"] | {"com.example.more": {"resourceType": "Basic"}}
    assert noisy["context"]["unknown"] == [1]
    assert contents(client.cards(noisy)) == contents(client.cards(request))


def test_the_same_request_gives_the_same_cards_with_fresh_uuids(client):
    first, second = client.cards(denosumab()), client.cards(denosumab())
    assert contents(first) == contents(second)
    assert {card["uuid"] for card in first}.isdisjoint(card["uuid"] for card in second)


# --- D: prefetch ------------------------------------------------------------------------------------------------------

ALLOWED_PARAMETERS = {"patient", "code", "combo-code", "_sort", "_count"}


@pytest.mark.parametrize("hook", HOOKS)
def test_each_template_is_a_read_or_a_type_search_relative_to_the_fhir_server(services, hook):  # D1
    for template in services[hook]["prefetch"].values():
        parts = urlsplit(template)
        assert (parts.scheme, parts.netloc, parts.fragment) == ("", "", "")
        assert re.fullmatch(r"Patient/\{\{context\.patientId\}\}" if not parts.query else r"[A-Z][A-Za-z]+", parts.path)


@pytest.mark.parametrize("hook", HOOKS)
def test_templates_hold_no_token_but_the_patients_id(services, hook):  # D2, D3
    for template in services[hook]["prefetch"].values():
        assert re.findall(r"\{\{(.*?)\}\}", template) == ["context.patientId"]


@pytest.mark.parametrize("hook", HOOKS)
def test_templates_use_only_the_queries_that_every_client_should_support(services, hook):  # D4
    for template in services[hook]["prefetch"].values():
        for name, value in parse_qsl(urlsplit(template).query, strict_parsing="?" in template):
            assert name in ALLOWED_PARAMETERS, "no modifier, no chain, no inclusion"
            assert value
            if name == "_sort":
                assert value == "-date"
            if name == "_count":
                assert value.isdecimal()


@pytest.mark.parametrize("hook", HOOKS)
def test_with_every_template_answered_no_rule_lacks_anything(client, hook):  # D6, D8
    request = request_for({}) if hook == "patient-view" else denosumab(hook=hook)
    assert rules(client.cards(request), "unchecked") == []


FOUND = {"record": {"vitamin D": "32 ng/mL 30 days ago"}}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}


def vitamin_d(value):
    """A request whose vitamin D was prefetched like this, all else being complete; `...` leaves the key out."""
    request = request_for({"order": DENOSUMAB, **FOUND})
    if value is ...:
        return without(request, "prefetch", "vitaminD")
    return with_member(request, "prefetch", "vitaminD", value=value)


def prefetched_bundle():
    return copy.deepcopy(request_for({"order": DENOSUMAB, **FOUND})["prefetch"]["vitaminD"])


VITAMIN_D_RULES = {"vitamin-d-unknown", "vitamin-d-deficiency", "vitamin-d-insufficiency"}


def could_not_be_checked(cards):
    return set(rules(cards, "unchecked")) >= VITAMIN_D_RULES and "vitamin-d-unknown" not in rules(cards)


def said_to_be_missing(cards):
    return "vitamin-d-unknown" in rules(cards) and not rules(cards, "unchecked")


def found(cards):
    return not VITAMIN_D_RULES & {*rules(cards), *rules(cards, "unchecked")}


def test_a_key_that_is_absent_is_unknown_where_there_is_no_server_to_ask(client):  # D row 1
    cards = client.cards(vitamin_d(...))
    assert could_not_be_checked(cards)
    assert "not in the prefetch and there is no FHIR server" in said(cards)


def test_null_says_that_there_is_nothing(client):  # D row 2
    assert said_to_be_missing(client.cards(vitamin_d(None)))


@pytest.mark.parametrize("entries", [{"entry": []}, {"entry": None}, {"total": 0}, {}], ids=repr)
def test_an_empty_searchset_says_that_there_is_nothing(client, entries):  # D row 4
    bundle = {"resourceType": "Bundle", "type": "searchset", **entries}
    assert contents(client.cards(vitamin_d(bundle))) == contents(client.cards(vitamin_d(None)))


def test_an_operation_outcome_is_a_failure_and_is_not_asked_again(client):  # D row 3, D5
    assert could_not_be_checked(client.cards(vitamin_d(OUTCOME)))
    listed = ehr(fhir_bases=(BASE,))
    with responses.RequestsMock() as network:
        cards = listed.cards(vitamin_d(OUTCOME) | {"fhirServer": BASE, "fhirAuthorization": authorization()})
        assert len(network.calls) == 0
    assert could_not_be_checked(cards)
    assert "error when it prefetched" in said(cards)


def outcome_entry(severity, mode="outcome"):
    return {
        "search": {"mode": mode},
        "resource": {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "informational"}]},
    }


@pytest.mark.parametrize("severity", ["information", "warning"])
@pytest.mark.parametrize("mode", ["outcome", "match"])
def test_an_informational_outcome_among_the_entries_changes_nothing(client, severity, mode):  # D row 5
    bundle = prefetched_bundle()
    bundle["entry"].append(outcome_entry(severity, mode))
    assert found(client.cards(vitamin_d(bundle)))
    none = {"resourceType": "Bundle", "type": "searchset", "total": 0, "entry": [outcome_entry(severity, mode)]}
    assert said_to_be_missing(client.cards(vitamin_d(none)))


@pytest.mark.parametrize("severity", ["error", "fatal"])
def test_an_error_among_the_entries_is_a_failure(client, severity):  # D row 5
    bundle = prefetched_bundle()
    bundle["entry"].append(outcome_entry(severity))
    assert could_not_be_checked(client.cards(vitamin_d(bundle)))


def test_a_first_page_is_not_the_whole_answer(client):  # D row 6
    bundle = prefetched_bundle() | {"link": [{"relation": "next", "url": f"{BASE}?page=2"}]}
    cards = client.cards(vitamin_d(bundle))
    assert could_not_be_checked(cards)
    assert "only a first page was prefetched" in said(cards)


def test_a_searchset_that_announces_more_than_it_holds_is_not_the_whole_answer(client):  # D row 6
    assert could_not_be_checked(client.cards(vitamin_d(prefetched_bundle() | {"total": 7})))


def test_the_old_wrapper_is_taken_off(client):  # D row 7
    wrapped = {"response": {"status": "200 OK"}, "resource": prefetched_bundle()}
    assert found(client.cards(vitamin_d(wrapped)))
    assert said_to_be_missing(client.cards(vitamin_d({"response": {"status": "200 OK"}, "resource": None})))


@pytest.mark.parametrize("subject", [{"reference": "Patient/other"}, "Patient/other", [{"reference": "Patient/other"}]])
def test_a_resource_of_another_patient_is_dropped_logged_and_makes_its_answer_doubtful(
    client, subject, caplog
):  # D row 8
    bundle = prefetched_bundle()
    bundle["entry"][0]["resource"]["subject"] = subject
    with caplog.at_level(logging.DEBUG):
        cards = client.cards(vitamin_d(bundle))
    assert could_not_be_checked(cards)
    assert "another patient" in said(cards)
    assert "32" not in said(cards)
    assert "vitaminD: a resource of another patient was prefetched" in caplog.text
    assert "Patient/other" not in caplog.text
    assert PATIENT not in caplog.text


@pytest.mark.parametrize(
    "subject", [f"https://ehr.example.org/fhir/Patient/{PATIENT}", f"Patient/{PATIENT}/_history/3"]
)
def test_the_patients_own_results_are_known_by_any_form_of_reference(client, subject):
    bundle = prefetched_bundle()
    bundle["entry"][0]["resource"]["subject"] = {"reference": subject}
    assert found(client.cards(vitamin_d(bundle)))


@pytest.mark.parametrize(
    "garbage",
    ["<html>502</html>", 12, True, [], {}, {"resourceType": 5}, {"resource": "x"}, {"error": "x"}],
    ids=repr,
)
def test_what_is_no_resource_counts_as_not_sent(client, garbage):  # D: a site once sent an error page
    assert contents(client.cards(vitamin_d(garbage))) == contents(client.cards(vitamin_d(...)))


@pytest.mark.parametrize("entries", [[{}], [None], [12], [{"resource": {}}]], ids=repr)
def test_entries_sent_without_their_bundle_are_read_and_one_that_is_no_resource_makes_them_doubtful(client, entries):
    result = prefetched_bundle()["entry"]
    assert found(client.cards(vitamin_d(result)))
    assert could_not_be_checked(client.cards(vitamin_d(entries)))
    cards = client.cards(vitamin_d(result + entries))
    assert could_not_be_checked(cards)
    assert "an entry of the record could not be read" in said(cards)


def test_a_single_result_where_a_searchset_was_asked_for_is_not_the_whole_answer(client):
    single = prefetched_bundle()["entry"][0]["resource"]
    assert could_not_be_checked(client.cards(vitamin_d(single)))


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("prefetch", [..., None, {}, {"unknown": None}, {"vitaminD": "<html>"}], ids=repr)
def test_nothing_prefetched_and_no_server_to_ask_is_a_412(client, hook, prefetch):  # D7, F3
    request = request_for({}) if hook == "patient-view" else denosumab(hook=hook)
    request = without(request, "prefetch") if prefetch is ... else request | {"prefetch": prefetch}
    answer = client.fire(request)
    assert answer.status_code == 412
    assert "prefetch" in answer.get_json()["issue"][0]["diagnostics"]


def test_a_patient_who_lacks_data_is_never_a_412(client):  # D7
    request = denosumab()
    request["prefetch"] = dict.fromkeys(request["prefetch"])
    assert "checklist" in topics(client.cards(request))


def test_a_prefetch_that_failed_as_a_whole_is_told_on_a_card(client):  # D row 3: there is nobody else to ask
    request = denosumab()
    request["prefetch"] = dict.fromkeys(request["prefetch"], OUTCOME)
    cards = client.cards(request)
    assert "could-not-be-checked" in topics(cards)
    assert set(rules(cards, "unchecked")) >= VITAMIN_D_RULES


# --- F: response ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [{"drug": "paracetamol"}, {"drug": "amoxicillin"}])
def test_nothing_to_say_is_an_empty_array_of_cards(client, order):  # F2
    answer = client.fire(request_for({"order": order}))
    assert answer.status_code == 200
    assert answer.get_json() == {"cards": []}


def test_an_irrelevant_order_needs_no_data_and_no_fhir_call():
    client = ehr(fhir_bases=(BASE,))
    request = without(request_for({"order": {"drug": "paracetamol"}}), "prefetch") | {"fhirServer": BASE}
    with responses.RequestsMock() as network:
        assert client.fire(request).get_json() == {"cards": []}
        assert len(network.calls) == 0


def test_a_summary_stays_below_140_characters_whatever_the_drug_is_called(client):  # F, summary
    request = denosumab()
    draft(request)["medicationCodeableConcept"] = {"text": "Local product " + "of a very long name " * 40}
    (card,) = client.cards(request)
    assert topics([card]) == ["not-identified"]
    assert len(card["summary"]) < 140


def told_as(client, name):
    """The quiet card of a drug that may be one of ours, by the words that the record has for it."""
    request = denosumab()
    draft(request)["medicationCodeableConcept"] = {"text": name}
    (card,) = [card for card in client.cards(request) if topics([card]) == ["not-identified"]]
    return card


HOSTILE = [
    "<script>alert(1)</script>",
    "[alert](http://evil.example)",
    "![alert](http://evil.example/i.png)",
    "**alert** __alert__ ~~alert~~",
    "`alert` | alert",
    "&lt;alert&gt; &#60;alert>",
    "www.alert.example alert@evil.example",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_words_of_the_record_cannot_write_markdown_or_html(client, hostile):  # F, detail
    card = told_as(client, f"Denosumap {hostile}")
    assert "alert" in card["detail"]
    written = card["detail"].replace("**Why**", "")
    assert re.findall(r"(?<!\\)(?:[<>\[\]`*_~|]|&(?=#?\w+;))|://|www\.|\w@|@\w", written) == []
    assert hostile in card["summary"].replace(BREAK, ""), "a summary is plain text: an escape would be shown"


@pytest.mark.parametrize("break_", ["\n", "\r", "\u2028", "\x0b"])
def test_words_of_the_record_cannot_begin_a_line(client, break_):  # F, detail
    card = told_as(client, f"Denosumap{break_}{break_}- product")
    assert "product" in card["summary"]
    assert break_ not in card["summary"]
    assert "product" in card["detail"]
    assert not any(line.startswith(("- product", "product")) for line in card["detail"].splitlines())


@pytest.mark.parametrize("name", ["- denosumap", "+ denosumap", "1. denosumap", "12) denosumap", "---"])
def test_words_of_the_record_cannot_make_a_list(client, name):  # F, detail
    card = told_as(client, name)
    assert f"- {name}" not in card["detail"], "its marker must be escaped"
    assert name in card["summary"], "a summary is plain text: an escape would be shown"


@pytest.mark.parametrize("behavior", ["any", "at-most-one"])
def test_suggestions_come_with_the_selection_behavior_of_the_client(behavior):  # F, selectionBehavior
    cards = ehr(selection_behavior=behavior).cards(denosumab())
    assert {card["selectionBehavior"] for card in cards if "suggestions" in card} == {behavior}
    assert not any("selectionBehavior" in card for card in cards if "suggestions" not in card)
    assert not any("actionSelectionBehavior" in one for card in cards for one in card.get("suggestions", ()))  # B10


def test_for_clients_that_take_one_action_a_suggestion_each_action_is_its_own_suggestion():
    request = denosumab({"vitamin D": "12 ng/mL 3 days ago"})
    several, single = ehr().cards(request), ehr(single_action=True).cards(request)
    assert max(map(len, suggested(several))) > 1
    assert set(map(len, suggested(single))) == {1}
    assert len(actions(several)) == len(actions(single))


def suggested(cards):
    return [suggestion["actions"] for card in cards for suggestion in card.get("suggestions", ())]


def test_every_card_that_advises_can_be_overridden_for_a_reason_with_a_display(client):  # F, overrideReasons
    for card in client.cards(denosumab()):
        assert all(reason["display"] for reason in card["overrideReasons"])


def test_a_card_names_its_source_and_a_topic_that_is_static_and_short(client):  # F, source
    for card in client.cards(denosumab()):
        assert card["source"]["label"]
        assert re.fullmatch(r"[a-z0-9-]{1,100}", card["source"]["topic"]["code"])


def test_extensions_are_objects_under_a_globally_unique_name(client):  # I1, I2
    for card in client.cards(denosumab()):
        assert list(card["extension"]) == ["org.osteocds"]


CONTRAINDICATED = {"order": {"drug": "zoledronic acid", "dose": "4 mg"}, "record": {"clearance": "20 mL/min today"}}


def deletions(cards):
    return [action for action in actions(cards) if action["type"] == "delete"]


def test_a_delete_names_a_draft_of_the_request(client):  # F, action
    request = request_for(CONTRAINDICATED)
    assert {one["resourceId"] for one in deletions(client.cards(request))} == {
        f"MedicationRequest/{draft(request)['id']}"
    }


def test_an_update_carries_the_complete_draft(client):  # F, action
    request = request_for({"order": DENOSUMAB | {"dose": "60 mg"}, "record": {"vitamin D": "32 ng/mL 3 days ago"}})
    draft(request)["extension"] = [{"url": "https://ehr.example.org/kept", "valueString": "kept"}]
    updates = [action["resource"] for action in actions(client.cards(request)) if action["type"] == "update"]
    assert updates
    for resource in updates:
        assert resource.keys() >= draft(request).keys()
        assert resource["id"] == draft(request)["id"]
        assert resource["extension"] == draft(request)["extension"]


@pytest.mark.parametrize(
    "order_id", [..., None, "", " ", "a b", "a/b", "http://x", "<script>", 12, {}, ["x"]], ids=repr
)
def test_an_order_that_cannot_be_referred_to_is_neither_updated_nor_deleted(client, order_id):  # F, action
    for told in (CONTRAINDICATED, {"order": DENOSUMAB | {"dose": "60 mg"}}):
        request = request_for(told)
        request = with_member(request, "context", "draftOrders", value={"entry": [{"resource": dict(draft(request))}]})
        if order_id is ...:
            del draft(request)["id"]
        else:
            draft(request)["id"] = order_id
        cards = client.cards(request)
        assert rules(cards)
        assert {action["type"] for action in actions(cards)} <= {"create"}


def test_real_ids_are_longer_than_fhir_has_them(client):  # F, action
    request = request_for(CONTRAINDICATED)
    draft(request)["id"] = "e" + "x_-.9" * 40
    assert [one["resourceId"] for one in deletions(client.cards(request))] == [
        f"MedicationRequest/{draft(request)['id']}"
    ]


def test_suggested_orders_are_for_the_patient_and_the_encounter_of_the_request(client):
    request = with_member(denosumab(), "context", "encounterId", value="Encounter/e1")
    created = [action["resource"] for action in actions(client.cards(request)) if action["type"] == "create"]
    assert created
    for resource in created:
        assert resource["subject"] == {"reference": f"Patient/{PATIENT}"}
        assert resource["encounter"] == {"reference": "Encounter/e1"}


@pytest.mark.parametrize(
    ("accepted", "begins"),
    [
        *(("fr", "Dénosumab"), ("fr-FR,fr;q=0.9,en;q=0.8", "Dénosumab"), ("de, fr;q=0.1", "Dénosumab")),
        *(("en", "Denosumab"), ("de", "Denosumab"), ("", "Denosumab"), ("fr;q=0, en;q=0.1", "Denosumab")),
        (";;q=,,fr;q=x", "Denosumab"),
    ],
)
def test_cards_are_in_the_language_that_the_client_accepts(client, accepted, begins):
    assert client.cards(denosumab(), headers={"Accept-Language": accepted})[0]["summary"].startswith(begins)


def test_a_service_of_settings_that_cannot_work_does_not_start():
    for wrong in ({"fhir_bases": ("ehr.example.org",)}, {"database_url": "mongo://"}, {"database_url": "no URL"}):
        with pytest.raises(ValueError, match="OSTEOCDS_"):
            ehr(**wrong)


def test_the_application_is_made_from_settings_alone():
    assert list(create_app.__annotations__) == ["settings", "now", "guidelines", "traces", "return"]
    assert create_app.__annotations__["settings"] == Settings.__name__
