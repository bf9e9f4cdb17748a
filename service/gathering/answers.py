"""An answer to a query, opened in one pass: a Bundle of a prefetch key or a page of a search, or the resource of a read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings.evidence import Resource
from mappings.readers.shapes import NOTHING, a_map, a_text, codings, maps

_ERRORS = frozenset({"error", "fatal"})


@dataclass(slots=True)
class Opened:
    """What an answer holds, and what it says of itself.

    `entries` are its resources with the `fullUrl` under which a Bundle carries them. `next_page` is the link to the next
    page, `announced` the number of results that it says there are, `matches` those that it holds. `error` tells that it
    reports one, `outcome` that the server says how it searched, `unreadable` that an entry is no FHIR resource, `codeless`
    that an Observation came without any code.
    """

    is_bundle: bool
    resource_type: str
    entries: list[tuple[Resource, object]] = field(default_factory=list)
    next_page: str | None = None
    announced: int = 0
    matches: int = 0
    error: bool = False
    outcome: bool = False
    unreadable: bool = False
    codeless: bool = False

    @property
    def ignored_a_parameter(self) -> bool:
        """The server says in the answer itself that it did not search as asked: it then holds more, and nothing less."""
        return self.outcome and not self.error


def opened(resource: Mapping[str, Any]) -> Opened:
    """A Bundle, entry by entry; any other resource is its own only entry."""
    resource_type = a_text(resource.get("resourceType"))
    if resource_type != "Bundle":
        entries: list[tuple[Resource, object]] = [] if resource_type == "OperationOutcome" else [(resource, None)]
        return Opened(is_bundle=False, resource_type=resource_type, entries=entries)
    total = resource.get("total")
    found = Opened(
        is_bundle=True,
        resource_type=resource_type,
        next_page=_next_link(resource),
        announced=total if isinstance(total, int) and not isinstance(total, bool) else 0,
    )
    listed = resource.get("entry")
    if listed is None:
        return found
    found.unreadable = not isinstance(listed, list)
    for entry in (listed,) if isinstance(listed, dict) else listed if isinstance(listed, list) else ():
        _open_entry(entry, found)
    return found


def _open_entry(entry: object, found: Opened) -> None:
    if not isinstance(entry, dict):
        found.unreadable = True
        return
    mode = a_map(entry.get("search")).get("mode") if "search" in entry else None
    inner = entry.get("resource")
    if mode == "outcome":
        found.outcome = True
    resource = inner if isinstance(inner, dict) else NOTHING
    resource_type = a_text(resource.get("resourceType"))
    if resource_type == "OperationOutcome":
        found.error = found.error or _reports_error(resource)
        return
    if mode is None or mode == "match":
        found.matches += 1
    if not resource_type:
        found.unreadable = True
        return
    found.entries.append((resource, entry.get("fullUrl")))
    if resource_type == "Observation" and not found.codeless:
        found.codeless = _has_no_code(resource)


def _next_link(bundle: Mapping[str, Any]) -> str | None:
    for link in maps(bundle.get("link")):
        if link.get("relation") == "next" and (url := a_text(link.get("url"))):
            return url
    return None


def _reports_error(outcome: Resource) -> bool:
    """An issue of an error; one of zero results or of a warning is none."""
    return any(a_text(issue.get("severity")) in _ERRORS for issue in maps(outcome.get("issue")))


def _has_no_code(observation: Resource) -> bool:
    """It was found by its code, but came without any."""
    code = observation.get("code")
    if any(a_text(coding.get("code")) for coding in codings(code)) or a_text(a_map(code).get("text")):
        return False
    parts = (component.get("code") for component in maps(observation.get("component")))
    return not any(a_text(coding.get("code")) for concept in parts for coding in codings(concept))


def announced_more(pages: Iterable[Opened]) -> bool:
    """The pages' `total` is greater than the matches that they hold: some servers cut off without a next link."""
    pages = list(pages)
    return max((page.announced for page in pages), default=0) > sum(page.matches for page in pages)
