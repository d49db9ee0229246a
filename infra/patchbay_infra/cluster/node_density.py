"""How many pods a node takes: its addresses in prefixes of sixteen, within what EKS allows."""

import re
from collections.abc import Iterable
from typing import Final

# EKS' limits of `maxPods` on managed nodes, below 30 vCPUs and from there on (its user guide, "Increase the available
# IP addresses for your Amazon EKS node").
_FEW_CORES, _MANY_CORES = 110, 250
_MANY_FROM_VCPUS: Final = 30
# Two interfaces of four addresses: three prefixes each beside the interface's own, and two pods on the host's network.
_TWO_SMALL_INTERFACES: Final = 2 * 3 * 16 + 2
_ONE_SMALL_INTERFACE: Final = 3 * 16 + 2
# Four interfaces of three addresses.
_STORAGE: Final = re.compile(r"d3(en)?\.xlarge")
_THREE_OF_STORAGE: Final = 3 * 2 * 16 + 2
# Of these no size has 30 vCPUs, although their names promise it.
_NEVER_MANY: Final = re.compile(r"(a1|hpc.*|mac.*)")
_BURSTABLE: Final = re.compile(r"t\d")
# Xen gives an interface single addresses only; bare metal of the same family takes prefixes.
_XEN: Final = re.compile(r"(c[134]|d2|f1|g3s?|h1|i[23]|m[1-4]|p[23]|r[34]|t[12]|x1e?)\.(?!metal)")


def without_prefixes(instance_types: Iterable[str]) -> list[str]:
    """The types that are not of the Nitro system, and get no prefixes from EC2."""
    return [name for name in instance_types if _XEN.match(name)]


def most_pods(instance_types: Iterable[str], *, of_their_own: bool = False) -> int:
    """Pods, those on the host's network included, that a node of any of these types takes.

    Where they differ EKS goes by the least. By the types' names; never more than the interfaces have addresses for.
    `of_their_own`: a node's first interface has no pods.
    """
    return min(_most_pods(name, of_their_own=of_their_own) for name in instance_types)


def _most_pods(instance_type: str, *, of_their_own: bool) -> int:
    family, _, size = instance_type.partition(".")
    if size == "small" or (size == "medium" and not _BURSTABLE.match(family)):
        return _ONE_SMALL_INTERFACE if of_their_own else _TWO_SMALL_INTERFACES
    if of_their_own and _STORAGE.fullmatch(instance_type):
        return _THREE_OF_STORAGE
    if _NEVER_MANY.fullmatch(family):
        return _FEW_CORES
    times = re.match(r"\d+(?=xlarge)", size)
    many = size == "metal" or (times is not None and 4 * int(times[0]) >= _MANY_FROM_VCPUS)
    return _MANY_CORES if many else _FEW_CORES
