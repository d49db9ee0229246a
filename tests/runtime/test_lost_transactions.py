"""Transactions that lose against others: nothing is called twice, and nobody gets 500.

The locks are real, and held by connections of the tests' own.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx
import pytest
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.execution.executor import Executor
from patchbay_runtime.execution.open import open_executor
from patchbay_runtime.ids import new_id
from patchbay_runtime.names import tenant_schema
from patchbay_runtime.queue import Delivery, ProcessQueue, UnavailableError
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage.engine import create_engine
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.runtime.conftest import Tenant
from tests.runtime.in_process import api
from tests.runtime.queue_workers import until
from tests.runtime.servers import Mariadb, Server
from tests.runtime.sink import Sink

# As often as a transaction may lose before it is no accident any more, and a few times again.
DEADLOCKS = 22
PATIENCE_SECONDS = 90
# MariaDB tells of locks from its memory for as long as it is asked more often than ten times a second.
BETWEEN_LOOKS_SECONDS = 0.2
SHORT_SECONDS = 2


@pytest.fixture
def lone(settings: Settings, lone_redis: Server) -> Settings:
    """The shared MariaDB, with queues that no other worker looks into."""
    return settings.model_copy(update={"redis_port": lone_redis.port})


@pytest.fixture
async def rivals(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(settings, pool_size=3)
    yield engine
    await engine.dispose()


@pytest.fixture
async def executor(lone: Settings) -> AsyncIterator[Executor]:
    queue = ProcessQueue.connect(lone.redis_host, lone.redis_port, None, CATALOG)
    async with open_executor(lone, queue) as executor:
        yield executor
    await queue.close()


@pytest.fixture
def impatient_server(mariadb_server: Mariadb) -> Iterator[None]:
    """Connections that are made from here on wait a second for a lock."""
    mariadb_server.sql("SET GLOBAL innodb_lock_wait_timeout = 1")
    yield
    mariadb_server.sql("SET GLOBAL innodb_lock_wait_timeout = DEFAULT")


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("patchbay_runtime.storage.database.LONGEST_PAUSE_SECONDS", 0.05)


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("api.resources", "execution.open"):
        monkeypatch.setattr(f"patchbay_runtime.{module}.DATABASE_TIMEOUT_SECONDS", SHORT_SECONDS)


@pytest.fixture
def long_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is held up is no reason to refuse."""
    for limit in ("DATABASE_TIMEOUT_SECONDS", "STATEMENT_SECONDS"):
        monkeypatch.setattr(f"patchbay_runtime.api.resources.{limit}", PATIENCE_SECONDS)


class Called(NamedTuple):
    """A tenant whose flow `f` calls the sink."""

    tenant: Tenant
    sink: Sink


@pytest.fixture
def called(tenant: Tenant, sink: Sink) -> Called:
    tenant.register_steps("f", {"send": {"shape": "http-connector", "config": {"url": sink.url}}})
    return Called(tenant, sink)


class Rival:
    """Another transaction in the tenant's schema, heavier than any of the runtime: the lighter one loses a deadlock."""

    def __init__(self, connection: AsyncConnection, schema: str, thread: int) -> None:
        self._connection, self._schema, self.thread = connection, schema, thread

    async def begin(self) -> None:
        """End what went before, and change more rows than any transaction of the runtime."""
        await self._connection.rollback()
        await self.execute("INSERT INTO `{schema}`.weight (a) SELECT seq FROM seq_1_to_100")

    async def execute(self, statement: str, **values: object) -> None:
        await self._connection.execute(text(statement.format(schema=self._schema)), values)

    async def lock(self, table: str, row: str) -> None:
        statement = f"SELECT id FROM `{{schema}}`.{table} WHERE id = :row FOR UPDATE"  # noqa: S608 - the test's own
        await self.execute(statement, row=row)

    async def end(self) -> None:
        await self._connection.rollback()


