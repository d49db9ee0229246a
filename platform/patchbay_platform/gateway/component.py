"""The gateway: the one way in from outside."""

from collections.abc import Sequence
from typing import Final

import pulumi
from pulumi_kubernetes.apps.v1 import (
    Deployment,
    DeploymentSpecArgs,
    DeploymentStrategyArgs,
    RollingUpdateDeploymentArgs,
)
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    ExecActionArgs,
    LifecycleArgs,
    LifecycleHandlerArgs,
    PodSpecArgs,
    ServicePortArgs,
)

from patchbay_platform import pods
from patchbay_platform.gateway.config import GatewayConfig, Network
from patchbay_platform.gateway.render import HEALTH_PORT, MEMORY_MIB, PROXY_PORT, STATUS_PORT, render
from patchbay_platform.placement import Placement
from patchbay_platform.workload import Workload

# HAProxy goes on for the drain's seconds, finishes what runs, and leaves by itself.
_DRAIN: Final = "kill -USR1 1; while kill -0 1; do sleep 1; done"

# The name of a headless service holds one address for each ready pod of the API; slots beyond its pods stay empty.
_API_SLOTS: Final = 16


class Gateway(pulumi.ComponentResource):
    """HAProxy behind the load balancer's node port: allowlists, rates and body limits for each route.

    `edge_networks`: the only ones that may open a connection, as what they say of the client is believed.
    """

    def __init__(
        self,
        name: str,
        config: GatewayConfig,
        *,
        image: str,
        edge_networks: Sequence[Network],
        placement: Placement,
        api_address: str,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:platform:Gateway", name, None, opts)
        workload = Workload(self, "gateway", placement)
        account = workload.account()
        native = render(config, edge_networks=edge_networks, api_address=api_address, api_slots=_API_SLOTS)
        files = workload.native_files({"haproxy.cfg": native})
        workload.disruption_budget()
        workload.service(
            ServicePortArgs(name="proxy", port=PROXY_PORT, node_port=config.node_port),
            ServicePortArgs(name="health", port=HEALTH_PORT, node_port=config.health_node_port),
            type="NodePort",
            # A node that passed a connection on to another's pod would hide that it comes from the load balancer.
            external_traffic_policy="Local" if config.client_address == "forwardedFor" else None,
        )
        workload.service(
            ServicePortArgs(name="status", port=STATUS_PORT), suffix="-pods", type="Headless", unready=True
        )
        Deployment(
            workload.resource_name,
            metadata=workload.metadata(),
            spec=DeploymentSpecArgs(
                replicas=config.replicas,
                strategy=DeploymentStrategyArgs(
                    rolling_update=RollingUpdateDeploymentArgs(max_unavailable=0, max_surge=1)
                ),
                selector=workload.selector,
                template=workload.template(
                    account,
                    PodSpecArgs(
                        topology_spread_constraints=pods.spread(workload.labels),
                        termination_grace_period_seconds=config.grace_seconds,
                        containers=[
                            ContainerArgs(
                                name=workload.name,
                                image=image,
                                command=["haproxy", "-db", "-f", "/etc/haproxy/haproxy.cfg"],
                                ports=[
                                    ContainerPortArgs(name="proxy", container_port=PROXY_PORT),
                                    ContainerPortArgs(name="status", container_port=STATUS_PORT),
                                    ContainerPortArgs(name="health", container_port=HEALTH_PORT),
                                ],
                                lifecycle=LifecycleArgs(
                                    pre_stop=LifecycleHandlerArgs(exec_=ExecActionArgs(command=["sh", "-c", _DRAIN]))
                                ),
                                readiness_probe=pods.readiness("/healthz", STATUS_PORT, period_seconds=1),
                                liveness_probe=pods.liveness("/healthz", STATUS_PORT),
                                resources=pods.resources(cpu="50m", memory="64Mi", memory_limit=f"{MEMORY_MIB}Mi"),
                                security_context=pods.container_security(),
                                volume_mounts=[pods.mount("config", "/etc/haproxy", read_only=True)],
                            )
                        ],
                        volumes=[files.volume()],
                    ),
                    annotations=files.checksum,
                ),
            ),
            opts=workload.options([files.dependency]),
        )
        self.register_outputs({})
