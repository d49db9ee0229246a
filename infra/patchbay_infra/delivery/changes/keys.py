"""Encryption keys, and their use in the name of who hands them to a service."""

from collections.abc import Sequence

from patchbay_infra.delivery.scope import Outside, Scope
from patchbay_infra.policy_document import Statement, allow


def key_changes(scope: Scope, outside: Outside) -> Sequence[Statement]:
    """By tag: KMS chooses the keys' ids.

    It may take five minutes to heed a tag that was changed (KMS developer guide, "ABAC for AWS KMS").
    """
    keys = scope.arn("kms", "key/*")
    return (
        allow(["kms:CreateKey"], ["*"], scope.requested),
        *scope.tagging(["kms:TagResource"], keys),
        allow(["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"], scope.arn("kms", "alias/{}*")),
        allow(
            [
                "kms:CreateAlias",
                "kms:CreateGrant",
                "kms:DeleteAlias",
                "kms:EnableKey",
                "kms:EnableKeyRotation",
                "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion",
                "kms:UntagResource",
                "kms:UpdateAlias",
                "kms:UpdateKeyDescription",
            ],
            keys,
            scope.owned,
        ),
        # RDS, EKS and the others try a key in the name of who hands it to them.
        allow(
            ["kms:Decrypt", "kms:GenerateDataKey*"],
            keys,
            {**scope.owned, "StringLike": {"kms:ViaService": f"*.{scope.context.region}.amazonaws.com"}},
        ),
        *(
            [allow(["kms:CreateGrant"], [outside.backup_key], {"Bool": {"kms:GrantIsForAWSResource": "true"}})]
            if outside.backup_key
            else []
        ),
    )
