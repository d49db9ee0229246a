"""GuardDuty: one detector in a region, features that are set one by one, and tags.

What a new detector has on: API reference, CreateDetector; go-to-k/cdk-real-drift pull request 1493 has seen it.
"""

from collections.abc import Sequence
from typing import Any, Final

from moto.guardduty.models import Detector, guardduty_backends

from patchbay_standins.aws.service import AwsError, Call, Result, Service

SERVICE: Final = Service("guardduty")
_ON_BY_THEMSELVES: Final = (
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "LAMBDA_NETWORK_LOGS",
)


def _detectors(call: Call) -> dict[str, Detector]:
    found: dict[str, Detector] = guardduty_backends[call.account][call.region].detectors
    return found


def _detector(call: Call, identifier: str) -> Detector:
    found = _detectors(call).get(identifier)
    if found is None:
        raise AwsError(
            "BadRequestException",
            "The request is rejected because the input detectorId is not owned by the current account.",
        )
    return found


@SERVICE.operation("CreateDetector")
def create_detector(call: Call) -> Result:
    if _detectors(call):
        raise AwsError(
            "BadRequestException",
            "The request is rejected because a detector already exists for the current account.",
        )
    identifier = guardduty_backends[call.account][call.region].create_detector(
        call["Enable"],
        call.get("FindingPublishingFrequency", ""),
        {},
        call.get("Tags", {}),
        [{"name": name, "status": "ENABLED"} for name in _ON_BY_THEMSELVES],
    )
    _set(_detector(call, identifier), call.get("Features", ()))
    return {"DetectorId": identifier}


@SERVICE.operation("UpdateDetector")
def update_detector(call: Call) -> None:
    """Features that are not named stay as they are."""
    detector = _detector(call, call["DetectorId"])
    detector.update(call.get("Enable"), call.get("FindingPublishingFrequency"), None, None)  # type: ignore[arg-type] # moto leaves what is None
    _set(detector, call.get("Features", ()))


def _set(detector: Detector, features: Sequence[dict[str, Any]]) -> None:
    named: dict[str, dict[str, Any]] = {one["name"]: one for one in detector.features}
    for wanted in features:
        feature = named.setdefault(wanted["Name"], {"name": wanted["Name"]})
        feature["status"] = wanted["Status"]
        if "AdditionalConfiguration" in wanted:
            feature["additionalConfiguration"] = [
                {"name": one["Name"], "status": one["Status"]} for one in wanted["AdditionalConfiguration"]
            ]
    detector.features = list(named.values())


def _tags(call: Call) -> dict[str, str]:
    tags: dict[str, str] = _detector(call, call["ResourceArn"].rpartition("/")[2]).tags
    return tags


@SERVICE.operation("TagResource")
def tag_resource(call: Call) -> None:
    _tags(call).update(call["Tags"])


@SERVICE.operation("UntagResource")
def untag_resource(call: Call) -> None:
    for key in call["TagKeys"]:
        _tags(call).pop(key, None)


@SERVICE.operation("ListTagsForResource")
def list_tags_for_resource(call: Call) -> Result:
    return {"Tags": _tags(call)}
