"""An executor with its connections, for the life of a worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from patchbay_runtime.evaluation.evaluators import Evaluators
from patchbay_runtime.execution.executor import Executor
from patchbay_runtime.execution.limits import ProcessLimits
from patchbay_runtime.queue import ProcessQueue
from patchbay_runtime.reach.destinations import Destinations
from patchbay_runtime.reach.look_ups import LookUps
from patchbay_runtime.reach.openings import Openings
from patchbay_runtime.reach.rule import Reach
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.engine import create_engine

# One event loop does the work of all eight processes; more connections would only wait for it.
POOL_SIZE = 4
# Other processes of the worker may hold up the event loop with payloads of a mebibyte.
DATABASE_TIMEOUT_SECONDS = 30.0


@asynccontextmanager
async def open_executor(
    settings: Settings, queue: ProcessQueue, look_ups: LookUps | None = None
) -> AsyncIterator[Executor]:
    """`handle` and `give_up` are a worker's handler and dead-letter handler. Connects with the first process.

    `look_ups`: of the names that connectors call, where they are not the machine's.
    """
    database = Database(create_engine(settings, pool_size=POOL_SIZE), DATABASE_TIMEOUT_SECONDS)
    evaluators = Evaluators()
    look_ups = look_ups or LookUps()
    destinations = Destinations(Reach.of(settings), look_ups, Openings(queue.redis))
    try:
        yield Executor(database, queue, evaluators, destinations, ProcessLimits.of(settings))
    finally:
        await look_ups.close()
        await evaluators.close()
        await database.close()
