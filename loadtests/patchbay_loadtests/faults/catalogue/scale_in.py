"""Pods go while they run something long."""

import asyncio
import time

from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.flows import LONG_FLOW, SHAPE
from patchbay_loadtests.faults.stage import Stage, until

_SHORT_PROCESSES, _SHORT_SECONDS = 24, 15.0
_LONG_PROCESSES, _LONG_SECONDS = 16, 55.0
_MARGIN_SECONDS = 5.0
_MANY_PODS = 5


class ScaleInDuringLongProcesses(Fault):
    """Forty processes bring six pods; most end soon, and the pods that go still hold some of the long ones."""

    name = "scale-in-while-busy"
    question = "pods are taken away in the middle of long processes: is every call let finish?"
    alert = "ShapeScaledIn"
    recovery_limit_seconds = 120
    usual_seconds = 120
    counts_pods = True
    most_pods = 6
    share_of_rate = 0.5

    def __init__(self) -> None:
        super().__init__()
        self._most = 0
        self._cut_off_before = 0
        self._placing: list[asyncio.Task[None]] = []

    async def inject(self, stage: Stage) -> None:
        self._cut_off_before = stage.receiver.cut_off()
        # At once, so that every pod gets some of both.
        self._began = time.monotonic()
        self._placing = [
            asyncio.create_task(stage.place_held(LONG_FLOW, _LONG_PROCESSES, _LONG_SECONDS, "long")),
            asyncio.create_task(stage.place_held(LONG_FLOW, _SHORT_PROCESSES, _SHORT_SECONDS, "short")),
        ]

    async def hold(self, stage: Stage) -> None:
        await until(f"{_MANY_PODS} pods of {SHAPE}", lambda: self._has(stage, at_least=_MANY_PODS), 90)
        self._most = await stage.desired_pods(SHAPE)
        await until(f"fewer than {self._most} pods of {SHAPE}", lambda: self._has(stage, below=self._most), 150)
        self.shows()
        await asyncio.gather(*self._placing)
        await asyncio.sleep(self._began + _LONG_SECONDS + _MARGIN_SECONDS - time.monotonic())

    async def heal(self, stage: Stage) -> None:
        await asyncio.gather(*self._placing, return_exceptions=True)
        cut_off = stage.receiver.cut_off() - self._cut_off_before
        self.notes.append(f"{SHAPE} went back from {self._most} pods")
        if cut_off:
            self.findings.append(f"{cut_off} calls were cut off by pods that went")
        await super().heal(stage)

    async def _has(self, stage: Stage, *, at_least: int = 0, below: int = 1_000) -> bool:
        return at_least <= await stage.desired_pods(SHAPE) < below
