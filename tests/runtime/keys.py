"""API keys for tests, made as a customer does: by the API."""

from typing import Any

import httpx

from tests.runtime.servers import Mariadb

PLATFORM = "/api/platform/keys"


def make(client: httpx.Client, path: str, role: str, **wanted: Any) -> dict[str, Any]:
    """A key that must be given; the answer, with the key."""
    answer = client.post(path, json={"name": f"a-{role}", "role": role, **wanted})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def bearer(made: dict[str, Any]) -> dict[str, str]:
    """The header of a request with that key."""
    return {"Authorization": f"Bearer {made['key']}"}


def expire(server: Mariadb, made: dict[str, Any]) -> None:
    """Let the key's time be over."""
    server.sql(f"UPDATE patchbay.api_keys SET expires_at = NOW(6) - INTERVAL 1 SECOND WHERE id = '{made['id']}'")  # noqa: S608
