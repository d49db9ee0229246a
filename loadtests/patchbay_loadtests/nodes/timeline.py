"""The record of a node proof. Everything that is judged or drawn comes from it; times are seconds since it began."""

from typing import Literal, get_args

from patchbay_loadtests.proof.timeline import Record, Sample

PhaseName = Literal["warm", "within-headroom", "beyond-headroom", "without-headroom"]
PHASES: tuple[PhaseName, ...] = get_args(PhaseName)


class Look(Record):
    """One look at the cluster's nodes and the pods that wait for them.

    `nodes` and `ready` count the nodes that are there for workers, from registered until gone. `wanted` is the sum that
    the autoscaler's status says it has asked its node groups for; None: not read. `pending` counts workers and
    placeholders without a node.
    """

    at: float
    nodes: int
    ready: int
    wanted: int | None
    pending: int
    placeholders: int


class PodTrack(Record):
    """When a worker or a placeholder was first seen in each state; None: never."""

    name: str
    kind: Literal["worker", "placeholder"]
    shape: str | None
    created: float
    unschedulable: float | None = None
    triggered: float | None = None
    scheduled: float | None = None
    running: float | None = None
    ready: float | None = None
    leaving: float | None = None
    gone: float | None = None
    node: str | None = None


class NodeTrack(Record):
    """When a node was first seen in each state; None: never.

    `unneeded`: the autoscaler marked it as a candidate for removal; `draining`: it took pods off it.
    """

    name: str
    registered: float
    ready: float | None = None
    unneeded: float | None = None
    draining: float | None = None
    gone: float | None = None


class Phase(Record):
    """One burst: the load rises at `change`, falls to nothing at `fall`, and the watch ends at `end`.

    `asked`: until then the shape was kept from growing, so that all of the load counted when it grew; None: it was not.
    `burst_pods` is how many pods the load brings beyond the first.
    """

    name: PhaseName
    burst_pods: int
    change: float
    fall: float
    end: float
    asked: float | None = None


class NodeTimeline(Record):
    """The whole record. `placeholders` is the headroom's size in pods, `start_nodes` what there was before any load."""

    shape: str
    placeholders: int
    start_nodes: tuple[str, ...]
    phases: tuple[Phase, ...]
    samples: tuple[Sample, ...]
    looks: tuple[Look, ...]
    pods: tuple[PodTrack, ...]
    nodes: tuple[NodeTrack, ...]
