"""Patchbay's program: reads the stack's config, makes the environment's AWS, puts the platform on its clusters."""

import atexit
import gc

# A program lives as long as one command, and the SDK keeps every output until its end: collections free nothing.
gc.disable()
# Python collects once more when it exits, whatever is disabled; in what is frozen it does not look.
atexit.register(gc.freeze)

from ipaddress import IPv4Network
from typing import Self

import pulumi
from patchbay_config.errors import ConfigError
from patchbay_config.model import Model
from patchbay_config.stack import load, stack_config
from patchbay_infra.cluster.node_group import labels
from patchbay_infra.cluster.workload_identity import Workload
from patchbay_infra.platform_demands import PlatformDemands
from patchbay_infra.provider import provider
from patchbay_infra.settings import InfraSettings
from patchbay_infra.stack import Cell, Infra, PlatformWorkloads
from patchbay_platform import cloudwatch_metrics, cluster, namespaces, scale_in_order
from patchbay_platform.cluster import ClusterNetworks
from patchbay_platform.data_services import DataServices, ManagedDatabase, ManagedRedis
from patchbay_platform.host_cluster import HostCluster, NodeKind, NodeTaint
from patchbay_platform.images import ImageLock, promoted
from patchbay_platform.settings import PlatformSettings
from patchbay_platform.stack import Platform
from patchbay_runtime.catalog import CATALOG
from pydantic import model_validator


class Settings(Model):
    """The stack's whole config, below `patchbay:` in `Pulumi.<stack>.yaml`. Without `platform` only AWS is made."""

    infra: InfraSettings
    platform: PlatformSettings | None = None

    @model_validator(mode="after")
    def _connectors_stay_out_of_the_environment(self) -> Self:
        network = self.infra.network
        own = [network.cidr, *network.pod_ranges, *(one.service_cidr for one in self.infra.clusters.values())]
        if self.infra.vpn:
            own.append(self.infra.vpn.client_cidr)
        if self.platform and (found := list(self.platform.network.connectors.clashes(own))):
            raise ValueError(f"platform.network.connectors.privateRanges: {'; '.join(found)}")
        return self

    @model_validator(mode="after")
    def _one_cluster_stands_in_for_one(self) -> Self:
        if self.platform and self.platform.cluster and len(self.infra.clusters) != 1:
            raise ValueError(
                "platform.cluster: one cluster, but infra.clusters are several; keep one of those, or remove it"
            )
        return self


WORKLOADS = PlatformWorkloads(
    runtime=Workload(
        "runtime", namespaces.RUNTIME, ("api", scale_in_order.NAME, *(f"shape-{shape}" for shape in sorted(CATALOG)))
    ),
    database_access=Workload("database-access", namespaces.RUNTIME, ("database-access",)),
    cloudwatch_metrics=Workload(cloudwatch_metrics.NAME, namespaces.RUNTIME, (cloudwatch_metrics.NAME,)),
)


def data_services(infra: Infra, cell: Cell, settings: InfraSettings) -> DataServices:
    """A cluster's own cache, and its schema on the database that all clusters share."""
    subnets = settings.address_plan.data
    return DataServices(
        region=settings.aws.region,
        networks=tuple(str(network) for network in subnets.values()),
        redis=ManagedRedis(
            address=cell.cache.address,
            port=cell.cache.port,
            user_name=cell.cache.user_name,
            cache_name=cell.cache.replication_group_id,
        ),
        database=ManagedDatabase(
            address=infra.databases.writer_address,
            port=infra.databases.port,
            instance=infra.databases.writer_identifier,
            administrator=settings.databases.master_user,
            account=cell.database_user,
        ),
    )


def host_cluster(key: str, cell: Cell, settings: InfraSettings, *, on_eks: bool) -> HostCluster:
    """What the autoscaler finds the cluster's node groups by, and what workers have to tolerate on them.

    `on_eks`: its nodes are those of the groups, and of their architectures.
    """
    config = settings.clusters[key]
    return HostCluster(
        name=cell.cluster.cluster_name,
        region=settings.aws.region,
        worker_taints=[NodeTaint(taint.key, taint.value, taint.effect) for taint in config.flows.taints],
        version=config.version,
        nodes=[NodeKind(labels(pool, capacity), nodes.architecture) for pool, capacity, nodes in config.pools]
        if on_eks
        else (),
    )


def demands(platform: PlatformSettings | None) -> PlatformDemands:
    """What the platform needs of its clusters' network; before there is one, what it usually does."""
    if platform is None:
        return PlatformDemands()
    return PlatformDemands(
        gateway_port=platform.gateway.node_port,
        gateway_health_port=platform.gateway.health_node_port,
        gateway_labels=platform.nodes.platform,
        connector_ports=platform.network.connectors.ports,
    )


def networks(key: str, settings: InfraSettings) -> ClusterNetworks:
    """Where a cluster's API server answers, and its load balancer calls from. EKS is in the private subnets."""
    plan = settings.address_plan
    service = settings.clusters[key].service_cidr[1]
    return ClusterNetworks(api_server=(IPv4Network(service), *plan.private.values()), edge=tuple(plan.public.values()))


def deploy_platform(infra: Infra, settings: Settings, platform: PlatformSettings, images: ImageLock) -> None:
    """On the one cluster that the config names, or on every cluster of the environment."""
    for key, cell in infra.cells.items():
        # A cluster that is there already stands in for the environment's only one, without AWS' data services.
        name, access = ("platform", platform.cluster) if platform.cluster else (f"platform-{key}", None)
        Platform(
            name,
            platform,
            images=images,
            catalog=CATALOG,
            provider=cluster.provider(f"{name}-cluster", access or cell.cluster.kubeconfig, after=infra.beneath(key)),
            networks=access.networks if access else networks(key, settings.infra),
            domain=settings.infra.edge.domain,
            data=None if access else data_services(infra, cell, settings.infra),
            host=host_cluster(key, cell, settings.infra, on_eks=access is None),
        )
    pulumi.export("gatewayNodePort", platform.gateway.node_port)
    pulumi.export("shapes", sorted(CATALOG))


try:
    settings = load(Settings, stack_config())
    platform = settings.platform
    images = promoted(platform.image_lock, field="patchbay:platform.imageLock") if platform else None
    aws = provider("aws", settings.infra.aws)
    infra = Infra("infra", settings.infra, workloads=WORKLOADS, demands=demands(platform), provider=aws)
    if platform and images:
        deploy_platform(infra, settings, platform, images)
except ConfigError as error:
    # What to correct is in the message; a traceback would only hide it.
    raise pulumi.RunError(str(error)) from None

for output, value in infra.outputs.items():
    pulumi.export(output, value)
