"""How many pods a node takes, what it and the autoscaler are told of that, and whether there are addresses for them.

The oracles are others': EC2's description of its instance types, as the emulator carries it; parsers of MIME, YAML and
TOML; the schema that the VPC plugin's add-on publishes.
"""

import base64
import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from email import message_from_string
from ipaddress import IPv4Network
from typing import Any

import pytest
import yaml
from patchbay_infra.cluster import node_addresses
from patchbay_infra.cluster.config import ClusterConfig
from patchbay_infra.cluster.node_config import NodeGroupConfig
from patchbay_infra.cluster.node_density import most_pods, without_prefixes
from patchbay_infra.network.address_plan import NARROWEST_PREFIX, AddressPlan, divide
from patchbay_operations.capacity.machines import load_machines

from tests.unit.infra.clusters import CONFIG, changed, cluster
from tests.unit.infra.instance_types import described_types
from tests.unit.infra.mocks import STAGING, ZONES, Recorded
from tests.unit.infra.refusals import refusal

# Fewer pods than their machines would take, so that the rule stays short.
UNDERESTIMATED = re.compile(r"(\w+9gd?|m8azn)\.medium|t\w+\.small|hpc.*")
# `configurationSchema` of `aws eks describe-addon-configuration --addon-name vpc-cni` (amazon-vpc-cni-k8s issue 3059):
# every variable is text, and no other name is taken.
PLUGIN_VARIABLES = {
    "ENABLE_PREFIX_DELEGATION": "boolean",
    "IP_COOLDOWN_PERIOD": "integer",
    "MINIMUM_IP_TARGET": "integer",
    "WARM_ENI_TARGET": "integer",
    "WARM_IP_TARGET": "integer",
    "WARM_PREFIX_TARGET": "integer",
}
SYSTEM = CONFIG["system"]


def most_by_ec2(described: Mapping[str, Any], *, first: int = 0) -> int:
    """AWS' max-pods-calculator.sh with prefix delegation. `first`: interfaces that have no pods."""
    network = described["NetworkInfo"]
    slots = (int(network["MaximumNetworkInterfaces"]) - first) * (int(network["Ipv4AddressesPerInterface"]) - 1)
    return min(slots * 16 + 2, 110 if described["VCpuInfo"]["DefaultVCpus"] < 30 else 250)


def test_a_node_takes_as_many_pods_as_its_interfaces_have_addresses_for_and_eks_allows() -> None:
    known = {name: each for name, each in described_types().items() if not without_prefixes([name])}
    assert len(known) > 1000
    too_many = {name: most_pods([name]) for name, each in known.items() if most_pods([name]) > most_by_ec2(each)}
    assert too_many == {}
    too_few = [name for name, each in known.items() if most_pods([name]) < most_by_ec2(each)]
    assert [name for name in too_few if not UNDERESTIMATED.fullmatch(name)] == []


def test_types_that_ec2_gives_no_prefixes_are_refused() -> None:
    xen = {
        name
        for name, each in described_types().items()
        if each.get("Hypervisor") != "nitro" and not each.get("BareMetal")
    }
    assert set(without_prefixes(sorted(described_types()))) == xen
    told = refusal(NodeGroupConfig, {**SYSTEM, "instanceTypes": ["m4.large"]})
    assert "instanceTypes: m4.large cannot be given prefixes of addresses; name types of the Nitro system" in told


def test_more_pods_than_a_node_takes_are_refused() -> None:
    told = refusal(NodeGroupConfig, {**SYSTEM, "maxPods": 200})
    assert "maxPods: nodes of these types take 110 pods at most; lower it, or remove it" in told
    assert NodeGroupConfig.model_validate({**SYSTEM, "maxPods": 50}).places == 50
    assert NodeGroupConfig.model_validate({**SYSTEM, "instanceTypes": ["m7i.8xlarge"]}).places == 250


def told_to_nodes(recorded: Recorded, group: str) -> str:
    return base64.b64decode(recorded.one("LaunchTemplate", group).inputs["userData"]).decode()


def test_the_kubelet_of_amazon_linux_is_told_in_a_part_that_nodeadm_merges() -> None:
    archive = message_from_string(told_to_nodes(cluster(CONFIG, STAGING), "main-flows"))
    assert archive.get_content_type() == "multipart/mixed"
    assert archive["MIME-Version"] == "1.0"
    _, part = archive.walk()
    assert part.get_content_type() == "application/node.eks.aws"
    assert yaml.safe_load(str(part.get_payload())) == {
        "apiVersion": "node.eks.aws/v1alpha1",
        "kind": "NodeConfig",
        "spec": {"kubelet": {"config": {"maxPods": 110, "singleProcessOOMKill": True}}},
    }


