"""The vault, who fills it, when, and with what."""

from typing import Final

import pulumi
import pulumi_aws as aws

from patchbay_infra import backup_tag
from patchbay_infra.backups.config import BackupsConfig
from patchbay_infra.backups.rights import backup_rights
from patchbay_infra.context import Context
from patchbay_infra.policy_document import document, trust
from patchbay_infra.watching.events import tell

_START_MINUTES: Final = 60
_COMPLETE_MINUTES: Final = 24 * 60
_FAILED: Final = ("ABORTED", "EXPIRED", "FAILED", "PARTIAL")


class Backups(pulumi.ComponentResource):
    """AWS Backup of what bears the environment's tag and `patchbay:backup: daily`: the databases' write copy.

    RDS' own backups go with the instance and can be switched off by whoever may change it; these stay. A deployment
    changes nothing of it. RDS' snapshots keep their source's key: copies elsewhere get that of the vault there.
    """

    vault_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        config: BackupsConfig,
        *,
        context: Context,
        data_key_arn: pulumi.Input[str],
        topic_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:Backups", name, None, opts)
        self._name, self._config, self._context = name, config, context
        vault = aws.backup.Vault(
            name,
            name=context.name(name),
            kms_key_arn=data_key_arn,
            force_destroy=not context.production,
            tags=context.tags(name),
            opts=pulumi.ResourceOptions(parent=self, protect=context.production, delete_before_replace=True),
        )
        if config.lock is not None:
            aws.backup.VaultLockConfiguration(
                name,
                backup_vault_name=vault.name,
                min_retention_days=config.lock.min_days,
                max_retention_days=config.lock.max_days,
                changeable_for_days=config.lock.changeable_for_days,
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        role = self._role(data_key_arn)
        self._select(self._plan(vault.name), role.arn)
        self._tell(topic_arn)
        self.vault_arn = vault.arn
        self.register_outputs({"vaultArn": self.vault_arn})

    def _role(self, key_arn: pulumi.Input[str]) -> aws.iam.Role:
        role = aws.iam.Role(
            self._name,
            name=self._context.name(self._name),
            description="AWS Backup, for this environment's databases",
            assume_role_policy=document(trust({"Service": "backup.amazonaws.com"}, ["sts:AssumeRole"])),
            tags=self._context.tags(self._name),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        aws.iam.RolePolicy(
            self._name,
            name="back-up",
            role=role.name,
            policy=document(*backup_rights(self._context, self._context.name(self._name), key_arn, self._config)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role

    def _plan(self, vault: pulumi.Output[str]) -> aws.backup.Plan:
        """On the first of a month both begin: AWS Backup then keeps the one that is kept longer."""
        hour, minute = (int(part) for part in self._config.start.split(":"))
        rules = {
            "daily": (f"cron({minute} {hour} ? * * *)", self._config.daily_days),
            "monthly": (f"cron({minute} {hour} 1 * ? *)", self._config.monthly_days),
        }
        return aws.backup.Plan(
            self._name,
            name=self._context.name(self._name),
            rules=[
                aws.backup.PlanRuleArgs(
                    rule_name=title,
                    target_vault_name=vault,
                    schedule=schedule,
                    start_window=_START_MINUTES,
                    completion_window=_COMPLETE_MINUTES,
                    lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=days),
                    copy_actions=self._copies(days),
                )
                for title, (schedule, days) in rules.items()
            ],
            tags=self._context.tags(self._name),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _copies(self, days: int) -> list[aws.backup.PlanRuleCopyActionArgs] | None:
        if self._config.copy_to is None:
            return None
        lifecycle = aws.backup.PlanRuleCopyActionLifecycleArgs(delete_after=days)
        return [aws.backup.PlanRuleCopyActionArgs(destination_vault_arn=self._config.copy_to, lifecycle=lifecycle)]

    def _select(self, plan: aws.backup.Plan, role_arn: pulumi.Output[str]) -> None:
        """By both tags: conditions must all hold, where selection tags would be alternatives."""
        aws.backup.Selection(
            self._name,
            name=self._context.name(self._name),
            plan_id=plan.id,
            iam_role_arn=role_arn,
            resources=[self._context.arn("rds", "db:*")],
            conditions=[
                aws.backup.SelectionConditionArgs(
                    string_equals=[
                        aws.backup.SelectionConditionStringEqualArgs(key=f"aws:ResourceTag/{key}", value=value)
                        for key, value in backup_tag.selecting(self._context).items()
                    ]
                )
            ],
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _tell(self, topic_arn: pulumi.Input[str]) -> None:
        """Of the jobs that this environment's role runs; AWS Backup's own notices would tell of every success."""
        role = self._context.arn("iam", f"role/{self._context.name(self._name)}", region=False)
        tell(
            f"{self._name}-failed",
            {
                "source": ["aws.backup"],
                "detail-type": ["Backup Job State Change", "Copy Job State Change"],
                "detail": {"state": list(_FAILED), "iamRoleArn": [role]},
            },
            "A backup or its copy failed: read the job's message in AWS Backup, and start it again by hand.",
            context=self._context,
            topic_arn=topic_arn,
            parent=self,
        )
