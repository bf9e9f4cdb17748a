"""One synthetic patient and order a chapter: written to the FHIR server under a tag, asked of the running service, deleted.

What the answer must hold is computed beside it, from the same record as a prefetch, by the same rules and settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from mappings.evidence import local_reference
from mappings.wording import Text, _, _n, verbatim
from service.catalogue.examples import Example, examples_of
from service.certify.calls import NoAnswer, Over
from service.certify.check import Check, failed, not_run, passed
from service.certify.ending import not_now
from service.certify.fhir_base import resources
from service.certify.service_answers import http
from service.certify.site import Site, request_of
from service.demo.scenario import hook_of, told_request, with_prefetch
from service.demo.synthetic import SyntheticRecord
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.pipeline import HookAnswer, advise
from service.rules.guideline import EXTENSION, Chapter, Guideline
from service.rules.outcome import Advice, Indicator
from service.services import Service

OK = 200
TAG_SYSTEM = "urn:osteocds:certify"
TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
"""HL7: the label of what is no real patient's."""

FAMILY = "OsteoCDS-Certify"
"""Whoever meets one in a list of patients must see what it is."""

SPEAKS = frozenset({Indicator.CRITICAL.value, Indicator.WARNING.value})
ROUNDS_OF_DELETING = 3
"""What others refer to can be deleted only after them, where the server does not delete all at once."""

UNWANTED = frozenset({"unavailable", "hook"})
"""What examples tell that are about the EHR."""

WHY_NOT = _("synthetic orders are written and deleted with --write alone")


@dataclass(frozen=True, eq=False)
class Case:
    """A chapter's order: the record that it needs, its request without prefetch, and the answer that it must get."""

    chapter: Chapter
    rule: str
    service: Service
    record: SyntheticRecord
    drafts: tuple[Mapping[str, Any], ...]
    expected: HookAnswer


def cases(site: Site) -> Iterator[Case | Chapter]:
    """The first example of each chapter of which its rule says, under the settings of the site and today, that it matters.

    The chapter itself where there is none.
    """
    for guideline in GUIDELINES:
        for chapter in guideline.chapters:
            examples = (one for rule in chapter.rules for one in examples_of(rule, guideline))
            possible = (_case(site, guideline, chapter, one) for one in examples if _may_serve(one))
            yield next((one for one in possible if one is not None and one.rule in shown(one.expected)), chapter)


def _may_serve(example: Example) -> bool:
    return example.expected in SPEAKS and not UNWANTED & example.told.keys()


def _case(site: Site, guideline: Guideline, chapter: Chapter, example: Example) -> Case | None:
    """The example as of today, in the words of the site's own codes; None where no service asks its rule."""
    of_hook = (one for one in site.services.values() if one.hook.value == hook_of(example.told))
    service = next((one for one in of_hook if example.rule in one.rules), None)
    if service is None:
        return None
    record, request = told_request(
        example.told, site.now.date(), guideline.taken_for_granted, terminology=site.world.terminology
    )
    body = with_prefetch(request, record, service, [])
    expected = advise(body, service, site.world, now=site.now, language=Language.ENGLISH)
    drafts = tuple(entry["resource"] for entry in request["context"].get("draftOrders", {}).get("entry", ()))
    return Case(chapter, example.rule.id, service, record, drafts, expected)


def shown(answer: HookAnswer) -> dict[str, str]:
    """The rules that the cards must show, with the level of what they say."""
    on_cards = {
        rule for card in answer.response.to_json()["cards"] for rule in card["extension"][EXTENSION].get("rules", ())
    }
    return {
        one.rule.id: one.outcome.indicator.value
        for one in answer.outcomes
        if isinstance(one.outcome, Advice) and one.rule.id in on_cards
    }


# --- on the FHIR server -----------------------------------------------------------------------------------------------


