"""Redis comes back with what it had a second ago: every accepted run still has its effects exactly once.

That is what the loss of Redis' machine leaves: its file is written through once a second.
"""

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from patchbay_runtime.settings import Settings

from tests.ports import free_port
from tests.runtime import quick_program
from tests.runtime.conftest import Program, Tenant, answers, end_all, wait_until
from tests.runtime.servers import HOST, Server, own_redis
from tests.runtime.sink import Sink

SHAPES = ("http-trigger", "split", "http-connector")


@pytest.fixture
def redis_files(tmp_path: Path) -> Path:
    directory = tmp_path / "redis"
    directory.mkdir()
    return directory


@pytest.fixture
def redis(redis_files: Path) -> Iterator[Server]:
    """A Redis of the test's own: others rely on theirs."""
    server = own_redis(redis_files)
    yield server
    server.stop()


@pytest.fixture
def api_url(settings: Settings, redis: Server, tmp_path: Path) -> Iterator[str]:
    """An API with workers of its own on that Redis."""
    own = settings.model_copy(update={"redis_port": redis.port})
    port = free_port()
    api = ("api", "--host", HOST, "--port", str(port))
    programs = [Program(own, *api, log=tmp_path / "api.log", module=quick_program.__name__)]
    for shape in SHAPES:
        arguments = ("worker", "--shape", shape, "--host", HOST, "--port", str(free_port()))
        programs.append(Program(own, *arguments, log=tmp_path / f"{shape}.log"))
    url = f"http://{HOST}:{port}"
    try:
        wait_until(lambda: answers(f"{url}/readyz"))
        yield url
    finally:
        end_all(programs)


def test_runs_have_their_effects_once_when_redis_loses_its_last_second(
    tenant: Tenant, sink: Sink, redis: Server, redis_files: Path, tmp_path: Path
) -> None:
    steps: dict[str, Any] = {
        "lines": {"shape": "split", "config": {"expression": "lines"}, "next": "send"},
        "send": {"shape": "http-connector", "config": {"url": sink.url}},
    }
    tenant.register_steps("f", steps)

    def accept(count: int) -> list[str]:
        return [tenant.trigger("f", {"lines": [{"line": line} for line in range(3)]}) for _ in range(count)]

    runs = accept(10)
    shutil.copytree(redis_files, tmp_path / "a-second-ago")
    last_second = time.monotonic() + 1
    while time.monotonic() < last_second:
        runs += accept(3)
    redis.kill()
    shutil.rmtree(redis_files)
    shutil.copytree(tmp_path / "a-second-ago", redis_files)
    redis.start()
    wait_until(lambda: answers(f"{tenant.client.base_url}/readyz"))
    assert [tenant.ended(run)["status"] for run in runs] == ["completed"] * len(runs)
    # A receiver that heeds the key, as ours does in the load tests, counts each of these once.
    effects = Counter(request.headers["idempotency-key"] for request in sink.received)
    sent = {request.headers["idempotency-key"]: request.headers["x-patchbay-run"] for request in sink.received}
    assert len(effects) == 3 * len(runs)
    assert Counter(sent.values()) == dict.fromkeys(runs, 3)
