"""What a product holds: the amount in one piece of it, and its concentration, from its name or from its ingredient.

An amount per volume is a concentration: it is multiplied by a volume, and never taken for what a container holds, unless the
volume is told to be the container's. An amount per weight, surface or time is neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from mappings.evidence import Resource
from mappings.quantities import BLANKS_AND_MARKS, decimal_of, written_number
from mappings.readers.standing import modification, says_it_is_absent
from mappings.shapes import a_map, a_text, maps
from mappings.vocabulary.doses import CONVENTIONAL_VOLUMES, DOSE_UNITS, NO_AMOUNT, Dimension, DoseUnit, plain_unit

LONGEST_NAME = 300
"""Characters of a product's name in which a strength is looked for."""

MOST_UNITS_OF_A_PIECE = 600_000
"""International units: the largest ampoule of vitamin D that is sold; a name that tells more was misread."""


class Strength(NamedTuple):
    """Milligrams, international units and millilitres of one piece (a tablet, a vial), and of one millilitre.

    `label` are the milligrams and the millilitres of a concentration that says both.
    """

    mg: Decimal | None = None
    iu: Decimal | None = None
    millilitres: Decimal | None = None
    mg_per_ml: Decimal | None = None
    iu_per_ml: Decimal | None = None
    label: tuple[Decimal, Decimal] | None = None


NO_STRENGTH = Strength()

# --- in a name --------------------------------------------------------------------------------------------------------

_NUMBER = rf"[1-9]\d{{0,2}}(?:[{BLANKS_AND_MARKS}]\d{{3}})+(?!\d)(?:[.,]\d{{1,9}})?|\d{{1,12}}(?:[.,]\d{{1,9}}){{0,4}}"
_UNIT = (
    r"m(?:illi)?g(?:rammes?|ramm|rams?)?|(?:[µμu]|mc|mi[ck]ro)g(?:rammes?|ramm|rams?)?|g(?:rammes?|ramm|rams?)?|"
    r"[iu]\.?[iue]\.?|[iu]\.\s[iue]\.?|\[iu\]|int(?:ernational(?:en?)?|\.|'l)\s(?:units?|einheit(?:en)?)|einheit(?:en)?|"
    r"units?|unit[ée]s?|unt|ut|u|(?:milli|centi|d[ée][cz]i)?lit(?:re|er)s?|[mcd]?l|cc"
)
_VOLUME = r"(?:(?:milli|centi|d[ée][cz]i)?lit(?:re|er)s?|[mcd]?l|cc)(?!\w)"
_ONE = r"(?:each\b|every\b|one\b|un\b|une\b|einem\b|chaque\b|jede[mnrs]?\b)"
_PER = (
    rf"(?:/|per\b|par\b|pour\b|pro\b|je\b)(?:\s{{0,3}}{_ONE}(?=\s{{1,3}}{_VOLUME}))?|"
    rf"(?:in|dans|auf|for|für|:|{_ONE})(?=\s{{0,3}}(?:{_ONE}\s{{1,3}})?(?:{_NUMBER})?\s{{0,3}}{_VOLUME})"
    rf"(?:\s{{1,3}}{_ONE}(?=\s{{1,3}}{_VOLUME}))?"
)
"""What stands between an amount and what it is per; «in» and its like only before a volume.

These tell in how much an amount is dissolved, which is then the whole: « 3,5 mg dans 100 mL »; but for one millilitre.
"""
_DIVIDES = re.compile(r"/|per\b|par\b|pour\b|pro\b|je\b", re.IGNORECASE)

_SLASHES = str.maketrans({"⁄": "/", "∕": "/", "÷": "/", "∶": "/", "´": "'", "`": "'", "ʹ": "'", "′": "'"})
_POWER = re.compile(
    r"(?<=[A-Za-zµμ.\]])[^\S\n]?[.·⋅∙*]?[^\S\n]?(?P<unit>ml|l|kg|m2|h|d)[^\S\n]?(?:\^?[-−]1|⁻¹)(?!\d)", re.IGNORECASE
)
"""« mg.ml-1 », « mg mL⁻¹ »: per millilitre."""


def _plain(text: str) -> str:
    """A text with one sign for what divides, and one for what parts thousands."""
    return _POWER.sub(r"/\g<unit>", text.translate(_SLASHES))


