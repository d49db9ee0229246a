"""Which pods give way when a node is full.

The platform's own pods push out workers, and both push out the headroom's placeholders; none pushes out its like.
"""

from typing import Final

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.scheduling.v1 import PriorityClass

# Below 0, the priority of pods that name no class; above what the cluster autoscaler takes for expendable.
HEADROOM_PRIORITY: Final = -5


class Priorities(pulumi.ComponentResource):
    """The platform's own pods before the workers: without queues, counts and gateway, no worker has work."""

    platform: pulumi.Output[str]
    worker: pulumi.Output[str]
    headroom: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("patchbay:platform:Priorities", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        platform = PriorityClass(
            f"{name}-platform",
            metadata=ObjectMetaArgs(name="patchbay-platform"),
            value=100_000,
            description="Data stores, metrics, gateway and API",
            opts=child,
        )
        worker = PriorityClass(
            f"{name}-worker",
            metadata=ObjectMetaArgs(name="patchbay-worker"),
            # Workers are alike: a waiting one gets a placeholder's room or a new node, never another tenant's worker's.
            value=1_000,
            description="Shape workers",
            opts=child,
        )
        headroom = PriorityClass(
            f"{name}-headroom",
            metadata=ObjectMetaArgs(name="patchbay-headroom"),
            value=HEADROOM_PRIORITY,
            preemption_policy="Never",
            description="Placeholders that hold room for workers",
            opts=child,
        )
        self.platform = platform.metadata.name
        self.worker = worker.metadata.name
        self.headroom = headroom.metadata.name
        self.register_outputs({})
