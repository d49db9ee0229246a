"""The passwords that the Job inside the cluster makes."""

import hashlib
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCRIPT = runpy.run_path(
    str(Path(__file__).resolve().parents[2] / "platform/patchbay_platform/credentials/native/credentials.py")
)
ensure: Callable[..., None] = SCRIPT["ensure"]

SERVER, CLIENT = "patchbay-data", "patchbay-runtime"


class Cluster:
    """Secrets as the Kubernetes API keeps them: one that exists cannot be created again."""

    def __init__(self) -> None:
        self.secrets: dict[tuple[str, str], dict[str, str]] = {}

    def password(self, namespace: str, name: str) -> str | None:
        return self.secrets.get((namespace, name), {}).get("password")

    def create(self, namespace: str, name: str, values: dict[str, str]) -> None:
        assert (namespace, name) not in self.secrets
        self.secrets[namespace, name] = values


def made(name: str) -> Cluster:
    cluster = Cluster()
    ensure(cluster, name, SERVER, CLIENT)
    return cluster


@pytest.mark.parametrize("name", ["redis", "mariadb"])
def test_server_and_clients_get_the_same_strong_password(name: str) -> None:
    cluster = made(name)
    password = cluster.secrets[SERVER, name]["password"]
    assert len(password) == 64
    assert cluster.secrets[CLIENT, name] == {"password": password}
    assert made(name).secrets[SERVER, name]["password"] != password


def test_running_again_changes_nothing() -> None:
    cluster = made("mariadb")
    before: dict[Any, Any] = dict(cluster.secrets)
    ensure(cluster, "mariadb", SERVER, CLIENT)
    assert cluster.secrets == before


@pytest.mark.parametrize("lost", [SERVER, CLIENT])
def test_a_lost_copy_is_made_again_from_the_other(lost: str) -> None:
    cluster = made("redis")
    before = dict(cluster.secrets)
    del cluster.secrets[lost, "redis"]
    ensure(cluster, "redis", SERVER, CLIENT)
    assert cluster.secrets == before


def test_copies_that_differ_are_left_alone_and_told() -> None:
    cluster = made("redis")
    cluster.secrets[CLIENT, "redis"] = {"password": "another"}
    with pytest.raises(SystemExit, match="delete the former and run again"):
        ensure(cluster, "redis", SERVER, CLIENT)
    assert cluster.secrets[CLIENT, "redis"] == {"password": "another"}


def test_redis_knows_the_password_by_its_digest_and_grants_no_administration() -> None:
    secret = made("redis").secrets[SERVER, "redis"]
    digest = hashlib.sha256(secret["password"].encode()).hexdigest()
    assert secret["users.acl"].startswith(f"user default on #{digest} ")
    assert secret["password"] not in secret["users.acl"]
    assert {"-@admin", "-@dangerous"} <= set(secret["users.acl"].split())
