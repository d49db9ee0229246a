"""What `prove` is given besides: objectives, a baseline, a flow, a token, and JUnit XML for build servers."""

import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from patchbay_loadtests.cli import app
from patchbay_loadtests.core import access
from patchbay_loadtests.core.access import Access
from patchbay_loadtests.core.flows import order_flow
from patchbay_loadtests.core.latencies import endpoints_of
from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.core.objectives import ScalingObjectives
from patchbay_loadtests.core.report.junit import write_junit
from patchbay_loadtests.core.report.publish import write_proof
from patchbay_loadtests.core.traffic.protocol import Endpoint
from patchbay_loadtests.proof.baseline import Baseline, read_baseline, slower
from patchbay_loadtests.proof.flow_file import read_flow
from patchbay_loadtests.proof.objectives import misses
from patchbay_loadtests.proof.result import Result, judge
from typer.testing import CliRunner

from tests.loadtests.recorded import Recorder, good_record, pods, repeats

RUNS = RunsVerdict(accepted=4, completed=4, duplicated=0, lost=0)
HOOK = Endpoint(name="POST /hooks/t/f", requests=40, failures=0, p50_seconds=0.02, p95_seconds=0.04, p99_seconds=0.05)


def proven(endpoints: tuple[Endpoint, ...] = (HOOK,)) -> Result:
    return judge(good_record().timeline(), RUNS, versions={}, config={}, endpoints=endpoints)


def missed(result: Result, **limits: float) -> list[str]:
    easy = {f"{name}_seconds": 100 for name in ("pods_ready", "pods_back", "second_pod_p95", "accepted_p95")}
    objectives = ScalingObjectives.model_validate({**easy, **{f"{name}_seconds": at for name, at in limits.items()}})
    return misses(objectives, result.steps, result.latency, result.endpoints)


def test_objectives_that_are_met_and_missed_are_told_apart() -> None:
    assert missed(proven(), pods_ready=8, second_pod_p95=8, accepted_p95=0.05) == []
    assert missed(proven(), pods_ready=5, second_pod_p95=5, accepted_p95=0.03) == [
        "objective missed: 2 pods Ready at 8 processes: 7.00 s of 5 s",
        "objective missed: second pod, order until Ready, p95 of n = 1: 7.00 s of 5 s",
        "objective missed: order accepted, p95 of n = 40: 0.04 s of 0.03 s",
    ]


def test_an_objective_of_what_was_not_measured_is_missed() -> None:
    recorder = Recorder()
    recorder.look(30, 8, pods(2, ready=1))
    recorder.step(0.0, 8)
    result = judge(recorder.timeline(), RUNS, versions={}, config={})
    assert missed(result, second_pod_p95=5, accepted_p95=1) == [
        "objective missed: 2 pods Ready at 8 processes: not measured of 100 s",
        "objective missed: second pod, order until Ready, p95 of n = 0: not measured of 5 s",
        "objective missed: order accepted, p95 of n = 0: not measured of 1 s",
        "objective missed: second pod: 1 of 1 scale-ups were not measured",
    ]


@pytest.mark.parametrize("readable", [True, False], ids=["readable", "unreadable"])
def test_slow_scale_ups_miss_their_objective_whether_or_not_their_metric_could_be_read(readable: bool) -> None:
    recorder = good_record()
    began = recorder.at
    repeats(recorder, 20, ready_after=58)
    if not readable:
        recorder.samples = [
            sample if sample.at < began else sample.model_copy(update={"metric_pods": None})
            for sample in recorder.samples
        ]
    result = judge(recorder.timeline(), RUNS, versions={}, config={}, endpoints=(HOOK,))
    assert result.passed
    assert missed(result, second_pod_p95=35) == [
        "objective missed: second pod, order until Ready, p95 of n = 21: 58.00 s of 35 s"
    ]


def test_scale_ups_that_were_not_measured_are_counted_beside_the_percentile_of_the_others() -> None:
    recorder = good_record()
    repeats(recorder, 2, ready_after=10)
    since = recorder.at
    recorder.look(30, 8, pods(2, ready=1))
    recorder.repeat(since, 8)
    result = judge(recorder.timeline(), RUNS, versions={}, config={}, endpoints=(HOOK,))
    assert missed(result, second_pod_p95=35) == ["objective missed: second pod: 1 of 4 scale-ups were not measured"]


def test_a_proof_without_a_step_at_the_threshold_owes_no_scale_up_to_the_second_pod() -> None:
    recorder = Recorder()
    recorder.look(4, 12, pods(1))
    recorder.look(30, 12, pods(2))
    recorder.step(0.0, 12)
    since = recorder.at
    recorder.look(1, 12, pods(2))
    recorder.look(6, 0, pods(2))
    recorder.look(25, 0, pods(1))
    recorder.step(since, 0)
    result = judge(recorder.timeline(), RUNS, versions={}, config={}, endpoints=(HOOK,))
    assert (result.passed, result.latency) == (True, None)
    assert missed(result) == []


