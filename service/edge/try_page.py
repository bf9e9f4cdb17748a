"""The page on which a person tries the service: a patient, an order, changed results; the cards, and why.

It fires the hook as an EHR does: the request that it shows as JSON is answered by the view of hooks, and what a person does
with a card goes to the view of feedback. The page holds nothing between two requests; the case stands in its form and its link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import orjson
from flask import Blueprint, Response, abort, request
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from cds_hooks import ProtocolError
from mappings.evidence import reference_of
from mappings.vocabulary.concepts import Terminology
from mappings.wording import Text
from service.demo import naming, trial
from service.demo.synthetic import ACTS, CONDITIONS, DRUGS, LABORATORY, ORDERABLE, SITES
from service.demo.trial import BLANK, Entry, NotATrial, Resource, Trial
from service.edge.calendar_page import Busy, calendar_shown
from service.edge.hook_calls import JSON, PATH
from service.edge.pages import OURSELVES, asked_language, page, written
from service.explain import Explained, explain
from service.gathering.fhir_server import FhirServer, open_server
from service.gathering.problems import FhirProblem
from service.gathering.whole_record import patients, whole_record
from service.languages.render import Language, day, plain, render, sentence
from service.pipeline import HookAnswer
from service.rules.guideline import EXTENSION, Chapter
from service.services import Service
from service.settings import Settings
from service.world import World

MOST_SHOWN = 300
"""Resources of a record that the page lists."""

FORM_BYTES = 500_000

UNREADABLE = "unreadable:"
"""Begins the problem of a word that a person typed, which follows."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the page calls, as a client would: a hook, and the feedback on its cards."""

    answered: Callable[[Request, str], tuple[HookAnswer, bytes]]
    note_feedback: Callable[[Request, str], None]


@dataclass(slots=True)
class Tried:
    """One answer of the page, as it is put together; with the calendar where that was asked for."""

    trial: Trial
    language: Language
    calendar: bool = False
    problems: list[str] = field(default_factory=list)
    """What went wrong: one of the page's own words (`WRONG`), or a sentence."""


