"""Drives the steps one after the other and watches each until it is decided."""

import asyncio
import random
from collections.abc import Callable

from patchbay_loadtests.proof import judgement
from patchbay_loadtests.proof.plan import REFRESH_SECONDS, Plan
from patchbay_loadtests.proof.sampler import Sampler
from patchbay_loadtests.proof.steering import Steering
from patchbay_loadtests.proof.timeline import Sample, Step, Timeline, expected_pods

# Told of each step's progress: the step, the newest sample, seconds until its deadline.
Progress = Callable[[Step, Sample, float], None]
# What a step usually takes beside its hold. Deliveries that would not last are replaced before it, not during it.
USUAL_SECONDS = 15.0


class Watch:
    """The steps of one proof."""

    def __init__(self, plan: Plan, steering: Steering, sampler: Sampler, shapes: tuple[str, str]) -> None:
        self.steps: list[Step] = []
        self._plan = plan
        self._steering = steering
        self._sampler = sampler
        self._shape, self._idle_shape = shapes

    def timeline(self) -> Timeline:
        """The record so far."""
        return Timeline(
            shape=self._shape,
            idle_shape=self._idle_shape,
            threshold=self._plan.threshold,
            steps=tuple(self.steps),
            samples=tuple(self._sampler.samples),
            pods=tuple(self._sampler.pods.values()),
        )

    async def edges(self, progress: Progress) -> None:
        """The plan's steps, each held as long as its verdict needs."""
        for processes in self._plan.steps:
            if processes:
                lasting = REFRESH_SECONDS - self._plan.hold_seconds(processes) - USUAL_SECONDS
                await self._steering.refresh(older_than=max(lasting, 0.0))
            await self._watch(self._step(processes), progress)

    async def repeats(self, progress: Progress) -> None:
        """The scale-up at the threshold again and again, at any phase of the metric's and the HPA's periods."""
        for _ in range(self._plan.repeat):
            await asyncio.sleep(random.uniform(0, self._plan.periods.metric))  # noqa: S311  # a phase, not a secret
            for processes in (self._plan.threshold, 0):
                step = self._step(processes)
                await self._watch(step.model_copy(update={"kind": "repeat", "hold_seconds": 1.0}), progress)

    def _step(self, processes: int) -> Step:
        now = self._sampler.now()
        return Step(
            processes=processes,
            expected_pods=expected_pods(processes, self._plan.threshold, self._plan.max_pods),
            change=now,
            end=now,
            hold_seconds=self._plan.hold_seconds(processes),
            deadline_seconds=self._plan.deadline_seconds(processes),
        )

    async def _watch(self, step: Step, progress: Progress) -> None:
        await self._steering.drive_to(step.processes)
        last = step.change + step.deadline_seconds + step.hold_seconds
        while True:
            sample = await self._sampler.next_sample()
            refreshed = await self._steering.refresh()
            step = step.model_copy(
                update={"end": sample.at, "refreshes": (*step.refreshes, *([refreshed] if refreshed else []))}
            )
            progress(step, sample, max(0.0, last - sample.at))
            if refreshed is None and (sample.at > last or self._stands(step, sample)):
                break
        self.steps.append(step)

    def _stands(self, step: Step, newest: Sample) -> bool:
        """True when the right load met the right pods for as long as the step asks."""
        samples = [sample for sample in self._sampler.samples if step.change <= sample.at <= newest.at]
        since = judgement.settled_at(
            samples,
            lambda sample: (
                judgement.as_driven(sample, step)
                and sample.steered.desired == step.expected_pods
                and judgement.all_ready(sample, step.expected_pods)
            ),
        )
        return since is not None and newest.at - since >= step.hold_seconds
