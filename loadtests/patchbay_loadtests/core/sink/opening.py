"""Lets connectors call the address of the sink's service, which is one of the environment's own.

A worker refuses such an address, whatever name leads to it. The API opens one address and port for an administrator of
the platform, for as long as it is told: an opening that is not renewed ends, so nothing of ours has to live for that.
"""

from contextlib import suppress
from types import TracebackType
from typing import Self

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.renewal import Renewal


class Opening:
    """Within this context connectors may call the address at the port."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        address: str,
        port: int,
        lease_seconds: int = 300,
        renewal_seconds: float = 60,
    ) -> None:
        """`lease_seconds`: how long it outlives a load test that dies; renewed every `renewal_seconds`."""
        self._gateway = gateway
        self._address = address
        self._port = port
        self._lease_seconds = lease_seconds
        self._renewal_seconds = renewal_seconds
        self._renewal: Renewal | None = None

    async def __aenter__(self) -> Self:
        await self._open()
        self._renewal = Renewal(self._open, self._renewal_seconds)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._renewal:
            await self._renewal.end()
        # What cannot be closed now ends by itself, and must not hide how the load test ended.
        with suppress(UnusableEnvironmentError):
            await self._gateway.close_to_connectors(self._address, self._port)

    async def _open(self) -> None:
        await self._gateway.open_to_connectors(self._address, self._port, self._lease_seconds)
