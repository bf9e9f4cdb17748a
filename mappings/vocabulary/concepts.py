"""Which of our concepts a coding or a name stands for; with the analytes and scores, all that is known of records.

`Terminology` is built once from the value sets, ours and those that guidelines bring, and read on every request: one
dictionary look-up a coding. There is no subsumption at run time; codes not listed stand for nothing of ours, and displays
never match.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mappings.vocabulary import valuesets
from mappings.vocabulary.analytes import ANALYTES, Analyte
from mappings.vocabulary.code_systems import CONCEPT, LISTED, LOINC, LONGEST_SYSTEM, canonical, located, plain
from mappings.vocabulary.names import FINDING_OF_NAME, drug_names, words
from mappings.vocabulary.products import substance_of
from mappings.wording import Term

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mappings.vocabulary.names import DrugNames
    from mappings.vocabulary.scores import Score

__all__ = ["LOINC", "ConceptMapProblem", "Recognised", "Terminology"]

LONGEST_CODE = 64
"""A longer one is no code of any record, and is not looked up."""

REMEMBERED = 8192
"""Codings whose meaning is kept; a ward meets far fewer different ones in a day."""


class ConceptMapProblem(ValueError):
    """A site's ConceptMap cannot be used; the message names the element."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What codings stand for.

    `concepts` are ours; `denied` are the look-alikes that they hit; `unverified` are those of the concepts (and
    look-alikes) that rest on no verified code. `known_system` says that a coding has a code of a system that our lists
    cover, so that no concept means something else rather than "not understood".
    """

    concepts: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    unverified: frozenset[str] = frozenset()
    known_system: bool = False

    @property
    def rests_on_unverified(self) -> bool:
        """There are concepts, and no verified code says any of them."""
        return bool(self.concepts) and self.concepts <= self.unverified


NOTHING = Recognised()
SOMETHING_ELSE = Recognised(known_system=True)


class _Meaning(NamedTuple):
    """One row of a value set under its code."""

    concept: str
    denies: bool
    is_prefix: bool
    is_class: bool
    is_verified: bool


class _ValueSets:
    """The rows of the value sets by system and code, and by concept."""

    __slots__ = ("codes", "hierarchies", "of_concept")

    def __init__(self, rows: Iterable[valuesets.Row]) -> None:
        self.codes: dict[str, dict[str, list[_Meaning]]] = {}
        self.of_concept: dict[str, list[tuple[str, str]]] = {}
        self.hierarchies: set[str] = set()
        for concept, system, code, match, _, status, _, denies in rows:
            place, key = located(system, code)
            is_prefix = match == "prefix"
            if is_prefix:
                self.hierarchies.add(place)
            meaning = _Meaning(concept, denies, is_prefix, concept.endswith("_prefix"), status == "verified")
            self.codes.setdefault(place, {}).setdefault(key, []).append(meaning)
            self.of_concept.setdefault(concept, []).append((system, code))

    def recognised(self, system: str, key: str) -> Recognised:
        """What a code means: the longest row wins.

        A look-alike hides what shorter prefixes mean, and any row hides a class (`_prefix`) above it.
        """
        nothing = SOMETHING_ELSE if system in LISTED else NOTHING
        codes = self.codes.get(system)
        if codes is None:
            return nothing
        concepts: dict[str, bool] = {}
        denied: dict[str, bool] = {}
        for length in range(len(key), 0, -1) if system in self.hierarchies else (len(key),):
            here = [one for one in codes.get(key[:length], ()) if one.is_prefix or length == len(key)]
            is_longest = not concepts
            for one in here:
                if (not one.denies and not one.is_class) or is_longest:
                    found = denied if one.denies else concepts
                    found[one.concept] = found.get(one.concept, False) or one.is_verified
            if any(one.denies for one in here):
                break
        if not concepts and not denied:
            return nothing
        unverified = frozenset(name for name, verified in (concepts | denied).items() if not verified)
        return Recognised(frozenset(concepts), frozenset(denied), unverified, system in LISTED)

    def denies(self, concept: str) -> bool:
        """The concept is a look-alike."""
        system, code = self.of_concept[concept][0]
        place, key = located(system, code)
        return any(one.denies for one in self.codes[place][key] if one.concept == concept)


class _SiteCode(NamedTuple):
    """A local code as the site's ConceptMap writes it, and what it stands for."""

    system: str
    code: str
    meaning: Recognised


