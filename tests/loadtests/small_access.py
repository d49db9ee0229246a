"""Keys and webhooks' secrets, as the API asks for them, of an environment in one process."""

import re
import uuid
from email.message import Message
from typing import Any

KEYS = re.compile(r"/api/tenants/[^/]+/keys")
KEY = re.compile(r"/api/tenants/[^/]+/keys/([^/]+)")
TENANT = re.compile(r"/api/tenants/[^/]+")
FLOWS = re.compile(r"/api/tenants/[^/]+/flows")
SECRET = re.compile(r"/api/tenants/[^/]+/flows/([^/]+)/webhook-secret")
HOOK = re.compile(r"/hooks/[^/]+/([^/]+)")


class SmallAccess:
    """`token`: the administrator's key; None: everybody may do everything but send orders without the flow's secret.

    `made`: of every key that was asked for; `keys`: those that are good, by their ids. `secrets`: by flow.
    """

    def __init__(self) -> None:
        self.token: str | None = None
        self.made: list[dict[str, Any]] = []
        self.keys: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        # What the keys of tenants were shown for, and those of webhooks.
        self.asked: list[tuple[str, str]] = []

    def refusal(self, command: str, path: str, headers: Message) -> int | None:
        """401 for who does not show what the path takes."""
        shown = headers.get("Authorization")
        if hook := HOOK.fullmatch(path):
            # An order needs no key of the API, so that none lies about where orders are sent.
            secret = self.secrets.get(hook[1])
            return None if shown is None and headers.get("X-Webhook-Key") == secret else 401
        if self.token is None or not path.startswith(("/api/tenants/", "/api/platform/", "/horizon/")):
            return None
        if _is_administrators(command, path):
            return None if shown == f"Bearer {self.token}" else 401
        self.asked.append((command, path))
        return None if shown in {f"Bearer {key}" for key in self.keys.values()} else 401

    def answer(self, command: str, path: str, document: Any) -> tuple[int, Any] | None:
        """What is asked of keys and secrets; None: nothing."""
        if command == "POST" and KEYS.fullmatch(path):
            key_id = uuid.uuid4().hex[:24]
            self.made.append(document)
            self.keys[key_id] = f"pbk_{key_id}_{uuid.uuid4().hex}"
            return 201, {"key": self.keys[key_id], "id": key_id}
        if command == "DELETE" and (key := KEY.fullmatch(path)):
            return (200, {}) if self.keys.pop(key[1], None) else (404, {})
        if command == "POST" and (flow := SECRET.fullmatch(path)):
            return 200, self._new_secret(flow[1])
        if command == "POST" and FLOWS.fullmatch(path):
            name = document["name"]
            told = {} if name in self.secrets else self._new_secret(name)
            return 201, {"flow": name, "version": 1, **told}
        return None

    def _new_secret(self, flow: str) -> dict[str, Any]:
        self.secrets[flow] = uuid.uuid4().hex
        return {"webhook": {"path": f"/hooks/t/{flow}", "secret": self.secrets[flow]}}


def _is_administrators(command: str, path: str) -> bool:
    """What no key of a tenant's developer may do."""
    if path.startswith(("/horizon/", "/api/platform/")):
        return True
    return (command == "PUT" and bool(TENANT.fullmatch(path))) or bool(KEYS.match(path))
