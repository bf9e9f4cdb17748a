"""The pages for people: what they answer, that they are sound HTML, and how they work in a real browser."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import brotli
import pytest
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from justhtml import JustHTML
from markupsafe import escape
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from support.ehr import Ehr, ehr
from support.reading import SCORES, reader_at
from support.scenario import request_for
from support.score_page import choose, copied, place, responses_of_every_total, shown
from support.serving import served

from mappings.readers.responses import read_response
from mappings.vocabulary.scores import Score
from service.demo.synthetic import SITES
from service.guidelines import GUIDELINES
from service.languages.render import Language, render, sentence, untyped
from service.rules.rule import Rule

PATHS = [
    "/",
    "/catalogue",
    "/catalogue/bone-metastases/stereotactic-dose",
    "/questionnaires/mirels",
    "/questionnaires/sins",
    "/openapi",
]
LANGUAGES = ["en", "fr"]
CASES = list(product(PATHS, LANGUAGES))
UNPACK = {"br": brotli.decompress, "gzip": gzip.decompress}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
POLICIES = {"/openapi": POLICY.replace("img-src 'self';", "img-src 'self' data:; connect-src 'self';")}
"""Of pages that need more: the symbols of Swagger UI's style sheet, and the endpoints that it tries."""


@pytest.fixture(scope="module")
def client() -> Ehr:
    return ehr()


def html(client: Ehr, path: str, language: str) -> str:
    answer = client.get(path, query_string={"lang": language}, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    return answer.text


def links(page: str) -> list[str]:
    """Every address that a page names, those aside that a reader may go to elsewhere."""
    own = re.sub(r'<a href="https://[^"]*" rel="external noreferrer">', "", page)
    return re.findall(r'\b(?:href|src|action)="([^"]*)"', own)


# --- as answers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "language"), CASES)
def test_a_page_is_sound_html_in_its_language(client: Ehr, path: str, language: str) -> None:
    page = html(client, path, language)
    JustHTML(page, strict=True)
    assert f'<html lang="{language}">' in page
    assert "{{" not in page
    identifiers = re.findall(r'\bid="([^"]*)"', page)
    assert len(identifiers) == len(set(identifiers))


@pytest.mark.parametrize(("path", "language"), CASES)
def test_a_page_offers_every_other_language_by_its_own_name(client: Ehr, path: str, language: str) -> None:
    offered = re.findall(r'<a href="\?lang=(\w+)" lang="\1" hreflang="\1">([^<]+)</a>', html(client, path, language))
    names = {"en": "English", "fr": "Français"}
    assert offered == [(one.value, names[one.value]) for one in Language if one.value != language]


@pytest.mark.parametrize(("path", "language"), CASES)
def test_a_page_may_load_from_its_own_host_only_and_does(client: Ehr, path: str, language: str) -> None:
    answer = client.get(path, query_string={"lang": language}, headers={"Accept": "text/html"})
    assert answer.headers["Content-Security-Policy"] == POLICIES.get(path, POLICY)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not [link for link in links(answer.text) if urlsplit(link).netloc]
    assert not re.search(r"<script>|<style|\bstyle=|\bon\w+=", answer.text), "nothing inline, which the policy forbids"


@pytest.mark.parametrize(("path", "language"), CASES)
def test_every_link_of_a_page_leads_somewhere(client: Ehr, path: str, language: str) -> None:
    page = html(client, path, language)
    identifiers = set(re.findall(r'\bid="([^"]*)"', page))
    for link in set(links(page)):
        if link.startswith("#"):
            assert link[1:] in identifiers
        else:
            target = path + link if link.startswith("?") else link
            with client.get(target.replace("&amp;", "&")) as answer:  # a static file is open until its answer is closed
                assert answer.status_code == 200, link


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "fr-FR,fr;q=0.9", "fr"),
        ("", "de", "en"),
        ("", "", "en"),
        ("fr", "en", "fr"),
        ("en", "fr", "en"),
        ("xx", "fr", "fr"),
    ],
)
def test_the_language_is_the_one_asked_for_in_the_address_else_the_browsers(
    client: Ehr, query: str, header: str, language: str
) -> None:
    answer = client.get("/", query_string={"lang": query} if query else {}, headers={"Accept-Language": header})
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["Content-Language"] == language
    assert {"accept", "accept-language"} <= {name.lower() for name in answer.vary}


