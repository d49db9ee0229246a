"""A managed node group, as the cluster autoscaler finds it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws
from pulumi_aws.eks.outputs import NodeGroupResource

from patchbay_infra.cluster.ami_release import AmiType, is_bottlerocket
from patchbay_infra.cluster.architecture import ARCHITECTURE_LABEL
from patchbay_infra.cluster.node_config import Capacity, NodeGroupConfig, Pool, TaintConfig
from patchbay_infra.cluster.node_sizes import Sizes, guard, told
from patchbay_infra.cluster.node_user_data import user_data
from patchbay_infra.cluster.workload_rights import CLUSTER_TAG
from patchbay_infra.context import Context

POOL_LABEL: Final = "patchbay.dev/pool"
CAPACITY_LABEL: Final = "patchbay.dev/capacity"
_EKS_EFFECTS: Final = {
    "NoSchedule": "NO_SCHEDULE",
    "PreferNoSchedule": "PREFER_NO_SCHEDULE",
    "NoExecute": "NO_EXECUTE",
}


def labels(pool: Pool, capacity: Capacity) -> Mapping[str, str]:
    """What the nodes of a group bear, besides what each kubelet says of its machine."""
    return {POOL_LABEL: pool, CAPACITY_LABEL: capacity}


@dataclass(frozen=True)
class NodeGroupPlan:
    """One group to be made. `name`: within its cluster; `subnet_ids`: by zone."""

    name: str
    pool: Pool
    capacity: Capacity
    nodes: NodeGroupConfig
    ami_type: AmiType
    subnet_ids: Mapping[str, pulumi.Input[str]]
    taints: Sequence[TaintConfig] = ()

    @property
    def labels(self) -> Mapping[str, str]:
        return labels(self.pool, self.capacity)

    @property
    def stamp(self) -> str:
        """A hash of what EKS cannot change in place: in the name, it lets a successor come before the old goes."""
        fixed = (self.capacity, self.ami_type, *self.nodes.instance_types, *sorted(self.subnet_ids))
        return hashlib.sha256("\n".join(fixed).encode()).hexdigest()[:6]


@dataclass(frozen=True)
class NodeGroupHome:
    """What all groups of a cluster share. `key`: the cluster's name in the config; `release`: their image's.

    `gateway_labels`: of the nodes that the load balancer calls.
    """

    key: str
    cluster_name: str
    cluster: aws.eks.Cluster
    role_arn: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    volume_key_arn: pulumi.Input[str]
    target_group_arn: pulumi.Input[str]
    gateway_labels: Mapping[str, str]
    release: str


def group_name(context: Context, home: NodeGroupHome, plan: NodeGroupPlan) -> str:
    """The group's name in EKS."""
    return context.name(home.key, plan.name, plan.stamp)


