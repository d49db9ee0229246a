"""The platform on its cluster: every component, and what each gets from the others."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as kubernetes
from patchbay_runtime.catalog import Shape
from pulumi_kubernetes.core.v1 import ServicePortArgs

from patchbay_platform import api, namespaces, pods
from patchbay_platform.api import Api
from patchbay_platform.credentials.component import Credentials
from patchbay_platform.gateway.component import Gateway
from patchbay_platform.images import ImageLock
from patchbay_platform.json_exporter.component import JsonExporter
from patchbay_platform.keda import Keda
from patchbay_platform.mariadb.component import Mariadb
from patchbay_platform.namespaces import RestrictedNamespace
from patchbay_platform.network import NetworkPolicies
from patchbay_platform.placement import Placement
from patchbay_platform.priority import Priorities
from patchbay_platform.prometheus.component import Prometheus
from patchbay_platform.redis.component import Redis
from patchbay_platform.runtime_pod import RuntimePod
from patchbay_platform.settings import Settings
from patchbay_platform.shapes import METRICS_PORT, ShapeWorkload


class Platform(pulumi.ComponentResource):
    """All that runs on the cluster."""

    gateway_node_port: int
    shapes: list[str]

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        images: ImageLock,
        catalog: Mapping[str, Shape],
        provider: kubernetes.Provider,
    ) -> None:
        super().__init__("patchbay:platform:Platform", name, None, pulumi.ResourceOptions(providers=[provider]))
        child = pulumi.ResourceOptions(parent=self)
        priorities = Priorities("priorities", child)
        quotas = settings.quotas
        in_gateway = Placement(RestrictedNamespace(namespaces.GATEWAY, quotas.gateway, child).name, priorities.platform)
        in_data = Placement(RestrictedNamespace(namespaces.DATA, quotas.data, child).name, priorities.platform)
        in_metrics = Placement(RestrictedNamespace(namespaces.METRICS, quotas.metrics, child).name, priorities.platform)
        runtime_namespace = RestrictedNamespace(namespaces.RUNTIME, quotas.runtime, child).name

        keda = Keda(
            "keda",
            settings.keda,
            operator_image=images.keda,
            adapter_image=images.keda_metrics_adapter,
            watched_namespace=runtime_namespace,
            opts=child,
        )
        NetworkPolicies(
            "network",
            settings.network,
            edge_networks=settings.gateway.edge_networks,
            existing={
                namespaces.GATEWAY: in_gateway.namespace,
                namespaces.RUNTIME: runtime_namespace,
                namespaces.DATA: in_data.namespace,
                namespaces.METRICS: in_metrics.namespace,
                namespaces.KEDA: keda.namespace,
            },
            opts=child,
        )
        credentials = Credentials(
            "credentials", image=images.runtime, placement=in_data, client_namespace=runtime_namespace, opts=child
        )
        redis = Redis(
            "redis",
            settings.redis,
            image=images.redis,
            placement=in_data,
            secret=credentials.redis_secret,
            opts=child,
        )
        mariadb = Mariadb(
            "mariadb",
            settings.mariadb,
            image=images.mariadb,
            placement=in_data,
            secret=credentials.mariadb_secret,
            opts=child,
        )
        prometheus = Prometheus(
            "prometheus",
            settings.prometheus,
            image=images.prometheus,
            placement=in_metrics,
            shapes=list(catalog.values()),
            opts=child,
        )
        JsonExporter("json-exporter", image=images.json_exporter, placement=in_metrics, opts=child)
        Gateway(
            "gateway",
            settings.gateway,
            image=images.haproxy,
            placement=in_gateway,
            api_address=f"{api.HEADLESS_SERVICE}.{namespaces.RUNTIME}.svc.cluster.local:{api.PORT}",
            opts=child,
        )
        runtime = RuntimePod(
            image=images.runtime,
            redis=redis.endpoint,
            redis_secret=credentials.redis_secret,
            mariadb=mariadb.endpoint,
            mariadb_secret=credentials.mariadb_secret,
            log_level=settings.api.log_level,
        )
        Api("api", settings.api, runtime, placement=Placement(runtime_namespace, priorities.platform), opts=child)
        # Prometheus finds the pods of every shape under this one name.
        pods.service(
            "worker-pods",
            runtime_namespace,
            pods.labels("worker"),
            ServicePortArgs(name="metrics", port=METRICS_PORT),
            child,
            type="Headless",
        )
        for shape in catalog.values():
            ShapeWorkload(
                shape,
                settings.scaling,
                runtime,
                placement=Placement(runtime_namespace, priorities.worker),
                prometheus=prometheus.endpoint,
                autoscaler=keda.resources,
                opts=child,
            )
        self.gateway_node_port = settings.gateway.node_port
        self.shapes = sorted(catalog)
        self.register_outputs({"gatewayNodePort": self.gateway_node_port, "shapes": self.shapes})
