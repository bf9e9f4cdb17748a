"""What was proved of two settings, in lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mappings.wording import Text, _
from service.explain import OUTCOMES
from service.impact.intervals import shown
from service.impact.regions import Proof
from service.languages.render import COLONS, Language, spoken
from service.rules.outcome import Indicator

SAID: Mapping[str, Text] = {
    "same": _("the settings are the same"),
    "setting": _("{name}: {old} becomes {new}"),
    "regions": _("Where an answer is another, everything else being as in the example"),
    "region": _("{rule}: {number} in {where}: {before} becomes {after}"),
    "example": _("example: {name}; witness: {witness}"),
    "none": _("nowhere"),
    "examples": _("Examples whose answer is another"),
    "not proved": _("Not left open, because more is done with the number than comparing and reckoning"),
    "compared": _(
        "compared: {examples} examples as they stand, and {lines} numbers left open in those that rest on it"
    ),
    "unseen": _(
        "No example shows what this changes, which does not mean that it changes nothing: compare on a cohort (--on)."
    ),
}


def printed(proof: Proof, language: Language) -> Iterator[str]:
    """The settings, the regions with a witness each, the examples that change, what was not proved."""

    def say(what: str, /, **told: object) -> str:
        return spoken(SAID[what].with_(**told), language)

    if not proof.settings:
        yield say("same")
        return
    for name, old, new in proof.settings:
        yield say("setting", name=name, old=old, new=new)
    yield ""
    yield from printed_lines(proof, language)
    yield ""
    yield say("compared", examples=proof.examples, lines=proof.lines)
    if not (proof.regions or proof.changed):
        yield say("unseen")


def printed_lines(proof: Proof, language: Language) -> Iterator[str]:
    """The regions with a witness each, the examples that change, what was not proved."""

    def say(what: str, /, **told: object) -> str:
        return spoken(SAID[what].with_(**told), language)

    yield say("regions") + COLONS[language]
    for one in proof.regions:
        answers = {"before": _word(one.before, language), "after": _word(one.after, language)}
        yield "  " + say("region", rule=one.rule, number=one.number, where=str(one.where), **answers)
        yield "    " + say("example", name=one.example, witness=shown(one.where.witness))
    if not proof.regions:
        yield "  " + say("none")
    if proof.changed:
        yield ""
        yield say("examples") + COLONS[language]
        for rule, example, before, after in proof.changed:
            yield f"  {rule}{COLONS[language]} {_word(before, language)} → {_word(after, language)} ({example})"
    if proof.not_proved:
        yield ""
        yield say("not proved") + COLONS[language]
        for left in proof.not_proved:
            yield f"  {left.rule}{COLONS[language]} {left.number} ({left.example})"


def _word(answer: str, language: Language) -> str:
    if answer in set(Indicator):
        return spoken(Indicator(answer).said, language)
    return spoken(OUTCOMES[answer], language)
