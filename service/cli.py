"""The command `osteocds`: serve, demo, check, coverage, certify, migrate, purge, report, receipt, replay, rules, services."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click
import orjson

from cds_hooks import ProtocolError
from mappings.clock import Clock
from mappings.vocabulary.concepts import Terminology
from mappings.wording import Text, _
from service.cards.score_links import Pages
from service.certify.command import certify
from service.demo.printing import NO_CARD, printed_card
from service.explain import explain as explained_of
from service.gathering.site_codes import site_terminology
from service.guidelines import GUIDELINES
from service.languages.render import render
from service.languages.terminal import (
    FHIR_BASE,
    FILE,
    FOLDER,
    NUMBER,
    Argument,
    ExistingPath,
    Group,
    InputFile,
    Number,
    Option,
    Whole,
    failure,
    harmless,
    in_a_language,
    language,
    option,
    say,
    words_of,
)
from service.pipeline import advise
from service.rules.citation import cited
from service.rules.guideline import terminology_of
from service.services import Service, published
from service.settings import InvalidSetting, Settings, read_settings
from service.world import World

if TYPE_CHECKING:
    from service.ledger.database import Database
    from service.ledger.recomputing import Circumstances
    from service.ledger.signing import Keys

ABOUT = _(
    "CDS Hooks service (decision support, not a validated medical device). {about}.",
    about=tuple(guideline.about for guideline in GUIDELINES),
)
TIME, SECONDS = _("TIME"), _("SECONDS")


@click.group(cls=Group, text=ABOUT)
@click.version_option(
    package_name="osteocds", message="%(prog)s %(version)s", cls=Option, text=_("say the version and exit"), help=""
)
@in_a_language
@click.pass_context
def main(context: click.Context) -> None:
    """Read the settings of every command."""
    try:
        context.obj = read_settings(os.environ)
    except InvalidSetting as error:
        raise failure(error) from error


@main.command(text=_("Run the service (uvicorn inside)."))
@in_a_language
@click.pass_obj
def serve(settings: Settings) -> None:
    """Serve until told to stop."""
    from service.edge.server import run  # noqa: PLC0415 - the server is for this command alone

    try:
        run(settings)
    except ValueError as error:
        raise failure(error) from error


@main.command(
    text=_("Start a FHIR server with synthetic patients and the service, fire the hooks, print the cards, stop.")
)
@option("--fhir-server", _("the sekmet executable of the demo"), placeholder=FILE, type=click.Path(path_type=Path))
@in_a_language
@option("--keep", _("fire no hook; keep both servers running until Ctrl-C"), is_flag=True)
@option(
    "--at",
    _("start nothing; fire the hooks at this service, about the patients of this FHIR server"),
    placeholder=_("SERVICE_BASE FHIR_BASE"),
    nargs=2,
    default=None,
)
@click.pass_obj
def demo(settings: Settings, fhir_server: Path | None, at: tuple[str, str] | None, *, keep: bool) -> None:
    """Run the demonstration."""
    import requests  # noqa: PLC0415 - for this command alone

    from service.demo import run as demonstration  # noqa: PLC0415 - for this command alone

    now, chosen = _moment(None, settings), language()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped in order
    try:
        if keep:
            demonstration.keep_running(settings, fhir_server, chosen, now=now, echo=click.echo)
        elif at:
            demonstration.fire_hooks(*at, chosen, today=now.date(), echo=click.echo)
        else:
            # On a free port: a service that is running already on the usual one is left alone.
            demonstration.run_demo(
                replace(settings, port=0, demo_fhir_port=0), fhir_server, chosen, now=now, echo=click.echo
            )
    except demonstration.DemoFailed as error:
        raise failure(error) from error
    except requests.RequestException as error:
        raise failure(_("a server of the demo did not answer: {error}", error=str(error))) from error


@main.command("load-demo-patients", text=_("Load the demo's synthetic patients into an empty FHIR server of yours."))
@click.argument("fhir_base", cls=Argument, placeholder=FHIR_BASE)
@option(
    "--wait",
    _("how long to wait for a server that is still starting"),
    placeholder=SECONDS,
    type=Number(min=0),
    default=0.0,
)
@in_a_language
@click.pass_obj
def load_demo_patients(settings: Settings, fhir_base: str, wait: float) -> None:
    """Load them, one transaction a patient."""
    import requests  # noqa: PLC0415 - for this command alone

    from service.demo import run as demonstration  # noqa: PLC0415 - for this command alone

    try:
        today = _moment(None, settings).date()
        loaded = demonstration.load(demonstration.DEMO_PATIENTS, fhir_base, today, wait_seconds=wait)
    except (demonstration.DemoFailed, requests.RequestException) as error:
        not_loaded = _("the patients could not be loaded into {address}: {error}", address=fhir_base)
        raise failure(not_loaded.with_(error=words_of(error))) from error
    click.echo(say(_("{what} in {address}", what=demonstration.of_patients(loaded), address=fhir_base)))


@main.command(text=_("Evaluate a hook request from a file (- for standard input) and print the cards."))
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
    body = _json(request_file.read())
    chosen = language()
    world = _world(settings)
    pages = Pages(settings.public_url or f"http://{settings.host}:{settings.port}")
    asked = _service(settings, world, body, service)
    try:
        advised = advise(body, asked, world, now=_moment(as_of, settings), language=chosen, pages=pages)
    except ProtocolError as error:
        raise _refused(error) from error
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


def _json(told: bytes) -> Any:
    try:
        return orjson.loads(told)
    except orjson.JSONDecodeError as error:
        raise failure(_("the file is not JSON (position {position})", position=error.pos)) from error


def _refused(error: ProtocolError) -> click.ClickException:
    problems = "\n".join(f"  {say(_problem(where, what))}" for where, what in error.problems.items())
    return click.ClickException(f"HTTP {error.status}\n{problems}")


@main.command(
    text=_(
        "Report which codes, units and drugs of a sample of records the service understands, and which not. "
        "The report holds codes, displays, units and the texts of coded elements; no value, date or id. A text is what a "
        "person wrote: `--without-texts` leaves those without a code out."
    )
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
    from service.coverage import sample as coverages  # noqa: PLC0415 - for this command alone
    from service.coverage.counts import Coverage  # noqa: PLC0415 - for this command alone

    counted = Coverage(_own_terminology(settings), Clock(_moment(as_of, settings)), with_texts=not without_texts)
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


class _Source(ExistingPath):
    """A path that exists, or the address of a FHIR server."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; an address as it is."""
        address = isinstance(value, str) and value.casefold().startswith(("http://", "https://"))
        return value if address else super().convert(value, param, ctx)


