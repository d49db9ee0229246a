"""Who may use a key beside those whom IAM lets: services of AWS, each for this account only."""

from collections.abc import Sequence
from typing import Final

import pulumi

from patchbay_infra.context import Context
from patchbay_infra.policy_document import Statement, allow, document

_USE: Final = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
# Services that publish to the environment's encrypted topic.
_PUBLISHERS: Final = ("budgets.amazonaws.com", "cloudwatch.amazonaws.com", "costalerts.amazonaws.com")
# In a key's policy, every resource is the key.
_THE_KEY: Final = ("*",)


def key_policy(context: Context, *services: Statement) -> pulumi.Output[str]:
    """The account's IAM policies decide, as without a policy; `services` are let in besides."""
    administration = {
        "Sid": "IamOfThisAccount",
        **allow(["kms:*"], _THE_KEY),
        "Principal": {"AWS": context.arn("iam", "root", region=False)},
    }
    return document(administration, *services)


def log_groups(context: Context) -> Statement:
    """CloudWatch Logs, for log groups of this account and region."""
    of_this_account = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": context.arn("logs", "log-group:*")}}
    return {
        "Sid": "LogGroups",
        **allow(_USE, _THE_KEY, of_this_account),
        "Principal": {"Service": f"logs.{context.region}.amazonaws.com"},
    }


def alarm_topics(context: Context) -> Statement:
    """Alarms, budgets and cost alerts, which send to an encrypted topic in this account's name."""
    of_this_account = {"StringEquals": {"aws:SourceAccount": context.account_id}}
    return {
        "Sid": "AlarmTopics",
        **allow(["kms:Decrypt", "kms:GenerateDataKey*"], _THE_KEY, of_this_account),
        "Principal": {"Service": list(_PUBLISHERS)},
    }


def event_notices(context: Context) -> Statement:
    """EventBridge, which sends to the environment's encrypted topics and names no source of its own when it does.

    A topic's name is what SNS encrypts with (SNS' guide, "Encryption terms", encryption context).
    """
    of_our_topics = {"ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": context.arn("sns", context.name("*"))}}
    return {
        "Sid": "EventNotices",
        **allow(["kms:Decrypt", "kms:GenerateDataKey*"], _THE_KEY, of_our_topics),
        "Principal": {"Service": "events.amazonaws.com"},
    }


def records(context: Context, trail_arn: str) -> Sequence[Statement]:
    """CloudTrail, for the one trail, and AWS Config, for this account.

    Sources: CloudTrail's guide, "Configure AWS KMS key policies for CloudTrail"; Config's, "Permissions for the KMS
    Key for the AWS Config Delivery Channel".
    """
    of_the_trail = {"aws:SourceArn": trail_arn}
    for_the_trail = {"StringEquals": {**of_the_trail, "kms:EncryptionContext:aws:cloudtrail:arn": trail_arn}}
    ours = {"StringEquals": {"aws:SourceAccount": context.account_id}}
    trail = {"Principal": {"Service": "cloudtrail.amazonaws.com"}}
    return (
        {"Sid": "Trail", **allow(["kms:GenerateDataKey*"], _THE_KEY, for_the_trail), **trail},
        {"Sid": "TrailKey", **allow(["kms:DescribeKey"], _THE_KEY, {"StringEquals": of_the_trail}), **trail},
        {
            "Sid": "Settings",
            **allow(["kms:Decrypt", "kms:GenerateDataKey*"], _THE_KEY, ours),
            "Principal": {"Service": "config.amazonaws.com"},
        },
    )


def node_volumes(context: Context) -> Sequence[Statement]:
    """Auto Scaling, which starts nodes whose volumes the key encrypts."""
    role = context.arn(
        "iam", "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", region=False
    )
    return _used_with_grants("NodeVolume", role, "*")


def copied_backups(account: str) -> Sequence[Statement]:
    """AWS Backup in another account, which copies snapshots that the key encrypts.

    It does so by its service-linked role there, with grants (aurora-snapshot-tool issue 29: without them the key "does
    not exist").
    """
    role = f"arn:aws:iam::{account}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
    return _used_with_grants("CopiedBackup", role, f"arn:aws:iam::{account}:root")


def _used_with_grants(sid: str, linked_role: str, principal: str) -> Sequence[Statement]:
    """For a service that uses the key itself, and hands it on to what AWS does for it.

    Its service-linked role is named by a condition: a principal that does not exist yet, as in an account that has not
    used the service, would have the whole policy refused.
    """
    by_role = {"ArnEquals": {"aws:PrincipalArn": linked_role}}
    for_aws = {**by_role, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    whose = {"Principal": {"AWS": principal}}
    return (
        {"Sid": f"{sid}s", **allow(_USE, _THE_KEY, by_role), **whose},
        {"Sid": f"{sid}Grants", **allow(["kms:CreateGrant"], _THE_KEY, for_aws), **whose},
    )
