"""S3: buckets, and what is set on them one by one."""

from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import document
from patchbay_standins.pulumi_plugins.aws_provider.resource import AwsError, Resource, Values
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Step, Tags, Update

# The one region that has no name in a request.
_FIRST_REGION: Final = "us-east-1"
# Ids of the zones in which the buckets' names are, as Amazon lists them by region.
_ZONES: Final = {
    "eu-central-1": "Z21DNDUVLTQW6Q",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
    "us-east-1": "Z3AQBSTGFYJSTF",
}


def _create_bucket(resource: Resource) -> dict[str, Any]:
    place = {} if resource.region == _FIRST_REGION else {"LocationConstraint": resource.region}
    resource.call(
        "create_bucket",
        Bucket=resource.inputs["bucket"],
        **({"CreateBucketConfiguration": place} if place else {}),
        **({"ObjectLockEnabledForBucket": True} if resource.inputs.get("objectLockEnabled") else {}),
    )
    return {}


def _read_bucket(resource: Resource) -> dict[str, Any]:
    """The tags are what a bucket alone tells; the rest is made of its name and place."""
    location = resource.call("get_bucket_location", Bucket=resource.id).get("LocationConstraint") or _FIRST_REGION
    name = resource.id
    found = {
        "Bucket": name,
        "Arn": f"arn:aws:s3:::{name}",
        "BucketDomainName": f"{name}.s3.amazonaws.com",
        "BucketRegion": location,
        "BucketRegionalDomainName": f"{name}.s3.{location}.amazonaws.com",
        "HostedZoneId": _ZONES.get(location),
    }
    try:
        return {**found, "TagSet": resource.call("get_bucket_tagging", Bucket=name)["TagSet"]}
    except AwsError as error:
        if error.code != "NoSuchTagSet":
            raise
        return found


def _tag_bucket(resource: Resource, tags: Any) -> None:
    if tags:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        resource.call("put_bucket_tagging", Bucket=resource.id, Tagging={"TagSet": listed})
    else:
        resource.call("delete_bucket_tagging", Bucket=resource.id)


def _delete_bucket(resource: Resource) -> None:
    if resource.inputs.get("forceDestroy"):
        _empty(resource)
    resource.call("delete_bucket", Bucket=resource.id)


def _empty(resource: Resource) -> None:
    """Deletes every version of every object."""
    while True:
        listed = resource.call("list_object_versions", Bucket=resource.id)
        objects = [
            {"Key": item["Key"], "VersionId": item["VersionId"]}
            for item in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ()))
        ]
        if not objects:
            return
        resource.call("delete_objects", Bucket=resource.id, Delete={"Objects": objects, "Quiet": True})


def _suspend_versioning(resource: Resource) -> None:
    """Versioning that was on once can only be suspended, and not even that where objects are locked.

    The provider then leaves it on (`internal/service/s3/bucket_versioning.go`).
    """
    try:
        resource.call("put_bucket_versioning", Bucket=resource.id, VersioningConfiguration={"Status": "Suspended"})
    except AwsError as error:
        if error.code != "InvalidBucketState":
            raise


def _unlock(resource: Resource) -> None:
    """A bucket that locks objects does so for ever; what goes is how long by default."""
    resource.call(
        "put_object_lock_configuration",
        Bucket=resource.id,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"},
    )


def _stop_logging(resource: Resource) -> None:
    resource.call("put_bucket_logging", Bucket=resource.id, BucketLoggingStatus={})


_BUCKET: Final = {"Bucket": "{id}"}
_BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _block(name: str) -> Field:
    member = name[0].upper() + name[1:]
    return Field(name, aws=f"PublicAccessBlockConfiguration.{member}", default=False)


def _setting(
    kind: str,
    noun: str,
    *fields: Field,
    at: str = "@",
    delete: Step | None = None,
    required: tuple[str, ...] = (),
    defaults: Values | None = None,
) -> Row:
    """What S3 puts on a bucket as a whole, under the bucket's name; `at`: where the answer to its read has it."""
    put = Call(f"put_{noun}")
    return Row(
        f"aws:s3/bucket{kind}:Bucket{kind}",
        "s3",
        create=put,
        id="{bucket}",
        read=Call(f"get_{noun}", _BUCKET, at=at),
        updates=(Update(tuple(field.name for field in fields), put),),
        delete=delete or Call(f"delete_{noun}", _BUCKET),
        fields=fields,
        name="bucket",
        required=required,
        defaults=defaults or {},
    )


ROWS = (
    Row(
        "aws:s3/bucket:Bucket",
        "s3",
        create=_create_bucket,
        id="{bucket}",
        read=_read_bucket,
        delete=_delete_bucket,
        fields=(
            Field("forceDestroy", aws="", default=False),
            Field("objectLockEnabled", aws="", read="", default=False),
        ),
        tags=Tags(write=_tag_bucket),
        handles=("bucket", "objectLockEnabled"),
        options=("forceDestroy",),
        name="bucket",
        required=("bucket",),
    ),
    _setting(
        "Versioning",
        "bucket_versioning",
        Field("versioningConfiguration", read="@"),
        at="Status && @",
        delete=_suspend_versioning,
    ),
    _setting(
        "ServerSideEncryptionConfiguration",
        "bucket_encryption",
        Field("rules", aws="ServerSideEncryptionConfiguration.Rules"),
    ),
    _setting("PublicAccessBlock", "public_access_block", *(_block(name) for name in _BLOCKS)),
    _setting(
        "LifecycleConfiguration",
        "bucket_lifecycle_configuration",
        Field("rules", aws="LifecycleConfiguration.Rules", read="Rules"),
        Field("transitionDefaultMinimumObjectSize"),
        delete=Call("delete_bucket_lifecycle", _BUCKET),
        required=("rules",),
    ),
    _setting(
        "ObjectLockConfiguration",
        "object_lock_configuration",
        Field("objectLockEnabled", aws="ObjectLockConfiguration.ObjectLockEnabled", default="Enabled"),
        Field("rule", aws="ObjectLockConfiguration.Rule"),
        delete=_unlock,
        defaults={"objectLockEnabled": "Enabled"},
    ),
    _setting("Policy", "bucket_policy", document("policy")),
    _setting("OwnershipControls", "bucket_ownership_controls", Field("rule", aws="OwnershipControls.Rules")),
    _setting(
        "Logging",
        "bucket_logging",
        *(
            Field(f"target{name}", aws=f"BucketLoggingStatus.LoggingEnabled.Target{name}", read=f"Target{name}")
            for name in ("Bucket", "Grants", "ObjectKeyFormat", "Prefix")
        ),
        at="LoggingEnabled",
        delete=_stop_logging,
    ),
)
