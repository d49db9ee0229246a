"""Profiles, their verdict and report."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from patchbay_loadtests.cli import app
from patchbay_loadtests.commands import load as load_command
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.core.objectives import read_objectives
from patchbay_loadtests.core.report.load import write_load
from patchbay_loadtests.profiles.drive import Load
from patchbay_loadtests.profiles.profile import BlackFriday, Profile, Soak, Steady, arrivals
from patchbay_loadtests.profiles.result import LoadResult, back_seconds, judge
from patchbay_loadtests.profiles.run import LoadOptions
from patchbay_loadtests.profiles.timeline import LoadSample, LoadTimeline, PodEnd, SentOrder
from patchbay_loadtests.proof.periods import Periods
from pydantic import ValidationError
from rich.console import Console
from typer.testing import CliRunner

OBJECTIVES = read_objectives()
RUNS = RunsVerdict(accepted=10, completed=10, duplicated=0, lost=0)


def sample(at: float, *, slots: int = 8, ready: int = 8, nodes: int = 1, waiting: int = 0) -> LoadSample:
    pods, steered = {"desired": ready, "ready": ready}, slots // 8
    return LoadSample(
        at=at, offered=2, waiting=waiting, reserved=0, oldest_wait=0, steered_processes=waiting, steered_ready=steered,
        slots=slots, nodes=nodes, nodes_ready=nodes, pending=0, refused=0, **pods,
    )  # fmt: skip


def record(slots: list[int], *, waits: tuple[float, ...] = (0.1, 0.2), taken: int = 0) -> LoadTimeline:
    """Ten seconds of each number of slots, a sample a second, all under load but the last."""
    samples = [
        sample(10.0 * number + second, slots=count) for number, count in enumerate(slots) for second in range(10)
    ]
    return LoadTimeline(
        profile="steady",
        began=0,
        ended=10.0 * len(slots),
        orders=10,
        samples=(*samples, sample(10.0 * len(slots) + 5)),
        waits=waits,
        leaving=tuple(PodEnd(name=f"w-{number}", leaving=15.0) for number in range(taken)),
        sent=tuple(SentOrder(due=number, sent=number + 0.01, accepted=number + 0.1) for number in range(10)),
        max_pods=10,
    )


def judged(timeline: LoadTimeline, runs: RunsVerdict = RUNS) -> LoadResult:
    return judge(
        timeline,
        runs,
        versions={},
        config={},
        objectives=OBJECTIVES.of_profile("steady"),
        generator=OBJECTIVES.generator,
    )


def test_black_friday_ramps_to_thirty_times_the_quiet_rate_holds_and_falls() -> None:
    profile = BlackFriday(rate=1, quiet_seconds=10, ramp_seconds=20, hold_seconds=30, fall_seconds=10)
    assert [profile.at(at) for at in (0, 10, 20, 30, 59, 65, 75)] == [1, 1, 15.5, 30, 30, 15.5, 1]
    assert profile.duration == 80


@pytest.mark.parametrize("profile", [Steady(), Soak(), BlackFriday()], ids=["steady", "soak", "black-friday"])
def test_a_profile_fits_into_the_minutes_that_it_is_given(profile: Profile) -> None:
    assert profile.lasting(60).duration == pytest.approx(60)
    assert max(profile.lasting(60).at(second) for second in range(60)) == pytest.approx(
        max(profile.at(second) for second in range(round(profile.duration))), rel=0.5
    )


def test_a_black_friday_in_less_time_still_ramps_to_thirty_times_the_quiet_rate() -> None:
    profile = BlackFriday().lasting(110)
    assert (profile.quiet_seconds, profile.ramp_seconds, profile.hold_seconds) == (10, 30, 45)
    assert profile.at(50) == 30 * profile.at(0)


def test_every_so_many_orders_one_takes_longer() -> None:
    load = Load(profile=Steady(), seed=1, prefix="o", settle_seconds=1, long_every=3, long_seconds=45)
    assert [load.order(number).hold_seconds for number in range(1, 7)] == [None, None, 45, None, None, 45]


def test_what_is_shorter_than_usual_is_told(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch()
    target = {"host": "http://127.0.0.1:1", "kubeconfig": kubeconfig, "reports": tmp_path}
    load = LoadOptions.model_validate({**target, "profile": {"name": "black-friday"}, "minutes": 2})
    assert load.shortened == ("orders came for 2 minutes, not for the profile's 3.7",)


def test_a_soak_waves_around_its_rate() -> None:
    profile = Soak(rate=2, wave_seconds=100, swing=0.5, duration=1000)
    assert profile.at(25) == pytest.approx(3)
    assert profile.at(75) == pytest.approx(1)


@pytest.mark.parametrize(
    "profile",
    [Steady(rate=5, duration=200), Soak(rate=5, duration=200), BlackFriday(rate=0.5)],
    ids=["steady", "soak", "black-friday"],
)
def test_orders_come_as_often_as_the_profile_says_and_at_the_same_times_for_a_seed(profile: Profile) -> None:
    due = list(arrivals(profile, seed=3))
    expected = sum(profile.at(at / 10) / 10 for at in range(round(profile.duration * 10)))
    assert len(due) == pytest.approx(expected, rel=0.15)
    assert all(earlier <= later for earlier, later in pairwise(due))
    assert due[0] >= 0
    assert due[-1] <= profile.duration
    assert due == list(arrivals(profile, seed=3))
    assert due != list(arrivals(profile, seed=4))


def test_a_setting_that_the_profile_does_not_know_is_refused() -> None:
    with pytest.raises(ValidationError, match="factor"):
        Steady.model_validate({"rate": 1, "factor": 30})


def test_a_load_that_loses_nothing_and_gives_all_back_passes(tmp_path: Path) -> None:
    timeline = record([8, 16, 40])
    result = judged(timeline)
    assert result.passed
    assert result.waits is not None
    assert (result.waits.p50, result.waits.longest) == (0.1, 0.2)
    write_load(tmp_path, result, timeline)
    assert json.loads((tmp_path / "result.json").read_text())["profile"] == "steady"
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")
    assert "steady" in (tmp_path / "report.html").read_text()


def test_refused_orders_and_pods_that_stay_fail_a_load() -> None:
    timeline = record([8, 16]).model_copy(update={"refusals": ("/hooks/t/f: 503",)})
    timeline = timeline.model_copy(update={"samples": (*timeline.samples, sample(30, ready=9, nodes=2))})
    assert judged(timeline).reasons == (
        "1 orders were refused: /hooks/t/f: 503",
        "9 pods in the end, 8 at the start",
        "2 nodes in the end, 1 at the start",
    )


def test_one_pod_throughout_where_many_are_needed_fails_a_load() -> None:
    timeline = record([8] * 20)
    busy = tuple(sample.model_copy(update={"steered_processes": 100}) for sample in timeline.samples[:-1])
    result = judged(timeline.model_copy(update={"samples": (*busy, timeline.samples[-1])}))
    assert not result.passed
    assert result.short_of_pods_seconds == 199.0
    assert any("fewer pods than the processes ask for: 199 s" in reason for reason in result.reasons)


def looks(*stretches: tuple[int, int, int]) -> LoadTimeline:
    """A look a second at (processes, pods), for so many seconds each."""
    states = [(processes, pods) for seconds, processes, pods in stretches for _ in range(seconds)]
    samples = tuple(
        sample(float(at), slots=8 * pods).model_copy(update={"steered_processes": processes})
        for at, (processes, pods) in enumerate(states)
    )
    return record([8]).model_copy(update={"samples": samples, "ended": samples[-1].at, "max_pods": 16})


def test_many_pods_for_one_process_fail_a_load_also_when_they_are_gone_in_the_end() -> None:
    result = judged(looks((1, 0, 1), (118, 1, 16), (3, 0, 1)))
    assert result.reasons == (
        (
            "longest time with more pods than the processes of the last 54 s ask for: 117 s, "
            "more than the 54 s in which pods are given back"
        ),
    )


def test_pods_that_stay_long_after_a_peak_fail_a_load_and_its_report_says_how_long(tmp_path: Path) -> None:
    timeline = looks((10, 0, 1), (60, 40, 6), (120, 8, 6), (60, 8, 2), (3, 0, 1))
    result = judged(timeline)
    assert result.too_many_pods_seconds == 65.0
    assert not result.passed
    write_load(tmp_path, result, timeline)
    page = (tmp_path / "report.html").read_text()
    assert "longest with more pods than the processes just before asked for</td><td>65.0 s</td>" in page


def test_pods_that_go_in_the_time_that_the_promise_gives_them_pass() -> None:
    result = judged(looks((10, 0, 1), (60, 40, 6), (50, 24, 6), (50, 8, 4), (50, 0, 2), (3, 0, 1)))
    assert (result.reasons, result.too_many_pods_seconds) == ((), 0.0)


def test_a_pod_that_came_for_a_peak_between_two_looks_passes() -> None:
    assert judged(looks((60, 7, 1), (40, 7, 2), (60, 7, 1))).reasons == ()


def test_pods_have_the_time_of_the_promise_that_is_given() -> None:
    timeline = looks((10, 0, 1), (60, 40, 6), (170, 8, 6), (60, 8, 2), (3, 0, 1))
    slow = Periods(scale_down=121)
    result = judge(timeline, RUNS, versions={}, config={}, objectives=OBJECTIVES.of_profile("steady"),
                   generator=OBJECTIVES.generator, periods=slow)  # fmt: skip
    assert not judged(timeline).passed
    assert result.passed


def test_an_environment_with_a_scale_down_window_of_its_own_is_judged_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[LoadOptions] = []

    async def keep(options: LoadOptions, _: Console) -> None:
        given.append(options)
        raise UnusableEnvironmentError("no cluster here")

    monkeypatch.setattr(load_command, "load", keep)
    (tmp_path / "kubeconfig").touch()
    line = ["load", "--host=http://127.0.0.1:1", f"--kubeconfig={tmp_path / 'kubeconfig'}"]
    for options in (["--scale-down-seconds=121", "--hpa-sync-seconds=5"], []):
        assert CliRunner().invoke(app, [*line, *options]).exit_code == 2
    assert [back_seconds(options.periods) for options in given] == [121 + 2 * 9, 16 + 2 * 19]


def test_a_load_of_which_minutes_were_not_seen_fails() -> None:
    timeline = record([8] * 12)
    ends = (timeline.samples[0], timeline.samples[-1])
    result = judged(timeline.model_copy(update={"samples": ends}))
    assert result.reasons == ("nothing was recorded for 125.0 s",)


def test_a_load_of_which_only_the_first_look_was_recorded_has_a_verdict_and_a_report(tmp_path: Path) -> None:
    timeline = record([8] * 3)
    once = timeline.model_copy(update={"samples": timeline.samples[1:2], "waits": (), "sent": ()})
    nothing = RunsVerdict(accepted=0, completed=0, duplicated=0, lost=0)
    result = judge(once, nothing, versions={}, config={}, objectives=OBJECTIVES.of_profile("steady"),
                   generator=OBJECTIVES.generator, ended_by="the gateway answered 500")  # fmt: skip
    assert result.reasons == (
        "the gateway answered 500",
        "no run was accepted",
        "no order came through",
        "nothing was recorded for 29.0 s",
    )
    write_load(tmp_path, result, once)
    assert "the gateway answered 500" in (tmp_path / "report.html").read_text()


def test_orders_that_wait_for_minutes_fail_a_load() -> None:
    result = judged(record([8, 8], waits=(0.1,) * 10 + (290.0,) * 10))
    assert result.reasons == (
        "p95 of 20 orders until their connector called: 290 s, more than the objective of 15 s",
        "longest of 20 orders until its connector called: 290 s, more than the objective of 60 s",
    )


def test_an_order_is_late_by_the_moment_at_which_it_was_due_and_the_load_test_says_that_it_was_the_limit() -> None:
    late = tuple(SentOrder(due=number, sent=number + 30, accepted=number + 30.1) for number in range(10))
    result = judged(record([8, 8]).model_copy(update={"sent": late}))
    assert result.accepted is not None
    assert (result.accepted.n, result.accepted.p95) == (10, 30.1)
    assert any(reason.startswith("the load test was the limit: it sent orders late") for reason in result.reasons)


def test_the_rate_that_is_reported_is_the_one_that_was_sent() -> None:
    timeline = record([8, 8])
    assert {sample.offered for sample in timeline.samples} == {2}
    burst = tuple(SentOrder(due=number / 10, sent=7 + number / 100, accepted=8) for number in range(10))
    assert judged(timeline).peak_orders_per_second == 1
    assert judged(timeline.model_copy(update={"sent": burst})).peak_orders_per_second == 10


def test_processes_that_are_stuck_in_the_end_are_a_verdict() -> None:
    timeline = record([8, 8])
    stuck = sample(30, waiting=3)
    result = judged(timeline.model_copy(update={"samples": (*timeline.samples, stuck)}))
    assert result.reasons == ("3 processes are left after the time to settle",)
