"""Bring the catalogues of messages to what the code says: `make messages`. A test holds them current.

Each domain has its own: a guideline's lie in its folder, ours in `service/languages`. New messages stand in a catalogue without
a translation, those that the code says no more are gone; one that moved to another domain takes its translation along. What
follows a change of an English sentence is for a translator: the old translation is not guessed at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from service.guidelines import GUIDELINES
from service.languages.messages import FOLDER as LANGUAGES
from service.languages.terminal import CLICK
from service.rules.guideline import Guideline
from service.rules.statements import sentences_of

ROOT = Path(__file__).parents[2]
PACKAGES = ("mappings", "service")
KEYWORDS = {"_": None, "_n": (1, 2), "_c": ((1, "c"), 2)}
"""The marks of `mappings.wording`, as gettext counts their arguments."""

EXTRACTORS = {".py": "python", ".html": "jinja2.ext:babel_extract"}
"""Who reads the marked messages of a file: babel itself, or Jinja for its templates."""


@dataclass(frozen=True)
class Domain:
    """The folder of the catalogues, and what says their messages: modules and templates below a root with their marks, files of
    statements."""

    folder: Path
    modules: tuple[Path, ...]
    statements: tuple[Path, ...] = ()
    root: Path | None = None
    keywords: Mapping[str, Any] = field(default_factory=lambda: KEYWORDS)

    @property
    def catalogues(self) -> list[Path]:
        return sorted(self.folder.glob("*.po"))

    def said(self) -> Catalog:
        """Every marked message of modules and templates, and the statements that are shown, by the files that say them."""
        catalogue = Catalog(project="osteocds", fuzzy=False)
        for module in self.modules:
            found = extract_from_file(EXTRACTORS[module.suffix], module, keywords=self.keywords)
            for _line, message, _comments, context in found:
                catalogue.add(message, locations=[(str(module.relative_to(self.root or ROOT)), None)], context=context)
        for file in self.statements:
            for sentence in sentences_of(file):
                catalogue.add(sentence, locations=[(str(file.relative_to(ROOT)), None)])
        return catalogue


def domain_of(guideline: Guideline) -> Domain:
    """What a guideline says, in its folder."""
    statements = guideline.folder / "statements.yaml"
    return Domain(guideline.folder, tuple(sorted(guideline.folder.glob("**/*.py"))), (statements,))


def domains(guidelines: Iterable[Guideline] = GUIDELINES) -> tuple[Domain, ...]:
    """Ours, those of click, and those of the guidelines that are served."""
    theirs = tuple(domain_of(guideline) for guideline in guidelines)
    apart = {module for domain in theirs for module in domain.modules}
    modules = (
        module
        for package in PACKAGES
        for module in sorted([*(ROOT / package).glob("**/*.py"), *(ROOT / package).glob("**/templates/*.html")])
    )
    return (Domain(LANGUAGES, tuple(module for module in modules if module not in apart)), of_click(), *theirs)


OTHER_SYSTEMS = {"_winconsole.py", "shell_completion.py"}


def of_click() -> Domain:
    """The words of click, which are the command line's too."""
    package = Path(click.__file__).parent
    modules = tuple(one for one in sorted(package.glob("*.py")) if one.name not in OTHER_SYSTEMS)
    return Domain(CLICK, modules, root=package.parent, keywords={"_": None, "ngettext": (1, 2)})


def catalogue_of(path: Path) -> Catalog:
    """A catalogue as it stands in its file."""
    with path.open("rb") as file:
        return read_po(file)


def brought_up_to_date(path: Path, domain: Domain, others: Iterable[Catalog] = ()) -> Catalog:
    """The catalogue of a language with the messages of the code: the translations that it has, else those of the others."""
    kept = catalogue_of(path)
    current = Catalog(locale=kept.locale, project="osteocds", fuzzy=False, header_comment=kept.header_comment)
    current.mime_headers = kept.mime_headers
    for message in domain.said():
        if message.id:
            found = (one.get(message.id, message.context) for one in (kept, *others))
            alike = (one.string for one in found if one is not None and one.pluralizable == message.pluralizable)
            string = next(filter(None, alike), "" if isinstance(message.id, str) else ("", ""))
            current.add(message.id, string, locations=message.locations, context=message.context)
    return current


def problems(path: Path, domain: Domain) -> Iterator[str]:
    """What is wrong with a catalogue: messages missing, left over, without a translation, or with other placeholders."""
    kept, said = catalogue_of(path), domain.said()
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
    before = {path: catalogue_of(path) for domain in domains() for path in domain.catalogues}
    for domain in domains():
        for path in domain.catalogues:
            others = [catalogue for other, catalogue in before.items() if other.name == path.name]
            current = brought_up_to_date(path, domain, others)
            with path.open("wb") as file:
                write_po(file, current, width=120, include_lineno=False)
            for problem in problems(path, domain):
                print(f"{path.relative_to(ROOT)}: {problem}")
