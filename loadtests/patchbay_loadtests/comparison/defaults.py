"""A shape as it is usually deployed and scaled, on this environment's own Prometheus, KEDA and HPA.

Usual is: Prometheus scrapes every 30 s; the metric is the length of the waiting list alone, with a target for each pod;
KEDA polls every 30 s; the HPA scales by its default behaviour; a pod that is told to go has Kubernetes' 30 s to finish.
How often the HPA looks is the control plane's, and the same for both sides. The HPA's default of 300 s before it scales
down is shortened to this platform's own window: in a run of minutes nothing would be seen of it.
"""

import asyncio
from typing import Any, Final

from patchbay_loadtests.core.cluster import Cluster, Document
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.restoration import Restore, undoing
from patchbay_loadtests.proof.environment import ScaledShape

SCRAPE_SECONDS: Final = 30
POLL_SECONDS: Final = 30
GRACE_SECONDS: Final = 30
TAKEN_UP_SECONDS: Final = 60.0


def path(shape: ScaledShape) -> str:
    """The ScaledObject's path at the API server."""
    watched = shape.watched
    return f"/apis/keda.sh/v1alpha1/namespaces/{watched.namespace}/scaledobjects/{watched.deployment}"


def changes(shape: ScaledShape, *, threshold: int) -> Document:
    """The merge patch that makes the ScaledObject a usual one.

    A subquery's steps lie at multiples of its resolution, so that it answers what a scrape every 30 s would have
    brought. KEDA asks Prometheus whenever it is asked, as is its default.
    """
    spec = shape.scaled_object["spec"]
    waiting = f'patchbay_horizon_length{{shape="{shape.watched.name}"}}'
    metadata = {
        "serverAddress": spec["triggers"][0]["metadata"]["serverAddress"],
        "query": f"sum(last_over_time({waiting}[{SCRAPE_SECONDS}s:{SCRAPE_SECONDS}s]))",
        "threshold": str(threshold),
    }
    trigger: dict[str, Any] = {"type": "prometheus", "metricType": "AverageValue", "metadata": metadata}
    behavior = spec.get("advanced", {}).get("horizontalPodAutoscalerConfig", {}).get("behavior", {})
    window = behavior.get("scaleDown", {}).get("stabilizationWindowSeconds", 0)
    scale_down = {"stabilizationWindowSeconds": window, "tolerance": None, "policies": None}
    return {
        "spec": {
            "pollingInterval": POLL_SECONDS,
            "fallback": None,
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleUp": None, "scaleDown": scale_down}}},
            "triggers": [trigger],
        }
    }


def deployment_path(shape: ScaledShape) -> str:
    """The path of the shape's Deployment at the API server."""
    return f"/apis/apps/v1/namespaces/{shape.watched.namespace}/deployments/{shape.watched.deployment}"


def grace(seconds: int) -> Document:
    """The merge patch of a Deployment that gives its pods this long to finish; it replaces them."""
    return {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": seconds}}}}


def given_back(shape: ScaledShape, deployment: Document, scaling: Document) -> tuple[Restore, Restore]:
    """What undoes `scaling`, the change of the ScaledObject, and the one of the Deployment."""
    undone = (undoing(scaling, shape.scaled_object), undoing(grace(GRACE_SECONDS), deployment))
    places = (path(shape), deployment_path(shape))
    first, second = (
        Restore(path=place, body=body, object_path=place) for place, body in zip(places, undone, strict=True)
    )
    return first, second


async def take_up(cluster: Cluster, shape: ScaledShape, scaling: Document, *, threshold: int) -> None:
    """Change the shape and wait until HPA and pods have followed; what undoes it must have been arranged before."""
    await cluster.merge(path(shape), scaling)
    await cluster.merge(deployment_path(shape), grace(GRACE_SECONDS))
    await until_taken_up(cluster, shape, str(threshold))


async def until_taken_up(cluster: Cluster, shape: ScaledShape, metric_target: str | None) -> None:
    """Wait until the HPA has this target for each pod, and the newest pods alone are ready."""
    clock = asyncio.get_running_loop()
    give_up = clock.time() + TAKEN_UP_SECONDS
    namespace = shape.watched.namespace
    while not (
        target(await cluster.autoscaler(namespace, shape.watched.autoscaler)) == metric_target
        and rolled_out(await cluster.deployment(namespace, shape.watched.deployment))
    ):
        if clock.time() > give_up:
            raise UnusableEnvironmentError(
                f"{shape.watched.deployment} did not take up its scaling within {TAKEN_UP_SECONDS:.0f} s"
            )
        await asyncio.sleep(1)


def rolled_out(deployment: Document) -> bool:
    """True when all pods of the Deployment are of its newest kind, and ready."""
    status = deployment.get("status", {})
    counts = {status.get(field, 0) for field in ("replicas", "updatedReplicas", "readyReplicas")}
    return status.get("observedGeneration", 0) >= deployment["metadata"]["generation"] and len(counts) == 1


def target(autoscaler: Document) -> str | None:
    """What the HPA's external metric should be for each pod."""
    for metric in autoscaler["spec"].get("metrics", []):
        if metric["type"] == "External":
            found = metric["external"]["target"].get("averageValue")
            return None if found is None else str(found)
    return None
