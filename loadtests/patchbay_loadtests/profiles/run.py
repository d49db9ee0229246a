"""A whole load test, from an environment that may hold leftovers to the published report."""

import asyncio
import uuid
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from pydantic import Field
from rich.console import Console

from patchbay_loadtests.core import flows
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.objectives import Objectives, read_objectives
from patchbay_loadtests.core.report.load import write_load
from patchbay_loadtests.core.report.publish import new_directory, point_latest_to
from patchbay_loadtests.core.set_up import set_up
from patchbay_loadtests.core.target import Target
from patchbay_loadtests.nodes import headroom
from patchbay_loadtests.profiles.drive import LOOK_SECONDS, Load, drive_load
from patchbay_loadtests.profiles.profile import Profile
from patchbay_loadtests.profiles.result import LoadResult, judge
from patchbay_loadtests.proof import environment
from patchbay_loadtests.proof.periods import Periods
from patchbay_loadtests.proof.promise import MAX_PODS
from patchbay_loadtests.proof.sampler import BLIND_SECONDS


class LoadOptions(Target):
    """How one load is sent. `hold_seconds` is how long each connector call takes at the sink.

    `max_pods`: of the steered shape, by the promise; `periods`: its longest waits, in which pods are given back.
    `minutes`: how long orders come, where that is not the profile's own.
    """

    reports: Path
    profile: Profile = Field(discriminator="name")
    hold_seconds: float = Field(default=4, ge=0, le=40)
    seed: int = 1
    minutes: float | None = Field(default=None, ge=0.1, le=7 * 24 * 60)
    settle_seconds: float = Field(default=300, gt=0)
    look_seconds: float = Field(default=LOOK_SECONDS, gt=0)
    blind_seconds: float = Field(default=BLIND_SECONDS, gt=0)
    max_pods: int = Field(default=MAX_PODS, ge=1)
    periods: Periods = Periods()
    sink_python: str = "python3"
    objectives: Objectives = Field(default_factory=read_objectives)

    @property
    def sent(self) -> Profile:
        """The profile in the time that it gets."""
        return self.profile if self.minutes is None else self.profile.lasting(self.minutes * 60)

    @property
    def shortened(self) -> tuple[str, ...]:
        """What is less than the profile's own, for the report."""
        own = self.profile.duration / 60
        if self.minutes is None or self.minutes >= own:
            return ()
        return (f"orders came for {self.minutes:g} minutes, not for the profile's {own:.1f}",)


async def load(options: LoadOptions, console: Console) -> tuple[LoadResult, Path]:
    """Send the profile's load; returns its result and the report's directory."""
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(Cluster(options.kubeconfig, options.context))
        gateway = await stack.enter_async_context(Gateway(options.host, options.tenant, options.access))
        await environment.undo_killed(cluster, console, options.namespace, headroom.NAMESPACE)
        versions = await environment.versions(cluster, options)
        shape = await environment.find_shape(cluster, options.namespace, flows.STEERED_SHAPE)
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
        directory = new_directory(options.reports)
        profile = options.sent
        console.print(f"profile {profile.name}: {profile.duration / 60:.1f} minutes of orders", highlight=False)
        driven = await drive_load(
            Load(
                profile=profile,
                seed=options.seed,
                prefix=f"load-{uuid.uuid4().hex[:8]}",
                settle_seconds=options.settle_seconds,
                max_pods=options.max_pods,
                look_seconds=options.look_seconds,
                blind_seconds=options.blind_seconds,
            ),
            target=options,
            cluster=cluster,
            gateway=gateway,
            sink=sink,
            console=console,
            log=directory / "locust.log",
        )
        config = {
            "host": options.host,
            "hold_seconds": options.hold_seconds,
            "hpa_sync_seconds": options.periods.hpa_sync,
            "scale_down_seconds": options.periods.scale_down,
            **profile.model_dump(),
        }
        result = judge(
            driven.timeline,
            driven.runs,
            versions=versions,
            config=config,
            objectives=options.objectives.of_profile(profile.name),
            generator=options.objectives.generator,
            shortened=options.shortened,
            periods=options.periods,
            ended_by=driven.ended_by,
        )
        await asyncio.to_thread(write_load, directory, result, driven.timeline)
        point_latest_to(directory)
        return result, directory
