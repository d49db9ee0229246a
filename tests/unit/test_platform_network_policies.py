"""Which connections the platform's policies open beside those of its workloads to each other."""

import json
import re
from ipaddress import IPv4Network, ip_address, ip_network
from typing import Any

import pytest
import yaml
from patchbay_local.machine import addresses
from patchbay_platform.cluster import ClusterNetworks
from patchbay_platform.connectors import SPECIAL
from patchbay_runtime.reach import rule

from .conftest import REPOSITORY, Program


def local_networks() -> ClusterNetworks:
    config = yaml.safe_load((REPOSITORY / "Pulumi.local.yaml").read_text())["config"]
    return ClusterNetworks.model_validate(config["patchbay:platform"]["cluster"]["networks"])


def ports_open_to_the_api_server(program: Program) -> dict[str, set[int]]:
    blocks = [{"ipBlock": {"cidr": str(network)}} for network in local_networks().api_server]
    found: dict[str, set[int]] = {}
    for policy in program.of("NetworkPolicy"):
        rules: list[dict[str, Any]] = policy.inputs["spec"].get("ingress", [])
        if ports := {port["port"] for rule in rules if rule["from"] == blocks for port in rule["ports"]}:
            found[policy.object_name] = ports
    return found


def test_the_api_server_reaches_kedas_metrics_and_prometheus_and_nothing_else(program: Program) -> None:
    assert ports_open_to_the_api_server(program) == {"keda-metrics-apiserver": {6443}, "prometheus": {9090}}


def connector_peers(program: Program) -> list[dict[str, Any]]:
    """What connectors may call, as blocks of addresses."""
    policy = program.one("NetworkPolicy", "http-connector", "patchbay-runtime").inputs["spec"]
    return [peer["ipBlock"] for rule in policy["egress"] for peer in rule["to"] if "ipBlock" in peer]


def is_open(program: Program, address: str) -> bool:
    found = ip_address(address)
    return any(
        found in ip_network(block["cidr"])
        and not any(found in ip_network(excepted) for excepted in block.get("except", ()))
        for block in connector_peers(program)
    )


def test_connectors_on_one_machine_reach_none_of_its_own_networks_but_where_load_tests_listen(program: Program) -> None:
    own = (addresses.BRIDGE_NETWORK, addresses.POD_NETWORK, addresses.SERVICE_NETWORK)
    assert not [network for network in own if is_open(program, str(network[7]))]
    assert is_open(program, str(addresses.ELSEWHERE_ADDRESS))


# RFC 1918, 6598, 3927, 2544, 7526: where an environment or its provider may have systems of its own.
@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1", "100.127.255.254", "169.254.169.254",
        "169.254.170.23", "127.0.0.1", "0.0.0.1", "198.19.0.1", "192.88.99.1", "224.0.0.1", "255.255.255.255",
    ],
)  # fmt: skip
def test_connectors_reach_no_address_that_is_not_the_internet_s(program: Program, address: str) -> None:
    assert not is_open(program, address)


@pytest.mark.parametrize("address", ["1.1.1.1", "9.9.9.9", "172.15.0.1", "172.32.0.1", "100.63.0.1"])
def test_connectors_reach_the_internet(program: Program, address: str) -> None:
    assert is_open(program, address)


def test_the_internet_is_what_iana_calls_global() -> None:
    """By Python's own tables of IANA's registries: the first address of every /16 of IPv4."""
    for network in IPv4Network("0.0.0.0/0").subnets(new_prefix=16):
        first = network[0]
        closed = any(first in one for one in SPECIAL)
        assert closed == (not first.is_global or first.is_multicast), first


def test_no_policy_names_a_network_of_ipv6_which_amazon_s_plugin_would_write_into_the_table_of_ipv4(
    program: Program,
) -> None:
    text = json.dumps([policy.inputs["spec"] for policy in program.of("NetworkPolicy")])
    networks = re.findall(r'"([0-9a-fA-F.:]+/[0-9]+)"', text)
    assert len(networks) > 10
    assert not [network for network in networks if ":" in network]


def test_connectors_call_the_ports_of_the_environment_only(program: Program) -> None:
    policy = program.one("NetworkPolicy", "http-connector", "patchbay-runtime").inputs["spec"]
    (rule,) = [rule for rule in policy["egress"] if any("ipBlock" in peer for peer in rule["to"])]
    assert rule["ports"] == [
        {"port": 443, "protocol": "TCP"},
        {"port": 5690, "endPort": 5699, "protocol": "TCP"},
        {"port": 32768, "endPort": 60999, "protocol": "TCP"},
    ]


def test_connectors_refuse_the_networks_that_the_policies_refuse() -> None:
    assert rule.SPECIAL == SPECIAL


@pytest.mark.parametrize("deployment", ["api", "shape-http-connector"])
def test_flows_at_their_registration_and_calls_are_judged_by_the_same_ports_and_ranges(
    program: Program, deployment: str
) -> None:
    pod = program.one("Deployment", deployment, "patchbay-runtime").inputs["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    given = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert given["PATCHBAY_CONNECTOR_PORTS"] == "443,5690-5699,32768-60999"
    assert given["PATCHBAY_CONNECTOR_PRIVATE_RANGES"] == f"{addresses.ELSEWHERE_ADDRESS}/32"
