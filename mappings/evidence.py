"""What was gathered about one patient, before anything is read into facts: raw resources, and what is missing.

Resources are kept as they came, entry by entry; what belongs to another patient is dropped here, and the answer that
held it is not trusted to be complete.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from mappings.versions import as_r4
from mappings.vocabulary.resource_types import TYPES, canonical_type
from mappings.wording import Text, _

Resource: TypeAlias = Mapping[str, Any]

MOST_DIGITS = 18
MOST_OF_A_TYPE = 5000
"""Resources of one type that are read, unless a setting says otherwise; a usual record has some hundreds."""

_SUBJECT_FIELDS = ("subject", "patient")


def typed(resource: Resource) -> Resource:
    """The resource with its type, and those of what it contains, as R4 spells them; itself where they are."""
    said, within = resource.get("resourceType"), resource.get("contained")
    if within is None and isinstance(said, str) and said in TYPES:
        return resource
    changed: dict[str, Any] = {}
    if said is not None and (known := canonical_type(said)) != said:
        changed["resourceType"] = known
    if isinstance(within, dict):
        within = changed["contained"] = [within]
    if isinstance(within, list):
        spelled = [typed(one) if isinstance(one, dict) and "contained" not in one else one for one in within]
        if any(one is not other for one, other in zip(spelled, within, strict=True)):
            changed["contained"] = spelled
    return {**resource, **changed} if changed else resource


def reference_of(resource: Resource) -> str:
    """`Type/id`, or the empty text where the resource has no usable id."""
    resource_type, resource_id = resource.get("resourceType"), resource.get("id")
    if isinstance(resource_type, str) and isinstance(resource_id, str) and resource_id:
        return f"{resource_type}/{resource_id}"
    return ""


def local_reference(reference: object) -> str:
    """`Type/id` of a relative, absolute or versioned reference; `urn:` and `#` references stay as they are."""
    if isinstance(reference, dict):
        reference = reference.get("reference")
    if not isinstance(reference, str):
        return ""
    reference = reference.strip()
    if reference.startswith(("#", "urn:")):
        return reference
    parts = reference.split("?", 1)[0].rstrip("/").split("/")
    if "_history" in parts:
        parts = parts[: parts.index("_history")]
    return "/".join(parts[-2:])


def bare_id(identifier: str) -> str:
    """A logical id without the `Patient/` (or other type) that some clients put before it."""
    return local_reference(identifier).rsplit("/", 1)[-1]


class ForeignResource(ValueError):
    """A resource of another patient, where only this patient's were asked for."""


