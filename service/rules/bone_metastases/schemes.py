"""Doses and fractions of bone radiotherapy: the schemes of Tableau 5 and Tableau 7, the ranges of stereotactic radiotherapy.

A row decides whether a prescription is among its schemes, and prints them (RAO, radiothérapie §2, §2.2.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from mappings.facts import Volume
from mappings.wording import Amount, Text
from service.rules.bone_metastases.wording import _

GRAY = "Gy"


def in_fractions(volume: Volume) -> Text:
    """The fractions of a volume, which are stated, in words."""
    if volume.fractions == 1:
        return _("1 fraction")
    return _("{fractions} fractions", fractions=volume.fractions)


def gray_in(gray: Text | Amount, fractions: Text | int) -> Text:
    """«14 Gy in 1»."""
    return _("{gray} in {fractions}", gray=gray, fractions=fractions)


def volume_said(volume: Volume) -> Text:
    """«8 Gy in 1 fraction», of a volume whose dose and fractions are stated."""
    return gray_in(Amount(volume.dose_gy or Decimal(0), GRAY), in_fractions(volume))


@dataclass(frozen=True, slots=True)
class Scheme:
    """Gy in all, and fractions, each from a least to a most; `stereotactic` where it is given with that technique only."""

    gray: tuple[Decimal, Decimal]
    fractions: tuple[int, int]
    stereotactic: bool = False

    def has_fractions(self, volume: Volume) -> bool:
        """The scheme is given in as many fractions as the volume."""
        fewest, most = self.fractions
        return volume.fractions is not None and fewest <= volume.fractions <= most

    def contains(self, volume: Volume) -> bool:
        """The volume has this dose in this number of fractions."""
        low, high = self.gray
        return self.has_fractions(volume) and volume.dose_gy is not None and low <= volume.dose_gy <= high

    def dose(self, unit: str = "") -> Text | Amount:
        """«30», «20 to 30», in Gy."""
        low, high = self.gray
        most = Amount(high, unit)
        return most if low == high else _("{low} to {high}", low=low, high=most)

    def in_full(self, unit: str = "") -> Text:
        """«30 Gy in 10 fractions»; without the unit «30 in 10»."""
        fewest, most = self.fractions
        if not unit or fewest != most:
            return self.spelled(unit)
        return gray_in(self.dose(unit), in_fractions(Volume(None, most)))

    def spelled(self, unit: str = "") -> Text:
        """«30 in 10»."""
        return gray_in(self.dose(unit), self._fractions_said())

    def _fractions_said(self) -> Text | int:
        fewest, most = self.fractions
        if fewest == most:
            return most
        if fewest + 1 == most:
            return _("{low} or {high}", low=fewest, high=most)
        return _("{low} to {high}", low=fewest, high=most)


def _scheme(
    gray: int, fractions: int, *, gray_to: int = 0, fractions_to: int = 0, stereotactic: bool = False
) -> Scheme:
    """So many Gy in so many fractions, or from so many to so many."""
    return Scheme((Decimal(gray), Decimal(gray_to or gray)), (fractions, fractions_to or fractions), stereotactic)


@dataclass(frozen=True, slots=True)
class SchemeRow:
    """A row of a table: its schemes, and the sentence that prints them."""

    schemes: tuple[Scheme, ...]
    text: Text

    def admits(self, volume: Volume, *, stereotactic: bool = False) -> bool:
        """The volume has one of the schemes, given with this technique."""
        return any(one.contains(volume) for one in self.schemes if one.stereotactic is stereotactic)


def _row(text: Text, say: Callable[[Scheme, str], Text] = Scheme.in_full, **schemes: Scheme) -> SchemeRow:
    """A row whose sentence names each scheme; the first is printed with its unit."""
    first = next(iter(schemes))
    return SchemeRow(
        tuple(schemes.values()),
        text.with_(**{name: say(one, GRAY if name == first else "") for name, one in schemes.items()}),
    )


# --- Tableau 5, Tableau 7 ---------------------------------------------------------------------------------------------

USUAL = _scheme(30, 10)
SHORTER = _scheme(20, 5)
ONCE = _scheme(8, 1)
ONCE_FOR_THE_CORD = _scheme(8, 1, gray_to=10)
ABLATIVE_ANYWHERE = _scheme(35, 7, stereotactic=True)
ABLATIVE_SHORTER = _scheme(27, 3, stereotactic=True)

CORD_COMPRESSION = _row(
    _("Inoperable cord compression: {usual}; {shorter}, exceptionally {once}."),
    usual=USUAL,
    shorter=SHORTER,
    once=ONCE_FOR_THE_CORD,
)
POST_OPERATIVE = _row(_("Post-operative: {usual}; {shorter}."), usual=USUAL, shorter=SHORTER)
RE_IRRADIATION = _row(
    _("Re-irradiation: stereotactic {five}, {three} or equivalent; {shorter}, exceptionally {once}."),
    five=_scheme(35, 5, stereotactic=True),
    three=ABLATIVE_SHORTER,
    shorter=SHORTER,
    once=ONCE,
)
FRACTURE_RISK = _row(
    _("Risk of fracture: {usual}; {shorter}, exceptionally {once}."), usual=USUAL, shorter=SHORTER, once=ONCE
)
PAIN = _row(
    _("Uncomplicated or neuropathic pain: {usual}; {shorter}, {once}, {lower}."),
    usual=USUAL,
    shorter=SHORTER,
    once=ONCE,
    lower=_scheme(6, 1),
)
OLIGOMETASTATIC = _row(
    _("Oligometastatic, ablative: stereotactic {seven} or {three} or equivalent."),
    seven=ABLATIVE_ANYWHERE,
    three=ABLATIVE_SHORTER,
)
FRAIL = _row(_("Elderly, poor general state or short expectancy: {shorter}."), shorter=SHORTER)

_OF_THE_BOX = _scheme(24, 6)
"""RAO §2, box."""

_SEVERAL_FRACTIONS = _scheme(20, 4, gray_to=30, fractions_to=10)
"""Tableau 7; the schemes of Tableau 5 in several fractions are among them."""

SEVERAL_FRACTIONS = SchemeRow(
    (_OF_THE_BOX, _SEVERAL_FRACTIONS),
    _(
        "Also admitted: {six}, and {several} fractions.",
        six=_OF_THE_BOX.spelled(GRAY),
        several=_SEVERAL_FRACTIONS.spelled(GRAY),
    ),
)
WHATEVER_THE_INDICATION = (FRAIL, SEVERAL_FRACTIONS)
"""What is admitted in every palliative indication."""

# --- stereotactic radiotherapy ----------------------------------------------------------------------------------------

SPINE_FEWEST = _scheme(18, 1, gray_to=24, fractions_to=2, stereotactic=True)

SPINE_RANGES = _row(
    _("Spine: {one} fractions, {three}, {five}, {seven}."),
    Scheme.spelled,
    one=SPINE_FEWEST,
    three=_scheme(27, 3, gray_to=30, stereotactic=True),
    five=_scheme(30, 5, gray_to=35, stereotactic=True),
    seven=ABLATIVE_ANYWHERE,
)
OTHER_BONE_RANGES = _row(
    _("Other bone: {one} fraction, {several}, {seven}."),
    Scheme.spelled,
    one=_scheme(15, 1, gray_to=25, stereotactic=True),
    several=_scheme(24, 3, gray_to=50, fractions_to=5, stereotactic=True),
    seven=ABLATIVE_ANYWHERE,
)
