"""The FHIR servers of the integration tests, each started on first use and once per test run."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from subprocess import Popen
from typing import TypeVar

import pytest
import servers

from service.demo.embedded_fhir import ServerMissingError

ELSEWHERE = os.environ.get("TEST_FHIR_BASE", "").rstrip("/")
T = TypeVar("T")
SERVERS = ["hapi", "sekmet", "medplum", *(["elsewhere"] if ELSEWHERE else [])]


@pytest.fixture(scope="session")
def hapi_base() -> Iterator[str]:
    """HAPI's JPA server."""
    yield from _started(servers.hapi)


@pytest.fixture(scope="session")
def sekmet_base() -> Iterator[str]:
    """The demo's server."""
    yield from _started(servers.sekmet)


@pytest.fixture(scope="session")
def medplum_base() -> Iterator[str]:
    """Medplum's in-memory repository."""
    yield from _started(servers.medplum)


@pytest.fixture(scope="session", params=SERVERS)
def fhir_base(request: pytest.FixtureRequest) -> str:
    """Each server in turn, and the one that TEST_FHIR_BASE names when it names one.

    A test for some of them says so: `@pytest.mark.parametrize("fhir_base", ["hapi", "sekmet"], indirect=True)`.
    """
    base: str = ELSEWHERE if request.param == "elsewhere" else request.getfixturevalue(f"{request.param}_base")
    return base


@pytest.fixture
def medplum_of_its_own() -> Iterator[tuple[str, Popen[bytes]]]:
    """Medplum's in-memory repository, for one test, which may kill its process."""
    yield from _started(servers.medplum_process)


def _started(server: Callable[[], AbstractContextManager[T]]) -> Iterator[T]:
    with ExitStack() as running:
        try:
            started = running.enter_context(server())
        except ServerMissingError as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(str(missing), pytrace=False)
            pytest.skip(str(missing))
        yield started
