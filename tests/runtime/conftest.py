"""A real Redis and a real MariaDB on free loopback ports, once per session."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.execution.open import open_executor
from patchbay_runtime.identity import credentials as identity
from patchbay_runtime.migrations import migrate
from patchbay_runtime.queue import Pace, ProcessQueue, run_worker
from patchbay_runtime.settings import Settings

from tests.http_requests import http
from tests.pinned_tools import program
from tests.ports import free_port
from tests.runtime.authority import Authority
from tests.runtime.identity_agent import IdentityAgent
from tests.runtime.open_id_provider import Provider
from tests.runtime.servers import (
    DATABASE_PASSWORD,
    DATABASE_USER,
    HOST,
    START_SECONDS,
    Mariadb,
    Server,
    own_mariadb,
    own_redis,
)
from tests.runtime.sink import Sink

ADMINISTRATOR_KEY = f"pbk_{'0' * 24}_{DATABASE_PASSWORD:-<43}"
"""Good in every tenant, wherever the control schema has been migrated."""
AUTHORIZED = {"Authorization": f"Bearer {ADMINISTRATOR_KEY}"}
# Of flows whose tests are not about who may start them.
PUBLIC = {"access": {"kind": "public"}}
# A worker sees what is due after a delay when it looks next. The lease is the programs', which share this Redis.
PACE = Pace(reclaim=0.2)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The Redis that most tests share."""
    server = own_redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def lone_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis of the test's own: workers of other tests would take its processes."""
    server = own_redis(tmp_path_factory.mktemp("lone-redis"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a MariaDB that has not been started, to be copied."""
    directory = tmp_path_factory.mktemp("mariadb-files")
    data, temporary = directory / "data", directory / "tmp"
    temporary.mkdir()
    subprocess.run(
        [
            program("mariadb-install-db"),
            "--no-defaults",
            "--user=root",
            f"--datadir={data}",
            f"--tmpdir={temporary}",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
            "--innodb-log-file-size=16M",
        ],
        check=True,
        capture_output=True,
    )
    return data


@pytest.fixture(scope="session")
def mariadb_server(mariadb_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mariadb]:
    """The MariaDB that most tests share."""
    with own_mariadb(tmp_path_factory.mktemp("mariadb"), mariadb_files) as server:
        yield server


@pytest.fixture(scope="module")
def lone_mariadb(mariadb_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mariadb]:
    """A MariaDB of the module's own: its tests change keys that all others use."""
    with own_mariadb(tmp_path_factory.mktemp("lone-mariadb"), mariadb_files) as server:
        yield server


@pytest.fixture(scope="session")
def unmigrated_settings(
    redis_server: Server, mariadb_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Settings for both servers; the database may still be empty."""
    secrets = tmp_path_factory.mktemp("secrets")
    password_file, key_file, sealing_key_file = (
        secrets / name for name in ("database-password", "administrator-key", "sealing-key")
    )
    password_file.write_text(DATABASE_PASSWORD)
    key_file.write_text(ADMINISTRATOR_KEY)
    sealing_key_file.write_text(os.urandom(32).hex())
    return Settings(
        database_host=mariadb_server.host,
        database_port=mariadb_server.port,
        database_user=DATABASE_USER,
        database_password_file=password_file,
        redis_host=redis_server.host,
        redis_port=redis_server.port,
        administrator_key_file=key_file,
        sealing_key_file=sealing_key_file,
        # What flows of tests call listens on loopback.
        connector_ports="1-65535",
        connector_private_ranges="127.0.0.0/8",
    )


@pytest.fixture(scope="session")
def settings(unmigrated_settings: Settings) -> Settings:
    """Settings for both servers, the control schema migrated."""
    migrate(unmigrated_settings)
    return unmigrated_settings


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a program of the runtime."""
    given = {f"PATCHBAY_{name.upper()}": _written(value) for name, value in settings if value is not None}
    return {**os.environ, **given}


def _written(value: Any) -> str:
    return json.dumps([one.model_dump() for one in value]) if isinstance(value, tuple) else str(value)


class Program:
    """`patchbay-runtime ...`, or another module of the same form, as a process of its own."""

    def __init__(self, settings: Settings, *arguments: str, log: Path, module: str = "patchbay_runtime") -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=environment_of(settings),
                stdout=output,
                stderr=subprocess.STDOUT,
            )


def end_all(programs: Sequence[Program]) -> list[int]:
    """SIGTERM to all; their exit statuses."""
    for one in programs:
        one.process.terminate()
    try:
        return [one.process.wait(30) for one in programs]
    finally:
        for one in programs:
            one.process.kill()


def wait_until(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    """Wait for a condition; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so within {seconds:g} s"
        time.sleep(0.02)


def answers(url: str) -> bool:
    """Whether a GET of `url` gives 200."""
    try:
        return http.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="session")
def api_url(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running API."""
    with running_api(settings, tmp_path_factory.mktemp("api") / "log") as url:
        yield url


@contextmanager
def running_api(
    settings: Settings, log: Path, module: str = "patchbay_runtime", *, port: int | None = None
) -> Iterator[str]:
    """A replica that answers; its URL."""
    port = port or free_port()
    api = Program(settings, "api", "--host", HOST, "--port", str(port), log=log, module=module)
    url = f"http://{HOST}:{port}"
    try:
        wait_until(lambda: answers(f"{url}/readyz"), START_SECONDS)
        yield url
    finally:
        end_all([api])


@pytest.fixture(scope="session")
def workers(settings: Settings) -> Iterator[None]:
    """Workers of every shape in this process, over the real queue and database."""
    with working(settings):
        yield


@contextmanager
def working(settings: Settings) -> Iterator[None]:
    """Workers of every shape, in a thread of this process."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(_work(settings, stop),), daemon=True)
    thread.start()
    yield
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)


async def _work(settings: Settings, stop: asyncio.Event) -> None:
    queue = ProcessQueue.connect(settings.redis_host, settings.redis_port, None, CATALOG)
    async with open_executor(settings, queue) as executor:
        loops = [
            run_worker(queue, shape, 8, handler=executor.handle, on_dead_letter=executor.give_up, stop=stop, pace=PACE)
            for shape in CATALOG
        ]
        await asyncio.gather(*loops)
    await queue.close()


class Tenant:
    """The API as one tenant's client, which has a key."""

    def __init__(self, client: httpx.Client, name: str) -> None:
        self.client = client
        self.name = name
        self.path = f"/api/tenants/{name}"

    def register(self, flow: dict[str, Any]) -> int:
        """Register a flow that must be accepted; its version."""
        response = self.client.post(f"{self.path}/flows", json=flow)
        assert response.status_code == 201, response.text
        version: int = response.json()["version"]
        return version

    def register_steps(self, name: str, steps: dict[str, Any]) -> int:
        """Register a flow that starts with a public http-trigger and goes on at the first of `steps`."""
        receive = {"shape": "http-trigger", "config": PUBLIC, "next": next(iter(steps))}
        return self.register({"name": name, "start": "receive", "steps": {"receive": receive, **steps}})

    def trigger(self, flow: str, payload: Any, **headers: str) -> str:
        """Start a run that must be accepted; its identifier."""
        response = self.client.post(f"/hooks/{self.name}/{flow}", json=payload, headers=headers)
        assert response.status_code == 202, response.text
        run: str = response.json()["run"]
        return run

    def call(self, flow: str, payload: Any, wait: float = 30) -> dict[str, Any]:
        """Start a run and wait for its end."""
        response = self.client.post(f"/hooks/{self.name}/{flow}", params={"wait": wait}, json=payload)
        assert response.status_code == 200, response.text
        summary: dict[str, Any] = response.json()
        return summary

    def run(self, run: str) -> dict[str, Any]:
        """A run with its processes."""
        response = self.client.get(f"{self.path}/runs/{run}")
        assert response.status_code == 200, response.text
        details: dict[str, Any] = response.json()
        return details

    def ended(self, run: str, seconds: float = 90.0) -> dict[str, Any]:
        """The run, once it has ended."""
        wait_until(lambda: self.run(run)["status"] != "running", seconds)
        return self.run(run)


@pytest.fixture
def new_tenant(api_url: str) -> Iterator[Callable[[], Tenant]]:
    """Makes tenants that no other test uses."""
    with httpx.Client(base_url=api_url, headers=AUTHORIZED, timeout=70) as client:

        def make() -> Tenant:
            name = f"test-{uuid.uuid4().hex[:12]}"
            assert client.put(f"/api/tenants/{name}").status_code == 201
            return Tenant(client, name)

        yield make


@pytest.fixture
def tenant(new_tenant: Callable[[], Tenant]) -> Tenant:
    """A tenant that no other test uses."""
    return new_tenant()


@pytest.fixture
def provider() -> Iterator[Provider]:
    """An OpenID provider, whom an API believes that is told so."""
    server = Provider()
    yield server
    server.close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Another system for connectors to call."""
    server = Sink()
    yield server
    server.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that vouches for none of the servers."""
    return Authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityAgent]:
    """The agent of this pod's node; no credentials are remembered from before."""
    identity._refreshed.cache_clear()
    agent = IdentityAgent(tmp_path)
    for name, value in agent.environment().items():
        monkeypatch.setenv(name, value)
    yield agent
    agent.close()
    identity._refreshed.cache_clear()
