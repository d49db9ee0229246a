"""Trails that leave calls out, and detectors that tell nobody.

A trail takes management events of every kind unless its selectors say otherwise:
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html and API_AdvancedEventSelector.html
"""

from typing import Any, Final

from patchbay_policies import tokens

from tests.policy.crafted.row import Row, made

_TRAIL: Final = "trails-record-everything"
_LOCK: Final = "trails-locked-in-production"
_THREATS: Final = "threats-are-looked-for"
_WHOLE: Final = {"isMultiRegionTrail": True, "enableLogFileValidation": True, "kmsKeyId": "arn:aws:kms:example:key/l"}
_BUCKET: Final = made(tokens.BUCKET, "trail")
_OTHER: Final = made(tokens.BUCKET, "another")


def _trail(name: str, **inputs: Any) -> Row:
    return Row(name, tokens.TRAIL, {**_WHOLE, **inputs}, _TRAIL)


def _category(*equals: str, **more: Any) -> dict[str, Any]:
    return {"fieldSelectors": [{"field": "eventCategory", "equals": list(equals)}, *more.values()]}


_READ_ONLY: Final = {"field": "readOnly", "equals": ["false"]}

BYPASSES = (
    _trail("a trail of what is written only", eventSelectors=[{"readWriteType": "WriteOnly"}]),
    _trail("a trail of objects only", eventSelectors=[{"includeManagementEvents": False, "readWriteType": "All"}]),
    _trail(
        "a trail without the keys' calls",
        eventSelectors=[{"readWriteType": "All", "excludeManagementEventSources": ["kms.amazonaws.com"]}],
    ),
    _trail("a trail of data only", advancedEventSelectors=[_category("Data")]),
    _trail("a trail without what is read", advancedEventSelectors=[_category("Management", more=_READ_ONLY)]),
    _trail("a trail that was stopped", enableLogging="false"),
    Row(
        "a lock of another bucket",
        tokens.TRAIL,
        _WHOLE,
        _LOCK,
        refers={"s3BucketName": [_BUCKET]},
        beside=(
            _BUCKET,
            _OTHER,
            made(tokens.BUCKET_LOCK, "another", {"rule": {"defaultRetention": {"days": 400.0}}}, bucket=[_OTHER]),
        ),
    ),
    Row(
        "a lock without a period",
        tokens.TRAIL,
        _WHOLE,
        _LOCK,
        refers={"s3BucketName": [_BUCKET]},
        beside=(_BUCKET, made(tokens.BUCKET_LOCK, "trail", {"objectLockEnabled": "Enabled"}, bucket=[_BUCKET])),
    ),
    Row(
        "features of another detector",
        tokens.DETECTOR,
        {"enable": True},
        _THREATS,
        beside=(made(tokens.DETECTOR_FEATURE, "audit", {"name": "EKS_AUDIT_LOGS", "status": "ENABLED"}),),
    ),
    # https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_upload-lists.html
    Row("a list of addresses that are trusted", tokens.DETECTOR_EXCEPTIONS, {"activate": True}, _THREATS),
    Row("a filter that puts everything away", tokens.DETECTOR_FILTER, {"action": "ARCHIVE"}, _THREATS),
)

HARMLESS = (
    _trail("a trail of objects beside management", eventSelectors=[{"readWriteType": "All"}]),
    _trail(
        "management beside data", advancedEventSelectors=[_category("Management"), _category("Data", more=_READ_ONLY)]
    ),
    Row(
        "a lock of years",
        tokens.TRAIL,
        _WHOLE,
        _LOCK,
        refers={"s3BucketName": [_BUCKET]},
        beside=(
            _BUCKET,
            made(tokens.BUCKET_LOCK, "trail", {"rule": {"defaultRetention": {"years": 1.0}}}, bucket=[_BUCKET]),
        ),
    ),
    Row("a list that is not in use", tokens.DETECTOR_EXCEPTIONS, {"activate": False}, _THREATS),
    Row("a filter that marks", tokens.DETECTOR_FILTER, {"action": "NOOP"}, _THREATS),
)