class _Lists(NamedTuple):
    """What is read once, and shared by the terminologies that add a site's codes to it."""

    value_sets: _ValueSets
    names: DrugNames
    analytes: tuple[Analyte, ...]
    analyte_phrases: tuple[tuple[tuple[str, ...], Analyte], ...]
    scores: Mapping[str, Score]


@lru_cache(maxsize=8)
def _shipped(folders: tuple[Path, ...], analytes: tuple[Analyte, ...], scores: tuple[Score, ...]) -> Terminology:
    for kind, ids in (("analyte", [one.id for one in analytes]), ("score", [one.id for one in scores])):
        if twice := sorted({one for one in ids if ids.count(one) > 1}):
            raise ValueError(f"{kind}s of the same id: {twice}")
    phrases = ((tuple(words(name)), analyte) for analyte in analytes for name in analyte.words)
    lists = _Lists(
        _ValueSets(valuesets.rows(*folders)),
        drug_names(folders),
        analytes,
        tuple(sorted(phrases, key=lambda named: -len(named[0]))),
        {score.id: score for score in scores},
    )
    return Terminology(lists, {})


class Terminology:
    """The value sets, a site's own codes, the analytes and the scores, as one look-up. Immutable; shared between threads."""

    __slots__ = ("_lists", "_look_up", "_site", "_value_sets", "analyte_phrases", "analytes", "scores")

    def __init__(self, lists: _Lists, site: Mapping[tuple[str, str], _SiteCode]) -> None:
        """Use `Terminology.shipped()`, and `with_concept_map` for a site's codes."""
        self._lists = lists
        self._value_sets = lists.value_sets
        self._site = site
        self.analytes = lists.analytes
        self.analyte_phrases = lists.analyte_phrases
        self.scores = lists.scores
        self._look_up = lru_cache(maxsize=REMEMBERED)(self._resolved)

    @staticmethod
    def shipped(
        folders: Iterable[Path] = (), analytes: Iterable[Analyte] = (), scores: Iterable[Score] = ()
    ) -> Terminology:
        """The terminology of the value sets and analytes that we ship, and of those that guidelines bring; read once.

        Raises `ValueError` where two analytes or two scores have one id.
        """
        return _shipped((valuesets.FOLDER, *folders), (*ANALYTES, *analytes), tuple(scores))

    @property
    def concepts(self) -> frozenset[str]:
        """Every concept, look-alikes included."""
        return frozenset(self._value_sets.of_concept)

    def codes_of(self, concepts: Iterable[str]) -> list[tuple[str, str]]:
        """The (system, code) pairs of our lists and of the site's that stand for these concepts, for a search."""
        wanted = frozenset(concepts)
        pairs = {pair for concept in wanted for pair in self._value_sets.of_concept.get(concept, ())}
        pairs |= {(own.system, own.code) for own in self._site.values() if not wanted.isdisjoint(own.meaning.concepts)}
        return sorted(pairs)

    def recognise(self, codings: object) -> Recognised:
        """What the codings of one CodeableConcept stand for.

        Takes raw JSON: a coding that is no object, or without a system and a code, counts as if it were not there.
        Never raises.
        """
        found = NOTHING
        for coding in codings if isinstance(codings, (list, tuple)) else _as_list(codings):
            if not isinstance(coding, dict):
                continue
            system, code = coding.get("system"), coding.get("code")
            if not isinstance(system, str) or not isinstance(code, str):
                continue
            if len(code) > LONGEST_CODE or len(system) > LONGEST_SYSTEM:
                continue
            one = self._look_up(system, code)
            if found is NOTHING:
                found = one
            elif one is not found and one is not NOTHING:
                found = _united(found, one)
        return found

    def recognise_name(self, text: str) -> frozenset[str]:
        """The concepts of the drugs that a free text names (`valuesets/drug_names.csv`).

        A name gives a concept with its strength only where the brand has one (Xgeva, Zometa); an international name
        never does, whatever dose the text states.
        """
        return self._lists.names.in_text(text) if text else frozenset()

    def drug_name(self, concepts: frozenset[str]) -> Term | None:
        """The international name of a drug in every language; None where the record's own words must do."""
        for concept in sorted(concepts):
            name = self._lists.names.international.get(substance_of(concept))
            if name is not None:
                return Term(name)
        return None

    def score_of(self, canonical: str) -> Score | None:
        """The score whose questionnaire has this canonical URL."""
        return next((score for score in self.scores.values() if score.canonical == canonical), None)

    def recognise_finding_name(self, text: str) -> str | None:
        """The code in `urn:osteocds:finding` of the recorded finding that a whole text names, if it names one."""
        return FINDING_OF_NAME.get(tuple(words(text))) if text else None

    def with_concept_map(self, concept_map: Mapping[str, Any]) -> Terminology:
        """A copy with a site's codes added: a FHIR R4 ConceptMap.

        `group.source` is the local system, `element.code` the local code, and each target a code in `group.target`:
        `urn:osteocds:concept` (the name of a concept of ours) or a standard system (a code that we recognise). Targets
        with the equivalence `unmatched` or `disjoint` are ignored. Raises `ConceptMapProblem` naming the element.
        """
        site = dict(self._site)
        for place, source, code, targets in _elements(concept_map):
            found = NOTHING
            for system, target in targets:
                found = _united(found, self._target(place, code, system, target))
            if found is not NOTHING:
                key = plain(source), code
                earlier = site[key].meaning if key in site else NOTHING
                site[key] = _SiteCode(source, code, _united(earlier, found))
        return Terminology(self._lists, site)

    def _target(self, place: str, code: str, system: str, target: str) -> Recognised:
        if canonical(system) == CONCEPT:
            if target not in self._value_sets.of_concept:
                raise ConceptMapProblem(
                    f"{place} (code {code!r}): {target!r} is no concept of {CONCEPT}; mappings/vocabulary/valuesets has the names"
                )
            named = frozenset({target})
            denies = self._value_sets.denies(target)
            return Recognised(denied=named, known_system=True) if denies else Recognised(named, known_system=True)
        recognised = self._look_up(system, target)
        if not recognised.concepts and not recognised.denied:
            raise ConceptMapProblem(
                f"{place} (code {code!r}): we recognise no concept by {target!r} in {system!r}; "
                f"name a code of our value sets, or a concept in {CONCEPT}"
            )
        return recognised

    def _resolved(self, system: str, code: str) -> Recognised:
        own = self._site.get((plain(system), code.strip())) if self._site else None
        local = own.meaning if own else None
        place, key = located(system, code)
        if not key:
            return local or NOTHING
        listed = self._value_sets.recognised(place, key)
        return _united(local, listed) if local else listed


