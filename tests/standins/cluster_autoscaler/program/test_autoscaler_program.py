"""The autoscaler against a real API server and an emulated Auto Scaling group."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
import yaml
from patchbay_standins.aws.conditions import Conditions, Limit

from tests.standins.aws.account import Account
from tests.standins.cluster_autoscaler.program.program import BYPASS, Program, running
from tests.standins.cluster_autoscaler.program.world import World, wait_for
from tests.standins.pulumi_plugins.control_plane import ControlPlane

TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler"
STATUS = "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/cluster-autoscaler"


class Setting:
    """A world, and the programs started in it."""

    def __init__(self, plane: ControlPlane, kubernetes: httpx.Client, account: Account, folder: Path) -> None:
        self.kubernetes = kubernetes
        self.opened = ExitStack()
        self._plane = plane
        self._account = account
        self._folder = folder

    def world(self, *, low: int = 0, high: int = 3, desired: int = 0) -> World:
        world = World.make(self.kubernetes, self._account, low=low, high=high, desired=desired)
        self.opened.callback(world.clean_up)
        return world

    def start(self, world: World, *flags: str, bypass: bool = True) -> Program:
        flags = (BYPASS, *flags) if bypass else flags
        return self.opened.enter_context(running(world, self._plane.kubeconfig, self._folder, *flags))


@pytest.fixture
def setting(
    control_plane: ControlPlane, kubernetes: httpx.Client, account: Account, tmp_path: Path
) -> Iterator[Setting]:
    setting = Setting(control_plane, kubernetes, account, tmp_path)
    with setting.opened:
        yield setting


def test_pods_that_fit_nowhere_get_the_nodes_they_need(setting: Setting) -> None:
    world = setting.world()
    assert world.desired() == 0
    pods = [world.make_pod(cpu="600m") for _ in range(2)]  # before the program: one scan is to see both
    program = setting.start(world)
    wait_for(lambda: world.desired() == 2, f"two nodes; {program.log()}")
    # Told after the capacity is set.
    wait_for(lambda: all("TriggeredScaleUp" in world.events(pod) for pod in pods), f"the events; {program.log()}")
    nodes = world.join(2)
    for pod, node in zip(pods, nodes, strict=True):
        assert f"{world.name} 0->2 (max: 3)" in world.events(pod)["TriggeredScaleUp"]
        world.bind(pod, node)
    program.wait_for_scans(3)
    assert world.desired() == 2
    assert program.metric("cluster_autoscaler_scaled_up_nodes_total") == 2
    assert program.metric('cluster_autoscaler_nodes_count{state="ready"}') == 2


def test_a_scheduler_that_is_not_bypassed_is_waited_for(setting: Setting) -> None:
    world = setting.world()
    program = setting.start(world, bypass=False)
    pod = world.make_pod()
    program.wait_for_scans(3)
    assert world.desired() == 0
    world.refuse(pod)
    wait_for(lambda: world.desired() == 1, f"a node; {program.log()}")


def test_a_pod_too_large_for_any_node_brings_none_and_is_told_why(setting: Setting) -> None:
    world = setting.world()
    setting.start(world)
    pod = world.make_pod(cpu="2")
    wait_for(lambda: "NotTriggerScaleUp" in world.events(pod), "the event")
    assert "Insufficient cpu" in world.events(pod)["NotTriggerScaleUp"]
    assert world.desired() == 0


def test_a_group_grows_to_its_maximum_and_no_further(setting: Setting) -> None:
    world = setting.world(high=1)
    pods = [world.make_pod(cpu="600m") for _ in range(2)]
    setting.start(world)
    wait_for(lambda: any("NotTriggerScaleUp" in world.events(pod) for pod in pods), "the event")
    assert world.desired() == 1


def test_the_group_with_the_highest_priority_grows_first_and_a_change_counts_at_once(setting: Setting) -> None:
    world = setting.world(high=5)
    spot = f"{world.name}-spot"
    world.make_group(spot, low=0, high=1, desired=0)
    world.prioritise('{20: ["-spot$"], 10: [".*"]}')
    program = setting.start(world, "--expander=priority,least-waste", "--scale-down-enabled=false")
    for _ in range(3):
        world.make_pod(cpu="600m")
    wait_for(lambda: world.desired() == 2, f"what the first group has no room for; {program.log()}")
    assert world.desired(spot) == 1
    world.prioritise(None)
    waiting = world.make_pod(cpu="600m")
    wait_for(lambda: "NotTriggerScaleUp" in world.events(waiting), "the event")
    assert "the expander chose no group" in world.events(waiting)["NotTriggerScaleUp"]
    assert world.desired() == 2
    world.prioritise('{10: [".*"]}')
    wait_for(lambda: world.desired() == 3, f"the group that has a priority again; {program.log()}")


def test_idle_nodes_are_given_back_down_to_the_minimum(setting: Setting) -> None:
    world = setting.world(low=1, desired=3)
    world.join(3)
    program = setting.start(world)
    wait_for(lambda: world.desired() == 1 and len(world.instances()) == 1, f"one node; {program.log()}")
    program.wait_for_scans(3)
    assert world.desired() == 1
    assert program.metric('cluster_autoscaler_scaled_down_nodes_total{reason="empty"}') == 2
    (left,) = world.instances()
    assert TO_BE_DELETED not in world.taints(left)


def test_a_node_whose_annotation_forbids_it_is_not_removed(setting: Setting) -> None:
    world = setting.world(desired=1)
    world.join(1, annotations={"cluster-autoscaler.kubernetes.io/scale-down-disabled": "true"})
    program = setting.start(world)
    wait_for(lambda: 'reason="ScaleDownDisabledAnnotation"} 1.0' in program.get("/metrics"), "the node to be looked at")
    program.wait_for_scans(10)
    assert world.desired() == 1


def test_a_node_is_drained_once_the_disruption_budget_has_room(setting: Setting) -> None:
    world = setting.world(low=1, desired=2)
    first, second = world.join(2)
    (pod,) = world.make_replicas("guarded", 1)
    world.make_budget("guarded", allowed=0)
    world.bind(pod, first)
    world.bind(world.make_pod(cpu="700m"), second)
    program = setting.start(world)
    wait_for(lambda: 'reason="NotEnoughPdb"} 1.0' in program.get("/metrics"), f"the budget; {program.log()}")
    program.wait_for_scans(8)
    assert world.instances() == sorted([first, second])
    assert pod in [item["metadata"]["name"] for item in world.pods(app="guarded")]
    world.allow("guarded", 1)
    wait_for(lambda: world.instances() == [second], f"the drain; {program.log()}")
    assert world.desired() == 1
    assert pod not in [item["metadata"]["name"] for item in world.pods(app="guarded")]
    assert program.metric('cluster_autoscaler_evicted_pods_total{eviction_result="success"}') == 1


def test_an_eviction_that_the_api_server_refuses_is_tried_again(setting: Setting) -> None:
    """Two pods, one of which may be away at a time: the second waits for the first one's replacement."""
    world = setting.world(low=1, desired=2)
    first, second = world.join(2)
    pods = world.make_replicas("pair", 2)
    world.make_budget("pair", allowed=1)
    for pod in pods:
        world.bind(pod, first)
    world.bind(world.make_pod(cpu="700m"), second)
    program = setting.start(world)
    wait_for(lambda: "is not evicted yet" in program.log(), f"the refusal; {program.log()}")
    assert world.instances() == sorted([first, second])
    world.allow("pair", 1)
    wait_for(lambda: world.instances() == [second], f"the drain; {program.log()}")


