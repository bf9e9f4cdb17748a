"""What was gathered about one patient, before anything is read into facts: raw resources, and what is missing.

Resources are kept as they came, entry by entry; what belongs to another patient is dropped here, and the answer that
held it is not trusted to be complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mappings.versions import as_r4
from mappings.wording import Text, _

Resource: TypeAlias = Mapping[str, Any]

MOST_DIGITS = 18
_SUBJECT_FIELDS = ("subject", "patient")


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
    by the query's name in `mappings.queries`; a query that was never asked counts as a gap as well.
    """

    patient_id: str
    base: str = ""
    answered: set[str] = field(default_factory=set)
    gaps: dict[str, tuple[Text, ...]] = field(default_factory=dict)
    by_type: dict[str, dict[str, Resource]] = field(default_factory=dict)
    full_urls: dict[str, Resource] = field(default_factory=dict)
    unreadable: list[Text] = field(default_factory=list)
    patient_urls: set[str] = field(default_factory=set)
    _anonymous: int = 0
    _sorted: dict[str, list[tuple[str, Resource]]] = field(default_factory=dict)

    def add_patient_url(self, full_url: object) -> None:
        """Remember the `fullUrl` under which a Bundle carries this patient, so that its `urn:uuid` subjects match."""
        if isinstance(full_url, str) and full_url:
            self.patient_urls.add(full_url)

    def add(self, resource: Resource, full_url: object = None) -> None:
        """Keep one resource, in the shape of R4. The same one twice is kept once, in its newest version.

        Raises `ForeignResource` for a resource of another patient.
        """
        resource = as_r4(resource)
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
        if earlier is None or _newer(resource, earlier):
            same_type[reference] = resource
            self._sorted.pop(resource_type, None)
        if isinstance(full_url, str) and full_url:
            self.full_urls[full_url] = resource

    def _foreign(self, resource: Resource) -> bool:
        subjects = [resource.get(name) for name in _SUBJECT_FIELDS]
        several = [one for subject in subjects for one in (subject if isinstance(subject, list) else [subject])]
        return any(self._another(reference) for one in several if (reference := local_reference(one)))

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
        found = self._sorted.get(resource_type)
        if found is None:
            held = self.by_type.get(resource_type, {})
            named = [(_shown_name(reference), resource) for reference, resource in held.items()]
            found = sorted(named, key=lambda pair: (pair[0], "" if pair[0] else _content(pair[1])))
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
        """The resource that a reference leads to, where it was gathered."""
        local = self.local(reference)
        if not local:
            return None
        if local.startswith("urn:"):
            return self.full_urls.get(local)
        found = self.by_type.get(local.partition("/")[0], {}).get(local)
        if found is None and isinstance(reference, dict):
            found = self.full_urls.get(str(reference.get("reference")))
        return found

    def gaps_of(self, queries: Iterable[str]) -> tuple[Text, ...]:
        """Why these queries, together, were not answered completely; empty where they were."""
        gaps: list[Text] = []
        for query in queries:
            if query in self.gaps:
                gaps.extend(self.gaps[query])
            elif query not in self.answered:
                gaps.append(NOT_ASKED)
        return tuple(dict.fromkeys(gaps))


NOT_ASKED = _(
    "it was not sent with the request, and the record could not be asked",
    hint=_("it was not in the prefetch and there is no FHIR server to ask"),
)


def _newer(resource: Resource, earlier: Resource) -> bool:
    """By version, and where that does not tell by content, so that the order of arrival never decides."""
    version, earlier_version = _version(resource), _version(earlier)
    if version != earlier_version:
        return version > earlier_version
    return _content(resource) > _content(earlier)


def _shown_name(reference: str) -> str:
    return reference if "/" in reference and "#" not in reference else ""


def _content(resource: Resource) -> str:
    """The resource as a text that can be compared; nested deeper than any resource is, it is not worth comparing."""
    try:
        return json.dumps(resource, sort_keys=True, default=str)
    except RecursionError:
        return ""


def _version(resource: Resource) -> tuple[str, int]:
    meta = resource.get("meta")
    if not isinstance(meta, dict):
        return ("", 0)
    updated, version = meta.get("lastUpdated"), meta.get("versionId")
    number = int(version) if isinstance(version, str) and version.isdecimal() and len(version) <= MOST_DIGITS else 0
    return (updated if isinstance(updated, str) else "", number)
