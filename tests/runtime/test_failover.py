"""The database fails over: its name leads to another server, and the one that wrote before may still answer.

Two real servers, the second a replica of the first; the way to them is switched as a name is. The first refuses writes
then, as a demoted one does: https://mariadb.com/kb/en/server-system-variables/#read_only
"""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.execution.limits import ProcessLimits
from patchbay_runtime.execution.open import open_executor
from patchbay_runtime.execution.start import RunStarter
from patchbay_runtime.ids import new_id
from patchbay_runtime.migrations import create_tenant_schema, migrate
from patchbay_runtime.queue import Delivery, ProcessQueue
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage import flow_repository, run_repository, tenant_repository
from patchbay_runtime.storage.database import Database, is_unavailable
from patchbay_runtime.storage.engine import create_engine
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.runtime.conftest import PUBLIC
from tests.runtime.in_process import api, workers
from tests.runtime.lossy_network import Way, way_to
from tests.runtime.queue_workers import until
from tests.runtime.servers import DATABASE_PASSWORD, HOST, Mariadb, Server
from tests.runtime.sink import Sink

TENANT = "example"
POOL_SIZE = 3
WRITES_AGAIN_SECONDS = 30
PATIENCE_SECONDS = 90
ORDERS = 30


class Pair:
    """The writer, its replica, and the way that leads to one of them."""

    def __init__(self, first: Mariadb, second: Mariadb, way: Way, settings: Settings) -> None:
        self.first, self.second, self.way, self.settings = first, second, way, settings

    def replicate(self) -> None:
        """Make the second one a replica of all that the first has ever written."""
        self.first.sql(
            f"CREATE USER replica@'%' IDENTIFIED BY '{DATABASE_PASSWORD}';"
            "GRANT REPLICATION SLAVE ON *.* TO replica@'%';"
        )
        self.second.sql(
            f"CHANGE MASTER TO MASTER_HOST='{HOST}', MASTER_PORT={self.first.port}, MASTER_USER='replica',"
            f" MASTER_PASSWORD='{DATABASE_PASSWORD}', MASTER_USE_GTID=slave_pos;"
        )

    def begin(self) -> None:
        """The first one writes, the way leads there, and the second one follows."""
        self.way.target = self.first.port
        self.first.sql("SET GLOBAL read_only = 0")
        self.second.sql("SET GLOBAL read_only = 1; START SLAVE")

    def demote(self) -> None:
        """The first one refuses writes, and the second takes them once it has all that the first has written."""
        self.first.sql("SET GLOBAL read_only = 1")
        written = self.first.sql("SELECT @@gtid_binlog_pos").strip()
        caught_up = self.second.sql(f"SELECT MASTER_GTID_WAIT('{written}', {PATIENCE_SECONDS})")
        assert caught_up.strip() == "0"
        self.second.sql("STOP SLAVE; SET GLOBAL read_only = 0")

    def fail_over(self) -> None:
        """Demote, and let the way lead to the second; connections that there are stay where they are."""
        self.demote()
        self.way.target = self.second.port


async def record_tenant(settings: Settings) -> None:
    database = Database(create_engine(settings, pool_size=1), PATIENCE_SECONDS)
    await database.transact(None, lambda connection: tenant_repository.add_tenant(connection, TENANT))
    await database.close()


@pytest.fixture(scope="module")
def servers(
    mariadb_files: Path, tmp_path_factory: pytest.TempPathFactory, unmigrated_settings: Settings
) -> Iterator[Pair]:
    first = Mariadb(tmp_path_factory.mktemp("first"), mariadb_files, "--server-id=1", "--log-bin=binlog")
    second = Mariadb(tmp_path_factory.mktemp("second"), mariadb_files, "--server-id=2", "--read-only=1")
    try:
        first.start()
        second.start()
        with way_to(first.port) as way:
            pair = Pair(first, second, way, unmigrated_settings.model_copy(update={"database_port": way.port}))
            pair.replicate()
            pair.begin()
            first.make_account()
            migrate(pair.settings)
            asyncio.run(create_tenant_schema(pair.settings, TENANT))
            asyncio.run(record_tenant(pair.settings))
            yield pair
    finally:
        first.stop()
        second.stop()


