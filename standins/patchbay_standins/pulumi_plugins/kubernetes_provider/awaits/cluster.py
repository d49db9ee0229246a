"""Namespaces, definitions of kinds, aggregated APIs and volumes."""

from patchbay_standins.pulumi_plugins.kubernetes_provider.api import ApiServer
from patchbay_standins.pulumi_plugins.kubernetes_provider.awaits.state import (
    READY,
    Live,
    State,
    condition,
    failed,
    waiting,
)


def namespace(live: Live, _: ApiServer) -> State:
    phase = (live.get("status") or {}).get("phase")
    return READY if phase == "Active" else waiting(f"the Namespace is {phase or 'not active'}")


def custom_resource_definition(live: Live, api: ApiServer) -> State:
    """The definition is established, and the API server serves its kinds."""
    names = condition(live, "NamesAccepted")
    if names.get("status") == "False":
        return failed(f"the names are not accepted: {names.get('message', '')}")
    if condition(live, "Established").get("status") != "True":
        return waiting("the definition is not established yet")
    spec = live["spec"]
    for version in spec["versions"]:
        if not version.get("served"):
            continue
        served = api.find(f"/apis/{spec['group']}/{version['name']}") or {}
        if spec["names"]["kind"] not in {entry.get("kind") for entry in served.get("resources") or []}:
            return waiting(f"{spec['group']}/{version['name']} is not served yet")
    return READY


def api_service(live: Live, _: ApiServer) -> State:
    available = condition(live, "Available")
    if available.get("status") == "True":
        return READY
    return waiting(f"the API is not available: {available.get('message') or 'not checked yet'}")


def persistent_volume_claim(live: Live, api: ApiServer) -> State:
    """The claim is bound; one that is bound for its first pod only is not waited for."""
    if (live.get("status") or {}).get("phase") == "Bound":
        return READY
    storage_class = live["spec"].get("storageClassName")
    if storage_class:
        found = api.find(f"/apis/storage.k8s.io/v1/storageclasses/{storage_class}") or {}
        if found.get("volumeBindingMode") == "WaitForFirstConsumer":
            return READY
    return waiting("the PersistentVolumeClaim is not bound yet")
