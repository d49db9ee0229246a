"""Redis or MariaDB away: callers are told, and what was accepted is executed once they are back."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.execution.reconciler import LOCK, Reconciler
from patchbay_runtime.queue import ProcessQueue
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage import tenant_repository
from patchbay_runtime.storage.control_tables import tenants
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.engine import create_engine
from patchbay_runtime.storage.tenant_tables import processes
from sqlalchemy import delete, func, select, text, update

from tests.http_requests import http
from tests.ports import free_port
from tests.runtime import quick_program
from tests.runtime.conftest import Program, Tenant, answers, end_all, wait_until
from tests.runtime.queue_workers import until
from tests.runtime.servers import HOST, Server
from tests.runtime.sink import Answer, Received, Sink

pytestmark = pytest.mark.usefixtures("workers")


@pytest.fixture(params=["redis_server", "mariadb_server"])
def away(request: pytest.FixtureRequest) -> Iterator[Server]:
    """One of the servers, started again at the end whatever happens."""
    server: Server = request.getfixturevalue(request.param)
    yield server
    server.stop()
    server.start()
    tenant: Tenant = request.getfixturevalue("tenant")
    wait_until(lambda: answers(f"{tenant.client.base_url}/readyz"))


def register_slow_call(tenant: Tenant, sink: Sink) -> None:
    """A flow `f` that calls a sink which needs half a second."""

    def answer(_request: Received, _number: int) -> Answer:
        time.sleep(0.5)
        return Answer()

    sink.answer = answer
    tenant.register_steps("f", {"send": {"shape": "http-connector", "config": {"url": sink.url}}})


def test_while_one_is_away_the_api_says_503_and_accepts_nothing(tenant: Tenant, sink: Sink, away: Server) -> None:
    register_slow_call(tenant, sink)
    away.stop()
    responses = [
        tenant.client.post(f"/hooks/{tenant.name}/f", json={}),
        tenant.client.post(f"/hooks/{tenant.name}/f", params={"wait": 5}, json={}),
        tenant.client.get("/readyz"),
    ]
    for response in responses:
        assert (response.status_code, response.json()["error"]["code"]) == (503, "unavailable")
        assert int(response.headers["Retry-After"]) > 0
    assert tenant.client.get("/healthz").status_code == 200
    away.start()
    wait_until(lambda: answers(f"{tenant.client.base_url}/readyz"))
    assert tenant.call("f", {})["status"] == "completed"
    assert len(sink.received) == 1


@pytest.mark.parametrize("seconds", [1, pytest.param(60, marks=pytest.mark.long)])
def test_what_was_accepted_before_an_outage_is_completed_after_it(
    tenant: Tenant, sink: Sink, away: Server, seconds: float
) -> None:
    register_slow_call(tenant, sink)
    runs = [tenant.trigger("f", {"number": number}) for number in range(20)]
    wait_until(lambda: len(sink.received) > 0)
    away.kill()
    time.sleep(seconds)
    away.start()
    wait_until(lambda: answers(f"{tenant.client.base_url}/readyz"))
    assert [tenant.ended(run, 60)["status"] for run in runs] == ["completed"] * 20
    # A call is not made twice because its result could not be recorded at once.
    assert sorted(request.body["number"] for request in sink.received) == list(range(20))


@pytest.fixture
def quick_replica(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """A further replica, which looks more often for what the queue has lost."""
    port = free_port()
    arguments = ("api", "--host", HOST, "--port", str(port))
    replica = Program(settings, *arguments, log=tmp_path / "replica-log", module=quick_program.__name__)
    try:
        wait_until(lambda: answers(f"http://{HOST}:{port}/readyz"))
        yield
    finally:
        end_all([replica])


async def make_overdue(database: Database, tenant: str, run: str) -> None:
    """Let what the run waits for be over since a minute."""
    async with database.transaction(tenant) as connection:
        overdue = func.timestampadd(text("SECOND"), -60, func.now(6))
        change = update(processes).where(processes.c.run == run, processes.c.status == "delayed")
        await connection.execute(change.values(available_at=overdue))


@pytest.mark.usefixtures("quick_replica")
def test_when_redis_loses_its_data_the_runs_go_on_from_the_database(
    tenant: Tenant, redis_server: Server, settings: Settings
) -> None:
    steps = {
        "pause": {"shape": "delay", "config": {"seconds": 600}, "next": "m"},
        "m": {"shape": "map", "config": {"expression": "$"}},
    }
    tenant.register_steps("f", steps)
    run = tenant.trigger("f", {"kept": 1})
    wait_until(lambda: tenant.run(run)["processes"][-1]["status"] == "delayed")

    async def lose_everything() -> None:
        queue = ProcessQueue.connect(redis_server.host, redis_server.port, None, CATALOG)
        # A worker that has not ended the delivery yet would put it among the delayed after the loss.
        await until(lambda: none_reserved(queue), 30, "the process waits in Redis for its time")
        await queue.redis.flushall()
        await queue.close()
        database = Database(create_engine(settings, pool_size=1), 30)
        await make_overdue(database, tenant.name, run)
        await database.close()

    async def none_reserved(queue: ProcessQueue) -> bool:
        return (await queue.counts())["delay"].reserved == 0

    asyncio.run(lose_everything())
    assert tenant.ended(run, 60)["output"] == {"kept": 1}


def test_a_replica_that_starts_while_mariadb_is_away_waits_for_it(
    settings: Settings, tenant: Tenant, mariadb_server: Server, tmp_path: Path
) -> None:
    mariadb_server.stop()
    migration = Program(settings, "migrate", log=tmp_path / "log")
    try:
        wait_until(lambda: "waiting for MariaDB" in migration.log.read_text())
        assert migration.process.poll() is None
    finally:
        mariadb_server.start()
    assert migration.process.wait(60) == 0
    wait_until(lambda: answers(f"{tenant.client.base_url}/readyz"))


def test_an_api_that_starts_while_both_are_away_says_so_and_serves_when_they_are_back(
    settings: Settings, tenant: Tenant, redis_server: Server, mariadb_server: Server, tmp_path: Path
) -> None:
    redis_server.stop()
    mariadb_server.stop()
    port = free_port()
    url = f"http://{HOST}:{port}"
    replica = Program(settings, "api", "--host", HOST, "--port", str(port), log=tmp_path / "log")
    try:
        wait_until(lambda: answers(f"{url}/healthz"))
        response = http.post(f"{url}/hooks/{tenant.name}/f", json={}, timeout=30)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
        assert http.get(f"{url}/readyz", timeout=30).status_code == 503
        redis_server.start()
        mariadb_server.start()
        wait_until(lambda: answers(f"{url}/readyz"))
    finally:
        for server in (redis_server, mariadb_server):
            server.stop()
            server.start()
        end_all([replica])
    wait_until(lambda: answers(f"{tenant.client.base_url}/readyz"))


def test_only_one_replica_reconciles_at_a_time(tenant: Tenant, settings: Settings) -> None:
    tenant.register_steps("f", {"pause": {"shape": "delay", "config": {"seconds": 600}}})
    run = tenant.trigger("f", {})
    wait_until(lambda: tenant.run(run)["processes"][-1]["status"] == "delayed")

    async def sweep_with_and_without_the_lock() -> tuple[int, int]:
        queue = ProcessQueue.connect(settings.redis_host, settings.redis_port, None, CATALOG)
        database = Database(create_engine(settings, pool_size=4), 30)
        reconciler = Reconciler(database, queue)
        await make_overdue(database, tenant.name, run)
        async with database.engine.connect() as other_replica:
            assert await other_replica.scalar(select(func.get_lock(LOCK, 30))) == 1
            without = await reconciler.sweep()
            await other_replica.execute(select(func.release_lock(LOCK)))
            await other_replica.commit()
        deadline = time.monotonic() + 30
        # The API's own reconciler may have the lock for a moment.
        while (found := await reconciler.sweep()) == 0:
            assert time.monotonic() < deadline
        await queue.close()
        await database.close()
        return without, found

    without, found = asyncio.run(sweep_with_and_without_the_lock())
    assert without == 0
    assert found >= 1


async def test_a_tenant_whose_schema_is_missing_keeps_no_other_from_being_swept(
    tenant: Tenant, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    tenant.register_steps("f", {"pause": {"shape": "delay", "config": {"seconds": 600}}})
    run = tenant.trigger("f", {})
    await asyncio.to_thread(wait_until, lambda: tenant.run(run)["processes"][-1]["status"] == "delayed")
    queue = ProcessQueue.connect(settings.redis_host, settings.redis_port, None, CATALOG)
    database = Database(create_engine(settings, pool_size=4), 30)
    missing = "a-schema-is-missing"
    async with database.transaction() as connection:
        await tenant_repository.add_tenant(connection, missing)
        assert (await tenant_repository.tenant_names(connection)).index(missing) == 0
    try:
        await make_overdue(database, tenant.name, run)

        async def found_one() -> bool:
            return await Reconciler(database, queue).sweep() >= 1

        # The API's own reconciler may have the lock for a moment.
        await until(found_one, 30, "the tenant after it is swept")
    finally:
        async with database.transaction() as connection:
            await connection.execute(delete(tenants).where(tenants.c.name == missing))
        await queue.close()
        await database.close()
    assert missing in {getattr(record, "tenant", None) for record in caplog.records}
