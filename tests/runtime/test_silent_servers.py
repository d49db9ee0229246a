"""A server that is gone without a word (a lost machine, a lost network) holds nobody for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator

import pytest
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.execution.reconciler import Reconciler
from patchbay_runtime.queue import REDIS_AWAY, ProcessQueue
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage.database import Database, is_unavailable
from patchbay_runtime.storage.engine import create_engine
from sqlalchemy import text

from tests.runtime.lossy_network import Way, way_to

# Longer than any of the limits that are tested; without those, the tests would never end.
PATIENCE_SECONDS = 60


@pytest.fixture
def to_mariadb(settings: Settings) -> Iterator[Way]:
    with way_to(settings.database_port) as way:
        yield way


@pytest.fixture
def to_redis(settings: Settings) -> Iterator[Way]:
    with way_to(settings.redis_port) as way:
        yield way


@pytest.fixture
async def database(settings: Settings, to_mariadb: Way) -> AsyncIterator[Database]:
    reached = settings.model_copy(update={"database_port": to_mariadb.port})
    database = Database(create_engine(reached, pool_size=2), timeout_seconds=2)
    yield database
    to_mariadb.close()
    await database.close()


async def is_away(work: Awaitable[object]) -> bool:
    """Whether the work fails because MariaDB is away."""
    try:
        await work
    except Exception as error:
        return is_unavailable(error)
    return False


async def one(database: Database) -> object:
    async with database.transaction() as connection:
        return await connection.scalar(text("SELECT 1"))


async def test_a_statement_that_mariadb_never_answers_is_given_up_and_the_next_one_succeeds(
    database: Database, to_mariadb: Way
) -> None:
    assert await one(database) == 1
    to_mariadb.silent = True
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await is_away(one(database))
    to_mariadb.silent = False
    assert await one(database) == 1


async def test_a_transaction_that_mariadb_leaves_in_its_middle_is_given_up(database: Database, to_mariadb: Way) -> None:
    async def stall() -> None:
        async with database.transaction() as connection:
            await connection.execute(text("SELECT 1"))
            to_mariadb.silent = True
            await asyncio.sleep(PATIENCE_SECONDS)

    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await is_away(stall())
    to_mariadb.silent = False
    assert await one(database) == 1


async def test_a_reconciler_that_mariadb_leaves_alone_sweeps_again_when_it_is_back(
    database: Database, to_mariadb: Way, settings: Settings
) -> None:
    queue = ProcessQueue.connect(settings.redis_host, settings.redis_port, None, CATALOG)
    reconciler = Reconciler(database, queue)
    await reconciler.sweep()
    to_mariadb.silent = True
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await is_away(reconciler.sweep())
    to_mariadb.silent = False
    async with asyncio.timeout(PATIENCE_SECONDS):
        await reconciler.sweep()
    await queue.close()


async def test_a_command_that_redis_never_answers_is_given_up_and_the_next_one_succeeds(
    settings: Settings, to_redis: Way
) -> None:
    queue = ProcessQueue.connect(settings.redis_host, to_redis.port, None, ["map"])
    await queue.ping()
    to_redis.silent = True
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(REDIS_AWAY):
            await queue.ping()
    to_redis.silent = False
    await queue.ping()
    await queue.close()
