"""The states of one prefetch key (CDS Hooks 2.0.1, "Prefetch"; `docs`: absent, null, failed, empty and data differ)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class PrefetchState(Enum):
    """What a prefetch key tells."""

    ABSENT = auto()
    """Not attempted: ask the FHIR server."""

    NO_DATA = auto()
    """`null`: the client looked, and there is nothing."""

    FAILED = auto()
    """An OperationOutcome of an error: the client could not look; do not ask again."""

    DATA = auto()
    """A resource or a Bundle."""

    UNUSABLE = auto()
    """Something that is no FHIR resource (an error page, a text, an empty object): as if it were absent."""


@dataclass(frozen=True, slots=True)
class Prefetched:
    """One prefetch key as it came, with the old `{response, resource}` wrapping taken off."""

    state: PrefetchState
    resource: Mapping[str, Any] | None = None


NOT_SENT = Prefetched(PrefetchState.ABSENT)


def prefetched(prefetch: Mapping[str, Any], key: str) -> Prefetched:
    """The state and the resource of one key."""
    value = prefetch.get(key)
    if value is None:
        if key not in prefetch:
            return NOT_SENT
        return Prefetched(PrefetchState.NO_DATA)
    if isinstance(value, dict) and "resourceType" not in value and "resource" in value:
        if _refused(value.get("response")):
            return Prefetched(PrefetchState.FAILED)
        value = value["resource"]
        if value is None:
            return Prefetched(PrefetchState.NO_DATA)
    if isinstance(value, list) and value:
        value = {"resourceType": "Bundle", "entry": value}  # some clients send the entries, or their resources, alone
    said = value.get("resourceType") if isinstance(value, dict) else None
    if not isinstance(said, str):
        return Prefetched(PrefetchState.UNUSABLE)
    if said != "Bundle" and said.strip().lower() == "operationoutcome":
        return Prefetched(PrefetchState.FAILED)
    return Prefetched(PrefetchState.DATA, value)


def _refused(response: object) -> bool:
    """The status of the old wrapping is there, and no success."""
    status = response.get("status") if isinstance(response, dict) else response
    return status is not None and not str(status).strip().startswith("2")
