"""Pages that a screen leaves behind: one file each, without a script, which a browser shows and prints."""

from __future__ import annotations

from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.languages.markup import said, said_of_number
from service.languages.render import COLONS, SEMICOLONS, Language


def written(template: str, language: Language, **shown: object) -> str:
    """A page in a language, from its template."""
    return (
        _templates()
        .get_template(template)
        .render(
            lang=language.value,
            colon=COLONS[language],
            semicolon=SEMICOLONS[language],
            version=version("osteocds"),
            _=partial(said, language),
            _n=partial(said_of_number, language),
            **shown,
        )
    )


@cache
def _templates() -> Environment:
    folder = Path(__file__).parent / "templates"
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
