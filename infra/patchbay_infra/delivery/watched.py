"""What watches over deployments, and what is left after the worst of them: no deployment changes it."""

from collections.abc import Sequence
from typing import Final

from patchbay_infra import backup_tag
from patchbay_infra.context import Context
from patchbay_infra.policy_document import Statement, deny

# Turning a guard of the account off, or down; and whatever ends a recovery point, a plan of backups or a vault's lock.
_GUARDS: Final = (
    "backup:Delete*",
    "backup:Disassociate*",
    "backup:Put*",
    "backup:Stop*",
    "backup:Update*",
    "cloudtrail:Delete*",
    "cloudtrail:Put*",
    "cloudtrail:Stop*",
    "cloudtrail:Update*",
    "config:Delete*",
    "config:Put*",
    "config:Stop*",
    "guardduty:Archive*",
    "guardduty:Create*",
    "guardduty:Delete*",
    "guardduty:Disassociate*",
    "guardduty:Stop*",
    "guardduty:Update*",
    "s3:BypassGovernanceRetention",
    "securityhub:BatchUpdate*",
    "securityhub:BatchDisable*",
    "securityhub:Disable*",
    "securityhub:Update*",
)
# What a lost key encrypted is lost, in a locked vault as well: RDS' snapshots keep their source's key (AWS Backup's
# guide, "Encryption for backups").
_KEYS: Final = ("kms:DisableKey", "kms:ScheduleKeyDeletion")


def watched(context: Context) -> Sequence[Statement]:
    """For the roles of the code host's jobs, whatever else an administrator gives them one day.

    Keys of what is not production go with it, and are made anew.
    """
    return (deny([*_GUARDS, *(_KEYS if context.production else ())], ["*"]), *_selected(context))


def _selected(context: Context) -> Sequence[Statement]:
    """A database keeps the tags by which a plan of backups takes it in, once it bears them.

    They are given with the database, and an update of others sends no more than those (RDS' condition keys for both
    calls: Service Authorization Reference).
    """
    wanted, databases = backup_tag.selecting(context), [context.arn("rds", f"db:{context.name('*')}")]
    return (
        deny(["rds:RemoveTagsFromResource"], databases, {"ForAnyValue:StringEquals": {"aws:TagKeys": list(wanted)}}),
        *(
            deny(
                ["rds:AddTagsToResource"],
                databases,
                {
                    "Null": {f"aws:RequestTag/{key}": "false"},
                    "StringNotEquals": {f"aws:RequestTag/{key}": value},
                },
            )
            for key, value in wanted.items()
        ),
    )
