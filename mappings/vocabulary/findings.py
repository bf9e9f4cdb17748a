"""ONE table: what recorded findings there are. A row says how the value of one is read, and what is plausible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.units import MONTH, WEEK, YEAR
from mappings.wording import Text, _

RESPONSES = {
    "complete": _("complete"),
    "good": _("good"),
    "stable": _("stable"),
    "progression": _("progression"),
}
"""The values of `disease-response`, as a card shows them."""

OTHER_VALUE = "other"
"""A public value that we recognise and that is none of the finding's own."""

OTHER_RESPONSE = _("neither complete nor good")


@dataclass(frozen=True, slots=True)
class FindingKind:
    """How the value of one finding is read: the canonical unit, the factor of each unit, and its range.

    One without factors is a code (one of `codes`, each with the public concepts that say the same) or a yes or no.
    """

    name: Text
    unit: str = ""
    factors: Mapping[str, Decimal] = field(default_factory=dict)
    lowest: Decimal = Decimal(0)
    highest: Decimal = Decimal(10_000)
    whole: bool = False
    lower_is_worse: bool = False
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)


_ONE = {"": Decimal(1), "1": Decimal(1), "{score}": Decimal(1), "score": Decimal(1)}
_DAYS = {"d": Decimal(1), "wk": Decimal(WEEK), "mo": Decimal(MONTH), "a": Decimal(YEAR)} | {
    "day": Decimal(1), "days": Decimal(1), "week": Decimal(WEEK), "weeks": Decimal(WEEK),
    "month": Decimal(MONTH), "months": Decimal(MONTH), "year": Decimal(YEAR), "years": Decimal(YEAR),
    "jour": Decimal(1), "jours": Decimal(1), "semaine": Decimal(WEEK), "semaines": Decimal(WEEK), "mois": Decimal(MONTH),
    "an": Decimal(YEAR), "ans": Decimal(YEAR),
}  # fmt: skip
_CM = {"cm": Decimal(1), "mm": Decimal("0.1")}
_MM = {"mm": Decimal(1), "cm": Decimal(10)}
_GY = {"gy": Decimal(1), "cgy": Decimal("0.01")}
_PERCENT = {"%": Decimal(1), "percent": Decimal(1)}


def _flag(name: Text) -> FindingKind:
    return FindingKind(name)


KINDS: dict[str, FindingKind] = {
    "mirels-score": FindingKind(_("Mirels score"), "1", _ONE, Decimal(4), Decimal(12), whole=True),
    "sins-score": FindingKind(_("SINS"), "1", _ONE, Decimal(0), Decimal(18), whole=True),
    "life-expectancy": FindingKind(_("life expectancy"), "d", _DAYS, lower_is_worse=True),
    "bone-metastasis-count": FindingKind(_("number of bone metastases"), "1", _ONE, Decimal(0), whole=True),
    "metastatic-site-count": FindingKind(_("number of metastatic sites"), "1", _ONE, Decimal(0), whole=True),
    "largest-lesion": FindingKind(_("largest lesion"), "cm", _CM, highest=Decimal(60)),
    "canal-narrowing": FindingKind(_("narrowing of the spinal canal"), "%", _PERCENT, highest=Decimal(100)),
    "tumour-cord-distance": FindingKind(
        _("distance from tumour to cord"),
        "mm",
        _MM,
        highest=Decimal(500),
        lower_is_worse=True,
    ),
    "cord-dmax": FindingKind(_("planned cord Dmax"), "Gy", _GY, highest=Decimal(200)),
    "cord-dmax-cumulated-eqd2": FindingKind(_("cumulated cord Dmax (EQD2)"), "Gy", _GY, highest=Decimal(400)),
    "cord-dmax-new-eqd2": FindingKind(
        _("cord Dmax of the new course (EQD2)"),
        "Gy",
        _GY,
        highest=Decimal(400),
    ),
    "cortical-lysis-axial": FindingKind(_("axial cortical lysis"), "%", _PERCENT, highest=Decimal(100)),
    "cortical-lysis-circumferential": FindingKind(
        _("circumferential cortical lysis"), "%", _PERCENT, highest=Decimal(100)
    ),
    "disease-response": FindingKind(
        _("response of the disease"),
        codes=sets.DISEASE_RESPONSE,
    ),
    "primary-controlled": _flag(_("primary controlled")),
    "posterior-wall-involvement": _flag(_("posterior wall involvement")),
    "posterior-arch-involvement": _flag(_("posterior arch involvement")),
    "epidural-extension": _flag(_("epidural extension")),
    "radiculopathy": _flag(_("radiculopathy")),
    "joint-breach": _flag(_("breach of the joint")),
    "mri-contraindicated": _flag(_("MRI contraindicated")),
    "asymptomatic-stable-fracture": _flag(_("asymptomatic stable fracture")),
}
"""Every recorded finding, as `rules.md` lists them."""


def findings_of(concepts: frozenset[str], *, at_a_bone: bool) -> Iterator[str]:
    """The findings that public concepts tell: each under its own name, and those of wider observables.

    A count of lesions is one of bone metastases only where it is recorded with a bone as its site.
    """
    yield from concepts & sets.FINDING_NAMES
    if not concepts.isdisjoint(sets.DISEASE_STATUS):
        yield "disease-response"
    if at_a_bone and not concepts.isdisjoint(sets.LESION_COUNT):
        yield "bone-metastasis-count"
