"""What watches over the account: where it goes among CloudFormation's types."""

from collections.abc import Mapping
from typing import Final

from tests.schemas.placement import Part

PLACEMENTS: Final[Mapping[str, tuple[Part, ...]]] = {
    "aws:cfg/deliveryChannel:DeliveryChannel": (
        Part(
            kind="AWS::Config::DeliveryChannel",
            names={"snapshotDeliveryProperties": "ConfigSnapshotDeliveryProperties"},
        ),
    ),
    "aws:cfg/recorder:Recorder": (Part(kind="AWS::Config::ConfigurationRecorder"),),
    "aws:cloudtrail/trail:Trail": (
        Part(
            kind="AWS::CloudTrail::Trail",
            names={"name": "TrailName", "enableLogging": "IsLogging"},
        ),
    ),
    "aws:cloudwatch/eventRule:EventRule": (Part(kind="AWS::Events::Rule"),),
    "aws:cloudwatch/eventTarget:EventTarget": (
        Part(
            kind="AWS::Events::Rule",
            names={"rule": "Name", "targetId": "Targets.Id", "arn": "Targets.Arn"},
            given={"EventPattern": {"source": ["aws.example"]}},
            whole=False,
        ),
    ),
    "aws:guardduty/detector:Detector": (Part(kind="AWS::GuardDuty::Detector"),),
    "aws:guardduty/detectorFeature:DetectorFeature": (
        Part(
            kind="AWS::GuardDuty::Detector",
            names={
                "name": "Features.Name",
                "status": "Features.Status",
                "additionalConfigurations": "Features.AdditionalConfiguration",
            },
            without=("detectorId",),
            given={"Enable": True},
            whole=False,
        ),
    ),
    "aws:securityhub/account:Account": (Part(kind="AWS::SecurityHub::Hub"),),
    "aws:securityhub/standardsSubscription:StandardsSubscription": (Part(kind="AWS::SecurityHub::Standard"),),
}
