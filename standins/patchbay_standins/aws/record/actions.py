"""The IAM action of an operation, where it is not called like the operation."""

from collections.abc import Mapping
from typing import Any, Final

from patchbay_standins.aws.record import values

# IAM's prefixes by botocore's names of services, where they differ.
_PREFIXES: Final[Mapping[str, str]] = {
    "elbv2": "elasticloadbalancing",
    "opensearch": "es",
    "service-quotas": "servicequotas",
}
# Sources: Amazon S3 API reference, "Permissions" of each operation; Billing guide, "Managing access permissions" of
# budgets; Service Authorization Reference.
_OTHERS: Final[Mapping[str, Mapping[str, str]]] = {
    "budgets": {
        "CreateBudget": "ModifyBudget",
        "DeleteBudget": "ModifyBudget",
        "DescribeBudget": "ViewBudget",
        "DescribeBudgets": "ViewBudget",
        "DescribeNotificationsForBudget": "ViewBudget",
        "DescribeSubscribersForNotification": "ViewBudget",
        "UpdateBudget": "ModifyBudget",
        "CreateNotification": "ModifyBudget",
        "DeleteNotification": "ModifyBudget",
        "UpdateNotification": "ModifyBudget",
    },
    "s3": {
        "CompleteMultipartUpload": "PutObject",
        "CopyObject": "PutObject",
        "CreateMultipartUpload": "PutObject",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "DeleteBucketTagging": "PutBucketTagging",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
        "GetBucketEncryption": "GetEncryptionConfiguration",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "GetBucketReplication": "GetReplicationConfiguration",
        "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
        "HeadBucket": "ListBucket",
        "ListBuckets": "ListAllMyBuckets",
        "ListObjectVersions": "ListBucketVersions",
        "ListObjects": "ListBucket",
        "ListObjectsV2": "ListBucket",
        "PutBucketEncryption": "PutEncryptionConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
        "UploadPart": "PutObject",
    },
}


def prefix(service: str) -> str:
    """Of a service as botocore names it."""
    return _PREFIXES.get(service, service)


def name(service: str, operation: str, parameters: Mapping[str, Any]) -> str:
    """Without the prefix."""
    if service == "s3" and operation in {"DeleteObject", "DeleteObjects", "GetObject", "HeadObject"}:
        # A version is another resource than the object as it stands.
        versioned = values.at(parameters, "VersionId") or values.at(parameters, "Delete.Objects.VersionId")
        return f"{'Delete' if 'Delete' in operation else 'Get'}Object{'Version' if versioned else ''}"
    return _OTHERS.get(service, {}).get(operation, operation)
