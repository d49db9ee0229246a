"""Which cluster of the environment a host name belongs to."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from patchbay_infra.context import Context
from patchbay_infra.edge.config import EdgeConfig

# Limits of Elastic Load Balancing: values of one rule's conditions, rules of a load balancer, characters of a name,
# and the last priority.
_HOSTS_OF_A_RULE: Final = 5
_MOST_RULES: Final = 100
_LONGEST_NAME: Final = 32
_LAST_PRIORITY: Final = 50_000

# Tenants (subdomains) by cluster.
Clusters = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class HostRule:
    """`name` is unique in the environment and stays when other rules come and go, as does the priority."""

    name: str
    cluster: str
    hosts: tuple[str, ...]
    priority: int


def faults(config: EdgeConfig, clusters: Clusters, context: Context) -> Iterator[tuple[str, str]]:
    """Why the edge cannot lead to these clusters: the field and the remedy."""
    if config.default_cluster is None and len(clusters) > 1:
        yield "defaultCluster", "missing; name the cluster that serves what no other cluster claims"
    if config.default_cluster is not None and config.default_cluster not in clusters:
        yield "defaultCluster", "no cluster of this environment; name one of `clusters`"
    if any(len(context.name(cluster)) > _LONGEST_NAME for cluster in clusters):
        yield (
            "defaultCluster",
            (
                f"a target group's name, {context.name('<cluster>')}, has at most {_LONGEST_NAME} characters; "
                "shorten environment.name or the cluster's name"
            ),
        )
    if sum(len(_chunks(tenants)) for tenants in clusters.values()) >= _MOST_RULES:
        yield (
            "defaultCluster",
            (
                f"a load balancer has at most {_MOST_RULES} rules of {_HOSTS_OF_A_RULE} tenants; "
                "let the largest cluster be the default, which needs one rule only"
            ),
        )


def host_rules(config: EdgeConfig, clusters: Clusters) -> Sequence[HostRule]:
    """A rule for every five tenants of each cluster, in their order; the wildcard, last, leads to the default cluster.

    The default cluster's own tenants need no rule. The order of the others never matters, as no host stands twice;
    each takes a priority from its name, because one that moved could meet a priority which is not yet given back.
    """
    default = config.default_cluster or next(iter(clusters))
    rules: list[HostRule] = []
    taken: set[int] = set()
    for cluster, tenants in clusters.items():
        if cluster == default:
            continue
        for number, chunk in enumerate(_chunks(tenants), start=1):
            name = f"{cluster}-{number}"
            priority = _priority(name, taken)
            taken.add(priority)
            rules.append(HostRule(name, cluster, tuple(f"{tenant}.{config.domain}" for tenant in chunk), priority))
    rules.append(HostRule("default", default, (f"*.{config.domain}",), _LAST_PRIORITY))
    return rules


def _chunks(tenants: Sequence[str]) -> list[Sequence[str]]:
    return [tenants[start : start + _HOSTS_OF_A_RULE] for start in range(0, len(tenants), _HOSTS_OF_A_RULE)]


def _priority(name: str, taken: set[int]) -> int:
    spread = _LAST_PRIORITY - 1
    first = zlib.crc32(name.encode()) % spread
    return next(number for step in range(spread) if (number := (first + step) % spread + 1) not in taken)
