"""A list and a watch over real HTTP on loopback, with the troubles of a real API server at the test's command."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Document = dict[str, Any]


class SmallApiServer(ThreadingHTTPServer):
    """`objects` by name. A watch shows what happened after its resource version, and waits for more."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.changed = threading.Condition()
        self.version = 1
        self.objects: dict[str, Document] = {}
        self.events: list[tuple[int, str]] = []
        self.forgotten = 0  # events up to this version are not shown any more
        self.generation = 0  # a watch ends when it changes
        self.refuses = False
        self.refusals = 0
        self.lists = 0
        self.watches = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def put(self, name: str, **fields: Any) -> None:
        with self.changed:
            kind = "MODIFIED" if name in self.objects else "ADDED"
            self.version += 1
            self.objects[name] = {"metadata": {"name": name, "resourceVersion": str(self.version)}, **fields}
            self._tell(kind, self.objects[name])

    def delete(self, name: str) -> None:
        with self.changed:
            self.version += 1
            gone = self.objects.pop(name)
            self._tell("DELETED", {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(self.version)}})

    def cut_watches(self, *, forget: bool = False) -> None:
        """`forget`: who goes on from where it was is told that this is too old."""
        with self.changed:
            self.generation += 1
            if forget:
                self.forgotten = self.version
            self.changed.notify_all()

    def unseen(self, name: str, **fields: Any) -> None:
        """A change that no watch shows."""
        with self.changed:
            self.version += 1
            self.objects[name] = {"metadata": {"name": name, "resourceVersion": str(self.version)}, **fields}

    def _tell(self, kind: str, item: Document) -> None:
        self.events.append((self.version, json.dumps({"type": kind, "object": item})))
        self.changed.notify_all()


class _Handler(BaseHTTPRequestHandler):
    server: SmallApiServer

    def do_GET(self) -> None:
        server = self.server
        parameters = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        if server.refuses:
            server.refusals += 1
            self.send_error(503)
            return
        self.send_response(200)
        self.end_headers()
        if "watch" not in parameters:
            with server.changed:
                server.lists += 1
                items = list(server.objects.values())
                listed = {"metadata": {"resourceVersion": str(server.version)}, "items": items}
            self.wfile.write(json.dumps(listed).encode())
            return
        self._watch(int(parameters["resourceVersion"]))

    def _watch(self, version: int) -> None:
        server = self.server
        with server.changed:
            generation = server.generation
            server.watches += 1
        while True:
            with server.changed:
                if version < server.forgotten:
                    lines = ['{"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}']
                else:
                    lines = [line for number, line in server.events if number > version]
                    version = max([version, *(number for number, _ in server.events)])
                if not lines:
                    if server.generation != generation:
                        return
                    server.changed.wait(0.1)
            for line in lines:
                self.wfile.write(line.encode() + b"\n")
                if '"ERROR"' in line:
                    return

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  # the base class's naming
        """Keep quiet."""


@contextmanager
def serving() -> Iterator[SmallApiServer]:
    server = SmallApiServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.cut_watches()
        server.shutdown()
        server.server_close()