@asynccontextmanager
async def rival(engine: AsyncEngine, tenant: Tenant) -> AsyncIterator[Rival]:
    schema = tenant_schema(tenant.name)
    async with engine.connect() as connection:
        await connection.execute(
            text(f"CREATE TABLE IF NOT EXISTS `{schema}`.weight (id INT AUTO_INCREMENT PRIMARY KEY, a INT)")
        )
        yield Rival(connection, schema, int(await connection.scalar(text("SELECT CONNECTION_ID()"))))
        await connection.rollback()


async def until_waiting(server: Mariadb, tenant: Tenant, *, which: str = "TRUE", count: int = 1) -> None:
    """Wait until so many transactions wait for a row of the tenant's runs; `which` is a condition on their `thread`."""
    name = f"`{tenant_schema(tenant.name)}`.`runs`"
    query = f"""
        SELECT COUNT(*) FROM (
            SELECT trx.trx_mysql_thread_id AS thread FROM information_schema.innodb_trx AS trx
            JOIN information_schema.innodb_locks AS locks ON locks.lock_id = trx.trx_requested_lock_id
            WHERE locks.lock_table = '{name}'
        ) AS waiting WHERE {which}
    """  # noqa: S608 - the test's own names

    async def so_many() -> bool:
        await asyncio.sleep(BETWEEN_LOOKS_SECONDS)
        return int(await asyncio.to_thread(server.sql, query)) >= count

    await until(so_many, PATIENCE_SECONDS, f"{count} wait for a run")


def deadlocks(server: Mariadb) -> int:
    return int(server.sql("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'").split()[1])


async def start(lone: Settings, tenant: Tenant, executor: Executor) -> tuple[str, str]:
    """A run of the flow `f` that has been received; the run and the process that waits at its second step."""
    async with api(lone) as client:
        run = (await client.post(f"/hooks/{tenant.name}/f", json={})).json()["run"]
    (received,) = tenant.run(run)["processes"]
    assert await executor.handle(Delivery(received["process"], tenant.name, "http-trigger", 1)) == "done"
    return run, tenant.run(run)["processes"][1]["process"]


@pytest.mark.usefixtures("short_pauses")
async def test_a_call_is_not_made_again_however_often_its_record_is_lost_to_deadlocks(
    called: Called, lone: Settings, executor: Executor, rivals: AsyncEngine, mariadb_server: Mariadb
) -> None:
    tenant, sink = called
    run, process = await start(lone, tenant, executor)
    before = deadlocks(mariadb_server)
    async with asyncio.timeout(PATIENCE_SECONDS), rival(rivals, tenant) as one, rival(rivals, tenant) as other:
        holder, next_one = one, other
        await holder.begin()
        await holder.lock("runs", run)
        handling = asyncio.create_task(executor.handle(Delivery(process, tenant.name, "http-connector", 1)))
        for _ in range(DEADLOCKS):
            # The record holds its process and wants its run; the rival the other way round.
            await until_waiting(mariadb_server, tenant, which=f"thread NOT IN ({one.thread}, {other.thread})")
            await holder.lock("processes", process)
            await next_one.begin()
            queued = asyncio.create_task(next_one.lock("runs", run))
            await until_waiting(mariadb_server, tenant, which=f"thread = {next_one.thread}")
            await holder.end()
            await queued
            holder, next_one = next_one, holder
        await holder.end()
        assert await handling == "done"
    assert deadlocks(mariadb_server) - before >= DEADLOCKS
    assert len(sink.received) == 1
    assert tenant.run(run)["status"] == "completed"


@pytest.mark.usefixtures("impatient_server", "short_limits")
async def test_a_process_whose_row_others_hold_is_left_waiting_and_not_counted_against(
    tenant: Tenant, lone: Settings, executor: Executor, rivals: AsyncEngine
) -> None:
    tenant.register_steps("f", {"m": {"shape": "map", "config": {"expression": "$"}}})
    run, process = await start(lone, tenant, executor)
    delivery = Delivery(process, tenant.name, "map", 1)
    async with rival(rivals, tenant) as holder:
        await holder.lock("processes", process)
        with pytest.raises(UnavailableError):
            await executor.handle(delivery)
    assert await executor.handle(delivery) == "done"
    assert tenant.run(run)["status"] == "completed"


