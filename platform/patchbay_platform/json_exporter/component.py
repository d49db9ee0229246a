"""The JSON exporter, which turns Horizon's workload into Prometheus' metrics."""

from pathlib import Path
from typing import Final

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMapVolumeSourceArgs, ContainerArgs, ContainerPortArgs, VolumeArgs

from patchbay_platform import pods
from patchbay_platform.placement import Placement
from patchbay_platform.single_pod import single_pod
from patchbay_platform.workload import Workload

PORT: Final = 7979


class JsonExporter(pulumi.ComponentResource):
    """Asks the API for the workload each time it is scraped, and Kubernetes' API whether it is there; keeps nothing."""

    def __init__(self, name: str, *, image: str, placement: Placement, opts: pulumi.ResourceOptions) -> None:
        super().__init__("patchbay:platform:JsonExporter", name, None, opts)
        workload = Workload(self, "json-exporter", placement)
        single_pod(
            workload,
            ContainerArgs(
                name=workload.name,
                image=image,
                command=["/json_exporter"],
                args=["--config.file=/etc/json-exporter/config.yml", f"--web.listen-address=:{PORT}"],
                ports=[ContainerPortArgs(name="http", container_port=PORT)],
                readiness_probe=pods.readiness("/", PORT, period_seconds=1),
                liveness_probe=pods.liveness("/", PORT),
                resources=pods.resources(cpu="20m", memory="32Mi", memory_limit="64Mi"),
                security_context=pods.container_security(),
                volume_mounts=[
                    pods.mount("config", "/etc/json-exporter", read_only=True),
                    pods.mount("authority", "/etc/kubernetes-authority", read_only=True),
                ],
            ),
            port=PORT,
            files=workload.native_files(pods.native(Path(__file__).parent, "config.yml")),
            # Kubernetes puts its authority into every namespace.
            volumes=[
                VolumeArgs(name="authority", config_map=ConfigMapVolumeSourceArgs(name="kube-root-ca.crt")),
            ],
        )
        self.register_outputs({})
