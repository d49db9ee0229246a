"""The VPC, the way of people into it, and what nodes are started from."""

from collections.abc import Sequence
from typing import Final

from patchbay_infra.delivery.scope import Scope
from patchbay_infra.policy_document import Statement, allow

# What is new gets the tag, what a call refers to bears it: EC2 asks about each resource of a call for itself. Each row
# has the calls and what they make, and no call refers to something of a kind that another call of its row makes: one
# statement would otherwise let it refer to what is not ours. Source: Service Authorization Reference, Amazon EC2.
_MADE: Final = (
    (
        ("AllocateAddress", "CreateInternetGateway", "CreateLaunchTemplate", "CreateVpc"),
        ("elastic-ip", "internet-gateway", "launch-template", "vpc"),
    ),
    (
        ("CreateNetworkAcl", "CreateRouteTable", "CreateSecurityGroup", "CreateSubnet"),
        ("network-acl", "route-table", "security-group", "subnet"),
    ),
    (
        ("CreateClientVpnEndpoint", "CreateFlowLogs", "CreateNatGateway", "CreateVpcEndpoint"),
        ("client-vpn-endpoint", "natgateway", "vpc-endpoint", "vpc-flow-log"),
    ),
    # EKS starts nodes from a launch template only for those who might start them themselves.
    (("RunInstances",), ("instance", "network-interface", "volume")),
)
_MAKING: Final = tuple(call for calls, _ in _MADE for call in calls)
# The first row's calls refer to nothing of ours.
_REFERRING: Final = tuple(call for calls, _ in _MADE[1:] for call in calls)
_RULE_MAKING: Final = ("AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress")
_CHANGING: Final = (
    "AssociateClientVpnTargetNetwork",
    "AssociateRouteTable",
    "AssociateVpcCidrBlock",
    "AttachInternetGateway",
    "AuthorizeClientVpnIngress",
    "CreateLaunchTemplateVersion",
    "CreateNetworkAclEntry",
    "CreateRoute",
    "Delete*",
    "DetachInternetGateway",
    "Disassociate*",
    "ModifyClientVpnEndpoint",
    "ModifyLaunchTemplate",
    "ModifySecurityGroupRules",
    "ModifySubnetAttribute",
    "ModifyVpcAttribute",
    "ModifyVpcEndpoint",
    "ReleaseAddress",
    "Replace*",
    "Revoke*",
)


def network_changes(scope: Scope) -> Sequence[Statement]:
    """Makes what gets the environment's tag, and changes what bears it.

    What AWS makes together with a VPC, its default security group and access list, bears no tag: whoever deploys the
    environment first, an administrator, makes them the environment's.
    """
    everything = scope.arn("ec2", "*/*")
    made = (
        allow(_ec2(calls), scope.arn("ec2", *(f"{kind}/*" for kind in kinds)), scope.requested)
        for calls, kinds in _MADE
    )
    return (
        *made,
        allow(_ec2((*_REFERRING, *_RULE_MAKING, *_CHANGING)), everything, scope.owned),
        # A rule is made in a group, which has to be ours.
        allow(_ec2(_RULE_MAKING), scope.arn("ec2", "security-group-rule/*")),
        allow(["ec2:RunInstances"], [f"arn:aws:ec2:{scope.context.region}::image/*"]),
        allow(
            ["ec2:CreateTags"],
            everything,
            {"StringEquals": {**scope.requested["StringEquals"], "ec2:CreateAction": [*_MAKING, *_RULE_MAKING]}},
        ),
        allow(
            ["ec2:CreateTags"],
            everything,
            {
                "StringEquals": scope.owned["StringEquals"],
                "StringEqualsIfExists": scope.requested["StringEquals"],
            },
        ),
    )


def _ec2(calls: Sequence[str]) -> list[str]:
    return [f"ec2:{call}" for call in calls]
