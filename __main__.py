"""Patchbay's program: reads the stack's config, makes the environment's AWS, puts the platform on its clusters."""

import pulumi
from patchbay_config.errors import ConfigError
from patchbay_config.model import Model
from patchbay_config.stack import load, stack_config
from patchbay_infra.cluster.workload_identity import Workload
from patchbay_infra.network.address_plan import divide
from patchbay_infra.provider import provider
from patchbay_infra.settings import InfraSettings
from patchbay_infra.stack import Cell, Infra
from patchbay_platform import cluster, namespaces
from patchbay_platform.data_services import DataServices, ManagedDatabase, ManagedRedis
from patchbay_platform.images import ImageLock
from patchbay_platform.settings import PlatformSettings
from patchbay_platform.stack import Platform
from patchbay_runtime.catalog import CATALOG


class Settings(Model):
    """The stack's whole config. Keys are those of `Pulumi.<stack>.yaml`, below `patchbay:`."""

    infra: InfraSettings | None = None
    platform: PlatformSettings | None = None


Home = tuple[cluster.ClusterConfig | pulumi.Output[str], DataServices | None]


def home(key: str, cell: Cell, infra_settings: InfraSettings) -> Home:
    """A cluster of the environment, with the cache of its own and a schema on the database that all share."""
    plan = divide(infra_settings.network.cidr, infra_settings.zones)
    data = DataServices(
        region=infra_settings.aws.region,
        networks=tuple(str(network) for network in plan.data.values()),
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
            account=f"patchbay_{key.replace('-', '_')}",
        ),
    )
    return cell.cluster.kubeconfig, data


try:
    settings = load(Settings, stack_config())
    if settings.infra:
        runtime = Workload("runtime", namespaces.RUNTIME, ("api", *(f"shape-{shape}" for shape in sorted(CATALOG))))
        infra = Infra("infra", settings.infra, runtime_workload=runtime, provider=provider("aws", settings.infra.aws))
        for output, value in infra.outputs.items():
            pulumi.export(output, value)
    if settings.platform:
        images = ImageLock.load(settings.platform.image_lock, field="patchbay:platform.imageLock")
        homes: dict[str, Home] = {}
        if settings.platform.cluster:
            homes["platform"] = settings.platform.cluster, None
        elif settings.infra:
            homes = {f"platform-{key}": home(key, cell, settings.infra) for key, cell in infra.cells.items()}
        else:
            raise ConfigError(
                "patchbay:platform.cluster: missing; name a kubeconfig, or make clusters in patchbay:infra"
            )
        for name, (access, data) in homes.items():
            Platform(
                name,
                settings.platform,
                images=images,
                catalog=CATALOG,
                provider=cluster.provider(f"{name}-cluster", access),
                data=data,
            )
        pulumi.export("gatewayNodePort", settings.platform.gateway.node_port)
        pulumi.export("shapes", sorted(CATALOG))
except ConfigError as error:
    # What to correct is in the message; a traceback would only hide it.
    raise pulumi.RunError(str(error)) from None
