"""The workers' pods as the Kubernetes API shows them: their metadata, and the one annotation that is written."""

from dataclasses import dataclass
from typing import Any

from patchbay_runtime.cluster_api import ClusterApi

COST = "controller.kubernetes.io/pod-deletion-cost"
SHAPE_LABEL = "patchbay.dev/shape"


@dataclass(frozen=True)
class Pod:
    """A worker's pod; `cost` is 0 where none is written, as for Kubernetes."""

    name: str
    shape: str
    cost: int


class Pods:
    """The workers' pods of one namespace; every method raises ClusterAwayError."""

    def __init__(self, api: ClusterApi) -> None:
        self._api = api
        self._path = f"/api/v1/namespaces/{api.namespace}/pods"

    async def list(self) -> list[Pod]:
        """Every worker's pod that stays."""
        found = await self._api.list_metadata(self._path, labelSelector=SHAPE_LABEL)
        return [_pod(metadata) for metadata in found if "deletionTimestamp" not in metadata]

    async def set_cost(self, pod: str, cost: int) -> bool:
        """False if the pod is gone."""
        return await self._api.annotate(f"{self._path}/{pod}", {COST: str(cost)})

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()


def _pod(metadata: dict[str, Any]) -> Pod:
    cost = metadata.get("annotations", {}).get(COST, "0")
    return Pod(metadata["name"], metadata["labels"][SHAPE_LABEL], int(cost))
