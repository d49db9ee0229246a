"""The system that flows deliver to: outside of the cluster, as a customer's is, so that no fault takes its ledger."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from patchbay_loadtests.core.ledger import Delivery, deliveries_of
from patchbay_loadtests.core.sink.server import SinkServer


class _Server(SinkServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that dies in the middle of a call is what is being tried out."""


class Receiver:
    """Keeps every delivery by business key. At a port of its own it takes deliveries that count for nothing.

    `port`: 0 for any that is free; otherwise the next one is taken as well.
    """

    def __init__(self, host: str, port: int = 0) -> None:
        self._server = _Server((host, port))
        self._apart = _Server((host, port and port + 1))

    @property
    def url(self) -> str:
        """Where the pods deliver to."""
        return _url(self._server)

    @property
    def url_apart(self) -> str:
        """The same for what is known by its connection."""
        return _url(self._apart)

    @property
    def port_apart(self) -> int:
        """The port of `url_apart`."""
        return int(self._apart.server_address[1])

    def deliveries(self) -> dict[str, Delivery]:
        """Every request by business key, at its moment in Unix seconds."""
        began = time.time() - self._server.ledger.state()["uptime"]
        return deliveries_of(self._server.ledger.deliveries(), began=began)

    def cut_off(self) -> int:
        """Deliveries whose sender went away before it had its answer."""
        return int(self._server.ledger.state()["abandoned"])

    @contextmanager
    def serving(self) -> Iterator[None]:
        """For as long as the block runs."""
        servers = (self._server, self._apart)
        threads = [threading.Thread(target=server.serve_forever, name="receiver", daemon=True) for server in servers]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for server, thread in zip(servers, threads, strict=True):
                server.shutdown()
                server.server_close()
                thread.join()


def _url(server: _Server) -> str:
    host, port = server.server_address[:2]
    return f"http://{host!s}:{port}/deliveries"
