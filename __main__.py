"""Patchbay's program: reads the stack's config, makes the environment's AWS, puts the platform on its clusters."""

import pulumi
from patchbay_config.errors import ConfigError
from patchbay_config.model import Model
from patchbay_config.stack import load, stack_config
from patchbay_infra.cluster.workload_identity import Workload
from patchbay_infra.network.address_plan import divide
from patchbay_infra.provider import provider
from patchbay_infra.settings import InfraSettings
from patchbay_infra.stack import Cell, Infra, PlatformWorkloads
from patchbay_platform import cluster, namespaces
from patchbay_platform.data_services import DataServices, ManagedDatabase, ManagedRedis
from patchbay_platform.images import ImageLock
from patchbay_platform.settings import PlatformSettings
from patchbay_platform.stack import Platform
from patchbay_runtime.catalog import CATALOG


class Settings(Model):
    """The stack's whole config, below `patchbay:` in `Pulumi.<stack>.yaml`. Without `platform` only AWS is made."""

    infra: InfraSettings
    platform: PlatformSettings | None = None


WORKLOADS = PlatformWorkloads(
    runtime=Workload("runtime", namespaces.RUNTIME, ("api", *(f"shape-{shape}" for shape in sorted(CATALOG)))),
    database_access=Workload("database-access", namespaces.RUNTIME, ("database-access",)),
)


def data_services(infra: Infra, cell: Cell, settings: InfraSettings) -> DataServices:
    """A cluster's own cache, and its schema on the database that all clusters share."""
    subnets = divide(settings.network.cidr, settings.zones).data
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
            master_secret_arn=infra.databases.master_secret_arn,
            account=cell.database_user,
        ),
    )


def deploy_platform(infra: Infra, settings: Settings, platform: PlatformSettings, images: ImageLock) -> None:
    """On the one cluster that the config names, or on every cluster of the environment."""
    homes: dict[str, tuple[cluster.ClusterConfig | pulumi.Output[str], DataServices | None]] = {
        f"platform-{key}": (cell.cluster.kubeconfig, data_services(infra, cell, settings.infra))
        for key, cell in infra.cells.items()
    }
    if platform.cluster:
        homes = {"platform": (platform.cluster, None)}
    for name, (access, data) in homes.items():
        on = cluster.provider(f"{name}-cluster", access)
        Platform(name, platform, images=images, catalog=CATALOG, provider=on, data=data)
    pulumi.export("gatewayNodePort", platform.gateway.node_port)
    pulumi.export("shapes", sorted(CATALOG))


try:
    settings = load(Settings, stack_config())
    platform = settings.platform
    images = ImageLock.load(platform.image_lock, field="patchbay:platform.imageLock") if platform else None
    infra = Infra("infra", settings.infra, workloads=WORKLOADS, provider=provider("aws", settings.infra.aws))
    if platform and images:
        deploy_platform(infra, settings, platform, images)
except ConfigError as error:
    # What to correct is in the message; a traceback would only hide it.
    raise pulumi.RunError(str(error)) from None

for output, value in infra.outputs.items():
    pulumi.export(output, value)
