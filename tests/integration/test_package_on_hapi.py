"""The package of `osteocds export-ig`, asked of a real validator: HAPI's `$validate`."""

from __future__ import annotations

import re

import requests

from service.catalogue.fhir_package import package_files
from service.guidelines import GUIDELINES
from service.languages.render import Language

NOT_KNOWN_TO_HAPI = (
    "Unknown extension http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"
)
"""HAPI has not loaded the guide for forms (SDC); it says so, and goes on."""


def test_hapi_finds_nothing_wrong_in_any_resource_of_the_package(hapi_base):
    guideline, found = GUIDELINES[0], []
    with requests.Session() as session:
        for name, held in package_files(guideline, Language.ENGLISH, guideline.settings):
            kind = name.partition("-")[0]
            if name in {"package.json", ".index.json"}:
                continue
            # HAPI looks an OID up among resources that it cannot list (HAPI-0650): it is told another name.
            told = re.sub(rb'"urn:oid:([0-9.]+)"', rb'"https://oid.example.org/\1"', held)
            answer = session.post(
                f"{hapi_base}/{kind}/$validate",
                data=told,
                headers={"Content-Type": "application/fhir+json"},
                timeout=120,
            )
            for issue in answer.json()["issue"]:
                if issue["severity"] != "information":
                    found.append((name, issue["severity"], issue.get("diagnostics", "")))
                elif not issue["diagnostics"].startswith("No issues detected"):
                    assert issue["diagnostics"] == NOT_KNOWN_TO_HAPI, name
    assert found == []


def test_hapi_does_find_what_is_wrong(hapi_base):
    wrong = {"resourceType": "PlanDefinition", "status": "draft", "action": [{"trigger": [{"type": "named-event"}]}]}
    issues = requests.post(f"{hapi_base}/PlanDefinition/$validate", json=wrong, timeout=120).json()["issue"]
    assert any(one["severity"] == "error" and "trd-3" in one["diagnostics"] for one in issues)
