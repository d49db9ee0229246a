"""Selections that look as if they took a database in, and vaults that look locked.

Conditions must all hold, and what is in notResources is left out, whatever else names it:
https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupSelection.html
"""

from typing import Any, Final

from patchbay_policies import tokens

from tests.policy.crafted.row import ACCOUNT, Row, made, stack_environment

_SELECTED: Final = "databases-in-a-vault-in-production"
_ELSEWHERE: Final = "backups-elsewhere-in-production"
_VAULT: Final = made(tokens.VAULT, "backups")
_PLAN: Final = made(tokens.BACKUP_PLAN, "backups", {"rules": [{"targetVaultName": "backups"}]}, rules=[_VAULT])
_STRAY: Final = made(tokens.BACKUP_PLAN, "stray", {"rules": [{"targetVaultName": "Default"}]})
_HERE: Final = stack_environment(
    "production",
    environment={"name": "production", "production": True},
    aws={"accountId": ACCOUNT, "region": "eu-central-1"},
)
_DATABASES: Final = "arn:aws:rds:eu-central-1:111122223333:db:*"
_DATABASE: Final = {"identifier": "writer", "tags": {"patchbay:environment": "production", "patchbay:backup": "daily"}}


def _database(name: str, plan: Any = _PLAN, **selection: Any) -> Row:
    chosen = made(tokens.BACKUP_SELECTION, "backups", {"resources": [_DATABASES], **selection}, planId=[plan])
    return Row(name, tokens.DATABASE, _DATABASE, _SELECTED, beside=(_VAULT, plan, chosen))


def _copied(name: str, vault: str) -> Row:
    rules = [{"ruleName": "daily", "copyActions": [{"destinationVaultArn": vault}]}]
    return Row(name, tokens.BACKUP_PLAN, {"rules": rules}, _ELSEWHERE, environment=_HERE)


def _line(key: str, value: str) -> dict[str, str]:
    return {"key": f"aws:ResourceTag/{key}", "value": value}


BYPASSES = (
    _database("left out by its name", notResources=["arn:aws:rds:*:*:db:writer"]),
    _database(
        "one of two conditions holds",
        conditions=[{"stringEquals": [_line("patchbay:backup", "daily"), _line("patchbay:environment", "dev")]}],
    ),
    _database("left out by its tag", conditions=[{"stringNotEquals": [_line("patchbay:backup", "daily")]}]),
    _database("a tag that it does not have", resources=[], selectionTags=[{"key": "backup", "value": "yes"}]),
    _database("buckets in place of databases", resources=["arn:aws:s3:::*"]),
    _database("a plan that writes into a vault that the stack does not make", plan=_STRAY),
    Row(
        "a plan with one rule that stays",
        tokens.BACKUP_PLAN,
        {
            "rules": [
                {
                    "ruleName": "daily",
                    "copyActions": [{"destinationVaultArn": "arn:aws:backup:eu-west-1:1:backup-vault:c"}],
                },
                {"ruleName": "monthly"},
            ]
        },
        _ELSEWHERE,
    ),
    _copied("a copy beside the vault itself", f"arn:aws:backup:eu-central-1:{ACCOUNT}:backup-vault:backups"),
    Row(
        "a lock without a least period",
        tokens.VAULT,
        {},
        "vaults-locked-in-production",
        beside=(made(tokens.VAULT_LOCK, "another", {"minRetentionDays": 30.0}),),
    ),
)

HARMLESS = (
    _copied("a copy in another region", f"arn:aws:backup:eu-west-1:{ACCOUNT}:backup-vault:copies"),
    _copied("a copy in another account", "arn:aws:backup:eu-central-1:555566667777:backup-vault:copies"),
    _database("by name alone", resources=["arn:aws:rds:eu-central-1:111122223333:db:writer"]),
    _database("by a tag alone", resources=[], selectionTags=[{"key": "patchbay:backup", "value": "daily"}]),
    _database("everything", resources=["*"]),
    _database("by a pattern of its tag", conditions=[{"stringLikes": [_line("patchbay:backup", "d*")]}]),
)
