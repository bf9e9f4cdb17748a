"""Discovery (CDS Hooks 2.0.1, "Discovery")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """What `GET /cds-services` says of one service; `prefetch` maps each key to its query template."""

    id: str
    hook: str
    title: str
    description: str
    prefetch: Mapping[str, str]
    usage_requirements: str = ""
    extension: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire, without empty members."""
        members = {
            "id": self.id,
            "hook": self.hook,
            "title": self.title,
            "description": self.description,
            "prefetch": dict(self.prefetch),
            "usageRequirements": self.usage_requirements,
            "extension": dict(self.extension),
        }
        return {name: value for name, value in members.items() if value}
