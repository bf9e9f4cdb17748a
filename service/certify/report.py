"""The report of a certification: JSON that the key of receipts signs, a page that prints, lines for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from mappings.wording import Text, _
from service.certify.check import CHECKS, SHOWN_VERDICTS, Check, Verdict
from service.guidelines import GUIDELINES
from service.languages.render import COLONS, Language, spoken, translated
from service.ledger.signing import Keys
from service.rules.guideline import versions

TEMPLATES = Path(__file__).parent / "templates"
STYLE = Path(__file__).parents[1] / "edge/static/pages.css"

GROUPS: dict[str, Text] = {
    "running": _("The running service"),
    "token": _("Tokens"),
    "fhir": _("FHIR servers"),
    "codes": _("Codes and units of the site"),
    "orders": _("Synthetic orders"),
}
"""The parts of a report, by what the ids of their checks begin with."""

OUTCOMES: dict[Verdict, Text] = {
    Verdict.PASS: _("Certified: every check passed"),
    Verdict.WARN: _("Certified, with warnings"),
    Verdict.NOT_RUN: _("Nothing failed, and not every check was run: not certified as a whole"),
    Verdict.FAIL: _("Not certified"),
}

CHECKMARKS = {Verdict.PASS: "✓", Verdict.WARN: "!", Verdict.FAIL: "✗", Verdict.NOT_RUN: "–"}


@dataclass(frozen=True)
class Report:
    """What was certified, when, in how many seconds and calls, and what was found."""

    url: str
    began: datetime
    seconds: float
    calls: int
    checks: Sequence[Check]
    language: Language

    @property
    def verdict(self) -> Verdict:
        """The worst that a check came to; where one was not run the whole is not certified."""
        found = {one.verdict for one in self.checks}
        return next((one for one in (Verdict.FAIL, Verdict.NOT_RUN, Verdict.WARN) if one in found), Verdict.PASS)

    @property
    def exit_code(self) -> int:
        """Of the command: 0 where it is certified, 1 where a check failed, 2 where none did and some were not run."""
        return {Verdict.FAIL: 1, Verdict.NOT_RUN: 2}.get(self.verdict, 0)

    @property
    def counts(self) -> Counter[Verdict]:
        """How many checks came to what."""
        return Counter(one.verdict for one in self.checks)

    def to_json(self) -> dict[str, Any]:
        """The report: names and ids as they are, sentences in the language of the report. Its numbers are whole."""
        say = partial(spoken, language=self.language)
        return {
            "certified": self.url,
            "began": self.began.isoformat(timespec="seconds"),
            "tookMs": round(self.seconds * 1000),
            "calls": self.calls,
            "language": self.language.value,
            "versions": dict(versions(*GUIDELINES)),
            "verdict": self.verdict.value,
            "counts": {verdict.value: self.counts[verdict] for verdict in Verdict},
            "checks": [_row(one, say) for one in self.checks],
        }

    def sealed(self, keys: Keys) -> bytes:
        """The report as a file, signed where there is a key."""
        return keys.sealed(self.to_json(), "report")

    def page(self, sealed: bytes, keys: Keys) -> str:
        """The report as a page by itself, which names the file of JSON that it goes with."""
        kids = [one["kid"] for one in keys.public["keys"]]
        environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
        environment.globals.update(_=lambda message, **shown: _translated(message, self.language).format(**shown))
        shown = self.to_json()
        groups = [
            (spoken(title, self.language), [one for one in shown["checks"] if one["id"].startswith(f"{group}.")])
            for group, title in GROUPS.items()
        ]
        return environment.get_template("certification.html").render(
            report=shown,
            groups=groups,
            outcome=spoken(OUTCOMES[self.verdict], self.language),
            verdicts={verdict.value: spoken(said, self.language) for verdict, said in SHOWN_VERDICTS.items()},
            colon=COLONS[self.language],
            style=STYLE.read_text(encoding="utf-8"),
            sha256=sha256(sealed).hexdigest(),
            kid=next(iter(kids), ""),
        )

    def conclusion(self) -> Iterator[str]:
        """How it ended, for the terminal."""
        yield spoken(OUTCOMES[self.verdict], self.language)
        counted = _("{passed} passed, {warnings} warnings, {failed} failed, {others} not run; {seconds} s")
        counts = self.counts
        yield spoken(
            counted.with_(
                passed=counts[Verdict.PASS],
                warnings=counts[Verdict.WARN],
                failed=counts[Verdict.FAIL],
                others=counts[Verdict.NOT_RUN],
                seconds=round(self.seconds),
            ),
            self.language,
        )


def lines(check: Check, language: Language) -> Iterator[str]:
    """A check on the terminal."""
    about = f" [{check.about}]" if check.about else ""
    verdict = spoken(SHOWN_VERDICTS[check.verdict], language)
    yield f"{CHECKMARKS[check.verdict]} {verdict:<{WIDEST}} {check.id}{about}{COLONS[language]} {spoken(check.seen, language)}"
    yield from (f"    {spoken(row, language)}" for row in check.rows)
    if check.verdict in (Verdict.WARN, Verdict.FAIL):
        yield f"    → {spoken(CHECKS[check.id].todo, language)}"


WIDEST = 13


def _row(check: Check, say: Callable[[Text], str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": check.id,
        "verdict": check.verdict.value,
        "title": say(CHECKS[check.id].title),
        "about": check.about,
        "seen": say(check.seen),
        "rows": [say(one) for one in check.rows],
    }
    if check.verdict in (Verdict.WARN, Verdict.FAIL):
        row["todo"] = say(CHECKS[check.id].todo)
    return {name: value for name, value in row.items() if value}


def _translated(message: str, language: Language) -> str:
    return translated(message, "", "", language)
