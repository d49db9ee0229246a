"""What a deployment changes: the environment's own resources, a policy for each layer of them."""

from collections.abc import Mapping, Sequence
from typing import Final

from patchbay_infra.delivery.scope import Scope
from patchbay_infra.policy_document import Statement, allow

# Services that take a role of ours, and those that keep a role of their own in the account.
_PASSED_TO: Final = (
    "ec2.amazonaws.com",
    "eks.amazonaws.com",
    "monitoring.rds.amazonaws.com",
    "pods.eks.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)
_SERVICE_LINKED: Final = (
    "autoscaling.amazonaws.com",
    "clientvpn-connections.amazonaws.com",
    "clientvpn.amazonaws.com",
    "eks-nodegroup.amazonaws.com",
    "eks.amazonaws.com",
    "elasticache.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "opensearchservice.amazonaws.com",
    "rds.amazonaws.com",
    "shield.amazonaws.com",
    "spot.amazonaws.com",
    "wafv2.amazonaws.com",
)


def change_rights(scope: Scope, further_regions: Sequence[str]) -> Mapping[str, Sequence[Statement]]:
    """By layer; each fits a managed policy. Calls that know no resource of their own are listed one by one.

    `further_regions`: those that backups of the databases are copied to.
    """
    return {
        "network": _network(scope),
        "data": (*_data(scope), *_backup_copies(scope, further_regions)),
        "platform": _platform(scope),
        "identity": _identity(scope),
    }


def _network(scope: Scope) -> Sequence[Statement]:
    return (
        allow(
            [
                "ec2:AllocateAddress",
                "ec2:Apply*",
                "ec2:Associate*",
                "ec2:Attach*",
                "ec2:Authorize*",
                "ec2:Create*",
                "ec2:Delete*",
                "ec2:Detach*",
                "ec2:Disassociate*",
                "ec2:Modify*",
                "ec2:ReleaseAddress",
                "ec2:Replace*",
                "ec2:Revoke*",
                # EKS starts nodes from a launch template only for those who might start them themselves.
                "ec2:RunInstances",
                "ec2:UpdateSecurityGroupRuleDescriptions*",
            ],
            scope.arn("ec2", "*/*"),
        ),
        allow(["ec2:RunInstances"], [f"arn:aws:ec2:{scope.context.region}::image/*"]),
        allow(["elasticloadbalancing:*"], scope.arn("elasticloadbalancing", "*/*")),
        allow(["wafv2:*"], scope.arn("wafv2", "regional/*")),
        allow(["shield:*"], scope.globally("shield", "protection/*")),
        allow(["shield:CreateProtection"], ["*"]),
        allow(["acm:*"], scope.arn("acm", "certificate/*")),
        allow(["acm:RequestCertificate"], ["*"]),
        allow(["route53:*"], ["arn:aws:route53:::hostedzone/*", "arn:aws:route53:::change/*"]),
        allow(["route53:CreateHostedZone"], ["*"]),
    )


def _data(scope: Scope) -> Sequence[Statement]:
    return (
        allow(["rds:*"], scope.arn("rds", "*:{}*", "auto-backup:*")),
        # Not `Connect`: what is queued is none of a deployment's business.
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
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:ListBucketVersions",
                "s3:PutBucket*",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
            ],
            scope.buckets,
        ),
        # Containers of secrets, and no value: those are put in by who knows them.
        allow(
            [
                "secretsmanager:CancelRotateSecret",
                "secretsmanager:CreateSecret",
                "secretsmanager:DeleteResourcePolicy",
                "secretsmanager:DeleteSecret",
                "secretsmanager:PutResourcePolicy",
                "secretsmanager:RestoreSecret",
                "secretsmanager:RotateSecret",
                "secretsmanager:TagResource",
                "secretsmanager:UntagResource",
                "secretsmanager:UpdateSecret",
                "secretsmanager:ValidateResourcePolicy",
            ],
            scope.secrets,
        ),
        allow(["lambda:InvokeFunction"], scope.arn("lambda", "function:{}*")),
        allow(
            [
                "kms:CreateAlias",
                "kms:CreateGrant",
                "kms:DeleteAlias",
                "kms:DisableKeyRotation",
                "kms:EnableKeyRotation",
                "kms:PutKeyPolicy",
                "kms:RetireGrant",
                "kms:ScheduleKeyDeletion",
                "kms:CancelKeyDeletion",
                "kms:TagResource",
                "kms:UntagResource",
                "kms:UpdateAlias",
                "kms:UpdateKeyDescription",
            ],
            scope.arn("kms", "key/*", "alias/{}*"),
        ),
        # RDS, EKS and the others try a key in the name of who hands it to them.
        allow(
            ["kms:Decrypt", "kms:GenerateDataKey*"],
            scope.arn("kms", "key/*"),
            {"StringLike": {"kms:ViaService": f"*.{scope.context.region}.amazonaws.com"}},
        ),
        allow(["kms:CreateKey"], ["*"]),
    )


