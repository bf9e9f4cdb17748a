"""The README is true: its commands run as they stand there, its request gets its answer, what it names exists.

The request and the whole answer lie in `docs/examples`; `python tests/service/test_readme.py` writes the answer anew.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.ehr import Ehr, ehr
from support.scenario import WORLD

from mappings.queries import query_table
from service.demo.embedded_fhir import free_port, running

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.strip()
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
EXAMPLES = ROOT / "docs/examples"
REQUEST, ANSWER = (json.loads((EXAMPLES / name).read_text(encoding="utf-8")) for name in ("order.json", "answer.json"))
SHOWN_REQUEST, SHOWN_ANSWER = (
    json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
)
SERVE = "OSTEOCDS_ALLOW_UNAUTHENTICATED=1 .venv/bin/osteocds serve"
OF_OURS = [command for command in COMMANDS if command.startswith(".venv/bin/osteocds") and "serve" not in command]
CURL = [command for command in COMMANDS if command.startswith("curl ")]
ENVIRONMENT = {**{name: value for name, value in os.environ.items() if not name.startswith("OSTEOCDS_")}}


@pytest.fixture(scope="module")
def client() -> Ehr:
    return ehr(public_url="")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the reader stands: in a clone, after `make install`; what a command leaves lies elsewhere."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    return tmp_path


def run(command: str, folder: Path) -> str:
    done = subprocess.run(
        shlex.split(command), cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def part_of(shown: Any, whole: Any) -> bool:
    """What is shown is there, lists in their order; more may be there."""
    if isinstance(shown, dict):
        return isinstance(whole, dict) and all(
            name in whole and part_of(value, whole[name]) for name, value in shown.items()
        )
    if isinstance(shown, list):
        return isinstance(whole, list) and all(map(part_of, shown, whole)) and len(shown) <= len(whole)
    return bool(shown == (re.sub("[\u00a0\u202f]", " ", whole) if isinstance(whole, str) else whole))


def with_numbered_uuids(answer: Any) -> Any:
    """The answer with its uuids in the order in which they come, from the address that the README names."""
    numbers = count(1)
    return json.loads(re.sub(r'"uuid": "[^"]+"', lambda _: f'"uuid": "uuid {next(numbers)}"', json.dumps(answer)))


def test_what_it_shows_of_request_and_answer_is_a_part_of_them():
    assert part_of(SHOWN_REQUEST, REQUEST)
    assert part_of(SHOWN_ANSWER, ANSWER)


def test_its_request_gets_its_answer(client):
    answer = client.fire(REQUEST)
    assert answer.status_code == 200
    assert with_numbered_uuids(answer.get_json()) == ANSWER


def test_its_answer_goes_on_with_what_could_not_be_checked(client):
    _, second = client.cards(REQUEST)
    assert second["source"]["topic"]["code"] == "could-not-be-checked"


@pytest.mark.parametrize("command", OF_OURS)
def test_a_command_of_ours_runs_as_it_stands_there(command, folder):
    assert len(run(command, folder).splitlines()) > 3


def test_the_service_starts_and_answers_as_it_stands_there(folder):
    assert SERVE in COMMANDS
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    variable, program, argument = SERVE.split()
    serve = [str(ROOT / program), argument]
    environment = {
        **ENVIRONMENT,
        **dict([variable.split("=")]),
        "OSTEOCDS_PORT": str(port),
        "OSTEOCDS_DATABASE_URL": f"sqlite:///{folder / 'feedback.sqlite3'}",
    }
    with running(serve, base, start_seconds=60, environment=environment, ready="/health/ready"):
        discovery, answer = (
            json.loads(run(f"{command} --silent".replace(":8080", f":{port}"), folder)) for command in CURL
        )
    assert len(discovery["services"]) == 3
    assert with_numbered_uuids(answer) == ANSWER


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make ")])
def test_a_target_of_make_is_there(command):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{command.removeprefix('make ')}:", makefile, re.MULTILINE)


def test_no_command_is_left_untried():
    elsewhere = {SERVE}  # above; those of `docker` want an engine
    left = set(COMMANDS) - set(OF_OURS) - set(CURL) - elsewhere
    assert {command.split()[0] for command in left} == {"make", "docker"}


def test_the_rule_that_it_shows_is_one_of_ours():
    shown = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert shown
    code = re.sub(r" +#.*", "", shown[1])
    modules = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("service/rules/*/*.py"))]
    for part in re.split(r"(?=    (?:severest|title)=)|\n\)\ndef", code):
        assert any(part.strip() in module for module in modules), part


def test_every_address_that_it_lists_answers(client):
    for path in re.findall(r"`(/[\w/.-]+)`", README.partition("| address")[2].partition("\n## ")[0]):
        assert client.get(path).status_code == 200


def test_it_names_every_type_of_resource_that_may_be_asked_for():
    said = README.partition("needs read access to")[2].partition(";")[0]
    named = set(re.findall(r"[A-Z]\w+", said))
    assert named == {query.resource_type for query in query_table(WORLD.terminology).values()} | {
        "Medication",
        "BodyStructure",
    }


if __name__ == "__main__":
    whole = with_numbered_uuids(ehr().fire(REQUEST).get_json())
    (EXAMPLES / "answer.json").write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
