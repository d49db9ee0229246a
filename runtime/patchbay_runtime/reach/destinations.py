"""What a call of a tenant may connect to."""

import logging
from collections.abc import Sequence
from typing import Final

from patchbay_runtime.queue import REDIS_AWAY
from patchbay_runtime.reach.look_ups import LookUps, UnknownNameError
from patchbay_runtime.reach.openings import Openings
from patchbay_runtime.reach.rule import (
    Address,
    Reach,
    can_be_looked_up,
    is_cluster_name,
    is_inner_name,
    plain,
    refusal,
    spelled,
)
from patchbay_runtime.steps.fault import StepFault

REFUSED: Final = "http_address_refused"
# A name may have thousands, of somebody who does not want to be called.
_MOST_TRIED: Final = 8

log = logging.getLogger(__name__)


class Destinations:
    """Resolves and judges. Who connects uses the addresses that this gives, and no name: its next answer may differ."""

    def __init__(self, reach: Reach, look_ups: LookUps, openings: Openings) -> None:
        self._reach = reach
        self._look_ups = look_ups
        self._openings = openings

    async def addresses(self, tenant: str, host: str, port: int) -> Sequence[Address]:
        """The addresses of a host that may be called at the port, in the order to try them; at least one.

        Raises StepFault: `http_address_refused` where there is none, or what the look-up of the name raises.
        """
        for fault in self._reach.port_faults(port):
            raise StepFault(REFUSED, fault)
        address = spelled(host)
        if address is None and not can_be_looked_up(host):
            raise StepFault(REFUSED, f"{host} is no name of a host; correct it")
        if address is None and is_inner_name(host):
            raise self._refused(tenant, host, port, ())
        found = [address] if address is not None else await self._found(tenant, host, port)
        allowed = [plain(address) for address in found if self._reach.allows(address)]
        if not allowed:
            allowed = await self._opened(tenant, host, port, found)
        return allowed[:_MOST_TRIED]

    async def _found(self, tenant: str, host: str, port: int) -> Sequence[Address]:
        try:
            return await self._look_ups.addresses(tenant, host)
        except UnknownNameError:
            # Which services the cluster has is not told: one that is there and one that is not are refused alike.
            if is_cluster_name(host):
                raise self._refused(tenant, host, port, ()) from None
            raise

    async def _opened(self, tenant: str, host: str, port: int, found: Sequence[Address]) -> list[Address]:
        try:
            opened = await self._openings.among(found, port)
        except REDIS_AWAY:
            raise StepFault(REFUSED, refusal(host), retryable=True) from None
        if not opened:
            raise self._refused(tenant, host, port, found)
        return opened

    def _refused(self, tenant: str, host: str, port: int, found: Sequence[Address]) -> StepFault:
        # The tenant is not told the addresses: they may be of names that are ours.
        extra = {"tenant": tenant, "host": host, "port": port, "addresses": [str(address) for address in found[:8]]}
        log.warning("a connector may not call what a host leads to", extra=extra)
        return StepFault(REFUSED, refusal(host))
