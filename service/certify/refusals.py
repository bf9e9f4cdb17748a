"""Tokens at the running service: a sound one is taken, once; none, and every forged one, is refused."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from mappings.wording import _, _n
from service.certify.attack_names import BY_NAME
from service.certify.calls import Answer
from service.certify.check import Check, failed, not_run, passed, warned
from service.certify.service_answers import NO_KEYS, TIMES, http
from service.certify.site import UNAUTHENTICATED, Site
from service.certify.tokens import REFUSED, STRANGER
from service.edge.authentication import REQUEST_ID

OK, NOT_FOUND = 200, 404
IDS = ("token.none", "token.sound", "token.twice", "token.forged")
MOST_NAMED = 10


def checks(site: Site) -> Iterator[Check]:
    """Those of tokens; whether they are sound decides what the others can tell."""
    unasked = _fired(site, "")
    if unasked.status == NOT_FOUND:
        unknown = _("the running service does not publish {name}: see running.settings", name=site.asked.id)
        yield from (not_run(check, unknown) for check in IDS)
        return
    yield _none(unasked)
    if site.tokens is None:
        yield from (not_run(check, NO_KEYS) for check in IDS[1:])
        return
    sound = _fired(site, site.token())
    if sound.status != OK:
        yield failed("token.sound", http(sound))
        # Who refuses every token refuses forged ones too, which tells nothing.
        yield not_run("token.twice", _("a sound token is not taken"))
        yield not_run("token.forged", _("a sound token is not taken"))
        return
    yield _sound(site, unasked)
    yield _twice(site)
    yield _forged(site)


def _fired(site: Site, bearer: str, *, anew: bool = False, request_id: str = "") -> Answer:
    return site.fire(site.asked, site.about_nobody(), bearer, anew=anew, request_id=request_id)


def _none(answer: Answer) -> Check:
    if answer.status == UNAUTHENTICATED:
        return passed("token.none", _("with HTTP 401"))
    return failed("token.none", http(answer))


def _sound(site: Site, unasked: Answer) -> Check:
    """That ours is taken tells that the client is known, unless that of anybody is."""
    tokens = site.fresh
    assert tokens is not None  # noqa: S101 - for the types alone
    if unasked.status == OK and _fired(site, tokens.token(STRANGER)).status not in REFUSED:
        return not_run("token.sound", _("every token is taken, which tells nothing of this client"))
    return passed("token.sound", _("the client is known"))


def _twice(site: Site) -> Check:
    tokens = site.fresh
    assert tokens is not None  # noqa: S101 - for the types alone
    taken = _times_taken(site, tokens.token(number=str(uuid4())))
    if taken != 1:
        return failed("token.twice", _("it was taken {taken} times of {times}", taken=taken, times=TIMES))
    if _times_taken(site, tokens.token(number=str(uuid4())), request_id=uuid4().hex) != 1:
        return warned("token.twice", _("a client names its requests itself: {header} is passed on", header=REQUEST_ID))
    return passed("token.twice", _("of {times} times once", times=TIMES))


def _times_taken(site: Site, bearer: str, request_id: str = "") -> int:
    fired = (_fired(site, bearer, anew=True, request_id=request_id) for _time in range(TIMES))
    return sum(answer.status not in REFUSED for answer in fired)


def _forged(site: Site) -> Check:
    tokens = site.fresh
    assert tokens is not None  # noqa: S101 - for the types alone
    attacks = {name: bearer for name, make in tokens.attacks().items() if (bearer := make())}  # none is looked at above
    taken = [name for name, bearer in attacks.items() if _fired(site, bearer).status not in REFUSED]
    if taken:
        seen = _(
            "of {number} were taken: {names}",
            number=len(attacks),
            names=tuple(BY_NAME[name] for name in taken[:MOST_NAMED]),
        )
        return failed("token.forged", seen)
    return passed("token.forged", _n("{number} was tried", "{number} were tried", len(attacks)))
