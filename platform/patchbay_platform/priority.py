"""Which pods give way when a node is full."""

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.scheduling.v1 import PriorityClass


class Priorities(pulumi.ComponentResource):
    """The platform's own pods before the workers: without queues, counts and gateway, no worker has work."""

    platform: pulumi.Output[str]
    worker: pulumi.Output[str]

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
            value=1_000,
            # A waiting worker gets a new node; it takes none from another tenant's running process.
            preemption_policy="Never",
            description="Shape workers",
            opts=child,
        )
        self.platform = platform.metadata.name
        self.worker = worker.metadata.name
        self.register_outputs({})
