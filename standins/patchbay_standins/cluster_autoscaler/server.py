"""`/metrics` and `/health-check`."""

import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.metrics import Metrics


class Health:
    """Sick once no scan has begun, or none has succeeded, for the time that the flags allow."""

    def __init__(self, options: Options) -> None:
        self._idle = options.max_inactivity
        self._failing = options.max_failing_time
        self._begun = self._succeeded = time.monotonic()
        self._stands_by = False

    def stand_by(self) -> None:
        """A replica that waits for the lease has nothing to do, and is well."""
        self._stands_by = True

    def begin(self) -> None:
        self._begun = time.monotonic()

    def succeed(self) -> None:
        self._stands_by = False
        self._begun = self._succeeded = time.monotonic()

    def complaint(self) -> str | None:
        if self._stands_by:
            return None
        now = time.monotonic()
        if now - self._begun > self._idle:
            return f"no activity for {now - self._begun:.0f} s"
        if now - self._succeeded > self._failing:
            return f"no scan has succeeded for {now - self._succeeded:.0f} s"
        return None


def serve(address: str, metrics: Metrics, health: Health) -> ThreadingHTTPServer:
    """Serves in threads of its own until `shutdown`. `address` is `host:port`, every host where it names none."""
    host, _, port = address.rpartition(":")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(HTTPStatus.OK, generate_latest(metrics.registry), CONTENT_TYPE_LATEST)
            elif self.path == "/health-check":
                complaint = health.complaint()
                status = HTTPStatus.INTERNAL_SERVER_ERROR if complaint else HTTPStatus.OK
                self._answer(status, (complaint or "OK").encode(), _PLAIN)
            else:
                self._answer(HTTPStatus.NOT_FOUND, b"", _PLAIN)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Probes and scrapes are not worth a line each."""

        def _answer(self, status: HTTPStatus, content: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer((host.strip("[]"), int(port)), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True, name="http").start()
    return server


_PLAIN: Final = "text/plain; charset=utf-8"
