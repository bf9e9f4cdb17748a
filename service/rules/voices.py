"""What stands beside the rules in the catalogue: what other documents say, and what changed from edition to edition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mappings.wording import Text, _


@dataclass(frozen=True, slots=True)
class Voice:
    """What another document says of the question of some rules: text of the catalogue, never a card, never a decision.

    `place` is where it stands there; `excerpt` is set where we read it from an excerpt or an abstract, not from the whole.
    """

    rules: tuple[str, ...]
    document: Text
    year: int
    place: Text
    says: Text
    excerpt: bool

    @property
    def line(self) -> Text:
        """«says» (document year, place; read from an excerpt)."""
        message = (
            _("{says} ({document} {year}, {place}; read from an excerpt)")
            if self.excerpt
            else _("{says} ({document} {year}, {place})")
        )
        return message.with_(says=self.says, document=self.document, year=str(self.year), place=self.place)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a version of the rules, for those who sign them; `rules` is empty where it is about all of them."""

    version: str
    rules: tuple[str, ...]
    says: Text
    new: bool = False


NEW = _("New: {says}")
CHANGED = _("Changed: {says}")


def changes_of(rule: str, changes: tuple[Change, ...]) -> Mapping[str, tuple[Text, ...]]:
    """What changed of a rule, by version; of all rules for an empty id."""
    found: dict[str, tuple[Text, ...]] = {}
    for one in changes:
        if rule in one.rules or (not rule and not one.rules):
            said = (NEW if one.new else CHANGED).with_(says=one.says)
            found[one.version] = (*found.get(one.version, ()), said)
    return found
