"""How many pods the shapes of the steady flow may have.

Every pod that starts takes a second of processor time: on a machine of few cores the pods that a short backlog asks for
lengthen it, and what is then seen is the machine, not the fault.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.restoration import Restore, Restoring
from patchbay_loadtests.faults.flows import SHAPES
from patchbay_loadtests.faults.options import Options

FEW_PODS: Final = 2
_MOST: Final = "maxReplicaCount"


class Size:
    """The limits that were found, by the path of the ScaledObject."""

    def __init__(self, cluster: Cluster, found: Mapping[str, int]) -> None:
        self._cluster = cluster
        self._found = found

    async def at_most(self, pods: int) -> None:
        """Let each of the shapes have so many pods, or as many as the platform allows where these are fewer."""
        for path, most in self._found.items():
            await self._cluster.merge(path, {"spec": {_MOST: min(pods, most)}})


@asynccontextmanager
async def limited(cluster: Cluster, options: Options) -> AsyncIterator[Size]:
    """Limits may be set within; when it is left, however that happens, they are as they were."""
    objects = f"/apis/keda.sh/v1alpha1/namespaces/{options.namespace}/scaledobjects"
    names = {f"shape-{shape}" for shape in SHAPES}
    listed = (await cluster.get(objects))["items"]
    found = {
        f"{objects}/{item['metadata']['name']}": int(item["spec"][_MOST])
        for item in listed
        if item["metadata"]["name"] in names
    }
    restores = [Restore(path=path, body={"spec": {_MOST: most}}, object_path=path) for path, most in found.items()]
    async with Restoring(options.kubeconfig, options.context, *restores):
        yield Size(cluster, found)
