"""`osteocds coverage`: a sample of records read from files, one resource at a time, and the report of what we understood.

A sample is an NDJSON file (FHIR bulk export), a JSON file (a Bundle, a resource, an array of them) or a folder of such
files, plain or gzipped; a hook request counts as the Bundles that it carries. Lines are read one by one, folders one file
at a time, long Bundles entry by entry.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import ijson
import orjson

from cds_hooks import Ambiguous, prefetched, read_json
from mappings.evidence import Resource, local_reference, reference_of
from mappings.readers.shapes import printable
from mappings.shapes import a_map, a_text
from mappings.wording import Said, Text, _, _n, verbatim
from service.coverage.counts import SHOWN_KINDS, SHOWN_VERDICTS, UNITS, Coverage, Item, Kind, Verdict
from service.languages.render import Language, spoken

ENDINGS = (".json", ".ndjson", ".jsonl")
LINES = (".ndjson", ".jsonl")
LONGEST = 16 * 1024 * 1024
"""Bytes of a line, and of a JSON file that is read as a whole; a longer file is read entry by entry."""

MOST_MEDICATIONS = 20_000
"""Medications of the sample that are kept, so that what refers to them can be read; a hospital has a few thousand."""

MOST_NAMED = 20
"""Unreadable places that are named; the others are counted."""

LONGEST_PATH = 300
"""Characters of a file's name that are shown."""

DEEPEST_BUNDLE = 3
"""How deep Bundles in Bundles are followed."""

_IDENTIFYING = ("resourceType", "id", "code", "ingredient", "identifier", "contained")
"""What a Medication is identified by."""

