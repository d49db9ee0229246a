"""The record of a proof. Everything that is judged or drawn comes from it; times are seconds since the record began."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A part of the record."""

    model_config = ConfigDict(frozen=True)


class ShapePods(Record):
    """One shape's pods: `desired` by its HPA, `replicas` by its Deployment, `ready` of those."""

    desired: int
    replicas: int
    ready: int


class Sample(Record):
    """One look at the environment.

    `at` is when the look began. `waiting` and `reserved` are Horizon's counts of the steered shape.
    `prometheus_pods` is the recording rule's value, `metric_pods` the same through the API server's external metrics
    API, which the HPA reads; either is None where it could not be read.
    """

    at: float
    waiting: int
    reserved: int
    prometheus_pods: float | None
    metric_pods: float | None
    steered: ShapePods
    idle: ShapePods

    @property
    def processes(self) -> int:
        """Waiting and running together: the number that the platform scales by."""
        return self.waiting + self.reserved


class PodLife(Record):
    """When a pod of the steered shape was first seen in each state; None: never."""

    name: str
    created: float
    scheduled: float | None = None
    started: float | None = None
    ready: float | None = None


class Step(Record):
    """One held load. `change` is when the load began to change, `end` when the verifier stopped to watch.

    `hold_seconds` is how long the expected pods must have stood, unchanged, at the end; `deadline_seconds` how long
    after the change they may come up. In `refreshes` (begin, end) deliveries that neared the connector's time limit
    were replaced one by one, so that Horizon may count one process less.
    """

    processes: int
    expected_pods: int
    change: float
    end: float
    hold_seconds: float
    deadline_seconds: float
    refreshes: tuple[tuple[float, float], ...] = ()
    kind: Literal["edge", "repeat"] = "edge"


class Timeline(Record):
    """The whole record."""

    shape: str
    idle_shape: str
    threshold: int
    steps: tuple[Step, ...]
    samples: tuple[Sample, ...]
    pods: tuple[PodLife, ...]


def expected_pods(processes: int, threshold: int, max_pods: int) -> int:
    """The promise: a shape that reaches a multiple of the threshold gets another pod, up to its maximum."""
    return min(processes // threshold + 1, max_pods)
