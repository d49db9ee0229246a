"""The comparison of two ways of scaling: what allows a verdict, and what is changed and put back for it."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from patchbay_loadtests.comparison.defaults import GRACE_SECONDS, changes, given_back, grace, rolled_out, target
from patchbay_loadtests.comparison.result import Comparison, compare
from patchbay_loadtests.comparison.run import ComparisonOptions
from patchbay_loadtests.comparison.side import DEFAULTS, OURS, Side, side, spread
from patchbay_loadtests.core.flows import STEERED_SHAPE
from patchbay_loadtests.core.ledger import (
    DEAD_LETTERED,
    REPEATED,
    SHARED_KEY,
    UNEXPECTED,
    WITHOUT_KEY,
    Call,
    Delivery,
    Ending,
    RunsVerdict,
    judge_runs,
)
from patchbay_loadtests.core.report.comparison import write_comparison
from patchbay_loadtests.profiles.timeline import LoadTimeline
from patchbay_loadtests.proof.environment import ScaledShape
from patchbay_loadtests.proof.sampler import WatchedShape
from patchbay_platform.shapes import grace_seconds
from patchbay_runtime.catalog import CATALOG
from pydantic import ValidationError

from tests.loadtests.test_profiles import record

RUNS = RunsVerdict(accepted=10, completed=10, duplicated=0, lost=0)
QUICK, SLOW = record([8, 40, 48, 48]), record([8, 8, 40, 8], waits=(1.0, 30.0), taken=4)


def load(name: str, pair: int, **changed: Any) -> Side:
    good = side(name, pair, QUICK if name == OURS else SLOW, RUNS, 40)
    return good.model_copy(update=changed)


def loads(pairs: int = 3) -> list[Side]:
    """As they are sent: who is first alternates."""
    turns = [(OURS, DEFAULTS) if pair % 2 else (DEFAULTS, OURS) for pair in range(1, pairs + 1)]
    return [load(name, pair) for pair, names in enumerate(turns, 1) for name in names]


def judged(sides: list[Side], *, sync: float = 10) -> Comparison:
    return compare(sides, needed=40, hpa_sync_seconds=sync, versions={}, config={})


def changed(sides: list[Side], name: str, **update: Any) -> list[Side]:
    """The first load of this name is another."""
    first = next(each for each in sides if each.name == name)
    return [each.model_copy(update=update) if each is first else each for each in sides]


def test_three_pairs_in_which_the_platform_is_no_worse_pass_and_show_median_and_spread(tmp_path: Path) -> None:
    result = compare(
        changed(loads(), OURS, time_to_capacity=15.0),
        needed=40,
        hpa_sync_seconds=10,
        versions={},
        config={},
        shortened=("orders came for 1 minute",),
    )
    assert (result.verdict, result.reasons) == ("passed", ())
    ours, defaults = result.summaries
    assert (ours.time_to_capacity.n, ours.time_to_capacity.median, ours.time_to_capacity.most) == (3, 10.0, 15.0)
    assert (defaults.time_to_capacity.median, defaults.pods_taken) == (20.0, 12)
    write_comparison(tmp_path, result, {OURS: QUICK, DEFAULTS: SLOW})
    report = (tmp_path / "report.html").read_text()
    assert "10.0 s (10.0 s to 15.0 s, n = 3)" in report
    assert "Shortened: orders came for 1 minute" in report
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("broken", "doubt"),
    [
        ({"runs": RUNS.model_copy(update={"completed": 7, "lost": 3})}, "3 of its 10 runs did not complete"),
        ({"runs": RUNS.model_copy(update={"completed": 8, "duplicated": 1})}, "1 of its 10 runs did not complete"),
        ({"runs": RUNS.model_copy(update={"accepted": 0, "completed": 0})}, "0 of its 0 runs did not complete"),
        ({"refused": 5}, "5 of its orders were refused"),
        ({"most_pods": 1}, "its pods did not scale"),
        ({"waits": None}, "none of its orders reached the connector"),
        ({"longest_gap": 8.1}, "nothing was recorded for 8.1 s"),
        ({"ended_by": "gateway: 500"}, "the load ended early: gateway: 500"),
    ],
)
def test_an_opponent_that_did_not_work_gives_no_verdict(broken: dict[str, Any], doubt: str) -> None:
    result = judged(changed(loads(), DEFAULTS, **broken))
    assert result.verdict == "none"
    assert result.reasons == (f"no verdict: the tools' defaults, pair 1: {doubt}",)


def test_an_opponent_whose_orders_all_ended_as_dead_letters_is_no_win() -> None:
    runs = {f"o-{number}": f"{number}" for number in range(10)}
    given_up = Ending("failed", created=0, finished=1, error_code=DEAD_LETTERED, error_message="gone")
    call = Call(at=1, idempotency_key="k", answered=False)
    dead = judge_runs(
        {order: (f"{order}/1",) for order in runs},
        runs,
        dict.fromkeys(runs.values(), given_up),
        {f"{order}/1": Delivery(calls=(call.model_copy(update={"idempotency_key": order}),) * 3) for order in runs},
    )
    result = judged([each.model_copy(update={"runs": dead}) if each.name == DEFAULTS else each for each in loads()])
    assert result.verdict == "none"
    assert result.reasons[:2] == (
        "no verdict: the tools' defaults, pair 1: 10 of its 10 runs did not complete",
        "no verdict: the tools' defaults, pair 1: 10 dead-lettered though harmless: o-0",
    )


@pytest.mark.parametrize("fault", [WITHOUT_KEY, SHARED_KEY, UNEXPECTED])
def test_an_opponent_with_any_fault_but_lines_sent_twice_gives_no_verdict(fault: str) -> None:
    wrong = RUNS.model_copy(update={"faults": {fault: ("o-1/1",)}})
    result = judged(changed(loads(), DEFAULTS, runs=wrong))
    assert result.reasons == (f"no verdict: the tools' defaults, pair 1: 1 {fault}: o-1/1",)
    assert result.verdict == "none"


def test_what_the_defaults_kill_and_send_again_is_how_they_work() -> None:
    twice = RUNS.model_copy(update={"completed": 9, "duplicated": 1, "faults": {REPEATED: ("o-1/1",)}})
    assert judged(changed(loads(), DEFAULTS, work_killed=4, redelivered=1, runs=twice)).verdict == "passed"


def test_a_platform_that_fails_fails_whatever_the_opponent_did() -> None:
    sides = changed(changed(loads(), DEFAULTS, most_pods=1), OURS, work_killed=2)
    result = judged(sides)
    assert result.verdict == "failed"
    assert result.reasons[0] == "this platform, pair 1: 2 processes were killed"


def without_looks(timeline: LoadTimeline, begin: float, end: float) -> LoadTimeline:
    """The record of a load test that saw nothing in this time."""
    kept = tuple(sample for sample in timeline.samples if not begin < sample.at < end)
    return timeline.model_copy(update={"samples": kept})


def test_a_load_of_which_seconds_were_not_seen_fails_for_the_platform_and_gives_no_verdict_for_the_opponent() -> None:
    seen, unseen = (side(OURS, 1, without_looks(QUICK, 20, end), RUNS, 40) for end in (28, 29))
    assert judged([seen, *loads()[1:]]).verdict == "passed"
    result = judged([unseen, *loads()[1:]])
    assert (result.verdict, result.reasons) == ("failed", ("this platform, pair 1: nothing was recorded for 9.0 s",))
    opponent = side(DEFAULTS, 1, without_looks(SLOW, 20, 29), RUNS, 40)
    result = judged([loads()[0], opponent, *loads()[2:]])
    assert result.verdict == "none"
    assert result.reasons == ("no verdict: the tools' defaults, pair 1: nothing was recorded for 9.0 s",)


def test_a_platform_that_ends_the_load_early_fails_and_a_single_look_is_enough_for_the_report(tmp_path: Path) -> None:
    once = QUICK.model_copy(update={"samples": QUICK.samples[35:36], "waits": ()})
    result = judged([side(OURS, 1, once, RUNS, 40, ended_by="gateway: 500")])
    assert result.verdict == "failed"
    assert result.reasons[:2] == (
        "this platform, pair 1: the load ended early: gateway: 500",
        "this platform, pair 1: nothing was recorded for 35.0 s",
    )
    write_comparison(tmp_path, result, {OURS: once})
    assert "the load ended early: gateway: 500" in (tmp_path / "report.html").read_text()


def test_a_platform_that_is_slower_by_the_median_is_told_so() -> None:
    sides = [
        each.model_copy(update={"time_to_capacity": 25.0, "waits": load(DEFAULTS, 1).waits})
        if each.name == OURS and each.pair > 1
        else each
        for each in loads()
    ]
    result = judged(sides)
    assert result.verdict == "failed"
    (reason,) = result.reasons
    assert reason.startswith("capacity came later than by the tools' defaults: 25.0 s (10.0 s to 25.0 s, n = 3), 20.0")


def test_a_period_that_eks_does_not_offer_gives_no_verdict() -> None:
    result = judged(loads(), sync=5)
    assert result.reasons == ("no verdict: an HPA sync period of 5 s, where EKS offers 10 s or more",)
    assert result.verdict == "none"


def test_a_period_that_is_claimed_and_not_the_clusters_gives_no_verdict() -> None:
    sides = changed(loads(), OURS, measured_hpa_sync=5.02)
    result = judged(sides, sync=15)
    assert result.verdict == "none"
    assert result.reasons == (
        "no verdict: this platform, pair 1: the HPAs look every 5.0 s, not every 15 s (--hpa-sync-seconds)",
    )
    assert judged([each.model_copy(update={"measured_hpa_sync": 15.2}) for each in loads()], sync=15).reasons == ()
    assert judged(loads(), sync=15).reasons == ()


def test_fewer_than_three_pairs_give_no_verdict() -> None:
    assert judged(loads(2)).reasons == ("no verdict: 2 pairs, where 3 are the fewest that show a spread",)
    assert judged(loads(1)).verdict == "none"


def test_a_side_that_is_always_first_gives_no_verdict() -> None:
    sides = [load(name, pair) for pair in (1, 2, 3) for name in (OURS, DEFAULTS)]
    assert judged(sides).reasons == ("no verdict: the two ways were not sent in pairs, each first in turn",)
    turns = [each.name for each in loads(4)]
    assert sum(one == other for one, other in pairwise(turns)) == 3


def test_what_never_came_is_longer_than_everything() -> None:
    found = spread([3.0, None, None])
    assert (found.median, found.least, found.most) == (None, 3.0, None)


def test_minutes_that_are_less_than_usual_are_told(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch()
    given = {"host": "http://127.0.0.1:1", "kubeconfig": kubeconfig, "reports": tmp_path}
    shortened = ComparisonOptions.model_validate({**given, "minutes": 2}).shortened
    assert shortened == ("orders came for 2 minutes each time, not for 3",)
    assert ComparisonOptions.model_validate(given).shortened == ()


@pytest.mark.parametrize(("field", "value"), [("pairs", 2), ("hpa_sync_seconds", 5)])
def test_a_comparison_that_could_give_no_verdict_is_not_begun(tmp_path: Path, field: str, value: float) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch()
    given = {"host": "http://127.0.0.1:1", "kubeconfig": kubeconfig, "reports": tmp_path, field: value}
    with pytest.raises(ValidationError, match=field):
        ComparisonOptions.model_validate(given)


SCALED_OBJECT = {
    "spec": {
        "pollingInterval": 5,
        "fallback": {"failureThreshold": 1, "replicas": 1},
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 15}}}},
        "triggers": [{"type": "prometheus", "metadata": {"serverAddress": "http://prometheus:9090", "query": "q"}}],
    }
}
SHAPE = ScaledShape(
    watched=WatchedShape(name="map", namespace="n", autoscaler="h"),
    revision="1",
    scaled_object=SCALED_OBJECT,
    autoscaler={},
)


def test_the_defaults_count_what_waits_at_a_scrape_of_30_seconds() -> None:
    spec = changes(SHAPE, threshold=8)["spec"]
    (trigger,) = spec["triggers"]
    assert trigger["metadata"]["query"] == 'sum(last_over_time(patchbay_horizon_length{shape="map"}[30s:30s]))'
    assert trigger["metadata"]["threshold"] == "8"
    assert (spec["pollingInterval"], trigger.get("useCachedMetrics")) == (30, None)
    assert (
        spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 15
    )


def test_what_is_put_back_is_each_field_that_was_changed_as_it_was_found() -> None:
    scaling = changes(SHAPE, threshold=8)
    scaled_object, deployment = given_back(SHAPE, grace(85), scaling)
    spec = scaled_object.body["spec"]
    assert [spec[key] for key in ("pollingInterval", "fallback", "triggers")] == [
        SCALED_OBJECT["spec"][key] for key in ("pollingInterval", "fallback", "triggers")
    ]
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior == {
        "scaleUp": None,
        "scaleDown": {"stabilizationWindowSeconds": 15, "tolerance": None, "policies": None},
    }
    assert scaled_object.path == "/apis/keda.sh/v1alpha1/namespaces/n/scaledobjects/shape-map"
    assert deployment.body == grace(85)
    assert deployment.path == "/apis/apps/v1/namespaces/n/deployments/shape-map"


def test_a_long_process_outlasts_what_a_pod_has_by_default_and_not_what_a_worker_has(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch()
    options = ComparisonOptions(host="http://127.0.0.1:1", kubeconfig=kubeconfig, reports=tmp_path)
    assert GRACE_SECONDS < options.long_seconds < grace_seconds(CATALOG[STEERED_SHAPE])


@pytest.mark.parametrize(
    ("status", "done"),
    [({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}, False),
     ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "readyReplicas": 2}, False),
     ({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}, True)],
    ids=["not-seen-yet", "the-old-pod-is-there", "done"],
)  # fmt: skip
def test_a_shape_has_taken_up_the_change_when_its_newest_pods_alone_are_ready(
    status: dict[str, int], done: bool
) -> None:
    assert rolled_out({"metadata": {"generation": 2}, "status": status}) is done


def test_the_hpa_s_target_tells_when_keda_has_followed() -> None:
    metric = {"type": "External", "external": {"target": {"type": "AverageValue", "averageValue": "8"}}}
    assert target({"spec": {"metrics": [metric]}}) == "8"
    assert target({"spec": {}}) is None
