"""One thing in an account."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Item:
    """`kind` in AWS' words, such as `NAT gateway`; `zone`: of its availability zone, empty where it has none."""

    kind: str
    identifier: str
    name: str = ""
    zone: str = ""
