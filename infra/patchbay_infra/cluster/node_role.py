"""What nodes may do in AWS: join their cluster, and pull images."""

from typing import Final

import pulumi
import pulumi_aws as aws

from patchbay_infra.context import Context
from patchbay_infra.policy_document import document, trust

# No right of the VPC plugin's, and none of any workload's: pods have their own.
_POLICIES: Final = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")


def node_role(
    name: str, *, context: Context, parent: pulumi.Resource
) -> tuple[aws.iam.Role, list[aws.iam.RolePolicyAttachment]]:
    """`name`: of the cluster whose nodes all take the role."""
    child = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-nodes",
        name=context.name(name, "nodes"),
        description=f"Nodes of cluster {name}",
        assume_role_policy=document(trust({"Service": "ec2.amazonaws.com"}, ["sts:AssumeRole"])),
        tags=context.tags(name, "nodes"),
        opts=child,
    )
    rights = [
        aws.iam.RolePolicyAttachment(
            f"{name}-nodes-{policy}", role=role.name, policy_arn=f"arn:aws:iam::aws:policy/{policy}", opts=child
        )
        for policy in _POLICIES
    ]
    return role, rights
