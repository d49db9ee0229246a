"""What one look adds to what is known of a pod or a node. Pure functions over the API server's documents."""

from typing import Literal

from patchbay_loadtests.core.cluster import Document
from patchbay_loadtests.nodes.autoscaler import DRAINING_TAINT, UNNEEDED_TAINT, taints
from patchbay_loadtests.nodes.timeline import NodeTrack, PodTrack

SHAPE_LABEL = "patchbay.dev/shape"


def pod_seen(
    known: PodTrack | None, pod: Document, at: float, kind: Literal["worker", "placeholder"], *, triggered: bool
) -> PodTrack:
    """The pod's track with the states added that it shows for the first time."""
    metadata, status = pod["metadata"], pod.get("status", {})
    track = known or PodTrack(
        name=metadata["name"], kind=kind, shape=metadata.get("labels", {}).get(SHAPE_LABEL), created=at
    )
    conditions = {condition["type"]: condition for condition in status.get("conditions", [])}
    scheduled = conditions.get("PodScheduled", {})
    containers = status.get("containerStatuses", [])
    reached = {
        "unschedulable": scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable",
        "triggered": triggered,
        "scheduled": bool(pod["spec"].get("nodeName")),
        "running": bool(containers) and all("running" in container.get("state", {}) for container in containers),
        "ready": conditions.get("Ready", {}).get("status") == "True",
        "leaving": "deletionTimestamp" in metadata,
    }
    marks = {state: at for state, holds in reached.items() if holds and getattr(track, state) is None}
    node = pod["spec"].get("nodeName")
    return track.model_copy(update={**marks, "node": node}) if marks or node != track.node else track


def node_seen(known: NodeTrack | None, node: Document, at: float) -> NodeTrack:
    """The node's track with its newest states. A mark that the autoscaler takes back begins anew when it returns."""
    track = known or NodeTrack(name=node["metadata"]["name"], registered=at)
    keys = taints(node)
    return track.model_copy(
        update={
            "ready": track.ready if track.ready is not None or not is_ready(node) else at,
            "unneeded": _since(track.unneeded, at, holds=bool(keys & {UNNEEDED_TAINT, DRAINING_TAINT})),
            "draining": _since(track.draining, at, holds=DRAINING_TAINT in keys),
        }
    )


def is_ready(node: Document) -> bool:
    """True when the kubelet says so."""
    conditions = node.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _since(known: float | None, at: float, *, holds: bool) -> float | None:
    if not holds:
        return None
    return at if known is None else known
