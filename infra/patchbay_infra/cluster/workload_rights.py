"""What each workload with AWS rights may do, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi

from patchbay_infra import platform_metrics
from patchbay_infra.cluster.workload_identity import Workload
from patchbay_infra.context import Context
from patchbay_infra.policy_document import Condition, Statement, allow

# On every node and volume of a cluster: what its workloads may touch is told by it.
CLUSTER_TAG: Final = "patchbay:cluster"
_SYSTEM: Final = "kube-system"

AUTOSCALER: Final = Workload("cluster-autoscaler", _SYSTEM, ("cluster-autoscaler",))
VPC_CNI: Final = Workload("vpc-cni", _SYSTEM, ("aws-node",))
EBS_CSI: Final = Workload("ebs-csi-controller", _SYSTEM, ("ebs-csi-controller-sa",))
VPC_CNI_POLICIES: Final = ("AmazonEKS_CNI_Policy",)


def autoscaler_rights(context: Context, cluster_name: str) -> Sequence[Statement]:
    """Looks at everything, as these calls know no resource; changes the groups that carry this cluster's tag.

    EKS' groups have launch templates and types by name: no launch configuration, and no type is looked for.
    """
    groups = context.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")
    return (
        allow(
            [
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeScalingActivities",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
            ],
            ["*"],
        ),
        allow(
            ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            [groups],
            _equals(**{f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster_name}": "owned"}),
        ),
        allow(["eks:DescribeNodegroup"], [context.arn("eks", f"nodegroup/{cluster_name}/*/*")]),
    )


def ebs_csi_rights(context: Context, cluster_name: str, key_arn: pulumi.Input[str]) -> Sequence[Statement]:
    """Makes volumes that carry this cluster's tag, and handles only those, on this cluster's nodes. No snapshots."""
    volumes = [context.arn("ec2", "volume/*")]
    nodes = [context.arn("ec2", "instance/*")]
    return (
        allow(
            [
                "ec2:DescribeAvailabilityZones",
                "ec2:DescribeInstances",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeTags",
                "ec2:DescribeVolumes",
                "ec2:DescribeVolumesModifications",
                "ec2:DescribeVolumeStatus",
            ],
            ["*"],
        ),
        allow(["ec2:CreateVolume"], volumes, _equals(**{f"aws:RequestTag/{CLUSTER_TAG}": cluster_name})),
        allow(["ec2:CreateTags"], volumes, _equals(**{"ec2:CreateAction": "CreateVolume"})),
        allow(
            ["ec2:AttachVolume", "ec2:DetachVolume", "ec2:DeleteVolume", "ec2:ModifyVolume"],
            volumes,
            _equals(**{f"aws:ResourceTag/{CLUSTER_TAG}": cluster_name}),
        ),
        allow(
            ["ec2:AttachVolume", "ec2:DetachVolume"],
            nodes,
            _equals(**{f"aws:ResourceTag/{CLUSTER_TAG}": cluster_name}),
        ),
        *_volume_key_rights(context, key_arn),
    )


def _volume_key_rights(context: Context, key_arn: pulumi.Input[str]) -> Sequence[Statement]:
    through_ec2 = {"kms:ViaService": f"ec2.{context.region}.amazonaws.com"}
    return (
        allow(
            [
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            [key_arn],
            _equals(**through_ec2),
        ),
        allow(
            ["kms:CreateGrant"],
            [key_arn],
            {"StringEquals": through_ec2, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    )


@dataclass(frozen=True)
class RuntimeData:
    """What the flow runtime works on: ARNs. `database_user`: the one that it logs in to the database as, by IAM."""

    database_user: pulumi.Input[str]
    cache: pulumi.Input[str]
    cache_user: pulumi.Input[str]


def runtime_rights(data: RuntimeData) -> Sequence[Statement]:
    """The database and the cache are entered as the runtime's own users: nothing else of AWS is."""
    return (
        allow(["rds-db:connect"], [data.database_user]),
        allow(["elasticache:Connect"], [data.cache, data.cache_user]),
    )


def cloudwatch_metrics_rights() -> Sequence[Statement]:
    """The platform's own metrics; the call knows no resource, but a namespace."""
    return (
        allow(["cloudwatch:PutMetricData"], ["*"], _equals(**{"cloudwatch:namespace": platform_metrics.NAMESPACE})),
    )


def database_access_rights(writer_arn: pulumi.Input[str]) -> Sequence[Statement]:
    """A new password for the master user of the write copy, with which the runtime's user is made.

    IAM cannot narrow the call to the password. No other resource is named, so that no other parameter group, option
    group or instance can be brought in by it.
    """
    return (allow(["rds:ModifyDBInstance"], [writer_arn]),)


def _equals(**values: pulumi.Input[str]) -> Condition:
    return {"StringEquals": values}
