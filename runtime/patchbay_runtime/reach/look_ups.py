"""Look-ups of names, bounded for each tenant.

aiodns (c-ares) and not the system's resolver: that takes a thread for each look-up, for as long as a tenant's own name
server lets it wait. Both read /etc/hosts, and /etc/resolv.conf with its search domains and `ndots`.
"""

import asyncio
import socket
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from patchbay_runtime.reach.rule import Address
from patchbay_runtime.steps.fault import StepFault

if TYPE_CHECKING:
    from aiodns import DNSResolver

AT_ONCE: Final = 4
"""Look-ups of one tenant in a worker, which runs eight processes at once."""
LONGEST_SECONDS: Final = 5.0
"""A step waits no longer for the addresses of a name, its turn included."""
# c-ares waits a quarter of a second for a server that is usually quick, and twice as long each time: more than the
# above, so that a name whose own servers are slow has that long.
_TRIES: Final = 6


class LookUps:
    """Asks the name servers of the machine."""

    def __init__(self, configuration: Path | None = None, port: int | None = None) -> None:
        """`configuration`: in place of /etc/resolv.conf. `port`: at which its name servers listen, 53 by default."""
        self._configuration = configuration
        self._port = port
        self._resolver: DNSResolver | None = None
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def addresses(self, tenant: str, name: str) -> list[Address]:
        """Every address of a name, each once, the ones to try first at the front. Raises StepFault."""
        from aiodns.error import DNSError  # noqa: PLC0415 - only connectors need it

        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                return await self._answer(tenant, name)
        except TimeoutError:
            message = f"the name {name} was not resolved within {LONGEST_SECONDS:g} s"
            raise StepFault("http_timeout", message, retryable=True) from None
        except DNSError as error:
            message = f"the name {name} could not be resolved ({error.args[-1]})"
            raise StepFault("http_connection", message, retryable=True) from None

    async def close(self) -> None:
        """End what is under way."""
        if self._resolver is not None:
            await self._resolver.close()

    async def _answer(self, tenant: str, name: str) -> list[Address]:
        turns = self._turns.get(tenant)
        if turns is None:
            turns = self._turns[tenant] = asyncio.Semaphore(AT_ONCE)
        await turns.acquire()
        try:
            asked = self._opened().getaddrinfo(name, type=socket.SOCK_STREAM)
        except BaseException:
            turns.release()
            raise

        def ended(_: object) -> None:
            turns.release()
            with suppress(asyncio.CancelledError):
                asked.exception()

        # A look-up cannot be ended alone: it takes its turn until it is over, whoever waits for it.
        asked.add_done_callback(ended)
        found = await asyncio.shield(asked)
        return list(dict.fromkeys(ip_address(_text(node.addr[0])) for node in found.nodes))

    def _opened(self) -> "DNSResolver":
        if self._resolver is None:
            from aiodns import DNSResolver  # noqa: PLC0415 - as above

            self._resolver = DNSResolver(
                tries=_TRIES,
                resolvconf_path=None if self._configuration is None else str(self._configuration),
                udp_port=self._port,
                tcp_port=self._port,
            )
        return self._resolver


def _text(address: str | bytes) -> str:
    return address.decode() if isinstance(address, bytes) else address
