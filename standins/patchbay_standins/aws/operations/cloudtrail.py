"""CloudTrail: what a trail asks of its bucket's and its key's policies before it is made.

Sources: API reference, CreateTrail, "Errors"; CloudTrail's guide, "Configure AWS KMS key policies for CloudTrail": it
asks for `kms:Decrypt` where the bucket has an S3 Bucket Key. Conditions other than the source's ARN are left out of
account.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from moto.cloudtrail.models import cloudtrail_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends

from patchbay_standins.aws import policy_documents
from patchbay_standins.aws.policy_documents import Statement
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Served, Service

SERVICE: Final = Service("cloudtrail")
_PRINCIPAL: Final = "cloudtrail.amazonaws.com"


@SERVICE.operation("CreateTrail")
def create_trail(call: Call) -> Served:
    name = call["Name"]
    if name in cloudtrail_backends[call.account][call.region].trails:
        raise AwsError("TrailAlreadyExistsException", f"Trail {name} already exists for customer: {call.account}")
    arn = call.arn(f"trail/{name}")
    _require_bucket(call, arn)
    if call.get("KmsKeyId"):
        _require_key(call, arn)
    return BY_MOTO


def _require_bucket(call: Call, trail: str) -> None:
    """A bucket that is not there is moto's to refuse."""
    name = call["S3BucketName"]
    bucket: Any = s3_backends[call.account]["aws"].buckets.get(name)
    if bucket is None:
        return
    text = bucket.policy.decode() if isinstance(bucket.policy, bytes) else bucket.policy
    found = list(_for_the_trail(policy_documents.statements(text), trail))
    prefix = f"{call['S3KeyPrefix']}/" if call.get("S3KeyPrefix") else ""
    files = f"arn:aws:s3:::{name}/{prefix}AWSLogs/{call.account}/CloudTrail/file"
    for action, resource in (("s3:GetBucketAcl", f"arn:aws:s3:::{name}"), ("s3:PutObject", files)):
        if not any(policy_documents.allows(statement, [action], resource) for statement in found):
            raise AwsError(
                "InsufficientS3BucketPolicyException", f"Incorrect S3 bucket policy is detected for bucket: {name}"
            )


def _require_key(call: Call, trail: str) -> None:
    key: Any = kms_backends[call.account][call.region].keys.get(call["KmsKeyId"].rpartition("/")[2])
    if key is None:
        raise AwsError("KmsKeyNotFoundException", f"KMS key {call['KmsKeyId']} is not there")
    found = list(_for_the_trail(policy_documents.statements(key.policy), trail))
    for action in ("kms:DescribeKey", "kms:GenerateDataKey", *(["kms:Decrypt"] if _has_bucket_key(call) else [])):
        if not any(policy_documents.allows(statement, [action]) for statement in found):
            raise AwsError(
                "InsufficientEncryptionPolicyException",
                f"Insufficient permissions to access S3 bucket {call['S3BucketName']} or KMS key {call['KmsKeyId']}.",
            )


def _has_bucket_key(call: Call) -> bool:
    bucket: Any = s3_backends[call.account]["aws"].buckets[call["S3BucketName"]]
    rules = policy_documents.listed(((bucket.encryption or {}).get("Rule")) or [])
    return any(str(rule.get("BucketKeyEnabled", "false")).lower() == "true" for rule in rules)


def _for_the_trail(found: list[Statement], trail: str) -> Iterator[Statement]:
    """Statements about CloudTrail that are not for other trails only."""
    for statement in found:
        if _PRINCIPAL not in policy_documents.principals(statement, "Service"):
            continue
        sources = [
            pattern
            for keys in statement.get("Condition", {}).values()
            for key, patterns in keys.items()
            if key.lower() == "aws:sourcearn"
            for pattern in policy_documents.listed(patterns)
        ]
        if not sources or any(fnmatchcase(trail, pattern) for pattern in sources):
            yield statement
