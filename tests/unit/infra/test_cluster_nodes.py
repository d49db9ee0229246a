"""What a cluster's node groups give: nodes that scale, in private subnets, that say whose they are."""

from typing import Any

import pytest
from patchbay_infra.cluster.architecture import architecture_of
from patchbay_infra.cluster.node_config import NodeGroupConfig

from tests.unit.infra.clusters import CONFIG, KEY, LOAD_BALANCER, SPOT, TARGET_GROUP, changed, cluster
from tests.unit.infra.instance_types import described_types
from tests.unit.infra.mocks import PRODUCTION, STAGING, ZONES, Recorded
from tests.unit.infra.refusals import refusal


@pytest.fixture(scope="module")
def production() -> Recorded:
    return cluster(CONFIG, PRODUCTION)


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
    template = cluster(changed(amiFamily="BOTTLEROCKET"), STAGING).one("LaunchTemplate", "main-system")
    sizes = {one["deviceName"]: one["ebs"]["volumeSize"] for one in template.inputs["blockDeviceMappings"]}
    assert sizes == {"/dev/xvda": 4, "/dev/xvdb": 50}


GRAVITON = {"architecture": "arm64", "instanceTypes": ["m7g.xlarge", "m8g.xlarge", "c7gn.xlarge"]}


@pytest.mark.parametrize(
    ("family", "image"), [("AL2023", "AL2023_ARM_64_STANDARD"), ("BOTTLEROCKET", "BOTTLEROCKET_ARM_64")]
)
def test_each_group_may_be_of_graviton_and_says_so_before_it_has_a_node(family: str, image: str) -> None:
    """AMI types: EKS' reference on CreateNodegroup. The label: what each kubelet says of its machine."""
    spot = {**CONFIG["flows"]["spot"], **GRAVITON}
    recorded = cluster(changed(amiFamily=family, flows={**CONFIG["flows"], "spot": spot}), PRODUCTION)
    types = {one.name: one.inputs["amiType"] for one in recorded.of("eks/nodeGroup:NodeGroup")}
    assert types.pop("main-flows-spot") == image
    assert not [one for one in types.values() if "ARM" in one]
    key = "k8s.io/cluster-autoscaler/node-template/label/kubernetes.io/arch"
    told = {
        group: recorded.one("autoscaling/tag:Tag", f"{group}-{key}").inputs["tag"]["value"]
        for group in ("main-flows", "main-flows-spot")
    }
    assert told == {"main-flows": "amd64", "main-flows-spot": "arm64"}


def test_a_types_architecture_is_the_one_that_ec2_describes() -> None:
    for name, described in described_types().items():
        assert architecture_of(name) == (
            "arm64" if "arm64" in described["ProcessorInfo"]["SupportedArchitectures"] else "amd64"
        ), name


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        (
            {"instanceTypes": ["m7g.large"]},
            "m7g.large is of arm64, and the group of amd64; name types of amd64, or set",
        ),
        ({"instanceTypes": ["m7i.large", "m7g.large"]}, "m7g.large is of arm64, and the group of amd64"),
        (
            {"architecture": "arm64", "instanceTypes": ["m7g.large", "m7i.large"]},
            "m7i.large is of amd64, and the group",
        ),
        (
            {"architecture": "arm64", "instanceTypes": ["m7i.large"]},
            "or set architecture: amd64 and name types of that",
        ),
    ],
)
def test_a_group_is_of_one_architecture(nodes: dict[str, Any], told: str) -> None:
    found = refusal(NodeGroupConfig, {**CONFIG["system"], **nodes})
    assert "instanceTypes: " in found
    assert told in found


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
        f"{prefix}/node-template/resources/pods": "110",
        f"{prefix}/node-template/label/kubernetes.io/arch": "amd64",
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


def test_the_edge_reaches_the_nodes_that_a_gateway_may_run_on_and_no_others(production: Recorded) -> None:
    (attached,) = production.of("autoscaling/attachment:Attachment")
    assert attached.name == "main-system"
    assert attached.inputs == {"autoscalingGroupName": "asg", "lbTargetGroupArn": TARGET_GROUP}


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
        *((LOAD_BALANCER, port, port) for port in (30180, 30181)),
    }
    assert not [one for one in production.of("SecurityGroupIngressRule") if "cidrIpv4" in one.inputs]


def test_each_way_in_has_its_way_out_and_only_https_and_connectors_leave_for_anywhere(
    production: Recorded,
) -> None:
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
    assert {(one["cidrIpv4"], one["fromPort"], one["toPort"], one["ipProtocol"]) for one in anywhere} == {
        ("0.0.0.0/0", 443, 443, "tcp"),
        ("0.0.0.0/0", 8443, 8443, "tcp"),
        ("0.0.0.0/0", 9000, 9100, "tcp"),
    }
