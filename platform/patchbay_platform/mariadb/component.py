"""MariaDB, which holds tenants, flows, runs and steps."""

from pathlib import Path
from typing import Annotated, Final

import pulumi
from patchbay_config.model import Model
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    EmptyDirVolumeSourceArgs,
    ProbeArgs,
    SecretVolumeSourceArgs,
    TCPSocketActionArgs,
    VolumeArgs,
)
from pydantic import Field

from patchbay_platform import pods
from patchbay_platform.data_store import data_store
from patchbay_platform.endpoint import Endpoint
from patchbay_platform.placement import Placement
from patchbay_platform.volumes import StorageConfig
from patchbay_platform.workload import Workload

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
        workload = Workload(self, "mariadb", placement)
        mounts = [
            pods.mount("config", "/etc/mysql", read_only=True),
            pods.mount("data", "/var/lib/mysql"),
            pods.mount("temporary", "/tmp"),  # noqa: S108 - a volume of the pod's own
        ]
        # A connection that says nothing blocks its host elsewhere; without name resolution no host is remembered.
        listening = TCPSocketActionArgs(port=PORT)
        self.endpoint = data_store(
            workload,
            ContainerArgs(
                name=workload.name,
                image=image,
                command=["mariadbd", "--defaults-file=/etc/mysql/my.cnf"],
                args=[f"--innodb-buffer-pool-size={config.buffer_pool_mib}M"],
                ports=[ContainerPortArgs(name="mysql", container_port=PORT)],
                # After a crash it listens only when its log is applied, which may take minutes.
                startup_probe=ProbeArgs(tcp_socket=listening, period_seconds=1, failure_threshold=900),
                readiness_probe=ProbeArgs(tcp_socket=listening, period_seconds=1),
                liveness_probe=ProbeArgs(tcp_socket=listening, period_seconds=10),
                resources=pods.resources(cpu=config.cpu, memory=f"{config.buffer_pool_mib + 320}Mi"),
                security_context=pods.container_security(),
                volume_mounts=[
                    *mounts,
                    pods.mount("run", "/run/mysqld"),
                    pods.mount("password", "/run/secrets/mariadb", read_only=True),
                ],
            ),
            port_name="mysql",
            port=PORT,
            files=workload.native_files(pods.native(Path(__file__).parent, "my.cnf", "bootstrap.sql", "install.sh")),
            storage=config.storage,
            volumes=[
                VolumeArgs(name="run", empty_dir=EmptyDirVolumeSourceArgs()),
                VolumeArgs(name="temporary", empty_dir=EmptyDirVolumeSourceArgs()),
                # The server reads a file by SQL only where everyone may read it.
                VolumeArgs(name="password", secret=SecretVolumeSourceArgs(secret_name=secret, default_mode=0o444)),
            ],
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
            # Flushing the buffer pool takes its time.
            termination_seconds=60,
        )
        self.register_outputs({})
