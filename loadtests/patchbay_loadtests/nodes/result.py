"""The node proof's result, in the form in which it is kept."""

from typing import Any

from pydantic import Field

from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.nodes.autoscaler import AutoscalerTimes
from patchbay_loadtests.nodes.judgement import Figure, Limits, PhaseVerdict, figure_reasons, figures, judge_phase
from patchbay_loadtests.nodes.timeline import NodeTimeline
from patchbay_loadtests.proof.timeline import Record


class NodeResult(Record):
    """`result.json`: all times in seconds."""

    passed: bool
    phases: tuple[PhaseVerdict, ...]
    figures: tuple[Figure, ...]
    runs: RunsVerdict
    autoscaler: AutoscalerTimes
    limits: Limits
    versions: dict[str, str]
    reasons: tuple[str, ...] = ()
    config: dict[str, Any] = Field(default_factory=dict)


def judge(
    timeline: NodeTimeline,
    runs: RunsVerdict,
    *,
    autoscaler: AutoscalerTimes,
    limits: Limits,
    versions: dict[str, str],
    config: dict[str, Any],
    ended_by: str | None = None,
) -> NodeResult:
    """The verdict over everything that was recorded. `ended_by`: what the product did that ended it early."""
    verdicts = tuple(judge_phase(timeline, phase, autoscaler) for phase in timeline.phases)
    found = figures(verdicts, limits)
    reasons = [reason for verdict in verdicts for reason in verdict.reasons]
    if not verdicts:
        reasons.append("no phase was driven")
    reasons += [*figure_reasons(found), *([] if ended_by is None else [ended_by]), *runs.reasons]
    return NodeResult(
        passed=not reasons,
        phases=verdicts,
        figures=found,
        runs=runs,
        autoscaler=autoscaler,
        limits=limits,
        versions=versions,
        reasons=tuple(reasons),
        config=config,
    )
