"""The placeholders that keep room for the next burst."""

from dataclasses import dataclass
from typing import Final

from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.restoration import Restore
from patchbay_loadtests.nodes.room import Size, requested

NAMESPACE: Final = "patchbay-headroom"
NAME: Final = "headroom"
_PATH: Final = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}"
SCALE_PATH: Final = f"{_PATH}/scale"


@dataclass(frozen=True)
class Headroom:
    """`pods` placeholders of `size` each; without a headroom 0."""

    pods: int
    size: Size

    def slots(self, worker: Size) -> int:
        """How many workers find room where the placeholders are."""
        return self.pods * self.size.holds(worker)


async def read(cluster: Cluster) -> Headroom:
    """The headroom as its Deployment asks for it."""
    deployment = await cluster.found(_PATH)
    if deployment is None:
        return Headroom(0, Size(0, 0))
    return Headroom(int(deployment["spec"].get("replicas", 1)), requested(deployment["spec"]["template"]["spec"]))


def given_back(found: Headroom) -> Restore:
    """What brings the headroom back to the size that it was found with."""
    return Restore(path=SCALE_PATH, body={"spec": {"replicas": found.pods}}, object_path=_PATH)


async def remove(cluster: Cluster) -> None:
    """Let the headroom's pods go; what brings them back must have been arranged before."""
    await cluster.merge(SCALE_PATH, {"spec": {"replicas": 0}})
