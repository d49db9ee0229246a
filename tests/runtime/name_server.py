"""A name server on loopback that answers as a test tells it, and notes what it is asked."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Final, cast

from patchbay_runtime.reach.look_ups import LookUps

_TYPES: Final = {"A": 1, "CNAME": 5, "AAAA": 28}
_INTERNET: Final = 1
_NO_SUCH_NAME: Final = 3

Zone = Mapping[str, Sequence[str] | Callable[[], Sequence[str] | None]]
"""Name -> its addresses, or another name; or what gives them, and by None leaves the question unanswered."""


class NameServer(asyncio.DatagramProtocol):
    """`asked`: every name that was asked for, once for each type of record. No answer may be kept (a TTL of 0)."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        name, kind, question = _question(data)
        self.asked.append(name)
        records = self._records(name)
        if records is None:
            return
        answers = b"".join(
            _record(owner, kind_, value) for owner, kind_, value in records if kind_ in {kind, _TYPES["CNAME"]}
        )
        count = sum(kind_ in {kind, _TYPES["CNAME"]} for _, kind_, _ in records)
        status = 0x8180 if records else 0x8180 | _NO_SUCH_NAME
        head = data[:2] + struct.pack(">HHHHH", status, 1, count, 0, 0)
        self._transport.sendto(head + question + answers, address)

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
async def name_server(
    zone: Zone, directory: Path, configuration: str = ""
) -> AsyncIterator[tuple[NameServer, LookUps]]:
    """A server that answers, and look-ups that ask it. `configuration`: further lines of resolv.conf."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: NameServer(zone), ("127.0.0.1", 0))
    file = directory / "resolv.conf"
    file.write_text(f"nameserver 127.0.0.1\n{configuration}\n")
    look_ups = LookUps(file, transport.get_extra_info("sockname")[1])
    try:
        yield server, look_ups
    finally:
        await look_ups.close()
        transport.close()


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