@dataclass(frozen=True, slots=True)
class TryPage:
    """What the page needs of the service."""

    settings: Settings
    services: Mapping[str, Service]
    world: World
    clock: Callable[[], datetime]
    hooks: Hooks

    @property
    def fhir_base(self) -> str:
        """The FHIR server whose patients are tried; none where none is listed."""
        return self.settings.fhir_bases[0] if self.settings.fhir_bases else ""

    @property
    def today(self) -> date:
        """The day of the service."""
        return self.clock().date()

    @property
    def terminology(self) -> Terminology:
        """The words of the site."""
        return self.world.terminology

    def service(self, tried: Trial) -> Service:
        """The service that a case asks: where it names none that there is, the last one of orders, which signs them."""
        of_orders = [one for one in self.services.values() if one.hook.is_about_orders]
        return self.services.get(tried.service) or (of_orders or list(self.services.values()))[-1]

    # --- the FHIR server ------------------------------------------------------------------------------------------

    def server(self) -> FhirServer:
        """The FHIR server, for one request of the page. Raises `FhirProblem`."""
        return open_server(self.fhir_base, self.world.allowlist, self.world.outbound, self.settings.deadline_seconds)

    def patients(self, tried: Tried) -> list[Resource]:
        """The patients to choose from."""
        if not self.fhir_base:
            return []
        try:
            return [dict(one) for one in patients(self.server())]
        except FhirProblem as problem:
            tried.problems.append(sentence(problem.why, tried.language))
            return []

    def on_record(self, tried: Tried) -> list[Resource]:
        """The record of the patient that was chosen; of the blank one, where that cannot be read."""
        if tried.trial.patient != BLANK and self.fhir_base:
            try:
                queries = self.service(tried.trial).queries
                found = [dict(one) for one in whole_record(self.server(), tried.trial.patient, queries)]
                if any(one.get("resourceType") == "Patient" for one in found):
                    return found
            except FhirProblem as problem:
                tried.problems.append(sentence(problem.why, tried.language))
            else:
                tried.problems.append("patient")
        tried.trial = replace(tried.trial, patient=BLANK, changed={})
        return trial.blank_record(self.today, self.terminology)

    # --- what a person does ---------------------------------------------------------------------------------------

    def done(self, told: MultiDict[str, str], language: Language) -> tuple[Tried, list[Resource]]:
        """The case as the form tells it, once what was pressed is done; and the record of its patient."""
        tried = Tried(Trial(), language)
        try:
            tried.trial = trial.read(told["state"]) if told.get("state") else Trial()
        except NotATrial:
            tried.problems.append("link")
        what, _, where = told.get("do", "sign").partition(":")
        if what == "open":
            return tried, self.on_record(tried)
        chosen = told.get("patient", tried.trial.patient)
        if chosen != tried.trial.patient and trial.PATIENT_ID.fullmatch(chosen):
            tried.trial = Trial(service=tried.trial.service, patient=chosen, drafts=_of(tried.trial.drafts, chosen))
            told = MultiDict((name, value) for name, value in told.items(multi=True) if "." not in name)
        if told.get("service") in self.services:
            tried.trial = replace(tried.trial, service=told["service"])
        on_record = self.on_record(tried)
        before = tried.trial
        self._change(tried, told, on_record)
        try:
            self._do(tried, what, where, told)
        except NotATrial as problem:
            tried.problems.append(f"{UNREADABLE}{problem}")
        if not trial.written(tried.trial):
            tried.trial = before
            tried.problems.append("too much")
        return tried, on_record

    def _change(self, tried: Tried, told: MultiDict[str, str], on_record: list[Resource]) -> None:
        changed = {}
        for entry in trial.entries(Trial(), on_record):
            name = entry.reference
            if f"shown.{name}" not in told:
                continue
            try:
                change = trial.change(
                    entry,
                    value=told.get(f"value.{name}", entry.value),
                    day=told.get(f"day.{name}", entry.day),
                    end=told.get(f"end.{name}", entry.end),
                    removed=f"removed.{name}" in told,
                )
            except NotATrial as problem:
                tried.problems.append(f"{UNREADABLE}{problem}")
                continue
            if change:
                changed[name] = change
        shown = {name.partition(".")[2] for name in told if name.startswith("shown.")}
        kept = {name: change for name, change in tried.trial.changed.items() if name not in shown}
        tried.trial = replace(tried.trial, changed={**kept, **changed})

    def _do(self, tried: Tried, what: str, where: str, told: MultiDict[str, str]) -> None:
        now = tried.trial
        if what == "order" and (told.get("what") or told.get("line")):
            self._order(tried, told)
        elif what == "cancel":
            tried.trial = replace(now, drafts=tuple(one for one in now.drafts if reference_of(one) != where))
        elif what == "add" and told.get(f"{where}.name"):
            parts = ("name", "value", "day", "site", "dose")
            added = {"kind": where} | {one: told[f"{where}.{one}"][:200] for one in parts if told.get(f"{where}.{one}")}
            grown = replace(now, added=(*now.added, added)[: trial.MOST_ADDED])
            trial.added_entries(grown, self.today, self.terminology)
            tried.trial = grown
        elif what == "drop" and where.isdecimal():
            tried.trial = replace(now, added=tuple(one for at, one in enumerate(now.added) if at != int(where[:4])))
        elif what in ("accept", "dismiss"):
            self._answer(tried, what, where, told)
        elif what == "calendar":
            tried.calendar = True
        elif what == "again":
            tried.trial = replace(now, dismissed=())

    def _order(self, tried: Tried, told: MultiDict[str, str]) -> None:
        now = tried.trial
        names = ("what", "line", "site", "dose", "fractions", "every", "route", "day")
        parts = {name: told[name][:200] for name in names if told.get(name)}
        number = trial.next_number(now.drafts)
        draft = trial.drafted(parts, now.patient, number, self.today, self.terminology)
        tried.trial = replace(now, drafts=(*now.drafts, draft)[: trial.MOST_DRAFTS])

    def _answer(self, tried: Tried, what: str, where: str, told: MultiDict[str, str]) -> None:
        """A card is accepted, or dismissed with a reason: the draft changes, and the service is told, as by an EHR."""
        try:
            card = orjson.loads(told[f"card.{where.partition(':')[0]}"])
            said: dict[str, Any] = {
                "card": card["uuid"],
                "outcome": "accepted" if what == "accept" else "overridden",
                "outcomeTimestamp": self.clock().isoformat(),
            }
            if what == "accept":
                suggestion = card["suggestions"][int(where.partition(":")[2][:2])]
                said["acceptedSuggestions"] = [{"id": suggestion["uuid"]}]
                tried.trial = trial.accepted(tried.trial, suggestion["actions"])
            else:
                reason = card["overrideReasons"][int(told[f"reason.{where}"][:2])]
                said["overrideReason"] = {"reason": reason}
                tried.trial = replace(tried.trial, dismissed=(*tried.trial.dismissed, str(card["topic"])[:200])[-50:])
        except (KeyError, ValueError, TypeError, IndexError, AttributeError):
            raise NotATrial(what) from None
        call = self._call(f"{PATH}{self.service(tried.trial).id}/feedback", {"feedback": [said]}, tried.language)
        self.hooks.note_feedback(call, self.service(tried.trial).id)

    # --- the hook -------------------------------------------------------------------------------------------------

    def _call(self, path: str, body: Mapping[str, Any], language: Language) -> Request:
        """The call that a client would make."""
        headers = [("Accept-Language", language.value)]
        builder = EnvironBuilder(path, method="POST", data=orjson.dumps(body), content_type=JSON, headers=headers)
        return Request(builder.get_environ())

    def fired(self, tried: Tried, on_record: list[Resource]) -> dict[str, Any]:
        """What the page shows of the hook: its request, and the answer or what was wrong."""
        service = self.service(tried.trial)
        body = trial.hook_request(
            tried.trial,
            on_record,
            service,
            today=self.today,
            terminology=self.terminology,
            fhir_base=self.fhir_base,
            hook_instance=str(uuid4()),
        )
        shown: dict[str, Any] = {"request": _pretty(body), "cards": [], "why": [], "answer": ""}
        if service.hook.is_about_orders and not tried.trial.drafts:
            return shown
        try:
            advised, answer = self.hooks.answered(self._call(PATH + service.id, body, tried.language), service.id)
        except ProtocolError as error:
            tried.problems += [f"{where} {what}".strip() for where, what in error.problems.items()]
            return shown
        told = orjson.loads(answer)
        cards = [_shown(card, tried.trial.dismissed) for card in told["cards"]]
        return shown | {
            "answer": _pretty(told),
            "cards": cards,
            "fired": True,
            "why": self._why(advised, service, tried.language),
            "calendar": self._calendar(tried, body, service) if tried.calendar else None,
        }

    def _calendar(self, tried: Tried, body: Mapping[str, Any], service: Service) -> dict[str, object] | None:
        """What `calendar_part.html` shows of the request."""
        try:
            return calendar_shown(body, service, self.world, now=self.clock(), language=tried.language)
        except Busy:
            tried.problems.append("busy")
        except ProtocolError as error:
            tried.problems += error.problems.values()
        return None

    def _why(self, advised: HookAnswer, service: Service, language: Language) -> list[dict[str, Any]]:
        """Every rule with its outcome, by chapter, as `osteocds check --explain` tells it."""
        chapter_of = {rule.id: chapter for chapter in service.guideline.chapters for rule in chapter.rules}
        titles = {rule.id: rule.title for rule in service.rules}
        groups: dict[Chapter | None, list[Explained]] = {}
        for one in explain(advised, service.rules):
            groups.setdefault(chapter_of.get(one.rule), []).append(one)
        return [
            {
                "title": None if chapter is None else chapter.title,
                "spoke": sum(one.outcome not in ("silent", "not told") for one in told),
                "rules": [
                    {
                        "id": one.rule,
                        "title": titles.get(one.rule),
                        "order": one.order,
                        "outcome": one.outcome,
                        "because": [sentence(text, language) for text in one.because],
                        "facts": [sentence(text, language) for text in one.facts],
                    }
                    for one in sorted(told, key=lambda one: one.outcome == "silent")
                ],
            }
            for chapter, told in groups.items()
        ]

    # --- the page -------------------------------------------------------------------------------------------------

    def shown(self, tried: Tried, on_record: list[Resource]) -> Response:
        """The page of a case."""
        language = tried.language
        chosen = self.patients(tried)
        fired = self.fired(tried, on_record)
        service = self.service(tried.trial)
        body = written(
            "try.html",
            language,
            state=trial.written(tried.trial),
            longest_link=trial.LONGEST_LINK,
            trial=tried.trial,
            problems=tried.problems,
            patients=[(str(one.get("id")), naming.person_named(one)) for one in chosen],
            services=list(self.services.values()),
            service=service,
            entries=[self._line(one, language) for one in trial.entries(tried.trial, on_record)[:MOST_SHOWN]],
            left_out=max(0, len(on_record) - 1 - MOST_SHOWN),
            added=[self._line(one, language) for one in trial.added_entries(tried.trial, self.today, self.terminology)],
            drafts=[self._line(one, language) for one in trial.entries(Trial(), tried.trial.drafts)],
            choices=self._choices(language),
            public_url=self.settings.public_url,
            today=self.today.isoformat(),
            **fired,
        )
        return page(body, language, forms=OURSELVES)

    def _line(self, entry: Entry, language: Language) -> dict[str, Any]:
        name = naming.resource_named(entry.resource, self.terminology)
        return {
            "entry": entry,
            "name": plain(sentence(name, language)),
            "site": ", ".join(plain(render(one, language)) for one in naming.sites_named(entry.resource)),
            "said": " ".join(plain(render(one, language)) for one in naming.amounts_of(entry.resource)),
            "planned": "" if (planned := trial.planned_day(entry.resource)) is None else day(planned, language),
        }

    def _choices(self, language: Language) -> dict[str, list[tuple[str, str]]]:
        """What can be ordered and added, with its name, in the order of the names."""

        def named(names: Iterable[str], name: Callable[[str], Text | tuple[Text, ...]]) -> list[tuple[str, str]]:
            told = {}
            for one in names:
                texts = name(one)
                texts = texts if isinstance(texts, tuple) else (texts,)
                told[one] = ", ".join(plain(render(text, language)) for text in texts)
            twice = [said for said in told.values() if list(told.values()).count(said) > 1]
            shown = {one: f"{said} ({one})" if said in twice and said != one else said for one, said in told.items()}
            return sorted(shown.items(), key=lambda pair: pair[1].casefold())

        words = self.terminology
        return {
            "drugs": named(DRUGS, lambda one: naming.drug_named(one, words)),
            "orders": named(ORDERABLE, lambda one: naming.act_named(one, words)),
            "acts": named(ACTS, lambda one: naming.act_named(one, words)),
            "conditions": named(CONDITIONS, lambda one: naming.condition_named(one, words)),
            "results": named(LABORATORY, lambda one: naming.result_named(one, words)),
            "sites": named(SITES, naming.site_named),
        }


