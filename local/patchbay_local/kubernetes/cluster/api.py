"""The few calls to the API server that bringing the cluster up takes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import httpx2
from httpx2 import HTTPError, HTTPStatusError, Timeout, codes
from lightkube import ALL_NS, Client, KubeConfig, SingleConfig
from lightkube.config import client_adapter
from lightkube.models.apps_v1 import DeploymentCondition
from lightkube.models.core_v1 import NodeCondition
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.coordination_v1 import Lease
from lightkube.resources.core_v1 import Node, Pod
from lightkube.types import PatchType

_TIMEOUT: Final = Timeout(5)


class Api:
    """A client with the kubeconfig's rights. Calls raise httpx2.HTTPError where nothing or no good answers.

    No proxy of the environment stands between the host and its own bridge.
    """

    def __init__(self, kubeconfig: Path) -> None:
        self._client = Client(_configuration(kubeconfig), timeout=_TIMEOUT, trust_env=False)
        self._http = http_client(kubeconfig)

    def close(self) -> None:
        self._http.close()
        self._client.close()

    def is_ready(self) -> bool:
        try:
            return self._http.get("/readyz").is_success
        except HTTPError:
            return False

    def node_readiness(self) -> dict[str, bool]:
        """Ready by node name."""
        return {
            node.metadata.name: _holds("Ready", node.status.conditions if node.status else None)
            for node in self._client.list(Node)
            if node.metadata and node.metadata.name
        }

    def lease_renewals(self) -> dict[str, datetime]:
        """When each node's kubelet was last heard of."""
        return {
            lease.metadata.name: lease.spec.renewTime
            for lease in self._client.list(Lease, namespace="kube-node-lease")
            if lease.metadata and lease.metadata.name and lease.spec and lease.spec.renewTime
        }

    def deployment_is_available(self, namespace: str, name: str) -> bool:
        try:
            found = self._client.get(Deployment, name, namespace=namespace)
        except HTTPError as error:
            if _is_missing(error):
                return False
            raise
        if not (found.metadata and found.status):
            return False
        seen = found.status.observedGeneration == found.metadata.generation
        return seen and _holds("Available", found.status.conditions)

    def delete_node(self, name: str) -> None:
        """Takes a machine that is gone for good off the cluster, and its pods, which nothing can end any more.

        The pod garbage collector would do the latter a minute later, and services would name the pods until then.
        """
        # Else the pods that take the place of the deleted ones may be sent there.
        cordon = {"spec": {"unschedulable": True}}
        _unless_missing(lambda: self._client.patch(Node, name, cordon, patch_type=PatchType.MERGE))
        self._delete_pods_of(name)
        _unless_missing(lambda: self._client.delete(Node, name))
        self._delete_pods_of(name)

    def _delete_pods_of(self, node: str) -> None:
        for pod in self._client.list(Pod, namespace=ALL_NS, fields={"spec.nodeName": node}):
            if pod.metadata and pod.metadata.name:
                where, name = pod.metadata.namespace, pod.metadata.name
                _unless_missing(partial(self._client.delete, Pod, name, namespace=where, grace_period=0))


def http_client(kubeconfig: Path) -> httpx2.Client:
    """For what is read as plain JSON, with the kubeconfig's rights."""
    parameters = client_adapter.ConnectionParams(timeout=_TIMEOUT, trust_env=False)
    return client_adapter.Client(_configuration(kubeconfig), parameters)


def _configuration(kubeconfig: Path) -> SingleConfig:
    config = KubeConfig.from_file(kubeconfig).get()
    if config is None:
        raise ValueError(f"{kubeconfig} has no current context")
    return config


def _unless_missing(change: Callable[[], object]) -> None:
    """What is not there is as it should be."""
    try:
        change()
    except HTTPError as error:
        if not _is_missing(error):
            raise


def _is_missing(error: HTTPError) -> bool:
    return isinstance(error, HTTPStatusError) and error.response.status_code == codes.NOT_FOUND


def _holds(kind: str, conditions: Sequence[NodeCondition] | Sequence[DeploymentCondition] | None) -> bool:
    return any(condition.type == kind and condition.status == "True" for condition in conditions or ())
