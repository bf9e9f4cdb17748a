"""A real browser for the tests of the pages: Debian's Chromium, headless, with a profile of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

OPTIONS = (
    "--headless",
    "--no-sandbox",  # the sandbox of a container's root is the container
    "--disable-gpu",
    "--no-first-run",
    # It asks its maker's hosts for nothing.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--window-size=1100,900",
)


class BrowserMissingError(Exception):
    """Chromium or its driver is not installed on this machine."""


@contextmanager
def browser() -> Iterator[Chrome]:
    """A browser, for as long as the block lasts. Raises `BrowserMissingError`."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        raise BrowserMissingError(
            "The pages are tested in Chromium: install the packages chromium and chromium-driver."
        )
    options = ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with TemporaryDirectory(prefix="osteocds-browser-", ignore_cleanup_errors=True) as profile:
        for option in (*OPTIONS, f"--user-data-dir={profile}"):
            options.add_argument(option)
        driven = Chrome(options=options, service=Service(driver))
        try:
            yield driven
        finally:
            driven.quit()
