"""Who may do what on the search domain, and how its logs reach CloudWatch."""

from typing import Final

import pulumi
import pulumi_aws as aws

from patchbay_infra import policy_document
from patchbay_infra.context import Context
from patchbay_infra.policy_document import allow
from patchbay_infra.search.config import SearchConfig

_REQUESTS: Final = tuple(f"es:ESHttp{verb}" for verb in ("Delete", "Get", "Head", "Patch", "Post", "Put"))

# OpenSearch's name of a log -> the last part of our log group's name.
LOGS: Final = {
    "INDEX_SLOW_LOGS": "index-slow",
    "SEARCH_SLOW_LOGS": "search-slow",
    "ES_APPLICATION_LOGS": "application",
    "AUDIT_LOGS": "audit",
}


def domain_policy(context: Context, domain_arn: str) -> pulumi.Output[str]:
    """Only this account, and in it only who has the right from IAM too; fine-grained access decides on the rest."""
    account = {"AWS": context.arn("iam", "root", region=False)}
    return policy_document.document({**allow(_REQUESTS, [f"{domain_arn}/*"]), "Principal": account})


def master_role(
    name: str, config: SearchConfig, *, context: Context, domain_arn: str, parent: pulumi.Resource
) -> aws.iam.Role:
    """The domain's master user: gives others their rights inside the domain, and has none outside."""
    # A condition, not a principal: IAM refuses principals that do not exist yet, and knows no patterns there.
    admins = policy_document.trust(
        {"AWS": context.arn("iam", "root", region=False)},
        ["sts:AssumeRole"],
        {"ArnLike": {"aws:PrincipalArn": list(config.admin_role_arns)}},
    )
    child = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        name,
        name=context.name(name),
        description="Master user of the search domain",
        assume_role_policy=policy_document.document(admins),
        tags=context.tags(name),
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )
    aws.iam.RolePolicy(
        name,
        name="search-requests",
        role=role.name,
        policy=policy_document.document(allow(_REQUESTS, [f"{domain_arn}/*"])),
        opts=child,
    )
    return role


def log_publishing(
    name: str,
    config: SearchConfig,
    *,
    context: Context,
    domain_arn: str,
    key_arn: pulumi.Input[str],
    parent: pulumi.Resource,
) -> tuple[list[aws.opensearch.DomainLogPublishingOptionArgs], pulumi.Resource]:
    """The domain's log options, and the resource without which the domain refuses them."""
    groups = {
        log: aws.cloudwatch.LogGroup(
            f"{name}-{part}",
            name=f"/aws/opensearch/{context.name(name)}/{part}",
            retention_in_days=config.log_days,
            kms_key_id=key_arn,
            tags=context.tags(name, part),
            opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
        )
        for log, part in LOGS.items()
    }
    write = allow(
        ["logs:CreateLogStream", "logs:PutLogEvents", "logs:PutLogEventsBatch"],
        [pulumi.Output.concat(group.arn, ":*") for group in groups.values()],
        {"StringEquals": {"aws:SourceAccount": context.account_id}, "ArnLike": {"aws:SourceArn": domain_arn}},
    )
    policy = aws.cloudwatch.LogResourcePolicy(
        f"{name}-logs",
        policy_name=context.name(name, "logs"),
        policy_document=policy_document.document({**write, "Principal": {"Service": "es.amazonaws.com"}}),
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )
    options = [
        aws.opensearch.DomainLogPublishingOptionArgs(log_type=log, cloudwatch_log_group_arn=group.arn, enabled=True)
        for log, group in groups.items()
    ]
    return options, policy
