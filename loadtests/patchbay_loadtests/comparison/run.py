"""A whole comparison, from an environment that may hold leftovers to the published report."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import Field
from rich.console import Console

from patchbay_loadtests.comparison import defaults
from patchbay_loadtests.comparison.result import EKS_FLOOR_SECONDS, FEWEST_PAIRS, Comparison, compare
from patchbay_loadtests.comparison.side import DEFAULTS, OURS, Side, side
from patchbay_loadtests.core import flows
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.report.comparison import write_comparison
from patchbay_loadtests.core.report.publish import new_directory, point_latest_to
from patchbay_loadtests.core.restoration import Restoring
from patchbay_loadtests.core.set_up import set_up
from patchbay_loadtests.core.target import Target
from patchbay_loadtests.nodes import headroom
from patchbay_loadtests.profiles.drive import LOOK_SECONDS, Driven, Load, drive_load
from patchbay_loadtests.profiles.profile import Steady
from patchbay_loadtests.profiles.timeline import LoadTimeline
from patchbay_loadtests.proof import environment, sync_period
from patchbay_loadtests.proof.environment import ScaledShape
from patchbay_loadtests.proof.sampler import BLIND_SECONDS

USUAL_MINUTES: Final = 3.0
SHOWN: Final = {
    "host", "pairs", "rate", "minutes", "hold_seconds", "long_every", "long_seconds", "seed", "hpa_sync_seconds",
}  # fmt: skip


class ComparisonOptions(Target):
    """How one comparison is made: `rate` orders a second for `minutes` each time, each `hold_seconds` at the sink.

    `pairs`: of loads, one under each way of scaling; which comes first alternates. `hpa_sync_seconds`: the control
    plane's, for both ways. Every `long_every`th takes `long_seconds`: less than a worker of this platform has to
    finish, and more than a pod has by default.
    """

    reports: Path
    pairs: int = Field(default=FEWEST_PAIRS, ge=FEWEST_PAIRS, le=20)
    rate: float = Field(default=4, gt=0, le=100)
    minutes: float = Field(default=USUAL_MINUTES, ge=0.02, le=60)
    hold_seconds: float = Field(default=8, ge=0.1, le=40)
    long_every: int = Field(default=20, ge=2)
    long_seconds: float = Field(default=45, ge=0.1, le=flows.CONNECTOR_TIMEOUT_SECONDS - 5)
    threshold: int = 8
    seed: int = 1
    hpa_sync_seconds: float = Field(default=15, ge=EKS_FLOOR_SECONDS)
    settle_seconds: float = Field(default=300, gt=0)
    look_seconds: float = Field(default=LOOK_SECONDS, gt=0)
    blind_seconds: float = Field(default=BLIND_SECONDS, gt=0)
    sink_python: str = "python3"

    @property
    def needed(self) -> float:
        """How many processes the load keeps running."""
        share = 1 / self.long_every
        return round(self.rate * (self.hold_seconds * (1 - share) + self.long_seconds * share), 1)

    @property
    def shortened(self) -> tuple[str, ...]:
        """What is less than usual, for the report."""
        if self.minutes >= USUAL_MINUTES:
            return ()
        return (f"orders came for {self.minutes:g} minutes each time, not for {USUAL_MINUTES:g}",)


async def make_comparison(options: ComparisonOptions, console: Console) -> tuple[Comparison, Path]:
    """Send the same load in pairs; returns what it came to and the report's directory."""
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(Cluster(options.kubeconfig, options.context))
        gateway = await stack.enter_async_context(Gateway(options.host, options.tenant, options.access))
        await environment.undo_killed(cluster, console, options.namespace, headroom.NAMESPACE)
        versions = await environment.versions(cluster, options)
        shape = await environment.find_shape(cluster, options.namespace, flows.STEERED_SHAPE)
        directory = new_directory(options.reports)
        send = partial(_send, options, console=console, cluster=cluster, gateway=gateway, shape=shape)
        sides: list[Side] = []
        last: dict[str, LoadTimeline] = {}
        for pair, name in _turns(options.pairs):
            console.print(f"pair {pair} of {options.pairs}: {name}", highlight=False)
            log = directory / f"locust-{pair}-{'ours' if name == OURS else 'defaults'}.log"
            async with _scaled_by(name, options, cluster=cluster, shape=shape):
                began = time.monotonic()
                driven = await send(log=log)
                measured = await _measured(name, options, cluster, began)
            last[name] = driven.timeline
            sides.append(
                side(
                    name,
                    pair,
                    driven.timeline,
                    driven.runs,
                    options.needed,
                    ended_by=driven.ended_by,
                    measured_hpa_sync=measured,
                )
            )
            if driven.ended_by is not None:
                # Nothing can be sent to a gateway that no longer answers, and there is a verdict, or none, by now.
                break
        result = compare(
            sides,
            needed=options.needed,
            hpa_sync_seconds=options.hpa_sync_seconds,
            shortened=options.shortened,
            versions=versions,
            config=options.model_dump(include=SHOWN) | {"measured_hpa_sync_seconds": _measured_periods(sides)},
        )
        await asyncio.to_thread(write_comparison, directory, result, last)
        point_latest_to(directory)
        return result, directory


