"""Who may see what became of answers: the operator, by a password, all of them; a client, by its token, its own."""

from __future__ import annotations

import hmac
from datetime import datetime

from flask import Response, request

from service.edge.authentication import Unauthenticated
from service.edge.callers import Callers
from service.ledger.fingerprints import read_key
from service.settings import InvalidSetting, Settings


class Operator:
    """Tells whose answers a request may see. Raises `InvalidSetting` for a key that cannot be used."""

    def __init__(self, settings: Settings, callers: Callers) -> None:
        try:
            self._key = read_key(settings.operator_key)
        except (ValueError, OSError) as error:
            raise InvalidSetting(f"OSTEOCDS_OPERATOR_KEY names no file with a key: {error}") from None
        self._callers = callers

    def sees(self, now: datetime) -> str | None:
        """The client whose answers are shown, empty for whoever came without a token; None for all. Raises `Unauthenticated`."""
        told = request.authorization
        if told is not None and told.type == "basic":
            if not self._key or not hmac.compare_digest((told.password or "").encode(), self._key):
                raise Unauthenticated("the key of the operator is another one")
            return None
        return self._callers.of(request, now=now).name

    def guard(self, response: Response) -> Response:
        """Have a browser ask for the password, and keep nothing of the answer."""
        if response.status_code == 401 and self._key:
            response.headers.add("WWW-Authenticate", 'Basic realm="OsteoCDS watch", charset="UTF-8"')
        response.headers["Cache-Control"] = "no-store"
        return response
