"""Rows of CloudTrail, AWS Config, GuardDuty, Security Hub and EventBridge, tried with the auditing's arguments."""

import json
from collections.abc import Iterator

import pytest
from patchbay_operations.access import Access

from tests.standins.aws.account import Account
from tests.standins.aws.launched import ACCOUNT, launched
from tests.standins.pulumi_plugins.aws.rounds import is_found_again, is_made_again
from tests.standins.pulumi_plugins.aws.rows import change, destroy, program, settle
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

GUARDS = """
bucket = aws.s3.Bucket("records", bucket="example-records", object_lock_enabled=True, tags={"Name": TAG}, opts=opts)
versioning = aws.s3.BucketVersioning("records", bucket=bucket.id,
    versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"), opts=opts)
aws.s3.BucketObjectLockConfiguration("records", bucket=bucket.id,
    rule=aws.s3.BucketObjectLockConfigurationRuleArgs(
        default_retention=aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(mode="GOVERNANCE", days=DAYS)),
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[versioning]))
policy = aws.s3.BucketPolicy("records", bucket=bucket.id, policy=json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
    "Action": ["s3:GetBucketAcl", "s3:PutObject"],
    "Resource": ["arn:aws:s3:::example-records", "arn:aws:s3:::example-records/AWSLogs/*"]}]}), opts=opts)
after = pulumi.ResourceOptions(provider=provider, depends_on=[policy])
aws.cloudtrail.Trail("trail", name="example", s3_bucket_name=bucket.id, is_multi_region_trail=True,
    include_global_service_events=True, enable_log_file_validation=True, enable_logging=LOGGING, tags={"Name": TAG},
    opts=after)
recorder = aws.cfg.Recorder("recorder", name="example", role_arn=f"arn:aws:iam::{ACCOUNT}:role/example",
    recording_group=aws.cfg.RecorderRecordingGroupArgs(all_supported=True, include_global_resource_types=WORLD),
    opts=opts)
channel = aws.cfg.DeliveryChannel("channel", name="example", s3_bucket_name=bucket.id,
    snapshot_delivery_properties=aws.cfg.DeliveryChannelSnapshotDeliveryPropertiesArgs(
        delivery_frequency="TwentyFour_Hours"),
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[recorder, policy]))
recording = aws.cfg.RecorderStatus("recording", name=recorder.name, is_enabled=True,
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[channel]))
detector = aws.guardduty.Detector("detector", enable=True, finding_publishing_frequency=FREQUENCY,
    tags={"Name": TAG}, opts=opts)
aws.guardduty.DetectorFeature("audit", detector_id=detector.id, name="EKS_AUDIT_LOGS", status="ENABLED", opts=opts)
aws.guardduty.DetectorFeature("runtime", detector_id=detector.id, name="RUNTIME_MONITORING", status="ENABLED",
    additional_configurations=[
        aws.guardduty.DetectorFeatureAdditionalConfigurationArgs(name="EKS_ADDON_MANAGEMENT", status=AGENT),
        aws.guardduty.DetectorFeatureAdditionalConfigurationArgs(name="EC2_AGENT_MANAGEMENT", status="DISABLED")],
    opts=opts)
hub = aws.securityhub.Account("hub", enable_default_standards=False, auto_enable_controls=AUTO,
    control_finding_generator="SECURITY_CONTROL", opts=opts)
aws.securityhub.StandardsSubscription("standard", standards_arn=f"arn:aws:securityhub:{REGION}::standards/"
    "aws-foundational-security-best-practices/v/1.0.0",
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[hub]))
topic = aws.sns.Topic("alarms", name="alarms", tags={"Name": "alarms"}, opts=opts)
rule = aws.cloudwatch.EventRule("threats", name="threats", description="Look at it.",
    event_pattern=json.dumps({"source": ["aws.guardduty"], "detail": {"severity": [{"numeric": [">=", SEVERITY]}]}}),
    tags={"Name": TAG}, opts=opts)
aws.cloudwatch.EventTarget("threats", rule=rule.name, target_id="topic", arn=topic.arn, opts=opts)
"""
FIRST = f"""
ACCOUNT, TAG, DAYS, LOGGING, WORLD, FREQUENCY = {ACCOUNT!r}, "example", 1, True, True, "FIFTEEN_MINUTES"
AGENT, AUTO, SEVERITY = "ENABLED", True, 7
"""
SECOND = f"""
ACCOUNT, TAG, DAYS, LOGGING, WORLD, FREQUENCY = {ACCOUNT!r}, "changed", 2, False, False, "ONE_HOUR"
AGENT, AUTO, SEVERITY = "DISABLED", False, 8
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        yield account


def test_the_guards_of_an_account_are_made_kept_changed_and_deleted(
    stack: Stack, account: Account, access: Access
) -> None:
    settle(stack, program(account, FIRST + GUARDS, network=False))
    trails, threats, hub = (account.client(name) for name in ("cloudtrail", "guardduty", "securityhub"))
    assert trails.get_trail_status(Name="example")["IsLogging"]
    (detector,) = threats.list_detectors()["DetectorIds"]
    features = {one["Name"]: one for one in threats.get_detector(DetectorId=detector)["Features"]}
    assert features["RUNTIME_MONITORING"]["Status"] == "ENABLED"
    # Which the program does not name.
    assert features["RDS_LOGIN_EVENTS"]["Status"] == "ENABLED"
    assert account.client("config").describe_configuration_recorder_status()["ConfigurationRecordersStatus"][0][
        "recording"
    ]
    assert hub.get_enabled_standards()["StandardsSubscriptions"]
    is_found_again(stack, access)
    is_made_again(stack)

    change(stack, program(account, SECOND + GUARDS, network=False), updated=8)
    assert not trails.get_trail_status(Name="example")["IsLogging"]
    found = threats.get_detector(DetectorId=detector)
    assert (found["FindingPublishingFrequency"], found["Tags"]) == ("ONE_HOUR", {"Name": "changed"})
    rule = account.client("events").describe_rule(Name="threats")
    assert json.loads(rule["EventPattern"])["detail"]["severity"] == [{"numeric": [">=", 8]}]
    assert hub.describe_hub()["AutoEnableControls"] is False

    destroy(stack)
    assert not trails.describe_trails()["trailList"]
    assert not threats.list_detectors()["DetectorIds"]
    assert not account.client("config").describe_configuration_recorders()["ConfigurationRecorders"]
    assert not account.client("events").list_rules()["Rules"]
