"""Every page is free of what axe-core calls a violation: light and dark, on a desktop and on a telephone, in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from support.accessibility import violations, violations_in_every_mode
from support.serving import served
from support.try_page import SECONDS, add, named, press, sign

from service.languages.render import Language

PATHS = [
    "/",
    "/catalogue",
    "/catalogue/bone-metastases/zoledronate-renal-dose",
    "/questionnaires/mirels",
    "/questionnaires/sins",
    "/openapi",
    "/try",
    "/nowhere",
]

OF_SWAGGER_UI = {"/openapi": {"aria-allowed-role"}}
"""Swagger UI has a `main` of its own, which our script makes a group, so that the page has one: axe-core wants neither."""


FIRST_OF_MANY = """
for (const one of document.querySelectorAll("article ~ article, tbody tr:nth-child(n + 4)")) one.remove();
"""
"""The others are made as the first is; a page with all of them takes axe-core minutes."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with served(try_page=True) as address:
        yield address


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("path", PATHS)
def test_a_page_has_no_violation_in_any_mode(chromium: Chrome, site: str, path: str, language: Language) -> None:
    chromium.get(f"{site}{path}?lang={language.value}")
    use(chromium, path)
    chromium.execute_script(FIRST_OF_MANY)
    found = violations_in_every_mode(chromium)
    assert {one["id"] for some in found.values() for one in some} <= OF_SWAGGER_UI.get(path, set()), found


def use(page: Chrome, path: str) -> None:
    """Have the page show what it shows to whoever uses it."""
    if path == "/openapi":
        operation = "[id*=post_cds_services__id_]"
        for button in ("button", ".execute"):
            WebDriverWait(page, SECONDS).until(
                lambda _, sought=f"{operation} {button}": page.find_elements(By.CSS_SELECTOR, sought)
            )[0].click()
        WebDriverWait(page, SECONDS).until(lambda _: page.find_elements(By.CSS_SELECTOR, ".live-responses-table"))
    if path == "/try":
        add(page, "condition", "bone metastasis")
        sign(page, what="denosumab", dose="60 mg")
        sign(page, what="radiotherapy", dose="30 Gy", fractions="10")
        press(page, named(page, "do", "calendar"))
        page.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")


def test_what_is_wrong_with_a_page_is_found(chromium: Chrome, site: str) -> None:
    chromium.get(f"{site}/?lang=en")
    chromium.execute_script("document.querySelector('main').append(document.createElement('input'))")
    assert [one["id"] for one in violations(chromium)] == ["label"]
    assert chromium.find_elements(By.CSS_SELECTOR, "main > input")
