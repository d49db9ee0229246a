"""MariaDB, which holds tenants, flows, runs and steps."""

from pathlib import Path
from typing import Annotated, Final

import pulumi
from patchbay_config.model import Model
from pulumi_kubernetes.apps.v1 import StatefulSet, StatefulSetSpecArgs
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    EmptyDirVolumeSourceArgs,
    PodSpecArgs,
    ProbeArgs,
    SecretVolumeSourceArgs,
    ServicePortArgs,
    TCPSocketActionArgs,
    VolumeArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pydantic import Field

from patchbay_platform import pods
from patchbay_platform.endpoint import Endpoint, of_service
from patchbay_platform.placement import Placement
from patchbay_platform.volumes import Storage, StorageConfig

PORT: Final = 3306
DATABASE: Final = "patchbay"
USER: Final = "patchbay"


class MariadbConfig(Model):
    """`buffer_pool_mib`: of InnoDB; the container gets 320 MiB more for connections and sorting."""

    cpu: str = "200m"
    buffer_pool_mib: Annotated[int, Field(ge=64)]
    storage: StorageConfig


class Mariadb(pulumi.ComponentResource):
    """One MariaDB. The runtime's user has rights on the control schema and the tenants' schemas only."""

    endpoint: pulumi.Output[Endpoint]

    def __init__(
        self,
        name: str,
        config: MariadbConfig,
        *,
        image: str,
        placement: Placement,
        secret: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:platform:Mariadb", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = placement.namespace
        selector = pods.labels(name)
        account = pods.service_account(name, namespace, child)
        native = pods.native(Path(__file__).parent, "my.cnf", "bootstrap.sql", "install.sh")
        files = pods.NativeFiles(name, namespace, native, child)
        pods.disruption_budget(name, namespace, selector, child)
        storage = Storage.of(config.storage)
        pods.service(name, namespace, selector, ServicePortArgs(name="mysql", port=PORT), child)
        mounts = [
            pods.mount("config", "/etc/mysql", read_only=True),
            pods.mount("data", "/var/lib/mysql"),
            pods.mount("temporary", "/tmp"),  # noqa: S108 - a volume of the pod's own
        ]
        # A connection that says nothing blocks its host elsewhere; without name resolution no host is remembered.
        listening = TCPSocketActionArgs(port=PORT)
        server = StatefulSet(
            name,
            metadata=ObjectMetaArgs(name=name, namespace=namespace, labels=selector),
            spec=StatefulSetSpecArgs(
                replicas=1,
                service_name=name,
                # The default policy never replaces a pod that does not become ready, not even by a corrected one.
                pod_management_policy="Parallel",
                selector=LabelSelectorArgs(match_labels=selector),
                volume_claim_templates=storage.claims,
                template=pods.template(
                    selector,
                    PodSpecArgs(
                        service_account_name=account.metadata.name,
                        priority_class_name=placement.priority_class,
                        # Flushing the buffer pool takes its time.
                        termination_grace_period_seconds=60,
                        init_containers=[
                            ContainerArgs(
                                name="install",
                                image=image,
                                command=["sh", "/etc/mysql/install.sh"],
                                resources=pods.resources(cpu=config.cpu, memory="256Mi"),
                                security_context=pods.container_security(),
                                volume_mounts=mounts,
                            )
                        ],
                        containers=[
                            ContainerArgs(
                                name=name,
                                image=image,
                                command=["mariadbd", "--defaults-file=/etc/mysql/my.cnf"],
                                args=[f"--innodb-buffer-pool-size={config.buffer_pool_mib}M"],
                                ports=[ContainerPortArgs(name="mysql", container_port=PORT)],
                                readiness_probe=ProbeArgs(tcp_socket=listening, period_seconds=1),
                                liveness_probe=ProbeArgs(
                                    tcp_socket=listening, period_seconds=10, initial_delay_seconds=30
                                ),
                                resources=pods.resources(cpu=config.cpu, memory=f"{config.buffer_pool_mib + 320}Mi"),
                                security_context=pods.container_security(),
                                volume_mounts=[
                                    *mounts,
                                    pods.mount("run", "/run/mysqld"),
                                    pods.mount("password", "/run/secrets/mariadb", read_only=True),
                                ],
                            )
                        ],
                        volumes=[
                            files.volume(),
                            VolumeArgs(name="run", empty_dir=EmptyDirVolumeSourceArgs()),
                            VolumeArgs(name="temporary", empty_dir=EmptyDirVolumeSourceArgs()),
                            # The server reads a file by SQL only where everyone may read it.
                            VolumeArgs(
                                name="password",
                                secret=SecretVolumeSourceArgs(secret_name=secret, default_mode=0o444),
                            ),
                            *storage.volumes,
                        ],
                    ),
                    annotations=files.checksum,
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[files.dependency]),
        )
        self.endpoint = of_service(server.metadata.name, namespace, PORT)
        self.register_outputs({})
