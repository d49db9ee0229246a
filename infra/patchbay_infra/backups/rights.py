"""What AWS Backup does in the environment's name: snapshots of its databases, and nothing else of AWS."""

from collections.abc import Sequence

import pulumi

from patchbay_infra.backups.config import BackupsConfig
from patchbay_infra.context import Context
from patchbay_infra.policy_document import Statement, allow


def backup_rights(
    context: Context, vault: str, key_arn: pulumi.Input[str], config: BackupsConfig
) -> Sequence[Statement]:
    """`vault`: the vault's name.

    After AWS' own policy for the whole of AWS Backup, AWSBackupServiceRolePolicyForBackup. Snapshots of AWS Backup are
    named `awsbackup:...`, and only AWS Backup deletes them, when their time has come.
    """
    region, account = config.copies_in or (context.region, context.account_id)
    regions = sorted({context.region, region})
    snapshots = [f"arn:aws:rds:{one}:{context.account_id}:snapshot:awsbackup:*" for one in regions]
    keys = [f"arn:aws:kms:{region}:{account}:key/*"]
    own_key = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    elsewhere = {"StringEquals": {"kms:ViaService": f"rds.{region}.amazonaws.com"}}
    return (
        allow(
            ["rds:DescribeDBInstances", "rds:DescribeDBSnapshots", "rds:ListTagsForResource", "tag:GetResources"],
            ["*"],
        ),
        allow(["rds:CreateDBSnapshot"], [context.arn("rds", f"db:{context.name('*')}"), *snapshots]),
        allow(
            [
                "rds:AddTagsToResource",
                "rds:CopyDBSnapshot",
                "rds:DeleteDBSnapshot",
                *(["rds:ModifyDBSnapshotAttribute"] if account != context.account_id else []),
            ],
            snapshots,
        ),
        # RDS looks whether the options of the copy's instance are there, too.
        allow(["rds:CopyDBSnapshot"], [f"arn:aws:rds:{one}:{context.account_id}:og:default:*" for one in regions]),
        allow(
            ["backup:DescribeBackupVault", "backup:CopyFromBackupVault"],
            [context.arn("backup", f"backup-vault:{vault}")],
        ),
        allow(["kms:CreateGrant"], [key_arn], own_key),
        allow(["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], [key_arn]),
        *(
            (
                allow(["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"], [config.copy_to]),
                # AWS Backup looks at the key of that vault itself, before RDS uses it.
                allow(["kms:DescribeKey"], keys),
                allow(["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"], keys, elsewhere),
            )
            if config.copy_to
            else ()
        ),
    )
