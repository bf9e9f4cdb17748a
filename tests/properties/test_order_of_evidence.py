"""Cards rest on what the record holds, not on the order or the way in which it arrives."""

from __future__ import annotations

import copy
import re
from datetime import date, timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from support.ehr import contents
from support.fhir_site import SITE_EHR, site, unprefetched
from support.scenario import NOW, request_for
from support.told_requests import answer, bundles, cards, told_requests

from service.rules.outcome import Advice, Silence

ALBUMIN, CALCIUM = "1751-7", "2000-8"


@given(request=told_requests(), random=st.randoms(use_true_random=False))
def test_permuting_the_entries_of_a_bundle_changes_no_card(request, random):
    shuffled = copy.deepcopy(request)
    for entries in bundles(shuffled).values():
        random.shuffle(entries)
    assert cards(shuffled) == cards(request)


@given(request=told_requests(), random=st.randoms(use_true_random=False))
def test_permuting_the_drafts_changes_nothing_that_the_rules_say(request, random):
    """A card about the patient stands by the first draft and names it: levels a rule are compared, not cards."""
    assume("draftOrders" in request["context"] and len(request["context"]["draftOrders"]["entry"]) > 1)
    shuffled = copy.deepcopy(request)
    random.shuffle(shuffled["context"]["draftOrders"]["entry"])
    assert said(shuffled) == said(request)


def said(request: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (one.rule.id, one.outcome.indicator.value if isinstance(one.outcome, Advice) else "could not be checked")
        for one in answer(request).outcomes
        if not isinstance(one.outcome, Silence)
    }


def results(request: dict[str, Any]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The dated results of a request by code and body site, the newest last."""
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for entries in bundles(request).values():
        for one in (entry["resource"] for entry in entries):
            dated = len(one.get("effectiveDateTime", "")) == len("2026-03-31")
            if one["resourceType"] == "Observation" and dated and one["status"] != "entered-in-error":
                key = (one["code"]["coding"][0]["code"], str(one.get("bodySite")))
                found.setdefault(key, {})[one["id"]] = one
    return {key: sorted(group.values(), key=lambda one: one["effectiveDateTime"]) for key, group in found.items()}


def day(result: dict[str, Any]) -> date:
    return date.fromisoformat(result["effectiveDateTime"])


@given(request=told_requests(), data=st.data())
def test_adding_an_older_result_adds_at_most_the_trend(request, data):
    groups = results(request)
    assume(groups)
    code, site_told = data.draw(st.sampled_from(sorted(groups)))
    newest = groups[code, site_told][-1]
    assume(day(newest) <= NOW.date())  # a result of the future is not used, so that an older one may count
    if code == ALBUMIN and (calcium := groups.get((CALCIUM, "None"))):  # the newest albumin of another time is not used
        assume(abs((day(newest) - day(calcium[-1])).days) <= 7)
    older = copy.deepcopy(newest) | {"id": "older"}
    older["effectiveDateTime"] = (
        day(groups[code, site_told][0]) - timedelta(data.draw(st.integers(1, 400)))
    ).isoformat()
    if "valueQuantity" in older:
        older["valueQuantity"]["value"] = data.draw(st.sampled_from([0.3, 1.1, 2, 2.9, 3.8, 9, 25, 55, 90, 400]))
        older["valueQuantity"].pop("comparator", None)
    changed = copy.deepcopy(request)
    for entries in bundles(changed).values():
        if any(entry["resource"].get("id") == newest["id"] for entry in entries):
            entries.append({"resource": older})
    assert without_what_is_only_shown(cards(changed)) == without_what_is_only_shown(cards(request))


VALUES, DAYS = r"[^ →]+ → (?P<value>[^→]+)", r"\([^,()]+, (?P<day>[^,()]+)\)"
"""How a trend is told: the value before and the newest one, then the days of both."""

TRENDS = {
    re.compile(rf"^(?P<what>- [^:→]+: ){VALUES} {DAYS}$"): r"\g<what>\g<value> (\g<day>)",
    re.compile(rf"^(?P<what>- [^:→]+: ){VALUES} {DAYS}, (?P<how>[^→]+)$"): r"\g<what>\g<value> (\g<how>, \g<day>)",
    re.compile(rf"(?<=\)); creatinine {VALUES} {DAYS}$"): "",
}
"""The lines of a result, of a clearance, and of one computed from creatinine, each with what it says without its trend."""


def without_what_is_only_shown(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An older result decides nothing: it is shown before the newest one of its year, and beside one that cannot be used."""
    for card in told:
        lines = [line for line in card["detail"].splitlines() if ": shown only, " not in line]
        for trend, newest in TRENDS.items():
            lines = [trend.sub(newest, line) for line in lines]
        lines = [line.replace("/1.73 m²", "") for line in lines]  # two eGFR are told in their own unit
        card["detail"] = "\n".join(lines)
        ours = card["extension"]["org.osteocds"]
        ours["resources"] = [one for one in ours.get("resources", ()) if one != "Observation/older"]
    return told


@given(request=told_requests(), data=st.data())
def test_splitting_the_evidence_between_prefetch_and_server_changes_no_card(request, data):
    keys = sorted(request["prefetch"])
    left = data.draw(st.lists(st.sampled_from(keys), min_size=1, unique=True))
    with site(request):
        split = SITE_EHR.cards(unprefetched(request, *left))
    assert contents(split) == contents(SITE_EHR.cards(request))


# --- what the properties found ----------------------------------------------------------------------------------------

DENOSUMAB = {"drug": "denosumab", "dose": "120 mg"}


def test_supplements_are_named_in_the_same_order_however_they_arrive():
    taken = [{"drug": drug, "kind": "statement", "start": 60} for drug in ("calcium carbonate", "cholecalciferol")]
    record = {"calcium": "2.7 mmol/L today", "albumin": "40 g/L today", "medications": taken}
    request = request_for({"order": DENOSUMAB, "record": record})
    turned = copy.deepcopy(request)
    bundles(turned)["medicationStatements"].reverse()
    [card] = [one for one in cards(request) if one["source"]["topic"]["code"] == "hypercalcaemia"]
    assert re.search(r"to stop: calcium\b.*cholecalciferol", card["detail"])
    assert cards(turned) == cards(request)


def test_of_two_results_that_are_too_old_the_card_refers_to_the_one_that_it_shows():
    request = request_for({"order": DENOSUMAB, "record": {"vitamin D": "31 ng/mL 200 days ago"}})
    [entry] = bundles(request)["vitaminD"]
    older = entry["resource"] | {"id": "a-first", "effectiveDateTime": "2024-01-01"}
    bundles(request)["vitaminD"].append({"resource": older})
    [checklist] = [one for one in cards(request) if "vitamin-d-unknown" in one["extension"]["org.osteocds"]["rules"]]
    assert "31 ng/mL" in checklist["detail"].replace("\u00a0", " ")
    resources = checklist["extension"]["org.osteocds"]["resources"]
    assert f"Observation/{entry['resource']['id']}" in resources
    assert "Observation/a-first" not in resources
