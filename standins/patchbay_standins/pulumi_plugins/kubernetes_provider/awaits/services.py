"""Services."""

from typing import Any

from patchbay_standins.pulumi_plugins.kubernetes_provider.api import ApiServer
from patchbay_standins.pulumi_plugins.kubernetes_provider.awaits.state import READY, Live, State, waiting


def service(live: Live, api: ApiServer) -> State:
    """A ready pod answers behind the service; a load balancer has its address.

    Services without a selector, headless ones and external names lead to nothing that could be waited for.
    """
    spec = live["spec"]
    if spec.get("type") == "ExternalName":
        return READY
    if spec.get("selector") and spec.get("clusterIP") != "None" and not _has_ready_endpoint(live, api):
        return waiting("no ready pod matches the Service's selector")
    ingress = ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    if spec.get("type") == "LoadBalancer" and not ingress:
        return waiting("the load balancer has no address yet")
    return READY


def _has_ready_endpoint(live: Live, api: ApiServer) -> bool:
    metadata: dict[str, Any] = live["metadata"]
    slices = api.get(
        f"/apis/discovery.k8s.io/v1/namespaces/{metadata['namespace']}/endpointslices",
        labelSelector=f"kubernetes.io/service-name={metadata['name']}",
    )
    return any(
        (endpoint.get("conditions") or {}).get("ready") is not False
        for entry in slices.get("items") or []
        for endpoint in entry.get("endpoints") or []
    )