NOT_JSON = Said(_("not JSON"))
TWICE = Said(_("a member of an object stands twice"))
TOO_LONG = Said(_("longer than {size} MiB", size=LONGEST // (1024 * 1024)))
NO_RESOURCE = Said(_("no FHIR resource (it has no resourceType)"))
NOT_A_FILE = Said(_("it cannot be read"))


class Unreadable(NamedTuple):
    """A place of the sample that could not be read: the file, the line or entry in it, and why."""

    file: str
    place: str
    why: str


class Found(NamedTuple):
    """A resource of the sample, and the `fullUrl` under which a Bundle carries it."""

    resource: Resource
    full_url: str


class NotASample(ValueError):
    """A path that holds nothing to examine; the message says what is taken."""


@dataclass(slots=True)
class Sample:
    """What is at a path: its files, and what of them could not be read."""

    path: Path
    advance: Callable[[int], None] = lambda _: None
    """Called with the number of bytes that were read since the last call."""

    files: int = 0
    other_files: int = 0
    unreadable_places: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    medications_left_out: int = 0
    _medications: dict[str, Resource] = field(default_factory=dict)

    def examined_by(self, coverage: Coverage) -> None:
        """Count every resource: once for the medications that others refer to, and once for all."""
        for found in self.resources():
            if a_text(found.resource.get("resourceType")) == "Medication":
                self._keep(found)
        self.files = self.other_files = self.unreadable_places = 0
        self.unreadable.clear()
        for found in self.resources():
            coverage.examine(found.resource, self.find)

    def find(self, reference: object) -> Resource | None:
        """The Medication of the sample that a reference leads to."""
        return self._medications.get(local_reference(reference))

    def _keep(self, found: Found) -> None:
        slim = {name: found.resource[name] for name in _IDENTIFYING if name in found.resource}
        for key in (reference_of(found.resource), found.full_url):
            if key and key not in self._medications:
                if len(self._medications) >= MOST_MEDICATIONS:
                    self.medications_left_out += 1
                    return
                self._medications[key] = slim

    # --- files --------------------------------------------------------------------------------------------------------

    def paths(self) -> Iterator[Path]:
        """The files of the sample, one after the other; those of other kinds are counted."""
        if self.path.is_file():
            yield self.path
            return
        for folder, folders, names in os.walk(self.path):
            folders.sort()
            for name in sorted(names):
                path = Path(folder) / name
                if _plain_name(path).endswith(ENDINGS) and path.is_file():
                    yield path
                else:
                    self.other_files += 1

    def resources(self) -> Iterator[Found]:
        """Every resource of the sample, in the order of the files."""
        for path in self.paths():
            self.files += 1
            try:
                with path.open("rb") as raw:
                    yield from self._in_file(path, raw)
            except (OSError, EOFError, zlib.error):
                self._note(path, "", NOT_A_FILE)

    def _in_file(self, path: Path, raw: BinaryIO) -> Iterator[Found]:
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if path.name.casefold().endswith(".gz") else raw
        told = 0
        for found in self._in_stream(path, stream):
            if (position := raw.tell()) > told:
                self.advance(position - told)
                told = position
            yield found
        self.advance(max(0, path.stat().st_size - told))

    def _in_stream(self, path: Path, stream: BinaryIO) -> Iterator[Found]:
        if _plain_name(path).endswith(LINES) or _begins_with_an_object_a_line(stream):
            yield from self._in_lines(path, stream)
            return
        head = stream.read(LONGEST + 1)
        if len(head) > LONGEST:
            stream.seek(0)
            yield from self._in_long_document(path, stream)
            return
        try:
            document = read_json(_without_mark(head))
        except orjson.JSONDecodeError as error:
            self._note(path, Said(_("line {number}", number=error.lineno)), NOT_JSON)
            return
        except Ambiguous:
            self._note(path, "", TWICE)
            return
        yield from self._in_value(path, "", document)

    def _in_lines(self, path: Path, stream: BinaryIO) -> Iterator[Found]:
        for number, line in enumerate(_lines(stream), start=1):
            place = Said(_("line {number}", number=number))
            if line is None:
                self._note(path, place, TOO_LONG)
            elif text := _without_mark(line).strip():
                try:
                    value = read_json(text)
                except ValueError as error:
                    self._note(path, place, TWICE if isinstance(error, Ambiguous) else NOT_JSON)
                    continue
                yield from self._in_value(path, place, value)

    def _in_long_document(self, path: Path, stream: BinaryIO) -> Iterator[Found]:
        """A Bundle entry by entry, or an array element by element."""
        is_array = _first_character(stream) == b"["
        number = 0
        try:
            for number, value in enumerate(
                ijson.items(stream, "item" if is_array else "entry.item", use_float=True), start=1
            ):
                place = _entry("", number)
                if is_array:
                    yield from self._in_value(path, place, value)
                else:
                    yield from self._in_entry(path, place, value, 1)
        except (ijson.JSONError, UnicodeDecodeError, OverflowError):  # its words quote the document
            self._note(path, Said(_("after entry {number}", number=number)), NOT_JSON)
            return
        if number == 0:
            self._note(path, "", NO_RESOURCE)

    # --- values -------------------------------------------------------------------------------------------------------

    def _in_value(self, path: Path, place: str, value: object, depth: int = 0) -> Iterator[Found]:
        if isinstance(value, list) and depth == 0:
            for number, element in enumerate(value, start=1):
                yield from self._in_value(path, _entry(place, number), element, 1)
        elif isinstance(value, dict) and a_text(value.get("hook")) and depth <= 1:
            yield from self._in_hook_request(path, place, value, depth + 1)
        elif not isinstance(value, dict) or not a_text(value.get("resourceType")):
            self._note(path, place, NO_RESOURCE)
        elif value["resourceType"] == "Bundle" and depth < DEEPEST_BUNDLE:
            entries = value.get("entry")
            for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
                yield from self._in_entry(path, _entry(place, number), entry, depth + 1)
        else:
            yield Found(value, "")

    def _in_entry(self, path: Path, place: str, entry: object, depth: int) -> Iterator[Found]:
        """One entry of a Bundle; one without a resource deletes something, or is an answer."""
        holder = a_map(entry)
        resource = holder.get("resource")
        if resource is None and ("request" in holder or "response" in holder):
            return
        for found in self._in_value(path, place, resource, depth):
            yield found if found.full_url else Found(found.resource, a_text(holder.get("fullUrl")))

    def _in_hook_request(self, path: Path, place: str, request: Resource, depth: int) -> Iterator[Found]:
        """What a CDS Hooks request carries: its draft orders and what was prefetched."""
        prefetch = a_map(request.get("prefetch"))
        carried = {name: prefetched(prefetch, name).resource for name in prefetch}
        for name, value in {"draftOrders": a_map(request.get("context")).get("draftOrders"), **carried}.items():
            if value is not None:
                yield from self._in_value(path, _inside(place, printable(name)), value, depth)

    def _note(self, path: Path, place: str, why: str) -> None:
        self.unreadable_places += 1
        if len(self.unreadable) < MOST_NAMED:
            name = path.relative_to(self.path) if path != self.path else Path(path.name)
            self.unreadable.append(Unreadable(printable(str(name), LONGEST_PATH), place, why))


def _entry(place: str, number: int) -> str:
    return _inside(place, _("entry {number}", number=number))


def _inside(place: str, what: Text | str) -> str:
    """A place within a place of a file."""
    outer = place.text if isinstance(place, Said) else place
    return Said(_("{place} {what}", place=outer, what=what) if outer else _as_text(what))


def _as_text(words: Text | str) -> Text:
    return words if isinstance(words, Text) else verbatim(words)


def _plain_name(path: Path) -> str:
    return path.name.casefold().removesuffix(".gz")


def _without_mark(text: bytes) -> bytes:
    return text.removeprefix(b"\xef\xbb\xbf")


def _first_character(stream: BinaryIO) -> bytes:
    first = _without_mark(stream.read(4096)).lstrip()[:1]
    stream.seek(0)
    return first


def _begins_with_an_object_a_line(stream: BinaryIO) -> bool:
    """NDJSON under the name of a JSON file."""
    line = stream.readline(LONGEST)
    stream.seek(0)
    if not line.endswith(b"\n"):
        return False
    try:
        return isinstance(orjson.loads(_without_mark(line)), dict)
    except orjson.JSONDecodeError:
        return False


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """The lines of a stream; None for one that is too long to be read."""
    while line := stream.readline(LONGEST):
        if len(line) < LONGEST or line.endswith(b"\n"):
            yield line
            continue
        while (rest := stream.readline(io.DEFAULT_BUFFER_SIZE)) and not rest.endswith(b"\n"):
            pass
        yield None


# --- the report -------------------------------------------------------------------------------------------------------


def size(path: Path) -> int:
    """The bytes of the files of a sample; each is read twice."""
    return sum(file.stat().st_size for file in Sample(path).paths())


def examine(path: Path, coverage: Coverage, advance: Callable[[int], None] = lambda _: None) -> Sample:
    """Count a sample; the answer says which files it read and what of them was unreadable.

    Raises `NotASample` where there is no resource at all.
    """
    sample = Sample(path, advance)
    sample.examined_by(coverage)
    if not coverage.resources and not coverage.not_read and not sample.unreadable_places:
        raise NotASample(
            Said(
                _(
                    "{path} holds no FHIR resource: give a Bundle or resource (.json), an NDJSON file (.ndjson), or a folder "
                    "of such files",
                    path=str(path),
                )
            )
        )
    return sample


def report(sample: Sample, coverage: Coverage) -> dict[str, Any]:
    """The report as JSON: totals by kind and verdict, what was counted by verdict, and what was not read."""
    return {
        "files": sample.files,
        "otherFiles": sample.other_files,
        "resources": dict(sorted(coverage.resources.items())),
        "resourcesWithoutCodesOfOurs": dict(sorted(coverage.not_read.items())),
        "totals": {
            kind.value: {verdict.value: coverage.totals[kind, verdict] for verdict in Verdict}
            for kind in _kinds(coverage)
        },
        "notUnderstood": [_row(item, count) for item, count in coverage.ranked(Verdict.NOT_UNDERSTOOD)],
        "understood": [_row(item, count) for item, count in coverage.ranked(Verdict.UNDERSTOOD)],
        "knownUnused": [_row(item, count) for item, count in coverage.ranked(Verdict.UNUSED)],
        "somethingElse": [_row(item, count) for item, count in coverage.ranked(Verdict.SOMETHING_ELSE)],
        "forgottenOccurrences": coverage.forgotten,
        "medicationsLeftOut": sample.medications_left_out,
        "unreadable": {
            "count": sample.unreadable_places,
            "first": [one._asdict() for one in sample.unreadable],
        },
    }


def _row(item: Item, count: int) -> dict[str, Any]:
    return {
        "count": count,
        **{name: str(value) for name, value in item._asdict().items() if value and name != "verdict"},
    }


def _kinds(coverage: Coverage) -> list[Kind]:
    return [kind for kind in Kind if any(coverage.totals[kind, verdict] for verdict in Verdict)]


HEADINGS: Mapping[Verdict, Text] = {
    Verdict.NOT_UNDERSTOOD: _("Not understood: map these, or correct them"),
    Verdict.UNDERSTOOD: _("Understood: a rule asks for it in that resource type"),
    Verdict.UNUSED: _("Known, unused: concepts of ours that no rule asks for there"),
    Verdict.SOMETHING_ELSE: _("Something else: known to be none of ours"),
}


def printed(sample: Sample, coverage: Coverage, top: int, language: Language) -> Iterator[str]:
    """The report for a person: a summary, then what was counted, the most frequent first, `top` rows a table."""
    yield from (spoken(line, language) for line in _summary(sample, coverage))
    yield from (f"  {spoken(line, language)}" for line in _unreadable(sample))
    yield ""
    yield f"{'':<{WIDEST_KIND}}" + "".join(
        f"{spoken(SHOWN_VERDICTS[one], language):>{WIDEST_VERDICT}}" for one in Verdict
    )
    for kind in _kinds(coverage):
        totals = "".join(f"{coverage.totals[kind, verdict]:>{WIDEST_VERDICT}}" for verdict in Verdict)
        yield f"{spoken(SHOWN_KINDS[kind], language):<{WIDEST_KIND}}" + totals
    for verdict, heading in HEADINGS.items():
        yield from _table(heading, coverage.ranked(verdict), top, language)
    if coverage.forgotten:
        yield ""
        yield spoken(FORGOTTEN.with_(number=coverage.forgotten), language)
    if sample.medications_left_out:
        left_out = NOT_KEPT.with_(number=sample.medications_left_out, most=MOST_MEDICATIONS)
        yield spoken(left_out, language)


WIDEST_KIND, WIDEST_VERDICT = 24, 18
"""Columns of the summary, as wide as their widest words in any language."""

FORGOTTEN = _(
    "There were more different codes, units and drugs than are held: {number} occurrences of rare ones are in the summary alone, "
    "and the counts of rare ones may be too low."
)
NOT_KEPT = _("{number} Medications beyond {most} were not kept for what refers to them.")


def _summary(sample: Sample, coverage: Coverage) -> Iterator[Text]:
    yield _(
        "{resources} in {files}",
        resources=_n("{number} resource with codes", "{number} resources with codes", sum(coverage.resources.values())),
        files=_n("{number} file", "{number} files", sample.files),
    )
    if coverage.not_read:
        others = ", ".join(f"{name} {count}" for name, count in coverage.not_read.most_common(8))
        yield _n(
            "{number} resource without codes that the service reads: {others}",
            "{number} resources without codes that the service reads: {others}",
            sum(coverage.not_read.values()),
            others=others,
        )
    if sample.unreadable_places:
        yield _n("{number} place could not be read:", "{number} places could not be read:", sample.unreadable_places)


def _unreadable(sample: Sample) -> Iterator[Text]:
    for one in sample.unreadable:
        where = _("{file}, {place}", file=one.file, place=one.place) if one.place else verbatim(one.file)
        yield _("{where}: {why}", where=where, why=one.why)
    if (more := sample.unreadable_places - len(sample.unreadable)) > 0:
        yield _("and {more} more", more=more)


def _table(heading: Text, ranked: list[tuple[Item, int]], top: int, language: Language) -> Iterator[str]:
    if not ranked:
        return
    yield ""
    yield spoken(heading, language)
    for item, count in ranked[:top]:
        coded = f"{item.system or spoken(NO_SYSTEM, language)}|{item.code}" if item.code else ""
        no_unit = spoken(NO_UNIT, language) if item.kind in UNITS else ""
        shown = f"«{item.words}»" if item.words else no_unit
        what = " ".join(part for part in (coded, shown) if part) or "-"
        kind = spoken(SHOWN_KINDS[item.kind], language)
        yield f"{count:>8}  {kind:<{WIDEST_KIND}}  {what}  →  {spoken(item.meaning, language)}"
    if (more := len(ranked) - top) > 0:
        yield " " * 10 + spoken(MORE_ROWS.with_(more=more, all=str(len(ranked))), language)


NO_SYSTEM, NO_UNIT = _("(no system)"), _("(no unit)")
MORE_ROWS = _("and {more} more: --top {all}, or --json")
