"""The platform on its cluster: every component, and what each gets from the others."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as kubernetes
from patchbay_runtime.catalog import Shape

from patchbay_platform import api, namespaces
from patchbay_platform.api import Api
from patchbay_platform.credentials.component import Credentials
from patchbay_platform.gateway.component import Gateway
from patchbay_platform.images import ImageLock
from patchbay_platform.json_exporter.component import JsonExporter
from patchbay_platform.keda import Keda
from patchbay_platform.mariadb.component import Mariadb
from patchbay_platform.namespaces import QuotaConfig, RestrictedNamespace
from patchbay_platform.network import NetworkPolicies
from patchbay_platform.placement import Placement
from patchbay_platform.priority import Priorities
from patchbay_platform.prometheus.component import Prometheus
from patchbay_platform.redis.component import Redis
from patchbay_platform.runtime_pod import RuntimePod
from patchbay_platform.settings import PlatformSettings
from patchbay_platform.shapes import ShapeWorkload, WorkerPods


class Platform(pulumi.ComponentResource):
    """All that runs on the cluster."""

    gateway_node_port: int
    shapes: list[str]

    def __init__(
        self,
        name: str,
        settings: PlatformSettings,
        *,
        images: ImageLock,
        catalog: Mapping[str, Shape],
        provider: kubernetes.Provider,
    ) -> None:
        super().__init__("patchbay:platform:Platform", name, None, pulumi.ResourceOptions(providers=[provider]))
        child = pulumi.ResourceOptions(parent=self)
        priorities = Priorities(f"{name}-priorities", child)
        quotas = settings.quotas

        def namespace(namespace_name: str, quota: QuotaConfig) -> pulumi.Output[str]:
            return RestrictedNamespace(f"{name}-{namespace_name}", namespace_name, quota, child).name

        in_gateway = Placement(namespace(namespaces.GATEWAY, quotas.gateway), priorities.platform)
        in_data = Placement(namespace(namespaces.DATA, quotas.data), priorities.platform)
        in_metrics = Placement(namespace(namespaces.METRICS, quotas.metrics), priorities.platform)
        runtime_namespace = namespace(namespaces.RUNTIME, quotas.runtime)

        keda = Keda(
            f"{name}-keda",
            settings.keda,
            operator_image=images.keda,
            adapter_image=images.keda_metrics_adapter,
            watched_namespace=runtime_namespace,
            opts=child,
        )
        NetworkPolicies(
            f"{name}-network",
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
            f"{name}-credentials",
            image=images.runtime,
            placement=in_data,
            client_namespace=runtime_namespace,
            opts=child,
        )
        redis = Redis(
            f"{name}-redis",
            settings.redis,
            image=images.redis,
            placement=in_data,
            secret=credentials.redis_secret,
            opts=child,
        )
        mariadb = Mariadb(
            f"{name}-mariadb",
            settings.mariadb,
            image=images.mariadb,
            placement=in_data,
            secret=credentials.mariadb_secret,
            opts=child,
        )
        prometheus = Prometheus(
            f"{name}-prometheus",
            settings.prometheus,
            image=images.prometheus,
            placement=in_metrics,
            shapes=list(catalog.values()),
            opts=child,
        )
        JsonExporter(f"{name}-json-exporter", image=images.json_exporter, placement=in_metrics, opts=child)
        Gateway(
            f"{name}-gateway",
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
        Api(
            f"{name}-api",
            settings.api,
            runtime,
            placement=Placement(runtime_namespace, priorities.platform),
            opts=child,
        )
        in_runtime = Placement(runtime_namespace, priorities.worker)
        WorkerPods(f"{name}-worker", placement=in_runtime, opts=child)
        for shape in catalog.values():
            ShapeWorkload(
                f"{name}-shape-{shape.name}",
                shape,
                settings.scaling,
                runtime,
                placement=in_runtime,
                prometheus=prometheus.endpoint,
                autoscaler=keda.resources,
                opts=child,
            )
        self.gateway_node_port = settings.gateway.node_port
        self.shapes = sorted(catalog)
        self.register_outputs({"gatewayNodePort": self.gateway_node_port, "shapes": self.shapes})
