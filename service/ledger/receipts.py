"""What the ledger knows of an answer, put together as a receipt: asked, found, said, and by which versions.

A receipt holds what the rows of the ledger hold, and nothing else of the record. An EHR may use a `hookInstance` twice, and calls
several services with one: a receipt of it shows each answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Select, Table, func, select
from sqlalchemy.engine import Connection

from mappings.evidence import bare_id
from mappings.shapes import a_map, a_text
from service.ledger.database import Database
from service.ledger.tables import (
    ANSWERS,
    CARD_RULES,
    CARDS,
    FACTS,
    LONGEST_ID,
    LONGEST_NAME,
    OUTCOMES,
    REQUESTS,
    harmless,
)

ANSWERS_A_PAGE = 10
MOST_PAGES = 10_000
MOST_BYTES = 250_000
"""Of the lines of one answer, cards, rules and facts each, as JSON; a usual answer has some 15 000 of all."""

READ_AT_ONCE = 200

PRINTS = ("request", "rules", "value_sets", "settings", "cards")
"""The fingerprints of an answer, by the names of their columns."""

PRINTS_OF_A_RECEIPT = ("request", "rules", "valueSets", "settings", "cards")
"""The same as a receipt names them."""

NOT_TOLD: tuple[object, ...] = (None, "", [])


def receipt_of(
    database: Database, hook_instance: str, *, issued: datetime, client: str | None = None, page: int = 1
) -> dict[str, Any] | None:
    """The receipt of a `hookInstance`, so many answers a page in the order in which they were given; of one client, or of all.

    None where the ledger has no answer on this page. Times are in UTC. Raises `SQLAlchemyError`.
    """
    if page > MOST_PAGES:
        return None
    with database.read(briefly=True) as connection:
        found = connection.execute(_answers(hook_instance, client, page)).mappings().all()
        answers = [
            _answer(connection, dict(row), number)
            for number, row in enumerate(found[:ANSWERS_A_PAGE], (page - 1) * ANSWERS_A_PAGE + 1)
        ]
    if not answers:
        return None
    receipt = {"hookInstance": hook_instance, "issued": _moment(issued), "page": page, "answers": answers}
    return receipt | ({"next": page + 1} if len(found) > ANSWERS_A_PAGE and page < MOST_PAGES else {})


def page_of(number: int) -> int:
    """The page on which an answer stands."""
    return (number - 1) // ANSWERS_A_PAGE + 1


def request_of(database: Database, hook_instance: str, number: int, client: str | None = None) -> bytes | None:
    """The request of an answer, where the site keeps requests; `number` is that of the answer in its receipt, from 1."""
    asked = _of(hook_instance, client).with_only_columns(ANSWERS.c.id).offset(number - 1).limit(1)
    with database.read(briefly=True) as connection:
        body = connection.scalar(select(REQUESTS.c.body).where(REQUESTS.c.answer == asked.scalar_subquery()))
    return None if body is None else str(body).encode()


class OfSeveralPatients(Exception):
    """Requests about several patients came under one `hookInstance`: whose is meant nobody can tell."""


MOST_COMPARED = 20
"""Requests of one `hookInstance`, the last ones, whose patients are compared."""


def last_request_of(database: Database, hook_instance: str, client: str | None = None) -> tuple[bytes, datetime] | None:
    """The request of the last answer of which the site keeps it, and the clock of that answer.

    Raises `OfSeveralPatients`: a link on the card of one patient never leads to the record of another.
    """
    asked = (
        _of(hook_instance, client)
        .with_only_columns(REQUESTS.c.body, ANSWERS.c.as_of)
        .join(REQUESTS, REQUESTS.c.answer == ANSWERS.c.id)
        .order_by(None)
        .order_by(ANSWERS.c.id.desc())
        .limit(MOST_COMPARED)
        .execution_options(yield_per=1)
    )
    last: tuple[bytes, datetime] | None = None
    patients = set()
    with database.read(briefly=True) as connection, connection.execute(asked) as rows:
        for row in rows:
            body = str(row.body).encode()
            last = last or (body, datetime.fromisoformat(row.as_of))
            patients.add(bare_id(a_text(a_map(a_map(orjson.loads(body)).get("context")).get("patientId"))))
    if len(patients) > 1:
        raise OfSeveralPatients
    return last


def _answers(hook_instance: str, client: str | None, page: int) -> Select[Any]:
    """Those of a page, and one more, which tells whether another page follows."""
    return _of(hook_instance, client).offset((page - 1) * ANSWERS_A_PAGE).limit(ANSWERS_A_PAGE + 1)


def _of(hook_instance: str, client: str | None) -> Select[Any]:
    of_one = select(ANSWERS).where(ANSWERS.c.hook_instance == harmless(hook_instance, LONGEST_ID))
    if client is not None:
        of_one = of_one.where(ANSWERS.c.client == harmless(client, LONGEST_NAME))
    return of_one.order_by(ANSWERS.c.id)


def _answer(connection: Connection, row: Mapping[str, Any], number: int) -> dict[str, Any]:
    cards, cards_left = _lines(connection, CARDS, row["id"])
    rules, rules_left = _lines(connection, OUTCOMES, row["id"])
    facts, facts_left = _lines(connection, FACTS, row["id"])
    of_cards = _rules_of(connection, [card["uuid"] for card in cards])
    kept = connection.scalar(select(REQUESTS.c.answer).where(REQUESTS.c.answer == row["id"])) is not None
    left_out = {"cards": cards_left, "rules": rules_left, "facts": facts_left + (row["facts_left_out"] or 0)}
    told = {
        "number": number,
        "client": row["client"],
        "service": row["service"],
        "hook": row["hook"],
        "guideline": row["guideline"],
        "patient": row["patient"],
        "language": row["language"],
        "receivedAt": _moment(row["received_at"]),
        "answeredAt": _moment(row["answered_at"]),
        "tookMs": round(row["took_ms"]),
        "asOf": row["as_of"],
        "publicUrl": row["public_url"],
        "fhirCalls": row["fhir_calls"],
        "shadow": True if row["shadow"] else None,
        "versions": {"osteocds": row["service_version"], "rules": row["rules_version"]},
        "fingerprints": {
            told: row[f"{name}_fingerprint"] for told, name in zip(PRINTS_OF_A_RECEIPT, PRINTS, strict=True)
        },
        "requestKept": kept,
        "factsKept": row["facts_left_out"] is not None or bool(facts),
        "notTriggered": row["not_about"].split(),
        "leftOut": {name: count for name, count in left_out.items() if count} or None,
    }
    return {name: value for name, value in told.items() if value not in NOT_TOLD} | {
        "cards": [_card(card, of_cards.get(card["uuid"], {})) for card in cards],
        "rules": [rule_of(one) for one in rules],
        "facts": [_line(one, ("rule", "fact", "resource", "value", "unit", "date")) for one in facts],
    }


def _lines(connection: Connection, table: Table, answer: int) -> tuple[list[Mapping[str, Any]], int]:
    """The rows of an answer in their order, as many as there is room for; and how many are left out."""
    of_one = table.c.answer == answer
    lines: list[Mapping[str, Any]] = []
    room = MOST_BYTES
    asked = select(table).where(of_one).order_by(table.c.position).execution_options(yield_per=READ_AT_ONCE)
    with connection.execute(asked) as rows:
        for row in rows.mappings():
            room -= len(orjson.dumps(list(row.values())))
            if room < 0:
                break
            lines.append(dict(row))
        else:
            return lines, 0
    return lines, (connection.scalar(select(func.count()).select_from(table).where(of_one)) or 0) - len(lines)


def _rules_of(connection: Connection, cards: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """The rules of each card, by what the card does with them."""
    found: dict[str, dict[str, list[str]]] = {}
    asked = select(CARD_RULES).where(CARD_RULES.c.card.in_(cards)).order_by(CARD_RULES.c.part, CARD_RULES.c.rule)
    for row in connection.execute(asked):
        found.setdefault(row.card, {}).setdefault(_camel(row.part.replace(" ", "_")), []).append(row.rule)
    return found


def _card(card: Mapping[str, Any], rules: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    told = _line(card, ("uuid", "topic", "indicator", "order_kind", "fingerprint"))
    return {**told, **rules}


def rule_of(one: Mapping[str, Any]) -> dict[str, Any]:
    """One row of outcomes as a receipt tells it; `missing` may be JSON still."""
    if isinstance(one["missing"], str):
        one = {**one, "missing": orjson.loads(one["missing"])}
    return _line(one, ("rule", "order_index", "order_kind", "outcome", "indicator", "condition", "missing", "error"))


def _line(row: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
    """The columns that say something."""
    return {_camel(name): row[name] for name in columns if row[name] not in NOT_TOLD}


def _camel(column: str) -> str:
    first, *others = column.split("_")
    return first + "".join(map(str.title, others))


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
