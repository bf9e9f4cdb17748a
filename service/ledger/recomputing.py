"""An answer computed anew from its request, at the clock and by the choices of its receipt: identical, or what differs.

No FHIR server is asked: what one said then stands in no request. An answer that rested on one is told so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any, NoReturn, TypeAlias
from zoneinfo import ZoneInfo

from service.cards.score_links import Pages
from service.cards.written import for_audience
from service.gathering.allowlist import Base
from service.gathering.outbound import Bulkhead, Outbound
from service.languages.render import Language
from service.ledger import fingerprints
from service.ledger.answered import Answered, Rows, rows_of
from service.ledger.receipts import PRINTS_OF_A_RECEIPT, rule_of
from service.ledger.signing import NoReceipt
from service.pipeline import advise
from service.services import Service
from service.world import World

ToldAnswer: TypeAlias = Mapping[str, Any]
"""One answer, as a receipt tells it (`service.ledger.receipts`)."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an answer is computed by today: the service, the world of the client, and what names it in links."""

    service: Service
    world: World
    timezone: str
    concept_maps: tuple[Path, ...] = ()
    messaging_client: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What one thing was then and is now; `of` says of which, and empty is none at all."""

    of: str
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What differs between a receipt and the answer computed anew: nothing, where it is identical.

    `by` are fingerprints and versions of what an answer is made by and of, in the order in which they explain the others; `rules`
    are outcomes, and `cards` cards by their places from 1. `fhir_calls` are those that the answer rested on.
    """

    by: tuple[Difference, ...]
    rules: tuple[Difference, ...]
    cards: tuple[Difference, ...]
    fhir_calls: int = 0

    @property
    def identical(self) -> bool:
        """Nothing differs."""
        return not (self.by or self.rules or self.cards)


def answers_in(receipt: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The answers of a receipt that somebody else may have written, each with what is compared. Raises `NoReceipt`."""
    try:
        answers: list[dict[str, Any]] = list(receipt["answers"])
        for one in answers:
            datetime.fromisoformat(one["asOf"])
            Language(one["language"])
            told = [one["number"] > 0, *(one["versions"][name] for name in ("osteocds", "rules"))]
            told += [one["service"].strip(), *(one["fingerprints"][name] for name in PRINTS_OF_A_RECEIPT)]
            told += [(card["topic"], card["fingerprint"]) for card in one["cards"]]
            told += [(_asked(rule), _outcome(rule)) for rule in one["rules"]]
            if not all(told):
                raise NoReceipt
    except (AttributeError, KeyError, TypeError, ValueError):
        raise NoReceipt from None
    return answers


def recomputed(body: Any, answer: ToldAnswer, circumstances: Circumstances) -> Recomputed:
    """Compute an answer anew. Raises `cds_hooks.ProtocolError` for a request that is refused today."""
    rows = _rows(body, answer, circumstances)
    told = rows.answer
    prints = answer["fingerprints"]
    by = [
        *_differ("version of OsteoCDS", answer["versions"]["osteocds"], told["service_version"]),
        *_differ("version of the rules", answer["versions"]["rules"], told["rules_version"]),
        *_differ("rules", prints["rules"], told["rules_fingerprint"]),
        *_differ("value sets", prints["valueSets"], told["value_sets_fingerprint"]),
        *_differ("settings", prints["settings"], told["settings_fingerprint"]),
        *_differ("request", prints["request"], told["request_fingerprint"]),
    ]
    return Recomputed(
        by=tuple(by),
        rules=tuple(_rules(answer, rows)),
        cards=tuple(_cards(answer, rows)),
        fhir_calls=answer.get("fhirCalls", 0),
    )


def clock_of(answer: ToldAnswer, timezone: str) -> datetime:
    """The clock of an answer, in the site's time zone."""
    return datetime.fromisoformat(answer["asOf"]).astimezone(ZoneInfo(timezone))


def _rows(body: Any, answer: ToldAnswer, circumstances: Circumstances) -> Rows:
    """What the ledger would hold of the answer computed anew."""
    service = circumstances.service
    world = replace(circumstances.world, keeps_requests=answer.get("requestKept", False))
    guideline = service.guideline
    language = Language(answer["language"])
    as_of = clock_of(answer, circumstances.timezone)
    public_url = answer.get("publicUrl", "")
    pages = Pages(public_url if "absolute" in world.link_types else "", circumstances.messaging_client)
    advised = advise(
        body,
        service,
        replace(world, outbound=NobodyAsked()),
        now=as_of,
        language=language,
        pages=pages,
    )
    request = fingerprints.without_token(body)
    settings = fingerprints.of_settings(world, guideline, circumstances.timezone, circumstances.messaging_client)
    answered = Answered(
        service=service,
        client=answer.get("client", ""),
        hook_instance=advised.request.hook_instance,
        patient_id=advised.request.patient_id,
        language=language,
        as_of=as_of,
        took_seconds=0.0,
        public_url=public_url,
        outcomes=advised.outcomes,
        cards=for_audience(advised.response.cards, world.card_audience),
        settings=world.clinical[guideline.id],
        fingerprints=fingerprints.of_answer(body, request, guideline, circumstances.concept_maps, settings),
    )
    return rows_of(answered, None)


class NobodyAsked(Outbound):
    """Of which no FHIR base has anything."""

    def __init__(self) -> None:
        super().__init__(_no_session, 1)

    def bulkhead(self, base: Base) -> Bulkhead | None:  # noqa: ARG002 - as in Outbound
        """None, whatever the base."""
        return None


def _no_session() -> NoReturn:
    raise RuntimeError("nothing outside is asked while an answer is computed anew")


# --- what differs -----------------------------------------------------------------------------------------------------


def _differ(of: str, then: str, now: str) -> Iterator[Difference]:
    if then != now:
        yield Difference(of, then, now)


def _rules(answer: ToldAnswer, rows: Rows) -> Iterator[Difference]:
    """The rules whose outcome is another, each about an order or the patient; those left out of the receipt cannot be told."""
    then = {_asked(one): _outcome(one) for one in answer["rules"]}
    now = {_asked(one): _outcome(one) for one in map(rule_of, rows.outcomes)}
    all_told = "rules" not in answer.get("leftOut", {})
    for asked in dict.fromkeys((*then, *now)):
        if all_told or asked in then:
            yield from _differ(asked, then.get(asked, ""), now.get(asked, ""))


def _asked(one: Mapping[str, Any]) -> str:
    return f"{one['rule']} [{one['orderIndex'] + 1}]" if "orderIndex" in one else str(one["rule"])


def _outcome(one: Mapping[str, Any]) -> str:
    """An outcome on one line, in the words of the ledger."""
    missing = [f"{fact['fact']}: {', '.join(fact['why'])}" for fact in one.get("missing", ())]
    because = [one[name] for name in ("indicator", "condition", "error") if name in one]
    return " — ".join([one["outcome"], "; ".join([*because, *missing])]).removesuffix(" — ")


def _cards(answer: ToldAnswer, rows: Rows) -> Iterator[Difference]:
    found = False
    for place, (then, now) in enumerate(zip_longest(answer["cards"], rows.cards), 1):
        if then is None or now is None or then["fingerprint"] != now["fingerprint"]:
            found = True
            yield Difference(str(place), "" if then is None else then["topic"], "" if now is None else now["topic"])
    if not found:
        yield from _differ("", answer["fingerprints"]["cards"], rows.answer["cards_fingerprint"])
