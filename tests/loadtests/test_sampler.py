"""What the proof's record shows of an environment that answers in parts."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from patchbay_loadtests.core.errors import ProductFailureError
from patchbay_loadtests.proof.timeline import Sample

from tests.loadtests.sampling import sampling
from tests.loadtests.small_environment import SmallEnvironment, serving


class HangingMetric(SmallEnvironment):
    """Its external metric is not answered before the end."""

    def __init__(self) -> None:
        super().__init__(lambda _: 1)
        self.ended = threading.Event()

    def handle(self, _command: str, path: str, _document: Any) -> tuple[int, Any] | None:
        if "/external.metrics" in path:
            self.ended.wait()
        return None


class FailingHorizon(SmallEnvironment):
    """Once it has `failed` it answers nobody who asks for the processes."""

    failed = False

    def handle(self, _command: str, path: str, _document: Any) -> tuple[int, Any] | None:
        return (500, {"error": "out of memory"}) if self.failed and path.startswith("/horizon/") else None


async def first_sample(environment: SmallEnvironment, kubeconfig: Path) -> Sample:
    async with sampling(environment, kubeconfig, optional_seconds=0.2, blind_seconds=0.2) as (_, sampler):
        return await sampler.next_sample()


async def samples_until_it_fails(environment: FailingHorizon, kubeconfig: Path) -> None:
    async with sampling(environment, kubeconfig, optional_seconds=0.2, blind_seconds=0.2) as (_, sampler):
        await sampler.next_sample()
        environment.failed = True
        while True:
            await sampler.next_sample()


def test_pods_are_seen_while_the_metric_hangs(tmp_path: Path) -> None:
    environment = HangingMetric()
    with serving(environment, tmp_path) as kubeconfig:
        try:
            sample = asyncio.run(asyncio.wait_for(first_sample(environment, kubeconfig), 9))
        finally:
            environment.ended.set()
    assert sample.metric_pods is None
    assert (sample.steered.desired, sample.steered.ready) == (1, 1)


def test_a_platform_that_answers_500_under_load_has_failed_and_is_not_called_untestable(tmp_path: Path) -> None:
    environment = FailingHorizon(lambda _: 1)
    with serving(environment, tmp_path) as kubeconfig, pytest.raises(ProductFailureError, match=r"500.*out of memory"):
        asyncio.run(asyncio.wait_for(samples_until_it_fails(environment, kubeconfig), 30))
