"""The pages of the service for people: what there is, the catalogue, and the two scores. No script from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

import orjson
from flask import Blueprint, Response, abort, render_template, request, url_for

from mappings.questionnaires import BONE, SCORES, SNOMED
from service.catalogue import catalogue
from service.i18n import Language, choose_language, render, sentence
from service.questionnaires import ANSWERS, questionnaire
from service.services import Service
from service.settings import Settings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'"
)
FHIR_JSON = "application/fhir+json"


def pages(settings: Settings, services: Mapping[str, Service]) -> Blueprint:
    """The routes of the pages."""
    site = Blueprint("pages", "service", template_folder="templates", static_folder="static", static_url_path="/static")

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
            version=version("osteocds"),
            **shown,
        )
        response = Response(body, mimetype="text/html")
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @site.get("/")
    def home() -> Response:
        return page("home.html", language(), services=list(services.values()), scores=list(SCORES.values()))

    @site.get("/catalogue")
    def catalogue_page() -> Response:
        chosen = language()
        return page("catalogue.html", chosen, catalogue=catalogue(chosen, settings.clinical))

    @site.get("/questionnaires/<name>")
    def score_page(name: str) -> Response:
        """The FHIR Questionnaire; for a browser, a page to fill it in."""
        score = SCORES.get(name)
        if score is None:
            abort(404, "no such questionnaire; there are " + ", ".join(f"/questionnaires/{one}" for one in SCORES))
        chosen = language()
        best = request.accept_mimetypes.best_match([FHIR_JSON, "application/json", "text/html"], FHIR_JSON)
        if best != "text/html":
            return Response(orjson.dumps(questionnaire(score, chosen)), mimetype=FHIR_JSON)
        form = {
            "canonical": score.canonical,
            "finding": score.finding,
            "bone": BONE,
            "snomed": SNOMED,
            "answers": ANSWERS,
            "questions": [question.code for question in score.questions],
            "bands": [{"first": band.first, "text": render(band.text, chosen)} for band in score.bands],
        }
        return page(
            "score.html",
            chosen,
            score=score,
            form=orjson.dumps(form).decode(),
            fhir=url_for("pages.score_page", name=name),
        )

    return site
