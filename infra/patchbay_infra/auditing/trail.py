"""Every call to AWS' APIs that changes something or reads a setting, kept where nobody deletes it."""

import pulumi
import pulumi_aws as aws

from patchbay_infra.auditing.config import AuditingConfig
from patchbay_infra.context import Context
from patchbay_infra.objects.bucket import private_bucket
from patchbay_infra.objects.policies import anyone, encrypted_connections
from patchbay_infra.policy_document import allow, deny, document


def trail(
    name: str, config: AuditingConfig, *, context: Context, key_arn: pulumi.Input[str], parent: pulumi.Resource
) -> aws.cloudtrail.Trail:
    """Of all regions, with digests that show whether a file was changed, in a bucket whose objects are locked."""
    bucket = private_bucket(
        name,
        context=context,
        expire_days=config.trail_days,
        noncurrent_days=1,
        key_arn=key_arn,
        force_destroy=not context.production,
        locked_days=config.trail_locked_days,
        # With one CloudTrail refuses the trail unless it may decrypt (its guide, "Configure AWS KMS key policies").
        bucket_key=False,
        parent=parent,
    )
    policy = aws.s3.BucketPolicy(
        name, bucket=bucket.id, policy=_policy(bucket.arn, name, context), opts=pulumi.ResourceOptions(parent=parent)
    )
    return aws.cloudtrail.Trail(
        name,
        name=context.name(name),
        s3_bucket_name=bucket.id,
        is_multi_region_trail=True,
        include_global_service_events=True,
        enable_log_file_validation=True,
        enable_logging=True,
        kms_key_id=key_arn,
        tags=context.tags(name),
        # CloudTrail tries the bucket when it is given it.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[policy], delete_before_replace=True),
    )


def _policy(bucket_arn: pulumi.Output[str], name: str, context: Context) -> pulumi.Output[str]:
    """CloudTrail writes in the name of this one trail.

    Source: CloudTrail's guide, "Amazon S3 bucket policy for CloudTrail". Nobody lifts the lock of what is written: who
    means to empties this policy first, which the trail records.
    """
    of_the_trail = {"StringEquals": {"aws:SourceArn": context.arn("cloudtrail", f"trail/{context.name(name)}")}}
    owned = {"StringEquals": {**of_the_trail["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"}}
    files = pulumi.Output.concat(bucket_arn, f"/AWSLogs/{context.account_id}/*")
    writer = {"Principal": {"Service": "cloudtrail.amazonaws.com"}}
    everything = [pulumi.Output.concat(bucket_arn, "/*")]
    return document(
        *encrypted_connections(bucket_arn),
        {"Sid": "Look", **allow(["s3:GetBucketAcl"], [bucket_arn], of_the_trail), **writer},
        {"Sid": "Write", **allow(["s3:PutObject"], [files], owned), **writer},
        anyone("Unlocking", deny(["s3:BypassGovernanceRetention"], everything)),
    )
