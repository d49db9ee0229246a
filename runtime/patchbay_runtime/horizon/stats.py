"""`/horizon/api/stats`: Horizon's figures for its dashboard."""

from collections.abc import Callable
from typing import Literal

from typing_extensions import TypedDict

from patchbay_runtime.horizon.workload import seconds_to_clear
from patchbay_runtime.queue import FAILED_MINUTES, RECENT_MINUTES, ShapeStatistics, Snapshot

CONNECTION = "redis"
"""Horizon names a queue `connection:queue`."""


class Periods(TypedDict):
    """Minutes that the figures of the same names cover."""

    failedJobs: int
    recentJobs: int


class Stats(TypedDict):
    """`wait`: the queue that takes longest to clear and its seconds; without any an empty list, as PHP has it."""

    failedJobs: int
    jobsPerMinute: int
    pausedMasters: int
    periods: Periods
    processes: int
    queueWithMaxRuntime: str | None
    queueWithMaxThroughput: str | None
    recentJobs: int
    status: Literal["inactive", "paused", "running"]
    wait: dict[str, int] | list[int]


def stats(snapshot: Snapshot) -> Stats:
    """The figures over all shapes."""
    figures = snapshot.statistics
    paused = sum(worker.status == "paused" for worker in snapshot.workers)
    waits = {f"{CONNECTION}:{shape}": seconds_to_clear(snapshot, shape) for shape in figures}
    slowest = max(waits, key=waits.__getitem__, default=None)
    return Stats(
        failedJobs=sum(figure.failed for figure in figures.values()),
        jobsPerMinute=round(sum(figure.per_minute for figure in figures.values())),
        pausedMasters=paused,
        periods=Periods(failedJobs=FAILED_MINUTES, recentJobs=RECENT_MINUTES),
        processes=sum(worker.slots for worker in snapshot.workers),
        queueWithMaxRuntime=_shape_with_most(snapshot, lambda figure: figure.mean_runtime_ms),
        queueWithMaxThroughput=_shape_with_most(snapshot, lambda figure: figure.per_minute),
        recentJobs=sum(figure.recent for figure in figures.values()),
        status=_status(len(snapshot.workers), paused),
        wait=[] if slowest is None else {slowest: waits[slowest]},
    )


def _shape_with_most(snapshot: Snapshot, figure: Callable[[ShapeStatistics], float]) -> str | None:
    measured = {
        shape: figure(statistics) for shape, statistics in snapshot.statistics.items() if figure(statistics) > 0
    }
    return max(measured, key=measured.__getitem__, default=None)


def _status(masters: int, paused: int) -> Literal["inactive", "paused", "running"]:
    if masters == 0:
        return "inactive"
    return "paused" if paused == masters else "running"
