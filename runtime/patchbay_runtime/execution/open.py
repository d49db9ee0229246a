"""An executor with its connections, for the life of a worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from patchbay_runtime.execution.executor import Executor
from patchbay_runtime.queue import ProcessQueue
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.engine import create_engine

# One event loop does the work of all eight processes; more connections would only wait for it.
POOL_SIZE = 4
# A transaction may hold an expression's whole second of evaluation, and others wait for the loop meanwhile.
DATABASE_TIMEOUT_SECONDS = 30.0


@asynccontextmanager
async def open_executor(settings: Settings, queue: ProcessQueue) -> AsyncIterator[Executor]:
    """`handle` and `give_up` are a worker's handler and dead-letter handler. Connects with the first process."""
    database = Database(create_engine(settings, pool_size=POOL_SIZE), DATABASE_TIMEOUT_SECONDS)
    try:
        yield Executor(database, queue)
    finally:
        await database.close()
