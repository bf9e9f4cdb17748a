"""The command `osteocds`: serve, demo, check, coverage, migrate, purge, report, rules, services."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from cds_hooks import ProtocolError
from mappings.clock import Clock
from mappings.vocabulary.concepts import Terminology
from service.cards.score_links import Pages
from service.demo.printing import NO_CARD, printed_card
from service.explain import explain
from service.gathering.site_codes import site_terminology
from service.guidelines import GUIDELINES
from service.languages.render import Language, render
from service.pipeline import advise
from service.rules.citation import cited
from service.rules.guideline import terminology_of
from service.services import Service, published
from service.settings import InvalidSetting, Settings, read_settings
from service.world import World

if TYPE_CHECKING:
    from service.ledger.database import Database


def _about() -> str:
    """What the help of the command begins with."""
    about = "; ".join(render(guideline.about, Language.ENGLISH) for guideline in GUIDELINES)
    return f"CDS Hooks service (decision support, not a validated medical device). {about}."


@click.group(help=_about())
@click.version_option(package_name="osteocds")
@click.pass_context
def main(context: click.Context) -> None:
    """Read the settings of every command."""
    try:
        context.obj = read_settings(os.environ)
    except InvalidSetting as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.pass_obj
def serve(settings: Settings) -> None:
    """Run the service (uvicorn inside)."""
    from service.edge.server import run  # noqa: PLC0415 - the server is for this command alone

    try:
        run(settings)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.option("--fhir-server", type=click.Path(path_type=Path), default=None, help="the sekmet executable of the demo")
@click.option(
    "--language", type=click.Choice([one.value for one in Language]), default=None, help="language of the cards"
)
@click.option("--keep", is_flag=True, help="fire no hook; keep both servers running until Ctrl-C")
@click.option(
    "--at",
    nargs=2,
    default=None,
    metavar="SERVICE_BASE FHIR_BASE",
    help="start nothing; fire the hooks at this service, about the patients of this FHIR server",
)
@click.pass_obj
def demo(
    settings: Settings, fhir_server: Path | None, language: str | None, at: tuple[str, str] | None, *, keep: bool
) -> None:
    """Start a FHIR server with synthetic patients and the service, fire the hooks, print the cards, stop."""
    import requests  # noqa: PLC0415 - for this command alone

    from service.demo import run as demonstration  # noqa: PLC0415 - for this command alone

    now = _moment(None, settings)
    chosen = Language(language) if language else settings.language
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped in order
    try:
        if keep:
            demonstration.keep_running(settings, fhir_server, now=now, echo=click.echo)
        elif at:
            demonstration.fire_hooks(*at, chosen, today=now.date(), echo=click.echo)
        else:
            # On a free port: a service that is running already on the usual one is left alone.
            demonstration.run_demo(replace(settings, port=0), fhir_server, chosen, now=now, echo=click.echo)
    except demonstration.DemoFailed as error:
        raise click.ClickException(str(error)) from error
    except requests.RequestException as error:
        raise click.ClickException(f"a server of the demo did not answer: {error}") from error


@main.command("load-demo-patients")
@click.argument("fhir_base", metavar="FHIR_BASE")
@click.option("--wait", default=0.0, metavar="SECONDS", help="how long to wait for a server that is still starting")
@click.pass_obj
def load_demo_patients(settings: Settings, fhir_base: str, wait: float) -> None:
    """Load the demo's synthetic patients into an empty FHIR server of yours."""
    import requests  # noqa: PLC0415 - for this command alone

    from service.demo import run as demonstration  # noqa: PLC0415 - for this command alone

    try:
        today = _moment(None, settings).date()
        loaded = demonstration.load(demonstration.DEMO_PATIENTS, fhir_base, today, wait_seconds=wait)
    except (demonstration.DemoFailed, requests.RequestException) as error:
        raise click.ClickException(f"the patients could not be loaded into {fhir_base}: {error}") from error
    click.echo(f"{loaded} resources of {len(demonstration.DEMO_PATIENTS)} synthetic patients in {fhir_base}")


