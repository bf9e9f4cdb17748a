"""Which of our concepts a coding or a name stands for; with the analytes and scores, all that is known of records.

`Terminology` is built once from the value sets, ours and those that guidelines bring, and read on every request: one
dictionary look-up a coding. There is no subsumption at run time; codes not listed stand for nothing of ours, and displays
never match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mappings.vocabulary import valuesets
from mappings.vocabulary.acts_in_words import NOTHING_SAID, ActRow, Lines, LineSaid, added_row
from mappings.vocabulary.analytes import ANALYTES, Analyte
from mappings.vocabulary.code_systems import (
    ATC,
    CONCEPT,
    LONGEST_SYSTEM,
    SNOMED_CT,
    SYSTEMS,
    atc_class,
    canonical,
    family,
    focus_concepts,
    located,
    plain,
    several_codes,
    stem_codes,
)
from mappings.vocabulary.drug_classes import classes_in
from mappings.vocabulary.lines import LONGEST_LINE
from mappings.vocabulary.names import FINDING_OF_NAME, GROUPS, drug_names, words
from mappings.vocabulary.products import substance_of
from mappings.wording import Said, Term, _

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from mappings.vocabulary.names import DrugNames
    from mappings.vocabulary.scores import Score

LONGEST_CODE = 64
ATC_CLASS_LENGTH = 5
"""Characters of the code of a class of substances of ATC, its fourth level."""

LONGEST_EXPRESSION = 512
"""Longer ones are no codes and no expressions of SNOMED CT of any record, and are not looked up."""

REMEMBERED_LINES = 2048
"""Lines of order entry whose reading is kept, at most 512 characters each."""

REMEMBERED = 8192
"""Codings whose meaning is kept; a ward meets far fewer different ones in a day."""


class ConceptMapProblem(ValueError):
    """A site's ConceptMap cannot be used; the message names the element."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What codings stand for.

    `concepts` are ours; `denied` are the look-alikes that they hit; `unverified` are those of the concepts (and
    look-alikes) that rest on no verified code. `possible` are those of a class code (ATC `M05BA`): it may be any of them.
    `known_system` says that a coding has a valid code of a system whose list is whole, so that no concept means something
    else rather than "not understood".
    """

    concepts: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    unverified: frozenset[str] = frozenset()
    known_system: bool = False
    possible: frozenset[str] = frozenset()

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


class _SystemCodes(NamedTuple):
    """The meanings of the codes of one system, and whether some of them are prefixes."""

    meanings: dict[str, list[_Meaning]]
    has_prefixes: bool


_NO_CODES = _SystemCodes({}, has_prefixes=False)


class _ValueSets:
    """The lines of the value sets by system; those of a system are read, and put in order, when it is first asked."""

    def __init__(self, files: Iterable[tuple[list[str], bool]]) -> None:
        """Take lines, and whether they deny, as `valuesets.unread` has them."""
        self._lines: dict[bool, dict[str, list[str]]] = {False: defaultdict(list), True: defaultdict(list)}
        self._of_concept: dict[str, list[str]] = defaultdict(list)
        for lines, denies in files:
            by_system = self._lines[denies]
            for line in lines:
                concept, system, _rest = line.split(",", 2)
                by_system[system].append(line)
                self._of_concept[concept].append(line)
        self._families: dict[str, list[str]] = {}
        for system in self._lines[False] | self._lines[True]:
            self._families.setdefault(family(system), []).append(system)
        self._systems: dict[str, dict[str, _SystemCodes]] = {}

    @property
    def concepts(self) -> Collection[str]:
        """Every concept, look-alikes included."""
        return self._of_concept.keys()

    def codes_of(self, concept: str) -> Iterator[tuple[str, str]]:
        """The systems and codes of a concept; none of one that is not ours."""
        for line in self._of_concept.get(concept, ()):
            _concept, system, code, _rest = line.split(",", 3)
            yield system, code

    def of_system(self, place: str) -> _SystemCodes:
        """The codes of a canonical system. Two threads may put them in order at once: each makes the same."""
        wanted = family(place)
        if wanted not in self._systems:
            systems = self._families.get(wanted, ())
            lines = (
                (by_system.get(system, ()), denies) for denies, by_system in self._lines.items() for system in systems
            )
            self._systems[wanted] = _in_order(lines)
        return self._systems[wanted].get(place, _NO_CODES)

    def recognised(self, system: str, key: str) -> Recognised:
        """What a code means: the longest row wins.

        A look-alike hides what shorter prefixes mean, and any row hides a class (`_prefix`) above it.
        """
        is_whole = system in SYSTEMS and SYSTEMS[system].whole and SYSTEMS[system].is_valid(key)
        nothing = SOMETHING_ELSE if is_whole else NOTHING
        codes, has_prefixes = self.of_system(system)
        concepts: dict[str, bool] = {}
        denied: dict[str, bool] = {}
        for length in range(len(key), 0, -1) if has_prefixes else (len(key),):
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
        return Recognised(frozenset(concepts), frozenset(denied), unverified, known_system=True)

    def of_class(self, key: str) -> Recognised:
        """What a class of ATC means: what its own row says, else that it may be any drug below it."""
        own = self.recognised(ATC, key)
        itself = frozenset(concept for concept in own.concepts if not concept.endswith("_prefix"))
        if itself or own.denied:
            return replace(own, concepts=itself)
        below = (
            one.concept
            for code, meanings in self.of_system(ATC).meanings.items()
            if code.startswith(key)
            for one in meanings
            if not one.denies
        )
        members = own.concepts.union(below)
        return Recognised(known_system=True, possible=members) if members else SOMETHING_ELSE

    def denies(self, concept: str) -> bool:
        """The concept is a look-alike."""
        system, code = next(self.codes_of(concept))
        place, key = located(system, code)
        return any(one.denies for one in self.of_system(place).meanings[key] if one.concept == concept)


def _in_order(files: Iterable[tuple[Iterable[str], bool]]) -> dict[str, _SystemCodes]:
    """The codes of a family of systems, by system."""
    meanings: dict[str, dict[str, list[_Meaning]]] = {}
    prefixed: set[str] = set()
    for lines, denies in files:
        for concept, system, code, match, _display, status, _evidence in valuesets.read(lines):
            place, key = located(system, code)
            if match == "prefix":
                prefixed.add(place)
            meaning = _Meaning(concept, denies, match == "prefix", concept.endswith("_prefix"), status == "verified")
            meanings.setdefault(place, {}).setdefault(key, []).append(meaning)
    return {place: _SystemCodes(codes, place in prefixed) for place, codes in meanings.items()}


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
        _ValueSets(valuesets.unread(*folders)),
        drug_names(folders),
        analytes,
        tuple(sorted(phrases, key=lambda named: -len(named[0]))),
        {score.id: score for score in scores},
    )
    return Terminology(lists, {})


class Terminology:
    """The value sets, a site's own codes, the analytes and the scores, as one look-up. Immutable; shared between threads."""

    __slots__ = (
        "_lists",
        "_look_up",
        "_read_line",
        "_site",
        "_site_lines",
        "_value_sets",
        "analyte_phrases",
        "analytes",
        "scores",
    )

    def __init__(
        self, lists: _Lists, site: Mapping[tuple[str, str], _SiteCode], site_lines: tuple[ActRow, ...] = ()
    ) -> None:
        """Use `Terminology.shipped()`, and `with_concept_map` for a site's codes."""
        self._lists = lists
        self._value_sets = lists.value_sets
        self._site = site
        self.analytes = lists.analytes
        self.analyte_phrases = lists.analyte_phrases
        self.scores = lists.scores
        self._look_up = lru_cache(maxsize=REMEMBERED)(self._resolved)
        self._site_lines = site_lines
        self._read_line = lru_cache(maxsize=REMEMBERED_LINES)(Lines(site_lines).read)

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
        return frozenset(self._value_sets.concepts)

    def codes_of(self, concepts: Iterable[str]) -> list[tuple[str, str]]:
        """The (system, code) pairs of our lists and of the site's that stand for these concepts, for a search."""
        wanted = frozenset(concepts)
        pairs = {pair for concept in wanted for pair in self._value_sets.codes_of(concept)}
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
            system, code = coding.get("system"), code_of(coding)
            if not isinstance(system, str) or not code:
                continue
            if len(code) > LONGEST_EXPRESSION or len(system) > LONGEST_SYSTEM:
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

    def names_of_drugs(self) -> Iterator[tuple[str, str]]:
        """Every name that a drug has in our tables, brands too, with the concept of its substance."""
        return ((name, substance_of(concept)) for name, concept in self._lists.names.of_drugs())

    def orders_a_drug(self, text: str) -> bool:
        """A line of order entry orders a drug by its name (`mappings.vocabulary.names`)."""
        return self._lists.names.orders_one(text) if text else False

    def class_in_words(self, text: str) -> frozenset[str]:
        """The concepts of every drug of the classes that a text names (`mappings.vocabulary.drug_classes`)."""
        return frozenset().union(*(self._value_sets.of_class(code).possible for code in classes_in(text)))

    def read_line(self, text: str, *, laboratory: bool = False) -> LineSaid:
        """What a line of order entry says in words; `laboratory` where its category says that it asks the laboratory."""
        return self._read_line(text[:LONGEST_LINE], laboratory=laboratory) if text else NOTHING_SAID

    def may_name_a_drug(self, text: str) -> bool:
        """A word of a text that names none of our drugs may be a misspelled or cut name of one."""
        return self._lists.names.may_be_in_text(text)

    def drug_name(self, concepts: frozenset[str]) -> Term | None:
        """The international name of a drug in every language; None where the record's own words come first."""
        for concept in sorted(concepts, key=lambda one: ("_plus_" not in one, one)):
            name = self._lists.names.international(substance_of(concept))
            if name is not None:
                return Term(name)
        return None

    def group_name(self, concepts: frozenset[str], code: str = "") -> Term | None:
        """What a drug of which only the group is known is called, with its code; None where none of these is a group."""
        for concept in sorted(concepts):
            if name := GROUPS.get(concept):
                return Term({language: f"{said} ({code})" if code else said for language, said in name.items()})
        return None

    def score_of(self, canonical: str) -> Score | None:
        """The score whose questionnaire has this canonical URL."""
        return next((score for score in self.scores.values() if score.canonical == canonical), None)

    def score_recorded_as(self, finding: str) -> Score | None:
        """The score whose total is this recorded finding."""
        return next((score for score in self.scores.values() if score.finding == finding), None)

    def recognise_finding_name(self, text: str) -> str | None:
        """The code in `urn:osteocds:finding` of the recorded finding that a whole text names, if it names one."""
        return FINDING_OF_NAME.get(tuple(words(text))) if text else None

    def with_concept_map(self, concept_map: Mapping[str, Any]) -> Terminology:
        """A copy with a site's codes added: a FHIR R4 ConceptMap.

        `group.source` is the local system, `element.code` the local code, and each target a code in `group.target`:
        `urn:osteocds:concept` (the name of a concept of ours) or a standard system (a code that we recognise). Targets
        with the equivalence `unmatched` or `disjoint` are ignored. Where `group.source` is `urn:osteocds:words`, `element.code`
        is how the site's lines of order entry begin, and its targets the acts that they order, or look-alikes. Raises
        `ConceptMapProblem` naming the element.
        """
        site, lines = dict(self._site), list(self._site_lines)
        for place, source, code, targets in _elements(concept_map):
            found = NOTHING
            for system, target in targets:
                found = _united(found, self._target(place, code, system, target))
            if plain(source) == WORDS:
                lines.append(_line(place, code, found))
            elif found is not NOTHING:
                key = plain(source), code
                earlier = site[key].meaning if key in site else NOTHING
                site[key] = _SiteCode(source, code, _united(earlier, found))
        return Terminology(self._lists, site, tuple(lines))

    def _target(self, place: str, code: str, system: str, target: str) -> Recognised:
        if canonical(system) == CONCEPT:
            if target not in self._value_sets.concepts:
                no_concept = _(
                    "{place} (code {code}): {target} is no concept of {system}; mappings/vocabulary/valuesets has the names",
                    place=place,
                    code=repr(code),
                    target=repr(target),
                    system=CONCEPT,
                )
                raise ConceptMapProblem(Said(no_concept))
            named = frozenset({target})
            denies = self._value_sets.denies(target)
            return Recognised(denied=named, known_system=True) if denies else Recognised(named, known_system=True)
        recognised = self._look_up(system, target)
        if not recognised.concepts and not recognised.denied:
            no_code = _(
                "{place} (code {code}): we recognise no concept by {target} in {system}; name a code of our value sets, or a "
                "concept in {ours}",
                place=place,
                code=repr(code),
                target=repr(target),
                system=repr(system),
                ours=CONCEPT,
            )
            raise ConceptMapProblem(Said(no_code))
        return recognised

    def _resolved(self, system: str, code: str) -> Recognised:
        own = self._site.get((plain(system), code.strip())) if self._site else None
        local = own.meaning if own else None
        listed = self._listed(system, code)
        return _united(local, listed) if local else listed

    def _listed(self, system: str, code: str) -> Recognised:
        """What a code means in our lists: an expression of SNOMED CT what its focus does, a class of ATC what it may."""
        if canonical(system) == SNOMED_CT and not code.isdigit():
            found = NOTHING
            for focus in focus_concepts(code):
                found = _united(found, self._value_sets.recognised(SNOMED_CT, focus))
            return found
        if len(code) > LONGEST_CODE:
            return NOTHING
        if several := (several_codes(system, code) or stem_codes(system, code)):
            found = NOTHING
            for one in several:
                found = _united(found, self._listed(system, one))
            return found
        if group := atc_class(system, code):
            return self._value_sets.of_class(group)
        place, key = located(system, code)
        if place == ATC and key and not SYSTEMS[ATC].is_valid(key):
            # Cut off or mistyped: at most one of the class that it begins with.
            cut = atc_class(system, key[:ATC_CLASS_LENGTH])
            possible = self._value_sets.of_class(cut).possible if len(cut) == ATC_CLASS_LENGTH else frozenset()
            return Recognised(possible=possible)
        return self._value_sets.recognised(place, key) if key else NOTHING