@pytest.mark.parametrize("path", PATHS)
def test_a_page_links_to_itself_in_the_other_language(client: Ehr, path: str) -> None:
    assert 'href="?lang=fr" lang="fr"' in html(client, path, "en")
    assert 'href="?lang=en" lang="en"' in html(client, path, "fr")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_an_anchor_for_every_rule_and_names_indicators_in_the_language(
    client: Ehr, language: str
) -> None:
    page = html(client, "/catalogue", language)
    for rule in GUIDELINES[0].rules:
        assert f'<article id="{rule.id}">' in page
    words = {"en": {"critical", "warning", "info"}, "fr": {"critique", "avertissement", "information"}}
    assert set(re.findall(r'class="indicator">(\w+)<', page)) == words[language]


@pytest.mark.parametrize("rule", GUIDELINES[0].rules, ids=lambda rule: rule.id)
def test_every_rule_has_a_page_of_its_own(client: Ehr, rule: Rule) -> None:
    page = html(client, f"/catalogue/bone-metastases/{rule.id}", "fr")
    assert f"<h1>{escape(sentence(rule.title, Language.FRENCH))}</h1>" in page
    assert f"/catalogue/bone-metastases?lang=fr#{rule.id}" in page


@pytest.mark.parametrize("path", ["/catalogue/bone-metastases/no-such-rule", "/catalogue/gout/hypocalcaemia"])
def test_a_rule_that_there_is_not_is_not_found(client: Ehr, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_source_of_a_card_leads_to_the_page_of_its_rule() -> None:
    client = ehr(public_url="https://cds.example.org/osteo")
    told = {"order": {"act": "cementoplasty", "site": "L3"}}
    cards = client.cards(request_for(told))
    assert cards
    for card in cards:
        address = card["source"]["url"].removeprefix("https://cds.example.org/osteo")
        rules = [rule for part in ("rules", "unchecked") for rule in card["extension"]["org.osteocds"].get(part, ())]
        assert address == f"/catalogue/bone-metastases/{rules[0]}?lang=en"
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("encoding", ["br", "gzip"])
@pytest.mark.parametrize("path", ["/catalogue?lang=en", "/static/catalogue.js"])
def test_a_page_is_packed_and_asked_for_again_by_its_tag(client: Ehr, path: str, encoding: str) -> None:
    accepted = {"Accept-Encoding": encoding}
    with client.get(path) as plain, client.get(path, headers=accepted) as packed:
        assert packed.headers["Content-Encoding"] == encoding
        assert UNPACK[encoding](packed.data) == plain.data
        assert len(packed.data) < len(plain.data) / 2
        assert "Content-Encoding" not in plain.headers
        tags = {plain.headers["ETag"]: {}, packed.headers["ETag"]: accepted}
    assert len(tags) == 2
    for tag, headers in tags.items():
        with client.get(path, headers={**headers, "If-None-Match": tag}) as again:
            assert (again.status_code, again.data) == (304, b"")
            assert "Accept-Encoding" in again.headers["Vary"]


def test_an_answer_that_is_no_page_is_never_packed(client: Ehr) -> None:
    answer = client.get("/cds-services", headers={"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize(
    ("accept", "query", "mimetype"),
    [
        ("application/fhir+json", "", "application/fhir+json"),
        ("application/json", "", "application/fhir+json"),
        ("*/*", "", "application/fhir+json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "", "text/html"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "json", "application/fhir+json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/fhir+json", "application/fhir+json"),
        ("application/fhir+json", "html", "text/html"),
    ],
)
def test_a_questionnaire_is_fhir_for_programs_and_a_form_for_browsers(
    client: Ehr, name: str, accept: str, query: str, mimetype: str
) -> None:
    answer = client.get(f"/questionnaires/{name}", query_string={"_format": query}, headers={"Accept": accept})
    assert answer.mimetype == mimetype


# --- from the cards ---------------------------------------------------------------------------------------------------

ASKING = {"order": {"act": "radiotherapy", "site": "left femur", "dose": "30 Gy", "fractions": 10}}
LYSIS = {**ASKING, "record": {"findings": {"cortical-lysis-axial": "35 %", "cortical-lysis-circumferential": "60 %"}}}


@pytest.mark.parametrize(("rule", "told"), [("fracture-risk-before-radiotherapy", ASKING), ("cortical-lysis", LYSIS)])
@pytest.mark.parametrize(
    ("language", "label"),
    [("en", "Fill in: Mirels score (left femur)"), ("fr", "Remplir : Score de Mirels (fémur gauche)")],
)
def test_a_card_that_asks_for_a_score_links_to_its_page_in_the_language_of_the_card(
    rule: str, told: dict[str, Any], language: str, label: str
) -> None:
    client = ehr(public_url="https://cds.example.org/osteo")
    cards = client.cards(request_for(told), headers={"Accept-Language": language})
    [card] = [card for card in cards if card["source"]["topic"]["code"] == rule]
    [link] = card["links"]
    assert untyped(link["label"]) == label
    assert link["type"] == "absolute"
    address, _, _about = link["url"].partition("#")
    assert address == f"https://cds.example.org/osteo/questionnaires/mirels?lang={language}"
    page = client.get(address.removeprefix("https://cds.example.org/osteo"), headers={"Accept": "text/html"}).text
    assert f'<html lang="{language}">' in page


@pytest.mark.parametrize("host", ["evil.example", "cds.test:81", 'evil"><script>', "", "é"])
def test_no_link_is_ever_made_of_the_host_that_a_request_names(host: str) -> None:
    cards = ehr(public_url="").cards(request_for(ASKING), headers={"Host": host})
    [card] = [card for card in cards if card["source"]["topic"]["code"] == "fracture-risk-before-radiotherapy"]
    assert "links" not in card
    assert "url" not in card["source"]


def test_a_card_that_asks_for_no_score_has_no_link() -> None:
    told = {**ASKING, "record": {"findings": {"mirels-score": {"value": "10", "site": "left femur"}}}}
    [card] = ehr().cards(request_for(told))
    assert card["source"]["topic"]["code"] == "mirels-high"
    assert "links" not in card


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture
def page(chromium: Chrome, site: str) -> Iterator[Chrome]:
    """The browser; at the end of the test its console is empty."""
    chromium.get(f"{site}/")
    chromium.get_log("browser")
    yield chromium
    assert chromium.get_log("browser") == []


def focused(page: Chrome) -> WebElement:
    return page.switch_to.active_element


@pytest.mark.parametrize(("path", "language"), CASES)
def test_a_page_opens_without_an_error_and_fits_a_telephone(page: Chrome, site: str, path: str, language: str) -> None:
    page.get(f"{site}{path}?lang={language}")
    page.set_window_size(500, 900)
    try:
        assert page.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    finally:
        page.set_window_size(1100, 900)
    assert page.find_element(By.TAG_NAME, "h1").is_displayed()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
def test_the_page_shows_the_total_and_the_band_that_the_rules_would_reckon(
    page: Chrome, site: str, score: Score, language: Language
) -> None:
    page.get(f"{site}/questionnaires/{score.id}?lang={language.value}")
    assert shown(page, "total") == "–"
    totals = responses_of_every_total(score)
    edges = {edge for band in score.bands for edge in (band.first - 1, band.first)} | {max(totals)}
    for total in sorted(edges & totals.keys()):
        for question, answer in totals[total].items():
            choose(page, question, answer)
        assert shown(page, "total") == str(total)
        assert untyped(shown(page, "meaning")) == untyped(sentence(score.meaning(total), language))
        [reached] = page.find_elements(By.CSS_SELECTOR, "#bands .reached")
        assert untyped(reached.text) == untyped(shown(page, "meaning"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "bone"), [("mirels", "femur"), ("sins", "L3")])
def test_the_response_that_the_page_offers_is_valid_and_read_back_as_it_was_filled_in(
    page: Chrome, site: str, name: str, bone: str, language: str
) -> None:
    score = SCORES[name]
    page.get(f"{site}/questionnaires/{name}?lang={language}")
    total, answers = max(responses_of_every_total(score).items())
    for question, answer in answers.items():
        choose(page, question, answer)
    place(page, SITES[bone])
    resource = json.loads(copied(page, "response"))
    QuestionnaireResponse.model_validate(resource)
    reader = reader_at(datetime.fromisoformat(resource["authored"]))
    read = read_response(reader, resource, "QuestionnaireResponse/1")
    assert read is not None
    finding = read[1].found
    assert read[1].problem is None
    assert finding is not None
    assert finding.bounds is not None
    assert (read[0], finding.bounds.exact) == (score.finding, total)
    assert finding.regions == {"femur": {"femur:left"}, "L3": {"spine:22"}}[bone]
    coded = {item["linkId"]: item["answer"][0].get("valueCoding", {}).get("display") for item in resource["item"]}
    first = score.questions[0]
    chosen = next(answer for answer in first.answers if answer.code == answers[first.code])
    assert coded[first.code] == sentence(chosen.text, Language(language))


def test_an_incomplete_form_offers_nothing_and_clearing_it_starts_anew(page: Chrome, site: str) -> None:
    page.get(f"{site}/questionnaires/mirels?lang=en")
    take = page.find_element(By.CSS_SELECTOR, "[data-copies=observation]")
    answers = responses_of_every_total(SCORES["mirels"])[9]
    for question, answer in answers.items():
        assert not take.is_enabled()
        assert shown(page, "total") == "–"
        choose(page, question, answer)
    assert shown(page, "total") == "9"
    assert not take.is_enabled(), "a score of no bone would be taken for that of any"
    place(page, SITES["femur"])
    assert take.is_enabled()
    page.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
    WebDriverWait(page, 5).until(lambda _: shown(page, "total") == "–")
    assert not take.is_enabled()
    assert page.find_elements(By.CSS_SELECTOR, "input:checked") == []


def test_the_form_can_be_filled_in_by_keyboard_alone(page: Chrome, site: str) -> None:
    page.get(f"{site}/questionnaires/mirels?lang=en")
    press = ActionChains(page)

    def reach(name: str, value: str) -> None:
        for _ in range(20):
            press.send_keys(Keys.TAB).perform()
            if focused(page).get_attribute(name) == value:
                break

    reach("name", "bone")
    press.send_keys(Keys.ARROW_DOWN).perform()
    for name in ("side", *(question.code for question in SCORES["mirels"].questions)):
        reach("name", name)
        press.send_keys(Keys.SPACE, Keys.ARROW_DOWN).perform()  # the second answer: 2 points
    assert shown(page, "total") == "8"
    assert shown(page, "place") == "right femur"
    reach("data-copies", "observation")
    press.send_keys(Keys.ENTER).perform()
    WebDriverWait(page, 5).until(lambda _: shown(page, "told"))
    assert '"valueInteger": 8' in str(page.find_element(By.ID, "written").get_property("value"))


def test_the_first_tab_offers_to_skip_to_the_content(page: Chrome, site: str) -> None:
    page.get(f"{site}/catalogue?lang=en")
    ActionChains(page).send_keys(Keys.TAB).perform()
    assert focused(page).get_attribute("class") == "skip"
    assert focused(page).is_displayed()


def test_what_is_typed_leaves_the_rules_in_which_every_word_occurs(page: Chrome, site: str) -> None:
    page.get(f"{site}/catalogue?lang=fr")
    search = page.find_element(By.ID, "search")
    search.send_keys("GEMCITABINE suspendre")
    visible = [one.get_attribute("id") for one in page.find_elements(By.CSS_SELECTOR, "article:not([hidden])")]
    assert "radiosensitiser-before-radiotherapy" in visible
    assert len(visible) < 10
    assert untyped(shown(page, "found")) == f"Règles trouvées : {len(visible)}"
    for chapter in page.find_elements(By.CSS_SELECTOR, "section.chapter"):
        assert chapter.is_displayed() == bool(chapter.find_elements(By.CSS_SELECTOR, "article:not([hidden])"))
    search.clear()
    search.send_keys("hypocalcemie")
    assert page.find_element(By.ID, "hypocalcaemia").is_displayed(), "accents need not be typed"
    search.clear()
    search.send_keys(Keys.SPACE)
    assert len(page.find_elements(By.CSS_SELECTOR, "article:not([hidden])")) == len(GUIDELINES[0].rules)


def found_by(page: Chrome, typed: str) -> set[str]:
    """The rules that the catalogue shows for what is typed."""
    search = page.find_element(By.ID, "search")
    page.execute_script("arguments[0].value = ''", search)
    search.send_keys(typed)
    script = "return [...document.querySelectorAll('article:not([hidden])')].map((one) => one.id)"
    return set(page.execute_script(script))


@pytest.mark.parametrize(
    ("language", "typed", "said", "rule"),
    [
        ("en", "Zometa", "zoledronic acid", "zoledronate-renal-dose"),
        ("fr", "zometa", "acide zolédronique", "zoledronate-renal-dose"),
        ("fr", "Xgeva", "dénosumab", "denosumab-dose"),
        ("en", "acide zoledronique", "zoledronic acid", "zoledronate-renal-dose"),
        ("en", "ONJ", "osteonecrosis of the jaw", "osteonecrosis-of-jaw"),
        ("fr", "onj", "ostéonécrose de la mâchoire", "osteonecrosis-of-jaw"),
        ("en", "SBRT", "stereotactic", "stereotactic-dose"),
        ("fr", "gemzar", "gemcitabine", "radiosensitiser-before-radiotherapy"),
    ],
)
def test_a_brand_or_an_abbreviation_finds_the_rules_that_it_stands_for(
    page: Chrome, site: str, language: str, typed: str, said: str, rule: str
) -> None:
    page.get(f"{site}/catalogue?lang={language}")
    found = found_by(page, typed)
    assert rule in found
    assert len(found) < len(GUIDELINES[0].rules) / 2
    assert said in untyped(shown(page, "found")), "it is told what the word stands for"


@pytest.mark.parametrize("typed", ["onjunction", "edronic", "umab", "rt"])
def test_a_search_finds_nothing_inside_of_other_words(page: Chrome, site: str, typed: str) -> None:
    page.get(f"{site}/catalogue?lang=en")
    found = found_by(page, typed)
    for rule in found:
        text = page.execute_script("return document.getElementById(arguments[0]).textContent", rule)
        assert re.search(rf"\b(?:{typed}|radiotherapy)", text, re.IGNORECASE), (typed, rule)
    assert typed == "rt" or not found


def test_statements_that_are_not_computed_are_searched_too(page: Chrome, site: str) -> None:
    page.get(f"{site}/catalogue?lang=en")
    rows = page.find_elements(By.CSS_SELECTOR, ".not-computed tbody tr")
    first = rows[0].find_element(By.TAG_NAME, "td").text
    found_by(page, first)
    left = page.find_elements(By.CSS_SELECTOR, ".not-computed tbody tr:not([hidden])")
    assert rows[0] in left
    assert len(left) < len(rows)
    assert untyped(shown(page, "found")).startswith(f"Rules found: 0 · not computed: {len(left)}")
    found_by(page, "zzzz")
    assert not page.find_element(By.ID, "not-encoded").is_displayed()


def test_the_box_of_the_search_stays_in_view(page: Chrome, site: str) -> None:
    page.get(f"{site}/catalogue?lang=en#chapter-9")
    search = page.find_element(By.ID, "search")
    assert page.execute_script("return scrollY") > 900
    assert 0 <= page.execute_script("return arguments[0].getBoundingClientRect().top", search) < 100
    below = "return document.getElementById('chapter-9').getBoundingClientRect().top"
    bottom = "return document.querySelector('.search').getBoundingClientRect().bottom"
    assert page.execute_script(below) >= page.execute_script(bottom), "what a link leads to is not behind the box"


def test_the_other_language_shows_the_same_rule_of_the_catalogue(page: Chrome, site: str) -> None:
    page.get(f"{site}/catalogue?lang=en#cord-dose-limit")
    page.find_element(By.CSS_SELECTOR, "a[hreflang=fr]").click()
    WebDriverWait(page, 10).until(lambda _: "lang=fr" in page.current_url)
    assert page.current_url.endswith("?lang=fr#cord-dose-limit")
    assert _in_sight(page, "cord-dose-limit")


def test_an_anchor_of_the_catalogue_leads_to_its_rule_even_where_the_search_hid_it(page: Chrome, site: str) -> None:
    page.get(f"{site}/catalogue?lang=en#cord-dose-limit")
    assert _in_sight(page, "cord-dose-limit")
    page.find_element(By.ID, "search").send_keys("cementoplasty")
    assert not page.find_element(By.ID, "cord-dose-limit").is_displayed()
    page.execute_script("location.hash = 'vitamin-d-excess'")
    WebDriverWait(page, 5).until(lambda _: page.find_element(By.ID, "vitamin-d-excess").is_displayed())
    assert _in_sight(page, "vitamin-d-excess")


def _in_sight(page: Chrome, identifier: str) -> bool:
    script = "return document.getElementById(arguments[0]).getBoundingClientRect().top"
    return -1 <= float(page.execute_script(script, identifier)) < 900


def test_the_catalogue_link_of_a_chapter_leads_there(page: Chrome, site: str) -> None:
    page.get(f"{site}/catalogue?lang=en")
    link = page.find_element(By.CSS_SELECTOR, ".contents a[href='#chapter-4']")
    link.click()
    assert _in_sight(page, "chapter-4")


def test_without_the_clipboard_the_response_is_there_to_be_copied_by_hand(page: Chrome, site: str) -> None:
    page.get(f"{site}/questionnaires/mirels?lang=fr")
    page.execute_script("navigator.clipboard.writeText = () => Promise.reject(new Error('not here'))")
    for question, answer in responses_of_every_total(SCORES["mirels"])[4].items():
        choose(page, question, answer)
    place(page, SITES["femur"])
    assert copied(page, "sentence").startswith("Score de Mirels (fémur gauche)\u202f: 4/12, ")
    assert shown(page, "told") == "À copier ci-dessous."
    assert page.find_element(By.ID, "written").is_displayed()


@pytest.mark.parametrize("path", ["/catalogue", "/questionnaires/sins"])
def test_a_page_prints_without_what_only_a_screen_needs(page: Chrome, site: str, path: str) -> None:
    page.get(f"{site}{path}?lang=en")
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        for selector in ("header nav", ".search", ".contents", ".actions", "details"):
            assert not any(one.is_displayed() for one in page.find_elements(By.CSS_SELECTOR, selector)), selector
        assert page.find_element(By.TAG_NAME, "h1").is_displayed()
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


# --- where there is no page -------------------------------------------------------------------------------------------

BROWSERS = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(("language", "heading"), [("en", "There is no such page"), ("fr", "Cette page n’existe pas")])
@pytest.mark.parametrize("path", ["/nowhere", "/catalogue/nothing", "/questionnaires/nothing", "/static/nothing.css"])
def test_a_404_is_a_page_for_a_browser_with_the_way_back(client: Ehr, path: str, language: str, heading: str) -> None:
    answer = client.get(path, query_string={"lang": language}, headers={"Accept": BROWSERS})
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert "accept" in {name.lower() for name in answer.vary}
    JustHTML(answer.text, strict=True)
    assert re.findall(r"<h1>(.*?)</h1>", answer.text) == [heading]
    for link in set(links(answer.text)):
        with client.get((path + link if link.startswith("?") else link).replace("&amp;", "&")) as led:
            assert led.status_code == (404 if link.startswith("?") else 200), link


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/fhir+json", ""])
def test_a_404_is_an_operation_outcome_for_a_program(client: Ehr, accept: str) -> None:
    answer = client.get("/nowhere", headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.mimetype == "application/fhir+json"


def test_a_hook_is_answered_as_programs_are_even_where_a_browser_asks(client: Ehr) -> None:
    for answer in (
        client.get("/cds-services/nothing", headers={"Accept": BROWSERS}),
        client.post("/cds-services/nothing", json={}, headers={"Accept": BROWSERS}),
    ):
        assert answer.status_code in {404, 405}
        assert answer.mimetype == "application/fhir+json"


@pytest.mark.parametrize("host", ["evil.example", "cds.test:81", 'evil"><script>'])
@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_no_link_of_a_page_is_made_of_the_host_that_a_request_names(client: Ehr, path: str, host: str) -> None:
    answer = client.get(path, headers={"Accept": BROWSERS, "Host": host})
    assert "evil" not in answer.text
    assert "cds.test" not in answer.text
    assert not [link for link in links(answer.text) if urlsplit(link).netloc]


def test_the_examples_of_the_endpoints_can_be_sent_from_their_page(page: Chrome, site: str) -> None:
    page.get(f"{site}/openapi?lang=en")
    wait = WebDriverWait(page, 20)
    operation = "#operations-CDS_Hooks-post_cds_services__id_"
    wait.until(lambda _: page.find_elements(By.CSS_SELECTOR, f"{operation} button"))[0].click()
    wait.until(lambda _: page.find_elements(By.CSS_SELECTOR, f"{operation} .execute"))[0].click()
    answered = wait.until(lambda _: page.find_elements(By.CSS_SELECTOR, f"{operation} .live-responses-table .response"))
    assert answered[0].text.startswith("200")
    assert "correct vitamin D first" in answered[0].text


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
def test_the_bands_of_the_page_are_worded_in_french_too(client: Ehr, score: Score) -> None:
    page = html(client, f"/questionnaires/{score.id}", "fr")
    for band in score.bands:
        assert render(band.text, Language.FRENCH).partition("\u00a0")[0] in page
