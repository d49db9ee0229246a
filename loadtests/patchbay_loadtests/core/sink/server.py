"""The sink's program: holds each delivery until it is released, and keeps count of them.

It runs from a ConfigMap in whatever image has a Python, so it is one file on the standard library alone.

    POST /deliveries          {"key": business key, "hold_seconds": s, ...}; answered when released, or after
                              `hold_seconds` (0 by default) while the gate is open
    GET  /control/state       what is held, received, answered and abandoned (the client went away while held)
    PUT  /control/gate        {"open": bool, "lease_seconds": s}; a closed gate opens by itself when its lease runs out
    POST /control/release     {"count": n}: answers the n deliveries that have been held longest
    GET  /control/deliveries  every business key with its requests: when, by which idempotency key, answered or not
    GET  /healthz
"""

from __future__ import annotations

import json
import select
import socket
import sys
import threading
import time
import uuid
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# How often a held delivery looks whether its client is still there.
LOOK_SECONDS = 0.5
MAX_BODY_BYTES = 1 << 20
# How long a client that sends too large a body may go on with it before it is cut off.
LINGER_SECONDS = 5.0
MAX_HOLD_SECONDS = 300.0


@dataclass
class Call:
    """A request for a business key. `at`: the sink's uptime then, in seconds; `answered`: it got its 200."""

    at: float
    idempotency_key: str
    answered: bool = False


@dataclass
class Held:
    """A request that waits for its release; an open gate lets it go at `until`."""

    since: float
    until: float
    released: bool = False


class Ledger:
    """What has been delivered, and the gate that holds deliveries back. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._instance = uuid.uuid4().hex
        self._began = time.monotonic()
        self._open = True
        self._lease_until = 0.0
        self._held: dict[int, Held] = {}
        self._tickets = 0
        self._deliveries: dict[str, list[Call]] = {}
        self._abandoned = 0

    def receive(self, key: str, idempotency_key: str, client: socket.socket, hold_seconds: float) -> Call | None:
        """Write a delivery down and wait until it may be answered. None: the client went away first."""
        with self._changed:
            now = time.monotonic()
            call = Call(now - self._began, idempotency_key)
            self._deliveries.setdefault(key, []).append(call)
            self._tickets += 1
            ticket = self._tickets
            held = self._held[ticket] = Held(since=now, until=now + hold_seconds)
            try:
                while not (held.released or (self._gate_is_open() and time.monotonic() >= held.until)):
                    left = held.until - time.monotonic()
                    self._changed.wait(min(left, LOOK_SECONDS) if left > 0 else LOOK_SECONDS)
                    if _has_hung_up(client):
                        self._abandoned += 1
                        return None
            finally:
                del self._held[ticket]
            return call

    def answered(self, call: Call) -> None:
        """Write down that its answer has gone to the client."""
        with self._changed:
            call.answered = True

    def set_gate(self, *, is_open: bool, lease_seconds: float) -> None:
        """Open the gate, or close it for at most `lease_seconds` unless it is set again."""
        with self._changed:
            self._open = is_open
            self._lease_until = time.monotonic() + lease_seconds
            self._changed.notify_all()

    def release(self, count: int) -> int:
        """Let the `count` longest-held deliveries be answered; returns how many there were to release."""
        with self._changed:
            waiting = [held for _, held in sorted(self._held.items()) if not held.released][:count]
            for held in waiting:
                held.released = True
            self._changed.notify_all()
            return len(waiting)

    def state(self) -> dict[str, Any]:
        """The gate, how long each delivery is held (oldest first), and the totals.

        `instance` changes when the sink restarts and forgets.
        """
        with self._changed:
            now = time.monotonic()
            held = [now - item.since for _, item in sorted(self._held.items()) if not item.released]
            return {
                "instance": self._instance,
                "uptime": now - self._began,
                "gate": "open" if self._gate_is_open() else "closed",
                "lease_seconds": max(0.0, self._lease_until - now),
                "held_seconds": held,
                "received": sum(map(len, self._deliveries.values())),
                "answered": sum(call.answered for calls in self._deliveries.values() for call in calls),
                "abandoned": self._abandoned,
            }

    def deliveries(self) -> dict[str, Any]:
        """Every business key's requests."""
        with self._changed:
            listed = {key: [asdict(call) for call in calls] for key, calls in self._deliveries.items()}
            return {"instance": self._instance, "deliveries": listed}

    def _gate_is_open(self) -> bool:
        return self._open or time.monotonic() >= self._lease_until


