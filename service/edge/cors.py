"""Which pages of browsers may call the service (CORS), in the words of the Fetch standard."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask, Response, request

ANY_ORIGIN = "*"
LISTED = "osteocds.origins"
"""Where the application holds the origins that may call it."""

ALLOWED = "Access-Control-Allow-Origin"
_PREFLIGHT = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Max-Age": "86400",
}


def told(origins: Collection[str], origin: str) -> dict[str, str]:
    """The headers of an answer to a page of this origin (none: no page asks), where pages of `origins` may call."""
    if ANY_ORIGIN in origins:
        return {ALLOWED: ANY_ORIGIN}
    return {ALLOWED: origin} if origin in origins else {}


def allow(app: Flask, origins: Collection[str]) -> None:
    """Let pages of these origins call the application; `*` lets those of any. Cookies are not."""
    listed = app.extensions[LISTED] = frozenset(origins)
    if not listed:
        return

    @app.after_request
    def tell(response: Response) -> Response:
        headers = told(listed, request.headers.get("Origin", ""))
        if ANY_ORIGIN not in listed:
            response.vary.add("Origin")
        if headers and request.method == "OPTIONS":
            headers |= _PREFLIGHT
        response.headers.update(headers)
        return response
