"""A shape of the catalogue as a workload: its pods, and what scales them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import pulumi
from patchbay_config.errors import ConfigError
from patchbay_config.model import Model
from patchbay_runtime.catalog import Shape
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.apps.v1 import (
    Deployment,
    DeploymentSpecArgs,
    DeploymentStrategyArgs,
    RollingUpdateDeploymentArgs,
)
from pulumi_kubernetes.core.v1 import ContainerArgs, ContainerPortArgs, EnvVarArgs, PodSpecArgs, ServicePortArgs
from pydantic import Field

from patchbay_platform import pods
from patchbay_platform.connectors import ConnectorsConfig
from patchbay_platform.endpoint import Endpoint
from patchbay_platform.host_cluster import HostCluster
from patchbay_platform.network import CONNECTOR
from patchbay_platform.placement import Placement
from patchbay_platform.prometheus.rules import desired_pods
from patchbay_platform.runtime_pod import RuntimePod
from patchbay_platform.workload import Workload

METRICS_PORT: Final = 9100
WORKER: Final = "worker"

# The API server: every pod is told where it is, and no worker may call it.
_CLOSED_ADDRESS: Final = EnvVarArgs(
    name="PATCHBAY_CLOSED_ADDRESS", value="$(KUBERNETES_SERVICE_HOST):$(KUBERNETES_SERVICE_PORT)"
)

# Between the end of the longest step and the kill: recording the result, closing connections.
_SHUTDOWN_MARGIN_SECONDS: Final = 15


def grace_seconds(shape: Shape) -> int:
    """What a worker that is told to leave has to finish what it runs."""
    return shape.longest_step_seconds + _SHUTDOWN_MARGIN_SECONDS


# By the HPA's usual tolerance of a tenth one pod more is not seen above this many.
_EXACT_WITHOUT_TOLERANCE: Final = 10
# An HPA has a tolerance of its own from here on.
_OWN_TOLERANCE: Final = (1, 35)


def check(catalog: Mapping[str, Shape], host: HostCluster | None) -> None:
    """Raises ConfigError for a Kubernetes on which shapes would not follow their processes."""
    if host is None or host.version is None:
        return
    major, minor = map(int, host.version.split("."))
    large = [shape.name for shape in catalog.values() if shape.max_pods > _EXACT_WITHOUT_TOLERANCE]
    if large and (major, minor) < _OWN_TOLERANCE:
        raise ConfigError(
            f"patchbay:infra.clusters: version: {host.version} lets no HPA have a tolerance of its own, so that above "
            f"{_EXACT_WITHOUT_TOLERANCE} pods a shape would not get another ({', '.join(large)}); set it to 1.35 "
            "or later"
        )


class ScalingConfig(Model):
    """`scale_down_seconds`: how long a lower count must hold before pods leave; a leaving pod finishes what it runs.

    `poll_seconds`: how often KEDA looks by itself, which matters for shapes that scale to zero.
    """

    scale_down_seconds: Annotated[int, Field(ge=0, le=3600)] = 15
    poll_seconds: Annotated[int, Field(ge=1, le=300)] = 5


class WorkerPods(pulumi.ComponentResource):
    """The one name under which Prometheus finds the pods of every shape, also those that take no processes."""

    def __init__(self, name: str, *, placement: Placement, opts: pulumi.ResourceOptions) -> None:
        super().__init__("patchbay:platform:WorkerPods", name, None, opts)
        workload = Workload(self, WORKER, placement)
        workload.service(
            ServicePortArgs(name="metrics", port=METRICS_PORT), suffix="-pods", type="Headless", unready=True
        )
        self.register_outputs({})


class ShapeWorkload(pulumi.ComponentResource):
    """Deployment, ServiceAccount, PodDisruptionBudget and ScaledObject, all named `shape-<shape>`.

    `connectors`: what the pods may call, where the shape calls other systems.
    """

    def __init__(
        self,
        name: str,
        shape: Shape,
        scaling: ScalingConfig,
        runtime: RuntimePod,
        *,
        connectors: ConnectorsConfig,
        placement: Placement,
        prometheus: pulumi.Output[Endpoint],
        autoscaler: pulumi.Input[list[pulumi.Resource]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:platform:ShapeWorkload", name, None, opts)
        workload = Workload(
            self,
            f"shape-{shape.name}",
            placement,
            labels=pods.labels(WORKER, {pods.SHAPE_LABEL: shape.name}),
        )
        account = workload.account()
        workload.disruption_budget()
        deployment = Deployment(
            workload.resource_name,
            metadata=workload.metadata(),
            spec=DeploymentSpecArgs(
                # No `replicas`: the ScaledObject owns them.
                strategy=DeploymentStrategyArgs(
                    rolling_update=RollingUpdateDeploymentArgs(max_unavailable=0, max_surge="50%")
                ),
                selector=workload.selector,
                template=workload.template(
                    account,
                    PodSpecArgs(
                        topology_spread_constraints=pods.spread(workload.labels),
                        termination_grace_period_seconds=grace_seconds(shape),
                        containers=[_worker(shape, runtime, connectors)],
                        volumes=runtime.volumes(),
                    ),
                    annotations=runtime.annotations(),
                ),
            ),
            opts=workload.options(),
        )
        CustomResource(
            workload.resource_name,
            api_version="keda.sh/v1alpha1",
            kind="ScaledObject",
            metadata=workload.metadata(),
            spec=prometheus.apply(lambda endpoint: _scaled_object(shape, scaling, workload.name, endpoint)),
            opts=workload.options(pulumi.Output.from_input(autoscaler).apply(lambda keda: [*keda, deployment])),
        )
        self.register_outputs({})


def _worker(shape: Shape, runtime: RuntimePod, connectors: ConnectorsConfig) -> ContainerArgs:
    told = connectors.told if shape.name == CONNECTOR.name else {}
    return ContainerArgs(
        name="worker",
        image=runtime.image,
        args=["worker", "--shape", shape.name],
        env=[
            *runtime.environment(),
            *(EnvVarArgs(name=name, value=value) for name, value in told.items()),
            _CLOSED_ADDRESS,
        ],
        ports=[ContainerPortArgs(name="metrics", container_port=METRICS_PORT)],
        readiness_probe=pods.readiness("/readyz", METRICS_PORT, period_seconds=1),
        liveness_probe=pods.liveness("/healthz", METRICS_PORT),
        resources=pods.resources(
            cpu=shape.cpu_request,
            memory=shape.memory_request,
            memory_limit=shape.memory_limit,
            cpu_limit=shape.cpu_limit,
        ),
        security_context=pods.container_security(),
        volume_mounts=runtime.mounts(),
    )


def _scaled_object(shape: Shape, scaling: ScalingConfig, target: str, prometheus: Endpoint) -> dict[str, Any]:
    return {
        "scaleTargetRef": {"name": target},
        "minReplicaCount": shape.min_pods,
        "maxReplicaCount": shape.max_pods,
        "pollingInterval": scaling.poll_seconds,
        "cooldownPeriod": scaling.scale_down_seconds,
        # Lost counts must not read as no load: what runs is held. `replicas` is required, and unused by this behavior.
        "fallback": {"failureThreshold": 1, "replicas": max(shape.min_pods, 1), "behavior": "currentReplicas"},
        "advanced": {
            "horizontalPodAutoscalerConfig": {
                "behavior": {
                    # The query's answer is a number of pods, so the usual tolerance of 10 % would swallow a single pod
                    # above ten.
                    "scaleUp": {
                        "stabilizationWindowSeconds": 0,
                        "tolerance": "0",
                        "policies": [{"type": "Pods", "value": shape.max_pods, "periodSeconds": 1}],
                    },
                    "scaleDown": {
                        "stabilizationWindowSeconds": scaling.scale_down_seconds,
                        "tolerance": "0",
                        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 1}],
                    },
                }
            }
        },
        "triggers": [
            {
                "type": "prometheus",
                "metricType": "AverageValue",
                "metadata": {
                    "serverAddress": prometheus.url,
                    "query": desired_pods(shape),
                    # The query answers in pods, one for each.
                    "threshold": "1",
                    "ignoreNullValues": "false",
                },
            }
        ],
    }
