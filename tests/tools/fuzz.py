"""Requests of our own, changed at random: `make fuzz SECONDS=300`.

Golden requests, scenarios, stories and cases are mutated in two ways. One breaks them: members are deleted, doubled, renamed,
nested or replaced by garbage; then the answer must be no error of ours, and come in time. The other takes nothing away:
entries of other matters are added, things are spelled, dated or wrapped otherwise, a status or a flag is not understood; then
each critical rule must still speak, or be told as not checked. A critical card that is lost so is an *accidental silence*.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from support.ehr import Ehr, ehr
from support.scenario import NOW, SCENARIOS, request_for

from service.guidelines import GUIDELINES

Json: TypeAlias = Any
Resource: TypeAlias = dict[str, Any]
TESTS = Path(__file__).parents[1]
SLOW_SECONDS = 3.0
ROOMY = 1000


# --- the requests -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Golden:
    """A request that is answered as it must be, when it is fired, and the critical rules that then speak."""

    name: str
    request: Resource
    client: Ehr
    critical: frozenset[str]


@cache
def client(as_of: datetime = NOW) -> Ehr:
    return ehr(as_of, timezone=as_of.tzinfo if as_of is NOW else UTC, max_cards=ROOMY)


def spoken(cards: list[dict[str, Any]], indicator: str = "") -> frozenset[str]:
    """The rules of the cards, or of those of one indicator."""
    return frozenset(
        rule for card in cards if indicator in ("", card["indicator"]) for rule in _told(card).get("rules", ())
    )


def unchecked(cards: list[dict[str, Any]]) -> frozenset[str]:
    """The rules that are told as not checked."""
    return frozenset(rule for card in cards for rule in _told(card).get("unchecked", ()))


def _told(card: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = card.get("extension", {}).get("org.osteocds", {})
    return told


def requests() -> Iterator[tuple[str, Resource, datetime]]:
    """Every request that we keep: golden pairs, scenarios and examples, stories, and the cases that were once misread."""
    for path in sorted((TESTS / "hooks").glob("*/request.json")):
        yield path.parent.name, json.loads(path.read_text(encoding="utf-8")), NOW
    for folder in (GUIDELINES[0].folder / "examples", SCENARIOS):
        for path in sorted(folder.glob("*.yaml")):
            for number, told in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")) or ()):
                yield f"{path.stem} {number}", request_for(told), NOW
    for path in sorted((TESTS / "stories").glob("*.yaml")):
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        if told.get("server") != "down":
            yield path.stem, request_for(told), NOW
    for line in (TESTS / "cases" / "expected.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        folder, case, as_of = line.split("\t")[:3]
        read = json.loads((TESTS / "cases" / folder / f"{case}.json").read_text(encoding="utf-8"))
        yield case, read, datetime.fromisoformat(as_of)


def golden(*, every: int = 1) -> list[Golden]:
    """The requests, or one of so many, each with its critical rules."""
    found = []
    for name, request, as_of in islice(requests(), 0, None, every):
        answer = client(as_of).fire(request)
        cards = answer.get_json()["cards"] if answer.status_code == 200 else []
        found.append(Golden(name, request, client(as_of), spoken(cards, "critical")))
    return found


# --- what takes nothing away ------------------------------------------------------------------------------------------

Harmless: TypeAlias = "Callable[[random.Random, Resource], None]"


def answers(request: Resource) -> list[tuple[str, Resource]]:
    """The Bundles of the prefetch that hold something, by key."""
    prefetch = request.get("prefetch") or {}
    return [(key, one) for key, one in prefetch.items() if isinstance(one, dict) and isinstance(one.get("entry"), list)]


def resources(request: Resource) -> list[Resource]:
    """The resources of the record."""
    entries = [entry for _, answer in answers(request) for entry in answer["entry"] if isinstance(entry, dict)]
    return [entry["resource"] for entry in entries if isinstance(entry.get("resource"), dict)]


def any_of(rng: random.Random, several: list[Any]) -> Any:
    return rng.choice(several) if several else None


def adds_another_matter(rng: random.Random, request: Resource) -> None:
    added: list[Resource] = [
        {"resourceType": "Practitioner", "id": "other"},
        {"resourceType": "Condition", "id": "other", "code": {"text": "rhinite"}, "clinicalStatus": {"text": "active"}},
        {"resourceType": "Procedure", "id": "other", "status": "completed", "code": {"text": "appendicectomie"}},
        {
            "resourceType": "Observation",
            "id": "other",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}], "text": "glucose"},
            "valueQuantity": {"value": 5, "unit": "mmol/L"},
        },
        {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]},
    ]
    for _, answer in rng.sample(answers(request), min(3, len(answers(request)))):
        answer["entry"].insert(rng.randint(0, len(answer["entry"])), {"resource": rng.choice(added)})
        answer.pop("total", None)


def doubles_an_entry(rng: random.Random, request: Resource) -> None:
    if answer := any_of(rng, [one for _, one in answers(request) if one["entry"]]):
        answer["entry"].append(copy.deepcopy(rng.choice(answer["entry"])))
        answer.pop("total", None)


def reorders_entries(rng: random.Random, request: Resource) -> None:
    for _, answer in answers(request):
        rng.shuffle(answer["entry"])


def nests_an_answer(rng: random.Random, request: Resource) -> None:
    if chosen := any_of(rng, answers(request)):
        key, answer = chosen
        for _ in range(rng.randint(1, 3)):
            answer = {"resourceType": "Bundle", "type": "batch-response", "entry": [{"resource": answer}]}
        request["prefetch"][key] = answer


def unwraps_an_answer(rng: random.Random, request: Resource) -> None:
    if chosen := any_of(rng, answers(request)):
        key, answer = chosen
        request["prefetch"][key] = rng.choice([answer["entry"], {"response": {"status": "200"}, "resource": answer}])


def counts_otherwise(rng: random.Random, request: Resource) -> None:
    if chosen := any_of(rng, answers(request)):
        here = len(chosen[1]["entry"])
        chosen[1]["total"] = rng.choice([str(here), float(here), here + 3, str(here + 1), -1, "many", None, True])


def is_cut_off(rng: random.Random, request: Resource) -> None:
    if chosen := any_of(rng, answers(request)):
        chosen[1]["link"] = [{"relation": rng.choice(["next", "Next"]), "url": "x"}]


def spells_a_type_otherwise(rng: random.Random, request: Resource) -> None:
    if one := any_of(rng, resources(request)):
        said = str(one["resourceType"])
        one["resourceType"] = rng.choice([said.lower(), said.upper(), f" {said} "])


CODED = ("status", "intent", "clinicalStatus", "verificationStatus")


def spells_a_status_otherwise(rng: random.Random, request: Resource) -> None:
    one = any_of(rng, [one for one in resources(request) if any(isinstance(one.get(name), str) for name in CODED)])
    if one:
        name = rng.choice([name for name in CODED if isinstance(one.get(name), str)])
        said = one[name]
        one[name] = rng.choice([said.upper(), said.title(), said.replace("-", "_"), f" {said}"])


def says_a_status_that_is_none(rng: random.Random, request: Resource) -> None:
    if one := any_of(rng, [one for one in resources(request) if one.get("status")]):
        one["status"] = rng.choice(["zzz", "done?", "verschieden", 7, ["zzz"], {"text": "zzz"}])


def adds_a_modifier(rng: random.Random, request: Resource) -> None:
    if one := any_of(rng, resources(request)):
        if rng.random() < 0.5:
            one["modifierExtension"] = [{"url": "urn:unknown", "valueString": "x"}]
        else:
            one["implicitRules"] = "urn:unknown"


def adds_what_says_nothing(rng: random.Random, request: Resource) -> None:
    if one := any_of(rng, resources(request)):
        one |= rng.choice(
            [
                {"extension": [*one.get("extension", []), {"url": "urn:unknown", "valueBoolean": True}]},
                {"text": {"status": "generated", "div": "<div>no treatment</div>"}},
                {"meta": {"lastUpdated": "2026-01-01T00:00:00.5Z", "profile": ["urn:x"]}},
                {"language": "fr", "unknownMember": {"not": ["done"]}},
                {"identifier": [*listed(one.get("identifier")), {"system": "urn:x", "value": str(rng.random())}]},
            ]
        )


def listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [] if value is None else [value]


def codes(value: Json) -> Iterator[Resource]:
    """The CodeableConcepts of a resource."""
    if isinstance(value, dict):
        if isinstance(value.get("coding"), list) and value["coding"]:
            yield value
        for inner in value.values():
            yield from codes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from codes(inner)


def codes_otherwise(rng: random.Random, request: Resource) -> None:
    drafts = [entry.get("resource") for entry in request.get("context", {}).get("draftOrders", {}).get("entry", [])]
    concepts = [one for resource in (*resources(request), *drafts) for one in codes(resource)]
    if not concepts:
        return
    concept = rng.choice(concepts)
    coding = concept["coding"][0]
    change = rng.randrange(4)
    if change == 0:
        concept["coding"].insert(0, {"system": "urn:local", "code": "Q7"})
    elif change == 1 and isinstance(coding.get("system"), str):
        coding["system"] = rng.choice([coding["system"] + "/", coding["system"].replace("http:", "https:")])
    elif change == 2:
        concept["coding"] = coding if len(concept["coding"]) == 1 else concept["coding"]
    elif isinstance(coding.get("code"), str):
        coding["code"] = f" {coding['code']} "


def dates_otherwise(rng: random.Random, request: Resource) -> None:
    """A time with more digits, or in another zone; a day stays as it is."""
    for one in rng.sample(resources(request), min(3, len(resources(request)))):
        for name, said in one.items():
            if isinstance(said, str) and "T" in said and name.lower().endswith("datetime"):
                try:
                    when = datetime.fromisoformat(said)
                except ValueError:
                    continue
                if when.tzinfo is not None and "." not in said:
                    utc = when.astimezone(UTC).isoformat().replace("+00:00", "")
                    one[name] = rng.choice([f"{utc}.{'0' * rng.randint(1, 12)}Z", f"{utc}Z"])


def numbers_as_texts(rng: random.Random, request: Resource) -> None:
    for one in resources(request):
        quantity = one.get("valueQuantity")
        if isinstance(quantity, dict) and "value" in quantity and rng.random() < 0.3:
            quantity["value"] = str(quantity["value"])


HARMLESS: dict[str, Harmless] = {
    name.replace("_", " "): change
    for name, change in globals().items()
    if name
    in {
        "adds_another_matter",
        "doubles_an_entry",
        "reorders_entries",
        "nests_an_answer",
        "unwraps_an_answer",
        "counts_otherwise",
        "is_cut_off",
        "spells_a_type_otherwise",
        "spells_a_status_otherwise",
        "says_a_status_that_is_none",
        "adds_a_modifier",
        "adds_what_says_nothing",
        "codes_otherwise",
        "dates_otherwise",
        "numbers_as_texts",
    }
}


# --- what breaks ------------------------------------------------------------------------------------------------------

GARBAGE: list[Json] = [
    *(None, True, False, 0, -1, 1.5, 2**63, "", " ", "x", "\x00", "2026-13-45", "0001-01-01", "9999-12-31T23:59:59Z"),
    *([], {}, [[]], [{}], {"x": {}}, ["x", None, 1], "#x", "Patient/another", "http://[", "<script>", "{0}", "%s"),
    *("a" + " " * 5000 + "b", "é" * 3000, "9" * 400, {"value": "9" * 300, "unit": "mg"}, {"coding": [[{}]]}),
]


def places(value: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every member of a request stands."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        yield (*path, name)
        yield from places(inner, (*path, name))


def broken(rng: random.Random, request: Resource) -> str:
    """Break the request at one to three places; says how."""
    said = []
    for _ in range(rng.randint(1, 3)):
        path = rng.choice(list(places(request)))
        holder = request
        for name in path[:-1]:
            holder = holder[name]
        name, how = path[-1], rng.choice(["delete", "replace", "nest", "double", "rename", "deepen"])
        inner = holder[name]
        if how == "delete":
            del holder[name]
        elif how == "replace":
            holder[name] = copy.deepcopy(rng.choice(GARBAGE))
        elif how == "nest":
            holder[name] = rng.choice([[inner], {"x": inner}, [inner, inner]])
        elif how == "double" and isinstance(inner, list):
            holder[name] = [*inner, *copy.deepcopy(inner)]
        elif how == "rename" and isinstance(holder, dict):
            del holder[name]
            holder[rng.choice([str(name).upper(), f"{name}s", f"_{name}", "resource", "entry", "valueString"])] = inner
        else:
            deep: Json = inner
            for _ in range(200):
                deep = [deep]
            holder[name] = deep
        said.append(f"{how} {'.'.join(map(str, path))}")
    return "; ".join(said)


# --- the run ----------------------------------------------------------------------------------------------------------


@dataclass
class Figures:
    """What a run counted: requests by kind of mutation, and each finding in words."""

    fired: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    silences: list[str] = field(default_factory=list)
    slowest: float = 0.0

    @property
    def findings(self) -> list[str]:
        return [*self.errors, *self.slow, *self.silences]


def fuzzed(seed: int, several: list[Golden], *, until: Callable[[int], bool]) -> Figures:
    """Mutants of these requests, fired until told to stop; the seed decides them all."""
    rng, figures = random.Random(seed), Figures()
    critical = [one for one in several if one.critical]
    number = 0
    while not until(number):
        number += 1
        if rng.random() < 0.5:
            one = rng.choice(several)
            request = copy.deepcopy(one.request)
            kind, how = "broken", broken(rng, request)
        else:
            one = rng.choice(critical)
            request = copy.deepcopy(one.request)
            how = rng.choice(list(HARMLESS))
            HARMLESS[how](rng, request)
            kind = how
        _fire(one, request, kind, f"{one.name}, mutant {number} of seed {seed}: {how}", figures)
    return figures


def _fire(one: Golden, request: Resource, kind: str, name: str, figures: Figures) -> None:
    figures.fired[kind] += 1
    hook = one.request["hook"]
    started = time.thread_time()
    try:
        answer = one.client.fire(request, f"bone-metastases-{hook}")
    except Exception as error:  # noqa: BLE001 - an answer that is none is what is looked for
        figures.errors.append(f"{name}: {type(error).__name__} {str(error)[:200]}")
        return
    taken = time.thread_time() - started
    figures.slowest = max(figures.slowest, taken)
    if answer.status_code >= 500:
        figures.errors.append(f"{name}: HTTP {answer.status_code}")
    if taken > SLOW_SECONDS:
        figures.slow.append(f"{name}: {taken:.1f} s")
    if kind in HARMLESS and answer.status_code == 200:
        cards = answer.get_json()["cards"]
        lost = one.critical - spoken(cards) - unchecked(cards)
        figures.silences += [f"{name}: {', '.join(sorted(lost))}"] if lost else []


def main() -> None:
    """Print the figures; the exit code tells whether anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=100)
    chosen = parser.parse_args()
    several = golden()
    end = time.monotonic() + chosen.seconds
    figures = fuzzed(chosen.seed, several, until=lambda _: time.monotonic() > end)
    for finding in figures.findings[: chosen.show]:
        print(finding)
    print(
        f"{len(several)} requests, {sum(one.critical != frozenset() for one in several)} of them with a critical card; "
        f"{figures.fired.total()} mutants, {figures.fired['broken']} of them broken: "
        f"{len(figures.errors)} errors of the service, {len(figures.slow)} answers over {SLOW_SECONDS:.0f} s "
        f"(slowest {figures.slowest:.2f} s), {len(figures.silences)} accidental silences"
    )
    sys.exit(bool(figures.findings))


if __name__ == "__main__":
    main()
