"""`osteocds screen ADDRESS` against a real server: what HAPI exports is screened as the same patients in files are."""

import time
from pathlib import Path
from typing import Any

import duckdb
import orjson
import requests
from support.scenario import NOW, SETTINGS, WORLD

from service.demo.run import DEMO_PATIENTS
from service.demo.synthetic import told_record
from service.gathering.allowlist import Allowlist
from service.gathering.fhir_server import new_session
from service.languages.render import Language
from service.population.bulk_export import BulkExport
from service.population.fetched import types_read
from service.population.screen import Screen
from service.rules.guideline import DemoPatient

SECONDS = 300
"""That HAPI may take; it starts its jobs in its own time."""


def findings(source: Path, out: Path) -> list[tuple[str, ...]]:
    Screen(source, out, SETTINGS, NOW, Language.ENGLISH).run()
    return duckdb.execute(
        """SELECT patient, hook, "order", rule, outcome, indicator, because, facts FROM read_parquet($path)
        WHERE patient LIKE 'bulk-%' ORDER BY ALL""",
        {"path": str(out / "findings.parquet")},
    ).fetchall()


def record_of(patient: str, told: DemoPatient) -> list[dict[str, Any]]:
    """A patient of the demo whose orders are active."""
    record = told_record(patient, NOW.date(), told.record)
    for order in told.orders:
        record.active_order(order)
    return record.resources


def test_what_hapi_exports_is_screened_as_files_are(hapi_base: str, tmp_path: Path) -> None:
    resources = [one for place, told in enumerate(DEMO_PATIENTS, start=1) for one in record_of(f"bulk-{place}", told)]
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in resources
    ]
    loaded = requests.post(
        hapi_base, json={"resourceType": "Bundle", "type": "transaction", "entry": entries}, timeout=60
    )
    loaded.raise_for_status()

    until = time.monotonic() + SECONDS

    def wait(_seconds: float) -> None:
        assert time.monotonic() < until, "the export was not ready in time"
        time.sleep(1)

    types = types_read(WORLD.terminology)
    export = BulkExport(hapi_base, types, tmp_path / "export", Allowlist((hapi_base,)), new_session(), wait=wait)
    fetched = export.fetch()

    held = {one["resourceType"] for one in resources}
    names = {path.name.split(".")[1] for path in fetched.iterdir()}
    assert held & set(types) <= names
    # What the server holds besides, of other tests: a type that it exports is exported there too.
    (tmp_path / "files").mkdir()
    others = [one for path in fetched.iterdir() for one in path.read_bytes().splitlines() if b"bulk-" not in one]
    lines = [*map(orjson.dumps, resources), *others]
    (tmp_path / "files" / "all.ndjson").write_bytes(b"\n".join(lines))
    assert findings(fetched, tmp_path / "of-server") == findings(tmp_path / "files", tmp_path / "of-files") != []
