"""The few calls to the API server that bringing the cluster up takes."""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from patchbay_local.kubernetes.cluster.kubeconfig import API_SERVER_URL
from patchbay_local.kubernetes.cluster.pki import CLUSTER, Pki


class Api:
    """A client with the administrator's certificate. Calls raise httpx.HTTPError where nothing or no good answers."""

    def __init__(self, pki: Pki) -> None:
        context = ssl.create_default_context(cafile=str(pki.pair(CLUSTER).certificate))
        admin = pki.pair("admin")
        context.load_cert_chain(admin.certificate, admin.key)
        # No proxy of the environment stands between the host and its own bridge.
        self._client = httpx.Client(base_url=API_SERVER_URL, verify=context, timeout=5, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def is_ready(self) -> bool:
        try:
            return self._client.get("/readyz").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def node_readiness(self) -> dict[str, bool]:
        """Ready by node name."""
        items = self._items("/api/v1/nodes")
        return {item["metadata"]["name"]: _condition(item, "Ready") for item in items}

    def lease_renewals(self) -> dict[str, datetime]:
        """When each node's kubelet was last heard of."""
        renewals = {}
        for item in self._items("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"):
            if renewed := item["spec"].get("renewTime"):
                renewals[item["metadata"]["name"]] = datetime.fromisoformat(renewed).astimezone(UTC)
        return renewals

    def deployment_is_available(self, namespace: str, name: str) -> bool:
        response = self._client.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return False
        response.raise_for_status()
        deployment = response.json()
        seen = deployment.get("status", {}).get("observedGeneration") == deployment["metadata"]["generation"]
        return bool(seen) and _condition(deployment, "Available")

    def delete_node(self, name: str) -> None:
        """Takes a machine that is gone for good off the cluster, and its pods, which nothing can end any more.

        The pod garbage collector would do the latter a minute later, and services would name the pods until then.
        """
        path = f"/api/v1/nodes/{name}"
        # Else the pods that take the place of the deleted ones may be sent there.
        content_type = {"Content-Type": "application/merge-patch+json"}
        _require(self._client.patch(path, content=b'{"spec": {"unschedulable": true}}', headers=content_type))
        self._delete_pods_of(name)
        _require(self._client.delete(path))
        self._delete_pods_of(name)

    def _delete_pods_of(self, node: str) -> None:
        for pod in self._items("/api/v1/pods", fieldSelector=f"spec.nodeName={node}"):
            metadata = pod["metadata"]
            path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
            _require(self._client.delete(path, params={"gracePeriodSeconds": "0"}))

    def _items(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        response = self._client.get(path, params=parameters)
        response.raise_for_status()
        items: list[dict[str, Any]] = response.json()["items"]
        return items


def _require(response: httpx.Response) -> None:
    """What is not there is as it should be."""
    if response.status_code != httpx.codes.NOT_FOUND:
        response.raise_for_status()


def _condition(item: Mapping[str, Any], kind: str) -> bool:
    conditions = item.get("status", {}).get("conditions", [])
    return any(condition["type"] == kind and condition["status"] == "True" for condition in conditions)
