"""What was answered, and whether it still is: receipt, replay."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from cds_hooks import ProtocolError
from mappings.wording import _
from service.commands.from_settings import database_of, moment_of, world_of
from service.commands.hook_requests import json_of, refused, service_of
from service.guidelines import GUIDELINES
from service.languages.terminal import (
    FILE,
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
from service.settings import InvalidSetting, Settings

if TYPE_CHECKING:
    from service.ledger.recomputing import Circumstances
    from service.ledger.signing import Keys


@click.command(
    cls=Command,
    text=_(
        "Print the receipt of what was answered to a hookInstance: what was asked, what each rule made of it, and by which "
        "versions. With --verify, tell whether a receipt is as it was signed."
    ),
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
    from service.ledger.receipt_words import printed
    from service.ledger.receipts import receipt_of

    if (hook_instance is None) == (verify is None):
        raise failure(_("name a hookInstance, or a file with --verify"))
    if verify is not None:
        _verify(_read(verify), _keys(settings, keys))
        click.echo(say(_("as it was signed: not a byte is another")))
        return
    own = _keys(settings, None)
    now = moment_of(None, settings)
    with database_of(settings) as database:
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
    from service.ledger.signing import MOST_RECEIPT_BYTES

    return file.read(MOST_RECEIPT_BYTES + 1)


def _keys(settings: Settings, told: BinaryIO | None) -> Keys:
    """The keys of a JWKS, else those of the settings."""
    from service.ledger.signing import public_keys, read_keys

    try:
        if told is not None:
            return public_keys(_read(told))
        return read_keys(settings.receipt_key)
    except (ValueError, OSError) as error:
        raise failure(_("no keys of receipts can be read: {error}", error=str(error))) from None


def _verify(told: bytes, keys: Keys) -> None:
    """Raises `ClickException` unless it is a receipt as one of the keys signed it."""
    from service.ledger.signing import NoReceipt, Seal

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


@click.command(
    cls=Command,
    text=_(
        "Compute an answer anew from its request, at the clock and by the choices of its receipt, and tell whether it is "
        "identical, or what differs. Without a REQUEST, from the one that the ledger keeps. No FHIR server is asked."
    ),
)
@click.argument(
    "request_file", type=InputFile("rb"), cls=Argument, placeholder=_("REQUEST.json"), required=False, default=None
)
@option("--receipt", _("the receipt: a hookInstance, or a file"), placeholder=_("HOOK_INSTANCE-OR-FILE"), required=True)
@option("--answer", _("which answer of the receipt; by default all of this request"), type=Whole(min=1), default=None)
@option(
    "--calendar",
    _("draw the calendar of the request into this file, a page, as of the first of these answers"),
    placeholder=FILE,
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
)
@in_a_language
@click.pass_obj
@click.pass_context
def replay(
    context: click.Context,
    settings: Settings,
    request_file: BinaryIO | None,
    receipt: str,
    answer: int | None,
    calendar: Path | None,
) -> None:
    """Compute it, and compare."""
    from service.ledger.receipt_words import printed_comparison
    from service.ledger.recomputing import recomputed

    told = None if request_file is None else request_file.read()
    differs = False
    answers = _answers_and_requests(settings, receipt, told, answer)
    if calendar is not None:
        _draw(settings, *answers[0], calendar)
    for one, body in answers:
        try:
            anew = recomputed(body, one, _circumstances(settings, one))
        except ProtocolError as error:
            raise refused(error) from error
        for line in printed_comparison(one, anew, language()):
            click.echo(harmless(line))
        differs = differs or not anew.identical
    context.exit(1 if differs else 0)


def _draw(settings: Settings, answer: Mapping[str, Any], body: Any, file: Path) -> None:
    """The calendar of the request of an answer, as of then, into a file. Raises `ClickException` for another request."""
    from service.edge.calendar_file import calendar_file
    from service.edge.calendar_page import calendar_shown
    from service.ledger.fingerprints import of_request, without_token
    from service.ledger.recomputing import clock_of

    if of_request(body, without_token(body)) != answer["fingerprints"]["request"]:
        raise failure(_("the receipt is of another request than this one: no calendar is drawn of it"))
    by = _circumstances(settings, answer)
    alone = {name: value for name, value in body.items() if name != "fhirServer"}
    try:
        shown = calendar_shown(alone, by.service, by.world, now=clock_of(answer, by.timezone), language=language())
    except ProtocolError as error:
        raise refused(error) from error
    page = calendar_file(shown, alone["hookInstance"], answer.get("publicUrl", ""), language())
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise failure(_("{file} cannot be written: {error}", file=str(file), error=str(error.strerror))) from None


def _answers_and_requests(
    settings: Settings, named: str, told: bytes | None, answer: int | None
) -> list[tuple[dict[str, Any], Any]]:
    """The answers that are to be computed anew, each with its request."""
    from service.ledger.fingerprints import of_request, without_token

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
        return [(one, json_of(kept[one["number"]])) for one in answers]
    body = json_of(told)
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
    from service.ledger.recomputing import answers_in
    from service.ledger.signing import NoReceipt, receipt_in

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
    from service.ledger.receipts import page_of, receipt_of, request_of

    with database_of(settings) as database:
        page = page_of(answer or 1)
        found = receipt_of(database, hook_instance, issued=moment_of(None, settings), page=page)
        if found is None:
            raise failure(NO_ANSWER)
        numbers = [one["number"] for one in found["answers"] if with_requests]
        kept = {number: request_of(database, hook_instance, number) for number in numbers}
    return found["answers"], {number: body for number, body in kept.items() if body is not None}


def _circumstances(settings: Settings, answer: Mapping[str, Any]) -> Circumstances:
    """By what an answer is computed today: its service, and the choices of its client."""
    from service.edge.clients import read_clients
    from service.ledger.recomputing import Circumstances

    world, messaging_client = world_of(settings).of_anybody(), ""
    if name := answer.get("client"):
        try:
            clients = () if settings.clients is None else read_clients(settings.clients, world, settings.language)
        except InvalidSetting as error:
            raise failure(error) from error
        client = next((one for one in clients if one.name == name), None)
        if client is None:
            raise failure(_("the client {client} is not in the registry that OSTEOCDS_CLIENTS names", client=name))
        world, messaging_client = client.world, "" if client.messaging is None else name
    service = service_of(settings, world, None, answer["service"])
    return Circumstances(service, world, str(settings.timezone), settings.concept_maps, messaging_client)
