"""The first steps of a MariaDB that takes tokens."""

import socket
import ssl
import threading

from tests.runtime.authority import Authority
from tests.runtime.servers import HOST

# CONNECT_WITH_DB, PROTOCOL_41, SSL, SECURE_CONNECTION, PLUGIN_AUTH.
_CAPABILITIES = (0x8 | 0x200 | 0x800 | 0x8000 | 0x80000).to_bytes(4, "little")
_GREETING = (
    b"\x0a10.11.0-MariaDB\0"
    + (1).to_bytes(4, "little")
    + b"12345678\0"
    + _CAPABILITIES[:2]
    + b"\x2d\x02\x00"
    + _CAPABILITIES[2:]
    + b"\x15"
    + bytes(10)
    + b"123456789012\0mysql_native_password\0"
)


class ClearPasswordServer:
    """Asks for the password in the clear once TLS stands, as RDS does."""

    def __init__(self, authority: Authority) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*authority.server(HOST))
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self.shown = ""
        self._thread = threading.Thread(target=self._serve_one, daemon=True)
        self._thread.start()

    def _serve_one(self) -> None:
        connection, _ = self._listener.accept()
        connection.sendall(_packet(0, _GREETING))
        _receive(connection)
        with self._context.wrap_socket(connection, server_side=True) as secured:
            _receive(secured)
            secured.sendall(_packet(3, b"\xfemysql_clear_password\0"))
            self.shown = _receive(secured).rstrip(b"\0").decode()
            secured.sendall(_packet(5, b"\xff" + (1045).to_bytes(2, "little") + b"#28000Access denied"))

    def password(self) -> str:
        """What the client showed."""
        self._thread.join(10)
        self._listener.close()
        return self.shown


def _packet(number: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "little") + bytes([number]) + content


def _receive(connection: socket.socket) -> bytes:
    header = _exactly(connection, 4)
    return _exactly(connection, int.from_bytes(header[:3], "little"))


def _exactly(connection: socket.socket, count: int) -> bytes:
    content = b""
    while len(content) < count:
        piece = connection.recv(count - len(content))
        assert piece, "the client hung up"
        content += piece
    return content
