"""Cases of the rules about backups."""

from typing import Any

from patchbay_policies import tokens
from patchbay_policies.model import Resource

from tests.policy.case import DEV, Cases, bad, good, made

VAULT = made(tokens.VAULT, "backups")
COPY = {"destinationVaultArn": "arn:aws:backup:eu-west-1:111122223333:backup-vault:copies"}
PLAN = made(
    tokens.BACKUP_PLAN,
    "backups",
    {"rules": [{"ruleName": "daily", "targetVaultName": "backups", "copyActions": [COPY]}]},
    refers={"rules": VAULT},
)
DATABASE = made(tokens.DATABASE, "writer", {"identifier": "writer", "tags": {"patchbay:backup": "daily"}})


def lock(days: float | None) -> Resource:
    return made(tokens.VAULT_LOCK, "backups", {"minRetentionDays": days}, refers={"backupVaultName": VAULT})


def selection(resources: str, tag: str = "daily", **more: Any) -> Resource:
    line = {"key": "aws:ResourceTag/patchbay:backup", "value": tag}
    props = {"resources": [resources], "conditions": [{"stringEquals": [line]}], **more}
    return made(tokens.BACKUP_SELECTION, "backups", props, refers={"planId": PLAN})


DATABASES = "arn:aws:rds:eu-central-1:111122223333:db:*"
CASES = {
    "vaults-locked-in-production": Cases(
        good=[good(VAULT, lock(7)), good(VAULT, environment=DEV)],
        bad=[
            bad(VAULT, says="no lock of it keeps backups for 7 days"),
            bad(VAULT, lock(1), says="for 7 days"),
            bad(VAULT, lock(None), says="for 7 days"),
        ],
    ),
    "databases-in-a-vault-in-production": Cases(
        good=[
            good(DATABASE, VAULT, PLAN, selection(DATABASES)),
            good(DATABASE, environment=DEV),
            good(made(tokens.DATABASE, "reader", {"replicateSourceDb": "writer"})),
        ],
        bad=[
            bad(DATABASE, says="no selection of a backup plan takes it in"),
            bad(DATABASE, VAULT, PLAN, selection(DATABASES, "weekly"), says="no selection"),
            bad(DATABASE, VAULT, PLAN, selection(DATABASES.replace("*", "another")), says="no selection"),
            bad(DATABASE, VAULT, selection(DATABASES), says="no selection"),
        ],
    ),
    "backups-elsewhere-in-production": Cases(
        good=[good(PLAN), good(made(tokens.BACKUP_PLAN, props={"rules": [{"ruleName": "daily"}]}), environment=DEV)],
        bad=[bad(made(tokens.BACKUP_PLAN, props={"rules": [{"ruleName": "daily"}]}), says="rule daily copies nothing")],
    ),
}
