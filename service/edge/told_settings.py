"""What discovery tells of the settings that decide what an answer says, so that others can be compared with them.

Of files it tells a fingerprint. No setting of it is a secret, an address or a path.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from service.ledger.fingerprints import fingerprint
from service.rules.guideline import EXTENSION
from service.settings import Settings

FINGERPRINTS = frozenset({"OSTEOCDS_CONCEPT_MAPS", "OSTEOCDS_CLINICAL_SETTINGS"})
"""Settings whose files are told by their fingerprint."""


def told_settings(settings: Settings) -> dict[str, Any]:
    """The values in force, by the names of their variables, but for those that name nothing.

    Raises `OSError` for a ConceptMap that cannot be read.
    """
    told: dict[str, Any] = {
        "OSTEOCDS_TIMEZONE": str(settings.timezone),
        "OSTEOCDS_DEADLINE_SECONDS": settings.deadline_seconds,
        "OSTEOCDS_SELECTION_BEHAVIOR": settings.selection_behavior,
        "OSTEOCDS_MAX_CARDS": settings.max_cards,
        "OSTEOCDS_EXPLAIN": settings.explain,
        "OSTEOCDS_SINGLE_ACTION": settings.single_action,
        "OSTEOCDS_MISSING_RESOURCE_TYPES": sorted(settings.missing_resource_types),
        "OSTEOCDS_MAX_RESOURCES": settings.max_resources,
        "OSTEOCDS_MAX_REQUEST_BYTES": settings.max_request_bytes,
        "OSTEOCDS_CONCEPT_MAPS": fingerprint([sha256(path.read_bytes()).hexdigest() for path in settings.concept_maps]),
        "OSTEOCDS_CLINICAL_SETTINGS": fingerprint(dict(settings.clinical)),
    }
    return {name: value for name, value in told.items() if value != []}


def in_discovery(settings: Settings) -> dict[str, Any]:
    """The extension of discovery that tells them."""
    return {EXTENSION: {"settings": told_settings(settings)}}


def read_told(discovery: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a discovery tells of them; nothing where it tells none."""
    told = discovery.get("extension")
    ours = told.get(EXTENSION) if isinstance(told, dict) else None
    settings = ours.get("settings") if isinstance(ours, dict) else None
    return settings if isinstance(settings, dict) else {}
