"""Where a workload's pods go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from patchbay_config.model import Model
from pulumi_kubernetes.core.v1 import TolerationArgs


class NodesConfig(Model):
    """Labels of the nodes that the platform's own pods, and the shapes' workers, are put on; none: any node."""

    platform: Mapping[str, str] = {}
    workers: Mapping[str, str] = {}


@dataclass(frozen=True)
class Placement:
    """The namespace, the class that says which pods give way when a node is full, and the nodes: labels and taints."""

    namespace: pulumi.Input[str]
    priority_class: pulumi.Input[str]
    node_labels: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[TolerationArgs] = ()
