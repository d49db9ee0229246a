"""A way to a server that may swallow everything, as one to a machine that is gone: nothing is closed or refused."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from tests.runtime.conftest import HOST


class Way:
    """Passes connections on to `port`; what is sent while `silent` is set is never answered, nor will it ever be."""

    def __init__(self, port: int) -> None:
        self.silent = False
        self._target = port
        self._listener = socket.create_server((HOST, 0))
        self._sockets: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((HOST, self._target))
                self._sockets += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        lost = False
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                lost = lost or self.silent
                if not lost:
                    sink.sendall(data)
            if not (lost or self.silent):
                sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close everything."""
        for one in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextlib.contextmanager
def way_to(port: int) -> Iterator[Way]:
    """A way that is closed at the end."""
    way = Way(port)
    try:
        yield way
    finally:
        way.close()
