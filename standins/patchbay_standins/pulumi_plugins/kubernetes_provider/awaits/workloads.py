"""Deployments, StatefulSets, DaemonSets, Jobs and Pods."""

from patchbay_standins.pulumi_plugins.kubernetes_provider.api import ApiServer
from patchbay_standins.pulumi_plugins.kubernetes_provider.awaits.state import (
    READY,
    Live,
    State,
    condition,
    failed,
    is_observed,
    waiting,
)


def deployment(live: Live, _: ApiServer) -> State:
    """Every pod is of the latest template and available, none of an older one is left."""
    if not is_observed(live):
        return waiting("waiting for the Deployment to be observed")
    spec, status = live["spec"], live.get("status") or {}
    if spec.get("paused"):
        return READY
    progressing = condition(live, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return failed(str(progressing.get("message") or "the Deployment makes no progress"))
    wanted = int(spec.get("replicas", 1))
    updated, available = int(status.get("updatedReplicas", 0)), int(status.get("availableReplicas", 0))
    old = int(status.get("replicas", 0)) - updated
    if updated < wanted:
        return waiting(f"{updated} of {wanted} pods have the latest template")
    if old > 0:
        return waiting(f"{old} pods of an older template are still there")
    return READY if available >= wanted else waiting(f"{available} of {wanted} pods are available")


def stateful_set(live: Live, _: ApiServer) -> State:
    """Every pod is of the latest revision and ready."""
    if not is_observed(live):
        return waiting("waiting for the StatefulSet to be observed")
    spec, status = live["spec"], live.get("status") or {}
    wanted = int(spec.get("replicas", 1))
    ready = int(status.get("readyReplicas", 0))
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return READY if ready >= wanted else waiting(f"{ready} of {wanted} pods are ready")
    partition = int((strategy.get("rollingUpdate") or {}).get("partition", 0))
    updated = int(status.get("updatedReplicas", 0))
    if updated < wanted - partition:
        return waiting(f"{updated} of {wanted - partition} pods have the latest revision")
    return READY if ready >= wanted else waiting(f"{ready} of {wanted} pods are ready")


def daemon_set(live: Live, _: ApiServer) -> State:
    """A pod of the latest template is available on every node that it is meant for."""
    if not is_observed(live):
        return waiting("waiting for the DaemonSet to be observed")
    status = live.get("status") or {}
    wanted = int(status.get("desiredNumberScheduled", 0))
    strategy = live["spec"].get("updateStrategy") or {}
    updated = wanted if strategy.get("type") == "OnDelete" else int(status.get("updatedNumberScheduled", 0))
    available = int(status.get("numberAvailable", 0))
    if updated < wanted:
        return waiting(f"{updated} of {wanted} pods have the latest template")
    return READY if available >= wanted else waiting(f"{available} of {wanted} pods are available")


def job(live: Live, _: ApiServer) -> State:
    """The job has completed; a suspended job is left alone."""
    if live["spec"].get("suspend") or condition(live, "Complete").get("status") == "True":
        return READY
    failure = condition(live, "Failed")
    if failure.get("status") == "True":
        return failed(f"the Job failed: {failure.get('reason', '')} {failure.get('message', '')}".strip())
    status = live.get("status") or {}
    return waiting(f"the Job runs: {status.get('active', 0)} active, {status.get('succeeded', 0)} succeeded")


def pod(live: Live, _: ApiServer) -> State:
    """The pod is ready, or has done its work."""
    phase = (live.get("status") or {}).get("phase")
    if phase == "Succeeded" or condition(live, "Ready").get("status") == "True":
        return READY
    if phase == "Failed":
        return failed("the Pod failed")
    return waiting(f"the Pod is {phase or 'not scheduled'}")