@dataclass(slots=True)
class Evidence:
    """The resources of one patient and, for each query that was not answered completely, why.

    `base` is the FHIR server that it comes from: an absolute reference to another one leads nowhere here. `gaps` is keyed
    by the query's name in `mappings.queries`; a query that was never asked counts as a gap as well. Of a type at most `most`
    resources are kept; `overfull` are the types of which there were more.
    """

    patient_id: str
    base: str = ""
    most: int = MOST_OF_A_TYPE
    answered: set[str] = field(default_factory=set)
    gaps: dict[str, tuple[Text, ...]] = field(default_factory=dict)
    by_type: dict[str, dict[str, Resource]] = field(default_factory=dict)
    full_urls: dict[str, tuple[str, str]] = field(default_factory=dict)
    unreadable: list[Text] = field(default_factory=list)
    patient_urls: set[str] = field(default_factory=set)
    overfull: set[str] = field(default_factory=set)
    _anonymous: int = 0
    _versions: dict[tuple[str, str], list[Resource]] = field(default_factory=dict)
    _sorted: dict[str, list[tuple[str, Resource]]] = field(default_factory=dict)
    _repeated: set[str] = field(default_factory=set)
    _followed: set[str] = field(default_factory=set)
    _own: str = field(init=False)
    """The reference to the patient, where it is one as servers write it."""

    def __post_init__(self) -> None:
        own = f"Patient/{self.patient_id}"
        self._own = own if self.patient_id and local_reference(own) == own else ""

    def add_patient_url(self, full_url: object) -> None:
        """Remember the `fullUrl` under which a Bundle carries this patient, so that its `urn:uuid` subjects match."""
        if isinstance(full_url, str) and full_url:
            self.patient_urls.add(full_url)

    def add(self, resource: Resource, full_url: object = None) -> None:
        """Keep one resource, in the shape of R4. The same one twice is kept once, in its newest version.

        Raises `ForeignResource` for a resource of another patient.
        """
        resource = as_r4(typed(resource))
        resource_type = str(resource.get("resourceType"))
        if resource_type == "Patient":
            if resource.get("id") != self.patient_id:
                raise ForeignResource(resource_type)
            self.add_patient_url(full_url)
        elif self._foreign(resource):
            raise ForeignResource(resource_type)
        reference = reference_of(resource)
        if not reference:
            if isinstance(full_url, str) and full_url:
                reference = full_url
            else:
                self._anonymous += 1
                reference = f"{resource_type}#{self._anonymous}"
        same_type = self.by_type.setdefault(resource_type, {})
        earlier = same_type.get(reference)
        if earlier is None and len(same_type) >= self.most:
            self.overfull.add(resource_type)
            return
        if earlier is None:
            same_type[reference] = resource
        else:
            self._repeated.add(reference)
            if earlier != resource:
                self._versions.setdefault((resource_type, reference), [earlier]).append(resource)
        self._sorted.pop(resource_type, None)
        if isinstance(full_url, str) and full_url:
            self.full_urls[full_url] = resource_type, reference

    def _settle(self) -> None:
        """Keep the newest of the versions of each resource; all of those of which none is known to be the newest, marked.

        Of the patient one is kept, always the same.
        """
        for (resource_type, reference), versions in self._versions.items():
            newest = newest_versions(versions)
            if len(newest) == 1 or resource_type == "Patient":
                self.by_type[resource_type][reference] = newest[0]
                continue
            for number, one in enumerate(newest):
                name = f"{reference}#{number}" if number else reference
                self.by_type[resource_type][name] = {**one, ONE_OF_SEVERAL: True}
        self._versions = {}

    def _foreign(self, resource: Resource) -> bool:
        for name in _SUBJECT_FIELDS:
            subject = resource.get(name)
            if not subject or (type(subject) is dict and subject.get("reference") == self._own):  # as nearly all say it
                continue
            several = subject if isinstance(subject, list) else (subject,)
            if any(self._another(reference) for one in several if (reference := local_reference(one))):
                return True
        return False

    def _another(self, reference: str) -> bool:
        """The reference leads to another subject than the patient; a contained one cannot be told."""
        if reference.startswith("#"):
            return False
        if reference.startswith("urn:"):
            return reference not in self.patient_urls and reference.rsplit(":", 1)[-1] != self.patient_id
        kind, _, identifier = reference.rpartition("/")
        return identifier != self.patient_id or kind not in ("", "Patient")

    def of_type(self, resource_type: str) -> Sequence[tuple[str, Resource]]:
        """All resources of one type with the reference under which a card names them (empty where there is none).

        By reference, else by content: the order of arrival never decides.
        """
        if self._versions:
            self._settle()
        found = self._sorted.get(resource_type)
        if found is None:
            held = self.by_type.get(resource_type, {})
            found = [(_shown_name(reference), resource) for reference, resource in held.items()]
            if len(found) > 1:
                found.sort(key=lambda pair: (pair[0], "" if pair[0] else _content(pair[1])))
            self._sorted[resource_type] = found
        return found

    def local(self, reference: object) -> str:
        """As `local_reference`; empty for an absolute reference to another server."""
        written = reference.get("reference") if isinstance(reference, dict) else reference
        if self.base and isinstance(written, str) and written.strip().lower().startswith(("http://", "https://")):
            base = self.base.rstrip("/").lower() + "/"
            if not written.strip().lower().startswith(base) and written not in self.full_urls:
                return ""
        return local_reference(reference)

    def find(self, reference: object) -> Resource | None:
        """The resource that a reference leads to, where it was gathered.

        One to something contained that is not there leads to what was gathered under that id, where it is the only one.
        """
        local = self.local(reference)
        if not local:
            return None
        if self._versions:
            self._settle()
        if local.startswith("urn:"):
            found = self._under(local)
        elif local.startswith("#"):
            found = self._under(local) or self._only_one(local[1:])
        else:
            found = self.by_type.get(local.partition("/")[0], {}).get(local)
            if found is None and isinstance(reference, dict) and isinstance(written := reference.get("reference"), str):
                found = self._under(written)
        if found is not None:
            self._followed.add(reference_of(found))
        return found

    def can_do_without(self, reference: str) -> bool:
        """Whether all that was found would have been found without one resource: it came once, and nothing has led to it yet."""
        held = self.by_type.get(reference.partition("/")[0], {})
        return reference in held and reference not in self._repeated and reference not in self._followed

    def take_over(self, other: Evidence, *, without: str) -> None:
        """Hold what another evidence of the same patient holds, but for one resource that it can do without."""
        resource_type = without.partition("/")[0]
        ordered = [pair for pair in other.of_type(resource_type) if pair[0] != without]
        held = {name: one for name, one in other.by_type[resource_type].items() if name != without}
        self.answered, self.gaps = set(other.answered), dict(other.gaps)
        self.by_type = {**other.by_type, resource_type: held}
        self._sorted = {**other._sorted, resource_type: ordered}
        self.full_urls, self.patient_urls = dict(other.full_urls), set(other.patient_urls)
        self.unreadable, self.overfull = list(other.unreadable), set(other.overfull)
        self._anonymous = other._anonymous

    def holds_all_but(self, without: str, other: Evidence) -> bool:
        """Whether nothing was added, and no gap found, since it took the other over."""
        left_out = without.partition("/")[0]
        return self.gaps == other.gaps and all(
            len(held) + (kind == left_out) == len(other.by_type.get(kind, ())) for kind, held in self.by_type.items()
        )

    def _under(self, full_url: str) -> Resource | None:
        """The resource that a Bundle carried under this `fullUrl`."""
        place = self.full_urls.get(full_url)
        return None if place is None else self.by_type[place[0]][place[1]]

    def _only_one(self, identifier: str) -> Resource | None:
        found = [
            one
            for resource_type, held in self.by_type.items()
            if (one := held.get(f"{resource_type}/{identifier}")) is not None
        ]
        self._followed.update(map(reference_of, found))
        return found[0] if len(found) == 1 else None

    def gaps_of(self, queries: Iterable[str]) -> tuple[Text, ...]:
        """Why these queries, together, were not answered completely; empty where they were."""
        gaps: list[Text] = []
        for query in queries:
            if query in self.gaps:
                gaps.extend(self.gaps[query])
            elif query not in self.answered:
                gaps.append(NOT_ASKED)
        return tuple(dict.fromkeys(gaps)) if gaps else ()