def test_the_kubelet_of_bottlerocket_is_told_in_its_settings() -> None:
    small = changed(amiFamily="BOTTLEROCKET", system={**SYSTEM, "instanceTypes": ["c7a.medium"]})
    told = tomllib.loads(told_to_nodes(cluster(small, STAGING), "main-system"))
    assert told == {"settings": {"kubernetes": {"max-pods": 98}}}


@pytest.mark.parametrize(
    ("places", "instance_type"), [("98", "c7a.medium"), ("110", "m7i.large"), ("250", "m7i.8xlarge")]
)
def test_the_autoscaler_counts_an_empty_groups_node_by_the_same_number(places: str, instance_type: str) -> None:
    recorded = cluster(changed(system={**SYSTEM, "instanceTypes": [instance_type]}), STAGING)
    key = "k8s.io/cluster-autoscaler/node-template/resources/pods"
    assert recorded.one("autoscaling/tag:Tag", f"main-system-{key}").inputs["tag"]["value"] == places
    assert f"maxPods: {places}\n" in told_to_nodes(recorded, "main-system")


def test_the_plan_of_capacity_counts_by_the_same_number() -> None:
    machines = load_machines(None)
    for name in machines.sizes.types:
        places = machines.allocatable(name, emulated=False).pods + machines.daemons.pods
        assert places == most_pods([name]), name


def test_a_node_has_its_addresses_before_its_pods_and_no_pod_waits_half_a_minute_for_one() -> None:
    values = json.loads(cluster(CONFIG, STAGING).one("eks/addon:Addon", "main-vpc-cni").inputs["configurationValues"])
    variables = values["env"]
    assert variables.keys() <= PLUGIN_VARIABLES.keys()
    for name, text in variables.items():
        assert isinstance(text, str)
        assert text in {"true", "false"} if PLUGIN_VARIABLES[name] == "boolean" else text.isdecimal()
    assert variables["ENABLE_PREFIX_DELEGATION"] == "true"
    # The plugin keeps the larger of the two: as many as there are places, and some more than are taken.
    assert int(variables["MINIMUM_IP_TARGET"]) == 110
    assert int(variables["WARM_IP_TARGET"]) > 0
    # Never at once: a node's proxy may still send a connection to the pod that had the address before.
    assert 5 <= int(variables["IP_COOLDOWN_PERIOD"]) < 30


def faults(cidr: str, *, others: int = 0, pods: str | None = None, **changes: Any) -> list[tuple[str, str]]:
    """`cidr`, `pods`: of each zone's subnet."""
    clusters = {"main": ClusterConfig.model_validate(changed(**changes))}
    return list(node_addresses.faults(clusters, plan(ZONES, cidr, pods), others=others))


def plan(zones: Sequence[str], private: str, pods: str | None = None) -> AddressPlan:
    subnets = {zone: IPv4Network(private) for zone in zones}
    return AddressPlan(subnets, subnets, subnets, {zone: IPv4Network(pods) for zone in zones if pods})


def flows(most: int, *, zonal: bool = False, away: int = 33) -> dict[str, Any]:
    nodes = {
        "instanceTypes": ["m7i.xlarge"],
        "minSize": 1,
        "desiredSize": 1,
        "maxSize": most,
        "maxUnavailablePercentage": away,
    }
    return {"onDemand": nodes, "zonal": zonal}


def test_nodes_that_a_zones_subnet_has_no_blocks_for_are_refused() -> None:
    """A /22 has 64 blocks of 16 and two of them broken; a node holds seven, and its own address may break an eighth.

    2 nodes of the system's and 1 of the flows' in each zone, 2 of each that an update starts, and six of EKS' own: 62.
    """
    assert faults("10.0.0.0/22", flows=flows(3)) == []
    ((field, remedy),) = faults("10.0.0.0/22", flows=flows(4))
    assert field == "clusters"
    assert "70 blocks of 16 addresses are taken in eu-central-1a, and 10.0.0.0/22 has 62: 64 by the nodes" in remedy
    assert "lower maxSize, maxPods or maxUnavailablePercentage, name fewer network.interfaceEndpoints" in remedy


def test_a_zonal_group_takes_all_its_nodes_addresses_of_one_zone() -> None:
    assert faults("10.0.0.0/22", flows=flows(1, zonal=True)) == []
    assert faults("10.0.0.0/22", flows=flows(2, zonal=True)) != []


