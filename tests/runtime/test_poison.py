"""A process that kills its worker each time: given up with its reason, and nobody else pays for it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.queue import ProcessQueue
from patchbay_runtime.settings import Settings

from tests.http_requests import http
from tests.ports import free_port
from tests.runtime import quick_program
from tests.runtime.conftest import Program, Tenant, answers, end_all, wait_until
from tests.runtime.queue_workers import until
from tests.runtime.servers import HOST, Server, own_redis
from tests.runtime.sink import Answer, Received, Sink


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Server]:
    """A Redis of the test's own: the workers of others must not take its processes."""
    server = own_redis(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def own_settings(settings: Settings, redis: Server) -> Settings:
    return settings.model_copy(update={"redis_port": redis.port})


@pytest.fixture
def api_url(own_settings: Settings, tmp_path: Path) -> Iterator[str]:
    port = free_port()
    programs = [
        Program(own_settings, "api", "--host", HOST, "--port", str(port), log=tmp_path / "api.log"),
        Program(
            own_settings,
            *("worker", "--shape", "http-trigger", "--host", HOST, "--port", str(free_port())),
            log=tmp_path / "http-trigger.log",
        ),
    ]
    url = f"http://{HOST}:{port}"
    try:
        wait_until(lambda: answers(f"{url}/readyz"))
        yield url
    finally:
        end_all(programs)


class Container:
    """A worker that is started again when it dies, as Kubernetes does."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._settings = settings
        self._log = log
        self._ended = threading.Event()
        self.port = free_port()
        self.worker = self._start()
        self._watch = threading.Thread(target=self._restart, daemon=True)
        self._watch.start()

    def _start(self) -> Program:
        arguments = ("worker", "--shape", "http-connector", "--host", HOST, "--port", str(self.port))
        return Program(self._settings, *arguments, log=self._log, module=quick_program.__name__)

    def _restart(self) -> None:
        while not self._ended.wait(0.1):
            if self.worker.process.poll() is not None:
                self.worker = self._start()

    def metrics(self) -> str:
        return http.get(f"http://{HOST}:{self.port}/metrics", timeout=5).text

    def end(self) -> int:
        self._ended.set()
        self._watch.join()
        return end_all([self.worker])[0]


@pytest.fixture
def container(own_settings: Settings, tmp_path: Path) -> Iterator[Container]:
    container = Container(own_settings, tmp_path / "worker.log")
    yield container
    container.end()


async def test_a_process_that_kills_its_worker_three_times_is_given_up_with_its_reason(
    tenant: Tenant, sink: Sink, container: Container, own_settings: Settings
) -> None:
    calls = {"poison": 0}

    def answer(request: Received, _number: int) -> Answer:
        if request.body.get("poison"):
            calls["poison"] += 1
            container.worker.process.kill()
            container.worker.process.wait()
            return Answer(close=True)
        return Answer()

    sink.answer = answer
    tenant.register_steps("f", {"send": {"shape": "http-connector", "config": {"url": sink.url}}})
    poison = tenant.trigger("f", {"poison": True})
    innocent = [tenant.trigger("f", {"number": number}) for number in range(20)]  # more than run at once
    error = tenant.ended(poison)["error"]
    assert (error["step"], error["code"]) == ("send", "dead_lettered")
    assert error["message"] == "its worker died during each of 3 deliveries"
    assert error["payload"] == {"poison": True}
    assert calls["poison"] == 3
    assert [tenant.ended(run)["status"] for run in innocent] == ["completed"] * 20
    queue = ProcessQueue.open(own_settings, CATALOG)

    async def buried() -> bool:
        return bool(await queue.dead_letters("http-connector"))

    await until(buried, 30, "it is among the dead letters")
    (letter,) = await queue.dead_letters("http-connector")

    async def empty() -> bool:
        counts = (await queue.counts())["http-connector"]
        return (counts.waiting, counts.reserved, counts.delayed) == (0, 0, 0)

    await until(empty, 30, "nothing is left of it in the queue")
    await queue.close()
    found = (letter.process_id, letter.tenant, letter.deliveries, letter.reason)
    assert found == (error["process"], tenant.name, 3, error["message"])
    wait_until(lambda: 'patchbay_worker_dead_letters_total{shape="http-connector"} 1.0' in container.metrics(), 30)
    assert container.end() == 0
