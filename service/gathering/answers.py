"""An answer to a query, opened in one pass: a Bundle of a prefetch key or a page of a search, or the resource of a read.

Bundles within Bundles (a batch-response, say) and arrays of resources are opened too, and the results that a report or a
panel contains are entries of their own. What cannot be opened is told, never passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings.evidence import Resource, reference_of, typed
from mappings.quantities import decimal_of
from mappings.shapes import NOTHING, a_map, a_text, maps
from mappings.vocabulary.elements import ISSUE_SEVERITY, NOT_UNDERSTOOD, OBSERVATION_STATUS, SEARCH_MODE, spelled
from mappings.vocabulary.resource_types import TYPES, canonical_type

MOST_RESULTS = 10**9
"""Above it a total is read as any number is: it may be too great for one."""

MOST_NESTED = 8
"""Bundles within Bundles that are opened; what lies deeper is unreadable."""

_NO_ERRORS = frozenset({"information", "warning"})
_NOT_ALL = frozenset(
    map(
        spelled,
        (
            *("security", "login", "expired", "forbidden", "suppressed"),
            *("transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"),
            *("too-costly", "too-long"),
        ),
    )
)
"""Codes of issues (HL7 FHIR 4.0.1 and 5.0.0, issue-type) of which a warning says that what is shown may not be all there is."""

_CONTAINERS = frozenset({"Bundle", "Parameters"})


@dataclass(slots=True)
class Opened:
    """What an answer holds, and what it says of itself.

    `entries` are its resources with the `fullUrl` under which a Bundle carries them. `next_page` is the link to the next
    page (empty where there is one that leads nowhere), `announced` the number of results that it says there are, `matches`
    those that it holds. `error` tells that it reports one, `outcome` that the server says how it searched, `withheld` that not
    all is shown, `unreadable` that an entry is no FHIR resource that we can tell, `cut_off` that a Bundle within it does not
    hold all, `uncounted` that its total cannot be read.
    """

    is_bundle: bool
    resource_type: str
    entries: list[tuple[Resource, object]] = field(default_factory=list)
    next_page: str | None = None
    announced: int = 0
    matches: int = 0
    error: bool = False
    outcome: bool = False
    withheld: bool = False
    unreadable: bool = False
    cut_off: bool = False
    uncounted: bool = False

    @property
    def ignored_a_parameter(self) -> bool:
        """The server says in the answer itself that it did not search as asked: it then holds more, and nothing less."""
        return self.outcome and not self.error

    def hides_any(self, resource_type: str) -> bool:
        """One of this type is contained in something else, a list say, where nobody looks for it."""
        return any(
            one.get("resourceType") == resource_type
            for resource, _ in self.entries
            if "contained" in resource and resource.get("resourceType") not in (resource_type, *_RESULTS)
            for one in maps(resource.get("contained"))
        )

    def holds_any(self, resource_type: str) -> bool:
        """It holds a resource of this type."""
        return any(resource.get("resourceType") == resource_type for resource, _ in self.entries)


def opened(answer: Mapping[str, Any]) -> Opened:
    """A Bundle, entry by entry; any other resource is its own only entry."""
    resource = typed(answer)
    resource_type = a_text(resource.get("resourceType"))
    found = Opened(resource_type in _CONTAINERS, resource_type)
    if not found.is_bundle:
        _keep(resource, None, found, depth=0)
        return found
    if "link" in resource:
        found.next_page = _next_link(resource)
    _open(resource, found, depth=0)
    found.announced = _announced(resource, found)
    return found


def searchset(resources: Iterable[Resource]) -> Opened:
    """The one page of a search that found these and nothing else: what `opened` makes of their Bundle."""
    found = Opened(is_bundle=True, resource_type="Bundle")
    for resource in resources:
        kind = resource.get("resourceType")
        if type(kind) is str and kind in _ENTRIES and "contained" not in resource:
            found.entries.append((resource, None))
        else:
            _keep(resource, None, found, depth=0)
    return found


_ENTRIES = frozenset(TYPES) - _CONTAINERS - {"OperationOutcome"}
"""Types that are entries as they are."""


_OF_A_BUNDLE = frozenset({"meta", "identifier", "link", "signature", "issues", "extension", "text"})
"""Members of a Bundle that are objects or arrays and hold no entry (HL7 FHIR 4.0.1 and 5.0.0)."""


def _open(container: Resource, found: Opened, *, depth: int) -> None:
    found.unreadable |= bool(container.get("implicitRules") or container.get("modifierExtension"))
    found.unreadable |= _is_withheld_in_part(container)
    name = "entry" if container.get("resourceType") == "Bundle" else "parameter"
    listed = container.get(name)
    if listed is None:
        found.unreadable |= any(
            isinstance(held, (dict, list)) and held and member not in _OF_A_BUNDLE and not member.startswith("_")
            for member, held in container.items()
        )
        return
    if not isinstance(listed, list):
        found.unreadable = True
        listed = (listed,) if isinstance(listed, dict) else ()
    for entry in listed:
        if name == "entry":
            _open_entry(entry, found, depth=depth)
        else:
            _open_parameter(entry, found, depth=depth)
    if name == "parameter" and not any(isinstance(one.get("resource"), dict) for one in maps(listed)):
        found.unreadable = True


_WITHHELD = frozenset({"SUBSETTED", "MASKED", "REDACTED"})
"""HL7 v3 ObservationValue: what is left of a resource of which parts were taken out, or made unreadable."""


def _is_withheld_in_part(container: Resource) -> bool:
    meta = a_map(container.get("meta"))
    return any(
        a_text(label.get("code")).upper() in _WITHHELD for name in ("tag", "security") for label in maps(meta.get(name))
    )


def _open_parameter(parameter: object, found: Opened, *, depth: int) -> None:
    """A parameter that carries a resource; any other says nothing of the record."""
    if isinstance(parameter, dict) and _is_modified(parameter):
        found.unreadable = True
    elif isinstance(inner := a_map(parameter).get("resource"), dict):
        _keep(inner, None, found, depth=depth)
    else:
        found.unreadable |= inner is not None or not isinstance(parameter, dict) or "part" in parameter


def _open_entry(entry: object, found: Opened, *, depth: int) -> None:
    if not isinstance(entry, dict) or _is_modified(entry):
        found.unreadable = True
        return
    mode = SEARCH_MODE.of(a_map(entry.get("search")))
    if mode == "outcome":
        found.outcome = True
    elif mode == NOT_UNDERSTOOD:
        found.unreadable = True
    if "response" in entry:
        _read_response(entry["response"], found)
    inner = entry if "resource" not in entry and "resourceType" in entry else entry.get("resource")
    resource = inner if isinstance(inner, dict) else NOTHING
    kind = canonical_type(resource.get("resourceType"))
    if mode == "match" and kind not in _CONTAINERS and kind != "OperationOutcome":
        found.matches += 1
    _keep(resource, entry.get("fullUrl"), found, depth=depth)


def _is_modified(entry: Mapping[str, Any]) -> bool:
    """A modifier that nobody knows says that the entry is not what it seems to be."""
    parts = (entry, *(a_map(entry.get(name)) for name in ("search", "response", "request")))
    return any(part.get("modifierExtension") for part in parts)


PARTIAL = "206"
"""The status of HTTP of a part of an answer."""


def _read_response(response: object, found: Opened) -> None:
    """What a server says of one question of a batch: anything but a success is an error."""
    if response is None:
        return
    status, outcome = (a_map(response).get(member) for member in ("status", "outcome"))
    found.error |= status is not None and not str(status).strip().startswith("2")
    found.cut_off |= str(status).strip().startswith(PARTIAL)
    if isinstance(outcome, dict):
        found.error |= _reports_error(outcome)
        found.withheld |= _tells_of_more(outcome)


def _keep(resource: Resource, full_url: object, found: Opened, *, depth: int) -> None:
    resource = typed(resource)
    kind = a_text(resource.get("resourceType"))
    if kind == "OperationOutcome":
        found.error |= _reports_error(resource)
        found.withheld |= _tells_of_more(resource)
    elif kind not in TYPES:
        found.unreadable = True
    elif kind not in _CONTAINERS:
        found.entries.append((resource, full_url))
        if "contained" in resource:
            found.entries += _contained_results(resource, full_url)
    elif depth >= MOST_NESTED:
        found.unreadable = True
    else:
        before = found.matches
        _open(resource, found, depth=depth + 1)
        lacks = _announced(resource, found) > found.matches - before
        found.cut_off |= lacks or _next_link(resource) is not None


def _announced(bundle: Resource, found: Opened) -> int:
    """`total`, whatever its type in JSON; one that cannot be read is remembered."""
    total = bundle.get("total")
    if total is None:
        return 0
    if type(total) is int and 0 <= total <= MOST_RESULTS:
        return total
    number = None if isinstance(total, bool) else decimal_of(total)
    if number is None or number < 0 or number != int(number):
        found.uncounted = True
        return 0
    return int(number)


def _next_link(bundle: Resource) -> str | None:
    for link in maps(bundle.get("link")):
        told = link.get("relation") or link.get("rel")
        relations = told if isinstance(told, list) else [told]
        if any(spelled(a_text(one).rpartition("/")[2]) == "next" for one in relations):
            return a_text(link.get("url") or link.get("href"))
    return None


def _reports_error(outcome: Resource) -> bool:
    """An issue of an error, or one that does not say how severe it is; zero results, or a warning, is none."""
    severities = {ISSUE_SEVERITY.of(issue) for issue in maps(outcome.get("issue"))}
    return not severities or not severities <= _NO_ERRORS


def _tells_of_more(outcome: Resource) -> bool:
    """An issue, of whatever severity, says that something is not shown to who asks, or did not answer."""
    return any(spelled(a_text(issue.get("code"))) in _NOT_ALL for issue in maps(outcome.get("issue")))


# --- results within reports and panels --------------------------------------------------------------------------------

_RESULTS = {"DiagnosticReport": "result", "Observation": "hasMember"}
"""What holds results, and the element that refers to them."""

_IN_ERROR = frozenset({"entered-in-error", "cancelled"})
_DATES = ("effectiveDateTime", "effectiveInstant", "effectivePeriod", "effectiveTiming", "issued")


def _contained_results(holder: Resource, full_url: object) -> Iterator[tuple[Resource, object]]:
    """The results that a report or a panel contains, each under its holder's name; a date or subject it lacks is its holder's."""
    if holder.get("resourceType") not in _RESULTS or OBSERVATION_STATUS.of(holder) in _IN_ERROR:
        return
    name = reference_of(holder) or a_text(full_url)
    for one in maps(holder.get("contained")):
        if one.get("resourceType") != "Observation":
            continue
        inherited = {} if _said(one, _DATES) else _said(holder, _DATES)
        within = _said(holder, ("contained",)) if one.get("hasMember") else {}
        own = {member: said for member, said in one.items() if member != "id"}
        yield {**_said(holder, ("subject",)), **inherited, **own, **within}, f"{name}#{one.get('id')}" if name else None


def _said(resource: Resource, members: Iterable[str]) -> dict[str, Any]:
    return {member: said for member in members if (said := resource.get(member))}


def referred_results(holder: Resource) -> Iterator[Mapping[str, Any]]:
    """The references of a report or a panel to its results, STU3's too; none where it has a value of its own."""
    element = _RESULTS.get(str(holder.get("resourceType")))
    if element is None or (element not in holder and "related" not in holder):
        return
    if any(name.startswith("value") and said for name, said in holder.items()):
        return
    yield from maps(holder.get(element))
    for related in maps(holder.get("related")):
        if spelled(a_text(related.get("type"))) == "hasmember":
            yield a_map(related.get("target"))


def announced_more(pages: Iterable[Opened]) -> bool:
    """The pages' `total` is greater than the matches that they hold: some servers cut off without a next link."""
    pages = list(pages)
    short = max((page.announced for page in pages), default=0) > sum(page.matches for page in pages)
    return short or any(page.cut_off for page in pages)
