"""How doses and strengths are spelled: closed tables; a unit that is not in them says nothing.

Quantities of FHIR name a unit by a code (UCUM, EDQM) and a text, product names by words; every spelling is in lower case, as
`plain_unit` writes it. Sources: UCUM 2.1 for the codes of units, EDQM Standard Terms for those of presentations, USP and RxNorm
for `UNT`; the words are those of French and English prescriptions, and what pieces are called in
other languages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from mappings.vocabulary.letters import without_accents


class Dimension(StrEnum):
    """What a unit counts."""

    MASS = "mass"
    VOLUME = "volume"
    INTERNATIONAL_UNITS = "international units"
    UNITS = "units"
    PIECES = "pieces"


class DoseUnit(NamedTuple):
    """A unit: what it counts, and its worth in mg, mL or IU; a piece (a tablet, a vial) and a bare unit are worth 1."""

    counted: Dimension
    worth: Decimal = Decimal(1)


FEWEST_UNITS = 100
"""A dose of fewer "units" of a drug counted in international units is none that is given: it may count pieces, and says
nothing; a figure of ours."""

MOST_PIECES = 30
"""A dose of more tablets, vials or unnamed units is none that is given; a figure of ours."""


def _words(said: str) -> frozenset[str]:
    return frozenset(said.split())


def _unit(counted: Dimension, worth: str, spellings: str) -> dict[str, DoseUnit]:
    return dict.fromkeys(map(without_accents, spellings.split("|")), DoseUnit(counted, Decimal(worth)))


_INTERNATIONAL = "[iu]|iu|i.u|i. u|ui|u.i|u. i|ie|i.e|i. e|unt|[usp'u]|usp'u"
_INTERNATIONAL_IN_WORDS = (
    "international unit|international units|unite internationale|unites internationales|internationale einheit|"
    "internationale einheiten|internationalen einheiten|int. unit|int. units|int. einheiten|int'l units|intl units"
)
_PRESENTATIONS = (
    "ampoule|ampul|ampule|amp|vial|flacon|fl|bottle|bag|poche|syringe|seringue|pen|stylo|cartridge|cartouche|unidose"
)
_SOLID = "tablet|tbl|tab|comprime|cp|cpr|capsule|cap|gelule|sachet|dose|piece|container|recipient"
_GERMAN = (
    "tablette|tabletten|filmtablette|filmtabletten|kapsel|kapseln|kps|weichkapsel|weichkapseln|ampulle|ampullen|spritze|"
    "spritzen|fertigspritze|fertigspritzen|durchstechflasche|durchstechflaschen|flasche|infusionsflasche|beutel|stuck|stk|dosen"
)
_OF_OTHER_LANGUAGES = (
    "stuk|stuks|st|injectieflacon|injectieflacons|wegwerpspuit|tablett|tabletter|kapslar|injektionsflaska|spruta|ampull|ampuller|"
    "haetteglas|hætteglas|hetteglass|sprøjte|sprøyte|tabletti|kapseli|ampulli|injektiopullo|ruisku|kpl|vial|viales|ampolla|"
    "ampollas|comprimido|comprimidos|cápsula|cápsulas|jeringa|frasco|frascos|ampola|ampolas|frasco-ampola|seringa|fiala|fiale|"
    "flaconcino|flaconcini|compressa|compresse|capsula|siringa|bustina|tabletka|tabletki|kapsułka|fiolka|ampułka|strzykawka|"
    "錠|カプセル|バイアル|瓶|アンプル|シリンジ|筒|本|個|キット|vil|hon|ko|kit|정|캡슐|바이알|앰플|시린지|병|片|粒|支|针|針|顆"
)
"""Of Dutch, the Nordic languages, Spanish, Portuguese, Italian, Polish, Japanese (MERIT-9 too), Korean and Chinese."""

_FILLED = "prefilled syringe|pre-filled syringe|seringue preremplie|seringue pre-remplie"
_EDQM = "15002000|15005000|15009000|15012000|15013000|15016000|15037000|15045000|15052000|15054000|15059000|15060000"


def _plurals(spellings: str) -> str:
    return "|".join(f"{one}|{one}s" for one in spellings.split("|"))


DOSE_UNITS: Mapping[str, DoseUnit] = MappingProxyType(
    {
        **_unit(Dimension.MASS, "1", "mg|milligram|milligramm|milligrams|milligramme|milligrammes"),
        **_unit(Dimension.MASS, "1000", "g|gram|gramm|grams|gramme|grammes"),
        **_unit(Dimension.MASS, "0.001", "ug|mcg|microgram|micrograms|microgramme|microgrammes|mikrogramm"),
        **_unit(Dimension.VOLUME, "1", "ml|cc|cm3|milliliter|milliliters|millilitre|millilitres"),
        **_unit(Dimension.VOLUME, "10", "cl|centiliter|centiliters|centilitre|centilitres"),
        **_unit(Dimension.VOLUME, "100", "dl|deciliter|deciliters|decilitre|decilitres"),
        **_unit(Dimension.VOLUME, "1000", "l|liter|liters|litre|litres"),
        **_unit(Dimension.VOLUME, "0.001", "ul|microliter|microliters|microlitre|microlitres"),
        **_unit(Dimension.INTERNATIONAL_UNITS, "1", f"{_INTERNATIONAL}|{_INTERNATIONAL_IN_WORDS}"),
        **_unit(Dimension.INTERNATIONAL_UNITS, "1000", "k[iu]|kiu|kui|k.iu|k.ui|10*3.[iu]|10*3[iu]"),
        **_unit(Dimension.INTERNATIONAL_UNITS, "1000000", "10*6.[iu]|10*6[iu]"),
        **_unit(Dimension.UNITS, "1", "unit|units|unite|unites|u|ut|[u]|usp unit|usp units|einheit|einheiten"),
        **_unit(
            Dimension.PIECES,
            "1",
            f"1|each|ea|{_plurals(_PRESENTATIONS)}|{_plurals(_SOLID)}|{_GERMAN}|{_OF_OTHER_LANGUAGES}|{_FILLED}|{_EDQM}",
        ),
    }
)
"""The codes of eight digits are EDQM's (`http://standardterms.edqm.eu`): ampoule, bag, bottle, capsule, cartridge, container,
pen, sachet, syringe, tablet, vessel, vial. `1` is UCUM's unit of what is only counted."""

