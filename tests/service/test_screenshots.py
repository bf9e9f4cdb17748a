"""Screenshots: a page in a mode is a picture of that window; those of the README are there, small, and of pages that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from support.serving import served
from tools.screenshots import DOCS, MODES, PRINTED, README_PICTURES, TALLEST, Mode, at, pages, picture, shown, whole

ROOT = Path(__file__).parents[2]
MOST_BYTES = 150_000


def size(webp: bytes) -> tuple[int, int]:
    """Width and height of an extended WebP, as Chromium writes it (RFC 9649, 2.7.1)."""
    assert webp[:4] + webp[8:16] == b"RIFFWEBPVP8X"
    return int.from_bytes(webp[24:27], "little") + 1, int.from_bytes(webp[27:30], "little") + 1


@pytest.mark.parametrize("mode", [*MODES, *PRINTED], ids=lambda mode: mode.name)
def test_a_page_is_pictured_as_wide_as_the_window_of_its_mode(chromium: Chrome, mode: Mode) -> None:
    with served() as site, shown(chromium, mode):
        at("/nowhere")(chromium, site, mode.language.value)
        assert chromium.execute_script("return document.documentElement.lang") == mode.language.value
        dark = chromium.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches")
        assert dark == (mode.scheme == "dark")
        assert size(picture(chromium)) == (mode.window.width, mode.window.height)
        wide, high = size(whole(chromium, mode))
        assert wide == mode.window.width
        assert high <= TALLEST


def test_the_modes_are_every_combination_once() -> None:
    assert len({mode.name for mode in (*MODES, *PRINTED)}) == len(MODES) + len(PRINTED) == 10


def test_the_readme_shows_three_and_they_are_small() -> None:
    told = re.findall(r"\(docs/screenshots/([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert sorted(told) == sorted(README_PICTURES) == sorted(path.name for path in DOCS.iterdir())
    assert len(told) == 3
    for name, (of, mode) in README_PICTURES.items():
        there = (DOCS / name).read_bytes()
        assert len(there) < MOST_BYTES
        assert size(there) == (mode.window.width, mode.window.height)
        assert of in pages("")
        assert mode in MODES
