"""What an environment says of its own scaling."""

from patchbay_runtime.quantity import parse

from patchbay_loadtests.core import prometheus
from patchbay_loadtests.core.cluster import Cluster, Document
from patchbay_loadtests.proof.environment import ScaledShape
from patchbay_loadtests.proof.periods import read_periods
from patchbay_loadtests.proof.promise import Deployed

# KEDA's own.
DEFAULT_MIN_PODS = 0
DEFAULT_MAX_PODS = 100


async def read_deployed(
    cluster: Cluster, shape: ScaledShape, *, metrics_namespace: str, hpa_sync_seconds: float
) -> Deployed:
    """The shape's bounds, threshold and periods as deployed."""
    spec = shape.scaled_object["spec"]
    return Deployed(
        threshold=await _threshold(cluster, metrics_namespace, shape.watched.name),
        min_pods=spec.get("minReplicaCount", DEFAULT_MIN_PODS),
        max_pods=spec.get("maxReplicaCount", DEFAULT_MAX_PODS),
        periods=await read_periods(
            cluster,
            metrics_namespace=metrics_namespace,
            scaled_object=shape.scaled_object,
            autoscaler=shape.autoscaler,
            hpa_sync=hpa_sync_seconds,
        ),
        scale_up_tolerance=scale_up_tolerance(shape.autoscaler),
    )


def scale_up_tolerance(autoscaler: Document) -> float | None:
    """The HPA's own tolerance for scaling up; None where the controller manager's holds."""
    found = autoscaler["spec"].get("behavior", {}).get("scaleUp", {}).get("tolerance")
    return None if found is None else float(parse(str(found)))


async def _threshold(cluster: Cluster, metrics_namespace: str, shape: str) -> int | None:
    query = f'patchbay:shape_processes:threshold{{shape="{shape}"}}'
    try:
        found = await prometheus.query(cluster, metrics_namespace, query)
        return int(float(found[0]["value"][1]))
    except (LookupError, TypeError, ValueError):
        return None
