"""Redis, which holds the queues."""

from pathlib import Path
from typing import Annotated, Final

import pulumi
from patchbay_config.model import Model
from pulumi_kubernetes.apps.v1 import StatefulSet, StatefulSetSpecArgs
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
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

PORT: Final = 6379


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
        child = pulumi.ResourceOptions(parent=self)
        namespace = placement.namespace
        selector = pods.labels(name)
        account = pods.service_account(name, namespace, child)
        files = pods.NativeFiles(name, namespace, pods.native(Path(__file__).parent, "redis.conf"), child)
        pods.disruption_budget(name, namespace, selector, child)
        storage = Storage.of(config.storage)
        pods.service(name, namespace, selector, ServicePortArgs(name="redis", port=PORT), child)
        alive = ProbeArgs(tcp_socket=TCPSocketActionArgs(port=PORT), period_seconds=2)
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
                        containers=[
                            ContainerArgs(
                                name=name,
                                image=image,
                                command=["redis-server", "/etc/redis/redis.conf"],
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
                            )
                        ],
                        volumes=[
                            files.volume(),
                            VolumeArgs(
                                name="acl",
                                secret=SecretVolumeSourceArgs(secret_name=secret, default_mode=0o440),
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
