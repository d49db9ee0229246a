"""Why an object is not ready: the state of its pods and the warnings about it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from patchbay_standins.pulumi_plugins.kubernetes_provider.api import ApiError, ApiServer, UnreachableError
from patchbay_standins.pulumi_plugins.kubernetes_provider.awaits.state import Live, condition

MOST_CAUSES: Final = 6
# The only reason that says that a container is merely on its way.
_NORMAL_WAITING: Final = frozenset({"ContainerCreating", "PodInitializing"})


def causes(live: Live, api: ApiServer) -> list[str]:
    """At most a handful of sentences, the most telling first; empty where nothing is known."""
    found: dict[str, None] = {}
    try:
        pods = list(_pods(live, api))
        for pod in pods:
            found |= dict.fromkeys(_of_pod(pod))
        for name in ("ReplicaFailure", "Failed"):
            entry = condition(live, name)
            if entry.get("status") == "True":
                found[f"{entry.get('reason')}: {entry.get('message')}"] = None
        uids = {live["metadata"]["uid"], *(pod["metadata"]["uid"] for pod in pods if not _is_ready(pod))}
        found |= dict.fromkeys(_warnings(live, uids, api))
    except (ApiError, UnreachableError):
        # The reason for looking is reported in any case.
        pass
    return list(found)[:MOST_CAUSES]


def _pods(live: Live, api: ApiServer) -> Iterator[Mapping[str, Any]]:
    if live.get("kind") == "Pod":
        yield live
        return
    selector = (live.get("spec") or {}).get("selector")
    if not isinstance(selector, dict) or not live["metadata"].get("namespace"):
        return
    labels = selector.get("matchLabels", {}) if live.get("kind") != "Service" else selector
    if labels:
        text = ",".join(f"{name}={value}" for name, value in labels.items())
        listed = api.get(f"/api/v1/namespaces/{live['metadata']['namespace']}/pods", labelSelector=text)
        yield from listed.get("items") or []


def _is_ready(pod: Mapping[str, Any]) -> bool:
    return condition(pod, "Ready").get("status") == "True"


def _of_pod(pod: Mapping[str, Any]) -> Iterator[str]:
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    scheduled = condition(pod, "PodScheduled")
    if not scheduled and status.get("phase") == "Pending":
        yield f"pod {name}: Pending: no node has been chosen for it"
    if scheduled.get("status") == "False":
        yield f"pod {name}: {scheduled.get('reason')}: {scheduled.get('message')}"
    if status.get("phase") == "Failed":
        yield f"pod {name}: {status.get('reason') or 'Failed'}: {status.get('message') or 'see its logs'}"
    for container in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        yield from _of_container(name, container)


def _of_container(pod: str, container: Mapping[str, Any]) -> Iterator[str]:
    label = f"pod {pod}, container {container['name']}"
    state = container.get("state") or {}
    waiting = state.get("waiting") or {}
    ended = state.get("terminated") or (container.get("lastState") or {}).get("terminated") or {}
    if waiting and waiting.get("reason") not in _NORMAL_WAITING:
        yield f"{label}: {waiting.get('reason')}: {waiting.get('message') or 'no message'}"
    if ended and ended.get("exitCode"):
        detail = f": {ended['message'].strip()}" if ended.get("message") else ""
        yield f"{label}: ended with exit code {ended['exitCode']} ({ended.get('reason', 'Error')}){detail}"
    if state.get("running") and not container.get("ready"):
        yield f"{label}: runs, but its readiness probe does not pass"


def _warnings(live: Live, uids: set[str], api: ApiServer) -> Iterator[str]:
    namespace = live["metadata"].get("namespace") or "default"
    events = api.get(f"/api/v1/namespaces/{namespace}/events", fieldSelector="type=Warning", limit="500")
    for event in reversed(events.get("items") or []):
        involved = event.get("involvedObject") or {}
        # A replica set's events tell why a deployment gets no pods; it is named after the deployment.
        owned = involved.get("kind") == "ReplicaSet" and str(involved.get("name")).startswith(
            f"{live['metadata']['name']}-"
        )
        if involved.get("uid") in uids or owned:
            about = f"{str(involved.get('kind')).lower()} {involved.get('name')}"
            yield f"{about}: {event.get('reason')}: {event.get('message')}"
