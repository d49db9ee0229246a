"""Openings: an address and port of our own networks that connectors may call for a while.

A load test's receiver is a pod of the cluster, or a service before it, whose address is known when it is there. An
opening is a key of Redis with a time to live, so it closes by itself, whatever becomes of who has made it. No tenant
reaches Redis; the API makes openings for administrators of the platform alone. They open no port, and nothing that
network policies refuse.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from redis.asyncio import Redis

from patchbay_runtime.reach.rule import Address

LONGEST_SECONDS: Final = 3600
# Of the machine itself, such as its metadata service, and what is no single machine's.
_NEVER: Final = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))
# So many addresses of one answer are asked for.
_MOST: Final = 16


def may_be_opened(address: Address) -> bool:
    """Whether there can be an opening to an address at all."""
    return isinstance(address, IPv4Address) and not any(address in network for network in _NEVER)


class Openings:
    """Every method raises `REDIS_AWAY` while Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def make(self, address: IPv4Address, port: int, seconds: int) -> None:
        """Open for `seconds` from this moment, and no longer, also where it was open already."""
        await self._redis.set(_key(address, port), "", ex=seconds)

    async def end(self, address: IPv4Address, port: int) -> None:
        """Close, where it is open."""
        await self._redis.delete(_key(address, port))

    async def among(self, addresses: Sequence[Address], port: int) -> list[Address]:
        """Those that are open."""
        asked = [address for address in addresses[:_MOST] if may_be_opened(address)]
        if not asked:
            return []
        found = await self._redis.mget([_key(address, port) for address in asked])
        return [address for address, value in zip(asked, found, strict=True) if value is not None]


def _key(address: Address, port: int) -> str:
    return f"patchbay:opening:{address}:{port}"
