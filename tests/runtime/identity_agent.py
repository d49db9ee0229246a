"""A stub of the agent that gives a pod its AWS credentials."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

ACCESS_KEY: Final = "ASIAEXAMPLEONLYFORTESTS"


class IdentityAgent:
    """Answers those that show the token of `token_file` with credentials that live for `lifetime`."""

    def __init__(self, directory: Path, lifetime: timedelta = timedelta(hours=6)) -> None:
        self.token_file = directory / "token"
        self.token_file.write_text("the token of this pod")
        self.lifetime = lifetime
        self.asked = 0
        agent = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                agent.asked += 1
                known = self.headers.get("Authorization") == agent.token_file.read_text()
                self.send_response(200 if known else 401)
                self.end_headers()
                self.wfile.write(agent.answer() if known else b"{}")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def answer(self) -> bytes:
        """Credentials, numbered so that new ones can be told from old ones."""
        expires = datetime.now(UTC) + self.lifetime
        return json.dumps(
            {
                "AccessKeyId": f"{ACCESS_KEY}{self.asked}",
                "SecretAccessKey": "not-a-secret",
                "Token": "session",
                "AccountId": "111122223333",
                "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        ).encode()

    def environment(self) -> dict[str, str]:
        """What EKS puts into the pod's environment."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{self._server.server_address[1]}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(self.token_file),
        }

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
