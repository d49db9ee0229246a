"""On which nodes images can run: pods go to nodes of an architecture that all their images have."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from patchbay_config.errors import ConfigError

from patchbay_platform.host_cluster import HostCluster
from patchbay_platform.images import ImageLock
from patchbay_platform.placement import NodesConfig

_LABEL: Final = "kubernetes.io/arch"
# Besides the workers' own, the images of what holds their room.
_OF_WORKERS: Final = ("runtime", "pause")


def placed(nodes: NodesConfig, images: ImageLock, host: HostCluster | None) -> NodesConfig:
    """The labels, with the architecture where the nodes that bear them are of more than the images have.

    Raises ConfigError where an image has none of the nodes' architectures.
    """
    if host is None:
        return nodes
    return NodesConfig(
        platform=_narrowed("platform", nodes.platform, images, images.locked, host),
        workers=_narrowed("workers", nodes.workers, images, set(_OF_WORKERS) & images.locked, host),
    )


def _narrowed(
    field: str, labels: Mapping[str, str], images: ImageLock, names: Iterable[str], host: HostCluster
) -> Mapping[str, str]:
    offered = {kind.architecture for kind in host.nodes if labels.items() <= kind.labels.items()}
    usable = offered.intersection(*(images.architectures_of(name) for name in names))
    if offered and not usable:
        raise ConfigError("\n".join(_faults(field, offered, images, names)))
    return {**labels, _LABEL: usable.pop()} if len(usable) == 1 and len(offered) > 1 else labels


def _faults(field: str, offered: set[str], images: ImageLock, names: Iterable[str]) -> Iterator[str]:
    wanted = " or ".join(sorted(offered))
    for name in sorted(names):
        has = images.architectures_of(name)
        if not offered <= has:
            yield (
                f"patchbay:platform.imageLock: {name} is locked for {', '.join(sorted(has))}, and the nodes of "
                f"patchbay:platform.nodes.{field} are {wanted}; push it for {wanted} too and lock the index of both "
                'with its "architectures", or give the nodes an architecture that it has (architecture and '
                "instanceTypes below patchbay:infra.clusters)"
            )
