"""The CDS services that are published: one per hook, or one per topic and hook where a site wants them apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cds_hooks import ServiceDescription
from mappings.queries import ALWAYS, Query, Reads, queries_for
from mappings.vocabulary.concepts import Terminology
from mappings.wording import Said, Text, _, verbatim
from service.languages.render import Language, plain, render, sentence
from service.rules.guideline import EXTENSION, Guideline, versions
from service.rules.rule import Hook, Rule

USAGE = _(
    "FHIR R4. Decision support for professionals, not a validated medical device. Every prefetch key may be left out when "
    "fhirServer is given and on the service's allowlist; a key that cannot be read is said on a card, never taken for a "
    "missing result."
)


@dataclass(frozen=True, slots=True)
class Service:
    """One published service: a hook, and the rules of a guideline that it asks."""

    id: str
    hook: Hook
    title: Text
    guideline: Guideline
    rules: tuple[Rule, ...]
    queries: tuple[Query, ...]

    def described(self, language: Language) -> ServiceDescription:
        """What discovery says of it: the prefetch templates are those of the facts that its rules declare."""
        applied = (
            _("{about}, applied to the patient ({count} rules).")
            if not self.hook.is_about_orders
            else _("{about}, applied to the draft orders ({count} rules).")
        )
        return ServiceDescription(
            id=self.id,
            hook=self.hook.value,
            title=plain(sentence(self.title, language)),
            description=plain(sentence(applied.with_(about=self.guideline.about, count=len(self.rules)), language)),
            prefetch={query.key: query.template for query in self.queries},
            usage_requirements=render(USAGE, language),
            extension={EXTENSION: {"version": versions(self.guideline)}},
        )

    @property
    def description(self) -> ServiceDescription:
        """The same in English."""
        return self.described(Language.ENGLISH)


def published(guidelines: Sequence[Guideline], *, split: bool, terminology: Terminology) -> dict[str, Service]:
    """The services by id; `split` publishes one per topic and hook instead of one per hook.

    The prefetch templates ask for the codes of our lists and of the site's. Raises `ValueError` for two services of one id.
    """
    services: dict[str, Service] = {}
    for guideline in guidelines:
        for topic, name_of_topic, rules in _topics(guideline, split=split):
            for hook in Hook:
                asked = tuple(rule for rule in rules if hook in rule.hooks)
                if asked:
                    name = f"{topic}-{hook.value}"
                    if name in services:
                        raise ValueError(Said(_("two services are called {name}", name=name)))
                    reads = ALWAYS.union(_of_unidentified(guideline, hook), *(rule.reads for rule in asked))
                    queries = queries_for(reads, terminology)
                    title = _("{topic} ({hook})", topic=name_of_topic, hook=verbatim(hook.value))
                    services[name] = Service(name, hook, title, guideline, asked, queries)
    return services


def _of_unidentified(guideline: Guideline, hook: Hook) -> frozenset[Reads]:
    """What a draft that could not be identified makes the service look up."""
    if not hook.is_about_orders or guideline.unidentified_matter is None:
        return frozenset()
    return guideline.unidentified_matter.reads


def _topics(guideline: Guideline, *, split: bool) -> Iterator[tuple[str, Text, tuple[Rule, ...]]]:
    if not split:
        yield guideline.id, guideline.title, guideline.rules
        return
    for chapter in guideline.chapters:
        yield chapter.topic, chapter.title, chapter.rules
