"""What axe-core, the rules of Deque for accessible pages, finds wrong with the page that a browser shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

from selenium.webdriver import Chrome
from support.programs import TESTS, npm_packages

HOME = TESTS / "accessibility"
SCHEMES = ("light", "dark")
WIDTHS = (1100, 500)
"""A desktop, and about the narrowest window that Chromium makes: a telephone."""

RUN = """
const done = arguments[arguments.length - 1];
axe.run().then(({violations}) => done(violations.flatMap(({id, help, nodes}) => nodes.map((node) => ({
    id, help, html: node.html.slice(0, 300), why: node.failureSummary
})))), (error) => done([{id: "axe", help: String(error)}]));
"""


def violations(page: Chrome) -> list[dict[str, Any]]:
    """Each violation on the page, with the element."""
    npm_packages(HOME)
    page.execute_script((HOME / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.execute_async_script(RUN)
    return found


def violations_in_every_mode(page: Chrome) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """The violations on the page, light and dark, on a desktop and on a telephone; only the modes that have some."""
    found = {}
    for scheme, width in product(SCHEMES, WIDTHS):
        with shown(page, scheme, width):
            found[scheme, width] = violations(page)
    return {mode: some for mode, some in found.items() if some}


@contextmanager
def shown(page: Chrome, scheme: str, width: int) -> Iterator[None]:
    """The page as a person sees it who prefers a scheme of colours, in a window so wide."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    page.set_window_size(width, 900)
    try:
        yield
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        page.set_window_size(1100, 900)
