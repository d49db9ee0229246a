"""S3: what moto gets wrong of it, and what is refused.

Versions can be deleted while versioning is suspended: moto deletes all of a key then, and fails at markers. A log
may go where a policy lets it, however that is written: moto knows no lists of resources and no principal but a service.
"""

import json
from typing import Any, Final

from moto.s3.models import s3_backends

from patchbay_standins.aws.policy_documents import Statement, principals, statements
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served, Service

SERVICE: Final = Service("s3")
_LOGGING: Final = "logging.s3.amazonaws.com"


@SERVICE.operation("DeleteObjects")
def delete_objects(call: Call) -> Result | Served:
    bucket: Any = s3_backends[call.account]["aws"].get_bucket(call["Bucket"])
    wanted = call["Delete"]["Objects"]
    if bucket.versioning_status != "Suspended" or any("VersionId" not in item for item in wanted):
        return BY_MOTO
    for item in wanted:
        _delete_version(bucket.keys, item["Key"], item["VersionId"])
    return {} if call["Delete"].get("Quiet") else {"Deleted": list(wanted)}


@SERVICE.operation("PutBucketLogging")
def put_bucket_logging(call: Call) -> Result:
    backend: Any = s3_backends[call.account]["aws"]
    bucket = backend.get_bucket(call["Bucket"])
    wanted = call["BucketLoggingStatus"].get("LoggingEnabled") or {}
    target = backend.buckets.get(wanted.get("TargetBucket"))
    if wanted and (target is None or not _takes_logs(target, wanted.get("TargetPrefix", ""))):
        code = "InvalidTargetBucketForLogging"
        raise AwsError(code, "The target bucket is not there, or its policy does not let the logging service write")
    bucket.logging = wanted
    return {}


def _takes_logs(target: Any, prefix: str) -> bool:
    if not target.policy:
        return False
    places = {f"arn:aws:s3:::{target.name}/{prefix}*", f"arn:aws:s3:::{target.name}/*"}
    return any(
        statement["Effect"] == "Allow"
        and isinstance(principal := statement.get("Principal"), dict)
        and _LOGGING in _list(principal.get("Service"))
        and "s3:PutObject" in _list(statement["Action"])
        and places & set(_list(statement["Resource"]))
        for statement in json.loads(target.policy)["Statement"]
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@SERVICE.operation("DeleteBucket")
def delete_bucket(call: Call) -> Served:
    bucket = s3_backends[call.account]["aws"].buckets.get(call["Bucket"])
    # rebuy-de/aws-nuke 64
    if bucket is not None and bucket.keys and bucket.versioning_status:
        raise AwsError(
            "BucketNotEmpty",
            "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
            status=409,
        )
    return BY_MOTO


@SERVICE.operation("PutBucketPolicy")
def put_bucket_policy(call: Call) -> Served:
    bucket: Any = s3_backends[call.account]["aws"].buckets.get(call["Bucket"])
    block = getattr(bucket, "public_access_block", None)
    # torchbox/buckup 18
    if block and block.block_public_policy and any(map(_is_for_the_world, statements(call["Policy"]))):
        raise AwsError("AccessDenied", "Access Denied", status=403)
    return BY_MOTO


def _is_for_the_world(statement: Statement) -> bool:
    """As S3 means it, but for conditions: with any, a statement counts as one for somebody."""
    return statement.get("Effect") == "Allow" and "*" in principals(statement, "AWS") and not statement.get("Condition")


@SERVICE.operation("PutBucketVersioning")
def put_bucket_versioning(call: Call) -> Served:
    bucket: Any = s3_backends[call.account]["aws"].buckets.get(call["Bucket"])
    wanted = call["VersioningConfiguration"].get("Status")
    # terraform-aws-modules/terraform-aws-s3-bucket 90
    if getattr(bucket, "object_lock_enabled", False) and wanted == "Suspended":
        raise AwsError(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
            status=409,
        )
    return BY_MOTO


def _delete_version(keys: Any, name: str, version: str) -> None:
    kept = [key for key in keys.getlist(name, []) if str(key.version_id or "null") != version]
    keys.setlist(name, kept)
    if not kept:
        dict.pop(keys, name)
