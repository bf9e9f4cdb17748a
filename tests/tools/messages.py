"""Bring the catalogues of messages to what the code says: `make messages`. A test holds them current.

New messages stand in a catalogue without a translation, those that the code says no more are gone. What follows a change of
an English sentence is for a translator: the old translation is not guessed at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from service.guidelines import GUIDELINES
from service.rules.ledger import sentences_of

ROOT = Path(__file__).parents[2]
LANGUAGES = ROOT / "service" / "languages"
PACKAGES = ("mappings", "service")
KEYWORDS = {"_": None, "_n": (1, 2), "_c": ((1, "c"), 2)}
"""The marks of `mappings.wording`, as gettext counts their arguments."""


def said_by_the_code() -> Catalog:
    """Every marked message of the packages, and the sentences of the ledgers, by the files that say them."""
    catalogue = Catalog(project="osteocds", fuzzy=False)
    for package in PACKAGES:
        found = extract_from_dir(ROOT / package, [("**.py", "python")], keywords=KEYWORDS)
        for name, _line, message, _comments, context in sorted(found, key=lambda one: (one[0], one[1])):
            catalogue.add(message, locations=[(f"{package}/{name}", None)], context=context)
    for guideline in GUIDELINES:
        ledger = guideline.folder / "statements.yaml"
        for sentence in sentences_of(ledger):
            catalogue.add(sentence, locations=[(str(ledger.relative_to(ROOT)), None)])
    return catalogue


def catalogue_of(path: Path) -> Catalog:
    """A catalogue as it stands in its file."""
    with path.open("rb") as file:
        return read_po(file)


def brought_up_to_date(path: Path) -> Catalog:
    """The catalogue of a language with the messages of the code: the translations that it has, and no others."""
    kept = catalogue_of(path)
    current = Catalog(locale=kept.locale, project="osteocds", fuzzy=False, header_comment=kept.header_comment)
    current.mime_headers = kept.mime_headers
    for message in said_by_the_code():
        if message.id:
            earlier = kept.get(message.id, message.context)
            string = earlier.string if earlier is not None else ""
            current.add(message.id, string, locations=message.locations, context=message.context)
    return current


def problems(path: Path) -> Iterator[str]:
    """What is wrong with a catalogue: messages missing, left over, without a translation, or with other placeholders."""
    kept, said = catalogue_of(path), said_by_the_code()
    wanted = {(message.id, message.context) for message in said if message.id}
    have = {(message.id, message.context): message for message in kept if message.id}
    yield from (f"missing: {one}" for one in sorted(map(str, wanted - have.keys())))
    yield from (f"left over: {one}" for one in sorted(map(str, have.keys() - wanted)))
    for (english, _context), message in have.items():
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.fuzzy or not all(strings):
            yield f"not translated: {english}"
            continue
        names = [
            {name for _text, name, _spec, _conversion in Formatter().parse(text) if name is not None}
            for text in ((english,) if isinstance(english, str) else english)
        ]
        for string in strings:
            found = {name for _text, name, _spec, _conversion in Formatter().parse(string) if name is not None}
            if not any(found == one for one in names):
                yield f"other placeholders: {english}"


if __name__ == "__main__":
    for path in sorted(LANGUAGES.glob("*.po")):
        current = brought_up_to_date(path)
        with path.open("wb") as file:
            write_po(file, current, width=120, include_lineno=False)
        for problem in problems(path):
            print(f"{path.name}: {problem}")  # noqa: T201 - the tool's words
