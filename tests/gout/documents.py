"""The one document of this guideline."""

from __future__ import annotations

from gout.wording import _
from service.rules.citation import Citation, Document

LEAFLET = Document(
    "LEAFLET",
    _("Leaflet on gout of a hospital that does not exist, 2026"),
    {"lowering": _("lowering uric acid"), "flare": _("treating a flare")},
    address="https://hospital.example.org/gout.pdf",
    licence=_("Creative Commons Attribution 4.0"),
)
DOCUMENTS = (LEAFLET,)


def leaflet(chapter: str, places: str) -> Citation:
    return Citation(LEAFLET, chapter, places)
