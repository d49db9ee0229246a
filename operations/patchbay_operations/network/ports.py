"""Sets of ports, as sorted intervals without overlap."""

from collections.abc import Iterable
from typing import Final

Interval = tuple[int, int]
Ports = tuple[Interval, ...]

NONE: Final[Ports] = ()
ALL: Final[Ports] = ((0, 65535),)
# What clients' systems take the ports of their own end from; RFC 6335 names 49152 and up, Linux and AWS start lower.
EPHEMERAL: Final[Ports] = ((1024, 65535),)


def of(intervals: Iterable[Interval]) -> Ports:
    """The union of intervals, both ends included."""
    merged: list[Interval] = []
    for low, high in sorted(interval for interval in intervals if interval[0] <= interval[1]):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def union(left: Ports, right: Ports) -> Ports:
    return of((*left, *right))


def intersection(left: Ports, right: Ports) -> Ports:
    return of((max(a, c), min(b, d)) for a, b in left for c, d in right)


def difference(left: Ports, right: Ports) -> Ports:
    """What is in `left` and not in `right`."""
    rest = list(left)
    for low, high in right:
        parts = []
        for a, b in rest:
            parts += [(a, min(b, low - 1)), (max(a, high + 1), b)]
        rest = [(a, b) for a, b in parts if a <= b]
    return of(rest)


def text(ports: Ports) -> str:
    """ "443, 1024-65535"; "all" for every port."""
    if ports == ALL:
        return "all"
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in ports)
