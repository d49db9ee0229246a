"""Which connections were made and which were refused."""

import pulumi
from pulumi_aws import cloudwatch, ec2, iam

from patchbay_infra.context import Context
from patchbay_infra.policy_document import allow, document, trust


class FlowLogs(pulumi.ComponentResource):
    """All traffic of the VPC, in a log group that nothing but the flow logs' role writes to, and it to nothing else."""

    def __init__(
        self,
        name: str,
        *,
        context: Context,
        vpc_id: pulumi.Input[str],
        days: int,
        logs_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        group_name = context.name("flow-logs")
        group = cloudwatch.LogGroup(
            name,
            name=group_name,
            retention_in_days=days,
            kms_key_id=logs_key_arn,
            tags=context.tags("flow-logs"),
            opts=child,
        )
        role = iam.Role(
            name,
            name=context.name("flow-logs"),
            assume_role_policy=_trust(context),
            tags=context.tags("flow-logs"),
            opts=child,
        )
        rights = iam.RolePolicy(
            name, name="write-flow-logs", role=role.name, policy=_rights(context, group_name), opts=child
        )
        ec2.FlowLog(
            name,
            vpc_id=vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=600,
            tags=context.tags("flow-logs"),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[rights])),
        )
        self.register_outputs({})


def _trust(context: Context) -> pulumi.Output[str]:
    # The conditions keep another account from having the service write here.
    of_this_account = {
        "StringEquals": {"aws:SourceAccount": context.account_id},
        "ArnLike": {"aws:SourceArn": context.arn("ec2", "vpc-flow-log/*")},
    }
    return document(trust({"Service": "vpc-flow-logs.amazonaws.com"}, ["sts:AssumeRole"], of_this_account))


def _rights(context: Context, group_name: str) -> pulumi.Output[str]:
    group = context.arn("logs", f"log-group:{group_name}")
    actions = ("logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents")
    return document(allow(actions, [group, f"{group}:*"]))
