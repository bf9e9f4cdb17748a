"""The calendar of a request as a page in one file, as of its receipt: for whoever has the request at hand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.languages.markup import said, said_of_number
from service.languages.render import COLONS, SEMICOLONS, Language

HERE = Path(__file__).parent


def calendar_file(shown: Mapping[str, object], instance: str, public_url: str, language: Language) -> str:
    """The page of what `calendar_shown` gives. Rules link to the pages of the service, where its address is known."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )

    def rule_page(_endpoint: str, name: str, rule: str) -> str:
        return f"{public_url}/catalogue/{name}/{rule}?{urlencode({'lang': language.value})}" if public_url else ""

    return environment.get_template("calendar_file.html").render(
        lang=language.value,
        colon=COLONS[language],
        semicolon=SEMICOLONS[language],
        _=partial(said, language),
        _n=partial(said_of_number, language),
        at=rule_page,
        style=(HERE / "static/pages.css").read_text(encoding="utf-8"),
        instance=instance,
        **shown,
    )
