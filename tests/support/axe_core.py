"""axe-core in the browser of the tests: what a page lacks for whoever does not see it, or sees it otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome
from support.programs import npm_packages

HOME = Path(__file__).parent / "axe"
RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {rules: arguments[0]}).then(
  (found) => done(found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 200)}`)))
);
"""


def violations(page: Chrome, *, without: tuple[str, ...] = ()) -> list[str]:
    """What axe-core finds wrong with the page that is shown, by all its rules but those left out.

    Raises `ServerMissingError` where npm is not installed.
    """
    npm_packages(HOME)
    page.execute_script((HOME / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
    rules: dict[str, Any] = {rule: {"enabled": False} for rule in without}
    found: list[str] = page.execute_async_script(RUN, rules)
    return found
