"""Rows of AWS Backup, tried with the arguments of the backups component."""

import pytest
from patchbay_operations.access import Access

from tests.standins.aws.account import Account
from tests.standins.pulumi_plugins.aws.rounds import is_found_again, is_made_again, is_taken_down
from tests.standins.pulumi_plugins.aws.rows import change, program, settle
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

BACKUPS = """
vault = aws.backup.Vault("vault", name="example", tags={"Name": TAG}, opts=opts)
aws.backup.VaultLockConfiguration("lock", backup_vault_name=vault.name, min_retention_days=7, max_retention_days=400,
    opts=opts)
lifecycle = aws.backup.PlanRuleLifecycleArgs(delete_after=DAYS)
copied = aws.backup.PlanRuleCopyActionArgs(
    destination_vault_arn="arn:aws:backup:eu-west-1:111122223333:backup-vault:copies",
    lifecycle=aws.backup.PlanRuleCopyActionLifecycleArgs(delete_after=DAYS))
plan = aws.backup.Plan("plan", name="example", tags={"Name": TAG}, rules=[aws.backup.PlanRuleArgs(rule_name="daily",
    target_vault_name=vault.name, schedule="cron(0 5 ? * * *)", start_window=60, completion_window=1440,
    lifecycle=lifecycle, copy_actions=[copied])], opts=opts)
aws.backup.Selection("selection", name="example", plan_id=plan.id,
    iam_role_arn="arn:aws:iam::111122223333:role/example", resources=["arn:aws:rds:eu-central-1:111122223333:db:*"],
    conditions=[aws.backup.SelectionConditionArgs(string_equals=[aws.backup.SelectionConditionStringEqualArgs(
        key="aws:ResourceTag/patchbay:backup", value="daily")])], opts=opts)
"""


def test_a_vault_and_a_plan_are_made_kept_changed_and_deleted(stack: Stack, account: Account, access: Access) -> None:
    settle(stack, program(account, "TAG, DAYS = 'example', 35\n" + BACKUPS, network=False))
    backup = account.client("backup")
    vault = backup.describe_backup_vault(BackupVaultName="example")
    assert (vault["Locked"], vault["MinRetentionDays"], vault["MaxRetentionDays"]) == (True, 7, 400)
    is_found_again(stack, access)
    is_made_again(stack)

    change(stack, program(account, "TAG, DAYS = 'changed', 50\n" + BACKUPS, network=False), updated=2)
    (listed,) = backup.list_backup_plans()["BackupPlansList"]
    (rule,) = backup.get_backup_plan(BackupPlanId=listed["BackupPlanId"])["BackupPlan"]["Rules"]
    assert rule["Lifecycle"] == {"DeleteAfterDays": 50}
    assert rule["CopyActions"][0]["Lifecycle"] == {"DeleteAfterDays": 50}
    (selection,) = backup.list_backup_selections(BackupPlanId=listed["BackupPlanId"])["BackupSelectionsList"]
    assert selection["SelectionName"] == "example"

    is_taken_down(stack)
    assert not backup.list_backup_plans()["BackupPlansList"]
    assert not backup.list_backup_vaults()["BackupVaultList"]
