"""What is there is not made twice: rules of a security group, a subnet's route table, a service's private name."""

from collections.abc import Iterator, Mapping
from typing import Any

from patchbay_standins.aws.operations.ec2.client_vpn_records import ec2_of
from patchbay_standins.aws.operations.ec2.service import SERVICE
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Served


@SERVICE.operation("AuthorizeSecurityGroupIngress")
def authorize_security_group_ingress(call: Call) -> Served:
    group: Any = ec2_of(call).get_security_group_from_id(call.get("GroupId", ""))
    _require_new(call, group.ingress_rules if group else ())
    return BY_MOTO


@SERVICE.operation("AuthorizeSecurityGroupEgress")
def authorize_security_group_egress(call: Call) -> Served:
    group: Any = ec2_of(call).get_security_group_from_id(call.get("GroupId", ""))
    _require_new(call, group.egress_rules if group else ())
    return BY_MOTO


def _require_new(call: Call, rules: Any) -> None:
    """A rule is its protocol, ports and peer; the description makes no other of it (londonaicentre/FLIP 886)."""
    present = {rule for held in rules for rule in _held(held)}  # each of moto's has one peer
    for permission in call.get("IpPermissions", ()):
        for rule in _given(permission):
            if rule in present:
                raise AwsError("InvalidPermission.Duplicate", f'the specified rule "{_worded(*rule)}" already exists')


def _worded(peer: str, protocol: str, first: str, last: str) -> str:
    """As AWS writes a rule (terraform-aws-modules/terraform-aws-security-group 351, lucidsoftware/cumulus 101)."""
    if protocol == "-1":
        return f"peer: {peer}, ALL, ALLOW"
    return f"peer: {peer}, {protocol.upper()}, from port: {first}, to port: {last}, ALLOW"


def _rule(peer: str, protocol: str, first: Any, last: Any) -> tuple[str, str, str, str]:
    # A rule for all protocols has no ports, whatever was said of them.
    return (peer, protocol, "", "") if protocol == "-1" else (peer, protocol, str(first), str(last))


def _given(permission: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    members = (
        ("IpRanges", "CidrIp"),
        ("Ipv6Ranges", "CidrIpv6"),
        ("UserIdGroupPairs", "GroupId"),
        ("PrefixListIds", "PrefixListId"),
    )
    for peers, name in members:
        for peer in permission.get(peers, ()):
            if peer.get(name):
                protocol, first = permission["IpProtocol"], permission.get("FromPort")
                yield _rule(peer[name], protocol, first, permission.get("ToPort"))


def _held(rule: Any) -> Iterator[tuple[str, str, str, str]]:
    peers = (
        rule.ip_range.get("CidrIp"),
        rule.ip_range.get("CidrIpv6"),
        rule.source_group.get("GroupId"),
        rule.prefix_list_id,
    )
    return (_rule(peer, str(rule.ip_protocol), rule.from_port, rule.to_port) for peer in peers if peer)


@SERVICE.operation("AssociateRouteTable")
def associate_route_table(call: Call) -> Served:
    table, subnet = call["RouteTableId"], call.get("SubnetId")
    backend: Any = ec2_of(call)
    for held in backend.describe_route_tables():
        # hashicorp/terraform-provider-aws 38960; moto answers with the association that there is.
        if subnet and held.id != table and subnet in held._associations.values():
            raise AwsError(
                "Resource.AlreadyAssociated",
                f"the specified association for route table {table} conflicts with an existing association",
            )
    return BY_MOTO


@SERVICE.operation("CreateVpcEndpoint")
def create_vpc_endpoint(call: Call) -> Served:
    vpc, service = call["VpcId"], call.get("ServiceName")
    backend: Any = ec2_of(call)
    if call.get("VpcEndpointType") != "Interface" or not call.get("PrivateDnsEnabled", True):
        return BY_MOTO
    for held in backend.vpc_end_points.values():
        same = (held.vpc_id, held.service_name, held.vpc_endpoint_type) == (vpc, service, "Interface")
        # hashicorp/terraform-provider-aws 17535
        if same and held.private_dns_enabled and held.state != "deleted":
            # com.amazonaws.REGION.NAME
            name = f"{service.split('.')[-1]}.{call.region}.amazonaws.com"
            raise AwsError(
                "InvalidParameter",
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{name} in the VPC {vpc}",
            )
    return BY_MOTO
