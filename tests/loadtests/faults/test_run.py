"""A whole run, with a fault of an environment in this process."""

import asyncio
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from patchbay_loadtests.core.access import TOKEN, Access
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.settlement import Patience
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.flows import STEADY_FLOW
from patchbay_loadtests.faults.judging.result import FaultResult, Result
from patchbay_loadtests.faults.machine import place
from patchbay_loadtests.faults.options import Options
from patchbay_loadtests.faults.pace import Pace
from patchbay_loadtests.faults.resumption import CALM, Earlier
from patchbay_loadtests.faults.run import run_faults, share
from patchbay_loadtests.faults.stage import Stage
from rich.console import Console

from tests.loadtests.faults.small_environment import ALERT, SmallEnvironment, environment, kubeconfig

AWAY_SECONDS = 0.6
FELT_SECONDS = 30.0
PACE = Pace(
    calm=1,
    warm_up=0,
    rest_before=5,
    whole_before=5,
    silent_before=10,
    baseline=0.5,
    calm_after=1.2,
    window=1,
    alert=5,
    silence=10,
    look=0.1,
    alert_look=0.1,
    finish=20,
    settling=Patience(stall=30, longest=60, poll=0.1),
)


class TriggersAway(Fault):
    """Triggers are refused for a moment."""

    name = "triggers-away"
    question = "is all done in the end?"
    alert = ALERT
    recovery_limit_seconds = 20
    environment: ClassVar[SmallEnvironment]

    async def inject(self, stage: Stage) -> None:
        assert stage.prefix.startswith(self.name)
        small = self.environment
        refused, shown = small.refused, small.shown_alerts
        small.away = small.fires = True
        give_up = time.monotonic() + FELT_SECONDS
        while small.refused == refused or small.shown_alerts == shown:
            assert time.monotonic() < give_up, "nobody has felt it"
            await asyncio.sleep(0.02)
        # The order that was refused waits at least so long.
        await asyncio.sleep(AWAY_SECONDS)

    async def heal(self, stage: Stage) -> None:
        await super().heal(stage)
        self.environment.away = self.environment.fires = False
        # As a fault places its own orders beside the steady ones.
        await stage.place(STEADY_FLOW, "beside-1")


class CannotBeInjected(TriggersAway):
    """What it needs is not there."""

    name = "cannot-be-injected"

    async def inject(self, stage: Stage) -> None:
        await super().inject(stage)
        raise UnusableEnvironmentError("no node runs workers")


class LeavesABacklog(TriggersAway):
    """What waited meanwhile takes a while."""

    name = "leaves-a-backlog"
    BEHIND_SECONDS: ClassVar[float] = 2

    async def heal(self, stage: Stage) -> None:
        await super().heal(stage)
        self.environment.behind_until = time.time() + self.BEHIND_SECONDS


class FailsAgain(TriggersAway):
    """Single requests fail after its end, each before it has been calm for long."""

    name = "fails-again"
    PAUSE_SECONDS: ClassVar[float] = 0.8
    TIMES: ClassVar[int] = 3
    failed: ClassVar[int] = 0

    async def heal(self, stage: Stage) -> None:
        await super().heal(stage)
        self._failing = asyncio.create_task(self._fail_again())

    async def _fail_again(self) -> None:
        small = self.environment
        for _ in range(self.TIMES):
            await asyncio.sleep(self.PAUSE_SECONDS)
            refused, small.away = small.refused, True
            give_up = time.monotonic() + FELT_SECONDS
            while small.refused == refused:
                assert time.monotonic() < give_up, "nobody has felt it"
                await asyncio.sleep(0.02)
            small.away = False
            type(self).failed += 1


@pytest.fixture
def small() -> Iterator[SmallEnvironment]:
    with environment() as server:
        server.access.token = "administrators"
        TriggersAway.environment = server
        yield server


def options(small: SmallEnvironment, directory: Path) -> Options:
    return Options(
        host=small.url,
        kubeconfig=kubeconfig(small, directory),
        access=Access.model_validate({"token": small.access.token}),
        receiver_address="127.0.0.1",
        receiver_port=0,
        state=directory / "state",
        reports=directory / "reports",
        alerts=rules(directory),
        runs=20,
        orders_per_second=20,
        pace=PACE,
    )


