"""A receipt for people: what was asked, what each rule made of it, on what that rests, and by which versions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from mappings.wording import Amount, Text, _, _c, _n, verbatim
from service.cards.calendar_link import calendar_of
from service.explain import CONDITION, NOT_TRIGGERED, OUTCOMES
from service.languages.render import COLONS, RANGES, SEMICOLONS, Language, amount, day, plain, shown_unit, spoken
from service.ledger.recomputing import Difference, Recomputed
from service.ledger.sentences import in_language
from service.rules.outcome import Indicator

ORDERS = {
    "drug": _c("order", "drug"),
    "radiotherapy": _c("order", "radiotherapy"),
    "act": _c("order", "act"),
    "unreadable": _c("order", "unreadable"),
}
"""What is ordered, by the words of the ledger (`service.ledger.answered.order_kind`)."""

PARTS = {"advises": _("advises"), "unchecked": _("not checked"), "notShown": _("one line of it shown")}
VALUES = {"none": _("none on record"), "none recent": _("none recent enough")}
LEFT_OUT = {
    "cards": _("cards left out: {count}"),
    "rules": _("lines of rules left out: {count}"),
    "facts": _("facts left out: {count}"),
}
PRINTS = {
    "request": _("fingerprint of the request"),
    "rules": _("fingerprint of the rules"),
    "valueSets": _("fingerprint of the value sets"),
    "settings": _("fingerprint of the settings"),
    "cards": _("fingerprint of the cards"),
}
_FIGURE = re.compile(r"[<>=]{0,2}-?\d{1,12}\.\d{1,12}")
NO_FACTS = _("the site did not keep facts")


@dataclass(frozen=True, slots=True)
class Part:
    """What a receipt says of one answer under one heading."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Worded:
    """One answer of a receipt in words: what was asked of whom, its parts, and what was left out of them."""

    title: str
    asked: tuple[str, ...]
    parts: tuple[Part, ...]
    left_out: tuple[str, ...]


def worded(answer: Mapping[str, Any], folders: Mapping[str, Path], language: Language) -> Worded:
    """An answer in a language; `folders` are those of the guidelines by their ids, whose catalogues know their sentences."""
    return _Words(answer, folders.get(answer["guideline"], Path()), language).all()


def printed(receipt: Mapping[str, Any], folders: Mapping[str, Path], language: Language) -> Iterator[str]:
    """The lines of a receipt; `folders` are those of the guidelines by their ids, whose catalogues know their sentences."""
    yield spoken(
        _("Receipt of {instance}, page {page}", instance=receipt["hookInstance"], page=receipt["page"]), language
    )
    for address in _calendar(receipt):
        yield spoken(_("Calendar: {address}", address=address), language)
    for answer in receipt["answers"]:
        told = worded(answer, folders, language)
        yield from ("", told.title, *(f"  {line}" for line in told.asked))
        for part in told.parts:
            yield f"  {part.heading}{COLONS[language]}"
            yield from (f"    {line}" for line in part.lines)
        yield from (f"  {line}" for line in told.left_out)
    if "next" in receipt:
        yield ""
        yield spoken(_("More answers: --page {page}", page=receipt["next"]), language)


def _calendar(receipt: Mapping[str, Any]) -> Iterator[str]:
    """Where the calendar of the patient is, as of then: of a request that is kept, where the address of the service is known."""
    named = calendar_of(receipt["hookInstance"])
    bases = dict.fromkeys(one["publicUrl"] for one in receipt["answers"] if one["requestKept"] and one.get("publicUrl"))
    yield from (f"{base}/calendar/{named}" for base in bases if named)


