"""Bundles of an export as NDJSON, named by type and id in place of `fullUrl`; those that say that they lack some are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from mappings.evidence import Resource
from mappings.shapes import a_map, a_text, maps
from mappings.wording import _
from service.coverage.sample import NO_RESOURCE, Found, Sample
from service.population.exported_files import FHIR_ID, refused


class _Pages:
    """The pages of searches: a folder that holds some of a search and not its next ones holds nobody's whole record."""

    def __init__(self) -> None:
        self.next: dict[str, Path] = {}
        self.own: set[str] = set()
        self.later = 0

    def note(self, path: Path, bundle: Mapping[str, Any]) -> None:
        links = {a_text(one.get("relation")): a_text(one.get("url")) for one in maps(bundle.get("link"))}
        if "next" in links:
            self.next.setdefault(links["next"], path)
        self.own.add(links.get("self", ""))
        self.later += not links.keys().isdisjoint({"previous", "prev"})

    def refuse_a_lacking_one(self) -> None:
        """Servers name a page otherwise than they link to it: then it is one that links back."""
        lacking = [path for url, path in self.next.items() if url not in self.own]
        if lacking and self.later < len(self.next):
            raise refused(
                _(
                    "{path} is one page of a search, and the next (its link next) is not in the folder: fetch that too",
                    path=str(min(lacking)),
                )
            )


class _Document(Sample):
    """A file of Bundles, which is asked too what the Bundles say of themselves."""

    def __init__(self, path: Path, pages: _Pages) -> None:
        super().__init__(path)
        self._pages = pages

    def _in_value(self, path: Path, place: str, value: object, depth: int = 0) -> Iterator[Found]:
        bundle = a_map(value)
        if bundle.get("resourceType") == "Bundle":
            self._pages.note(self.path, bundle)
        yield from super()._in_value(path, place, value, depth)

    def _in_entry(self, path: Path, place: str, entry: object, depth: int) -> Iterator[Found]:
        if a_text(a_map(a_map(entry).get("request")).get("method")) == "DELETE":
            raise refused(
                _(
                    "{path} tells what was deleted, which is not read: give what there is, without what is no more",
                    path=str(self.path),
                )
            )
        yield from super()._in_entry(path, place, entry, depth)


def as_lines(documents: Sequence[Path], target: Path) -> Path:
    """The resources of Bundles, one a line, in the file `target`.

    Raises `NotAnExport` for a document that is no JSON, one that says that it is not all there is, and two that give one name to
    different patients.
    """
    pages, created = _Pages(), dict[str, tuple[bytes, Path]]()
    with target.open("wb") as written:
        for path in documents:
            sample = _Document(path, pages)
            held: list[tuple[Resource, str]] = []
            for one in sample.resources():
                resource = _with_an_id(one.resource, one.full_url)
                if resource is not one.resource and resource.get("resourceType") == "Patient":
                    _refuse_another(created, resource, path)
                held.append((resource, one.full_url))
            wrong = next((one for one in sample.unreadable if one.why != NO_RESOURCE), None)
            if wrong is not None:
                where = " ".join(filter(None, (str(path), wrong.place)))
                raise refused(_("{path} cannot be read ({why}): mend it, or take it away", path=where, why=wrong.why))
            names = {
                url: f"{one['resourceType']}/{one['id']}" for one, url in held if url and isinstance(one.get("id"), str)
            }
            for resource, _url in held:
                written.write(orjson.dumps(_renamed(resource, names)) + b"\n")
    pages.refuse_a_lacking_one()
    return target


def _refuse_another(created: dict[str, tuple[bytes, Path]], patient: Resource, path: Path) -> None:
    """A name that was made once and copied (`urn:uuid:patient-1`) would make one patient of two."""
    told = sha256(orjson.dumps(patient, option=orjson.OPT_SORT_KEYS)).digest()
    before, first = created.setdefault(patient["id"], (told, path))
    if before != told:
        raise refused(
            _(
                "{path} and {other} name different patients alike (fullUrl), who would be taken for one: give them ids",
                path=str(first),
                other=str(path),
            )
        )


def _with_an_id(resource: Resource, full_url: str) -> Resource:
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
