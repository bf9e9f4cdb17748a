"""`make audit` says what the image is made of, and never that nothing is known where nothing could be asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tools.audit import LOCK, of_the_image, told, write_sbom

LINES = """\
apart==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:aa
    # via x
kept==2.0 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
    # via x
linux[extra]==3.0 ; sys_platform == 'linux' and python_full_version < '3.12' \\
    --hash=sha256:dd
"""


def test_the_packages_are_those_that_the_image_installs():
    assert of_the_image(LINES).splitlines() == [
        "kept==2.0 --hash=sha256:bb --hash=sha256:cc",
        "linux==3.0 --hash=sha256:dd",
    ]


def test_the_sbom_names_each_of_them_with_version_and_hashes(tmp_path: Path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(of_the_image(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
    assert write_sbom(requirements, tmp_path / "dist/sbom.json") == 0
    bom = json.loads((tmp_path / "dist/sbom.json").read_text(encoding="utf-8"))
    assert (bom["bomFormat"], bom["metadata"]["component"]["name"]) == ("CycloneDX", "osteocds")
    named = {f"{one['name']}=={one['version']}" for one in bom["components"]}
    assert named == {line.split(" ")[0] for line in requirements.read_text(encoding="utf-8").splitlines()}
    assert all(one["externalReferences"][0]["hashes"] for one in bom["components"])


def report(*others: dict[str, object]) -> str:
    """What pip-audit says of a package without advisories, and of others."""
    sound = {"name": "sound", "version": "1", "vulns": []}
    return json.dumps({"dependencies": [sound, *({"name": "a", "version": "1"} | one for one in others)]})


VULNERABLE = {"vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}


@pytest.mark.parametrize(
    ("code", "said", "expected", "words"),
    [
        (0, report(), 0, "No advisory is known about the 1 packages"),
        (1, report(VULNERABLE), 1, "a 1: CVE-1, mended in 2"),
        (1, "", 3, "could not be reached"),
        (0, '{"dependencies": [{"name": "a", "skip_reason": "not found"}]}', 3, "could not be reached"),
        (1, report({"skip_reason": "not found"}, VULNERABLE), 1, "a 1: CVE-1, mended in 2"),
        (0, report({"skip_reason": "not found"}), 3, "a: not looked at: not found"),
        (1, report(), 3, "Not all packages could be looked at"),
    ],
)
def test_what_could_not_be_asked_is_never_good_news(code, said, expected, words):
    ours, lines = told(code, said)
    assert ours == expected
    assert words in "\n".join(lines)
