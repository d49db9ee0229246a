"""Rows of S3, tried with the arguments of the objects component."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.standins.aws.account import Account
from tests.standins.aws.launched import launched
from tests.standins.pulumi_plugins.aws.rows import change, destroy, program, settle
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

OBJECTS = """
key = aws.kms.Key("key", description="Data", tags={"Name": "data"}, opts=opts)

def private(name, arn):
    bucket = aws.s3.Bucket(name, bucket=name, force_destroy=True, tags=TAGS | {"Name": name}, opts=opts)
    aws.s3.BucketPublicAccessBlock(name, bucket=bucket.id, block_public_acls=True, block_public_policy=True,
        ignore_public_acls=True, restrict_public_buckets=True, opts=opts)
    aws.s3.BucketOwnershipControls(name, bucket=bucket.id,
        rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"), opts=opts)
    versioning = aws.s3.BucketVersioning(name, bucket=bucket.id,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"), opts=opts)
    how = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="aws:kms" if arn else "AES256", kms_master_key_id=arn)
    aws.s3.BucketServerSideEncryptionConfiguration(name, bucket=bucket.id,
        rules=[aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(apply_server_side_encryption_by_default=how,
            bucket_key_enabled=arn is not None)], opts=opts)
    everything = aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
    aws.s3.BucketLifecycleConfiguration(name, bucket=bucket.id, rules=[
        aws.s3.BucketLifecycleConfigurationRuleArgs(id="expire", status="Enabled", filter=everything,
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=DAYS),
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=7),
            abort_incomplete_multipart_upload=(
                aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(days_after_initiation=1))),
        aws.s3.BucketLifecycleConfigurationRuleArgs(id="markers", status="Enabled", filter=everything,
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True))],
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[versioning])))
    return bucket

def policy(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

payloads, logs = private("example-payloads", key.arn), private("example-logs", None)
everything = ["arn:aws:s3:::example-payloads", "arn:aws:s3:::example-payloads/*"]
aws.s3.BucketPolicy("payloads", bucket=payloads.id, policy=policy({"Effect": "Deny", "Principal": "*",
    "Action": "s3:*", "Resource": everything, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}), opts=opts)
allowed = aws.s3.BucketPolicy("logs", bucket=logs.id, policy=policy({"Effect": "Allow", "Action": "s3:PutObject",
    "Principal": {"Service": "logging.s3.amazonaws.com"}, "Resource": "arn:aws:s3:::example-logs/payloads/*"}),
    opts=opts)
aws.s3.BucketLogging("payloads", bucket=payloads.id, target_bucket=logs.id, target_prefix="payloads/",
    opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[allowed])))
pulumi.export("arn", payloads.arn)
pulumi.export("domain", payloads.bucket_regional_domain_name)
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        yield account


def test_buckets_are_made_kept_changed_and_deleted_with_their_objects(stack: Stack, account: Account) -> None:
    settle(stack, program(account, "DAYS, TAGS = 30, {'old': 'x'}\n" + OBJECTS, network=False))
    assert stack.outputs() == {
        "arn": "arn:aws:s3:::example-payloads",
        "domain": "example-payloads.s3.eu-central-1.amazonaws.com",
    }
    client = account.client("s3")
    bucket = {"Bucket": "example-payloads"}
    [rule] = client.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["BucketKeyEnabled"]
    assert client.get_bucket_versioning(**bucket)["Status"] == "Enabled"
    assert all(client.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"].values())
    assert client.get_bucket_logging(**bucket)["LoggingEnabled"]["TargetBucket"] == "example-logs"
    assert client.get_bucket_location(**bucket)["LocationConstraint"] == "eu-central-1"

    change(stack, program(account, "DAYS, TAGS = 60, {'new': 'x'}\n" + OBJECTS, network=False), updated=4)
    expire = client.get_bucket_lifecycle_configuration(**bucket)["Rules"][0]
    assert expire["Expiration"]["Days"] == 60
    tagged = {tag["Key"] for tag in client.get_bucket_tagging(**bucket)["TagSet"]}
    assert tagged == {"Name", "new"}

    # Not into the other bucket: moto takes its refusal of plain HTTP for one of everything.
    for body in (b"1", b"2"):
        client.put_object(Bucket="example-logs", Key="log", Body=body)
    client.delete_object(Bucket="example-logs", Key="log")
    destroy(stack)
    assert not client.list_buckets()["Buckets"]


def test_a_bucket_with_objects_stays_unless_it_is_to_be_emptied(stack: Stack, account: Account) -> None:
    text = program(
        account, "aws.s3.Bucket('kept', bucket='example-kept', force_destroy=FORCE, opts=opts)\n", network=False
    )
    stack.up("FORCE = False\n" + text)
    client = account.client("s3")
    client.put_object(Bucket="example-kept", Key="payload", Body=b"1")
    assert "BucketNotEmpty" in stack.fail("destroy", "--yes").output
    stack.up("FORCE = True\n" + text)
    destroy(stack)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        client.get_bucket_location(Bucket="example-kept")