@main.command(
    text=_(
        "Ask the rules of a whole export of records: who is advised what, and of whom it cannot be told. SOURCE is a file, a "
        "folder, or the address of a FHIR server, which is asked for its export."
    )
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
@option("--as-of", _("the moment at which the records are read; by default now"), placeholder=TIME, default=None)
@option("--workers", _("processes; by default one a core"), placeholder=NUMBER, type=Whole(min=1), default=None)
@option(
    "--memory",
    _("what grouping the records by patient may hold"),
    placeholder=_("SIZE"),
    default="1GB",
    show_default=True,
)
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
        from service.population.screen import Screen  # noqa: PLC0415 - for this command alone
        from service.population.summary import printed  # noqa: PLC0415 - as above
    except ImportError as error:
        raise failure(_("this needs DuckDB: pip install {extra}", extra="'osteocds[population]'")) from error
    from service.population.fetched import fetched, without_fetched  # noqa: PLC0415 - as above

    moment = _moment(as_of, settings)
    try:
        files = source if isinstance(source, Path) else fetched(source, out, settings, token)
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
        with click.progressbar(
            length=1, label=say(_("screening")), file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar:

            def advance(done: int, of_all: int) -> None:
                bar.length = of_all
                bar.update(done - bar.pos)

            counts = asked.run(advance)
        without_fetched(out)
    except (ValueError, OSError) as error:
        raise failure(error) from error
    click.echo("\n".join(map(harmless, printed(counts, language()))))


@main.command(
    text=_(
        "Write a cohort of synthetic patients as an export, with the truth of what the rules must advise about each."
    )
)
@click.argument("number", type=Whole(min=1), cls=Argument, placeholder=NUMBER)
@option("--seed", _("the same seed gives the same patients"), placeholder=NUMBER, type=Whole(min=0), default=1)
@option("--out", _("a new folder"), placeholder=_("FOLDER"), type=click.Path(path_type=Path), required=True)
@option("--as-of", _("the moment that the records lead up to; by default now"), placeholder=TIME, default=None)
@in_a_language
@click.pass_obj
def synthesize(settings: Settings, number: int, seed: int, out: Path, as_of: str | None) -> None:
    """Write them, one file a type."""
    from service.population import synthesis  # noqa: PLC0415 - for this command alone

    try:
        synthesis.synthesize(number, seed, _moment(as_of, settings).date(), out)
    except (synthesis.NotEmpty, synthesis.OutOfTime, OSError) as error:
        raise failure(error) from error


@main.command(text=_("Print the patients of a screen by urgency, a page each, for a tumour board: one HTML file."))
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
        from service.population.worklist import worklist as page_of  # noqa: PLC0415 - for this command alone
    except ImportError as error:
        raise failure(_("this needs DuckDB: pip install {extra}", extra="'osteocds[population]'")) from error
    named = None if patients is None else patients.read().decode("utf-8", "replace").split()
    target = out or results / "worklist.html"
    try:
        target.write_text(page_of(results, patients=named, most=most), encoding="utf-8")
    except (ValueError, OSError) as error:
        raise failure(error) from error
    click.echo(str(target))


@main.command(
    text=_(
        "Tell what other settings or another version change: of an export, which patients gain or lose which advice; "
        "without one, where exactly the answers of the rules differ. A side is settings (name=figure, or a TOML file; by "
        "default those in force), the osteocds command of another installation, or the folder of a screen."
    )
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
@option("--as-of", _("the moment at which the records are read; by default now"), placeholder=TIME, default=None)
@option("--workers", _("processes; by default one a core"), placeholder=NUMBER, type=Whole(min=1), default=None)
@option(
    "--memory",
    _("what grouping the records by patient may hold"),
    placeholder=_("SIZE"),
    default="1GB",
    show_default=True,
)
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
    from service.impact.command import Asked, Missing, difference  # noqa: PLC0415 - for this command alone

    asked = Asked(old, new, on, out, settings, _moment(as_of, settings), language(), workers, memory)
    try:
        for line in difference(asked):
            click.echo(harmless(line))
    except (Missing, ValueError, OSError) as error:
        raise failure(error) from error


PROBLEMS = (
    _("the body must be a JSON object: a CDS Hooks request"),
    _("this service answers {hook}; see GET /cds-services for the others"),
    _("names no patient: the logical id of one is needed"),
    _("must not be blank"),
    _("must be a bearer token: visible ASCII"),
    _("required for this hook: a Bundle of the draft orders"),
    _("must be a Bundle, with each order as the resource of an entry"),
    _("its entry must be an array"),
    _("more than {most} entries: send the orders of one signing or selection"),
    _("required for order-select: an array of references, such as MedicationRequest/1"),
    _("Missing data for required field."),
    _("Field may not be null."),
    _("Not a valid string."),
    _("Not a valid mapping type."),
    _("Invalid input type."),
    _("Longer than maximum length {most}."),
)
"""What the protocol says of a request; it knows English alone, and no catalogue."""


def _problem(where: str, what: str) -> Text:
    """A problem of a request as a sentence of ours."""
    for text in PROBLEMS:
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^ ]+)", re.escape(text.message))
        if found := re.fullmatch(pattern, what):
            return _("{where}: {what}", where=where or _("request"), what=text.with_(**found.groupdict()))
    return _("{where}: {what}", where=where or _("request"), what=what)


def _service(settings: Settings, world: World, body: object, service_id: str | None) -> Service:
    services = published(GUIDELINES, split=settings.split_services, terminology=world.terminology)
    if service_id is not None:
        if service_id not in services:
            raise failure(
                _("no service {service}; there are {services}", service=service_id, services=", ".join(services))
            )
        return services[service_id]
    hook = body.get("hook") if isinstance(body, dict) else None
    for service in services.values():
        if service.hook == hook:
            return service
    none = _("no service answers the hook of the request; there are {services}", services=", ".join(services))
    raise failure(none)


def _own_terminology(settings: Settings) -> Terminology:
    try:
        return site_terminology(terminology_of(GUIDELINES), settings.concept_maps)
    except ValueError as error:
        raise failure(error) from error


def _world(settings: Settings) -> World:
    try:
        return World.from_settings(settings)
    except ValueError as error:
        raise failure(error) from error


def _moment(as_of: str | None, settings: Settings, option: str = "--as-of") -> datetime:
    if as_of is None:
        return datetime.now(settings.timezone)  # noqa: TID251 - the command line is an edge, as the application is
    try:
        moment = datetime.fromisoformat(as_of)
    except ValueError as error:
        raise failure(
            _("{option} takes a moment such as {example}", option=option, example="2026-11-22T09:30+01:00")
        ) from error
    return moment.replace(tzinfo=settings.timezone) if moment.tzinfo is None else moment.astimezone(settings.timezone)


@main.command(text=_("Bring the tables of the database to what this version needs."))
@in_a_language
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Migrate it, once."""
    with _database(settings) as database:
        database.migrate()
    click.echo(say(_("the database is up to date")))


@main.command(text=_("Delete what the ledger holds of longer ago than the site keeps it."))
@option(
    "--days",
    _("by default those of OSTEOCDS_RETENTION_DAYS"),
    placeholder=NUMBER,
    type=Whole(min=1),
    default=None,
)
@in_a_language
@click.pass_obj
def purge(settings: Settings, days: int | None) -> None:
    """Delete it in batches."""
    from service.ledger.retention import purge as delete  # noqa: PLC0415 - for this command alone

    kept = settings.retention if days is None else timedelta(days=days)
    if kept is None:
        raise failure(_("OSTEOCDS_RETENTION_DAYS is not set, and there is no --days: nothing is too old"))
    with _database(settings) as database:
        purged = delete(database, _moment(None, settings) - kept)
    click.echo(
        say(
            _(
                "deleted, of {days} days ago and older: answers {answers}, feedbacks {feedback}",
                days=kept.days,
                answers=purged.answers,
                feedback=purged.feedback,
            )
        )
    )


@main.group(cls=Group, text=_("Tell what the ledger holds."))
@in_a_language
def report() -> None:
    """Hold the reports."""


@report.command(text=_("Tell for each rule how often its cards were accepted, overridden, and why."))
@option("--since", _("cards shown from this moment on, ISO 8601"), placeholder=TIME, default=None)
@option("--until", _("cards shown before this moment"), placeholder=TIME, default=None)
@option("--csv", _("print a line a rule as CSV"), is_flag=True)
@in_a_language
@click.pass_obj
def overrides(settings: Settings, since: str | None, until: str | None, *, csv: bool) -> None:
    """Print a line a rule."""
    from service.ledger import overrides as rates  # noqa: PLC0415 - for this command alone

    with _database(settings) as database:
        found = rates.overrides(
            database,
            since=None if since is None else _moment(since, settings, "--since"),
            until=None if until is None else _moment(until, settings, "--until"),
        )
    click.echo(rates.as_csv(found) if csv else rates.as_text(found, language()), nl=not csv)


@report.command(
    text=_(
        "Tell for the clients in shadow what each rule would have shown, what could not be told and why, and what drifts."
    )
)
@option("--since", _("answers from this moment on, ISO 8601"), placeholder=TIME, default=None)
@option("--until", _("answers before this moment"), placeholder=TIME, default=None)
@option("--client", _("of this client alone"), placeholder=_("CLIENT"), default=None)
@option("--csv", _("print a line a rule and week as CSV"), is_flag=True)
@in_a_language
@click.pass_obj
def shadow(settings: Settings, since: str | None, until: str | None, client: str | None, *, csv: bool) -> None:
    """Print what was answered to nobody."""
    from service.ledger.shadow import shadow_report  # noqa: PLC0415 - for this command alone
    from service.ledger.shadow_words import as_csv, as_text  # noqa: PLC0415 - as above

    with _database(settings) as database:
        found = shadow_report(
            database,
            settings.timezone,
            since=None if since is None else _moment(since, settings, "--since"),
            until=None if until is None else _moment(until, settings, "--until"),
            client=client,
        )
    folders = {guideline.id: guideline.folder for guideline in GUIDELINES}
    lines = [as_csv(found)] if csv else [harmless(line) + "\n" for line in as_text(found, folders, language())]
    click.echo("".join(lines), nl=False)


@main.command(
    text=_(
        "Print the receipt of what was answered to a hookInstance: what was asked, what each rule made of it, and by which "
        "versions. With --verify, tell whether a receipt is as it was signed."
    )
)
@click.argument("hook_instance", cls=Argument, placeholder=_("HOOK_INSTANCE"), required=False)
@option("--page", _("which page of its answers"), placeholder=NUMBER, type=Whole(min=1), default=1)
@option("--json", _("print it as JSON, signed by the key of OSTEOCDS_RECEIPT_KEY"), is_flag=True)
@option("--verify", _("verify the receipt of this file"), placeholder=FILE, type=InputFile("rb"), default=None)
@option(
    "--keys",
    _("verify by the public keys of this file (JWKS); by default by those of OSTEOCDS_RECEIPT_KEY"),
    placeholder=FILE,
    type=InputFile("rb"),
    default=None,
)
@in_a_language
@click.pass_obj
def receipt(
    settings: Settings,
    hook_instance: str | None,
    page: int,
    verify: BinaryIO | None,
    keys: BinaryIO | None,
    *,
    json: bool,
) -> None:
    """Print one, or verify one."""
    from service.ledger.receipt_words import printed  # noqa: PLC0415 - for this command alone
    from service.ledger.receipts import receipt_of  # noqa: PLC0415 - as above

    if (hook_instance is None) == (verify is None):
        raise failure(_("name a hookInstance, or a file with --verify"))
    if verify is not None:
        _verify(_read(verify), _keys(settings, keys))
        click.echo(say(_("as it was signed: not a byte is another")))
        return
    own = _keys(settings, None)
    now = _moment(None, settings)
    with _database(settings) as database:
        found = receipt_of(database, str(hook_instance), issued=now, page=page)
    if found is None:
        raise failure(NO_ANSWER)
    if json:
        sys.stdout.buffer.write(own.sealed(found))
        return
    folders = {guideline.id: guideline.folder for guideline in GUIDELINES}
    for line in printed(found, folders, language()):
        click.echo(harmless(line))


def _read(file: BinaryIO) -> bytes:
    """A receipt, or keys; of what is longer so much that it is none."""
    from service.ledger.signing import MOST_RECEIPT_BYTES  # noqa: PLC0415 - for receipts alone

    return file.read(MOST_RECEIPT_BYTES + 1)


def _keys(settings: Settings, told: BinaryIO | None) -> Keys:
    """The keys of a JWKS, else those of the settings."""
    from service.ledger.signing import public_keys, read_keys  # noqa: PLC0415 - for receipts alone

    try:
        if told is not None:
            return public_keys(_read(told))
        return read_keys(settings.receipt_key)
    except (ValueError, OSError) as error:
        raise failure(_("no keys of receipts can be read: {error}", error=str(error))) from None


def _verify(told: bytes, keys: Keys) -> None:
    """Raises `ClickException` unless it is a receipt as one of the keys signed it."""
    from service.ledger.signing import NoReceipt, Seal  # noqa: PLC0415 - for receipts alone

    if not keys:
        raise failure(_("there is no key to verify by: set OSTEOCDS_RECEIPT_KEY, or name public keys with --keys"))
    wrong = {
        Seal.UNSIGNED: _("it is not signed"),
        Seal.UNKNOWN_KEY: _("it is signed by a key that is not among the known ones"),
        Seal.CHANGED: _("it was changed since it was signed, or never signed by this key"),
        Seal.REWRITTEN: _("it says what was signed, but its bytes are others: it was written anew, or something added"),
    }
    try:
        seal = keys.seal(told)
    except NoReceipt:
        raise failure(NO_RECEIPT) from None
    if seal is not Seal.HOLDS:
        raise failure(wrong[seal])


NO_RECEIPT = _("it is no receipt")
NO_ANSWER = _("the ledger has no answer of this hookInstance, or none on this page")


@main.command(
    text=_(
        "Compute an answer anew from its request, at the clock and by the choices of its receipt, and tell whether it is "
        "identical, or what differs. Without a REQUEST, from the one that the ledger keeps. No FHIR server is asked."
    )
)
@click.argument(
    "request_file", type=InputFile("rb"), cls=Argument, placeholder=_("REQUEST.json"), required=False, default=None
)
@option("--receipt", _("the receipt: a hookInstance, or a file"), placeholder=_("HOOK_INSTANCE-OR-FILE"), required=True)
@option("--answer", _("which answer of the receipt; by default all of this request"), type=Whole(min=1), default=None)
@in_a_language
@click.pass_obj
@click.pass_context
def replay(
    context: click.Context, settings: Settings, request_file: BinaryIO | None, receipt: str, answer: int | None
) -> None:
    """Compute it, and compare."""
    from service.ledger.receipt_words import printed_comparison  # noqa: PLC0415 - for this command alone
    from service.ledger.recomputing import recomputed  # noqa: PLC0415 - as above

    told = None if request_file is None else request_file.read()
    differs = False
    for one, body in _answers_and_requests(settings, receipt, told, answer):
        try:
            anew = recomputed(body, one, _circumstances(settings, one))
        except ProtocolError as error:
            raise _refused(error) from error
        for line in printed_comparison(one, anew, language()):
            click.echo(harmless(line))
        differs = differs or not anew.identical
    context.exit(1 if differs else 0)


def _answers_and_requests(
    settings: Settings, named: str, told: bytes | None, answer: int | None
) -> list[tuple[dict[str, Any], Any]]:
    """The answers that are to be computed anew, each with its request."""
    from service.ledger.fingerprints import of_request, without_token  # noqa: PLC0415 - for this command alone

    kept: dict[int, bytes] = {}
    if _is_file(named):
        answers = _answers_of_file(settings, Path(named))
    else:
        answers, kept = _of_the_ledger(settings, named, answer, with_requests=told is None)
    answers = [one for one in answers if answer in (None, one["number"])]
    if not answers:
        raise failure(_("there is no such answer: the receipt tells which there are"))
    if told is None:
        if any(one["number"] not in kept for one in answers):
            raise failure(_("the ledger does not keep the request (OSTEOCDS_LEDGER_KEEPS): name its file"))
        return [(one, _json(kept[one["number"]])) for one in answers]
    body = _json(told)
    print_of_it = of_request(body, without_token(body))
    to_it = [one for one in answers if one["fingerprints"]["request"] == print_of_it]
    if not to_it and len(answers) > 1:
        raise failure(_("the receipt has several answers, and none to this request: name one with --answer"))
    return [(one, body) for one in to_it or answers]


def _is_file(named: str) -> bool:
    try:
        return Path(named).is_file()
    except OSError:  # too long for a file's name
        return False


def _answers_of_file(settings: Settings, path: Path) -> list[dict[str, Any]]:
    """Those of a receipt in a file, verified where there is a key; where it cannot be, that is told."""
    from service.ledger.recomputing import answers_in  # noqa: PLC0415 - for receipts alone
    from service.ledger.signing import NoReceipt, receipt_in  # noqa: PLC0415 - for receipts alone

    with path.open("rb") as file:
        told = _read(file)
    if keys := _keys(settings, None):
        _verify(told, keys)
    else:
        click.echo(say(_("the receipt was not verified: OSTEOCDS_RECEIPT_KEY is not set")), err=True)
    try:
        return answers_in(receipt_in(told))
    except NoReceipt:
        raise failure(NO_RECEIPT) from None


def _of_the_ledger(
    settings: Settings, hook_instance: str, answer: int | None, *, with_requests: bool
) -> tuple[list[dict[str, Any]], dict[int, bytes]]:
    """The answers of a page of the ledger, that of the `answer` that is asked for; and the requests that it keeps."""
    from service.ledger.receipts import page_of, receipt_of, request_of  # noqa: PLC0415 - for receipts alone

    with _database(settings) as database:
        page = page_of(answer or 1)
        found = receipt_of(database, hook_instance, issued=_moment(None, settings), page=page)
        if found is None:
            raise failure(NO_ANSWER)
        numbers = [one["number"] for one in found["answers"] if with_requests]
        kept = {number: request_of(database, hook_instance, number) for number in numbers}
    return found["answers"], {number: body for number, body in kept.items() if body is not None}


def _circumstances(settings: Settings, answer: Mapping[str, Any]) -> Circumstances:
    """By what an answer is computed today: its service, and the choices of its client."""
    from service.edge.clients import read_clients  # noqa: PLC0415 - for this command alone
    from service.ledger.recomputing import Circumstances  # noqa: PLC0415 - as above

    world, messaging_client = _world(settings).of_anybody(), ""
    if name := answer.get("client"):
        try:
            clients = () if settings.clients is None else read_clients(settings.clients, world, settings.language)
        except InvalidSetting as error:
            raise failure(error) from error
        client = next((one for one in clients if one.name == name), None)
        if client is None:
            raise failure(_("the client {client} is not in the registry that OSTEOCDS_CLIENTS names", client=name))
        world, messaging_client = client.world, "" if client.messaging is None else name
    service = _service(settings, world, None, answer["service"])
    return Circumstances(service, world, str(settings.timezone), settings.concept_maps, messaging_client)


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    """The database of the ledger, for one command. Raises `ClickException` where it cannot be used."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - for the commands of the ledger alone

    from service.ledger.database import WHY, Database, why_unusable  # noqa: PLC0415 - as above

    try:
        database = Database(settings.database_url)
    except ValueError as error:
        raise failure(error) from error
    try:
        yield database
    except SQLAlchemyError as error:
        # Not the error itself: it names the address, and may hold rows.
        raise failure(_("the database cannot be used: {why}", why=WHY[why_unusable(error)].text)) from None
    finally:
        database.dispose()


@main.command("catalogue", text=_("Print the catalogue of the rules as markdown: to be read, checked and signed."))
@in_a_language
@option("--guideline", _("by default all"), type=click.Choice([one.id for one in GUIDELINES]), default=None)
@click.pass_obj
def print_catalogue(settings: Settings, guideline: str | None) -> None:
    """Print one of each guideline."""
    from service.catalogue.markdown import catalogue_to_read  # noqa: PLC0415 - for this command alone

    chosen = language()
    for one in GUIDELINES:
        if guideline in (None, one.id):
            click.echo(catalogue_to_read(one, chosen, settings.clinical[one.id]), nl=False)


@main.command(
    "export-ig",
    text=_(
        "Write the rules, value sets and questionnaires as a FHIR R4 package; the rules stay this service's to evaluate."
    ),
)
@option(
    "--out",
    _("folder of the packages, one a guideline"),
    placeholder=_("FOLDER"),
    type=click.Path(path_type=Path),
    required=True,
)
@in_a_language
@click.pass_obj
def export_ig(settings: Settings, out: Path) -> None:
    """Write a package of each guideline."""
    from service.catalogue.fhir_package import export  # noqa: PLC0415 - for this command alone

    for one in GUIDELINES:
        try:
            target, resources = export(one, out, language(), settings.clinical[one.id])
        except (ValueError, OSError) as error:
            raise failure(error) from error
        click.echo(say(_("{number} resources in {folder}", number=resources, folder=str(target))))


@main.command(text=_("List the rules: id, statement, citation."))
@in_a_language
def rules() -> None:
    """Three lines a rule."""
    chosen = language()
    for rule in (rule for guideline in GUIDELINES for rule in guideline.rules):
        click.echo(f"{rule.id}\n    {render(rule.title, chosen)}")
        click.echo(f"    {render(cited(rule.citations), chosen)}")


@main.command(text=_("List the services with their prefetch templates."))
@in_a_language
@click.pass_obj
def services(settings: Settings) -> None:
    """What discovery says of each."""
    chosen = language()
    terminology = _own_terminology(settings)
    for service in published(GUIDELINES, split=settings.split_services, terminology=terminology).values():
        description = service.described(chosen)
        click.echo(f"{service.id}  ({service.hook})\n    {description.description}")
        for key, template in description.prefetch.items():
            click.echo(f"    {key}: {template}")


main.add_command(certify)

if __name__ == "__main__":
    main()
