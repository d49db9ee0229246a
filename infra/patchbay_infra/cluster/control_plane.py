"""The EKS control plane, its log, and who may use its API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from patchbay_infra.cluster.config import ClusterConfig
from patchbay_infra.context import Context
from patchbay_infra.policy_document import document, trust

_LOGS: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")
# The first may do everything in the cluster; the second reads what lives in namespaces, but no Secrets.
_ADMIN: Final = "AmazonEKSClusterAdminPolicy"
_VIEWER: Final = "AmazonEKSViewPolicy"


@dataclass(frozen=True)
class DeliveryAccess:
    """ARNs of the roles of the code host's jobs, which work in every cluster of the environment.

    `apply` administers: it makes roles, custom resources and webhooks. `plan` only views. A server-side dry run would
    need the right to patch, which is the right to change (Kubernetes, "Dry-run authorization"); where it is refused,
    Pulumi's provider previews on the client's side (pulumi-kubernetes pull request 2419). The policy that views
    Secrets as well, AmazonEKSAdminViewPolicy, would let every pull request read them.
    """

    plan: pulumi.Input[str]
    apply: pulumi.Input[str]


class ControlPlane(pulumi.ComponentResource):
    """`cluster_name` and `cluster_arn` are known before the cluster is made: trust policies name them.

    Whoever makes the cluster is given nothing by that: only those whom the config names, and `delivery`, get in.
    """

    cluster: aws.eks.Cluster
    cluster_name: str
    cluster_arn: str

    def __init__(
        self,
        name: str,
        config: ClusterConfig,
        *,
        context: Context,
        private_subnet_ids: Mapping[str, pulumi.Input[str]],
        security_group_id: pulumi.Input[str],
        key_arn: pulumi.Input[str],
        logs_key_arn: pulumi.Input[str],
        delivery: DeliveryAccess,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:ControlPlane", name, None, opts)
        self._name, self._context = name, context
        self.cluster_name = context.name(name)
        self.cluster_arn = context.arn("eks", f"cluster/{self.cluster_name}")
        child = pulumi.ResourceOptions(parent=self)
        role, right = self._role()
        # EKS would make a log group that keeps everything for ever; it takes this one when it is there before.
        log = aws.cloudwatch.LogGroup(
            f"{name}-control-plane",
            name=f"/aws/eks/{self.cluster_name}/cluster",
            kms_key_id=logs_key_arn,
            retention_in_days=config.log_days,
            tags=context.tags(name, "control-plane"),
            opts=child,
        )
        # A replacement fails on the name that is taken, by intent: a cluster is succeeded by another one beside it,
        # to which its tenants move.
        self.cluster = aws.eks.Cluster(
            name,
            name=self.cluster_name,
            version=config.version,
            role_arn=role.arn,
            vpc_config=aws.eks.ClusterVpcConfigArgs(
                subnet_ids=list(private_subnet_ids.values()),
                security_group_ids=[security_group_id],
                endpoint_private_access=True,
                endpoint_public_access=bool(config.endpoint_allowlist),
                public_access_cidrs=[str(network) for network in config.endpoint_allowlist] or None,
            ),
            kubernetes_network_config=aws.eks.ClusterKubernetesNetworkConfigArgs(
                ip_family="ipv4", service_ipv4_cidr=str(config.service_cidr)
            ),
            access_config=aws.eks.ClusterAccessConfigArgs(
                authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False
            ),
            encryption_config=aws.eks.ClusterEncryptionConfigArgs(
                provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=key_arn), resources=["secrets"]
            ),
            enabled_cluster_log_types=list(_LOGS),
            bootstrap_self_managed_addons=False,
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
            deletion_protection=context.production,
            control_plane_scaling_config=_tier(config),
            kube_controller_manager_config=_controller_manager(config),
            tags=context.tags(name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[right, log]),
        )
        for policy, principals in ((_ADMIN, config.admins), (_VIEWER, config.viewers)):
            for principal in principals:
                self._grant_access(principal.rpartition("/")[2], principal, policy)
        self._grant_access("delivery-apply", delivery.apply, _ADMIN)
        self._grant_access("delivery-plan", delivery.plan, _VIEWER)
        self.register_outputs({"clusterName": self.cluster.name})

    def _role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        name, child = f"{self._name}-control-plane", pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            name=self._context.name(self._name, "control-plane"),
            description=f"What EKS does for cluster {self._name}",
            assume_role_policy=document(
                trust(
                    {"Service": "eks.amazonaws.com"},
                    ["sts:AssumeRole"],
                    {"StringEquals": {"aws:SourceAccount": self._context.account_id}},
                )
            ),
            tags=self._context.tags(self._name, "control-plane"),
            opts=child,
        )
        right = aws.iam.RolePolicyAttachment(
            name, role=role.name, policy_arn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy", opts=child
        )
        return role, right

    def _grant_access(self, title: str, principal: pulumi.Input[str], policy: str) -> None:
        entry = aws.eks.AccessEntry(
            f"{self._name}-{title}",
            cluster_name=self.cluster.name,
            principal_arn=principal,
            type="STANDARD",
            tags=self._context.tags(self._name, title),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.eks.AccessPolicyAssociation(
            f"{self._name}-{title}",
            cluster_name=self.cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=f"arn:aws:eks::aws:cluster-access-policy/{policy}",
            access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _tier(config: ClusterConfig) -> aws.eks.ClusterControlPlaneScalingConfigArgs | None:
    if config.control_plane_tier is None:
        return None
    return aws.eks.ClusterControlPlaneScalingConfigArgs(tier=config.control_plane_tier)


def _controller_manager(config: ClusterConfig) -> aws.eks.ClusterKubeControllerManagerConfigArgs | None:
    if config.hpa_sync_seconds is None:
        return None
    return aws.eks.ClusterKubeControllerManagerConfigArgs(
        horizontal_pod_autoscaler_controller_config=(
            aws.eks.ClusterKubeControllerManagerConfigHorizontalPodAutoscalerControllerConfigArgs(
                horizontal_pod_autoscaler_sync_period=f"{config.hpa_sync_seconds}s"
            )
        )
    )
