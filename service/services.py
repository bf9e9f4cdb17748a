"""The CDS services that are published: one a hook, or one a topic and hook where a site wants them apart."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from cds_hooks import ServiceDescription
from mappings.queries import Query, queries_for
from mappings.vocabulary.concepts import Terminology
from service.rules import CHAPTERS, all_rules, rules_of
from service.rules.rule import Rule

PATIENT_VIEW = "patient-view"
ORDER_HOOKS = ("order-select", "order-sign")
HOOKS = (*ORDER_HOOKS, PATIENT_VIEW)

TOPIC = "bone-metastases"
"""The one topic under which all rules are published by default."""

USAGE = (
    "FHIR R4. Decision support for professionals, not a validated medical device. Every prefetch key may be left out when "
    "fhirServer is given and on the service's allowlist; a key that cannot be read is said on a card, never taken for a "
    "missing result."
)


@dataclass(frozen=True, slots=True)
class Service:
    """One published service: a hook and the rules that it asks."""

    id: str
    hook: str
    title: str
    rules: tuple[Rule, ...]
    queries: tuple[Query, ...]

    @property
    def patient_view(self) -> bool:
        """The hook has no orders."""
        return self.hook == PATIENT_VIEW

    @property
    def description(self) -> ServiceDescription:
        """What discovery says of it: the prefetch templates are those of the facts that its rules declare."""
        return ServiceDescription(
            id=self.id,
            hook=self.hook,
            title=self.title,
            description="Bone metastases of lung cancer: the Auvergne-Rhône-Alpes referential 2023 applied to "
            + ("the patient" if self.patient_view else "the draft orders")
            + f" ({len(self.rules)} rules).",
            prefetch={query.key: query.template for query in self.queries},
            usage_requirements=USAGE,
        )


def published(*, split: bool, terminology: Terminology) -> dict[str, Service]:
    """The services by id; `split` publishes one a topic and hook instead of one a hook.

    The prefetch templates ask for the codes of our lists and of the site's.
    """
    topics = {_topic(module): rules_of(module) for module in CHAPTERS} if split else {TOPIC: all_rules()}
    services: dict[str, Service] = {}
    for topic, rules in topics.items():
        for hook in HOOKS:
            asked = tuple(rule for rule in rules if (rule.patient_view if hook == PATIENT_VIEW else rule.trigger))
            if asked:
                name = f"{topic}-{hook}"
                needs = frozenset().union(*(rule.needs for rule in asked))
                queries = queries_for(needs, terminology)
                services[name] = Service(name, hook, f"{_title(topic)} ({hook})", asked, queries)
    return services


def _topic(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2].replace("_", "-")


def _title(topic: str) -> str:
    return topic.replace("-", " ").capitalize()
