"""Prometheus, which counts processes for the autoscaler and keeps the platform's metrics."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import pulumi
from patchbay_config.model import Model
from patchbay_runtime.catalog import Shape
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs, DeploymentStrategyArgs
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    EmptyDirVolumeSourceArgs,
    PodSpecArgs,
    ServicePortArgs,
    VolumeArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pydantic import Field

from patchbay_platform import pods
from patchbay_platform.endpoint import Endpoint, of_service
from patchbay_platform.placement import Placement
from patchbay_platform.prometheus.rules import thresholds

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
        child = pulumi.ResourceOptions(parent=self)
        namespace = placement.namespace
        selector = pods.labels(name)
        account = pods.service_account(name, namespace, child)
        native = pods.native(Path(__file__).parent, "prometheus.yml", "recording.yml", "alerts.yml")
        files = pods.NativeFiles(name, namespace, {**native, "thresholds.yml": thresholds(shapes)}, child)
        pods.disruption_budget(name, namespace, selector, child)
        pods.service(name, namespace, selector, ServicePortArgs(name="http", port=PORT), child)
        server = Deployment(
            name,
            metadata=ObjectMetaArgs(name=name, namespace=namespace, labels=selector),
            spec=DeploymentSpecArgs(
                replicas=1,
                # Two at once would scrape twice and alert twice.
                strategy=DeploymentStrategyArgs(type="Recreate"),
                selector=LabelSelectorArgs(match_labels=selector),
                template=pods.template(
                    selector,
                    PodSpecArgs(
                        service_account_name=account.metadata.name,
                        priority_class_name=placement.priority_class,
                        containers=[
                            ContainerArgs(
                                name=name,
                                image=image,
                                command=["prometheus"],
                                args=[
                                    "--config.file=/etc/prometheus/prometheus.yml",
                                    "--storage.tsdb.path=/prometheus",
                                    f"--storage.tsdb.retention.time={config.retention_hours}h",
                                    f"--web.listen-address=:{PORT}",
                                ],
                                ports=[ContainerPortArgs(name="http", container_port=PORT)],
                                readiness_probe=pods.http_probe("/-/ready", PORT, period_seconds=1),
                                liveness_probe=pods.http_probe("/-/healthy", PORT, period_seconds=10),
                                resources=pods.resources(cpu=config.cpu, memory=config.memory),
                                security_context=pods.container_security(),
                                volume_mounts=[
                                    pods.mount("config", "/etc/prometheus", read_only=True),
                                    pods.mount("data", "/prometheus"),
                                ],
                            )
                        ],
                        volumes=[
                            files.volume(),
                            VolumeArgs(name="data", empty_dir=EmptyDirVolumeSourceArgs()),
                        ],
                    ),
                    annotations=files.checksum,
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[files.dependency]),
        )
        self.endpoint = of_service(server.metadata.name, namespace, PORT)
        self.register_outputs({})
