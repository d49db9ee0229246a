"""Another system that a connector calls: records every request and answers as told."""

import json
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """A request; header names in lower case. `client`: the port that it came from."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    client: int


@dataclass(frozen=True)
class Answer:
    """A response; `close` drops the connection instead, `raw` is sent as it is before that."""

    status: int = 200
    body: bytes = b'{"ok": true}'
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    close: bool = False
    raw: Iterable[bytes] | None = None


class Sink:
    """An HTTP server on loopback; `answer` gets each request and its number, from 0."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received, int], Answer] = lambda _request, _number: Answer()
        self._lock = threading.Lock()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                sink.serve(self)

            def do_GET(self) -> None:
                sink.serve(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """The requests are recorded."""

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://{host}:{self.port}/sink"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Record a request and answer it."""
        length = int(handler.headers.get("Content-Length", 0))
        body = json.loads(handler.rfile.read(length)) if length else None
        headers = {name.lower(): value for name, value in handler.headers.items()}
        request = Received(handler.command, handler.path, headers, body, handler.client_address[1])
        with self._lock:
            number = len(self.received)
            self.received.append(request)
        answer = self.answer(request, number)
        with suppress(ConnectionError):  # a client need not hear all of it
            if answer.close or answer.raw is not None:
                handler.close_connection = True
                for piece in answer.raw or ():
                    handler.wfile.write(piece)
                return
            handler.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(answer.body)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
