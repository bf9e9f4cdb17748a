"""The command line in the language that is asked for: the words of its commands and errors, and those of click.

A command line speaks the language of `--language`, wherever it stands, else of `OSTEOCDS_LANGUAGE`, else English.
"""

from __future__ import annotations

import gettext
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

import click

from mappings.wording import Said, Text, _
from service.languages.render import COLONS, Language, spoken, translated, translated_of_number

CLICK = Path(__file__).parent / "click"
"""The folder of the catalogues of click's own words."""

_LANGUAGE: ContextVar[Language] = ContextVar("language", default=Language.ENGLISH)


def language() -> Language:
    """The language of this command line."""
    return _LANGUAGE.get()


def say(words: Text | str) -> str:
    """A sentence in the language of this command line."""
    return spoken(words, language())


def failure(words: Text | Exception) -> click.ClickException:
    """What ends a command: a sentence, or an error that has one; the names in it, of files too, steer no terminal."""
    said = say(words if isinstance(words, Text) else words_of(words))
    return click.ClickException("\n".join(map(harmless, said.split("\n"))))


def words_of(error: Exception) -> str:
    """The words of an error, which know their sentence where it is ours."""
    return error.args[0] if error.args and isinstance(error.args[0], Said) else str(error)


def asked(arguments: Sequence[str], environ: Mapping[str, str]) -> Language:
    """The language of a command line, before click has read it: what it says of its options must be in it too."""
    named = [environ.get("OSTEOCDS_LANGUAGE", "").strip()]
    for position, argument in enumerate(arguments):
        if argument == "--":
            break
        option, is_one, value = argument.partition("=")
        if option == "--language":
            named.append(value if is_one else "".join(arguments[position + 1 : position + 2]))
    known = [one for one in named if one in set(Language)]
    return Language(known[-1]) if known else Language.ENGLISH


class _Translated:
    """What click prints of a parameter: its help and its placeholder, in the language of the command line."""

    def __init__(self, *args: Any, text: Text | None = None, placeholder: Text | None = None, **others: Any) -> None:
        self.text = text
        self.placeholder = placeholder
        super().__init__(*args, **others)

    def make_metavar(self, ctx: click.Context) -> str:
        if self.placeholder is not None:
            return say(self.placeholder)
        return str(super().make_metavar(ctx))  # type: ignore[misc]  # a parameter of click, which stands behind it, has one


class Option(_Translated, click.Option):
    """An option whose help is a `text`."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Its line of the help."""
        self.help = None if self.text is None else say(self.text)
        return super().get_help_record(ctx)


class Argument(_Translated, click.Argument):
    """An argument with a `placeholder` in the usage."""


class Whole(click.IntRange):
    """A whole number, which an error calls so."""

    @property
    def name(self) -> str:  # type: ignore[override]  # click has an attribute
        """What it is."""
        return say(_("whole number"))


class Number(click.FloatRange):
    """A number, which an error calls so."""

    @property
    def name(self) -> str:  # type: ignore[override]  # click has an attribute
        """What it is."""
        return say(_("number"))


class ExistingPath(click.Path):
    """A path that exists, which an error calls so."""

    @property
    def name(self) -> str:
        """What it is."""
        return say(_("path"))

    @name.setter
    def name(self, _name: str) -> None:
        """The word of click, which it takes once for all languages."""


class InputFile(click.File):
    """A file to be read; that it cannot be is said in our words, not in those of the machine."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The file, opened."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(say(_("{file} cannot be read", file=str(value))), param, ctx)


class _Formatter(click.HelpFormatter):
    def write_heading(self, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{heading}{COLONS[language()]}\n")


class _Context(click.Context):
    formatter_class = _Formatter


class Command(click.Command):
    """A command whose help is a `text`."""

    context_class = _Context

    def __init__(self, *args: Any, text: Text, **others: Any) -> None:
        super().__init__(*args, **others)
        self.text = text

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """`--help`, which click words once and keeps."""
        self._help_option = None
        return super().get_help_option(ctx)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The usage, behind the name."""
        self.options_metavar = say(_("[OPTIONS]"))
        return super().collect_usage_pieces(ctx)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What it is for."""
        self.help = say(self.text)
        super().format_help_text(ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        """What it is for, in the list of commands: its first sentence."""
        self.help = say(self.text)
        return super().get_short_help_str(limit)


class Group(Command, click.Group):
    """The command with its commands: it decides the language before anything is read or said."""

    command_class = Command

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the arguments."""
        _LANGUAGE.set(asked(args, os.environ))
        return super().make_context(info_name, args, parent, **extra)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The usage, behind the name."""
        self.subcommand_metavar = say(_("COMMAND [ARGUMENTS] ..."))
        return super().collect_usage_pieces(ctx)


F = TypeVar("F", bound=Callable[..., Any])


def option(name: str, text: Text, *, placeholder: Text | None = None, **others: Any) -> Callable[[F], F]:
    """An option whose help is said in the language of the command line."""
    return click.option(name, cls=Option, text=text, placeholder=placeholder, **others)


in_a_language = option(
    "--language",
    _("language of all that is said; by default that of OSTEOCDS_LANGUAGE"),
    type=click.Choice([one.value for one in Language]),
    expose_value=False,
)
"""The terminal has read it before click does: it decides the words of the help and of the errors too."""

FILE, FOLDER, NUMBER, FHIR_BASE = _("FILE"), _("FOLDER"), _("NUMBER"), _("FHIR_BASE")
TIME, SECONDS = _("TIME"), _("SECONDS")
"""Placeholders of several commands."""


def harmless(line: str) -> str:
    """A line without what a record may hold to steer the terminal; the blanks of French typography stay."""
    return "".join(sign if sign.isprintable() or sign in "\u00a0\u202f" else " " for sign in line)


def _of_click(message: str) -> str:
    return translated(message, "", str(CLICK), language())


def _of_click_by_number(singular: str, plural: str, number: int) -> str:
    return translated_of_number(singular, plural, "", str(CLICK), number, language())


def _speak_for_click() -> None:
    """Let click ask us: the gettext that it asks takes its language from the process, and reads compiled files alone."""
    for name, module in tuple(sys.modules.items()):
        if name.startswith("click."):
            if getattr(module, "_", None) is gettext.gettext:
                vars(module)["_"] = _of_click
            if getattr(module, "ngettext", None) is gettext.ngettext:
                vars(module)["ngettext"] = _of_click_by_number


_speak_for_click()
