"""Golden hook pairs: small requests that a person can read, and the whole answer to each, which a person has read.

After a change that is meant, `python tests/service/test_hooks.py` writes the answers anew; read what `git diff` then shows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.ehr import Ehr, conform, ehr

HOOKS = Path(__file__).parents[1] / "hooks"
SITUATIONS = sorted(path.name for path in HOOKS.iterdir())
IN_FRENCH = {"denosumab-60-mg-in-french", "record-in-words-in-french"}


def answered(situation: str, client: Ehr) -> Any:
    """The answer to a situation's request, its uuids numbered in the order in which they come."""
    request = json.loads((HOOKS / situation / "request.json").read_text(encoding="utf-8"))
    answer = client.fire(request, headers={"Accept-Language": "fr" if situation in IN_FRENCH else "en"})
    assert answer.status_code == 200
    return _numbered(answer.get_json(), iter(range(1, 1000)))


def _numbered(value: Any, numbers: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: f"uuid {next(numbers)}" if name == "uuid" else _numbered(inner, numbers)
            for name, inner in value.items()
        }
    return [_numbered(one, numbers) for one in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def client() -> Ehr:
    return ehr()


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_request_is_as_the_specification_has_it(situation: str) -> None:
    conform(json.loads((HOOKS / situation / "request.json").read_text(encoding="utf-8")), "Request")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_answer_is_the_one_that_was_read(situation: str, client: Ehr) -> None:
    expected = json.loads((HOOKS / situation / "response.json").read_text(encoding="utf-8"))
    assert answered(situation, client) == expected


if __name__ == "__main__":
    for one in SITUATIONS:
        text = json.dumps(answered(one, ehr()), indent=2, ensure_ascii=False) + "\n"
        (HOOKS / one / "response.json").write_text(text, encoding="utf-8")