def _united(one: Recognised, other: Recognised) -> Recognised:
    """Two codings of one concept; what one of them verifies is verified."""
    verified = ((one.concepts | one.denied) - one.unverified) | ((other.concepts | other.denied) - other.unverified)
    return Recognised(
        one.concepts | other.concepts,
        one.denied | other.denied,
        (one.unverified | other.unverified) - verified,
        one.known_system or other.known_system,
    )


def _as_list(codings: object) -> Iterable[object]:
    """A lone coding is an array of one; a text or a number is none; any other iterable is taken as it is."""
    if isinstance(codings, dict):
        return (codings,)
    if isinstance(codings, (str, bytes)) or codings is None:
        return ()
    try:
        return list(codings)  # type: ignore[call-overload, no-any-return]
    except TypeError:
        return ()


IGNORED_EQUIVALENCES = frozenset({"unmatched", "disjoint"})


def _elements(concept_map: Mapping[str, Any]) -> Iterable[tuple[str, str, str, list[tuple[str, str]]]]:
    """Each element of a ConceptMap: where it stands, its system and code, and its targets."""
    if not isinstance(concept_map, dict) or concept_map.get("resourceType") != "ConceptMap":
        raise ConceptMapProblem("the mapping file is no FHIR ConceptMap: resourceType must be ConceptMap")
    for group_number, group in enumerate(_objects(concept_map, "group", "ConceptMap")):
        place = f"ConceptMap.group[{group_number}]"
        source, target_system = _text(group, "source", place), _text(group, "target", place)
        for number, element in enumerate(_objects(group, "element", place)):
            here = f"{place}.element[{number}]"
            code = _text(element, "code", here)
            targets = [
                (target_system, _text(target, "code", f"{here}.target[{target_number}]"))
                for target_number, target in enumerate(_objects(element, "target", here))
                if target.get("equivalence") not in IGNORED_EQUIVALENCES
            ]
            yield here, source, code, targets


def _objects(holder: Mapping[str, Any], name: str, place: str) -> list[Mapping[str, Any]]:
    values = holder.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise ConceptMapProblem(f"{place}.{name} must be an array of objects")
    return values


def _text(holder: Mapping[str, Any], name: str, place: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ConceptMapProblem(f"{place}.{name} is missing: it must be a text")
    return value.strip()