def _turns(pairs: int) -> Iterator[tuple[int, str]]:
    """Every load's pair and way of scaling; which way comes first alternates."""
    for pair in range(1, pairs + 1):
        for name in (OURS, DEFAULTS) if pair % 2 else (DEFAULTS, OURS):
            yield pair, name


async def _measured(name: str, options: ComparisonOptions, cluster: Cluster, began: float) -> float | None:
    """How often the HPAs have looked since then; only while all of them are as the platform has them."""
    if name != OURS:
        return None
    return await sync_period.measure(cluster, options.metrics_namespace, seconds=time.monotonic() - began)


def _measured_periods(sides: Sequence[Side]) -> str:
    """What was measured in each load of the platform, for the report."""
    return ", ".join(sync_period.told(each.measured_hpa_sync) for each in sides if each.name == OURS)


@asynccontextmanager
async def _scaled_by(
    name: str, options: ComparisonOptions, *, cluster: Cluster, shape: ScaledShape
) -> AsyncIterator[None]:
    """The shape scaled in this way; afterwards, and when the load test is killed, as it was found."""
    if name == OURS:
        yield
        return
    deployment = await cluster.deployment(options.namespace, shape.watched.deployment)
    scaling = defaults.changes(shape, threshold=options.threshold)
    restores = defaults.given_back(shape, deployment, scaling)
    async with Restoring(options.kubeconfig, options.context, *restores):
        await defaults.take_up(cluster, shape, scaling, threshold=options.threshold)
        yield
    await defaults.until_taken_up(cluster, shape, defaults.target(shape.autoscaler))


async def _send(
    options: ComparisonOptions,
    *,
    console: Console,
    cluster: Cluster,
    gateway: Gateway,
    shape: ScaledShape,
    log: Path,
) -> Driven:
    """The load from rest to rest, with a sink of its own."""
    async with AsyncExitStack() as stack:
        sink = await set_up(
            options,
            console,
            cluster,
            gateway,
            stack,
            flow=partial(flows.order_flow, name=flows.PROFILE_FLOW, hold_seconds=options.hold_seconds),
            sink_python=options.sink_python,
        )
        await environment.until_at_rest(cluster, gateway, [shape.watched], options.settle_seconds)
        load = Load(
            profile=Steady(rate=options.rate, duration=options.minutes * 60),
            seed=options.seed,
            prefix=f"compare-{uuid.uuid4().hex[:8]}",
            settle_seconds=options.settle_seconds,
            long_every=options.long_every,
            long_seconds=options.long_seconds,
            look_seconds=options.look_seconds,
            blind_seconds=options.blind_seconds,
        )
        return await drive_load(
            load, target=options, cluster=cluster, gateway=gateway, sink=sink, console=console, log=log
        )
