"""EKS add-ons."""

import json

import pytest

from tests.standins.aws.account import Account, refused


@pytest.fixture
def cluster(account: Account) -> str:
    return account.cluster(account.network())


def test_an_addon_is_described_as_it_was_made_and_updated(account: Account, cluster: str) -> None:
    eks = account.client("eks")
    version = "v1.20.4-eksbuild.2"
    settings = json.dumps({"enableNetworkPolicy": "true"})
    eks.create_addon(
        clusterName=cluster, addonName="vpc-cni", addonVersion=version, configurationValues=settings, tags={"a": "b"}
    )
    described = eks.describe_addon(clusterName=cluster, addonName="vpc-cni")["addon"]
    assert (described["status"], described["addonVersion"]) == ("ACTIVE", version)
    assert (described["configurationValues"], described["tags"]) == (settings, {"a": "b"})
    update = eks.update_addon(clusterName=cluster, addonName="vpc-cni", addonVersion="v1.20.5-eksbuild.1")["update"]
    asked = {"name": cluster, "addonName": "vpc-cni"}
    assert eks.list_updates(**asked)["updateIds"] == [update["id"]]
    assert eks.describe_update(updateId=update["id"], **asked)["update"]["type"] == "AddonUpdate"
    described = eks.describe_addon(clusterName=cluster, addonName="vpc-cni")["addon"]
    assert (described["addonVersion"], described["configurationValues"]) == ("v1.20.5-eksbuild.1", settings)


def test_addons_are_listed_until_they_are_deleted(account: Account, cluster: str) -> None:
    eks = account.client("eks")
    for name in ("coredns", "kube-proxy", "metrics-server"):
        eks.create_addon(clusterName=cluster, addonName=name)
    pages = eks.get_paginator("list_addons").paginate(clusterName=cluster, PaginationConfig={"PageSize": 2})
    assert [page["addons"] for page in pages] == [["coredns", "kube-proxy"], ["metrics-server"]]
    eks.delete_addon(clusterName=cluster, addonName="coredns")
    with refused("ResourceNotFoundException", 404):
        eks.describe_addon(clusterName=cluster, addonName="coredns")


def test_the_pod_identity_of_an_addon_comes_and_goes_with_it(account: Account, cluster: str) -> None:
    eks = account.client("eks")
    first, second = account.role(), account.role()
    name = "aws-ebs-csi-driver"

    def roles() -> list[str]:
        found = eks.list_pod_identity_associations(clusterName=cluster)["associations"]
        described = (
            eks.describe_pod_identity_association(clusterName=cluster, associationId=item["associationId"])
            for item in found
        )
        return [answer["association"]["roleArn"] for answer in described]

    def wanted(role: str) -> list[dict[str, str]]:
        return [{"serviceAccount": "ebs-csi-controller-sa", "roleArn": role}]

    eks.create_addon(clusterName=cluster, addonName=name, podIdentityAssociations=wanted(first))
    assert roles() == [first]
    eks.update_addon(clusterName=cluster, addonName=name, podIdentityAssociations=wanted(second))
    assert roles() == [second]
    eks.delete_addon(clusterName=cluster, addonName=name)
    assert roles() == []


def test_the_versions_for_a_cluster_can_be_asked_for_and_installed(account: Account, cluster: str) -> None:
    eks = account.client("eks")
    found = eks.describe_addon_versions(addonName="kube-proxy", kubernetesVersion="1.33")["addons"]
    version = found[0]["addonVersions"][0]
    assert version["compatibilities"][0]["clusterVersion"] == "1.33"
    made = eks.create_addon(clusterName=cluster, addonName="kube-proxy", addonVersion=version["addonVersion"])
    assert made["addon"]["addonVersion"].startswith("v1.33.")


def test_what_aws_refuses_is_refused(account: Account, cluster: str) -> None:
    eks = account.client("eks")
    eks.create_addon(clusterName=cluster, addonName="coredns")
    with refused("ResourceInUseException", 409):
        eks.create_addon(clusterName=cluster, addonName="coredns")
    with refused("InvalidParameterException"):
        eks.create_addon(clusterName=cluster, addonName="unheard-of")
    with refused("InvalidParameterException"):
        eks.create_addon(clusterName=cluster, addonName="kube-proxy", addonVersion="latest")
    with refused("InvalidParameterException"):
        eks.create_addon(clusterName=cluster, addonName="kube-proxy", configurationValues="[unclosed")
    words = "$.env.WARM_TARGET: is not defined in the schema and the schema does not allow additional properties"
    for variables, expected in (({"WARM_TARGET": "1"}, words), ({"WARM_IP_TARGET": 5}, "integer found, string")):
        with refused("InvalidParameterException", words=expected):
            values = json.dumps({"env": variables})
            eks.create_addon(clusterName=cluster, addonName="vpc-cni", configurationValues=values)
    with refused("ResourceNotFoundException", 404):
        eks.create_addon(clusterName="none", addonName="coredns")
