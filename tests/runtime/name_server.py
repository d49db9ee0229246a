"""A name server on loopback that answers as a test tells it, and notes what it is asked."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from typing import Final, cast

from patchbay_runtime.reach.look_ups import LookUps

_TYPES: Final = {"A": 1, "CNAME": 5, "AAAA": 28}
_INTERNET: Final = 1
_NO_SUCH_NAME: Final = 3
_TRUNCATED: Final = 0x0200
# RFC 1035, 4.2.1: the longest message by UDP, unless more is agreed on.
_LONGEST_BY_UDP: Final = 512

Zone = Mapping[str, Sequence[str] | Callable[[], Sequence[str] | None]]
"""Name -> its addresses, or another name; or what gives them, and by None leaves the question unanswered."""


class NameServer(asyncio.DatagramProtocol):
    """`asked`: every name that was asked for, once for each type of record. No answer may be kept (a TTL of 0).

    `asked_by_tcp`: those whose answer is too long for UDP, and was asked for again.
    """

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.asked: list[str] = []
        self.asked_by_tcp: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        name, kind, question = _question(data)
        self.asked.append(name)
        answer = self._answer(data, name, kind, question)
        if answer is not None and len(answer) > _LONGEST_BY_UDP:
            answer = data[:2] + struct.pack(">HHHHH", 0x8180 | _TRUNCATED, 1, 0, 0, 0) + question
        if answer is not None:
            self._transport.sendto(answer, address)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what is asked by TCP."""
        with suppress(asyncio.IncompleteReadError):
            while True:
                (length,) = struct.unpack(">H", await reader.readexactly(2))
                data = await reader.readexactly(length)
                name, kind, question = _question(data)
                self.asked_by_tcp.append(name)
                answer = self._answer(data, name, kind, question)
                if answer is not None:
                    writer.write(struct.pack(">H", len(answer)) + answer)
        writer.close()

    def _answer(self, data: bytes, name: str, kind: int, question: bytes) -> bytes | None:
        records = self._records(name)
        if records is None:
            return None
        answers = b"".join(
            _record(owner, kind_, value) for owner, kind_, value in records if kind_ in {kind, _TYPES["CNAME"]}
        )
        count = sum(kind_ in {kind, _TYPES["CNAME"]} for _, kind_, _ in records)
        status = 0x8180 if records else 0x8180 | _NO_SUCH_NAME
        return data[:2] + struct.pack(">HHHHH", status, 1, count, 0, 0) + question + answers

    def _records(self, name: str) -> list[tuple[str, int, bytes]] | None:
        """Owner, type and data of each; the whole chain of names, as resolvers for others give it."""
        found: list[tuple[str, int, bytes]] = []
        given = self.zone.get(name, ())
        values = given() if callable(given) else given
        if values is None:
            return None
        for value in values:
            try:
                address = ip_address(value)
            except ValueError:
                found.append((name, _TYPES["CNAME"], _labels(value)))
                found += self._records(value) or []
            else:
                found.append((name, _TYPES["A" if address.version == 4 else "AAAA"], address.packed))
        return found


@asynccontextmanager
async def name_server(zone: Zone, search: Sequence[str] = ()) -> AsyncIterator[tuple[NameServer, LookUps]]:
    """A server that answers, and look-ups that ask it, in the domains to `search` first."""
    loop = asyncio.get_running_loop()
    server = NameServer(zone)
    by_tcp = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    port = by_tcp.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(lambda: server, ("127.0.0.1", port))
    look_ups = LookUps(["127.0.0.1"], port, search)
    try:
        yield server, look_ups
    finally:
        await look_ups.close()
        transport.close()
        by_tcp.close()


def _question(data: bytes) -> tuple[str, int, bytes]:
    labels, place = [], 12
    while length := data[place]:
        labels.append(data[place + 1 : place + 1 + length].decode())
        place += 1 + length
    (kind,) = struct.unpack(">H", data[place + 1 : place + 3])
    return ".".join(labels).lower(), kind, data[12 : place + 5]


def _labels(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\0"


def _record(owner: str, kind: int, data: bytes) -> bytes:
    return _labels(owner) + struct.pack(">HHIH", kind, _INTERNET, 0, len(data)) + data
