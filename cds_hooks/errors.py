"""Protocol errors, by whose fault they are.

ProtocolError
├── InvalidHookRequest   400  the body is not a hook request that this service can answer
├── InvalidFeedback      400  the body is not feedback
├── TooMuchFeedback      413  the body holds more feedback than one request may
└── PreconditionFailed   412  what is needed was neither prefetched nor obtainable
"""

from __future__ import annotations

from collections.abc import Mapping


class ProtocolError(Exception):
    """An error that the client is told; `problems` are keyed like the body and never hold patient data."""

    status = 400
    code = "invalid"

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{where}: {what}" for where, what in problems.items()))
        self.problems = dict(problems)


class InvalidHookRequest(ProtocolError):
    """The body is not a hook request that this service can answer."""


class InvalidFeedback(ProtocolError):
    """The body is not feedback as CDS Hooks 2.0.1 has it."""


class TooMuchFeedback(ProtocolError):
    """The body holds more items than one feedback request may."""

    status = 413
    code = "too-long"


class PreconditionFailed(ProtocolError):
    """The data that the service needs was not prefetched, and there is no FHIR server to ask for it."""

    status = 412
    code = "required"
