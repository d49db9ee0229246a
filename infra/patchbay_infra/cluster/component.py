"""One EKS cluster of an environment, with its nodes and what EKS runs on them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import pulumi

from patchbay_infra.cluster import addons, workload_rights
from patchbay_infra.cluster.ami_release import ami_type
from patchbay_infra.cluster.config import Addon, ClusterConfig
from patchbay_infra.cluster.control_plane import ControlPlane, DeliveryAccess
from patchbay_infra.cluster.kubeconfig import kubeconfig, kubeconfig_command
from patchbay_infra.cluster.node_config import Capacity, NodeGroupConfig
from patchbay_infra.cluster.node_group import NodeGroup, NodeGroupHome, NodeGroupPlan, group_name
from patchbay_infra.cluster.node_role import node_role
from patchbay_infra.cluster.node_sizes import present_sizes
from patchbay_infra.cluster.pod_subnets import PodSubnets
from patchbay_infra.cluster.security_groups import ClusterSecurityGroups
from patchbay_infra.cluster.workload_identity import HomeCluster, Workload, WorkloadIdentity
from patchbay_infra.context import Context
from patchbay_infra.platform_demands import PlatformDemands
from patchbay_infra.policy_document import Statement


class NodeNetwork(Protocol):
    """What a cluster needs to know of the network.

    By zone: `private_subnet_ids`, where its nodes start, and `pod_subnet_ids` beside them, if pods have their own.
    """

    @property
    def vpc_id(self) -> pulumi.Output[str]: ...

    @property
    def private_subnet_ids(self) -> Mapping[str, pulumi.Output[str]]: ...

    @property
    def pod_subnet_ids(self) -> Mapping[str, pulumi.Output[str]]: ...


class Cluster(pulumi.ComponentResource):
    """`name`: the cluster's key in the config. Its tenants' requests reach it through the target group given.

    `operators`: security groups, by name, from which people call the API server's private endpoint. `delivery`: the
    roles that plan and apply what runs on it.
    `node_security_group_id` is what data stores let in.
    """

    cluster_name: pulumi.Output[str]
    arn: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    certificate_authority: pulumi.Output[str]
    node_security_group_id: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    kubeconfig_command: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        config: ClusterConfig,
        *,
        context: Context,
        network: NodeNetwork,
        key_arn: pulumi.Input[str],
        logs_key_arn: pulumi.Input[str],
        gateway_target_group_arn: pulumi.Input[str],
        load_balancer_security_group_id: pulumi.Input[str],
        operators: Mapping[str, pulumi.Input[str]],
        delivery: DeliveryAccess,
        demands: PlatformDemands,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:Cluster", name, None, opts)
        self._name, self._config, self._context = name, config, context
        self._subnet_ids: Mapping[str, pulumi.Input[str]] = network.private_subnet_ids
        child = pulumi.ResourceOptions(parent=self)
        groups = ClusterSecurityGroups(
            name,
            context=context,
            vpc_id=network.vpc_id,
            load_balancer_id=load_balancer_security_group_id,
            operators=operators,
            demands=demands,
            opts=child,
        )
        self.node_security_group_id = groups.nodes_id
        self._pods = PodSubnets(context.region, network.pod_subnet_ids, groups.nodes_id)
        self._plane = ControlPlane(
            name,
            config,
            context=context,
            private_subnet_ids=self._subnet_ids,
            security_group_id=groups.control_plane_id,
            key_arn=key_arn,
            logs_key_arn=logs_key_arn,
            delivery=delivery,
            opts=child,
        )
        cluster = self._plane.cluster
        self.cluster_name, self.arn, self.endpoint = cluster.name, cluster.arn, cluster.endpoint
        self.certificate_authority = cluster.certificate_authority.apply(lambda authority: str(authority.data))

        network_rights = self.grant(workload_rights.VPC_CNI, managed_policies=workload_rights.VPC_CNI_POLICIES)
        before_nodes = self._install(addons.BEFORE_NODES, [network_rights])
        role, node_rights = node_role(name, context=context, parent=self)
        home = NodeGroupHome(
            key=name,
            cluster_name=self._plane.cluster_name,
            cluster=cluster,
            role_arn=role.arn,
            security_group_id=groups.nodes_id,
            volume_key_arn=key_arn,
            target_group_arn=gateway_target_group_arn,
            gateway_labels=demands.gateway_labels,
            release=config.release,
        )
        # Without rights a node cannot join, and without rules it cannot be reached.
        ready = pulumi.ResourceOptions(parent=self, depends_on=[*before_nodes, *node_rights, groups])
        plans = {group_name(context, home, plan): plan for plan in self._plans()}
        present = present_sizes(home.cluster_name, plans, pulumi.InvokeOptions(parent=self))
        nodes = [
            NodeGroup(f"{name}-{plan.name}", plan, context=context, home=home, present=present.get(in_eks), opts=ready)
            for in_eks, plan in plans.items()
        ]
        self._grant_cluster_services(key_arn, nodes)
        self.kubeconfig = kubeconfig(
            self.cluster_name,
            region=context.region,
            endpoint=self.endpoint,
            certificate_authority=self.certificate_authority,
        )
        self.kubeconfig_command = kubeconfig_command(self.cluster_name, region=context.region)
        self.register_outputs(
            {
                "clusterName": self.cluster_name,
                "endpoint": self.endpoint,
                "nodeSecurityGroupId": self.node_security_group_id,
                "kubeconfigCommand": self.kubeconfig_command,
            }
        )

    def grant(
        self,
        workload: Workload,
        statements: Sequence[Statement] = (),
        *,
        managed_policies: Sequence[str] = (),
    ) -> WorkloadIdentity:
        """Gives pods of this cluster rights in AWS, also to what is made after the cluster, such as its data stores."""
        return WorkloadIdentity(
            f"{self._name}-{workload.name}",
            workload,
            context=self._context,
            cluster=HomeCluster(self._name, self.cluster_name, self._plane.cluster_arn),
            statements=statements,
            managed_policies=managed_policies,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _grant_cluster_services(self, volume_key_arn: pulumi.Input[str], nodes: Sequence[pulumi.Resource]) -> None:
        name = self._plane.cluster_name
        self.grant(workload_rights.AUTOSCALER, workload_rights.autoscaler_rights(self._context, name))
        volume_rights = self.grant(
            workload_rights.EBS_CSI, workload_rights.ebs_csi_rights(self._context, name, volume_key_arn)
        )
        self._install(addons.ON_NODES, [volume_rights, *nodes])

    def _install(self, chosen: Sequence[Addon], after: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        return addons.install(
            self._name,
            chosen,
            self._config.addons,
            context=self._context,
            cluster=self._plane.cluster,
            cluster_name=self._plane.cluster_name,
            groups=self._config.groups,
            pods=self._pods,
            after=after,
            parent=self,
        )

    def _plans(self) -> Iterator[NodeGroupPlan]:
        system, flows = self._config.system, self._config.flows
        image = ami_type(self._config.ami_family, system.architecture)
        yield NodeGroupPlan("system", "system", "on-demand", system, image, self._subnet_ids)
        for suffix, subnet_ids in self._flow_zones():
            yield self._flows(f"flows{suffix}", "on-demand", flows.on_demand, subnet_ids)
            if flows.spot:
                yield self._flows(f"flows-spot{suffix}", "spot", flows.spot, subnet_ids)

    def _flows(
        self,
        name: str,
        capacity: Capacity,
        nodes: NodeGroupConfig,
        subnet_ids: Mapping[str, pulumi.Input[str]],
    ) -> NodeGroupPlan:
        image = ami_type(self._config.ami_family, nodes.architecture)
        return NodeGroupPlan(name, "flows", capacity, nodes, image, subnet_ids, self._config.flows.taints)

    def _flow_zones(self) -> Iterator[tuple[str, Mapping[str, pulumi.Input[str]]]]:
        """The suffix of a group's name, and the subnets that its nodes start in."""
        if not self._config.flows.zonal:
            yield "", self._subnet_ids
            return
        for zone, subnet_id in self._subnet_ids.items():
            yield f"-{zone.removeprefix(self._context.region)}", {zone: subnet_id}
