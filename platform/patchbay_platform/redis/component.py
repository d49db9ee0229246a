"""Redis, which holds the queues."""

from pathlib import Path
from typing import Annotated, Final

import pulumi
from patchbay_config.model import Model
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
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

PORT: Final = 6379

# A second Redis on the same files would destroy them. Where a volume can be mounted by two nodes at once, a pod whose
# node is taken for dead may still run when its successor starts; the lock goes with the process that holds it.
_COMMAND: Final = ("flock", "--exclusive", "--timeout", "5", "--no-fork", "/data/lock", "redis-server")


class RedisConfig(Model):
    """`max_memory_mib`: of the data; the container gets half as much again for the append-only file's rewrite."""

    cpu: str = "100m"
    max_memory_mib: Annotated[int, Field(ge=32)]
    storage: StorageConfig


class Redis(pulumi.ComponentResource):
    """One Redis with an append-only file and no eviction."""

    endpoint: pulumi.Output[Endpoint]

    def __init__(
        self,
        name: str,
        config: RedisConfig,
        *,
        image: str,
        placement: Placement,
        secret: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:platform:Redis", name, None, opts)
        workload = Workload(self, "redis", placement)
        alive = ProbeArgs(tcp_socket=TCPSocketActionArgs(port=PORT), period_seconds=2)
        self.endpoint = data_store(
            workload,
            ContainerArgs(
                name=workload.name,
                image=image,
                command=[*_COMMAND, "/etc/redis/redis.conf"],
                args=["--maxmemory", f"{config.max_memory_mib}mb"],
                ports=[ContainerPortArgs(name="redis", container_port=PORT)],
                readiness_probe=alive,
                liveness_probe=alive,
                resources=pods.resources(cpu=config.cpu, memory=f"{config.max_memory_mib * 3 // 2}Mi"),
                security_context=pods.container_security(),
                volume_mounts=[
                    pods.mount("config", "/etc/redis", read_only=True),
                    pods.mount("acl", "/etc/redis-acl", read_only=True),
                    pods.mount("data", "/data"),
                ],
            ),
            port_name="redis",
            port=PORT,
            files=workload.native_files(pods.native(Path(__file__).parent, "redis.conf")),
            storage=config.storage,
            volumes=[
                VolumeArgs(name="acl", secret=SecretVolumeSourceArgs(secret_name=secret, default_mode=0o440)),
            ],
        )
        self.register_outputs({})
