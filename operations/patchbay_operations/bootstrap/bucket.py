"""The bucket of Pulumi's state."""

import json
from typing import Any, Final

from botocore.exceptions import ClientError

from patchbay_operations.bootstrap.findings import RefusedError, Work, tag_list
from patchbay_operations.refusal import code

STEP: Final = "state bucket"
OLD_VERSION_DAYS: Final = 90
_FIELD: Final = "patchbay:infra.delivery.stateBucket"
_RULE: Final = "patchbay-old-versions"
# S3 makes a bucket there where no place is named, and refuses its name as a place.
_UNNAMED_REGION: Final = "us-east-1"
_BLOCKED: Final = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


def ensure(work: Work, key_arn: str | None) -> None:
    """Versioned, encrypted by the key, closed to the public, by TLS only; old versions go after a while.

    Every call names the account that the bucket has to be of: a name is the whole world's, and state in a stranger's
    bucket would be a stranger's. What a bucket has besides, statements and rules of others, stays.
    """
    client, name = work.access.client("s3"), work.stack.infra.delivery.state_bucket
    if _there(client, name, work.stack.infra.aws.account_id):
        work.found(STEP, name)
    else:
        work.make(STEP, name, lambda: _make(work, client))
        if work.dry_run:
            work.make(STEP, f"{name}: versions, encryption, public access block, TLS only, expiry", lambda: None)
            return
    target = {"Bucket": name, "ExpectedBucketOwner": work.stack.infra.aws.account_id}
    _versions(work, client, target)
    _encryption(work, client, target, key_arn)
    _public_access(work, client, target)
    _tls_only(work, client, target)
    _expiry(work, client, target)


def _there(client: Any, name: str, account: str) -> bool:
    try:
        client.head_bucket(Bucket=name, ExpectedBucketOwner=account)
    except ClientError as error:
        if code(error) in {"404", "NoSuchBucket"}:
            return False
        if code(error) in {"403", "AccessDenied"}:
            raise RefusedError(
                f"{_FIELD}: {name} is another account's, or you lack s3:ListBucket; take another name, or ask for the "
                "right"
            ) from error
        raise
    return True


def _make(work: Work, client: Any) -> None:
    name, region = work.stack.infra.delivery.state_bucket, work.access.region
    place = {} if region == _UNNAMED_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        client.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerEnforced", **place)
    except ClientError as error:
        if code(error) == "BucketAlreadyExists":
            raise RefusedError(f"{_FIELD}: {name} is another account's; take another name") from error
        raise
    tags = {"Name": work.stack.resource_name("pulumi-state"), **work.stack.tags}
    client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(tags)})


def _read(client: Any, call: str, target: dict[str, str], absent: str) -> dict[str, Any]:
    """The answer; empty where S3 says with the code `absent` that nothing is set."""
    try:
        return dict(getattr(client, call)(**target))
    except ClientError as error:
        if code(error) == absent:
            return {}
        raise


def _versions(work: Work, client: Any, target: dict[str, str]) -> None:
    if client.get_bucket_versioning(**target).get("Status") == "Enabled":
        work.found(STEP, "versions are kept")
        return
    wanted = {"Status": "Enabled"}
    work.make(STEP, "versions are kept", lambda: client.put_bucket_versioning(VersioningConfiguration=wanted, **target))


def _encryption(work: Work, client: Any, target: dict[str, str], key_arn: str | None) -> None:
    absent = "ServerSideEncryptionConfigurationNotFoundError"
    present = _read(client, "get_bucket_encryption", target, absent)
    rules = present.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    used = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID") for rule in rules]
    if key_arn is not None and used == [key_arn]:
        work.found(STEP, "encrypted by the state key")
        return
    if any(used):
        # What is in the bucket stays under the key that it has, which the delivery roles may not use.
        work.look(STEP, f"encrypted by {', '.join(filter(None, used))}, not by the state key; change it yourself")
        return
    # The delivery roles may use this key, and no other.
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    wanted = {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]}
    work.make(
        STEP,
        "encrypted by the state key",
        lambda: client.put_bucket_encryption(ServerSideEncryptionConfiguration=wanted, **target),
    )


def _public_access(work: Work, client: Any, target: dict[str, str]) -> None:
    present = _read(client, "get_public_access_block", target, "NoSuchPublicAccessBlockConfiguration")
    if present.get("PublicAccessBlockConfiguration") == _BLOCKED:
        work.found(STEP, "public access is blocked")
        return
    work.make(
        STEP,
        "public access is blocked",
        lambda: client.put_public_access_block(PublicAccessBlockConfiguration=_BLOCKED, **target),
    )


def _tls_only(work: Work, client: Any, target: dict[str, str]) -> None:
    present = _read(client, "get_bucket_policy", target, "NoSuchBucketPolicy").get("Policy")
    policy: dict[str, Any] = json.loads(present) if present else {"Version": "2012-10-17", "Statement": []}
    bucket = f"arn:aws:s3:::{target['Bucket']}"
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket, f"{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    stated = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    if statement in stated:
        work.found(STEP, "TLS only")
        return
    kept = [other for other in stated if other.get("Sid") != statement["Sid"]]
    wanted = json.dumps({**policy, "Statement": [*kept, statement]})
    work.make(STEP, "TLS only", lambda: client.put_bucket_policy(Policy=wanted, **target))


def _expiry(work: Work, client: Any, target: dict[str, str]) -> None:
    present = _read(client, "get_bucket_lifecycle_configuration", target, "NoSuchLifecycleConfiguration")
    rules = present.get("Rules", [])
    if any(rule.get("ID") == _RULE and rule["Status"] == "Enabled" for rule in rules):
        work.found(STEP, f"old versions expire by the rule {_RULE}")
        return
    rule = {
        "ID": _RULE,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": OLD_VERSION_DAYS},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    wanted = {"Rules": [*(other for other in rules if other.get("ID") != _RULE), rule]}
    work.make(
        STEP,
        f"old versions expire after {OLD_VERSION_DAYS} days",
        lambda: client.put_bucket_lifecycle_configuration(LifecycleConfiguration=wanted, **target),
    )
