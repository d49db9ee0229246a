"""Which groups are alike but for their zone, so that nodes are spread evenly over them."""

from collections.abc import Mapping, Sequence
from typing import Final

from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.objects import Node

# Labels that differ between nodes of one kind.
_IGNORED: Final = frozenset(
    {
        "alpha.eksctl.io/instance-id",
        "alpha.eksctl.io/nodegroup-name",
        "eks.amazonaws.com/nodegroup",
        "eks.amazonaws.com/nodegroup-image",
        "eks.amazonaws.com/sourceLaunchTemplateId",
        "eks.amazonaws.com/sourceLaunchTemplateVersion",
        "k8s.amazonaws.com/eniConfig",
        "kubernetes.io/hostname",
        "lifecycle",
        "topology.ebs.csi.aws.com/zone",
        "topology.k8s.aws/zone-id",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    }
)


def are_similar(left: Node, right: Node, options: Options) -> bool:
    """Whether two template nodes have the same size and, apart from what is ignored, the same labels."""
    if options.balancing_label:
        return all(left.labels.get(key) == right.labels.get(key) for key in options.balancing_label)
    return _same_size(left, right, options) and _compared(left, options) == _compared(right, options)


def balance(count: int, sizes: Mapping[str, int], rooms: Mapping[str, int]) -> dict[str, int]:
    """`count` nodes shared out so that the groups' sizes are as even as their room allows; what fits none is left."""
    given = dict.fromkeys(sizes, 0)
    for _ in range(count):
        open_groups: Sequence[str] = [name for name in sizes if given[name] < rooms[name]]
        if not open_groups:
            break
        smallest = min(open_groups, key=lambda name: (sizes[name] + given[name], name))
        given[smallest] += 1
    return {name: number for name, number in given.items() if number}


def _same_size(left: Node, right: Node, options: Options) -> bool:
    pairs = (
        (left.status.capacity, right.status.capacity, 0.0),
        (left.status.allocatable, right.status.allocatable, options.max_allocatable_difference_ratio),
    )
    for first, second, ratio in pairs:
        if first.keys() != second.keys():
            return False
        for name, value in first.items():
            allowed = max(ratio, options.memory_difference_ratio) if name == "memory" else ratio
            if abs(value - second[name]) > allowed * max(value, second[name]):
                return False
    return True


def _compared(node: Node, options: Options) -> dict[str, str]:
    ignored = _IGNORED.union(options.balancing_ignore_label)
    return {key: value for key, value in node.labels.items() if key not in ignored}
