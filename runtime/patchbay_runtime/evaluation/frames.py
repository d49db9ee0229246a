"""Messages over a stream socket: four bytes of length, then the message."""

import socket
from typing import Final

HEADER: Final = 4
LONGEST_FRAME: Final = 16 * 2**20


def framed(message: bytes) -> bytes:
    """The message with its length before it."""
    return len(message).to_bytes(HEADER) + message


def length_of(header: bytes, most: int = LONGEST_FRAME) -> int | None:
    """The length of the message that follows; None for more than `most`."""
    length = int.from_bytes(header)
    return length if length <= most else None


def receive(connection: socket.socket) -> bytes | None:
    """The next message, None at the end of the stream. Blocks."""
    header = _exactly(connection, HEADER)
    length = None if header is None else length_of(header)
    return None if length is None else _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    received = bytearray()
    while len(received) < count:
        part = connection.recv(min(count - len(received), 2**18))
        if not part:
            return None
        received += part
    return bytes(received)
