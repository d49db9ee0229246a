"""What a cluster's nodes and workloads may do on AWS: each its own work, and nothing else."""

import json
from typing import Any

import pytest
from patchbay_infra.cluster import workload_rights
from patchbay_infra.cluster.component import Cluster
from patchbay_infra.cluster.workload_identity import Workload

from tests.unit.infra.clusters import CONFIG, cluster
from tests.unit.infra.mocks import ACCOUNT, PRODUCTION, Created, Recorded, mock_arn


@pytest.fixture(scope="module")
def production() -> Recorded:
    return cluster(CONFIG, PRODUCTION)


def statements(policy: Created) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(policy.inputs["policy"])["Statement"]
    return found


def test_nodes_may_join_and_pull_images_and_nothing_else(production: Recorded) -> None:
    role = production.one("Role", "main-nodes").inputs["name"]
    attached = {one.inputs["policyArn"] for one in production.of("RolePolicyAttachment") if one.inputs["role"] == role}
    assert attached == {
        "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
    }
    assert not [one for one in production.of("iam/rolePolicy:RolePolicy") if one.inputs["role"] == role]


@pytest.mark.parametrize(
    ("workload", "account"),
    [
        (workload_rights.AUTOSCALER, "cluster-autoscaler"),
        (workload_rights.EBS_CSI, "ebs-csi-controller-sa"),
        (workload_rights.VPC_CNI, "aws-node"),
    ],
)
def test_a_workloads_role_is_taken_by_its_pods_of_this_cluster_only(
    production: Recorded, workload: Workload, account: str
) -> None:
    (trusted,) = json.loads(production.one("Role", f"main-{workload.name}").inputs["assumeRolePolicy"])["Statement"]
    assert trusted["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert trusted["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert trusted["Condition"]["StringEquals"] == {
        "aws:SourceAccount": ACCOUNT,
        "aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/patchbay-production-main",
        "aws:RequestTag/kubernetes-namespace": "kube-system",
        "aws:RequestTag/kubernetes-service-account": [account],
    }
    (association,) = [one for one in production.of("PodIdentityAssociation") if one.inputs["serviceAccount"] == account]
    assert association.inputs["roleArn"] == mock_arn(f"main-{workload.name}")


def test_what_changes_something_is_allowed_on_this_clusters_resources_only(production: Recorded) -> None:
    harmless = ("Describe", "Get", "List")
    for policy in production.of("iam/rolePolicy:RolePolicy"):
        for statement in statements(policy):
            assert not [action for action in statement["Action"] if "*" in action]
            if statement["Resource"] == ["*"]:
                assert all(action.partition(":")[2].startswith(harmless) for action in statement["Action"])
            else:
                assert all("Condition" in statement or "main" in arn for arn in statement["Resource"])


def test_the_autoscaler_resizes_only_groups_with_this_clusters_tag(production: Recorded) -> None:
    (resize,) = [
        statement
        for statement in statements(production.one("iam/rolePolicy:RolePolicy", "main-cluster-autoscaler"))
        if "autoscaling:SetDesiredCapacity" in statement["Action"]
    ]
    assert resize["Condition"] == {
        "StringEquals": {"aws:ResourceTag/k8s.io/cluster-autoscaler/patchbay-production-main": "owned"}
    }


# What programs of others call, by their own documentation. Sources: kubernetes/autoscaler,
# cluster-autoscaler/cloudprovider/aws/README.md, "Full Cluster Autoscaler Features Policy", without what it has for
# launch configurations and for types that are looked for by requirements (aws_wrapper.go), and one call that its code
# does not make (DescribeAutoScalingInstances);
# kubernetes-sigs/aws-ebs-csi-driver v1.59, docs/example-iam-policy.json, without what it has for snapshots, copies of
# volumes and tags of what is there: the role's volumes have none of these.
DOCUMENTED = {
    workload_rights.AUTOSCALER: {
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:SetDesiredCapacity",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "eks:DescribeNodegroup",
    },
    workload_rights.EBS_CSI: {
        "ec2:AttachVolume",
        "ec2:CreateTags",
        "ec2:CreateVolume",
        "ec2:DeleteVolume",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInstances",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeTags",
        "ec2:DescribeVolumes",
        "ec2:DescribeVolumesModifications",
        "ec2:DescribeVolumeStatus",
        "ec2:DetachVolume",
        "ec2:ModifyVolume",
    },
}


@pytest.mark.parametrize("workload", DOCUMENTED)
def test_a_program_of_others_may_call_what_its_own_documentation_names_and_nothing_else(
    production: Recorded, workload: Workload
) -> None:
    policy = production.one("iam/rolePolicy:RolePolicy", f"main-{workload.name}")
    given = {action for statement in statements(policy) for action in statement["Action"]}
    # A key of one's own is the account's affair.
    assert {action for action in given if not action.startswith("kms:")} == DOCUMENTED[workload]


def test_volumes_carry_the_tag_that_the_driver_may_touch_them_by(production: Recorded) -> None:
    addon = production.one("eks/addon:Addon", "main-aws-ebs-csi-driver").inputs
    tags = json.loads(addon["configurationValues"])["controller"]["extraVolumeTags"]
    assert tags["patchbay:cluster"] == "patchbay-production-main"
    (create,) = [
        statement
        for statement in statements(production.one("iam/rolePolicy:RolePolicy", "main-ebs-csi-controller"))
        if statement["Action"] == ["ec2:CreateVolume"]
    ]
    assert create["Condition"] == {"StringEquals": {"aws:RequestTag/patchbay:cluster": "patchbay-production-main"}}


def test_only_metrics_of_the_platform_s_own_namespace_may_be_put() -> None:
    workload = Workload("cloudwatch-metrics", "patchbay-runtime", ("cloudwatch-metrics",))

    def grant(made: Cluster) -> None:
        made.grant(workload, workload_rights.cloudwatch_metrics_rights())

    recorded = cluster(CONFIG, PRODUCTION, grant)
    assert statements(recorded.one("iam/rolePolicy:RolePolicy", "main-cloudwatch-metrics")) == [
        {
            "Effect": "Allow",
            "Action": ["cloudwatch:PutMetricData"],
            "Resource": ["*"],
            "Condition": {"StringEquals": {"cloudwatch:namespace": "Patchbay"}},
        }
    ]


def test_the_runtime_enters_the_database_and_the_cache_as_itself_and_nothing_else() -> None:
    data = workload_rights.RuntimeData(
        database_user="arn:database-user",
        cache="arn:cache",
        cache_user="arn:cache-user",
    )
    workload = Workload("runtime", "patchbay-runtime", ("api", "shape-map"))

    def grant(made: Cluster) -> None:
        made.grant(workload, workload_rights.runtime_rights(data))

    recorded = cluster(CONFIG, PRODUCTION, grant)
    rights = {
        action: statement["Resource"]
        for statement in statements(recorded.one("iam/rolePolicy:RolePolicy", "main-runtime"))
        for action in statement["Action"]
    }
    assert rights == {
        "rds-db:connect": ["arn:database-user"],
        "elasticache:Connect": ["arn:cache", "arn:cache-user"],
    }
    accounts = {
        one.inputs["serviceAccount"]
        for one in recorded.of("PodIdentityAssociation")
        if one.inputs["namespace"] == "patchbay-runtime"
    }
    assert accounts == {"api", "shape-map"}
