"""Nodes are asked for when pods need them, in the right group and number."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from patchbay_standins.cluster_autoscaler import pending, scale_up
from patchbay_standins.cluster_autoscaler.aws.groups import NodeGroup
from patchbay_standins.cluster_autoscaler.expander import Expander, Option, Strategy
from patchbay_standins.cluster_autoscaler.fit.snapshot import Snapshot
from patchbay_standins.cluster_autoscaler.objects import DaemonSet, Node, Pod
from patchbay_standins.cluster_autoscaler.sample_nodes import daemon_pods
from patchbay_standins.cluster_autoscaler.scale_up import Offer, Plan
from patchbay_standins.cluster_autoscaler.similar import are_similar, balance

from tests.standins.cluster_autoscaler.made import (
    HOST_KEY,
    WALL,
    ZONE_KEY,
    group,
    node,
    options,
    place,
    pod,
    snapshot,
    unschedulable,
)

BYPASS = "--bypassed-scheduler-names=default-scheduler"


def offer(of: NodeGroup | None = None, like: Node | None = None, *running: Pod, refusal: str | None = None) -> Offer:
    return Offer(of or group(), place(like or node("sample"), *running), refusal)


def first_that_is_preferred(options: Sequence[Option]) -> Sequence[Option]:
    return [option for option in options if "preferred" in option.group.name] or options


def planned(
    pods: list[Pod],
    *offers: Offer,
    cluster: Snapshot | None = None,
    flags: tuple[str, ...] = (),
    room: int = 100,
    by_priority: Strategy = first_that_is_preferred,
) -> Plan:
    chosen = options(*flags)
    expander = Expander(chosen.expander, by_priority)
    return scale_up.plan(pods, offers, cluster or snapshot(), expander, options=chosen, room=room)


def test_as_many_nodes_are_asked_for_as_the_pods_need() -> None:
    plan = planned([pod(cpu="400m") for _ in range(5)], offer(group(desired=1)))
    assert plan.sizes == {"flows": 4}
    assert len(plan.helped["flows"]) == 5
    assert not plan.refused


def test_small_pods_fill_what_large_ones_leave() -> None:
    plan = planned([pod(cpu="700m"), pod(cpu="700m"), pod(cpu="300m"), pod(cpu="300m")], offer(group(desired=0)))
    assert plan.sizes == {"flows": 2}


def test_a_group_grows_no_further_than_its_maximum() -> None:
    plan = planned([pod("a", cpu="900m"), pod("b", cpu="900m"), pod("c", cpu="900m")], offer(group(desired=1, high=3)))
    assert plan.sizes == {"flows": 3}
    ((_, reason),) = plan.refused
    assert reason == "1 max node group size reached"


def test_the_whole_cluster_grows_no_further_than_its_maximum() -> None:
    plan = planned([pod(cpu="900m") for _ in range(3)], offer(group(desired=1)), room=1)
    assert plan.sizes == {"flows": 2}
    assert {reason for _, reason in plan.refused} == {"1 max total nodes in cluster reached"}


def test_a_pod_that_no_group_can_take_is_told_why() -> None:
    plan = planned(
        [pod(cpu="1500m")],
        offer(group("small")),
        offer(group("tainted"), node(taints=[{"key": "pool", "value": "x", "effect": "NoSchedule"}])),
        offer(group("paused"), refusal="in backoff after failed scale-up"),
    )
    assert not plan.sizes
    ((_, reason),) = plan.refused
    assert reason == (
        "1 Insufficient cpu, 1 in backoff after failed scale-up, 1 node(s) had untolerated taint {pool: x}"
    )


def test_pods_of_different_groups_get_a_node_each() -> None:
    flows, system = node("f", labels={"pool": "flows"}), node("s", labels={"pool": "system"})
    pods = [pod(spec={"nodeSelector": {"pool": pool}}) for pool in ("flows", "system")]
    plan = planned(pods, offer(group("flows"), flows), offer(group("system"), system))
    assert plan.sizes == {"flows": 2, "system": 2}


def test_what_runs_on_every_node_leaves_less_room() -> None:
    pods = [pod(cpu="500m"), pod(cpu="500m")]
    assert planned(pods, offer(group(desired=0))).sizes == {"flows": 1}
    assert planned(pods, offer(group(desired=0), node("sample"), pod(cpu="100m"))).sizes == {"flows": 2}


def test_pods_that_repel_each_other_get_a_node_each() -> None:
    term = {"topologyKey": HOST_KEY, "labelSelector": {"matchLabels": {"app": "x"}}}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    pods = [pod(labels={"app": "x"}, spec={"affinity": affinity}) for _ in range(3)]
    assert planned(pods, offer(group(desired=0))).sizes == {"flows": 3}


def test_a_spread_over_zones_brings_the_node_to_the_zone_that_lacks_pods() -> None:
    constraint = {
        "maxSkew": 1,
        "topologyKey": ZONE_KEY,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "x"}},
    }
    full = place(node(zone="a"), pod(labels={"app": "x"}, cpu="900m"))
    other = place(node(zone="b"), pod(cpu="950m"))
    waiting = pod(labels={"app": "x"}, spec={"topologySpreadConstraints": [constraint]})
    offers = (offer(group("in-a"), node(zone="a")), offer(group("in-b"), node(zone="b")))
    assert planned([waiting], *offers, cluster=snapshot(full, other)).sizes == {"in-b": 2}


def test_the_least_waste_decides_between_groups() -> None:
    large, small = node(resources={"cpu": "8", "memory": "16Gi"}), node()
    plan = planned([pod(cpu="900m", memory="1900Mi")], offer(group("large"), large), offer(group("small"), small))
    assert plan.sizes == {"small": 2}


def test_the_most_pods_decide_where_that_is_wanted() -> None:
    large, small = node(resources={"cpu": "8", "memory": "16Gi"}), node()
    pods = [pod(cpu="900m", memory="1900Mi"), pod(cpu="6")]
    plan = planned(pods, offer(group("large"), large), offer(group("small"), small), flags=("--expander=most-pods",))
    assert plan.sizes == {"large": 2}


PRIORITY_FIRST = ("--expander=priority,least-waste",)


def test_the_preferred_group_grows_until_it_is_full_and_then_the_next_one() -> None:
    pods = [pod(cpu="900m") for _ in range(3)]
    offers = (offer(group("other", desired=0)), offer(group("preferred", desired=0, high=2)))
    assert planned(pods, *offers, flags=PRIORITY_FIRST).sizes == {"preferred": 2, "other": 1}


def test_among_equally_preferred_groups_the_next_expander_decides() -> None:
    large = node(resources={"cpu": "8", "memory": "16Gi"})
    offers = (offer(group("preferred-large"), large), offer(group("preferred-small")), offer(group("other")))
    assert planned([pod(cpu="900m")], *offers, flags=PRIORITY_FIRST).sizes == {"preferred-small": 2}


def test_nothing_grows_where_the_expander_leaves_no_group() -> None:
    plan = planned([pod()], offer(), flags=PRIORITY_FIRST, by_priority=lambda _: ())
    assert not plan.sizes
    assert [reason for _, reason in plan.refused] == ["the expander chose no group"]


def test_similar_groups_are_kept_equally_large() -> None:
    pods = [pod(cpu="900m") for _ in range(4)]
    offers = [offer(group(name, desired=size), node(zone=name)) for name, size in (("a", 2), ("b", 0), ("c", 1))]
    plan = planned(pods, *offers, flags=("--balance-similar-node-groups",))
    assert sorted(plan.sizes.values()) == [2, 2, 3] or plan.sizes == {"b": 2, "c": 2, "a": 3}
    assert sum(plan.sizes.get(item.group.name, item.group.desired) for item in offers) == 7


def test_a_group_that_is_full_leaves_its_share_to_the_others() -> None:
    assert balance(4, {"a": 0, "b": 0}, {"a": 1, "b": 6}) == {"a": 1, "b": 3}
    assert balance(4, {"a": 0}, {"a": 1}) == {"a": 1}


def test_groups_are_similar_unless_more_than_their_zone_differs() -> None:
    one, two = node(zone="a", labels={"pool": "flows"}), node(zone="b", labels={"pool": "flows"})
    other, larger = node(labels={"pool": "system"}), node(labels={"pool": "flows"}, resources={"cpu": "2"})
    plain = options()
    assert are_similar(one, two, plain)
    assert not are_similar(one, other, plain)
    assert not are_similar(one, larger, plain)
    assert are_similar(one, other, options("--balancing-ignore-label=pool"))
    assert are_similar(one, larger, options("--balancing-label=pool"))


def _daemon_set(**spec: object) -> DaemonSet:
    return DaemonSet.model_validate(
        {"metadata": {"name": "agent", "namespace": "kube-system"}, "spec": {"template": {"spec": spec}}}
    )


def test_a_new_node_starts_with_the_pods_of_the_daemon_sets_that_want_it() -> None:
    tainted = node(taints=[{"key": "pool", "effect": "NoSchedule"}])
    assert len(daemon_pods(node(), [_daemon_set()])) == 1
    assert not daemon_pods(node(), [_daemon_set(nodeSelector={"pool": "x"})])
    assert not daemon_pods(tainted, [_daemon_set()])
    assert len(daemon_pods(tainted, [_daemon_set(tolerations=[{"operator": "Exists"}])])) == 1


def test_only_pods_that_the_scheduler_refused_wait_for_a_node() -> None:
    gated = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]}
    waiting = unschedulable("waiting")
    bound, of_a_node = unschedulable().on("node"), unschedulable(owner="DaemonSet")
    pods = [waiting, pod(), pod(status=gated), unschedulable(deleted=WALL), bound, of_a_node]
    found = pending.find(pods, options(), WALL)
    assert (found.unschedulable, found.unprocessed) == ((waiting,), ())


def test_a_bypassed_schedulers_pods_wait_before_it_has_seen_them() -> None:
    fresh, foreign = pod("fresh", age=0), pod("foreign", spec={"schedulerName": "other"})
    gated = pod(status={"conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]})
    assert pending.find([fresh, foreign, gated], options(BYPASS), WALL).unprocessed == (fresh,)


def test_pods_below_the_cutoff_bring_no_node() -> None:
    low, at_cutoff = unschedulable(spec={"priority": -11}), unschedulable(spec={"priority": -10})
    assert pending.find([low, at_cutoff], options(), WALL).unschedulable == (at_cutoff,)


@pytest.mark.parametrize(("age", "annotation", "counts"), [(29, None, False), (31, None, True), (31, "1m", False)])
def test_new_pods_are_given_time_where_a_delay_is_set(age: int, annotation: str | None, counts: bool) -> None:
    annotations = {pending.DELAY_ANNOTATION: annotation} if annotation else {}
    young = unschedulable(age=age, annotations=annotations)
    found = pending.find([young], options("--new-pod-scale-up-delay=30s"), WALL)
    assert bool(found.unschedulable) is counts


def test_the_first_pods_of_many_are_not_answered_before_the_others_are_there() -> None:
    young, old = unschedulable(age=1), unschedulable(age=3)
    assert pending.are_all_young([young], options(), WALL)
    assert not pending.are_all_young([young, old], options(), WALL)
    assert not pending.are_all_young([young], options(BYPASS), WALL)


def test_a_pod_that_waits_for_others_to_leave_brings_no_node_but_takes_the_room() -> None:
    leaving = pod(cpu="900m", spec={"priority": -5}, deleted=WALL)
    cluster = snapshot(place(node("full"), leaving))
    promised = unschedulable(cpu="800m")
    promised = promised.model_copy(
        update={"status": promised.status.model_copy(update={"nominated_node_name": "full"})}
    )
    assert pending.without_preempting([promised], cluster) == []
    assert cluster["full"].used["cpu"] == 800


def test_a_pod_promised_to_a_node_that_is_gone_counts_again() -> None:
    promised = unschedulable()
    promised = promised.model_copy(
        update={"status": promised.status.model_copy(update={"nominated_node_name": "gone"})}
    )
    assert pending.without_preempting([promised], snapshot(node("other"))) == [promised]


def test_one_scale_up_adds_no_more_than_it_may() -> None:
    pods = [pod(cpu="900m") for _ in range(5)]
    plan = planned(pods, replace(offer(group(desired=0)), refusal=None), flags=("--max-nodes-per-scaleup=2",), room=3)
    assert plan.sizes == {"flows": 3}
