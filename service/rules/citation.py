"""Where a statement stands: document, section, table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mappings.wording import Text, _, verbatim


class Document(StrEnum):
    """The referential and its four companion documents."""

    RAO = "RAO"
    ONC = "ONC"
    CHU = "CHU"
    CIM = "CIM"
    KAS = "KAS"


TITLES: dict[Document, Text] = {
    Document.RAO: _(
        "Auvergne-Rhône-Alpes referential of thoracic oncology 2023, Bone metastases",
    ),
    Document.ONC: _("Patient page «Bone metastases»"),
    Document.CHU: _("University hospital sheet on bone consolidation"),
    Document.CIM: _("Cementoplasty sheet"),
    Document.KAS: _(
        "Kastler 2023, Interventional radiology and bone metastases",
    ),
}
"""What each document is called on a card."""

CHAPTERS: dict[str, Text] = {
    "quality": _("quality requirements"),
    "general": _("general context"),
    "systemic": _("systemic bone treatment"),
    "drugs": _("chemotherapy, targeted and immunotherapy"),
    "radiotherapy": _("radiotherapy"),
    "interventional": _("interventional radiology"),
    "surgery": _("surgery"),
    "nuclear": _("nuclear medicine"),
    "histology": _("histology and molecular biology"),
}
"""The chapters of the referential, as a citation names them."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a document: its chapter (RAO only) and the sections, tables and boxes in it."""

    document: Document
    chapter: str = ""
    places: str = ""

    def __post_init__(self) -> None:
        if self.chapter and self.chapter not in CHAPTERS:
            raise ValueError(f"unknown chapter {self.chapter!r} in a citation")

    @property
    def place(self) -> Text:
        """Chapter, sections, tables and boxes, without the document."""
        chapter, places = CHAPTERS.get(self.chapter), _places(self.places)
        if chapter is not None and self.places:
            return _("{chapter} {places}", chapter=chapter, places=places)
        return chapter if chapter is not None else places


BOX = _("recommendation box")


def _places(places: str) -> Text:
    """Sections and tables stand as they are in every language; the box has a name."""
    said: Text | None = None
    for place in reversed(places.split(", ")):
        one = BOX if place == "box" else verbatim(place)
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
        if named:
            documents.append(_("{title}: {places}", title=TITLES[document], places=named))
        else:
            documents.append(TITLES[document])
    return documents[0] if len(documents) == 1 else _("{all}", all=tuple(documents))


def _in_order(places: Iterable[str]) -> list[str]:
    """Sections by number, then tables, then the box."""
    return sorted(places, key=lambda place: (place == "box", not place.startswith("§"), place))


def rao(chapter: str, places: str = "") -> Citation:
    """A place in the referential."""
    return Citation(Document.RAO, chapter, places)


ONC = Citation(Document.ONC)
CHU = Citation(Document.CHU)
CIM = Citation(Document.CIM)
KAS = Citation(Document.KAS)
