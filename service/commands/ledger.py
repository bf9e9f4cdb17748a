"""The ledger: migrate, purge, report."""

from __future__ import annotations

from datetime import timedelta

import click

from mappings.wording import _
from service.commands.from_settings import database_of, moment_of
from service.guidelines import GUIDELINES
from service.languages.terminal import (
    NUMBER,
    TIME,
    Command,
    Group,
    Whole,
    failure,
    harmless,
    in_a_language,
    language,
    option,
    say,
)
from service.settings import Settings


@click.command(cls=Command, text=_("Bring the tables of the database to what this version needs."))
@in_a_language
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Migrate it, once."""
    with database_of(settings) as database:
        database.migrate()
    click.echo(say(_("the database is up to date")))


@click.command(cls=Command, text=_("Delete what the ledger holds of longer ago than the site keeps it."))
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
    from service.ledger.retention import purge as delete

    kept = settings.retention if days is None else timedelta(days=days)
    if kept is None:
        raise failure(_("OSTEOCDS_RETENTION_DAYS is not set, and there is no --days: nothing is too old"))
    with database_of(settings) as database:
        purged = delete(database, moment_of(None, settings) - kept)
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


@click.group(cls=Group, text=_("Tell what the ledger holds."))
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
    from service.ledger import overrides as rates

    with database_of(settings) as database:
        found = rates.overrides(
            database,
            since=None if since is None else moment_of(since, settings, "--since"),
            until=None if until is None else moment_of(until, settings, "--until"),
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
    from service.ledger.shadow import shadow_report
    from service.ledger.shadow_words import as_csv, as_text

    with database_of(settings) as database:
        found = shadow_report(
            database,
            settings.timezone,
            since=None if since is None else moment_of(since, settings, "--since"),
            until=None if until is None else moment_of(until, settings, "--until"),
            client=client,
        )
    folders = {guideline.id: guideline.folder for guideline in GUIDELINES}
    lines = [as_csv(found)] if csv else [harmless(line) + "\n" for line in as_text(found, folders, language())]
    click.echo("".join(lines), nl=False)
