"""Nodes that come and go: what the stack's config must hold for it, and which of its parts there are."""

from collections.abc import Iterator, Mapping
from typing import Final

import pulumi
from patchbay_config.errors import ConfigError
from patchbay_runtime.catalog import Shape

from patchbay_platform import namespaces
from patchbay_platform.cluster_autoscaler.component import ClusterAutoscaler
from patchbay_platform.headroom import Headroom
from patchbay_platform.host_cluster import HostCluster
from patchbay_platform.images import ImageLock
from patchbay_platform.network import CLUSTER_AUTOSCALER, Outside, Workload, aws_of
from patchbay_platform.placement import Placement
from patchbay_platform.settings import PlatformSettings
from patchbay_platform.shapes import grace_seconds

_FIELD: Final = "patchbay:platform"
# Kubernetes' own class: before anything of the platform, for without it nothing gets a node.
_SYSTEM_CRITICAL: Final = "system-cluster-critical"


def check(
    settings: PlatformSettings, images: ImageLock, catalog: Mapping[str, Shape], host: HostCluster | None
) -> None:
    """Raises ConfigError for what only shows beside the images, the shapes and the cluster."""
    if problems := list(_problems(settings, images, catalog, host)):
        raise ConfigError("the stack's config is refused:\n" + "\n".join(problems))


def _problems(
    settings: PlatformSettings, images: ImageLock, catalog: Mapping[str, Shape], host: HostCluster | None
) -> Iterator[str]:
    config = settings.cluster_autoscaler
    if config is None:
        return
    if host is None:
        yield (
            f"{_FIELD}.clusterAutoscaler: the cluster is none of patchbay:infra.clusters, so that its node groups are "
            "not known; remove it"
        )
    if not (config.image or images.cluster_autoscaler):
        yield (
            f"{_FIELD}.imageLock: cluster-autoscaler: missing; push the image and lock it, or set "
            "clusterAutoscaler.image"
        )
    if settings.headroom and not images.pause:
        yield f"{_FIELD}.imageLock: pause: missing; push the image and lock it, or remove headroom"
    slowest = max(catalog.values(), key=grace_seconds)
    graces = {f"shape {slowest.name}": grace_seconds(slowest), "gateway": settings.gateway.grace_seconds}
    for workload, seconds in graces.items():
        yield from (f"{_FIELD}.clusterAutoscaler.{fault}" for fault in config.faults(seconds, workload))


def outside(settings: PlatformSettings) -> list[Outside]:
    """What the autoscaler calls beyond the cluster: AWS, or the emulator."""
    config = settings.cluster_autoscaler
    if config is None:
        return []
    if emulator := config.emulator:
        address, port = emulator
        return [Outside([f"{address}/32"], port, [CLUSTER_AUTOSCALER])]
    return aws_of(CLUSTER_AUTOSCALER)


def absent(settings: PlatformSettings) -> list[Workload]:
    """The workloads that the cluster does not have."""
    return [] if settings.cluster_autoscaler else [CLUSTER_AUTOSCALER]


def deploy(
    name: str,
    settings: PlatformSettings,
    *,
    images: ImageLock,
    host: HostCluster | None,
    headroom: Placement | None,
    opts: pulumi.ResourceOptions,
) -> None:
    """What `settings` ask for, once it is checked. `headroom`: where the placeholders go, if there are any."""
    config = settings.cluster_autoscaler
    image = config and (config.image or images.cluster_autoscaler)
    if config and image and host:
        ClusterAutoscaler(
            f"{name}-cluster-autoscaler",
            config,
            image=image,
            host=host,
            placement=Placement(namespaces.SYSTEM, _SYSTEM_CRITICAL, settings.nodes.platform),
            opts=opts,
        )
    if settings.headroom and images.pause and headroom:
        Headroom(f"{name}-headroom", settings.headroom, image=images.pause, placement=headroom, opts=opts)
