"""`osteocds worklist`: the patients of a screen by urgency, a printed page each, for those who meet about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson

from mappings.wording import Said, _
from service.cards.topics import NOT_IDENTIFIED, NOT_IDENTIFIED_NAME
from service.guidelines import GUIDELINES
from service.languages.render import Language, day, plain, render, sentence
from service.population.export import connected
from service.population.exported_files import refuse_names_of_several
from service.population.printed import written
from service.population.screen import MANIFEST
from service.rules.outcome import Indicator

MOST_PATIENTS = 200
MOST_UNKNOWN = 10
"""Of one patient, rules that could not tell, on the page."""


class NotScreened(ValueError):
    """A folder without the results of a screen that is done; the message says what to do."""


def worklist(results: Path, *, patients: Sequence[str] | None = None, most: int = MOST_PATIENTS) -> str:
    """The page: of the patients who are named, else of those whom a rule advises about, the most urgent first.

    It is in the language of the screen. Raises `NotScreened`.
    """
    if not (results / "sheets.parquet").is_file():
        raise NotScreened(
            Said(_("{folder} holds no results of a screen that is done: run osteocds screen", folder=str(results)))
        )
    try:
        return _page(results, patients, most)
    except (LookupError, TypeError, AttributeError, orjson.JSONDecodeError, duckdb.Error):  # results of somebody else
        raise NotScreened(
            Said(_("{path} cannot be read: screen again, into another folder", path=str(results)))
        ) from None


def _page(results: Path, patients: Sequence[str] | None, most: int) -> str:
    told = orjson.loads((results / MANIFEST).read_bytes())
    language, moment = Language(told["language"]), datetime.fromisoformat(told["as of"])
    with connected(None, threads=1) as connection:
        for name in ("findings", "sheets"):
            whole_table(connection, results / f"{name}.parquet").create_view(name)
        ranked = _ranked(connection, patients)
        shown = ranked[:most]
        sheets = _by_patient(
            connection, "SELECT patient, sheet FROM sheets WHERE patient IN (SELECT unnest($ids))", shown
        )
        said = _by_patient(
            connection,
            """SELECT patient, rule, outcome, indicator, because, "order" FROM findings
            WHERE outcome IN ('advises', 'cannot tell', 'failed', 'told') AND patient IN (SELECT unnest($ids)) ORDER BY ALL""",
            shown,
        )
    return written(
        "worklist.html",
        language,
        moment=day(moment.date(), language),
        levels={one.value: plain(render(one.said, language)) for one in Indicator},
        patients=[_patient(one, sheets.get(one, ()), said.get(one, ()), language) for one in shown],
        left_out=len(ranked) - len(shown),
        not_found=sorted(set(patients or ()) - set(ranked)),
    )


def whole_table(connection: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyRelation:
    """A table of the results. Raises `NotScreened` where it cannot be read, and `NotAnExport` for a name of several files."""
    refuse_names_of_several(path)
    try:
        return connection.read_parquet(str(path), hive_partitioning=False)
    except duckdb.Error:
        raise NotScreened(Said(_("{path} cannot be read: screen again, into another folder", path=str(path)))) from None


def _ranked(connection: duckdb.DuckDBPyConnection, patients: Sequence[str] | None) -> list[str]:
    """Patients by what the rules advise: how many criticals, then warnings, then infos, then what could not be told."""
    rows = connection.execute(
        """SELECT patient FROM findings WHERE $of IS NULL OR patient IN (SELECT unnest($of)) GROUP BY patient
        HAVING $of IS NOT NULL OR count(*) FILTER (WHERE outcome = 'advises') > 0
        ORDER BY count(*) FILTER (WHERE indicator = 'critical') DESC, count(*) FILTER (WHERE indicator = 'warning') DESC,
            count(*) FILTER (WHERE indicator = 'info') DESC, count(*) FILTER (WHERE outcome <> 'silent') DESC, patient""",
        {"of": None if patients is None else list(patients)},
    ).fetchall()
    return [patient for (patient,) in rows]


def _by_patient(
    connection: duckdb.DuckDBPyConnection, query: str, ids: Sequence[str]
) -> Mapping[str, list[tuple[str, ...]]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for patient, *row in connection.execute(query, {"ids": list(ids)}).fetchall():
        found.setdefault(patient, []).append(tuple(row))
    return found


def _patient(
    patient: str, sheets: Iterable[tuple[str, ...]], said: Iterable[tuple[str, ...]], language: Language
) -> dict[str, Any]:
    """One patient as the page shows it; the more urgent advice first, what is said of several orders once."""
    told = [orjson.loads(sheet) for (sheet,) in sheets]
    who = told[0] if told else {}
    titles = {rule.id: plain(sentence(rule.title, language)) for guideline in GUIDELINES for rule in guideline.rules}
    titles[NOT_IDENTIFIED] = plain(sentence(NOT_IDENTIFIED_NAME, language))
    advised: dict[tuple[str, str], dict[str, str]] = {}
    unknown: dict[tuple[str, str], dict[str, str]] = {}
    for rule, outcome, indicator, because, order in said:
        if outcome == "advises":
            words = because.partition(":")[2].strip() or because
            advised.setdefault((rule, words), {"level": indicator, "words": words, "order": order})
        else:
            about = (rule, order if rule == NOT_IDENTIFIED else "")
            unknown.setdefault(about, {"words": titles.get(rule, rule), "because": because})
    return {
        "id": patient,
        "name": who.get("name", ""),
        "sex": who.get("sex", ""),
        "born": who.get("born", ""),
        "ended": who.get("ended", ""),
        "sheets": told,
        "rules": sorted(advised.values(), key=lambda one: -Indicator(one["level"]).rank),
        "unknown": list(unknown.values())[:MOST_UNKNOWN],
    }
