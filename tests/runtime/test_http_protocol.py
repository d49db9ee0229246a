"""Requests that are wrong as HTTP already."""

from typing import Any

import httpx
import pytest
from patchbay_runtime.api.app import create_app
from patchbay_runtime.settings import Settings

from tests.runtime.test_access import NOT_THERE


def test_an_unknown_method_is_told_all_that_the_path_takes(settings: Settings, api_url: str) -> None:
    with httpx.Client(base_url=api_url) as client:
        for path, methods in create_app(settings).openapi()["paths"].items():
            named = path.format(**NOT_THERE, tenant="a")
            for unknown in ("OPTIONS", "PATCH"):
                answer = client.request(unknown, named)
                assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
                assert answer.headers["Allow"] == ", ".join(sorted(map(str.upper, methods))), path


async def test_a_client_that_breaks_off_is_no_failure_of_the_api(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """An error in the log calls people, and anyone can begin a request at a webhook."""
    app = create_app(settings)
    sent: list[dict[str, Any]] = []
    received: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"[1", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return received.pop(0)

    async def send(message: Any) -> None:
        sent.append(dict(message))

    async with app.router.lifespan_context(app) as state:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": "POST",
            "path": "/hooks/a/f",
            "raw_path": b"/hooks/a/f",
            "root_path": "",
            "query_string": b"",
            "headers": [],
            "state": dict(state or {}),
        }
        await app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
