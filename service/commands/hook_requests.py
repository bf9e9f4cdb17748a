"""A hook request of a file: its JSON, the service that answers it, what is wrong with it."""

from __future__ import annotations

import re
from typing import Any

import click
import orjson

from cds_hooks import Ambiguous, ProtocolError, read_json
from mappings.wording import Text, _
from service.guidelines import GUIDELINES
from service.languages.terminal import failure, say
from service.services import Service, published
from service.settings import Settings
from service.world import World


def json_of(told: bytes) -> Any:
    """What a file holds. Raises `ClickException` where that is no JSON, or may be read in two ways."""
    try:
        return read_json(told)
    except Ambiguous:
        raise failure(_("a member of an object in the file stands twice")) from None
    except orjson.JSONDecodeError as error:
        raise failure(_("the file is not JSON (position {position})", position=error.pos)) from error


def service_of(settings: Settings, world: World, body: object, service_id: str | None) -> Service:
    """The service of this id, or the one of the hook that the request names. Raises `ClickException` where there is none."""
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


def refused(error: ProtocolError) -> click.ClickException:
    """What is wrong with a request, as the command says it."""
    problems = "\n".join(f"  {say(_problem(where, what))}" for where, what in error.problems.items())
    return click.ClickException(f"HTTP {error.status}\n{problems}")


PROBLEMS = (
    _("the body must be a JSON object: a CDS Hooks request"),
    _("this service answers {hook}; see GET /cds-services for the others"),
    _("names no patient: the logical id of one is needed"),
    _("must not be blank"),
    _("must be a bearer token: visible ASCII"),
    _("required for this hook: a Bundle of the draft orders"),
    _("must be a Bundle, with each order as the resource of an entry"),
    _("its entry must be an array"),
    _("it has no entry, and holds something else: each order is the resource of an entry"),
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
