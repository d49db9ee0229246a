"""Security Hub: the account's settings judged by AWS' own list, and the findings of all guards in one place."""

from collections.abc import Sequence
from typing import Final

import pulumi
import pulumi_aws as aws

from patchbay_infra.context import Context

_STANDARD: Final = "standards/aws-foundational-security-best-practices/v/1.0.0"


def security_hub(
    name: str, *, context: Context, after: Sequence[pulumi.Resource], parent: pulumi.Resource
) -> aws.securityhub.Account:
    """With one standard, so that each setting is judged once. `after`: what it judges by."""
    hub = aws.securityhub.Account(
        name,
        enable_default_standards=False,
        auto_enable_controls=True,
        control_finding_generator="SECURITY_CONTROL",
        opts=pulumi.ResourceOptions(parent=parent, depends_on=list(after), delete_before_replace=True),
    )
    aws.securityhub.StandardsSubscription(
        name,
        standards_arn=f"arn:aws:securityhub:{context.region}::{_STANDARD}",
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[hub], delete_before_replace=True),
    )
    return hub
