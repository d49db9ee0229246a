"""What is in use is not deleted: subnets, networks, security groups, internet gateways, addresses.

Each refusal's words are those that the issue beside it quotes.
"""

from collections.abc import Iterator
from typing import Any

from patchbay_standins.aws.operations.ec2.client_vpn_records import ec2_of
from patchbay_standins.aws.operations.ec2.service import SERVICE
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Served


def _in_use(message: str) -> AwsError:
    return AwsError("DependencyViolation", message)


def _interfaces(call: Call) -> Iterator[Any]:
    """Those that hold something; moto keeps the interfaces of instances that have ended."""
    backend: Any = ec2_of(call)
    for interface in backend.enis.values():
        instance = getattr(interface, "instance", None)
        if instance is None or instance._state.name not in {"terminated", "shutting-down"}:
            yield interface


def _nat_gateways(call: Call) -> Iterator[Any]:
    backend: Any = ec2_of(call)
    return (gateway for gateway in backend.nat_gateways.values() if gateway.state != "deleted")


@SERVICE.operation("DeleteSubnet")
def delete_subnet(call: Call) -> Served:
    name = call["SubnetId"]
    # terraform-aws-modules/terraform-aws-vpc 1081
    if any(interface.subnet.id == name for interface in _interfaces(call)):
        raise _in_use(f"The subnet '{name}' has dependencies and cannot be deleted.")
    return BY_MOTO


@SERVICE.operation("DeleteVpc")
def delete_vpc(call: Call) -> Served:
    name = call["VpcId"]
    backend: Any = ec2_of(call)
    groups = backend.groups.get(name, {}).values()
    attached = any(gateway.vpc and gateway.vpc.id == name for gateway in backend.internet_gateways.values())
    # The API reference on DeleteVpc; gruntwork-io/cloud-nuke 345
    if attached or any(group.name != "default" for group in groups):
        raise _in_use(f"The vpc '{name}' has dependencies and cannot be deleted.")
    return BY_MOTO


@SERVICE.operation("DeleteSecurityGroup")
def delete_security_group(call: Call) -> Served:
    name = call.get("GroupId")
    # rebuy-de/aws-nuke 573
    if name and (_is_named_by_another(call, name) or any(_has_group(it, name) for it in _interfaces(call))):
        raise _in_use(f"resource {name} has a dependent object")
    return BY_MOTO


def _is_named_by_another(call: Call, name: str) -> bool:
    backend: Any = ec2_of(call)
    return any(
        rule.source_group.get("GroupId") == name
        for groups in backend.groups.values()
        for group in groups.values()
        if group.id != name
        for rule in (*group.ingress_rules, *group.egress_rules)
    )


def _has_group(interface: Any, name: str) -> bool:
    return any(group.id == name for group in interface.group_set)


@SERVICE.operation("DetachInternetGateway")
def detach_internet_gateway(call: Call) -> Served:
    name = call["VpcId"]
    # hashicorp/terraform 497
    if any(gateway.vpc_id == name and gateway.connectivity_type != "private" for gateway in _nat_gateways(call)):
        raise _in_use(
            f"Network {name} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway."
        )
    return BY_MOTO


@SERVICE.operation("DeleteInternetGateway")
def delete_internet_gateway(call: Call) -> Served:
    name = call["InternetGatewayId"]
    # giantswarm/aws-operator 109
    if ec2_of(call).get_internet_gateway(name).vpc:
        raise _in_use(f"The internetGateway '{name}' has dependencies and cannot be deleted.")
    return BY_MOTO


@SERVICE.operation("ReleaseAddress")
def release_address(call: Call) -> Served:
    name = call.get("AllocationId")
    held = {address["allocationId"] for gateway in _nat_gateways(call) for address in gateway.address_set}
    # The API reference on ReleaseAddress, for addresses outside of the default VPC.
    if name in held:
        raise AwsError("InvalidIPAddress.InUse", f"The address '{name}' is in use by a NAT gateway.")
    return BY_MOTO
