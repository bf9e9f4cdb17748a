"""The catalogues of messages: English sentences in the other languages, one gettext file a language.

`fr.po` is kept by translators; `make messages` brings it to what the code says.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def messages_of(language: str, folders: tuple[Path, ...] = (FOLDER,)) -> NullTranslations:
    """The messages of a language, read once; what no catalogue of the folders holds stays English."""
    messages = NullTranslations()
    for folder in folders:
        path = folder / f"{language}.po"
        if path.is_file():
            read = _read(path)
            read.add_fallback(messages)
            messages = read
    return messages


def _read(path: Path) -> GNUTranslations:
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - a command that speaks English needs no catalogue
    from babel.messages.pofile import read_po  # noqa: PLC0415 - as above

    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return GNUTranslations(compiled)
