"""Backups in vaults: that databases get into one, that it is locked, and that they are elsewhere, too."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from patchbay_operations.checks.check import Check
from patchbay_operations.checks.facts import Facts

_TAG: Final = "aws:ResourceTag/"


def _vaults(facts: Facts) -> Iterator[str | None]:
    """Vaults are production's; elsewhere what there is of them is looked at."""
    backup = facts.access.client("backup")
    for vault in facts.owned("backup", "list_backup_vaults", "BackupVaultList", "BackupVaultName"):
        name = f"backup vault {vault['BackupVaultName']}"
        locked = vault.get("Locked") and vault.get("MinRetentionDays")
        yield f"{name} is not locked" if facts.production and not locked else None
        yield None if vault.get("EncryptionKeyArn") else f"{name} is not encrypted by a key of ours"
    plans = facts.owned("backup", "list_backup_plans", "BackupPlansList", "BackupPlanName")
    selections: list[Mapping[str, Any]] = []
    for listed in plans:
        identifier = listed["BackupPlanId"]
        for rule in backup.get_backup_plan(BackupPlanId=identifier)["BackupPlan"]["Rules"]:
            stays = facts.production and not rule.get("CopyActions")
            yield f"backups of rule {rule['RuleName']} are in one place only" if stays else None
        selections += [
            backup.get_backup_selection(BackupPlanId=identifier, SelectionId=one["SelectionId"])["BackupSelection"]
            for one in facts.pages("backup", "list_backup_selections", "BackupSelectionsList", BackupPlanId=identifier)
        ]
    for instance in facts.databases:
        if instance.get("ReadReplicaSourceDBInstanceIdentifier"):
            continue
        missed = facts.production and not any(_takes(one, instance) for one in selections)
        yield f"no backup plan takes in database {instance['DBInstanceIdentifier']}" if missed else None


def _takes(selection: Mapping[str, Any], instance: Mapping[str, Any]) -> bool:
    """Of the conditions only equality is understood, which is all that the environment's own selection has."""
    tags = {tag["Key"]: tag["Value"] for tag in instance.get("TagList", ())}
    lines = selection.get("Conditions", {}).get("StringEquals", ())
    arn = instance["DBInstanceArn"]
    named = any(
        pattern in {"*", arn} or (pattern.endswith("*") and arn.startswith(pattern[:-1]))
        for pattern in selection.get("Resources", ())
    )
    return named and all(tags.get(one["ConditionKey"].removeprefix(_TAG)) == one["ConditionValue"] for one in lines)


CHECKS = (
    Check(
        "backup vaults",
        "In production, is every database backed up into a locked vault, and copied elsewhere?",
        _vaults,
    ),
)
