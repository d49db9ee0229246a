"""S3: buckets, and what is set on them one by one."""

from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import document
from patchbay_standins.pulumi_plugins.aws_provider.resource import AwsError, Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update

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
    bucket = resource.inputs["bucket"]
    if resource.region == _FIRST_REGION:
        resource.call("create_bucket", Bucket=bucket)
    else:
        resource.call("create_bucket", Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": resource.region})
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
    """Versioning that was on once can only be suspended."""
    resource.call("put_bucket_versioning", Bucket=resource.id, VersioningConfiguration={"Status": "Suspended"})


def _stop_logging(resource: Resource) -> None:
    resource.call("put_bucket_logging", Bucket=resource.id, BucketLoggingStatus={})


_BUCKET: Final = {"Bucket": "{id}"}
_BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _block(name: str) -> Field:
    member = name[0].upper() + name[1:]
    return Field(name, aws=f"PublicAccessBlockConfiguration.{member}", default=False)


ROWS = (
    Row(
        "aws:s3/bucket:Bucket",
        "s3",
        create=_create_bucket,
        id="{bucket}",
        read=_read_bucket,
        delete=_delete_bucket,
        fields=(Field("forceDestroy", aws="", default=False),),
        tags=Tags(write=_tag_bucket),
        handles=("bucket",),
        options=("forceDestroy",),
        name="bucket",
        required=("bucket",),
    ),
    Row(
        "aws:s3/bucketVersioning:BucketVersioning",
        "s3",
        create=Call("put_bucket_versioning"),
        id="{bucket}",
        read=Call("get_bucket_versioning", _BUCKET, at="Status && @"),
        updates=(Update(("versioningConfiguration",), Call("put_bucket_versioning")),),
        delete=_suspend_versioning,
        fields=(Field("versioningConfiguration", read="@"),),
        name="bucket",
    ),
    Row(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "s3",
        create=Call("put_bucket_encryption"),
        id="{bucket}",
        read=Call("get_bucket_encryption", _BUCKET),
        updates=(Update(("rules",), Call("put_bucket_encryption")),),
        delete=Call("delete_bucket_encryption", _BUCKET),
        fields=(Field("rules", aws="ServerSideEncryptionConfiguration.Rules"),),
        name="bucket",
    ),
    Row(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "s3",
        create=Call("put_public_access_block"),
        id="{bucket}",
        read=Call("get_public_access_block", _BUCKET),
        updates=(Update(_BLOCKS, Call("put_public_access_block")),),
        delete=Call("delete_public_access_block", _BUCKET),
        fields=tuple(_block(name) for name in _BLOCKS),
        name="bucket",
    ),
    Row(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "s3",
        create=Call("put_bucket_lifecycle_configuration"),
        id="{bucket}",
        read=Call("get_bucket_lifecycle_configuration", _BUCKET),
        updates=(Update(("rules", "transitionDefaultMinimumObjectSize"), Call("put_bucket_lifecycle_configuration")),),
        delete=Call("delete_bucket_lifecycle", _BUCKET),
        fields=(Field("rules", aws="LifecycleConfiguration.Rules", read="Rules"),),
        name="bucket",
        required=("rules",),
    ),
    Row(
        "aws:s3/bucketPolicy:BucketPolicy",
        "s3",
        create=Call("put_bucket_policy"),
        id="{bucket}",
        read=Call("get_bucket_policy", _BUCKET),
        updates=(Update(("policy",), Call("put_bucket_policy")),),
        delete=Call("delete_bucket_policy", _BUCKET),
        fields=(document("policy"),),
        name="bucket",
    ),
    Row(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "s3",
        create=Call("put_bucket_ownership_controls"),
        id="{bucket}",
        read=Call("get_bucket_ownership_controls", _BUCKET),
        updates=(Update(("rule",), Call("put_bucket_ownership_controls")),),
        delete=Call("delete_bucket_ownership_controls", _BUCKET),
        fields=(Field("rule", aws="OwnershipControls.Rules"),),
        name="bucket",
    ),
    Row(
        "aws:s3/bucketLogging:BucketLogging",
        "s3",
        create=Call("put_bucket_logging"),
        id="{bucket}",
        read=Call("get_bucket_logging", _BUCKET, at="LoggingEnabled"),
        updates=(
            Update(
                ("targetBucket", "targetGrants", "targetObjectKeyFormat", "targetPrefix"), Call("put_bucket_logging")
            ),
        ),
        delete=_stop_logging,
        fields=tuple(
            Field(
                f"target{name}",
                aws=f"BucketLoggingStatus.LoggingEnabled.Target{name}",
                read=f"Target{name}",
            )
            for name in ("Bucket", "Grants", "ObjectKeyFormat", "Prefix")
        ),
        name="bucket",
    ),
)
