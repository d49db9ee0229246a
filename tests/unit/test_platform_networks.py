"""The platform's networks are those of the environment that it is put on."""

from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from patchbay_infra.network.address_plan import AddressPlan, divide
from patchbay_platform.settings import PlatformSettings

REPOSITORY = Path(__file__).resolve().parents[2]


def config_of(file: Path) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(file.read_text())["config"]
    return config


def on_own_clusters(file: Path) -> bool:
    config = config_of(file)
    return "patchbay:infra" in config and "cluster" not in config.get("patchbay:platform", {"cluster": None})


STACKS = [file for file in sorted(REPOSITORY.glob("Pulumi.*.yaml")) if on_own_clusters(file)]

pytestmark = pytest.mark.parametrize("file", STACKS, ids=lambda file: file.suffixes[0].removeprefix("."))


def infra(file: Path) -> dict[str, Any]:
    settings: dict[str, Any] = config_of(file)["patchbay:infra"]
    return settings


def plan(file: Path) -> AddressPlan:
    return divide(IPv4Network(infra(file)["network"]["cidr"]), infra(file)["zones"])


def platform(file: Path) -> PlatformSettings:
    return PlatformSettings.model_validate(config_of(file)["patchbay:platform"])


def services(file: Path) -> set[IPv4Network]:
    """The networks of services of all clusters."""
    return {IPv4Network(cluster.get("serviceCidr", "172.20.0.0/16")) for cluster in infra(file)["clusters"].values()}


def test_the_gateway_is_reached_from_the_public_subnets_only(file: Path) -> None:
    assert set(platform(file).gateway.edge_networks) == set(plan(file).public.values())


def test_the_api_server_is_reached_where_eks_answers(file: Path) -> None:
    expected = {IPv4Network(network[1]) for network in services(file)} | set(plan(file).private.values())
    assert set(platform(file).network.api_server) == expected


def test_the_load_balancer_names_the_client_and_is_given_time_to_see_a_gateway_leave(file: Path) -> None:
    gateway = platform(file).gateway
    assert gateway.client_address == "forwardedFor"
    # Health is asked every 10 s and must fail twice; an answer may take 5 s.
    assert gateway.drain_seconds >= 2 * 10 + 5
