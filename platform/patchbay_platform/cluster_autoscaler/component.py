"""The cluster autoscaler: nodes for pods that fit on none, and back again."""

from typing import Final

import pulumi
import yaml
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs
from pulumi_kubernetes.core.v1 import ConfigMap, ContainerArgs, ContainerPortArgs, PodSpecArgs, ServicePortArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.rbac.v1 import ClusterRole, ClusterRoleBinding, Role, RoleBinding, RoleRefArgs, SubjectArgs

from patchbay_platform import namespaces, pods
from patchbay_platform.cluster_autoscaler import aws_access, rights
from patchbay_platform.cluster_autoscaler.config import ClusterAutoscalerConfig, ScaleUpConfig
from patchbay_platform.cluster_autoscaler.flags import CLOUD_CONFIG_DIRECTORY, CLOUD_CONFIG_FILE, flags
from patchbay_platform.host_cluster import HostCluster
from patchbay_platform.placement import Placement
from patchbay_platform.workload import NativeFiles, Workload

# The name that upstream gives to everything of it, and that its AWS identity is granted to.
NAME: Final = "cluster-autoscaler"
PORT: Final = 8085


class ClusterAutoscaler(pulumi.ComponentResource):
    """Upstream's program, unchanged, in upstream's namespace, with upstream's names."""

    def __init__(
        self,
        name: str,
        config: ClusterAutoscalerConfig,
        *,
        image: str,
        host: HostCluster,
        placement: Placement,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:platform:ClusterAutoscaler", name, None, opts)
        workload = Workload(self, NAME, placement)
        account = workload.account()
        workload.disruption_budget()
        workload.service(ServicePortArgs(name="metrics", port=PORT), type="Headless", unready=True)
        files: NativeFiles | None = None
        if config.aws_endpoint:
            files = workload.native_files(
                {CLOUD_CONFIG_FILE: aws_access.cloud_config(config.aws_endpoint, host.region)}
            )
        Deployment(
            workload.resource_name,
            metadata=workload.metadata(),
            spec=DeploymentSpecArgs(
                replicas=config.replicas,
                selector=workload.selector,
                template=workload.template(
                    account,
                    PodSpecArgs(
                        automount_service_account_token=True,
                        topology_spread_constraints=pods.spread(workload.labels),
                        containers=[_container(config, image, host, files)],
                        volumes=[files.volume()] if files else None,
                    ),
                    # It would end itself in the middle of draining its own node.
                    annotations={**pods.STAYS, **(files.checksum if files else {})},
                ),
            ),
            opts=workload.options(
                [*self._rights(name), *self._priorities(name, config.scale_up), *([files.dependency] if files else [])]
            ),
        )
        self.register_outputs({})

    def _priorities(self, name: str, config: ScaleUpConfig) -> list[pulumi.Resource]:
        """Upstream wants them there before it starts, and reads them at each choice: a change restarts nothing."""
        if not config.priorities:
            return []
        text = yaml.safe_dump({rank: list(patterns) for rank, patterns in config.priorities.items()})
        return [
            ConfigMap(
                f"{name}-priorities",
                metadata=ObjectMetaArgs(name=rights.PRIORITIES, namespace=namespaces.SYSTEM, labels=pods.labels(NAME)),
                data={rights.PRIORITIES_KEY: text},
                opts=pulumi.ResourceOptions(parent=self),
            )
        ]

    def _rights(self, name: str) -> list[pulumi.Resource]:
        child = pulumi.ResourceOptions(parent=self)
        subjects = [SubjectArgs(kind="ServiceAccount", name=NAME, namespace=namespaces.SYSTEM)]
        cluster_wide = f"patchbay-{NAME}"
        everywhere = ObjectMetaArgs(name=cluster_wide, labels=pods.labels(NAME))
        at_home = ObjectMetaArgs(name=NAME, namespace=namespaces.SYSTEM, labels=pods.labels(NAME))
        group = "rbac.authorization.k8s.io"
        return [
            ClusterRole(name, metadata=everywhere, rules=rights.cluster_rules(), opts=child),
            ClusterRoleBinding(
                name,
                metadata=everywhere,
                role_ref=RoleRefArgs(api_group=group, kind="ClusterRole", name=cluster_wide),
                subjects=subjects,
                opts=child,
            ),
            Role(name, metadata=at_home, rules=rights.own_rules(), opts=child),
            RoleBinding(
                name,
                metadata=at_home,
                role_ref=RoleRefArgs(api_group=group, kind="Role", name=NAME),
                subjects=subjects,
                opts=child,
            ),
        ]


def _container(
    config: ClusterAutoscalerConfig, image: str, host: HostCluster, files: NativeFiles | None
) -> ContainerArgs:
    return ContainerArgs(
        name=NAME,
        image=image,
        command=["./cluster-autoscaler"],
        args=pulumi.Output.from_input(host.name).apply(lambda cluster: flags(config, cluster)),
        env=aws_access.environment(config.aws_endpoint, host.region),
        ports=[ContainerPortArgs(name="metrics", container_port=PORT)],
        readiness_probe=pods.readiness("/health-check", PORT, period_seconds=5),
        # Unhealthy is a loop that has not come round for ten minutes.
        liveness_probe=pods.liveness("/health-check", PORT),
        resources=pods.resources(cpu=config.cpu, memory=config.memory),
        security_context=pods.container_security(),
        volume_mounts=[pods.mount("config", CLOUD_CONFIG_DIRECTORY, read_only=True)] if files else None,
    )
