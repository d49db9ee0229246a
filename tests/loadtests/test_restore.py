"""What a load test changes for a while is put back however it ends: against an API server of one object."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from patchbay_loadtests.restore import Restore, Restoring

PATH = "/apis/apps/v1/namespaces/n/deployments/headroom"


class OneObject(ThreadingHTTPServer):
    """Keeps one Deployment and takes merge patches of it and of its scale; `away` answers are 503."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.away = 0
        self.replicas = 0
        self.managers = ["pulumi", "patchbay-loadtests"]


class Handler(BaseHTTPRequestHandler):
    server: OneObject

    def do_GET(self) -> None:
        entries = [{"manager": manager} for manager in self.server.managers]
        self._answer({"metadata": {"resourceVersion": "1", "managedFields": entries}})

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.away:
            self.server.away -= 1
            self._answer({"kind": "Status"}, 503)
            return
        if self.path.split("?")[0] == f"{PATH}/scale":
            self.server.replicas = body["spec"]["replicas"]
        else:
            self.server.managers = [entry["manager"] for entry in body["metadata"]["managedFields"]]
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
    threading.Thread(target=one.serve_forever, daemon=True).start()
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


async def test_what_was_changed_is_put_back_and_let_go_of(server: OneObject, kubeconfig: Path) -> None:
    async with Restoring(kubeconfig, None, RESTORE):
        assert server.replicas == 0
    assert server.replicas == 4
    assert server.managers == ["pulumi"]


async def test_it_is_put_back_when_the_load_test_fails_and_the_api_server_is_away_at_first(
    server: OneObject, kubeconfig: Path
) -> None:
    server.away = 2
    with pytest.raises(ZeroDivisionError):
        async with Restoring(kubeconfig, None, RESTORE):
            raise ZeroDivisionError
    assert server.replicas == 4


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from patchbay_loadtests.restore import Restore, Restoring

async def main() -> None:
    async with Restoring(Path(sys.argv[1]), None, Restore.model_validate_json(sys.argv[2])):
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < give_up, "the condition did not come about"
        time.sleep(0.05)


def test_it_is_put_back_when_the_load_test_is_killed(server: OneObject, kubeconfig: Path) -> None:
    line = [sys.executable, "-c", KILLED, str(kubeconfig), RESTORE.model_dump_json()]
    killed = subprocess.run(line, check=False, env=dict(os.environ))
    assert killed.returncode == -signal.SIGKILL
    until(lambda: server.replicas == 4)
