"""The databases' backups in a vault of their own: when, how long, where else, and who can delete them."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pytest
from patchbay_infra.backups.component import Backups
from patchbay_infra.backups.config import BackupsConfig
from patchbay_infra.context import Context
from patchbay_operations.permissions.evaluation import Call, Rights, allowed

from .data_services import DATA_KEY, assert_tagged_uniquely, refusal
from .mocks import ACCOUNT, PRODUCTION, STAGING, Recorded, mock_arn, record

ELSEWHERE: Final = f"arn:aws:backup:eu-west-1:{ACCOUNT}:backup-vault:example-copies"
CONFIG: Final[Mapping[str, Any]] = {"copyTo": ELSEWHERE, "lock": {"minDays": 7, "maxDays": 400}}
SNAPSHOT: Final = f"arn:aws:rds:eu-central-1:{ACCOUNT}:snapshot:awsbackup:job-0"


def backups(values: Mapping[str, Any] = CONFIG, context: Context = PRODUCTION) -> Recorded:
    def program() -> Mapping[str, Any]:
        made = Backups(
            "backups",
            BackupsConfig.model_validate(values),
            context=context,
            data_key_arn=DATA_KEY,
            topic_arn=mock_arn("topic"),
            opts=pulumi.ResourceOptions(),
        )
        return {"vault": made.vault_arn}

    return record(program)


@pytest.fixture(scope="module")
def made() -> Recorded:
    return backups()


def rules(recorded: Recorded) -> Mapping[str, Mapping[str, Any]]:
    return {one["ruleName"]: one for one in recorded.one("backup/plan:Plan").inputs["rules"]}


def test_the_vault_is_encrypted_locked_and_not_deleted_by_mistake(made: Recorded) -> None:
    vault = made.one("backup/vault:Vault")
    assert vault.inputs["kmsKeyArn"] == DATA_KEY
    assert vault.protect
    assert vault.inputs["forceDestroy"] is False
    lock = made.one("backup/vaultLockConfiguration:VaultLockConfiguration").inputs
    assert (lock["minRetentionDays"], lock["maxRetentionDays"]) == (7, 400)


def test_compliance_mode_which_nobody_undoes_is_taken_by_config_only(made: Recorded) -> None:
    lock = "backup/vaultLockConfiguration:VaultLockConfiguration"
    assert "changeableForDays" not in made.one(lock).inputs
    strict = backups({**CONFIG, "lock": {"changeableForDays": 30}})
    assert strict.one(lock).inputs["changeableForDays"] == 30
    assert not backups({"copyTo": ELSEWHERE}, STAGING).of(lock)


def test_a_backup_is_made_each_day_and_each_month_and_copied_elsewhere(made: Recorded) -> None:
    found = rules(made)
    assert {title: rule["schedule"] for title, rule in found.items()} == {
        "daily": "cron(0 5 ? * * *)",
        "monthly": "cron(0 5 1 * ? *)",
    }
    for title, days in (("daily", 35), ("monthly", 365)):
        assert found[title]["lifecycle"] == {"deleteAfter": days}
        assert found[title]["copyActions"] == [{"destinationVaultArn": ELSEWHERE, "lifecycle": {"deleteAfter": days}}]
        assert found[title]["targetVaultName"] == "patchbay-production-backups"
    assert not any("copyActions" in rule for rule in rules(backups({}, STAGING)).values())


def test_only_this_environments_databases_are_selected_and_by_both_tags(made: Recorded) -> None:
    """Conditions must all hold; selection tags are alternatives (API reference, BackupSelection)."""
    selection = made.one("backup/selection:Selection").inputs
    assert selection["resources"] == [f"arn:aws:rds:eu-central-1:{ACCOUNT}:db:*"]
    (condition,) = selection["conditions"]
    assert {one["key"]: one["value"] for one in condition["stringEquals"]} == {
        "aws:ResourceTag/patchbay:environment": "production",
        "aws:ResourceTag/patchbay:backup": "daily",
    }
    assert "selectionTags" not in selection


def test_a_failed_job_of_this_environment_is_told(made: Recorded) -> None:
    pattern = json.loads(made.one("cloudwatch/eventRule:EventRule").inputs["eventPattern"])
    assert pattern["source"] == ["aws.backup"]
    assert set(pattern["detail-type"]) == {"Backup Job State Change", "Copy Job State Change"}
    assert {"FAILED", "ABORTED", "EXPIRED"} <= set(pattern["detail"]["state"])
    assert "COMPLETED" not in pattern["detail"]["state"]
    assert pattern["detail"]["iamRoleArn"] == [f"arn:aws:iam::{ACCOUNT}:role/patchbay-production-backups"]
    assert made.one("cloudwatch/eventTarget:EventTarget").inputs["arn"] == mock_arn("topic")


def test_the_role_makes_and_copies_snapshots_of_its_environment_and_reads_nothing(made: Recorded) -> None:
    trusted = json.loads(made.one("iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
    assert [one["Principal"] for one in trusted] == [{"Service": "backup.amazonaws.com"}]
    rights = Rights((json.loads(made.one("iam/rolePolicy:RolePolicy").inputs["policy"]),))
    database = f"arn:aws:rds:eu-central-1:{ACCOUNT}:db:patchbay-production-databases-write"
    for action, resource in (
        ("rds:CreateDBSnapshot", database),
        ("rds:CreateDBSnapshot", SNAPSHOT),
        ("rds:CopyDBSnapshot", SNAPSHOT.replace("eu-central-1", "eu-west-1")),
        ("backup:CopyIntoBackupVault", ELSEWHERE),
        # AWS' own policy, AWSBackupServiceRolePolicyForBackup, has it without any condition.
        ("kms:DescribeKey", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/copies"),
    ):
        assert allowed(rights, Call(action, resource)), (action, resource)
    for action, resource in (
        ("rds:CreateDBSnapshot", database.replace("production", "staging")),
        ("rds:DeleteDBInstance", database),
        ("rds:ModifyDBInstance", database),
        ("rds:DeleteDBSnapshot", f"arn:aws:rds:eu-central-1:{ACCOUNT}:snapshot:patchbay-production-final"),
        ("rds:RestoreDBInstanceFromDBSnapshot", SNAPSHOT),
        ("backup:DeleteRecoveryPoint", SNAPSHOT),
        ("s3:GetObject", "arn:aws:s3:::patchbay-production-objects-payloads/run"),
        ("rds:ModifyDBSnapshotAttribute", SNAPSHOT),
    ):
        assert not allowed(rights, Call(action, resource)), (action, resource)


def test_everything_can_be_found_by_its_name_tag(made: Recorded) -> None:
    assert_tagged_uniquely(made)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"copyTo": "example-copies"}, "copyTo: String should match pattern"),
        ({"dailyDays": 0}, "dailyDays: Input should be greater than or equal to 1"),
        ({"dailyDays": 3, "lock": {"minDays": 7}}, "`dailyDays` is not between `lock.minDays` and `lock.maxDays`"),
        ({"monthlyDays": 500, "lock": {}}, "`monthlyDays` is not between `lock.minDays` and `lock.maxDays`"),
        ({"lock": {"changeableForDays": 2}}, "lock.changeableForDays: Input should be greater than or equal to 3"),
        ({"lock": {"minDays": 30, "maxDays": 7}}, "`minDays` is more than `maxDays`"),
        ({"start": "25:00"}, "start: not a time of day in UTC; write it like"),
        ({"weekly": True}, "weekly: unknown key"),
    ],
)
def test_a_wrong_config_is_refused_with_the_field_and_the_remedy(change: Mapping[str, Any], told: str) -> None:
    assert told in refusal(BackupsConfig, change)


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"copyTo": ELSEWHERE.replace("eu-west-1", "eu-central-1")}, "copyTo", "of another region or account"),
        ({"start": "01:30"}, "start", "move it by some hours"),
        ({"start": "23:30"}, "start", "move it by some hours"),
        ({"start": "02:00"}, "start", "move it by some hours"),
    ],
)
def test_what_aws_would_fail_at_is_refused_before(change: Mapping[str, Any], field: str, told: str) -> None:
    found = dict(misplaced({**CONFIG, **change}))
    assert set(found) == {field}
    assert told in found[field]


@pytest.mark.parametrize("region", ["eu-west-1", "eu-central-1"])
@pytest.mark.parametrize("account", [ACCOUNT, "999999999999"])
def test_another_region_another_account_or_both_will_do(region: str, account: str) -> None:
    """Both: AWS' announcement "AWS Backup single-action database snapshot copy" of October 2025, for every engine."""
    copy_to = f"arn:aws:backup:{region}:{account}:backup-vault:example-copies"
    here = (region, account) == ("eu-central-1", ACCOUNT)
    assert bool(misplaced({**CONFIG, "copyTo": copy_to})) is here
    assert BackupsConfig.model_validate({**CONFIG, "copyTo": copy_to}).other_account(ACCOUNT) == (
        account if account != ACCOUNT else None
    )
    if here:
        return
    policy = backups({**CONFIG, "copyTo": copy_to}).one("iam/rolePolicy:RolePolicy").inputs["policy"]
    rights, key = Rights((json.loads(policy),)), f"arn:aws:kms:{region}:{account}:key/copies"
    assert allowed(rights, Call("backup:CopyIntoBackupVault", copy_to))
    assert allowed(rights, Call("kms:CreateGrant", key, {"kms:ViaService": f"rds.{region}.amazonaws.com"}))
    # A snapshot is shared before another account copies it (RDS' guide, "Sharing encrypted snapshots").
    assert allowed(rights, Call("rds:ModifyDBSnapshotAttribute", SNAPSHOT)) is (account != ACCOUNT)


def misplaced(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    config = BackupsConfig.model_validate(values)
    return list(
        config.misplaced(
            region="eu-central-1",
            account_id=ACCOUNT,
            backup_window="01:00-02:00",
            maintenance_window="sun:03:00-sun:04:00",
        )
    )


def test_production_has_backups_that_are_locked_and_elsewhere() -> None:
    weak = BackupsConfig.model_validate({})
    assert {field for field, _ in weak.faults(production=True)} == {"lock", "copyTo"}
    assert not list(weak.faults(production=False))
    assert not list(BackupsConfig.model_validate(CONFIG).faults(production=True))
