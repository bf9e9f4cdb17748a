"""Reference ranges of a result: which are those of a healthy adult.

Closed tables: a kind, a population or a word that is not in them is not used (`rules.md`, "Newest valid result"). The codes
of kinds are those of HL7's `referencerange-meaning`, those of populations of its `administrative-gender` and of SNOMED CT.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


def _words(said: str) -> frozenset[str]:
    return frozenset(said.split())


NORMAL_KINDS = frozenset({"normal"})
"""Codes of `referencerange-meaning`; the others are of an aim, a treatment, an alarm or a phase of life."""

ANYBODY = ""
"""Says nothing of the sex."""

POPULATIONS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("male", "m", "248153007", "10052007"), "male"),
        **dict.fromkeys(("female", "f", "248152002", "1086007"), "female"),
        **dict.fromkeys(("adult", "133936004", "41847000"), ANYBODY),
    }
)
"""The code of a population of adults, in lower case, and its sex."""

SEX_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("male", "males", "man", "men", "homme", "hommes", "masculin"), "male"),
        **dict.fromkeys(("mann", "männer", "männlich"), "male"),
        **dict.fromkeys(("female", "females", "woman", "women", "femme", "femmes", "féminin"), "female"),
        **dict.fromkeys(("frau", "frauen", "weiblich"), "female"),
    }
)

RANGE_WORDS = frozenset().union(
    _words("normal normals normale normales normaux norm norme normes n usual usuel usuels usuelle usuelles vn vr"),
    _words("reference référence référentiel ref réf range ranges interval intervals intervalle intervalles"),
    _words("value values valeur valeurs limit limits limite limites low high lower upper basse bas haute haut"),
    _words("inférieure supérieure adult adults adulte adultes sex sexe gender"),
    _words("to and or of for the from between à a au et ou de des du la le les pour chez entre per par"),
    _words(
        "referenzbereich referenzbereiche referenzwert referenzwerte referenzintervall normbereich normwert normwerte"
    ),
    _words(
        "normalwert normalwerte normalbereich erwachsene erwachsener erwachsenen geschlecht bis von und für der die das"
    ),
    _words("serum sérum plasma sang blood blut"),
    _words("mmol umol µmol nmol pmol mol meq kg g mg ug µg mcg ng pg l dl ml ui iu u"),
)
"""What else may be said of a range of healthy adults; the last are units."""
