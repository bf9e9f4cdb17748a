"""The browser of the tests of pages."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome
from support.browser import BrowserMissingError, browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chrome]:
    try:
        with browser() as driven:
            yield driven
    except BrowserMissingError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
