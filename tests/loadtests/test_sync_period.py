"""The HPAs' sync period, which is measured by KEDA's own count of what it is asked."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from patchbay_loadtests.proof import sync_period

from tests.loadtests.sampling import sampling
from tests.loadtests.small_environment import SmallEnvironment, serving
from tests.loadtests.small_keda import EXTERNAL, CountingKeda

Counts = list[tuple[float, float]]
AUTOSCALERS = 8


def scraped(every: float, *, seconds: float, own: list[float], scrape: float = 5, begin: float = 1000) -> Counts:
    """KEDA's count at each scrape: eight HPAs that ask in turn, one after another, and the load test's own queries."""
    asked = [begin + number * every / AUTOSCALERS for number in range(round(AUTOSCALERS * (seconds + 60) / every))]
    times = [begin + scrape * number for number in range(int(seconds / scrape) + 1)]
    return [(at, 5000 + sum(call <= at for call in (*asked, *own))) for at in times]


def often(begin: float, seconds: float, every: float = 0.3) -> list[float]:
    return [begin + number * every for number in range(int(seconds / every))]


@pytest.mark.parametrize("every", [5, 10, 15])
@pytest.mark.parametrize("scrape", [5, 30])
def test_the_period_is_right_within_a_fifth_however_often_the_load_test_asked_itself(every: int, scrape: int) -> None:
    own = often(1000, 300)
    counts = scraped(every, seconds=300, own=own, scrape=scrape)
    assert sync_period.period([counts], AUTOSCALERS, own) == pytest.approx(every, rel=0.2)


def test_queries_from_before_the_first_and_after_the_last_scrape_are_not_taken_off() -> None:
    own = often(900, 600)
    counts = scraped(15, seconds=290, own=own, scrape=30)
    assert sync_period.period([counts], AUTOSCALERS, own) == pytest.approx(15, rel=0.1)


def test_a_keda_that_restarts_meanwhile_counts_on_from_0() -> None:
    counts = scraped(5, seconds=300, own=[])
    at_restart = counts[30][1]
    restarted = [(at, count if number <= 30 else count - at_restart) for number, (at, count) in enumerate(counts)]
    assert sync_period.period([restarted], AUTOSCALERS, []) == pytest.approx(5, rel=0.1)
    moved = [counts[:31], [(at, count - at_restart) for at, count in counts[31:]]]
    assert sync_period.period(moved, AUTOSCALERS, []) == pytest.approx(5, rel=0.1)


def test_what_cannot_be_told_within_a_fifth_is_not_measured() -> None:
    own = often(1000, 300)
    assert sync_period.period([], AUTOSCALERS, []) is None
    assert sync_period.period([scraped(5, seconds=300, own=[])], 0, []) is None
    assert sync_period.period([scraped(15, seconds=60, own=[])], AUTOSCALERS, []) is None
    assert sync_period.period([scraped(120, seconds=300, own=own)], AUTOSCALERS, own) is None
    assert sync_period.period([[(1000.0, 1.0)]], AUTOSCALERS, []) is None


def test_each_external_metric_of_an_hpa_that_scales_is_asked_for() -> None:
    cpu = {"type": "Resource", "resource": {"name": "cpu"}}
    assert sync_period.asked_metrics({"spec": {"metrics": [EXTERNAL, cpu, EXTERNAL]}}) == 2
    asleep = {"conditions": [{"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled"}]}
    assert sync_period.asked_metrics({"spec": {"metrics": [EXTERNAL]}, "status": asleep}) == 0
    assert sync_period.asked_metrics({"spec": {}}) == 0


def test_a_period_that_is_a_third_off_is_told_and_one_that_was_not_measured_is_no_failure() -> None:
    assert sync_period.differences(15, 5) == ["the HPAs look every 5.0 s, not every 15 s (--hpa-sync-seconds)"]
    assert sync_period.differences(5, 6.8) != []
    assert sync_period.differences(5, 6.4) == sync_period.differences(5, 3.6) == sync_period.differences(5, None) == []
    assert (sync_period.told(None), sync_period.told(5.02)) == ("not measured", "5.0")


class FailingMetric(CountingKeda, SmallEnvironment):
    """KEDA counts every query; the API server gives every other one of the load test's own up."""

    def handle(self, command: str, path: str, document: Any) -> tuple[int, Any] | None:
        answer = super().handle(command, path, document)
        if "/external.metrics" in path and len(self.asked) % 2:
            return 504, {"error": "timed out"}
        return answer


async def measured(environment: SmallEnvironment, kubeconfig: Path) -> float | None:
    async with sampling(environment, kubeconfig) as (cluster, sampler):
        await asyncio.sleep(6)
        return await sync_period.measure(cluster, "metrics", seconds=sampler.now(), own=sampler.metric_queries)


def test_the_samplers_own_queries_are_taken_off_also_those_that_failed(tmp_path: Path) -> None:
    environment = FailingMetric(lambda _: 1)
    with serving(environment, tmp_path) as kubeconfig:
        found = asyncio.run(asyncio.wait_for(measured(environment, kubeconfig), 30))
    assert len(environment.asked) >= 10
    assert found == pytest.approx(environment.hpa_seconds, rel=0.15)


def test_a_prometheus_that_does_not_know_the_count_measures_nothing(tmp_path: Path) -> None:
    environment = SmallEnvironment(lambda _: 1)
    with serving(environment, tmp_path) as kubeconfig:
        assert asyncio.run(asyncio.wait_for(measured(environment, kubeconfig), 30)) is None
