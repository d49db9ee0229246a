"""`make up` ends when the nodes are the groups' instances, and says what is missing until then."""

from patchbay_local.kubernetes.nodes.instance import Group
from patchbay_local.kubernetes.nodes.readiness import missing

from tests.local.nodes.instances import instance

ONE, TWO = instance(1), instance(2)


def test_a_ready_node_for_each_instance_is_all_that_is_asked() -> None:
    assert missing([Group("flows", 2, (ONE, TWO))], {ONE.identity, TWO.identity}) == []


def test_a_group_that_has_not_got_its_instances_is_named() -> None:
    faults = missing([Group("flows", 3, (ONE, TWO))], {ONE.identity, TWO.identity})
    assert faults == ["group flows is to have 3 instances in service"]
    pending = instance(2, lifecycle="Pending")
    assert missing([Group("flows", 2, (ONE, pending))], {ONE.identity, TWO.identity}) == [
        "group flows is to have 2 instances in service"
    ]


def test_instances_without_node_and_nodes_without_instance_are_named() -> None:
    assert missing([Group("flows", 1, (ONE,))], {TWO.identity}) == [
        f"{ONE.identity} is not Ready",
        f"{TWO.identity} is no instance's node",
    ]


def test_no_group_at_all_is_a_fault() -> None:
    assert missing([], set()) == ["there is no node group"]
