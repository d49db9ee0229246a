"""The Locust process: `python -m patchbay_loadtests.core.traffic.driver SETTINGS`.

It ends when standard input does, so that it never outlives a verifier that was killed.
"""

import sys
from itertools import count

# Locust comes first: importing it patches the standard library for gevent.
from locust.env import Environment  # isort: skip
import gevent
from gevent.fileobject import FileObject
from gevent.queue import Queue

from patchbay_loadtests.core.latencies import EndpointLatency
from patchbay_loadtests.core.traffic.protocol import Message, OrderToPlace, Statistics, TrafficSettings
from patchbay_loadtests.core.traffic.users import AccessUser, ClosedLoopUser, OrderUser


def tell(message: Message) -> None:
    """One line to the verifier."""
    sys.stdout.write(message.model_dump_json() + "\n")
    sys.stdout.flush()


def drive(settings: TrafficSettings) -> None:
    """Run the users until standard input or the closed loop's time ends."""
    orders: Queue[OrderToPlace] = Queue()
    members = {"settings": settings, "orders": orders, "tell": staticmethod(tell), "numbers": count(1)}
    closed_loop = settings.closed_loop_seconds is not None
    kind: type[AccessUser] = ClosedLoopUser if closed_loop else OrderUser
    user_class = type("Shop", (kind,), members)

    environment = Environment(user_classes=[user_class], host=settings.host, stop_timeout=0)
    runner = environment.create_local_runner()
    runner.start(settings.users, spawn_rate=settings.users)
    reader = gevent.spawn(_read_orders, orders, 1 / settings.orders_per_second)
    reader.join(timeout=settings.closed_loop_seconds)

    runner.stop()
    tell(Statistics(endpoints=endpoints_of(environment)))
    runner.quit()


def endpoints_of(environment: Environment) -> tuple[EndpointLatency, ...]:
    """Locust's statistics; its percentiles are rounded to two digits."""
    return tuple(
        EndpointLatency(
            name=f"{method} {name}",
            n=entry.num_requests,
            failures=entry.num_failures,
            p50=entry.get_response_time_percentile(0.5) / 1000,
            p95=entry.get_response_time_percentile(0.95) / 1000,
            p99=entry.get_response_time_percentile(0.99) / 1000,
        )
        for (name, method), entry in sorted(environment.stats.entries.items())
    )


def _read_orders(orders: "Queue[OrderToPlace]", pause: float) -> None:
    for line in FileObject(sys.stdin.fileno(), "rb"):
        orders.put(OrderToPlace.model_validate_json(line))
        gevent.sleep(pause)


if __name__ == "__main__":
    drive(TrafficSettings.model_validate_json(sys.argv[1]))
