"""Parts that the tests share: the browser of those of pages, the databases of those that hold of each, a site to certify."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest
from selenium.webdriver import Chrome
from support.browser import BrowserMissingError, browser
from support.databases import fresh_database, postgresql_server
from support.installation import Installation, installation, now
from support.redis_server import RedisServer, redis_server

from service.demo.embedded_fhir import ServerMissingError, embedded_fhir
from service.demo.run import DEMO_PATIENTS, load


def _missing(what: Exception) -> NoReturn:
    """What is not installed fails where everything is to be tried, and skips elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(what), pytrace=False)
    pytest.skip(str(what))


@pytest.fixture(scope="module")
def demo_fhir() -> Iterator[str]:
    """The base of a FHIR server with the patients of the demo."""
    sekmet = Path(__file__).parents[2] / ".venv-sekmet/bin/sekmet"
    with ExitStack() as stack:
        try:
            base = stack.enter_context(embedded_fhir(sekmet))
        except ServerMissingError as missing:
            _missing(missing)
        load(DEMO_PATIENTS, base, now().date())
        yield base


@pytest.fixture
def site(tmp_path: Path, demo_fhir: str) -> Iterator[Installation]:
    """A healthy installation, to be certified."""
    with installation(tmp_path, demo_fhir) as healthy:
        yield healthy


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chrome]:
    try:
        with browser() as driven:
            yield driven
    except BrowserMissingError as missing:
        _missing(missing)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[int]:
    """The port of a PostgreSQL server, started on first use and once per test run."""
    running = postgresql_server()
    try:
        port = running.__enter__()
    except ServerMissingError as missing:
        _missing(missing)
    try:
        yield port
    finally:
        running.__exit__(None, None, None)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis server of the test's own, which it may stop."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(redis_server())
        except ServerMissingError as missing:
            _missing(missing)
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ledger.sqlite3"
    else:
        with fresh_database(request.getfixturevalue("postgresql")) as url:
            yield url
