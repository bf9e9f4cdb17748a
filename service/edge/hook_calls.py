"""Calls of hooks, answered without what Flask does around a request, which costs as much as most of their answers.

Whatever is not plainly such a call goes to Flask, and so does one that fails, with its error: what an error is answered with
stands in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from flask import Flask, Response
from werkzeug.wrappers import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FAILED = "osteocds.failed"
"""Where the WSGI environment holds the error of a call that failed."""

PATH = "/cds-services/"
JSON = "application/json"


OnceSent: TypeAlias = Callable[[], None]
"""What is to be done of an answer once it is sent, so that nobody waits for it: to count it, and to note it in the ledger."""

Answering: TypeAlias = Callable[[Request, str], tuple[bytes, OnceSent]]


class _Sent:
    """A body whose `close`, which a server calls once it is sent (PEP 3333), does the rest."""

    def __init__(self, body: bytes, once_sent: OnceSent) -> None:
        self._body = body
        self.close = once_sent

    def __iter__(self) -> Iterator[bytes]:
        yield self._body


class HookCalls:
    """WSGI middleware around Flask.

    `answering` is what the view of hooks does: a request and the id of its service to the body of its answer, and what is to be
    done once that is sent. It raises what Flask then answers.
    """

    def __init__(self, app: Flask, services: Collection[str], answering: Answering) -> None:
        self._flask: WSGIApplication = app.wsgi_app
        self._services = {PATH + service_id: service_id for service_id in services}
        self._answering = answering
        self._longest = app.config["MAX_CONTENT_LENGTH"]
        self._headers = _headers_of_every_answer(app, next(iter(self._services), PATH))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        service_id = self._service_called(environ)
        if service_id is None:
            return self._flask(environ, start_response)
        # Not in its own environment: a circle would keep the body in memory until a collector comes by.
        request = Request(environ, populate_request=False)
        request.max_content_length = self._longest
        try:
            body, once_sent = self._answering(request, service_id)
        except Exception as error:  # noqa: BLE001 - Flask answers it, as it does an error of its view
            environ[FAILED] = error
            return self._flask(environ, start_response)
        start_response("200 OK", [*self._headers, ("Content-Length", str(len(body)))])
        return _Sent(body, once_sent)

    def _service_called(self, environ: WSGIEnvironment) -> str | None:
        """The id of the service, where that is all that there is to a call."""
        path = environ["PATH_INFO"]
        # What a browser is told depends on its origin; another spelling of the address is for Flask to judge.
        if environ["REQUEST_METHOD"] != "POST" or "HTTP_ORIGIN" in environ:
            return None
        if str(environ.get("RAW_URI", path)).partition("?")[0] != path:
            return None
        return self._services.get(path)


def _headers_of_every_answer(app: Flask, path: str) -> list[tuple[str, str]]:
    """Those of JSON, and what the application puts on each answer of this path; on pages it puts more."""
    with app.test_request_context(path, method="POST"):
        usual: Any = app.process_response(Response(mimetype=JSON))
    return [(name, value) for name, value in usual.headers if name != "Content-Length"]
