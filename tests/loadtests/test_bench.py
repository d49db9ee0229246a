"""The benchmark's figures from what was measured."""

from typing import Any

import pytest
from patchbay_loadtests.bench import cpu
from patchbay_loadtests.bench.cpu import cpu_seconds, used
from patchbay_loadtests.bench.result import Bench, latencies, level
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.traffic.protocol import Answered


class SmallPrometheus:
    """Two workers that it scrapes in turn: with each look the one whose scrape is older gets a new one."""

    def __init__(self) -> None:
        self.now = 100.0
        self.scraped = {"10.0.0.1:9100": 95.0, "10.0.0.2:9100": 98.0}

    async def ask(self, query: str) -> list[dict[str, Any]]:
        metric = 'process_cpu_seconds_total{job="workers"}'
        if query == "vector(time())":
            return [{"metric": {}, "value": [self.now, str(self.now)]}]
        if query == f"timestamp({metric})":
            self.now += 1
            self.scraped[min(self.scraped, key=lambda each: self.scraped[each])] = self.now
            return self._answer(self.scraped)
        assert query == metric
        return self._answer({instance: at / 10 for instance, at in self.scraped.items()})

    @staticmethod
    def _answer(values: dict[str, float]) -> list[dict[str, Any]]:
        return [{"metric": {"instance": name}, "value": [0, str(value)]} for name, value in values.items()]


async def test_cpu_seconds_are_of_a_scrape_after_they_were_asked_for() -> None:
    found = await cpu_seconds(SmallPrometheus().ask, "worker", pause_seconds=0)
    assert found == {"10.0.0.1:9100": 10.1, "10.0.0.2:9100": 10.2}


async def test_pods_that_prometheus_does_not_reach_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "PATIENCE_SECONDS", 0.1)

    async def nothing(query: str) -> list[dict[str, Any]]:
        return [{"metric": {}, "value": [0, "100"]}] if query == "vector(time())" else []

    with pytest.raises(UnusableEnvironmentError, match="does it reach these pods"):
        await cpu_seconds(nothing, "api", pause_seconds=0.01)


def test_a_pod_that_came_meanwhile_counts_from_zero_and_one_that_left_not_at_all() -> None:
    assert used({"a": 10.0, "gone": 5.0}, {"a": 12.0, "new": 0.5}) == 2.5


def test_only_completed_runs_count_as_throughput_and_latency() -> None:
    completed = [Answered(status=200, run_status="completed", seconds=0.1 * number) for number in range(1, 11)]
    others = [
        Answered(status=429, run_status=None, seconds=9),
        Answered(status=202, run_status=None, seconds=9),
        Answered(status=200, run_status="failed", seconds=9),
    ]
    measured = level([*completed, *others], clients=2, seconds=5, steps=5, worker_cpu=2, api_cpu=0.5)
    assert (measured.runs, measured.failed, measured.rate_limited) == (10, 2, 1)
    assert (measured.runs_per_second, measured.processes_per_second) == (2.0, 10.0)
    assert (measured.processes_per_worker_core, measured.processes_per_core) == (25.0, 20.0)
    assert measured.latency == latencies([0.1 * number for number in range(1, 11)])


def test_a_level_in_which_nothing_completed_fails_the_benchmark() -> None:
    refused = [Answered(status=503, run_status=None, seconds=0.1)]
    levels = [level(refused, clients=4, seconds=5, steps=5, worker_cpu=0, api_cpu=0)]
    result = Bench(steps=5, floor=latencies([0.1]), levels=tuple(levels), versions={})
    assert result.reasons == ("no run completed in 5 s with 4 clients",)


def test_percentiles_say_of_how_many_they_are() -> None:
    assert latencies([0.1, 0.2]).n == 2


def test_a_level_without_a_completed_run_has_no_latency() -> None:
    measured = level([], clients=1, seconds=5, steps=5, worker_cpu=0, api_cpu=0)
    assert (measured.latency, measured.processes_per_core) == (None, None)
