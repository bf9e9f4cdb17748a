"""Every page is free of what axe-core calls a violation: light and dark, on a desktop and on a telephone, in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from support.accessibility import violations, violations_in_every_mode
from support.serving import served

from service.languages.render import Language

PATHS = [
    "/",
    "/catalogue",
    "/catalogue/bone-metastases/zoledronate-renal-dose",
    "/questionnaires/mirels",
    "/questionnaires/sins",
]


FIRST_OF_MANY = """
for (const one of document.querySelectorAll("article ~ article, tbody tr:nth-child(n + 4)")) one.remove();
"""
"""The others are made as the first is; a page with all of them takes axe-core minutes."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("path", PATHS)
def test_a_page_has_no_violation_in_any_mode(chromium: Chrome, site: str, path: str, language: Language) -> None:
    chromium.get(f"{site}{path}?lang={language.value}")
    chromium.execute_script(FIRST_OF_MANY)
    assert violations_in_every_mode(chromium) == {}


def test_what_is_wrong_with_a_page_is_found(chromium: Chrome, site: str) -> None:
    chromium.get(f"{site}/?lang=en")
    chromium.execute_script("document.querySelector('main').append(document.createElement('input'))")
    assert [one["id"] for one in violations(chromium)] == ["label"]
    assert chromium.find_elements(By.CSS_SELECTOR, "main > input")
