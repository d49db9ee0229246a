"""A process that kills its worker."""

from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.flows import POISON_FLOW
from patchbay_loadtests.faults.stage import Stage

_ORDERS = 2


class PoisonProcess(Fault):
    """Its step wants more memory than a worker may have: the kernel kills the worker, and the next one.

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
            await stage.place(POISON_FLOW, order)

    async def lacks(self, stage: Stage) -> list[str]:
        runs = [placed.run for placed in stage.placed if placed.run]
        dead = sum([(await stage.gateway.run(run))["status"] == "failed" for run in runs])
        return [] if dead == _ORDERS else [f"{dead} of {_ORDERS} poisonous processes are given up"]