class NodeGroup(pulumi.ComponentResource):
    """A launch template, the group, the autoscaler's tags on its Auto Scaling group, and its place behind the edge.

    `present`: its sizes in EKS, where it is there already.
    """

    auto_scaling_group: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        plan: NodeGroupPlan,
        *,
        context: Context,
        home: NodeGroupHome,
        present: Sizes | None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:NodeGroup", name, None, opts)
        self._name, self._plan, self._context, self._home = name, plan, context, home
        group = self._group(self._launch_template(), present)
        self.auto_scaling_group = group.resources.apply(_only_auto_scaling_group)
        for key, value in _autoscaler_tags(plan, home.cluster_name).items():
            aws.autoscaling.Tag(
                f"{name}-{key}",
                autoscaling_group_name=self.auto_scaling_group,
                tag=aws.autoscaling.TagTagArgs(key=key, value=value, propagate_at_launch=False),
                opts=pulumi.ResourceOptions(parent=self),
            )
        # Behind the edge only where a gateway may run: elsewhere each node would be asked for ever, and never be well.
        if home.gateway_labels.items() <= plan.labels.items():
            aws.autoscaling.Attachment(
                name,
                autoscaling_group_name=self.auto_scaling_group,
                lb_target_group_arn=home.target_group_arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"autoScalingGroup": self.auto_scaling_group})

    def _launch_template(self) -> aws.ec2.LaunchTemplate:
        plan, context, home = self._plan, self._context, self._home
        machine_tags = context.tags(home.key, plan.name, **{CLUSTER_TAG: home.cluster_name})
        # Bottlerocket keeps its read-only system on the first device, and images and containers on the second.
        devices = ["/dev/xvda", "/dev/xvdb"] if is_bottlerocket(plan.ami_type) else ["/dev/xvda"]
        return aws.ec2.LaunchTemplate(
            self._name,
            name=context.name(home.key, plan.name),
            description=f"{plan.pool} nodes of cluster {home.key}, {plan.capacity}",
            update_default_version=True,
            ebs_optimized="true",
            vpc_security_group_ids=[home.security_group_id],
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=1,
            ),
            user_data=user_data(plan.ami_type, plan.nodes.places),
            monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name=device,
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_type="gp3",
                        volume_size=plan.nodes.disk_gib if device == devices[-1] else 4,
                        encrypted="true",
                        kms_key_id=home.volume_key_arn,
                        delete_on_termination="true",
                    ),
                )
                for device in devices
            ],
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=machine_tags)
                for kind in ("instance", "volume", "network-interface")
            ],
            tags=context.tags(home.key, plan.name),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _group(self, template: aws.ec2.LaunchTemplate, present: Sizes | None) -> aws.eks.NodeGroup:
        plan, context, home = self._plan, self._context, self._home
        name, nodes = group_name(context, home, plan), plan.nodes
        sent = told(Sizes(nodes.min_size, nodes.desired_size, nodes.max_size), present)
        hooks = None
        if present is not None:
            asked = pulumi.InvokeOptions(parent=self)
            hooks = guard(f"{self._name}-sizes", cluster=home.cluster_name, group=name, opts=asked)
        return aws.eks.NodeGroup(
            self._name,
            cluster_name=home.cluster.name,
            node_group_name=name,
            node_role_arn=home.role_arn,
            subnet_ids=list(plan.subnet_ids.values()),
            # Nodes follow their cluster: an upgrade is one change.
            version=home.cluster.version,
            release_version=home.release,
            ami_type=plan.ami_type,
            capacity_type="SPOT" if plan.capacity == "spot" else "ON_DEMAND",
            instance_types=list(plan.nodes.instance_types),
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=sent.sizes.least, desired_size=sent.sizes.desired, max_size=sent.sizes.most
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(
                max_unavailable_percentage=plan.nodes.max_unavailable_percentage
            ),
            labels=dict(plan.labels),
            taints=[
                aws.eks.NodeGroupTaintArgs(key=taint.key, value=taint.value or None, effect=_EKS_EFFECTS[taint.effect])
                for taint in plan.taints
            ],
            tags=context.tags(home.key, plan.name),
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=list(sent.ignored),
                hooks=hooks,
                # Nodes are replaced a few at a time, each drained within its pods' budgets; the provider waits an hour.
                custom_timeouts=pulumi.CustomTimeouts(update="3h"),
            ),
        )


def _only_auto_scaling_group(resources: Sequence[NodeGroupResource]) -> str:
    """EKS keeps one behind each node group."""
    ((group,),) = (resource.autoscaling_groups or () for resource in resources)
    return str(group.name)


def _autoscaler_tags(plan: NodeGroupPlan, cluster_name: str) -> Mapping[str, str]:
    """Which groups are the autoscaler's, and what a node of an empty one would look like."""
    prefix = "k8s.io/cluster-autoscaler"
    template = f"{prefix}/node-template"
    return {
        f"{prefix}/enabled": "true",
        f"{prefix}/{cluster_name}": "owned",
        **{f"{template}/label/{key}": value for key, value in plan.labels.items()},
        f"{template}/label/{ARCHITECTURE_LABEL}": plan.nodes.architecture,
        **{f"{template}/taint/{taint.key}": f"{taint.value}:{taint.effect}" for taint in plan.taints},
        f"{template}/resources/ephemeral-storage": f"{plan.nodes.disk_gib}Gi",
        # The autoscaler takes every machine for one of 110 pods where no tag tells (its AWS provider,
        # `buildNodeFromTemplate`).
        f"{template}/resources/pods": str(plan.nodes.places),
    }