_AMOUNT = re.compile(
    rf"(?P<glued>[^\W\d_xX×]\d{{1,6}})|"
    rf"(?P<number>{_NUMBER})(?:[^\S\n]{{0,3}}(?P<kilo>k\s?(?=[iu]))?(?P<unit>{_UNIT})(?!\w)(?![^\S\n]?[.·]?[^\S\n]?(?:kg|m2|m²))"
    rf"(?=(?:\s{{0,3}}(?P<per>{_PER})\s{{0,3}}(?:(?P<per_number>{_NUMBER})\s{{0,3}})?(?P<per_unit>[^\W\d]\w{{0,20}})?)?))?",
    re.IGNORECASE,
)
_CONTAINER = (
    r"(?:flacon|vial|ampoule|ampule|ampulle|seringue|syringe|spritze|fertigspritze|poche|bag|beutel|bouteille|bottle|flasche|stylo|"
    r"pen|cartouche|cartridge|unidose)n?s?"
)
_FILLED = r"(?:pr[ée]-?rempli\w{0,2}|pre-?filled)"
_CONTAINER_BEFORE = re.compile(
    rf"\b{_CONTAINER}(?:\s{{1,3}}{_FILLED})?\s{{0,3}}(?:(?<=\s)(?:de|of|[àa])\s{{1,3}}|[(,]\s{{0,3}})?\Z", re.IGNORECASE
)
_CONTAINER_AFTER = re.compile(rf"[\s(,]{{0,3}}(?:{_FILLED}\s{{1,3}})?{_CONTAINER}\b", re.IGNORECASE)


class _Amount(NamedTuple):
    """An amount in a text: its number (None: it cannot be told), its unit, and what it is per, or diluted in."""

    number: Decimal | None
    unit: DoseUnit
    start: int
    end: int
    per: bool
    diluted: bool
    per_start: int
    per_number: Decimal | None
    per_unit: str


def _amounts(text: str) -> Iterator[_Amount]:
    for found in _AMOUNT.finditer(text):
        unit = DOSE_UNITS.get(plain_unit(found["unit"] or "?"))
        if unit is None:
            continue
        in_units = unit.counted in (Dimension.INTERNATIONAL_UNITS, Dimension.UNITS)
        number = written_number(found["number"], mark_parts_thousands=True if in_units else None)
        if number is not None and found["kilo"]:
            number *= 1000
        told_per = found["per_number"]
        yield _Amount(
            number or None,
            unit,
            *found.span(),
            found["per"] is not None,
            found["per"] is not None and _DIVIDES.match(found["per"]) is None,
            found.start("per_number"),
            None if told_per is None else written_number(told_per) or Decimal(-1),
            found["per_unit"] or "",
        )


def tells_an_amount(text: str) -> bool:
    """A mass, a volume or international units stand in a text of a dosage."""
    return next(_amounts(_plain(text[:LONGEST_NAME])), None) is not None


_PART_OF_A_PIECE = re.compile(
    r"(?:\b(?:demie?|half|halbe[nrs]?|moiti[ée]|quart|viertel)\b|[½¼¾]|"
    r"\b\d{1,2}\s?[/⁄]\s?[2-9]\b|\b0[.,]\d{1,2}\b|\b(?:[2-9]|1\d|deux|two|zwei|trois|three|drei)\b)"
    rf"[\s-]{{0,3}}(?:d['’]|de\s|of\s)?(?:(?:une?|an?|the)\s)?(?:{_CONTAINER}|doses?|injections?)\b(?!\s?/)",
    re.IGNORECASE,
)


def tells_a_number_of_pieces(text: str) -> bool:
    """A part of a vial or syringe, or several of them, stand in a text of a dosage; one of them is what the product holds."""
    return _PART_OF_A_PIECE.search(text[:LONGEST_NAME]) is not None


_ONE_DOSE_IN = frozenset({"mois", "month"})
_NAMED_TIMES = re.compile(r"\s{0,3}(?:[xX×*+-]|(?:puis|then|ou|or|deux|two|trois|three)\b)")


def repeats_the_strength(text: str, strength_mg: Decimal | None) -> bool:
    """A text of a dosage begins with the product's own strength, and names no other amount and no number of it."""
    if strength_mg is None or len(text) > LONGEST_NAME:
        return False
    text = _plain(text.strip())
    told = list(_amounts(text))
    return (
        len(told) == 1
        and told[0].start == 0
        and (not told[0].per or told[0].per_unit.casefold() in _ONE_DOSE_IN)
        and told[0].per_number is None
        and told[0].unit.counted is Dimension.MASS
        and told[0].number is not None
        and told[0].number * told[0].unit.worth == strength_mg
        and not _NAMED_TIMES.match(text, told[0].end)
    )


def strength_in_name(name: str, *, in_units: bool) -> Strength:
    """What a product's name says of its strength («4 mg/100 mL», «100 000 UI», «1.7 ML denosumab 70 MG/ML»).

    `in_units`: the drug is counted in international units, so that its «units» are such. Of several amounts the first counts.
    """
    return _strength_in(_plain(name[:LONGEST_NAME]), in_units)


