"""S3 through boto3."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.standins.aws.account import REGION
from tests.standins.aws.launched import launched

BUCKET = {"Bucket": "example"}


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        client = account.client("s3")
        client.create_bucket(CreateBucketConfiguration={"LocationConstraint": REGION}, **BUCKET)
        yield client


def test_versions_are_deleted_while_versioning_is_suspended(s3: Any) -> None:
    s3.put_bucket_versioning(VersioningConfiguration={"Status": "Enabled"}, **BUCKET)
    for body in (b"1", b"2"):
        s3.put_object(Key="payload", Body=body, **BUCKET)
    s3.delete_object(Key="payload", **BUCKET)
    s3.put_bucket_versioning(VersioningConfiguration={"Status": "Suspended"}, **BUCKET)

    listed = s3.list_object_versions(**BUCKET)
    versions = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in listed["Versions"]]
    markers = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in listed["DeleteMarkers"]]
    s3.delete_objects(Delete={"Objects": versions[:1]}, **BUCKET)
    assert len(s3.list_object_versions(**BUCKET)["Versions"]) == 1
    deleted = s3.delete_objects(Delete={"Objects": [*versions[1:], *markers]}, **BUCKET)["Deleted"]
    assert len(deleted) == 2
    assert not {"Versions", "DeleteMarkers"} & s3.list_object_versions(**BUCKET).keys()
    s3.delete_bucket(**BUCKET)
    assert not s3.list_buckets()["Buckets"]


def test_an_absent_bucket_is_answered_as_absent(s3: Any) -> None:
    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket="absent")
