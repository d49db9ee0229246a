"""Brings the sink within the connectors' reach, for as long as the load test lives and a little longer.

Network policies let connectors call nothing of our own networks, and the sink is in them. While a load test runs, a
NetworkPolicy beside the connectors lets them call the sink's port, and one beside the sink lets them in, and the API
server, through which the sink is controlled. Nothing else is opened. The workers' own rule is opened by `opening.py`.

Each policy belongs to a Job of its namespace that starts no pod and has a deadline, which the load test keeps putting
off. A Job that is past its deadline is deleted by Kubernetes, and the policy with it: nothing of ours has to live, and
nobody in the cluster needs rights for it.
"""

import asyncio
from contextlib import suppress
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Final, Self

from patchbay_loadtests.core.cluster import FIELD_MANAGER, Cluster, Document, as_document
from patchbay_loadtests.core.errors import NotFoundError, UnusableEnvironmentError
from patchbay_loadtests.core.renewal import Renewal

NAME: Final = "loadtest-sink"
PORT: Final = 8080
LABELS: Final = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/part-of": "patchbay-loadtest"}
_SINK: Final = {"matchLabels": {"app.kubernetes.io/name": "sink"}}
_API_SERVERS: Final = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
_REMOVAL_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.2


class Reach:
    """Within this context the connectors of `namespace` reach the sink, and the API server does."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        namespace: str,
        sink_namespace: str,
        shape: str,
        image: str,
        lease_seconds: float = 300,
        renewal_seconds: float = 60,
    ) -> None:
        """`shape`: the one whose pods call the sink. `image`: of pods that the Jobs never start.

        `lease_seconds`: how long the policies outlive a load test that dies; renewed every `renewal_seconds`.
        """
        self._cluster = cluster
        self._namespace = namespace
        self._sink_namespace = sink_namespace
        self._connectors = {"matchLabels": {"patchbay.dev/shape": shape}}
        self._image = image
        self._lease_seconds = lease_seconds
        self._renewal_seconds = renewal_seconds
        self._renewal: Renewal | None = None

    async def __aenter__(self) -> Self:
        # A deadline counts from its Job's start: what an earlier load test left is of no use.
        await self._close()
        clock = asyncio.get_running_loop()
        began = clock.time()
        await self._open(self._lease_seconds)
        self._renewal = Renewal(lambda: self._open(clock.time() - began + self._lease_seconds), self._renewal_seconds)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._renewal:
            # One that came after the removal would make the Jobs anew.
            await self._renewal.end()
        # What cannot be closed now is closed by its deadline, and must not hide how the load test ended.
        with suppress(UnusableEnvironmentError):
            await self._close()

    async def _open(self, deadline_seconds: float) -> None:
        """Safe to repeat: it puts the deadline off."""
        egress = {"to": [_pods(self._sink_namespace, _SINK)], "ports": [{"protocol": "TCP", "port": PORT}]}
        callers = [_pods(self._namespace, self._connectors), *await self._api_servers()]
        ingress = {"from": callers, "ports": [{"protocol": "TCP", "port": PORT}]}
        for namespace, spec in (
            (self._sink_namespace, {"podSelector": _SINK, "policyTypes": ["Ingress"], "ingress": [ingress]}),
            (self._namespace, {"podSelector": self._connectors, "policyTypes": ["Egress"], "egress": [egress]}),
        ):
            job = await self._apply(_job_path(namespace), _lease(self._image, deadline_seconds))
            path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{NAME}"
            await self._apply(path, _policy(spec, owner=job["metadata"]["uid"]))

    async def _apply(self, path: str, body: Document) -> Document:
        params = {"fieldManager": FIELD_MANAGER, "force": "true"}
        content_type = "application/apply-patch+yaml"
        return as_document(
            await self._cluster.request("PATCH", path, params=params, body=body, content_type=content_type)
        )

    async def _api_servers(self) -> list[Document]:
        """As peers: the addresses that the API server calls from are those that it is called at."""
        listed = await self._cluster.get(_API_SERVERS, {"labelSelector": "kubernetes.io/service-name=kubernetes"})
        addresses = {
            ip_address(address)
            for item in listed["items"]
            for endpoint in item.get("endpoints") or []
            for address in endpoint["addresses"]
        }
        if not addresses:
            raise UnusableEnvironmentError("EndpointSlices of default/kubernetes name no address of the API server")
        return [{"ipBlock": {"cidr": f"{address}/{address.max_prefixlen}"}} for address in sorted(addresses, key=str)]

    async def _close(self) -> None:
        """Delete the Jobs and wait until they and their policies are gone."""
        for namespace in (self._sink_namespace, self._namespace):
            path = _job_path(namespace)
            try:
                await self._cluster.request("DELETE", path, body={"propagationPolicy": "Foreground"})
                async with asyncio.timeout(_REMOVAL_SECONDS):
                    while True:
                        await self._cluster.get(path)
                        await asyncio.sleep(_POLL_SECONDS)
            except NotFoundError:
                continue
            except TimeoutError:
                raise UnusableEnvironmentError(
                    f"Job {namespace}/{NAME} is still there {_REMOVAL_SECONDS:.0f} s after its removal"
                ) from None


def _pods(namespace: str, selector: Document) -> Document:
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "podSelector": selector,
    }


def _job_path(namespace: str) -> str:
    return f"/apis/batch/v1/namespaces/{namespace}/jobs/{NAME}"


def _policy(spec: Document, *, owner: str) -> Document:
    # Blocks the owner's deletion: who waits until the Job is gone has waited for the policy.
    reference = {"apiVersion": "batch/v1", "kind": "Job", "name": NAME, "uid": owner, "blockOwnerDeletion": True}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": NAME, "labels": LABELS, "ownerReferences": [reference]},
        "spec": spec,
    }


def _lease(image: str, deadline_seconds: float) -> Document:
    """A Job that is paused for good (parallelism 0), so that only its deadline counts."""
    security: dict[str, Any] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "none", "image": image, "securityContext": security}],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": NAME, "labels": LABELS},
        "spec": {
            "parallelism": 0,
            "activeDeadlineSeconds": round(deadline_seconds),
            "ttlSecondsAfterFinished": 0,
            "template": {"metadata": {"labels": LABELS}, "spec": pod},
        },
    }
