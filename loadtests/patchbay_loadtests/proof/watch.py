"""Drives the steps one after the other and watches each until it is decided."""

import asyncio
import random
from collections.abc import Callable
from typing import Literal

from patchbay_loadtests.proof import judgement
from patchbay_loadtests.proof.plan import REFRESH_SECONDS, Plan
from patchbay_loadtests.proof.promise import Deployed
from patchbay_loadtests.proof.sampler import Sampler
from patchbay_loadtests.proof.steering import Steering
from patchbay_loadtests.proof.timeline import Sample, Step, Timeline

# Told of each step's progress: the step, the pods that it must have, the newest sample, seconds until its deadline.
Progress = Callable[[Step, int, Sample, float], None]
# What a step usually takes beside its hold. Deliveries that would not last are replaced before it, not during it.
USUAL_SECONDS = 15.0


class Watch:
    """The steps of one proof."""

    def __init__(
        self,
        plan: Plan,
        steering: Steering,
        sampler: Sampler,
        *,
        shape: str,
        idle_shape: str | None,
        deployed: Deployed,
    ) -> None:
        self.steps: list[Step] = []
        self._plan = plan
        self._promise = plan.promise
        self._deployed = deployed
        self._steering = steering
        self._sampler = sampler
        self._shape, self._idle_shape = shape, idle_shape

    def timeline(self) -> Timeline:
        """The record so far."""
        return Timeline(
            shape=self._shape,
            idle_shape=self._idle_shape,
            promise=self._promise,
            deployed=self._deployed,
            steps=tuple(self.steps),
            samples=tuple(self._sampler.samples),
            pods=tuple(self._sampler.pods.values()),
        )

    async def edges(self, progress: Progress) -> None:
        """The plan's steps, each held as long as its verdict needs."""
        for processes in self._plan.steps:
            if processes:
                lasting = REFRESH_SECONDS - self._promise.hold_seconds(processes) - USUAL_SECONDS
                await self._steering.refresh(older_than=max(lasting, 0.0))
            await self._watch(self._step(processes, "edge"), progress)

    async def repeats(self, progress: Progress) -> None:
        """The scale-up at the threshold again and again, at any phase of the metric's and the HPA's periods."""
        for _ in range(self._plan.repeat):
            await asyncio.sleep(random.uniform(0, self._promise.periods.metric))  # noqa: S311  # a phase, not a secret
            for processes in (self._promise.threshold, 0):
                await self._watch(self._step(processes, "repeat"), progress)

    def _step(self, processes: int, kind: Literal["edge", "repeat"]) -> Step:
        now = self._sampler.now()
        return Step(processes=processes, change=now, end=now, kind=kind)

    async def _watch(self, step: Step, progress: Progress) -> None:
        self.steps.append(step)
        await self._steering.drive_to(step.processes)
        expected = self._promise.pods(step.processes)
        hold = judgement.hold_seconds(self.timeline(), step)
        last = step.change + self._promise.deadline_seconds(step.processes) + hold
        while True:
            sample = await self._sampler.next_sample()
            refreshed = await self._steering.refresh()
            step = step.model_copy(
                update={"end": sample.at, "refreshes": (*step.refreshes, *([refreshed] if refreshed else []))}
            )
            self.steps[-1] = step
            progress(step, expected, sample, max(0.0, last - sample.at))
            if refreshed is None and (sample.at > last or self._stands(step, sample, expected, hold)):
                return

    def _stands(self, step: Step, newest: Sample, expected: int, hold: float) -> bool:
        """True when the right load met the right pods for as long as the step asks."""
        samples = [sample for sample in self._sampler.samples if step.change <= sample.at <= newest.at]
        since = judgement.settled_at(
            samples,
            lambda sample: (
                judgement.as_driven(sample, step)
                and sample.steered.desired == expected
                and judgement.all_ready(sample, expected)
            ),
        )
        return since is not None and newest.at - since >= hold