def test_a_drain_that_fails_leaves_the_node_usable(setting: Setting) -> None:
    world = setting.world(low=1, desired=2)
    first, second = world.join(2)
    pods = world.make_replicas("stuck", 2)
    world.make_budget("stuck", allowed=1)
    for pod in pods:
        world.bind(pod, first)
    world.bind(world.make_pod(cpu="700m"), second)
    program = setting.start(world, "--max-pod-eviction-time=1s", "--cordon-node-before-terminating=true")
    wait_for(lambda: "stays: default/" in program.log(), f"the failure; {program.log()}")
    wait_for(lambda: TO_BE_DELETED not in world.taints(first), "the taint to go")
    assert not world.node(first)["spec"].get("unschedulable")
    assert world.instances() == sorted([first, second])


def test_pods_that_may_not_be_moved_keep_their_node(setting: Setting) -> None:
    world = setting.world(desired=2)
    first, _ = world.join(2)
    world.bind(world.make_pod(cpu="100m"), first)
    program = setting.start(world)
    wait_for(lambda: world.instances() == [first], f"the empty node to go; {program.log()}")
    wait_for(lambda: 'reason="NotReplicated"} 1.0' in program.get("/metrics"), f"the reason; {program.log()}")
    program.wait_for_scans(8)
    assert world.instances() == [first]


