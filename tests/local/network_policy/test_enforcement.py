"""Every node has the rules of the cluster's policies, and nothing but a node gets them."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from patchbay_local.kubernetes.network_policy.enforcement import Enforcement, apply
from patchbay_local.kubernetes.network_policy.objects import Pod, Policy
from patchbay_local.kubernetes.network_policy.ruleset import TABLE, Cluster, ruleset
from patchbay_local.machine.processes import ProcessId
from patchbay_local.machine.programs import HostError, run

from tests.local.network_policy.cases import ALL, PODS, policy
from tests.local.network_policy.lab import Endpoint
from tests.waiting import until

CLOSED = Cluster([Policy.of(policy("shop", ALL, ingress=[]))], [Pod.of(spec.document) for spec in PODS], {})
OPEN = replace(CLOSED, policies=[])


@pytest.fixture
def node() -> Iterator[Endpoint]:
    endpoint = Endpoint("node1", "none")
    yield endpoint
    endpoint.close()


def tables(node: Endpoint) -> list[str]:
    return node.inside("nft", "list", "tables").splitlines()


class World:
    """A cluster and nodes without a network, and what was put on them."""

    def __init__(self) -> None:
        self.cluster: Cluster | None = CLOSED
        self.nodes = {name: ProcessId(pid=number, started_ticks=1) for number, name in enumerate(("node1", "node2"), 1)}
        self.put: list[tuple[int, str]] = []
        self.broken: set[int] = set()
        self.enforcement = Enforcement(lambda: self.cluster, lambda: self.nodes, put=self._put)

    def _put(self, process: ProcessId, rules: str) -> None:
        if process.pid in self.broken:
            raise HostError("no such process")
        self.put.append((process.pid, rules))

    def taken(self) -> list[int]:
        """The nodes that got rules since the last look."""
        self.enforcement.step()
        taken, self.put = [pid for pid, _ in self.put], []
        return taken


def test_each_node_gets_the_rules_of_its_own_pods_once() -> None:
    world = World()
    world.enforcement.step()
    assert world.put == [(1, ruleset(CLOSED, "node1")), (2, ruleset(CLOSED, "node2"))]
    world.put.clear()
    assert world.taken() == []


def test_a_change_reaches_the_nodes_that_it_concerns() -> None:
    world = World()
    assert world.taken() == [1, 2]
    world.cluster = replace(CLOSED, pods=[pod for pod in CLOSED.pods if pod.node != "node2"])
    assert world.taken() == [2]
    world.cluster = OPEN
    assert world.taken() == [1]


def test_a_node_that_was_started_anew_gets_its_rules_again() -> None:
    world = World()
    assert world.taken() == [1, 2]
    world.nodes["node2"] = ProcessId(pid=7, started_ticks=1)
    assert world.taken() == [7]
    del world.nodes["node2"]
    assert world.taken() == []
    world.nodes["node2"] = ProcessId(pid=7, started_ticks=1)
    assert world.taken() == [7]


def test_a_node_that_cannot_be_reached_keeps_no_other_from_its_rules_and_is_tried_again() -> None:
    world = World()
    world.broken = {1}
    assert world.taken() == [2]
    world.broken = set()
    assert world.taken() == [1]


def test_nothing_is_changed_while_the_cluster_is_not_known() -> None:
    world = World()
    world.cluster = None
    assert world.taken() == []


def test_a_failure_of_any_kind_does_not_end_it() -> None:
    world = World()
    nodes, end, changed = world.nodes, threading.Event(), threading.Event()
    calls: list[int] = []

    def failing_at_first() -> dict[str, ProcessId]:
        calls.append(1)
        if len(calls) < 3:
            raise FileNotFoundError("a node's record that has just gone")
        return nodes

    enforcement = Enforcement(lambda: CLOSED, failing_at_first, put=world._put, period_seconds=0.01)
    thread = threading.Thread(target=enforcement.run, args=(changed, end))
    thread.start()
    until(lambda: len(world.put) == 2)
    end.set()
    thread.join()


def test_rules_stay_when_the_enforcement_is_gone(node: Endpoint) -> None:
    apply(node.process, ruleset(CLOSED, "node1"))
    # The namespace keeps them: nothing of ours runs now.
    assert tables(node) == [f"table {TABLE}"]
    assert "drop" in node.inside("nft", "list", "table", *TABLE.split())


def test_rules_take_the_place_of_the_earlier_ones_whole(node: Endpoint) -> None:
    apply(node.process, ruleset(CLOSED, "node1"))
    apply(node.process, ruleset(OPEN, "node1"))
    listed = json.loads(node.inside("nft", "-j", "list", "table", *TABLE.split()))["nftables"]
    assert [item["chain"]["name"] for item in listed if "chain" in item] == ["forward"]


def test_rules_that_are_refused_leave_the_earlier_ones_in_force(node: Endpoint) -> None:
    apply(node.process, ruleset(CLOSED, "node1"))
    before = node.inside("nft", "list", "ruleset")
    with pytest.raises(HostError, match="syntax error"):
        apply(node.process, ruleset(OPEN, "node1") + "nonsense")
    assert node.inside("nft", "list", "ruleset") == before


def test_the_machines_own_filter_is_never_touched() -> None:
    """A node that is being started is in the machine's namespace for a moment."""
    here = ProcessId.of(int(Path("/proc/self").readlink().name))
    assert here
    before = run(["nft", "list", "tables"])
    with pytest.raises(HostError, match="no network namespace of its own"):
        apply(here, ruleset(CLOSED, "node1"))
    assert run(["nft", "list", "tables"]) == before


def test_a_node_that_has_just_ended_is_an_error_that_says_so(node: Endpoint) -> None:
    process = node.process
    node.close()
    with pytest.raises(HostError, match=f"/proc/{process.pid}"):
        apply(process, ruleset(CLOSED, "node1"))


def test_a_protocol_that_this_machine_does_not_speak_is_taken_by_the_filter(node: Endpoint) -> None:
    sctp = policy("shop", ALL, ingress=[{"ports": [{"protocol": "SCTP", "port": 3868, "endPort": 3870}]}])
    apply(node.process, ruleset(replace(CLOSED, policies=[Policy.of(sctp)]), "node1"))
    assert "sctp dport 3868-3870" in node.inside("nft", "list", "ruleset")
