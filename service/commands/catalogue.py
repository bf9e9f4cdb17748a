"""The rules as documents: catalogue, export-ig; and as arithmetic, for another version."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click
import orjson

from mappings.wording import _
from service.guidelines import GUIDELINES
from service.languages.terminal import FILE, Command, InputFile, failure, in_a_language, language, option, say
from service.settings import Settings


@click.command(
    "catalogue", cls=Command, text=_("Print the catalogue of the rules as markdown: to be read, checked and signed.")
)
@in_a_language
@option("--guideline", _("by default all"), type=click.Choice([one.id for one in GUIDELINES]), default=None)
@click.pass_obj
def print_catalogue(settings: Settings, guideline: str | None) -> None:
    """Print one of each guideline."""
    from service.catalogue.markdown import catalogue_to_read

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
    from service.catalogue.fhir_package import export

    for one in GUIDELINES:
        try:
            target, resources = export(one, out, language(), settings.clinical[one.id])
        except (ValueError, OSError) as error:
            raise failure(error) from error
        click.echo(say(_("{number} resources in {folder}", number=resources, folder=str(target))))


@click.command(
    "arithmetic",
    cls=Command,
    text=_(
        "Print as JSON what another version needs for a comparison without an export (diff runs this): the rules, settings "
        "and examples; or what the rules answer of the examples of a question, conditions in SMT-LIB 2."
    ),
)
@option("--of", _("the question (- for standard input)"), placeholder=FILE, type=InputFile("rb"), default=None)
@in_a_language
@click.pass_obj
def arithmetic(settings: Settings, of: BinaryIO | None) -> None:
    """Print one line of JSON."""
    try:
        from service.impact import arithmetic as impact
    except ImportError as error:
        raise failure(_("this needs z3: pip install {extra}", extra="'osteocds[proofs]'")) from error
    if of is None:
        found = impact.told(GUIDELINES, settings.clinical)
    else:
        try:
            found = impact.answers(GUIDELINES, settings.clinical, impact.read_asked(of.read(impact.MOST_BYTES + 1)))
        except impact.NotUnderstood as error:
            raise failure(_("the question cannot be read: it is not of diff of osteocds")) from error
    click.echo(orjson.dumps(found))
