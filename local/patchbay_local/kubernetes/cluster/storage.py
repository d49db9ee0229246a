"""Volumes that outlive pods and nodes: directories of this machine, which every node sees.

They stand for volumes on a network. No node affinity: a pod finds its data again on any node.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patchbay_local.machine import paths
from patchbay_local.machine.programs import run

STORAGE_CLASS = "patchbay-volumes"
# The user of the platform's images: a kubelet leaves the owner of a host's directory as it is.
_USER = 10001
# Not enforced: the most that a claim may ask for.
_SIZE = "10Gi"


@dataclass(frozen=True)
class Volume:
    """A volume for one claim alone, so that no other pod is ever given its data."""

    name: str
    namespace: str
    claim: str

    def manifest(self, root: Path) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": self.name},
            "spec": {
                "storageClassName": STORAGE_CLASS,
                "capacity": {"storage": _SIZE},
                "accessModes": ["ReadWriteOnce"],
                "persistentVolumeReclaimPolicy": "Retain",
                "claimRef": {"namespace": self.namespace, "name": self.claim},
                # Not made where it is missing: data would be looked for in an empty directory.
                "hostPath": {"path": str(root / self.name), "type": "Directory"},
            },
        }


VOLUMES = (
    Volume("redis", "patchbay-data", "data-redis-0"),
    Volume("mariadb", "patchbay-data", "data-mariadb-0"),
)


def ensure(kubeconfig: Path = paths.KUBECONFIG, root: Path = paths.VOLUMES) -> None:
    """Makes the storage class, and each volume with its directory. Raises HostError."""
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS},
        "provisioner": "kubernetes.io/no-provisioner",
    }
    for volume in VOLUMES:
        _make_directory(root / volume.name)
    manifests = [storage_class, *(volume.manifest(root) for volume in VOLUMES)]
    _kubectl(
        kubeconfig,
        *("apply", "--server-side", "--force-conflicts", "--field-manager=patchbay-cluster", "-f", "-"),
        stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}),
    )
    empty_released(kubeconfig, root)


def empty_released(kubeconfig: Path = paths.KUBECONFIG, root: Path = paths.VOLUMES) -> None:
    """Gives each volume whose claim was deleted to the next claim, empty. Raises HostError.

    Deleting a claim gives its data up, as it does with the volumes of a cloud.
    """
    for name in _released(kubeconfig):
        shutil.rmtree(root / name)
        _make_directory(root / name)
        # Without the deleted claim's identity the next claim of that name is bound.
        again = {"spec": {"claimRef": {"uid": None, "resourceVersion": None}}}
        _kubectl(kubeconfig, "patch", "persistentvolume", name, "--type=merge", f"--patch={json.dumps(again)}")


def _make_directory(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(directory, _USER, _USER)


def _released(kubeconfig: Path) -> list[str]:
    """Volumes whose claim has been deleted."""
    names = [volume.name for volume in VOLUMES]
    found = json.loads(_kubectl(kubeconfig, "get", "persistentvolumes", *names, "--output=json"))["items"]
    return [item["metadata"]["name"] for item in found if item.get("status", {}).get("phase") == "Released"]


def _kubectl(kubeconfig: Path, *arguments: str, stdin: str | None = None) -> str:
    command = [str(paths.BIN / "kubectl"), "--kubeconfig", str(kubeconfig), *arguments]
    return run(command, stdin=stdin, timeout_seconds=60)