@pytest.fixture
def pair(servers: Pair) -> Pair:
    """The first one writes, and the way leads there."""
    servers.begin()
    return servers


async def servers_of_the_pool(database: Database) -> list[int]:
    """Which server each connection leads to, when all are in use at once."""
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(database.transaction()) for _ in range(POOL_SIZE)]
        return [int(await connection.scalar(text("SELECT @@server_id"))) for connection in connections]


def some_flow() -> str:
    return f"flow-{uuid.uuid4().hex[:12]}"


async def test_a_write_ends_every_connection_to_a_demoted_server_and_succeeds_on_the_other(pair: Pair) -> None:
    database = Database(create_engine(pair.settings, pool_size=POOL_SIZE), PATIENCE_SECONDS)
    assert await servers_of_the_pool(database) == [1] * POOL_SIZE
    pair.fail_over()
    name = some_flow()
    assert await database.transact(TENANT, lambda connection: flow_repository.add_version(connection, name, {})) == 1
    assert await servers_of_the_pool(database) == [2] * POOL_SIZE
    await database.close()


async def test_a_write_that_is_under_way_is_kept_once_on_the_other_server(pair: Pair) -> None:
    database = Database(create_engine(pair.settings, pool_size=POOL_SIZE), PATIENCE_SECONDS)
    name, tries = some_flow(), 0

    async def add(connection: AsyncConnection) -> int:
        nonlocal tries
        tries += 1
        version = await flow_repository.add_version(connection, name, {})
        if tries == 1:
            # The server refuses the commit of what was written before.
            await asyncio.to_thread(pair.fail_over)
        return version

    assert await database.transact(TENANT, add) == 1
    assert tries == 2
    count = f"SELECT COUNT(*) FROM tenant_{TENANT}.flows WHERE name = '{name}'"  # noqa: S608 - the test's own names
    assert [int(server.sql(count)) for server in (pair.first, pair.second)] == [0, 1]
    await database.close()


async def test_who_only_reads_learns_of_it_too_and_goes_on_reading_while_there_is_nothing_else(pair: Pair) -> None:
    database = Database(create_engine(pair.settings, pool_size=POOL_SIZE, pre_ping=True), PATIENCE_SECONDS)
    assert await servers_of_the_pool(database) == [1] * POOL_SIZE
    pair.demote()
    assert await servers_of_the_pool(database) == [1] * POOL_SIZE
    pair.fail_over()
    assert await servers_of_the_pool(database) == [2] * POOL_SIZE
    await database.close()


