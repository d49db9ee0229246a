"""What is known of groups: their nodes, what a new one would be, and whether they may grow."""

import pytest
from patchbay_standins.cluster_autoscaler.aws.groups import NodeGroup
from patchbay_standins.cluster_autoscaler.aws.instance_types import Size, UnknownInstanceTypeError, by_name
from patchbay_standins.cluster_autoscaler.aws.templates import template_node
from patchbay_standins.cluster_autoscaler.backoff import Backoff
from patchbay_standins.cluster_autoscaler.group_options import options_of
from patchbay_standins.cluster_autoscaler.objects import Node, Taint
from patchbay_standins.cluster_autoscaler.state import GroupState, Registrations

from tests.standins.cluster_autoscaler.made import WALL, group, instance, node, options

PREFIX = "k8s.io/cluster-autoscaler/node-template"
GIB = 1024**3


def states(of: NodeGroup, *nodes: Node, at: float = 0, known: Registrations | None = None) -> GroupState:
    found = (known or Registrations()).states({of.name: of}, nodes, {of.name: options_of(of, options())}, at, WALL)
    return found[of.name]


def test_what_was_asked_for_is_on_its_way_until_it_is_ready() -> None:
    of = group(desired=5, instances=(instance("i-1"), instance("i-2"), instance("i-3"), instance("i-4", "Pending")))
    young = node("i-2", ready=False, age=30)
    old = node("i-3", ready=False, age=3600)
    found = states(of, node("i-1"), young, old)
    assert (found.ready[0].name, found.starting, found.unready) == ("i-1", (young,), (old,))
    assert [item.id for item in found.unregistered] == ["i-4"]
    assert found.upcoming == 3  # one that starts, one that is no node yet, one that is no instance yet


def test_a_young_node_that_is_not_heard_of_any_more_is_not_on_its_way() -> None:
    lost = node("i-1", ready=False, age=30, reason="NodeStatusUnknown")
    assert states(group(instances=(instance("i-1"),)), lost).unready == (lost,)


def test_a_node_that_no_controller_has_looked_at_is_not_ready() -> None:
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    assert states(group(instances=(instance("i-1"),)), node("i-1", age=5, taints=[taint])).upcoming == 1


def test_an_instance_that_takes_too_long_is_no_longer_on_its_way() -> None:
    of, known = group(instances=(instance("i-1"),)), Registrations()
    assert states(of, at=0, known=known).upcoming == 1
    assert states(of, at=900, known=known).upcoming == 1
    late = states(of, at=901, known=known)
    assert (late.upcoming, len(late.late)) == (0, 1)


def test_nodes_that_go_count_neither_as_ready_nor_as_missing() -> None:
    marked = node("i-1", taints=[{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}])
    of = group(desired=1, instances=(instance("i-1"), instance("i-2", "Terminating")))
    found = states(of, marked, node("i-2"))
    assert {item.name for item in found.leaving} == {"i-1", "i-2"}
    assert (found.ready, found.upcoming) == ((), 0)


def test_a_new_node_is_told_from_the_instance_type_and_the_groups_tags() -> None:
    tags = {
        f"{PREFIX}/label/pool": "flows",
        f"{PREFIX}/taint/pool": "flows:NoSchedule",
        f"{PREFIX}/resources/ephemeral-storage": "20Gi",
    }
    found = template_node(group(tags=tags), "c7a.medium", Size(1, 2 * GIB), {})
    assert found.status.allocatable == {"cpu": 1000, "memory": 2 * GIB, "pods": 110, "ephemeral-storage": 20 * GIB}
    assert found.spec.taints == (Taint(key="pool", value="flows", effect="NoSchedule"),)
    labels = found.labels
    assert (labels["pool"], labels["kubernetes.io/arch"]) == ("flows", "amd64")
    assert labels["node.kubernetes.io/instance-type"] == "c7a.medium"
    assert labels["topology.kubernetes.io/zone"] == "eu-central-1a"
    assert labels["topology.kubernetes.io/region"] == "eu-central-1"


def test_a_managed_node_groups_labels_and_taints_count() -> None:
    managed = {
        "nodegroupName": "flows",
        "labels": {"pool": "flows"},
        "taints": [{"key": "pool", "value": "flows", "effect": "NO_SCHEDULE"}],
        "tags": {f"{PREFIX}/resources/example.com/device": "2"},
    }
    found = template_node(group(), "m7g.large", Size(2, 8 * GIB), managed)
    assert found.labels["pool"] == "flows"
    assert found.labels["eks.amazonaws.com/nodegroup"] == "flows"
    assert found.labels["kubernetes.io/arch"] == "arm64"
    assert found.spec.taints[0].effect == "NoSchedule"
    assert found.status.allocatable["example.com/device"] == 2


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("c7a.medium", Size(1, 2 * GIB)),
        ("m7i.large", Size(2, 8 * GIB)),
        ("r6g.4xlarge", Size(16, 128 * GIB)),
        ("t3.micro", Size(2, GIB)),
        ("t4g.xlarge", Size(4, 16 * GIB)),
    ],
)
def test_the_static_list_knows_the_common_series(name: str, size: Size) -> None:
    assert by_name(name) == size


@pytest.mark.parametrize("name", ["p5.48xlarge", "m7i.metal", "nonsense"])
def test_the_static_list_guesses_nothing(name: str) -> None:
    with pytest.raises(UnknownInstanceTypeError):
        by_name(name)


def test_a_group_is_left_alone_longer_each_time_it_fails() -> None:
    backoff = Backoff(options("--initial-node-group-backoff-duration=10s", "--max-node-group-backoff-duration=30s"))
    backoff.fail("flows", "no capacity", 0)
    assert backoff.reason("flows", 9) == "no capacity"
    assert backoff.reason("flows", 10) is None
    assert backoff.reason("other", 5) is None
    backoff.fail("flows", "again", 10)
    assert backoff.reason("flows", 29) == "again"
    backoff.fail("flows", "again", 30)
    assert backoff.reason("flows", 59)
    assert backoff.reason("flows", 60) is None


def test_a_group_that_gave_a_node_starts_afresh() -> None:
    backoff = Backoff(options("--initial-node-group-backoff-duration=10s"))
    backoff.fail("flows", "no capacity", 0)
    backoff.succeed("flows")
    backoff.fail("flows", "no capacity", 11)
    assert backoff.reason("flows", 20)
    assert backoff.reason("flows", 21) is None


def test_an_old_failure_is_forgotten() -> None:
    backoff = Backoff(options("--initial-node-group-backoff-duration=10s", "--node-group-backoff-reset-timeout=60s"))
    backoff.fail("flows", "no capacity", 0)
    backoff.fail("flows", "no capacity", 61)
    assert backoff.reason("flows", 71) is None
