"""An API that is killed (kill -9) at any moment: what it has accepted is done, once, and a second try finds it."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.execution.limits import ProcessLimits
from patchbay_runtime.execution.start import RunStarter
from patchbay_runtime.ids import new_id
from patchbay_runtime.queue import ProcessQueue
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.engine import create_engine

from tests.http_requests import http
from tests.ports import free_port
from tests.runtime import quick_program
from tests.runtime.conftest import Program, Tenant, answers, end_all, running_api, wait_until
from tests.runtime.servers import HOST
from tests.runtime.sink import Sink

pytestmark = pytest.mark.usefixtures("workers")

KILLS = 4
ORDERS = 160


@pytest.fixture(scope="module")
def api_url(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A replica that is not killed, and that looks more often for what was stored and never queued."""
    with running_api(settings, tmp_path_factory.mktemp("api") / "log", quick_program.__name__) as url:
        yield url


class KilledError(Exception):
    """The process ended here."""


def register_call(tenant: Tenant, sink: Sink) -> None:
    tenant.register_steps("f", {"send": {"shape": "http-connector", "config": {"url": sink.url}}})


def test_a_run_that_was_stored_and_never_queued_is_done_and_found_by_the_second_try(
    settings: Settings, tenant: Tenant, sink: Sink
) -> None:
    register_call(tenant, sink)

    async def die_between_commit_and_put() -> None:
        queue = ProcessQueue.connect(settings.redis_host, settings.redis_port, None, CATALOG)
        database = Database(create_engine(settings, pool_size=2), 30)
        starter = RunStarter(database, queue, ProcessLimits.of(settings))
        with patch.object(queue, "put", side_effect=KilledError), pytest.raises(KilledError):
            await starter.start(tenant.name, "f", lambda: '{"order":1}', run=new_id(), idempotency_key="order-1")
        await queue.close()
        await database.close()

    asyncio.run(die_between_commit_and_put())
    run = tenant.trigger("f", {"order": 1}, **{"Idempotency-Key": "order-1"})
    assert tenant.ended(run, 60)["status"] == "completed"
    assert [request.body for request in sink.received] == [{"order": 1}]


def test_whenever_it_is_killed_every_order_is_done_once(
    settings: Settings, tenant: Tenant, sink: Sink, tmp_path: Path
) -> None:
    register_call(tenant, sink)
    port = free_port()
    url = f"http://{HOST}:{port}"

    def start() -> Program:
        program = Program(settings, "api", "--host", HOST, "--port", str(port), log=tmp_path / "log")
        wait_until(lambda: answers(f"{url}/readyz"))
        return program

    def place(number: int) -> str:
        """Try the API that is killed until it is there, always with the same key."""
        give_up = time.monotonic() + 120
        while True:
            try:
                headers = {"Idempotency-Key": f"order-{number}"}
                answer = http.post(f"{url}/hooks/{tenant.name}/f", json={"order": number}, headers=headers)
                if answer.status_code == 202:
                    return str(answer.json()["run"])
            except httpx.HTTPError:
                assert time.monotonic() < give_up
            time.sleep(0.05)

    api = start()
    with ThreadPoolExecutor(8) as customers:
        placed: list[Future[str]] = []
        for _ in range(KILLS):
            before = len(sink.received)
            placed += [customers.submit(place, len(placed) + number) for number in range(ORDERS // KILLS)]
            wait_until(lambda before=before: len(sink.received) > before)  # type: ignore[misc]  # bound in the loop
            api.process.kill()
            api.process.wait()
            api = start()
        runs = [future.result() for future in placed]
    end_all([api])
    assert len(set(runs)) == ORDERS
    wait_until(lambda: all(run["status"] == "completed" for run in listed(tenant)))
    assert {run["run"] for run in listed(tenant)} == set(runs)
    assert set(Counter(request.body["order"] for request in sink.received).values()) == {1}


def listed(tenant: Tenant) -> list[dict[str, str]]:
    """Every run, by pages."""
    runs: list[dict[str, str]] = []
    while True:
        after = runs[-1]["run"] if runs else ""
        answer = tenant.client.get(f"{tenant.path}/runs", params={"after": after, "limit": 50})
        assert answer.status_code == 200, answer.text
        page = answer.json()["runs"]
        runs += page
        if len(page) < 50:
            return runs
