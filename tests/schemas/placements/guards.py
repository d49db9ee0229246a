"""What watches over the account: where it goes among CloudFormation's types."""

from collections.abc import Mapping
from typing import Final

from tests.schemas.placement import Part

PLACEMENTS: Final[Mapping[str, tuple[Part, ...]]] = {
    "aws:backup/plan:Plan": (
        Part(
            kind="AWS::Backup::BackupPlan",
            names={
                "name": "BackupPlan.BackupPlanName",
                "rules": "BackupPlan.BackupPlanRule",
                "rules.targetVaultName": "TargetBackupVault",
                "rules.schedule": "ScheduleExpression",
                "rules.startWindow": "StartWindowMinutes",
                "rules.completionWindow": "CompletionWindowMinutes",
                "rules.lifecycle.deleteAfter": "DeleteAfterDays",
                "rules.copyActions.destinationVaultArn": "DestinationBackupVaultArn",
                "rules.copyActions.lifecycle.deleteAfter": "DeleteAfterDays",
                "tags": "BackupPlanTags",
            },
        ),
    ),
    "aws:backup/selection:Selection": (
        Part(
            kind="AWS::Backup::BackupSelection",
            names={
                "planId": "BackupPlanId",
                "name": "BackupSelection.SelectionName",
                "iamRoleArn": "BackupSelection.IamRoleArn",
                "resources": "BackupSelection.Resources",
                "conditions": "BackupSelection.Conditions",
            },
            encode={
                "conditions": lambda given: {
                    "stringEquals": [
                        {"conditionKey": one["key"], "conditionValue": one["value"]}
                        for condition in given
                        for one in condition["stringEquals"]
                    ]
                }
            },
        ),
    ),
    "aws:backup/vault:Vault": (
        Part(
            kind="AWS::Backup::BackupVault",
            names={"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn", "tags": "BackupVaultTags"},
        ),
    ),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": (
        Part(
            kind="AWS::Backup::BackupVault",
            names={
                "backupVaultName": "BackupVaultName",
                "changeableForDays": "LockConfiguration.ChangeableForDays",
                "maxRetentionDays": "LockConfiguration.MaxRetentionDays",
                "minRetentionDays": "LockConfiguration.MinRetentionDays",
            },
            whole=False,
        ),
    ),
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
