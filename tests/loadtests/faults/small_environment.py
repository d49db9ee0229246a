"""An environment in one process: the paths of gateway, API server and Prometheus that a drill uses.

It has no pods: a run is a thread that delivers to the receiver. The rest are its troubles, which a test turns on.
"""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import yaml

from tests.loadtests.small_access import SmallAccess

RUNTIME_IMAGE = "registry.example.com/runtime@sha256:0"
ALERT = "RedisDown"


class SmallEnvironment(ThreadingHTTPServer):
    """`away`: triggers are refused. `is_careless`: orders that end with 7 are never delivered, those that end with 3
    are delivered twice, with different keys. `behind_until`: processes wait until then, in Unix seconds, and
    `slow_until`: triggers are not answered before. Counts: `refused` triggers, `shown_alerts` (answers that say that it
    fires) and `listings` of runs.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.away = False
        self.is_careless = False
        self.fires = False
        self.refused = self.shown_alerts = self.listings = 0
        self.image = RUNTIME_IMAGE
        self.behind_until = self.slow_until = 0.0
        self.access = SmallAccess()
        self.flows: dict[str, str] = {}  # flow -> the receiver's URL
        self.runs: dict[str, dict[str, Any]] = {}
        self.run_of: dict[str, str] = {}  # idempotency key -> run
        self.lock = threading.Lock()
        self._workers = ThreadPoolExecutor(16)
        self._client = httpx.Client(timeout=20, trust_env=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self, flow: str, order: str) -> str:
        with self.lock:
            if order in self.run_of:
                return self.run_of[order]
            run = self.run_of[order] = f"{len(self.runs) + 1:032x}"
            self.runs[run] = {"run": run, "status": "running", "created_at": now(), "finished_at": None, "error": None}
        self._workers.submit(self._execute, flow, order, run)
        return run

    def _execute(self, flow: str, order: str, run: str) -> None:
        deliveries = {"7": 0, "3": 2}.get(order[-1], 1) if self.is_careless else 1
        for number in range(deliveries):
            self._client.post(self.flows[flow], json={"key": order}, headers={"Idempotency-Key": f"{order}-{number}"})
        self.runs[run].update(status="completed", finished_at=now())


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def workload(name: str, image: str) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": name, "image": image}]}}
    status = {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1}
    return {
        "metadata": {"name": name, "generation": 1},
        "spec": {"replicas": 1, "template": template},
        "status": status,
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: SmallEnvironment

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if refusal := self.server.access.refusal("GET", path, self.headers):
            self._answer(refusal, {"error": "refused"})
        elif path.endswith("/runs"):
            query = parse_qs(urlsplit(self.path).query)
            (after,), (limit,) = query["after"], query["limit"]
            runs = list(self.server.runs.values())
            # In the order in which they came, as `patchbay_runtime.storage.run_order` has it.
            places = [place for place, run in enumerate(runs) if run["run"] == after]
            above = [place for place, run in enumerate(runs) if run["run"] > after]
            start = places[0] + 1 if places else min(above, default=len(runs))
            self._answer(200, {"runs": runs[start : start + int(limit)]})
            with self.server.lock:
                self.server.listings += 1
        elif path.startswith("/api/tenants/"):
            run = self.server.runs.get(path.rpartition("/")[2])
            self._answer(200 if run else 404, run)
        elif path == "/version":
            self._answer(200, {"gitVersion": "v1"})
        elif path == "/horizon/api/workload":
            behind = time.time() < self.server.behind_until
            shape = {"name": "http-connector", "length": 500 if behind else 0, "reserved": 0}
            self._answer(200, [shape])
        elif path.endswith("/buildinfo"):
            self._answer(200, {"data": {"version": "2"}})
        elif path.endswith("/alerts"):
            fires = self.server.fires
            alerts = [{"labels": {"alertname": ALERT}, "state": "firing"}] if fires else []
            self._answer(200, {"data": {"alerts": alerts}})
            with self.server.lock:
                self.server.shown_alerts += fires
        elif path.endswith(("/query_range", "/query")):
            self._answer(200, {"data": {"result": []}})
        elif path.endswith("/deployments"):
            self._answer(200, {"items": [workload("api", self.server.image)]})
        elif "/deployments/" in path:
            self._answer(200, workload(path.rpartition("/")[2], self.server.image))
        else:
            self._answer(200, {"items": []})

    def do_PUT(self) -> None:
        self._body()
        refusal = self.server.access.refusal("PUT", self.path, self.headers)
        self._answer(refusal or 200, {})

    def do_DELETE(self) -> None:
        self._answer(*(self.server.access.answer("DELETE", self.path, None) or (404, {})))

    def do_POST(self) -> None:
        body = self._body()
        if self.path.endswith("/flows"):
            self.server.flows[body["name"]] = body["steps"]["send"]["config"]["url"]
        if refusal := self.server.access.refusal("POST", self.path, self.headers):
            self._answer(refusal, {"error": "refused"})
        elif (answer := self.server.access.answer("POST", self.path, body)) is not None:
            self._answer(*answer)
        elif self.server.away:
            self._answer(503, {"error": "away"})
            with self.server.lock:
                self.server.refused += 1
        else:
            time.sleep(max(0.0, self.server.slow_until - time.time()))
            run = self.server.start(self.path.rpartition("/")[2], str(self.headers["Idempotency-Key"]))
            self._answer(202, {"run": run, "status": "accepted"})

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")

    def _answer(self, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Retry-After", "0.2")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's naming
        pass


@contextmanager
def environment() -> Iterator[SmallEnvironment]:
    server = SmallEnvironment()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def kubeconfig(environment: SmallEnvironment, directory: Path) -> Path:
    file = directory / "kubeconfig"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "small",
        "contexts": [{"name": "small", "context": {"cluster": "small", "user": "small"}}],
        "clusters": [{"name": "small", "cluster": {"server": environment.url}}],
        "users": [{"name": "small", "user": {}}],
    }
    file.write_text(yaml.safe_dump(document))
    return file
