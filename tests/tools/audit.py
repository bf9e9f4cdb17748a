"""`make audit`: what the image is made of (an SBOM, CycloneDX), and whether advisories are known about it (pip-audit).

Exit code 0: no advisory is known. 1: some are. 2: the SBOM cannot be written. 3: the advisories could not be reached, so that
nothing is known of them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
SBOM = ROOT / "dist/sbom.cdx.json"
PROGRAMS = Path(sys.executable).parent
IMAGE = {
    "python_version": "3.11",
    "python_full_version": "3.11.15",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "platform_machine": "x86_64",
    "platform_system": "Linux",
    "sys_platform": "linux",
    "os_name": "posix",
}
"""What the markers of the lock are asked about: the Python of the Dockerfile (PEP 508, "Environment Markers")."""


NOT_REACHED = "The advisories could not be reached: nothing is known of them. Run this where the network lets it."


def of_the_image(lock: str) -> str:
    """The requirements of a lock file that the image installs, with their hashes, without their markers."""
    kept = []
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        lines = [line for line in entry.splitlines() if not line.lstrip().startswith("#")]
        if not lines:
            continue
        told, *hashes = (line.rstrip(" \\").strip() for line in lines)
        requirement = Requirement(told)
        if requirement.marker is None or requirement.marker.evaluate(IMAGE):
            kept.append(" ".join((f"{requirement.name}{requirement.specifier}", *hashes)))
    return "\n".join(kept) + "\n"


def write_sbom(requirements: Path, target: Path) -> int:
    """Write the SBOM of these requirements; the exit code of `cyclonedx-py`."""
    target.parent.mkdir(exist_ok=True)
    options = ("--of", "JSON", "--output-reproducible", "--pyproject", str(ROOT / "pyproject.toml"))
    return run("cyclonedx-py", "requirements", *options, "--output-file", str(target), str(requirements)).returncode


def told(code: int, report: str) -> tuple[int, list[str]]:
    """Our exit code and words for what pip-audit said: its exit code, and its report (JSON), empty where it wrote none."""
    try:
        dependencies: Sequence[Mapping[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 3, [NOT_REACHED]
    skipped = [f"{one['name']}: not looked at: {one['skip_reason']}" for one in dependencies if "skip_reason" in one]
    if len(skipped) == len(dependencies):  # as a mirror of packages answers that has no advisories
        return 3, [NOT_REACHED]
    known = [
        f"{one['name']} {one['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'no version'}"
        for one in dependencies
        for found in one.get("vulns", ())
    ]
    if known:
        return 1, [*skipped, *known]
    if skipped or code:
        return 3, [*skipped, "Not all packages could be looked at."]
    return 0, [f"No advisory is known about the {len(dependencies)} packages."]


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROGRAMS / program), *arguments], stdout=subprocess.PIPE, text=True, check=False, timeout=600
    )


def main() -> int:
    """Do both, the SBOM first, which needs no network."""
    with tempfile.TemporaryDirectory() as folder:
        requirements, report = Path(folder, "requirements.txt"), Path(folder, "report.json")
        requirements.write_text(of_the_image(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
        if write_sbom(requirements, SBOM):
            return 2
        packages = json.loads(SBOM.read_text(encoding="utf-8"))["components"]
        sys.stdout.write(f"{SBOM.relative_to(ROOT)}: {len(packages)} packages\n")
        options = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--timeout", "15")
        done = run(
            "pip-audit", *options, "--format", "json", "--output", str(report), "--requirement", str(requirements)
        )
        code, lines = told(done.returncode, report.read_text(encoding="utf-8") if report.exists() else "")
    sys.stdout.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
