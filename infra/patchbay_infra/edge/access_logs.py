"""The bucket that the load balancer logs every request to."""

import pulumi
from pulumi_aws import s3

from patchbay_infra.context import Context
from patchbay_infra.policy_document import allow, deny, document


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


def _policy(context: Context, bucket_name: str) -> pulumi.Output[str]:
    bucket = f"arn:aws:s3:::{bucket_name}"
    # The service writes below the account of the load balancer, so no other account's logs are let in.
    delivery = {
        "Sid": "LogDelivery",
        **allow(["s3:PutObject"], [f"{bucket}/AWSLogs/{context.account_id}/*"]),
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
    }
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    return document(
        delivery,
        {"Sid": "PlainConnection", **deny(["s3:*"], [bucket, f"{bucket}/*"], plain), "Principal": "*"},
    )
