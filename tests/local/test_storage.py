"""What pods keep on the local cluster: against a real API server and the controller that binds volumes."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from patchbay_local.kubernetes.cluster import storage
from patchbay_local.machine import paths

from tests.standins.pulumi_plugins.control_plane import ControlPlane
from tests.waiting import until

CLAIMS = "/api/v1/namespaces/patchbay-data/persistentvolumeclaims"


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane) -> ControlPlane:
    """It binds claims to volumes."""
    with control_plane.client() as client:
        namespace = {"metadata": {"name": "patchbay-data"}}
        client.post("/api/v1/namespaces", json=namespace).raise_for_status()
    return control_plane


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the volumes are: it cannot be changed after they were made."""
    return tmp_path_factory.mktemp("volumes")


@pytest.fixture
def client(cluster: ControlPlane) -> Iterator[httpx.Client]:
    with cluster.client() as client:
        yield client


def claim(name: str) -> dict[str, Any]:
    """As a StatefulSet makes it."""
    return {
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage.STORAGE_CLASS,
            "resources": {"requests": {"storage": "2Gi"}},
        },
    }


def volume_of(client: httpx.Client, name: str) -> str | None:
    """The volume that a claim is bound to."""
    found = client.get(f"{CLAIMS}/{name}").json()
    return found["spec"].get("volumeName") if found.get("status", {}).get("phase") == "Bound" else None


def test_each_data_store_finds_its_own_volume_and_no_other_claim_gets_it(
    cluster: ControlPlane, client: httpx.Client, root: Path
) -> None:
    storage.ensure(cluster.kubeconfig, root)
    for name in ("data-other-0", "data-redis-0", "data-mariadb-0"):
        client.post(CLAIMS, json=claim(name)).raise_for_status()
    until(lambda: volume_of(client, "data-redis-0") == "redis", "Redis has its volume", within=60)
    until(lambda: volume_of(client, "data-mariadb-0") == "mariadb", "MariaDB has its volume", within=60)
    assert volume_of(client, "data-other-0") is None
    for name in ("redis", "mariadb"):
        directory = (root / name).stat()
        assert (directory.st_uid, directory.st_mode & 0o777) == (10001, 0o700)


def test_bringing_the_cluster_up_again_keeps_what_pods_keep(
    cluster: ControlPlane, client: httpx.Client, root: Path
) -> None:
    storage.ensure(cluster.kubeconfig, root)
    (root / "redis" / "kept").touch()
    storage.ensure(cluster.kubeconfig, root)
    assert (root / "redis" / "kept").exists()
    assert volume_of(client, "data-redis-0") == "redis"


def test_a_volume_whose_claim_was_deleted_starts_empty(cluster: ControlPlane, client: httpx.Client, root: Path) -> None:
    storage.ensure(cluster.kubeconfig, root)
    (root / "redis" / "of-an-earlier-platform").touch()
    client.delete(f"{CLAIMS}/data-redis-0").raise_for_status()

    def phase() -> str:
        found = client.get("/api/v1/persistentvolumes/redis").json()
        return str(found["status"]["phase"])

    until(lambda: phase() == "Released", "the claim is gone", within=60)
    storage.empty_released(cluster.kubeconfig, root)
    client.post(CLAIMS, json=claim("data-redis-0")).raise_for_status()
    until(lambda: volume_of(client, "data-redis-0") == "redis", "a new claim gets the volume", within=60)
    assert list((root / "redis").iterdir()) == []


def test_every_node_sees_the_volumes_where_the_cluster_says_they_are(tmp_path: Path) -> None:
    """The node's first process, with everything but its mounts taken out."""
    node, volumes = tmp_path / "node", tmp_path / "var" / "volumes"
    (volumes / "redis").mkdir(parents=True)
    script = Path(storage.__file__).parent / "templates" / "node-init.sh"
    mounts = [line for line in script.read_text().splitlines() if line.startswith('mount --bind "$volumes"')]
    assert len(mounts) == 1
    (node / str(volumes).lstrip("/")).mkdir(parents=True)
    shown = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "bash", "-ec", f'{mounts[0]}; ls "$node$volumes"'],
        env={"node": str(node), "volumes": str(volumes), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split() == ["redis"]
    assert storage.VOLUMES[0].manifest(paths.VOLUMES)["spec"]["hostPath"]["path"] == f"{paths.VOLUMES}/redis"
