"""The command `osteocds`: what its commands are, and what all of them read first."""

from __future__ import annotations

import os

import click

from mappings.wording import _
from service.certify.command import certify
from service.commands.catalogue import arithmetic, export_ig, print_catalogue
from service.commands.checking import check, coverage, rules, services
from service.commands.ledger import migrate, purge, report
from service.commands.population import diff, screen, synthesize, worklist
from service.commands.receipts import receipt, replay
from service.commands.serving import demo, load_demo_patients, serve
from service.guidelines import GUIDELINES
from service.languages.terminal import Group, Option, failure, in_a_language
from service.settings import InvalidSetting, read_settings

ABOUT = _(
    "CDS Hooks service (decision support, not a validated medical device). {about}.",
    about=tuple(guideline.about for guideline in GUIDELINES),
)


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


COMMANDS = (
    *(serve, demo, load_demo_patients, check, coverage, certify, rules, services, print_catalogue, export_ig),
    *(screen, synthesize, worklist, diff, arithmetic),
    *(migrate, purge, report, receipt, replay),
)
for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
