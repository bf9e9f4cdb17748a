"""The CDS Hooks 2.0.1 protocol and nothing else: what comes over the wire and what goes back.

Lenient with what comes in, strict with what goes out; no web framework, no FHIR model, no medicine.
"""

from cds_hooks.card import (
    LINK_TYPES,
    LONGEST_SUMMARY,
    RELATIVE_REFERENCE,
    UUID,
    Action,
    Card,
    Coding,
    HookResponse,
    InvalidCard,
    Link,
    Source,
    Suggestion,
    filled,
)
from cds_hooks.discovery import ServiceDescription
from cds_hooks.errors import InvalidFeedback, InvalidHookRequest, PreconditionFailed, ProtocolError
from cds_hooks.feedback import Feedback, read_feedback
from cds_hooks.hook_request import FhirAuthorization, HookRequest, read_hook_request
from cds_hooks.prefetch import NOT_SENT, Prefetched, PrefetchState, prefetched
from cds_hooks.schemas import (
    CardSchema,
    DiscoverySchema,
    FeedbackRequestSchema,
    HookRequestSchema,
    HookResponseSchema,
    OperationOutcomeSchema,
    operation_outcome,
)
from cds_hooks.unambiguous_json import Ambiguous, read_json

__all__ = [
    "LINK_TYPES",
    "LONGEST_SUMMARY",
    "NOT_SENT",
    "RELATIVE_REFERENCE",
    "UUID",
    "Action",
    "Ambiguous",
    "Card",
    "CardSchema",
    "Coding",
    "DiscoverySchema",
    "Feedback",
    "FeedbackRequestSchema",
    "FhirAuthorization",
    "HookRequest",
    "HookRequestSchema",
    "HookResponse",
    "HookResponseSchema",
    "InvalidCard",
    "InvalidFeedback",
    "InvalidHookRequest",
    "Link",
    "OperationOutcomeSchema",
    "PreconditionFailed",
    "PrefetchState",
    "Prefetched",
    "ProtocolError",
    "ServiceDescription",
    "Source",
    "Suggestion",
    "filled",
    "operation_outcome",
    "prefetched",
    "read_feedback",
    "read_hook_request",
    "read_json",
]
