"""What watches over the account: as far as the environment made it, whether it watches."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from patchbay_operations.checks.check import Check
from patchbay_operations.checks.facts import Facts

_FEATURES: Final = (
    "EBS_MALWARE_PROTECTION",
    "EKS_AUDIT_LOGS",
    "LAMBDA_NETWORK_LOGS",
    "RDS_LOGIN_EVENTS",
    "RUNTIME_MONITORING",
    "S3_DATA_EVENTS",
)
_AGENT: Final = "EKS_ADDON_MANAGEMENT"


def _watching(facts: Facts) -> Iterator[str | None]:
    yield from _trails(facts)
    yield from _detectors(facts)
    yield from _recorders(facts)
    yield from _notices(facts)


def _trails(facts: Facts) -> Iterator[str | None]:
    client = facts.access.client("cloudtrail")
    for trail in facts.owned("cloudtrail", "describe_trails", "trailList", "Name"):
        name = f"trail {trail['Name']}"
        yield None if client.get_trail_status(Name=trail["TrailARN"])["IsLogging"] else f"{name} records nothing"
        whole = trail["IsMultiRegionTrail"] and trail["IncludeGlobalServiceEvents"]
        yield None if whole else f"{name} leaves regions out"
        yield None if trail["LogFileValidationEnabled"] else f"{name} does not show whether it was changed"
        yield None if trail.get("KmsKeyId") else f"{name} is not encrypted by a key of ours"
        yield _unlocked(facts, name, trail["S3BucketName"])


def _unlocked(facts: Facts, trail: str, bucket: str) -> str | None:
    try:
        found = facts.access.client("s3").get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    except ClientError as error:
        return f"{trail} can be deleted from {bucket}: {error.response['Error']['Code']}"
    kept = found.get("Rule", {}).get("DefaultRetention", {})
    return None if kept.get("Days") or kept.get("Years") else f"{trail} can be deleted from {bucket} at once"


def _detectors(facts: Facts) -> Iterator[str | None]:
    client = facts.access.client("guardduty")
    for identifier in client.list_detectors()["DetectorIds"]:
        detector = client.get_detector(DetectorId=identifier)
        if detector.get("Tags", {}).get("patchbay:environment") != facts.environment:
            continue
        yield None if detector["Status"] == "ENABLED" else f"detector {identifier} is off"
        on = {one["Name"]: one for one in detector.get("Features", ()) if one["Status"] == "ENABLED"}
        for feature in _FEATURES:
            yield None if feature in on else f"detector {identifier} leaves {feature} out"
        agents = on.get("RUNTIME_MONITORING", {}).get("AdditionalConfiguration", ())
        kept = any(one["Name"] == _AGENT and one["Status"] == "ENABLED" for one in agents)
        yield None if kept else f"detector {identifier} keeps no agent on the nodes"


def _recorders(facts: Facts) -> Iterator[str | None]:
    client = facts.access.client("config")
    for recorder in facts.owned("config", "describe_configuration_recorders", "ConfigurationRecorders", "name"):
        name = recorder["name"]
        states = client.describe_configuration_recorder_status(ConfigurationRecorderNames=[name])
        recording = states["ConfigurationRecordersStatus"][0]["recording"]
        yield None if recording else f"recorder {name} records nothing"
        yield None if recorder["recordingGroup"]["allSupported"] else f"recorder {name} leaves types out"


def _notices(facts: Facts) -> Iterator[str | None]:
    """The environment's topics take events where a rule sends any, and only there."""
    events, sns = facts.access.client("events"), facts.access.client("sns")
    told = set()
    for rule in facts.owned("events", "list_rules", "Rules", "Name"):
        yield None if rule["State"] == "ENABLED" else f"event rule {rule['Name']} is off"
        targets = {target["Arn"] for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]}
        yield None if targets else f"event rule {rule['Name']} tells nobody"
        told |= targets
    for topic in (one["TopicArn"] for one in facts.owned("sns", "list_topics", "Topics", "TopicArn")):
        policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
        if _lets_events_in(policy) != (topic in told):
            fault = "takes no events of rules" if topic in told else "takes events, and no rule sends any"
            yield f"topic {topic} {fault}"
        else:
            yield None


def _lets_events_in(policy: Mapping[str, Any]) -> bool:
    """EventBridge meets no condition of a topic's policy (its guide, "Amazon SNS permissions")."""
    return any(
        one["Effect"] == "Allow" and "Condition" not in one and "events.amazonaws.com" in json.dumps(one["Principal"])
        for one in policy["Statement"]
    )


CHECKS = (
    Check(
        "guards of the account",
        "Does what the environment watches over its account with leave nothing out, and tell somebody?",
        _watching,
    ),
)
