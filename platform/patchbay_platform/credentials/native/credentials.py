"""Makes what the platform has to keep secret where it is missing, as Kubernetes Secrets.

The API's keys in the runtime's namespace: the first administrator's, and the one that secrets are sealed with. Where
the data stores are pods, their passwords as well, in the namespace of servers and in that of their clients.

Run by a Job inside the cluster, so that none of it passes through Pulumi's state or a developer's machine. What exists
is kept; a password is copied to the namespace that misses its copy. Needs the standard library only.
"""

import base64
import hashlib
import json
import os
import secrets
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

# `info` gives the queue its counts; the other commands of these groups can stop the server or read other clients.
REDIS_RIGHTS = "~* &* +@all -@admin -@dangerous +info"


# A key that an administrator may put in the place of another. A kubelet serves a Secret that cannot change from its
# memory, also after another one of its name has taken its place.
REPLACEABLE = frozenset({"administrator"})


class Secrets:
    """The Secrets of the cluster, as this Job may use them: read by name, create."""

    def __init__(self) -> None:
        self._base = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}/api/v1"
        self._tls = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))

    def value(self, namespace: str, name: str, key: str) -> str | None:
        """What a Secret has under the key; None where there is no such Secret."""
        try:
            found = self._request("GET", f"/namespaces/{namespace}/secrets/{name}", None)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        return base64.b64decode(found["data"][key]).decode()

    def create(self, namespace: str, name: str, values: dict[str, str]) -> None:
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "labels": {"app.kubernetes.io/part-of": "patchbay"}},
            "type": "Opaque",
            "immutable": name not in REPLACEABLE,
            "stringData": values,
        }
        self._request("POST", f"/namespaces/{namespace}/secrets", secret)

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - the scheme is fixed above
            self._base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, context=self._tls, timeout=10) as response:  # noqa: S310
            answer: dict[str, Any] = json.load(response)
        return answer


def administrator_key() -> str:
    """A key of the API: an id of 12 bytes, which may be seen, and a secret of 32."""
    return f"pbk_{secrets.token_hex(12)}_{secrets.token_urlsafe(32)}"


def sealing_key() -> str:
    """256 bits in hexadecimal digits."""
    return secrets.token_hex(32)


KEYS: dict[str, Callable[[], str]] = {"administrator": administrator_key, "sealing": sealing_key}
PASSWORDS = ("redis", "mariadb")


def ensure_key(cluster: Secrets, name: str, namespace: str) -> None:
    """A key of the API's."""
    if cluster.value(namespace, name, "key") is None:
        cluster.create(namespace, name, {"key": KEYS[name]()})
        print(f"created {namespace}/{name}")


def ensure_password(cluster: Secrets, name: str, server_namespace: str, client_namespace: str) -> None:
    """The server's Secret and the clients' copy of its password."""
    held = {space: cluster.value(space, name, "password") for space in (server_namespace, client_namespace)}
    password = held[server_namespace] or held[client_namespace] or secrets.token_hex(32)
    if held[server_namespace] is None:
        cluster.create(server_namespace, name, {"password": password, **server_files(name, password)})
        print(f"created {server_namespace}/{name}")
    if held[client_namespace] is None:
        cluster.create(client_namespace, name, {"password": password})
        print(f"created {client_namespace}/{name}")
    elif held[client_namespace] != password:
        sys.exit(f"{client_namespace}/{name} differs from {server_namespace}/{name}: delete the former and run again")


def server_files(name: str, password: str) -> dict[str, str]:
    if name != "redis":
        return {}
    digest = hashlib.sha256(password.encode()).hexdigest()
    return {"users.acl": f"user default on #{digest} {REDIS_RIGHTS}\n"}


def ensure_all(cluster: Secrets, runtime_namespace: str, data_namespace: str | None) -> None:
    """`data_namespace`: of the data stores, where they are pods."""
    for name in KEYS:
        ensure_key(cluster, name, runtime_namespace)
    if data_namespace is not None:
        for name in PASSWORDS:
            ensure_password(cluster, name, data_namespace, runtime_namespace)


if __name__ == "__main__":
    ensure_all(Secrets(), os.environ["RUNTIME_NAMESPACE"], os.environ.get("DATA_NAMESPACE"))