def add_try_page(
    site: Blueprint,
    settings: Settings,
    services: Mapping[str, Service],
    world: World,
    clock: Callable[[], datetime],
    hooks: Hooks,
) -> None:
    """Add the routes of the page to those of the pages."""
    trying = TryPage(settings, services, world, clock, hooks)

    @site.get("/try")
    def try_page() -> Response:
        language = asked_language(settings)
        tried = Tried(Trial(), language)
        return trying.shown(tried, trying.on_record(tried))

    @site.post("/try")
    def tried_page() -> Response:
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            abort(403, "the form of the page alone may be sent here")
        request.max_form_memory_size = FORM_BYTES
        language = asked_language(settings)
        tried, on_record = trying.done(request.form, language)
        return trying.shown(tried, on_record)


# --- words ------------------------------------------------------------------------------------------------------------


def _pretty(told: Any) -> str:
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()


def _shown(card: Mapping[str, Any], dismissed: tuple[str, ...]) -> dict[str, Any]:
    """A card as the page shows it; what the form must send back when it is accepted or dismissed stands in `sent`."""
    rules = card.get("extension", {}).get(EXTENSION, {}).get("rules", [])
    topic = ":".join((card["source"]["topic"]["code"], *rules))[:200]
    names = ("uuid", "suggestions", "overrideReasons")
    sent = {name: card[name] for name in names if name in card} | {"topic": topic}
    return {
        **card,
        "html": Markup(_markdown(card.get("detail", ""))),  # noqa: S704 - written by the renderer, which lets no HTML through
        "sent": orjson.dumps(sent).decode(),
        "dismissed": topic in dismissed,
    }


def _markdown(text: str) -> str:
    """The detail of a card as HTML: CommonMark without HTML, links and images, as an EHR should show it."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - for this page alone

    return str(MarkdownIt("commonmark", {"html": False}).disable(["link", "image", "autolink"]).render(text))


def _of(drafts: tuple[Resource, ...], patient: str) -> tuple[Resource, ...]:
    """The drafts for another patient."""
    return tuple({**one, "subject": {"reference": f"Patient/{patient}"}} for one in drafts)
