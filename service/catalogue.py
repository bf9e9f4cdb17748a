"""The catalogue: every rule as a clinician reads, checks and signs it, in both languages.

What a rule declares is taken from the rule; what it says is taken from its scenarios, and kept in `catalogue.json`, which
`make catalogue` writes and the tests hold current.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from mappings.facts import ClinicalSettings, setting_texts
from mappings.wording import Text
from service.i18n import Language, render, sentence
from service.rules import CHAPTERS, rules_of
from service.rules.citation import cited
from service.rules.not_encoded import NOT_ENCODED
from service.rules.rule import Rule

SAID = Path(__file__).parent / "catalogue.json"
"""What the rules say in their scenarios: conditions, cards, settings that were read, scenarios."""

FACTS: dict[str, Text] = {
    "person": Text("sex and age", "sexe et âge"),
    "vitamin_d": Text("25-OH vitamin D", "25-OH-vitamine D"),
    "calcium": Text("corrected calcium", "calcémie corrigée"),
    "crisis_calcium": Text("corrected calcium of the last days", "calcémie corrigée des derniers jours"),
    "albumin": Text("albumin", "albuminémie"),
    "phosphate": Text("phosphate", "phosphatémie"),
    "clearance": Text("creatinine clearance", "clairance de la créatinine"),
    "clearance_inputs_missing": Text("what a clearance still needs", "ce qui manque pour une clairance"),
    "creatinine": Text("creatinine", "créatininémie"),
    "exposures": Text("medication history", "historique des médicaments"),
    "conditions": Text("conditions", "pathologies"),
    "procedures": Text("acts done", "actes réalisés"),
    "radiotherapies": Text("radiotherapy given", "radiothérapies reçues"),
    "radiotherapy_orders": Text("radiotherapy ordered", "radiothérapies prescrites"),
    "consultations": Text("consultations", "consultations"),
    "imaging": Text("imaging and reports", "imagerie et comptes rendus"),
    "orders": Text("drafts and active orders", "brouillons et prescriptions en cours"),
    "allergies": Text("allergies", "allergies"),
    "finding": Text("recorded findings and scores", "constatations et scores enregistrés"),
    "platelets": Text("platelets", "plaquettes"),
    "prothrombin": Text("prothrombin (TP)", "taux de prothrombine (TP)"),
    "inr": Text("INR", "INR"),
    "pain_score": Text("pain score", "score de douleur"),
}
"""What each fact that a rule may declare is called."""

OUTCOMES: dict[str, Text] = {
    "critical": Text("critical", "critique"),
    "warning": Text("warning", "avertissement"),
    "info": Text("info", "information"),
    "silent": Text("silent", "silencieuse"),
    "cannot tell": Text("cannot tell", "ne peut conclure"),
}
"""What a rule answers in a scenario."""

PATIENT_VIEW = Text("view of the patient", "consultation du dossier")
CHAPTER_TITLES = {
    "emergencies": Text("Emergencies", "Urgences"),
    "vitamin_d": Text("Vitamin D", "Vitamine D"),
    "calcium": Text("Calcium", "Calcium"),
    "renal_function": Text("Renal function", "Fonction rénale"),
    "dental": Text("Teeth and jaw", "Dents et mâchoire"),
    "giving": Text("Dose, interval, route", "Dose, intervalle, voie"),
    "course": Text("Starting, continuing, stopping", "Débuter, poursuivre, arrêter"),
    "radiosensitisers": Text("Radiosensitisers and radiotherapy", "Radiosensibilisants et radiothérapie"),
    "systemic_treatment": Text("Systemic treatment", "Traitement systémique"),
    "radiotherapy": Text("Radiotherapy of bone", "Radiothérapie osseuse"),
    "stereotactic": Text("Stereotactic radiotherapy, re-irradiation", "Stéréotaxie, réirradiation"),
    "interventional": Text("Interventional radiology", "Radiologie interventionnelle"),
    "surgery": Text("Surgery", "Chirurgie"),
    "imaging": Text("Imaging and biopsy", "Imagerie et biopsie"),
}
"""The modules of the rules, as the catalogue heads them."""


@dataclass(frozen=True, slots=True)
class SaidCard:
    """One card that the rule gives in a scenario; `level` is its indicator in words."""

    indicator: str
    level: str
    summary: str
    detail: str
    offers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule in one language; of a scenario its name, the outcome's code and its name."""

    id: str
    statement: str
    source: str
    reading: str
    triggers: tuple[str, ...]
    facts: tuple[str, ...]
    conditions: tuple[str, ...]
    settings: tuple[tuple[str, str, str], ...]
    cards: tuple[SaidCard, ...]
    scenarios: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """The rules of one module."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class NotComputed:
    """A statement that stays text."""

    statement: str
    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole of it in one language."""

    chapters: tuple[Chapter, ...]
    not_encoded: tuple[NotComputed, ...]

    @property
    def count(self) -> int:
        """How many rules there are."""
        return sum(len(chapter.entries) for chapter in self.chapters)


@cache
def _said() -> dict[str, Any]:
    said: dict[str, Any] = orjson.loads(SAID.read_bytes())
    return said


@cache
def catalogue(language: Language, settings: ClinicalSettings) -> Catalogue:
    """The catalogue in one language, with the settings of a site."""
    chapters = tuple(
        Chapter(
            sentence(CHAPTER_TITLES[module.__name__.rpartition(".")[2]], language),
            tuple(_entry(rule, language, settings) for rule in rules_of(module)),
        )
        for module in CHAPTERS
    )
    left = tuple(
        NotComputed(
            sentence(one.statement, language), render(cited((one.citation,)), language), sentence(one.why, language)
        )
        for one in NOT_ENCODED
    )
    return Catalogue(chapters, left)


def _entry(rule: Rule, language: Language, settings: ClinicalSettings) -> Entry:
    said = _said().get(rule.id, {"conditions": [], "cards": [], "settings": [], "scenarios": []})
    texts = setting_texts()
    return Entry(
        id=rule.id,
        statement=sentence(rule.title, language),
        source=render(cited(rule.citations), language),
        reading=sentence(rule.reading, language) if rule.reading is not None else "",
        triggers=tuple(sentence(text, language) for text in _triggers(rule)),
        facts=tuple(sentence(FACTS[name], language) for name in sorted(rule.needs)),
        conditions=tuple(one[language.value] for one in said["conditions"]),
        settings=tuple(
            (name, sentence(texts[name], language), str(getattr(settings, name))) for name in said["settings"]
        ),
        cards=tuple(
            SaidCard(
                one["indicator"],
                render(OUTCOMES[one["indicator"]], language),
                one[language.value]["summary"],
                one[language.value]["detail"],
                tuple(one[language.value]["offers"]),
            )
            for one in said["cards"]
        ),
        scenarios=tuple(
            (one[language.value], one["expect"], render(OUTCOMES[one["expect"]], language)) for one in said["scenarios"]
        ),
    )


def _triggers(rule: Rule) -> Iterator[Text]:
    if rule.trigger is not None:
        yield rule.trigger.name
    if rule.patient_view:
        yield PATIENT_VIEW
