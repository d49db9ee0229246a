"""What a report recorded, in one form for every kind of load test."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from patchbay_operations.capacity.calibration.recorded import (
    LoadTimeline,
    NodeTimeline,
    Phase,
    ProofTimeline,
    Sample,
)
from patchbay_operations.capacity.record import Record
from patchbay_operations.inputs import InputError

Floats = npt.NDArray[np.float64]
_Record = TypeVar("_Record", bound=Record)


@dataclass(frozen=True)
class Measured:
    """One shape under load. Arrays have an entry per look at the environment; times are seconds since the first.

    `shown`: pods by the metric. `nodes`: ready nodes. None: not recorded. `pod_starts`: seconds from a pod's placement
    to its readiness; `node_starts`: from the request for a node until it was ready. `occupied`: from when to when
    something else took all free room. `scrape_seconds`: the run's own period.
    """

    source: str
    shape: str
    at: Floats
    processes: Floats
    desired: Floats
    ready: Floats
    shown: Floats | None = None
    nodes: Floats | None = None
    placeholders: int = 0
    pod_starts: tuple[float, ...] = ()
    node_starts: tuple[float, ...] = ()
    occupied: tuple[tuple[float, float], ...] = ()
    scrape_seconds: float | None = None


def read_report(directory: Path) -> Measured:
    """A report of `prove`, `prove-nodes` or `load`; InputError where the directory holds none."""
    document = _json(directory / "timeline.json")
    config = _json(directory / "result.json").get("config", {})
    source = str(directory)
    if "steps" in document:
        found = _from_proof(_record(ProofTimeline, document, directory), source=source)
    elif "phases" in document:
        found = _from_nodes(_record(NodeTimeline, document, directory), source=source)
    elif "waits" in document:
        found = _from_load(_record(LoadTimeline, document, directory), source=source)
    else:
        raise InputError(f"{directory}/timeline.json: of no load test; name the directory of a report with samples")
    return replace(found, scrape_seconds=config.get("scrape_seconds"))


def _from_proof(timeline: ProofTimeline, *, source: str) -> Measured:
    """The scaling proof's record. Pods that were there at its beginning tell no start."""
    starts = [
        pod.ready - (pod.scheduled if pod.scheduled is not None else pod.created)
        for pod in timeline.pods
        if pod.ready is not None and pod.created > timeline.samples[0].at + _first_look(timeline.samples)
    ]
    return _from_samples(timeline.samples, source=source, shape=timeline.shape, pod_starts=tuple(starts))


def _from_nodes(timeline: NodeTimeline, *, source: str) -> Measured:
    """The node proof's record, up to the phase whose headroom is taken away."""
    kept = [phase for phase in timeline.phases if phase.name != "without-headroom"]
    end = max((phase.end for phase in kept), default=0.0)
    samples = [sample for sample in timeline.samples if sample.at <= end]
    if not samples:
        raise InputError(f"{source}/timeline.json: no phase with headroom was recorded; name another report")
    measured = _from_samples(
        samples,
        source=source,
        shape=timeline.shape,
        pod_starts=tuple(
            pod.ready - pod.scheduled
            for pod in timeline.pods
            if pod.kind == "worker" and pod.ready is not None and pod.scheduled is not None and _came(pod.created, kept)
        ),
    )
    for phase in kept:
        measured = _as_if_not_held(measured, phase, samples[0].at)
    first = samples[0].at
    looks = np.array([look.at for look in timeline.looks]) - first
    ready = np.array([look.ready for look in timeline.looks], float)
    return replace(
        measured,
        nodes=ready[np.clip(np.searchsorted(looks, measured.at, side="right") - 1, 0, None)],
        placeholders=timeline.placeholders,
        node_starts=tuple(_node_starts(timeline)),
        occupied=tuple((phase.change - first, phase.fall - first) for phase in kept if phase.name != "warm"),
    )


def _as_if_not_held(measured: Measured, phase: Phase, first: float) -> Measured:
    """The load as if it had come just so early that the metric showed all of it when the shape was let grow."""
    if phase.asked is None or measured.shown is None:
        return measured
    at = measured.at + first
    held = (at >= phase.change) & (at <= phase.asked)
    complete = np.flatnonzero(held & (measured.shown > phase.burst_pods))
    if not len(complete):
        return measured
    # Each look within sees what was there that much earlier, at the earliest what was there before the load.
    earlier = np.searchsorted(at, at[held] - (phase.asked - at[complete[0]]), side="right") - 1
    seen = np.maximum(earlier, np.flatnonzero(held)[0] - 1).clip(0)
    processes, shown = measured.processes.copy(), measured.shown.copy()
    processes[held], shown[held] = measured.processes[seen], measured.shown[seen]
    return replace(measured, processes=processes, shown=shown)


def _from_load(timeline: LoadTimeline, *, source: str) -> Measured:
    samples = timeline.samples
    at = np.array([sample.at for sample in samples])
    others = np.array([sample.ready - sample.steered_ready for sample in samples], float)
    return Measured(
        source=source,
        shape="http-connector",
        at=at - at[0],
        processes=np.array([sample.steered_processes for sample in samples], float),
        desired=np.array([sample.desired for sample in samples], float) - others,
        ready=np.array([sample.steered_ready for sample in samples], float),
        nodes=np.array([sample.nodes_ready for sample in samples], float),
    )


def _from_samples(
    samples: Sequence[Sample],
    *,
    source: str,
    shape: str,
    pod_starts: tuple[float, ...],
) -> Measured:
    at = np.array([sample.at for sample in samples])
    shown = np.array([np.nan if sample.metric_pods is None else sample.metric_pods for sample in samples])
    return Measured(
        source=source,
        shape=shape,
        at=at - at[0],
        processes=np.array([sample.waiting + sample.reserved for sample in samples], float),
        desired=np.array([sample.steered.desired for sample in samples], float),
        ready=np.array([sample.steered.ready for sample in samples], float),
        shown=shown,
        pod_starts=pod_starts,
    )


def _node_starts(timeline: NodeTimeline) -> list[float]:
    """From the autoscaler's word to a pod that it asks for a node, until the node that the pod got is ready."""
    asked: dict[str, float] = {}
    for pod in timeline.pods:
        if pod.node is not None and pod.triggered is not None:
            asked[pod.node] = min(pod.triggered, asked.get(pod.node, pod.triggered))
    return [
        node.ready - asked[node.name]
        for node in timeline.nodes
        if node.ready is not None and node.name in asked and node.ready > asked[node.name]
    ]


def _came(created: float, phases: Sequence[Phase]) -> bool:
    return any(phase.change <= created <= phase.fall for phase in phases)


def _first_look(samples: Sequence[Sample]) -> float:
    """A look takes about as long as the time between two."""
    gaps = [after.at - before.at for before, after in pairwise(samples)]
    return float(np.median(gaps)) * 2 if gaps else 0.0


def _json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}; name the directory of a finished report, such as reports/scaling/latest"
        ) from error
    except ValueError as error:
        raise InputError(f"{path}: not JSON; name another report") from error
    if not isinstance(document, dict):
        raise InputError(f"{path}: no record; name another report")
    return document


def _record(model: type[_Record], document: dict[str, Any], directory: Path) -> _Record:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        problem = (
            "no look was recorded; name another report"
            if first["type"] == "too_short"
            else "not as this version writes it; run the load test anew"
        )
        raise InputError(f"{directory}/timeline.json: {field}: {problem}") from None
