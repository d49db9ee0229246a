"""The platform on its cluster: every component, and what each gets from the others."""

from collections.abc import Mapping
from dataclasses import replace

import pulumi
import pulumi_kubernetes as kubernetes
from patchbay_runtime.catalog import Shape

from patchbay_platform import api, architectures, autoscaling, namespaces, shapes, stores
from patchbay_platform.api import Api
from patchbay_platform.cloudwatch_metrics import CloudwatchMetrics
from patchbay_platform.cluster import ClusterNetworks
from patchbay_platform.credentials.component import Credentials
from patchbay_platform.data_services import DataServices
from patchbay_platform.gateway.component import Gateway
from patchbay_platform.host_cluster import HostCluster
from patchbay_platform.images import ImageLock
from patchbay_platform.json_exporter.component import JsonExporter
from patchbay_platform.keda import Keda
from patchbay_platform.namespaces import QuotaConfig, RestrictedNamespace
from patchbay_platform.network import CLOUDWATCH_METRICS, NetworkPolicies, aws_of
from patchbay_platform.placement import Placement
from patchbay_platform.priority import Priorities
from patchbay_platform.prometheus.component import Prometheus
from patchbay_platform.runtime_pod import RuntimePod
from patchbay_platform.scale_in_order import ScaleInOrder
from patchbay_platform.settings import PlatformSettings
from patchbay_platform.shapes import ShapeWorkload, WorkerPods
from patchbay_platform.store_access import StoreAccess


class Platform(pulumi.ComponentResource):
    """All that runs on one cluster. A program may hold several: every resource's name starts with the platform's."""

    def __init__(
        self,
        name: str,
        settings: PlatformSettings,
        *,
        images: ImageLock,
        catalog: Mapping[str, Shape],
        provider: kubernetes.Provider,
        networks: ClusterNetworks,
        domain: str | None = None,
        data: DataServices | None = None,
        host: HostCluster | None = None,
    ) -> None:
        """`domain`: below which tenants have names. `data`: what the environment offers in place of pods.
        `host`: the cluster, where the environment made it.

        Raises ConfigError before anything is registered.
        """
        settings = settings.model_copy(update={"nodes": architectures.placed(settings.nodes, images, host)})
        # Where AWS' own services hold the data, its CloudWatch has the alarms.
        watched = host if data else None
        stores.check(settings, images, data)
        autoscaling.check(settings, images, catalog, host)
        shapes.check(catalog, host)
        super().__init__("patchbay:platform:Platform", name, None, pulumi.ResourceOptions(providers=[provider]))
        child = pulumi.ResourceOptions(parent=self)
        priorities = Priorities(f"{name}-priorities", child)
        quotas, nodes = settings.quotas, settings.nodes

        def namespace(namespace_name: str, quota: QuotaConfig) -> pulumi.Output[str]:
            return RestrictedNamespace(f"{name}-{namespace_name}", namespace_name, quota, child).name

        def platform_in(namespace: pulumi.Input[str]) -> Placement:
            return Placement(namespace, priorities.platform, nodes.platform)

        existing = {
            namespaces.GATEWAY: namespace(namespaces.GATEWAY, quotas.gateway),
            namespaces.RUNTIME: namespace(namespaces.RUNTIME, quotas.runtime),
            namespaces.METRICS: namespace(namespaces.METRICS, quotas.metrics),
        }
        if quotas.data and stores.in_cluster(settings):
            existing[namespaces.DATA] = namespace(namespaces.DATA, quotas.data)
        if settings.headroom:
            existing[namespaces.HEADROOM] = namespace(namespaces.HEADROOM, settings.headroom.quota)
        runtime_namespace = existing[namespaces.RUNTIME]
        in_metrics = platform_in(existing[namespaces.METRICS])

        keda = Keda(
            f"{name}-keda",
            settings.keda,
            operator_image=images.keda,
            adapter_image=images.keda_metrics_adapter,
            watched_namespace=runtime_namespace,
            node_labels=nodes.platform,
            opts=child,
        )
        policies = NetworkPolicies(
            f"{name}-network",
            settings.network,
            networks=networks,
            providers=bool(settings.identity.issuers),
            existing={**existing, namespaces.KEDA: keda.namespace},
            absent=[
                *stores.absent(settings),
                *autoscaling.absent(settings),
                *([] if watched else [CLOUDWATCH_METRICS]),
            ],
            outside=[
                *stores.outside(data),
                *autoscaling.outside(settings),
                *(aws_of(CLOUDWATCH_METRICS) if watched else []),
            ],
            opts=child,
        )
        credentials = Credentials(
            f"{name}-credentials",
            image=images.runtime,
            placement=platform_in(runtime_namespace),
            data_namespace=existing.get(namespaces.DATA),
            opts=child,
        )
        access: list[StoreAccess] = []
        if namespaces.DATA in existing:
            access += stores.own_stores(
                name,
                settings,
                images,
                placement=platform_in(existing[namespaces.DATA]),
                credentials=credentials,
                opts=child,
            )
        if data is not None:
            access += stores.managed_stores(
                name, data, image=images.runtime, placement=platform_in(runtime_namespace), opts=child
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
            edge_networks=networks.edge,
            placement=platform_in(existing[namespaces.GATEWAY]),
            api_address=f"{api.HEADLESS_SERVICE}.{namespaces.RUNTIME}.svc.cluster.local:{api.PORT}",
            opts=child,
        )
        runtime = RuntimePod(images.runtime, access, settings.api.log_level, settings.limits)
        served = Api(
            f"{name}-api",
            settings.api,
            runtime,
            connectors=settings.network.connectors,
            identity=settings.identity,
            domain=domain,
            keys=credentials.keys,
            placement=platform_in(runtime_namespace),
            opts=child,
        )
        tolerations = [taint.toleration() for taint in host.worker_taints] if host else []
        workers = Placement(runtime_namespace, priorities.worker, nodes.workers, tolerations)
        room = existing.get(namespaces.HEADROOM)
        autoscaling.deploy(
            name,
            settings,
            images=images,
            host=host,
            headroom=replace(workers, namespace=room, priority_class=priorities.headroom) if room else None,
            opts=child,
        )
        ScaleInOrder(f"{name}-scale-in-order", runtime, placement=platform_in(runtime_namespace), opts=child)
        if watched:
            CloudwatchMetrics(
                f"{name}-cloudwatch-metrics",
                runtime,
                host=watched,
                horizon=served.endpoint,
                placement=platform_in(runtime_namespace),
                opts=child,
            )
        WorkerPods(f"{name}-worker", placement=workers, opts=child)
        for shape in catalog.values():
            ShapeWorkload(
                f"{name}-shape-{shape.name}",
                shape,
                settings.scaling,
                runtime,
                connectors=settings.network.connectors,
                placement=workers,
                prometheus=prometheus.endpoint,
                autoscaler=keda.resources.apply(lambda resources: [*resources, policies]),
                opts=child,
            )
        self.register_outputs({})
