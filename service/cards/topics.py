"""What a card is about, as clients and the ledger know it: rules by their ids, and the cards that are of no rule alone."""

from __future__ import annotations

from mappings.wording import _

TOPIC_SYSTEM = "urn:osteocds:rule"
CHECKLIST = "checklist"
COULD_NOT_BE_CHECKED = "could-not-be-checked"
NOT_IDENTIFIED = "not-identified"
NOT_SHOWN = "not-shown"

CHECKLIST_NAME = _("Prerequisites")
UNCHECKED_NAME = _("Could not be checked")
NOT_SHOWN_NAME = _("More cards")
NOT_UNDERSTOOD_NAME = _("Uncertain or not understood")
NOT_IDENTIFIED_NAME = _("Order not identified")
