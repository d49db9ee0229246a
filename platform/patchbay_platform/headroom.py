"""Room for the next burst: placeholders that hold it, and give way to whatever needs it."""

from typing import Annotated, Final

import pulumi
from patchbay_config.model import Model
from patchbay_runtime.quantity import mebibytes, millicores
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs, DeploymentStrategyArgs
from pulumi_kubernetes.core.v1 import ContainerArgs, PodSpecArgs
from pydantic import Field

from patchbay_platform import pods
from patchbay_platform.namespaces import QuotaConfig
from patchbay_platform.placement import Placement
from patchbay_platform.workload import Workload

NAME: Final = "headroom"
# Not 0. The scheduler pushes victims out beside its main loop, keeps the pod that needs the room back until then, and
# may choose a victim for two pods. Of victims that are gone at once such a pod may miss every deletion: it then stays
# Pending beside the room that was made for it, until the scheduler's look at all pods some minutes later.
GRACE_SECONDS: Final = 1


class HeadroomConfig(Model):
    """`pods` slots of the size of one shape's pod each.

    A worker that finds no room takes a placeholder's at once; the placeholder then waits for a new node in its stead.
    What a burst needs beyond the slots waits for that node as well.
    """

    pods: Annotated[int, Field(ge=1, le=5000)]
    cpu: Annotated[str, Field(pattern=r"^[1-9][0-9]*m$")] = "50m"
    memory: Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi)$")] = "96Mi"

    @property
    def quota(self) -> QuotaConfig:
        """For twice the pods: one that was pushed out counts until it is gone."""
        most = 2 * self.pods
        cpu, memory = millicores(self.cpu) * most, mebibytes(self.memory) * most
        return QuotaConfig(cpu=f"{cpu}m", memory=f"{memory}Mi", pods=most)


class Headroom(pulumi.ComponentResource):
    """Pods that do nothing, spread over the workers' zones and nodes. No disruption budget: they are there to go."""

    def __init__(
        self, name: str, config: HeadroomConfig, *, image: str, placement: Placement, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("patchbay:platform:Headroom", name, None, opts)
        workload = Workload(self, NAME, placement)
        metadata = workload.metadata()
        # Some of them are always about to wait for a node.
        metadata.annotations = {"pulumi.com/skipAwait": "true"}
        Deployment(
            workload.resource_name,
            metadata=metadata,
            spec=DeploymentSpecArgs(
                replicas=config.pods,
                # New ones beside the old would bring nodes that nobody needs.
                strategy=DeploymentStrategyArgs(type="Recreate"),
                selector=workload.selector,
                template=workload.template(
                    workload.account(),
                    PodSpecArgs(
                        topology_spread_constraints=pods.spread(workload.labels),
                        termination_grace_period_seconds=GRACE_SECONDS,
                        containers=[
                            ContainerArgs(
                                name="placeholder",
                                image=image,
                                resources=pods.resources(cpu=config.cpu, memory=config.memory),
                                security_context=pods.container_security(),
                            )
                        ],
                    ),
                    # A node on which nothing else runs goes.
                    annotations={pods.SAFE_TO_EVICT: "true"},
                ),
            ),
            opts=workload.options(),
        )
        self.register_outputs({})