@lru_cache(maxsize=1024)
def _strength_in(text: str, in_units: bool) -> Strength:  # noqa: FBT001 - a part of the key
    told = _Told({}, {}, [], [])
    divisor_at = -1
    for amount in _amounts(text):
        if amount.start == divisor_at:
            continue
        counted = amount.unit.counted
        if counted is Dimension.UNITS and in_units:
            counted = Dimension.INTERNATIONAL_UNITS
        if counted is Dimension.VOLUME and amount.number is not None and _is_of_container(text, amount):
            told.volumes.append(amount.number * amount.unit.worth)
        elif counted in (Dimension.MASS, Dimension.INTERNATIONAL_UNITS):
            divisor_at = -1 if told.takes(counted, amount) else amount.per_start
    volume = told.volumes[0] if len(set(told.volumes)) == 1 else None
    return _resolved(told.pieces, told.concentrations, volume)._replace(label=next(iter(told.labels), None))


class _Told(NamedTuple):
    """What the amounts of a name come to: of a piece, of a millilitre, the volumes of the container, and labels."""

    pieces: dict[Dimension, Decimal | None]
    concentrations: dict[Dimension, Decimal]
    volumes: list[Decimal]
    labels: list[tuple[Decimal, Decimal]]

    def takes(self, counted: Dimension, amount: _Amount) -> bool:
        """Add an amount; False where what stands behind it divides it."""
        whole = None if amount.number is None else amount.number * amount.unit.worth
        divisor = DOSE_UNITS.get(plain_unit(amount.per_unit))
        if amount.per and divisor is not None and divisor.counted is Dimension.VOLUME:
            millilitres = (amount.per_number or 1) * divisor.worth
            if whole is not None and millilitres > 0:
                self.concentrations.setdefault(counted, whole / millilitres)
                if amount.per_number is not None and counted is Dimension.MASS:
                    self.labels.append((whole, millilitres))
                diluted = amount.diluted and amount.per_number != 1
                if amount.per_number is not None and (diluted or millilitres not in CONVENTIONAL_VOLUMES):
                    self.pieces.setdefault(counted, whole)
                    self.volumes.append(millilitres)
            return False
        if amount.per and not _is_of_a_piece(amount, divisor):
            return False
        if divisor is not None and divisor.counted is counted and amount.per_number is not None:
            whole = None  # of two drugs in one product: nobody tells which amount is whose
        number = amount.per_number if divisor is not None and divisor.counted is Dimension.PIECES else None
        self.pieces.setdefault(counted, None if whole is None else whole / (number or 1))
        return True


def _is_of_a_piece(amount: _Amount, divisor: DoseUnit | None) -> bool:
    """An amount «per» something is one of a tablet or vial, or stands beside another drug's («500 mg/400 UI»)."""
    word = plain_unit(amount.per_unit)
    if amount.per_number is not None and amount.per_number <= 0:
        return False
    if divisor is not None and divisor.counted is Dimension.PIECES:
        return True
    if word in NO_AMOUNT:
        return False
    if divisor is not None:
        return amount.per_number is not None
    return len(word) > 3


def _is_of_container(text: str, volume: _Amount) -> bool:
    """A volume is that of the container: it heads the name, as RxNorm writes it, or stands beside the container's word."""
    before = text[max(0, volume.start - 50) : volume.start]
    heads = not text[: volume.start].strip()
    return heads or bool(_CONTAINER_BEFORE.search(before)) or bool(_CONTAINER_AFTER.match(text, volume.end))


def _resolved(
    pieces: Mapping[Dimension, Decimal | None], concentrations: Mapping[Dimension, Decimal], millilitres: Decimal | None
) -> Strength:
    def of_piece(counted: Dimension) -> Decimal | None:
        told, concentration = pieces.get(counted), concentrations.get(counted)
        if told is None and counted not in pieces and concentration is not None and millilitres is not None:
            return concentration * millilitres
        return told

    iu = of_piece(Dimension.INTERNATIONAL_UNITS)
    return Strength(
        of_piece(Dimension.MASS),
        None if iu is not None and iu > MOST_UNITS_OF_A_PIECE else iu,
        millilitres,
        concentrations.get(Dimension.MASS),
        concentrations.get(Dimension.INTERNATIONAL_UNITS),
    )


# --- of an ingredient -------------------------------------------------------------------------------------------------


