"""The referential and its four companion documents."""

from __future__ import annotations

from service.rules.bone_metastases.wording import _
from service.rules.citation import Citation, Document

RAO = Document(
    "RAO",
    _("Auvergne-Rhône-Alpes referential of thoracic oncology 2023, Bone metastases"),
    {
        "quality": _("quality requirements"),
        "general": _("general context"),
        "systemic": _("systemic bone treatment"),
        "drugs": _("chemotherapy, targeted and immunotherapy"),
        "radiotherapy": _("radiotherapy"),
        "interventional": _("interventional radiology"),
        "surgery": _("surgery"),
        "nuclear": _("nuclear medicine"),
        "histology": _("histology and molecular biology"),
    },
    short=_("RAO 2023"),
)
"""The referential, with its chapters as a citation names them."""

# An address stands where a page with the words of the document was found: of the sheet its page, of Kastler the DOI that the page
# of the Académie nationale de chirurgie names. Of the referential only other years were; of the hospital's sheet, only a trial site.
DOCUMENTS = (
    RAO,
    Document("ONC", _("Patient page «Bone metastases»"), short=_("patient page «Bone metastases»")),
    Document("CHU", _("University hospital sheet on bone consolidation"), short=_("CHU sheet")),
    Document(
        "CIM",
        _("Cementoplasty sheet"),
        short=_("cementoplasty sheet"),
        address="https://www.radiologieinterventionnelle-paris.fr/metastases-osseuses",
    ),
    Document(
        "KAS",
        _("Kastler 2023, Interventional radiology and bone metastases"),
        short=_("Kastler 2023"),
        address="https://doi.org/10.26299/mpxt-fj47/emem.2023.20.02",
    ),
)


def rao(chapter: str, places: str = "") -> Citation:
    """A place in the referential."""
    return Citation(RAO, chapter, places)


ONC, CHU, CIM, KAS = (Citation(document) for document in DOCUMENTS[1:])
