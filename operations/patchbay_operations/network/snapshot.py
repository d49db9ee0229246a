"""Reads one environment's VPC, and everything with an interface in it, from AWS."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any, Final

from patchbay_operations.access import Access
from patchbay_operations.network import ports
from patchbay_operations.network.actors import actors, api_allowlists
from patchbay_operations.network.model import AclRule, GroupRule, Route, SecurityGroup, Subnet, Vpc

_PROTOCOLS: Final = {"-1": None, "6": "tcp", "17": "udp", "tcp": "tcp", "udp": "udp", "icmp": "icmp", "1": "icmp"}


def find_vpc(access: Access, environment: str) -> str:
    """The id of the environment's VPC. LookupError unless there is exactly one."""
    filters = [{"Name": "tag:patchbay:environment", "Values": [environment]}]
    found = [vpc["VpcId"] for vpc in access.client("ec2").describe_vpcs(Filters=filters)["Vpcs"]]
    if len(found) != 1:
        raise LookupError(
            f"{len(found)} VPCs carry the tag patchbay:environment={environment}; exactly one is expected"
        )
    return str(found[0])


def read_vpc(access: Access, identifier: str) -> Vpc:
    """The VPC as it is."""
    ec2 = access.client("ec2")
    inside = [{"Name": "vpc-id", "Values": [identifier]}]
    vpc = ec2.describe_vpcs(VpcIds=[identifier])["Vpcs"][0]
    subnets = _subnets(
        _all(ec2, "describe_subnets", "Subnets", inside),
        _all(ec2, "describe_route_tables", "RouteTables", inside),
        _all(ec2, "describe_network_acls", "NetworkAcls", inside),
    )
    groups = _groups(
        _all(ec2, "describe_security_groups", "SecurityGroups", inside),
        _all(ec2, "describe_security_group_rules", "SecurityGroupRules", []),
    )
    return Vpc(
        identifier=identifier,
        network=IPv4Network(vpc["CidrBlock"]),
        subnets=subnets,
        groups=groups,
        actors=tuple(actors(access, identifier, frozenset(subnets))),
        api_allowlist=api_allowlists(access, identifier),
    )


def _all(client: Any, call: str, result: str, filters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for page in client.get_paginator(call).paginate(Filters=filters) for item in page[result]]


def _subnets(
    subnets: Iterable[dict[str, Any]], tables: list[dict[str, Any]], acls: list[dict[str, Any]]
) -> dict[str, Subnet]:
    table_of = {entry.get("SubnetId"): table for table in tables for entry in table["Associations"]}
    main = next((table for table in tables if any(entry.get("Main") for entry in table["Associations"])), None)
    acl_of = {entry["SubnetId"]: acl for acl in acls for entry in acl["Associations"]}
    result = {}
    for subnet in subnets:
        identifier, tags = subnet["SubnetId"], _tags(subnet)
        table = table_of.get(identifier, main) or {"Routes": []}
        entries = acl_of.get(identifier, {"Entries": []})["Entries"]
        result[identifier] = Subnet(
            identifier=identifier,
            name=tags.get("Name", identifier),
            tier=tags.get("patchbay:tier", "none"),
            zone=subnet["AvailabilityZone"],
            network=IPv4Network(subnet["CidrBlock"]),
            routes=tuple(_routes(table["Routes"])),
            acl_ingress=tuple(_acl_rules(entry for entry in entries if not entry["Egress"])),
            acl_egress=tuple(_acl_rules(entry for entry in entries if entry["Egress"])),
        )
    return result


def _routes(routes: Iterable[Mapping[str, Any]]) -> Iterator[Route]:
    for route in routes:
        destination = (
            route.get("DestinationCidrBlock")
            or route.get("DestinationPrefixListId")
            or route.get("DestinationIpv6CidrBlock")
        )
        target = next((route[key] for key in ("GatewayId", "NatGatewayId", "TransitGatewayId") if route.get(key)), "?")
        yield Route(str(destination), str(target))


def _acl_rules(entries: Iterable[Mapping[str, Any]]) -> Iterator[AclRule]:
    for entry in entries:
        if "CidrBlock" not in entry:
            continue
        between = entry.get("PortRange") or {"From": 0, "To": 65535}
        yield AclRule(
            number=entry["RuleNumber"],
            allow=entry["RuleAction"] == "allow",
            protocol=_PROTOCOLS.get(str(entry["Protocol"]), str(entry["Protocol"])),
            ports=ports.of([(between["From"], between["To"])]),
            network=IPv4Network(entry["CidrBlock"]),
        )


def _groups(groups: Iterable[dict[str, Any]], rules: list[dict[str, Any]]) -> dict[str, SecurityGroup]:
    result = {}
    for group in groups:
        own = [rule for rule in rules if rule["GroupId"] == group["GroupId"]]
        result[group["GroupId"]] = SecurityGroup(
            identifier=group["GroupId"],
            name=_tags(group).get("Name", group["GroupName"]),
            ingress=tuple(_group_rules(rule for rule in own if not rule["IsEgress"])),
            egress=tuple(_group_rules(rule for rule in own if rule["IsEgress"])),
        )
    return result


def _group_rules(rules: Iterable[Mapping[str, Any]]) -> Iterator[GroupRule]:
    for rule in rules:
        protocol = _PROTOCOLS.get(str(rule["IpProtocol"]), str(rule["IpProtocol"]))
        low, high = rule.get("FromPort", -1), rule.get("ToPort", -1)
        between = ports.ALL if low in {-1, None} else ports.of([(low, high)])
        peer: str | IPv4Network | None = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
        if peer is None and rule.get("CidrIpv4"):
            peer = IPv4Network(rule["CidrIpv4"])
        if peer is None and rule.get("CidrIpv6") == "::/0":
            # The whole of IPv6 is the internet as much as the whole of IPv4 is.
            peer = IPv4Network("0.0.0.0/0")
        if peer is not None:
            yield GroupRule(protocol, between, peer)


def _tags(item: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in item.get("Tags") or []}
