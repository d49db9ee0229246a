"""Probes and metrics over HTTP, of programs that serve nothing else.

The standard library's server in a thread of its own: it is imported in milliseconds, and it answers while the event
loop is busy, so that a hung loop is told apart from a dead process.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

REQUEST_SECONDS = 5.0


class Status(Protocol):
    """What a program knows of itself; asked from the server's thread."""

    @property
    def alive(self) -> bool:
        """Its event loop turns."""

    def not_ready(self) -> list[str]:
        """Why it does not do its work; empty if it does."""


@contextmanager
def serve_status(status: Status, host: str, port: int) -> Iterator[int]:
    """Serve `/healthz`, `/readyz` and `/metrics`; gives the port (a free one for port 0).

    Handle SIGTERM before: who sees an answer may expect the program to stop in good order.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_SECONDS

        def do_GET(self) -> None:
            if self.path == "/healthz":
                self._answer_probe([] if status.alive else ["the event loop is stalled"])
            elif self.path == "/readyz":
                self._answer_probe(status.not_ready())
            elif self.path == "/metrics":
                self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest())
            else:
                self._answer(HTTPStatus.NOT_FOUND, "application/json", b'{"error": {"code": "not-found"}}')

        def _answer_probe(self, reasons: list[str]) -> None:
            code = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
            body = {"status": "unavailable" if reasons else "ok", "reasons": reasons}
            self._answer(code, "application/json", json.dumps(body).encode())

        def _answer(self, code: HTTPStatus, content_type: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Probes and scrapes every second are not worth a line."""

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, name="status-server", daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
