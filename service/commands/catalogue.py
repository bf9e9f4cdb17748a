"""The rules as documents: catalogue, export-ig."""

from __future__ import annotations

from pathlib import Path

import click

from mappings.wording import _
from service.guidelines import GUIDELINES
from service.languages.terminal import Command, failure, in_a_language, language, option, say
from service.settings import Settings


@click.command(
    "catalogue", cls=Command, text=_("Print the catalogue of the rules as markdown: to be read, checked and signed.")
)
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


@click.command(
    "export-ig",
    cls=Command,
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
