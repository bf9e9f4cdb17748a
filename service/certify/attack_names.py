"""What each attack on a token is called, for those who read the report; `service.certify.tokens` makes them by these names."""

from __future__ import annotations

from mappings.wording import Text, _

NAMES: tuple[Text, ...] = (
    _("no token"),
    _("no signature"),
    _("HMAC with the public key"),
    _("RS384 by HMAC"),
    _("a key of nobody"),
    _("an RSA key for an EC algorithm"),
    _("a claim twice"),
    _("a header's member twice"),
    _("an embedded key of its kid"),
    _("an embedded certificate"),
    _("an address of a certificate"),
    _("an unknown kid"),
    _("no kid"),
    _("a kid that is no text"),
    _("an embedded key"),
    _("a critical extension"),
    _("a foreign jku"),
    _("an unknown issuer"),
    _("another audience"),
    _("an audience that begins as ours"),
    _("an audience of many"),
    _("another service's audience"),
    _("expired"),
    _("of the future"),
    _("not yet valid"),
    _("of a long life"),
    _("that expires before it is issued"),
    _("an exp that is no number"),
    _("a true exp"),
    *(_("no {claim}", claim=claim) for claim in ("iss", "aud", "exp", "iat", "jti")),
    _("an empty jti"),
    _("a jti that is no text"),
    _("too long"),
    _("100 kB"),
    _("not a token"),
    _("two parts"),
    _("no JSON"),
    _("signs beyond ASCII"),
    _("another scheme"),
)
BY_NAME = {name.message.format_map(name.parameters): name for name in NAMES}
