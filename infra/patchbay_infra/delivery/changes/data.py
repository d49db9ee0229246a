"""Databases, caches, search, objects, and the containers of secrets."""

from collections.abc import Sequence

from patchbay_infra.delivery.scope import Scope
from patchbay_infra.policy_document import Statement, allow


def data_changes(scope: Scope, further_regions: Sequence[str]) -> Sequence[Statement]:
    """By name. Neither contents nor values: payloads, queues and secrets are none of a deployment's business."""
    return (
        allow(["rds:*"], scope.arn("rds", "*:{}*")),
        # AWS' own option group: an instance without options is made in it, and RDS asks about it like any other.
        allow(
            ["rds:CreateDBInstance", "rds:CreateDBInstanceReadReplica", "rds:ModifyDBInstance"],
            scope.arn("rds", "og:default:*"),
        ),
        *(
            allow(
                ["rds:StartDBInstanceAutomatedBackupsReplication"],
                [f"arn:aws:rds:{region}:{scope.context.account_id}:auto-backup:*"],
            )
            for region in further_regions
        ),
        # Not `Connect`.
        allow(
            [
                "elasticache:AddTagsToResource",
                "elasticache:Create*",
                "elasticache:DecreaseReplicaCount",
                "elasticache:Delete*",
                "elasticache:IncreaseReplicaCount",
                "elasticache:Modify*",
                "elasticache:RemoveTagsFromResource",
                "elasticache:ResetCacheParameterGroup",
            ],
            scope.arn("elasticache", "*:{}*"),
        ),
        allow(["es:*Domain*", "es:AddTags", "es:RemoveTags", "es:Upgrade*"], scope.arn("es", "domain/{}*")),
        allow(
            [
                "s3:CreateBucket",
                "s3:DeleteBucket",
                "s3:DeleteBucketPolicy",
                "s3:DeleteObjectVersion",
                "s3:ListBucketVersions",
                "s3:PutBucket*",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:TagResource",
                "s3:UntagResource",
            ],
            scope.buckets,
        ),
        allow(
            [
                "secretsmanager:CreateSecret",
                "secretsmanager:DeleteResourcePolicy",
                "secretsmanager:DeleteSecret",
                "secretsmanager:PutResourcePolicy",
                "secretsmanager:TagResource",
                "secretsmanager:UntagResource",
                "secretsmanager:UpdateSecret",
            ],
            scope.secrets,
        ),
    )
