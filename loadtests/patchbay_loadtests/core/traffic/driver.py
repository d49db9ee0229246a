"""The Locust process: `python -m patchbay_loadtests.core.traffic.driver SETTINGS`.

It ends when standard input does, so that it never outlives a verifier that was killed.
"""

import sys
import time
from itertools import count

# Locust comes first: importing it patches the standard library for gevent.
from locust.env import Environment  # isort: skip
from locust.stats import StatsEntry  # isort: skip
import gevent
from gevent.fileobject import FileObject
from gevent.queue import Queue

from patchbay_loadtests.core.traffic.protocol import (
    Endpoint,
    Message,
    OrderToPlace,
    Placed,
    Ready,
    Statistics,
    TrafficSettings,
)
from patchbay_loadtests.core.traffic.users import AccessUser, ClosedLoopUser, OrderUser

END_POLL_SECONDS = 0.05


class Orders:
    """Those that have come on standard input, and which of them are still open."""

    def __init__(self, pause: float) -> None:
        self.queue: Queue[OrderToPlace] = Queue()
        self._open: dict[str, OrderToPlace] = {}
        self._pause = pause

    def read(self) -> None:
        """Until standard input ends."""
        for line in FileObject(sys.stdin.fileno(), "rb"):
            order = OrderToPlace.model_validate_json(line)
            self._open[order.id] = order
            self.queue.put(order)
            gevent.sleep(self._pause)

    def tell(self, message: Message) -> None:
        """One line to the verifier."""
        if isinstance(message, Placed):
            del self._open[message.order]
        sys.stdout.write(message.model_dump_json() + "\n")
        sys.stdout.flush()

    def wait(self, seconds: float) -> None:
        """Until none is open, or the time is over."""
        deadline = time.time() + seconds
        while self._open and time.time() < deadline:
            gevent.sleep(END_POLL_SECONDS)

    def give_up(self) -> None:
        """Tell of orders that are still open."""
        for order in list(self._open.values()):
            reason = "it was not answered before the end of the load"
            self.tell(Placed(order=order.id, due=order.due, sent=None, ended=time.time(), run=None, reason=reason))


def drive(settings: TrafficSettings) -> None:
    """Run the users until standard input or the closed loop's time ends."""
    orders = Orders(1 / settings.orders_per_second)
    members = {
        "settings": settings,
        "orders": orders.queue,
        "tell": staticmethod(orders.tell),
        "numbers": count(1),
        "connection_timeout": settings.request_seconds,
        "network_timeout": settings.request_seconds,
    }
    if settings.closed_loop_seconds is not None:
        # A request of the closed loop waits for its run.
        members = {key: value for key, value in members.items() if not key.endswith("_timeout")}
    kind: type[AccessUser] = OrderUser if settings.closed_loop_seconds is None else ClosedLoopUser
    user_class = type("Shop", (kind,), members)

    environment = Environment(user_classes=[user_class], host=settings.host, stop_timeout=0)
    runner = environment.create_local_runner()
    runner.start(settings.users, spawn_rate=settings.users)
    orders.tell(Ready())
    reader = gevent.spawn(orders.read)
    reader.join(timeout=settings.closed_loop_seconds)
    orders.wait(settings.finish_seconds)

    runner.stop()
    orders.give_up()
    orders.tell(Statistics(endpoints=tuple(map(_endpoint, environment.stats.entries.values()))))
    runner.quit()


def _endpoint(entry: StatsEntry) -> Endpoint:
    p50, p95, p99 = (entry.get_response_time_percentile(share) / 1000 for share in (0.5, 0.95, 0.99))
    return Endpoint(
        name=f"{entry.method} {entry.name}",
        requests=entry.num_requests,
        failures=entry.num_failures,
        p50_seconds=p50,
        p95_seconds=p95,
        p99_seconds=p99,
    )


if __name__ == "__main__":
    drive(TrafficSettings.model_validate_json(sys.argv[1]))
