"""How the demo's FHIR server fails: in words that say what to do. That it works, tests/integration shows."""

import os

import pytest

from service.demo.embedded_fhir import ServerFailedError, ServerMissingError, embedded_fhir


@pytest.fixture
def environment(tmp_path):
    """A virtual environment whose Python is the shell script that a test writes."""

    def make(script):
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
        sekmet = tmp_path / "sekmet"
        sekmet.touch()
        return sekmet

    return make


def test_a_missing_server_is_an_error_that_says_how_to_install_it(tmp_path):
    with pytest.raises(ServerMissingError, match="make install"), embedded_fhir(tmp_path / "sekmet"):
        pytest.fail("a server that is not installed came up")


def test_a_server_that_ends_at_once_is_an_error_with_its_status_and_the_end_of_its_log(environment):
    sekmet = environment("echo a long story >&2; echo No module named sekmet >&2; exit 3")
    with (
        pytest.raises(ServerFailedError, match=r"(?s)ended with status 3.*No module named sekmet"),
        embedded_fhir(sekmet),
    ):
        pytest.fail("a server that ended came up")


def test_a_server_that_does_not_answer_in_time_is_stopped_and_an_error(environment, tmp_path):
    sekmet = environment(f"echo $$ > {tmp_path}/pid; exec cat")
    with (
        pytest.raises(ServerFailedError, match=r"did not answer within 0\.5 s"),
        embedded_fhir(sekmet, start_seconds=0.5),
    ):
        pytest.fail("a server that never answered came up")
    process = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
