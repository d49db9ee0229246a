"""Who reaches what, and where things stand.

What counts as the world: ranges wider than /8 (IPv6: /16), or several that are so wide together. A prefix list of
somebody else can hold anything: https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
"""

from collections.abc import Mapping
from typing import Any, Final

from patchbay_policies import tokens

from tests.policy.crafted.row import Row, made

_OPEN: Final = "no-open-ingress"
_EDGE: Final = "open-ingress-only-at-the-edge"
_LISTS: Final = "allowlists-name-somebody"
_PREFIX_LIST: Final = "aws:ec2/managedPrefixList:ManagedPrefixList"
_ENTRY: Final = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"

_HALVES: Final = ["0.0.0.0/1", "128.0.0.0/1"]
_EIGHTHS: Final = [f"{first}.0.0.0/8" for first in range(256)]
_OFFICE: Final = ["203.0.113.0/24", "198.51.100.0/24"]
_PRIVATE: Final = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]

_DATA: Final = made(tokens.SECURITY_GROUP, "data")
_EDGE_GROUP: Final = made(tokens.SECURITY_GROUP, "edge")
_DEFAULT: Final = made(tokens.DEFAULT_SECURITY_GROUP, "default")
_BALANCER: Final = made(tokens.LOAD_BALANCER, "edge", securityGroups=[_EDGE_GROUP])
_LIST: Final = made(_PREFIX_LIST, "partners", {"entries": [{"cidr": cidr} for cidr in _OFFICE]})
_WIDE_LIST: Final = made(_PREFIX_LIST, "wide", {"entries": [{"cidr": "0.0.0.0/0"}]})
_FILLED: Final = made(_PREFIX_LIST, "filled", {})
_FILLINGS: Final = [made(_ENTRY, cidr, {"cidr": cidr}, prefixListId=[_FILLED]) for cidr in _HALVES]


def _database(group: Any, type_: str = tokens.DATABASE) -> Any:
    return made(type_, "database", vpcSecurityGroupIds=[group])


def _rule(group: Any, name: str, policy: str = _EDGE, port: int = 443, **inputs: Any) -> Row:
    known = {"ipProtocol": "tcp", "fromPort": port, "toPort": port, **inputs}
    beside = (group, _BALANCER, _EDGE_GROUP, _database(_DATA))
    return Row(name, tokens.INGRESS_RULE, known, policy, refers={"securityGroupId": [group]}, beside=beside)


def _listed(group: Any, name: str, prefix_list: Any, *entries: Any, port: int = 3306) -> Row:
    row = _rule(group, name, port=port)
    refers = {**row.refers, "prefixListId": [prefix_list]}
    return Row(name, row.type, row.inputs, _EDGE, refers=refers, beside=(*row.beside, prefix_list, *entries))


def _legacy(group: Any, name: str, policy: str = _EDGE, port: int = 443, **inputs: Any) -> Row:
    known = {"type": "ingress", "protocol": "tcp", "fromPort": port, "toPort": port, **inputs}
    beside = (group, _BALANCER, _EDGE_GROUP, _database(_DATA))
    return Row(name, tokens.LEGACY_RULE, known, policy, refers={"securityGroupId": [group]}, beside=beside)


def _inline(
    name: str, policy: str = _EDGE, *, port: int = 443, edge: bool = False, holder: str = tokens.DATABASE, **rule: Any
) -> Row:
    """A group with a rule within it. `edge`: it is the load balancer's alone."""
    group = made(tokens.SECURITY_GROUP, "crafted")
    holders = [] if edge else [_database(group, holder)]
    balancer = made(tokens.LOAD_BALANCER, "balancer", securityGroups=[group])
    known = {"protocol": "tcp", "fromPort": port, "toPort": port, **rule}
    return Row(name, tokens.SECURITY_GROUP, {"ingress": [known]}, policy, beside=(*holders, balancer))


def _allowlist(name: str, addresses: list[str]) -> Row:
    return Row(name, tokens.IP_SET, {"addresses": addresses}, _LISTS)


def _api(name: str, ranges: list[str]) -> Row:
    return Row(name, tokens.CLUSTER, {"vpcConfig": {"publicAccessCidrs": ranges}}, _LISTS)


def _placed(name: str, type_: str, policy: str, inputs: Mapping[str, Any], shared: list[str]) -> Row:
    return Row(name, type_, inputs, policy, settings={"sharedSubnets": shared})


