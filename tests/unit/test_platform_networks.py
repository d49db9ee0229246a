"""The platform's networks are those of the environment that it is put on, in the whole program of each stack."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pytest
from patchbay_platform.connectors import ConnectorsConfig
from patchbay_platform.identity import IdentityConfig
from patchbay_policies.model import Resource
from patchbay_runtime.settings import Settings
from pydantic import ValidationError

from tests.policy.recorded import record, recorded, stack_config

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
SUBNET = "aws:ec2/subnet:Subnet"

Stack = tuple[Mapping[str, Any], Sequence[Resource]]


@pytest.fixture(scope="module", params=["dev", "staging", "production"])
def stack(request: pytest.FixtureRequest) -> Stack:
    """A stack's config, and what its program registers."""
    return recorded(request.param)


def policies(stack: Stack, name: str) -> list[Mapping[str, Any]]:
    """Of each cluster."""
    found = [one.props for one in stack[1] if one.type == POLICY and one.props["metadata"]["name"] == name]
    assert len(found) == len(stack[0]["patchbay:infra"]["clusters"])
    return [one["spec"] for one in found]


def blocks(rules: Sequence[Mapping[str, Any]], way: str, port: int) -> set[str]:
    """Of the rules that open a port."""
    return {
        peer["ipBlock"]["cidr"]
        for rule in rules
        if port in {one["port"] for one in rule.get("ports", ())}
        for peer in rule[way]
        if "ipBlock" in peer
    }


def subnets(stack: Stack, tier: str) -> set[str]:
    return {one.props["cidrBlock"] for one in stack[1] if one.type == SUBNET and f"-{tier}-" in one.name}


def test_the_gateway_is_reached_from_the_public_subnets_only(stack: Stack) -> None:
    assert len(subnets(stack, "public")) == 3
    for policy in policies(stack, "gateway"):
        assert blocks(policy["ingress"], "from", 8080) == subnets(stack, "public")


def test_the_api_server_is_reached_where_eks_answers(stack: Stack) -> None:
    for policy in policies(stack, "scale-in-order"):
        # The first address of EKS' range for services is the API server's own.
        assert blocks(policy["egress"], "to", 443) == {"172.20.0.1/32"} | subnets(stack, "private")


def test_the_load_balancer_names_the_client_and_is_given_time_to_see_a_gateway_leave(stack: Stack) -> None:
    gateway = stack[0]["patchbay:platform"]["gateway"]
    assert gateway["clientAddress"] == "forwardedFor"
    # Health is asked every 10 s and must fail twice; an answer may take 5 s.
    assert gateway["drainSeconds"] >= 2 * 10 + 5


@pytest.mark.parametrize(
    ("network", "own"), [("10.20.128.0/20", "10.20.0.0/16"), ("172.20.5.0/24", "172.20.0.0/16"), ("10.249.0.0/16", "")]
)
def test_a_private_range_that_is_the_environment_s_own_is_refused(network: str, own: str, tmp_path: Path) -> None:
    config = stack_config("staging", tmp_path)
    config["patchbay:platform"]["network"] = {"connectors": {"privateRanges": [network]}}
    with pytest.raises(pulumi.RunError, match=rf"connectors\.privateRanges: {network} overlaps {own}.*narrow or"):
        record(config)


def test_the_variables_of_the_api_are_settings_that_the_runtime_takes() -> None:
    told = ConnectorsConfig.model_validate({"ports": [443, "8000-8100"], "privateRanges": ["10.9.0.0/16"]}).told
    Settings.model_validate({name.removeprefix("PATCHBAY_").lower(): value for name, value in told.items()})
    assert {name.removeprefix("PATCHBAY_").lower() for name in told} <= set(Settings.model_fields)


def test_before_the_first_images_all_of_aws_is_made_and_no_platform(stack: Stack, tmp_path: Path) -> None:
    config, whole = dict(stack[0]), stack[1]
    lock = tmp_path / "images.json"
    lock.write_text("{}\n")
    config["patchbay:platform"] = {**config["patchbay:platform"], "imageLock": str(lock)}
    first = {(one.type, one.name) for one in record(config)}
    assert not [name for kind, name in first if "kubernetes" in kind]
    assert first == {
        (one.type, one.name)
        for one in whole
        if one.type.startswith(("aws:", "patchbay:infra:", "pulumi:providers:aws"))
    }


ISSUER = {"issuer": "https://id.example.com/realms/main", "audience": "patchbay-api"}


def test_the_api_reaches_the_providers_of_the_internet_where_there_are_any(tmp_path: Path) -> None:
    def of_the_api(resources: Sequence[Resource]) -> list[set[str]]:
        named = (one.props for one in resources if one.type == POLICY)
        specs = [one["spec"] for one in named if one["metadata"]["name"] == "api"]
        return [blocks(spec["egress"], "to", 443) for spec in specs]

    assert of_the_api(recorded("staging")[1])
    assert not any("0.0.0.0/0" in found for found in of_the_api(recorded("staging")[1]))
    config = stack_config("staging", tmp_path)
    config["patchbay:platform"]["identity"] = {"issuers": [ISSUER]}
    opened = record(config)
    assert all(found == {"0.0.0.0/0"} for found in of_the_api(opened))
    servers = [one.props for one in opened if one.type.endswith(":Deployment")]
    (told,) = {_environment(one)["PATCHBAY_OPENID_ISSUERS"] for one in servers if one["metadata"]["name"] == "api"}
    issuers = json.loads(told)
    assert Settings(openid_issuers=issuers).openid_issuers[0].audience == "patchbay-api"


def test_the_api_knows_below_which_domain_its_tenants_have_names() -> None:
    servers = [one.props for one in recorded("production")[1] if one.type.endswith(":Deployment")]
    told = [_environment(one)["PATCHBAY_DOMAIN"] for one in servers if one["metadata"]["name"] == "api"]
    assert set(told) == {"production.example.com"}


def _environment(deployment: Mapping[str, Any]) -> dict[str, Any]:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one.get("value") for one in container["env"]}


@pytest.mark.parametrize(
    ("issuers", "told"),
    [
        ([{**ISSUER, "issuer": "http://id.example.com"}], "https://"),
        ([{**ISSUER, "issuer": "https://10.1.2.3/main"}], "port 443 of the internet"),
        ([{**ISSUER, "issuer": "https://localhost/main"}], "port 443 of the internet"),
        ([{**ISSUER, "issuer": "https://id.example.com:8443/main"}], "port 443 of the internet"),
        ([{**ISSUER, "issuer": "http://127.0.0.1/main"}], "port 443 of the internet"),
        ([{**ISSUER, "audience": ""}], "audience"),
        ([ISSUER, ISSUER], "named twice"),
    ],
)
def test_a_provider_that_cannot_be_believed_is_refused_before_anything_is_made(
    issuers: list[dict[str, str]], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        IdentityConfig.model_validate({"issuers": issuers})
