"""Where the copies' logs go, and the role by which RDS tells of its hosts."""

from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws

from patchbay_infra import policy_document
from patchbay_infra.context import Context

# RDS writes its audit log only with an option group of its own; who did what is in the error and the IAM log.
EXPORTED_LOGS: Final = ("error", "slowquery", "iam-db-auth-error")
_POLICY: Final = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"


def log_groups(
    name: str,
    identifiers: Mapping[str, str],
    *,
    context: Context,
    days: int,
    key_arn: pulumi.Input[str],
    parent: pulumi.Resource,
) -> dict[str, list[pulumi.Resource]]:
    """The groups of each copy. RDS would make them itself, and keep their logs for ever.

    `identifiers`: of the instances, by copy.
    """
    return {
        copy: [
            aws.cloudwatch.LogGroup(
                f"{name}-{copy}-{log}",
                name=f"/aws/rds/instance/{identifier}/{log}",
                retention_in_days=days,
                kms_key_id=key_arn,
                tags=context.tags(name, copy, log),
                opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
            )
            for log in EXPORTED_LOGS
        ]
        for copy, identifier in identifiers.items()
    }


def monitoring_role(
    name: str, identifiers: Mapping[str, str], *, context: Context, parent: pulumi.Resource
) -> tuple[aws.iam.Role, pulumi.Resource]:
    """The role that RDS takes on for enhanced monitoring, and the resource after which it may."""
    may_take_it = policy_document.trust(
        {"Service": "monitoring.rds.amazonaws.com"},
        ["sts:AssumeRole"],
        {
            "StringEquals": {"aws:SourceAccount": context.account_id},
            "ArnLike": {"aws:SourceArn": [context.arn("rds", f"db:{one}") for one in identifiers.values()]},
        },
    )
    role = aws.iam.Role(
        name,
        name=context.name(name),
        description="Lets RDS write the metrics of the databases' hosts",
        assume_role_policy=policy_document.document(may_take_it),
        tags=context.tags(name),
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )
    attachment = aws.iam.RolePolicyAttachment(
        name, role=role.name, policy_arn=_POLICY, opts=pulumi.ResourceOptions(parent=parent)
    )
    return role, attachment