NOT_ASKED = _(
    "it was not sent with the request, and the record could not be asked",
    hint=_("it was not in the prefetch and there is no FHIR server to ask"),
)


def newest_versions(versions: Sequence[Resource]) -> list[Resource]:
    """The newest of the versions of one resource: by instant, then by the number of the version.

    Where one of them lacks an instant (or a number), that does not tell. Several, in the order of their content, where nobody
    can tell which is the newest; those that differ in `meta` and narrative alone are one.
    """
    left = list(versions)
    for told in (_updated, _version):
        keys = [told(one) for one in left]
        known = [key for key in keys if key is not None]
        if len(known) == len(left):
            newest = max(known)
            left = [one for one, key in zip(left, keys, strict=True) if key == newest]
    said = {_content(_without_meta(one)): one for one in sorted(left, key=_content)}
    return sorted(said.values(), key=_content, reverse=True)


ONE_OF_SEVERAL = "urn:osteocds:one-of-several-versions"
"""The member that marks each of several versions of a resource of which none is known to be the newest."""


def _without_meta(resource: Resource) -> Resource:
    return {member: said for member, said in resource.items() if member not in ("meta", "text")}


def _shown_name(reference: str) -> str:
    """How a card names it: what is contained, by its holder."""
    shown = reference.partition("#")[0]
    return shown if "/" in shown else ""


def _content(resource: Resource) -> str:
    """The resource as a text that can be compared; nested deeper than any resource is, it is not worth comparing."""
    try:
        return json.dumps(resource, sort_keys=True, default=str)
    except RecursionError:
        return ""


_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,30}+))?)?)? ?([Zz]|[+-]\d{2}(?::?\d{2})?)?\Z"
)
_LONGEST_INSTANT = 64


def _updated(resource: Resource) -> tuple[datetime, str] | None:
    """`meta.lastUpdated` as the second in UTC and the digits of its fraction; None where it cannot be read.

    A leap second is the next minute's first; a time without a zone is taken as UTC, as all of one server would be.
    """
    meta = resource.get("meta")
    said = meta.get("lastUpdated") if isinstance(meta, dict) else None
    if not isinstance(said, str) or len(said) > _LONGEST_INSTANT:
        return None
    match = _INSTANT.match(said.strip())
    if match is None:
        return None
    day, minute, second, fraction, offset = match.groups()
    try:
        begun = datetime.fromisoformat(f"{day}T{minute or '00:00'}{(offset or 'Z').upper()}")
        return begun.astimezone(UTC) + timedelta(seconds=int(second or 0)), (fraction or "").rstrip("0")
    except (ValueError, OverflowError):
        return None


def _version(resource: Resource) -> int | None:
    """`meta.versionId` where it is a number."""
    meta = resource.get("meta")
    said = meta.get("versionId") if isinstance(meta, dict) else None
    if isinstance(said, int) and not isinstance(said, bool):
        return said
    if not isinstance(said, str) or len(said) > MOST_DIGITS:
        return None
    return int(said) if said.strip().isdecimal() else None
