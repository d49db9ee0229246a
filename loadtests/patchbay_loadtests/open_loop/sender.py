"""Sends orders at their due moments, whatever became of those before, and keeps what became of each."""

import time
from itertools import count
from typing import Final

import gevent
from gevent.pool import Group
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

from patchbay_loadtests.core.flows import Order
from patchbay_loadtests.core.traffic.protocol import OrderToPlace, Placed
from patchbay_loadtests.core.traffic.users import place
from patchbay_loadtests.open_loop.prefix import new_prefix

# How long an order is tried until it is accepted.
PATIENCE_SECONDS: Final = 30.0
FROM_DUE: Final = "order accepted, from its due moment"


class Sender:
    """The orders of one process of Locust. A user that is taken away leaves its open orders here."""

    def __init__(self) -> None:
        self._open = Group()
        self._placed: list[Placed] = []
        self._numbers = count(1)
        self._prefix = ""
        self._due = 0
        self.is_closed = False
        # Of the flow's webhook, once the test has begun.
        self.webhook_key: str | None = None

    def send(self, client: FastHttpSession, path: str, *, due: float, parcels: int, request: EventHook) -> None:
        """Post one order, in the background."""
        order = Order(f"{self._prefix}-{next(self._numbers)}", parcels=parcels, downloads=1)
        self._due += 1
        self._open.spawn(self._post, client, path, OrderToPlace(id=order.id, payload=order.payload(), due=due), request)

    def take(self) -> tuple[int, list[Placed]]:
        """How many orders were due and what became of them, since the last time."""
        due, placed = self._due, self._placed
        self._due, self._placed = 0, []
        return due, placed

    def begin(self) -> None:
        """A new test, with ids of its own: processes that were forked from one must not share them."""
        self.is_closed = False
        self._prefix = new_prefix()

    def drain(self, seconds: float) -> None:
        """Send no more, and wait until every open order is decided."""
        self.is_closed = True
        self._open.join(timeout=seconds)
        gevent.sleep(0)

    def _post(self, client: FastHttpSession, path: str, order: OrderToPlace, request: EventHook) -> None:
        placed = place(client, path, order, patience_seconds=PATIENCE_SECONDS)
        self._placed.append(placed)
        # Beside Locust's own count, which begins when a request is sent: the time that an order was late counts too.
        request.fire(
            request_type="DUE",
            name=FROM_DUE,
            response_time=(time.time() - order.due) * 1000,
            response_length=0,
            exception=None if placed.run else RuntimeError(placed.reason),
            context={},
        )


SENDER: Final = Sender()
