"""The rules as FHIR R4 PlanDefinitions: what a rule is about, its conditions in words, what it advises, where it stands.

None of it can be executed: each says that OsteoCDS evaluates the rule, and how it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mappings.facts import FactSettings
from mappings.queries import Reads, queries_of, query_table
from mappings.vocabulary.analytes import Analyte
from mappings.vocabulary.concepts import Terminology
from mappings.wording import Text, _, verbatim
from service.catalogue.entries import RuleEntry, SaidCard
from service.catalogue.value_sets import canonical_of
from service.languages.render import COLONS, Language, plain, render, sentence
from service.rules.citation import Document
from service.rules.guideline import Guideline
from service.rules.rule import Rule

CANONICAL = "urn:osteocds:plan-definition:"
LIBRARY = "urn:osteocds:library:"
PLAN_TYPE = "http://terminology.hl7.org/CodeSystem/plan-definition-type"

SAID = {
    "evaluated": _(
        "This rule is evaluated by the service OsteoCDS, and not from this resource: the conditions stand here in words, for a "
        "reader, and no program can decide by them. Decision support for professionals, not a validated medical device."
    ),
    "usage": _(
        "Ask OsteoCDS by CDS Hooks ({hooks}); its discovery says what to send. A patient of whom it cannot tell is told so."
    ),
    "cards": _("What its cards say of invented patients (dates and figures are theirs):"),
    "about": _("It is about: {what}."),
    "scope": _("{scope} (where that cannot be known, the rule is asked)."),
    "copyright": _("In the words of OsteoCDS (Apache-2.0), after {documents}, whose text is not reproduced here."),
    "rights": _("The rights in the documents are their authors'."),
    "licence": _("{document}: {licence}."),
    "no licence": _("no licence is stated in it"),
}


def plan_definition(
    rule: Rule,
    entry: RuleEntry,
    guideline: Guideline,
    settings: FactSettings,
    terminology: Terminology,
    language: Language,
) -> dict[str, Any]:
    """The PlanDefinition of a rule; `entry` is what the catalogue says of it in that language."""
    hooks = sorted(hook.value for hook in rule.hooks)
    about = SAID["about"].with_(what=tuple(verbatim(plain(one)) for one in entry.triggers))
    return {
        "resourceType": "PlanDefinition",
        "id": rule.id,
        "language": language.value,
        "url": f"{CANONICAL}{guideline.id}:{rule.id}",
        "version": guideline.version,
        "name": "".join(part.capitalize() for part in rule.id.split("-")),
        "title": plain(entry.statement),
        "type": {"coding": [{"system": PLAN_TYPE, "code": "eca-rule"}]},
        "status": "draft",
        "publisher": "OsteoCDS",
        "description": "\n\n".join(filter(None, [entry.statement, entry.reading, render(SAID["evaluated"], language)])),
        "usage": render(SAID["usage"].with_(hooks=", ".join(hooks)), language),
        "copyright": copyright_of(dict.fromkeys(one.document for one in rule.citations), language),
        "relatedArtifact": list(_cited(rule, language)),
        "library": [f"{LIBRARY}{guideline.id}"],
        "action": [
            {
                "title": plain(entry.statement),
                "description": "\n\n".join(
                    [render(SAID["cards"], language), *(_card(card, language) for card in entry.cards)]
                ),
                "textEquivalent": render(about, language),
                "trigger": [{"type": "named-event", "name": hook} for hook in hooks],
                "condition": [_in_words(words) for words in _conditions(rule, settings, language)],
                **_inputs(rule, terminology),
                **_offered(entry),
            }
        ],
    }


def copyright_of(documents: dict[Document, None], language: Language) -> str:
    """Whose words these are, and what is known of the licence of the documents."""
    licences = (
        SAID["licence"].with_(document=one.title, licence=one.licence or SAID["no licence"]) for one in documents
    )
    words = SAID["copyright"].with_(documents=tuple(one.title for one in documents))
    return " ".join(sentence(one, language) for one in (words, *licences, SAID["rights"]))


def _cited(rule: Rule, language: Language) -> Iterator[dict[str, Any]]:
    for citation in rule.citations:
        document = citation.document
        place = render(citation.place, language)
        yield {
            "type": "citation",
            "display": render(document.short or document.title, language),
            "citation": ", ".join(filter(None, [render(document.title, language), place])),
            **({"url": document.address} if document.address else {}),
        }


def _conditions(rule: Rule, settings: FactSettings, language: Language) -> Iterator[str]:
    trigger = rule.trigger
    if trigger is not None and trigger.scope is not None:
        scope: Text = trigger.scope.under(settings)
        yield sentence(scope if trigger.must_be_known else SAID["scope"].with_(scope=scope), language)
    for one in rule.when:
        yield sentence(one.under(settings), language)


def _in_words(words: str) -> dict[str, Any]:
    """A condition as FHIR has it; an expression is required, and ours is a sentence."""
    return {"kind": "applicability", "expression": {"language": "text/plain", "expression": plain(words)}}


def _card(card: SaidCard, language: Language) -> str:
    first = f"{card.level}{COLONS[language]} {plain(card.summary)}"
    return "\n\n".join(filter(None, [first, card.detail]))


def _offered(entry: RuleEntry) -> dict[str, Any]:
    """What its cards offer to do in one click, each once."""
    labels = dict.fromkeys(label for card in entry.cards for label in card.offers)
    if not labels:
        return {}
    return {"selectionBehavior": "any", "action": [{"title": plain(label)} for label in labels]}


def _inputs(rule: Rule, terminology: Terminology) -> dict[str, Any]:
    """What the rule reads: of analytes the ValueSets of their results, else types of resources."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for read in sorted(rule.reads, key=lambda one: one if isinstance(one, str) else one.id):
        for resource_type, concept in _needed(read, terminology):
            of_code = [{"path": "code", "valueSet": canonical_of(concept)}] if concept else []
            found[resource_type, concept] = {"type": resource_type} | ({"codeFilter": of_code} if of_code else {})
    return {"input": [found[key] for key in sorted(found)]} if found else {}


def _needed(read: Reads, terminology: Terminology) -> Iterator[tuple[str, str]]:
    table = query_table(terminology)
    measured = {one.query: one for one in terminology.analytes}
    for key in queries_of(read):
        asked = read if isinstance(read, Analyte) and read.query == key else measured.get(key)
        for concept in sorted(asked.concepts) if asked is not None else ("",):
            yield table[key].resource_type, concept
