"""What got slower than in an earlier proof, such as the last release's."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from patchbay_loadtests.proof.result import Result


class Baseline(BaseModel):
    """An earlier result. A figure is slower beyond `margin` (0.25: a quarter) and its jitter.

    That is one metric period for what waits for the metric path: when in its periods a load changes is chance.
    """

    model_config = ConfigDict(frozen=True)

    result: Result
    margin: float = Field(default=0.25, ge=0)

    @property
    def period(self) -> float:
        """One metric period."""
        return self.result.promise.periods.metric


# Two runs of the same gateway differ by so much.
ENDPOINT_JITTER_SECONDS = 0.05


def read_baseline(path: Path, margin: float) -> Baseline:
    """The `result.json` of an earlier proof; ValueError for what is none."""
    try:
        return Baseline(result=Result.model_validate_json(path.read_text()), margin=margin)
    except OSError as error:
        raise ValueError(f"baseline: {path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        raise ValueError(f"baseline: {path} is no result.json of a proof: {field}: {problem['msg']}") from None


def slower(baseline: Baseline, result: Result) -> list[str]:
    """What got slower beyond the margin, or was measured then and not now."""
    before, now = baseline.result, result
    if before.promise.periods.hpa_sync != now.promise.periods.hpa_sync:
        periods = (before.promise.periods.hpa_sync, now.promise.periods.hpa_sync)
        return [
            "the baseline's HPA sync period was {:g} s, this one's is {:g} s: take one of the same".format(*periods)
        ]
    found = {name: (seconds, jitter) for name, seconds, jitter in _figures(now, baseline.period)}
    reasons = []
    for name, was, jitter in _figures(before, baseline.period):
        if was is None or name not in found:
            continue
        limit = max(was * (1 + baseline.margin), was + jitter)
        seconds = found[name][0]
        if seconds is None or seconds > limit:
            says = "not measured" if seconds is None else f"{seconds:.2f} s"
            reasons.append(f"slower than the baseline: {name}: {says}, was {was:.2f} s, at most {limit:.2f} s")
    return reasons


def _figures(result: Result, period: float) -> Iterator[tuple[str, float | None, float]]:
    for step in result.steps:
        at = f"{step.shape} at {step.processes} processes"
        yield f"{at}, pods desired", step.desired_seconds, period
        yield f"{at}, pods Ready", step.ready_seconds, period
    if result.latency is not None:
        yield "second pod, metric shown until Ready, p50", result.latency.metric_to_ready_p50, period
        yield "second pod, metric shown until Ready, p95", result.latency.metric_to_ready_p95, period
    for endpoint in result.endpoints:
        yield f"{endpoint.name}, p50", endpoint.p50_seconds, ENDPOINT_JITTER_SECONDS
        yield f"{endpoint.name}, p95", endpoint.p95_seconds, ENDPOINT_JITTER_SECONDS
