"""Look-ups of names, bounded for each tenant.

aiodns (c-ares) and not the system's resolver: that takes a thread for each look-up, for as long as a tenant's own name
server lets it wait. Both read /etc/hosts, and /etc/resolv.conf with its search domains and `ndots`.

A partner's name is asked for as it stands: in the search domains it would be asked for eight times more, and would tell
which services the cluster has.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from patchbay_runtime.reach.rule import Address, is_cluster_name
from patchbay_runtime.steps.fault import StepFault

if TYPE_CHECKING:
    from aiodns import DNSResolver
    from pycares import AddrInfoResult

AT_ONCE: Final = 4
"""Look-ups of one tenant in a worker, which runs eight processes at once."""
LONGEST_SECONDS: Final = 5.0
"""A step waits no longer for the addresses of a name, and a look-up counts for no longer among its tenant's."""
NDOTS: Final = 5
"""What Kubernetes gives pods."""
# c-ares waits a quarter of a second for a server that is usually quick, and twice as long each time: more than the
# above, so that a name whose own servers are slow has that long. It does so for each search domain.
_TRIES: Final = 6


class UnknownNameError(StepFault):
    """There is no such name, or none with an address."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__("http_connection", f"the name {name} could not be resolved ({reason})", retryable=True)


class LookUps:
    """Asks the name servers of the machine."""

    def __init__(self, servers: Sequence[str] = (), port: int | None = None, search: Sequence[str] = ()) -> None:
        """`servers`, their `port` and the domains to `search` are in place of those of /etc/resolv.conf.

        A name with fewer than NDOTS full stops is then looked for in `search` first. The file itself is never another
        one: pycares 5.2.1 frees the text of its path before c-ares reads it.
        """
        self._servers = servers
        self._port = port
        self._search = search
        self._resolver: DNSResolver | None = None
        self._free: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def addresses(self, tenant: str, name: str) -> list[Address]:
        """Every address of a name, each once, the ones to try first at the front. Raises StepFault.

        UnknownNameError where the name servers say that there is none.
        """
        from aiodns.error import ARES_ENODATA, ARES_ENOTFOUND, DNSError  # noqa: PLC0415 - only connectors need it

        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                return await self._answer(tenant, name if is_cluster_name(name) else f"{name.rstrip('.')}.")
        except TimeoutError:
            message = f"the name {name} was not resolved within {LONGEST_SECONDS:g} s"
            raise StepFault("http_timeout", message, retryable=True) from None
        except DNSError as error:
            if error.args[0] in {ARES_ENODATA, ARES_ENOTFOUND}:
                raise UnknownNameError(name, error.args[-1]) from None
            message = f"the name {name} could not be resolved ({error.args[-1]})"
            raise StepFault("http_connection", message, retryable=True) from None

    async def close(self) -> None:
        """End what is under way."""
        if self._resolver is not None:
            await self._resolver.close()

    async def _answer(self, tenant: str, name: str) -> list[Address]:
        free = self._free.get(tenant)
        if free is None:
            free = self._free[tenant] = asyncio.Semaphore(AT_ONCE)
        await free.acquire()
        try:
            asked = self._opened().getaddrinfo(name, type=socket.SOCK_STREAM)
        except BaseException:
            free.release()
            raise
        # A look-up cannot be ended alone, and in an outage one goes on for a minute. It counts until it is over or its
        # time is, whoever waits for it: so a tenant has few under way, and is held up no longer than the outage lasts.
        counted = asyncio.create_task(asyncio.wait([asked], timeout=LONGEST_SECONDS))
        counted.add_done_callback(lambda _: free.release())
        asked.add_done_callback(_note)
        found = await asyncio.shield(asked)
        return list(dict.fromkeys(ip_address(_text(node.addr[0])) for node in found.nodes))

    def _opened(self) -> "DNSResolver":
        if self._resolver is None:
            from aiodns import DNSResolver  # noqa: PLC0415 - as above

            self._resolver = DNSResolver(
                tries=_TRIES,
                nameservers=self._servers,
                domains=self._search,
                ndots=NDOTS if self._search else None,
                udp_port=self._port,
                tcp_port=self._port,
            )
        return self._resolver


def _note(asked: "asyncio.Future[AddrInfoResult]") -> None:
    """An error that nobody waits for is no fault of the program."""
    with suppress(asyncio.CancelledError):
        asked.exception()


def _text(address: str | bytes) -> str:
    return address.decode() if isinstance(address, bytes) else address