class Left(Exception):
    """The FHIR server did not take what was to be written."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.message)
        self.why = why


class Tagged:
    """What was written to a FHIR base under one tag."""

    def __init__(self, site: Site, base: str) -> None:
        self._site = site
        self._base = base
        self.tag = str(uuid4())
        self._written: list[str] = []
        self._untold: set[str] = set()

    @property
    def is_untold(self) -> bool:
        """The server may have written what nobody knows of: it did not tell, and cannot be asked."""
        return bool(self._untold)

    def write(self, record: SyntheticRecord) -> dict[str, str]:
        """Write a record in one transaction; the references that the server gave, by those that it had. Raises `Left`."""
        names = {f"{one['resourceType']}/{one['id']}": f"urn:uuid:{uuid4()}" for one in record.resources}
        entries = [
            {
                "fullUrl": names[f"{one['resourceType']}/{one['id']}"],
                "resource": self._labelled(referring(one, names)),
                "request": {"method": "POST", "url": one["resourceType"]},
            }
            for one in record.resources
        ]
        types = {one["resourceType"] for one in record.resources} - self._untold
        self._untold |= types  # until it is answered: who does not hear an answer does not know what became of it
        answer = self._site.send_fhir(
            self._base, "POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        )
        told = answer.json if answer.status == OK and isinstance(answer.json, dict) else {}
        places = [
            local_reference(str((entry.get("response") or {}).get("location", ""))) for entry in told.get("entry", ())
        ]
        self._written += [place for place in places if place.count("/") == 1]
        if len(places) != len(entries) or not all(place.count("/") == 1 for place in places):
            raise Left(http(answer))
        self._untold -= types
        return dict(zip(names, places, strict=True))

    def _labelled(self, resource: dict[str, Any]) -> dict[str, Any]:
        meta = {"tag": [{"system": TAG_SYSTEM, "code": self.tag}], "security": [TEST_DATA]}
        labelled = {name: value for name, value in resource.items() if name != "id"} | {"meta": meta}
        if resource["resourceType"] == "Patient":
            labelled["name"] = [{"family": FAMILY, "given": ["Synthetic"]}]
        return labelled

    def clear(self) -> int:
        """Delete all that was written, at once or one by one; how much is left."""
        self._ask_what_was_written()
        entries = [{"request": {"method": "DELETE", "url": place}} for place in reversed(self._written)]
        if entries:
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
            with suppress(NoAnswer):
                self._site.send_fhir(self._base, "POST", "", bundle)
        left = [place for place in reversed(self._written) if self._is_there(place)]
        for _round in range(ROUNDS_OF_DELETING):
            for place in left:
                with suppress(NoAnswer):
                    self._site.send_fhir(self._base, "DELETE", place)
            left = [place for place in left if self._is_there(place)]
        return len(left)

    def _ask_what_was_written(self) -> None:
        """Of each type of which the server did not say: what bears this tag."""
        for name in sorted(self._untold):
            with suppress(NoAnswer):
                answer = self._site.ask_fhir(self._base, f"{name}?_tag={TAG_SYSTEM}%7C{self.tag}&_count={PAGE}")
                if answer.status == OK:
                    self._untold.discard(name)
                    found = (f"{name}/{one.get('id')}" for one in resources(answer) if _is_ours(one, self.tag))
                    self._written += [one for one in found if one not in self._written]

    def _is_there(self, place: str) -> bool:
        try:
            return self._site.ask_fhir(self._base, place).status not in GONE
        except NoAnswer:
            return True

    def leftovers(self) -> int:
        """Patients of any certification that the server still finds."""
        answer = self._site.ask_fhir(self._base, f"Patient?_tag={TAG_SYSTEM}%7C")
        return sum(_is_ours(one) for one in resources(answer)) if answer.status == OK else 0


GONE = frozenset({404, 410})
PAGE = 200
"""Resources of a type that are asked for by their tag: more than are written."""


def _is_ours(resource: Mapping[str, Any], tag: str = "") -> bool:
    """It bears our tag, or one of ours: a server that ignores `_tag` finds everybody."""
    tags = (resource.get("meta") or {}).get("tag") or ()
    ours = (one for one in tags if isinstance(one, dict) and one.get("system") == TAG_SYSTEM)
    return any(not tag or one.get("code") == tag for one in ours)


def referring(resource: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The resource with its references to others of these names renamed."""

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: names.get(one, one) if name == "reference" and isinstance(one, str) else renamed(one)
                for name, one in value.items()
            }
        return [renamed(one) for one in value] if isinstance(value, list) else value

    changed: dict[str, Any] = renamed(dict(resource))
    return changed