@pytest.mark.parametrize("number", [1290, 1792, 1836])
async def test_every_way_to_say_read_only_ends_the_connection(settings: Settings, number: int) -> None:
    database = Database(create_engine(settings, pool_size=1), PATIENCE_SECONDS)
    connection_id = text("SELECT CONNECTION_ID()")
    async with database.transaction() as connection:
        before = await connection.scalar(connection_id)
    with pytest.raises(DBAPIError) as refused:
        async with database.transaction() as connection:
            await connection.execute(text(f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}"))
    assert is_unavailable(refused.value)
    async with database.transaction() as connection:
        assert await connection.scalar(connection_id) != before
    await database.close()


async def test_a_worker_does_not_drop_a_process_that_the_demoted_server_has_never_heard_of(
    pair: Pair, lone_redis: Server
) -> None:
    settings = pair.settings.model_copy(update={"redis_port": lone_redis.port})
    queue = ProcessQueue.connect(lone_redis.host, lone_redis.port, None, CATALOG)
    promoted = Database(
        create_engine(settings.model_copy(update={"database_port": pair.second.port}), pool_size=1), PATIENCE_SECONDS
    )
    async with api(settings) as client:
        await register(client, "heard-of", {"receive": {"shape": "http-trigger"}})
    async with open_executor(settings, queue) as executor:
        # A connection, to the first one.
        await executor.handle(Delivery(new_id(), TENANT, "http-trigger", 1))
        pair.demote()
        pair.way.target = pair.second.port
        run = new_id()
        await RunStarter(promoted, queue, ProcessLimits.of(pair.settings)).start(
            TENANT, "heard-of", lambda: "{}", run=run
        )
        async with promoted.transaction(TENANT) as connection:
            (process,), _ = await run_repository.processes_of(connection, run, "", 2, 2**20)
        await executor.handle(Delivery(process.id, TENANT, "http-trigger", 1))
    async with promoted.transaction(TENANT) as connection:
        state = await run_repository.get_run(connection, run)
    assert state is not None
    assert state.status == "completed"
    await promoted.close()
    await queue.close()


async def register(client: httpx.AsyncClient, name: str, steps: dict[str, object]) -> None:
    document = {"name": name, "start": "receive", "steps": steps}
    answer = await client.post(f"/api/tenants/{TENANT}/flows", json=document)
    assert answer.status_code == 201, answer.text


async def has_ended(client: httpx.AsyncClient, run: str) -> bool:
    answer = await client.get(f"/api/tenants/{TENANT}/runs/{run}")
    return answer.status_code == 200 and answer.json()["status"] != "running"


async def test_runs_that_are_under_way_and_those_that_follow_are_done_once(
    pair: Pair, lone_redis: Server, sink: Sink
) -> None:
    settings = pair.settings.model_copy(update={"redis_port": lone_redis.port})
    refused: Counter[int] = Counter()
    longest = 0.0

    async def place(client: httpx.AsyncClient, number: int) -> str:
        """As a customer does: again, with the same key, until it is accepted."""
        nonlocal longest
        began = time.monotonic()
        key = {"Idempotency-Key": f"order-{number}"}
        while True:
            answer = await client.post(f"/hooks/{TENANT}/orders", json={"number": number}, headers=key)
            if answer.status_code == 202:
                longest = max(longest, time.monotonic() - began)
                return str(answer.json()["run"])
            refused[answer.status_code] += 1
            await asyncio.sleep(0.2)

    shapes = ("http-trigger", "http-connector")
    async with asyncio.timeout(PATIENCE_SECONDS * 2), api(settings) as client, workers(settings, shapes):
        receive = {"shape": "http-trigger", "config": PUBLIC, "next": "send"}
        send = {"shape": "http-connector", "config": {"url": sink.url}}
        await register(client, "orders", {"receive": receive, "send": send})
        runs = [await place(client, number) for number in range(ORDERS // 3)]
        placing = [asyncio.create_task(place(client, number)) for number in range(ORDERS // 3, ORDERS)]
        await asyncio.to_thread(pair.fail_over)
        runs += [await task for task in placing]
        for run in runs:
            await until(partial(has_ended, client, run), PATIENCE_SECONDS, "the run has ended")
            assert (await client.get(f"/api/tenants/{TENANT}/runs/{run}")).json()["status"] == "completed"
    assert len(set(runs)) == ORDERS
    assert sorted(request.body["number"] for request in sink.received) == list(range(ORDERS))
    assert set(refused) <= {503}
    assert longest < WRITES_AGAIN_SECONDS
    written = pair.second.sql(f"SELECT COUNT(*) FROM tenant_{TENANT}.runs WHERE flow = 'orders'")  # noqa: S608 - the test's own
    assert int(written) == ORDERS


async def test_a_pool_whose_server_falls_silent_is_not_waited_for_connection_by_connection(
    settings: Settings,
) -> None:
    with way_to(settings.database_port) as way:
        reached = settings.model_copy(update={"database_port": way.port})
        database = Database(create_engine(reached, pool_size=POOL_SIZE), PATIENCE_SECONDS)
        await servers_of_the_pool(database)
        way.abandon()
        database.timeout_seconds = 2
        with pytest.raises(TimeoutError):
            async with database.transaction() as connection:
                await connection.execute(text("SELECT 1"))
        database.timeout_seconds = PATIENCE_SECONDS
        began = time.monotonic()
        assert len(await servers_of_the_pool(database)) == POOL_SIZE
        assert time.monotonic() - began < PATIENCE_SECONDS / 2
        await database.close()


async def test_a_server_that_lets_itself_be_reached_and_says_nothing_is_given_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patchbay_runtime.storage.engine.SESSION_TIMEOUT_SECONDS", 0.5)
    with way_to(settings.database_port) as way:
        way.silent = True
        reached = settings.model_copy(update={"database_port": way.port})
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(TimeoutError) as refused:
                await create_tenant_schema(reached, TENANT)
    assert is_unavailable(refused.value)
