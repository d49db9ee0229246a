"""What every setting of the account was, and when it changed: AWS Config."""

import pulumi
import pulumi_aws as aws

from patchbay_infra.auditing.config import AuditingConfig
from patchbay_infra.context import Context
from patchbay_infra.objects.bucket import private_bucket
from patchbay_infra.objects.policies import encrypted_connections
from patchbay_infra.policy_document import allow, document

# Made by `make bootstrap`, or by AWS where an administrator turns Config on first.
_ROLE = "role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"


def recorder(
    name: str, config: AuditingConfig, *, context: Context, key_arn: pulumi.Input[str], parent: pulumi.Resource
) -> aws.cfg.RecorderStatus:
    """Records every type of resource, by the service's own role, into a bucket.

    Security Hub's control Config.1 asks for that role. The bucket's objects are not locked: Config delivers into none
    with a default retention (Config's guide, "Managing the Delivery Channel").
    """
    child = pulumi.ResourceOptions(parent=parent, delete_before_replace=True)
    bucket = private_bucket(
        name,
        context=context,
        expire_days=config.trail_days,
        noncurrent_days=1,
        key_arn=key_arn,
        force_destroy=not context.production,
        parent=parent,
    )
    policy = aws.s3.BucketPolicy(
        name, bucket=bucket.id, policy=_policy(bucket.arn, context), opts=pulumi.ResourceOptions(parent=parent)
    )
    made = aws.cfg.Recorder(
        name,
        name=context.name(name),
        role_arn=context.arn("iam", _ROLE, region=False),
        recording_group=aws.cfg.RecorderRecordingGroupArgs(all_supported=True, include_global_resource_types=True),
        opts=child,
    )
    channel = aws.cfg.DeliveryChannel(
        name,
        name=context.name(name),
        s3_bucket_name=bucket.id,
        s3_kms_key_arn=key_arn,
        snapshot_delivery_properties=aws.cfg.DeliveryChannelSnapshotDeliveryPropertiesArgs(
            delivery_frequency="TwentyFour_Hours"
        ),
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[made, policy])),
    )
    # Config records into a channel only, and gives up none while it records.
    return aws.cfg.RecorderStatus(
        name,
        name=made.name,
        is_enabled=True,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[channel]),
    )


def _policy(bucket_arn: pulumi.Output[str], context: Context) -> pulumi.Output[str]:
    """Source: Config's guide, "Granting AWS Config access to the Amazon S3 Bucket" for service-linked roles."""
    ours = {"StringEquals": {"aws:SourceAccount": context.account_id}}
    owned = {"StringEquals": {**ours["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"}}
    files = pulumi.Output.concat(bucket_arn, f"/AWSLogs/{context.account_id}/Config/*")
    writer = {"Principal": {"Service": "config.amazonaws.com"}}
    return document(
        *encrypted_connections(bucket_arn),
        {"Sid": "Look", **allow(["s3:GetBucketAcl", "s3:ListBucket"], [bucket_arn], ours), **writer},
        {"Sid": "Write", **allow(["s3:PutObject"], [files], owned), **writer},
    )
