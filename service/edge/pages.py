"""The pages of the service for people: what there is, the catalogues, and the scores. No script from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache, partial
from importlib.metadata import version
from threading import BoundedSemaphore, Lock
from typing import Any

import orjson
from flask import Blueprint, Response, abort, current_app, render_template, request, url_for
from flask_compress import Compress
from werkzeug.exceptions import NotFound

from mappings.facts.bones import named_bones
from mappings.readers.sites import LATERALITY_EXTENSION, region_of_code
from mappings.vocabulary.bones import SIDE_CODES
from mappings.vocabulary.code_systems import FINDING, SNOMED_CT
from mappings.vocabulary.scores import ANSWERS, QUESTIONS, SIDES, Score
from service.catalogue.entries import catalogue, entry
from service.catalogue.questionnaires import questionnaire
from service.catalogue.synonyms import synonyms
from service.edge.clients import Messaging
from service.languages.markup import said, said_of_number
from service.languages.render import (
    COLONS,
    SEMICOLONS,
    Language,
    choose_language,
    plain,
    render,
    sentence,
)
from service.rules.guideline import Guideline, terminology_of
from service.rules.rule import Rule
from service.services import Service
from service.settings import Settings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src {images}; {connect}form-action {forms}; "
    "base-uri 'none'; frame-ancestors {ancestors}"
)
NOBODY = "'none'"
OURSELVES = "'self'"
FHIR_JSON = "application/fhir+json"
HTML = "text/html"
FORMATS = {"json": FHIR_JSON, "application/json": FHIR_JSON, FHIR_JSON: FHIR_JSON, "html": HTML, HTML: HTML}
"""Values of FHIR's `_format`, which goes before the Accept header: a link cannot send one."""


class WrittenOnce:
    """Texts that stay the same while the process lives, and are the work of seconds: one thread writes, and few wait for it."""

    def __init__(self) -> None:
        self._texts: dict[Hashable, str] = {}
        self._writing = Lock()
        self._places = BoundedSemaphore(MOST_WAITING)

    def text(self, key: Hashable, write: Callable[[], str]) -> str:
        """The text of this key, written now if it never was; nothing where too many wait for one already."""
        if (text := self._texts.get(key)) is not None:
            return text
        if not self._places.acquire(blocking=False):
            return ""
        try:
            with self._writing:
                if key not in self._texts:
                    self._texts[key] = write()
                return self._texts[key]
        finally:
            self._places.release()


MOST_WAITING = 3
"""Threads of a process that may wait for a catalogue, the one that writes it included: the others are for hooks."""


def written(template: str, chosen: Language, **shown: object) -> str:
    """A page in a language, from its template; `kept`, of what is shown, the switch of the language keeps in the address."""
    return render_template(
        template,
        lang=chosen.value,
        others=[(one.value, own_name(one)) for one in Language if one is not chosen],
        colon=COLONS[chosen],
        semicolon=SEMICOLONS[chosen],
        _=partial(said, chosen),
        _n=partial(said_of_number, chosen),
        say=lambda text: sentence(text, chosen),
        has=lambda endpoint: f"pages.{endpoint}" in current_app.view_functions,
        at=lambda endpoint, **parts: url_for(f"pages.{endpoint}", lang=chosen.value, **parts),
        version=version("osteocds"),
        **shown,
    )


@cache
def own_name(language: Language) -> str:
    """What a language calls itself, as one chooses it: «Français»."""
    from babel import Locale  # noqa: PLC0415 - loaded with the first page

    name = Locale(language.value).get_language_name(language.value) or language.value
    return name[:1].upper() + name[1:]


