"""Workers that die without a word."""

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.flows import SHAPE
from patchbay_loadtests.faults.machine.containers import kill_containers
from patchbay_loadtests.faults.stage import Stage


class KillWorker(Fault):
    """kill -9."""

    name = "worker-killed"
    question = "kill -9 of one worker of a shape: is what it ran begun again, once?"
    alert = "ContainerRestarted"
    recovery_limit_seconds = 60
    kills_workers = True

    async def inject(self, stage: Stage) -> None:
        pods = await stage.workers(SHAPE)
        if not pods:
            raise UnusableEnvironmentError(f"{SHAPE} has no ready worker")
        kill_containers(pods[0])
        self.notes.append(f"killed {pods[0]['metadata']['name']}")


class KillEveryWorker(Fault):
    """kill -9 of all at once: nobody is left to take over."""

    name = "shape-killed"
    question = "kill -9 of every worker of a shape: does what they ran wait for their successors?"
    alert = "ShapeLostItsWorkers"
    also_fires = ("ContainerRestarted", "ShapeWithoutWorkers")
    recovery_limit_seconds = 90
    kills_workers = True

    async def inject(self, stage: Stage) -> None:
        pods = await stage.workers(SHAPE)
        if not pods:
            raise UnusableEnvironmentError(f"{SHAPE} has no ready worker")
        for pod in pods:
            kill_containers(pod)
        self.notes.append(f"killed {len(pods)} workers of {SHAPE}")
