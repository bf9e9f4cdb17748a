"""How a FHIR base searches: by patient and code, in pages of a length, in an order, with links that can be followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import quote, urljoin

from mappings.readers.shapes import codings
from mappings.shapes import a_map, a_text
from mappings.vocabulary.code_systems import LOINC
from mappings.wording import Text, _
from service.certify.check import Check, failed, not_run, passed, warned
from service.certify.fhir_base import NO_PATIENTS, Sample, escaped, resources
from service.certify.service_answers import http
from service.certify.site import Site
from service.gathering.allowlist import lies_under, plain_url
from service.gathering.answers import opened

OK = 200
PAGE = 50
"""Observations of a patient that are looked at."""

PARAMETERS = ("combo-code", "code")
NO_SUCH_CODE = f"{LOINC}|00000-0"
IDS = ("fhir.patient-reference", "fhir.code", "fhir.count", "fhir.sort", "fhir.paging")
TOO_FEW = _("no patient of the sample has two results or more")


@dataclass(frozen=True)
class Chosen:
    """The patient of the sample with the most results, and these."""

    patient: str
    observations: list[Mapping[str, Any]]


def checks(site: Site, found: Sample) -> Iterator[Check]:
    """By the results of one patient of the sample."""
    if not found.patients:
        yield from (not_run(check, NO_PATIENTS, found.base) for check in IDS)
        return
    by_reference = [
        Chosen(one, _observations(site, found, f"patient=Patient/{escaped(one)}")) for one in found.patients
    ]
    chosen = max(by_reference, key=lambda one: len(one.observations))
    yield _reference(site, found, chosen)
    if not chosen.observations:
        yield from (not_run(check, _("no patient of the sample has a result"), found.base) for check in IDS[1:])
        return
    yield _code(site, found, chosen)
    if len(chosen.observations) < 2:
        yield from (not_run(check, TOO_FEW, found.base) for check in IDS[2:])
        return
    yield from _pages(site, found, chosen)
    yield _sort(site, found, chosen)


def _observations(site: Site, found: Sample, parameters: str) -> list[Mapping[str, Any]]:
    answer = site.ask_fhir(found.base, f"Observation?{parameters}&_count={PAGE}")
    if answer.status != OK:
        return []
    return [one for one in resources(answer) if one.get("resourceType") == "Observation"]


def _reference(site: Site, found: Sample, chosen: Chosen) -> Check:
    check = "fhir.patient-reference"
    if chosen.observations:
        return passed(check, _("results were found"), found.base)
    if any(_observations(site, found, f"patient={escaped(one)}") for one in found.patients):
        return failed(check, _("results are found by patient=id alone"), found.base)
    return not_run(check, _("no patient of the sample has a result"), found.base)


# --- by code ----------------------------------------------------------------------------------------------------------


def _code(site: Site, found: Sample, chosen: Chosen) -> Check:
    """By a code that the patient has a result of, and by one that nobody has."""
    asked = next(filter(None, map(_token, chosen.observations)), "")
    said: list[Text] = []
    for parameter in PARAMETERS:
        wrong = _wrong_by(site, found, chosen, parameter, asked)
        if wrong is None:
            seen = _("by {parameter}", parameter=parameter)
            if said:
                seen = _("by {parameter}; {others}", parameter=parameter, others=tuple(said))
            if not asked:
                return not_run("fhir.code", _("no result of the patient has a code with its system"), found.base)
            return passed("fhir.code", seen, found.base)
        if wrong[1]:
            return failed("fhir.code", wrong[0], found.base)
        said.append(wrong[0])
    return failed("fhir.code", _("{others}", others=tuple(said)), found.base)


def _token(observation: Mapping[str, Any]) -> str:
    for coding in codings(observation.get("code")):
        if (system := a_text(coding.get("system"))) and (code := a_text(coding.get("code"))):
            return f"{system}|{code}"
    return ""


def _wrong_by(site: Site, found: Sample, chosen: Chosen, parameter: str, asked: str) -> tuple[Text, bool] | None:
    """What is wrong with a parameter, and whether the service would not notice and go on to the next one."""
    patient = f"Observation?patient=Patient/{escaped(chosen.patient)}&_count={PAGE}&{parameter}="
    none = site.ask_fhir(found.base, patient + quote(NO_SUCH_CODE))
    if none.status != OK:
        return _("{parameter}: HTTP {status}", parameter=parameter, status=str(none.status)), False
    if any(one.get("resourceType") == "Observation" for one in resources(none)):
        return _("{parameter} is ignored: results of other codes come", parameter=parameter), True
    if not asked:
        return None
    some = site.ask_fhir(found.base, patient + quote(asked))
    if some.status != OK:
        return http(some), False
    ids = {one.get("id") for one in resources(some)}
    if not any(one.get("id") in ids for one in chosen.observations if _token(one) == asked):
        return _("{parameter} does not find a result that is there", parameter=parameter), True
    return None


# --- pages and their order --------------------------------------------------------------------------------------------


def _pages(site: Site, found: Sample, chosen: Chosen) -> Iterator[Check]:
    """A page of one, and the next."""
    answer = site.ask_fhir(found.base, f"Observation?patient=Patient/{escaped(chosen.patient)}&_count=1")
    if answer.status != OK:
        yield failed("fhir.count", http(answer), found.base)
        yield not_run("fhir.paging", http(answer), found.base)
        return
    number = len([one for one in resources(answer) if one.get("resourceType") == "Observation"])
    seen = _("asked for {asked}, {number} came", asked=1, number=number)
    yield passed("fhir.count", seen, found.base) if number == 1 else warned("fhir.count", seen, found.base)
    link = opened(answer.json).next_page if isinstance(answer.json, dict) else None
    if number >= len(chosen.observations):
        yield not_run("fhir.paging", _("all came in one page"), found.base)
        return
    yield _next(site, found, link)


def _next(site: Site, found: Sample, link: str | None) -> Check:
    """The next page, where the link to it may be followed."""
    if not link:
        return failed("fhir.paging", _("there are more, and no link to them"), found.base)
    address = urljoin(found.base.rstrip("/") + "/", link)
    url, base = plain_url(address), plain_url(found.base)
    if url is None or base is None or not lies_under(url, base):
        return failed(
            "fhir.paging", _("the link leads to {host}", host=url.host if url and url.host else "?"), found.base
        )
    answer = site.follow_fhir(address)
    if answer.status != OK or not resources(answer):
        return failed("fhir.paging", http(answer) if answer.status != OK else _("the next page is empty"), found.base)
    return passed("fhir.paging", _("the next page came"), found.base)


def _sort(site: Site, found: Sample, chosen: Chosen) -> Check:
    """Both ways, so that an order that is there anyhow does not pass for one that was asked for."""
    kept: dict[str, list[str]] = {}
    for order in ("date", "-date"):
        observations = _observations(site, found, f"patient=Patient/{escaped(chosen.patient)}&_sort={order}")
        kept[order] = [day for one in observations if (day := _day(one))]
    if len(set(kept["date"])) < 2 and len(set(kept["-date"])) < 2:
        return not_run("fhir.sort", _("the results of the patient are of one day"), found.base)
    upward = all(one <= other for one, other in pairwise(kept["date"]))
    downward = all(one >= other for one, other in pairwise(kept["-date"]))
    if upward and downward:
        return passed("fhir.sort", _("by date, both ways"), found.base)
    return warned("fhir.sort", _("results come in another order"), found.base)


def _day(observation: Mapping[str, Any]) -> str:
    """The day of a result, as far as it is told."""
    period = a_map(observation.get("effectivePeriod"))
    told = a_text(observation.get("effectiveDateTime")) or a_text(period.get("start"))
    return told[:10]
