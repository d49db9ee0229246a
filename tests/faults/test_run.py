"""A whole run, with a fault of an environment in this process."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from patchbay_faults.faults.fault import Fault
from patchbay_faults.judging.result import Result
from patchbay_faults.options import Options
from patchbay_faults.run import run
from patchbay_faults.stage import Stage
from patchbay_loadtests.errors import UnusableEnvironmentError
from rich.console import Console

from tests.faults.small_environment import ALERT, SmallEnvironment, environment, kubeconfig


class TriggersAway(Fault):
    """Triggers are refused for two seconds."""

    name = "triggers-away"
    question = "is all done in the end?"
    alert = ALERT
    recovery_limit_seconds = 20
    environment: ClassVar[SmallEnvironment]

    async def inject(self, stage: Stage) -> None:
        assert stage.prefix.startswith(self.name)
        self.environment.away = self.environment.fires = True
        await asyncio.sleep(2)

    async def heal(self, stage: Stage) -> None:
        await super().heal(stage)
        self.environment.away = self.environment.fires = False


class CannotBeInjected(TriggersAway):
    """What it needs is not there."""

    async def inject(self, stage: Stage) -> None:
        await super().inject(stage)
        raise UnusableEnvironmentError("no node runs workers")


@pytest.fixture
def small() -> Iterator[SmallEnvironment]:
    with environment() as server:
        TriggersAway.environment = server
        yield server


def options(small: SmallEnvironment, directory: Path) -> Options:
    return Options(
        host=small.url,
        kubeconfig=kubeconfig(small, directory),
        receiver_address="127.0.0.1",
        state=directory / "state",
        reports=directory / "reports",
        runs=60,
        orders_per_second=10,
        baseline_seconds=3,
        calm_seconds=11,
    )


async def run_one(small: SmallEnvironment, directory: Path, fault: type[Fault] = TriggersAway) -> Result:
    result, _ = await run(options(small, directory), [fault], Console(quiet=True))
    return result


async def test_a_fault_that_loses_nothing_is_told_so_and_reported(small: SmallEnvironment, tmp_path: Path) -> None:
    result = await run_one(small, tmp_path)
    # How quick this machine is today is another matter.
    assert not [reason for reason in result.reasons if "the service" not in reason]
    (fault,) = result.faults
    assert fault.runs.accepted == fault.runs.completed >= 60
    assert fault.errors["503"] > 0
    assert fault.alert_fired
    assert fault.longest_acceptance_seconds is not None
    assert fault.longest_acceptance_seconds > 1
    kept = json.loads((tmp_path / "reports" / "latest" / "result.json").read_text())
    assert kept == result.model_dump(mode="json")


async def test_a_platform_that_forgets_runs_and_does_others_twice_is_found_out(
    small: SmallEnvironment, tmp_path: Path
) -> None:
    small.is_careless = True
    result = await run_one(small, tmp_path)
    assert not result.passed
    assert result.runs.lost > 0
    assert result.runs.duplicated > 0
    assert result.runs.completed + result.runs.lost + result.runs.duplicated == result.runs.accepted


async def test_a_fault_that_could_not_be_brought_about_proves_nothing(small: SmallEnvironment, tmp_path: Path) -> None:
    result = await run_one(small, tmp_path, CannotBeInjected)
    assert not result.passed
    assert result.runs.lost == 0
    assert any("no node runs workers" in reason for reason in result.reasons)


async def test_two_runs_at_once_are_refused(small: SmallEnvironment, tmp_path: Path) -> None:
    first = asyncio.create_task(run_one(small, tmp_path))
    while not (tmp_path / "state" / "lock").exists():  # noqa: ASYNC110 - a file has no event
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    with pytest.raises(UnusableEnvironmentError, match="another process"):
        await run_one(small, tmp_path)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert not small.away
