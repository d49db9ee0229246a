"""How long requests took, by endpoint."""

from collections.abc import Mapping, Sequence

from patchbay_loadtests.core.percentiles import percentile
from patchbay_loadtests.core.traffic.protocol import Endpoint


def endpoints_of(timings: Mapping[str, Sequence[float]], failures: Mapping[str, int]) -> tuple[Endpoint, ...]:
    """The percentiles of each endpoint's seconds, by its name."""
    return tuple(
        Endpoint(
            name=name,
            requests=len(seconds),
            failures=failures.get(name, 0),
            p50_seconds=round(percentile(seconds, 50), 3),
            p95_seconds=round(percentile(seconds, 95), 3),
            p99_seconds=round(percentile(seconds, 99), 3),
        )
        for name, seconds in sorted(timings.items())
        if seconds
    )
