"""Records of made-up runs: what the simulation does with known times, seen as a load test sees it."""

from dataclasses import replace

import numpy as np
from patchbay_loadtests.proof.timeline import PodLife, Sample, ShapePods, Step, Timeline
from patchbay_operations.capacity.calibration.compare import replay
from patchbay_operations.capacity.calibration.measured import Measured
from patchbay_operations.capacity.simulation.setting import Environment, Phases
from patchbay_operations.capacity.timing import Timing

LOOK_SECONDS = 0.3
IDLE = ShapePods(desired=1, replicas=1, ready=1)
SHAPE = "http-connector"


def made_up(on: Environment, timing: Timing, *, sync: float = 5.04, rises: int = 12, noise: int = 3) -> Timeline:
    """A proof's record: the load goes up to 8, 16 or 40 processes and back to 0, at odd times, again and again.

    `sync`: the period that the pod autoscaler really keeps. Looks come at uneven times; pods start sooner or later.
    """
    random = np.random.default_rng(noise)
    at = np.cumsum(random.uniform(0.8, 1.2, size=int(rises * 62 / LOOK_SECONDS)) * LOOK_SECONDS)
    at -= at[0]
    processes = np.zeros(len(at))
    steps = []
    for rise in range(rises):
        up = 62 * rise + 6 + random.uniform(0, 5)
        down = up + 25 + random.uniform(0, 5)
        count = (8, 16, 40)[rise % 3]
        processes[(at >= up) & (at < down)] = count
        steps.append(_step(count, up, down))
        steps.append(_step(0, down, 62.0 * (rise + 1)))
    blank = Measured(source="example", shape=SHAPE, at=at, processes=processes, desired=at * 0, ready=at * 0)
    real = replace(on, path=replace(on.path, hpa_sync=sync))
    # What the phases are is for the calibration to find out.
    lines = replay(blank, real, timing, Phases(scrape=0.9, hpa_sync=3.3))
    ready, desired = (np.array(line, int) for line in (lines.ready, lines.desired))
    return Timeline(
        shape=SHAPE,
        idle_shape="filter",
        steps=tuple(steps),
        samples=tuple(
            _sample(*each) for each in zip(at, processes, _shown(at, processes, timing), desired, ready, strict=True)
        ),
        pods=tuple(_pods(at, ready, timing.pod_start_seconds, random)),
    )


def _shown(at: np.ndarray, processes: np.ndarray, timing: Timing) -> np.ndarray:
    """Scrapes every 2 s from 0.9 s on, shown the delay later."""
    scraped_at = np.floor((at - timing.metric_delay_seconds - 0.9) / 2) * 2 + 0.9
    seen = processes[np.clip(np.searchsorted(at, scraped_at, side="right") - 1, 0, None)]
    return seen // 8 + 1


def _pods(at: np.ndarray, ready: np.ndarray, start: float, random: np.random.Generator) -> list[PodLife]:
    lives = [PodLife(name="pod-first", created=0.0, scheduled=0.0, started=0.0, ready=0.0)]
    for index in np.flatnonzero(np.diff(ready) > 0) + 1:
        for number in range(ready[index] - ready[index - 1]):
            begun = float(at[index] - start + random.normal(0, 0.2))
            lives.append(
                PodLife(name=f"pod-{index}-{number}", created=begun, scheduled=begun, started=begun, ready=at[index])
            )
    return lives


def _sample(at: float, processes: float, shown: float, desired: int, ready: int) -> Sample:
    running = min(int(processes), 8 * int(ready))
    return Sample(
        at=at,
        waiting=int(processes) - running,
        reserved=running,
        prometheus_pods=shown,
        metric_pods=shown,
        steered=ShapePods(desired=int(desired), replicas=int(desired), ready=int(ready)),
        idle=IDLE,
    )


def _step(processes: int, change: float, end: float) -> Step:
    return Step(
        processes=processes,
        change=change,
        end=end,
    )