def _has_hung_up(client: socket.socket) -> bool:
    try:
        readable, _, _ = select.select([client], [], [], 0)
        return bool(readable) and client.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


class SinkHandler(BaseHTTPRequestHandler):
    """The routes; the server carries the ledger."""

    protocol_version = "HTTP/1.1"
    # Headers and body leave in one segment instead of waiting for the peer's delayed acknowledgement.
    wbufsize = -1
    server: SinkServer

    def do_GET(self) -> None:
        ledger = self.server.ledger
        if self.path == "/healthz":
            self._answer(200, {"status": "ok"})
        elif self.path == "/control/state":
            self._answer(200, ledger.state())
        elif self.path == "/control/deliveries":
            self._answer(200, ledger.deliveries())
        else:
            self._answer(404, {"error": "no such path"})

    def do_PUT(self) -> None:
        document = self._document()
        if document is None:
            return
        if self.path != "/control/gate":
            self._answer(404, {"error": "no such path"})
            return
        self.server.ledger.set_gate(
            is_open=bool(document.get("open", True)), lease_seconds=float(document.get("lease_seconds", 30))
        )
        self._answer(200, self.server.ledger.state())

    def do_POST(self) -> None:
        document = self._document()
        if document is None:
            return
        if self.path == "/deliveries":
            self._deliver(document)
        elif self.path == "/control/release":
            self._answer(200, {"released": self.server.ledger.release(int(document.get("count", 0)))})
        else:
            self._answer(404, {"error": "no such path"})

    def _deliver(self, document: dict[str, Any]) -> None:
        key = document.get("key")
        if not isinstance(key, str) or not key:
            self._answer(422, {"error": "the body needs a text `key`"})
            return
        ledger = self.server.ledger
        hold = document.get("hold_seconds", 0)
        hold_seconds = min(max(float(hold), 0.0), MAX_HOLD_SECONDS) if isinstance(hold, int | float) else 0.0
        call = ledger.receive(key, self.headers.get("Idempotency-Key", ""), self.connection, hold_seconds)
        if call is None:
            self.close_connection = True
            return
        self._answer(200, {"key": key, "status": "stored"})
        ledger.answered(call)

    def _document(self) -> dict[str, Any] | None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self._refuse_body()
            return None
        try:
            document = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            document = None
        if not isinstance(document, dict):
            self._answer(400, {"error": "the body is not a JSON object"})
            return None
        return document

    def _refuse_body(self) -> None:
        """Answer 413 and close in stages (RFC 9112, 9.6).

        A close with the body still coming would reset the connection and could take the answer with it.
        """
        self._answer(413, {"error": f"the body exceeds {MAX_BODY_BYTES} bytes"}, close=True)
        try:
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SECONDS)
            give_up = time.monotonic() + LINGER_SECONDS
            while time.monotonic() < give_up and self.rfile.read1(1 << 16):
                pass
        except OSError:
            return

    def _answer(self, status: int, document: dict[str, Any], *, close: bool = False) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        if close:
            self.send_header("Connection", "close")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  # the base class's naming
        """Keep quiet: the ledger is the record."""


class SinkServer(ThreadingHTTPServer):
    """One thread per connection: a held delivery costs a sleeping thread."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, SinkHandler)
        self.ledger = Ledger()


if __name__ == "__main__":
    SinkServer(("0.0.0.0", int(sys.argv[1]))).serve_forever()  # noqa: S104  # a pod listens on its own address
