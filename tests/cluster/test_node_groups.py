"""The nodes of the local cluster are the instances of its node groups, whatever happens to either."""

import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from lightkube import Client
from lightkube.core.exceptions import ApiError
from lightkube.models.core_v1 import NodeSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Node, Pod
from patchbay_local.deploy import environments
from patchbay_local.kubernetes.cluster.cluster import Cluster
from patchbay_local.kubernetes.cluster.status import NodeStatus
from patchbay_local.kubernetes.nodes import daemon as agent
from patchbay_local.kubernetes.nodes.cloud import Cloud
from patchbay_local.kubernetes.nodes.instance import Group
from patchbay_local.machine.journal import open_journal

from tests.cluster.test_nodes import ready
from tests.waiting import eventually

POOL = "patchbay.dev/pool"
AUTOSCALER = "cluster-autoscaler"


def name_of(thing: Node | Pod) -> str:
    return str(thing.metadata and thing.metadata.name)


@dataclass(frozen=True)
class FlowsGroup:
    """The group of the flows' nodes, by AWS' public API, and its nodes."""

    name: str
    client: Any
    cloud: Cloud
    kubernetes: Client

    def described(self) -> Group:
        (group,) = [group for group in self.cloud.groups() if group.name == self.name]
        return group

    def resize(self, desired: int) -> None:
        self.client.set_desired_capacity(AutoScalingGroupName=self.name, DesiredCapacity=desired, HonorCooldown=False)

    def ready_nodes(self) -> dict[str, Node]:
        found = [node for node in self.kubernetes.list(Node, labels={POOL: "flows"}) if ready(node)]
        return {name_of(node): node for node in found}


@pytest.fixture(scope="module", autouse=True)
def stranger(kubernetes: Client) -> str:
    """A node without an instance, there from the first test on: the agent looks for such ones every half minute."""
    node = Node(metadata=ObjectMeta(name=f"i-{0:017x}"), spec=NodeSpec(unschedulable=True))
    return name_of(kubernetes.create(node))


@pytest.fixture(scope="module")
def no_autoscaler(kubernetes: Client) -> Iterator[None]:
    """The cluster autoscaler rests: it would give back what a test asks for."""

    def scale(replicas: int) -> None:
        kubernetes.patch(Deployment, AUTOSCALER, {"spec": {"replicas": replicas}}, namespace="kube-system")

    def pods() -> list[str]:
        return [name for pod in kubernetes.list(Pod, namespace="kube-system") if AUTOSCALER in (name := name_of(pod))]

    def gone() -> None:
        assert pods() == []

    def back() -> None:
        assert len(pods()) == replicas

    deployment = kubernetes.get(Deployment, AUTOSCALER, namespace="kube-system")
    replicas = (deployment.spec and deployment.spec.replicas) or 1
    scale(0)
    try:
        eventually(gone, within=120)
        yield
    finally:
        scale(replicas)
    eventually(back, within=120)


@pytest.fixture
def flows(kubernetes: Client, no_autoscaler: None) -> Iterator[FlowsGroup]:  # noqa: ARG001 - it rests meanwhile
    """Put back to its size, and waited for, at the end."""
    access = environments.access()
    cloud = Cloud(access)
    (name,) = [group.name for group in cloud.groups() if any("flows" in one.node_group for one in group.instances)]
    group = FlowsGroup(name, access.client("autoscaling"), cloud, kubernetes)
    before = group.described().desired
    yield group
    group.resize(before)

    def put_back() -> None:
        instances = {one.identity for one in group.described().instances}
        assert len(instances) == before
        assert group.ready_nodes().keys() == instances

    eventually(put_back, within=120)


def local_nodes() -> Mapping[str, NodeStatus]:
    return {node.name: node for node in Cluster().status().nodes}


def test_a_new_instance_is_a_node_of_its_type_in_its_zone_and_a_lost_one_is_none(flows: FlowsGroup) -> None:
    before = flows.ready_nodes()
    flows.resize(len(before) + 1)

    def joined() -> None:
        assert len(flows.ready_nodes()) == len(before) + 1

    eventually(joined, within=120)
    ((name, node),) = [(name, node) for name, node in flows.ready_nodes().items() if name not in before]
    (instance,) = [one for one in flows.described().instances if one.identity == name]
    assert node.spec
    assert node.spec.providerID == f"aws:///{instance.zone}/{name}"
    assert node.metadata
    assert node.metadata.labels
    assert {
        "topology.kubernetes.io/zone": instance.zone,
        "node.kubernetes.io/instance-type": "c7a.medium",
        "eks.amazonaws.com/nodegroup": instance.node_group,
        "eks.amazonaws.com/capacityType": "ON_DEMAND",
        POOL: "flows",
    }.items() <= node.metadata.labels.items()
    assert node.status
    for size in (node.status.capacity, node.status.allocatable):
        assert size
        assert (size["cpu"], size["memory"], size["pods"]) == ("1", "2Gi", "110")

    flows.resize(len(before))

    def left() -> None:
        # The group says which of its instances goes.
        assert len(local_nodes().keys() & (before.keys() | {name})) == len(before)
        assert flows.ready_nodes().keys() == {one.identity for one in flows.described().instances}

    eventually(left, within=120)


def test_a_node_that_dies_is_replaced_with_its_pods(flows: FlowsGroup, kubernetes: Client) -> None:
    victim = next(iter(flows.ready_nodes()))
    running = local_nodes()[victim]
    assert running.pid
    os.kill(running.pid, signal.SIGKILL)

    def replaced() -> None:
        instances = {one.identity for one in flows.described().instances}
        assert victim not in instances
        assert flows.ready_nodes().keys() == instances
        assert victim not in local_nodes()

    eventually(replaced, within=120)
    with pytest.raises(ApiError, match="not found"):
        kubernetes.get(Node, victim)
    left_behind = [pod for pod in kubernetes.list(Pod, namespace="*") if pod.spec and pod.spec.nodeName == victim]
    assert left_behind == []


def test_no_address_of_a_node_is_used_by_the_next_one(flows: FlowsGroup) -> None:
    before = local_nodes()
    flows.resize(len(flows.ready_nodes()) + 2)

    def joined() -> None:
        assert len(local_nodes()) == len(before) + 2

    eventually(joined, within=120)
    addresses = [node.address for node in local_nodes().values()]
    assert len(set(addresses)) == len(addresses)


def test_an_agent_that_was_away_makes_good_what_it_missed(flows: FlowsGroup) -> None:
    before = local_nodes()
    victim = next(iter(flows.ready_nodes()))
    pid = before[victim].pid
    assert pid
    journal = open_journal()
    agent.down(journal)
    try:
        os.kill(pid, signal.SIGKILL)
        flows.resize(len(flows.described().instances) + 1)
    finally:
        agent.up(journal, environments.aws_variables())

    def caught_up() -> None:
        instances = {one.identity for one in flows.described().instances}
        assert victim not in instances
        assert flows.ready_nodes().keys() == instances

    eventually(caught_up, within=120)
    # One without a process was about to go already.
    unharmed = {name: node.pid for name, node in before.items() if node.pid and name != victim}
    assert {name: node.pid for name, node in local_nodes().items() if name in unharmed} == unharmed


def test_a_node_that_is_no_instance_is_taken_off_the_cluster(kubernetes: Client, stranger: str) -> None:
    def gone() -> None:
        assert stranger not in {name_of(node) for node in kubernetes.list(Node)}

    eventually(gone, within=120)
