"""The queues and the database go away and come back."""

from typing import ClassVar

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.machine.containers import kill_containers
from patchbay_loadtests.faults.stage import Document, Stage, with_pods, workload


class _StoreRestarts(Fault):
    """kill -9, so that it has to make do with what was on its disk."""

    store: ClassVar[str]

    async def victims(self, stage: Stage) -> list[Document]:
        return await stage.pods(stage.options.data_namespace, self.store)

    async def inject(self, stage: Stage) -> None:
        pods = await self.victims(stage)
        if not pods:
            raise UnusableEnvironmentError(f"{self.store} has no pod")
        kill_containers(pods[0])
        self.notes.append(f"killed {pods[0]['metadata']['name']}")


class RedisRestarts(_StoreRestarts):
    """The queues are read back from the append-only file."""

    name = "redis-restarts"
    question = "Redis crashes and comes back: is what was queued still done, and done once?"
    alert = "RedisRestarted"
    store = "redis"


class MariadbRestarts(_StoreRestarts):
    """The truth about runs is away for a moment."""

    name = "mariadb-restarts"
    question = "MariaDB crashes and comes back: does every accepted run go on?"
    alert = "MariadbRestarted"
    also_fires = ("MariadbDown",)
    store = "mariadb"


class RedisAway(Fault):
    """No pod of it for a minute."""

    name = "redis-away"
    question = "Redis is away for 60 s: is nothing accepted that cannot be done, and everything that was?"
    alert = "RedisDown"
    also_fires = ("RedisRestarted", "NoApi")
    hold_seconds = 60
    usual_seconds = 110

    async def inject(self, stage: Stage) -> None:
        await stage.change({workload(stage.options.data_namespace, "statefulsets", "redis"): with_pods(0)})
        await stage.until_gone(stage.options.data_namespace, "redis")
        self.shows()
