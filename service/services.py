"""The CDS services that are published: one per hook, or one per topic and hook where a site wants them apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cds_hooks import ServiceDescription
from mappings.queries import Query, Reads, queries_for
from mappings.vocabulary.concepts import Terminology
from service.languages.render import Language, render
from service.rules.guideline import Guideline
from service.rules.rule import Hook, Rule

USAGE = (
    "FHIR R4. Decision support for professionals, not a validated medical device. Every prefetch key may be left out when "
    "fhirServer is given and on the service's allowlist; a key that cannot be read is said on a card, never taken for a "
    "missing result."
)


@dataclass(frozen=True, slots=True)
class Service:
    """One published service: a hook, and the rules of a guideline that it asks."""

    id: str
    hook: Hook
    title: str
    guideline: Guideline
    rules: tuple[Rule, ...]
    queries: tuple[Query, ...]

    @property
    def description(self) -> ServiceDescription:
        """What discovery says of it: the prefetch templates are those of the facts that its rules declare."""
        about = render(self.guideline.about, Language.ENGLISH)
        applied_to = "the patient" if self.hook is Hook.PATIENT_VIEW else "the draft orders"
        return ServiceDescription(
            id=self.id,
            hook=self.hook.value,
            title=self.title,
            description=f"{about} applied to {applied_to} ({len(self.rules)} rules).",
            prefetch={query.key: query.template for query in self.queries},
            usage_requirements=USAGE,
        )


def published(guidelines: Sequence[Guideline], *, split: bool, terminology: Terminology) -> dict[str, Service]:
    """The services by id; `split` publishes one per topic and hook instead of one per hook.

    The prefetch templates ask for the codes of our lists and of the site's. Raises `ValueError` for two services of one id.
    """
    services: dict[str, Service] = {}
    for guideline in guidelines:
        for topic, rules in _topics(guideline, split=split):
            for hook in Hook:
                asked = tuple(rule for rule in rules if hook in rule.hooks)
                if asked:
                    name = f"{topic}-{hook.value}"
                    if name in services:
                        raise ValueError(f"two services are called {name}")
                    reads = frozenset().union(_of_unidentified(guideline, hook), *(rule.reads for rule in asked))
                    queries = queries_for(reads, terminology)
                    title = f"{topic.replace('-', ' ').capitalize()} ({hook.value})"
                    services[name] = Service(name, hook, title, guideline, asked, queries)
    return services


def _of_unidentified(guideline: Guideline, hook: Hook) -> frozenset[Reads]:
    """What a draft that could not be identified makes the service look up."""
    if hook is Hook.PATIENT_VIEW or guideline.unidentified_matter is None:
        return frozenset()
    return guideline.unidentified_matter.reads


def _topics(guideline: Guideline, *, split: bool) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    if not split:
        yield guideline.id, guideline.rules
        return
    for chapter in guideline.chapters:
        yield chapter.topic, chapter.rules
