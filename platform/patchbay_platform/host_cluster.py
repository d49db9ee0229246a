"""What the platform has to know of the cluster that it is put on, and AWS knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import TolerationArgs


@dataclass(frozen=True)
class NodeTaint:
    """Keeps pods away from nodes that do not tolerate it, as Kubernetes spells it."""

    key: str
    value: str
    effect: str

    def toleration(self) -> TolerationArgs:
        return TolerationArgs(key=self.key, operator="Equal", value=self.value, effect=self.effect)


@dataclass(frozen=True)
class NodeKind:
    """What all nodes of a group are. `architecture`: amd64 or arm64."""

    labels: Mapping[str, str]
    architecture: str


@dataclass(frozen=True)
class HostCluster:
    """`name`: in AWS, which is in the tags of its node groups. `worker_taints`: of the nodes that workers run on.

    `version`: of its Kubernetes, as `1.35`; None: not known. `nodes`: of each group; none: nothing is known of them.
    """

    name: pulumi.Input[str]
    region: str
    worker_taints: Sequence[NodeTaint] = ()
    version: str | None = None
    nodes: Sequence[NodeKind] = ()
