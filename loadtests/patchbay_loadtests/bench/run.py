"""A whole benchmark."""

import uuid
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from pydantic import Field, field_validator
from rich.console import Console
from rich.table import Table

from patchbay_loadtests.bench.cpu import cpu_seconds, used
from patchbay_loadtests.bench.result import Bench, Latencies, Level, latencies, level
from patchbay_loadtests.core import flows, prometheus
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.messages import tell
from patchbay_loadtests.core.report.publish import new_directory, point_latest_to, write_json
from patchbay_loadtests.core.set_up import set_up
from patchbay_loadtests.core.target import Target
from patchbay_loadtests.core.traffic.locust_process import LocustProcess
from patchbay_loadtests.core.traffic.protocol import TrafficSettings
from patchbay_loadtests.proof import environment

FLOOR_REQUESTS = 200
# Locust's start and end, and the runs that are under way when the time is up.
END_SECONDS = 60.0
WARM_UP_SECONDS = 3.0


class BenchOptions(Target):
    """How one benchmark is run."""

    reports: Path
    levels: tuple[int, ...] = (1, 4, 16)
    seconds: float = Field(default=15, ge=1, le=120)
    sink_python: str = "python3"

    @field_validator("levels")
    @classmethod
    def _are_sensible(cls, levels: tuple[int, ...]) -> tuple[int, ...]:
        if not levels or not all(1 <= clients <= 128 for clients in levels):
            raise ValueError("levels must name at least one number of clients, each from 1 to 128")
        return levels


async def bench(options: BenchOptions, console: Console) -> tuple[Bench, Path]:
    """Run the benchmark; returns its result and the report's directory."""
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(Cluster(options.kubeconfig, options.context))
        gateway = await stack.enter_async_context(Gateway(options.host, options.tenant, options.access))
        await set_up(options, console, cluster, gateway, stack, flow=flows.bench_flow, sink_python=options.sink_python)
        directory = new_directory(options.reports)
        console.print(f"measuring the floor with {FLOOR_REQUESTS} requests", highlight=False)
        floor = await _floor(gateway)
        await _closed_loop(options, gateway, directory, clients=1, seconds=WARM_UP_SECONDS)
        levels = []
        for clients in options.levels:
            console.print(f"{clients} clients for {options.seconds:.0f} s", highlight=False)
            levels.append(await _level(options, cluster, gateway, directory, clients))
        result = Bench(
            steps=flows.BENCH_STEPS,
            floor=floor,
            levels=tuple(levels),
            versions=await environment.versions(cluster, options),
        )
        write_json(directory / "result.json", result.model_dump(mode="json"))
        point_latest_to(directory)
        return result, directory


async def _floor(gateway: Gateway) -> Latencies:
    return latencies([await gateway.round_trip() for _ in range(FLOOR_REQUESTS)])


async def _level(options: BenchOptions, cluster: Cluster, gateway: Gateway, directory: Path, clients: int) -> Level:
    workers_before, api_before = await _cpu(options, cluster)
    traffic = await _closed_loop(options, gateway, directory, clients=clients, seconds=options.seconds)
    workers_after, api_after = await _cpu(options, cluster)
    return level(
        traffic.answers,
        clients=clients,
        seconds=options.seconds,
        steps=flows.BENCH_STEPS,
        worker_cpu=used(workers_before, workers_after),
        api_cpu=used(api_before, api_after),
    )


async def _closed_loop(
    options: BenchOptions, gateway: Gateway, directory: Path, *, clients: int, seconds: float
) -> LocustProcess:
    settings = TrafficSettings(
        host=options.host,
        tenant=options.tenant,
        flow=flows.BENCH_FLOW,
        users=clients,
        closed_loop_seconds=seconds,
        prefix=f"bench-{uuid.uuid4().hex[:8]}",
    )
    log = directory / f"locust-{clients}.log"
    async with LocustProcess(settings, log, gateway.sender(flows.BENCH_FLOW)) as traffic:
        await traffic.until_finished(seconds + END_SECONDS)
    return traffic


async def _cpu(options: BenchOptions, cluster: Cluster) -> tuple[dict[str, float], dict[str, float]]:
    ask = partial(prometheus.query, cluster, options.metrics_namespace)
    return await cpu_seconds(ask, "worker"), await cpu_seconds(ask, "api")


def print_bench(console: Console, result: Bench) -> None:
    """The table of levels, with the floor as its first row."""
    table = Table(title=f"A synchronous flow of {result.steps} steps through the whole path")
    for heading in ("clients", "n", "p50", "p95", "p99", "runs/s", "proc/s", "per core", "failed"):
        table.add_column(heading, justify="right")
    table.add_row("floor", *_milliseconds(result.floor))
    for measured in result.levels:
        table.add_row(
            str(measured.clients),
            *_milliseconds(measured.latency),
            str(measured.runs_per_second),
            str(measured.processes_per_second),
            str(measured.processes_per_core or "-"),
            str(measured.failed + measured.rate_limited),
        )
    console.print(table)
    console.print(
        "proc/s: processes per second; per core: processes per CPU second of the workers and the API together"
    )
    console.print("floor: a request that the API answers without any flow, through the same gateway, by one client")
    for reason in result.reasons:
        tell(console, "x", reason)
    if any(measured.rate_limited for measured in result.levels):
        console.print("[yellow]the gateway's rate limit bounded a level: its throughput is that limit's[/]")


def _milliseconds(latency: Latencies | None) -> tuple[str, ...]:
    if latency is None:
        return ("0", "-", "-", "-")
    return (str(latency.n), f"{latency.p50_ms:.0f} ms", f"{latency.p95_ms:.0f} ms", f"{latency.p99_ms:.0f} ms")
