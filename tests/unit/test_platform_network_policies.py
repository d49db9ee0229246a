"""Which connections the platform's policies open beside those of its workloads to each other."""

from ipaddress import IPv4Network
from typing import Any

import yaml
from patchbay_local.machine import addresses
from patchbay_platform.network import NetworkConfig

from .conftest import REPOSITORY, Program


def local_networks() -> NetworkConfig:
    config = yaml.safe_load((REPOSITORY / "Pulumi.local.yaml").read_text())["config"]
    return NetworkConfig.model_validate(config["patchbay:platform"]["network"])


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


def test_on_one_machine_connectors_may_call_none_of_our_own_networks() -> None:
    own = {addresses.BRIDGE_NETWORK, addresses.POD_NETWORK, addresses.SERVICE_NETWORK, IPv4Network("169.254.0.0/16")}
    denied = set(local_networks().connector_denied)
    assert own <= denied
    assert not any(isinstance(network, IPv4Network) and addresses.ELSEWHERE_ADDRESS in network for network in denied)
