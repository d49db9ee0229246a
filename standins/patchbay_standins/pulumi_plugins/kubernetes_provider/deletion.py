"""Deletes objects and waits until they are gone."""

import time
from collections.abc import Callable
from typing import Final

from patchbay_standins.pulumi_plugins.kubernetes_provider.api import ApiError, ApiServer
from patchbay_standins.pulumi_plugins.kubernetes_provider.awaits.state import condition
from patchbay_standins.pulumi_plugins.kubernetes_provider.discovery import Resource
from patchbay_standins.pulumi_plugins.kubernetes_provider.objects import Identity, Object, annotation
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 1.0
POLICIES: Final = {"foreground": "Foreground", "background": "Background", "orphan": "Orphan"}
# Conditions of a namespace that say what keeps it.
_KEEPS_NAMESPACE: Final = (
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionContentFailure",
)


def delete(
    of: Identity, resource: Resource, api: ApiServer, *, inputs: Object, seconds: float, show: Callable[[str], None]
) -> None:
    """Deletes an object; returns when it is gone. What it owns goes first unless it is annotated otherwise."""
    path = resource.path(of.name, of.namespace)
    policy = POLICIES.get((annotation(inputs, "deletionPropagationPolicy") or "foreground").lower(), "Foreground")
    try:
        api.request("DELETE", path, body={"propagationPolicy": policy})
    except ApiError as error:
        if error.status == 404:
            return
        message = f"{of}: {error.message}"
        raise ProviderError(message) from None
    if annotation(inputs, "skipAwait") == "true":
        return
    deadline = time.monotonic() + seconds
    pause, uid = FIRST_PAUSE_SECONDS, None
    while (live := api.find(path)) is not None:
        found = live["metadata"]["uid"]
        # Another object of the same name may have followed already.
        if uid is not None and found != uid:
            return
        uid = found
        if time.monotonic() >= deadline:
            message = f"{of}: still there {seconds:.0f} s after its deletion: {_hindrance(live)}"
            raise ProviderError(message)
        show(f"deleting: {_hindrance(live)}")
        api.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


def _hindrance(live: Object) -> str:
    for name in _KEEPS_NAMESPACE:
        found = condition(live, name)
        if found.get("status") == "True":
            return str(found.get("message"))
    finalizers = live["metadata"].get("finalizers") or []
    return f"waiting for {', '.join(finalizers)}" if finalizers else "waiting for it to disappear"