# --- the checks -------------------------------------------------------------------------------------------------------


def checks(site: Site, base: str) -> Iterator[Check]:
    """Write, ask, delete; what was written is deleted whatever becomes of the rest, and that is told."""
    tagged = Tagged(site, base)
    found: list[Check] = []
    ended: BaseException | None = None
    try:
        found += _asked(site, base, tagged)
    except (Over, NoAnswer) as error:
        found.append(not_run("orders.cards", error.why, base))
    except BaseException as error:  # noqa: BLE001 - Ctrl-C too; it goes on once nothing is left
        ended = error
    with not_now():
        site.calls.clearing()
        left = _cleared(tagged, base)
    yield from found
    yield left
    if ended is not None:
        raise ended


def _cleared(tagged: Tagged, base: str) -> Check:
    tag = verbatim(f"{TAG_SYSTEM}|{tagged.tag}")
    try:
        left = tagged.clear()
        others = tagged.leftovers() if not left else 0
    except (Over, NoAnswer) as error:
        return failed("orders.deleted", _("tag {tag}: {why}", tag=tag, why=error.why), base)
    if tagged.is_untold:
        return failed("orders.deleted", _("tag {tag}: the server does not tell what it has written", tag=tag), base)
    if left:
        return failed(
            "orders.deleted", _n("{number} is left under {tag}", "{number} are left under {tag}", left, tag=tag), base
        )
    if others:
        other = _n("{number} patient of an earlier run is left", "{number} patients of earlier runs are left", others)
        return failed("orders.deleted", other, base)
    return passed("orders.deleted", _("nothing is left"), base)


def _asked(site: Site, base: str, tagged: Tagged) -> Iterator[Check]:
    written = 0
    for case in cases(site):
        if isinstance(case, Chapter):
            yield not_run(
                "orders.cards", _("no example of the chapter speaks under the settings of the site"), case.topic
            )
            continue
        try:
            places = tagged.write(case.record)
        except Left as error:
            yield failed("orders.created", error.why, base)
            yield not_run("orders.cards", _("nothing could be written"), base)
            return
        written += 1
        yield _carded(site, base, case, places)
    yield passed("orders.created", _n("{number} patient", "{number} patients", written), base)


def _carded(site: Site, base: str, case: Case, places: Mapping[str, str]) -> Check:
    """Whether the service says of the order what it must say."""
    patient = case.record.subject["reference"]
    drafts = [referring(one, places) for one in case.drafts]
    request = request_of(case.service, places[patient].partition("/")[2], list(drafts)) | {"fhirServer": base}
    if site.fhir_token:
        request["fhirAuthorization"] = authorization(site.fhir_token)
    answer = site.fire(case.service, request, site.token())
    if answer.status != OK or not isinstance(answer.json, dict):
        return failed("orders.cards", http(answer), case.chapter.topic)
    wanted = shown(case.expected)
    cards = answer.json.get("cards", ())
    got = {
        rule: card.get("indicator", "")
        for card in cards
        for rule in card.get("extension", {}).get(EXTENSION, {}).get("rules", ())
    }
    rows = [_("{rule}: no card", rule=verbatim(rule)) for rule in wanted if rule not in got]
    rule = case.rule
    if rule in got and RANKS.index(got[rule]) > RANKS.index(wanted[rule]):
        rows.append(_("{rule}: {got} in place of {wanted}", rule=verbatim(rule), got=got[rule], wanted=wanted[rule]))
    if rows:
        return failed(
            "orders.cards", _("cards are missing, or milder than they must be"), case.chapter.topic, tuple(rows)
        )
    return passed(
        "orders.cards",
        _("{rule}: {indicator}", rule=verbatim(rule), indicator=verbatim(wanted[rule])),
        case.chapter.topic,
    )


RANKS: Sequence[str] = ("critical", "warning", "info")


def authorization(token: str) -> dict[str, Any]:
    """The `fhirAuthorization` of a request."""
    return {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.rs",
        "subject": "osteocds",
    }
