"""Kubeconfig files: plain kubectl's and those of the cluster's own programs."""

import base64
from pathlib import Path

import yaml

from patchbay_local.kubernetes.cluster.pki import CLUSTER, Pair, Pki
from patchbay_local.machine import addresses
from patchbay_local.machine.files import write_if_changed

API_SERVER_URL = f"https://{addresses.BRIDGE_ADDRESS}:{addresses.API_SERVER_PORT}"


def write_kubeconfig(path: Path, pki: Pki, client: Pair, *, user: str) -> None:
    """A self-contained file for one client, readable by root alone."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "patchbay",
                "cluster": {
                    "server": API_SERVER_URL,
                    "certificate-authority-data": _encoded(pki.pair(CLUSTER).certificate),
                },
            }
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": _encoded(client.certificate),
                    "client-key-data": _encoded(client.key),
                },
            }
        ],
        "contexts": [{"name": "patchbay", "context": {"cluster": "patchbay", "user": user}}],
        "current-context": "patchbay",
    }
    write_if_changed(path, yaml.safe_dump(document, sort_keys=False), mode=0o600)


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
