"""Clusters, images, log groups, and what watches over them and their costs."""

from collections.abc import Sequence

from patchbay_infra.delivery.scope import Outside, Scope
from patchbay_infra.policy_document import Statement, allow


def platform_changes(scope: Scope, outside: Outside) -> Sequence[Statement]:
    """By name; cost alerts, which AWS names, by their tag.

    Enhanced scanning of images is Inspector's, and is turned on and off with its own calls in the same name (ECR's
    guide, "IAM permissions required for enhanced scanning").
    """
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
        allow(["ce:CreateAnomalyMonitor", "ce:CreateAnomalySubscription", "eks:CreateCluster"], ["*"], scope.requested),
        allow(
            [
                "autoscaling:*LoadBalancerTargetGroups",
                "autoscaling:CreateOrUpdateTags",
                "autoscaling:DeleteTags",
            ],
            scope.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/eks-{}*"),
        ),
        # No image: those are put in by who promotes them.
        allow(
            [
                "ecr:CreateRepository",
                "ecr:DeleteLifecyclePolicy",
                "ecr:DeleteRepository",
                "ecr:PutImageScanningConfiguration",
                "ecr:PutImageTagMutability",
                "ecr:PutLifecyclePolicy",
                "ecr:TagResource",
                "ecr:UntagResource",
            ],
            scope.arn("ecr", "repository/{}*"),
        ),
        allow(
            [
                "logs:AssociateKmsKey",
                "logs:CreateLogGroup",
                "logs:DeleteLogGroup",
                "logs:PutRetentionPolicy",
                "logs:TagResource",
                "logs:UntagResource",
            ],
            scope.log_groups,
        ),
        # Flow logs and those of firewall, search and caches are delivered by AWS; it knows no resource of these.
        allow(
            [
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DeleteResourcePolicy",
                "logs:GetLogDelivery",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ],
            ["*"],
        ),
        allow(["cloudwatch:*"], scope.arn("cloudwatch", "alarm:{}*")),
        allow(["sns:*"], scope.arn("sns", "{}*")),
        allow(["budgets:*"], scope.globally("budgets", "budget/{}*")),
        allow(
            [
                "ce:DeleteAnomalyMonitor",
                "ce:DeleteAnomalySubscription",
                "ce:UntagResource",
                "ce:UpdateAnomalyMonitor",
                "ce:UpdateAnomalySubscription",
            ],
            scope.globally("ce", "anomalymonitor/*", "anomalysubscription/*"),
            scope.owned,
        ),
        *scope.tagging(["ce:TagResource"], scope.globally("ce", "anomalymonitor/*", "anomalysubscription/*")),
        *_scanning(outside),
    )


def _scanning(outside: Outside) -> Sequence[Statement]:
    if not outside.scans:
        return ()
    return (
        allow(
            [
                "ecr:PutRegistryScanningConfiguration",
                "inspector2:Disable",
                "inspector2:Enable",
                "inspector2:ListAccountPermissions",
            ],
            ["*"],
        ),
    )
