"""The JSON exporter, which turns Horizon's workload into Prometheus' metrics."""

from pathlib import Path
from typing import Final

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    PodSpecArgs,
    ServicePortArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from patchbay_platform import pods
from patchbay_platform.endpoint import Endpoint, of_service
from patchbay_platform.placement import Placement

PORT: Final = 7979


class JsonExporter(pulumi.ComponentResource):
    """Asks the API for the workload each time it is scraped; keeps nothing."""

    endpoint: pulumi.Output[Endpoint]

    def __init__(self, name: str, *, image: str, placement: Placement, opts: pulumi.ResourceOptions) -> None:
        super().__init__("patchbay:platform:JsonExporter", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = placement.namespace
        selector = pods.labels(name)
        account = pods.service_account(name, namespace, child)
        files = pods.NativeFiles(name, namespace, pods.native(Path(__file__).parent, "config.yml"), child)
        pods.disruption_budget(name, namespace, selector, child)
        pods.service(name, namespace, selector, ServicePortArgs(name="http", port=PORT), child)
        server = Deployment(
            name,
            metadata=ObjectMetaArgs(name=name, namespace=namespace, labels=selector),
            spec=DeploymentSpecArgs(
                replicas=1,
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
                                command=["/json_exporter"],
                                args=["--config.file=/etc/json-exporter/config.yml", f"--web.listen-address=:{PORT}"],
                                ports=[ContainerPortArgs(name="http", container_port=PORT)],
                                readiness_probe=pods.http_probe("/", PORT, period_seconds=1),
                                liveness_probe=pods.http_probe("/", PORT, period_seconds=10),
                                resources=pods.resources(cpu="20m", memory="32Mi", memory_limit="64Mi"),
                                security_context=pods.container_security(),
                                volume_mounts=[pods.mount("config", "/etc/json-exporter", read_only=True)],
                            )
                        ],
                        volumes=[files.volume()],
                    ),
                    annotations=files.checksum,
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[files.dependency]),
        )
        self.endpoint = of_service(server.metadata.name, namespace, PORT)
        self.register_outputs({})
