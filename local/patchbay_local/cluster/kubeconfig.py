"""Kubeconfig files: plain kubectl's and those of the cluster's own programs."""

import base64
from pathlib import Path

import yaml

from patchbay_local import paths
from patchbay_local.cluster.pki import CLUSTER, Pair, Pki

API_SERVER_URL = f"https://{paths.BRIDGE_ADDRESS}:{paths.API_SERVER_PORT}"


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
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
