"""Which pages of browsers may call the service (CORS), in the words of the Fetch standard."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, request

ANY_ORIGIN = "*"
_PREFLIGHT = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Max-Age": "86400",
}


def allow(app: Flask, origins: Sequence[str]) -> None:
    """Let pages of these origins call the application; `*` lets those of any. Cookies are not."""
    any_origin, listed = ANY_ORIGIN in origins, frozenset(origins)
    if not listed:
        return

    @app.after_request
    def tell(response: Response) -> Response:
        headers = response.headers
        if any_origin:
            headers["Access-Control-Allow-Origin"] = ANY_ORIGIN
        else:
            response.vary.add("Origin")
            origin = request.headers.get("Origin", "")
            if origin not in listed:
                return response
            headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            headers.update(_PREFLIGHT)
        return response
