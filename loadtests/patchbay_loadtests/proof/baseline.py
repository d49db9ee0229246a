"""What got slower than in an earlier proof, such as the last release's."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

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


# Two runs of the same gateway differ by so much; of a hundred requests or less p99 is the slowest single one.
ENDPOINT_JITTER_SECONDS = 0.05
SLOWEST_JITTER_SECONDS = 0.5
# Asked only for a run that was not among the others yet: whether it was asked at all is chance.
ON_DEMAND: Final = "GET /api/tenants/{tenant}/runs/{run}, "


def read_baseline(path: Path, margin: float, *, shape: str, threshold: int) -> Baseline:
    """The `result.json` of an earlier proof of this shape and threshold; ValueError for what is none."""
    try:
        result = Result.model_validate_json(path.read_text())
    except OSError as error:
        raise ValueError(f"baseline: {path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        raise ValueError(f"baseline: {path} is no result.json of a proof: {field}: {problem['msg']}") from None
    if (wrong := _unusable(result, shape=shape, threshold=threshold)) is not None:
        raise ValueError(f"baseline: {path}: {wrong}")
    return Baseline(result=result, margin=margin)


def slower(baseline: Baseline, result: Result) -> list[str]:
    """What got slower beyond the margin, or was measured then and not now."""
    before, now = baseline.result, result
    # A proof without a step has no shape: what it did not measure is told below.
    shapes = [step.shape for step in (*now.steps, *before.steps)]
    if (wrong := _unusable(before, shape=shapes[0] if shapes else "", threshold=now.threshold)) is not None:
        return [f"the baseline cannot be compared: {wrong}"]
    if before.promise.periods.hpa_sync != now.promise.periods.hpa_sync:
        periods = (before.promise.periods.hpa_sync, now.promise.periods.hpa_sync)
        return [
            "the baseline's HPA sync period was {:g} s, this one's is {:g} s: take one of the same".format(*periods)
        ]
    found = {name: seconds for name, seconds, _ in _figures(now, baseline.period)}
    reasons, compared = [], 0
    for name, was, jitter in _figures(before, baseline.period):
        if was is None or (name.startswith(ON_DEMAND) and name not in found):
            continue
        limit = max(was * (1 + baseline.margin), was + jitter)
        seconds = found.get(name)
        compared += seconds is not None
        if seconds is None or seconds > limit:
            says = "not measured" if seconds is None else f"{seconds:.2f} s"
            reasons.append(f"slower than the baseline: {name}: {says}, was {was:.2f} s, at most {limit:.2f} s")
    if not compared:
        reasons.append("no figure could be compared with the baseline")
    return reasons


def _unusable(before: Result, *, shape: str, threshold: int) -> str | None:
    """The first field by which the earlier proof is no measure of this one, and the remedy."""
    if not before.passed:
        return "passed: false; take the result of a proof that passed"
    if before.threshold != threshold:
        return f"threshold: {before.threshold}, this proof's is {threshold}; take one of the same"
    for number, step in enumerate(before.steps):
        if step.shape != shape:
            return f"steps.{number}.shape: {step.shape}, this proof's is {shape}; take one of the same"
    return None


def _figures(result: Result, period: float) -> Iterator[tuple[str, float | None, float]]:
    times: Counter[int] = Counter()
    for step in result.steps:
        times[step.processes] += 1
        again = f", time {times[step.processes]}" if times[step.processes] > 1 else ""
        at = f"{step.shape} at {step.processes} processes{again}"
        yield f"{at}, pods desired", step.desired_seconds, period
        yield f"{at}, pods Ready", step.ready_seconds, period
    if (latency := result.latency) is not None:
        yield "second pod, metric shown until Ready, p50", latency.metric_to_ready_p50, period
        yield "second pod, metric shown until Ready, p95", latency.metric_to_ready_p95, period
        yield "second pod, order until Ready, p50", latency.order_to_ready_p50, period
        yield "second pod, order until Ready, p95", latency.order_to_ready_p95, period
    for endpoint in result.endpoints:
        yield f"{endpoint.name}, p50", endpoint.p50_seconds, ENDPOINT_JITTER_SECONDS
        yield f"{endpoint.name}, p95", endpoint.p95_seconds, ENDPOINT_JITTER_SECONDS
        yield f"{endpoint.name}, p99", endpoint.p99_seconds, SLOWEST_JITTER_SECONDS
