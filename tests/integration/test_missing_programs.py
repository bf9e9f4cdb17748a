"""Where Java, Maven, Node.js or npm is missing the tests that need it are skipped and say so; in CI that is a failure."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import servers
from support.programs import npm_packages

from service.demo.embedded_fhir import ServerMissingError

HERE = Path(__file__).parent
ON_EACH_SERVER = f"{HERE}/test_servers.py::test_what_was_loaded_reads_back_as_it_was_sent"


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """The only programs that are found: scripts that answer, whatever they are asked, what the test says."""

    def give(**answers: str) -> None:
        for name, answer in answers.items():
            program = tmp_path / name
            program.write_text(f"#!/bin/sh\necho '{answer}' >&2\n")
            program.chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path))
    return give


def run_without_programs(empty: Path, ci: str) -> str:
    """A test run on each server where no program is found."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", ON_EACH_SERVER]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OSTEOCDS_")}
    done = subprocess.run(
        command,
        cwd=HERE.parent.parent,
        env=environment | {"PATH": str(empty), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


JAVA = "java is not installed; java 17 or newer is needed."
NODE = "node is not installed; node 20 or newer is needed."


def test_on_a_users_machine_the_tests_are_skipped_and_say_what_is_missing(tmp_path):
    said = run_without_programs(tmp_path, ci="")
    assert re.search(rf"SKIPPED .*{JAVA}", said), said
    assert re.search(rf"SKIPPED .*{NODE}", said), said
    assert re.search(r"1 passed, 2 skipped", said), said


def test_in_ci_the_tests_fail_and_say_what_is_missing(tmp_path):
    said = run_without_programs(tmp_path, ci="true")
    assert re.search(rf"ERROR .*\[hapi\] - Failed: {JAVA}", said), said
    assert re.search(rf"ERROR .*\[medplum\] - Failed: {NODE}", said), said
    assert re.search(r"1 passed, 2 errors", said), said


def test_a_java_that_is_too_old_is_as_good_as_none(programs):
    programs(java='openjdk version "11.0.22" 2024-01-16')
    with pytest.raises(ServerMissingError, match=r"java 17 or newer is needed; java -version says: .*11\.0\.22"):
        servers.hapi().__enter__()


def test_maven_is_missed_where_the_server_is_not_yet_compiled(programs, tmp_path):
    programs(java='openjdk version "17.0.9" 2023-10-17')
    shutil.copytree(HERE / "hapi", tmp_path / "hapi", ignore=shutil.ignore_patterns("target"))
    with pytest.raises(ServerMissingError, match="mvn is not installed"):
        servers.hapi_class_path(tmp_path / "hapi")


def test_npm_is_missed_where_the_packages_are_not_yet_installed(programs, tmp_path):
    programs(node="v20.20.2")
    shutil.copytree(HERE / "medplum", tmp_path / "medplum", ignore=shutil.ignore_patterns("node_modules"))
    with pytest.raises(ServerMissingError, match="npm is not installed"):
        npm_packages(tmp_path / "medplum")


def test_packages_come_from_a_lock_file_that_names_no_index_and_has_every_hash():
    lock = (HERE / "medplum" / "package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in lock
    assert lock.count('"integrity": "sha512-') == lock.count('    "node_modules/')
