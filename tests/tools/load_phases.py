"""What `make load` keeps of a while under load, for its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

PREFETCHED, STEADY, FAULTY = "prefetched", "steady", "faulty"
"""Where the record of a hook lies: in its prefetch, or on one of the bases of the FHIR server (`load_fhir.py`)."""


SETTLING_SECONDS = 6.0
"""Until it is known that more comes than can be answered: nobody knows at once that a burst does not end."""


@dataclass
class Hook:
    """What became of one hook (`load_hooks.py`), and how long the service took (its log), where a worker was asked."""

    kind: str
    status: int
    milliseconds: float
    instance: str
    patient: str
    became: str
    began: float = 0.0
    """Seconds after the first EHR began."""

    service_milliseconds: float | None = None


@dataclass
class Phase:
    """The hooks of a while, `offered` a second where `able` are answered, the memory of the service (megabytes, by second), and
    whom the FHIR server was silent about.

    `shed_times` are the service's own milliseconds of each 503, the shortest first.
    """

    name: str
    seconds: float
    offered: float = 0
    able: float = 0
    hooks: list[Hook] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    silent: frozenset[str] = frozenset()
    processors: float = 0.0
    """How many the service took, on the mean."""

    shed_times: list[float] = field(default_factory=list)

    @property
    def answered(self) -> list[Hook]:
        return [one for one in self.hooks if one.status == 200]

    @property
    def shed(self) -> list[Hook]:
        return [one for one in self.hooks if one.status == 503]

    @property
    def errors(self) -> Counter[int]:
        """By status; 0 is a connection that was lost."""
        return Counter(one.status for one in self.hooks if one.status not in (200, 503))

    @property
    def has_surplus(self) -> bool:
        """More comes than can be answered."""
        return self.offered > self.able

    @property
    def lost(self) -> list[Hook]:
        """Without the critical card that their record held, though the FHIR server answered, or without a word where
        it did not."""
        return [
            one
            for one in self.answered
            if one.became == "lost" or (one.became == "told" and one.patient not in self.silent)
        ]

    def times(self, kind: str) -> list[float]:
        """The service's own milliseconds of the hooks of a kind that were answered, the shortest first; of a surplus, once it is
        known for one."""
        since = SETTLING_SECONDS if self.has_surplus else 0
        return self._times([one for one in self.answered if one.kind == kind and one.began >= since])

    def settling_times(self, kind: str) -> list[float]:
        """As `times`, before a surplus is known for one."""
        return self._times([one for one in self.answered if one.kind == kind and one.began < SETTLING_SECONDS])

    @staticmethod
    def _times(hooks: Iterable[Hook]) -> list[float]:
        told = (one.service_milliseconds for one in hooks)
        return sorted(one for one in told if one is not None)
