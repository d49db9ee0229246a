"""GuardDuty: one detector in a region, features that are set one by one, and tags."""

from typing import Any, Final

from moto.guardduty.models import Detector, guardduty_backends

from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served, Service

SERVICE: Final = Service("guardduty")


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
def create_detector(call: Call) -> Served:
    if _detectors(call):
        raise AwsError(
            "BadRequestException",
            "The request is rejected because a detector already exists for the current account.",
        )
    return BY_MOTO


@SERVICE.operation("UpdateDetector")
def update_detector(call: Call) -> None:
    """Features that are not named stay as they are."""
    detector = _detector(call, call["DetectorId"])
    detector.update(call.get("Enable"), call.get("FindingPublishingFrequency"), None, None)  # type: ignore[arg-type] # moto leaves what is None
    named: dict[str, dict[str, Any]] = {one["name"]: one for one in detector.features}
    for wanted in call.get("Features", ()):
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
