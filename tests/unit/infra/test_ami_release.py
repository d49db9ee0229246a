"""Which release of its image a node starts from: pinned, of the cluster's version, and told how to find the next."""

import pytest
from patchbay_infra.cluster.ami_release import DEFAULT_RELEASES, Family
from patchbay_infra.cluster.config import ClusterConfig

from tests.unit.infra.clusters import CONFIG, changed, cluster
from tests.unit.infra.mocks import PRODUCTION
from tests.unit.infra.refusals import refusal

KUBE_PROXY_34 = {"kube-proxy": "v1.34.1-eksbuild.2"}


def test_every_group_names_the_release_of_its_image() -> None:
    groups = cluster(CONFIG, PRODUCTION).of("eks/nodeGroup:NodeGroup")
    assert {group.inputs["releaseVersion"] for group in groups} == {DEFAULT_RELEASES["AL2023"]}
    own = cluster(changed(amiRelease="1.35.9-20261118"), PRODUCTION).of("eks/nodeGroup:NodeGroup")
    assert {group.inputs["releaseVersion"] for group in own} == {"1.35.9-20261118"}


@pytest.mark.parametrize("family", ["BOTTLEROCKET", "AL2023"])
def test_a_release_that_is_left_out_is_one_of_the_image(family: Family) -> None:
    config = ClusterConfig.model_validate(changed(amiFamily=family))
    assert config.release == DEFAULT_RELEASES[family]


@pytest.mark.parametrize(
    ("changes", "remedy", "parameter"),
    [
        (
            {"amiRelease": "latest"},
            "latest is no release of AL2023; write Kubernetes' version and a day",
            "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/standard/recommended/release_version",
        ),
        (
            {"amiRelease": "1.34.7-20260512"},
            "1.34.7-20260512 is not of Kubernetes 1.35; set one of the cluster's version",
            "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/standard/recommended/release_version",
        ),
        (
            # An upgrade of the cluster says that the nodes' image belongs to it.
            {"version": "1.34", "addons": KUBE_PROXY_34},
            f"{DEFAULT_RELEASES['AL2023']} is not of Kubernetes 1.34",
            "/aws/service/eks/optimized-ami/1.34/amazon-linux-2023/x86_64/standard/recommended/release_version",
        ),
        (
            {"amiFamily": "BOTTLEROCKET", "amiRelease": "1.65.0"},
            "1.65.0 is no release of BOTTLEROCKET; write Bottlerocket's version and a commit",
            "/aws/service/bottlerocket/aws-k8s-1.35/x86_64/latest/image_version",
        ),
        (
            {"amiFamily": "BOTTLEROCKET", "amiRelease": "1.35.7-20260903x"},
            "is no release of BOTTLEROCKET",
            "/aws/service/bottlerocket/aws-k8s-1.35/x86_64/latest/image_version",
        ),
    ],
)
def test_a_wrong_release_is_refused_with_the_command_that_tells_a_right_one(
    changes: dict[str, object], remedy: str, parameter: str
) -> None:
    told = refusal(ClusterConfig, changed(**changes))
    assert "amiRelease: " in told
    assert remedy in told
    assert f"`aws ssm get-parameter --name {parameter}`" in told
