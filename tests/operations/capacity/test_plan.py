"""A plan adds up, is the same for the same seed, and names what stands in its way."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import patchbay_operations.capacity as room
import pytest
from patchbay_operations.capacity.chart import plan_png
from patchbay_operations.capacity.machines import load_machines
from patchbay_operations.capacity.plan import Plan, make_plan
from patchbay_operations.capacity.profile import Profile, load_profile
from patchbay_operations.capacity.stack_file import load_environment
from patchbay_operations.capacity.timing import Timing

from tests.operations.capacity.environments import BURSTS, environment, group, planned, profile

NATIVE = Path(room.__file__).parent / "native"
REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned(environment(headroom=5))


def test_every_process_is_done_waiting_or_running_in_the_end(plan: Plan) -> None:
    for shape in plan.shapes:
        assert shape.arrived == shape.done + shape.waiting_at_end + shape.running_at_end
        assert shape.done > 0


def test_the_cost_is_the_sum_of_all_nodes_hours_by_their_prices(plan: Plan) -> None:
    assert [item.group for item in plan.cost.items] == ["flows-on-demand", "system"]
    for item in plan.cost.items:
        assert item.usd == pytest.approx(item.node_hours * item.usd_per_hour, abs=0.01)
    assert plan.cost.usd == pytest.approx(sum(item.usd for item in plan.cost.items), abs=0.01)
    hours = [after - before for before, after in pairwise([*plan.series.hour, plan.hours])]
    over_time = sum(usd * hour for usd, hour in zip(plan.series.usd_per_hour, hours, strict=True))
    assert over_time == pytest.approx(plan.cost.usd, rel=0.01)


def test_the_same_seed_gives_the_same_plan_and_another_one_another(plan: Plan) -> None:
    assert planned(environment(headroom=5)) == plan
    assert planned(environment(headroom=5), seed=2) != plan


def test_more_headroom_never_lengthens_the_wait() -> None:
    plans = [planned(environment(headroom=placeholders)) for placeholders in (0, 4, 10, 30)]
    waits = [plan.wait_seconds.mean for plan in plans]
    assert waits == sorted(waits, reverse=True)
    assert waits[-1] < waits[0]
    pending = [plan.longest_pending_seconds for plan in plans]
    assert pending == sorted(pending, reverse=True)


def test_a_full_node_group_is_named_with_its_field() -> None:
    found = planned(environment(group(max_nodes=2)))
    assert "patchbay:infra.clusters.example.flows.onDemand.maxSize" in {limit.field for limit in found.warnings}
    assert found.peak_nodes == 2


def test_a_shape_at_its_maximum_is_named_with_the_pods_that_its_busiest_minute_takes() -> None:
    load = profile(http_connector={**BURSTS, "pods": {"maxPods": 10}})
    (limit,) = [limit for limit in planned(environment(), load).warnings if "maxPods" in limit.field]
    assert limit.field == "the profile's shapes.http-connector.pods.maxPods"
    # 100 processes a second of 1.5 s each, and three standard deviations: 186 processes.
    assert "raise it to 24," in limit.remedy


def test_too_small_a_headroom_is_named_with_one_that_is_large_enough() -> None:
    few = planned(environment(headroom=2))
    (limit,) = [limit for limit in few.warnings if limit.field == "patchbay:platform.headroom.pods"]
    enough = int(limit.remedy.split()[3])
    assert few.longest_pending_seconds > 0
    assert planned(environment(headroom=enough)).longest_pending_seconds == 0


def test_waits_grow_with_the_time_that_a_node_takes_to_start() -> None:
    load = profile(http_connector=BURSTS)
    slow, quick = (make_plan(load, environment(), Timing(node_start_seconds=seconds), seed=1) for seconds in (300, 10))
    assert slow.wait_seconds.mean > quick.wait_seconds.mean
    assert slow.longest_pending_seconds > quick.longest_pending_seconds


def test_a_larger_group_is_not_dearer_than_what_runs_on_it(plan: Plan) -> None:
    wider = planned(environment(group(max_nodes=40), headroom=5))
    assert wider.cost == plan.cost


def test_the_chart_is_a_picture_with_all_groups() -> None:
    spot = group(name="flows-spot", template="spot", capacity="spot", usd_per_hour=0.04)
    both = planned(environment(group(), spot))
    assert plan_png(both).startswith(b"\x89PNG")
    assert set(both.series.nodes_paid_by_group) == {"flows-on-demand", "flows-spot"}


@pytest.mark.parametrize("path", sorted((NATIVE / "profiles").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_profile_gives_a_plan(path: Path) -> None:
    stack = NATIVE / "stacks" / path.name
    on = load_environment(stack if stack.exists() else REPOSITORY / "Pulumi.staging.yaml", load_machines(None))
    example = load_profile(path)
    # All of its shape over time in ten minutes.
    plan = make_plan(example.model_copy(update={"hours": 1 / 6}), on, Timing(), seed=1)
    assert all(shape.arrived > 0 for shape in plan.shapes)


def test_a_thousand_nodes_with_tens_of_thousands_of_pods_are_planned() -> None:
    on = load_environment(NATIVE / "stacks" / "thousand-nodes.yaml", load_machines(None))
    on = replace(on, groups=tuple(replace(each, min_nodes=0) for each in on.groups))
    busy = load_profile(NATIVE / "profiles" / "thousand-nodes.yaml").model_copy(update={"hours": 1 / 6})
    plan = make_plan(busy, on, Timing(), seed=1)
    assert plan.peak_nodes > 900
    assert plan.peak_pods > 40_000
    assert all(shape.waiting_at_end < 1_000_000 for shape in plan.shapes)


@pytest.mark.parametrize(
    ("stack", "cluster"), [("staging", None), ("production", "shared"), ("production", "dedicated")]
)
def test_the_environments_window_keeps_short_processes_from_losing_pods_that_they_need(
    stack: str, cluster: str | None
) -> None:
    load = {"perMinute": {"curve": "steady", "base": 36_000}, "seconds": {"mean": 0.05, "p95": 0.12}}
    short = Profile.model_validate({"name": "short", "hours": 1, "shapes": {"map": {**load, "pods": {"maxPods": 40}}}})
    on = load_environment(REPOSITORY / f"Pulumi.{stack}.yaml", load_machines(None), cluster=cluster)
    narrow = replace(on, path=replace(on.path, scale_down=30))
    (own,), (less,) = (make_plan(short, each, Timing(), seed=1).shapes for each in (on, narrow))
    assert less.scale_downs_undone > 4 * own.scale_downs_undone
    assert own.peak_pods <= less.peak_pods
