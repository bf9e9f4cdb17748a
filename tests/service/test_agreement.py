"""French agrees with what it lists: no word of a message depends on how many names stand beside it, and of which gender.

A message is read twice: as the catalogue holds it, where nothing that has a gender or a number may stand beside a placeholder
of names, nor an article or an elision before it; and on the cards, with one, two and three drugs of each gender.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from babel.messages.catalog import Message
from support.scenario import run
from tools.messages import catalogue_of, domains

from mappings.vocabulary.bone_names import BONES, of_bones
from service.languages.render import Language, render
from service.languages.terminal import CLICK

NAMED = (
    "drug|drugs|act|acts|bone|bones|what|which|names|order|other|others|products|missing|results|reasons|cofactors|radiotherapy"
    "|analyte|finding|condition|treatment|agents|cytotoxics|antithrombotics|modality|request|first_drug|taken|line|test"
)
"""Placeholders of a name, or of a list of names."""

FIRST = r"(?:(?:n['’])?(?:est|sont|a été|ont été|était|étaient|pas|non|encore|déjà|sera|seront) )*"
AGREES = (
    r"\w+(?:é|ée|és|ées)|(?:prescri|fai|inscri|interdi|réduit|soumi)\w*[te]s?|prév\w+|reç\w+|interromp\w+|suiv\w+|compris\w*|incl\w+"
    r"|ancien\w*|mensuel\w*|incomplet\w*|conn\w+|inconn\w+|suffisant\w*|acti[fv]\w*|seul\w*|aucune?|est|sont|a|ont|aura|auront"
    r"|aurait|auraient|doi\w+|peu[tv]\w*|manque\w*|reste\w*|va|vont|chacune?|celui|celle|ceux|celles|il|elle|ils|elles"
)
BESIDE = re.compile(rf"\{{(?:{NAMED})\}}(?: ?\{{\w+\}})?(?: \([^)]*\))?[ ,:;\u202f\u00a0]*{FIRST}(?P<word>{AGREES})\b")
ARTICLES = "de|du|des|le|la|les|un|une|ce|cette|ces|que|au|aux|jusque|lorsque|puisque|son|sa|ses|quel|quelle"
BEFORE = re.compile(rf"(?P<word>\b(?:{ARTICLES}) |\b(?:[dlns]|qu)['’])\{{(?:{NAMED})\}}")
NOUNS = frozenset({"toxicité", "supplémentation", "activité"})
"""Words that look like participles."""

ALWAYS = {
    "around {radiotherapy}": "radiotherapy is feminine, whatever its bone",
    "before {radiotherapy}": "radiotherapy is feminine, whatever its bone",
    "after {radiotherapy}": "radiotherapy is feminine, whatever its bone",
    "{what}: not measured": "the gender is that of «dosage»",
    "{act}: none in {time}": "an examination and an orthopantomogram are masculine",
    "{what}: not scored": "the gender is that of «cotation»",
}
"""Messages whose placeholder, or whose own noun, has one gender and number."""


def messages() -> Iterator[Message]:
    for domain in domains():
        if domain.folder != CLICK:
            for path in domain.catalogues:
                yield from (message for message in catalogue_of(path) if message.id)


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def english(message: Message) -> str:
    return str(message.id if isinstance(message.id, str) else message.id[0])


def test_no_word_of_a_message_depends_on_the_names_beside_it() -> None:
    seen = set()
    for message in messages():
        for form in forms(message):
            for found in (*BESIDE.finditer(form), *BEFORE.finditer(form)):
                if found["word"].strip() not in NOUNS:
                    seen.add(english(message))
                    assert english(message) in ALWAYS, form
    assert seen == ALWAYS.keys(), "each exception is one"


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ("{drug} : prescrit, attendre", "prescrit"),
        ("{drugs} auraient dû attendre", "auraient"),
        ("{drugs} sont en cours", "sont"),
        ("{act} ({bones}) : faite", "faite"),
        ("{drug} {interval} : mensuel", "mensuel"),
        ("{what} n'a pas été donnée", None),
        ("dose de {drug}", "de "),
        ("l'{act}", "l'"),
        ("{drug} : dose prévue", None),
        ("{drug} : contre-indication", None),
    ],
)
def test_the_reading_finds_what_agrees(form: str, word: str | None) -> None:
    found = BESIDE.search(form) or BEFORE.search(form)
    assert (found["word"] if found else None) == word


# --- on the cards -----------------------------------------------------------------------------------------------------

RADIOTHERAPY = {"act": "radiotherapy", "site": "L3", "dose": "30 Gy", "fractions": 10, "start in": 2}
STEREOTACTIC = {"act": "stereotactic radiotherapy", "site": "L3", "dose": "27 Gy", "fractions": 3, "start in": 2}
CEMENTOPLASTY = {"act": "vertebroplasty", "site": "L3", "start in": 1}
BIOPSY = {"act": "bone biopsy", "site": "L3"}
DENOSUMAB = {"drug": "denosumab", "dose": "120 mg", "every": "28 days", "route": "subcutaneous"}
ZOLEDRONATE = {"drug": "zoledronic acid", "dose": "4 mg", "route": "intravenous", "every": "1 month"}
ONGOING = {"kind": "statement", "status": "active", "start": 100}
RECENT = {"days ago": 2}
FAMILIES: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, ...], tuple[str, ...]]] = {
    "radiosensitisers": (
        RADIOTHERAPY,
        RECENT,
        ("gemcitabine", "bleomycin", "doxorubicin"),
        ("bevacizumab", "ramucirumab", "nintedanib"),
    ),
    "immunotherapy": (
        RADIOTHERAPY,
        RECENT,
        (),
        ("pembrolizumab", "nivolumab", "ipilimumab"),
    ),
    "targeted": (RADIOTHERAPY, ONGOING, (), ("osimertinib", "erlotinib", "crizotinib")),
    "stereotactic": (
        STEREOTACTIC,
        ONGOING,
        ("carboplatin", "vinorelbine", "cisplatin"),
        ("paclitaxel", "docetaxel", "pemetrexed"),
    ),
    "antithrombotics": (
        CEMENTOPLASTY,
        ONGOING,
        ("warfarin", "aspirin", "fluindione"),
        ("apixaban", "clopidogrel", "rivaroxaban"),
    ),
    "systemic treatment of an act": (
        CEMENTOPLASTY,
        RECENT,
        ("gemcitabine", "carboplatin", "vinorelbine"),
        ("paclitaxel", "docetaxel", "pemetrexed"),
    ),
    "resistance": (BIOPSY, ONGOING, (), ("osimertinib", "erlotinib", "crizotinib")),
    "nephrotoxic": (ZOLEDRONATE, RECENT, ("cisplatin", "carboplatin", "oxaliplatin"), ("pemetrexed",)),
    "cofactors": (
        DENOSUMAB,
        ONGOING,
        ("dexamethasone", "prednisone", "methylprednisolone"),
        ("bevacizumab", "ramucirumab", "nintedanib"),
    ),
    "products of vitamin D": (DENOSUMAB, ONGOING, (), ("cholecalciferol", "ergocalciferol", "calcium carbonate")),
}
"""An order, how the drugs are on record, and drugs of each gender in French; a class has sometimes one alone."""


def of_both(feminine: tuple[str, ...], masculine: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    both = (feminine[0], *masculine[:2]) if feminine and masculine else ()
    return {"feminine": feminine, "masculine": masculine, "both": both}


CASES = [
    pytest.param(family, drugs[:count], id=f"{family}, {count} {gender}")
    for family, (_order, _told, feminine, masculine) in FAMILIES.items()
    for gender, drugs in of_both(feminine, masculine).items()
    for count in (1, 2, 3)
    if len(drugs) >= count
]


def lines_of(order: dict[str, Any], drugs: tuple[str, ...], told: dict[str, Any]) -> Iterator[str]:
    record = {"medications": [{"drug": drug, **told} for drug in drugs], "vitamin D": "160 ng/mL 2 days ago"}
    for card in run({"order": order, "record": record}, Language.FRENCH).response.cards:
        yield card.summary
        yield from re.split(r"(?<=[.;])\s|\n", card.detail)


FRENCH = {
    "bleomycin": "bléomycine",
    "doxorubicin": "doxorubicine",
    "bevacizumab": "bévacizumab",
    "ramucirumab": "ramucirumab",
    "nintedanib": "nintédanib",
    "carboplatin": "carboplatine",
    "cisplatin": "cisplatine",
    "oxaliplatin": "oxaliplatine",
    "pemetrexed": "pémétrexed",
    "docetaxel": "docétaxel",
    "warfarin": "warfarine",
    "aspirin": "aspirine",
    "dexamethasone": "dexaméthasone",
    "cholecalciferol": "cholécalciférol",
    "ergocalciferol": "ergocalciférol",
}


@pytest.mark.parametrize(("family", "drugs"), CASES)
def test_the_cards_agree_with_their_drugs(family: str, drugs: tuple[str, ...]) -> None:
    order, told, _feminine, _masculine = FAMILIES[family]
    names = "|".join(re.escape(FRENCH.get(drug, drug)) for drug in drugs)
    listed = re.compile(rf"(?:(?:{names})(?:, | et )?)+", re.IGNORECASE)
    found = 0
    for line in lines_of(order, drugs, told):
        if listed.search(line):
            found += 1
            beside = BESIDE.search(listed.sub("{drug}", line))
            assert beside is None or beside["word"] in NOUNS, line
    assert found, "no card names them"


FEMININE_BONES = {"fibula", "ulna", "rib", "clavicle", "scapula", "hand", "patella", "jaw"}


@pytest.mark.parametrize("bone", sorted(BONES))
def test_a_side_agrees_with_its_bone(bone: str) -> None:
    """«fémur droit», «clavicule droite»."""
    words = {side: of_bones(frozenset({bone}), frozenset({side})) for side in ("left", "right")}
    left, right = (render(text, Language.FRENCH) for text in words.values() if text is not None)
    assert left == f"{BONES[bone].french} gauche"
    assert right == f"{BONES[bone].french} {'droite' if bone in FEMININE_BONES else 'droit'}"
