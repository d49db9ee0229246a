"""What a step that calls other systems may connect to."""

from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address

Addresses = Callable[[str, int], Awaitable[Sequence[IPv4Address | IPv6Address]]]
"""The addresses of a host that may be called at a port, in the order to try them; at least one, or StepFault."""
