"""What the benchmark measured."""

from collections.abc import Sequence

from patchbay_loadtests.core.percentiles import percentile
from patchbay_loadtests.core.traffic.protocol import Answered
from patchbay_loadtests.proof.timeline import Record

MILLISECONDS = 1000


class Latencies(Record):
    """Percentiles of `n` latencies in milliseconds."""

    n: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


class Level(Record):
    """One level of concurrency: `clients` run the flow synchronously, each one run after the other.

    `processes_per_worker_core` divides by the CPU seconds that the workers used, `processes_per_core` by those of the
    workers and the API together.
    """

    clients: int
    seconds: float
    runs: int
    failed: int
    rate_limited: int
    runs_per_second: float
    processes_per_second: float
    worker_cores: float
    api_cores: float
    processes_per_worker_core: float | None
    processes_per_core: float | None
    latency: Latencies | None


class Bench(Record):
    """The benchmark's result: `floor` is a request that the API answers without any flow, through the same gateway.

    A level in which no run completed is a failure of the product.
    """

    steps: int
    floor: Latencies
    levels: tuple[Level, ...]
    versions: dict[str, str]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the benchmark fails, if it does."""
        return tuple(
            f"no run completed in {measured.seconds:.0f} s with {measured.clients} clients"
            for measured in self.levels
            if not measured.runs
        )


def latencies(seconds: Sequence[float]) -> Latencies:
    """The percentiles of durations in seconds."""
    values = {f"p{percent}_ms": round(percentile(seconds, percent) * MILLISECONDS, 1) for percent in (50, 95, 99)}
    return Latencies(n=len(seconds), **values)


def level(
    answers: Sequence[Answered], *, clients: int, seconds: float, steps: int, worker_cpu: float, api_cpu: float
) -> Level:
    """One level's figures from its answers and the CPU seconds that were used meanwhile."""
    completed = [answer for answer in answers if answer.run_status == "completed"]
    rate_limited = sum(answer.status == 429 for answer in answers)
    processes = len(completed) * steps
    return Level(
        clients=clients,
        seconds=round(seconds, 2),
        runs=len(completed),
        failed=len(answers) - len(completed) - rate_limited,
        rate_limited=rate_limited,
        runs_per_second=round(len(completed) / seconds, 1),
        processes_per_second=round(processes / seconds, 1),
        worker_cores=round(worker_cpu / seconds, 2),
        api_cores=round(api_cpu / seconds, 2),
        processes_per_worker_core=round(processes / worker_cpu, 1) if worker_cpu > 0 else None,
        processes_per_core=round(processes / (worker_cpu + api_cpu), 1) if worker_cpu + api_cpu > 0 else None,
        latency=latencies([answer.seconds for answer in completed]) if completed else None,
    )
