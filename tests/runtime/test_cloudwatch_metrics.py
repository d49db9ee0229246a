"""What the alarms are told: the real program, the runtime's API, a real API server and an emulated CloudWatch."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import httpx
import pytest
from patchbay_infra import platform_metrics
from patchbay_operations.permissions.recorded import Recorded, read
from patchbay_runtime.cloudwatch import figures, metrics
from patchbay_runtime.queue import ProcessQueue
from patchbay_runtime.settings import Settings

from tests.called import METRICS, hold
from tests.http_requests import http
from tests.ports import free_port
from tests.runtime import quick_program
from tests.runtime.conftest import Program, answers, end_all, running_api, wait_until
from tests.runtime.identity_agent import ACCESS_KEY
from tests.runtime.servers import HOST, Server, own_redis
from tests.standins.aws.account import REGION, Account
from tests.standins.aws.launched import ACCOUNT, launched
from tests.standins.pulumi_plugins.control_plane import ControlPlane

NAME = "cloudwatch-metrics"
NAMESPACE = "patchbay-runtime"

pytestmark = pytest.mark.usefixtures("agent", "in_cluster")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An AWS account of this file's own. Fails at the end where the program called what its role may not."""
    directory = tmp_path_factory.mktemp("emulator")
    with launched(directory, record=directory / "calls.jsonl") as account:
        yield account
        if made := calls(account):
            hold(METRICS, ACCOUNT, made)


