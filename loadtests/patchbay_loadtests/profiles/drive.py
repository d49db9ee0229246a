"""Sends one profile's orders and records what the environment makes of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from patchbay_loadtests.core import flows
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.errors import ProductFailureError
from patchbay_loadtests.core.flows import Order
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.core.messages import tell
from patchbay_loadtests.core.settlement import settle
from patchbay_loadtests.core.sink.client import SinkClient
from patchbay_loadtests.core.target import Target
from patchbay_loadtests.core.traffic.locust_process import LocustProcess
from patchbay_loadtests.core.traffic.protocol import Placed, TrafficSettings
from patchbay_loadtests.nodes.recorder import NodeRecorder
from patchbay_loadtests.nodes.worker import worker_spec
from patchbay_loadtests.profiles.profile import Profile, arrivals
from patchbay_loadtests.profiles.recorder import LoadRecorder
from patchbay_loadtests.profiles.timeline import LoadTimeline, PodEnd, SentOrder
from patchbay_loadtests.proof.promise import MAX_PODS
from patchbay_loadtests.proof.sampler import BLIND_SECONDS

# Enough that an order never waits for a free user while the gateway answers within a second.
USERS = 128
# How often the orders that are due are handed over: no pause of the driver's own.
HAND_OVER_PER_SECOND = 5000
# How long orders may still be answered after the last one came.
FINISH_SECONDS = 60.0
PROGRESS_SECONDS = 10.0
# How often the environment is looked at.
LOOK_SECONDS = 1.0
CLOCK_LOOKS = 9


@dataclass(frozen=True)
class Load:
    """What is sent where. `prefix` begins the orders' ids; `settle_seconds` is how long the environment may take to
    come to rest after the last order; the steered shape may have `max_pods`. Every `long_every`th order takes
    `long_seconds` at the sink; 0: none does."""

    profile: Profile
    seed: int
    prefix: str
    settle_seconds: float
    max_pods: int = MAX_PODS
    long_every: int = 0
    long_seconds: float = 0
    look_seconds: float = LOOK_SECONDS
    blind_seconds: float = BLIND_SECONDS

    def order(self, number: int) -> Order:
        """The order of this number, counted from 1."""
        is_long = self.long_every > 0 and number % self.long_every == 0
        return Order(f"{self.prefix}-{number}", 1, 0, hold_seconds=self.long_seconds if is_long else None)


@dataclass(frozen=True)
class Driven:
    """What became of a load. `ended_by`: what the product did that ended it early, if it did."""

    timeline: LoadTimeline
    runs: RunsVerdict
    ended_by: str | None


async def drive_load(
    load: Load,
    *,
    target: Target,
    cluster: Cluster,
    gateway: Gateway,
    sink: SinkClient,
    console: Console,
    log: Path,
) -> Driven:
    """Send the orders, wait until all is done and given back, and follow every run to its end.

    Where the product ends it early no more orders come, and those that were accepted are followed all the same.
    """
    clock = asyncio.get_running_loop()
    began = clock.time()

    def now() -> float:
        return clock.time() - began

    profile = load.profile
    settings = TrafficSettings(
        host=target.host,
        tenant=target.tenant,
        flow=flows.PROFILE_FLOW,
        users=USERS,
        orders_per_second=HAND_OVER_PER_SECOND,
        finish_seconds=FINISH_SECONDS,
    )
    due_at: dict[str, float] = {}
    orders: list[Order] = []
    async with AsyncExitStack() as stack:
        worker = await worker_spec(cluster, target.namespace, flows.STEERED_SHAPE)
        nodes = await stack.enter_async_context(
            NodeRecorder(cluster, namespace=target.namespace, worker=worker, now=now)
        )
        traffic = await stack.enter_async_context(LocustProcess(settings, log, gateway.sender(flows.PROFILE_FLOW)))
        first = now()
        recorder = await stack.enter_async_context(
            LoadRecorder(
                cluster,
                gateway,
                nodes,
                namespace=target.namespace,
                shape=flows.STEERED_SHAPE,
                now=now,
                offered=lambda at: profile.at(at - first) if 0 <= at - first <= profile.duration else 0.0,
                refused=lambda: len(traffic.refused),
                look_seconds=load.look_seconds,
                blind_seconds=load.blind_seconds,
            )
        )
        zero = time.time() - now()

        async def send() -> None:
            shown = 0.0
            for number, after in enumerate(arrivals(profile, load.seed), 1):
                due = first + after
                await asyncio.sleep(max(0.0, due - now()))
                order = load.order(number)
                orders.append(order)
                due_at[order.id] = due
                await traffic.post(order, zero + due)
                recorder.check()
                if now() - shown >= PROGRESS_SECONDS:
                    shown = now()
                    _show(console, recorder, len(orders))

        ended_by = await _ended_by(send(), console)
        ended = now()
        await traffic.finish()
        ended_by = ended_by or await _ended_by(_until_at_rest(recorder, load), console)
        console.print(f"following {len(traffic.runs)} runs to their end", highlight=False)
        runs = await settle(gateway, sink, orders, traffic.runs)
        waits = await _waits(sink, due_at, now)
        timeline = LoadTimeline(
            profile=profile.name,
            began=first,
            ended=ended,
            orders=len(orders),
            samples=tuple(recorder.samples),
            waits=tuple(sorted(waits)),
            leaving=tuple(
                PodEnd(name=pod.name, leaving=pod.leaving)
                for pod in nodes.pods.values()
                if pod.shape == flows.STEERED_SHAPE and pod.leaving is not None
            ),
            refusals=tuple(refused.reason for refused in traffic.refused),
            abandoned=(await sink.state()).abandoned,
            sent=tuple(_sent(placed, zero) for placed in traffic.placed),
            endpoints=traffic.statistics.endpoints if traffic.statistics else (),
            max_pods=load.max_pods,
        )
    return Driven(timeline, runs, ended_by)


async def _ended_by(work: Awaitable[None], console: Console) -> str | None:
    """Do the work; what the product did that ended it early, if it did."""
    try:
        await work
    except ProductFailureError as error:
        tell(console, "the load cannot go on:", str(error))
        return str(error)
    return None


def _sent(placed: Placed, zero: float) -> SentOrder:
    """An order on the record's clock, which began at `zero` (Unix seconds)."""
    return SentOrder(
        due=placed.due - zero,
        sent=None if placed.sent is None else placed.sent - zero,
        accepted=None if placed.run is None else placed.ended - zero,
    )


