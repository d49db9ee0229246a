"""What a calibration reads of a load test's `timeline.json`; times are seconds since the run began.

docs/scaling-proof.md says what each kind of run records.
"""

from typing import Annotated

from pydantic import Field

from patchbay_operations.capacity.record import Record


class ShapePods(Record):
    """One shape's pods: `desired` by its HPA, `ready` of those that are there."""

    desired: int
    ready: int


class Sample(Record):
    """One look at the loaded shape. `metric_pods`: the pods that the metric asks for; None: it could not be read."""

    at: float
    waiting: int
    reserved: int
    metric_pods: float | None
    steered: ShapePods


class PodLife(Record):
    """When a pod was first seen in each state; None: never."""

    created: float
    scheduled: float | None = None
    ready: float | None = None


class ProofTimeline(Record):
    """The scaling proof's record."""

    shape: str
    samples: Annotated[tuple[Sample, ...], Field(min_length=1)]
    pods: tuple[PodLife, ...]


class Phase(Record):
    """One burst: the load rises at `change` and falls at `fall`.

    `asked`: until then its shape was kept from growing; None: it was not.
    """

    name: str
    burst_pods: int
    change: float
    fall: float
    end: float
    asked: float | None = None


class Look(Record):
    """One look at the nodes: how many were ready."""

    at: float
    ready: int


class PodTrack(PodLife):
    """A worker or a placeholder. `triggered`: when the autoscaler said that it asks for a node for it."""

    kind: str
    triggered: float | None = None
    node: str | None = None


class NodeTrack(Record):
    """When a node was first seen ready; None: never."""

    name: str
    ready: float | None = None


class NodeTimeline(Record):
    """The node proof's record. `placeholders`: the headroom's size in pods."""

    shape: str
    placeholders: int
    phases: tuple[Phase, ...]
    samples: tuple[Sample, ...]
    looks: Annotated[tuple[Look, ...], Field(min_length=1)]
    pods: tuple[PodTrack, ...]
    nodes: tuple[NodeTrack, ...]


class LoadSample(Record):
    """One look over all shapes; `steered`: the loaded shape's processes and ready pods."""

    at: float
    steered_processes: int
    steered_ready: int
    desired: int
    ready: int
    nodes_ready: int


class LoadTimeline(Record):
    """A profile's record."""

    samples: Annotated[tuple[LoadSample, ...], Field(min_length=1)]
