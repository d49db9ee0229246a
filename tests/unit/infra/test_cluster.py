"""What a cluster gives: nodes that scale, workloads with their own rights, and no way in but the stated ones."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest
from patchbay_config.errors import describe
from patchbay_infra.cluster import workload_rights
from patchbay_infra.cluster.component import Cluster
from patchbay_infra.cluster.config import DEFAULT_ADDONS, ClusterConfig
from patchbay_infra.cluster.workload_identity import Workload
from patchbay_infra.context import Context
from pydantic import ValidationError

from tests.unit.infra.mocks import ACCOUNT, PRODUCTION, STAGING, ZONES, Created, Recorded, mock_arn, mock_id, record

KEY, LOGS_KEY = "arn:aws:kms:eu-central-1:111122223333:key/cluster", "arn:aws:kms:eu-central-1:111122223333:key/logs"
TARGET_GROUP, LOAD_BALANCER = "arn:target-group", "sg-load-balancer"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/operators"
OUTPUTS: Mapping[str, Mapping[str, Any]] = {
    "eks/cluster:Cluster": {"endpoint": "https://cluster.example.com", "certificateAuthority": {"data": "Y2E="}},
    "eks/nodeGroup:NodeGroup": {"resources": [{"autoscalingGroups": [{"name": "asg"}]}]},
    "launchTemplate:LaunchTemplate": {"latestVersion": 3},
}
SPOT = ("m7i.xlarge", "m7a.xlarge", "m6i.xlarge")
CONFIG: dict[str, Any] = {
    "admins": [ADMIN],
    "system": {"instanceTypes": ["m7i.large"], "minSize": 3, "desiredSize": 3, "maxSize": 6},
    "flows": {
        "onDemand": {"instanceTypes": ["m7i.xlarge"], "minSize": 1, "desiredSize": 1, "maxSize": 10},
        "spot": {"instanceTypes": list(SPOT), "minSize": 0, "desiredSize": 0, "maxSize": 40},
    },
}


@dataclass(frozen=True)
class SomeNetwork:
    vpc_id: pulumi.Output[str]
    private_subnet_ids: Mapping[str, pulumi.Output[str]]


def cluster(config: Mapping[str, Any], context: Context, then: Callable[[Cluster], None] | None = None) -> Recorded:
    def program() -> Mapping[str, Any]:
        network = SomeNetwork(
            pulumi.Output.from_input("vpc"), {zone: pulumi.Output.from_input(f"private-{zone}") for zone in ZONES}
        )
        made = Cluster(
            "main",
            ClusterConfig.model_validate(config),
            context=context,
            network=network,
            key_arn=KEY,
            logs_key_arn=LOGS_KEY,
            gateway_target_group_arn=TARGET_GROUP,
            load_balancer_security_group_id=LOAD_BALANCER,
            operators={"vpn": "sg-vpn"},
            opts=pulumi.ResourceOptions(),
        )
        if then:
            then(made)
        return {
            "kubeconfig": made.kubeconfig,
            "command": made.kubeconfig_command,
            "roles": made.workload_role_arns,
            "nodes": made.node_security_group_id,
        }

    return record(program, outputs=OUTPUTS)


@pytest.fixture(scope="module")
def production() -> Recorded:
    return cluster(CONFIG, PRODUCTION)


def changed(**changes: Any) -> dict[str, Any]:
    return {**CONFIG, **changes}


def statements(policy: Created) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(policy.inputs["policy"])["Statement"]
    return found


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
    assert policies == {ADMIN: "AmazonEKSClusterAdminPolicy", viewer: "AmazonEKSViewPolicy"}
    assert {one.inputs["principalArn"] for one in recorded.of("AccessEntry")} == {ADMIN, viewer}


def test_a_provisioned_control_plane_takes_the_autoscalers_interval(production: Recorded) -> None:
    assert "controlPlaneScalingConfig" not in production.one("eks/cluster:Cluster").inputs
    made = cluster(changed(controlPlaneTier="tier-xl", hpaSyncSeconds=10), PRODUCTION).one("eks/cluster:Cluster").inputs
    assert made["controlPlaneScalingConfig"] == {"tier": "tier-xl"}
    period = made["kubeControllerManagerConfig"]["horizontalPodAutoscalerControllerConfig"]
    assert period == {"horizontalPodAutoscalerSyncPeriod": "10s"}


def test_spot_nodes_come_above_an_on_demand_base(production: Recorded) -> None:
    groups = {
        one.name: (one.inputs["capacityType"], one.inputs["labels"]["patchbay.dev/pool"])
        for one in production.of("eks/nodeGroup:NodeGroup")
    }
    assert groups == {
        "main-system": ("ON_DEMAND", "system"),
        "main-flows": ("ON_DEMAND", "flows"),
        "main-flows-spot": ("SPOT", "flows"),
    }
    assert production.one("eks/nodeGroup:NodeGroup", "main-flows-spot").inputs["instanceTypes"] == list(SPOT)


def test_nodes_are_only_in_private_subnets_and_one_group_spans_the_zones(production: Recorded) -> None:
    for group in production.of("eks/nodeGroup:NodeGroup"):
        assert group.inputs["subnetIds"] == [f"private-{zone}" for zone in ZONES]


def test_zonal_flows_have_a_group_in_each_zone_so_that_volumes_find_their_nodes() -> None:
    recorded = cluster(changed(flows={**CONFIG["flows"], "zonal": True}), PRODUCTION)
    subnets = {one.name: one.inputs["subnetIds"] for one in recorded.of("eks/nodeGroup:NodeGroup")}
    assert subnets.pop("main-system") == [f"private-{zone}" for zone in ZONES]
    assert subnets == {
        f"main-{kind}-{zone[-1]}": [f"private-{zone}"] for kind in ("flows", "flows-spot") for zone in ZONES
    }


def test_a_machine_hands_its_credentials_to_no_pod_and_its_disks_are_encrypted(production: Recorded) -> None:
    templates = production.of("launchTemplate:LaunchTemplate")
    assert len(templates) == 3
    for template in templates:
        metadata = template.inputs["metadataOptions"]
        assert (metadata["httpTokens"], metadata["httpPutResponseHopLimit"]) == ("required", 1)
        assert template.inputs["monitoring"] == {"enabled": True}
        for device in template.inputs["blockDeviceMappings"]:
            disk = device["ebs"]
            assert (disk["encrypted"], disk["kmsKeyId"], disk["volumeType"]) == ("true", KEY, "gp3")
        assert template.inputs["vpcSecurityGroupIds"] == [production.one("SecurityGroup", "main-nodes").id]


def test_bottlerocket_keeps_images_on_a_disk_of_its_own() -> None:
    template = cluster(changed(amiType="BOTTLEROCKET_x86_64"), STAGING).one("LaunchTemplate", "main-system")
    sizes = {one["deviceName"]: one["ebs"]["volumeSize"] for one in template.inputs["blockDeviceMappings"]}
    assert sizes == {"/dev/xvda": 4, "/dev/xvdb": 50}


def test_every_machine_disk_and_interface_says_whose_it_is(production: Recorded) -> None:
    for template in production.of("launchTemplate:LaunchTemplate"):
        tags = {one["resourceType"]: one["tags"] for one in template.inputs["tagSpecifications"]}
        assert set(tags) == {"instance", "volume", "network-interface"}
        for one in tags.values():
            assert one["patchbay:cluster"] == "patchbay-production-main"
            assert PRODUCTION.common_tags.items() <= one.items()


def test_the_autoscaler_finds_every_group_and_knows_an_empty_ones_nodes() -> None:
    taint = {"key": "patchbay.dev/flows", "value": "only"}
    recorded = cluster(changed(flows={**CONFIG["flows"], "taints": [taint]}), PRODUCTION)
    prefix = "k8s.io/cluster-autoscaler"
    common = {
        f"{prefix}/enabled": "true",
        f"{prefix}/patchbay-production-main": "owned",
        f"{prefix}/node-template/resources/ephemeral-storage": "50Gi",
    }
    for group, more in {
        "main-system": {"label/patchbay.dev/pool": "system", "label/patchbay.dev/capacity": "on-demand"},
        "main-flows-spot": {
            "label/patchbay.dev/pool": "flows",
            "label/patchbay.dev/capacity": "spot",
            "taint/patchbay.dev/flows": "only:NoSchedule",
        },
    }.items():
        tags = {
            one.inputs["tag"]["key"]: one.inputs["tag"]["value"]
            for one in recorded.of("autoscaling/tag:Tag")
            if one.name.startswith(f"{group}-k8s.io")
        }
        assert tags == {**common, **{f"{prefix}/node-template/{key}": value for key, value in more.items()}}
    taints = recorded.one("eks/nodeGroup:NodeGroup", "main-flows").inputs["taints"]
    assert taints == [{**taint, "effect": "NO_SCHEDULE"}]
    assert not recorded.one("eks/nodeGroup:NodeGroup", "main-system").inputs.get("taints")


def test_the_edge_reaches_every_node(production: Recorded) -> None:
    attached = production.of("autoscaling/attachment:Attachment")
    assert len(attached) == 3
    assert {(one.inputs["autoscalingGroupName"], one.inputs["lbTargetGroupArn"]) for one in attached} == {
        ("asg", TARGET_GROUP)
    }


def test_a_group_of_other_machines_gets_another_name_so_that_it_can_come_before_the_old_goes() -> None:
    other = {**CONFIG["system"], "instanceTypes": ["m7a.large"]}
    larger = {**CONFIG["system"], "maxSize": 9}
    name = {
        label: cluster(changed(system=system), STAGING)
        .one("eks/nodeGroup:NodeGroup", "main-system")
        .inputs["nodeGroupName"]
        for label, system in {"before": CONFIG["system"], "other": other, "larger": larger}.items()
    }
    assert name["before"].startswith("patchbay-staging-main-system-")
    assert name["before"] == name["larger"] != name["other"]


def test_nodes_take_connections_from_their_cluster_and_the_load_balancer_only(production: Recorded) -> None:
    nodes, plane = (production.one("SecurityGroup", f"main-{role}").id for role in ("nodes", "control-plane"))
    assert production.outputs["nodes"] == nodes
    into = {
        (one.inputs["referencedSecurityGroupId"], one.inputs.get("fromPort"), one.inputs.get("toPort"))
        for one in production.of("SecurityGroupIngressRule")
        if one.inputs["securityGroupId"] == nodes
    }
    assert into == {
        (nodes, None, None),
        *((plane, port, port) for port in (10250, 10251, 6443)),
        *((LOAD_BALANCER, port, port) for port in (30080, 30081)),
    }
    assert not [one for one in production.of("SecurityGroupIngressRule") if "cidrIpv4" in one.inputs]


def test_each_way_in_has_its_way_out_and_only_https_leaves_for_anywhere(production: Recorded) -> None:
    def ways(kind: str, own: str, peer: str) -> set[tuple[Any, ...]]:
        return {
            (one.inputs[own], one.inputs[peer], one.inputs.get("fromPort"))
            for one in production.of(kind)
            if peer in one.inputs
        }

    ingress = ways("SecurityGroupIngressRule", "referencedSecurityGroupId", "securityGroupId")
    egress = ways("SecurityGroupEgressRule", "securityGroupId", "referencedSecurityGroupId")
    # The VPN's own group lets out to all private subnets.
    assert {way for way in ingress if way[0] != "sg-vpn"} == egress
    anywhere = [one.inputs for one in production.of("SecurityGroupEgressRule") if "cidrIpv4" in one.inputs]
    assert [(one["cidrIpv4"], one["fromPort"], one["toPort"], one["ipProtocol"]) for one in anywhere] == [
        ("0.0.0.0/0", 443, 443, "tcp")
    ]


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
    assert association.inputs["roleArn"] == production.outputs["roles"][workload.name]


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


def test_the_runtime_works_on_its_own_data_and_enters_the_cache_as_itself() -> None:
    data = workload_rights.RuntimeData(
        payload_bucket="arn:aws:s3:::payloads",
        payload_key="arn:payload-key",
        tenant_secrets="arn:tenants/*",
        database_user="arn:database-user",
        secrets_key="arn:secrets-key",
        cache="arn:cache",
        cache_user="arn:cache-user",
    )
    workload = Workload("runtime", "patchbay-runtime", ("api", "shape-map"))

    def grant(made: Cluster) -> None:
        made.grant(workload, workload_rights.runtime_rights(PRODUCTION, data))

    recorded = cluster(CONFIG, PRODUCTION, grant)
    rights = {
        action: statement["Resource"]
        for statement in statements(recorded.one("iam/rolePolicy:RolePolicy", "main-runtime"))
        for action in statement["Action"]
        if not action.startswith("kms:")
    }
    assert rights["s3:GetObject"] == rights["s3:PutObject"] == ["arn:aws:s3:::payloads/*"]
    assert rights["secretsmanager:GetSecretValue"] == ["arn:tenants/*"]
    assert rights["rds-db:connect"] == ["arn:database-user"]
    assert rights["elasticache:Connect"] == ["arn:cache", "arn:cache-user"]
    accounts = {
        one.inputs["serviceAccount"]
        for one in recorded.of("PodIdentityAssociation")
        if one.inputs["namespace"] == "patchbay-runtime"
    }
    assert accounts == {"api", "shape-map"}
    assert recorded.outputs["roles"]["runtime"] == mock_arn("main-runtime")


def test_add_ons_are_pinned_and_network_policies_enforced() -> None:
    recorded = cluster(changed(addons={"coredns": "v1.13.9-eksbuild.1"}), STAGING)
    versions = {one.inputs["addonName"]: one.inputs["addonVersion"] for one in recorded.of("eks/addon:Addon")}
    assert versions == {**DEFAULT_ADDONS, "coredns": "v1.13.9-eksbuild.1"}
    cni = recorded.one("eks/addon:Addon", "main-vpc-cni").inputs
    assert json.loads(cni["configurationValues"]) == {"enableNetworkPolicy": "true"}


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
            Cluster(
                name,
                ClusterConfig.model_validate(CONFIG),
                context=PRODUCTION,
                network=SomeNetwork(
                    pulumi.Output.from_input("vpc"),
                    {zone: pulumi.Output.from_input(f"private-{zone}") for zone in ZONES},
                ),
                key_arn=KEY,
                logs_key_arn=LOGS_KEY,
                gateway_target_group_arn=TARGET_GROUP,
                load_balancer_security_group_id=LOAD_BALANCER,
                operators={"vpn": "sg-vpn"},
                opts=pulumi.ResourceOptions(),
            )

    recorded = record(program, outputs=OUTPUTS)
    for kind in ("eks/cluster:Cluster", "Role", "SecurityGroup", "LaunchTemplate"):
        names = [one.inputs["name"] for one in recorded.of(kind) if one.type.startswith("aws:")]
        assert len(set(names)) == len(names) > 1
    for kind in {one.type for one in recorded.resources if one.type.startswith("aws:")}:
        named = [one.inputs["tags"]["Name"] for one in recorded.of(kind) if "tags" in one.inputs]
        assert len(set(named)) == len(named), kind


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
        ({"amiType": "AL2023_ARM_64_STANDARD"}, "", "system.instanceTypes: m7i.large cannot start"),
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


def test_people_reach_the_private_api_server_through_the_vpn(production: Recorded) -> None:
    rule = production.one("vpc/securityGroupIngressRule:SecurityGroupIngressRule", "main-api-server-from-vpn").inputs
    assert rule["referencedSecurityGroupId"] == "sg-vpn"
    assert rule["securityGroupId"] == mock_id("main-control-plane")
    assert (rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == (443, 443, "tcp")
