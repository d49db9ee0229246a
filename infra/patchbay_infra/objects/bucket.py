"""A private bucket, and its settings that AWS keeps apart."""

from collections.abc import Sequence
from typing import Final

import pulumi
import pulumi_aws as aws

from patchbay_infra.context import Context

# A part of an upload that was never finished is invisible, and paid for.
_UPLOAD_DAYS: Final = 1


def private_bucket(
    name: str,
    *,
    context: Context,
    expire_days: int,
    noncurrent_days: int,
    key_arn: pulumi.Input[str] | None,
    force_destroy: bool,
    locked_days: int | None = None,
    bucket_key: bool = True,
    parent: pulumi.Resource,
) -> aws.s3.Bucket:
    """Versioned, owned by the account alone, closed to the public, emptied by age.

    `key_arn`: of the key that encrypts it; without one, S3's own, the only one that access logs can be written with.
    `locked_days`: how long a version cannot be deleted, but by who may lift governance.
    `bucket_key`: one call to KMS for many objects, in place of one for each.
    The account's number makes the name unique, since all accounts share one name space.
    """
    child = pulumi.ResourceOptions(parent=parent)
    bucket = aws.s3.Bucket(
        name,
        bucket=context.name(name, context.account_id),
        force_destroy=force_destroy,
        object_lock_enabled=locked_days is not None or None,
        tags=context.tags(name),
        opts=pulumi.ResourceOptions(parent=parent, protect=context.production, delete_before_replace=True),
    )
    aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    aws.s3.BucketOwnershipControls(
        name,
        bucket=bucket.id,
        rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=child,
    )
    versioning = aws.s3.BucketVersioning(
        name,
        bucket=bucket.id,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=child,
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.id,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=_encryption(key_arn),
                bucket_key_enabled=bucket_key and key_arn is not None,
            )
        ],
        opts=child,
    )
    aws.s3.BucketLifecycleConfiguration(
        name,
        bucket=bucket.id,
        rules=_lifecycle(expire_days, noncurrent_days),
        # What happens to versions is only defined once there are any.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[versioning]),
    )
    if locked_days is not None:
        aws.s3.BucketObjectLockConfiguration(
            name,
            bucket=bucket.id,
            rule=aws.s3.BucketObjectLockConfigurationRuleArgs(
                default_retention=aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                    mode="GOVERNANCE", days=locked_days
                )
            ),
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[versioning]),
        )
    return bucket


def _encryption(
    key_arn: pulumi.Input[str] | None,
) -> aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs:
    return aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="AES256" if key_arn is None else "aws:kms", kms_master_key_id=key_arn
    )


def _lifecycle(expire_days: int, noncurrent_days: int) -> Sequence[aws.s3.BucketLifecycleConfigurationRuleArgs]:
    every_object = aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
    return [
        aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="expire",
            status="Enabled",
            filter=every_object,
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=expire_days),
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=noncurrent_days
            ),
            abort_incomplete_multipart_upload=(
                aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                    days_after_initiation=_UPLOAD_DAYS
                )
            ),
        ),
        # S3 takes this and `days` in different rules only.
        aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="remove-delete-markers",
            status="Enabled",
            filter=every_object,
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True),
        ),
    ]
