"""The service as its users had it, second by second, and when it was back."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from patchbay_loadtests.core.ledger import Delivery, Ending
from patchbay_loadtests.core.objectives import FaultObjectives
from patchbay_loadtests.core.percentiles import percentile
from patchbay_loadtests.core.traffic.protocol import Placed

# Below it nobody calls a service slow, however quick it was before.
LEAST_LIMIT_SECONDS = 2.0
# A machine of two cores hiccups: slow is a multiple of usual, and a single bad second in ten is nothing.
SLOW_FACTOR = 4.0
# A service that was as before for so long is disturbed again by something else.
RELAPSE_SECONDS = 60
MOST_TOLERATED = 4


class Second(BaseModel):
    """The orders that were due in one second, counted from the fault. `p95_seconds`: from due to done."""

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


def done_at(order: Placed, endings: Mapping[str, Ending], deliveries: Mapping[str, Delivery]) -> float | None:
    """When an order was done, in Unix seconds by our clocks; None: not while it was watched, or its run failed.

    The later of its run's end, as far after the acceptance as the API says, and of its first request at the receiver:
    the API may call a run completed before it had its effect. Each order of a fault has one business key, its own id.
    """
    ending = endings.get(order.run) if order.run else None
    if ending is None or ending.wait is None or ending.status != "completed":
        return None
    ended = order.ended + ending.wait
    delivery = deliveries.get(order.order)
    return max(ended, delivery.first_received) if delivery and delivery.calls else ended


def seconds_of(
    placed: Iterable[Placed], endings: Mapping[str, Ending], deliveries: Mapping[str, Delivery], began: float
) -> list[Second]:
    """Every second from the first order to the last; disturbed where a request failed or an order got lost."""
    buckets: dict[int, _Bucket] = {}
    for order in placed:
        bucket = buckets.setdefault(int((order.due - began) // 1), _Bucket())
        bucket.orders += 1
        done = done_at(order, endings, deliveries)
        if order.failures or done is None:
            bucket.disturbed += 1
        if done is not None:
            bucket.waits.append(done - order.due)
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


@dataclass(frozen=True)
class Usual:
    """The undisturbed service. `tolerated`: slow seconds in any `window` seconds that are this machine's own."""

    limit_seconds: float
    tolerated: int
    window: int = 10


def usual_of(*undisturbed: Sequence[Second], objectives: FaultObjectives, window: int = 10) -> Usual:
    """What is usual, by stretches of time in which nothing was wrong; the slowest of them counts.

    What is too slow by the objectives is so however slow these were, and failures are never usual.
    """
    medians = [percentile(waits, 50) for seconds in undisturbed if (waits := _waits(seconds))]
    limit = min(max(LEAST_LIMIT_SECONDS, SLOW_FACTOR * max(medians, default=0.0)), objectives.slow_seconds)
    slow = [[second.at for second in seconds if _is_slow(second, limit)] for seconds in undisturbed]
    most = max((_most_together(moments, window) for moments in slow), default=0)
    return Usual(limit, min(most + 1, MOST_TOLERATED), window)


def unfit(undisturbed: Sequence[Second], failed: int, objectives: FaultObjectives) -> list[str]:
    """Why nothing could be said of a fault that is begun after this service; `failed`: orders with a failed request."""
    waits = _waits(undisturbed)
    reasons = [f"{failed} orders failed while nothing was wrong"] if failed else []
    if not waits:
        reasons.append("no order was done while nothing was wrong")
    elif (median := percentile(waits, 50)) > objectives.calm_p95_seconds:
        reasons.append(
            f"the undisturbed service had a p95 of {median:.1f} s (median of {len(waits)} seconds), more than the "
            f"objective of {objectives.calm_p95_seconds:g} s"
        )
    return reasons


def recovery(
    seconds: Sequence[Second], healed_at: float, usual: Usual, limit_seconds: float = math.inf
) -> float | None:
    """Seconds from the end of the cause (`healed_at`, counted from the fault) until the service was as before.

    As before: in a window no more bad seconds than usual. Bad: a failed request, or slow. Where it is disturbed
    again after it was, that is the same fault's if it begins within `limit_seconds` of the cause's end and within
    RELAPSE_SECONDS of having been as before. None: it did not come back while it was watched.
    """
    after = [second for second in seconds if second.at >= 0]
    if not after:
        return None
    last_watched = after[-1].at
    ended = None
    for first, last in _disturbances([second.at for second in after if _is_bad(second, usual.limit_seconds)], usual):
        calm_since = healed_at if ended is None else max(ended, healed_at)
        if first > min(healed_at + limit_seconds, calm_since + RELAPSE_SECONDS):
            break
        ended = last + 1
    if ended is None:
        return 0.0
    return max(0.0, ended - healed_at) if last_watched + 1 - max(ended, healed_at) >= usual.window else None


def _disturbances(bad: Sequence[int], usual: Usual) -> list[tuple[int, int]]:
    """First and last second of each stretch with more bad seconds than usual."""
    stretches: list[tuple[int, int]] = []
    for at in bad:
        before = sum(at - usual.window < other <= at for other in bad)
        following = sum(at <= other < at + usual.window for other in bad)
        if max(before, following) <= usual.tolerated:
            continue
        if stretches and at - stretches[-1][1] <= usual.window:
            stretches[-1] = (stretches[-1][0], at)
        else:
            stretches.append((at, at))
    return stretches


def _most_together(moments: Sequence[int], window: int) -> int:
    return max((sum(at <= other < at + window for other in moments) for at in moments), default=0)


def _waits(seconds: Sequence[Second]) -> list[float]:
    return [second.p95_seconds for second in seconds if second.p95_seconds is not None]


def _is_bad(second: Second, limit: float) -> bool:
    return second.disturbed > 0 or _is_slow(second, limit)


def _is_slow(second: Second, limit: float) -> bool:
    return second.p95_seconds is not None and second.p95_seconds > limit


def errors_by_kind(placed: Iterable[Placed]) -> dict[str, int]:
    """Failed requests by HTTP status, or `no answer`."""
    return dict(Counter(failure.kind for order in placed for failure in order.failures).most_common())


def longest_wait(
    placed: Iterable[Placed], endings: Mapping[str, Ending], deliveries: Mapping[str, Delivery]
) -> float | None:
    """The longest time from accepted to done, in seconds."""
    waits = (done - order.ended for order in placed if (done := done_at(order, endings, deliveries)) is not None)
    return max(waits, default=None)


def longest_acceptance(placed: Iterable[Placed]) -> float | None:
    """The longest time until an order was accepted, in seconds."""
    return max((order.ended - order.due for order in placed if order.run), default=None)
