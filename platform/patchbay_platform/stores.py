"""Each data store of the platform: a pod of the cluster, or a service of the environment's AWS."""

from collections.abc import Sequence
from typing import Final

import pulumi
from patchbay_config.errors import ConfigError

from patchbay_platform.credentials.component import Credentials
from patchbay_platform.data_services import DataServices
from patchbay_platform.database_access.component import DatabaseAccess
from patchbay_platform.images import ImageLock
from patchbay_platform.mariadb.component import Mariadb
from patchbay_platform.network import (
    API,
    DATABASE_ACCESS,
    IDENTITY_AGENT,
    MARIADB,
    REDIS,
    SCALE_IN_ORDER,
    WORKER,
    Outside,
    Workload,
    aws_of,
)
from patchbay_platform.placement import Placement
from patchbay_platform.redis.component import Redis
from patchbay_platform.settings import PlatformSettings
from patchbay_platform.store_access import StoreAccess, managed_redis, own_mariadb, own_redis

_FIELD: Final = "patchbay:platform"


def check(settings: PlatformSettings, images: ImageLock, data: DataServices | None) -> None:
    """Raises ConfigError unless there is exactly one of each data store, and all that it needs."""
    stores = (
        ("redis", settings.redis, images.redis, data and data.redis, "cache"),
        ("mariadb", settings.mariadb, images.mariadb, data and data.database, "databases"),
    )
    problems = []
    for name, own, image, managed, key in stores:
        if own and managed:
            problems.append(f"{_FIELD}.{name}: the environment has a managed one, by patchbay:infra.{key}; remove it")
        if not own and not managed:
            problems.append(f"{_FIELD}.{name}: missing; set it to run one in the cluster, or have patchbay:infra.{key}")
        if own and not image:
            problems.append(f"{_FIELD}.imageLock: {name}: missing; push the image and lock it")
    if in_cluster(settings) and settings.quotas.data is None:
        problems.append(f"{_FIELD}.quotas.data: missing; say how much the data stores in the cluster may request")
    if problems:
        raise ConfigError("the stack's config is refused:\n" + "\n".join(problems))


def in_cluster(settings: PlatformSettings) -> bool:
    """Whether any data store is a pod."""
    return bool(settings.redis or settings.mariadb)


def absent(settings: PlatformSettings) -> Sequence[Workload]:
    """The data stores' workloads that the cluster does not have."""
    present = ((REDIS, settings.redis), (MARIADB, settings.mariadb))
    return [workload for workload, config in present if not config]


def outside(data: DataServices | None) -> Sequence[Outside]:
    """What the runtime reaches beyond the cluster for managed data stores."""
    if data is None:
        return []
    services = [Outside([IDENTITY_AGENT], 80, [API, WORKER, SCALE_IN_ORDER])]
    if data.redis:
        services.append(Outside(data.networks, data.redis.port, [API, WORKER, SCALE_IN_ORDER]))
    if data.database:
        services.append(Outside(data.networks, data.database.port, [API, WORKER, DATABASE_ACCESS]))
        services += aws_of(DATABASE_ACCESS)
    return services


def own_stores(
    name: str,
    settings: PlatformSettings,
    images: ImageLock,
    *,
    placement: Placement,
    credentials: Credentials,
    opts: pulumi.ResourceOptions,
) -> Sequence[StoreAccess]:
    """Run the data stores that are pods."""
    access = []
    if settings.mariadb and images.mariadb:
        mariadb = Mariadb(
            f"{name}-mariadb",
            settings.mariadb,
            image=images.mariadb,
            placement=placement,
            secret=credentials.mariadb_secret,
            opts=opts,
        )
        access.append(own_mariadb(mariadb.endpoint, credentials.mariadb_secret))
    if settings.redis and images.redis:
        redis = Redis(
            f"{name}-redis",
            settings.redis,
            image=images.redis,
            placement=placement,
            secret=credentials.redis_secret,
            opts=opts,
        )
        access.append(own_redis(redis.endpoint, credentials.redis_secret))
    return access


def managed_stores(
    name: str,
    data: DataServices,
    *,
    image: str,
    placement: Placement,
    opts: pulumi.ResourceOptions,
) -> Sequence[StoreAccess]:
    """Get into the data stores that are services. `image`: the runtime's; `placement`: where its pods are."""
    access = []
    if data.database:
        database = DatabaseAccess(
            f"{name}-database-access",
            data.database,
            region=data.region,
            image=image,
            placement=placement,
            opts=opts,
        )
        access.append(database.access)
    if data.redis:
        access.append(managed_redis(data.redis, data.region))
    return access
