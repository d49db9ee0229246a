"""EKS add-ons, at the versions of the config."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from patchbay_infra.cluster.config import Addon
from patchbay_infra.cluster.node_addresses import plugin_variables
from patchbay_infra.cluster.node_config import NodeGroupConfig
from patchbay_infra.cluster.pod_subnets import PodSubnets
from patchbay_infra.cluster.workload_rights import CLUSTER_TAG
from patchbay_infra.context import Context

# Nodes become ready only with these.
BEFORE_NODES: Final[Sequence[Addon]] = ("eks-pod-identity-agent", "kube-proxy", "vpc-cni")
# These are deployments, or serve pods only: they need nodes to become ready themselves.
ON_NODES: Final[Sequence[Addon]] = ("coredns", "metrics-server", "aws-ebs-csi-driver")


def install(
    name: str,
    addons: Sequence[Addon],
    versions: Mapping[Addon, str],
    *,
    context: Context,
    cluster: aws.eks.Cluster,
    cluster_name: str,
    groups: Sequence[NodeGroupConfig],
    pods: PodSubnets,
    after: Iterable[pulumi.Resource],
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """`groups`: all of the cluster's nodes.

    `after`: what has to be there first, such as the identity that an add-on's pods take.
    """
    return [
        aws.eks.Addon(
            f"{name}-{addon}",
            cluster_name=cluster.name,
            addon_name=addon,
            addon_version=versions[addon],
            configuration_values=_values(addon, context, cluster_name, groups, pods),
            # What the bootstrap left behind is taken over; what an operator changed since is kept.
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="PRESERVE",
            tags=context.tags(name, addon),
            opts=pulumi.ResourceOptions(parent=parent, depends_on=list(after)),
        )
        for addon in addons
    ]


def _values(
    addon: Addon, context: Context, cluster_name: str, groups: Sequence[NodeGroupConfig], pods: PodSubnets
) -> pulumi.Output[str] | None:
    values: dict[str, Any] = {}
    match addon:
        case "vpc-cni":
            values = {"enableNetworkPolicy": "true", "env": plugin_variables(groups) | pods.variables}
            values |= pods.add_on_values
        case "aws-ebs-csi-driver":
            values = {"controller": {"extraVolumeTags": {**context.common_tags, CLUSTER_TAG: cluster_name}}}
    return pulumi.Output.json_dumps(values) if values else None
