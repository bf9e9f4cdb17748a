"""Answer requests of the scenarios, compute each answer anew from the ledger, say which are not identical: `make replays`.

The answers are given by this process and computed anew by others, one after the other, each with another order of sets
(PYTHONHASHSEED): what rests on such an order, on a clock or on what was asked before would differ.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click
import orjson
from support.scenario import NOW, SERVICES, SETTINGS, WORLD, request_for, scenarios_of

from service.edge.app import create_app
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.ledger.database import Database
from service.ledger.receipts import receipt_of, request_of
from service.ledger.recomputing import Circumstances, recomputed

WAITING = 500
"""Answers that wait at most to be written, so that none is dropped."""


def requests_of_scenarios() -> Iterator[tuple[str, dict[str, object]]]:
    """Each scenario's name and request, those of one rule after the other; the first of every rule come first."""
    of_rules = [scenarios_of(rule.id) for guideline in GUIDELINES for rule in guideline.rules]
    for place in range(max(map(len, of_rules))):
        for scenarios in of_rules:
            if place < len(scenarios):
                yield f"{scenarios[place].rule}: {scenarios[place].name}", request_for(scenarios[place].told)


def instance(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def give_answers(database_url: str, number: int) -> int:
    """Have so many requests answered, fewer where there are fewer, in each language by turns; how many there are."""
    kept = frozenset({"requests", "facts"})
    app = create_app(replace(SETTINGS, database_url=database_url, ledger_keeps=kept), now=lambda: NOW)
    client, writer = app.test_client(), app.extensions["osteocds.ledger"].writer
    given = 0
    for given, (_name, request) in enumerate(islice(requests_of_scenarios(), number), 1):
        language = list(Language)[given % len(Language)]
        body = orjson.dumps(request | {"hookInstance": instance(given)})
        answer = client.post(
            f"/cds-services/bone-metastases-{request['hook']}",
            data=body,
            content_type="application/json",
            headers={"Accept-Language": language.value},
            buffered=True,  # closed once it is read: only then it is noted
        )
        assert answer.status_code == 200, answer.text
        if given % WAITING == 0:
            assert writer.flush(120)
    assert writer.flush(120)
    writer.close()
    return given


def compute_anew(database_url: str, first: int, number: int) -> int:
    """Compute so many answers of the ledger anew, and print those that are not identical; how many were."""
    database = Database(database_url)
    identical = 0
    for one in range(first, first + number):
        receipt = receipt_of(database, instance(one), issued=NOW)
        body = request_of(database, instance(one), 1)
        assert receipt is not None
        assert body is not None
        (answer,) = receipt["answers"]
        circumstances = Circumstances(SERVICES[answer["service"]], WORLD.of_anybody(), str(SETTINGS.timezone))
        found = recomputed(orjson.loads(body), answer, circumstances)
        identical += found.identical
        if not found.identical:
            click.echo(f"{one} {answer['service']}: {found}")
    database.dispose()
    return identical


@click.command(help=__doc__)
@click.option("--number", default=10_000, help="how many answers to compute anew")
@click.option("--of-ledger", nargs=3, type=(str, int, int), default=None, hidden=True)
def main(number: int, of_ledger: tuple[str, int, int] | None) -> None:
    if of_ledger is not None:
        sys.exit(0 if compute_anew(*of_ledger) == of_ledger[2] else 1)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="osteocds-replays-") as folder:
        database_url = f"sqlite:///{Path(folder) / 'ledger.sqlite3'}"
        given = give_answers(database_url, number)
        click.echo(f"{given} answers of scenarios are in the ledger")
        done, wrong = 0, False
        for seed in range(1, number // given + 2):
            part = min(given, number - done)
            if part:
                command = [sys.executable, "-m", "tools.replays", "--of-ledger", database_url, "1", str(part)]
                environment = os.environ | {"PYTHONHASHSEED": str(seed)}
                wrong |= subprocess.run(command, env=environment, check=False).returncode != 0
                done += part
                click.echo(f"{done} computed anew, {time.monotonic() - started:.0f} s")
    click.echo("not all are identical" if wrong else f"{done} answers computed anew, each identical")
    sys.exit(int(wrong))


if __name__ == "__main__":
    main()
