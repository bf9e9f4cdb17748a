"""The letters of texts: without their accents, as every table of words compares them; on one line, as a person reads them."""

from __future__ import annotations

import unicodedata


def without_accents(text: str) -> str:
    """The text in compatibility form (NFKD) without its combining marks."""
    if text.isascii():
        return text
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


def on_one_line(text: str) -> str:
    """The text without the signs that steer a terminal or hide in a line, its blanks made one."""
    if not text.isprintable():
        text = "".join([sign if sign.isprintable() else " " for sign in text])
    return " ".join(text.split())
