"""Who may talk to a cluster's nodes and control plane."""

from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws

from patchbay_infra.context import Context
from patchbay_infra.platform_demands import HTTPS, PlatformDemands

# What the API server calls on nodes and pods: kubelets, and the two APIs that are served from within the cluster.
_CALLED_BY_CONTROL_PLANE: Final = {"kubelet": 10250, "metrics-server": 10251, "keda-metrics-adapter": 6443}
_ANYWHERE: Final = "0.0.0.0/0"


class ClusterSecurityGroups(pulumi.ComponentResource):
    """A group for the nodes and one for the control plane's network interfaces.

    The group that EKS itself makes stays on the control plane: it lets everything out, so nodes do not carry it.
    No rule is needed for name resolution and time outside of the cluster: AWS serves both beside security groups.
    """

    nodes_id: pulumi.Output[str]
    control_plane_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        context: Context,
        vpc_id: pulumi.Input[str],
        load_balancer_id: pulumi.Input[str],
        operators: Mapping[str, pulumi.Input[str]],
        demands: PlatformDemands,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:ClusterSecurityGroups", name, None, opts)
        self._name, self._context = name, context
        self.nodes_id = self._group("nodes", f"Nodes of cluster {name}", vpc_id).id
        self.control_plane_id = self._group("control-plane", f"API server of cluster {name}", vpc_id).id
        nodes, plane = self.nodes_id, self.control_plane_id

        self._ingress("nodes-from-nodes", nodes, None, "Pods and nodes among themselves", group=nodes)
        self._egress("nodes-to-nodes", nodes, None, "Pods and nodes among themselves", group=nodes)
        self._pass("api-server", nodes, plane, 443, "Kubelets and pods to the API server")
        for service, port in _CALLED_BY_CONTROL_PLANE.items():
            self._pass(service, plane, nodes, port, f"API server to {service}")
        entrances = {"gateway": demands.gateway_port, "gateway-health": demands.gateway_health_port}
        for service, port in entrances.items():
            self._pass(service, load_balancer_id, nodes, port, f"Load balancer to {service}")
        for operator, group in operators.items():
            self._ingress(f"api-server-from-{operator}", plane, 443, f"{operator} to the API server", group=group)
        # AWS' APIs and images come by HTTPS. Which addresses a connector's pod may call, the cluster's policies say.
        self._egress("nodes-to-https", nodes, 443, "HTTPS to customers and AWS", network=_ANYWHERE)
        for first, last in demands.connector_ports:
            if (first, last) != HTTPS:
                ports = str(first) if first == last else f"{first}-{last}"
                self._egress(
                    f"nodes-to-{ports}", nodes, first, f"Port {ports} of customers", network=_ANYWHERE, last=last
                )
        self.register_outputs({"nodesId": nodes, "controlPlaneId": plane})

    def _group(self, role: str, description: str, vpc_id: pulumi.Input[str]) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            f"{self._name}-{role}",
            name=self._context.name(self._name, role),
            description=description,
            vpc_id=vpc_id,
            tags=self._context.tags(self._name, role),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _pass(
        self, service: str, client: pulumi.Input[str], target: pulumi.Input[str], port: int, description: str
    ) -> None:
        """Both halves of a permission: out of the client's group, into the target's."""
        self._ingress(f"{service}-in", target, port, description, group=client)
        self._egress(f"{service}-out", client, port, description, group=target)

    def _ingress(
        self, rule: str, target: pulumi.Input[str], port: int | None, description: str, *, group: pulumi.Input[str]
    ) -> None:
        """`port`: of TCP; None = every protocol and port."""
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-{rule}",
            security_group_id=target,
            referenced_security_group_id=group,
            ip_protocol="-1" if port is None else "tcp",
            from_port=port,
            to_port=port,
            description=description,
            tags=self._context.tags(self._name, rule),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _egress(
        self,
        rule: str,
        client: pulumi.Input[str],
        port: int | None,
        description: str,
        *,
        group: pulumi.Input[str] | None = None,
        network: str | None = None,
        last: int | None = None,
    ) -> None:
        """`port` to `last`, which is `port` where it is not given."""
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-{rule}",
            security_group_id=client,
            referenced_security_group_id=group,
            cidr_ipv4=network,
            ip_protocol="-1" if port is None else "tcp",
            from_port=port,
            to_port=last or port,
            description=description,
            tags=self._context.tags(self._name, rule),
            opts=pulumi.ResourceOptions(parent=self),
        )
