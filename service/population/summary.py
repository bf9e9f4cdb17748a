"""What the findings of a screen come to: counts with their denominators, as JSON and for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from mappings.wording import Text, _, _n
from service.cards.topics import NOT_IDENTIFIED
from service.explain import OUTCOMES
from service.guidelines import GUIDELINES
from service.languages.render import Language, spoken
from service.population.export import Export
from service.population.screening import NOT_ASKED

INDICATORS = """
    SELECT indicator, month,
        count(*) FILTER (WHERE counts = 'yes' AND met = 'yes') AS numerator,
        count(*) FILTER (WHERE counts = 'yes') AS denominator,
        count(*) FILTER (WHERE counts = 'yes' AND met = 'cannot tell') AS could_not_be_told,
        count(*) FILTER (WHERE counts = 'may') AS may_count
    FROM cases GROUP BY indicator, month
"""
"""The quality indicators by month (empty: the month cannot be told): what could not be told is part of the denominator, and
what may count at all is not."""


def counted(connection: duckdb.DuckDBPyConnection, export: Export) -> dict[str, Any]:
    """How many patients and orders each rule was asked about, and what came of it; why it could not be told."""

    def rows(query: str) -> list[dict[str, Any]]:
        asked = {"not_identified": NOT_IDENTIFIED} if "$not_identified" in query else None
        found = connection.execute(query, asked)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    return {
        "patients": export.patients,
        "resources": export.resources,
        "unreadable": export.unreadable,
        "unreadable in": [{"file": file, "lines": lines} for file, lines in export.unreadable_in.items()],
        "nobodys": export.nobodys,
        "types": sorted(export.types),
        "not in use": rows(
            """SELECT sheet ->> '$.ended' AS because, count(DISTINCT patient) AS patients FROM sheets
            WHERE because <> '' GROUP BY ALL ORDER BY ALL"""
        ),
        "rules": rows(
            """SELECT hook, rule, count(*) AS asked, count(DISTINCT patient) AS patients,
                count(*) FILTER (WHERE outcome = 'advises') AS advises,
                count(DISTINCT patient) FILTER (WHERE outcome = 'advises') AS patients_advised,
                count(*) FILTER (WHERE indicator = 'critical') AS critical,
                count(*) FILTER (WHERE indicator = 'warning') AS warning,
                count(*) FILTER (WHERE indicator = 'info') AS info,
                count(*) FILTER (WHERE outcome = 'silent') AS silent,
                count(*) FILTER (WHERE outcome = 'cannot tell') AS cannot_tell,
                count(*) FILTER (WHERE outcome = 'failed') AS failed
            FROM findings WHERE rule NOT IN ('', $not_identified) GROUP BY ALL ORDER BY hook, rule"""
        ),
        "not identified": rows(
            """SELECT hook, outcome, because, count(*) AS times, count(DISTINCT patient) AS patients
            FROM findings WHERE rule = $not_identified GROUP BY ALL ORDER BY times DESC, hook, outcome, because LIMIT 100"""
        ),
        "cannot tell": rows(
            """SELECT rule, because, count(*) AS times, count(DISTINCT patient) AS patients
            FROM findings WHERE outcome = 'cannot tell' GROUP BY ALL ORDER BY times DESC, rule, because LIMIT 100"""
        ),
        "indicators": rows("SELECT * FROM indicators ORDER BY indicator, month"),
        "indicators cannot tell": rows(
            """SELECT indicator, because, count(*) AS times FROM cases WHERE met = 'cannot tell'
            GROUP BY ALL ORDER BY times DESC, indicator, because LIMIT 100"""
        ),
        "not asked": rows(
            f"SELECT hook, because, count(*) AS times FROM findings WHERE outcome = '{NOT_ASKED}' GROUP BY ALL ORDER BY ALL"
        ),
    }


def printed(counts: Mapping[str, Any], language: Language) -> Iterator[str]:
    """The counts for a person: what was read, then a line a rule that spoke or could not tell."""
    yield from (spoken(line, language) for line in _lines(counts))


def _lines(counts: Mapping[str, Any]) -> Iterator[Text]:
    yield _(
        "{patients} patients, {resources} resources: {types}",
        patients=counts["patients"],
        resources=counts["resources"],
        types=", ".join(counts["types"]),
    )
    if counts["unreadable"]:
        yield _n("{number} line could not be read", "{number} lines could not be read", counts["unreadable"])
        for one in counts["unreadable in"]:
            yield _("of these in {file}: {number}", file=one["file"], number=one["lines"])
    if counts["nobodys"]:
        yield _n(
            "{number} resource names no patient, and was left out",
            "{number} resources name no patient, and were left out",
            counts["nobodys"],
        )
    for one in counts["not in use"]:
        yield _n(
            "of {number} patient no rule says anything: {because}",
            "of {number} patients no rule says anything: {because}",
            one["patients"],
            because=one["because"],
        )
    for one in counts["not asked"]:
        yield _("{count} times not asked: {because}", count=one["times"], because=one["because"] or one["hook"])
    for one in counts["not identified"]:
        yield _(
            "orders not identified ({outcome}): {times}, patients: {patients}; {because}",
            times=one["times"],
            patients=one["patients"],
            outcome=OUTCOMES[one["outcome"]],
            because=one["because"],
        )
    for one in counts["rules"]:
        if one["advises"] or one["cannot_tell"] or one["failed"]:
            yield _(
                "{rule} ({hook}): asked of {patients} patients; advises {advised}, cannot tell {unknown} of {asked} times",
                rule=one["rule"],
                hook=one["hook"],
                patients=one["patients"],
                advised=one["advises"],
                unknown=one["cannot_tell"] + one["failed"],
                asked=one["asked"],
            )
    for indicator in (one for guideline in GUIDELINES for one in guideline.quality):
        total = in_all(counts, indicator.id)
        yield _(
            "{title}: {numerator} of {denominator}; {unknown} could not be told, {may} more may count",
            title=indicator.title,
            numerator=total["numerator"],
            denominator=total["denominator"],
            unknown=total["could_not_be_told"],
            may=total["may_count"],
        )


FIGURES = ("numerator", "denominator", "could_not_be_told", "may_count")


def in_all(counts: Mapping[str, Any], indicator: str) -> dict[str, int]:
    """The figures of an indicator over all months."""
    rows = [one for one in counts["indicators"] if one["indicator"] == indicator]
    return {name: sum(one[name] for one in rows) for name in FIGURES}