@main.command()
@click.argument("request_file", type=click.File("rb"), metavar="REQUEST.json")
@click.option(
    "--service", "service_id", default=None, help="the service asked; by default the one of the request's hook"
)
@click.option(
    "--language", type=click.Choice([one.value for one in Language]), default=None, help="language of the cards"
)
@click.option("--as-of", default=None, metavar="TIME", help="the moment of the request, ISO 8601; by default now")
@click.option("--explain", "with_explanation", is_flag=True, help="one line a rule: why it spoke or stayed silent")
@click.option("--json", "as_json", is_flag=True, help="print the answer as JSON")
@click.pass_obj
def check(
    settings: Settings,
    request_file: click.File,
    service_id: str | None,
    language: str | None,
    as_of: str | None,
    *,
    with_explanation: bool,
    as_json: bool,
) -> None:
    """Evaluate a hook request from a file (- for standard input) and print the cards."""
    try:
        body = orjson.loads(request_file.read())  # type: ignore[attr-defined]
    except orjson.JSONDecodeError as error:
        raise click.ClickException(f"the file is not JSON ({error.msg} at position {error.pos})") from error
    chosen = Language(language) if language else settings.language
    world = _world(settings)
    pages = Pages(settings.public_url or f"http://{settings.host}:{settings.port}")
    service = _service(settings, world, body, service_id)
    try:
        advised = advise(body, service, world, now=_moment(as_of, settings), language=chosen, pages=pages)
    except ProtocolError as error:
        problems = "\n".join(f"  {where or 'request'}: {what}" for where, what in error.problems.items())
        raise click.ClickException(f"HTTP {error.status}\n{problems}") from error
    answer = advised.response.to_json()
    explained = list(explain(advised, service.rules)) if with_explanation else []
    if as_json:
        if with_explanation:
            answer["explanation"] = [one.to_json(chosen) for one in explained]
        sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return
    for card in answer["cards"]:
        click.echo("\n".join(map(harmless, printed_card(card, chosen))))
    if not answer["cards"]:
        click.echo(render(NO_CARD, chosen))
    for one in explained:
        click.echo(harmless(one.line(chosen)))


def harmless(line: str) -> str:
    """A line without what a record may hold to steer the terminal; the blanks of French typography stay."""
    return "".join(sign if sign.isprintable() or sign in "\u00a0\u202f" else " " for sign in line)


