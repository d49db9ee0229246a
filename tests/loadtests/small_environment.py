"""An environment in one process: the paths of gateway and API server that a proof uses, and a platform that scales.

It has no pods and no queue: processes are threads that call a real sink, and `rule` says how many pods they bring.
"""

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import yaml
from patchbay_loadtests.core.sink.deployment import SERVICE
from patchbay_loadtests.core.sink.server import Ledger, SinkServer

from tests.loadtests.small_access import SmallAccess

READY = {
    "conditions": [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Ready")],
    "containerStatuses": [{"state": {"running": {}}}],
}
OPENINGS = "/api/platform/openings/"
Rule = Callable[[int], int]
PROMETHEUS_CONFIG = {
    "global": {"scrape_interval": "100ms", "evaluation_interval": "100ms"},
    "scrape_configs": [{"job_name": "horizon", "scrape_interval": "100ms"}],
}
POLICIES = [{"type": "Percent", "value": 100, "periodSeconds": 1}]
METRIC = {"name": "s0-prometheus", "selector": {"matchLabels": {"a": "b"}}}
AUTOSCALER = {
    "minReplicas": 1,
    "maxReplicas": 10,
    "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0, "policies": POLICIES}},
    "metrics": [{"type": "External", "external": {"metric": METRIC}}],
}


class SmallEnvironment(ThreadingHTTPServer):
    """Gateway and API server on one port.

    `deliver_twice`, `away`, `refuses` (a status that orders get from the given number of orders on) and `stuck`
    (processes whose calls were answered and that do not end) are faults of the platform. `access`: what the API asks
    for.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, rule: Rule) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.rule = rule
        self.deliver_twice = False
        self.refuses: tuple[int, int] | None = None
        self.stuck = False
        self.access = SmallAccess()
        self.max_pods = 10
        self.away = False
        self.sink = SinkServer(("127.0.0.1", 0))
        self.lock = threading.Lock()
        self.processes = 0
        self.runs: dict[str, int] = {}  # run -> open processes
        self.sink_is_there = False
        self.openings: dict[str, int] = {}  # address and port -> seconds, as they were told last
        self.looks_at_sink = 0
        self._workers = ThreadPoolExecutor(128)
        self._client = httpx2.Client(timeout=60, trust_env=False)
        # A client of its own: what the sink holds must not keep its controls waiting for a connection.
        self.control = httpx2.Client(timeout=60, trust_env=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def sink_url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.sink.server_address[1]}{path}"

    def accept(self, order: dict[str, Any]) -> str:
        """Run the order flow: a process for each parcel line."""
        run = uuid.uuid5(uuid.NAMESPACE_OID, order["id"]).hex
        keys = [f"{order['id']}/{line['number']}" for line in order["lines"] if line["kind"] == "parcel"]
        with self.lock:
            if run in self.runs:
                return run
            self.runs[run] = len(keys)
            self.processes += len(keys)
        for key in keys:
            self._workers.submit(self._process, run, key)
        return run

    def _process(self, run: str, key: str) -> None:
        for _ in range(2 if self.deliver_twice else 1):
            self._client.post(self.sink_url("/deliveries"), json={"key": key}, headers={"Idempotency-Key": key})
        if self.stuck:
            return
        with self.lock:
            self.processes -= 1
            self.runs[run] -= 1

    def pods(self, shape: str) -> int:
        return self.rule(self.processes) if shape == "http-connector" else 1

    def document(self, path: str) -> Any:
        """What a GET answers; None: 404."""
        name = path.rsplit("/", 1)[-1]
        shape = name.removeprefix("keda-hpa-").removeprefix("shape-")
        loads = {"http-connector": self.processes, "filter": 0}
        pods = self.pods("http-connector")
        token = (self.access.token or "").encode()
        answers: dict[str, Callable[[], Any]] = {
            "/secrets/administrator": lambda: {"data": {"key": base64.b64encode(token).decode()}},
            "/horizon/": lambda: [{"name": each, "length": 0, "reserved": load} for each, load in loads.items()],
            "/services/sink": lambda: {"spec": {"clusterIP": "10.96.0.7"}},
            "/endpointslices": lambda: {"items": [{"endpoints": [{"addresses": ["127.0.0.1"]}]}]},
            "/runs": lambda: {"runs": self._runs()},
            "/status/config": lambda: {"data": {"yaml": yaml.safe_dump(PROMETHEUS_CONFIG)}},
            "/status/buildinfo": lambda: {"data": {"version": "2"}},
            "/api/v1/query": lambda: {"data": {"result": [{"metric": {"job": "horizon"}, "value": [0, "8"]}]}},
            "/scaledobjects/": lambda: {
                "spec": {"minReplicaCount": 1, "maxReplicaCount": self.max_pods, "triggers": [{"type": "prometheus"}]},
                "status": {"hpaName": f"keda-hpa-{name}"},
            },
            "/horizontalpodautoscalers/": lambda: {
                "metadata": {"name": name},
                "spec": AUTOSCALER,
                "status": {"desiredReplicas": self.pods(shape)},
            },
            "/deployments/": lambda: self._deployment(name, shape),
            "/external.metrics": lambda: {"items": [{"value": str(pods)}]},
            "/pods": lambda: {"items": [{"metadata": {"name": f"w-{n}"}, "status": READY} for n in range(pods)]},
            "/version": lambda: {"gitVersion": "v1"},
            "/deployments": lambda: {"items": [self._deployment(f"shape-{each}", each) for each in loads]},
            "/horizontalpodautoscalers": lambda: {
                "items": [{"status": {"desiredReplicas": self.pods(each)}} for each in loads]
            },
        }
        return next((answer() for part, answer in answers.items() if part in path), None)

    def _runs(self) -> list[dict[str, Any]]:
        """Of every run, on one page."""
        return [
            {
                "run": run,
                "status": "running" if left else "completed",
                "created_at": "2026-01-02T03:04:05Z",
                "finished_at": None if left else "2026-01-02T03:04:06Z",
            }
            for run, left in self.runs.items()
        ]

    def opened(self, command: str, place: str, query: dict[str, list[str]]) -> Any:
        """Keep what connectors may call."""
        if command == "PUT":
            self.openings[place] = int(query["seconds"][0])
        else:
            del self.openings[place]
        return {}

    def handle(self, _command: str, _path: str, _document: Any) -> tuple[int, Any] | None:
        """What a further kind of environment answers itself; None: nothing."""
        return None

    def _deployment(self, name: str, shape: str) -> Any:
        if name == "sink" and not self.sink_is_there:
            return None
        pods = self.pods(shape) if name.startswith("shape-") else 1
        status = {"observedGeneration": 1, "replicas": pods, "readyReplicas": pods, "updatedReplicas": pods}
        containers = [{"name": name, "image": "example/runtime"}]
        metadata = {"name": name, "generation": 1}
        spec = {"selector": {}, "template": {"spec": {"containers": containers, "priorityClassName": "high"}}}
        return {"metadata": metadata, "spec": spec, "status": status}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: SmallEnvironment

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._handle
        raise AttributeError(name)

    def _handle(self) -> None:
        if self.server.away:
            self.close_connection = True
            return
        path, query = urlsplit(self.path).path, urlsplit(self.path).query
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        document = yaml.safe_load(body) if body else None
        if "loadtest-restore" in query:
            # Nothing is left of a load test that was killed, but for its sink.
            self._answer(200, {"items": []})
        elif (answer := self.server.handle(self.command, path, document)) is not None:
            self._answer(*answer)
        elif f"/services/{SERVICE}/proxy" in path:
            url = self.server.sink_url(path.split("/proxy", 1)[1])
            self.server.looks_at_sink += path.endswith("/control/state")
            self._answer(200, self.server.control.request(self.command, url, content=body).json())
        elif (answer := self._of_gateway(path, query, document)) is not None:
            self._answer(*answer)
        elif self.command == "PATCH":
            if path.endswith("/deployments/sink"):
                self.server.sink_is_there = True
                self.server.sink.ledger = Ledger()
            applied = yaml.safe_load(body)
            # As whatever is owned by an object names it.
            self._answer(200, {**applied, "metadata": {**applied.get("metadata", {}), "uid": path}})
        elif self.command == "DELETE" and path.endswith("/jobs/loadtest-sink"):
            self._answer(404, {"kind": "Status", "code": 404})
        elif self.command == "DELETE":
            self.server.sink_is_there = False
            self._answer(200, {"kind": "Status"})
        elif self.command in {"POST", "PUT"}:
            self._answer(201, {"tenant": "loadtest"})
        else:
            found = self.server.document(path)
            self._answer(404 if found is None else 200, {"kind": "Status", "code": 404} if found is None else found)

    def _of_gateway(self, path: str, query: str, document: Any) -> tuple[int, Any] | None:
        """What is refused, openings, orders, and what concerns keys; None: another request."""
        if refusal := self._refusal(path):
            return refusal, {"error": "refused"}
        if path.startswith(OPENINGS):
            return 200, self.server.opened(self.command, path.removeprefix(OPENINGS), parse_qs(query))
        if path.startswith("/hooks/"):
            return 202, {"run": self.server.accept(document), "status": "accepted"}
        return self.server.access.answer(self.command, path, document)

    def _refusal(self, path: str) -> int | None:
        """The status of a request that the gateway does not take."""
        server = self.server
        if unknown := server.access.refusal(self.command, path, self.headers):
            return unknown
        if path.startswith("/hooks/") and server.refuses and len(server.runs) >= server.refuses[1]:
            return server.refuses[0]
        return None

    def _answer(self, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's naming
        pass


@contextmanager
def small_environment(rule: Rule, directory: Path) -> Iterator[tuple[SmallEnvironment, Path]]:
    """The environment, running, and its kubeconfig."""
    environment = SmallEnvironment(rule)
    with serving(environment, directory) as kubeconfig:
        yield environment, kubeconfig


@contextmanager
def serving(environment: SmallEnvironment, directory: Path) -> Iterator[Path]:
    """Run the environment; its kubeconfig."""
    for server in (environment, environment.sink):
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    kubeconfig = directory / "kubeconfig"
    named = {"cluster": {"server": environment.url}, "user": {}, "context": {"cluster": "small", "user": "small"}}
    entries = {f"{kind}s": [{"name": "small", kind: value}] for kind, value in named.items()}
    kubeconfig.write_text(yaml.safe_dump({"current-context": "small", **entries}))
    try:
        yield kubeconfig
    finally:
        environment.sink.ledger.set_gate(is_open=True, lease_seconds=0)
        for server in (environment, environment.sink):
            server.shutdown()
            server.server_close()


def delayed(rule: Rule, seconds: float) -> Rule:
    """A rule that is followed only after a while, as pods take time to come up."""
    seen: list[tuple[float, int]] = []

    def pods(processes: int) -> int:
        now = time.monotonic()
        seen.append((now, processes))
        return rule(next((count for at, count in reversed(seen) if at <= now - seconds), 0))

    return pods