class _Words:
    """One answer in words."""

    def __init__(self, answer: Mapping[str, Any], folder: Path, language: Language) -> None:
        self._answer = answer
        self._folder = folder
        self._language = language

    def all(self) -> Worded:
        """All of it."""
        none = _("none")
        parts = (
            self._part(_("Cards"), map(self._card, self._answer["cards"]), none),
            self._part(_("Rules"), self._rules(), none),
            self._part(
                _("Facts"), map(self._fact, self._answer["facts"]), none if self._answer["factsKept"] else NO_FACTS
            ),
            self._part(_("Versions"), self._versions(), none),
        )
        left_out = self._answer.get("leftOut", {})
        left = tuple(self._say(text.with_(count=left_out[name])) for name, text in LEFT_OUT.items() if name in left_out)
        title, *asked = self._asked()
        return Worded(title, tuple(asked), parts, left)

    def _say(self, words: Text | str) -> str:
        return spoken(words, self._language)

    def _again(self, sentence: str) -> str:
        """A sentence of the ledger in the language."""
        return in_language(sentence, self._folder, self._language)

    def _part(self, heading: Text, lines: Iterable[str], none: Text) -> Part:
        return Part(self._say(heading), tuple(lines) or (self._say(none),))

    def _asked(self) -> Iterator[str]:
        told = self._answer
        asked = _("Answer {number}: {service} ({hook}), {moment}", number=told["number"], service=told["service"])
        yield self._say(asked.with_(hook=told["hook"], moment=_dated(told["asOf"], self._language)))
        pairs = [
            (_("client"), told.get("client")),
            (_("patient (pseudonym)"), told.get("patient")),
            (_("language of the cards"), told["language"]),
            (_("took"), amount(Amount(Decimal(told["tookMs"]), "ms"), self._language)),
            (_("calls of FHIR servers"), told.get("fhirCalls")),
            (_("cards"), self._say(_("shown to nobody (shadow)")) if told.get("shadow") else None),
            (_("request"), self._say(_("kept") if told["requestKept"] else _("not kept"))),
        ]
        for name, value in pairs:
            if value is not None:
                yield f"{self._say(name)}{COLONS[self._language]} {value}"

    def _card(self, card: Mapping[str, Any]) -> str:
        parts = [
            f"{self._say(words)}{COLONS[self._language]} {', '.join(card[part])}"
            for part, words in PARTS.items()
            if part in card
        ]
        said = SEMICOLONS[self._language].join(parts)
        indicator = self._say(Indicator(card["indicator"]).said)
        return f"[{indicator}] {card['topic']} {card['uuid']}" + (f" — {said}" if said else "")

    def _rules(self) -> Iterator[str]:
        for one in self._answer["rules"]:
            because = SEMICOLONS[self._language].join(self._because(one))
            about = f" [{self._order(one)}]" if "orderKind" in one else ""
            outcome = self._say(OUTCOMES[one["outcome"]])
            yield f"{one['rule']}{about}{COLONS[self._language]} {outcome}" + (f" — {because}" if because else "")
        if not_triggered := self._answer.get("notTriggered"):
            yield f"{self._say(NOT_TRIGGERED)}{COLONS[self._language]} {', '.join(not_triggered)}"

    def _order(self, one: Mapping[str, Any]) -> str:
        order = _("order {number}: {kind}", number=one["orderIndex"] + 1, kind=ORDERS[one["orderKind"]])
        return self._say(order)

    def _because(self, one: Mapping[str, Any]) -> Iterator[str]:
        if "indicator" in one:
            yield self._say(Indicator(one["indicator"]).said)
        if "condition" in one:
            yield self._say(CONDITION.with_(condition=verbatim(self._again(one["condition"]))))
        for fact in one.get("missing", ()):
            why = SEMICOLONS[self._language].join(map(self._again, fact["why"]))
            yield f"{self._again(fact['fact'])}{COLONS[self._language]} {why}"
        if "error" in one:
            yield self._say(_("a defect of the service ({error})", error=one["error"]))

    def _fact(self, fact: Mapping[str, Any]) -> str:
        parts = [self._again(fact["fact"])]
        if "value" in fact:
            parts.append(self._value(fact["value"], fact.get("unit", "")))
        if "date" in fact:
            parts.append(_dated(fact["date"], self._language))
        if "resource" in fact:
            parts.append(fact["resource"])
        return f"{fact['rule']}{COLONS[self._language]} {', '.join(parts)}"

    def _value(self, value: str, unit: str) -> str:
        if value in VALUES:
            return self._say(VALUES[value])
        shown = RANGES[self._language].join(self._digits(part) for part in value.split(" to "))
        return f"{shown} {plain(shown_unit(unit, self._language))}".rstrip()

    def _digits(self, value: str) -> str:
        """A figure with all its digits; words as they are."""
        if self._language is Language.FRENCH and _FIGURE.fullmatch(value):
            return value.replace(".", ",")
        return value

    def _versions(self) -> Iterator[str]:
        versions = self._answer["versions"]
        yield f"OsteoCDS {versions['osteocds']}, {self._answer['guideline']} {versions['rules']}"
        for name, words in PRINTS.items():
            yield f"{self._say(words)}{COLONS[self._language]} {self._answer['fingerprints'][name]}"


def _dated(told: str, language: Language) -> str:
    """A date of the ledger: a day, an interval, or a moment, which keeps its time and offset."""
    if "T" in told:
        moment = datetime.fromisoformat(told)
        return f"{day(moment.date(), language)} {moment:%H:%M %z}"
    first, _slash, last = told.partition("/")
    return RANGES[language].join(day(date.fromisoformat(one), language) for one in (first, last) if one)


# --- an answer computed anew ------------------------------------------------------------------------------------------

BY = {
    "version of OsteoCDS": _("version of OsteoCDS"),
    "version of the rules": _("version of the rules"),
    "rules": PRINTS["rules"],
    "value sets": PRINTS["valueSets"],
    "settings": PRINTS["settings"],
    "request": PRINTS["request"],
}
"""What `service.ledger.recomputing` finds another, in words."""


def printed_comparison(answer: Mapping[str, Any], anew: Recomputed, language: Language) -> Iterator[str]:
    """The lines that say whether an answer of a receipt, computed anew, is identical, or what differs."""
    verdict = _("identical") if anew.identical else _("not identical")
    named = _("answer {number}, {service}: {verdict}", number=answer["number"], service=answer["service"])
    yield spoken(named.with_(verdict=verdict), language)
    for one in anew.by:
        yield f"  {_then_and_now(BY[one.of], one, language)}"
    if anew.fhir_calls and not anew.identical:
        rested = _n(
            "it rested on {number} call of a FHIR server, which is not made again: the request holds nothing of it",
            "it rested on {number} calls of a FHIR server, which are not made again: the request holds nothing of them",
            anew.fhir_calls,
        )
        yield f"  {spoken(rested, language)}"
    for one in anew.rules:
        yield f"  {_then_and_now(one.of, one, language)}"
    for one in anew.cards:
        yield f"  {_card_then_and_now(one, language)}"


def _then_and_now(what: Text | str, one: Difference, language: Language) -> str:
    none = _("none")
    told = _("{what}: then {then}, now {now}", what=what, then=one.then or none, now=one.now or none)
    return spoken(told, language)


def _card_then_and_now(one: Difference, language: Language) -> str:
    if not one.of:
        return spoken(_("the cards differ"), language)
    if one.then == one.now:
        return spoken(_("card {place} ({topic}): it says something else", place=one.of, topic=one.then), language)
    return _then_and_now(_("card {place}", place=one.of), one, language)
