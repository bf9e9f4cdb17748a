"""The running service: that it lives, can write and remember, and says what these settings say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from cds_hooks import DiscoverySchema
from mappings.wording import Text, _, verbatim
from service.certify.calls import Answer, NoAnswer
from service.certify.check import Check, failed, not_run, passed, warned
from service.certify.site import UNAUTHENTICATED, Site, is_safe
from service.edge.authentication import LEEWAY_SECONDS
from service.edge.callers import DATABASE_UNUSABLE, TOKENS_UNTAKEN, UNCHECKED
from service.edge.told_settings import FINGERPRINTS, read_told, told_settings
from service.languages.render import Language
from service.ledger.signing import read_keys
from service.rules.guideline import EXTENSION, versions

OK, NOT_FOUND = 200, 404
CUT_OFF = frozenset({408, 413, 502, 504})
"""HTTP statuses of a body that did not come through."""

WARN_SECONDS = 5.0
"""Apart from each other two clocks are looked at; from `LEEWAY_SECONDS` on tokens are refused for it."""

ROOM = 2000
"""Bytes of a longest body that are left for the head."""

TIMES = 6
"""How often the same is asked, each time over a connection of its own: a balancer then gives it to several replicas."""

NO_KEYS = _("no keys of a client were named (--keys)")
HTTP = _("it answered with HTTP {status}")


def http(answer: Answer) -> Text:
    """That the answer has another status than it should."""
    return HTTP.with_(status=str(answer.status))


def _needs_keys(site: Site, answer: Answer) -> bool:
    """Pages are for clients alone here (OSTEOCDS_OPEN_PAGES), and no client is known who could ask."""
    return answer.status == UNAUTHENTICATED and site.tokens is None


def lives(site: Site) -> Check:
    """Whether anything of the service can be looked at."""
    try:
        answer = site.get("/health/live")
    except NoAnswer as error:
        return failed("running.live", error.why)
    if answer.status != OK or not isinstance(answer.json, dict) or answer.json.get("status") != "live":
        return failed("running.live", http(answer) if answer.status != OK else _("something else answers there"))
    return passed("running.live", _("in {number} ms", number=round(answer.seconds * 1000)))


def checks(site: Site) -> Iterator[Check]:
    """Of a service that lives."""
    yield _transport(site)
    yield from _readiness(site)
    yield from _discovery(site)
    yield _language(site)
    yield clock(site.get("/health/live"), "running.clock")
    yield _public_url(site)
    yield _body_size(site)
    yield _try_page(site)
    yield _receipts(site)


def _transport(site: Site) -> Check:
    if is_safe(site.url):
        return passed("running.transport", _("https, or this machine alone"))
    return failed("running.transport", _("http: tokens and records cross the network in the clear"))


def _readiness(site: Site) -> Iterator[Check]:
    """The service looks at its database first, and at where tokens are remembered then."""
    answer = site.get("/health/ready")
    if answer.status == OK:
        yield passed("running.database", _("the service says that it can be written"))
        if isinstance(answer.json, dict) and answer.json.get("note") == UNCHECKED:
            yield warned("running.replay-store", _("Redis cannot be used, and tokens are taken unchecked"))
        else:
            yield passed("running.replay-store", _("the service says that it can be used"))
        return
    said = _diagnostics(answer)
    if said.startswith(TOKENS_UNTAKEN):
        yield passed("running.database", _("the service says that it can be written"))
        yield failed("running.replay-store", _("Redis cannot be used, so that no token is taken"))
        return
    ours = said.startswith(DATABASE_UNUSABLE)
    yield failed("running.database", _("the service says: {said}", said=verbatim(said)) if ours else http(answer))
    yield not_run("running.replay-store", _("the service is not ready for another reason"))


def _diagnostics(answer: Answer) -> str:
    """What an OperationOutcome says first."""
    told = answer.json
    issues = told.get("issue") if isinstance(told, dict) else None
    first = issues[0] if isinstance(issues, list) and issues else None
    return str(first.get("diagnostics", "")) if isinstance(first, dict) else ""


# --- discovery --------------------------------------------------------------------------------------------------------


def _discovery(site: Site) -> Iterator[Check]:
    answer = site.page("/cds-services", language="en")
    if _needs_keys(site, answer):
        yield from (not_run(check, NO_KEYS) for check in ("running.discovery", *OF_DISCOVERY))
        return
    told = answer.json
    wrong = None
    if answer.status != OK:
        wrong = http(answer)
    elif not isinstance(told, dict) or DiscoverySchema().validate(told) or not told.get("services"):
        wrong = _("the answer is not what CDS Hooks has discovery say, or lists no service")
    if wrong is not None:
        yield failed("running.discovery", wrong)
        yield from (not_run(check, _("discovery did not pass")) for check in OF_DISCOVERY)
        return
    listed = {one["id"]: one for one in told["services"]}
    yield passed("running.discovery", _("services: {names}", names=", ".join(listed)))
    yield _replicas(site)
    yield from _agreement(site, listed, read_told(told))


OF_DISCOVERY = ("running.replicas", "running.version", "running.settings")


def _replicas(site: Site) -> Check:
    """Whichever replica is asked, what it publishes and by which keys it signs is the same."""
    for path in ("/cds-services", "/jwks.json"):
        answers = Counter(site.page(path, language="en", anew=True).body for _time in range(TIMES))
        if len(answers) > 1:
            apart = TIMES - max(answers.values())
            seen = _("of {times} answers at {path} {number} are others", times=TIMES, path=path, number=apart)
            return failed("running.replicas", seen)
    return passed("running.replicas", _("{times} times the same", times=TIMES))


def _agreement(site: Site, listed: Mapping[str, Mapping[str, Any]], in_force: Mapping[str, Any]) -> Iterator[Check]:
    """Whether what is published is what our version publishes under our settings."""
    own = {one.id: one for one in site.services.values()}
    theirs = [one.get("extension", {}).get(EXTENSION, {}).get("version") for one in listed.values()]
    wanted = [dict(versions(own[name].guideline)) if name in own else theirs[at] for at, name in enumerate(listed)]
    if theirs != wanted:
        said = sorted({f"{name} {number}" for one in theirs for name, number in (one or {}).items()})
        yield warned("running.version", _("it runs {versions}", versions=", ".join(said) or "?"))
        yield not_run("running.settings", _("the versions differ"))
        return
    yield passed("running.version", _("it is the same"))
    if listed.keys() != own.keys():
        yield failed("running.settings", _("it publishes other services: {names}", names=", ".join(sorted(listed))))
        return
    differ = [
        f"{name}.{key}"
        for name, one in listed.items()
        for key, template in own[name].description.prefetch.items()
        if one.get("prefetch", {}).get(key) != template
    ]
    here = told_settings(site.settings)
    others = [
        _of_a_setting(name, in_force.get(name), here.get(name))
        for name in (*here, *(one for one in in_force if one not in here and one.isupper()))
        if in_force.get(name) != here.get(name)
    ]
    if differ:
        yield failed("running.settings", _("other codes are asked for: {keys}", keys=", ".join(differ[:MOST_NAMED])))
    elif others:
        yield failed("running.settings", _("{others}", others=tuple(others)))
    else:
        yield passed("running.settings", _("services, prefetch templates and what decides of cards are the same"))


MOST_NAMED = 5


def _of_a_setting(name: str, there: Any, here: Any) -> Text:
    """What the running service says of it, and what the settings here say; of files only that they differ."""
    if name in FINGERPRINTS:
        return _("{name}: another file there than here", name=name)
    told = {"there": verbatim(_plain(there)), "here": verbatim(_plain(here))}
    return _("{name}: {there} there, {here} here", name=name, **told)


def _plain(value: Any) -> str:
    return orjson.dumps(value).decode()[:LONGEST_VALUE]


LONGEST_VALUE = 100
"""Signs of a value of a setting that are told."""


# --- language, clock, addresses ---------------------------------------------------------------------------------------


def _language(site: Site) -> Check:
    """By default the site's; asked for one after the other, each: what keeps answers must tell them apart."""
    first = site.page("/cds-services")
    if _needs_keys(site, first):
        return not_run("running.language", NO_KEYS)
    usual = first.headers.get("Content-Language", "")
    if usual != site.settings.language.value:
        return failed("running.language", _("by default it is «{language}»", language=usual or "?"))
    for asked in (*Language, next(iter(Language))):
        got = site.page("/cds-services", language=asked.value).headers.get("Content-Language", "")
        if got != asked.value:
            wrong = _("asked for «{asked}», it answers in «{language}»", asked=asked.value, language=got or "?")
            return failed("running.language", wrong)
    return passed("running.language", _("by default «{language}»; each that is asked for", language=usual))


