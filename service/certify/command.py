"""`osteocds certify URL`: what is certified, read from its settings and options; what is said and written of it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from mappings.wording import _
from service.languages.terminal import (
    FHIR_BASE,
    FILE,
    FOLDER,
    NUMBER,
    Argument,
    Command,
    InputFile,
    Whole,
    failure,
    harmless,
    in_a_language,
    language,
    option,
    say,
)

if TYPE_CHECKING:
    from service.certify.check import Check
    from service.certify.site import Site
    from service.certify.tokens import Tokens
    from service.settings import Settings
    from service.world import World

CLIENT = "certify"
"""Of the registry; its issuer is named after it."""

DEFAULT_SAMPLE, MOST_PATIENTS = 10, 100
MOST_BYTES = 100_000
"""Of a file with a token, or with ids."""

JSON_FILE, PAGE_FILE = "certification.json", "certification.html"

ABOUT = _(
    "Certify a running installation with its FHIR servers: what passes, what fails, and what to do. Run it under the settings of "
    "the installation. It reads records of a few patients, and keeps nothing of them but counts and codes."
)


@click.command(cls=Command, text=ABOUT)
@click.argument("url", cls=Argument, placeholder=_("URL"))
@option(
    "--keys",
    _("a folder with the keys of a client; they are made where it is empty"),
    placeholder=FOLDER,
    type=click.Path(path_type=Path, file_okay=False),
)
@option("--fhir-base", _("a FHIR base; by default all that are listed"), placeholder=FHIR_BASE, multiple=True)
@option("--fhir-token", _("a file with a token for the FHIR base"), placeholder=FILE, type=InputFile("rb"))
@option(
    "--patients",
    _("a file with logical ids of patients, one a line; by default patients are looked for"),
    placeholder=FILE,
    type=InputFile("rb"),
)
@option(
    "--sample",
    _("how many patients are looked at"),
    placeholder=NUMBER,
    type=Whole(min=1, max=MOST_PATIENTS),
    default=DEFAULT_SAMPLE,
    show_default=True,
)
@option("--write", _("write synthetic patients, fire an order a chapter, delete them: on a test system"), is_flag=True)
@option(
    "--out",
    _("folder of the report, as JSON that is signed and as a page that prints"),
    placeholder=FOLDER,
    type=click.Path(path_type=Path, file_okay=False),
)
@in_a_language
@click.pass_context
def certify(context: click.Context, /, url: str, out: Path | None, **options: Any) -> None:
    """Certify it, and write the report."""
    from service.certify.certifying import certified
    from service.certify.ending import as_by_hand
    from service.certify.report import Report, lines
    from service.ledger.signing import read_keys

    settings: Settings = context.obj
    chosen = language()
    try:
        signing = read_keys(settings.receipt_key)
    except (ValueError, OSError) as error:
        raise failure(_("no keys of receipts can be read: {error}", error=str(error))) from None
    site = _site(settings, url, Asked(**options))

    def tell(check: Check) -> None:
        for line in lines(check, chosen):
            click.echo(harmless(line))

    began = time.monotonic()
    with as_by_hand():
        checks = certified(site, tell)
    report = Report(site.url, site.now, time.monotonic() - began, site.calls.number, checks, chosen)
    click.echo()
    for line in report.conclusion():
        click.echo(line)
    if out is not None:
        sealed = report.sealed(signing)
        try:
            out.mkdir(parents=True, exist_ok=True)
            (out / JSON_FILE).write_bytes(sealed)
            (out / PAGE_FILE).write_text(report.page(sealed, signing), encoding="utf-8")
        except OSError as error:
            raise failure(_("the report cannot be written: {error}", error=str(error))) from None
        click.echo(say(_("the report: {file}", file=str(out / PAGE_FILE))))
    context.exit(report.exit_code)


def _told(file: BinaryIO | None) -> str:
    """What a file holds; of a longer one so much that it is none."""
    if file is None:
        return ""
    try:
        return file.read(MOST_BYTES).decode("utf-8").strip()
    except UnicodeDecodeError:
        raise failure(_("{file} is no text", file=file.name)) from None


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that say what is certified."""

    keys: Path | None
    fhir_base: tuple[str, ...]
    fhir_token: BinaryIO | None
    patients: BinaryIO | None
    sample: int
    write: bool


def _site(settings: Settings, url: str, asked: Asked) -> Site:
    """What is certified. Raises `ClickException` for what cannot be used."""
    from service.certify.calls import Calls
    from service.certify.site import Site
    from service.gathering.allowlist import Allowlist
    from service.settings import InvalidSetting
    from service.world import World

    address, fhir_token = url.rstrip("/"), _told(asked.fhir_token)
    if not re.fullmatch(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", address):
        raise failure(_("{url} is no address such as https://cds.example.org", url=address))
    if not fhir_token.isascii() or len(fhir_token.split()) > 1:
        raise failure(_("the file of --fhir-token holds no token, or more than one"))

    def clock() -> datetime:
        return datetime.now(settings.timezone)  # noqa: TID251 - the command line is an edge, as the application is

    try:
        world = World.from_settings(settings)
        bases = asked.fhir_base or _listed(settings, world)
        if fhir_token and len(bases) > 1:
            raise failure(_("a token is for one FHIR server: name the one that it is for with --fhir-base"))
        world = replace(world, allowlist=Allowlist(bases))
    except (InvalidSetting, ValueError) as error:
        raise failure(error) from error
    site = Site(
        address,
        settings,
        world,
        Calls(settings.ca_bundle, clock),
        clock(),
        bases,
        fhir_token=fhir_token,
        patients=tuple(dict.fromkeys(_told(asked.patients).split())),
        sample=asked.sample,
        write=asked.write,
    )
    return site if asked.keys is None else replace(site, tokens=_tokens(site, asked.keys, clock))


def _listed(settings: Settings, world: World) -> tuple[str, ...]:
    """The bases of the settings and of the clients, each once."""
    from service.edge.clients import read_clients

    clients = () if settings.clients is None else read_clients(settings.clients, world, settings.language)
    return tuple(
        dict.fromkeys([*settings.fhir_bases, *(base for one in clients for base in one.world.allowlist.bases)])
    )


def _tokens(site: Site, folder: Path, clock: Callable[[], datetime]) -> Tokens:
    """Tokens of the client of a folder of keys, for the service that is asked."""
    from service.certify.tokens import tokens_of

    audience = site.settings.public_url or site.url
    moment = int(clock().timestamp())
    try:
        return tokens_of(folder, CLIENT, public_url=audience, service=site.asked.id, moment=moment, bases=site.bases)
    except (OSError, ValueError) as error:
        told = _("the folder {folder} of keys cannot be used: {error}", folder=str(folder), error=type(error).__name__)
        raise failure(told) from None
