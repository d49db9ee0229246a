"""Calls to servers of a test, wherever they listen."""

from collections.abc import Sequence
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address

from patchbay_runtime.calls import call as calls


async def _as_it_is_written(host: str, _port: int) -> Sequence[IPv4Address | IPv6Address]:
    return [ip_address(host)]


call = partial(calls.call, addresses=_as_it_is_written)
