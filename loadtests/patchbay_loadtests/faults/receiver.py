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
    """Keeps every delivery by business key."""

    def __init__(self, host: str, port: int = 0) -> None:
        self._server = _Server((host, port))

    @property
    def url(self) -> str:
        """Where the pods deliver to."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/deliveries"

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
        thread = threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
