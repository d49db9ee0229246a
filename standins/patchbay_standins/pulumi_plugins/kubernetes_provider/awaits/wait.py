"""Waits until an object is ready."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from patchbay_standins.pulumi_plugins.kubernetes_provider.api import ApiServer, CancelledError
from patchbay_standins.pulumi_plugins.kubernetes_provider.awaits import cluster, services, workloads
from patchbay_standins.pulumi_plugins.kubernetes_provider.awaits.causes import causes
from patchbay_standins.pulumi_plugins.kubernetes_provider.awaits.declared import declared
from patchbay_standins.pulumi_plugins.kubernetes_provider.awaits.state import Check, State
from patchbay_standins.pulumi_plugins.kubernetes_provider.discovery import Resource
from patchbay_standins.pulumi_plugins.kubernetes_provider.objects import Object, annotation, identity
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

DEFAULT_SECONDS: Final = 600.0
FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 1.0

CHECKS: Final[Mapping[tuple[str, str], Check]] = {
    ("", "Namespace"): cluster.namespace,
    ("", "PersistentVolumeClaim"): cluster.persistent_volume_claim,
    ("", "Pod"): workloads.pod,
    ("", "Service"): services.service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): cluster.custom_resource_definition,
    ("apiregistration.k8s.io", "APIService"): cluster.api_service,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("batch", "Job"): workloads.job,
}


class NotReadyError(ProviderError):
    """The object exists, but did not become ready; `live` is its last state."""

    def __init__(self, message: str, live: Object) -> None:
        super().__init__(message)
        self.live = live


def time_limit(manifest: Object, asked_for: float) -> float:
    """Seconds to wait: the resource's custom timeout, else its annotation, else ten minutes."""
    annotated = annotation(manifest, "timeoutSeconds")
    if asked_for > 0:
        return asked_for
    return float(annotated) if annotated and annotated.isdigit() else DEFAULT_SECONDS


def wait(live: Object, resource: Resource, api: ApiServer, seconds: float, show: Callable[[str], None]) -> Object:
    """Returns the object once it is ready; `show` is told what it waits for, each time that changes."""
    check = _check(live)
    if check is None or annotation(live, "skipAwait") == "true":
        return live
    of = identity(live)
    path = resource.path(of.name, of.namespace)
    deadline = time.monotonic() + seconds
    pause, shown = FIRST_PAUSE_SECONDS, ""
    while True:
        state = check(live, api)
        if state.ready:
            return live
        if state.failed or time.monotonic() >= deadline:
            raise NotReadyError(_reason(live, state, api, seconds), live)
        if state.message != shown:
            show(state.message)
            shown = state.message
        try:
            api.sleep(min(pause, max(deadline - time.monotonic(), 0)))
        except CancelledError:
            message = f"{of}: cancelled while waiting ({state.message})"
            raise NotReadyError(message, live) from None
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
        found = api.find(path)
        if found is None:
            message = f"{of}: deleted by someone else while waiting for it to become ready"
            raise NotReadyError(message, live)
        live = found


def _check(live: Object) -> Check | None:
    expression = annotation(live, "waitFor")
    if expression:
        return declared(expression)
    of = identity(live)
    return CHECKS.get((of.group, of.kind))


def _reason(live: Object, state: State, api: ApiServer, seconds: float) -> str:
    head = state.message if state.failed else f"not ready after {seconds:.0f} s: {state.message}"
    return "\n  - ".join([f"{identity(live)}: {head}", *causes(live, api)])
