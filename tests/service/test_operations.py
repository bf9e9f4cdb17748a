"""Who is called, and for what: the alerts are evaluated, the dashboard shows what there is, the runbook has a line for each."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from support.programs import required

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
PROMETHEUS = ROOT / "deploy/prometheus"
(GROUP,) = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
ALERTS = {rule["alert"]: rule for rule in GROUP["rules"]}
CASES = [
    case
    for test in yaml.safe_load((PROMETHEUS / "alerts.test.yml").read_text(encoding="utf-8"))["tests"]
    for case in test["alert_rule_test"]
]
DASHBOARD = json.loads((ROOT / "deploy/grafana/osteocds.json").read_text(encoding="utf-8"))
SHOWN = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
METRIC = re.compile(r"\bosteocds_\w+?(?=(?:_total|_bucket|_count|_sum)?\b)")
MEASURED = set(
    re.findall(r'"(osteocds_\w+)"', "".join(path.read_text("utf-8") for path in (ROOT / "service/edge").glob("*.py")))
)


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [required("promtool", r"version (\d+)", at_least=2, option="--version"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_alerts_are_called_for_what_their_tests_say_and_for_nothing_else():
    assert promtool("check", "config", PROMETHEUS / "prometheus.yml").returncode == 0
    done = promtool("test", "rules", PROMETHEUS / "alerts.test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_bound_that_was_moved_would_be_noticed(tmp_path):
    for path in PROMETHEUS.glob("alerts*.yml"):
        moved = path.read_text(encoding="utf-8").replace(
            "osteocds_ledger_lag_seconds) > 60", "osteocds_ledger_lag_seconds) > 59"
        )
        (tmp_path / path.name).write_text(moved, encoding="utf-8")
    assert "OsteoCDSLedgerBehind" in promtool("test", "rules", tmp_path / "alerts.test.yml").stderr


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_tested_both_ways_and_has_its_line_in_the_runbook(name):
    expected = [bool(case["exp_alerts"]) for case in CASES if case["alertname"] == name]
    assert set(expected) == {True, False}
    told = ALERTS[name]["annotations"]["runbook"]
    assert told == f"docs/operations.md#{name.lower()}"
    assert re.search(rf"^### {name}\n\n\S", RUNBOOK, re.MULTILINE)


def test_the_runbook_has_six_alerts_and_no_other():
    assert re.findall(r"^### (.+)$", RUNBOOK, re.MULTILINE) == list(ALERTS)
    assert len(ALERTS) == 6


def test_alerts_and_dashboard_ask_only_for_what_is_measured():
    asked = {name for text in (*SHOWN, *(rule["expr"] for rule in ALERTS.values())) for name in METRIC.findall(text)}
    assert asked
    assert asked <= MEASURED


def test_the_dashboard_shows_what_an_installation_is_watched_by():
    shown = {name.removeprefix("osteocds_") for text in SHOWN for name in METRIC.findall(text)}
    assert shown >= {
        *("requests", "request_seconds", "step_seconds", "cards", "rule_answers", "cannot_tell", "unidentified_orders"),
        *("fhir_call_seconds", "fhir_breakers", "ledger_lag_seconds", "ledger_dropped", "turned_away", "version"),
    }
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_expressions_of_the_dashboard_can_be_asked(tmp_path):
    rules = [{"record": f"n{number}", "expr": re.sub(r"\$__\w+", "5m", told)} for number, told in enumerate(SHOWN)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "x", "rules": rules}]}), encoding="utf-8")
    done = promtool("check", "rules", tmp_path / "rules.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_table_of_metrics_names_what_is_measured():
    rows = [line.split("|")[1] for line in RUNBOOK.splitlines() if line.startswith("| `osteocds_")]
    named = [name for row in rows for name in METRIC.findall(row)]
    assert len(named) == len(set(named)) > 10
    assert set(named) <= MEASURED
