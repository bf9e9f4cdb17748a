"""Known, absent, unavailable: the three values of a fact (`rules.md`, "Facts")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from mappings.values import value
from mappings.wording import Text

T = TypeVar("T")


@value
class Known(Generic[T]):
    """A fact that the record states. `remarks` are what a card that uses it must say (preliminary, partial date...)."""

    what: Text
    value: T
    sources: tuple[str, ...] = ()
    remarks: tuple[Text, ...] = ()

    def test(self, predicate: Callable[[T], bool | None]) -> bool | None:
        """The predicate's answer on the value."""
        return predicate(self.value)


@value
class Absent:
    """Looked for, completely, and not there. `stale` shows the newest value that is too old to count."""

    what: Text
    stale: Text | None = None
    remarks: tuple[Text, ...] = ()
    sources: tuple[str, ...] = ()

    def test(self, _predicate: Callable[[Any], bool | None]) -> bool | None:
        """What is not there fulfils nothing."""
        return False


@dataclass(frozen=True, slots=True)
class Unavailable:
    """We could not look. `why` names what stood in the way and what to do; `shown` is an older value, for the reader."""

    what: Text
    why: tuple[Text, ...]
    shown: Text | None = None
    sources: tuple[str, ...] = ()
    remarks: tuple[Text, ...] = ()

    def test(self, _predicate: Callable[[Any], bool | None]) -> bool | None:
        """Nobody knows."""
        return None


Fact: TypeAlias = Known[T] | Absent | Unavailable


class FactNotKnownError(RuntimeError):
    """A defect of ours: a rule used the value of a fact that its conditions had not established."""


def known(fact: Fact[T]) -> Known[T]:
    """The fact, once conditions have established that it is known. Raises `FactNotKnownError` otherwise."""
    if isinstance(fact, Known):
        return fact
    raise FactNotKnownError(f"{fact.what.message} is not known here")


@value
class Uncertain(Generic[T]):
    """An entry that may or may not count: its status, a flag or a modifier is not understood, and `why`."""

    entry: T
    why: Text


MOST_REASONS = 3
"""Entries that may or may not count that a card names."""


def any_of(entries: Iterable[T], predicate: Callable[[T], bool | None], gaps: Sequence[object]) -> bool | None:
    """Does one of the entries fulfil it? None when a gap, or an entry that cannot tell, may hide one."""
    unsure = bool(gaps)
    for entry in entries:
        answer = predicate(entry)
        if answer:
            return True
        unsure = unsure or answer is None
    return None if unsure else False


@value
class Collected(Generic[T]):
    """All entries of one kind that count, the gaps where more of them may be, and those that may or may not count.

    A gap, or an entry that is uncertain, makes "there is none" unknowable, never "there is one".
    """

    what: Text
    entries: tuple[T, ...]
    gaps: tuple[Text, ...] = ()
    uncertain: tuple[Uncertain[T], ...] = ()

    def __iter__(self) -> Iterator[T]:
        return iter(self.entries)

    def any(self, predicate: Callable[[T], bool | None]) -> bool | None:
        """Is there one? True as soon as one is found; None when a gap, or an entry that cannot tell, may hide one."""
        found = any_of(self.entries, predicate, self.gaps)
        if found is False and any(predicate(one.entry) is not False for one in self.uncertain):
            return None
        return found

    @property
    def unsettled(self) -> bool:
        """There is a gap, or an entry that may or may not count."""
        return bool(self.gaps or self.uncertain)

    @property
    def unavailable(self) -> Unavailable:
        """The gaps, and what is uncertain, as a fact that could not be read."""
        return Unavailable(self.what, (*self.gaps, *(one.why for one in self.uncertain[:MOST_REASONS])))
