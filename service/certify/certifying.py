"""A whole certification: every check of the table, in order, each with an outcome, whatever happens on the way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from mappings.wording import Text, _
from service.certify import (
    by_service,
    fhir_base,
    local_codes,
    noted_answer,
    refusals,
    searches,
    service_answers,
    synthetic_orders,
)
from service.certify.calls import NoAnswer, Over
from service.certify.check import CHECKS, Check, Verdict, failed, not_run, passed
from service.certify.fhir_base import Sample
from service.certify.site import Site

LOG = logging.getLogger("osteocds")

NO_SERVICE = _("the service does not answer")
NO_BASE = _("no FHIR server is listed")
NO_FHIR = _("the FHIR server does not answer")
NOT_REACHED = _("an earlier check could not be ended")
NO_CLIENT = _("the service takes no call of ours: see token.sound")
DEFECT = _("a defect of ours: report it with the version")

APART = ("running.live", noted_answer.CHECK)
"""Of the running service, and looked at before and after the others."""

Found = Callable[[Check], None]


def certified(site: Site, tell: Found = lambda _check: None) -> list[Check]:
    """The outcome of every check, in the order of the table; `tell` is told each as it is there."""
    found: list[Check] = []

    def note(checks: Iterable[Check]) -> list[Check]:
        noted: list[Check] = []
        for check in checks:
            noted.append(check)
            tell(check)
        found.extend(noted)
        return noted

    living = note(_tried("running.live", lambda: iter([service_answers.lives(site)])))
    lives = living[0].verdict is Verdict.PASS
    if lives:
        note(_tried("running.", lambda: service_answers.checks(site), besides=APART))
        tokens = note(_tried("token.", lambda: refusals.checks(site)))
        answers = any(one.verdict is Verdict.PASS and one.id == "token.sound" for one in tokens) or _is_open(tokens)
        if answers:
            why = _noted(site, note)
        else:
            why = NO_CLIENT
            note([not_run(noted_answer.CHECK, why)])
    else:
        note(_none_of(("running.", "token."), NO_SERVICE, besides=("running.live",)))
        why = NO_SERVICE
    if not site.bases:
        note([failed("fhir.listed", NO_BASE)])
        note(_none_of(("fhir.", "codes.", "orders."), NO_BASE, besides=("fhir.listed",)))
    else:
        note([passed("fhir.listed", _("{number}: {bases}", number=len(site.bases), bases=site.bases))])
        for number, base in enumerate(site.bases):
            _of_a_base(site, base, note, why, write=site.write and number == 0)
    order = list(CHECKS)
    return sorted(found, key=lambda one: order.index(one.id))


def _is_open(tokens: Iterable[Check]) -> bool:
    """Whoever asks is answered, without a token."""
    return any(one.id == "token.none" and one.verdict is Verdict.FAIL for one in tokens)


def _noted(site: Site, note: Callable[[Iterable[Check]], list[Check]]) -> Text | None:
    """Whether answers are noted, and why what the client is answered tells nothing, where it does not."""
    why: Text | None = None

    def noted() -> Iterator[Check]:
        nonlocal why
        check, why = noted_answer.check(site)
        yield check

    note(_tried(noted_answer.CHECK, noted))
    return why


def _of_a_base(
    site: Site, base: str, note: Callable[[Iterable[Check]], list[Check]], why: Text | None, *, write: bool
) -> None:
    """All that is looked at of one FHIR base; synthetic orders are written to the first one alone."""
    first = ("fhir.reachable", "fhir.version", "fhir.transport", "fhir.clock", "fhir.token", "fhir.token-taken")
    reached = note(_tried(first, lambda: fhir_base.answers(site, base), base))
    if reached[0].verdict is not Verdict.PASS:
        note(_none_of(("fhir.", "codes.", "orders."), NO_FHIR, (*first, "fhir.listed"), base))
        return
    sample = Sample(base, ())

    def patients() -> Iterator[Check]:
        nonlocal sample
        check, sample = fhir_base.sample(site, base)
        yield check

    note(_tried("fhir.patients", patients, base))
    note(_tried(("fhir.read", "fhir.own-patient"), lambda: fhir_base.reads(site, sample), base))
    note(_tried(searches.IDS, lambda: searches.checks(site, sample), base))
    note(_tried("fhir.time", lambda: iter([fhir_base.timed(site, sample)]), base))
    if why is None:
        note(_tried(by_service.CHECK, lambda: iter([by_service.check(site, sample)]), base))
    else:
        note([not_run(by_service.CHECK, why, base)])
    note(_tried("codes.", lambda: local_codes.checks(site, sample), base))
    if write and why is None:
        note(_tried("orders.", lambda: synthetic_orders.checks(site, base), base))
    elif write or not site.write:
        note(_none_of(("orders.",), why if write and why is not None else synthetic_orders.WHY_NOT, (), base))


def _tried(
    ids: str | tuple[str, ...], checks: Callable[[], Iterator[Check]], about: str = "", besides: tuple[str, ...] = ()
) -> Iterator[Check]:
    """These checks; each of the table that then has no outcome was not run, and why."""
    wanted = dict.fromkeys(one for one in CHECKS if one.startswith(ids) and one not in besides)
    why = NOT_REACHED
    try:
        for check in checks():
            wanted.pop(check.id, None)
            yield check
    except (Over, NoAnswer) as error:
        why = error.why
    except Exception as error:  # noqa: BLE001 - a report with a hole is worth more than none
        LOG.error("defect of the service: %s in a certification", type(error).__name__)
        why = DEFECT
    yield from (not_run(one, why, about) for one in wanted)


def _none_of(groups: tuple[str, ...], why: Text, besides: tuple[str, ...] = (), about: str = "") -> Iterator[Check]:
    """All of these groups were not run."""
    yield from (not_run(one, why, about) for one in CHECKS if one.startswith(groups) and one not in besides)
