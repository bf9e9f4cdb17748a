"""`make release`: what is handed over, in `dist/`: the wheel, its chart, the SBOM, the changes by rule, and their sums.

From the commit that is checked out, and nothing beside it. The wheel is built twice, in two places, and is the same bit by
bit; so is whatever else is written, for whoever releases this commit again. Exit code 1: something stands in the tree that
is not committed. 2: two builds differ. 3: something is not of the one version.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import yaml
from tools.audit import LOCK, of_the_image, write_sbom

from service.guidelines import GUIDELINES
from service.languages.render import Language, render
from service.rules.voices import changes_of

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
CHART = ROOT / "deploy/helm/osteocds"


def version() -> str:
    """That of pyproject.toml, which is the only one."""
    declared: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return declared


def of_another_version() -> list[str]:
    """What says another version than that."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    return [f"Chart.yaml: {name}" for name in ("version", "appVersion") if chart[name] != version()]


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S607 - git


def wheel(target: Path, source: Path, moment: int) -> Path:
    """Build the wheel of a checkout into an empty folder, as of a moment (seconds since 1970)."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps", "--no-index"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--wheel-dir", str(target), str(source)],
        check=True,
        env=os.environ | {"SOURCE_DATE_EPOCH": str(moment)},
    )
    (built,) = target.glob("*.whl")
    return built


def chart(folder: Path, moment: int) -> bytes:
    """The package of the chart, as `helm package` has it, and each time the same."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            held = path.read_bytes()
            entry = tarfile.TarInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
            entry.size, entry.mtime, entry.mode = len(held), moment, 0o644
            archive.addfile(entry, io.BytesIO(held))
    return gzip.compress(packed.getvalue(), mtime=0)


def changes_by_rule(language: Language) -> Iterator[str]:
    """A table a guideline: for each rule that was changed the version and what changed; first what is about all of them."""
    for guideline in GUIDELINES:
        yield f"# {render(guideline.title, language)} {guideline.version}\n"
        yield "| | | |\n|---|---|---|"
        for rule, title in (("", ""), *((one.id, render(one.title, language)) for one in guideline.rules)):
            for edition, said in changes_of(rule, guideline.changes).items():
                for one in said:
                    yield f"| `{rule}` {title} | {edition} | {render(one, language)} |".replace("| ``  |", "| |")
        yield ""


def main() -> int:
    """Release it."""
    if told := git("status", "--porcelain").decode():
        sys.stdout.write(f"Not committed:\n{told}")
        return 1
    if others := of_another_version():
        sys.stdout.write(f"Not of version {version()}: {', '.join(others)}\n")
        return 3
    moment = int(git("log", "-1", "--format=%ct"))
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    with tempfile.TemporaryDirectory(prefix="osteocds-release-") as folder:
        built = []
        for place in ("a", "another-place"):
            with tarfile.open(fileobj=io.BytesIO(git("archive", "HEAD"))) as archive:
                archive.extractall(Path(folder, place), filter="data")
            built.append(wheel(Path(folder, f"{place}-wheel"), Path(folder, place), moment))
        if built[0].read_bytes() != built[1].read_bytes():
            sys.stdout.write("Two builds of the wheel differ.\n")
            return 2
        shutil.copyfile(built[0], DIST / built[0].name)
        (DIST / f"osteocds-chart-{version()}.tgz").write_bytes(
            chart(Path(folder, "a", CHART.relative_to(ROOT)), moment)
        )
        for name in ("requirements.lock", "CHANGELOG.md"):
            shutil.copyfile(Path(folder, "a", name), DIST / name)
        requirements = Path(folder, "requirements.txt")
        requirements.write_text(of_the_image(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
        if write_sbom(requirements, DIST / "sbom.cdx.json"):
            return 2
    for language in Language:
        said = "\n".join(changes_by_rule(language))
        (DIST / f"changes-by-rule.{language}.md").write_text(re.sub(r"\n{3,}", "\n\n", said), encoding="utf-8")
    write_sums()
    sys.stdout.write((DIST / "SHA256SUMS").read_text(encoding="utf-8"))
    return 0


def write_sums() -> None:
    """SHA-256 of each file, as `sha256sum --check` reads it."""
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(DIST.iterdir())]
    (DIST / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