def code_of(coding: Mapping[str, Any]) -> str:
    """The code of a coding as a text; a number as JSON writes it (records send 94222008 for "94222008"), else empty."""
    code = coding.get("code")
    if isinstance(code, str):
        return code
    if isinstance(code, bool) or not isinstance(code, (int, float, Decimal)) or not -_LARGEST < code < _LARGEST:
        return ""
    return str(int(code)) if code == int(code) else str(code)


_LARGEST = 10**18
"""Of the numbers that are codes: an identifier of SNOMED CT has at most eighteen digits."""


def _united(one: Recognised, other: Recognised) -> Recognised:
    """Two codings of one concept; what one of them verifies is verified."""
    verified = ((one.concepts | one.denied) - one.unverified) | ((other.concepts | other.denied) - other.unverified)
    return Recognised(
        one.concepts | other.concepts,
        one.denied | other.denied,
        (one.unverified | other.unverified) - verified,
        one.known_system or other.known_system,
        one.possible | other.possible,
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


WORDS = "urn:osteocds:words"
"""The source of a site's own lines of order entry in its ConceptMap: acts in words."""


def _line(place: str, said: str, found: Recognised) -> ActRow:
    """A line of a site as a row of the table of acts."""
    if found is NOTHING:
        told = _(
            "{place} (line {line}): it has no target: name the act that the line orders", place=place, line=repr(said)
        )
        raise ConceptMapProblem(Said(told))
    try:
        return added_row(said, found.concepts)
    except ValueError as problem:
        told = _("{place} (line {line}): {why}", place=place, line=repr(said), why=problem.args[0])
        raise ConceptMapProblem(Said(told)) from problem


IGNORED_EQUIVALENCES = frozenset({"unmatched", "disjoint"})


def _elements(concept_map: Mapping[str, Any]) -> Iterable[tuple[str, str, str, list[tuple[str, str]]]]:
    """Each element of a ConceptMap: where it stands, its system and code, and its targets."""
    if not isinstance(concept_map, dict) or concept_map.get("resourceType") != "ConceptMap":
        told = _("the mapping file is no FHIR ConceptMap: resourceType must be ConceptMap")
        raise ConceptMapProblem(Said(told))
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
        raise ConceptMapProblem(Said(_("{place} must be an array of objects", place=f"{place}.{name}")))
    return values


def _text(holder: Mapping[str, Any], name: str, place: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ConceptMapProblem(Said(_("{place} is missing: it must be a text", place=f"{place}.{name}")))
    return value.strip()