@main.command()
@click.argument("sample", type=click.Path(exists=True, path_type=Path), metavar="FOLDER-OR-BUNDLE-OR-NDJSON")
@click.option("--top", type=click.IntRange(min=1), default=30, show_default=True, help="rows of each table")
@click.option("--without-texts", is_flag=True, help="leave out texts without a code, for a report that leaves the site")
@click.option("--as-of", default=None, metavar="TIME", help="the moment at which the records are read; by default now")
@click.option("--json", "as_json", is_flag=True, help="print the report as JSON, with every row that was counted")
@click.pass_obj
def coverage(
    settings: Settings, sample: Path, top: int, as_of: str | None, *, without_texts: bool, as_json: bool
) -> None:
    """Report which codes, units and drugs of a sample of records the service understands, and which not.

    The report holds codes, displays, units and the texts of coded elements; no value, date or id. A text is what a person
    wrote: `--without-texts` leaves those without a code out.
    """
    from service.coverage import sample as coverages  # noqa: PLC0415 - for this command alone
    from service.coverage.counts import Coverage  # noqa: PLC0415 - for this command alone

    counted = Coverage(_own_terminology(settings), Clock(_moment(as_of, settings)), with_texts=not without_texts)
    try:
        with click.progressbar(
            length=2 * coverages.size(sample), label="reading", file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar:
            examined = coverages.examine(sample, counted, bar.update)
    except (coverages.NotASample, OSError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        answer = coverages.report(examined, counted)
        sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    else:
        click.echo("\n".join(map(harmless, coverages.printed(examined, counted, top))))


def _service(settings: Settings, world: World, body: object, service_id: str | None) -> Service:
    services = published(GUIDELINES, split=settings.split_services, terminology=world.terminology)
    if service_id is not None:
        if service_id not in services:
            raise click.ClickException(f"no service {service_id}; there are {', '.join(services)}")
        return services[service_id]
    hook = body.get("hook") if isinstance(body, dict) else None
    for service in services.values():
        if service.hook == hook:
            return service
    raise click.ClickException(f"no service answers the hook of the request; there are {', '.join(services)}")


def _own_terminology(settings: Settings) -> Terminology:
    try:
        return site_terminology(terminology_of(GUIDELINES), settings.concept_maps)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def _world(settings: Settings) -> World:
    try:
        return World.from_settings(settings)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def _moment(as_of: str | None, settings: Settings, option: str = "--as-of") -> datetime:
    if as_of is None:
        return datetime.now(settings.timezone)  # noqa: TID251 - the command line is an edge, as the application is
    try:
        moment = datetime.fromisoformat(as_of)
    except ValueError as error:
        raise click.ClickException(f"{option} takes a moment such as 2026-11-22T09:30+01:00") from error
    return moment.replace(tzinfo=settings.timezone) if moment.tzinfo is None else moment.astimezone(settings.timezone)


@main.command()
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Bring the tables of the database to what this version needs."""
    with _database(settings) as database:
        database.migrate()
    click.echo("the database is up to date")


@main.command()
@click.option("--days", type=click.IntRange(min=1), default=None, help="by default those of OSTEOCDS_RETENTION_DAYS")
@click.pass_obj
def purge(settings: Settings, days: int | None) -> None:
    """Delete what the ledger holds of longer ago than the site keeps it."""
    from service.ledger.retention import purge as delete  # noqa: PLC0415 - for this command alone

    kept = settings.retention if days is None else timedelta(days=days)
    if kept is None:
        raise click.ClickException("OSTEOCDS_RETENTION_DAYS is not set, and there is no --days: nothing is too old")
    with _database(settings) as database:
        purged = delete(database, _moment(None, settings) - kept)
    click.echo(f"{purged.answers} answers and {purged.feedback} feedbacks of more than {kept.days} days ago deleted")


@main.group()
def report() -> None:
    """Tell what the ledger holds."""


@report.command()
@click.option("--since", default=None, metavar="TIME", help="cards shown from this moment on, ISO 8601")
@click.option("--until", default=None, metavar="TIME", help="cards shown before this moment")
@click.option("--format", "written", type=click.Choice(["text", "csv"]), default="text", show_default=True)
@click.pass_obj
def overrides(settings: Settings, since: str | None, until: str | None, written: str) -> None:
    """Tell for each rule how often its cards were accepted, overridden, and why."""
    from service.ledger import overrides as rates  # noqa: PLC0415 - for this command alone

    with _database(settings) as database:
        found = rates.overrides(
            database,
            since=None if since is None else _moment(since, settings, "--since"),
            until=None if until is None else _moment(until, settings, "--until"),
        )
    click.echo(rates.as_csv(found) if written == "csv" else rates.as_text(found), nl=written != "csv")


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    """The database of the ledger, for one command. Raises `ClickException` where it cannot be used."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - for the commands of the ledger alone

    from service.ledger.database import WHY, Database, why_unusable  # noqa: PLC0415 - as above

    try:
        database = Database(settings.database_url)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    try:
        yield database
    except SQLAlchemyError as error:
        # Not the error itself: it names the address, and may hold rows.
        raise click.ClickException(f"the database cannot be used: {WHY[why_unusable(error)]}") from None
    finally:
        database.dispose()


@main.command("catalogue")
@click.option(
    "--language", type=click.Choice([one.value for one in Language]), default=None, help="language of the catalogue"
)
@click.option("--guideline", type=click.Choice([one.id for one in GUIDELINES]), default=None, help="by default all")
@click.pass_obj
def print_catalogue(settings: Settings, language: str | None, guideline: str | None) -> None:
    """Print the catalogue of the rules as markdown: to be read, checked and signed."""
    from service.catalogue.markdown import catalogue_to_read  # noqa: PLC0415 - for this command alone

    chosen = Language(language) if language else settings.language
    for one in GUIDELINES:
        if guideline in (None, one.id):
            click.echo(catalogue_to_read(one, chosen, settings.clinical[one.id]), nl=False)


@main.command()
@click.option(
    "--language", type=click.Choice([one.value for one in Language]), default=None, help="language of the list"
)
@click.pass_obj
def rules(settings: Settings, language: str | None) -> None:
    """List the rules: id, statement, citation."""
    chosen = Language(language) if language else settings.language
    for rule in (rule for guideline in GUIDELINES for rule in guideline.rules):
        click.echo(f"{rule.id}\n    {render(rule.title, chosen)}")
        click.echo(f"    {render(cited(rule.citations), chosen)}")


@main.command()
@click.option(
    "--language", type=click.Choice([one.value for one in Language]), default=None, help="language of the list"
)
@click.pass_obj
def services(settings: Settings, language: str | None) -> None:
    """List the services with their prefetch templates."""
    chosen = Language(language) if language else settings.language
    terminology = _own_terminology(settings)
    for service in published(GUIDELINES, split=settings.split_services, terminology=terminology).values():
        description = service.described(chosen)
        click.echo(f"{service.id}  ({service.hook})\n    {description.description}")
        for key, template in description.prefetch.items():
            click.echo(f"    {key}: {template}")


if __name__ == "__main__":
    main()
