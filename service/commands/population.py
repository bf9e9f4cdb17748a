"""A whole population: screen, synthesize, worklist, diff."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click

from mappings.wording import _
from service.commands.from_settings import moment_of
from service.languages.terminal import (
    FILE,
    FOLDER,
    NUMBER,
    TIME,
    Argument,
    Command,
    ExistingPath,
    InputFile,
    Whole,
    failure,
    harmless,
    in_a_language,
    language,
    option,
    say,
)
from service.settings import Settings


def _of_a_screen(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of whatever screens an export."""
    options = (
        option(
            "--as-of", _("the moment at which the records are read; by default now"), placeholder=TIME, default=None
        ),
        option("--workers", _("processes; by default one a core"), placeholder=NUMBER, type=Whole(min=1), default=None),
        option(
            "--memory",
            _("what grouping the records by patient may hold"),
            placeholder=_("SIZE"),
            default="1GB",
            show_default=True,
        ),
    )
    for one in reversed(options):
        command = one(command)
    return command


@contextmanager
def _for_whoever_runs_it_alone() -> Iterator[None]:
    """What is written meanwhile holds patient data: nobody else on the machine reads it, unless whoever runs it lets them."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


class _Source(ExistingPath):
    """A path that exists, or the address of a FHIR server."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; an address as it is."""
        address = isinstance(value, str) and value.casefold().startswith(("http://", "https://"))
        return value if address else super().convert(value, param, ctx)


@click.command(
    cls=Command,
    text=_(
        "Ask the rules of a whole export of records: who is advised what, and of whom it cannot be told. SOURCE is a file, a "
        "folder, or the address of a FHIR server, which is asked for its export."
    ),
)
@click.argument("source", type=_Source(exists=True, path_type=Path), cls=Argument, placeholder=_("SOURCE"))
@option(
    "--token",
    _("file of the token for the server, read before each request, so that it may be renewed meanwhile"),
    placeholder=FILE,
    type=ExistingPath(exists=True, dir_okay=False, path_type=Path),
    default=None,
)
@option("--out", _("folder of the results"), placeholder=FOLDER, type=click.Path(path_type=Path), required=True)
@_of_a_screen
@option(
    "--engine",
    _("what evaluates: processes of this machine, or Spark"),
    type=click.Choice(["local", "spark"]),
    default="local",
    show_default=True,
)
@option("--master", _("where Spark is"), placeholder=_("URL"), default="local[*]", show_default=True)
@in_a_language
@click.pass_obj
def screen(  # noqa: PLR0913 - a command has as many options as it has
    settings: Settings,
    source: Path | str,
    out: Path,
    *,
    token: Path | None,
    as_of: str | None,
    workers: int | None,
    memory: str,
    engine: str,
    master: str,
) -> None:
    """Screen an export, or go on where it was stopped."""
    try:
        from service.population.screen import Screen
        from service.population.summary import printed
    except ImportError as error:
        raise failure(_("this needs DuckDB: pip install {extra}", extra="'osteocds[population]'")) from error
    from service.population.fetched import without_fetched

    moment = moment_of(as_of, settings)
    try:
        files = source if isinstance(source, Path) else _fetched(source, out, settings, token)
        asked = Screen(
            files,
            out,
            settings,
            moment,
            language(),
            workers or os.cpu_count() or 1,
            memory,
            spark_master=master if engine == "spark" else "",
        )
        with (
            click.progressbar(
                length=1, label=say(_("screening")), file=sys.stderr, hidden=not sys.stderr.isatty()
            ) as bar,
            _for_whoever_runs_it_alone(),
        ):

            def advance(done: int, of_all: int) -> None:
                bar.length = of_all
                bar.update(done - bar.pos)

            counts = asked.run(advance)
        without_fetched(out)
    except (ValueError, OSError) as error:
        raise failure(error) from error
    click.echo("\n".join(map(harmless, printed(counts, language()))))


