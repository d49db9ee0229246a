"""The permission boundary: the most that any role of an environment can be given."""

from collections.abc import Callable, Sequence
from typing import Final

import pulumi

from patchbay_infra import platform_metrics
from patchbay_infra.delivery.scope import Scope
from patchbay_infra.policy_document import Statement, allow, deny

_ROLE: Final = "aws:iam/role:Role"
# Served from one region for all of them.
_GLOBAL: Final = ("budgets:*", "ce:*", "iam:*", "route53:*", "shield:*", "sts:*")


def ceiling(scope: Scope) -> Sequence[Statement]:
    """What the roles of nodes, services and workloads work with. Nothing of IAM: no role can make another."""
    return (
        allow(
            [
                "autoscaling:Describe*",
                "ec2:Describe*",
                "ecr:GetAuthorizationToken",
                "logs:Describe*",
            ],
            ["*"],
        ),
        # The VPC CNI's interfaces and the CSI driver's volumes; no machine, no network and no rule of one.
        allow(
            [
                "ec2:AssignPrivateIpAddresses",
                "ec2:AttachNetworkInterface",
                "ec2:AttachVolume",
                "ec2:CreateNetworkInterface",
                "ec2:CreateVolume",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteVolume",
                "ec2:DetachNetworkInterface",
                "ec2:DetachVolume",
                "ec2:ModifyNetworkInterfaceAttribute",
                "ec2:ModifyVolume",
                "ec2:UnassignPrivateIpAddresses",
            ],
            scope.arn("ec2", "instance/*", "network-interface/*", "security-group/*", "subnet/*", "volume/*"),
        ),
        # With what they make, never afterwards: a tag says whose a thing is.
        allow(
            ["ec2:CreateTags"],
            scope.arn("ec2", "network-interface/*", "volume/*"),
            {"StringEquals": {"ec2:CreateAction": ["CreateNetworkInterface", "CreateVolume"]}},
        ),
        allow(
            ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            scope.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/eks-{}*"),
        ),
        allow(
            ["eks:DescribeCluster", "eks:DescribeNodegroup", "eks-auth:AssumeRoleForPodIdentity"],
            scope.arn("eks", "cluster/{}*", "nodegroup/{}*"),
        ),
        # Any account's: EKS' own add-ons come from registries of AWS.
        allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [f"arn:aws:ecr:{scope.context.region}:*:repository/*"],
        ),
        allow(
            [
                "kms:CreateGrant",
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            scope.arn("kms", "key/*"),
            scope.owned,
        ),
        allow(
            ["cloudwatch:PutMetricData"], ["*"], {"StringEquals": {"cloudwatch:namespace": platform_metrics.NAMESPACE}}
        ),
        allow(["elasticache:Connect"], scope.arn("elasticache", "replicationgroup:{}*", "user:{}*")),
        # The password of the master user, which is made anew whenever it is needed.
        allow(["rds:ModifyDBInstance"], scope.arn("rds", "db:{}*")),
        allow(["rds-db:connect"], scope.arn("rds-db", f"dbuser:*/patchbay_{scope.context.environment}_*")),
        allow(["es:ESHttp*"], scope.arn("es", "domain/{}*")),
        allow(
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:GetLogEvents", "logs:Put*"],
            # RDS' enhanced monitoring writes to one group of the account's.
            [*scope.log_groups, *scope.arn("logs", "log-group:RDSOSMetrics*")],
        ),
    )


def denials(scope: Scope, regions: Sequence[str], *, state_key: str, kept: Sequence[str]) -> Sequence[Statement]:
    """What stays denied, whatever else a role is given.

    `regions`: none other is worked in. `state_key`: ARN of the key of Pulumi's state. `kept`: ARNs of keys and
    certificates that are used and never changed.
    """
    return (
        {
            "Effect": "Deny",
            "NotAction": list(_GLOBAL),
            "Resource": ["*"],
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": list(regions)}},
        },
        deny(
            [
                "account:*",
                "organizations:*",
                "iam:*AccessKey*",
                "iam:*AccountAlias*",
                "iam:*AccountPasswordPolicy*",
                "iam:*Group*",
                "iam:*LoginProfile*",
                "iam:*MFADevice*",
                "iam:*User*",
                "iam:AddClientIDToOpenIDConnectProvider",
                "iam:Create*Provider",
                "iam:Delete*Provider",
                "iam:RemoveClientIDFromOpenIDConnectProvider",
                "iam:Update*Provider*",
            ],
            ["*"],
        ),
        {
            "Effect": "Deny",
            "NotAction": ["iam:Get*", "iam:List*", "sts:*"],
            "Resource": scope.guarded,
        },
        # What the account's guards wrote down; to their own calls the boundary opens no way at all.
        deny(["s3:Delete*", "s3:Put*"], scope.records),
        # Their key is looked at only: its tags are as closed as its policy, so that none opens it.
        {
            "Effect": "Deny",
            "NotAction": ["kms:Describe*", "kms:Get*", "kms:List*"],
            "Resource": scope.arn("kms", "key/*"),
            "Condition": scope.of_records,
        },
        deny(["iam:DeleteRolePermissionsBoundary"], ["*"]),
        # Nor can they be made the environment's own by a tag.
        deny(
            [
                "acm:AddTags*",
                "acm:Delete*",
                "kms:CreateAlias",
                "kms:Disable*",
                "kms:Put*",
                "kms:Schedule*",
                "kms:Tag*",
                "kms:Update*",
            ],
            [state_key, *kept],
        ),
        # The key of the backups needs grants, for RDS; this one serves other environments' states, too.
        deny(
            ["kms:Cancel*", "kms:CreateGrant", "kms:Delete*", "kms:Enable*", "kms:Re*Grant", "kms:Untag*"], [state_key]
        ),
        deny(
            ["iam:CreateRole", "iam:PutRolePermissionsBoundary"],
            ["*"],
            {"StringNotEquals": {"iam:PermissionsBoundary": scope.boundary}},
        ),
    )


def within(
    boundary_arn: pulumi.Input[str],
) -> Callable[[pulumi.ResourceTransformationArgs], pulumi.ResourceTransformationResult | None]:
    """For `ResourceOptions(transformations=[...])` of a component: each role below it gets the boundary.

    A deployment may only make roles that have it.
    """

    def bind(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != _ROLE:
            return None
        return pulumi.ResourceTransformationResult({**args.props, "permissions_boundary": boundary_arn}, args.opts)

    return bind
