"""The files of an export as lines that DuckDB and Spark read: which there are, what of them cannot be read, Bundles as NDJSON."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from cds_hooks import Ambiguous, read_json
from mappings.wording import Said, Text, _
from service.gathering.answers import opened

LINES = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
DOCUMENTS = (".json", ".json.gz")
DOCUMENTS_AS_LINES = "documents.ndjson"

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of one resource; a longer line counts as unreadable. Of twice as many DuckDB refuses the file."""

_PACKED = re.compile(r"\.(?:ndjson|jsonl)\.", re.IGNORECASE)
"""In the name of a file of another kind: packed otherwise, or not fetched whole."""

ID = '[^/?#|" ]+'
"""Of a patient, as a reference has it, whole: one that FHIR would not allow is not half of another."""

FHIR_ID = "[A-Za-z0-9.-]{1,64}"

TYPE = '"resourceType"[ \t]*:[ \t]*"([A-Za-z]{1,64})"'
_WHOSE = '"(?:subject|patient|individual)"[ \t]*:[ \t]*[{]'
SUBJECT = (
    # No further one between them, so that however many there are, each sign is looked at once.
    _WHOSE + "(?:(?!" + _WHOSE + ').){0,2000}?"reference"[ \t]*:[ \t]*"(?:[^"]{0,2000}/)?Patient/(' + ID + ")"
)
OF_A_PATIENT = '"resourceType"[ \t]*:[ \t]*"Patient"'
OWN_ID = '"id"[ \t]*:[ \t]*"(' + ID + ')"'
PATIENT_AND_ID = OF_A_PATIENT + "[ \t]*,[ \t]*" + OWN_ID
"""What a line that is no JSON still says, as regular expressions of Python and of Spark: its types, and whose it is.

Of several patients too: where files are joined, the last line of one and the first of the next are one.
"""

_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F]"
LONE_SURROGATE = rf"(?<!\\)(?:\\\\)*(?:{_HIGH}(?!{_LOW})|(?<!{_HIGH}){_LOW})"
"""Half of a sign, such as text that was cut off ends with: no JSON for us and DuckDB, and for Spark and Python it is."""

NO_NUMBER = '"unreadable":1e999}'
"""Ends what stands for a line that cannot be read: DuckDB takes it for JSON, and `read_line` does not."""

MOST_TOLD_OF_A_LINE = 1_000
"""Types, each of them for each patient, that stand for a line; of one that names more no type is told."""

NOBODYS_LINE = "{"
"""Stands for a line of which nobody can tell whose it is."""


_OF_SEVERAL = frozenset("*?[{\\")
"""In a path, DuckDB and Spark take it for that of other files."""


class NotAnExport(ValueError):
    """A path that holds no export that can be read; the message says what is taken, or what to do."""


class CannotGroup(ValueError):
    """DuckDB does not take what was chosen, such as the size of its memory, or cannot read a file; the message is its own."""


def refused(text: Text) -> NotAnExport:
    """An export that is not read, as these words say."""
    return NotAnExport(Said(text))


def files_of(source: Path) -> list[Path]:
    """The files of an export, in order; hidden ones are none of it. Raises `NotAnExport` where there is none."""
    refuse_names_of_several(source)
    if source.is_file():
        return [source]
    found = []
    for path in sorted(source.rglob("*")):
        if any(part.startswith(".") for part in path.relative_to(source).parts):
            continue
        if path.name.casefold().endswith((*LINES, *DOCUMENTS)):
            refuse_names_of_several(path)
            if not path.is_file():  # of a pipe or a device nobody would ever see the end
                raise refused(_("{path} is no file: take it out of the folder", path=str(path)))
            found.append(path)
        elif _PACKED.search(path.name):
            raise refused(
                _(
                    "{path} is packed otherwise than by gzip, or not whole: unpack it, or take it out of the folder",
                    path=str(path),
                )
            )
    if not found:
        raise refused(
            _(
                "{path} holds no export: give NDJSON files (.ndjson, .ndjson.gz), a Bundle (.json), or a folder of them",
                path=str(source),
            )
        )
    return found


