"""Every page, in each language, light and dark, on a desk and on a telephone: axe-core finds nothing wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from support.axe_core import violations
from support.serving import served
from support.try_page import add, sign

from service.languages.render import Language

PAGES = ["/", "/questionnaires/mirels", "/questionnaires/sins", "/openapi", "/try", "/nowhere"]
WITHOUT = {"/openapi": ("aria-allowed-role",)}
"""Swagger UI has a `main` of its own, which our script makes a group: axe would have neither."""

SIZES = {"desk": (1300, 900), "telephone": (500, 900)}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with served(try_page=True) as address:
        yield address


def shown(page: Chrome, site: str, path: str, language: str) -> None:
    """Open the page with something on it."""
    page.get(f"{site}{path}?lang={language}")
    if path == "/openapi":
        WebDriverWait(page, 20).until(lambda _: page.find_elements(By.CSS_SELECTOR, ".opblock"))
        page.find_elements(By.CSS_SELECTOR, "[id*=post_cds_services__id_] button")[0].click()
        WebDriverWait(page, 20).until(lambda _: page.find_elements(By.CSS_SELECTOR, ".execute"))
    if path == "/try":
        add(page, "condition", "bone metastasis")
        sign(page, what="denosumab", dose="60 mg")
        page.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")


@pytest.mark.parametrize("language", [one.value for one in Language])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(chromium: Chrome, site: str, path: str, language: str) -> None:
    shown(chromium, site, path, language)
    found = {}
    try:
        for size, (width, height) in SIZES.items():
            chromium.set_window_size(width, height)
            for scheme in ("light", "dark"):
                media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
                chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
                found[f"{size}, {scheme}"] = violations(chromium, without=WITHOUT.get(path, ()))
    finally:
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        chromium.set_window_size(1100, 900)
    assert found == {f"{size}, {scheme}": [] for size in SIZES for scheme in ("light", "dark")}


def test_axe_finds_what_is_wrong(chromium: Chrome, site: str) -> None:
    chromium.get(f"{site}/?lang=en")
    chromium.execute_script("document.querySelector('main').append(document.createElement('select'))")
    assert any(one.startswith("select-name:") for one in violations(chromium))
