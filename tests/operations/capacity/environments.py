"""Small environments and profiles, and a run of the two."""

from dataclasses import replace
from typing import Any

import numpy as np
from patchbay_operations.capacity.plan import Plan, make_plan
from patchbay_operations.capacity.profile import Profile
from patchbay_operations.capacity.resources import Resources, request
from patchbay_operations.capacity.simulation.clock import Clock
from patchbay_operations.capacity.simulation.engine import Outcome, simulate
from patchbay_operations.capacity.simulation.processes import Counts, Replayed
from patchbay_operations.capacity.simulation.setting import (
    Environment,
    FixedNodes,
    Headroom,
    MetricPath,
    NodeGroup,
    NodeScaling,
    ShapeSetting,
)
from patchbay_operations.capacity.timing import Timing

ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")
POD = request("100m", "100Mi")


def group(**changes: Any) -> NodeGroup:
    """Ten pods of 100m to a node."""
    return replace(
        NodeGroup(
            name="flows-on-demand",
            field="patchbay:infra.clusters.example.flows.onDemand",
            template="on-demand",
            capacity="on-demand",
            instance_type="m7i.large",
            allocatable=Resources(cpu=1000, memory=4000, pods=50),
            zones=ZONES,
            min_nodes=1,
            max_nodes=20,
            usd_per_hour=0.1,
        ),
        **changes,
    )


def environment(*groups: NodeGroup, headroom: int = 0, **changes: Any) -> Environment:
    return replace(
        Environment(
            stack="example",
            cluster="example",
            region="eu-central-1",
            groups=groups or (group(),),
            fixed=(FixedNodes(name="system", instance_type="m7i.large", nodes=3, usd_per_hour=0.2),),
            path=MetricPath(scrape=2, evaluation=0, poll=0, hpa_sync=5, scale_down=15),
            nodes=NodeScaling(
                scan=5, unneeded=60, delay_after_add=30, utilization_threshold=0.5, expanders=("least-waste",)
            ),
            headroom=Headroom(pods=headroom, request=POD),
            quota=None,
        ),
        **changes,
    )


def shape(**changes: Any) -> ShapeSetting:
    return replace(
        ShapeSetting(
            name="example",
            threshold=8,
            min_pods=1,
            max_pods=100,
            request=POD,
            stop_seconds=2,
            max_pods_field="shapes.example.pods.maxPods",
        ),
        **changes,
    )


def held(*steps: tuple[int, int]) -> Counts:
    """(seconds, processes) one after the other, in ticks of a second."""
    return np.concatenate([np.full((seconds, 1), processes, np.int64) for seconds, processes in steps])


def run(
    counts: Counts, on: Environment, *, shapes: tuple[ShapeSetting, ...] = (), timing: Timing | None = None
) -> Outcome:
    """Replay processes of one shape; every tick of a second is recorded."""
    return simulate(
        on,
        shapes or (shape(),),
        Replayed(counts),
        timing or Timing(metric_delay_seconds=0, pod_start_seconds=3, node_start_seconds=40),
        clock=Clock(1.0),
        ticks=len(counts),
        sample_ticks=1,
        seed=np.random.SeedSequence(7),
        start=counts[0],
    )


def profile(**shapes: Any) -> Profile:
    """Two hours of the load that the keywords give, by shape."""
    return Profile.model_validate(
        {"name": "example", "hours": 2, "shapes": {k.replace("_", "-"): v for k, v in shapes.items()}}
    )


BURSTS = {
    "perMinute": {"curve": "black-friday", "base": 300, "factor": 20},
    "seconds": {"mean": 1.5, "p95": 4},
    "pods": {"maxPods": 150, "cpuRequest": "100m", "memoryRequest": "100Mi"},
}
SHORT = {
    "perMinute": {"curve": "business-day", "base": 600, "factor": 5},
    "seconds": {"mean": 0.05, "p95": 0.1},
    "pods": {"maxPods": 30, "cpuRequest": "100m", "memoryRequest": "100Mi"},
}


def planned(on: Environment, load: Profile | None = None, *, seed: int = 1) -> Plan:
    return make_plan(
        load or profile(http_connector=BURSTS, map=SHORT),
        on,
        Timing(metric_delay_seconds=0.5, pod_start_seconds=3, node_start_seconds=60),
        seed=seed,
        prices="examples",
    )
