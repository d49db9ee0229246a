"""The proof's result, in the form in which it is kept."""

from typing import Any

from pydantic import Field

from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.proof import latency
from patchbay_loadtests.proof.judgement import StepVerdict, judge_step
from patchbay_loadtests.proof.latency import Latency
from patchbay_loadtests.proof.timeline import Record, Timeline


class Result(Record):
    """`result.json`: seconds count from each load's change."""

    threshold: int
    passed: bool
    steps: tuple[StepVerdict, ...]
    runs: RunsVerdict
    versions: dict[str, str]
    reasons: tuple[str, ...] = ()
    repeats: tuple[StepVerdict, ...] = ()
    latency: Latency | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    traffic: dict[str, Any] = Field(default_factory=dict)


def judge(
    timeline: Timeline,
    runs: RunsVerdict,
    *,
    versions: dict[str, str],
    config: dict[str, Any],
    traffic: dict[str, Any],
) -> Result:
    """The verdict over everything that was recorded."""
    verdicts = {
        kind: tuple(judge_step(timeline, step) for step in timeline.steps if step.kind == kind)
        for kind in ("edge", "repeat")
    }
    reasons = [reason for verdict in (*verdicts["edge"], *verdicts["repeat"]) for reason in verdict.reasons]
    if not verdicts["edge"]:
        reasons.append("no step was driven")
    reasons += runs.reasons
    return Result(
        threshold=timeline.threshold,
        passed=not reasons,
        steps=verdicts["edge"],
        repeats=verdicts["repeat"],
        runs=runs,
        versions=versions,
        reasons=tuple(reasons),
        latency=latency.summarize(latency.scale_ups(timeline)),
        config=config,
        traffic=traffic,
    )
