"""What is compared: settings, another installation, or the results of an earlier screen; and how each comes to results."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeAlias

from mappings.facts import FactSettings
from mappings.wording import Said, _
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.settings import Settings, changed_settings, clinical_settings, nearest

FINDINGS = "findings.parquet"
_CHANGE = re.compile(r"([a-z][a-z0-9_]*)=([^,=]+)")

Clinical: TypeAlias = Mapping[str, FactSettings]
"""The clinical settings of each guideline, by its id."""


class NoSide(ValueError):
    """What was named is nothing that can be compared; the message says what it may be."""


@dataclass(frozen=True)
class ScreenedBefore:
    """The results of a screen, in its folder."""

    folder: Path


@dataclass(frozen=True)
class Installed:
    """Another version: the command `osteocds` of its installation; or the folder of its code, which this Python runs."""

    command: Path | None = None
    folder: Path | None = None

    @property
    def place(self) -> Path:
        """What was named."""
        return self.command or self.folder or Path()

    @property
    def command_line(self) -> list[str]:
        """How its commands are run; `-P`: no folder comes before that of its code."""
        return [str(self.command)] if self.command is not None else [sys.executable, "-P", "-m", "service"]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of that process: ours, with its code first."""
        if self.folder is None:
            return dict(os.environ)
        others = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
        return {**os.environ, "PYTHONPATH": os.pathsep.join([str(self.folder), *others])}


Side: TypeAlias = Clinical | ScreenedBefore | Installed


def side_of(told: str, clinical: Clinical) -> Side:
    """What is named: nothing (the settings in force), `name=figure,…`, a TOML file of settings, a screen, code, or a program.

    A screen and the code of another version are named by their folders.

    Raises `NoSide`, and `InvalidSetting` for a setting that there is not or that does not take the figure.
    """
    if not told:
        return clinical
    if _CHANGE.fullmatch(told.split(",", 1)[0]):
        return _overridden(told, clinical)
    path = Path(told)
    if (path / FINDINGS).is_file():
        return ScreenedBefore(path)
    if path.suffix == ".toml" and path.is_file():
        return clinical_settings(GUIDELINES, told)
    if (path / "service" / "cli.py").is_file() and (path / "mappings").is_dir():
        return Installed(folder=path.absolute())
    command = path.with_name("osteocds") if path.name.startswith("python") else path
    if command.is_file() and os.access(command, os.X_OK):
        return Installed(command.absolute())
    raise NoSide(
        Said(
            _(
                "{told} is nothing to compare: name settings (name=figure), a TOML file of them, the folder of a screen, the "
                "osteocds command of another installation, or a folder that holds its code",
                told=told,
            )
        )
    )


def _overridden(told: str, clinical: Clinical) -> Clinical:
    """The settings in force with some figures changed; each is of the first guideline that has it."""
    changed: dict[str, dict[str, Any]] = {}
    for one in told.split(","):
        found = _CHANGE.fullmatch(one.strip())
        if found is None:
            raise NoSide(Said(_("{told} is no name=figure", told=one)))
        name, figure = found.groups()
        owner = next((key for key, held in clinical.items() if name in {field.name for field in fields(held)}), "")
        if not owner:
            known = [field.name for held in clinical.values() for field in fields(held)]
            near = nearest(name, known)
            raise NoSide(Said(_("{name} is no clinical setting; is it {near}?", name=name, near=near)))
        changed.setdefault(owner, {})[name] = _figure(name, figure)
    return {key: changed_settings(held, changed.get(key, {}), told) for key, held in clinical.items()}


def _figure(name: str, told: str) -> int | Decimal:
    try:
        return int(told) if told.strip().lstrip("-").isdigit() else Decimal(told.strip())
    except InvalidOperation:
        raise NoSide(Said(_("{name} takes a number", name=name))) from None


@dataclass(frozen=True)
class Screening:
    """How a cohort is screened for both sides: the same export, moment, language and means."""

    cohort: Path
    settings: Settings
    now: datetime
    language: Language
    workers: int
    memory: str

    def results(self, side: Side, out: Path) -> Path:
        """The folder of the results of a side, screened into `out` where it is not there yet.

        Raises what a screen does, and `NoSide` where the other installation could not screen.
        """
        match side:
            case ScreenedBefore():
                return side.folder
            case Installed():
                self._by_another(side, out)
            case _:
                from service.population.screen import Screen  # noqa: PLC0415 - needs DuckDB, which other comparisons do not

                settings = replace(self.settings, clinical=dict(side))
                Screen(self.cohort, out, settings, self.now, self.language, self.workers, self.memory).run()
        return out

    def _by_another(self, side: Installed, out: Path) -> None:
        asked = [*side.command_line, "screen", str(self.cohort.absolute()), "--out", str(out.absolute())]
        means = ["--as-of", self.now.isoformat(), "--workers", str(self.workers), "--memory", self.memory]
        done = subprocess.run(  # noqa: S603 - the program that the caller named
            [*asked, *means, "--language", self.language.value],
            capture_output=True,
            text=True,
            env=side.environment,
            check=False,
        )
        if done.returncode:
            why = done.stderr.strip().splitlines()[-1:] or [str(done.returncode)]
            raise NoSide(Said(_("{command} could not screen: {why}", command=str(side.place), why=why[0])))
        if not (out / FINDINGS).is_file():
            raise NoSide(Said(_("{command} left no results of a screen: is it osteocds?", command=str(side.place))))
