"""The letters of texts: without their accents, as every table of words compares them; on one line, as a person reads them."""

from __future__ import annotations

import unicodedata

_UNSEEN = dict.fromkeys(
    sign
    for first, last in (
        *((0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
        *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
        *((0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB), (0xE0000, 0xE007F), (0xE0100, 0xE01EF)),
    )
    for sign in range(first, last + 1)
)
"""Signs that nobody sees (Unicode, Default_Ignorable_Code_Point): soft hyphens, blanks without a width, directions of writing."""

_UNSEEN_AS_BLANKS = dict.fromkeys(_UNSEEN, " ")

_OVERRIDES = frozenset("\u202d\u202e")
"""Show letters in another order than they stand in."""

_LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеоѕіјрсухһԁԛԝ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυικτχε" + "օոսհ" + "ɑɡɩ",
    "ABESIJKMHOPCTYXaeosijpcyxhdqw" + "ABEZHIKMNOPTYXavopuiktxe" + "onuh" + "agi",
)
"""Letters of other scripts that look like Latin ones (Unicode, confusables.txt)."""


def without_unseen(text: str) -> str:
    """The text as it is seen: « deno\u00adsumab » is one word."""
    return text if text.isascii() else text.translate(_UNSEEN)


def with_unseen_as_blanks(text: str) -> str:
    """The text with a blank for each sign that nobody sees: some stand where words part."""
    return text if text.isascii() else text.translate(_UNSEEN_AS_BLANKS)


def as_it_looks(text: str) -> str:
    """The text with Latin letters for those that look like them."""
    return text if text.isascii() else text.translate(_LOOK_ALIKES)


def is_shown_otherwise(text: str) -> bool:
    """What is seen of it stands in another order: nobody reads what its letters say."""
    return not text.isascii() and not _OVERRIDES.isdisjoint(text)


def without_accents(text: str) -> str:
    """The text in compatibility form (NFKD) without its combining marks, and without signs that nobody sees."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text.translate(_UNSEEN))
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


_LATIN_ENDS = "\u024f"
_FOREIGN_LETTERS = 2
"""So many in a row are a word of another script; one alone is a sign (µ, α)."""


def in_another_script(text: str) -> bool:
    """A word of it is written in letters that are not Latin: our tables of names cannot tell what it does not name."""
    if text.isascii():
        return False
    run = 0
    for sign in without_accents(text):
        run = run + 1 if sign.isalpha() and sign > _LATIN_ENDS else 0
        if run == _FOREIGN_LETTERS:
            return True
    return False


def on_one_line(text: str) -> str:
    """The text without the signs that steer a terminal or hide in a line, its blanks made one."""
    if not text.isprintable():
        text = "".join([sign if sign.isprintable() else " " for sign in text])  # blanks: an address stays broken
    return " ".join(text.split())
