"""Why a question to a FHIR server was not answered, and what a card says of it."""

from __future__ import annotations

from mappings.wording import Text, _


class FhirProblem(Exception):
    """A question to the FHIR server that was not answered; `why` is what a card says of it."""

    def __init__(self, why: Text, status: int = 0) -> None:
        super().__init__(why.message)
        self.why = why
        self.status = status

    @property
    def of_this_question(self) -> bool:
        """The server answered, and a smaller question may be answered better."""
        return bool(self.status) or self.why in (TOO_MANY_PAGES, TRUNCATED, TOO_LARGE)


NOT_LISTED = _(
    "the service may not ask this record",
    hint=_(
        "the FHIR server of the request is not on the service's allowlist (OSTEOCDS_FHIR_BASES), so it was not called"
    ),
)
TOO_SLOW = _("the record did not answer in time", hint=_("the FHIR server did not answer within the deadline"))
UNREACHABLE = _("the record could not be reached", hint=_("the FHIR server could not be reached"))
NO_JSON = _("the record's answer could not be read", hint=_("the FHIR server did not answer with FHIR JSON"))
REDIRECTED = _("the record could not be read", hint=_("the FHIR server redirected the search, which is not followed"))
BUSY = _(
    "the service was busy",
    hint=_("the search was not begun, or not finished, since too much was being asked of the FHIR server at once"),
)
LEFT_ALONE = _(
    "the record did not answer lately", hint=_("the FHIR server did not answer lately, so it was not asked this time")
)
TOKEN_EXPIRED = _(
    "the service may not ask this record",
    hint=_("the access token of the request had expired (fhirAuthorization.expires_in), so it was not used"),
)
TOKEN_OF_ANOTHER = _(
    "the service may not ask this record",
    hint=_("the access token of the request is for another patient (fhirAuthorization.patient), so it was not used"),
)
TOO_LARGE = _("the record is too large to be read", hint=_("the FHIR server's answer was too large"))
TOO_MANY_PAGES = _("the record could be read in part only", hint=_("the record has more pages than are followed"))
FOREIGN_LINK = _(
    "the record could be read in part only",
    hint=_("a paging link of the FHIR server leads elsewhere and was not followed"),
)
TRUNCATED = _("the record could be read in part only", hint=_("the FHIR server announced more results than it gave"))


def refused(status: int) -> Text:
    """What is said of a search that was answered with this HTTP status."""
    if status in (401, 403):
        why = _("the FHIR server refused access (HTTP {status}): check the token's scopes", status=str(status))
        return _("the record refused access", hint=why)
    why = _("the FHIR server answered with an error (HTTP {status})", status=str(status))
    return _("the record answered with an error", hint=why)
