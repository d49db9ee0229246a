"""Roles within the boundary, and to whom they are handed."""

from collections.abc import Sequence
from typing import Final

from patchbay_infra.delivery.scope import Outside, Scope
from patchbay_infra.policy_document import Statement, allow

# Services that take a role of ours, and those that keep a role of their own in the account.
_PASSED_TO: Final = (
    "ec2.amazonaws.com",
    "eks.amazonaws.com",
    "monitoring.rds.amazonaws.com",
    "pods.eks.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)
_SERVICE_LINKED: Final = (
    "autoscaling.amazonaws.com",
    "clientvpn-connections.amazonaws.com",
    "clientvpn.amazonaws.com",
    "eks-nodegroup.amazonaws.com",
    "eks.amazonaws.com",
    "elasticache.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "opensearchservice.amazonaws.com",
    "rds.amazonaws.com",
    "shield.amazonaws.com",
    "spot.amazonaws.com",
    "wafv2.amazonaws.com",
)
_SCANNER: Final = "inspector2.amazonaws.com"


def identity_changes(scope: Scope, outside: Outside) -> Sequence[Statement]:
    """Rights are given only to roles that have the boundary."""
    roles = scope.globally("iam", "role/{}*")
    linked = [*_SERVICE_LINKED, *([_SCANNER] if outside.scans else [])]
    return (
        allow(
            [
                "iam:AttachRolePolicy",
                "iam:CreateRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePermissionsBoundary",
                "iam:PutRolePolicy",
            ],
            roles,
            {"StringEquals": {"iam:PermissionsBoundary": scope.boundary}},
        ),
        allow(
            [
                "iam:DeleteRole",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
                "iam:UpdateRoleDescription",
            ],
            roles,
        ),
        allow(["iam:PassRole"], roles, {"StringEquals": {"iam:PassedToService": list(_PASSED_TO)}}),
        allow(
            ["iam:CreateServiceLinkedRole"],
            scope.globally("iam", "role/aws-service-role/*"),
            {"StringEquals": {"iam:AWSServiceName": sorted(linked)}},
        ),
    )