def refuse_names_of_several(path: Path) -> None:
    """Raises `NotAnExport` for a path that would be taken for others, whose records would then be read in its place."""
    if not _OF_SEVERAL.isdisjoint(str(path)):
        raise refused(
            _(
                "{path} has a sign in its name that stands for several files ({signs}): rename it",
                path=str(path),
                signs=" ".join(sorted(_OF_SEVERAL)),
            )
        )


def lines_of(source: Path, folder: Path) -> list[Path]:
    """The NDJSON files of an export; its Bundles are written into one in `folder`. Raises `NotAnExport`."""
    files = files_of(source)
    lines = [path for path in files if path.name.casefold().endswith(LINES)]
    for path in lines:
        if not path.name.casefold().endswith(".gz"):
            _refuse_what_is_no_text(path)
            _refuse_what_was_cut_off(path)
    documents = [path for path in files if path not in lines]
    if documents:
        from service.population.exported_bundles import as_lines  # noqa: PLC0415 - where Bundles are exported alone

        lines.append(as_lines(documents, folder / DOCUMENTS_AS_LINES))
    return lines


def stamps(source: Path) -> list[tuple[str, int, int]]:
    """The names, sizes and times of the files of an export."""
    found = [(path, path.stat()) for path in files_of(source)]
    return [(str(path), status.st_size, status.st_mtime_ns) for path, status in found]


# --- lines ------------------------------------------------------------------------------------------------------------

TOLD_OF_THE_EXPORT = "'Bundle', 'OperationOutcome'"
"""Types that are no record of anybody, and say what becomes of records."""


def refuse_what_is_not_all(told: Iterable[tuple[str, str]]) -> None:
    """Of the lines of `TOLD_OF_THE_EXPORT`, each with its file: raises `NotAnExport` for one that says that some is lacking."""
    for path, line in told:
        try:
            resource = orjson.loads(line)
        except orjson.JSONDecodeError:
            resource = {"resourceType": "OperationOutcome"}  # one that says nothing is no good news
        if resource.get("resourceType") == "Bundle":
            raise refused(
                _(
                    "{path} holds Bundles as lines, which are not read: write each into a .json file; where they tell what was "
                    "deleted (FHIR Bulk Data), delete that from the export, and take the file away",
                    path=path,
                )
            )
        of_itself = opened({"resourceType": "Bundle", "entry": [{"resource": resource}]})
        if of_itself.error or of_itself.withheld:
            raise refused(
                _(
                    "{path} says that not everything was exported (OperationOutcome): export again, or take that away and know "
                    "that records may lack something",
                    path=path,
                )
            )


GZIP = b"\x1f\x8b"
OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")


def _refuse_what_is_no_text(path: Path) -> None:
    with path.open("rb") as file:
        first = file.read(2)
    if first == GZIP:
        raise refused(_("{path} is packed with gzip: name it {name}", path=str(path), name=f"{path.name}.gz"))
    if first in OTHER_ENCODINGS:
        raise refused(_("{path} is not UTF-8, which NDJSON is: write it anew", path=str(path)))


def _refuse_what_was_cut_off(path: Path) -> None:
    """A last line that ends early: how many are lacking after it, and of whom, nobody knows."""
    last = _last_line(path).removeprefix(b"\xef\xbb\xbf").strip()
    try:
        orjson.loads(last.decode("utf-8", "ignore") or "{}")  # the end may be in the midst of a character
    except orjson.JSONDecodeError as error:
        if "unexpected end of data" in str(error):
            raise refused(
                _("{path} was cut off: its last line is no whole resource; fetch it again", path=str(path))
            ) from None


