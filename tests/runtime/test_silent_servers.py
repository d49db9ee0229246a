"""A server that is gone without a word (a lost machine, a lost network) holds nobody for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from time import monotonic

import pytest
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.execution.reconciler import Reconciler
from patchbay_runtime.queue import REDIS_AWAY, ProcessQueue
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage.database import Database, is_contention, is_too_slow, is_unavailable
from patchbay_runtime.storage.engine import create_engine
from sqlalchemy import TextClause, literal, text
from sqlalchemy.exc import OperationalError

from tests.runtime.lossy_network import Way, way_to

# Longer than any of the limits that are tested; without those, the tests would never end.
PATIENCE_SECONDS = 60
# How long a server that answers may take on a busy machine, and how long one that is silent is waited for.
ANSWERED_SECONDS = 30
SILENCE_SECONDS = 2
# In place of the runtime's own; longer than transactions may take, as those are.
SHORT_LIMIT_SECONDS = 4


@pytest.fixture
def to_mariadb(settings: Settings) -> Iterator[Way]:
    with way_to(settings.database_port) as way:
        yield way


@pytest.fixture
def to_redis(settings: Settings) -> Iterator[Way]:
    with way_to(settings.redis_port) as way:
        yield way


@pytest.fixture
async def database(settings: Settings, to_mariadb: Way, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    monkeypatch.setattr("patchbay_runtime.storage.engine.CONNECT_TIMEOUT_SECONDS", ANSWERED_SECONDS)
    reached = settings.model_copy(update={"database_port": to_mariadb.port})
    database = Database(create_engine(reached, pool_size=2), timeout_seconds=ANSWERED_SECONDS)
    yield database
    to_mariadb.close()
    await database.close()


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("patchbay_runtime.storage.engine.IDLE_TRANSACTION_SECONDS", SHORT_LIMIT_SECONDS)
    monkeypatch.setattr("patchbay_runtime.storage.database.LOCK_IDLE_SECONDS", SHORT_LIMIT_SECONDS)


@pytest.fixture
async def other_machine(settings: Settings) -> AsyncIterator[Database]:
    database = Database(create_engine(settings, pool_size=1), timeout_seconds=PATIENCE_SECONDS)
    yield database
    await database.close()


async def is_away(work: Awaitable[object]) -> bool:
    """Whether the work fails because MariaDB is away."""
    try:
        await work
    except Exception as error:
        return is_unavailable(error)
    return False


@contextmanager
def silence(database: Database, way: Way) -> Iterator[None]:
    """MariaDB answers nothing, and is not waited for long."""
    database.timeout_seconds, way.silent = SILENCE_SECONDS, True
    yield
    database.timeout_seconds, way.silent = ANSWERED_SECONDS, False


async def vanish_after(statement: TextClause, database: Database, way: Way) -> float:
    """Fall silent in a transaction, once the statement is done, until it is given up; when the statement was sent."""
    sent = 0.0

    async def vanish() -> None:
        nonlocal sent
        async with database.transaction() as connection:
            sent = monotonic()
            await connection.execute(statement)
            way.silent = True
            await asyncio.sleep(PATIENCE_SECONDS)

    # A transaction's time begins before it can fall silent: on a machine that is held up it may end before that too.
    database.timeout_seconds = SILENCE_SECONDS
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not way.silent:
            assert await is_away(vanish())
    return sent


async def one(database: Database) -> object:
    async with database.transaction() as connection:
        return await connection.scalar(text("SELECT 1"))


async def test_a_statement_that_mariadb_never_answers_is_given_up_and_the_next_one_succeeds(
    database: Database, to_mariadb: Way
) -> None:
    assert await one(database) == 1
    with silence(database, to_mariadb):
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await is_away(one(database))
    assert await one(database) == 1


async def test_a_transaction_that_mariadb_leaves_in_its_middle_is_given_up(database: Database, to_mariadb: Way) -> None:
    await vanish_after(text("SELECT 1"), database, to_mariadb)
    database.timeout_seconds, to_mariadb.silent = ANSWERED_SECONDS, False
    assert await one(database) == 1


@pytest.mark.usefixtures("short_limits")
async def test_rows_that_a_vanished_machine_had_locked_are_free_again(
    database: Database, to_mariadb: Way, other_machine: Database
) -> None:
    lock = text("SELECT version_num FROM alembic_version FOR UPDATE")
    sent = await vanish_after(lock, database, to_mariadb)
    refused: OperationalError | None = None
    async with other_machine.transaction() as connection:
        try:
            await connection.execute(text("SELECT version_num FROM alembic_version FOR UPDATE NOWAIT"))
        except OperationalError as error:
            refused = error
    if refused is None:
        assert monotonic() - sent >= SHORT_LIMIT_SECONDS, "the rows were free before their time"
    else:
        assert is_contention(refused)
    async with asyncio.timeout(PATIENCE_SECONDS), other_machine.transaction() as connection:
        assert (await connection.execute(lock)).one()


@pytest.mark.usefixtures("short_limits")
async def test_a_named_lock_that_a_vanished_machine_had_is_free_again(
    database: Database, to_mariadb: Way, other_machine: Database
) -> None:
    name = literal("patchbay-test-lock")
    sent = monotonic()
    async with database.lock(name) as taken:
        assert taken
        to_mariadb.silent = True
    async with other_machine.lock(name) as free:
        assert not free or monotonic() - sent >= SHORT_LIMIT_SECONDS, "the lock was free before its time"
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        async with other_machine.lock(name) as free:
            if free:
                return
        assert asyncio.get_running_loop().time() < deadline, "the lock outlived its holder's machine"
        await asyncio.sleep(0.2)


async def test_a_reconciler_that_mariadb_leaves_alone_sweeps_again_when_it_is_back(
    database: Database, to_mariadb: Way, settings: Settings
) -> None:
    queue = ProcessQueue.connect(settings.redis_host, settings.redis_port, None, CATALOG)
    reconciler = Reconciler(database, queue)
    await reconciler.sweep()
    with silence(database, to_mariadb):
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await is_away(reconciler.sweep())
    async with asyncio.timeout(PATIENCE_SECONDS):
        await reconciler.sweep()
    await queue.close()


async def answered_ping(queue: ProcessQueue) -> None:
    """Ask again only where the machine held up the answer for as long as it is waited for."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            asked = monotonic()
            try:
                return await queue.ping()
            except REDIS_AWAY:
                if monotonic() - asked < SILENCE_SECONDS:
                    raise


async def test_a_command_that_redis_never_answers_is_given_up_and_the_next_one_succeeds(
    settings: Settings, to_redis: Way
) -> None:
    queue = ProcessQueue.connect(settings.redis_host, to_redis.port, None, ["map"], answer_seconds=SILENCE_SECONDS)
    await answered_ping(queue)
    to_redis.silent = True
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(REDIS_AWAY):
            await queue.ping()
    to_redis.silent = False
    await answered_ping(queue)
    await queue.close()


async def test_mariadb_gives_up_a_statement_that_nobody_will_wait_for_and_keeps_the_connection(
    settings: Settings,
) -> None:
    database = Database(create_engine(settings, pool_size=1, statement_seconds=0.2), 60)
    with pytest.raises(OperationalError) as given_up:
        async with database.transaction() as connection:
            # A statement without a table would end early, and without an error.
            await connection.execute(text("SELECT COUNT(*) FROM seq_1_to_1000000000 WHERE MOD(seq, 7) = 8"))
    assert is_too_slow(given_up.value)
    async with database.transaction() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await database.close()
