"""The HTTP servers, one per address: a thread per connection, connections kept open between calls."""

import io
import os
from typing import Any, Final
from wsgiref.types import WSGIApplication

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

LOOPBACK: Final = "127.0.0.1"


class _RequestHandler(MotoRequestHandler):
    """Werkzeug's handler closes each connection; this one reads every request to its end and keeps it open."""

    protocol_version = "HTTP/1.1"
    # Header and body are written apart: with Nagle's algorithm each answer on a kept connection waits 40 ms.
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.environ = environ = self.make_environ()
        stream = environ["wsgi.input"]
        body = (
            stream.read()
            if "wsgi.input_terminated" in environ
            else stream.read(int(self.headers.get("Content-Length") or 0))
        )
        environ["wsgi.input"] = io.BytesIO(body)
        answer: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
            answer[:] = [status, headers]

        content = b"".join(self.server.app(environ, start_response))
        status, headers = answer
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers) and code not in {"204", "304"}:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Only failures are worth a line."""
        if str(code).startswith("5"):
            super().log_request(code, size)


def serve(application: WSGIApplication, address: str, port: int) -> BaseWSGIServer:
    """A listening server; `serve_forever()` runs it. SystemExit where the port is taken."""
    return make_server(address, port, application, threaded=True, request_handler=_RequestHandler)


def prepare(account: str, port: int) -> None:
    """Sets what moto reads from the environment at its import and at each call."""
    os.environ.update(
        {
            "MOTO_ACCOUNT_ID": account,
            "MOTO_PORT": str(port),
            # The AWS managed policies, which node and cluster roles attach.
            "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
            # Headers for pages in browsers, which have no business here.
            "MOTO_DISABLE_GLOBAL_CORS": "true",
        }
    )