def test_taints_of_a_program_that_was_ended_are_taken_away(setting: Setting) -> None:
    world = setting.world(low=1, desired=1)
    (name,) = world.join(1)
    taint = {"key": TO_BE_DELETED, "value": "1", "effect": "NoSchedule"}
    node = world.node(name)
    node["spec"]["taints"] = [taint]
    setting.kubernetes.put(f"/api/v1/nodes/{name}", json=node).raise_for_status()
    setting.start(world)
    wait_for(lambda: TO_BE_DELETED not in world.taints(name), "the taint to go")


def test_an_instance_that_never_becomes_a_node_is_ended(setting: Setting) -> None:
    world = setting.world()
    program = setting.start(world, "--max-node-provision-time=2s")
    world.make_pod()
    # The capacity of one lasts two seconds; what was asked for is counted for good.
    wait_for(lambda: program.metric("cluster_autoscaler_scaled_up_nodes_total") == 1, f"a node; {program.log()}")
    wait_for(lambda: world.desired() == 0, f"the end of the instance; {program.log()}")
    assert program.metric('cluster_autoscaler_failed_scale_ups_total{reason="timeout"}') == 1
    program.wait_for_scans(5)
    assert world.desired() == 0  # the group is left alone for a while


def test_a_group_that_gets_no_instance_is_left_alone_for_a_while(setting: Setting) -> None:
    world = setting.world()
    conditions = Conditions(world.account.url)
    setting.opened.callback(conditions.set_capacity)
    conditions.set_capacity(Limit(more=0))
    program = setting.start(world, "--initial-node-group-backoff-duration=3s", "--emit-per-nodegroup-metrics=true")
    failures = 'cluster_autoscaler_failed_scale_ups_total{reason="cloudProviderError"}'
    world.make_pod()
    wait_for(lambda: program.metric(failures) >= 1, f"the failure; {program.log()}")
    wait_for(lambda: world.desired() == 0, f"the lowered capacity; {program.log()}")
    conditions.set_capacity()
    failed = program.metric(failures)
    wait_for(lambda: world.desired() == 1, f"the next try; {program.log()}")
    world.join(1)
    target = f'cluster_autoscaler_node_group_target_count{{node_group="{world.name}"}}'
    wait_for(lambda: program.metric(target) == 1, "the metric")
    assert program.metric(failures) in (failed, failed + 1)  # an attempt may have been under way
    attempts = program.times_of(f"setting desired capacity of {world.name} to 1")
    assert len(attempts) >= 2
    assert all((later - earlier).total_seconds() >= 3 for earlier, later in pairwise(attempts)), attempts


def test_the_status_tells_how_the_groups_stand(setting: Setting) -> None:
    world = setting.world(low=1, desired=1)
    world.join(1)
    setting.start(world)

    def status() -> dict[str, dict[str, object]]:
        data = setting.kubernetes.get(STATUS).json()["data"]["status"]
        (group,) = yaml.safe_load(data)["nodeGroups"]
        assert group["name"] == world.name
        found: dict[str, dict[str, object]] = group
        return found

    wait_for(lambda: setting.kubernetes.get(STATUS).status_code == 200, "the status")
    wait_for(lambda: status()["scaleDown"]["status"] == "CandidatesPresent", "a candidate")
    health = status()["health"]
    assert health["status"] == "Healthy"
    assert (health["cloudProviderTarget"], health["minSize"], health["maxSize"]) == (1, 1, 3)
    assert status()["scaleUp"]["status"] == "NoActivity"


def test_a_second_replica_waits_for_the_lease_and_takes_over(setting: Setting) -> None:
    world = setting.world()
    first = setting.start(world)
    holder = setting.kubernetes.get(LEASE).json()["spec"]["holderIdentity"]
    assert holder
    assert first.get("/health-check") == "OK"
    assert first.stop() == 0
    assert setting.kubernetes.get(LEASE).json()["spec"]["holderIdentity"] == ""
    second = setting.start(world)
    assert setting.kubernetes.get(LEASE).json()["spec"]["holderIdentity"] not in ("", holder)
    assert second.scans() >= 1