def page(
    body: str,
    chosen: Language,
    ancestors: str = NOBODY,
    *,
    status: int = 200,
    images: str = OURSELVES,
    connect: str = "",
    forms: str = NOBODY,
) -> Response:
    """The answer that holds a page; pages of `ancestors` may frame it.

    It may show `images` of these sources, its scripts `connect` to these (to none by default), its forms be sent to these.
    """
    response = Response(body, status, mimetype="text/html")
    response.vary.update(("Accept", "Accept-Language"))
    response.headers["Content-Language"] = chosen.value
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.format(
        ancestors=ancestors, images=images, connect=f"connect-src {connect}; " if connect else "", forms=forms
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    response.cache_control.no_cache = True  # kept, and asked for again by its ETag
    if status == OK:
        response.add_etag()
        response.make_conditional(request)
    return response


OK = 200


COMPRESSION = {
    "COMPRESS_REGISTER": False,
    "COMPRESS_MIMETYPES": ["text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml"],
    "COMPRESS_ALGORITHM": ["br", "gzip"],
}
"""How pages are packed (settings of Flask-Compress): in what browsers have had for years, and pages alone."""


def asked_language(settings: Settings) -> Language:
    """The language of a page: the one that its address names, else the browser's, else the site's."""
    wanted = request.args.get("lang", "")
    if wanted in set(Language):
        return Language(wanted)
    return choose_language(request.headers.get("Accept-Language", ""), settings.language)


def wants_a_page() -> bool:
    """Whoever asks reads HTML rather than JSON: a browser, not a program."""
    return request.accept_mimetypes.best_match([FHIR_JSON, "application/json", HTML], FHIR_JSON) == HTML


def problem_page(status: int, problem: str, settings: Settings) -> Response:
    """What a browser is told of an error: in words, with the way back. `problem` is in English, as programs are told it."""
    chosen = asked_language(settings)
    told = {"problem": problem, "generic": problem == NotFound.description}
    return page(written("problem.html", chosen, status=status, **told), chosen, status=status)


def pages(
    settings: Settings,
    services: Mapping[str, Service],
    guidelines: Sequence[Guideline],
    messaging: Mapping[str, Messaging],
    compress: Compress,
) -> Blueprint:
    """The routes of the pages; `messaging` are the clients, by name, whose EHR takes what the page of a score writes.

    `compress` packs pages and what they load, and nothing else: what is secret is never packed together with what others chose.
    """
    by_id = {guideline.id: guideline for guideline in guidelines}
    scores = {score.id: score for guideline in guidelines for score in guideline.scores}
    site = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")

    @site.after_request
    def pack(response: Response) -> Response:
        response.direct_passthrough = False
        response.make_sequence()  # a file is read whole: what packs it piece by piece would leave it open
        return compress.after_request(response)

    @site.get("/")
    def home() -> Response:
        chosen = asked_language(settings)
        shown = {"guidelines": guidelines, "services": list(services.values()), "scores": list(scores.values())}
        return page(written("home.html", chosen, **shown), chosen)

    _add_catalogues(site, by_id, settings)

    @site.get("/questionnaires/<name>")
    def score_page(name: str) -> Response:
        """The FHIR Questionnaire; for a browser that asks for no other `_format`, a page to fill it in."""
        score = scores.get(name)
        if score is None:
            abort(404, "no such questionnaire; there are " + ", ".join(f"/questionnaires/{one}" for one in scores))
        chosen = asked_language(settings)
        if FORMATS.get(request.args.get("_format", ""), HTML if wants_a_page() else FHIR_JSON) != HTML:
            answer = Response(orjson.dumps(questionnaire(score, chosen)), mimetype=FHIR_JSON)
            answer.vary.update(("Accept", "Accept-Language"))
            return answer
        takes = messaging.get(request.args.get("client", ""))
        body = written(
            "score.html",
            chosen,
            score=score,
            sides=SIDES,
            takes=takes is not None,
            form=orjson.dumps(_form(score, chosen, takes)).decode(),
            fhir=url_for("pages.score_page", name=name, lang=chosen.value, _format="json"),
        )
        return page(body, chosen, NOBODY if takes is None else takes.origin)

    @site.get("/openapi")
    def openapi_page() -> Response:
        """The description of the endpoints, to read and to try."""
        chosen = asked_language(settings)
        return page(written("openapi.html", chosen), chosen, images=f"{OURSELVES} data:", connect=OURSELVES)

    return site


def _add_catalogues(site: Blueprint, by_id: Mapping[str, Guideline], settings: Settings) -> None:
    """The routes of the catalogues, and of their rules."""
    catalogues = WrittenOnce()

    def once(key: Hashable, write: Callable[[], str]) -> str:
        body = catalogues.text(key, write)
        if not body:
            abort(503, "the catalogue is being written: try again in a moment")
        return body

    @site.get("/catalogue")
    @site.get("/catalogue/<name>")
    def catalogue_page(name: str = next(iter(by_id))) -> Response:
        """The catalogue of a guideline; of the first where none is named."""
        guideline = by_id.get(name)
        if guideline is None:
            abort(404, "no such guideline; there are " + ", ".join(f"/catalogue/{one}" for one in by_id))
        chosen = asked_language(settings)
        return page(once((guideline.id, chosen), lambda: _catalogue(guideline, chosen, settings)), chosen)

    @site.get("/catalogue/<name>/<rule>")
    def rule_page(name: str, rule: str) -> Response:
        """One rule of a guideline, as the source of its cards leads to it."""
        guideline = by_id.get(name)
        found = None if guideline is None else next((one for one in guideline.rules if one.id == rule), None)
        if guideline is None or found is None:
            abort(404, "no such rule; /catalogue lists those that there are")
        chosen = asked_language(settings)
        return page(once((name, rule, chosen), lambda: _rule(found, guideline, chosen, settings)), chosen)


def _catalogue(guideline: Guideline, chosen: Language, settings: Settings) -> str:
    whole = catalogue(guideline, chosen, settings.clinical[guideline.id])
    return written(
        "catalogue.html",
        chosen,
        catalogue=whole,
        guideline=guideline.id,
        synonyms=orjson.dumps(synonyms(guideline, terminology_of([guideline]), chosen, whole.words)).decode(),
    )


def _rule(rule: Rule, guideline: Guideline, chosen: Language, settings: Settings) -> str:
    return written(
        "rule.html",
        chosen,
        entry=entry(rule, guideline, chosen, settings.clinical[guideline.id]),
        chapter=next(sentence(one.title, chosen) for one in guideline.chapters if rule in one.rules),
        catalogue=url_for("pages.catalogue_page", name=guideline.id, lang=chosen.value),
        about=sentence(guideline.about, chosen),
        rules_version=guideline.version,
    )


def _form(score: Score, language: Language, takes: Messaging | None) -> dict[str, Any]:
    """What the script of a score's page needs to write the result down; points and words stand in the page itself."""
    site = score.site
    return {
        "canonical": score.canonical,
        "finding": {"system": FINDING, "code": score.finding},
        "title": plain(render(score.title, language)),
        "highest": score.highest,
        "bone": site.code if site is not None else "",
        "side": site.side_code if site is not None and site.side is not None else "",
        "places": _places(score, language),
        "snomed": SNOMED_CT,
        "laterality": LATERALITY_EXTENSION,
        "answers": ANSWERS,
        "asked": QUESTIONS,
        "questions": {question.code: score.question_code(question) for question in score.questions},
        "colon": f"{COLONS[language]} ",
        "semicolon": SEMICOLONS[language],
        "messaging": None if takes is None else {"origin": takes.origin, "handle": takes.handle},
    }


def _places(score: Score, language: Language) -> dict[str, dict[str, str]]:
    """For each site of a score and each side, none too, the words: «left femur»."""
    if score.site is None:
        return {}
    sides = [(frozenset[str](), ""), *((frozenset({side}), code) for side, code in SIDE_CODES.items())]
    return {
        code: {side: _named(region_of_code(SNOMED_CT, code, sides_of), language) for sides_of, side in sides}
        for code, _text in score.site.sites
    }


def _named(regions: frozenset[str], language: Language) -> str:
    return ", ".join(plain(render(name, language)) for name in named_bones(regions))
