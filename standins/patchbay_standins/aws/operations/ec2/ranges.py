"""Further networks of a VPC: which ones AWS takes beside those that it has, and which it does not let go.

Source: VPC's user guide, "IPv4 CIDR block association restrictions".
"""

from ipaddress import IPv4Network
from typing import Any, Final

from patchbay_standins.aws.operations.ec2.client_vpn_records import ec2_of
from patchbay_standins.aws.operations.ec2.service import SERVICE
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Served

_TEN, _HUNDRED_SEVENTY_TWO, _ = _PRIVATE = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
)
_EARLY_TEN, _FIRST_TEN = IPv4Network("10.0.0.0/15"), IPv4Network("10.0.0.0/16")
_DEFAULT_VPC: Final = IPv4Network("172.31.0.0/16")
_BENCHMARKS: Final = IPv4Network("198.19.0.0/16")
_LINK_LOCAL: Final = IPv4Network("169.254.0.0/16")
_WIDEST, _NARROWEST = 16, 28


@SERVICE.operation("AssociateVpcCidrBlock")
def associate_vpc_cidr_block(call: Call) -> Served:
    if not call.get("CidrBlock"):
        return BY_MOTO
    network = IPv4Network(call["CidrBlock"], strict=False)
    if not _WIDEST <= network.prefixlen <= _NARROWEST:
        # grycap/im 1011
        raise AwsError("InvalidVpc.Range", f"The CIDR '{network}' is invalid.")
    if _is_restricted(network, _present(call)):
        raise AwsError(
            "InvalidVpc.Range",
            f"The CIDR '{network}' is restricted. Use a CIDR from the same private address range as the current VPC "
            "CIDR, or use a publicly-routable CIDR. For additional restrictions, see "
            "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html",
        )
    return BY_MOTO


@SERVICE.operation("DisassociateVpcCidrBlock")
def disassociate_vpc_cidr_block(call: Call) -> Served:
    backend: Any = ec2_of(call)
    for vpc in backend.vpcs.values():
        for association in vpc.get_cidr_block_association_set():
            if association["association_id"] == call["AssociationId"]:
                _require_empty(backend, vpc.id, IPv4Network(association["cidr_block"]))
    return BY_MOTO


def _present(call: Call) -> list[IPv4Network]:
    vpc: Any = ec2_of(call).get_vpc(call["VpcId"])
    return [
        IPv4Network(association["cidr_block"])
        for association in vpc.get_cidr_block_association_set()
        if association["cidr_block_state"]["state"] == "associated"
    ]


def _is_restricted(network: IPv4Network, present: list[IPv4Network]) -> bool:
    """By each row of the guide's table whose range any network of the VPC is of."""
    if network.overlaps(_BENCHMARKS) or network.overlaps(_LINK_LOCAL):
        return True
    home = next((private for private in _PRIVATE if network.subnet_of(private)), None)
    if home and not any(one.subnet_of(home) for one in present[:1]):
        return True
    if home == _TEN and network.overlaps(_FIRST_TEN):
        return any(one.overlaps(_EARLY_TEN) for one in present)
    return home == _HUNDRED_SEVENTY_TWO and network.overlaps(_DEFAULT_VPC)


def _require_empty(backend: Any, vpc: str, network: IPv4Network) -> None:
    if any(subnet.cidr.subnet_of(network) for subnet in backend.describe_subnets(filters={"vpc-id": vpc})):
        # hashicorp/terraform-provider-aws 29077
        raise AwsError("InvalidCidrBlock.InUse", f"The vpc {vpc} currently has a subnet within CIDR block {network}")
