"""What a preview looks at: settings of everything that the program makes, and contents of nothing."""

from collections.abc import Sequence

from patchbay_infra.delivery.scope import Scope
from patchbay_infra.policy_document import Statement, allow


def read_rights(scope: Scope) -> Sequence[Statement]:
    """`Get*` stands only where a service's `Get` calls return settings. No secret's value, no object, no log line."""
    return (
        allow(
            [
                "acm:Describe*",
                "acm:List*",
                "autoscaling:Describe*",
                "budgets:ListTagsForResource",
                "budgets:ViewBudget",
                "ce:GetAnomalyMonitors",
                "ce:GetAnomalySubscriptions",
                "ce:ListTagsForResource",
                "cloudwatch:Describe*",
                "cloudwatch:ListTagsForResource",
                "ec2:Describe*",
                "ecr:Describe*",
                "ecr:GetLifecyclePolicy",
                "ecr:GetRegistryScanningConfiguration",
                "ecr:ListTagsForResource",
                "eks:Describe*",
                "eks:List*",
                "elasticache:Describe*",
                "elasticache:ListTagsForResource",
                "elasticloadbalancing:Describe*",
                "es:Describe*",
                "es:GetCompatibleVersions",
                "es:GetUpgradeHistory",
                "es:GetUpgradeStatus",
                "es:List*",
                "kms:Describe*",
                "kms:List*",
                "logs:Describe*",
                "logs:List*",
                "rds:Describe*",
                "rds:ListTagsForResource",
                "route53:Get*",
                "route53:List*",
                "s3:ListAllMyBuckets",
                "secretsmanager:ListSecrets",
                "shield:Describe*",
                "shield:List*",
                "sns:Get*",
                "sns:List*",
                "sts:GetCallerIdentity",
                "wafv2:Get*",
                "wafv2:List*",
            ],
            ["*"],
        ),
        allow(
            [
                "iam:GetOpenIDConnectProvider",
                "iam:GetPolicy",
                "iam:GetPolicyVersion",
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:List*Tags",
                "iam:ListAttachedRolePolicies",
                "iam:ListEntitiesForPolicy",
                "iam:ListInstanceProfilesForRole",
                "iam:ListPolicyVersions",
                "iam:ListRolePolicies",
            ],
            scope.globally("iam", "role/{}*", "policy/{}*", "oidc-provider/*"),
        ),
        # EKS looks, in the name of who makes a node group, whether its own role is there (terraform-aws-eks issue 823).
        allow(["iam:GetRole"], scope.globally("iam", "role/aws-service-role/*")),
        allow(["kms:GetKeyPolicy", "kms:GetKeyRotationStatus"], scope.arn("kms", "key/*")),
        allow(
            [
                "s3:GetAccelerateConfiguration",
                "s3:GetBucket*",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:GetReplicationConfiguration",
                "s3:ListBucket",
                "s3:ListTagsForResource",
            ],
            scope.buckets,
        ),
        allow(["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"], scope.secrets),
    )