@pytest.mark.parametrize(
    ("most", "away", "started"),
    [
        # The guide's own numbers, of five zones and 1 or 20 that may be away: 10 and 20 new nodes.
        (100, 1, 10),
        (100, 20, 20),
        (100, 11, 11),
        # Never more than a hundred away.
        (450, 100, 100),
    ],
)
def test_the_nodes_that_an_update_starts_before_it_drains_are_counted(most: int, away: int, started: int) -> None:
    """EKS' user guide, "Understand each phase of node updates"."""
    zones = [f"eu-central-1{letter}" for letter in "abcde"]
    config = ClusterConfig.model_validate(changed(flows=flows(most, away=away)))
    ((_, remedy),) = node_addresses.faults({"main": config}, plan(zones, "10.0.0.0/28"), others=0)
    of_the_system = 2 + 2
    of_the_flows = math.ceil(most / 5) + math.ceil(started / 5)
    assert f": {8 * (of_the_system + of_the_flows)} by the nodes" in remedy


def test_endpoints_and_the_vpn_take_addresses_that_nodes_do_not_have() -> None:
    small = flows(3)
    assert faults("10.0.0.0/22", flows=small, others=0) == []
    ((_, remedy),) = faults("10.0.0.0/22", flows=small, others=1)
    assert "63 blocks" in remedy


def test_pods_with_subnets_of_their_own_take_no_block_of_the_nodes_subnet() -> None:
    """There each node, and each of the other holders, takes one address: 3 + 2 * 2 nodes, and six of EKS' own."""
    assert faults("10.0.0.0/28", flows=flows(3), pods="100.64.0.0/22")[0][1].startswith("13 addresses are taken in")
    assert faults("10.0.0.0/27", flows=flows(3), pods="100.64.0.0/22", others=14) == []
    assert faults("10.0.0.0/27", flows=flows(3), pods="100.64.0.0/22", others=15) != []
    ((_, remedy),) = faults("10.0.0.0/22", flows=flows(6), pods="100.64.0.0/22")
    # 2 + 2 of the system's and 2 + 2 of the flows', of seven blocks each, and one that their interface's own may break.
    assert "64 blocks of 16 addresses are taken in eu-central-1a, and 100.64.0.0/22 has 62" in remedy
    assert "or widen network.podRanges" in remedy
    assert "endpoints" not in remedy


def test_the_first_interface_of_a_node_has_no_pods_where_they_have_subnets_of_their_own() -> None:
    """By EC2's description of the types, and AWS' max-pods-calculator.sh with custom networking."""
    known = {name: each for name, each in described_types().items() if not without_prefixes([name])}
    too_many = {
        name: most_pods([name], of_their_own=True)
        for name, each in known.items()
        if most_pods([name], of_their_own=True) > most_by_ec2(each, first=1)
    }
    assert too_many == {}
    small = ClusterConfig.model_validate(changed(system={**SYSTEM, "instanceTypes": ["c7a.medium"]}))
    ((field, remedy),) = node_addresses.few_places({"main": small})
    assert field == "clusters.main"
    assert "a node of c7a.medium takes 50 pods, and not 98; set its maxPods to 50, or name larger types" in remedy
    fewer = ClusterConfig.model_validate(changed(system={**SYSTEM, "instanceTypes": ["c7a.medium"], "maxPods": 50}))
    assert list(node_addresses.few_places({"main": fewer})) == []


def test_nodes_are_told_where_pods_have_their_addresses() -> None:
    """The values as amazon-vpc-cni-k8s' chart reads them: an `ENIConfig` of the zone's name for each subnet."""
    recorded = cluster(CONFIG, STAGING, pods=True)
    values = json.loads(recorded.one("eks/addon:Addon", "main-vpc-cni").inputs["configurationValues"])
    assert values["env"]["AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"] == "true"
    assert values["env"]["ENI_CONFIG_LABEL_DEF"] == "topology.kubernetes.io/zone"
    nodes = recorded.one("SecurityGroup", "main-nodes").id
    subnets = {zone: {"id": f"pods-{zone}", "securityGroups": [nodes]} for zone in ZONES}
    assert values["eniConfig"] == {"create": True, "region": "eu-central-1", "subnets": subnets}


def test_a_load_balancers_nodes_find_their_addresses_in_the_public_subnet_of_the_narrowest_vpc() -> None:
    """A balancer asks for a /27 with eight free addresses in each subnet, and has 100 over all of them at the most
    (its user guide, "Subnets for your load balancer"); AWS keeps five, and a NAT gateway has one.
    """
    for subnet in divide(IPv4Network(f"10.0.0.0/{NARROWEST_PREFIX}"), ZONES).public.values():
        assert subnet.num_addresses - 5 - 1 >= max(8, math.ceil(100 / len(ZONES)))
