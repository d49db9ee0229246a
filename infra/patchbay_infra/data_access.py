"""How the data services are placed in the network, and who may open a connection to them."""

from collections.abc import Mapping
from typing import Protocol

import pulumi
import pulumi_aws as aws

from patchbay_infra.context import Context


class DataNetwork(Protocol):
    """What a data service needs to know of the network. `data_subnet_ids`: the isolated subnet of each zone."""

    @property
    def vpc_id(self) -> pulumi.Output[str]: ...

    @property
    def data_subnet_ids(self) -> Mapping[str, pulumi.Output[str]]: ...


def security_group(
    name: str,
    *,
    context: Context,
    network: DataNetwork,
    port: int,
    clients: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
) -> aws.ec2.SecurityGroup:
    """A group that takes connections on `port` from the clients' groups, and opens none itself.

    `clients`: security group ids by name; each gets the matching rule to the outside.
    """
    child = pulumi.ResourceOptions(parent=parent)
    group = aws.ec2.SecurityGroup(
        name,
        name=context.name(name),
        description=f"{name}: connections on port {port} from its clients only",
        vpc_id=network.vpc_id,
        tags=context.tags(name),
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )
    for client, client_group in clients.items():
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-{client}",
            security_group_id=group.id,
            referenced_security_group_id=client_group,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=f"{client} to {name}",
            tags=context.tags(name, "from", client),
            opts=child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-reached-by-{client}",
            security_group_id=client_group,
            referenced_security_group_id=group.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=f"{client} to {name}",
            tags=context.tags(client, "to", name),
            opts=child,
        )
    return group
