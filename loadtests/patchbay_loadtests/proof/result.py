"""The proof's result, in the form in which it is kept."""

from typing import Any

from pydantic import Field

from patchbay_loadtests.proof import latency
from patchbay_loadtests.proof.judgement import RunsVerdict, StepVerdict, judge_step
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
    traffic: dict[str, float] = Field(default_factory=dict)


def judge(
    timeline: Timeline,
    runs: RunsVerdict,
    *,
    versions: dict[str, str],
    config: dict[str, Any],
    traffic: dict[str, float],
) -> Result:
    """The verdict over everything that was recorded."""
    verdicts = {
        kind: tuple(judge_step(timeline, step) for step in timeline.steps if step.kind == kind)
        for kind in ("edge", "repeat")
    }
    reasons = [reason for verdict in (*verdicts["edge"], *verdicts["repeat"]) for reason in verdict.reasons]
    if not verdicts["edge"]:
        reasons.append("no step was driven")
    reasons += run_reasons(runs)
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


def run_reasons(runs: RunsVerdict) -> list[str]:
    """Why the runs do not pass, if they do not."""
    faults = {
        "lost at the sink": runs.lost_lines,
        "received more than once by the sink": runs.duplicated_lines,
        "accepted but not completed": runs.unfinished_runs,
        "at the sink without an order": runs.unexpected_lines,
    }
    reasons = [f"{len(keys)} {fault}: {', '.join(keys[:5])}" for fault, keys in faults.items() if keys]
    if runs.accepted == 0:
        reasons.append("no run was accepted")
    elif not reasons and runs.completed != runs.accepted:
        reasons.append(f"{runs.accepted - runs.completed} accepted runs are not completed")
    return reasons
