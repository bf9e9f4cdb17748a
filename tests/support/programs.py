"""Programs and packages of other languages that tests need: found, or missed by name; installed from lock files."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from service.demo.embedded_fhir import LOG_TAIL_CHARACTERS, ServerFailedError, ServerMissingError

TESTS = Path(__file__).parent.parent


def npm_packages(home: Path) -> None:
    """Install the packages of the lock file beside it, by npm, when that is not already done."""
    installed = home / "node_modules" / ".package-lock.json"
    if older(installed, home / "package-lock.json"):
        npm = required("npm", r"(\d+)", at_least=9, option="--version")
        build([npm, "ci", "--no-audit", "--no-fund"], home)
        installed.touch()


def older(made: Path, *sources: Path) -> bool:
    """Tell whether something is not made yet, or made before one of its sources was changed."""
    return not made.exists() or any(made.stat().st_mtime < source.stat().st_mtime for source in sources)


def required(program: str, version: str, *, at_least: int, option: str) -> str:
    """Find `program` and return its path.

    :param version: where its answer to `option` has the major version.
    :raises ServerMissingError: it is not there, or too old.
    """
    path = shutil.which(program)
    if path is None:
        raise ServerMissingError(f"{program} is not installed; {program} {at_least} or newer is needed.")
    answer = subprocess.run([path, option], capture_output=True, text=True, check=False)
    found = re.search(version, answer.stdout + answer.stderr)
    if found is None or int(found.group(1)) < at_least:
        said = (answer.stdout + answer.stderr).strip().partition("\n")[0]
        raise ServerMissingError(f"{program} {at_least} or newer is needed; {program} {option} says: {said}")
    return path


def build(command: list[str], folder: Path) -> None:
    """Run a command in a folder.

    :raises ServerFailedError: it ends with an error.
    """
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        place = folder.relative_to(TESTS) if folder.is_relative_to(TESTS) else folder.name
        said = (done.stdout + done.stderr)[-LOG_TAIL_CHARACTERS:]
        raise ServerFailedError(f"{Path(command[0]).name} in tests/{place} failed:\n{said}")
