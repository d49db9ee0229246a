"""The bucket of payloads, and the bucket of who asked for them."""

from typing import Final

import pulumi
import pulumi_aws as aws

from patchbay_infra.context import Context
from patchbay_infra.objects import policies
from patchbay_infra.objects.bucket import private_bucket
from patchbay_infra.objects.config import ObjectsConfig

_LOG_PREFIX: Final = "payloads/"


class Objects(pulumi.ComponentResource):
    """An S3 bucket for payloads, encrypted with the environment's key, whose every request is logged in another."""

    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        config: ObjectsConfig,
        *,
        context: Context,
        data_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:Objects", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        payloads = private_bucket(
            f"{name}-payloads",
            context=context,
            expire_days=config.expire_days,
            noncurrent_days=config.noncurrent_days,
            key_arn=data_key_arn,
            force_destroy=config.force_destroy,
            parent=self,
        )
        logs = private_bucket(
            f"{name}-logs",
            context=context,
            expire_days=config.access_log_days,
            noncurrent_days=config.noncurrent_days,
            key_arn=None,
            force_destroy=config.force_destroy,
            parent=self,
        )
        aws.s3.BucketPolicy(
            f"{name}-payloads",
            bucket=payloads.id,
            policy=policies.payloads(payloads.arn, data_key_arn),
            opts=child,
        )
        logs_policy = aws.s3.BucketPolicy(
            f"{name}-logs",
            bucket=logs.id,
            policy=policies.access_logs(logs.arn, payloads.arn, _LOG_PREFIX, context),
            opts=child,
        )
        aws.s3.BucketLogging(
            f"{name}-payloads",
            bucket=payloads.id,
            target_bucket=logs.id,
            target_prefix=_LOG_PREFIX,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs_policy]),
        )
        self.bucket_name = payloads.bucket
        self.bucket_arn = payloads.arn
        self.register_outputs({"bucketName": self.bucket_name, "bucketArn": self.bucket_arn})
