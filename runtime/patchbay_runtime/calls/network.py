"""The connection of one call, which knows how much has come over it."""

import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import httpcore

from patchbay_runtime.steps.addresses import Addresses
from patchbay_runtime.steps.fault import StepFault

# Status, headers and any interim answers (103 and the like), which a server may send without end.
LARGEST_HEAD_BYTES: Final = 64 * 1024
# What is read is parsed without a pause: 16 KiB of the smallest chunks are some 3,000 of them, or 50 ms.
READ_BYTES: Final = 16 * 1024
# For an address that does not answer, while there is another one.
CONNECT_SECONDS: Final = 3.0


class Network(httpcore.AsyncNetworkBackend):
    """Opens one connection. `received`: bytes of the answer so far. `ended`: the other side has sent its last."""

    def __init__(self, addresses: Addresses, timeout_seconds: float) -> None:
        """`addresses`: what the connection may be made to. `timeout_seconds`: that the whole call has."""
        self._addresses = addresses
        self._timeout_seconds = timeout_seconds
        self.received = 0
        self.ended = False
        self._limit = LARGEST_HEAD_BYTES
        self._too_large = f"the answer's headers exceed {LARGEST_HEAD_BYTES} bytes"
        self._opened: httpcore.AsyncNetworkStream | None = None

    def expect_body(self, limit: int, too_large: str) -> None:
        """The head is read; `limit` more bytes may come, how ever they are framed."""
        self._limit = self.received + limit
        self._too_large = too_large

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the name is httpcore's, here and below
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect; of the addresses of a host that may be called, to the first that answers."""
        backend = httpcore.AnyIOBackend()
        *others, last = await self._addresses(host, port)
        for address in others:
            share = min(CONNECT_SECONDS, self._timeout_seconds / (len(others) + 1))
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                self._opened = await backend.connect_tcp(str(address), port, share, local_address, socket_options)
                return _Counted(self._opened, self)
        self._opened = await backend.connect_tcp(str(last), port, timeout, local_address, socket_options)
        return _Counted(self._opened, self)

    async def aclose(self) -> None:
        """End the connection, whatever state it is in."""
        if self._opened is not None:
            await self._opened.aclose()

    def arrived(self, data: bytes) -> None:
        """Count what was read."""
        self.received += len(data)
        self.ended = self.ended or not data

    def check(self) -> None:
        """Refuse to read beyond the limit."""
        if self.received >= self._limit:
            raise StepFault("response_too_large", self._too_large)


class _Counted(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream, network: Network) -> None:
        self._stream = stream
        self._network = network

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        self._network.check()
        data = await self._stream.read(min(max_bytes, READ_BYTES), timeout)
        self._network.arrived(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        return _Counted(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