def _backup_copies(scope: Scope, regions: Sequence[str]) -> Sequence[Statement]:
    if not regions:
        return ()
    account = scope.context.account_id
    return (
        allow(
            ["rds:*DBInstanceAutomatedBackup*"],
            [f"arn:aws:rds:{region}:{account}:auto-backup:*" for region in regions],
        ),
        allow(
            ["kms:CreateGrant"],
            [f"arn:aws:kms:{region}:{account}:key/*" for region in regions],
            {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    )


def _platform(scope: Scope) -> Sequence[Statement]:
    return (
        allow(
            ["eks:*"],
            scope.arn(
                "eks",
                "access-entry/{}*",
                "addon/{}*",
                "cluster/{}*",
                "nodegroup/{}*",
                "podidentityassociation/{}*",
            ),
        ),
        allow(["eks:CreateCluster"], ["*"]),
        allow(
            [
                "autoscaling:*LoadBalancerTargetGroups",
                "autoscaling:*TrafficSources",
                "autoscaling:CreateOrUpdateTags",
                "autoscaling:DeleteTags",
            ],
            scope.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/eks-{}*"),
        ),
        allow(
            [
                "ecr:CreateRepository",
                "ecr:DeleteLifecyclePolicy",
                "ecr:DeleteRepository",
                "ecr:Put*",
                "ecr:TagResource",
                "ecr:UntagResource",
            ],
            scope.arn("ecr", "repository/{}*"),
        ),
        allow(["ecr:PutRegistryScanningConfiguration"], ["*"]),
        allow(
            [
                "logs:AssociateKmsKey",
                "logs:CreateLogGroup",
                "logs:DeleteLogGroup",
                "logs:DeleteRetentionPolicy",
                "logs:DisassociateKmsKey",
                "logs:PutRetentionPolicy",
                "logs:TagResource",
                "logs:UntagResource",
            ],
            scope.arn("logs", "log-group:*"),
        ),
        # Flow logs, the firewall's and the search's logs are delivered by AWS.
        allow(
            [
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DeleteResourcePolicy",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ],
            ["*"],
        ),
        allow(["cloudwatch:*"], scope.arn("cloudwatch", "alarm:{}*")),
        allow(["sns:*"], scope.arn("sns", "{}*")),
        allow(["budgets:*"], scope.globally("budgets", "budget/{}*")),
        allow(["ce:*"], scope.globally("ce", "anomalymonitor/*", "anomalysubscription/*")),
        allow(["ce:CreateAnomalyMonitor", "ce:CreateAnomalySubscription"], ["*"]),
    )


def _identity(scope: Scope) -> Sequence[Statement]:
    roles = scope.globally("iam", "role/{}*")
    return (
        allow(
            [
                "iam:AttachRolePolicy",
                "iam:CreateRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePermissionsBoundary",
                "iam:PutRolePolicy",
            ],
            roles,
            {"StringEquals": {"iam:PermissionsBoundary": scope.boundary}},
        ),
        allow(
            [
                "iam:DeleteRole",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
                "iam:UpdateRoleDescription",
            ],
            roles,
        ),
        allow(["iam:PassRole"], roles, {"StringEquals": {"iam:PassedToService": list(_PASSED_TO)}}),
        allow(
            ["iam:CreateServiceLinkedRole"],
            scope.globally("iam", "role/aws-service-role/*"),
            {"StringEquals": {"iam:AWSServiceName": list(_SERVICE_LINKED)}},
        ),
    )
