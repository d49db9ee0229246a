"""The record of a proof. Everything that is judged or drawn comes from it; times are seconds since the record began."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from patchbay_loadtests.proof.promise import Deployed, Promise


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

    `at` is when the look began. `waiting` and `reserved` are Horizon's counts of the steered shape. `idle`: of the
    shape that must not move; None where there is none. `prometheus_pods` is the recording rule's value, `metric_pods`
    the same through the API server's external metrics API, which the HPA reads; None where it could not be read.
    """

    at: float
    waiting: int
    reserved: int
    prometheus_pods: float | None
    metric_pods: float | None
    steered: ShapePods
    idle: ShapePods | None

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

    In `refreshes` (begin, end) deliveries that neared the connector's time limit were replaced, `refresh_batch` at a
    time, so that Horizon may count as many processes less.
    """

    processes: int
    change: float
    end: float
    refreshes: tuple[tuple[float, float], ...] = ()
    kind: Literal["edge", "repeat"] = "edge"


class Timeline(Record):
    """The whole record. `deployed`: what the environment said of itself at the start; None: it was not asked."""

    shape: str
    idle_shape: str | None
    promise: Promise = Promise()
    deployed: Deployed | None = None
    steps: tuple[Step, ...]
    samples: tuple[Sample, ...]
    pods: tuple[PodLife, ...]

    @property
    def threshold(self) -> int:
        """Processes per pod, as promised."""
        return self.promise.threshold


def refresh_batch(processes: int) -> int:
    """How many deliveries are replaced at once: all are renewed before the first one's time is over."""
    return max(1, processes // 5)