NO_AMOUNT = frozenset().union(
    _words("kg kilo kilogram kilogramme kilogrammes m m2 cm2 g gram gramme"),
    _words("h hr hour heure heures 24h min minute minutes s bouffee puff spray"),
    _words("j jr jour jours journee d day days sem semaine semaines wk week weeks mois month months an ans year years"),
    _words("kgkg tag tage tagen woche wochen monat monate jahr stunde stunden std hub hube spruhstoss"),
)
"""What a figure "per" them is: a rate or a concentration by weight, body weight, surface or time, never what a product holds."""

CONVENTIONAL_VOLUMES = frozenset(map(Decimal, (1, 5, 10, 100, 1000)))
"""mL: volumes to which labels refer a concentration (per mL, per spoon, per cent); any other is the content of a container."""

_SIGNS = str.maketrans({"μ": "u", "µ": "u", "’": "'", "⁄": "/", "∕": "/"})
_DIVIDES = re.compile(r"/|kg|m2")
_ANNOTATION = re.compile(r"\{([^{}]*)\}")
LONGEST_UNIT = 64
"""Characters of a unit; a longer one is in no table."""


def plain_unit(spelling: str) -> str:
    """A unit as the tables spell it: without case, accents, outer blanks and a last point, an annotation by its word.

    An annotation beside a unit is dropped («mg{total}»), unless it divides it («mg{/kg}»), which no table holds.
    """
    return _plain_unit(spelling) if len(spelling) <= LONGEST_UNIT else "?"


@lru_cache(maxsize=4096)
def _plain_unit(spelling: str) -> str:
    text = " ".join(without_accents(spelling.casefold()).translate(_SIGNS).replace("(s)", "").split()).rstrip(".")
    alone = _ANNOTATION.fullmatch(text)
    if alone:
        return alone[1].strip()
    return text if _DIVIDES.search(text) else _ANNOTATION.sub("", text)
