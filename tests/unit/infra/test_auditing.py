"""Who watches over the account: made by this stack, or stated as given by the landing zone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pulumi
import pytest
import yaml
from botocore.session import Session
from patchbay_infra.auditing.component import Auditing
from patchbay_infra.auditing.config import AuditingConfig
from patchbay_infra.context import Context
from pydantic import ValidationError

from .data_services import assert_tagged_uniquely, refusal
from .mocks import ACCOUNT, PRODUCTION, STAGING, Recorded, mock_arn, record

GUARDS: Final = ("cloudTrail", "guardDuty", "securityHub", "awsConfig")
MADE: Final[Mapping[str, Any]] = dict.fromkeys(GUARDS, "made")
GIVEN: Final[Mapping[str, Any]] = {guard: {"givenBy": "the organization's security account"} for guard in GUARDS}
RECORDS_KEY: Final = mock_arn("auditing-records")
TRAIL: Final = f"arn:aws:cloudtrail:eu-central-1:{ACCOUNT}:trail/patchbay-production-auditing-trail"
# The elder form of runtime monitoring, which excludes it, and what watches over models of Bedrock, which has none here.
UNNAMED_FEATURES: Final = {"EKS_RUNTIME_MONITORING", "AI_ANALYST", "AI_PROTECTION"}
REPOSITORY: Final = Path(__file__).resolve().parents[3]


def auditing(values: Mapping[str, Any] = MADE, context: Context = PRODUCTION) -> Recorded:
    def program() -> None:
        Auditing(
            "auditing",
            AuditingConfig.model_validate(values),
            context=context,
            topic_arn=mock_arn("topic"),
            opts=pulumi.ResourceOptions(),
        )

    return record(program, outputs={"kms/key:Key": {"keyId": "key-id"}})


@pytest.fixture(scope="module")
def made() -> Recorded:
    return auditing()


def policy(recorded: Recorded, bucket: str) -> Mapping[str, Mapping[str, Any]]:
    text = recorded.one("s3/bucketPolicy:BucketPolicy", bucket).inputs["policy"]
    return {statement["Sid"]: statement for statement in json.loads(text)["Statement"]}


def test_the_trail_has_every_region_and_shows_whether_it_was_changed(made: Recorded) -> None:
    trail = made.one("cloudtrail/trail:Trail").inputs
    assert trail["name"] == "patchbay-production-auditing-trail"
    for switch in ("isMultiRegionTrail", "includeGlobalServiceEvents", "enableLogFileValidation", "enableLogging"):
        assert trail[switch] is True
    assert trail["kmsKeyId"] == RECORDS_KEY
    assert trail["s3BucketName"] == "auditing-trail-id"


def test_cloudtrail_is_not_refused_for_a_right_to_decrypt(made: Recorded) -> None:
    """Which it asks for where the bucket has an S3 Bucket Key (its guide, "Configure AWS KMS key policies")."""
    encryption = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = made.one(encryption, "auditing-trail").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": RECORDS_KEY}
    assert rule["bucketKeyEnabled"] is False


def test_what_is_recorded_has_a_key_of_its_own_for_this_trail_and_the_accounts_recorder(made: Recorded) -> None:
    """Source: CloudTrail's guide, "Configure AWS KMS key policies for CloudTrail"."""
    key = made.one("kms/key:Key")
    assert key.protect
    assert key.inputs["enableKeyRotation"] is True
    own, *others = json.loads(key.inputs["policy"])["Statement"]
    assert own["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    found = {statement["Sid"]: statement for statement in others}
    assert found["Trail"]["Principal"] == found["TrailKey"]["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
    assert (found["Trail"]["Action"], found["TrailKey"]["Action"]) == (["kms:GenerateDataKey*"], ["kms:DescribeKey"])
    assert found["Trail"]["Condition"]["StringEquals"] == {
        "aws:SourceArn": TRAIL,
        "kms:EncryptionContext:aws:cloudtrail:arn": TRAIL,
    }
    assert found["TrailKey"]["Condition"]["StringEquals"] == {"aws:SourceArn": TRAIL}
    assert found["Settings"]["Principal"] == {"Service": "config.amazonaws.com"}
    assert found["Settings"]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_a_trail_outlives_its_key_in_no_order_of_deletion(made: Recorded) -> None:
    """CloudTrail writes nothing with a key that is gone: what is made after the key is deleted before it."""
    for user in (made.one("cloudtrail/trail:Trail"), made.one("cfg/deliveryChannel:DeliveryChannel")):
        assert "auditing-records" in user.after, user.name


def test_nobody_deletes_a_trail_before_its_time(made: Recorded) -> None:
    bucket = made.one("s3/bucket:Bucket", "auditing-trail")
    assert bucket.protect
    assert bucket.inputs["objectLockEnabled"] is True
    lock = made.one("s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration", "auditing-trail").inputs
    assert lock["rule"]["defaultRetention"] == {"mode": "GOVERNANCE", "days": 90}
    unlocking = policy(made, "auditing-trail")["Unlocking"]
    assert (unlocking["Effect"], unlocking["Principal"]) == ("Deny", "*")
    assert unlocking["Action"] == ["s3:BypassGovernanceRetention"]


def test_cloudtrail_writes_for_this_trail_only_below_this_account(made: Recorded) -> None:
    """Source: CloudTrail's guide, "Amazon S3 bucket policy for CloudTrail"."""
    found = policy(made, "auditing-trail")
    for sid, action in (("Look", "s3:GetBucketAcl"), ("Write", "s3:PutObject")):
        assert found[sid]["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        assert found[sid]["Action"] == [action]
        assert found[sid]["Condition"]["StringEquals"]["aws:SourceArn"] == TRAIL
    assert found["Write"]["Resource"] == [f"{mock_arn('auditing-trail')}/AWSLogs/{ACCOUNT}/*"]
    assert found["Write"]["Condition"]["StringEquals"]["s3:x-amz-acl"] == "bucket-owner-full-control"


def test_config_records_every_setting_by_its_own_role_into_a_bucket_that_it_may_write_to(made: Recorded) -> None:
    recorder = made.one("cfg/recorder:Recorder").inputs
    assert recorder["recordingGroup"] == {"allSupported": True, "includeGlobalResourceTypes": True}
    assert recorder["roleArn"].endswith(":role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig")
    assert made.one("cfg/recorderStatus:RecorderStatus").inputs["isEnabled"] is True
    channel = made.one("cfg/deliveryChannel:DeliveryChannel").inputs
    assert (channel["s3BucketName"], channel["s3KmsKeyArn"]) == ("auditing-config-id", RECORDS_KEY)
    # Config delivers into no bucket with a default retention.
    assert "objectLockEnabled" not in made.one("s3/bucket:Bucket", "auditing-config").inputs
    written = policy(made, "auditing-config")["Write"]
    assert written["Principal"] == {"Service": "config.amazonaws.com"}
    assert written["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT


def test_guardduty_watches_clusters_nodes_and_objects(made: Recorded) -> None:
    detector = made.one("guardduty/detector:Detector")
    assert detector.inputs["enable"] is True
    features = {one.inputs["name"]: one.inputs for one in made.of("guardduty/detectorFeature:DetectorFeature")}
    assert {"EKS_AUDIT_LOGS", "RUNTIME_MONITORING", "S3_DATA_EVENTS"} <= set(features)
    assert {one["status"] for one in features.values()} == {"ENABLED"}
    assert {one["detectorId"] for one in features.values()} == {detector.id}
    agents = {one["name"]: one["status"] for one in features["RUNTIME_MONITORING"]["additionalConfigurations"]}
    assert {name for name, status in agents.items() if status == "ENABLED"} == {"EKS_ADDON_MANAGEMENT"}


def test_no_feature_of_guardduty_is_on_that_the_program_does_not_name(made: Recorded) -> None:
    """AWS turns on what a new detector is not told of (API reference, CreateDetector)."""
    known = Session().get_service_model("guardduty").shape_for("DetectorFeature").metadata["enum"]
    named = {one.inputs["name"] for one in made.of("guardduty/detectorFeature:DetectorFeature")}
    assert set(known) - named == UNNAMED_FEATURES


def test_a_part_that_aws_adds_to_a_feature_is_no_change_that_a_deployment_would_be_denied(made: Recorded) -> None:
    """RDS_LOGIN_EVENTS has got one (botocore: FeatureAdditionalConfiguration); terraform-provider-aws issue 36695."""
    for feature in made.of("guardduty/detectorFeature:DetectorFeature"):
        stated = "additionalConfigurations" in feature.inputs
        assert feature.ignored == (() if stated else ("additionalConfigurations",)), feature.name


@pytest.mark.parametrize("values", [MADE, GIVEN], ids=["made", "given"])
def test_threats_of_high_severity_are_told_to_the_on_call(values: Mapping[str, Any]) -> None:
    recorded = auditing(values)
    rule = recorded.one("cloudwatch/eventRule:EventRule").inputs
    assert json.loads(rule["eventPattern"]) == {
        "source": ["aws.guardduty"],
        "detail-type": ["GuardDuty Finding"],
        "detail": {"severity": [{"numeric": [">=", 7]}]},
    }
    target = recorded.one("cloudwatch/eventTarget:EventTarget").inputs
    assert (target["arn"], target["rule"]) == (mock_arn("topic"), rule["name"])
    # A role for it may stop what is sent to an encrypted topic (EventBridge's guide, "Using resource-based policies").
    assert "roleArn" not in target


def test_security_hub_judges_by_one_standard(made: Recorded) -> None:
    assert made.one("securityhub/account:Account").inputs["enableDefaultStandards"] is False
    standard = made.one("securityhub/standardsSubscription:StandardsSubscription").inputs["standardsArn"]
    assert standard == "arn:aws:securityhub:eu-central-1::standards/aws-foundational-security-best-practices/v/1.0.0"


@pytest.mark.parametrize("guard", GUARDS)
def test_what_is_given_is_not_made_a_second_time(guard: str, made: Recorded) -> None:
    types = {
        "cloudTrail": "cloudtrail/",
        "guardDuty": "guardduty/",
        "securityHub": "securityhub/",
        "awsConfig": "cfg/",
    }
    left = auditing({**MADE, guard: {"givenBy": "the organization's security account"}})
    assert any(types[guard] in one.type for one in made.resources)
    assert not any(types[guard] in one.type for one in left.resources)
    assert all(any(kind in one.type for one in left.resources) for key, kind in types.items() if key != guard)


def test_no_key_is_made_where_nothing_is_recorded_here() -> None:
    assert not auditing({**MADE, "cloudTrail": GIVEN["cloudTrail"], "awsConfig": GIVEN["awsConfig"]}).of("kms/key:Key")


def test_nothing_is_made_where_nothing_is_said() -> None:
    assert [one.type for one in auditing({}, STAGING).resources] == ["patchbay:infra:Auditing"]


def test_everything_can_be_found_by_its_name_tag(made: Recorded) -> None:
    assert_tagged_uniquely(made)


@pytest.mark.parametrize("guard", GUARDS)
def test_production_says_of_each_guard_who_keeps_it(guard: str) -> None:
    silent = AuditingConfig.model_validate({**MADE, "awsConfig": "made", "securityHub": GIVEN[guard], guard: None})
    found = dict(silent.faults(production=True))
    assert set(found) == {guard}
    assert "write `made`, or `{givenBy: ...}`" in found[guard]
    assert not list(silent.faults(production=False))
    for values in (MADE, GIVEN):
        assert not list(AuditingConfig.model_validate(values).faults(production=True))


def test_production_locks_its_trail_for_a_while() -> None:
    short = AuditingConfig.model_validate({**MADE, "trailLockedDays": 7})
    assert [field for field, _ in short.faults(production=True)] == ["trailLockedDays"]
    assert not list(AuditingConfig.model_validate({**GIVEN, "trailLockedDays": 7}).faults(production=True))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"cloudTrail": "yes"}, "cloudTrail: write `made`, or `{givenBy: ...}` with who gives it"),
        ({"cloudTrail": {}}, "cloudTrail: write `made`, or `{givenBy: ...}`"),
        ({"cloudTrail": {"made": True}}, "cloudTrail: write `made`, or `{givenBy: ...}`"),
        ({"guardDuty": {"givenBy": ""}}, "guardDuty.givenBy: String should have at least 3 characters"),
        ({"guardDuty": {"givenby": "somebody"}}, "guardDuty.givenby: unknown key"),
        ({"securityHub": "made"}, "name `awsConfig` as well"),
        ({"trailDays": 100, "trailLockedDays": 200}, "`trailLockedDays` is more than `trailDays`"),
        ({"inspector": "made"}, "inspector: unknown key; correct its spelling or remove it"),
    ],
)
def test_a_wrong_config_is_refused_with_the_field_and_the_remedy(change: Mapping[str, Any], told: str) -> None:
    assert told in refusal(AuditingConfig, change)


def test_no_value_of_a_refused_config_is_repeated() -> None:
    with pytest.raises(ValidationError) as refused:
        AuditingConfig.model_validate({"cloudTrail": "example-value"})
    assert "example-value" not in str(refused.value)


def test_stacks_that_share_an_account_do_not_make_a_guard_twice() -> None:
    """AWS refuses the second of an account and region: `tests/standins/aws/refusals/guards.py` has its words."""
    makers: dict[tuple[str, str, str], list[str]] = {}
    for file in REPOSITORY.glob("Pulumi.*.yaml"):
        infra = yaml.safe_load(file.read_text())["config"]["patchbay:infra"]
        for guard, who in infra.get("auditing", {}).items():
            if who == "made":
                place = (infra["aws"]["accountId"], infra["aws"]["region"], guard)
                makers.setdefault(place, []).append(file.name)
    assert makers
    assert [place for place, files in makers.items() if len(files) > 1] == []
