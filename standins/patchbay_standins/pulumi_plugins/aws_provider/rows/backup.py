"""AWS Backup: vaults and their locks, plans, and what a plan backs up."""

from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import by_parts
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update

_VAULT: Final = {"BackupVaultName": "{id}"}
_PLAN: Final = {"BackupPlanId": "{id}"}
_LIFECYCLE: Final = {"coldStorageAfter": "MoveToColdStorageAfterDays", "deleteAfter": "DeleteAfterDays"}
_RULE: Final = {
    "completionWindow": "CompletionWindowMinutes",
    "copyActions": "CopyActions",
    "copyActions.destinationVaultArn": "DestinationBackupVaultArn",
    **{f"copyActions.lifecycle.{name}": member for name, member in _LIFECYCLE.items()},
    **{f"lifecycle.{name}": member for name, member in _LIFECYCLE.items()},
    "schedule": "ScheduleExpression",
    "startWindow": "StartWindowMinutes",
    "targetVaultName": "TargetBackupVaultName",
}


def _tags(arn: str, create: str) -> Tags:
    resource = {"ResourceArn": arn}
    return Tags(
        create=create,
        tag=Call("tag_resource", resource),
        untag=Call("untag_resource", resource),
        read=Call("list_tags", resource, at="Tags"),
    )


def _select(resource: Resource) -> Any:
    given = resource.inputs
    selection: dict[str, Any] = {"SelectionName": given["name"], "IamRoleArn": given["iamRoleArn"]}
    if given.get("resources"):
        selection["Resources"] = list(given["resources"])
    if given.get("conditions"):
        selection["Conditions"] = {
            "StringEquals": [
                {"ConditionKey": one["key"], "ConditionValue": one["value"]}
                for condition in given["conditions"]
                for one in condition.get("stringEquals", ())
            ]
        }
    return resource.call("create_backup_selection", BackupPlanId=given["planId"], BackupSelection=selection)


def _read_selection(resource: Resource) -> dict[str, Any]:
    found = resource.call(
        "get_backup_selection", BackupPlanId=resource.value("planId"), SelectionId=resource.value("selectionId")
    )["BackupSelection"]
    equals = [
        {"key": one["ConditionKey"], "value": one["ConditionValue"]}
        for one in found.get("Conditions", {}).get("StringEquals", ())
    ]
    return {
        "name": found["SelectionName"],
        "iamRoleArn": found["IamRoleArn"],
        "planId": resource.value("planId"),
        "resources": found.get("Resources"),
        "conditions": [{"stringEquals": equals}] if equals else None,
    }


def _forget_selection(resource: Resource) -> None:
    resource.call(
        "delete_backup_selection", BackupPlanId=resource.value("planId"), SelectionId=resource.value("selectionId")
    )


ROWS = (
    Row(
        "aws:backup/vault:Vault",
        "backup",
        create=Call("create_backup_vault"),
        id="{name}",
        read=Call("describe_backup_vault", _VAULT),
        delete=Call("delete_backup_vault", _VAULT),
        fields=(
            Field("name", aws="BackupVaultName"),
            Field("kmsKeyArn", aws="EncryptionKeyArn"),
            Field("forceDestroy", aws="", read="", default=False),
        ),
        outputs={"arn": "{BackupVaultArn}", "recoveryPoints": "{NumberOfRecoveryPoints}"},
        tags=_tags("arn:aws:backup:{region}:{account}:backup-vault:{id}", "BackupVaultTags"),
        options=("forceDestroy",),
        required=("name",),
    ),
    Row(
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        "backup",
        create=Call("put_backup_vault_lock_configuration"),
        id="{backupVaultName}",
        read=Call("describe_backup_vault", _VAULT, at="Locked && @"),
        delete=Call("delete_backup_vault_lock_configuration", _VAULT),
        # How long it can still be removed is told as a date.
        fields=(Field("changeableForDays", read=""),),
        outputs={"backupVaultArn": "{BackupVaultArn}"},
        name="backupVaultName",
    ),
    Row(
        "aws:backup/plan:Plan",
        "backup",
        create=Call("create_backup_plan"),
        id="{BackupPlanId}",
        read=Call("get_backup_plan", _PLAN),
        updates=(Update(("name", "rules"), Call("update_backup_plan", _PLAN)),),
        delete=Call("delete_backup_plan", _PLAN),
        fields=(
            Field("name", aws="BackupPlan.BackupPlanName"),
            Field("rules", aws="BackupPlan.Rules", names=_RULE),
        ),
        outputs={"arn": "{BackupPlanArn}", "version": "{VersionId}"},
        tags=_tags("arn:aws:backup:{region}:{account}:backup-plan:{id}", "BackupPlanTags"),
        volatile=("version",),
        required=("name",),
    ),
    Row(
        "aws:backup/selection:Selection",
        "backup",
        create=_select,
        id="{planId}|{SelectionId}",
        parse=by_parts("|", "planId", "selectionId"),
        read=_read_selection,
        delete=_forget_selection,
        handles=("name", "iamRoleArn", "planId", "resources", "conditions"),
        required=("name",),
    ),
)