def calls(account: Account) -> list[Recorded]:
    """Of the program: with the credentials that the pod's agent gives."""
    assert account.record is not None
    return [call for call in read(account.record) if call.key.startswith(ACCESS_KEY)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Two nodes, and the program's service account with the rights of the platform's component."""
    named = {"metadata": {"name": NAME}}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAME}
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}
    rights = "/apis/rbac.authorization.k8s.io/v1"
    rules = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}]
    with ControlPlane(tmp_path_factory.mktemp("cluster")) as plane, plane.client() as client:
        for path, body in (
            ("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}}),
            (f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", named),
            (f"{rights}/clusterroles", {**named, "rules": rules}),
            (f"{rights}/clusterrolebindings", {**named, "roleRef": role, "subjects": [subject]}),
            ("/api/v1/nodes", {"metadata": {"name": "node-a"}}),
            ("/api/v1/nodes", {"metadata": {"name": "node-b"}}),
        ):
            client.post(path, json=body).raise_for_status()
        yield plane


@pytest.fixture
def service_account(cluster: ControlPlane, tmp_path: Path) -> Path:
    """What a pod of the account finds mounted."""
    mounted = tmp_path / "service-account"
    mounted.mkdir()
    cluster.mount_account(NAMESPACE, NAME, mounted)
    return mounted


@pytest.fixture(scope="module")
def idle_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that no worker takes from."""
    server = own_redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@contextmanager
def served(settings: Settings, redis: Server, port: int, log: Path) -> Iterator[str]:
    """The API on a queue of its own."""
    of_its_own = settings.model_copy(update={"redis_host": redis.host, "redis_port": redis.port})
    with running_api(of_its_own, log, port=port) as url:
        yield url


def let_wait(redis: Server, count: int) -> None:
    async def put() -> None:
        queue = ProcessQueue.connect(redis.host, redis.port, None, ["map", "filter"])
        await queue.redis.flushall()
        await queue.put("map", "example", [f"p-{number}" for number in range(count - 1)])
        await queue.put("filter", "example", ["q"])
        await queue.close()

    asyncio.run(put())


class Run(Protocol):
    def __call__(self, horizon: str, cluster: str, endpoint: str | None = None) -> str: ...


@pytest.fixture
def in_cluster(cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    """What every pod's environment has."""
    host, _, port = cluster.address.removeprefix("https://").partition(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)


@pytest.fixture
def run(account: Account, service_account: Path, tmp_path: Path) -> Iterator[Run]:
    """Starts the program as a pod with an AWS identity has it; the address of its probes."""
    programs = []

    def start(horizon: str, cluster: str, endpoint: str | None = None) -> str:
        port = free_port()
        where = ["--host", HOST, "--port", str(port), "--service-account", str(service_account)]
        told = ["--horizon", horizon, "--cluster", cluster, "--endpoint", endpoint or account.url]
        settings = Settings(aws_region=REGION)
        module = quick_program.__name__
        programs.append(Program(settings, NAME, *where, *told, log=tmp_path / "log", module=module))
        return f"http://{HOST}:{port}"

    yield start
    assert end_all(programs) == [0] * len(programs)


def reasons(probes: str) -> list[str]:
    """Why the program is not ready now; it tries again, and what is slow may be a further reason for a while."""
    try:
        found: list[str] = http.get(f"{probes}/readyz", timeout=5).json()["reasons"]
    except httpx.HTTPError:
        return []
    return found


def latest(account: Account, metric: str, cluster: str) -> float | None:
    """What an alarm on the cluster's metric sees."""
    now = datetime.now(UTC)
    points = account.client("cloudwatch").get_metric_statistics(
        Namespace=platform_metrics.NAMESPACE,
        MetricName=metric,
        Dimensions=[{"Name": "Cluster", "Value": cluster}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
        Unit="Count",
    )["Datapoints"]
    return max((float(point["Maximum"]) for point in points), default=None)


def test_the_program_puts_the_metrics_that_the_alarms_watch() -> None:
    assert metrics.NAMESPACE == platform_metrics.NAMESPACE
    assert (figures.WAITING, figures.NODES) == (platform_metrics.WAITING, platform_metrics.NODES)


def test_the_alarms_see_what_waits_and_how_many_nodes_there_are(
    run: Run, account: Account, settings: Settings, idle_redis: Server, tmp_path: Path
) -> None:
    let_wait(idle_redis, 7)
    with served(settings, idle_redis, free_port(), tmp_path / "api-log") as horizon:
        probes = run(horizon, "one")
        wait_until(lambda: answers(f"{probes}/readyz"))
    assert latest(account, platform_metrics.WAITING, "one") == 7
    assert latest(account, platform_metrics.NODES, "one") == 2
    assert latest(account, platform_metrics.WAITING, "another") is None
    assert calls(account)


def test_what_is_known_is_told_while_horizon_is_away_and_the_rest_once_it_is_back(
    run: Run, account: Account, settings: Settings, idle_redis: Server, tmp_path: Path
) -> None:
    let_wait(idle_redis, 3)
    port = free_port()
    probes = run(f"http://{HOST}:{port}", "late")
    wait_until(lambda: reasons(probes) == ["Horizon gives no workload (ConnectError)"])
    assert latest(account, platform_metrics.NODES, "late") == 2
    assert latest(account, platform_metrics.WAITING, "late") is None
    with served(settings, idle_redis, port, tmp_path / "api-log"):
        wait_until(lambda: answers(f"{probes}/readyz"))
    assert latest(account, platform_metrics.WAITING, "late") == 3


def test_a_cloudwatch_that_is_away_or_refuses_is_told(run: Run, api_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    away = run(api_url, "one", endpoint=f"http://{HOST}:{free_port()}")
    wait_until(lambda: reasons(away) == ["CloudWatch cannot be reached (ConnectError)"])
    refuses = run(api_url, "one", endpoint=f"{api_url}/not-cloudwatch")
    wait_until(lambda: reasons(refuses) == ["CloudWatch refuses the metrics with status 404"])
    monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    without = run(api_url, "one")
    wait_until(lambda: any("associate a role with its service account" in reason for reason in reasons(without)))


def test_without_a_region_the_program_ends_and_says_what_to_set(tmp_path: Path) -> None:
    told = ["--horizon", "http://api:8000", "--cluster", "one"]
    program = Program(Settings(), NAME, *told, log=tmp_path / "log")
    assert program.process.wait(60) == 2
    assert "PATCHBAY_AWS_REGION: missing; set the region" in program.log.read_text()
