"""A way to a server that may swallow everything, as one to a machine that is gone: nothing is closed or refused.

It may lead to another server from some time on, as the name of a database does after a failover.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator

from tests.runtime.servers import HOST


class Way:
    """Passes connections on to `target`; what is sent while `silent` is set is never answered, nor will it ever be."""

    def __init__(self, port: int) -> None:
        self.silent = False
        self.target = port
        self._era = 0
        self._listener = socket.create_server((HOST, 0))
        self._sockets: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((HOST, self.target))
                self._sockets += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, sink, self._era), daemon=True).start()

    def abandon(self) -> None:
        """Swallow everything on the connections that there are; new ones are passed on."""
        self._era += 1

    def _pass_on(self, source: socket.socket, sink: socket.socket, era: int) -> None:
        lost = False
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                lost = lost or self.silent or era != self._era
                if not lost:
                    sink.sendall(data)
            if not (lost or self.silent or era != self._era):
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
