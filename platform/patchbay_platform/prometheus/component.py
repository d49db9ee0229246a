"""Prometheus, which counts processes for the autoscaler and keeps the platform's metrics."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import pulumi
from patchbay_config.model import Model
from patchbay_runtime.catalog import Shape
from pulumi_kubernetes.apps.v1 import DeploymentStrategyArgs
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    EmptyDirVolumeSourceArgs,
    VolumeArgs,
)
from pydantic import Field

from patchbay_platform import pods
from patchbay_platform.endpoint import Endpoint
from patchbay_platform.placement import Placement
from patchbay_platform.prometheus.rules import RULE_FILES, thresholds
from patchbay_platform.single_pod import single_pod
from patchbay_platform.workload import Workload

PORT: Final = 9090


class PrometheusConfig(Model):
    """`retention_hours`: what scaling needs is minutes; longer history belongs to a store outside the cluster."""

    cpu: str = "100m"
    memory: Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi)$")]
    retention_hours: Annotated[int, Field(ge=1, le=360)]


class Prometheus(pulumi.ComponentResource):
    """One Prometheus. It finds pods by name resolution, without any right in the Kubernetes API."""

    endpoint: pulumi.Output[Endpoint]

    def __init__(
        self,
        name: str,
        config: PrometheusConfig,
        *,
        image: str,
        placement: Placement,
        shapes: Sequence[Shape],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:platform:Prometheus", name, None, opts)
        workload = Workload(self, "prometheus", placement)
        native = pods.native(Path(__file__).parent, "prometheus.yml", *RULE_FILES)
        self.endpoint = single_pod(
            workload,
            ContainerArgs(
                name=workload.name,
                image=image,
                command=["prometheus"],
                args=[
                    "--config.file=/etc/prometheus/prometheus.yml",
                    "--storage.tsdb.path=/prometheus",
                    f"--storage.tsdb.retention.time={config.retention_hours}h",
                    f"--web.listen-address=:{PORT}",
                ],
                ports=[ContainerPortArgs(name="http", container_port=PORT)],
                readiness_probe=pods.readiness("/-/ready", PORT, period_seconds=1),
                liveness_probe=pods.liveness("/-/healthy", PORT),
                resources=pods.resources(cpu=config.cpu, memory=config.memory),
                security_context=pods.container_security(),
                volume_mounts=[
                    pods.mount("config", "/etc/prometheus", read_only=True),
                    pods.mount("data", "/prometheus"),
                ],
            ),
            port=PORT,
            files=workload.native_files({**native, "thresholds.yml": thresholds(shapes)}),
            volumes=[VolumeArgs(name="data", empty_dir=EmptyDirVolumeSourceArgs())],
            # Two at once would scrape twice and alert twice.
            strategy=DeploymentStrategyArgs(type="Recreate"),
            # Its history goes with its node.
            stays=True,
        )
        self.register_outputs({})
