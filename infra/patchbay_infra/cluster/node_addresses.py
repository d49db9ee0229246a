"""The addresses that nodes hold for their pods, in blocks of sixteen, and whether the subnets have so many.

A node takes at its start what all its places can need: no pod waits for EC2, and none for an address that another
pod has just left. Names and meanings of the VPC plugin's variables: amazon-vpc-cni-k8s, README and
docs/prefix-and-ip-target.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from math import ceil
from typing import Final

from patchbay_infra.cluster.config import ClusterConfig
from patchbay_infra.cluster.node_config import NodeGroupConfig

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


def faults(
    clusters: Mapping[str, ClusterConfig], subnets: Mapping[str, IPv4Network], *, others: int
) -> Iterator[tuple[str, str]]:
    """The field and the remedy where a zone's subnet has too few blocks for all groups at their largest, in an update.

    `subnets`: where the nodes start, by zone. `others`: single addresses in each that neither nodes nor clusters hold.
    Each single address, a node's own as well, may break one more block.
    """
    for zone, subnet in subnets.items():
        nodes = sum(_blocks(cluster, len(subnets)) for cluster in clusters.values())
        needed = nodes + len(clusters) * _OF_A_CONTROL_PLANE + others
        free = 2 ** (_BLOCK_PREFIX - subnet.prefixlen) - _BROKEN_BLOCKS
        if needed > free:
            remedy = (
                f"{needed} blocks of {_BLOCK} addresses are taken in {zone}, and {subnet} has {free}: {nodes} by the "
                "nodes of all groups at their maxSize and those that an update starts besides, the others by control "
                "planes, endpoints and the VPN; lower maxSize, maxPods or maxUnavailablePercentage, name fewer "
                "network.interfaceEndpoints, or widen network.cidr"
            )
            yield "clusters", remedy
            return


def _blocks(cluster: ClusterConfig, zones: int) -> int:
    """Of a cluster's nodes in one zone, at the most; groups over all zones are spread evenly."""
    flows: Sequence[NodeGroupConfig] = [group for group in (cluster.flows.on_demand, cluster.flows.spot) if group]
    spread = [cluster.system] if cluster.flows.zonal else [cluster.system, *flows]
    own = flows if cluster.flows.zonal else []
    return sum(_blocks_of_group(group, zones) for group in spread) + sum(_blocks_of_group(group, 1) for group in own)


def _blocks_of_group(group: NodeGroupConfig, zones: int) -> int:
    nodes = ceil(group.max_size / zones) + ceil(_started_by_update(group, zones) / zones)
    return nodes * (_blocks_of_node(group) + 1)


def _started_by_update(group: NodeGroupConfig, zones: int) -> int:
    """How many nodes EKS starts before it drains the first old one.

    Twice the zones, or as many as may be away at a time if that is more (EKS' user guide, "Understand each phase of
    node updates").
    """
    away = min(ceil(group.max_size * group.max_unavailable_percentage / 100), _MOST_UNAVAILABLE)
    return max(2 * zones, away)


def _blocks_of_node(group: NodeGroupConfig) -> int:
    return ceil(max(group.places, group.places - _ON_HOST_NETWORK + _WARM) / _BLOCK)
