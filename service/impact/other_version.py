"""A version that tells its arithmetic: this one, or another in a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from mappings.wording import Said, _
from service.guidelines import GUIDELINES
from service.impact.arithmetic import FORMAT, MOST_BYTES, answers, told
from service.impact.sides import Clinical, Installed, NoSide

COMMAND = "arithmetic"
USAGE = 2
"""How a program ends that does not know a command or an option."""

MOST_SECONDS = 3600


class Teller(Protocol):
    """A version that can be asked what there is, and what its rules answer of examples."""

    def told(self) -> Mapping[str, Any]:
        """What there is (`arithmetic.told`)."""

    def answers(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """What its rules answer (`arithmetic.answers`)."""


@dataclass(frozen=True)
class Here:
    """Our own version, under settings."""

    clinical: Clinical

    def told(self) -> Mapping[str, Any]:
        """What there is."""
        return told(GUIDELINES, self.clinical)

    def answers(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """What its rules answer."""
        return answers(GUIDELINES, self.clinical, asked)


@dataclass(frozen=True)
class Elsewhere:
    """Another version, under the settings that it finds."""

    side: Installed

    def told(self) -> Mapping[str, Any]:
        """What there is. Raises `NoSide` where it is too old to tell."""
        return self._run([COMMAND], b"")

    def answers(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """What its rules answer. Raises `NoSide`."""
        return self._run([COMMAND, "--of", "-"], orjson.dumps(asked))

    def _run(self, arguments: list[str], given: bytes) -> Mapping[str, Any]:
        name = str(self.side.place)
        try:
            done = subprocess.run(  # noqa: S603 - the program that the caller named
                [*self.side.command_line, *arguments],
                input=given,
                capture_output=True,
                env=self.side.environment,
                timeout=MOST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NoSide(Said(_("{command} did not end in an hour", command=name))) from None
        if done.returncode == USAGE:
            raise NoSide(
                Said(_("{command} is too old to tell its arithmetic: {instead}", command=name, instead=INSTEAD))
            )
        if done.returncode:
            why = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [str(done.returncode)]
            raise NoSide(Said(_("{command} could not tell its arithmetic: {why}", command=name, why=why[0])))
        try:
            found = orjson.loads(done.stdout) if len(done.stdout) <= MOST_BYTES else None
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise NoSide(
                Said(
                    _("{command} tells no arithmetic that this version reads: {instead}", command=name, instead=INSTEAD)
                )
            )
        return found


INSTEAD = _("compare on an export, with --on EXPORT --out FOLDER")
