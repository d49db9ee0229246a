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
    EnvVarArgs,
    LifecycleArgs,
    LifecycleHandlerArgs,
    PodSpecArgs,
    ServicePortArgs,
    SleepActionArgs,
)
from pydantic import Field

from patchbay_platform import pods
from patchbay_platform.access_keys import AccessKeys
from patchbay_platform.connectors import ConnectorsConfig
from patchbay_platform.endpoint import Endpoint
from patchbay_platform.identity import IdentityConfig
from patchbay_platform.placement import Placement
from patchbay_platform.runtime_pod import RuntimePod
from patchbay_platform.workload import Workload

PORT: Final = 8000
HEADLESS_SERVICE: Final = "api-pods"


class ApiConfig(Model):
    """`log_level` holds for the workers too."""

    replicas: Annotated[int, Field(ge=1, le=50)] = 2
    cpu: str = "100m"
    memory: Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi)$")] = "256Mi"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Api(pulumi.ComponentResource):
    """The API's pods; each migrates the schemas before it starts, under a lock of the database.

    `connectors`: what flows may call; a flow that names anything else is refused at its registration. `identity`: by
    whom people are known. `domain`: below which tenants have names of their own. `keys`: the first administrator's,
    which a migration makes known, and the one that the secrets of webhooks are sealed with.
    """

    endpoint: pulumi.Output[Endpoint]

    def __init__(
        self,
        name: str,
        config: ApiConfig,
        runtime: RuntimePod,
        *,
        connectors: ConnectorsConfig,
        identity: IdentityConfig,
        domain: str | None,
        keys: AccessKeys,
        placement: Placement,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:platform:Api", name, None, opts)
        workload = Workload(self, "api", placement)
        runtime = runtime.with_keys(keys)
        account = workload.account()
        workload.disruption_budget()
        port = ServicePortArgs(name="http", port=PORT)
        workload.service(port)
        # The gateway balances over the pods themselves, which a single cluster address would hide.
        workload.service(port, suffix="-pods", type="Headless")
        # Metrics are asked of a pod that is not ready, too.
        workload.service(port, suffix="-metrics", type="Headless", unready=True)
        resources = pods.resources(cpu=config.cpu, memory=config.memory)
        told = {**connectors.told, **identity.variables, **({"PATCHBAY_DOMAIN": domain} if domain else {})}
        server = Deployment(
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
                                name=workload.name,
                                image=runtime.image,
                                args=["api"],
                                env=[
                                    *runtime.environment(),
                                    *(EnvVarArgs(name=name, value=value) for name, value in told.items()),
                                ],
                                ports=[ContainerPortArgs(name="http", container_port=PORT)],
                                # The gateway forgets an address a second after it left the service's name.
                                lifecycle=LifecycleArgs(
                                    pre_stop=LifecycleHandlerArgs(sleep=SleepActionArgs(seconds=3))
                                ),
                                readiness_probe=pods.readiness("/readyz", PORT, period_seconds=1),
                                liveness_probe=pods.liveness("/healthz", PORT),
                                resources=resources,
                                security_context=pods.container_security(),
                                volume_mounts=runtime.mounts(),
                            )
                        ],
                        volumes=runtime.volumes(),
                    ),
                    annotations=runtime.annotations(),
                ),
            ),
            opts=workload.options(),
        )
        self.endpoint = workload.endpoint(server.metadata.name, PORT)
        self.register_outputs({})
