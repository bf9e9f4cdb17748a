"""Misconfigurations of an installation: what plants one, and what must tell of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from click.testing import Result
from support.gateway import Call, Reply
from support.installation import Installation, needs_token

ATTENTION = ("warn", "fail")
Change = Callable[[Installation], None]


@dataclass(frozen=True)
class Planted:
    """A misconfiguration, and all the checks that must tell of it: no other may."""

    plant: Change
    told: dict[str, str]
    says: str = ""
    options: tuple[str, ...] = field(default=())


def environment(**changed: str) -> Change:
    def plant(site: Installation) -> None:
        site.environment |= changed

    return plant


def running(**changed: object) -> Change:
    def plant(site: Installation) -> None:
        site.running |= changed

    return plant


def fhir(before: Callable[[Call], Reply | None]) -> Change:
    """A fault of the FHIR server; who has no token is refused as ever."""

    def plant(site: Installation) -> None:
        site.fhir.before = lambda call: needs_token(call) or before(call)

    return plant


def replaced(old: str, new: str, **only: str) -> Callable[[Call, Reply], Reply]:
    """What a server says, with other words; of one type, or at one address."""

    def after(call: Call, reply: Reply) -> Reply:
        if only.get("type", call.resource_type) == call.resource_type and call.address.startswith(only.get("at", "")):
            reply.body = reply.body.replace(old.encode(), new.encode())
        return reply

    return after


def login_page(at: str) -> Callable[[Call], Reply | None]:
    page = Reply(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")
    return lambda call: page if call.address == at else None


def check_found(planted: Planted, site: Installation) -> None:
    """The checks that must tell of it do, and no other."""
    planted.plant(site)
    result: Result = site.certify(*planted.options)
    assert site.outcomes(*ATTENTION) == planted.told, result.output
    assert result.exit_code == (1 if "fail" in planted.told.values() else 2)
    seen = site.seen(next(iter(planted.told)))
    assert re.search(planted.says, seen), seen
    assert all("todo" in one for one in site.report["checks"] if one["verdict"] in ATTENTION)