def test_faults_show_the_key_of_this_machine_unless_another_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    monkeypatch.setattr(place, "KEY_FILE", tmp_path / "key")
    assert "Authorization" not in Options().access.headers()
    (tmp_path / "key").write_text("of-this-machine\n")
    assert Options().access.headers()["Authorization"] == "Bearer of-this-machine"
    monkeypatch.setenv(TOKEN, "another")
    assert Options().access.headers()["Authorization"] == "Bearer another"


def rules(directory: Path) -> Path:
    """The alerts' rules, and what is promised of them."""
    promise = {"fires_within": 20, "falls_silent_within": 120, "restart_falls_silent_within": 75, "restarts": []}
    (directory / "promise.yml").write_text(yaml.safe_dump(promise))
    groups = [{"name": "data", "rules": [{"alert": ALERT, "for": "5s"}]}]
    (directory / "alerts-data.yml").write_text(yaml.safe_dump({"groups": groups}))
    return directory


async def run_one(small: SmallEnvironment, directory: Path, fault: type[Fault] = TriggersAway) -> Result:
    result, _ = await run_faults(options(small, directory), [fault], Console(quiet=True))
    return result


@dataclass(frozen=True)
class Tried:
    """A run of a fault that loses nothing, of one that cannot be brought about, and of two that end late."""

    result: Result
    report: Path

    def fault(self, kind: type[Fault]) -> FaultResult:
        (found,) = [fault for fault in self.result.faults if fault.name == kind.name]
        return found


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    faults = [TriggersAway, CannotBeInjected, LeavesABacklog, FailsAgain]
    with environment() as small:
        TriggersAway.environment = small
        chosen = options(small, tmp_path_factory.mktemp("tried"))
        result, report = asyncio.run(run_faults(chosen, faults, Console(quiet=True)))
    return Tried(result, report)


def test_a_fault_that_loses_nothing_is_told_so_and_reported(tried: Tried) -> None:
    others = tuple(f"{fault.name}: " for fault in (CannotBeInjected, LeavesABacklog, FailsAgain))
    # How quick this machine is today is another matter.
    assert not [
        reason for reason in tried.result.reasons if "the service" not in reason and not reason.startswith(others)
    ]
    fault = tried.fault(TriggersAway)
    assert fault.runs.accepted == fault.runs.completed >= 20
    assert fault.errors["503"] > 0
    assert "401" not in fault.errors
    assert fault.alert_fired
    assert fault.longest_acceptance_seconds is not None
    assert fault.longest_acceptance_seconds > AWAY_SECONDS / 2
    kept = json.loads((tried.report.parent / "latest" / "result.json").read_text())
    assert kept == tried.result.model_dump(mode="json")


def test_a_fault_that_could_not_be_brought_about_proves_nothing(tried: Tried) -> None:
    fault = tried.fault(CannotBeInjected)
    assert not fault.passed
    assert not tried.result.passed
    assert tried.result.runs.lost == 0
    assert any("no node runs workers" in reason for reason in fault.reasons)
    assert any("no node runs workers" in reason for reason in tried.result.reasons)


def test_the_service_is_watched_until_a_calm_after_the_backlog(tried: Tried) -> None:
    seconds = json.loads((tried.report / "timeline.json").read_text())[LeavesABacklog.name]
    assert seconds[-1]["at"] >= LeavesABacklog.BEHIND_SECONDS + PACE.calm_after - 1


def test_the_service_is_watched_until_a_calm_after_the_last_request_that_failed(tried: Tried) -> None:
    seconds = json.loads((tried.report / "timeline.json").read_text())[FailsAgain.name]
    assert FailsAgain.failed == FailsAgain.TIMES
    assert seconds[-1]["at"] >= FailsAgain.TIMES * FailsAgain.PAUSE_SECONDS + PACE.calm_after - 1


async def test_a_platform_that_forgets_runs_and_does_others_twice_is_found_out(
    small: SmallEnvironment, tmp_path: Path
) -> None:
    small.is_careless = True
    result = await run_one(small, tmp_path)
    assert not result.passed
    assert result.runs.lost > 0
    assert result.runs.duplicated > 0
    (runs,) = [fault.runs for fault in result.faults]
    assert runs.completed + runs.lost + runs.duplicated == runs.accepted
    assert result.runs.duplicated > runs.duplicated  # those of the calm before count too


class BeginsSlowly(TriggersAway):
    """The first orders of its load are answered late."""

    name = "begins-slowly"
    SLOW_SECONDS: ClassVar[float] = 4

    async def victims(self, stage: Stage) -> list[dict[str, Any]]:
        self.environment.slow_until = time.time() + self.SLOW_SECONDS
        return await super().victims(stage)