def _fetched(address: str, out: Path, settings: Settings, token: Path | None) -> Path:
    """The files of a server's export, with how far it is where somebody looks on."""
    from service.population.fetched import fetched

    with (
        click.progressbar(
            length=1,
            label=say(_("fetching the export")),
            file=sys.stderr,
            hidden=not sys.stderr.isatty(),
            item_show_func=lambda shown: shown,
        ) as bar,
        _for_whoever_runs_it_alone(),
    ):

        def advance(done: int, of_all: int, size: int) -> None:
            bar.length = of_all
            bar.update(done - bar.pos, say(_("{megabytes} MB", megabytes=size // 1_000_000)))

        def waiting(progress: str) -> None:
            bar.update(0, progress or say(_("the server prepares it")))

        return fetched(address, out, settings, token, advance=advance, waiting=waiting)


@click.command(
    cls=Command,
    text=_(
        "Write a cohort of synthetic patients as an export, with the truth of what the rules must advise about each."
    ),
)
@click.argument("number", type=Whole(min=1), cls=Argument, placeholder=NUMBER)
@option("--seed", _("the same seed gives the same patients"), placeholder=NUMBER, type=Whole(min=0), default=1)
@option("--out", _("a new folder"), placeholder=_("FOLDER"), type=click.Path(path_type=Path), required=True)
@option("--as-of", _("the moment that the records lead up to; by default now"), placeholder=TIME, default=None)
@in_a_language
@click.pass_obj
def synthesize(settings: Settings, number: int, seed: int, out: Path, as_of: str | None) -> None:
    """Write them, one file a type."""
    from service.population import synthesis

    try:
        synthesis.synthesize(number, seed, moment_of(as_of, settings).date(), out)
    except (synthesis.NotEmpty, synthesis.OutOfTime, OSError) as error:
        raise failure(error) from error


@click.command(
    cls=Command, text=_("Print the patients of a screen by urgency, a page each, for a tumour board: one HTML file.")
)
@click.argument("results", type=ExistingPath(exists=True, path_type=Path), cls=Argument, placeholder=_("RESULTS"))
@option(
    "--out",
    _("the file; by default worklist.html in RESULTS"),
    placeholder=FILE,
    type=click.Path(path_type=Path),
    default=None,
)
@option(
    "--patients",
    _("only these patients: a file with an id a line (- for standard input)"),
    placeholder=FILE,
    type=InputFile("rb"),
    default=None,
)
@option("--most", _("patients"), placeholder=NUMBER, type=Whole(min=1), default=200, show_default=True)
@in_a_language
def worklist(results: Path, out: Path | None, patients: BinaryIO | None, most: int) -> None:
    """Write the page, in the language of the screen."""
    try:
        from service.population.worklist import worklist as page_of
    except ImportError as error:
        raise failure(_("this needs DuckDB: pip install {extra}", extra="'osteocds[population]'")) from error
    named = None if patients is None else _as_text(patients.read()).split()
    target = out or results / "worklist.html"
    try:
        page = page_of(results, patients=named, most=most)
        with _for_whoever_runs_it_alone():
            target.write_text(page, encoding="utf-8")
    except (ValueError, OSError) as error:
        raise failure(error) from error
    click.echo(str(target))


def _as_text(told: bytes) -> str:
    """A list as editors and spreadsheets save it: with a mark of its encoding, or in UTF-8."""
    wide = told.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return told.decode("utf-16" if wide else "utf-8-sig", "replace")


@click.command(
    cls=Command,
    text=_(
        "Tell what other settings or another version change: of an export, which patients gain or lose which advice; "
        "without one, where exactly the answers of the rules differ. A side is settings (name=figure, or a TOML file; by "
        "default those in force), the osteocds command of another installation, or the folder of a screen."
    ),
)
@option("--old", _("what is compared with"), placeholder=_("SIDE"), default="")
@option("--new", _("what is compared"), placeholder=_("SIDE"), default="")
@option(
    "--on",
    _("an export, as screen takes it"),
    placeholder=_("SOURCE"),
    type=ExistingPath(exists=True, path_type=Path),
    default=None,
)
@option("--out", _("folder of the results"), placeholder=_("FOLDER"), type=click.Path(path_type=Path), default=None)
@_of_a_screen
@in_a_language
@click.pass_obj
def diff(
    settings: Settings,
    old: str,
    new: str,
    on: Path | None,
    out: Path | None,
    as_of: str | None,
    workers: int | None,
    memory: str,
) -> None:
    """Compare two sides."""
    from service.impact.command import Asked, Missing, difference

    asked = Asked(old, new, on, out, settings, moment_of(as_of, settings), language(), workers, memory)
    try:
        with _for_whoever_runs_it_alone():
            for line in difference(asked):
                click.echo(harmless(line))
    except (Missing, ValueError, OSError) as error:
        raise failure(error) from error
