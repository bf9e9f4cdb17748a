"""The letters of texts: without their accents, as every table of words compares them; on one line, as a person reads them."""

from __future__ import annotations

import unicodedata


def without_accents(text: str) -> str:
    """The text in compatibility form (NFKD) without its combining marks."""
    if text.isascii():
        return text
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


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
        text = "".join([sign if sign.isprintable() else " " for sign in text])
    return " ".join(text.split())
