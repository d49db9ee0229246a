"""The runtime's API: registers flows, takes triggers, answers for runs."""

from typing import Annotated, Final, Literal

import pulumi
from patchbay_config.model import Model
from pulumi_kubernetes.apps.v1 import (
    Deployment,
    DeploymentSpecArgs,
    DeploymentStrategyArgs,
    RollingUpdateDeploymentArgs,
)
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    LifecycleArgs,
    LifecycleHandlerArgs,
    PodSpecArgs,
    ServicePortArgs,
    SleepActionArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pydantic import Field

from patchbay_platform import pods
from patchbay_platform.endpoint import Endpoint, of_service
from patchbay_platform.placement import Placement
from patchbay_platform.runtime_pod import RuntimePod

PORT: Final = 8000
HEADLESS_SERVICE: Final = "api-pods"


class ApiConfig(Model):
    """`log_level` holds for the workers too."""

    replicas: Annotated[int, Field(ge=1, le=50)] = 2
    cpu: str = "100m"
    memory: Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi)$")] = "256Mi"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Api(pulumi.ComponentResource):
    """The API's pods; each migrates the schemas before it starts, under a lock of the database."""

    endpoint: pulumi.Output[Endpoint]

    def __init__(
        self,
        name: str,
        config: ApiConfig,
        runtime: RuntimePod,
        *,
        placement: Placement,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:platform:Api", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = placement.namespace
        selector = pods.labels(name)
        account = pods.service_account(name, namespace, child)
        pods.disruption_budget(name, namespace, selector, child)
        port = ServicePortArgs(name="http", port=PORT)
        pods.service(name, namespace, selector, port, child)
        # The gateway balances over the pods themselves, which a single cluster address would hide.
        pods.service(HEADLESS_SERVICE, namespace, selector, port, child, type="Headless")
        resources = pods.resources(cpu=config.cpu, memory=config.memory)
        server = Deployment(
            name,
            metadata=ObjectMetaArgs(name=name, namespace=namespace, labels=selector),
            spec=DeploymentSpecArgs(
                replicas=config.replicas,
                strategy=DeploymentStrategyArgs(
                    rolling_update=RollingUpdateDeploymentArgs(max_unavailable=0, max_surge=1)
                ),
                selector=LabelSelectorArgs(match_labels=selector),
                template=pods.template(
                    selector,
                    PodSpecArgs(
                        service_account_name=account.metadata.name,
                        priority_class_name=placement.priority_class,
                        topology_spread_constraints=pods.spread(selector),
                        # A synchronous run may wait 60 s for its answer.
                        termination_grace_period_seconds=75,
                        init_containers=[
                            ContainerArgs(
                                name="migrate",
                                image=runtime.image,
                                args=["migrate"],
                                env=runtime.environment(),
                                resources=resources,
                                security_context=pods.container_security(),
                                volume_mounts=runtime.mounts(),
                            )
                        ],
                        containers=[
                            ContainerArgs(
                                name=name,
                                image=runtime.image,
                                args=["api"],
                                env=runtime.environment(),
                                ports=[ContainerPortArgs(name="http", container_port=PORT)],
                                # The gateway forgets an address a second after it left the service's name.
                                lifecycle=LifecycleArgs(
                                    pre_stop=LifecycleHandlerArgs(sleep=SleepActionArgs(seconds=3))
                                ),
                                readiness_probe=pods.http_probe("/readyz", PORT, period_seconds=1),
                                liveness_probe=pods.http_probe("/healthz", PORT, period_seconds=10),
                                resources=resources,
                                security_context=pods.container_security(),
                                volume_mounts=runtime.mounts(),
                            )
                        ],
                        volumes=runtime.volumes(),
                    ),
                ),
            ),
            opts=child,
        )
        self.endpoint = of_service(server.metadata.name, namespace, PORT)
        self.register_outputs({})
