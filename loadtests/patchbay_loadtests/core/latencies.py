"""How long requests took, by endpoint."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from patchbay_loadtests.core.percentiles import percentile


class EndpointLatency(BaseModel):
    """One endpoint's `n` answers, in seconds; `failures` of them were refused or broke off."""

    model_config = ConfigDict(frozen=True)

    name: str
    n: int
    failures: int
    p50: float
    p95: float
    p99: float


def endpoint_latencies(
    timings: Mapping[str, Sequence[float]], failures: Mapping[str, int]
) -> tuple[EndpointLatency, ...]:
    """The percentiles of each endpoint's seconds, by its name."""
    return tuple(
        EndpointLatency(
            name=name,
            n=len(seconds),
            failures=failures.get(name, 0),
            p50=round(percentile(seconds, 50), 3),
            p95=round(percentile(seconds, 95), 3),
            p99=round(percentile(seconds, 99), 3),
        )
        for name, seconds in sorted(timings.items())
        if seconds
    )
