"""Where a statement stands: document, section, table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mappings.wording import Text


class Document(StrEnum):
    """The referential and its four companion documents."""

    RAO = "RAO"
    ONC = "ONC"
    CHU = "CHU"
    CIM = "CIM"
    KAS = "KAS"


TITLES: dict[Document, Text] = {
    Document.RAO: Text(
        "Auvergne-Rhône-Alpes referential of thoracic oncology 2023, Bone metastases",
        "Référentiels Auvergne Rhône-Alpes en oncologie thoracique 2023, Métastases osseuses",
    ),
    Document.ONC: Text("Patient page «Bone metastases»", "Page «Métastases osseuses»"),
    Document.CHU: Text("University hospital sheet on bone consolidation", "Fiche CHU de consolidation osseuse"),
    Document.CIM: Text("Cementoplasty sheet", "Fiche cimentoplastie"),
    Document.KAS: Text(
        "Kastler 2023, Interventional radiology and bone metastases",
        "Kastler 2023, Radiologie interventionnelle et métastases osseuses",
    ),
}
"""What each document is called on a card."""

CHAPTERS: dict[str, Text] = {
    "quality": Text("quality requirements", "exigences de qualité"),
    "general": Text("general context", "contexte général"),
    "systemic": Text("systemic bone treatment", "traitement osseux systémique"),
    "drugs": Text("chemotherapy, targeted and immunotherapy", "chimiothérapie, thérapies ciblées, immunothérapie"),
    "radiotherapy": Text("radiotherapy", "radiothérapie"),
    "interventional": Text("interventional radiology", "radiologie interventionnelle"),
    "surgery": Text("surgery", "chirurgie"),
    "nuclear": Text("nuclear medicine", "médecine nucléaire"),
    "histology": Text("histology and molecular biology", "histologie et biologie moléculaire"),
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
            return Text("{chapter} {places}", "{chapter} {places}", chapter=chapter, places=places)
        return chapter if chapter is not None else places


def _places(places: str) -> Text:
    return Text(places.replace("box", "recommendation box"), places.replace("box", "encadré de recommandations"))


def cited(citations: Iterable[Citation]) -> Text:
    """The citations as a card prints them: each document once, with its places."""
    by_document: dict[Document, dict[str, dict[str, None]]] = {}
    for citation in citations:
        chapter = by_document.setdefault(citation.document, {}).setdefault(citation.chapter, {})
        chapter.update(dict.fromkeys(place for place in citation.places.split(", ") if place))
    documents: list[Text] = []
    for document, chapters in by_document.items():
        places = (Citation(document, chapter, ", ".join(_in_order(found))).place for chapter, found in chapters.items())
        named = tuple(place for place in places if place.en)
        if named:
            documents.append(Text("{title}: {places}", "{title} : {places}", title=TITLES[document], places=named))
        else:
            documents.append(TITLES[document])
    return documents[0] if len(documents) == 1 else Text("{all}", "{all}", all=tuple(documents))


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
