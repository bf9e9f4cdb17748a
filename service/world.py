"""All that a request needs from outside: the network, the code lists, the choices of the site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from mappings.evidence import MOST_OF_A_TYPE
from mappings.facts import FactSettings
from mappings.vocabulary.concepts import Terminology
from service.gathering.allowlist import Allowlist
from service.gathering.fhir_server import new_session
from service.gathering.outbound import NO_TURNS, SEARCHES_AT_ONCE, Outbound, Turns, Watch
from service.gathering.site_codes import site_terminology
from service.guidelines import GUIDELINES
from service.rules.guideline import Guideline, terminology_of
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class World:
    """Passed in from the edge; the pipeline asks nothing of the machine itself.

    `keeps_requests`: the ledger has the request to show its calendar; `calendar_links`: whoever follows a link may see it.
    """

    allowlist: Allowlist
    outbound: Outbound
    terminology: Terminology
    clinical: Mapping[str, FactSettings]
    deadline_seconds: float
    missing_resource_types: frozenset[str] = frozenset()
    selection_behavior: str = "any"
    single_action: bool = False
    max_cards: int = 6
    link_types: frozenset[str] = frozenset({"absolute"})
    card_audience: str = "everyone"
    max_resources: int = MOST_OF_A_TYPE
    keeps_requests: bool = False
    calendar_links: bool = False

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        guidelines: Sequence[Guideline] = GUIDELINES,
        watch: Watch = lambda *_: None,
        turns: Turns = NO_TURNS,
    ) -> World:
        """The world of a process, with `watch` and `turns` of `Outbound`.

        Raises `ValueError` for a base that is no URL or a ConceptMap that cannot be used.
        """
        connect = partial(new_session, settings.ca_bundle, connections=SEARCHES_AT_ONCE * settings.threads)
        return cls(
            allowlist=Allowlist(settings.fhir_bases),
            outbound=Outbound(connect, settings.threads, watch, turns),
            terminology=site_terminology(terminology_of(guidelines), settings.concept_maps),
            clinical=settings.clinical,
            deadline_seconds=settings.deadline_seconds,
            missing_resource_types=settings.missing_resource_types,
            selection_behavior=settings.selection_behavior,
            single_action=settings.single_action,
            max_cards=settings.max_cards,
            max_resources=settings.max_resources,
            keeps_requests="requests" in settings.ledger_keeps,
        )

    def of_anybody(self) -> World:
        """That of a request without a token: whoever follows a link of its cards needs none either."""
        return replace(self, calendar_links=True)
