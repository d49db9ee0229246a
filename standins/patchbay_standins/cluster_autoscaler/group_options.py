"""Settings that a group's own tags change: `k8s.io/cluster-autoscaler/node-template/autoscaling-options/<name>`."""

import logging
from dataclasses import dataclass, replace
from typing import Final

from patchbay_standins.cluster_autoscaler import durations
from patchbay_standins.cluster_autoscaler.aws.groups import NodeGroup
from patchbay_standins.cluster_autoscaler.flags import Options

LOG: Final = logging.getLogger(__name__)

_PREFIX: Final = "k8s.io/cluster-autoscaler/node-template/autoscaling-options/"


@dataclass(frozen=True)
class GroupOptions:
    utilization_threshold: float
    unneeded_time: float
    unready_time: float
    provision_time: float
    ignore_daemon_sets: bool


def options_of(group: NodeGroup, options: Options) -> GroupOptions:
    """The flags, and instead of them what the group's tags say; a tag that cannot be read is only logged."""
    found = GroupOptions(
        options.scale_down_utilization_threshold,
        options.scale_down_unneeded_time,
        options.scale_down_unready_time,
        options.max_node_provision_time,
        options.ignore_daemonsets_utilization,
    )
    for key, text in group.tags.items():
        if key.startswith(_PREFIX):
            try:
                found = _changed(found, key.removeprefix(_PREFIX), text)
            except ValueError as error:
                LOG.warning("tag %s of %s has no effect: %s", key, group.name, error)
    return found


def _changed(options: GroupOptions, name: str, text: str) -> GroupOptions:
    match name:
        case "scaledownutilizationthreshold":
            return replace(options, utilization_threshold=float(text))
        case "scaledownunneededtime":
            return replace(options, unneeded_time=durations.parse(text))
        case "scaledownunreadytime":
            return replace(options, unready_time=durations.parse(text))
        case "maxnodeprovisiontime":
            return replace(options, provision_time=durations.parse(text))
        case "ignoredaemonsetsutilization":
            return replace(options, ignore_daemon_sets=text.lower() in ("1", "t", "true"))
    return options