def test_what_is_held_further_decides_the_verdict_and_is_a_test_case() -> None:
    result = proven().held_to("objectives", ["too slow"])
    assert (result.passed, result.reasons) == (False, ("too slow",))
    assert result.cases()["objectives"] == ("too slow",)


def with_ready(result: Result, seconds: float | None) -> Result:
    steps = tuple(
        step.model_copy(update={"ready_seconds": seconds}) if step.processes == 8 else step for step in result.steps
    )
    return result.model_copy(update={"steps": steps})


def test_a_proof_as_quick_as_its_baseline_or_within_its_jitter_passes() -> None:
    assert slower(Baseline(result=proven()), proven()) == []
    assert slower(Baseline(result=proven()), with_ready(proven(), 20.9)) == []


def test_what_got_slower_than_the_baseline_beyond_the_margin_is_named() -> None:
    (reason,) = slower(Baseline(result=proven()), with_ready(proven(), 21.1))
    assert reason == (
        "slower than the baseline: http-connector at 8 processes, pods Ready: 21.10 s, was 7.00 s, at most 21.00 s"
    )
    slow_hook = HOOK.model_copy(update={"p95_seconds": 0.2})
    (reason,) = slower(Baseline(result=proven()), proven((slow_hook,)))
    assert reason.startswith("slower than the baseline: POST /hooks/t/f, p95: 0.20 s, was 0.04 s")


def test_what_the_baseline_measured_and_this_proof_did_not_is_a_failure() -> None:
    (reason,) = slower(Baseline(result=proven()), with_ready(proven(), None))
    assert "pods Ready: not measured, was 7.00 s" in reason
    left_out: dict[str, dict[str, Any]] = {
        "second pod": {"latency": None},
        "POST /hooks/": {"endpoints": ()},
        "at 8": {"steps": proven().steps[:1]},
    }
    for name, change in left_out.items():
        reasons = slower(Baseline(result=proven()), proven().model_copy(update=change))
        assert any(name in reason and "not measured, was" in reason for reason in reasons)


def test_a_proof_of_which_nothing_can_be_compared_is_told() -> None:
    nothing = proven().model_copy(update={"steps": proven().steps[:1], "latency": None, "endpoints": ()})
    unseen = nothing.steps[0].model_copy(update={"desired_seconds": None, "ready_seconds": None})
    reasons = slower(Baseline(result=proven()), nothing.model_copy(update={"steps": (unseen,)}))
    assert reasons[-1] == "no figure could be compared with the baseline"
    reasons = slower(Baseline(result=proven()), nothing.model_copy(update={"steps": ()}))
    assert reasons[-1] == "no figure could be compared with the baseline"


def test_the_slowest_requests_are_compared_too() -> None:
    slowest = HOOK.model_copy(update={"p99_seconds": 30.0})
    (reason,) = slower(Baseline(result=proven()), proven((slowest,)))
    assert reason.startswith("slower than the baseline: POST /hooks/t/f, p99: 30.00 s, was 0.05 s")
    chance = HOOK.model_copy(update={"p99_seconds": 0.5})
    assert slower(Baseline(result=proven()), proven((chance,))) == []


def test_a_run_that_was_looked_up_on_its_own_by_chance_need_not_be_again() -> None:
    looked_up = HOOK.model_copy(update={"name": "GET /api/tenants/{tenant}/runs/{run}"})
    assert slower(Baseline(result=proven((HOOK, looked_up))), proven()) == []


def test_a_load_that_was_driven_twice_is_compared_both_times() -> None:
    twice = proven().model_copy(update={"steps": (*proven().steps, *proven().steps[1:])})
    first_slow = twice.model_copy(update={"steps": (*with_ready(proven(), 30).steps, *proven().steps[1:])})
    (reason,) = slower(Baseline(result=twice), first_slow)
    assert "at 8 processes, pods Ready: 30.00 s, was 7.00 s" in reason


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"passed": False}, "passed: false; take the result of a proof that passed"),
        ({"threshold": 4}, "threshold: 4, this proof's is 8"),
        (
            {"steps": tuple(step.model_copy(update={"shape": "split"}) for step in proven().steps)},
            r"steps\.0\.shape: split, this proof's is http-connector",
        ),
    ],
    ids=["failed", "threshold", "shape"],
)
def test_a_baseline_that_is_no_measure_is_refused_by_the_field_that_says_so(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    other = proven().model_copy(update=changes)
    path = tmp_path / "result.json"
    path.write_text(other.model_dump_json())
    with pytest.raises(ValueError, match=told):
        read_baseline(path, 0.25, shape="http-connector", threshold=8)
    (reason,) = slower(Baseline(result=other), proven())
    assert re.search(told, reason)


def test_a_baseline_of_another_sync_period_is_refused() -> None:
    periods = proven().promise.periods.model_copy(update={"hpa_sync": 15})
    other = proven().model_copy(update={"promise": proven().promise.model_copy(update={"periods": periods})})
    (reason,) = slower(Baseline(result=other), proven())
    assert "HPA sync period was 15 s, this one's is 5 s" in reason


def test_a_proof_s_own_result_is_a_baseline(tmp_path: Path) -> None:
    result = proven()
    write_proof(tmp_path, result, good_record().timeline())
    assert read_baseline(tmp_path / "result.json", 0.5, shape="http-connector", threshold=8) == Baseline(
        result=result, margin=0.5
    )
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ValueError, match=r"no result\.json of a proof: threshold"):
        read_baseline(tmp_path / "other.json", 0.5, shape="http-connector", threshold=8)


