"""What the groups of the VPN reach, in the whole program of an environment."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.policy.recorded import record, stack_config

INGRESS, EGRESS = (f"aws:vpc/securityGroup{way}Rule:SecurityGroup{way}Rule" for way in ("Ingress", "Egress"))
AUTHORIZATION = "aws:ec2clientvpn/authorizationRule:AuthorizationRule"


def let_in(reaches: Sequence[str], directory: Path) -> tuple[set[tuple[str, int]], set[str]]:
    """What lets the VPN's clients in, by what it is and port; and the networks that they are authorized for."""
    config = stack_config("staging", directory)
    config["patchbay:infra"]["vpn"]["groups"] = {"people": {"id": "example", "reaches": list(reaches)}}
    resources = record(config)
    ins = {
        (one.name.removesuffix("-from-vpn"), one.props["fromPort"])
        for one in resources
        if one.type == INGRESS and one.name.endswith("-from-vpn")
    }
    outs = {
        (one.name.removesuffix("-reached-by-vpn"), one.props["fromPort"])
        for one in resources
        if one.type == EGRESS and one.name.endswith("-reached-by-vpn")
    }
    assert outs == {(name, port) for name, port in ins if not name.endswith("api-server")}, "half a permission"
    return ins, {one.props["targetNetworkCidr"] for one in resources if one.type == AUTHORIZATION}


@pytest.mark.parametrize(
    ("reaches", "open_to", "networks"),
    [
        (["private"], {("shared-api-server", 443)}, {"10.20.0.0/18", "10.20.64.0/18", "10.20.128.0/18"}),
        (
            ["data"],
            {("shared-api-server", 443), ("databases", 3306), ("search", 443)},
            {"10.20.224.0/22", "10.20.228.0/22", "10.20.232.0/22"},
        ),
    ],
)
def test_a_group_reaches_what_its_tier_holds_and_nothing_else(
    reaches: Sequence[str], open_to: set[tuple[str, int]], networks: set[str], tmp_path: Path
) -> None:
    assert let_in(reaches, tmp_path) == (open_to, networks)
