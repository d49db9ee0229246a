"""The Locust users: shops that post orders to the webhook."""

import time
from collections.abc import Callable
from itertools import count
from typing import ClassVar

from gevent.queue import Queue
from locust import FastHttpUser, constant, task
from locust.contrib.fasthttp import FastHttpSession, FastResponse
from locust.env import Environment

from patchbay_loadtests.core.access import Access
from patchbay_loadtests.core.flows import Order
from patchbay_loadtests.core.gateway import retry_after
from patchbay_loadtests.core.traffic.protocol import (
    NO_ANSWER,
    Answered,
    Failure,
    Message,
    OrderToPlace,
    Placed,
    TrafficSettings,
)

WAIT_SECONDS = 30
_TRY_AGAIN = frozenset({0, 408, 429})
NO_RUN = "202 without a run"


class AccessUser(FastHttpUser):
    """Shows a webhook its secret, and verifies the gateway; both as the process's environment has them."""

    abstract = True
    insecure = False

    def __init__(self, environment: Environment) -> None:
        access = self.access()
        self.ssl_context_factory = access.tls
        self.default_headers = access.headers()
        super().__init__(environment)

    def access(self) -> Access:
        """What every order shows."""
        return Access.from_environment()


class OrderUser(AccessUser):
    """Posts the orders that the verifier asks for, each until it is accepted."""

    abstract = True
    wait_time = constant(0)
    settings: ClassVar[TrafficSettings]
    orders: ClassVar["Queue[OrderToPlace]"]
    tell: ClassVar[Callable[[Message], None]]

    @task
    def place_the_next_order(self) -> None:
        """One order, with its id as the idempotency key."""
        order = self.orders.get()
        path = f"/hooks/{self.settings.tenant}/{self.settings.flow}"
        type(self).tell(place(self.client, path, order, patience_seconds=self.settings.patience_seconds))


def place(client: FastHttpSession, path: str, order: OrderToPlace, *, patience_seconds: float) -> Placed:
    """Post the order until it is accepted, refused for good, or `patience_seconds` after its due moment."""
    sent = time.time()
    failures: list[Failure] = []
    run, reason = None, ""
    while run is None and not reason:
        with client.post(
            path, json=order.payload, headers={"Idempotency-Key": order.id}, catch_response=True
        ) as answer:
            status = answer.status_code
            if status == 202 and (run := text_of(answer, "run")):
                answer.success()
                continue
            # Accepted as nothing that could be followed: the same is not asked again.
            kind = NO_RUN if status == 202 else str(status) if status else NO_ANSWER
            answer.failure(kind)
            failures.append(Failure(at=time.time(), kind=kind))
            is_final = status < 500 and status not in _TRY_AGAIN
            if is_final or time.time() - order.due > patience_seconds:
                reason = f"{path}: {kind} {(answer.text or '').strip()[:300]}".rstrip()
                continue
            pause = retry_after((answer.headers or {}).get("Retry-After"))
        time.sleep(pause)
    return Placed(
        order=order.id,
        due=order.due,
        sent=sent,
        ended=time.time(),
        run=run,
        failures=tuple(failures),
        reason=reason,
    )


def text_of(answer: FastResponse, field: str) -> str | None:
    """A field of the answer's JSON object; None where it has no such text or is something else."""
    try:
        document = answer.json()
    except (ValueError, TypeError):
        return None
    found = document.get(field) if isinstance(document, dict) else None
    return found if isinstance(found, str) and found else None


class ClosedLoopUser(AccessUser):
    """Runs the flow synchronously, one run after the other."""

    abstract = True
    wait_time = constant(0)
    settings: ClassVar[TrafficSettings]
    tell: ClassVar[Callable[[Message], None]]
    numbers: ClassVar["count[int]"]

    @task
    def run_the_flow(self) -> None:
        """One run and its latency."""
        order = Order(id=f"{self.settings.prefix}-{next(self.numbers)}", parcels=1, downloads=0)
        path = f"/hooks/{self.settings.tenant}/{self.settings.flow}"
        started = time.monotonic()
        with self.client.post(
            f"{path}?wait={WAIT_SECONDS}",
            json=order.payload(),
            headers={"Idempotency-Key": order.id},
            name=path,
            catch_response=True,
        ) as answer:
            seconds = time.monotonic() - started
            run_status = text_of(answer, "status") if answer.status_code == 200 else None
            if run_status is None:
                answer.failure(f"{answer.status_code}")
                pause = retry_after((answer.headers or {}).get("Retry-After"))
            else:
                answer.success()
                pause = 0.0
        type(self).tell(Answered(status=answer.status_code, run_status=run_status, seconds=seconds))
        time.sleep(pause)
