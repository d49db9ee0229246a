"""Attempts to do more within the own tenant than one's role and scopes allow."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from tests.security.attempts import Act, attempt, attempts
from tests.security.on_tenants import FLOW
from tests.security.stage import Stage

AREA: Final = "roles"


def _as(role: str, method: str, path: str, body: object = None, **wanted: Any) -> Act:
    def act(stage: Stage) -> httpx.Response:
        return stage.ask(method, f"{stage.attacker.path}/{path}", stage.key(role, **wanted), json=body)

    return act


FORBIDDEN: Final[Mapping[str, Act]] = {
    "a viewer starts a run": _as("viewer", "POST", "flows/orders/runs", {}),
    "a viewer registers a flow": _as("viewer", "POST", "flows", FLOW),
    "a viewer invites": _as("viewer", "POST", "invitations", {"role": "viewer"}),
    "an operator replaces a webhook's secret": _as("operator", "POST", "flows/orders/webhook-secret", {}),
    "a developer makes a key": _as("developer", "POST", "keys", {"name": "x", "role": "viewer"}),
    "a developer reads the audit": _as("developer", "GET", "audit"),
    "a developer lists people": _as("developer", "GET", "members"),
    "a narrowed owner makes a wider key": _as(
        "owner", "POST", "keys", {"name": "x", "role": "owner"}, scopes=["key.manage"]
    ),
    "a narrowed owner makes a key of other scopes": _as(
        "owner", "POST", "keys", {"name": "x", "role": "owner", "scopes": ["run.read"]}, scopes=["key.manage"]
    ),
    "a narrowed owner invites an owner": _as(
        "owner", "POST", "invitations", {"role": "owner"}, scopes=["member.manage"]
    ),
    "a key that may list runs reads one": _as("owner", "GET", f"runs/{'0' * 32}", scopes=["run.list"]),
}
attempts(AREA, "403 forbidden", FORBIDDEN)
attempts(
    AREA,
    "422 invalid_request",
    {
        "an owner makes an administrator's key": _as("owner", "POST", "keys", {"name": "x", "role": "administrator"}),
        "an owner invites an administrator": _as("owner", "POST", "invitations", {"role": "administrator"}),
        "an owner makes a key without an end": _as(
            "owner", "POST", "keys", {"name": "x", "role": "viewer", "days": 9999}
        ),
    },
)


@attempt(AREA, "403 forbidden")
def a_narrowed_owner_rotates_the_owners_key(stage: Stage) -> httpx.Response:
    narrow = stage.key("owner", scopes=["key.manage", "key.read"])
    listed = stage.ask("GET", f"{stage.attacker.path}/keys").json()["keys"]
    wide = next(key["id"] for key in listed if key["name"].startswith("own-"))
    return stage.ask("POST", f"{stage.attacker.path}/keys/{wide}/rotation", narrow, json={})


@attempt(AREA, "403 forbidden")
def a_narrowed_owner_revokes_the_owners_key(stage: Stage) -> httpx.Response:
    narrow = stage.key("owner", scopes=["key.manage", "key.read"])
    listed = stage.ask("GET", f"{stage.attacker.path}/keys").json()["keys"]
    wide = next(key["id"] for key in listed if key["name"].startswith("own-"))
    return stage.ask("DELETE", f"{stage.attacker.path}/keys/{wide}", narrow)


@attempt(AREA, "401 unauthenticated")
def a_revoked_key_is_used_once_more(stage: Stage) -> httpx.Response:
    path = f"{stage.attacker.path}/keys"
    made = stage.ask("POST", path, json={"name": "x", "role": "owner"}).json()
    stage.ask("DELETE", f"{path}/{made['id']}").raise_for_status()
    return stage.ask("GET", path, {"Authorization": f"Bearer {made['key']}"})


@attempt(AREA, "401 unauthenticated")
def two_keys_are_shown_at_once(stage: Stage) -> httpx.Response:
    own = stage.attacker.owner["Authorization"]
    headers = [("Authorization", own), ("Authorization", own)]
    return stage.client.get(f"{stage.attacker.path}/runs", headers=headers)


@attempt(AREA, "401 unauthenticated")
def a_key_is_shown_in_the_address(stage: Stage) -> httpx.Response:
    key = stage.attacker.owner["Authorization"].removeprefix("Bearer ")
    return stage.ask("GET", f"{stage.attacker.path}/runs?key={key}&access_token={key}", {})