def test_junit_has_a_case_for_each_thing_that_was_judged(tmp_path: Path) -> None:
    result = proven().held_to("baseline", ["slower <than> the baseline\x00"])
    write_junit(tmp_path / "junit.xml", "scaling proof", result.cases())
    (suite,) = ElementTree.parse(tmp_path / "junit.xml").getroot()  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures")) == ("7", "1")
    (failure,) = suite.iter("failure")
    assert failure.get("message") == "slower <than> the baseline?"


def test_each_endpoint_has_percentiles_with_their_n() -> None:
    (found,) = endpoints_of({"GET /a": [0.1] * 98 + [0.5, 0.9], "GET /never": []}, {"GET /a": 2})
    assert (found.requests, found.failures, found.p50_seconds, found.p95_seconds, found.p99_seconds) == (
        100,
        2,
        0.1,
        0.1,
        0.5,
    )


SIGNED = {"shape": "http-trigger", "config": {"access": {"kind": "hmac", "style": "github"}}, "next": "map"}


def flow_of(**changed: Any) -> str:
    return json.dumps({**order_flow("${SINK_URL}", name="own"), **changed})


def test_a_flow_of_one_s_own_gets_the_sink_s_address(tmp_path: Path) -> None:
    path = tmp_path / "flow.json"
    path.write_text(flow_of())
    assert read_flow(path, "http-connector")("http://sink/x") == order_flow("http://sink/x", name="own")


@pytest.mark.parametrize(
    ("text", "shape", "wrong"),
    [
        ("{", "http-connector", "Invalid JSON"),
        (flow_of(name=None), "http-connector", "name"),
        (flow_of(), "smtp-connector", "one step of the shape smtp-connector, not 0"),
        (flow_of(start="nowhere"), "http-connector", "start: there is no step nowhere"),
        (
            flow_of(steps=order_flow("${SINK_URL}")["steps"] | {"receive": SIGNED}),
            "http-connector",
            "access is hmac, which orders cannot show; use key or public",
        ),
        (flow_of(), "map", r"must call \$\{SINK_URL\}"),
    ],
)
def test_a_flow_that_cannot_hold_the_shape_is_refused(tmp_path: Path, text: str, shape: str, wrong: str) -> None:
    path = tmp_path / "flow.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=wrong):
        read_flow(path, shape)


def test_a_token_comes_from_a_file_or_the_environment_and_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(access.TOKEN, "from-environment")
    monkeypatch.setenv(access.API_KEY, "key")
    found = Access.from_environment()
    assert found.headers() == {"Authorization": "Bearer from-environment", "X-Api-Key": "key"}
    (tmp_path / "token").write_text("from-file\n")
    of_file = Access.from_environment(token_file=tmp_path / "token")
    assert of_file.environment() == {**os.environ, access.TOKEN: "from-file"}
    assert "from-file" not in f"{of_file!r} {of_file.model_dump_json()}"


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--token-file=MISSING"], "cannot be read"),
        (["--token-file=TWO"], "one line of printable characters"),
        (["--token-file=TWO", "--key-from-cluster"], "--token-file and --key-from-cluster each say which key"),
        (["--ca=TWO"], "no certificates in PEM form"),
        (["--slo=MISSING"], "cannot be read"),
        (["--slo=TWO"], "the file"),
        (["--steps=7,8"], "end with 0"),
        (["--short", "--large"], "--short and --large each say what is driven"),
        (["--large", "--steps=7,8,0"], "--steps and --large each say what is driven"),
        (["--short", "--steps=nonsense"], "--steps and --short each say what is driven"),
        (["--baseline=TWO"], "no result.json"),
        (["--flow=TWO"], "flow"),
    ],
)
def test_an_option_that_is_wrong_ends_with_2_and_the_reason_without_the_secret(
    tmp_path: Path, options: list[str], wrong: str
) -> None:
    (tmp_path / "two").write_text("first-secret\nsecond-secret")
    (tmp_path / "kubeconfig").touch()
    given = [each.replace("MISSING", f"{tmp_path}/none").replace("TWO", f"{tmp_path}/two") for each in options]
    line = ["prove", "--host=http://127.0.0.1:1", f"--kubeconfig={tmp_path}/kubeconfig", *given]
    ended = CliRunner().invoke(app, line)
    assert ended.exit_code == 2, ended.output
    assert wrong in ended.output
    if "--token-file=TWO" in options or "--ca=TWO" in options:
        assert "first-secret" not in ended.output