def clock(answer: Answer, check: str, about: str = "") -> Check:
    """How far the clock of whoever answered is from this machine's."""
    skew = answer.skew
    if skew is None:
        return not_run(check, _("the answer does not tell the time"), about)
    apart = max(0.0, abs(skew) - 1)  # Date has whole seconds
    seen = _("{seconds} s apart", seconds=round(apart))
    if apart >= LEEWAY_SECONDS:
        return failed(check, seen, about)
    return warned(check, seen, about) if apart > WARN_SECONDS else passed(check, seen, about)


def _public_url(site: Site) -> Check:
    shown = site.settings.public_url
    if not shown:
        return warned("running.public-url", _("it is not set: cards come without links"))
    if not is_safe(shown):
        return failed("running.public-url", _("it is http"))
    try:
        answer = site.calls.ask("GET", f"{shown}/health/live")
    except NoAnswer as error:
        return warned("running.public-url", _("from here: {why}", why=error.why))
    if answer.status != OK or answer.json != {"status": "live"}:
        return warned("running.public-url", _("from here: {why}", why=_("something else answers there")))
    return passed("running.public-url", _("the service answers there"))


def _body_size(site: Site) -> Check:
    """A body that is nearly as long as one may be: refused for what it says, not for its length."""
    size = site.settings.max_request_bytes - ROOM
    body = b'{"hook": "' + b"x" * max(0, size) + b'"}'
    try:
        answer = site.post(site.asked.id, body, site.token())
    except NoAnswer as error:
        return failed("running.body-size", _("a body of {size} kB: {why}", size=size // 1000, why=error.why))
    if answer.status in CUT_OFF:
        return failed("running.body-size", _("a body of {size} kB: {why}", size=size // 1000, why=http(answer)))
    return passed("running.body-size", _("a body of {size} kB comes through", size=size // 1000))


def _try_page(site: Site) -> Check:
    answer = site.page("/try")
    if answer.status == NOT_FOUND:
        return passed("running.try-page", _("it is not there"))
    return failed("running.try-page", http(answer))


def _receipts(site: Site) -> Check:
    answer = site.page("/jwks.json")
    if _needs_keys(site, answer):
        return not_run("running.receipts", NO_KEYS)
    keys = answer.json.get("keys") if isinstance(answer.json, dict) else None
    if answer.status != OK or not isinstance(keys, list):
        return failed("running.receipts", http(answer))
    if not keys:
        return warned("running.receipts", _("the service has no key: receipts are not signed"))
    own = [one["kid"] for one in orjson.loads(orjson.dumps(read_keys(site.settings.receipt_key).public))["keys"]]
    there = [one.get("kid") for one in keys if isinstance(one, dict)]
    if not own:
        return warned("running.receipts", _("OSTEOCDS_RECEIPT_KEY is not set here: the report is not signed"))
    if own[0] not in there:
        return failed("running.receipts", _("the service signs by another key"))
    return passed("running.receipts", _("by the key {kid}", kid=own[0]))
