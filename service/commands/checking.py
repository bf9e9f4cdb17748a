"""What is answered, and what is understood: check, coverage, services, rules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

import click
import orjson

from cds_hooks import ProtocolError
from mappings.clock import Clock
from mappings.wording import _
from service.cards.score_links import Pages
from service.commands.from_settings import moment_of, own_terminology, world_of
from service.commands.hook_requests import json_of, refused, service_of
from service.demo.printing import NO_CARD, printed_card
from service.explain import explain as explained_of
from service.guidelines import GUIDELINES
from service.languages.render import render
from service.languages.terminal import (
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
from service.pipeline import advise
from service.rules.citation import cited
from service.services import published
from service.settings import Settings


@click.command(cls=Command, text=_("Evaluate a hook request from a file (- for standard input) and print the cards."))
@click.argument("request_file", type=InputFile("rb"), cls=Argument, placeholder=_("REQUEST.json"))
@option(
    "--service",
    _("the service asked; by default the one of the request's hook"),
    placeholder=_("SERVICE"),
    default=None,
)
@in_a_language
@option("--as-of", _("the moment of the request, ISO 8601; by default now"), placeholder=TIME, default=None)
@option("--explain", _("one line a rule: why it spoke or stayed silent"), is_flag=True)
@option("--json", _("print the answer as JSON"), is_flag=True)
@click.pass_obj
def check(
    settings: Settings,
    request_file: BinaryIO,
    service: str | None,
    as_of: str | None,
    *,
    explain: bool,
    json: bool,
) -> None:
    """Answer it as the service would."""
    body = json_of(request_file.read())
    chosen = language()
    world = world_of(settings)
    pages = Pages(settings.public_url or f"http://{settings.host}:{settings.port}")
    asked = service_of(settings, world, body, service)
    try:
        advised = advise(body, asked, world, now=moment_of(as_of, settings), language=chosen, pages=pages)
    except ProtocolError as error:
        raise refused(error) from error
    answer = advised.response.to_json()
    explained = list(explained_of(advised, asked.rules)) if explain else []
    if json:
        if explain:
            answer["explanation"] = [one.to_json(chosen) for one in explained]
        sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return
    for card in answer["cards"]:
        click.echo("\n".join(map(harmless, printed_card(card, chosen))))
    if not answer["cards"]:
        click.echo(render(NO_CARD, chosen))
    for one in explained:
        click.echo(harmless(one.line(chosen)))


@click.command(
    cls=Command,
    text=_(
        "Report which codes, units and drugs of a sample of records the service understands, and which not. "
        "The report holds codes, displays, units and the texts of coded elements; no value, date or id. A text is what a "
        "person wrote: `--without-texts` leaves those without a code out."
    ),
)
@click.argument(
    "sample",
    type=ExistingPath(exists=True, path_type=Path),
    cls=Argument,
    placeholder=_("FOLDER-OR-BUNDLE-OR-NDJSON"),
)
@option("--top", _("rows of each table"), placeholder=NUMBER, type=Whole(min=1), default=30, show_default=True)
@option("--without-texts", _("leave out texts without a code, for a report that leaves the site"), is_flag=True)
@option("--as-of", _("the moment at which the records are read; by default now"), placeholder=TIME, default=None)
@option("--json", _("print the report as JSON, with every row that was counted"), is_flag=True)
@in_a_language
@click.pass_obj
def coverage(settings: Settings, sample: Path, top: int, as_of: str | None, *, without_texts: bool, json: bool) -> None:
    """Read the sample twice, and print the report."""
    from service.coverage import sample as coverages
    from service.coverage.counts import Coverage

    counted = Coverage(own_terminology(settings), Clock(moment_of(as_of, settings)), with_texts=not without_texts)
    try:
        with click.progressbar(
            length=2 * coverages.size(sample), label=say(_("reading")), file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar:
            examined = coverages.examine(sample, counted, bar.update)
    except (coverages.NotASample, OSError) as error:
        raise failure(error) from error
    if json:
        answer = coverages.report(examined, counted)
        sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    else:
        click.echo("\n".join(map(harmless, coverages.printed(examined, counted, top, language()))))


@click.command(cls=Command, text=_("List the rules: id, statement, citation."))
@in_a_language
def rules() -> None:
    """Three lines a rule."""
    chosen = language()
    for rule in (rule for guideline in GUIDELINES for rule in guideline.rules):
        click.echo(f"{rule.id}\n    {render(rule.title, chosen)}")
        click.echo(f"    {render(cited(rule.citations), chosen)}")


@click.command(cls=Command, text=_("List the services with their prefetch templates."))
@in_a_language
@click.pass_obj
def services(settings: Settings) -> None:
    """What discovery says of each."""
    chosen = language()
    terminology = own_terminology(settings)
    for service in published(GUIDELINES, split=settings.split_services, terminology=terminology).values():
        description = service.described(chosen)
        click.echo(f"{service.id}  ({service.hook})\n    {description.description}")
        for key, template in description.prefetch.items():
            click.echo(f"    {key}: {template}")
