"""Nodes follow instances, from whatever state the machine is in."""

from datetime import timedelta

import pytest
from patchbay_local.kubernetes.cluster.node import NodeState
from patchbay_local.kubernetes.nodes.reconciliation import Actions, reconcile

from tests.local.nodes.instances import LAUNCHED, instance

ONE, TWO = instance(1), instance(2)
NOW = LAUNCHED + timedelta(seconds=5)


def test_where_every_instance_is_a_node_there_is_nothing_to_do() -> None:
    nodes = {one.identity: NodeState.RUNNING for one in (ONE, TWO)}
    assert reconcile([ONE, TWO], nodes, now=NOW) == Actions()


def test_new_instances_join_together() -> None:
    assert reconcile([ONE, TWO], {}, now=NOW) == Actions(join=(ONE, TWO))


def test_a_start_that_was_interrupted_goes_on() -> None:
    assert reconcile([ONE], {ONE.identity: NodeState.UNFINISHED}, now=NOW) == Actions(join=(ONE,))


@pytest.mark.parametrize("state", list(NodeState))
def test_a_node_whose_instance_is_gone_ends(state: NodeState) -> None:
    assert reconcile([], {ONE.identity: state}, now=NOW) == Actions(end=(ONE.identity,))


@pytest.mark.parametrize(
    "change", [{"state": "shutting-down"}, {"state": "terminated"}, {"lifecycle": "Terminating"}, {"state": "stopped"}]
)
def test_a_node_ends_as_soon_as_its_instance_does(change: dict[str, str]) -> None:
    ending = instance(1, **change)
    assert reconcile([ending], {ending.identity: NodeState.RUNNING}, now=NOW) == Actions(end=(ending.identity,))
    assert reconcile([ending], {}, now=NOW) == Actions()


def test_a_dead_node_is_reported_once_and_not_started_again() -> None:
    dead = {ONE.identity: NodeState.DEAD}
    assert reconcile([ONE], dead, now=NOW) == Actions(report=(ONE.identity,))
    reported = instance(1, healthy=False)
    assert reconcile([reported], dead, now=NOW) == Actions()
    assert reconcile([reported], {}, now=NOW) == Actions()


def test_an_instance_boots_before_its_node_starts() -> None:
    assert reconcile([ONE], {}, now=NOW, boot=timedelta(seconds=6)) == Actions()
    assert reconcile([ONE], {}, now=NOW, boot=timedelta(seconds=5)) == Actions(join=(ONE,))


def test_what_is_being_started_or_ended_is_left_alone() -> None:
    nodes = {ONE.identity: NodeState.UNFINISHED, TWO.identity: NodeState.RUNNING}
    assert reconcile([ONE], nodes, now=NOW, busy={ONE.identity, TWO.identity}) == Actions()
