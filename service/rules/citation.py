"""Where a statement stands: document, chapter, section, table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mappings.wording import Text, _, verbatim


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A document that a guideline rests on: its id, its title, and its chapters by the key that citations use.

    `short` is what a card calls it, «RAO 2023»; its title where it has none. `address` is where everybody can read it, as
    the document itself or a reference states it; empty where none does. `licence` is what it says of being handed on; None where it says nothing.
    """

    id: str
    title: Text
    chapters: Mapping[str, Text] = field(default_factory=dict)
    short: Text | None = None
    address: str = ""
    licence: Text | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a document: its chapter, and the sections, tables and boxes in it. Raises `ValueError` for an unknown chapter."""

    document: Document
    chapter: str = ""
    places: str = ""

    def __post_init__(self) -> None:
        if self.chapter and self.chapter not in self.document.chapters:
            raise ValueError(f"unknown chapter {self.chapter!r} in a citation")

    @property
    def place(self) -> Text:
        """Chapter, sections, tables and boxes, without the document."""
        chapter, places = self.document.chapters.get(self.chapter), _places(self.places)
        if chapter is not None and self.places:
            return _("{chapter} {places}", chapter=chapter, places=places)
        return chapter if chapter is not None else places


BOX = _("recommendation box")
SHORT_BOX = _("box")


def _places(places: str, box: Text = BOX) -> Text:
    """Sections and tables stand as they are in every language; the box has a name."""
    said: Text | None = None
    for place in reversed(places.split(", ")):
        one = box if place == "box" else verbatim(place)
        said = one if said is None else _("{first}, {then}", first=one, then=said)
    return said or verbatim("")


def cited(citations: Iterable[Citation]) -> Text:
    """The citations as a card prints them: each document once, with its places."""
    by_document: dict[Document, dict[str, dict[str, None]]] = {}
    for citation in citations:
        chapter = by_document.setdefault(citation.document, {}).setdefault(citation.chapter, {})
        chapter.update(dict.fromkeys(place for place in citation.places.split(", ") if place))
    documents: list[Text] = []
    for document, chapters in by_document.items():
        places = (Citation(document, chapter, ", ".join(_in_order(found))).place for chapter, found in chapters.items())
        named = tuple(place for place in places if place.message)
        documents.append(_("{title}: {places}", title=document.title, places=named) if named else document.title)
    return documents[0] if len(documents) == 1 else _("{all}", all=tuple(documents))


def cited_shortly(citations: Iterable[Citation]) -> Text:
    """The citations as the source of a card: «RAO 2023, §2.4»; each document once, its places without their chapters."""
    by_document: dict[Document, dict[str, None]] = {}
    for citation in citations:
        places = by_document.setdefault(citation.document, {})
        places.update(dict.fromkeys(place for place in citation.places.split(", ") if place))
    said: Text | None = None
    for document, found in reversed(by_document.items()):
        name = document.short or document.title
        one = _("{first}, {then}", first=name, then=_places(", ".join(_in_order(found)), SHORT_BOX)) if found else name
        said = one if said is None else _("{first}; {then}", first=one, then=said)
    return said or verbatim("")


def _in_order(places: Iterable[str]) -> list[str]:
    """Sections by number, then tables, then the box."""
    return sorted(places, key=lambda place: (place == "box", not place.startswith("§"), place))
