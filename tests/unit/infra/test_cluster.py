"""What a cluster's control plane gives: pinned, encrypted, logged, and no way in but the stated ones."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from patchbay_config.errors import describe
from patchbay_infra.cluster.config import DEFAULT_ADDONS, ClusterConfig
from pydantic import ValidationError

from tests.unit.infra.clusters import ADMIN, APPLY, CONFIG, KEY, LOGS_KEY, OUTPUTS, PLAN, SPOT, changed, cluster, make
from tests.unit.infra.mocks import ACCOUNT, PRODUCTION, STAGING, ZONES, Recorded, mock_id, record


@pytest.fixture(scope="module")
def production() -> Recorded:
    return cluster(CONFIG, PRODUCTION)


def test_the_api_answers_inside_the_vpc_only_unless_networks_are_allowed(production: Recorded) -> None:
    private = production.one("eks/cluster:Cluster").inputs["vpcConfig"]
    assert private["endpointPrivateAccess"] is True
    assert private["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in private
    assert private["subnetIds"] == [f"private-{zone}" for zone in ZONES]
    allowed = cluster(changed(endpointAllowlist=["203.0.113.0/24"]), PRODUCTION).one("eks/cluster:Cluster")
    assert allowed.inputs["vpcConfig"]["endpointPublicAccess"] is True
    assert allowed.inputs["vpcConfig"]["publicAccessCidrs"] == ["203.0.113.0/24"]


def test_the_version_is_pinned_and_secrets_are_enveloped(production: Recorded) -> None:
    made = production.one("eks/cluster:Cluster").inputs
    assert made["version"] == "1.35"
    assert made["upgradePolicy"] == {"supportType": "STANDARD"}
    assert made["encryptionConfig"] == {"provider": {"keyArn": KEY}, "resources": ["secrets"]}
    assert made["bootstrapSelfManagedAddons"] is False


def test_everything_the_control_plane_logs_is_kept_encrypted_for_the_configured_time(production: Recorded) -> None:
    log = production.one("logGroup:LogGroup").inputs
    assert log["name"] == "/aws/eks/patchbay-production-main/cluster"
    assert (log["kmsKeyId"], log["retentionInDays"]) == (LOGS_KEY, 30)
    assert set(production.one("eks/cluster:Cluster").inputs["enabledClusterLogTypes"]) == {
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    }


def test_only_production_refuses_to_be_deleted(production: Recorded) -> None:
    assert production.one("eks/cluster:Cluster").inputs["deletionProtection"] is True
    assert cluster(CONFIG, STAGING).one("eks/cluster:Cluster").inputs["deletionProtection"] is False


def test_whoever_makes_the_cluster_is_not_its_admin_but_those_named_are() -> None:
    viewer = f"arn:aws:iam::{ACCOUNT}:role/team/readers"
    recorded = cluster(changed(viewers=[viewer]), STAGING)
    access = recorded.one("eks/cluster:Cluster").inputs["accessConfig"]
    assert access == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    policies = {
        one.inputs["principalArn"]: one.inputs["policyArn"].rpartition("/")[2]
        for one in recorded.of("AccessPolicyAssociation")
    }
    assert policies.items() >= {ADMIN: "AmazonEKSClusterAdminPolicy", viewer: "AmazonEKSViewPolicy"}.items()
    assert {one.inputs["principalArn"] for one in recorded.of("AccessEntry")} == {ADMIN, viewer, APPLY, PLAN}


def test_deployments_administer_the_cluster_and_pull_requests_look_at_everything_but_secrets(
    production: Recorded,
) -> None:
    """Of AWS' policies for all of a cluster, this one alone reads and leaves Secrets out.

    https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
    """
    associated = {
        one.inputs["principalArn"]: (one.inputs["policyArn"].rpartition("/")[2], one.inputs["accessScope"])
        for one in production.of("AccessPolicyAssociation")
    }
    assert associated[APPLY] == ("AmazonEKSClusterAdminPolicy", {"type": "cluster"})
    assert associated[PLAN] == ("AmazonEKSViewPolicy", {"type": "cluster"})
    for entry in production.of("AccessEntry"):
        assert "kubernetesGroups" not in entry.inputs


def test_a_provisioned_control_plane_takes_the_autoscalers_interval(production: Recorded) -> None:
    assert "controlPlaneScalingConfig" not in production.one("eks/cluster:Cluster").inputs
    made = cluster(changed(controlPlaneTier="tier-xl", hpaSyncSeconds=10), PRODUCTION).one("eks/cluster:Cluster").inputs
    assert made["controlPlaneScalingConfig"] == {"tier": "tier-xl"}
    period = made["kubeControllerManagerConfig"]["horizontalPodAutoscalerControllerConfig"]
    assert period == {"horizontalPodAutoscalerSyncPeriod": "10s"}


def test_add_ons_are_pinned_and_network_policies_enforced() -> None:
    recorded = cluster(changed(addons={"coredns": "v1.13.9-eksbuild.1"}), STAGING)
    versions = {one.inputs["addonName"]: one.inputs["addonVersion"] for one in recorded.of("eks/addon:Addon")}
    assert versions == {**DEFAULT_ADDONS, "coredns": "v1.13.9-eksbuild.1"}
    cni = recorded.one("eks/addon:Addon", "main-vpc-cni").inputs
    assert json.loads(cni["configurationValues"])["enableNetworkPolicy"] == "true"


def test_an_operator_gets_a_kubeconfig_without_a_credential(production: Recorded) -> None:
    kubeconfig = json.loads(production.outputs["kubeconfig"])
    assert kubeconfig["clusters"][0]["cluster"] == {
        "server": "https://cluster.example.com",
        "certificate-authority-data": "Y2E=",
    }
    (user,) = kubeconfig["users"]
    assert set(user["user"]) == {"exec"}
    assert user["user"]["exec"]["args"][:6] == [
        "eks",
        "get-token",
        "--cluster-name",
        "patchbay-production-main",
        "--region",
        "eu-central-1",
    ]
    assert (
        production.outputs["command"]
        == "aws eks update-kubeconfig --region eu-central-1 --name patchbay-production-main"
    )


def test_two_clusters_live_in_one_environment_under_different_names() -> None:
    def program() -> None:
        for name in ("main", "second"):
            make(name, CONFIG, PRODUCTION)

    recorded = record(program, outputs=OUTPUTS)
    for kind in ("eks/cluster:Cluster", "Role", "SecurityGroup", "LaunchTemplate"):
        names = [one.inputs["name"] for one in recorded.of(kind) if one.type.startswith("aws:")]
        assert len(set(names)) == len(names) > 1
    for kind in {one.type for one in recorded.resources if one.type.startswith("aws:")}:
        named = [one.inputs["tags"]["Name"] for one in recorded.of(kind) if "tags" in one.inputs]
        assert len(set(named)) == len(named), kind


def test_people_reach_the_private_api_server_through_the_vpn(production: Recorded) -> None:
    rule = production.one("vpc/securityGroupIngressRule:SecurityGroupIngressRule", "main-api-server-from-vpn").inputs
    assert rule["referencedSecurityGroupId"] == "sg-vpn"
    assert rule["securityGroupId"] == mock_id("main-control-plane")
    assert (rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == (443, 443, "tcp")


SYSTEM, ON_DEMAND = CONFIG["system"], CONFIG["flows"]["onDemand"]


@pytest.mark.parametrize(
    ("changes", "field", "remedy"),
    [
        ({"version": "latest"}, "version", "should match pattern"),
        ({"endpointAllowlist": ["0.0.0.0/0"]}, "endpointAllowlist", "narrow it"),
        ({"endpointAllowlist": ["0.0.0.0/1", "128.0.0.0/1"]}, "endpointAllowlist", "narrow it"),
        ({"endpointAllowlist": ["203.0.113.7/24"]}, "endpointAllowlist[0]", "write it like 203.0.113.0/24"),
        ({"endpointAllowlist": ["10.1.0.0/16"]}, "endpointAllowlist", "remove it"),
        ({"serviceCidr": "198.51.100.0/24"}, "serviceCidr", "take one that the VPC does not use"),
        ({"admins": []}, "admins", "at least 1 item"),
        ({"admins": ["arn:aws:iam::111122223333:user/someone"]}, "admins[0]", "should match pattern"),
        ({"viewers": [ADMIN]}, "", "viewers: arn:aws:iam::111122223333:role/operators is among the admins"),
        ({"tenants": ["Not_A_Label"]}, "tenants[0]", "should match pattern"),
        ({"tenants": ["acme", "acme"]}, "tenants", "acme stands twice; remove one"),
        ({"hpaSyncSeconds": 10}, "", "hpaSyncSeconds: only a provisioned control plane takes it; set controlPlaneTier"),
        ({"hpaSyncSeconds": 5, "controlPlaneTier": "tier-xl"}, "hpaSyncSeconds", "greater than or equal to 10"),
        ({"controlPlaneTier": "huge"}, "controlPlaneTier", "'tier-xl', 'tier-2xl', 'tier-4xl' or 'tier-8xl'"),
        ({"version": "1.36"}, "", "addons.kube-proxy: not a build for 1.36; set the version"),
        ({"addons": {"coredns": "latest"}}, "addons.coredns", "should match pattern"),
        ({"addons": {"unheard-of": "v1.0.0-eksbuild.1"}}, "addons.unheard-of.[key]", "should be 'vpc-cni'"),
        ({"amiFamily": "AL2"}, "amiFamily", "'AL2023' or 'BOTTLEROCKET'"),
        ({"logDays": 31}, "logDays", "set 30, 90, 365"),
        ({"system": {**SYSTEM, "minSize": 4}}, "system", "put desiredSize between the two"),
        ({"system": {**SYSTEM, "instanceTypes": ["large"]}}, "system.instanceTypes[0]", "should match pattern"),
        ({"system": {**SYSTEM, "instanceTypes": ["m7i.large", "m7i.xlarge"]}}, "system.instanceTypes", "of one size"),
        ({"system": {**SYSTEM, "instanceTypes": ["m7i.large", "m7i.large"]}}, "system.instanceTypes", "remove one"),
        ({"system": {**SYSTEM, "taints": []}}, "system.taints", "remove it"),
        (
            {"flows": {"onDemand": ON_DEMAND, "spot": {**ON_DEMAND, "instanceTypes": list(SPOT[:2])}}},
            "flows.spot.instanceTypes",
            "name 3 or more",
        ),
        ({"flows": {"onDemand": ON_DEMAND, "taints": [{"key": "a"}, {"key": "a"}]}}, "flows.taints", "remove one"),
        ({"flows": {"onDemand": ON_DEMAND, "taints": [{"key": "a b"}]}}, "flows.taints[0].key", "should match pattern"),
    ],
)
def test_a_bad_configuration_is_refused_by_field_and_with_the_remedy(
    changes: Mapping[str, Any], field: str, remedy: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        ClusterConfig.model_validate(changed(**changes))
    told = describe("", refused.value, missing="set it")
    assert any(line.startswith(f"{field}: ") and remedy in line for line in told.splitlines()), told


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"system": {**SYSTEM, "minSize": 2}}, "system.minSize"),
        ({"logDays": 7}, "logDays"),
        ({"flows": {"onDemand": {**ON_DEMAND, "minSize": 0}}}, "flows.onDemand.minSize"),
    ],
)
def test_production_is_held_to_more_than_other_environments(changes: Mapping[str, Any], field: str) -> None:
    weak = ClusterConfig.model_validate(changed(**changes))
    assert [name for name, _ in weak.faults(production=True)] == [field]
    assert not list(weak.faults(production=False))
    assert not list(ClusterConfig.model_validate(CONFIG).faults(production=True))
