"""The keys and passwords that the Job inside the cluster makes."""

import hashlib
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCRIPT = runpy.run_path(
    str(Path(__file__).resolve().parents[2] / "platform/patchbay_platform/credentials/native/credentials.py")
)
ensure: Callable[..., None] = SCRIPT["ensure_password"]
ensure_all: Callable[..., None] = SCRIPT["ensure_all"]

SERVER, CLIENT = "patchbay-data", "patchbay-runtime"


class Cluster:
    """Secrets as the Kubernetes API keeps them: one that exists cannot be created again."""

    def __init__(self) -> None:
        self.secrets: dict[tuple[str, str], dict[str, str]] = {}

    def value(self, namespace: str, name: str, key: str) -> str | None:
        return self.secrets.get((namespace, name), {}).get(key)

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


def keys_of(cluster: Cluster) -> dict[str, str]:
    return {name: cluster.secrets[CLIENT, name]["key"] for name in ("administrator", "sealing")}


def test_the_api_gets_an_administrator_s_key_and_a_sealing_key_of_its_own_in_each_cluster() -> None:
    cluster, other = Cluster(), Cluster()
    for each in (cluster, other):
        ensure_all(each, CLIENT, None)
    keys = keys_of(cluster)
    assert re.fullmatch(r"pbk_[0-9a-f]{24}_[A-Za-z0-9_-]{43}", keys["administrator"])
    assert re.fullmatch(r"[0-9a-f]{64}", keys["sealing"])
    assert not set(keys.values()) & set(keys_of(other).values())


@pytest.mark.parametrize(
    ("data_namespace", "secrets"),
    [
        (None, {(CLIENT, "administrator"), (CLIENT, "sealing")}),
        (SERVER, {(space, name) for space in (SERVER, CLIENT) for name in ("redis", "mariadb")}
         | {(CLIENT, "administrator"), (CLIENT, "sealing")}),
    ],
    ids=["data stores of AWS", "data stores in the cluster"],
)  # fmt: skip
def test_passwords_are_made_only_where_the_data_stores_are_pods(
    data_namespace: str | None, secrets: set[tuple[str, str]]
) -> None:
    cluster = Cluster()
    ensure_all(cluster, CLIENT, data_namespace)
    assert set(cluster.secrets) == secrets


def test_an_update_keeps_every_key_and_makes_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    cluster = Cluster()
    ensure_all(cluster, CLIENT, SERVER)
    before = dict(cluster.secrets)
    del cluster.secrets[CLIENT, "administrator"]
    ensure_all(cluster, CLIENT, SERVER)
    assert cluster.secrets.pop((CLIENT, "administrator")) != before.pop((CLIENT, "administrator"))
    assert cluster.secrets == before
    told = capsys.readouterr().out
    assert f"created {CLIENT}/administrator" in told
    assert not [value for values in before.values() for value in values.values() if value in told]