BYPASSES = (
    _inline("a database's group, by a rule within it", cidrBlocks=["0.0.0.0/0"]),
    _inline("the same in IPv6", ipv6CidrBlocks=["::/0"]),
    _inline("two halves within it", cidrBlocks=_HALVES),
    _inline("two halves of IPv6 within it", ipv6CidrBlocks=["::/1", "8000::/1"]),
    _inline("many eighths within it", cidrBlocks=_EIGHTHS),
    _inline("a strange prefix list within it", prefixListIds=["pl-0123456789abcdef0"]),
    _inline("a cluster of databases", holder="aws:rds/cluster:Cluster", cidrBlocks=["0.0.0.0/0"]),
    _legacy(_DATA, "a database's group, by a legacy rule", cidrBlocks=["0.0.0.0/0"]),
    _legacy(_DATA, "a legacy rule in IPv6", ipv6CidrBlocks=["::/0"]),
    _legacy(_DATA, "a legacy rule with a strange prefix list", prefixListIds=["pl-0123456789abcdef0"]),
    _legacy(_DEFAULT, "the default group, by a legacy rule", cidrBlocks=["0.0.0.0/0"]),
    _legacy(_EDGE_GROUP, "every address in eighths, at another port", _OPEN, port=22, cidrBlocks=_EIGHTHS),
    _rule(_DATA, "a strange prefix list", port=3306, prefixListId="pl-0123456789abcdef0"),
    _listed(_DATA, "a prefix list with the world", _WIDE_LIST),
    _listed(_DATA, "a prefix list filled with two halves", _FILLED, *_FILLINGS),
    _listed(_EDGE_GROUP, "a prefix list with the world at another port", _WIDE_LIST, port=22),
    _allowlist("an allowlist in eighths", _EIGHTHS),
    _allowlist("an allowlist with two eighths of others", ["3.0.0.0/8", "52.0.0.0/8"]),
    _api("a cluster's API in eighths", _EIGHTHS),
    Row(
        "the default group, by a prefix list",
        tokens.DEFAULT_SECURITY_GROUP,
        {"ingress": [{"prefixListIds": ["pl-0123456789abcdef0"], "protocol": "-1", "fromPort": 0, "toPort": 0}]},
        "network-defaults-closed",
    ),
    _placed(
        "a subnet that nobody has looked at",
        tokens.NODE_GROUP,
        "nodes-in-private-subnets",
        {"subnetIds": ["subnet-shared-1", "subnet-other"]},
        ["subnet-shared-1"],
    ),
)

HARMLESS = (
    _inline("the edge's group, by a rule within it", edge=True, cidrBlocks=["0.0.0.0/0"], ipv6CidrBlocks=["::/0"]),
    _inline("TCP by its number", _OPEN, edge=True, protocol="6", cidrBlocks=["0.0.0.0/0"]),
    _inline("a group's own members", port=3306, self=True),
    _inline("private networks", port=3306, cidrBlocks=_PRIVATE),
    _inline("another group", port=3306, securityGroups=["sg-0123456789abcdef0"]),
    _legacy(_DATA, "offices, by a legacy rule", port=3306, cidrBlocks=_OFFICE),
    _legacy(_DATA, "everything out", _OPEN, type="egress", protocol="-1", port=0, cidrBlocks=["0.0.0.0/0"]),
    _legacy(_EDGE_GROUP, "the edge, by a legacy rule", cidrBlocks=["0.0.0.0/0"]),
    _rule(_EDGE_GROUP, "the edge", cidrIpv4="0.0.0.0/0"),
    _rule(_EDGE_GROUP, "the edge in IPv6", _OPEN, cidrIpv6="::/0"),
    _rule(_DATA, "a zone's network", port=3306, cidrIpv4="10.30.0.0/18"),
    _listed(_DATA, "a prefix list of named networks", _LIST),
    _rule(_EDGE_GROUP, "CloudFront's prefix list at the edge", prefixListId="pl-a3a144ca"),
    _allowlist("offices", [*_OFFICE, "2001:db8::/32"]),
    _allowlist("private networks", _PRIVATE),
    _api("offices and the VPN", [*_OFFICE, "10.250.0.0/20"]),
    Row("a default group without rules", tokens.DEFAULT_SECURITY_GROUP, {"ingress": []}, "network-defaults-closed"),
    _placed(
        "nodes in a shared network",
        tokens.NODE_GROUP,
        "nodes-in-private-subnets",
        {"subnetIds": ["subnet-shared-1", "subnet-shared-2"]},
        ["subnet-shared-1", "subnet-shared-2"],
    ),
    _placed(
        "databases in a shared network",
        tokens.DATABASE_SUBNETS,
        "databases-in-isolated-subnets",
        {"subnetIds": ["subnet-shared-3"]},
        ["subnet-shared-3"],
    ),
    _placed(
        "search in a shared network",
        tokens.SEARCH,
        "databases-in-isolated-subnets",
        {"vpcOptions": {"subnetIds": ["subnet-shared-3"]}},
        ["subnet-shared-3"],
    ),
)
