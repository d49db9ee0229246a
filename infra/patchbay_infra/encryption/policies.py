"""Who may use a key beside those whom IAM lets: services of AWS, each for this account only."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from patchbay_infra.context import Context

Statement = Mapping[str, Any]

_USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
# Services that publish to the environment's encrypted topic.
_PUBLISHERS = ("budgets.amazonaws.com", "cloudwatch.amazonaws.com", "costalerts.amazonaws.com")


def key_policy(context: Context, *services: Statement) -> str:
    """The account's IAM policies decide, as without a policy; `services` are let in besides."""
    administration = {
        "Sid": "IamOfThisAccount",
        "Effect": "Allow",
        "Principal": {"AWS": context.arn("iam", "root", region=False)},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [administration, *services]})


def log_groups(context: Context) -> Statement:
    """CloudWatch Logs, for log groups of this account and region."""
    return {
        "Sid": "LogGroups",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{context.region}.amazonaws.com"},
        "Action": list(_USE),
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": context.arn("logs", "log-group:*")}},
    }


def alarm_topics(context: Context) -> Statement:
    """Alarms, budgets and cost alerts, which send to an encrypted topic in this account's name."""
    return {
        "Sid": "AlarmTopics",
        "Effect": "Allow",
        "Principal": {"Service": list(_PUBLISHERS)},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": context.account_id}},
    }


def node_volumes(context: Context) -> Sequence[Statement]:
    """Auto Scaling, which starts nodes whose volumes the key encrypts.

    Its service-linked role is named by a condition: a principal that does not exist yet, as in an account without any
    group, would have the whole policy refused.
    """
    role = context.arn(
        "iam", "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", region=False
    )
    of_auto_scaling = {"ArnEquals": {"aws:PrincipalArn": role}}
    return (
        {
            "Sid": "NodeVolumes",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": list(_USE),
            "Resource": "*",
            "Condition": of_auto_scaling,
        },
        {
            "Sid": "NodeVolumesOfServices",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": {**of_auto_scaling, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    )
