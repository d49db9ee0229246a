"""A process that kills its worker."""

import asyncio
import time

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.flows import POISON_FLOW, SHAPE
from patchbay_loadtests.faults.machine.containers import calls, kill_containers, processes_in
from patchbay_loadtests.faults.stage import Document, Stage

_ORDERS = 2
_HOLD_SECONDS = 55.0
_GIVEN_UP_SECONDS = 220.0
_POLL_SECONDS = 0.5


class PoisonProcess(Fault):
    """Whichever worker makes its call is killed in it, as a fault of a library would end it: that one, and the next.

    The workers that it kills run the steady flow as well.
    """

    name = "poison-process"
    question = "a process kills its worker again and again: is it given up with its reason, and only it?"
    alert = "ProcessDeadLettered"
    also_fires = ("ContainerRestarted",)
    alert_counts_from = "whole"
    recovery_limit_seconds = 240
    usual_seconds = 130
    kills_workers = True

    async def inject(self, stage: Stage) -> None:
        for number in range(1, _ORDERS + 1):
            order = f"poison-{number}"
            stage.poisonous.add(f"{stage.prefix}-{order}")
            await stage.place(POISON_FLOW, order, hold_seconds=_HOLD_SECONDS)
        killed, give_up = 0, time.monotonic() + _GIVEN_UP_SECONDS
        # Those that never are given up are told by `lacks`: that is the product's failure, not the environment's.
        while await _given_up(stage) < _ORDERS and time.monotonic() < give_up:
            # Ready or not: a last delivery runs in a worker that takes nothing else.
            for pod in await stage.pods_of_shape(SHAPE):
                if _calls(pod, stage.receiver.port_apart):
                    kill_containers(pod)
                    killed += 1
            await asyncio.sleep(_POLL_SECONDS)
        self.notes.append(f"{killed} workers were killed")

    async def lacks(self, stage: Stage) -> list[str]:
        dead = await _given_up(stage)
        return [] if dead == _ORDERS else [f"{dead} of {_ORDERS} poisonous processes are given up"]


def _calls(pod: Document, port: int) -> bool:
    try:
        return any(calls(process, port) for process in processes_in(pod))
    except UnusableEnvironmentError:
        return False  # it has just been killed


async def _given_up(stage: Stage) -> int:
    runs = [placed.run for placed in stage.placed if placed.run]
    return sum([(await stage.gateway.run(run))["status"] == "failed" for run in runs])
