"""What a load test changes for a while is put back however it ends: against an API server of one object."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from patchbay_loadtests.cli import app
from patchbay_loadtests.core.cluster import FIELD_MANAGER, Cluster
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.restoration import MARK, Restore, Restoring, put_leftovers_back
from typer.testing import CliRunner

from tests.waiting import until

PATH = "/apis/apps/v1/namespaces/n/deployments/headroom"
PULUMI = {"manager": "pulumi", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
OTHER = {"manager": "keda", "operation": "Update", "subresource": "status"}


class OneObject(ThreadingHTTPServer):
    """Keeps one Deployment and takes merge patches of it and of its scale; `away` answers are 503.

    Who changes its size by such a patch takes it from the one who applied it, as on an API server.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.away = 0
        self.replicas = 4
        self.entries = [PULUMI, OTHER]
        self.annotations: dict[str, str] = {}


class Handler(BaseHTTPRequestHandler):
    server: OneObject

    def do_GET(self) -> None:
        server = self.server
        metadata = {
            "name": "headroom",
            "resourceVersion": "1",
            "managedFields": server.entries,
            "annotations": server.annotations,
        }
        if self.path == PATH:
            self._answer({"metadata": metadata})
        elif self.path == PATH.rpartition("/")[0]:
            self._answer({"items": [{"metadata": metadata}]})
        else:
            self._answer({"kind": "Status"}, 404)

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        if server.away:
            server.away -= 1
            self._answer({"kind": "Status"}, 503)
            return
        if self.path.split("?")[0] == f"{PATH}/scale":
            server.replicas = body["spec"]["replicas"]
            server.entries = [OTHER, {"manager": FIELD_MANAGER, "operation": "Update", "subresource": "scale"}]
        else:
            changes = {**server.annotations, **body["metadata"]["annotations"]}
            server.annotations = {key: value for key, value in changes.items() if value is not None}
            server.entries = body["metadata"].get("managedFields", server.entries)
        self._answer({})

    def _answer(self, document: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's naming
        pass


@pytest.fixture
def server() -> Iterator[OneObject]:
    one = OneObject()
    threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield one
    one.shutdown()
    one.server_close()


@pytest.fixture
def kubeconfig(server: OneObject, tmp_path: Path) -> Path:
    named = {
        "cluster": {"server": f"http://127.0.0.1:{server.server_address[1]}"},
        "user": {},
        "context": {"cluster": "c", "user": "c"},
    }
    file = tmp_path / "kubeconfig"
    entries = {f"{kind}s": [{"name": "c", kind: value}] for kind, value in named.items()}
    file.write_text(yaml.safe_dump({"current-context": "c", **entries}))
    return file


RESTORE = Restore(path=f"{PATH}/scale", body={"spec": {"replicas": 4}}, object_path=PATH)


async def change(kubeconfig: Path) -> None:
    async with Cluster(kubeconfig, None) as cluster:
        await cluster.merge(f"{PATH}/scale", {"spec": {"replicas": 0}})


def is_as_before(server: OneObject) -> bool:
    return server.replicas == 4 and server.entries == [PULUMI, OTHER] and not server.annotations


async def test_what_was_changed_is_put_back_with_its_owners(server: OneObject, kubeconfig: Path) -> None:
    async with Restoring(kubeconfig, None, RESTORE):
        await change(kubeconfig)
        assert not is_as_before(server)
    assert is_as_before(server)


async def test_it_is_put_back_when_the_load_test_fails_and_the_api_server_is_away_at_first(
    server: OneObject, kubeconfig: Path
) -> None:
    async def fail() -> None:
        async with Restoring(kubeconfig, None, RESTORE):
            await change(kubeconfig)
            server.away = 2
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert is_as_before(server)


async def test_the_next_one_puts_back_what_is_left_when_the_process_that_should_was_killed_too(
    server: OneObject, kubeconfig: Path
) -> None:
    async with Cluster(kubeconfig, None) as cluster:
        restoring = Restoring(kubeconfig, None, RESTORE)
        await restoring.__aenter__()
        await change(kubeconfig)
        restoring._process.kill()
        await restoring._process.wait()
        assert server.replicas == 0
        assert await put_leftovers_back(cluster, "n") == [PATH]
        assert is_as_before(server)
        assert await put_leftovers_back(cluster, "n", "elsewhere") == []


@pytest.mark.parametrize(
    "mark",
    [RESTORE.model_copy(update={"object_path": "/api/v1/namespaces/n/secrets/s"}).model_dump_json(),
     RESTORE.model_copy(update={"path": "/api/v1/namespaces/n/secrets/s"}).model_dump_json(), "{}"],
    ids=["another-object", "another-path", "no-restore"],
)  # fmt: skip
async def test_a_mark_that_no_load_test_wrote_changes_nothing(server: OneObject, kubeconfig: Path, mark: str) -> None:
    server.annotations = {MARK: mark}
    async with Cluster(kubeconfig, None) as cluster:
        with pytest.raises(UnusableEnvironmentError, match="remove it"):
            await put_leftovers_back(cluster, "n")
    assert server.annotations == {MARK: mark}


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.restoration import Restore, Restoring

async def main() -> None:
    async with Restoring(Path(sys.argv[1]), None, Restore.model_validate_json(sys.argv[2])):
        async with Cluster(Path(sys.argv[1]), None) as cluster:
            await cluster.merge(sys.argv[3], {"spec": {"replicas": 0}})
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def test_it_is_put_back_when_the_load_test_is_killed(server: OneObject, kubeconfig: Path) -> None:
    line = [sys.executable, "-c", KILLED, str(kubeconfig), RESTORE.model_dump_json(), RESTORE.path]
    killed = subprocess.run(line, check=False, env=dict(os.environ))
    assert killed.returncode == -signal.SIGKILL
    until(lambda: is_as_before(server), within=30)


def test_a_command_puts_it_back_and_does_nothing_where_nothing_is_left(server: OneObject, kubeconfig: Path) -> None:
    server.replicas = 0
    server.annotations = {MARK: RESTORE.model_copy(update={"applied": (PULUMI,)}).model_dump_json()}
    line = ["put-back", "--kubeconfig", str(kubeconfig), "--namespace", "n"]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 0, done.output
    assert PATH in done.output
    assert is_as_before(server)
    assert CliRunner().invoke(app, line).output == ""
