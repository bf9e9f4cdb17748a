"""To serve, and to show it: serve, demo, load-demo-patients."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from pathlib import Path

import click

from mappings.wording import _
from service.commands.from_settings import moment_of
from service.languages.terminal import (
    FHIR_BASE,
    FILE,
    SECONDS,
    Argument,
    Command,
    Number,
    failure,
    in_a_language,
    language,
    option,
    say,
    words_of,
)
from service.settings import Settings


@click.command(cls=Command, text=_("Run the service (uvicorn inside)."))
@in_a_language
@click.pass_obj
def serve(settings: Settings) -> None:
    """Serve until told to stop."""
    from service.edge.server import run

    try:
        run(settings)
    except ValueError as error:
        raise failure(error) from error


@click.command(
    cls=Command,
    text=_("Start a FHIR server with synthetic patients and the service, fire the hooks, print the cards, stop."),
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
    import requests

    from service.demo import run as demonstration

    now, chosen = moment_of(None, settings), language()
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


@click.command(
    "load-demo-patients", cls=Command, text=_("Load the demo's synthetic patients into an empty FHIR server of yours.")
)
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
    import requests

    from service.demo import run as demonstration

    try:
        today = moment_of(None, settings).date()
        loaded = demonstration.load(demonstration.DEMO_PATIENTS, fhir_base, today, wait_seconds=wait)
    except (demonstration.DemoFailed, requests.RequestException) as error:
        not_loaded = _("the patients could not be loaded into {address}: {error}", address=fhir_base)
        raise failure(not_loaded.with_(error=words_of(error))) from error
    click.echo(say(_("{what} in {address}", what=demonstration.of_patients(loaded), address=fhir_base)))
