"""A guideline: all that is clinical of it, in one folder, as one value that the pipeline, the cards and the catalogue read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from mappings.facts import Facts, FactSettings, NotUnderstood, Order
from mappings.vocabulary.analytes import Analyte
from mappings.vocabulary.concepts import Terminology
from mappings.vocabulary.scores import Score
from mappings.wording import Text, marks_of
from service.rules.calendar import Calendar
from service.rules.citation import Citation, Document
from service.rules.condition import Condition
from service.rules.outcome import Basis
from service.rules.quality import QualityIndicator
from service.rules.rule import Rule, Trigger
from service.rules.sheet import Sheet
from service.rules.statements import Statements, read_statements
from service.rules.synonyms import Synonym
from service.rules.voices import Change, Voice


@dataclass(frozen=True, slots=True)
class Chapter:
    """A module of rules, as the catalogue heads it and as service ids name it when services are split by topic."""

    topic: str
    title: Text
    module: ModuleType

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of the module, in the order in which they stand there."""
        return tuple(value for value in vars(self.module).values() if isinstance(value, Rule))


@dataclass(frozen=True, slots=True)
class Policy:
    """How the outcomes of the rules become few cards: one table of rule ids.

    `checklist` rules name missing prerequisites: one card an order. Each set of `one_problem` makes one card an order; sets
    that share a rule join. Rules of `how_to_give` are silent beside a rule that asks to remove the order, those of
    `starting_or_stopping` beside a critical emergency, and a rule of `yields` beside advice of the rules that it names.
    Notes on how to give an order are silent beside its removal. A checklist, and a card of `lists_what_is_missing`, heads its
    items as what is missing, any other as what there is to do.
    """

    checklist: frozenset[str] = frozenset()
    one_problem: tuple[frozenset[str], ...] = ()
    how_to_give: frozenset[str] = frozenset()
    starting_or_stopping: frozenset[str] = frozenset()
    lists_what_is_missing: frozenset[str] = frozenset()
    yields: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def named(self) -> frozenset[str]:
        """Every rule that the table names."""
        return self.checklist.union(
            self.how_to_give,
            self.starting_or_stopping,
            self.lists_what_is_missing,
            self.yields,
            *self.one_problem,
            *self.yields.values(),
        )


class Place(Enum):
    """Where on a card a note stands."""

    DETAIL = "detail"
    """After what is to be done, once an order, on its most urgent card."""

    REMARK = "remark"
    """In italics, below what the card rests on, on each card of the order."""


Rounding: TypeAlias = Mapping[type, tuple[Decimal, ...]]
"""The limits that a computed result of a kind is never rounded across, where it is shown."""

RoundingBySettings: TypeAlias = Mapping[type, tuple[Decimal | str, ...]]
"""The same; a limit that a site may change is the name of its setting."""

NoteSays: TypeAlias = Callable[[Any, Facts], Iterable[Text | Basis]]
"""The sentences of a note; of a fact among them what must be said of it (provisional, not verified)."""


@dataclass(frozen=True, slots=True)
class Note:
    """What every card about a kind of order says besides its rules; signed with them, since it stands in the catalogue.

    The order is None for the cards of `patient-view`.
    """

    id: str
    title: Text
    citations: tuple[Citation, ...]
    about: Callable[[Order | None], bool]
    place: Place
    says: NoteSays
    how_to_give: bool = False


def note(
    note_id: str,
    *,
    title: Text,
    citations: tuple[Citation, ...],
    about: Callable[[Order | None], bool],
    place: Place,
    how_to_give: bool = False,
) -> Callable[[NoteSays], Note]:
    """Declare a note; its function says it for an order, or says nothing. One of `how_to_give` is silent beside a removal."""

    def declare(says: NoteSays) -> Note:
        return Note(note_id, title, citations, about, place, says, how_to_give)

    return declare


DoubtSays: TypeAlias = Callable[[Sequence[Order], Facts], Iterable[NotUnderstood]]
"""What of the record the rules of these drafts could not rely on."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What the quiet card says of facts that are uncertain; asked where the rules of a request have read all of `reads`."""

    reads: frozenset[str]
    says: DoubtSays


def doubt(*, reads: Iterable[str]) -> Callable[[DoubtSays], Doubt]:
    """Declare a doubt; its function tells it of the drafts and the record, or tells nothing."""

    def declare(says: DoubtSays) -> Doubt:
        return Doubt(frozenset(reads), says)

    return declare


@dataclass(frozen=True, slots=True)
class DemoPatient:
    """A synthetic patient in the words of the examples: who, what is on record, what is ordered (nothing: the chart is opened)."""

    id: str
    who: Text
    record: Mapping[str, Any]
    orders: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, eq=False)
