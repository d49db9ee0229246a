"""The addresses that nodes hold for their pods, in blocks of sixteen, and whether the subnets have so many.

A node takes at its start what all its places can need: no pod waits for EC2, and none for an address that another
pod has just left. Names and meanings of the VPC plugin's variables: amazon-vpc-cni-k8s, README and
docs/prefix-and-ip-target.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from math import ceil
from typing import Final

from patchbay_infra.cluster.config import ClusterConfig
from patchbay_infra.cluster.node_config import NodeGroupConfig
from patchbay_infra.cluster.node_density import most_pods
from patchbay_infra.network.address_plan import AddressPlan

_BLOCK_PREFIX: Final = 28
_BLOCK: Final = 16
# More than the places that are taken. With the three pods that every node has on its own network (VPC plugin, proxy,
# identity agent) 110 places make seven whole blocks.
_WARM: Final = 5
_ON_HOST_NETWORK: Final = 3
# For this long an address that a pod left is given to no other, so that every node's proxy forgets it. The plugin's own
# 30 s would hold up workers that take the place of headroom; the proxy needs about one.
_COOLDOWN_SECONDS: Final = 10
# AWS keeps four addresses at a subnet's start and one at its end: neither block is whole.
_BROKEN_BLOCKS: Final = 2
_KEPT_BY_AWS: Final = 5
# Of Nitro types with room for more than two interfaces.
_BLOCKS_OF_AN_INTERFACE: Final = {"medium": 5, "large": 9}
_BLOCKS_OF_A_LARGE_INTERFACE: Final = 14
# What a control plane's interfaces take in each of its subnets (EKS' user guide, "Subnet requirements for clusters").
_OF_A_CONTROL_PLANE: Final = 6
# An update has no more nodes away at a time, whatever their share of the group.
_MOST_UNAVAILABLE: Final = 100


def plugin_variables(groups: Iterable[NodeGroupConfig]) -> dict[str, str]:
    """What the VPC plugin is told on every node of a cluster that has these groups."""
    return {
        "ENABLE_PREFIX_DELEGATION": "true",
        "MINIMUM_IP_TARGET": str(min(group.places for group in groups)),
        "WARM_IP_TARGET": str(_WARM),
        "IP_COOLDOWN_PERIOD": str(_COOLDOWN_SECONDS),
    }


def faults(clusters: Mapping[str, ClusterConfig], plan: AddressPlan, *, others: int) -> Iterator[tuple[str, str]]:
    """The field and the remedy where a zone's subnets have too few addresses for all groups at their largest.

    That is in an update, which starts nodes before it drains others. `others`: single addresses in each zone's private
    subnet that neither nodes nor clusters hold. Each single address may break one more block.
    """
    zones = len(plan.private)
    nodes = [one for cluster in clusters.values() for one in _nodes(cluster, zones)]
    single = len(clusters) * _OF_A_CONTROL_PLANE + others
    held = sum(number * _blocks_of_node(group) for group, number in nodes)
    broken = sum(number for _, number in nodes)
    for zone, subnet in plan.private.items():
        if zone in plan.pods:
            interfaces = sum(number * _interfaces(group) for group, number in nodes)
            found = [
                *_too_few_addresses(zone, subnet, broken + single),
                *_too_few_blocks(zone, plan.pods[zone], held + interfaces, 0, "network.podRanges"),
            ]
        else:
            found = [*_too_few_blocks(zone, subnet, held + broken, single, "network.cidr")]
        yield from found
        if found:
            return


def few_places(clusters: Mapping[str, ClusterConfig]) -> Iterator[tuple[str, str]]:
    """Groups with more places than the interfaces for pods have addresses for, where a node's first one has none."""
    for name, cluster in clusters.items():
        for group in cluster.groups:
            most = most_pods(group.instance_types, of_their_own=True)
            if group.places > most:
                types = ", ".join(group.instance_types)
                remedy = (
                    f"with network.podRanges a node of {types} takes {most} pods, and not {group.places}; set its "
                    f"maxPods to {most}, or name larger types"
                )
                yield f"clusters.{name}", remedy


def _too_few_addresses(zone: str, subnet: IPv4Network, needed: int) -> Iterator[tuple[str, str]]:
    free = subnet.num_addresses - _KEPT_BY_AWS
    if needed > free:
        remedy = (
            f"{needed} addresses are taken in {zone} by nodes, control planes, endpoints and the VPN, and {subnet} has "
            f"{free}; lower maxSize, or widen network.cidr"
        )
        yield "clusters", remedy


def _too_few_blocks(
    zone: str, subnet: IPv4Network, by_nodes: int, single: int, field: str
) -> Iterator[tuple[str, str]]:
    free = 2 ** (_BLOCK_PREFIX - subnet.prefixlen) - _BROKEN_BLOCKS
    if by_nodes + single > free:
        besides = ", the others by control planes, endpoints and the VPN" if single else ""
        endpoints = "name fewer network.interfaceEndpoints, " if single else ""
        remedy = (
            f"{by_nodes + single} blocks of {_BLOCK} addresses are taken in {zone}, and {subnet} has {free}: "
            f"{by_nodes} by the nodes of all groups at their maxSize and those that an update starts besides{besides}; "
            f"lower maxSize, maxPods or maxUnavailablePercentage, {endpoints}or widen {field}"
        )
        yield "clusters", remedy


def _nodes(cluster: ClusterConfig, zones: int) -> Iterator[tuple[NodeGroupConfig, int]]:
    """A cluster's groups, and how many nodes of each are in one zone; groups over all zones are spread evenly."""
    for group in cluster.groups:
        own = cluster.flows.zonal and group is not cluster.system
        over = 1 if own else zones
        yield group, ceil(group.max_size / over) + ceil(_started_by_update(group, over) / over)


def _started_by_update(group: NodeGroupConfig, zones: int) -> int:
    """How many nodes EKS starts before it drains the first old one.

    Twice the zones, or as many as may be away at a time if that is more (EKS' user guide, "Understand each phase of
    node updates").
    """
    away = min(ceil(group.max_size * group.max_unavailable_percentage / 100), _MOST_UNAVAILABLE)
    return max(2 * zones, away)


def _blocks_of_node(group: NodeGroupConfig) -> int:
    return ceil(max(group.places, group.places - _ON_HOST_NETWORK + _WARM) / _BLOCK)


def _interfaces(group: NodeGroupConfig) -> int:
    """For pods alone, at the least addresses that one has in types of the group's size."""
    size = group.instance_types[0].partition(".")[2]
    return ceil(_blocks_of_node(group) / _BLOCKS_OF_AN_INTERFACE.get(size, _BLOCKS_OF_A_LARGE_INTERFACE))