async def test_the_undisturbed_time_before_a_fault_begins_with_the_first_order(
    small: SmallEnvironment, tmp_path: Path
) -> None:
    result = await run_one(small, tmp_path, BeginsSlowly)
    (fault,) = result.faults
    assert not [reason for reason in fault.reasons if "not begun" in reason]
    assert fault.alert_fired


class ComesApart(TriggersAway):
    """Its own code is wrong."""

    name = "comes-apart"

    async def lacks(self, stage: Stage) -> list[str]:
        raise KeyError(stage.options.namespace)


async def test_a_fault_that_comes_apart_does_not_keep_the_next_one_from_being_run(
    small: SmallEnvironment, tmp_path: Path
) -> None:
    chosen = options(small, tmp_path)
    result, directory = await run_faults(chosen, [ComesApart, TriggersAway], Console(quiet=True))
    apart, whole = result.faults
    assert not apart.passed
    assert "could not be judged: KeyError 'patchbay-runtime'" in apart.reasons[0]
    assert whole.runs.accepted == whole.runs.completed > 0
    assert not result.passed

    # As if it had been cut off after the first one.
    document = json.loads((directory / "result.json").read_text())
    document["faults"] = [kept for kept in document["faults"] if kept["name"] == "comes-apart"]
    (directory / "result.json").write_text(json.dumps(document))
    earlier = Earlier.latest(tmp_path / "reports")
    assert earlier.left == ("triggers-away",)
    assert earlier.calm is not None
    chosen = chosen.model_copy(update={"orders_per_second": None})
    again, same = await run_faults(chosen, [TriggersAway], Console(quiet=True), earlier)
    assert same == directory
    assert [fault.name for fault in again.faults] == ["comes-apart", "triggers-away"]
    assert again.config["orders_per_second"] == 20
    assert set(json.loads((directory / "timeline.json").read_text())) == {CALM, "triggers-away"}

    small.image = "registry.example.com/runtime@sha256:1"
    small.away = True
    earlier = Earlier.latest(tmp_path / "reports")
    chosen = chosen.model_copy(update={"pace": replace(PACE, first_order=0.5)})
    third, _ = await run_faults(chosen, [TriggersAway], Console(quiet=True), earlier)
    assert [(fault.name, fault.attempt) for fault in third.earlier] == [("triggers-away", 1)]
    assert third.faults[1].attempt == 2
    assert "not begun" in third.faults[1].reasons[0]
    assert any("different versions of runtime_image" in reason for reason in third.reasons)
    assert "attempt 2" in (directory / "report.html").read_text()


@pytest.mark.parametrize(
    ("trouble", "told"),
    [({"away": True}, "a first order that is accepted"), ({"behind_until": math.inf}, "not at rest")],
    ids=["refused-orders", "stuck-processes"],
)
async def test_a_platform_that_fails_before_any_fault_is_reported_and_not_passed(
    small: SmallEnvironment, tmp_path: Path, trouble: dict[str, Any], told: str
) -> None:
    vars(small).update(trouble)
    pace = replace(PACE, first_order=0.5, rest_before=0.5, patience=0.5)
    chosen = options(small, tmp_path).model_copy(update={"pace": pace})
    result, directory = await run_faults(chosen, [TriggersAway], Console(quiet=True))
    (fault,) = result.faults
    assert not result.passed
    assert fault.reasons[0].startswith("not begun: the calm before:")
    assert told in fault.reasons[0]
    assert json.loads((directory / "result.json").read_text())["passed"] is False


def test_what_was_not_run_is_said_and_not_passed(tmp_path: Path) -> None:
    with pytest.raises(UnusableEnvironmentError, match="nothing to go on with"):
        Earlier.latest(tmp_path)


def test_runs_are_shared_out_by_the_time_that_faults_take_anyway() -> None:
    class Long(TriggersAway):
        usual_seconds = 120

    assert share([TriggersAway, Long], 900) == 300
    assert share([Long], 600) == 600
    assert share([Long], -5) == 0


async def test_two_runs_at_once_are_refused(small: SmallEnvironment, tmp_path: Path) -> None:
    first = asyncio.create_task(run_one(small, tmp_path))
    while not small.runs:
        assert not first.done()
        await asyncio.sleep(0.01)
    with pytest.raises(UnusableEnvironmentError, match="another process"):
        await run_one(small, tmp_path)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert not small.away
