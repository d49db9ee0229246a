"""What the platform on an environment's clusters needs of their network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

HTTPS: Final = (443, 443)


@dataclass(frozen=True)
class PlatformDemands:
    """`gateway_port`, `gateway_health_port`: of every node that a gateway runs on.

    `gateway_labels`: those nodes' labels; without any it may run on every node. `connector_ports`: first and last of
    the ranges of TCP ports at which connectors call other systems.
    """

    gateway_port: int = 30080
    gateway_health_port: int = 30081
    gateway_labels: Mapping[str, str] = field(default_factory=dict)
    connector_ports: Sequence[tuple[int, int]] = (HTTPS,)
