"""The catalogues of messages: English sentences in the other languages, one gettext file a language and domain.

The domain of a sentence is the folder that its catalogues lie in: this one, or the one that a guideline brings. Each is kept
by translators; `make messages` brings them to what the code says.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def messages_of(language: str, domain: str = "") -> NullTranslations:
    """The messages of a language and a domain, read once; what its catalogue lacks is looked up in ours, else stays English."""
    path = (Path(domain) if domain else FOLDER) / f"{language}.po"
    messages = _read(path) if path.is_file() else NullTranslations()
    if domain:
        messages.add_fallback(messages_of(language))
    return messages


def _read(path: Path) -> GNUTranslations:
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - a command that speaks English needs no catalogue
    from babel.messages.pofile import read_po  # noqa: PLC0415 - as above

    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return GNUTranslations(compiled)
