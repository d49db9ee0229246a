"""An executor with its connections, for the life of a worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from patchbay_runtime.evaluation.evaluators import Evaluators
from patchbay_runtime.execution.executor import Executor
from patchbay_runtime.execution.limits import ProcessLimits
from patchbay_runtime.queue import ProcessQueue
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.engine import create_engine

# One event loop does the work of all eight processes; more connections would only wait for it.
POOL_SIZE = 4
# Other processes of the worker may hold up the event loop with payloads of a mebibyte.
DATABASE_TIMEOUT_SECONDS = 30.0


@asynccontextmanager
async def open_executor(settings: Settings, queue: ProcessQueue) -> AsyncIterator[Executor]:
    """`handle` and `give_up` are a worker's handler and dead-letter handler. Connects with the first process."""
    database = Database(create_engine(settings, pool_size=POOL_SIZE), DATABASE_TIMEOUT_SECONDS)
    evaluators = Evaluators()
    try:
        yield Executor(database, queue, evaluators, ProcessLimits.of(settings))
    finally:
        await evaluators.close()
        await database.close()
