"""The pages of the service for people: what there is, the catalogues, and the scores. No script from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version

import orjson
from flask import Blueprint, Response, abort, render_template, request, url_for

from mappings.vocabulary.code_systems import SNOMED_CT
from mappings.vocabulary.scores import ANSWERS
from service.catalogue.entries import catalogue
from service.catalogue.questionnaires import questionnaire
from service.languages.render import Language, choose_language, sentence
from service.rules.guideline import Guideline
from service.services import Service
from service.settings import Settings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
FHIR_JSON = "application/fhir+json"
HTML = "text/html"
FORMATS = {"json": FHIR_JSON, "application/json": FHIR_JSON, FHIR_JSON: FHIR_JSON, "html": HTML, HTML: HTML}
"""Values of FHIR's `_format`, which goes before the Accept header: a link cannot send one."""


def pages(settings: Settings, services: Mapping[str, Service], guidelines: Sequence[Guideline]) -> Blueprint:
    """The routes of the pages."""
    by_id = {guideline.id: guideline for guideline in guidelines}
    scores = {score.id: score for guideline in guidelines for score in guideline.scores}
    site = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")

    def language() -> Language:
        wanted = request.args.get("lang", "")
        if wanted in set(Language):
            return Language(wanted)
        return choose_language(request.headers.get("Accept-Language", ""), settings.language)

    def page(template: str, chosen: Language, **shown: object) -> Response:
        other = Language.ENGLISH if chosen is Language.FRENCH else Language.FRENCH
        body = render_template(
            template,
            lang=chosen.value,
            french=chosen is Language.FRENCH,
            other=other.value,
            say=lambda text: sentence(text, chosen),
            at=lambda endpoint, **parts: url_for(f"pages.{endpoint}", lang=chosen.value, **parts),
            version=version("osteocds"),
            **shown,
        )
        response = Response(body, mimetype="text/html")
        response.vary.update(("Accept", "Accept-Language"))
        response.headers["Content-Language"] = chosen.value
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @site.get("/")
    def home() -> Response:
        return page(
            "home.html",
            language(),
            guidelines=guidelines,
            services=list(services.values()),
            scores=list(scores.values()),
        )

    @site.get("/catalogue")
    @site.get("/catalogue/<name>")
    def catalogue_page(name: str = guidelines[0].id) -> Response:
        """The catalogue of a guideline; of the first where none is named."""
        guideline = by_id.get(name)
        if guideline is None:
            abort(404, "no such guideline; there are " + ", ".join(f"/catalogue/{one}" for one in by_id))
        chosen = language()
        return page("catalogue.html", chosen, catalogue=catalogue(guideline, chosen, settings.clinical[guideline.id]))

    @site.get("/questionnaires/<name>")
    def score_page(name: str) -> Response:
        """The FHIR Questionnaire; for a browser that asks for no other `_format`, a page to fill it in."""
        score = scores.get(name)
        if score is None:
            abort(404, "no such questionnaire; there are " + ", ".join(f"/questionnaires/{one}" for one in scores))
        chosen = language()
        accepted = request.accept_mimetypes.best_match([FHIR_JSON, "application/json", HTML], FHIR_JSON)
        if FORMATS.get(request.args.get("_format", ""), accepted) != HTML:
            answer = Response(orjson.dumps(questionnaire(score, chosen)), mimetype=FHIR_JSON)
            answer.vary.update(("Accept", "Accept-Language"))
            return answer
        form = {
            "canonical": score.canonical,
            "finding": score.finding,
            "bone": score.site.code if score.site is not None else "",
            "snomed": SNOMED_CT,
            "answers": ANSWERS,
            "questions": [question.code for question in score.questions],
            "bands": [band.first for band in score.bands],
        }
        return page(
            "score.html",
            chosen,
            score=score,
            form=orjson.dumps(form).decode(),
            fhir=url_for("pages.score_page", name=name, lang=chosen.value, _format="json"),
        )

    return site
