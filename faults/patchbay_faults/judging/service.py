"""The service as its users had it, second by second, and when it was back."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from patchbay_loadtests.percentiles import percentile
from pydantic import BaseModel, ConfigDict

from patchbay_faults.judging.runs import Ending
from patchbay_faults.traffic.protocol import Placed

# Below it nobody calls a service slow, however quick it was before.
LEAST_LIMIT_SECONDS = 2.0
# A machine of two cores hiccups: slow is a multiple of usual.
SLOW_FACTOR = 4.0
CALM_SECONDS = 10


class Second(BaseModel):
    """The orders that were due in one second, counted from the fault. `p95_seconds`: from due to completed."""

    model_config = ConfigDict(frozen=True)

    at: int
    orders: int
    disturbed: int = 0
    p95_seconds: float | None = None


@dataclass
class _Bucket:
    waits: list[float] = field(default_factory=list)
    disturbed: int = 0
    orders: int = 0


def seconds_of(placed: Iterable[Placed], endings: Mapping[str, Ending], began: float) -> list[Second]:
    """Every second from the first order to the last; disturbed where a request failed or an order got lost."""
    buckets: dict[int, _Bucket] = {}
    for order in placed:
        bucket = buckets.setdefault(int((order.due - began) // 1), _Bucket())
        bucket.orders += 1
        ending = endings.get(order.run) if order.run else None
        wait = ending.wait if ending else None
        if order.failures or wait is None:
            bucket.disturbed += 1
        if wait is not None:
            bucket.waits.append(order.ended - order.due + wait)
    if not buckets:
        return []
    return [
        Second(
            at=at,
            orders=bucket.orders,
            disturbed=bucket.disturbed,
            p95_seconds=percentile(bucket.waits, 95) if bucket.waits else None,
        )
        for at in range(min(buckets), max(buckets) + 1)
        for bucket in [buckets.get(at, _Bucket())]
    ]


def limit_of(seconds: Sequence[Second]) -> float:
    """What is slow, by what was usual before the fault."""
    usual = [second.p95_seconds for second in seconds if second.at < 0 and second.p95_seconds is not None]
    return max(LEAST_LIMIT_SECONDS, SLOW_FACTOR * percentile(usual, 50)) if usual else LEAST_LIMIT_SECONDS


def recovery(seconds: Sequence[Second], healed_at: float) -> float | None:
    """Seconds from the end of the cause (`healed_at`, counted from the fault) until the service was as before.

    As before: no failed request and no slow second for CALM_SECONDS. None: it did not come back while it was watched.
    """
    limit = limit_of(seconds)
    after = [second for second in seconds if second.at >= 0]
    bad = [second.at for second in after if _is_bad(second, limit)]
    if not after or not bad:
        return 0.0 if after else None
    last = after[-1].at
    for number, at in enumerate(bad):
        following = bad[number + 1] if number + 1 < len(bad) else last + 1
        # A pause between two disturbances is the calm after the first one only once the cause has ended.
        if following - max(at + 1, healed_at) >= CALM_SECONDS:
            return max(0.0, at + 1 - healed_at)
    return None


def _is_bad(second: Second, limit: float) -> bool:
    return second.disturbed > 0 or (second.p95_seconds is not None and second.p95_seconds > limit)


def errors_by_kind(placed: Iterable[Placed]) -> dict[str, int]:
    """Failed requests by HTTP status, or `no answer`."""
    return dict(Counter(failure.kind for order in placed for failure in order.failures).most_common())


def longest_wait(endings: Iterable[Ending]) -> float | None:
    """The longest time from accepted to ended, in seconds."""
    return max((ending.wait for ending in endings if ending.wait is not None), default=None)


def longest_acceptance(placed: Iterable[Placed]) -> float | None:
    """The longest time until an order was accepted, in seconds."""
    return max((order.ended - order.due for order in placed if order.run), default=None)
