"""What the buckets refuse, whoever asks."""

import pulumi

from patchbay_infra import policy_document
from patchbay_infra.context import Context
from patchbay_infra.policy_document import Statement, allow, deny


def payloads(bucket_arn: pulumi.Output[str], key_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Refuses plain connections and any encryption but that of the environment's key.

    A request that names no encryption gets the bucket's own, hence `IfExists`.
    """
    objects = [pulumi.Output.concat(bucket_arn, "/*")]
    other_encryption = {"StringNotEqualsIfExists": {"s3:x-amz-server-side-encryption": "aws:kms"}}
    other_key = {"StringNotEqualsIfExists": {"s3:x-amz-server-side-encryption-aws-kms-key-id": key_arn}}
    return policy_document.document(
        *encrypted_connections(bucket_arn),
        anyone("OtherEncryption", deny(["s3:PutObject"], objects, other_encryption)),
        anyone("OtherKey", deny(["s3:PutObject"], objects, other_key)),
    )


def access_logs(
    logs_arn: pulumi.Output[str], source_arn: pulumi.Output[str], prefix: str, context: Context
) -> pulumi.Output[str]:
    """Lets S3 write the access logs of one bucket, and refuses plain connections."""
    write = allow(
        ["s3:PutObject"],
        [pulumi.Output.concat(logs_arn, f"/{prefix}*")],
        {"ArnLike": {"aws:SourceArn": source_arn}, "StringEquals": {"aws:SourceAccount": context.account_id}},
    )
    return policy_document.document(
        *encrypted_connections(logs_arn),
        {"Sid": "AccessLogs", **write, "Principal": {"Service": "logging.s3.amazonaws.com"}},
    )


def encrypted_connections(bucket_arn: pulumi.Output[str]) -> tuple[Statement, ...]:
    """Refuses what does not come by TLS 1.2 or newer."""
    everything = [bucket_arn, pulumi.Output.concat(bucket_arn, "/*")]
    return (
        anyone("PlainConnection", deny(["s3:*"], everything, {"Bool": {"aws:SecureTransport": "false"}})),
        anyone("OldTls", deny(["s3:*"], everything, {"NumericLessThan": {"s3:TlsVersion": "1.2"}})),
    )


def anyone(sid: str, statement: Statement) -> Statement:
    """The statement for whoever asks."""
    return {"Sid": sid, **statement, "Principal": "*"}
