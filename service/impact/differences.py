"""Two screens of one cohort compared: which patients gain or lose which advice, counted and listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import orjson

from mappings.wording import Said, Text, _
from service.impact.sides import FINDINGS
from service.languages.render import Language, spoken
from service.ledger.overrides import aligned
from service.population.export import SPILLED, connected, parquet
from service.population.exported_files import refuse_names_of_several
from service.population.screening import NOT_ASKED
from service.population.spreadsheets import write_csv

CHANGES = "changes.csv"

KINDS: Mapping[str, Text] = {
    "gains": _("gains"),
    "loses": _("loses"),
    "more urgent": _("more urgent"),
    "less urgent": _("less urgent"),
    "can no longer be told": _("can no longer be told"),
    "can be told now": _("can be told now"),
    "fails": _("fails"),
}
"""What becomes of what a rule says of a patient, or of an order."""


class NotComparable(ValueError):
    """Two screens that are not of one cohort at one moment; the message says what differs."""


@dataclass(frozen=True, slots=True)
class Differences:
    """How many patients there are, how many of them something changes for, and by rule and kind how many changes and patients."""

    patients: int
    changed: int
    only_one: int
    by_rule: tuple[tuple[str, str, int, int], ...]


def compared(old: Path, new: Path, out: Path, *, memory: str) -> Differences:
    """Compare the results of two screens, and write each change into `changes.csv` of a folder, sorted.

    DuckDB holds `memory` (such as 1GB), and what is more on disk, in that folder.

    Raises `NotComparable`, also where one of them cannot be read.
    """
    for folder in (old, new, out):
        refuse_names_of_several(folder)
    _refuse_others(old, new)
    out.mkdir(parents=True, exist_ok=True)
    with connected(out / SPILLED, memory_limit=memory) as connection:
        for name, folder in (("old", old), ("new", new)):
            _view(connection, name, folder / FINDINGS)
        for name, other in (("old", "new"), ("new", "old")):
            connection.execute(f"CREATE VIEW {name} AS {_with_what_was_not_asked(name, other)}")
        connection.execute(f"CREATE TABLE changes AS {_CHANGES}")
        connection.execute("CREATE VIEW listed AS FROM changes ORDER BY ALL")
        write_csv(connection, "listed", out / CHANGES)
        return Differences(*_counted(connection))


def _view(connection: duckdb.DuckDBPyConnection, name: str, findings: Path) -> None:
    try:
        connection.execute(f"CREATE VIEW told_{name} AS {_told(findings)}")
        connection.execute(
            f"""CREATE VIEW unasked_{name} AS SELECT patient, hook, "order" FROM {parquet(findings)}
            WHERE outcome = '{NOT_ASKED}'"""  # noqa: S608 - as below
        )
    except duckdb.Error:
        raise NotComparable(
            Said(_("{path} cannot be read: screen again, into another folder", path=str(findings)))
        ) from None


def _refuse_others(old: Path, new: Path) -> None:
    told = [orjson.loads((folder / "screen.json").read_bytes()) for folder in (old, new)]
    for member, text in (
        ("as of", _("the two screens are not of one moment: screen one of them again, --as-of that of the other")),
        ("source", _("the two screens are not of one export: screen one of them again")),
    ):
        if told[0].get(member) != told[1].get(member):
            raise NotComparable(Said(text))


def _told(findings: Path) -> str:
    """What a rule made of a patient and an order, once: of several the most urgent."""
    rank = "CASE indicator WHEN 'critical' THEN 3 WHEN 'warning' THEN 2 WHEN 'info' THEN 1 ELSE 0 END"
    return f"""SELECT patient, hook, "order", rule,
        bool_or(outcome = 'advises') AS advises, bool_or(outcome = 'cannot tell') AS unknown,
        bool_or(outcome = 'failed') AS failed, max({rank}) AS rank,
        arg_max(indicator, {rank}) AS indicator, string_agg(because, ' / ' ORDER BY because) AS because
        FROM {parquet(findings)} GROUP BY ALL"""  # noqa: S608 - names of ours


def _with_what_was_not_asked(side: str, other: str) -> str:
    """Where a side asked no rule about a patient or an order, it cannot tell what the other told: nothing was lost."""
    return f"""FROM told_{side} UNION ALL
        SELECT patient, hook, "order", rule, false, true, false, 0, '', '' FROM told_{other} AS other
        ANTI JOIN told_{side} USING (patient, hook, "order", rule)
        WHERE EXISTS (FROM unasked_{side} AS unasked WHERE unasked.patient = other.patient
            AND unasked.hook IN ('', other.hook) AND unasked."order" IN ('', other."order"))"""  # noqa: S608 - as above


def _word(side: str) -> str:
    return f"""CASE WHEN {side}.advises THEN {side}.indicator WHEN {side}.failed THEN 'failed'
        WHEN {side}.unknown THEN 'cannot tell' ELSE 'silent' END"""


_CHANGES = f"""
    SELECT coalesce(old.patient, new.patient) AS patient, coalesce(old.hook, new.hook) AS hook,
        coalesce(old."order", new."order") AS "order", coalesce(old.rule, new.rule) AS rule,
        CASE WHEN new.failed AND NOT coalesce(old.failed, false) THEN 'fails'
            WHEN new.advises AND NOT coalesce(old.advises, false) THEN 'gains'
            WHEN old.advises AND coalesce(new.unknown, false) AND NOT new.advises THEN 'can no longer be told'
            WHEN old.advises AND NOT coalesce(new.advises, false) THEN 'loses'
            WHEN old.advises AND new.rank > old.rank THEN 'more urgent'
            WHEN old.advises AND new.rank < old.rank THEN 'less urgent'
            WHEN coalesce(new.unknown, false) AND NOT coalesce(old.unknown, false) THEN 'can no longer be told'
            WHEN coalesce(old.unknown, false) AND NOT coalesce(new.unknown, false) THEN 'can be told now'
        END AS change,
        {_word("old")} AS was, {_word("new")} AS becomes,
        coalesce(old.because, '') AS because_before, coalesce(new.because, '') AS because
    FROM old FULL OUTER JOIN new USING (patient, hook, "order", rule) WHERE change IS NOT NULL"""  # noqa: S608 - as above


def _counted(connection: duckdb.DuckDBPyConnection) -> tuple[Any, ...]:
    def number(query: str) -> int:
        found = connection.execute(query).fetchone()
        return int(found[0]) if found else 0

    both = number("SELECT count(*) FROM (SELECT patient FROM old INTERSECT SELECT patient FROM new)")
    patients = number("SELECT count(*) FROM (SELECT patient FROM old UNION SELECT patient FROM new)")
    rows = connection.execute(
        "SELECT rule, change, count(*), count(DISTINCT patient) FROM changes GROUP BY ALL ORDER BY rule, change"
    ).fetchall()
    changed = number("SELECT count(DISTINCT patient) FROM changes")
    return patients, changed, patients - both, tuple(rows)


HEADINGS = (_("rule"), _("change"), _("changes"), _("patients"))


def printed(found: Differences, out: Path, language: Language) -> Iterator[str]:
    """The counts as a table, and where the list is."""
    whole = _("something changes for {changed} of {patients} patients", changed=found.changed, patients=found.patients)
    yield spoken(whole, language)
    if found.only_one:
        yield spoken(_("patients in one of the two screens alone: {count}", count=found.only_one), language)
    if found.by_rule:
        rows: list[Sequence[str]] = [[spoken(one, language) for one in HEADINGS]]
        rows += [
            [rule, spoken(KINDS[kind], language), str(count), str(patients)]
            for rule, kind, count, patients in found.by_rule
        ]
        yield ""
        yield from aligned(rows)
    yield ""
    yield spoken(_("each change, patient by patient: {file}", file=str(out / CHANGES)), language)
