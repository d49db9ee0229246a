"""How often the HPAs look, by KEDA's own count of what it is asked.

The controller manager's sync period is a flag that no API shows. KEDA's operator counts a call for each external metric
that is asked for: one for every metric of an HPA in each period, and one for every query of the load test's own.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from patchbay_loadtests.core import prometheus
from patchbay_loadtests.core.cluster import Cluster, Document
from patchbay_loadtests.core.errors import UnusableEnvironmentError

CALLS = 'keda_internal_metricsservice_grpc_server_started_total{grpc_method="GetMetrics"}'
AUTOSCALERS = "/apis/autoscaling/v2/horizontalpodautoscalers"
# What is less certain than this is not measured.
LARGEST_ERROR = 0.2
# Of the own queries so many may be counted just before or after, or have come to nothing on their way.
OWN_ERROR = 0.01
LARGEST_DEVIATION = 0.3


async def measure(
    cluster: Cluster, metrics_namespace: str, *, seconds: float, own: Sequence[float] = ()
) -> float | None:
    """The HPAs' period over the last `seconds`. `own`: the load test's queries of external metrics, in Unix time.

    None: it cannot be told, because Prometheus does not count KEDA's calls, or too few of them were the HPAs'.
    """
    query = f"{CALLS}[{max(1, round(seconds))}s]"
    try:
        found = await prometheus.query(cluster, metrics_namespace, query)
        counts = [[(float(at), float(count)) for at, count in series["values"]] for series in found]
        metrics = sum(map(asked_metrics, (await cluster.get(AUTOSCALERS))["items"]))
    except (UnusableEnvironmentError, LookupError, TypeError, ValueError):
        return None
    return period(counts, metrics, own)


def asked_metrics(autoscaler: Document) -> int:
    """How many external metrics an HPA asks for in each period."""
    conditions = autoscaler.get("status", {}).get("conditions", [])
    # Of a workload without pods it asks nothing.
    if any(condition.get("reason") == "ScalingDisabled" for condition in conditions):
        return 0
    return sum(metric["type"] == "External" for metric in autoscaler.get("spec", {}).get("metrics", []))


def period(counts: Sequence[Sequence[tuple[float, float]]], metrics: int, own: Sequence[float]) -> float | None:
    """The period by the counts of each of KEDA's operators, as they were scraped: (Unix time, calls since its start).

    Between two scrapes, not between two looks at Prometheus: the newest count may be a scrape's interval old.
    """
    times = [at for series in counts for at, _ in series]
    if not times or not metrics:
        return None
    first, last = min(times), max(times)
    own_calls = sum(first < at <= last for at in own)
    asked = sum(sum(_increases(series)) for series in counts) - own_calls
    if metrics + OWN_ERROR * own_calls > LARGEST_ERROR * asked:
        return None
    return round((last - first) * metrics / asked, 2)


def _increases(series: Sequence[tuple[float, float]]) -> Iterator[float]:
    """A count that is less than the one before began anew at 0."""
    for (_, earlier), (_, later) in pairwise(series):
        yield later - earlier if later >= earlier else later


def differences(claimed: float, measured: float | None) -> list[str]:
    """Why the claimed period is not the cluster's; nothing where it was not measured."""
    if measured is None or abs(measured - claimed) <= LARGEST_DEVIATION * claimed:
        return []
    return [f"the HPAs look every {measured:.1f} s, not every {claimed:g} s (--hpa-sync-seconds)"]


def told(measured: float | None) -> str:
    """For a report."""
    return "not measured" if measured is None else f"{measured:.1f}"
