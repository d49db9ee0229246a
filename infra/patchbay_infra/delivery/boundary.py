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
                "ec2:GetInstanceTypesFromInstanceRequirements",
                "ecr:GetAuthorizationToken",
                "elasticloadbalancing:Describe*",
                "logs:Describe*",
            ],
            ["*"],
        ),
        allow(["ec2:*"], scope.arn("ec2", "*/*")),
        allow(["autoscaling:*"], scope.arn("autoscaling", "autoScalingGroup:*")),
        allow(["elasticloadbalancing:*"], scope.arn("elasticloadbalancing", "*/*")),
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
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListBucket"],
            scope.buckets,
        ),
        allow(["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], scope.secrets),
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
        ),
        allow(
            ["cloudwatch:PutMetricData"], ["*"], {"StringEquals": {"cloudwatch:namespace": platform_metrics.NAMESPACE}}
        ),
        allow(["elasticache:Connect"], scope.arn("elasticache", "replicationgroup:{}*", "user:{}*")),
        allow(["rds-db:connect"], scope.arn("rds-db", "dbuser:*/patchbay_*")),
        allow(["es:ESHttp*"], scope.arn("es", "domain/{}*")),
        allow(
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:GetLogEvents", "logs:Put*"],
            scope.arn("logs", "log-group:*"),
        ),
    )


def denials(scope: Scope, regions: Sequence[str]) -> Sequence[Statement]:
    """What stays denied, whatever else a role is given. `regions`: none other is worked in."""
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
            "Resource": scope.delivery,
        },
        deny(["iam:DeleteRolePermissionsBoundary"], ["*"]),
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
