"""The files of an export as lines that DuckDB and Spark read: which there are, what of them cannot be read, Bundles as NDJSON."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Any

import orjson

from cds_hooks import Ambiguous, read_json
from mappings.wording import Said, Text, _

LINES = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
DOCUMENTS = (".json", ".json.gz")

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
"""What a line that is no JSON still says, as regular expressions of Python and of Spark: its types, and whose it is."""

NO_NUMBER = '"unreadable":1e999}'
"""Ends what stands for a line that cannot be read: DuckDB takes it for JSON, and `read_line` does not."""

NOBODYS_LINE = "{"
"""Stands for a line of which nobody can tell whose it is."""


_OF_SEVERAL = frozenset("*?[{\\")
"""In a path, DuckDB and Spark take it for that of other files."""

_HALF_A_SIGN = re.compile(rb"\\u[dD][89a-fA-F]")
"""Half of a sign beyond the first plane, of which DuckDB reads no line where the other half is lacking."""


class NotAnExport(ValueError):
    """A path that holds no export that can be read; the message says what is taken, or what to do."""


class CannotGroup(ValueError):
    """DuckDB does not take what was chosen, such as the size of its memory, or cannot read a file; the message is its own."""


def _refused(text: Text) -> NotAnExport:
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
                raise _refused(_("{path} is no file: take it out of the folder", path=str(path)))
            found.append(path)
        elif _PACKED.search(path.name):
            raise _refused(
                _(
                    "{path} is packed otherwise than by gzip, or not whole: unpack it, or take it out of the folder",
                    path=str(path),
                )
            )
    if not found:
        raise _refused(
            _(
                "{path} holds no export: give NDJSON files (.ndjson, .ndjson.gz), a Bundle (.json), or a folder of them",
                path=str(source),
            )
        )
    return found


def refuse_names_of_several(path: Path) -> None:
    """Raises `NotAnExport` for a path that would be taken for others, whose records would then be read in its place."""
    if not _OF_SEVERAL.isdisjoint(str(path)):
        raise _refused(
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
        lines.append(_as_lines(documents, folder / "documents.ndjson"))
    return lines


def stamps(source: Path) -> list[tuple[str, int, int]]:
    """The names, sizes and times of the files of an export."""
    found = [(path, path.stat()) for path in files_of(source)]
    return [(str(path), status.st_size, status.st_mtime_ns) for path, status in found]


# --- lines ------------------------------------------------------------------------------------------------------------

GZIP = b"\x1f\x8b"
OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")


def _refuse_what_is_no_text(path: Path) -> None:
    with path.open("rb") as file:
        first = file.read(2)
    if first == GZIP:
        raise _refused(_("{path} is packed with gzip: name it {name}", path=str(path), name=f"{path.name}.gz"))
    if first in OTHER_ENCODINGS:
        raise _refused(_("{path} is not UTF-8, which NDJSON is: write it anew", path=str(path)))


def _refuse_what_was_cut_off(path: Path) -> None:
    """A last line that ends early: how many are lacking after it, and of whom, nobody knows."""
    last = _last_line(path).removeprefix(b"\xef\xbb\xbf").strip()
    try:
        orjson.loads(last.decode("utf-8", "ignore") or "{}")  # the end may be in the midst of a character
    except orjson.JSONDecodeError as error:
        if "unexpected end of data" in str(error):
            raise _refused(
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


def told_of(line: str) -> str:
    """What stands for a line that cannot be read: its types and its patient, as far as it says them."""
    found = re.search(SUBJECT, line)
    if found is None and re.search(OF_A_PATIENT, line):
        found = re.search(OWN_ID, line)
    if found is None:
        return NOBODYS_LINE
    types = ",".join(f'{{"resourceType":"{one}"}}' for one in dict.fromkeys(re.findall(TYPE, line)))
    return f'{{"subject":{{"reference":"Patient/{found[1]}"}},"of":[{types}],{NO_NUMBER}'


def readable(path: Path, target: Path) -> tuple[Path, int]:
    """The file, or a copy in `target` where what lines tell stands for those that are no JSON; how many are no resource.

    Raises `CannotGroup` where the file cannot be read itself.
    """
    opened = gzip.open if path.name.casefold().endswith(".gz") else open
    replaced = others = 0
    try:
        with opened(path, "rb") as read, target.open("wb") as written:
            for number, line in enumerate(_bounded_lines(read)):
                text = (line if number else line.removeprefix(b"\xef\xbb\xbf")).strip()
                kind = _kind_of(line, text)
                if kind is _Kind.UNREADABLE:
                    replaced += 1
                    written.write(told_of(line.decode("utf-8", "replace")).encode() + b"\n")
                else:
                    others += kind is _Kind.NO_RESOURCE
                    written.write(text + b"\n")
    except (OSError, EOFError, zlib.error) as error:
        raise CannotGroup(f"{path}: {error}") from None
    if not replaced:
        target.unlink()
    return (target if replaced else path), replaced + others


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
    if _HALF_A_SIGN.search(text):
        return False
    try:
        json.loads(text.decode("utf-8"), parse_constant=_refuse)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(constant)


# --- Bundles ----------------------------------------------------------------------------------------------------------


def _as_lines(documents: Sequence[Path], target: Path) -> Path:
    """The resources of Bundles, one a line; what a Bundle names by `fullUrl` is named by type and id.

    Raises `NotAnExport` for a document that is no JSON.
    """
    from service.coverage.sample import NO_RESOURCE, Sample  # noqa: PLC0415 - where Bundles are exported alone

    with target.open("wb") as written:
        for path in documents:
            sample = Sample(path)
            held = [(_with_an_id(one.resource, one.full_url), one.full_url) for one in sample.resources()]
            wrong = next((one for one in sample.unreadable if one.why != NO_RESOURCE), None)
            if wrong is not None:
                where = " ".join(filter(None, (str(path), wrong.place)))
                raise _refused(_("{path} cannot be read ({why}): mend it, or take it away", path=where, why=wrong.why))
            names = {
                url: f"{one['resourceType']}/{one['id']}" for one, url in held if url and isinstance(one.get("id"), str)
            }
            for one, _url in held:
                written.write(orjson.dumps(_renamed(one, names)) + b"\n")
    return target


def _with_an_id(resource: Mapping[str, Any], full_url: str) -> Mapping[str, Any]:
    """What is to be created has no id yet: the end of the name that its Bundle gives it."""
    name = re.split("[/:]", full_url)[-1]
    return resource if "id" in resource or not re.fullmatch(FHIR_ID, name) else {**resource, "id": name}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            name: names.get(held, held) if name == "reference" and isinstance(held, str) else _renamed(held, names)
            for name, held in value.items()
        }
    return [_renamed(one, names) for one in value] if isinstance(value, list) else value
