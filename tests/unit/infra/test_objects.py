"""The bucket of payloads."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from patchbay_infra.context import Context
from patchbay_infra.objects.component import Objects
from patchbay_infra.objects.config import ObjectsConfig

from .data_services import DATA_KEY, assert_tagged_uniquely, refusal
from .mocks import PRODUCTION, STAGING, Created, Recorded, mock_arn, record

PAYLOADS, LOGS = "objects-payloads", "objects-logs"


def objects(values: Mapping[str, Any] | None = None, context: Context = PRODUCTION) -> Recorded:
    def program() -> Mapping[str, Any]:
        made = Objects(
            "objects",
            ObjectsConfig.model_validate(values or {}),
            context=context,
            data_key_arn=DATA_KEY,
            opts=pulumi.ResourceOptions(),
        )
        return {"name": made.bucket_name, "arn": made.bucket_arn}

    return record(program)


def setting(recorded: Recorded, token: str, bucket: str) -> Created:
    """The bucket's setting of that type, which must be of that very bucket."""
    found = recorded.one(token, bucket)
    assert found.inputs["bucket"] == f"{bucket}-id"
    return found


def statements(recorded: Recorded, bucket: str) -> Mapping[str, Mapping[str, Any]]:
    policy = setting(recorded, "s3/bucketPolicy:BucketPolicy", bucket).inputs["policy"]
    return {statement["Sid"]: statement for statement in json.loads(policy)["Statement"]}


@pytest.mark.parametrize("bucket", [PAYLOADS, LOGS])
def test_nothing_is_public_and_everything_is_the_account_s(bucket: str) -> None:
    recorded = objects()
    block = setting(recorded, "s3/bucketPublicAccessBlock:BucketPublicAccessBlock", bucket).inputs
    assert {block[key] for key in block if key != "bucket"} == {True}
    assert len(block) == 5
    owner = setting(recorded, "s3/bucketOwnershipControls:BucketOwnershipControls", bucket).inputs
    assert owner["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


@pytest.mark.parametrize("bucket", [PAYLOADS, LOGS])
def test_plain_connections_and_old_tls_are_refused_whoever_asks(bucket: str) -> None:
    found = statements(objects(), bucket)
    conditions = {
        "PlainConnection": {"Bool": {"aws:SecureTransport": "false"}},
        "OldTls": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    }
    for sid, condition in conditions.items():
        assert (found[sid]["Effect"], found[sid]["Principal"], found[sid]["Action"]) == ("Deny", "*", ["s3:*"])
        assert found[sid]["Resource"] == [mock_arn(bucket), f"{mock_arn(bucket)}/*"]
        assert found[sid]["Condition"] == condition


def test_payloads_are_encrypted_with_the_environment_s_key_and_no_other() -> None:
    recorded = objects()
    token = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = setting(recorded, token, PAYLOADS).inputs["rules"]
    assert rule == {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": DATA_KEY},
        "bucketKeyEnabled": True,
    }
    found = statements(recorded, PAYLOADS)
    assert found["OtherKey"]["Condition"] == {
        "StringNotEqualsIfExists": {"s3:x-amz-server-side-encryption-aws-kms-key-id": DATA_KEY}
    }
    assert {found[sid]["Effect"] for sid in ("OtherEncryption", "OtherKey")} == {"Deny"}


def test_access_logs_are_encrypted_in_the_only_way_in_which_s3_can_write_them() -> None:
    token = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = setting(objects(), token, LOGS).inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_payloads_and_what_they_replaced_are_gone_in_time() -> None:
    recorded = objects({"expireDays": 20, "noncurrentDays": 5})
    assert setting(recorded, "s3/bucketVersioning:BucketVersioning", PAYLOADS).inputs["versioningConfiguration"] == {
        "status": "Enabled"
    }
    rules = setting(recorded, "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", PAYLOADS).inputs["rules"]
    expire, markers = rules
    assert expire["expiration"] == {"days": 20}
    assert expire["noncurrentVersionExpiration"] == {"noncurrentDays": 5}
    assert expire["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 1}
    assert markers["expiration"] == {"expiredObjectDeleteMarker": True}
    assert {rule["status"] for rule in rules} == {"Enabled"}


def test_payloads_live_for_thirty_days_by_default() -> None:
    assert ObjectsConfig().expire_days == 30


def test_every_request_for_a_payload_is_logged_where_only_s3_writes() -> None:
    recorded = objects()
    logging = setting(recorded, "s3/bucketLogging:BucketLogging", PAYLOADS).inputs
    assert (logging["targetBucket"], logging["targetPrefix"]) == (f"{LOGS}-id", "payloads/")
    allowed = [one for one in statements(recorded, LOGS).values() if one["Effect"] == "Allow"]
    (write,) = allowed
    assert write["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert write["Resource"] == [f"{mock_arn(LOGS)}/payloads/*"]
    assert write["Condition"]["ArnLike"] == {"aws:SourceArn": mock_arn(PAYLOADS)}


def test_the_name_is_unique_among_all_accounts() -> None:
    assert objects().outputs == {
        "name": "patchbay-production-objects-payloads-111122223333",
        "arn": mock_arn(PAYLOADS),
    }


def test_production_s_buckets_are_kept_from_deletion() -> None:
    assert {one.protect for one in objects().of("s3/bucket:Bucket")} == {True}
    throw_away = objects({"forceDestroy": True}, STAGING).of("s3/bucket:Bucket")
    assert {(one.protect, one.inputs["forceDestroy"]) for one in throw_away} == {(False, True)}


def test_everything_can_be_found_by_its_name_tag() -> None:
    assert_tagged_uniquely(objects())


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"expireDays": 0}, "expireDays: Input should be greater than or equal to 1"),
        ({"noncurrentDays": -1}, "noncurrentDays: Input should be greater than or equal to 1"),
        ({"public": True}, "public: unknown key; correct its spelling or remove it"),
    ],
)
def test_a_wrong_config_is_refused_with_the_field_and_the_remedy(values: Mapping[str, Any], told: str) -> None:
    assert told in refusal(ObjectsConfig, values)


def test_production_refuses_to_delete_payloads_with_the_environment() -> None:
    config = ObjectsConfig(force_destroy=True)
    assert [field for field, _ in config.faults(production=True)] == ["forceDestroy"]
    assert config.faults(production=False) == []
    assert ObjectsConfig().faults(production=True) == []
