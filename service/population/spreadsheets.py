"""A table as CSV, as people open it in a spreadsheet: nothing that a record says is reckoned there."""

from __future__ import annotations

from pathlib import Path

import duckdb

from service.ledger.spreadsheets import BEGINS_A_FORMULA
from service.population.export import quoted


def write_csv(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """Write a table, in its order, with a line of headings; before what would begin a formula stands an apostrophe."""
    columns = connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
    told = ", ".join(_harmless(name) if kind == "VARCHAR" else f'"{name}"' for name, kind, *_ in columns)
    connection.execute(f"COPY (SELECT {told} FROM {table}) TO {quoted(path)} (FORMAT csv, HEADER)")


def _harmless(column: str) -> str:
    """A column of texts as a spreadsheet shows them."""
    begins = ", ".join(f"'{sign}'" for sign in BEGINS_A_FORMULA)
    return f"""CASE WHEN left("{column}", 1) IN ({begins}) THEN '''' || "{column}" ELSE "{column}" END AS "{column}" """
