"""A command loads what it needs and no more: most of the time of a short one goes into loading."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HOOKS = Path(__file__).parents[1] / "hooks"
RUN = """
import sys
from service.__main__ import main
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""

FOR_OTHER_COMMANDS = {"flask", "sqlalchemy", "uvicorn", "yaml", "ijson", "apispec", "prometheus_client"}
FOR_SERVERS = {"requests", "urllib3", "http", "ssl"}
FOR_CARDS = {"babel", "fhir", "pydantic"}


@pytest.mark.parametrize(
    ("hook", "not_needed"),
    [
        ("irrelevant-order", FOR_OTHER_COMMANDS | FOR_SERVERS | FOR_CARDS),
        ("unidentified-order", FOR_OTHER_COMMANDS | FOR_SERVERS | {"fhir", "pydantic"}),
        ("denosumab-start", FOR_OTHER_COMMANDS | FOR_SERVERS),
    ],
)
def test_check_loads_nothing_that_the_answer_does_not_need(hook, not_needed):
    command = [sys.executable, "-c", RUN, "check", str(HOOKS / hook / "request.json"), "--as-of", "2026-03-20"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(ended.stderr.split())
    assert "marshmallow" in loaded
    assert loaded & not_needed == set()
    assert ("no card" in ended.stdout) is (hook == "irrelevant-order")
