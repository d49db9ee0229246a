"""What a simulation is given: shapes, the environment, and the times that no configuration tells."""

from dataclasses import dataclass
from typing import Literal

from patchbay_operations.capacity.resources import Resources

Capacity = Literal["on-demand", "spot"]
Expander = Literal["priority", "least-waste", "least-nodes", "most-pods", "random"]


@dataclass(frozen=True)
class ShapeSetting:
    """One shape's pods. `threshold`: processes per pod, and a pod's slots; `stop_seconds`: what a leaving pod takes."""

    name: str
    threshold: int
    min_pods: int
    max_pods: int
    request: Resources
    stop_seconds: float
    max_pods_field: str


@dataclass(frozen=True)
class NodeGroup:
    """Nodes that are all alike. `field`: where its sizes stand in the stack's config; `zones`: those it spreads over.

    Groups of one `template` differ by zone only; a scale-up is shared out among them. `priority`: for the expander of
    that name; None = it has none.
    """

    name: str
    field: str
    template: str
    capacity: Capacity
    instance_type: str
    allocatable: Resources
    zones: tuple[str, ...]
    min_nodes: int
    max_nodes: int
    usd_per_hour: float
    priority: int | None = None


@dataclass(frozen=True)
class MetricPath:
    """Periods in seconds; 0 = not on the path. `scale_down`: how long fewer pods must be enough."""

    scrape: float
    evaluation: float
    poll: float
    hpa_sync: float
    scale_down: float


@dataclass(frozen=True)
class NodeScaling:
    """The node autoscaler's flags; times in seconds.

    `most_nodes`: over all groups; None = their own maxima alone. `most_removed`: empty nodes at once; `most_drained`:
    those whose pods have to move.
    """

    scan: float
    unneeded: float
    delay_after_add: float
    utilization_threshold: float
    expanders: tuple[Expander, ...]
    most_nodes: int | None = None
    most_removed: int = 10
    most_drained: int = 1


@dataclass(frozen=True)
class Headroom:
    """Placeholder pods that give way to workers."""

    pods: int
    request: Resources


@dataclass(frozen=True)
class Quota:
    """The most that all workers together may request."""

    cpu: int
    memory: int
    pods: int


@dataclass(frozen=True)
class FixedNodes:
    """Nodes that do not scale with the load, for the bill alone."""

    name: str
    instance_type: str
    nodes: int
    usd_per_hour: float


@dataclass(frozen=True)
class Environment:
    """One cluster of one environment."""

    stack: str
    cluster: str
    region: str
    groups: tuple[NodeGroup, ...]
    fixed: tuple[FixedNodes, ...]
    path: MetricPath
    nodes: NodeScaling
    headroom: Headroom
    quota: Quota | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Phases:
    """Where in their periods, in seconds, scrapes and the pod autoscalers' syncs lie; None: by the seed."""

    scrape: float | None = None
    hpa_sync: float | None = None