def _last_line(path: Path) -> bytes:
    """What stands after the last line break; empty where the file ends with one, or it is longer than any line may be."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 1))
        if file.read() in (b"", b"\n"):
            return b""
        file.seek(max(0, size - LONGEST_LINE))
        _before, broken, last = file.read().rpartition(b"\n")
        return last if broken or size <= LONGEST_LINE else b""


def told_of(line: str) -> list[str]:
    """What stands for a line that cannot be read: its types, for each of the patients that it names."""
    patients = [*re.findall(SUBJECT, line), *re.findall(PATIENT_AND_ID, line)]
    if not patients and re.search(OF_A_PATIENT, line):
        patients = re.findall(OWN_ID, line)[:1]
    if not patients:
        return [NOBODYS_LINE]
    whose, types = dict.fromkeys(patients), dict.fromkeys(re.findall(TYPE, line))
    if len(whose) * len(types) > MOST_TOLD_OF_A_LINE:
        types = {}  # it may be of any
    of = ",".join(f'{{"resourceType":"{one}"}}' for one in types)
    return [f'{{"subject":{{"reference":"Patient/{one}"}},"of":[{of}],{NO_NUMBER}' for one in whose]


class Readable(NamedTuple):
    """A file as it may be read, how many of its lines cannot be, and how many stand for these beyond one a line."""

    path: Path
    unreadable: int
    further: int


def readable(path: Path, target: Path) -> Readable:
    """The file, or a copy in `target` where what lines tell stands for those that are no JSON.

    Raises `CannotGroup` where the file cannot be read itself.
    """
    opened_as = gzip.open if path.name.casefold().endswith(".gz") else open
    replaced = stand = others = 0
    try:
        with opened_as(path, "rb") as read, target.open("wb") as written:
            for number, line in enumerate(_bounded_lines(read)):
                text = (line if number else line.removeprefix(b"\xef\xbb\xbf")).strip()
                kind = _kind_of(line, text)
                if kind is _Kind.UNREADABLE:
                    told = told_of(line.decode("utf-8", "replace"))
                    replaced, stand = replaced + 1, stand + len(told)
                    written.writelines(one.encode() + b"\n" for one in told)
                else:
                    others += kind is _Kind.NO_RESOURCE
                    written.write(text + b"\n")
    except (OSError, EOFError, zlib.error) as error:
        raise CannotGroup(f"{path}: {error}") from None
    if not replaced:
        target.unlink()
    return Readable(target if replaced else path, replaced + others, stand - replaced)


def _bounded_lines(read: Any) -> Iterator[bytes]:
    """The lines; of one that is too long as much as may be read of it, and one byte."""
    while line := read.readline(LONGEST_LINE + 1):
        yield line
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = read.readline(LONGEST_LINE)


class _Kind(Enum):
    """What a line is."""

    RESOURCE = auto()
    NO_RESOURCE = auto()
    """JSON, and nothing that says what it is."""

    UNREADABLE = auto()


def _kind_of(line: bytes, text: bytes) -> _Kind:
    """DuckDB takes more for JSON than we do (`read_line`): what it reads is not unreadable here. An empty line is no fault.

    What it does not read is, whatever else would read it: that line would be missing, and nobody told.
    """
    if len(line.rstrip(b"\r\n")) > LONGEST_LINE:
        return _Kind.UNREADABLE
    try:
        told = read_json(text or b"{}")
    except orjson.JSONDecodeError:
        return _Kind.RESOURCE if _is_json_all_the_same(text) else _Kind.UNREADABLE
    except Ambiguous:
        return _Kind.UNREADABLE
    is_resource = isinstance(told, dict) and told.get("resourceType") is not None
    return _Kind.RESOURCE if is_resource or not text else _Kind.NO_RESOURCE


def _is_json_all_the_same(text: bytes) -> bool:
    try:
        line = text.decode("utf-8")
        json.loads(line, parse_constant=_refuse)
    except RecursionError:
        return True
    except ValueError:
        return False
    return re.search(LONE_SURROGATE, line) is None


def _refuse(constant: str) -> None:
    raise ValueError(constant)
