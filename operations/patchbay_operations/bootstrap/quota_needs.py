"""What a stack takes of an account's quotas when everything in it is at its largest."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from patchbay_operations.bootstrap.node_groups import Group, groups
from patchbay_operations.bootstrap.stack_file import Stack

# Keys of `encryption`, and the state's.
_KEYS: Final = 5
# infra/patchbay_infra: what leaves a node whatever the connectors call (each other, API server, HTTPS, cache,
# databases twice, search), and what the load balancer sends to a cluster (requests, and questions for its health).
_WAYS_FROM_NODES: Final = 7
_WAYS_TO_CLUSTER: Final = 2
_COPIES: Final = 2
_TENANTS_OF_A_RULE: Final = 5
_GIB_OF_TIB: Final = 1024


@dataclass(frozen=True)
class Need:
    """One quota by its service's and its own code in Service Quotas. `fields`: of the stack file, that decide it.

    Codes: the tables of quotas in AWS General Reference, and `aws service-quotas list-aws-default-service-quotas`.
    """

    service: str
    code: str
    title: str
    amount: int
    fields: str


def needs(stack: Stack, cores: Callable[[str], int]) -> Iterator[Need]:
    """`cores`: vCPUs of an instance type."""
    infra = stack.infra
    made = groups(infra)
    yield from _machines(made, cores)
    yield from _network(stack)
    in_clusters = Counter(group.cluster for group in made)
    yield Need("eks", "L-1194D53C", "clusters", len(infra.clusters), "clusters")
    yield Need("eks", "L-6D54EA21", "node groups of a cluster", max(in_clusters.values()), "clusters.*.flows.zonal")
    largest = max(group.nodes.max_size for group in made)
    yield Need("eks", "L-BD136A63", "nodes of a group", largest, "clusters.*.maxSize")
    yield Need("autoscaling", "L-CDE20ADC", "Auto Scaling groups", len(made), "clusters")
    yield Need("rds", "L-7B6409FD", "database instances", _COPIES, "databases")
    storage = _COPIES * infra.databases.storage_limit_gib
    yield Need("rds", "L-7ADDB58A", "database storage, GB", storage, "databases.storageLimitGib")
    yield Need("elasticache", "L-DFE45DF3", "cache nodes", infra.cache.nodes * len(infra.clusters), "cache.nodes")
    yield Need("kms", "L-C2F1777E", "keys", _KEYS, "environment")
    yield from _edge(stack, made)


def _machines(made: Sequence[Group], cores: Callable[[str], int]) -> Iterator[Need]:
    """A group may get any of its types, so the one with most vCPUs counts."""
    for capacity, code in (("on-demand", "L-1216C47A"), ("spot", "L-34B43A08")):
        counted = [group for group in made if group.capacity == capacity and group.standard]
        vcpus = sum(group.largest * max(cores(name) for name in group.nodes.instance_types) for group in counted)
        if counted:
            yield Need("ec2", code, f"vCPUs, {capacity}, standard families", vcpus, "clusters.*.maxSize")
    tib = math.ceil(sum(group.largest * group.nodes.disk_gib for group in made) / _GIB_OF_TIB)
    yield Need("ebs", "L-7A658B76", "gp3 volumes, TiB", tib, "clusters.*.diskGib")


def _network(stack: Stack) -> Iterator[Need]:
    infra = stack.infra
    addresses = len(infra.zones) if infra.network.nat_per_zone else 1
    yield Need("ec2", "L-0263D0A3", "Elastic IPs", addresses, "network.natPerZone")
    yield Need("vpc", "L-FE5A380F", "NAT gateways of a zone", 1, "network.natPerZone")
    yield Need("vpc", "L-F678F1CE", "VPCs", 1, "network")
    yield Need("vpc", "L-A4707A72", "internet gateways", 1, "network")
    yield Need("vpc", "L-29B6F2EB", "interface endpoints", infra.network.endpoints, "network.interfaceEndpoints")
    rules = max(
        _WAYS_TO_CLUSTER * len(infra.clusters),
        _WAYS_FROM_NODES + len(stack.platform.network.connectors.ports),
    )
    yield Need("vpc", "L-0EA8095F", "rules of a security group", rules, "clusters, network.connectors.ports")


def _edge(stack: Stack, made: Sequence[Group]) -> Iterator[Need]:
    infra, placed = stack.infra, stack.platform.nodes.platform.items()
    default = infra.edge.default_cluster or next(iter(infra.clusters))
    # One is the wildcard, which leads to the default cluster; a default rule is not counted by the quota.
    rules = 1 + sum(
        math.ceil(len(cluster.tenants) / _TENANTS_OF_A_RULE)
        for name, cluster in infra.clusters.items()
        if name != default
    )
    behind: Counter[str] = Counter()
    for group in made:
        if placed <= group.labels.items():
            behind[group.cluster] += group.largest
    elb, size = "elasticloadbalancing", "clusters.*.maxSize"
    yield Need(elb, "L-53DA6B97", "application load balancers", 1, "edge")
    yield Need(elb, "L-7EED9B64", "rules of a load balancer", rules, "clusters.*.tenants")
    yield Need(elb, "L-B22855CB", "target groups", len(infra.clusters), "clusters")
    yield Need(elb, "L-7E6692B2", "targets of a load balancer", behind.total(), size)
    yield Need(elb, "L-A0D0B863", "targets of a target group", max(behind.values(), default=0), size)
