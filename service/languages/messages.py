"""The catalogues of messages: English sentences in the other languages, one gettext file a language and domain.

The domain of a sentence is the folder that its catalogues lie in: this one, or the one that a guideline brings. Each is kept
by translators; `make messages` brings them to what the code says.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.util import cache_from_source
from io import BytesIO
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def messages_of(language: str, domain: str = "") -> NullTranslations:
    """The messages of a language and a domain, read once; what its catalogue lacks is looked up in ours, else stays English."""
    path = (Path(domain) if domain else FOLDER) / f"{language}.po"
    messages = read(path) if path.is_file() else NullTranslations()
    if domain:
        messages.add_fallback(messages_of(language))
    return messages


def read(path: Path) -> GNUTranslations:
    """The messages of a catalogue (`.po`).

    Its compiled form is kept as Python keeps that of a module: in `__pycache__`, by the time and size of the source, where that
    may be written. To parse a catalogue takes longer than all that a command does besides.
    """
    source = path.stat()
    kept = Path(cache_from_source(str(path))).with_name(f"{path.name}.{source.st_mtime_ns:x}.{source.st_size:x}.mo")
    with suppress(OSError):
        return GNUTranslations(BytesIO(kept.read_bytes()))
    compiled = _compiled(path)
    if not sys.dont_write_bytecode:
        with suppress(OSError):
            _keep(compiled, kept, f"{path.name}.*.mo")
    return GNUTranslations(BytesIO(compiled))


def _compiled(path: Path) -> bytes:
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - a command that speaks English needs no catalogue
    from babel.messages.pofile import read_po  # noqa: PLC0415 - as above

    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file))
    return compiled.getvalue()


def _keep(compiled: bytes, kept: Path, older: str) -> None:
    """Write it whole or not at all, and forget those of other times."""
    kept.parent.mkdir(exist_ok=True)
    for one in kept.parent.glob(older):
        one.unlink(missing_ok=True)
    written = kept.with_suffix(f".{os.getpid()}")
    written.write_bytes(compiled)
    written.replace(kept)
