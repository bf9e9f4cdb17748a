"""The messages of templates in a language, as markup."""

from __future__ import annotations

from markupsafe import Markup, escape

from service.languages.render import Language, translated, translated_of_number


def said(language: Language, message: str, **shown: object) -> Markup:
    """A message of a template in a language; what it shows is escaped unless it is markup."""
    return escape(translated(message, "", "", language)).format(**shown)


def said_of_number(language: Language, singular: str, plural: str, number: int) -> Markup:
    """A message of a template that depends on a number, which it may show as `{number}`."""
    return escape(translated_of_number(singular, plural, "", "", number, language)).format(number=number)