async def test_a_result_that_mariadb_never_takes_fails_its_run_after_one_call(
    called: Called, lone: Settings, executor: Executor, rivals: AsyncEngine
) -> None:
    tenant, sink = called
    run, process = await start(lone, tenant, executor)
    async with rival(rivals, tenant) as administrator:
        await administrator.execute("ALTER TABLE `{schema}`.processes MODIFY output VARCHAR(5)")
    assert await executor.handle(Delivery(process, tenant.name, "http-connector", 1)) == "failed"
    assert len(sink.received) == 1
    error = tenant.run(run)["error"]
    assert (error["code"], error["step"]) == ("invalid_output", "send")
    assert "INSERT" not in error["message"]


async def post(client: httpx.AsyncClient, tenant: Tenant, key: str) -> httpx.Response:
    return await client.post(f"/hooks/{tenant.name}/f", json={}, headers={"Idempotency-Key": key})


INSERT_RUN = (
    "INSERT INTO `{schema}`.runs (id, flow, version, status, open_processes, idempotency_key)"
    " VALUES (:run, 'f', 1, 'running', 1, :key)"
)


@pytest.mark.usefixtures("long_limit")
async def test_a_start_that_loses_a_deadlock_is_tried_again_and_gives_the_run_of_the_winner(
    tenant: Tenant, lone: Settings, rivals: AsyncEngine, mariadb_server: Mariadb
) -> None:
    tenant.register_steps("f", {"m": {"shape": "map", "config": {"expression": "$"}}})
    before = deadlocks(mariadb_server)
    async with api(lone) as client, rival(rivals, tenant) as holder:
        await post(client, tenant, "another")
        await holder.execute(INSERT_RUN, run=new_id(), key="order-1")
        starting = [asyncio.create_task(post(client, tenant, "order-1")) for _ in range(2)]
        await until_waiting(mariadb_server, tenant, count=2)
        # Both share the lock on the key that is free now, and each wants it alone.
        await holder.end()
        answers = await asyncio.gather(*starting)
    assert deadlocks(mariadb_server) > before
    assert [answer.status_code for answer in answers] == [202, 202]
    assert len({answer.json()["run"] for answer in answers}) == 1


@pytest.mark.usefixtures("impatient_server", "short_limits")
async def test_a_start_or_a_registration_that_gets_no_lock_is_answered_with_503_and_succeeds_later(
    tenant: Tenant, lone: Settings, rivals: AsyncEngine
) -> None:
    steps = {"m": {"shape": "map", "config": {"expression": "$"}}}
    tenant.register_steps("f", steps)
    flow = {"name": "f", "start": "m", "steps": steps}
    async with api(lone) as client, rival(rivals, tenant) as holder:
        await holder.execute(INSERT_RUN, run=new_id(), key="order-1")
        await holder.execute("SELECT name FROM `{schema}`.flows WHERE name = 'f' FOR UPDATE")
        refused = await asyncio.gather(
            post(client, tenant, "order-1"), client.post(f"/api/tenants/{tenant.name}/flows", json=flow)
        )
        for answer in refused:
            assert answer.status_code == 503
            # On a machine that is held up the request's time ends before the wait for the lock.
            assert answer.json()["error"]["code"] in {"busy", "unavailable"}
            assert int(answer.headers["Retry-After"]) > 0
        await holder.end()
        assert (await post(client, tenant, "order-1")).status_code == 202
        assert (await client.post(f"/api/tenants/{tenant.name}/flows", json=flow)).json()["version"] == 2


async def test_a_tenant_that_cannot_be_made_beside_other_migrations_is_answered_with_503(
    lone: Settings, rivals: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patchbay_runtime.migrations.TENANT_SECONDS", SHORT_SECONDS)
    path = f"/api/tenants/test-{new_id()[:12]}"
    async with api(lone) as client, rivals.connect() as migration:
        assert await migration.scalar(text("SELECT GET_LOCK('patchbay-migrate', 60)")) == 1
        async with asyncio.timeout(PATIENCE_SECONDS):
            answer = await client.put(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
        await migration.scalar(text("SELECT RELEASE_LOCK('patchbay-migrate')"))
        monkeypatch.undo()
        assert (await client.put(path)).status_code == 201
