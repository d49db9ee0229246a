"""The workers' pods as the Kubernetes API shows them: their metadata, and the one annotation that is written."""

import asyncio
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

COST = "controller.kubernetes.io/pod-deletion-cost"
SHAPE_LABEL = "patchbay.dev/shape"
TIMEOUT_SECONDS = 5.0
# Without what pods are specified as and how they are, which costs the API server a third of the time.
_METADATA = "application/json;as={kind};g=meta.k8s.io;v=v1"


class ClusterAwayError(Exception):
    """The API server could not be reached, or refuses."""


@dataclass(frozen=True)
class Pod:
    """A worker's pod; `cost` is 0 where none is written, as for Kubernetes."""

    name: str
    shape: str
    cost: int


class Pods:
    """The workers' pods of one namespace; every method raises ClusterAwayError."""

    def __init__(self, base_url: str, account: Path) -> None:
        """`account`: a directory with `token`, which is renewed in place, `ca.crt` and `namespace`."""
        self._token = account / "token"
        namespace = (account / "namespace").read_text(encoding="ascii").strip()
        self._path = f"/api/v1/namespaces/{namespace}/pods"
        trusted = ssl.create_default_context(cafile=str(account / "ca.crt"))
        self._client = httpx.AsyncClient(base_url=base_url, verify=trusted, timeout=TIMEOUT_SECONDS, trust_env=False)

    @classmethod
    def in_cluster(cls, account: Path) -> Self:
        """Those of the pod that this runs in."""
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        return cls(f"https://{host}:{port}", account)

    async def list(self) -> list[Pod]:
        """Every worker's pod that stays."""
        # Version 0: from the API server's memory instead of etcd.
        selected = {"labelSelector": SHAPE_LABEL, "resourceVersion": "0"}
        response = await self._request("GET", self._path, "PartialObjectMetadataList", params=selected)
        items = (item["metadata"] for item in self._checked(response).json()["items"])
        return [_pod(metadata) for metadata in items if "deletionTimestamp" not in metadata]

    async def set_cost(self, pod: str, cost: int) -> bool:
        """False if the pod is gone."""
        response = await self._request(
            "PATCH",
            f"{self._path}/{pod}",
            "PartialObjectMetadata",
            json={"metadata": {"annotations": {COST: str(cost)}}},
            headers={"Content-Type": "application/merge-patch+json"},
        )
        if response.status_code == httpx.codes.NOT_FOUND:
            return False
        self._checked(response)
        return True

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _request(
        self, method: str, path: str, kind: str, *, headers: dict[str, str] | None = None, **content: Any
    ) -> httpx.Response:
        sent = {
            "Authorization": f"Bearer {self._token.read_text(encoding='ascii').strip()}",
            "Accept": _METADATA.format(kind=kind),
            **(headers or {}),
        }
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._client.request(method, path, headers=sent, **content)
        except (httpx.HTTPError, TimeoutError) as error:
            raise ClusterAwayError(f"the API server cannot be reached ({type(error).__name__})") from error

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.is_error:
            raise ClusterAwayError(f"the API server answers with status {response.status_code}")
        return response


def _pod(metadata: dict[str, Any]) -> Pod:
    cost = metadata.get("annotations", {}).get(COST, "0")
    return Pod(metadata["name"], metadata["labels"][SHAPE_LABEL], int(cost))