def strength_of_ingredient(medication: Resource, *, in_units: bool) -> Strength:
    """What the only ingredient of a Medication says of its strength; nothing where there are several, or none that is read.

    The volume of the whole (`amount`, in R5 `totalVolume`) makes of a concentration what a container holds.
    """
    told = [part for part in maps(medication.get("ingredient")) if _stated(part)]
    if len(told) != 1:
        return NO_STRENGTH
    ratio, quantity = (a_map(told[0].get(name)) for name in ("strength", "strengthQuantity"))
    ratio = ratio or a_map(told[0].get("strengthRatio"))
    numerator, denominator = (
        (a_map(ratio.get(end)) for end in ("numerator", "denominator")) if ratio else (quantity, {})
    )
    amount, over = quantity_unit(numerator)
    number = decimal_of(numerator.get("value"))
    if amount is None or number is None or number <= 0 or any(map(_is_qualified, (numerator, denominator, ratio))):
        return NO_STRENGTH
    counted = amount.counted
    if counted is Dimension.UNITS and in_units:
        counted = Dimension.INTERNATIONAL_UNITS
    if counted not in (Dimension.MASS, Dimension.INTERNATIONAL_UNITS):
        return NO_STRENGTH
    whole = number * amount.worth
    divided, by = _denominator(denominator, over)
    if by is None or divided is None or divided <= 0:
        return NO_STRENGTH
    if by.counted is Dimension.VOLUME:
        concentration: dict[Dimension, Decimal] = {counted: whole / (divided * by.worth)}
        label = (whole, divided * by.worth) if counted is Dimension.MASS and not over else None
        return _resolved({}, concentration, _volume_of(medication))._replace(label=label)
    if by.counted in (Dimension.PIECES, Dimension.UNITS):
        return _resolved({counted: whole / divided}, {}, _volume_of(medication))
    return NO_STRENGTH


def _is_qualified(node: Mapping[str, Any]) -> bool:
    """It is a bound, says that it is absent, or carries a modifier: no amount that anybody can tell."""
    return bool(node.get("comparator")) or modification(node) is not None or says_it_is_absent(node)


def _stated(part: Mapping[str, Any]) -> bool:
    return any(a_map(part.get(name)) for name in ("strength", "strengthRatio", "strengthQuantity"))


_ONE_PIECE = DoseUnit(Dimension.PIECES)


def _denominator(quantity: Mapping[str, Any], over: str) -> tuple[Decimal | None, DoseUnit | None]:
    """What a strength is per: a piece where nothing is said; unknown where both the unit and the denominator say it."""
    number = Decimal(1) if quantity.get("value") is None else decimal_of(quantity.get("value"))
    stated = a_text(quantity.get("code")) or a_text(quantity.get("unit"))
    unit = quantity_unit(quantity)[0] if stated else _ONE_PIECE
    if over:
        is_one = number == 1 and unit is not None and unit.counted is Dimension.PIECES
        return number, DOSE_UNITS.get(over) if is_one else None
    return number, unit


def _volume_of(medication: Resource) -> Decimal | None:
    amount = a_map(medication.get("amount"))
    quantity = a_map(amount.get("numerator")) or a_map(medication.get("totalVolume"))
    pieces = a_map(amount.get("denominator"))
    unit, over = quantity_unit(quantity)
    number = decimal_of(quantity.get("value"))
    if unit is None or over or unit.counted is not Dimension.VOLUME or number is None or number <= 0:
        return None
    return number * unit.worth if decimal_of(pieces.get("value", 1)) == 1 else None


def quantity_unit(quantity: Mapping[str, Any]) -> tuple[DoseUnit | None, str]:
    """The unit of a Quantity, and what it is per («mg/mL»); None where it has none that we know.

    Its code and its text must not contradict each other; «1» and «unit» say nothing beside another.
    """
    told = {plain_unit(said) for name in ("code", "unit") if (said := a_text(quantity.get(name)))}
    read = {_divided(one) for one in (told - {"1"} or told)}
    if (None, "?") in read:
        return None, "?"
    known = {(unit, over) for unit, over in read if unit is not None}
    if len(known) > 1:
        known -= {(_BARE_UNIT, "")}
    return known.pop() if len(known) == 1 else (None, "")


_BARE_UNIT = DoseUnit(Dimension.UNITS)
"""Says nothing beside a unit that says what is counted."""


def _divided(spelled: str) -> tuple[DoseUnit | None, str]:
    whole = DOSE_UNITS.get(spelled)
    if whole is not None:
        return whole, ""
    amount, slash, over = spelled.partition("/")
    unit = DOSE_UNITS.get(amount.strip())
    if slash and unit is not None and DOSE_UNITS.get(over.strip()) is not None:
        return unit, over.strip()
    return None, "?" if slash or _COMPOUND.search(spelled) else ""


_COMPOUND = re.compile(r"\bper\b|\bpar\b|kg|m2")
