"""Drives the phases one after the other and watches each until it is decided."""

import asyncio
from collections.abc import Callable

from patchbay_loadtests.core.errors import ProductFailureError
from patchbay_loadtests.nodes import legs
from patchbay_loadtests.nodes.ballast import Ballast
from patchbay_loadtests.nodes.hold import Hold
from patchbay_loadtests.nodes.plan import NodePlan
from patchbay_loadtests.nodes.recorder import NodeRecorder
from patchbay_loadtests.nodes.timeline import Look, NodeTimeline, Phase, PhaseName
from patchbay_loadtests.proof.sampler import Sampler
from patchbay_loadtests.proof.steering import Steering
from patchbay_loadtests.proof.timeline import Sample

# Told of a phase's progress: its name, what is waited for, the newest sample and look.
Progress = Callable[[PhaseName, str, Sample, Look], None]
# What the end of a burst must look like for this long, so that a pod in the making is not missed.
STEADY_SECONDS = 3.0
# What was held is answered and recorded within this time after the load's end.
DRAIN_SECONDS = 30.0


class Drive:
    """The phases of one node proof."""

    def __init__(
        self,
        plan: NodePlan,
        *,
        shape: str,
        steering: Steering,
        sampler: Sampler,
        recorder: NodeRecorder,
        ballast: Ballast,
        hold: Hold,
        progress: Progress,
        steady_seconds: float = STEADY_SECONDS,
    ) -> None:
        self.phases: list[Phase] = []
        self._plan = plan
        self._shape = shape
        self._steering = steering
        self._sampler = sampler
        self._recorder = recorder
        self._ballast = ballast
        self._hold = hold
        self._progress = progress
        self._steady_seconds = steady_seconds
        self._start_nodes = recorder.present_nodes

    def timeline(self) -> NodeTimeline:
        """The record so far."""
        return NodeTimeline(
            shape=self._shape,
            placeholders=self._plan.placeholders,
            start_nodes=self._start_nodes,
            phases=tuple(self.phases),
            samples=tuple(self._sampler.samples),
            looks=tuple(self._recorder.looks),
            pods=tuple(self._recorder.pods.values()),
            nodes=tuple(self._recorder.nodes.values()),
        )

    async def run(self, name: PhaseName, burst_pods: int, *, placeholders: int) -> None:
        """One burst, from rest to rest; `placeholders` is the headroom that there is meanwhile."""
        if name != "warm":
            await self._ballast.load(lives_seconds=self._plan.node_start_seconds + self._plan.back_seconds)
        async with self._hold.on():
            now = self._sampler.now()
            phase = Phase(name=name, burst_pods=burst_pods, change=now, fall=now, end=now)
            # From here on the record has it, also when it ends early.
            self.phases.append(phase)
            await self._steering.drive_to(burst_pods * self._plan.threshold)
            await self._until(
                phase,
                "all processes count",
                self._plan.node_start_seconds,
                lambda sample, _: (sample.metric_pods or 0) > burst_pods,
                steady=0,
            )
            phase = self._noted(phase, asked=self._sampler.now())
        await self._until(
            phase,
            "pods",
            self._plan.node_start_seconds,
            lambda sample, look: self._stands(phase, sample, look, placeholders),
        )
        phase = self._noted(phase, fall=self._sampler.now())
        await self._steering.drive_to(0)
        await self._ballast.drop()
        await self._until(
            phase,
            "back at the start",
            self._plan.back_seconds,
            lambda sample, look: self._is_back(sample, look, placeholders),
        )
        await self._recorder.next_look()
        self._noted(phase, end=self._recorder.looks[-1].at)

    def _noted(self, phase: Phase, **marks: float) -> Phase:
        self.phases[-1] = phase.model_copy(update={"end": self._recorder.looks[-1].at, **marks})
        return self.phases[-1]

    async def until_placeholders_run(self, placeholders: int) -> None:
        """Wait until the headroom stands, on the nodes of the start."""
        give_up = self._sampler.now() + self._plan.back_seconds
        while not (
            (look := await self._recorder.next_look()).placeholders == placeholders
            and look.nodes == len(self._start_nodes)
            and self._recorder.settled
        ):
            if self._sampler.now() > give_up:
                raise ProductFailureError(
                    f"{look.placeholders} of {placeholders} placeholders run on {look.nodes} nodes after "
                    f"{self._plan.back_seconds:.0f} s"
                )

    async def _until(
        self,
        phase: Phase,
        what: str,
        seconds: float,
        holds: Callable[[Sample, Look], bool],
        *,
        steady: float | None = None,
    ) -> None:
        """Watch until it has held for a while, or until the time is over: the verdict then says what is missing."""
        give_up = self._sampler.now() + seconds
        steady = self._steady_seconds if steady is None else steady
        since: float | None = None
        while (now := self._sampler.now()) < give_up:
            sample, look = await asyncio.gather(self._sampler.next_sample(), self._recorder.next_look())
            await self._steering.refresh()
            self._ensure_alone(phase, sample)
            self._progress(phase.name, what, sample, look)
            if not holds(sample, look):
                since = None
                continue
            since = now if since is None else since
            if now - since >= steady:
                return

    def _ensure_alone(self, phase: Phase, sample: Sample) -> None:
        """ProductFailureError when there are more processes than are driven: they take the room that is measured."""
        driven = self._steering.processes
        draining = driven == 0 and sample.at - phase.fall < DRAIN_SECONDS
        if sample.processes <= driven or draining:
            return
        if driven == 0:
            raise ProductFailureError(
                f"{sample.processes} processes at {self._shape} are stuck: their calls were answered "
                f"{sample.at - phase.fall:.0f} s ago"
            )
        raise ProductFailureError(
            f"Horizon counts {sample.processes} processes at {self._shape} where {driven} are driven: they were "
            "doubled, or another load has come"
        )

    def _stands(self, phase: Phase, sample: Sample, look: Look, placeholders: int) -> bool:
        pods = sample.steered.ready == sample.steered.replicas == phase.burst_pods + 1
        if not pods or look.pending:
            return False
        if phase.name != "within-headroom":
            return True
        back = legs.new_nodes(self.timeline(), phase.model_copy(update={"end": look.at}))
        return look.placeholders == placeholders and bool(back)

    def _is_back(self, sample: Sample, look: Look, placeholders: int) -> bool:
        return (
            sample.steered.replicas == sample.steered.ready == 1
            and look.nodes == len(self._start_nodes)
            and look.placeholders == placeholders
            and self._recorder.settled
        )
