"""The bucket that the load balancer logs every request to."""

import json

import pulumi
from pulumi_aws import s3

from patchbay_infra.context import Context


class AccessLogs(pulumi.ComponentResource):
    """`bucket` may be handed to the load balancer once `ready` exists.

    Elastic Load Balancing writes only where S3's own keys encrypt (SSE-S3), hence no key of ours.
    """

    bucket: pulumi.Output[str]
    ready: pulumi.Resource

    def __init__(self, name: str, *, context: Context, days: int, opts: pulumi.ResourceOptions) -> None:
        super().__init__("patchbay:infra:AccessLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Buckets of all accounts share one room of names.
        bucket_name = f"{context.name('edge-logs')}-{context.account_id}"
        bucket = s3.Bucket(
            name,
            bucket=bucket_name,
            force_destroy=not context.production,
            tags=context.tags("edge-logs"),
            opts=pulumi.ResourceOptions(parent=self, protect=context.production, delete_before_replace=True),
        )
        s3.BucketOwnershipControls(
            name,
            bucket=bucket.id,
            rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.id,
            rules=[
                s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="AES256"
                    )
                )
            ],
            opts=child,
        )
        s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.id,
            rules=[
                s3.BucketLifecycleConfigurationRuleArgs(
                    id="expire",
                    status="Enabled",
                    filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days),
                    abort_incomplete_multipart_upload=s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                        days_after_initiation=1
                    ),
                )
            ],
            opts=child,
        )
        block = s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        # S3 refuses two changes of a bucket's access at once.
        self.ready = s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=_policy(context, bucket_name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[block]),
        )
        self.bucket = bucket.id
        self.register_outputs({"bucket": self.bucket})


def _policy(context: Context, bucket_name: str) -> str:
    bucket = f"arn:aws:s3:::{bucket_name}"
    delivery = {
        "Sid": "LogDelivery",
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        # The service writes below the account of the load balancer, so no other account's logs are let in.
        "Resource": f"{bucket}/AWSLogs/{context.account_id}/*",
    }
    encrypted = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket, f"{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [delivery, encrypted]})
