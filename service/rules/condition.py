"""A condition of rules: named in words, three-valued, declaring the facts that it reads, shared between rules.

Conditions are weighed as in Kleene's logic: one that is known not to hold silences the rule, whatever could not be looked
up; only when all others hold does a missing fact count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from inspect import signature
from string import Formatter
from typing import Any, TypeAlias

from mappings.facts import Collected, Exposures, Fact, Facts, FactSettings, Known, Unavailable
from mappings.queries import Reads
from mappings.values import value
from mappings.wording import Text, _
from service.rules.logic import either
from service.rules.naming import a_time
from service.rules.outcome import Basis, CannotTell, Indicator, Silence


@value
class Truth:
    """Whether a condition holds (None: nobody knows), and what that rests on.

    `severest` is how severe a card can be at most where it is not known; `text` replaces the condition's words where they
    depend on the order.
    """

    holds: bool | None
    basis: tuple[Basis, ...] = ()
    severest: Indicator | None = None
    text: Text | None = None


def that(
    holds: bool | None,  # noqa: FBT001 - the truth is the point
    *basis: Basis,
    severest: Indicator | None = None,
    text: Text | None = None,
) -> Truth:
    """Whether it holds, and what that rests on."""
    return Truth(holds, basis, severest, text)


Ask: TypeAlias = Callable[[Any, Facts], Truth]
"""The function of a condition: (order, patient) to a truth; the order is None in `patient-view`."""


ABOUT_THE_PATIENT = -2
OF_THE_RECORD = -1
"""The index of orders that are no drafts: nothing tells one from another."""


class Condition:
    """A question to an order and a record, asked once a request however many rules share it.

    `{names}` of `settings` in its words are filled in from the settings in force. A function whose first parameter is `_order`
    asks about the patient alone: its answer holds for every order.
    """

    __slots__ = ("_ask", "_of_patient", "_said", "reads", "settings", "text")

    def __init__(self, text: Text, reads: Iterable[Reads], ask: Ask) -> None:
        self.text = text
        self.reads = frozenset(reads)
        self._ask = ask
        self._of_patient = next(iter(signature(ask).parameters)).startswith("_")
        self.settings = settings_named(text)
        self._said: tuple[FactSettings, Text] | None = None

    def __call__(self, order: Any, patient: Facts) -> Truth:
        """Whether it holds."""
        about = ABOUT_THE_PATIENT if order is None or self._of_patient else order.index
        truth = patient.asked.get((self, about))
        if truth is None:
            truth = self._ask(order, patient)
            if about != OF_THE_RECORD:
                patient.asked[self, about] = truth
        return truth

    def said(self, patient: Facts, truth: Truth | None = None) -> Text:
        """The condition in words, with the figures of the settings in force."""
        if truth is not None and truth.text is not None:
            return truth.text
        return self.under(patient.settings)

    def under(self, settings: FactSettings) -> Text:
        """The condition in words, with the figures of these settings."""
        if not self.settings:
            return self.text
        said = self._said
        if said is None or said[0] is not settings:
            self._said = said = (settings, under(settings, self.text))
        return said[1]

    def __repr__(self) -> str:
        return f"Condition({self.text.message!r})"


def settings_named(text: Text) -> frozenset[str]:
    """The settings whose figures a text leaves to be filled in."""
    named = {name for _literal, name, _spec, _conversion in Formatter().parse(text.message) if name}
    return frozenset(named - text.parameters.keys())


def under(settings: FactSettings, text: Text) -> Text:
    """A text with the figures of these settings."""
    return text.with_(**{name: shown(name, getattr(settings, name)) for name in settings_named(text)})


def shown(setting: str, figure: int | Decimal) -> Text | int | Decimal:
    """A figure of a setting as a sentence shows it: days as a person says them."""
    return a_time(int(figure)) if "days" in setting.split("_") else figure


def condition(text: Text, *, reads: Iterable[Reads] = ()) -> Callable[[Ask], Condition]:
    """Declare a condition: what it asks, in words, and the facts that it reads."""

    def declare(ask: Ask) -> Condition:
        return Condition(text, reads, ask)

    return declare


def any_of(text: Text, *conditions: Condition) -> Condition:
    """At least one of the conditions holds; it rests on those that do, else on all that are alike."""

    def ask(order: Any, patient: Facts) -> Truth:
        truths = [one(order, patient) for one in conditions]
        holds = either(*(truth.holds for truth in truths))
        return Truth(holds, tuple(basis for truth in truths if truth.holds is holds for basis in truth.basis))

    return Condition(text, frozenset().union(*(one.reads for one in conditions)), ask)


def any_named(text: Text, *conditions: Condition) -> Condition:
    """As `any_of`, for a card that says which: where nobody knows, each unknown condition is told by its own words."""

    def ask(order: Any, patient: Facts) -> Truth:
        asked = [(one, one(order, patient)) for one in conditions]
        holds = either(*(truth.holds for _one, truth in asked))
        if holds is not None:
            return that(holds, *(basis for _one, truth in asked if truth.holds is holds for basis in truth.basis))
        told = cannot_tell([(one, truth) for one, truth in asked if truth.holds is None], patient)
        return that(None, *told.missing, *told.basis, severest=told.severest)

    return Condition(text, frozenset().union(*(one.reads for one in conditions)), ask)


def holding(conditions: Iterable[Condition], order: Any, patient: Facts) -> tuple[Condition, ...]:
    """Those of the conditions that hold."""
    return tuple(one for one in conditions if one(order, patient).holds)


def words_of(conditions: Iterable[Condition], order: Any, patient: Facts) -> tuple[Text, ...]:
    """The conditions in words, as they are asked about this order."""
    return tuple(one.said(patient, one(order, patient)) for one in conditions)


def basis_of(conditions: Iterable[Condition], order: Any, patient: Facts) -> tuple[Basis, ...]:
    """What the answers of the conditions rest on."""
    return tuple(basis for one in conditions for basis in one(order, patient).basis)


def unless_all(conditions: Sequence[Condition], order: Any, patient: Facts) -> Silence | CannotTell | None:
    """None when every condition holds; else why the rule says nothing. The first that does not hold ends it."""
    unknown: list[tuple[Condition, Truth]] = []
    for one in conditions:
        truth = one(order, patient)
        if truth.holds is False:
            return Silence(one.said(patient, truth), truth.basis)
        if truth.holds is None:
            unknown.append((one, truth))
    return cannot_tell(unknown, patient) if unknown else None


def cannot_tell(unknown: Sequence[tuple[Condition, Truth]], patient: Facts) -> CannotTell:
    """That these conditions cannot be known, with the facts to blame."""
    missing = dict.fromkeys(fact for one, truth in unknown for fact in _blamed(one, truth, patient))
    levels = [truth.severest for _one, truth in unknown]
    severest = None if None in levels else max((level for level in levels if level), key=lambda level: level.rank)
    return CannotTell(tuple(missing), tuple(basis for _one, truth in unknown for basis in truth.basis), severest)


def _blamed(one: Condition, truth: Truth, patient: Facts) -> list[Unavailable]:
    found: list[Unavailable] = []
    for basis in truth.basis:
        if isinstance(basis, Unavailable):
            found.append(basis)
        elif isinstance(basis, (Collected, Exposures)) and basis.unsettled:
            found.append(basis.unavailable)
    if not found:
        whether = _("whether {condition}", condition=one.said(patient, truth))
        sources = (source for basis in truth.basis if isinstance(basis, Known) for source in basis.sources)
        found = [Unavailable(whether, (SETTLES_NOTHING,), sources=tuple(sources))]
    return found


SETTLES_NOTHING = _(
    "what is on record does not settle it (a bound such as «<» or «>», or a date that is partial or missing)"
)


def is_absent(fact: Fact[Any]) -> bool | None:
    """Looked for and not there; None where we could not look."""
    return None if isinstance(fact, Unavailable) else not isinstance(fact, Known)
