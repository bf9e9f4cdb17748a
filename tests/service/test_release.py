"""What is released is the commit, the same bits each time, of one version, with the sums of all of it."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import release

from service.guidelines import GUIDELINES
from service.languages.render import Language

MOMENT = 1_700_000_000


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """The files of the tree, in another place and with other rights."""
    place = tmp_path_factory.mktemp("checkout")
    kept = ("service", "mappings", "cds_hooks", "deploy", "pyproject.toml", "README.md", "LICENSE")
    listed = release.git("ls-files", "-z", *kept).decode()
    for name in listed.strip("\0").split("\0"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes((release.ROOT / name).read_bytes())
        (place / name).chmod(0o600)
    return place


@pytest.fixture
def _files_of_nobody_else() -> Iterator[None]:
    mask = os.umask(0o077)
    yield
    os.umask(mask)


@pytest.fixture(scope="module")
def built(checkout, tmp_path_factory) -> Path:
    return release.wheel(tmp_path_factory.mktemp("built"), checkout, MOMENT)


@pytest.mark.usefixtures("_files_of_nobody_else")
def test_a_wheel_is_the_same_bit_by_bit_wherever_whenever_and_by_whomever_it_is_built(
    built, checkout, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    other = release.wheel(tmp_path / "other", checkout.rename(checkout.with_name("elsewhere")), MOMENT)
    assert built.name == other.name == f"osteocds-{release.version()}-py3-none-any.whl"
    assert built.read_bytes() == other.read_bytes()


def test_a_chart_is_packed_the_same_each_time_below_its_name():
    packed = release.chart(release.CHART, MOMENT)
    assert packed == release.chart(release.CHART, MOMENT)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        names = archive.getnames()
        assert {entry.mtime for entry in archive} == {MOMENT}
    assert {"osteocds/Chart.yaml", "osteocds/values.yaml", "osteocds/templates/deployment.yaml"} <= set(names)
    assert {name.split("/")[0] for name in names} == {"osteocds"}


def test_there_is_one_version():
    assert release.of_another_version() == []


def test_each_change_of_a_rule_stands_at_its_id_in_each_language():
    said = {language: "\n".join(release.changes_by_rule(language)) for language in Language}
    assert len(set(said.values())) == len(Language)
    for guideline in GUIDELINES:
        for change in guideline.changes:
            for rule in change.rules:
                assert all(f"| `{rule}` " in told for told in said.values())
    assert "| `hypocalcaemia` " in said[Language("en")]


def test_the_sums_are_those_that_sha256sum_checks(tmp_path, monkeypatch):
    monkeypatch.setattr(release, "DIST", tmp_path)
    (tmp_path / "b").write_bytes(b"b")
    (tmp_path / "a").write_bytes(b"a")
    release.write_sums()
    told = (tmp_path / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert told == [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}" for name in "ab"]


def test_what_is_not_committed_is_not_released(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(release, "DIST", tmp_path / "dist")
    monkeypatch.setattr(release, "git", lambda *_arguments: b" M service/cli.py\n")
    assert release.main() == 1
    assert "service/cli.py" in capsys.readouterr().out
    assert not (tmp_path / "dist").exists()
