"""The proof's result, in the form in which it is kept."""

from typing import Any

from pydantic import Field

from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.core.traffic.protocol import Endpoint
from patchbay_loadtests.proof import latency, promise
from patchbay_loadtests.proof.judgement import StepVerdict, judge_step
from patchbay_loadtests.proof.latency import Latency
from patchbay_loadtests.proof.promise import Promise
from patchbay_loadtests.proof.timeline import Record, Timeline


class Result(Record):
    """`result.json`: seconds count from each load's change.

    `reasons` is empty where the promise holds. `further`: those that come of objectives and of a baseline, by name.
    """

    threshold: int
    passed: bool
    promise: Promise
    steps: tuple[StepVerdict, ...]
    runs: RunsVerdict
    versions: dict[str, str]
    reasons: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    ended_by: tuple[str, ...] = ()
    further: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    repeats: tuple[StepVerdict, ...] = ()
    latency: Latency | None = None
    endpoints: tuple[Endpoint, ...] = ()
    config: dict[str, Any] = Field(default_factory=dict)

    def held_to(self, name: str, reasons: list[str]) -> "Result":
        """The same, held to something further."""
        return self.model_copy(
            update={
                "further": {**self.further, name: tuple(reasons)},
                "reasons": (*self.reasons, *reasons),
                "passed": self.passed and not reasons,
            }
        )

    def cases(self) -> dict[str, tuple[str, ...]]:
        """What was judged, by name, and why it failed."""
        steps = {
            f"{number}. {step.processes} processes, {step.expected_pods} pods": step.reasons
            for number, step in enumerate((*self.steps, *self.repeats), 1)
        }
        return {
            "deployed as promised": self.differences,
            **steps,
            "the load went on to its end": self.ended_by,
            "every accepted run completed exactly once": tuple(self.runs.reasons),
            **self.further,
        }


def judge(
    timeline: Timeline,
    runs: RunsVerdict,
    *,
    versions: dict[str, str],
    config: dict[str, Any],
    endpoints: tuple[Endpoint, ...] = (),
    ended_by: str | None = None,
) -> Result:
    """The verdict over everything that was recorded. `ended_by`: what the product did that ended it early."""
    verdicts = {
        kind: tuple(judge_step(timeline, step) for step in timeline.steps if step.kind == kind)
        for kind in ("edge", "repeat")
    }
    differences = ["the record does not say what was deployed"]
    if timeline.deployed is not None:
        differences = promise.differences(timeline.promise, timeline.deployed)
    ended = [] if ended_by is None else [ended_by]
    reasons = [*differences]
    reasons += [reason for verdict in (*verdicts["edge"], *verdicts["repeat"]) for reason in verdict.reasons]
    if not verdicts["edge"]:
        reasons.append("no step was driven")
    reasons += [*ended, *runs.reasons]
    return Result(
        threshold=timeline.threshold,
        passed=not reasons,
        promise=timeline.promise,
        steps=verdicts["edge"],
        repeats=verdicts["repeat"],
        runs=runs,
        versions=versions,
        reasons=tuple(reasons),
        differences=tuple(differences),
        ended_by=tuple(ended),
        latency=latency.summarize(latency.scale_ups(timeline)),
        endpoints=endpoints,
        config=config,
    )