class Guideline:
    """One guideline: all that is its own.

    `version` is that of its rules, as semantic versions count: the first number is the edition of its specification.
    `folder` is where its code, its statements, its examples and its translations lie; `taken_for_granted` is the record of a
    patient whom it is about, in the words of the examples; `rounding` are the limits of its tables, which decide how many
    digits of a computed result are shown, a setting by its name. `valuesets`, `analytes` and `scores` are what it brings to the dictionary of all:
    a folder of code lists, results that are measured, questionnaires. `unidentified_matter` is asked about the patient before an
    order that could not be identified is told; without it each is. `elsewhere` is what other documents say, `changes` what
    its versions changed: both stand in the catalogue, whose search knows the `synonyms`. `calendar` tells a patient on an axis of days, `quality` is
    what a board counts of many patients, `sheet` what it sees of one. Raises `ValueError` where an id is used twice, or the
    policy names a rule that there is not.
    """

    id: str
    version: str
    title: Text
    about: Text
    chapters: tuple[Chapter, ...]
    policy: Policy
    settings: FactSettings
    documents: tuple[Document, ...]
    folder: Path
    notes: tuple[Note, ...] = ()
    taken_for_granted: Mapping[str, Any] = field(default_factory=dict)
    rounding: RoundingBySettings = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    valuesets: Path | None = None
    analytes: tuple[Analyte, ...] = ()
    scores: tuple[Score, ...] = ()
    demo_patients: tuple[DemoPatient, ...] = ()
    unidentified_matter: Condition | None = None
    elsewhere: tuple[Voice, ...] = ()
    changes: tuple[Change, ...] = ()
    synonyms: tuple[Synonym, ...] = ()
    calendar: Calendar | None = None
    quality: tuple[QualityIndicator, ...] = ()
    sheet: Sheet | None = None

    def __post_init__(self) -> None:
        ids = [rule.id for rule in self.rules]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"rule ids used twice: {twice}")
        unknown = sorted(self.policy.named - set(ids))
        if unknown:
            raise ValueError(f"the policy names rules that there are not: {unknown}")
        strange = sorted({rule for voice in self.elsewhere for rule in voice.rules} - set(ids))
        if strange:
            raise ValueError(f"other documents speak of rules that there are not: {strange}")

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, in the order of its chapter and of its place there."""
        return tuple(rule for chapter in self.chapters for rule in chapter.rules)

    @cached_property
    def statements(self) -> Statements:
        """What became of every statement of its documents."""
        mark = marks_of(self.folder).plain
        return read_statements(self.folder / "statements.yaml", self.documents, mark)

    @cached_property
    def triggers(self) -> tuple[Trigger, ...]:
        """The triggers of all rules, each once, those aside that any relevant order sets off."""
        found = dict.fromkeys(rule.trigger for rule in self.rules if rule.trigger is not None)
        return tuple(trigger for trigger in found if not trigger.any_relevant)

    def rounding_of(self, patient: Facts | None) -> Rounding:
        """The limits that a result of this patient is never rounded across, by the settings in force."""
        settings = self.settings if patient is None else patient.settings
        return {
            kind: tuple(getattr(settings, limit) if isinstance(limit, str) else limit for limit in limits)
            for kind, limits in self.rounding.items()
        }

    @cached_property
    def problems(self) -> Mapping[str, frozenset[str]]:
        """For each rule that shares a card with others, all the rules of that card: sets that share a rule are joined."""
        joined: list[set[str]] = []
        for one in map(set, self.policy.one_problem):
            apart = [other for other in joined if other.isdisjoint(one)]
            joined = [*apart, one.union(*(other for other in joined if not other.isdisjoint(one)))]
        return {rule: frozenset(one) for one in joined for rule in one}


OSTEOCDS = "osteocds"
EXTENSION = "org.osteocds"
"""The name of our extension on cards, answers and discovery."""


@cache
def versions(*guidelines: Guideline) -> Mapping[str, str]:
    """The versions of the service and of the guidelines, by name, as discovery and every card state them."""
    from importlib.metadata import version  # noqa: PLC0415 - an answer without a card states none

    return {OSTEOCDS: version(OSTEOCDS), **{guideline.id: guideline.version for guideline in guidelines}}


def terminology_of(guidelines: Iterable[Guideline]) -> Terminology:
    """The code lists, analytes and scores that we ship, and those that the guidelines bring. Raises `ValueError` for two of one id."""
    brought = tuple(guidelines)
    return Terminology.shipped(
        [one.valuesets for one in brought if one.valuesets is not None],
        [analyte for one in brought for analyte in one.analytes],
        [score for one in brought for score in one.scores],
    )
