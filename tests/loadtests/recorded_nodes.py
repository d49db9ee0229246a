"""Records of node proofs, for the verdict's tests."""

from patchbay_loadtests.nodes.timeline import Look, NodeTimeline, NodeTrack, Phase, PhaseName, PodTrack
from patchbay_loadtests.proof.timeline import Sample, ShapePods

SHAPE = "http-connector"
OLD = "i-00000000000000001"
INTERVAL = 0.5


class NodeRecord:
    """Builds a record by saying how long the environment looked how. It begins with one node and two placeholders."""

    def __init__(self) -> None:
        self.at = 0.0
        self.samples: list[Sample] = []
        self.looks: list[Look] = []
        self.phases: list[Phase] = []
        self.pods: list[PodTrack] = [
            PodTrack(name=f"headroom-{number}", kind="placeholder", shape=None, created=0, running=0, node=OLD)
            for number in (1, 2)
        ]
        self.nodes: list[NodeTrack] = [NodeTrack(name=OLD, registered=0, ready=0)]
        self.look(3)

    def look(
        self, seconds: float, *, pods: int = 1, nodes: int = 1, wanted: int = 1, pending: int = 0, placeholders: int = 2
    ) -> None:
        """Samples and looks of one unchanging state."""
        shape = ShapePods(desired=pods, replicas=pods, ready=pods - pending if pending < pods else 0)
        idle = ShapePods(desired=1, replicas=1, ready=1)
        for _ in range(round(seconds / INTERVAL)):
            self.samples.append(
                Sample(
                    at=self.at,
                    waiting=0,
                    reserved=8 * (pods - 1),
                    prometheus_pods=float(pods),
                    metric_pods=float(pods),
                    steered=shape,
                    idle=idle,
                )
            )
            self.looks.append(
                Look(
                    at=self.at,
                    nodes=nodes,
                    ready=nodes,
                    wanted=wanted,
                    pending=pending,
                    placeholders=placeholders,
                )
            )
            self.at += INTERVAL

    def pod(self, name: str, created: float, ready: float, node: str, *, unschedulable: float | None = None) -> None:
        """A worker of the burst."""
        self.pods.append(
            PodTrack(
                name=name,
                kind="worker",
                shape=SHAPE,
                created=created,
                unschedulable=unschedulable,
                triggered=None if unschedulable is None else unschedulable + 1,
                scheduled=ready - 2,
                running=ready - 1,
                ready=ready,
                node=node,
            )
        )

    def phase(self, name: PhaseName, burst_pods: int, change: float, fall: float) -> None:
        """The phase that ends with the latest look."""
        self.phases.append(Phase(name=name, burst_pods=burst_pods, change=change, fall=fall, end=self.looks[-1].at))

    def timeline(self) -> NodeTimeline:
        """The record."""
        return NodeTimeline(
            shape=SHAPE,
            placeholders=2,
            start_nodes=(OLD,),
            phases=tuple(self.phases),
            samples=tuple(self.samples),
            looks=tuple(self.looks),
            pods=tuple(self.pods),
            nodes=tuple(self.nodes),
        )


def warm(record: NodeRecord, *, ready_after: float = 3.0) -> None:
    """Two pods come up where there is room, and go."""
    change = record.at
    record.look(2)
    record.look(6, pods=3)
    for number in (1, 2):
        record.pod(f"warm-{number}", change + 2, change + 2 + ready_after, OLD)
    fall = record.at
    record.look(8)
    record.phase("warm", 2, change, fall)


def within(record: NodeRecord, *, ready_after: float = 4.0, node: str = OLD, come_back: bool = True) -> None:
    """Two pods push the placeholders out, which come back on a new node; then all goes back."""
    change = record.at
    new = "i-00000000000000002"
    record.look(2)
    record.look(6, pods=3, wanted=2, pending=2, placeholders=0)
    record.look(6, pods=3, nodes=2, wanted=2, placeholders=2 if come_back else 0)
    for number in (1, 2):
        record.pod(f"within-{number}", change + 2, change + 2 + ready_after, node)
        record.pods[number - 1] = record.pods[number - 1].model_copy(
            update={"leaving": change + 2.5, "gone": change + 3}
        )
        if come_back:
            record.pods.append(
                PodTrack(
                    name=f"headroom-back-{number}",
                    kind="placeholder",
                    shape=None,
                    created=change + 3,
                    unschedulable=change + 3,
                    triggered=change + 4,
                    scheduled=change + 8,
                    running=change + 9,
                    ready=change + 9,
                    node=new,
                )
            )
    fall = record.at
    record.look(12, nodes=2, wanted=2)
    record.look(4)
    record.nodes.append(
        NodeTrack(
            name=new, registered=change + 6, ready=change + 7.5, unneeded=fall + 2, draining=fall + 11, gone=fall + 12
        )
    )
    record.phase("within-headroom", 2, change, fall)


def beyond(record: NodeRecord, *, running_after: float = 8.0) -> None:
    """Three pods, of which one waits for a node."""
    change = record.at
    new = "i-00000000000000003"
    record.look(2)
    record.look(running_after, pods=4, wanted=2, pending=1, placeholders=0)
    record.look(6, pods=4, nodes=2, wanted=2)
    for number in (1, 2):
        record.pod(f"beyond-{number}", change + 2, change + 6, OLD)
    record.pod("beyond-3", change + 2, change + 3 + running_after, new, unschedulable=change + 2)
    fall = record.at
    record.look(12, nodes=2, wanted=2)
    record.look(4)
    record.nodes.append(
        NodeTrack(
            name=new, registered=change + 5, ready=change + 6, unneeded=fall + 2, draining=fall + 11, gone=fall + 12
        )
    )
    record.phase("beyond-headroom", 3, change, fall)


def good_record() -> NodeRecord:
    """All three phases as promised."""
    record = NodeRecord()
    warm(record)
    within(record)
    beyond(record)
    return record
