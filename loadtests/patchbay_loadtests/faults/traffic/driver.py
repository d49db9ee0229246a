"""The Locust process: `python -m patchbay_loadtests.faults.traffic.driver SETTINGS`.

It ends when standard input does, so that it never outlives a runner that was killed.
"""

import sys
import time
from collections.abc import Callable
from typing import ClassVar

# Locust comes first: importing it patches the standard library for gevent.
from locust import FastHttpUser, constant, task  # isort: skip
from locust.env import Environment  # isort: skip
import gevent
from gevent.event import Event
from gevent.fileobject import FileObject
from gevent.queue import Queue

from patchbay_loadtests.core.gateway import retry_after
from patchbay_loadtests.faults.traffic.protocol import ArrivalSettings, Failure, Placed

REQUEST_SECONDS = 10.0


class Customer(FastHttpUser):
    """Takes the next order that has arrived and tries until the gateway accepts it, always with the same key."""

    abstract = True
    wait_time = constant(0)
    connection_timeout = REQUEST_SECONDS
    network_timeout = REQUEST_SECONDS
    settings: ClassVar[ArrivalSettings]
    arrived: ClassVar["Queue[tuple[str, float]]"]
    tell: ClassVar[Callable[[Placed], None]]

    @task
    def place_the_next_order(self) -> None:
        """One order, with its id as the idempotency key."""
        order, due = self.arrived.get()
        path = f"/hooks/{self.settings.tenant}/{self.settings.flow}"
        failures: list[Failure] = []
        run = None
        while run is None and time.time() - due < self.settings.patience_seconds:
            with self.client.post(
                path, json={"key": order}, headers={"Idempotency-Key": order}, catch_response=True
            ) as answer:
                if answer.status_code == 202:
                    answer.success()
                    run = str(answer.json()["run"])
                    continue
                kind = str(answer.status_code) if answer.status_code else "no answer"
                answer.failure(kind)
                pause = retry_after((answer.headers or {}).get("Retry-After"))
            failures.append(Failure(at=time.time(), kind=kind))
            time.sleep(pause)
        type(self).tell(Placed(order=order, due=due, ended=time.time(), run=run, failures=tuple(failures)))


class Arrivals:
    """Lets orders arrive on time and knows those that are still open."""

    def __init__(self, settings: ArrivalSettings) -> None:
        self.queue: Queue[tuple[str, float]] = Queue()
        self.open: dict[str, float] = {}  # order -> due
        self._settings = settings
        self._stop = Event()

    def run(self) -> None:
        """Until told to stop. An arrival that the process was too busy for comes late, with its own time."""
        began, number = time.time(), 0
        while not self._stop.is_set():
            due = began + number / self._settings.orders_per_second
            self._stop.wait(max(0.0, due - time.time()))
            number += 1
            order = f"{self._settings.prefix}-{number}"
            self.open[order] = due
            self.queue.put((order, due))

    def tell(self, placed: Placed) -> None:
        """One line to the runner."""
        del self.open[placed.order]
        sys.stdout.write(placed.model_dump_json() + "\n")
        sys.stdout.flush()

    def stop(self) -> None:
        """No more arrive."""
        self._stop.set()

    def give_up(self) -> None:
        """Tell of orders that are still open."""
        for order, due in list(self.open.items()):
            self.tell(Placed(order=order, due=due, ended=time.time(), run=None))


def drive(settings: ArrivalSettings) -> None:
    """Place orders until standard input ends, and then those that have arrived."""
    arrivals = Arrivals(settings)
    members = {"settings": settings, "arrived": arrivals.queue, "tell": staticmethod(arrivals.tell)}
    environment = Environment(user_classes=[type("Shop", (Customer,), members)], host=settings.host, stop_timeout=0)
    runner = environment.create_local_runner()
    runner.start(settings.users, spawn_rate=settings.users)
    coming = gevent.spawn(arrivals.run)
    FileObject(sys.stdin.fileno(), "rb").read()
    arrivals.stop()
    coming.join()
    deadline = time.time() + settings.finish_seconds
    while arrivals.open and time.time() < deadline:
        gevent.sleep(0.1)
    runner.stop()
    arrivals.give_up()
    runner.quit()


if __name__ == "__main__":
    drive(ArrivalSettings.model_validate_json(sys.argv[1]))