async def _waits(sink: SinkClient, due_at: dict[str, float], now: Callable[[], float]) -> list[float]:
    """Seconds from each order's moment until the sink was called for it, by the sink's clock set to this one."""
    sink_began = await _began_at(sink, now)
    _, deliveries = await sink.deliveries()
    return [
        round(max(0.0, sink_began + delivery.first_received - due_at[order]), 3)
        for key, delivery in deliveries.items()
        if (order := key.rpartition("/")[0]) in due_at
    ]


async def _began_at(sink: SinkClient, now: Callable[[], float]) -> float:
    """When the sink's clock began, by the quickest of some looks at it: it is off by half of that look at the most."""
    looks = []
    for _ in range(CLOCK_LOOKS):
        before = now()
        state = await sink.state()
        after = now()
        looks.append((after - before, (before + after) / 2 - state.uptime))
    return min(looks)[1]


async def _until_at_rest(recorder: LoadRecorder, load: Load) -> None:
    """Wait until no process is left, and pods and nodes are as before; what is not so in time is the verdict's."""
    start = recorder.samples[0]
    clock = asyncio.get_running_loop()
    give_up = clock.time() + load.settle_seconds
    while clock.time() < give_up:
        recorder.check()
        last = recorder.samples[-1]
        if (last.waiting, last.reserved) == (0, 0) and last.ready <= start.ready and last.nodes <= start.nodes:
            return
        await asyncio.sleep(load.look_seconds)


def _show(console: Console, recorder: LoadRecorder, orders: int) -> None:
    last = recorder.samples[-1]
    console.print(
        f"{last.at:6.0f} s  {last.offered:5.1f} orders/s, {orders} so far, {last.refused} refused   "
        f"processes {last.waiting} waiting, {last.reserved} running   pods ready {last.ready}/{last.desired}   "
        f"nodes ready {last.nodes_ready}/{last.nodes}   pending {last.pending}",
        highlight=False,
    )
